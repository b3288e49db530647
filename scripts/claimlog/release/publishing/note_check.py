"""Notes beside an archive that is published: each is about this release and of its own form."""

from __future__ import annotations

from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.log.event_log import Log
from claimlog.log.release_index import ReleaseEntry
from claimlog.release.authenticity import CHECKPOINT_SUFFIX
from claimlog.release.checkpoint import Checkpoint, log_origin, parse_checkpoint, verify_checkpoint
from claimlog.release.published_checkpoint import require_tree_of_log
from claimlog.release.release_statement import (
    STATEMENT_SUFFIX,
    ReleaseStatement,
    parse_statement,
)
from claimlog.release.signed_note import verify_note
from claimlog.release.tlog_proof import SUFFIX, parse_tlog_proof

NOTE_SUFFIXES = (STATEMENT_SUFFIX, CHECKPOINT_SUFFIX, SUFFIX)
"""Files beside an archive that go with it where they exist."""


def require_note_of_release(
    data: bytes, suffix: str, display_path: str, log: Log, entry: ReleaseEntry, key: Path | None
) -> None:
    """Refuse a note beside an archive that is about something else than its release.

    Parameters
    ----------
    suffix
        Which of `NOTE_SUFFIXES` it is.
    key
        Public key that must have signed it; without one its signature is not verified.

    Raises
    ------
    ClaimlogError
        Naming the file.
    """
    name = str(log.package.descriptor["name"])
    if suffix == STATEMENT_SUFFIX:
        note, statement = parse_statement(data, display_path)
        if statement != ReleaseStatement.of_entry(name, entry):
            raise _other(display_path, entry)
        if key is not None:
            verify_note(note, key, name)
        return
    if suffix == SUFFIX:
        proof = parse_tlog_proof(data, display_path)
        data = proof.note.encode("utf-8")
    origin = log_origin(entry.data, name)
    checkpoint = require_checkpoint_of_log(data, display_path, log, origin, key)
    if suffix == SUFFIX and not proof.holds(checkpoint):
        raise ClaimlogError(
            f"{display_path}: does not prove what it says; nothing was published. Take it out, or "
            "make it again: claimlog prove inclusion"
        )
    if checkpoint.size > entry.size or (suffix != SUFFIX and checkpoint.size < entry.size):
        raise _other(display_path, entry)


def require_checkpoint_of_log(
    data: bytes, display_path: str, log: Log, origin: str, key: Path | None
) -> Checkpoint:
    """Return a checkpoint that is signed, of this log, and signed by the key if there is one.

    Raises
    ------
    ClaimlogError
        Naming the file, if it is none of these.
    """
    checkpoint, signatures = parse_checkpoint(data, display_path)
    if not signatures:
        raise ClaimlogError(f"{display_path}: the checkpoint is not signed; nothing was published")
    if checkpoint.origin != origin:
        raise ClaimlogError(
            f"{display_path}: is of the log {checkpoint.origin[:80]!r}, not of {origin}; nothing "
            "was published"
        )
    require_tree_of_log(log, checkpoint, display_path)
    if key is not None:
        verify_checkpoint(data, key, display_path)
    return checkpoint


def _other(display_path: str, entry: ReleaseEntry) -> ClaimlogError:
    return ClaimlogError(
        f"{display_path}: is about something else than the last issue of {entry.version}; nothing "
        f"was published. Take it out, or sign again: claimlog release --published {entry.version} "
        "--sign KEY.pem"
    )
