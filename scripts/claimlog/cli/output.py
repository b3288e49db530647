"""Everything that commands print: lines, blocks, progress; what data holds is escaped in all.

The escapes are there in pipes too: what is written to a file is read on a terminal later.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import click

from claimlog.escaping import json_text, printable, printable_line


class Escaped(io.TextIOBase):
    """A text stream that escapes whatever does not print as itself.

    Nothing that is printed by other libraries, or by Python on failure, goes around it: it shows
    no ``buffer``. Our own styles and progress bars are written to `stream`, which it wraps.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

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
        return self.stream.isatty()

    def writable(self) -> bool:
        return True


@contextmanager
def escaped_streams() -> Iterator[None]:
    """Escape all that is written to standard output and error."""
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (Escaped(stream) for stream in streams)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams


def raw(stream: Any) -> Any:
    """Return the stream that an escaped one wraps, for what is escaped already."""
    return stream.stream if isinstance(stream, Escaped) else stream


def line(*parts: str | tuple[str, str], err: bool = False) -> None:
    """Print one line, whatever line feeds its parts hold.

    Parameters
    ----------
    parts
        Texts, or pairs of a text and its style: ``bold`` or the name of a colour.
    err
        Print to standard error.
    """
    styled = "".join(
        printable_line(part) if isinstance(part, str) else _styled(*part) for part in parts
    )
    click.echo(styled, file=raw(sys.stderr if err else sys.stdout))


def _styled(text: str, style: str) -> str:
    bold = style.startswith("bold") or None
    colour = style.removeprefix("bold").strip() or None
    return click.style(printable_line(text), fg=colour, bold=bold)


def lines(texts: Sequence[object], err: bool = False) -> None:
    """Print each text on a line of its own."""
    for text in texts:
        line(str(text), err=err)


def block(text: str, err: bool = False) -> None:
    """Print text of several lines that ends with a line feed."""
    click.echo(printable(text), nl=False, file=raw(sys.stderr if err else sys.stdout))


def json_block(value: Any) -> None:
    """Print a value as JSON."""
    block(json_text(value) + "\n")
