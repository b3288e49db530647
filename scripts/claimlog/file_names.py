"""Names of files and parts of addresses for identifiers, of whatever signs a package allows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from hashlib import sha256
from urllib.parse import quote, unquote

SEGMENT_CHARACTERS = 120
"""Characters of a file's name; a longer one is its hash, because file systems take 255 bytes."""

OWN_SUFFIX = re.compile(r"\.(?=(?:html|json|csv|jsonld|atom)$)")
"""What is before the ends that our files have: an identifier with one keeps away from them."""

HASHED = "sha256-"

NO_FILE = re.compile(
    rf"(?=(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\Z)|{HASHED}[0-9a-f]{{64}}\Z)\A[a-z]",
    re.IGNORECASE,
)
"""First letter of a name that Windows reserves (CON, NUL, COM1 …), whatever follows a dot, or that
is the hash of another."""

LAST_DOT = re.compile(r"\.\Z")
"""The dot at the end of a name, which Windows cuts off."""


def path_segment(identifier: str) -> str:
    """Return an identifier as one segment of an address, which ends in no format of ours.

    >>> path_segment("C004-001"), path_segment("a/b?c"), path_segment("d.json")
    ('C004-001', 'a%2Fb%3Fc', 'd%2Ejson')
    """
    return OWN_SUFFIX.sub("%2E", quote(identifier, safe=""))


def normalized_segment(segment: str) -> str:
    """Return a segment of an address as `path_segment` spells it; a format at its end stays.

    >>> normalized_segment("a:b"), normalized_segment("a%3ab.json"), normalized_segment("d%2Ejson")
    ('a%3Ab', 'a%3Ab.json', 'd%2Ejson')
    """
    name, dot, ending = segment.rpartition(".")
    if OWN_SUFFIX.match(dot + ending):
        return f"{path_segment(unquote(name))}.{ending}"
    return path_segment(unquote(segment))


def file_segment(text: str) -> str:
    """Return a name of a file, in whatever directory, for an identifier or part of an address.

    >>> file_segment("C004-001"), file_segment("a/b c")
    ('C004-001', 'a%2Fb%20c')
    """
    name = path_segment(text)
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
    return f"{HASHED}{sha256(text.encode()).hexdigest()}"
