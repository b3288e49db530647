"""Headers by which a request says what its reader has already (RFC 9110, section 13)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

Headers = Mapping[bytes, bytes]
"""Values of a request's headers by name in small letters."""

TAG = re.compile(rb'(?:W/)?"[^"]*"')


def request_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return the headers of a request by name; those with one name are joined by commas.

    >>> request_headers([(b"Range", b"bytes=0-"), (b"a", b"1"), (b"A", b"2")])
    {b'range': b'bytes=0-', b'a': b'1, 2'}
    """
    headers: dict[bytes, bytes] = {}
    for name, value in pairs:
        key = name.lower()
        headers[key] = headers[key] + b", " + value if key in headers else value
    return headers


def is_unchanged(headers: Headers, etag: bytes, modified: datetime | None = None) -> bool:
    """Return whether the reader has the answer already, so that 304 is enough.

    >>> is_unchanged({b"if-none-match": b'"a", W/"b"'}, b'W/"b"'), is_unchanged({}, b'"b"')
    (True, False)
    """
    tags = headers.get(b"if-none-match")
    if tags is not None:
        return tags.strip() == b"*" or _opaque(etag) in map(_opaque, TAG.findall(tags))
    since = _date(headers.get(b"if-modified-since"))
    return modified is not None and since is not None and modified <= since


def is_other_version(headers: Headers, etag: bytes, modified: datetime) -> bool:
    """Return whether the reader wants no other version than one that this is not: 412 then."""
    tags = headers.get(b"if-match")
    if tags is not None:
        return tags.strip() != b"*" and etag not in TAG.findall(tags)
    since = _date(headers.get(b"if-unmodified-since"))
    return since is not None and modified > since


def has_same_version(headers: Headers, etag: bytes, modified: datetime) -> bool:
    """Return whether a part may be added to what the reader has: without ``If-Range`` it may."""
    validator = headers.get(b"if-range")
    if validator is None:
        return True
    if b'"' in validator:
        return validator.strip() == etag  # a weak tag is never the same
    return _date(validator) == modified


def http_date(moment: datetime) -> bytes:
    """Return a time in UTC as headers have it.

    >>> http_date(datetime(2026, 1, 2, tzinfo=UTC))
    b'Fri, 02 Jan 2026 00:00:00 GMT'
    """
    return format_datetime(moment, usegmt=True).encode()


def _opaque(tag: bytes) -> bytes:
    return tag.removeprefix(b"W/")


def _date(value: bytes | None) -> datetime | None:
    """Return the time that a header gives; None for what is no date, as if it were not there."""
    if value is None:
        return None
    try:
        moment = parsedate_to_datetime(value.decode("latin-1"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
