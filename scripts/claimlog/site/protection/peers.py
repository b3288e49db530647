"""Peers: the part of a network address that one reader holds, by which shares are counted."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

IPV6_PREFIX = 64
"""Bits of an IPv6 address that one household has for itself; it chooses the others freely."""


def peer_of(client: Any) -> str:
    """Return the peer that a host and port belong to; all without an address are one.

    >>> peer_of(("192.0.2.1", 80)), peer_of(("2001:db8::1", 80)), peer_of(None)
    ('192.0.2.1', '2001:db8::/64', '')
    >>> peer_of(("::ffff:192.0.2.1", 80))
    '192.0.2.1'
    """
    if not client:
        return ""
    host = str(client[0]).partition("%")[0]
    if ":" not in host:
        return host
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), IPV6_PREFIX), strict=False))


def peer_of_request(scope: Mapping[str, Any]) -> str:
    """Return the peer that a request comes from."""
    return peer_of(scope.get("client"))
