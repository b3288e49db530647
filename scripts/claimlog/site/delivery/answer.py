"""A whole answer, and what of it a reader is sent: all, compressed, or that it is unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from threading import Lock

from claimlog.site.delivery.compression import LEAST_BYTES, accepts_gzip, compress, is_text
from claimlog.site.delivery.preconditions import Headers, is_unchanged

Pairs = Sequence[tuple[bytes, bytes]]

OWN_HEADERS = (b"content-length", b"etag", b"vary", b"content-encoding", b"transfer-encoding")
"""Headers of an application's answer that are written anew."""

READER_HEADERS = {b"cookie", b"authorization"}
"""What Datasette lets answers vary with, and the server takes from no request."""

ENTRY_BYTES = 2_000
"""Bytes that an answer takes in memory beside its body, about."""


class Answer:
    """A whole answer: status, headers, body, and once it was asked for, its compressed body."""

    def __init__(self, status: int, headers: Pairs, body: bytes) -> None:
        self.status = status
        self.body = body
        given = {name.lower(): value for name, value in headers}
        content_type = given.get(b"content-type", b"")
        self.varies = len(body) >= LEAST_BYTES and is_text(content_type)
        """Whether it can be compressed."""
        self.is_shareable = status == 200 and b"set-cookie" not in given
        """Whether other readers may be sent it too."""
        self.etag: bytes | None = None
        self._compressed: bytes | None = None
        self._packing = Lock()
        pairs = [pair for pair in headers if pair[0].lower() not in OWN_HEADERS]
        if status == 200:
            # weak: with and without compression it is the same page in other bytes
            self.etag = b'W/"%s"' % blake2b(body, digest_size=16).hexdigest().encode()
            pairs.append((b"etag", self.etag))
            if b"cache-control" not in given:
                pairs.append((b"cache-control", b"no-cache"))
        if vary := vary_header(given.get(b"vary", b""), self.varies):
            pairs.append((b"vary", vary))
        self._unchanged = [pair for pair in pairs if pair[0].lower() != b"content-type"]
        self._plain = [*pairs, (b"content-length", b"%d" % len(body))]

    @property
    def size(self) -> int:
        """Bytes that it takes in memory, at most: compressed it is hardly ever longer."""
        return len(self.body) * (2 if self.varies else 1) + ENTRY_BYTES

    def waits_for_compression(self, headers: Headers) -> bool:
        """Return whether it has to be compressed for the headers of a request, or is just now."""
        accepted = headers.get(b"accept-encoding", b"")
        return self.varies and self._compressed is None and accepts_gzip(accepted)

    def for_reader(self, headers: Headers) -> tuple[int, Pairs, bytes]:
        """Return status, headers and body for the headers of a request."""
        if self.etag is not None and is_unchanged(headers, self.etag):
            return 304, self._unchanged, b""
        if not self.varies or not accepts_gzip(headers.get(b"accept-encoding", b"")):
            return self.status, self._plain, self.body
        with self._packing:  # many may ask in threads: it is compressed once
            if self._compressed is None:
                packed = compress(self.body)
                length = (b"content-length", b"%d" % len(packed))
                self._packed = [*self._plain[:-1], (b"content-encoding", b"gzip"), length]
                self._compressed = packed
        return self.status, self._packed, self._compressed


def vary_header(given: bytes, compressible: bool) -> bytes:
    """Return a ``Vary`` header without what no answer here varies with; empty for none.

    >>> vary_header(b"Cookie, Authorization", True), vary_header(b"Cookie, Accept", False)
    (b'Accept-Encoding', b'Accept')
    """
    names = [name.strip() for name in given.split(b",") if name.strip()]
    names = [name for name in names if name.lower() not in READER_HEADERS]
    return b", ".join([*names, b"Accept-Encoding"] if compressible else names)
