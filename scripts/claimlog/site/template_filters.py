"""Filters of the templates: how pages write numbers, times, EDTF dates and cells."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from claimlog.escaping import UNPRINTABLE, json_text, printable
from claimlog.log.row_changes import readable_value

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


def number(value: Any) -> str:
    """Write a number with commas between thousands, and decimals only where there are some."""
    if value is None:
        return ""
    whole = float(value).is_integer()
    return f"{int(value):,}" if whole else f"{value:,.2f}"


def edtf(value: str | None) -> str:
    """Write an EDTF date in words.

    >>> edtf("2025-11~"), edtf("2017-05"), edtf("../2022"), edtf("2025-03-29/..")
    ('about November 2025', 'May 2017', 'until 2022', 'since 29 March 2025')
    >>> edtf("2025-03-29/"), edtf("/2022")
    ('from 29 March 2025, end unknown', 'to 2022, start unknown')
    """
    if not value:
        return ""
    if "/" in value:
        start, _, end = value.partition("/")
        if not start or not end:  # where it is not open but not known
            return f"to {edtf(end)}, start unknown" if end else f"from {edtf(start)}, end unknown"
        if start == "..":
            return f"until {edtf(end)}"
        return f"since {edtf(start)}" if end == ".." else f"{edtf(start)} to {edtf(end)}"
    match = DATE.fullmatch(value)
    if match is None:
        return value
    parts = [
        str(int(match["day"])) if match["day"] else "",
        NAMES.get(match["month"], ""),
        match["year"],
    ]
    return QUALIFIERS[match["sure"]] + " ".join(part for part in parts if part)


def when(value: str | None) -> str:
    """Write a UTC time: 2026-11-21T17:45:00Z as 21 November 2026, 17:45 UTC."""
    if not value:
        return ""
    return f"{edtf(value[:10])}, {value[11:16]} UTC"


def words(value: str | None) -> str:
    """Write a column's name or a code as words."""
    return (value or "").replace("_", " ")


def cell(value: Any) -> str:
    """Write a value of any column: of a list its items, of an object the members that are set.

    >>> cell(["nor", "sud"]), cell([{"actor_id": "nor", "verb": None}]), cell([]), cell(None)
    ('nor; sud', 'actor_id nor', 'none', '—')
    """
    if value is None:
        return "—"
    if isinstance(value, list):
        return "; ".join(map(cell, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {part}" for key, part in value.items() if part is not None)
    return str(value)


def escape_unprintable(value: Any) -> Any:
    """Return a value of a template with everything escaped in it that does not print as itself.

    It is applied to every text of every page, Datasette's too, so that no text can hide or reverse
    the order of reading. HTML stays HTML.
    """
    if not isinstance(value, str) or not UNPRINTABLE.search(value):
        return value
    text = printable(str(value))
    return Markup(text) if isinstance(value, Markup) else text


FILTERS: dict[str, Callable[..., str]] = {
    "number": number,
    "edtf": edtf,
    "when": when,
    "words": words,
    "cell": cell,
    "readable": readable_value,
    "json": json_text,
}
