"""Names of files for identifiers, whose pattern is the package's and may allow any character."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from hashlib import sha256
from urllib.parse import quote

SEGMENT_CHARACTERS = 120
"""Characters of a file's name; a longer one is its hash, because file systems take 255 bytes."""

OWN_SUFFIX = re.compile(r"\.(?=(?:html|json|csv|jsonld|atom)$)")
"""What is before the ends that our files have: an identifier with one keeps away from them."""

NO_FILE = re.compile(r"(?=(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\Z))\A[a-z]", re.IGNORECASE)
"""First letter of a name that Windows reserves (CON, NUL, COM1 …), whatever follows a dot."""

LAST_DOT = re.compile(r"\.\Z")
"""The dot at the end of a name, which Windows cuts off."""


def file_segment(text: str) -> str:
    """Return a name of a file, in whatever directory, for an identifier or part of an address.

    >>> file_segment("C004-001"), file_segment("a/b c")
    ('C004-001', 'a%2Fb%20c')
    """
    name = OWN_SUFFIX.sub("%2E", quote(text, safe="~"))
    if len(name) <= SEGMENT_CHARACTERS and name.strip("."):
        name = NO_FILE.sub(lambda match: f"%{ord(match[0]):02X}", name)
        return LAST_DOT.sub("%2E", name)
    return _hashed(text)


def distinct_files(
    identifiers: Iterable[str], ending: str, taken: Collection[str]
) -> dict[str, str]:
    """Return a file's name for each identifier, each another one and none of those taken.

    Two that capitals alone tell apart are one file on some systems.
    """
    used = {name.casefold() for name in taken}
    names = {}
    for identifier in identifiers:
        name = f"{file_segment(identifier)}{ending}"
        if name.casefold() in used:
            name = f"{_hashed(identifier)}{ending}"
        used.add(name.casefold())
        names[identifier] = name
    return names


def _hashed(text: str) -> str:
    return f"sha256-{sha256(text.encode()).hexdigest()}"
