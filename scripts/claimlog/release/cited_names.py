"""How a citation writes the identifier of a claim: in an address, and in the key of an entry.

Of what signs identifiers consist is the package's to say. Both forms have few signs, so that
neither ends a field or an address early, and are read back to the identifier that they are of.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from claimlog.file_names import path_segment

ADDRESS_NAME = r"(?:[A-Za-z0-9_.~-]|%[0-9A-Fa-f]{2})*(?:[A-Za-z0-9_~]|%[0-9A-Fa-f]{2})"
"""An identifier in an address: a dot or hyphen after it belongs to what follows."""

KEY_NAME = r"[A-Za-z0-9_.-]+"
"""An identifier in a key: BibTeX reads keys as they stand."""

KEY_ESCAPE = re.compile(r"_(?=[0-9A-Fa-f]{2})")
LAST_MARK = re.compile(r"[.-]\Z")


def address_name(identifier: str) -> str:
    """Return an identifier as a part of an address, which ends in no punctuation.

    >>> address_name("C004-001"), address_name("C{4}."), address_name("C4/1")
    ('C004-001', 'C%7B4%7D%2E', 'C4%2F1')
    """
    return _without_last_mark(path_segment(identifier))


def identifier_in_address(name: str) -> str:
    """Return the identifier that `address_name` gave a name."""
    return unquote(name)


def key_name(identifier: str) -> str:
    """Return an identifier as a part of a key: signs that a key has not as ``_`` and hex digits.

    >>> key_name("C004-001"), key_name("C{4}."), key_name("C_7b")
    ('C004-001', 'C_7B4_7D_2E', 'C_5F7b')
    """
    escaped = quote(KEY_ESCAPE.sub("%5F", identifier.replace("%", "%25")), safe="%")
    return _without_last_mark(escaped).replace("~", "%7E").replace("%", "_")


def _without_last_mark(name: str) -> str:
    """Escape a dot or hyphen at the end, which in a sentence is taken for punctuation."""
    return LAST_MARK.sub(lambda match: f"%{ord(match[0]):02X}", name)


def identifier_in_key(name: str) -> str:
    """Return the identifier that `key_name` gave a name, or the name where it gives none such.

    >>> [identifier_in_key(name) for name in ("C004-001", "C_7B4_7D", "C_5F7b", "C_ff")]
    ['C004-001', 'C{4}', 'C_7b', 'C_ff']
    """
    try:
        return unquote(KEY_ESCAPE.sub("%", name), errors="strict")
    except UnicodeDecodeError:
        return name
