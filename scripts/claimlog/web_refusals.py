"""What services say in the headers and bodies of their refusals."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime

from claimlog.escaping import plain_line

REMEDIES = {
    401: "; the token is not accepted, make another one",
    403: "; the token may not do that, look at its scopes",
    429: "; too many requests, run this again later",
}


def retry_after(value: str | None) -> float | None:
    """Return the seconds that a Retry-After header names, or None."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value.strip()[:9])
    with suppress(ValueError, TypeError, OverflowError):
        when = parsedate_to_datetime(value)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when
        return max(0.0, when.timestamp() - time.time())
    return None


def service_message(data: bytes) -> str:
    """Return what an answer says in the forms of InvenioRDM and GitHub, in a line."""
    document = json.loads(data)
    parts = [str(document.get("message", ""))]
    for error in document.get("errors", ())[:5]:
        if isinstance(error, Mapping):
            said = error.get("messages") or error.get("message") or error.get("code") or ""
            words = ", ".join(map(str, said)) if isinstance(said, list) else str(said)
            parts.append(f"{error.get('field', error.get('resource', ''))}: {words}")
    return plain_line("; ".join(part for part in parts if part))
