"""Writing the log as C2SP tlog-tiles: a signed checkpoint, and the tree and its rows as files."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from claimlog.errors import ClaimlogError, reason
from claimlog.files import is_unfinished, remove_if_abandoned, write_durably
from claimlog.log.event_log import Log
from claimlog.log.leaf_entries import iterate_entries
from claimlog.log.release_index import ReleaseEntry
from claimlog.log.tiles import BUNDLE_BYTES, ENTRIES, TILES, tile_files
from claimlog.release.checkpoint import Checkpoint, parse_checkpoint
from claimlog.release.published_checkpoint import (
    CHECKPOINT_FILE,
    require_continuation,
    require_tree_of_log,
)
from claimlog.release.tile_takedowns import (
    TAKEN_FILE,
    dump_taken_rows,
    empty_taken_rows,
    lacks_rows_only,
    require_own_taken_rows,
)
from claimlog.untrusted_files import RIGHT_FILE, read_regular


@dataclass(frozen=True)
class TileOutput:
    """A log as tiles that was written: its checkpoint, files that are there and that are new.

    ``emptied_bundles`` are bundles of earlier states that lost rows which were taken down.
    """

    checkpoint: Checkpoint
    files: int
    new_files: int
    emptied_bundles: int


def write_tiles(
    log: Log, index: Sequence[ReleaseEntry], note: str, out: Path, display_path: str
) -> TileOutput:
    """Write the log up to a signed checkpoint into a directory, the checkpoint last.

    A directory that holds an earlier state of the log is brought up to date. Tiles and bundles that
    are there are compared and never replaced, but by the same without rows that were taken down;
    only ``checkpoint`` is. Beside the tiles of this
    checkpoint there are the partial ones of each release and of the checkpoint that lies there.

    Parameters
    ----------
    note
        The signed checkpoint.
    display_path
        The directory as messages name it.

    Raises
    ------
    ClaimlogError
        If the checkpoint is not one of this log, the directory holds another log or a later state,
        another process writes there, or a file cannot be written.
    """
    checkpoint, _ = parse_checkpoint(note.encode("utf-8"), "the signed checkpoint")
    require_tree_of_log(log, checkpoint, "the signed checkpoint")
    published = require_continuation(log, checkpoint, out, display_path)
    _remove_unfinished_files(out, display_path)
    sizes = {checkpoint.size, *(entry.size for entry in index)}
    if published is not None:
        sizes.add(published.size)
    taken = {seq: row for seq, row in log.taken_rows.items() if seq < checkpoint.size}
    require_own_taken_rows(out, taken, display_path)
    try:
        if taken:
            out.mkdir(parents=True, exist_ok=True)
            write_durably(out / TAKEN_FILE, dump_taken_rows(taken))
        files, new_files = _write_files(log, checkpoint.size, sizes, out, display_path)
        # those of states that this package does not know any more hold the rows too
        emptied = empty_taken_rows(out, log.taken_rows, display_path)
        write_durably(out / CHECKPOINT_FILE, note.encode("utf-8"))
    except OSError as error:
        name = Path(error.filename) if error.filename else out
        raise ClaimlogError(
            f"{log.package.relative(name)}: cannot be written ({reason(error)}); the checkpoint "
            "there is as it was"
        ) from error
    return TileOutput(checkpoint, files, new_files, emptied)


def _remove_unfinished_files(out: Path, display_path: str) -> None:
    """Remove tiles and bundles that a run was killed at: rows stay in them for everybody to read.

    Raises
    ------
    ClaimlogError
        If there is one that may be another process's, or that cannot be removed.
    """
    found = sorted((out / TILES).rglob(".*-new-*"))
    for path in found:
        remove_if_abandoned(path)
    for path in found:
        if is_unfinished(path) and path.exists():
            raise ClaimlogError(
                f"{display_path}/{path.relative_to(out).as_posix()}: is not finished, and may hold "
                "rows that were taken down; wait if another claimlog writes there, else remove it, "
                "and run this again"
            )


def _write_files(
    log: Log, size: int, sizes: Collection[int], out: Path, display_path: str
) -> tuple[int, int]:
    """Write tiles and bundles that are not there; return how many there are, and how many new."""
    files = new_files = 0
    out.mkdir(parents=True, exist_ok=True)
    for name, data in tile_files(iterate_entries(log, size), sizes):
        path = out / name
        files += 1
        if path.exists() or path.is_symlink():
            shown = f"{display_path}/{name}"
            there = read_regular(path, shown, BUNDLE_BYTES, out, RIGHT_FILE)
            if there == data:
                continue
            if ENTRIES not in name or not lacks_rows_only(there, data):
                raise ClaimlogError(
                    f"{shown}: holds other bytes than the log gives, and never changes; restore "
                    "it, or name an empty directory"
                )
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, data)
        new_files += 1
    return files, new_files
