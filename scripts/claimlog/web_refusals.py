"""Refusals: what services say in headers and bodies, and what no further try would change."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

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


def service_message(document: Mapping[str, Any]) -> str:
    """Return the error message of an answer in JSON, as InvenioRDM and GitHub write it."""
    parts = [str(document.get("message", ""))]
    for error in document.get("errors", ())[:5]:
        if isinstance(error, Mapping):
            said = error.get("messages") or error.get("message") or error.get("code") or ""
            words = ", ".join(map(str, said)) if isinstance(said, list) else str(said)
            parts.append(f"{error.get('field', error.get('resource', ''))}: {words}")
    return "; ".join(part for part in parts if part)


def is_lasting(error: BaseException) -> bool:
    """Return whether a connection failed for a reason that does not pass by waiting.

    The reason is what the system said, below the errors of the libraries that passed it on. A
    resolver that could not be asked (``EAI_AGAIN``) may answer the next time.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return cause.errno != socket.EAI_AGAIN
        if isinstance(cause, ConnectionRefusedError | ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
