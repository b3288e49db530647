"""Signing checkpoints so that no two of one log contradict each other.

What was signed last is on record in the package (`claimlog.log.signed_trees`); what was signed
before is in commits of this branch, of others, and of clones that were fetched. The record is
written before anybody gets the signature: a run that is cut off between the two has signed nothing
that the next run does not know.
"""

from __future__ import annotations

from pathlib import Path

from claimlog.edit.log_lock import log_lock
from claimlog.errors import ClaimlogError
from claimlog.log.event_log import Log
from claimlog.log.signed_trees import (
    RECORD,
    SignedTree,
    committed_signed_trees,
    dump_signed_trees,
    read_signed_trees,
)
from claimlog.release.checkpoint import Checkpoint
from claimlog.release.prove import root_at
from claimlog.release.published_checkpoint import require_continuation
from claimlog.release.signed_note import parse_note, verify_note
from claimlog.release.signing_key import read_private_key, verifier_key


def present_origin(log: Log) -> str:
    """Return the origin under which checkpoints of a log are signed today."""
    descriptor = log.definition.descriptor
    return str(descriptor.get("logOrigin") or descriptor["name"])


def require_signable(
    log: Log, checkpoint: Checkpoint, key: Path, published: Path | None = None
) -> None:
    """Refuse a checkpoint that contradicts the log, or one that was signed before.

    Of commits, which may be a stranger's, only what the key signed counts. An entry of the record
    under an earlier origin may be signed with an earlier key, so that it counts too, as the
    record's word.

    Parameters
    ----------
    key
        PEM file of the private key that is to sign it.
    published
        Directory in which the log is published as tiles.

    Raises
    ------
    ClaimlogError
        If it is smaller than the last one under its origin, has the size of one with another root,
        or is not of a tree that begins with every tree that was signed, and all that the record
        holds; if the record holds one under its origin that the key did not sign; or if git fails.
    """
    read_private_key(key)  # one that cannot be read has not signed anything below
    if root_at(log, checkpoint.size) != checkpoint.root:
        raise ClaimlogError(
            f"the tree of {checkpoint.size} rows with root {checkpoint.root.hex()[:16]}… is not "
            "that of this log; nothing was signed"
        )
    trees = read_signed_trees(log.package)
    unsigned = {o: tree for o, tree in trees.items() if not _is_signed(tree, o, key)}
    if checkpoint.origin in unsigned:
        raise ClaimlogError(
            f"{RECORD}: the note of {checkpoint.origin} is not signed with this key; restore it "
            "from git, or take that entry out if the log has a new key, nothing was signed"
        )
    own = {origin: tree for origin, tree in trees.items() if origin not in unsigned}
    known = {(origin, tree.size, tree.root): RECORD for origin, tree in own.items()}
    for commit, origin, tree in committed_signed_trees(log.package):
        place = f"{RECORD} in the commit {commit[:12]}"
        if (origin, tree.size, tree.root) not in known and _is_signed(tree, origin, key):
            known[origin, tree.size, tree.root] = place
    for (origin, size, stated), place in known.items():
        root = root_at(log, size)
        if root is None or root.hex() != stated:
            found = "has less rows" if root is None else f"has the root {root.hex()[:16]}… there"
            raise ClaimlogError(
                f"{place}: {size} rows with root {stated[:16]}… were signed as "
                f"{origin}, and the log {found}: it was rewritten; restore events/ from git, "
                "nothing was signed"
            )
        if origin == checkpoint.origin and checkpoint.size < size:
            raise ClaimlogError(
                f"{place}: {size} rows were signed as {origin}, so that {checkpoint.size} "
                "are never signed after them; sign releases in their order, nothing was signed"
            )
    for origin, tree in unsigned.items():
        root = root_at(log, tree.size)
        if root is None or root.hex() != tree.root:
            raise ClaimlogError(
                f"{RECORD}: the note of {origin} is not signed with this key, and the log does not "
                f"begin with its {tree.size} rows with root {tree.root[:16]}…; restore the record "
                "from git, or take that entry out if nobody signed it, nothing was signed"
            )
    if published is not None:
        require_continuation(log, checkpoint, published, log.package.relative(published))


def _is_signed(tree: SignedTree, origin: str, key: Path) -> bool:
    """Whether the note of a tree is signed with the private key in a PEM file."""
    try:
        verify_note(parse_note(tree.note.encode(), RECORD), verifier_key(origin, key))
    except (ClaimlogError, UnicodeEncodeError):
        return False
    return True


def sign_checkpoint(
    log: Log, checkpoint: Checkpoint, key: Path, published: Path | None = None
) -> str:
    """Return a checkpoint as a signed note, once it is on record as signed.

    Parameters
    ----------
    key
        PEM file of an Ed25519 private key.
    published
        Directory in which the log is published as tiles; what lies there is looked at first.

    Raises
    ------
    ClaimlogError
        As `require_signable` does, or if the file holds no such key.
    OSError
        If the record cannot be written.
    """
    with log_lock(log.package):
        require_signable(log, checkpoint, key, published)
        note = checkpoint.note(key)
        signed = SignedTree(checkpoint.size, checkpoint.root.hex(), note)
        trees = {**read_signed_trees(log.package), checkpoint.origin: signed}
        log.package.write(log.package.root / RECORD, dump_signed_trees(trees))
    return note


def last_signed_note(log: Log, origin: str, key: Path | None = None) -> str:
    """Return the last checkpoint of the log that was signed under an origin.

    Parameters
    ----------
    key
        Public key that must have signed it; without one its signature is not verified.

    Raises
    ------
    ClaimlogError
        If there is none, it has no signature under the name of the origin, or the key has not
        signed it.
    """
    signed = read_signed_trees(log.package).get(origin)
    if signed is None:
        raise ClaimlogError(
            f"no checkpoint of {origin} was signed yet, and nobody follows a log without one; "
            "sign it: claimlog tiles --out DIR --sign KEY.pem"
        )
    note = parse_note(signed.note.encode(), RECORD)
    if not any((one.name, len(one.data)) == (origin, 64) for one in note.signatures):
        raise ClaimlogError(
            f"{RECORD}: the note of {origin} has no signature under that name; restore it from git"
        )
    if key is not None:
        verify_note(note, key, origin)
    return signed.note
