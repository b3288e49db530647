"""EDTF dates in words, for pages and citations."""

from __future__ import annotations

import re

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
SEASONS = {"21": "spring", "22": "summer", "23": "autumn", "24": "winter"}
NAMES = {f"{place:02}": name for place, name in enumerate(MONTHS, 1)} | SEASONS
DATE = re.compile(
    r"(?P<year>[0-9X]{4})(-(?P<month>[0-9]{2}))?(-(?P<day>[0-9]{2}))?(?P<sure>[~?%]?)"
)
QUALIFIERS = {"~": "about ", "?": "perhaps ", "%": "perhaps about ", "": ""}


def date_in_words(value: str | None) -> str:
    """Write an EDTF date in words.

    >>> [date_in_words(date) for date in ("2025-11~", "2017-05", "../2022", "2025-03-29/..")]
    ['about November 2025', 'May 2017', 'until 2022', 'since 29 March 2025']
    >>> date_in_words("2025-03-29/"), date_in_words("/2022")
    ('from 29 March 2025, end unknown', 'to 2022, start unknown')
    """
    if not value:
        return ""
    if "/" in value:
        start, _, end = value.partition("/")
        if not start:  # not open but unknown, as an empty end
            return f"to {date_in_words(end)}, start unknown"
        if not end:
            return f"from {date_in_words(start)}, end unknown"
        if start == "..":
            return f"until {date_in_words(end)}"
        if end == "..":
            return f"since {date_in_words(start)}"
        return f"{date_in_words(start)} to {date_in_words(end)}"
    match = DATE.fullmatch(value)
    if match is None:
        return value
    parts = [
        str(int(match["day"])) if match["day"] else "",
        NAMES.get(match["month"], ""),
        match["year"],
    ]
    return QUALIFIERS[match["sure"]] + " ".join(part for part in parts if part)
