"""Signing checkpoints so that no two of one log contradict each other.

What was signed last is on record in the package (`claimlog.log.signed_trees`). The record is
written before anybody gets the signature: a run that is cut off between the two has signed nothing
that the next run does not know.
"""

from __future__ import annotations

from pathlib import Path

from claimlog.edit.open_batch import log_lock
from claimlog.errors import ClaimlogError
from claimlog.log.event_log import Log
from claimlog.log.signed_trees import RECORD, SignedTree, dump_signed_trees, read_signed_trees
from claimlog.release.checkpoint import Checkpoint
from claimlog.release.prove import root_at


def present_origin(log: Log) -> str:
    """Return the origin under which checkpoints of a log are signed today."""
    descriptor = log.definition.descriptor
    return str(descriptor.get("logOrigin") or descriptor["name"])


def require_signable(log: Log, checkpoint: Checkpoint) -> None:
    """Refuse a checkpoint that contradicts the log, or one that was signed before.

    Raises
    ------
    ClaimlogError
        If it is smaller than the last one under its origin, has the size of one with another root,
        or is not of a tree that begins with every tree that was signed.
    """
    if root_at(log, checkpoint.size) != checkpoint.root:
        raise ClaimlogError(
            f"the tree of {checkpoint.size} rows with root {checkpoint.root.hex()[:16]}… is not "
            "that of this log; nothing was signed"
        )
    for origin, signed in read_signed_trees(log.package).items():
        root = root_at(log, signed.size)
        if root is None or root.hex() != signed.root:
            found = "has less rows" if root is None else f"has the root {root.hex()[:16]}… there"
            raise ClaimlogError(
                f"{RECORD}: {signed.size} rows with root {signed.root[:16]}… were signed as "
                f"{origin}, and the log {found}: it was rewritten; restore events/ from git, "
                "nothing was signed"
            )
        if origin == checkpoint.origin and checkpoint.size < signed.size:
            raise ClaimlogError(
                f"{RECORD}: {signed.size} rows were signed as {origin}, so that {checkpoint.size} "
                "are never signed after them; sign releases in their order, nothing was signed"
            )


def sign_checkpoint(log: Log, checkpoint: Checkpoint, key: Path) -> str:
    """Return a checkpoint as a signed note, once it is on record as signed.

    Parameters
    ----------
    key
        PEM file of an Ed25519 private key.

    Raises
    ------
    ClaimlogError
        As `require_signable` does, or if the file holds no such key.
    OSError
        If the record cannot be written.
    """
    with log_lock(log.package):
        require_signable(log, checkpoint)
        note = checkpoint.note(key)
        signed = SignedTree(checkpoint.size, checkpoint.root.hex(), note)
        trees = {**read_signed_trees(log.package), checkpoint.origin: signed}
        log.package.write(log.package.root / RECORD, dump_signed_trees(trees))
    return note
