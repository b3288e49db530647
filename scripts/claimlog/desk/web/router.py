"""Which function answers which address, for whom, and how long it may take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from claimlog.desk.blindness import require_deciding
from claimlog.desk.request_error import ABSENT, ROLE, RequestError
from claimlog.desk.roles import Role
from claimlog.desk.web.request import Handler

PART = r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,126}"
IDENTIFIER = r"[^/]+"
"""An identifier of the package, which may have any sign: it is quoted."""

IDENTIFIERS = ("source", "claim", "id", "name")
"""Parts that are one; others are names of streams, roles and drafts."""

ALL, CODES, DECIDES = "all", "codes", "decides"
FAST, SLOW, SCREENS, CHECKS, READS, PREVIEWS, FETCHES = PACES = (
    *("fast", "slow", "screens", "checks"),
    *("reads", "previews", "fetches"),
)
"""Who answers: a thread for what is saved and looked up at once, one for what takes some seconds,
one for the first screen, which grows with the sources, one for the rules on drafts, for what is
compared with a text, and for codings that are compared, so that nobody waits for those of another
to open a text, one that reads documents, for `DESK_READ_SECONDS` each at most, one that builds
previews, or one that waits for other machines: documents are fetched."""


@dataclass(frozen=True)
class Route:
    """An address below that of a role, with ``{names}`` for parts of it."""

    method: str
    pattern: str
    handler: Handler
    who: str = ALL
    pace: str = FAST
    body_bytes: int = 1 << 20
    content_type: bytes = b"application/json"

    def match(self, path: str) -> dict[str, str] | None:
        """Return the parts of a path, as it was sent, that this address is of, or None."""
        found = re.fullmatch(re.sub(r"\{([a-z]+)\}", _part, self.pattern), path)
        try:
            return found and {n: unquote(p, errors="strict") for n, p in found.groupdict().items()}
        except UnicodeDecodeError:
            return None


def _part(name: re.Match[str]) -> str:
    return f"(?P<{name[1]}>{IDENTIFIER if name[1] in IDENTIFIERS else PART})"


def find_route(
    routes: Sequence[Route], role: Role, method: str, path: str
) -> tuple[Route, dict[str, str]]:
    """Return the route of a request and the parts of its path.

    Raises
    ------
    RequestError
        If there is none, or it is not for this role.
    """
    methods = set()
    for route in routes:
        parts = route.match(path)
        if parts is None:
            continue
        methods.add(route.method)
        if route.method != method:
            continue
        if route.who == DECIDES:
            require_deciding(role)
        if route.who == CODES and role.decides:
            raise RequestError(ROLE, "this is for a role that codes; open the desk as one")
        return route, parts
    if methods:
        raise RequestError(ABSENT, f"nothing here takes {method}; {', '.join(sorted(methods))} do")
    raise RequestError(ABSENT, "the desk has no such address")
