"""Addresses that the user named, and the tokens that may be sent to them."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from claimlog.errors import ClaimlogError, UsageError
from claimlog.escaping import plain_line, web_address

if TYPE_CHECKING:
    import httpx

TOKEN_LENGTH = 4_096
MESSAGE_LENGTH = 300
"""Characters of what somebody else wrote, in a message."""


@dataclass(frozen=True, repr=False)
class Token:
    """A token of a service, from the environment; it is never shown.

    Attributes
    ----------
    value
        What is sent as ``Authorization: Bearer``.
    origins
        Scheme, host and port to which it may be sent.
    """

    value: str
    origins: frozenset[str]

    @classmethod
    def from_environment(cls, variable: str, remedy: str, *addresses: str) -> Token:
        """Take the token out of an environment variable, for the origins of some addresses.

        Raises
        ------
        UsageError
            If there is none, or it cannot be sent.
        """
        # taken out, so that no process that is started later has it
        value = os.environ.pop(variable, "").strip()
        if not value:
            raise UsageError(f"{variable}: is not set in the environment; {remedy}")
        if len(value) > TOKEN_LENGTH or not all("!" <= letter <= "~" for letter in value):
            raise UsageError(
                f"{variable}: holds no token (spaces, or characters that none has); {remedy}"
            )
        return cls(value, frozenset(map(origin, addresses)))

    def __repr__(self) -> str:
        return "Token(…)"

    def cut_from(self, value: Any) -> Any:
        """Return a text or JSON value with every occurrence of the token cut out of it.

        That comes before anything else is done with the text: what is cut off in the midst of the
        token is not found any more, nor what is hidden by characters that are left out later.
        """
        if isinstance(value, str):
            return self._pattern.sub("…", value)
        if isinstance(value, dict):
            return {self.cut_from(key): self.cut_from(item) for key, item in value.items()}
        return [*map(self.cut_from, value)] if isinstance(value, list) else value

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("[^!-~]*".join(map(re.escape, self.value)))


def origin(url: str) -> str:
    """Return scheme, host and port of an address.

    >>> origin("https://Zenodo.org/api/records"), origin("http://127.0.0.1:80/a")
    ('https://zenodo.org:443', 'http://127.0.0.1:80')
    """
    parts = parsed_address(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{parts.host}:{port}"


def parsed_address(url: str) -> httpx.URL:
    """Parse an address that somebody else may have written.

    Raises
    ------
    ClaimlogError
        If it is none.
    """
    import httpx

    try:
        parts = httpx.URL(url)
        parts.host  # noqa: B018  # read by a codec that may refuse it
    except (httpx.InvalidURL, ValueError) as error:
        raise ClaimlogError(
            f"{display_address(url)[:100]}: is no address; look whether it is the address of the "
            "service"
        ) from error
    return parts


def joined_address(place: str, location: str) -> str:
    """Return the address that a redirect leads to, by its ``Location``.

    Raises
    ------
    ClaimlogError
        If that is no address.
    """
    import httpx

    try:
        return str(parsed_address(place).join(location))
    except (httpx.InvalidURL, ValueError) as error:
        raise ClaimlogError(
            f"{display_address(place)}: leads on to what is no address; give the address of the "
            "file itself"
        ) from error


def require_address(url: str, what: str) -> str:
    """Return an address without a slash at its end.

    Raises
    ------
    UsageError
        If it is none of https (or http, on this machine), or holds a password.
    """
    import httpx

    try:
        parts = httpx.URL(url)
        is_web = web_address(url) is not None and parts.scheme in ("http", "https")
    except (httpx.InvalidURL, ValueError):
        is_web = False
    if not is_web:
        raise UsageError(f"{what}: {plain_line(url)[:100]} is no address; expected https://…")
    if parts.userinfo:
        raise UsageError(f"{what}: an address holds no name or password; leave it out")
    if parts.scheme == "http" and not is_loopback(url):
        raise UsageError(
            f"{what}: {display_address(url)} is not https, so anybody on the way could answer; "
            "use https"
        )
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether an address is of this machine."""
    host = parsed_address(url).host
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def display_address(url: str) -> str:
    """Return an address as messages show it: without a query, on one line, not too long."""
    return plain_line(url.partition("?")[0])[:MESSAGE_LENGTH]
