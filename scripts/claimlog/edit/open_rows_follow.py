"""The open batch while sealed batches are rebased: its rows may name what is renumbered there."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from claimlog.edit.renumbered_rows import (
    Renames,
    log_of,
    merges_of,
    moved_row,
    write_moved_rows,
)
from claimlog.errors import UsageError
from claimlog.log.batch import Batch
from claimlog.package import Package

OpenRows = Literal["follow", "stay"]
"""Whether open rows mean what is renumbered, or what has the identifier in a batch that stays."""


def follows(
    package: Package, batch: Batch, lost: Sequence[Batch], renames: Renames, chosen: OpenRows | None
) -> bool:
    """Whether the rows of the open batch are to get new identifiers, too.

    Both sides have the identifier, and no row says which of them it means, so somebody else must.

    Raises
    ------
    UsageError
        If a row names what is renumbered, and nobody said whose it is.
    """
    named = _first_named(package, batch, renames)
    if named is None or chosen is not None:
        return named is not None and chosen == "follow"
    place, old, new = named
    names = " ".join(one.path.name for one in lost)
    raise UsageError(
        f"{place}: the open row names {old}, which {names} has, and a batch that stays too; say "
        f"which of them it means: --open-rows follow, if it was added after {lost[0].path.name} "
        f"was sealed (it names {new} from then on), or --open-rows stay; nothing was rebased"
    )


def _first_named(package: Package, batch: Batch, renames: Renames) -> tuple[str, str, str] | None:
    """Return place, old and new identifier of what an open row names that is none of its own."""
    log = log_of(package, [replace(batch, index=0)])
    tables = {stream: log.definition.streams[stream] for stream in batch.streams}
    rows = {stream: log.rows(stream).to_dicts() for stream in batch.streams}
    foreign = {stream: {**named} for stream, named in renames.items()}
    for stream, listed in rows.items():
        for row in listed:
            if row["version"] == 1:
                foreign.get(stream, {}).pop(row[tables[stream].id], None)
    merges = merges_of(rows, tables)
    for stream, listed in rows.items():
        for row in listed:
            if moved_row(row, tables[stream], foreign, merges, "") != row:
                old, new = next(
                    renamed
                    for other, named in foreign.items()
                    for renamed in named.items()
                    if moved_row(row, tables[stream], {other: dict([renamed])}, merges, "") != row
                )
                return f"{batch.shown_file(stream)}:{row['line']}", old, new
    return None


def write_moved_open_batch(
    package: Package,
    before: Sequence[Batch],
    batch: Batch,
    folder: Path,
    renames: Renames,
    remedy: str,
) -> Batch:
    """Write the open batch as it reads after other batches into an empty directory; return it.

    Raises
    ------
    FindingsError
        If rows cannot be read, or an entity was changed on both sides.
    """
    log = log_of(package, before)
    number = max(one.number for one in before) + 1
    shutil.copytree(batch.path, folder, dirs_exist_ok=True)
    write_moved_rows(log, batch, folder, renames, remedy)
    return Batch(folder, batch.shown, number, batch.slug, len(before))
