"""Language tags of BCP 47 (RFC 5646): what is one, how it is written, and what it is called.

A tag is written in the case that RFC 5646 recommends (2.1.1), so that one language has one code.
Only the shape is checked: the registry of subtags grows, and a language that it lacks has a tag for
private use, as ``qaa`` or ``x-old``.
"""

from __future__ import annotations

import re

PATTERN = (
    "^([a-z]{2,3}(-[a-z]{3}){0,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?"
    "(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(-[a-wyz0-9](-[a-z0-9]{2,8})+)*(-x(-[a-z0-9]{1,8})+)?"
    "|x(-[a-z0-9]{1,8})+)$"
)
"""Tags in their recommended case, without those that RFC 5646 keeps for old times' sake alone."""


def language_tag(text: str) -> str | None:
    """Return a language tag in its recommended case; None if it is none.

    >>> language_tag("ZH-hant-tw"), language_tag("PRS"), language_tag("sr-latn")
    ('zh-Hant-TW', 'prs', 'sr-Latn')
    >>> language_tag("english") is None, language_tag("en_GB") is None
    (True, True)
    """
    parts = text.lower().split("-")
    written = []
    for position, part in enumerate(parts):
        is_plain = position > 0 and not any(len(one) == 1 for one in parts[:position])
        if is_plain and len(part) == 4 and part.isalpha():
            part = part.capitalize()
        elif is_plain and len(part) == 2:
            part = part.upper()
        written.append(part)
    tag = "-".join(written)
    return tag if re.fullmatch(PATTERN, tag) else None
