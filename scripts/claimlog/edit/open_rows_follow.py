"""The open batch while sealed batches are rebased: its rows may name what is renumbered there."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

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
from claimlog.schema.table_schema import Table

OpenRows = Literal["follow", "stay"]
"""Whether open rows mean what is renumbered, or what has the identifier in a batch that stays."""


def meant_renames(
    package: Package,
    batch: Batch,
    renames: Mapping[tuple[str, ...], Renames],
    chosen: OpenRows | None,
) -> Renames | None:
    """Return the new identifiers that rows of the open batch are to get, too; None if they stay.

    Both sides have the identifier, and no row says which of them it means, so somebody else must.

    Parameters
    ----------
    renames
        By the names of the sealed batches of one line, lowest first.

    Raises
    ------
    UsageError
        If a row names what is renumbered, and nobody said whose it is, or two lines have it.
    """
    log = log_of(package, [batch])
    tables = {stream: log.definition.streams[stream] for stream in batch.streams}
    by_stream = {stream: log.rows(stream).to_dicts() for stream in tables}
    rows = [(tables[stream], row) for stream, listed in by_stream.items() for row in listed]
    own = {(table.name, row[table.id]) for table, row in rows if row["version"] == 1}
    merges = merges_of(by_stream, tables)

    def renumber(table: Table, row: Mapping[str, Any], foreign: Renames) -> dict[str, Any]:
        return moved_row(row, table, foreign, merges, "")

    read, changed = [row for _, row in rows], {}
    for names, renamed in renames.items():
        foreign = {
            stream: {old: new for old, new in ids.items() if (stream, old) not in own}
            for stream, ids in renamed.items()
        }
        new = [renumber(table, row, foreign) for table, row in rows]
        if new != read:
            changed[names] = foreign, new
    if not changed or chosen == "stay":
        return None
    lost, (foreign, new) = next(iter(changed.items()))
    table, row = next(
        of for of, before, after in zip(rows, read, new, strict=True) if before != after
    )
    old, into = next(
        pair
        for stream, ids in foreign.items()
        for pair in ids.items()
        if renumber(table, row, {stream: dict([pair])}) != row
    )
    head = f"{batch.shown_file(table.name)}:{row['line']}: the open row names {old}"
    if any(other != new for _, other in changed.values()):
        each = " and ".join(names[-1] for names in changed)
        raise UsageError(
            f"{head}, and {each} renumber what open rows name, each in another way; rebase one of "
            "these at a time, and say of each what they mean; nothing was rebased"
        )
    if chosen == "follow":
        return renames[lost]
    raise UsageError(
        f"{head}, which {' '.join(lost)} has, and a batch that stays too; say "
        f"which of them it means: --open-rows follow, if it was added after {lost[0]} "
        f"was sealed (it names {into} from then on), or --open-rows stay; nothing was rebased"
    )


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
