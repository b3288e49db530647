"""Everything that commands print: lines, blocks, progress; what data holds is escaped in all.

The escapes are there in pipes too: what is written to a file is read on a terminal later.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from claimlog.escaping import json_text, printable, printable_line
from claimlog.standard_streams import EscapedStream, escaped_streams, inner_stream

__all__ = [
    "EscapedStream",
    "block",
    "escaped_streams",
    "inner_stream",
    "json_block",
    "line",
    "lines",
]


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
        printable_line(part) if isinstance(part, str) else _styled_text(*part) for part in parts
    )
    click.echo(styled, file=inner_stream(sys.stderr if err else sys.stdout))


def _styled_text(text: str, style: str) -> str:
    bold = style.startswith("bold") or None
    colour = style.removeprefix("bold").strip() or None
    return click.style(printable_line(text), fg=colour, bold=bold)


def lines(texts: Sequence[object], err: bool = False) -> None:
    """Print each text on a line of its own."""
    for text in texts:
        line(str(text), err=err)


def block(text: str, err: bool = False) -> None:
    """Print text of several lines that ends with a line feed."""
    click.echo(printable(text), nl=False, file=inner_stream(sys.stderr if err else sys.stdout))


def json_block(value: Any) -> None:
    """Print a value as JSON."""
    block(json_text(value) + "\n")
