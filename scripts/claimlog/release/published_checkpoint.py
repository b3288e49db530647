"""The checkpoint in a directory of tiles: what is published after it goes on from it."""

from __future__ import annotations

import os
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.log.event_log import Log
from claimlog.log.tiles import TILES
from claimlog.release.checkpoint import Checkpoint, parse_checkpoint
from claimlog.release.prove import root_at
from claimlog.release.signed_note import NOTE_BYTES
from claimlog.untrusted_files import RIGHT_FILE, read_regular

CHECKPOINT_FILE = "checkpoint"


def require_tree_of_log(log: Log, checkpoint: Checkpoint, display_path: str) -> None:
    """Refuse a checkpoint that is not of a tree that the log begins with.

    Raises
    ------
    ClaimlogError
        Naming it.
    """
    root = root_at(log, checkpoint.size)
    if root != checkpoint.root:
        raise ClaimlogError(
            f"{display_path}: its {checkpoint.size} rows with root {checkpoint.root.hex()[:16]}… "
            "are not what this log begins with: it is of another log, or this one was rewritten"
        )


def require_continuation(
    log: Log, checkpoint: Checkpoint, out: Path, display_path: str
) -> Checkpoint | None:
    """Return the checkpoint that lies in a directory of tiles, if another can take its place.

    None where there is none.

    Parameters
    ----------
    display_path
        The directory as messages name it.

    Raises
    ------
    ClaimlogError
        If it is of another log or of a later state, or cannot be read, or tiles would be written
        through a link.
    """
    path = out / CHECKPOINT_FILE
    log.package.refuse_links(path)
    _refuse_linked_folders(out, display_path)
    shown = f"{display_path}/{CHECKPOINT_FILE}"
    if not path.exists() and not path.is_symlink():
        return None
    data = read_regular(path, shown, NOTE_BYTES, out, RIGHT_FILE)
    published, _ = parse_checkpoint(data, shown)
    require_tree_of_log(log, published, shown)
    if published.origin != checkpoint.origin:
        raise ClaimlogError(
            f"{shown}: is of the log {published.origin}, not of {checkpoint.origin}; name "
            "another directory"
        )
    if published.size > checkpoint.size:
        raise ClaimlogError(
            f"{shown}: is of {published.size} rows, and a log that others follow never goes "
            f"back to {checkpoint.size}; sign the log as it stands: --sign KEY.pem"
        )
    return published


def _refuse_linked_folders(out: Path, display_path: str) -> None:
    """Refuse a directory of tiles in which a directory is a link, before anything is written.

    Raises
    ------
    ClaimlogError
        Naming the link.
    """
    top = out / TILES
    folders = (Path(folder, name) for folder, names, _ in os.walk(top) for name in names)
    link = next((path for path in (top, *folders) if path.is_symlink()), None)
    if link is not None:
        raise ClaimlogError(
            f"{display_path}/{link.relative_to(out).as_posix()}: is a symbolic link, through which "
            "nothing is written; put a directory there"
        )
