"""Addresses that readers paste into the search: of a source's work, or of a page of the site."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from claimlog.file_names import normalized_segment

ADDRESS = re.compile(r"(?:https?://|www\.)\S+|/\S*|[\w-]+(?:\.[\w-]+)+(?::[0-9]+)?/\S*", re.I)
"""What is read as an address: with a scheme, a path alone, or a host with a path."""

MOST_CHARACTERS = 2_000
"""Of an address that is looked for."""

CAMPAIGN = re.compile(r"utm_\w+|fbclid|gclid|mc_[ce]id|igshid", re.I)
"""Parameters that say where a reader came from, and nothing of the page."""


def is_address(text: str) -> bool:
    """Whether a search is an address.

    >>> [is_address(text) for text in ("https://a.example/b", "a.example/b", "/claims/C1")]
    [True, True, True]
    >>> [is_address(text) for text in ("T.P.", "and/or", "a.example b/c")]
    [False, False, False]
    """
    return len(text) <= MOST_CHARACTERS and ADDRESS.fullmatch(text) is not None


def address_host(address: str) -> str:
    """Return the host of an address without ``www.``.

    >>> address_host("https://www.A.example/b"), address_host("a.example/b"), address_host("/b")
    ('a.example', 'a.example', '')
    """
    return _parts(address)[0]


def address_key(address: str) -> str:
    """Return what is compared of an address.

    Scheme, ``www.``, a slash at the end, the fragment and what campaigns add are left out.

    >>> address_key("HTTP://www.a.example/B/?utm_source=x&p=1#top"), address_key("a.example/B?p=1")
    ('a.example/B?p=1', 'a.example/B?p=1')
    """
    host, path, query = _parts(address)
    kept = [(key, value) for key, value in parse_qsl(query, True) if not CAMPAIGN.fullmatch(key)]
    return host + path.rstrip("/") + (f"?{urlencode(kept)}" if kept else "")


def address_path(address: str) -> tuple[str, str]:
    """Return the path of an address as pages spell it, without a slash at its end, and its query.

    >>> address_path("https://a.example/claims/C%2d1/?q=x#top")
    ('/claims/C-1', 'q=x')
    """
    _, path, query = _parts(address)
    return "/".join(map(normalized_segment, path.split("/"))).rstrip("/") or "/", query


def _parts(address: str) -> tuple[str, str, str]:
    text = address.strip()
    if not re.match(r"https?://|/", text, re.I):
        text = f"//{text}"
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:  # such as brackets that are no IPv6 address
        return "", text, ""
    return host, parts.path, parts.query
