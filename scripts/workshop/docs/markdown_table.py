"""Tables in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from claimlog.escaping import plain_line

CELL_END = re.compile(r"(?<!\\)\|")
"""A bar that would end a cell of a Markdown table."""


def markdown_table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """Return a table with a head; a bar in a cell is escaped, and a cell is one line."""
    lines = [head, tuple("---" for _ in head), *rows]
    cells = [[CELL_END.sub(r"\|", plain_line(cell)) for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)
