"""The names under which a server answers.

A page of somebody else can have its own name point to this machine, and its reader's browser then
asks a server that only the reader can reach, as if it were that page's own (DNS rebinding). Such a
request bears that name; one by an address, or by a name that the server was given, is meant for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from ipaddress import ip_address
from typing import Any
from weakref import WeakKeyDictionary

from claimlog.escaping import short_line
from claimlog.site.protection.failures import Failure

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

NAMES: WeakKeyDictionary[Any, Collection[str]] = WeakKeyDictionary()
"""The names of each Datasette that was started as a server; one that was not takes all."""

HOST = re.compile(r"(?P<name>[0-9A-Za-z._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
"""A name or address with or without a port; links of Datasette's pages repeat all of it."""

ANY_ADDRESS = "*"
"""Among names: every address, as nobody can have a name in its place."""


def names_of(host: str, given: Collection[str]) -> frozenset[str]:
    """Return the names of a server that listens on a host: its own, and those that it was given.

    >>> sorted(names_of("127.0.0.1", ["Claims.example"]))
    ['127.0.0.1', '::1', 'claims.example', 'localhost']
    >>> "*" in names_of("0.0.0.0", [])
    True
    """
    own = _plain(host)
    everywhere = set() if is_loopback(own) else {ANY_ADDRESS}
    return LOOPBACK | {own} | {_plain(name) for name in given} | everywhere


def is_loopback(name: str) -> bool:
    """Return whether a name or address is that of the machine itself.

    >>> is_loopback("localhost"), is_loopback("127.0.0.2"), is_loopback("claims.example")
    (True, True, False)
    """
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name in LOOPBACK


def wrong_host_refusal(scope: Mapping[str, Any], names: Collection[str] | None) -> Failure | None:
    """Return why a request is not answered that was meant for another server, if it was."""
    if names is None:
        return None
    for header, value in scope["headers"]:
        if header.lower() == b"host":
            host = value.decode("latin-1")
            match = HOST.fullmatch(host)
            name = _plain(match["name"] if match else host)
            if match and (name in names or (ANY_ADDRESS in names and _is_address(name))):
                continue
            message = f"This server is not {short_line(name)}; start it with --host-name to be so."
            return Failure(421, "Another server is meant", message)
    return None


def _plain(host: str) -> str:
    return host.strip().strip("[]").rstrip(".").lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
