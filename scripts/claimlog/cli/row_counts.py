"""The number of rows of each stream in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claimlog.edit.open_rows import OpenRow


def row_counts(rows: list[OpenRow]) -> str:
    """Return the number of rows of each stream in words."""
    counts = Counter(row.stream for row in rows)
    entities = {row.stream: row.table.entity for row in rows if row.table}
    words = [
        f"{count:,} {entities.get(name, name) if count == 1 else name}"
        for name, count in counts.items()
    ]
    return ", ".join(words)
