"""Standard output and error that escape what does not print, for commands and for the server."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from claimlog.escaping import printable


class EscapedStream(io.TextIOBase):
    """A text stream that escapes whatever does not print as itself.

    It has no ``buffer``, so that other libraries, and Python on failure, cannot write around it.
    Our own styles and progress bars are written to `stream`, which it wraps.
    """

    def __init__(self, stream: TextIO, styles: bool = True) -> None:
        self.stream = stream
        self.styles = styles

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return self.stream.errors

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"expected text, not {type(text).__name__}")
        self.stream.write(printable(text))
        return len(text)

    def flush(self) -> None:
        self.stream.flush()

    def fileno(self) -> int:
        return self.stream.fileno()

    def isatty(self) -> bool:
        return self.styles and self.stream.isatty()

    def writable(self) -> bool:
        return True


@contextmanager
def escaped_streams(styles: bool = True) -> Iterator[None]:
    """Escape all that is written to standard output and error.

    Without `styles` they say that they are no terminals, so that nothing writes colours to them.
    """
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (EscapedStream(stream, styles) for stream in streams)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams


def inner_stream(stream: Any) -> Any:
    """Return the stream below an `EscapedStream`, for text that is escaped already."""
    return stream.stream if isinstance(stream, EscapedStream) else stream
