"""Standard output and error that escape what does not print, for commands and for the server."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from claimlog.escaping import printable
from claimlog.interrupt_handler import has_replaced


class OutputError(Exception):
    """Raised when standard output cannot be written, from the `OSError` that says why.

    It is no `OSError`: whoever expects one writes a file, and would take this for a fault of that.
    """


class ClosedOutput(io.TextIOBase):
    """Stands in for a standard output that was closed before the start: every write fails."""

    encoding = "utf-8"

    def write(self, _: str) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


class _StreamAround(io.TextIOBase):
    """A text stream that wraps another one, `stream`."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return self.stream.errors

    def fileno(self) -> int:
        return self.stream.fileno()

    def isatty(self) -> bool:
        return self.stream.isatty()

    def writable(self) -> bool:
        return True


class CommandOutput(_StreamAround):
    """Standard output or error of a command, which notes when it cannot be written any more.

    Its disk is full, its reader left, or it is closed. A command that has replaced no file ends
    then, by `OutputError`. One that has goes on: nothing says again what it did, so that standard
    error is told instead. Where that cannot be written nobody is left to be told.

    Attributes
    ----------
    lost
        Why this stream cannot be written; None while it can.
    """

    def __init__(self, stream: TextIO, instead: io.TextIOBase | None = None) -> None:
        super().__init__(stream)
        self.instead = instead
        self.lost: OSError | None = None

    def write(self, text: str) -> int:
        if text and self.lost is None:
            try:
                self.stream.write(text)
                self.stream.flush()  # or it would fail later, with nobody to say what is lost
            except OSError as error:
                _drop(self.stream)
                self.lost = error
        if self.lost is not None and self.instead is not None:
            if not has_replaced():
                raise OutputError from self.lost
            self.instead.write(text)
        return len(text)


def _drop(stream: TextIO) -> None:
    """Lead a stream that failed to the null device, or its buffer would fail again at the exit."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)


def replace_closed_streams() -> None:
    """Replace standard streams that were closed before the start, for which Python has None.

    Their numbers are taken too: else the next file that is opened would be standard output to
    whatever writes there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # programs that this one starts have the number too
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stdout is None:
        sys.stdout = ClosedOutput()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


class EscapedStream(_StreamAround):
    """A text stream that escapes whatever does not print as itself.

    It has no ``buffer``, so that other libraries, and Python on failure, cannot write around it.
    Our own styles and progress bars are written to `stream`, which it wraps.
    """

    def __init__(self, stream: TextIO, styles: bool = True) -> None:
        super().__init__(stream)
        self.styles = styles

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"expected text, not {type(text).__name__}")
        self.stream.write(printable(text))
        return len(text)

    def flush(self) -> None:
        self.stream.flush()

    def isatty(self) -> bool:
        return self.styles and super().isatty()


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
