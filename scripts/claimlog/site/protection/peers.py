"""The part of a network address (of IPv6 the first 64 bits) by which readers are counted."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
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


class Proxies:
    """Those who name the reader in a header: addresses, networks, or ``*`` for all, with commas.

    >>> proxies = Proxies("192.0.2.1, 10.0.0.0/8,2001:db8::1")
    >>> "192.0.2.1" in proxies, "10.9.9.9" in proxies, "2001:db8::/64" in proxies
    (True, True, True)
    >>> "192.0.2.2" in proxies, "" in proxies, "" in Proxies("*"), "" in Proxies("")
    (False, False, True, False)
    """

    def __init__(self, text: str) -> None:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        self._all = "*" in parts
        self._names = {part for part in parts if _network(part) is None}
        self._networks = [found for part in parts if (found := _network(part)) is not None]

    def __contains__(self, peer: object) -> bool:
        network = _network(str(peer))
        return (
            self._all
            or peer in self._names
            or (
                network is not None
                and any(
                    network.version == item.version and network.overlaps(item)
                    for item in self._networks
                )
            )
        )


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def peer_of_request(scope: Mapping[str, Any]) -> str:
    """Return the peer that a request comes from."""
    return peer_of(scope.get("client"))
