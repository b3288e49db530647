"""Why the desk does not do what a page asks, as a status, a code and a message for people."""

from __future__ import annotations

from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.escaping import printable_line

MESSAGE_CHARACTERS = 1_000
"""Characters of a message, which may quote what was asked at length."""

MALFORMED = "malformed"
BLIND = "blind"
ABSENT = "absent"
STALE = "stale"
CLOSED = "closed"
OUTDATED = "outdated"
UNFINISHED = "unfinished"
INVALID = "invalid"
LARGE = "large"
BUSY = "busy"
DISK = "disk"
TOKEN = "token"
ORIGIN = "origin"
ROLE = "role"

STATUSES = {
    MALFORMED: 400,
    TOKEN: 401,
    BLIND: 403,
    ORIGIN: 403,
    ROLE: 403,
    ABSENT: 404,
    STALE: 409,
    CLOSED: 409,
    OUTDATED: 409,
    UNFINISHED: 409,
    LARGE: 413,
    INVALID: 422,
    BUSY: 429,
    DISK: 507,
}


class RequestError(ClaimlogError):
    """A request of a page that is refused; nothing was written.

    Attributes
    ----------
    code
        One of the codes of this module, which says the HTTP status.
    details
        What the answer holds beside code and message.
    """

    def __init__(self, code: str, message: str, **details: Any) -> None:
        self.code = code
        self.details = details
        super().__init__(message)

    @property
    def status(self) -> int:
        return STATUSES[self.code]

    @property
    def message(self) -> str:
        """What people are told: a line of bounded length in which everything prints."""
        return printable_line(str(self)[:MESSAGE_CHARACTERS])

    def as_dict(self) -> dict[str, Any]:
        """Return the body of the answer."""
        return {"error": {"code": self.code, "message": self.message, **self.details}}
