"""The record of what was signed: for each origin of the log the last checkpoint, with its note.

It lies in the package (``signed-checkpoints.json``) and is committed with it. Before a checkpoint
is signed the log is held against it, so that no two checkpoints of one log contradict each other.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from claimlog.checkout import Checkout
from claimlog.errors import ClaimlogError
from claimlog.escaping import json_text
from claimlog.git import CheckoutError
from claimlog.package import Package
from claimlog.schema.json_schemas import shape_flaw
from claimlog.untrusted_files import parse_json

RECORD = "signed-checkpoints.json"
SIGNATURE = "\N{EM DASH} "
"""How a line with a signature begins in a signed note."""

ORIGINS = 100
"""Origins of one log: ours has two, because releases up to 0.2.0 were of a log without a URL."""

SHAPE = {
    "type": "object",
    "maxProperties": ORIGINS,
    "additionalProperties": {
        "type": "object",
        "additionalProperties": False,
        "required": ["size", "root", "note"],
        "properties": {
            "size": {"type": "integer", "minimum": 0},
            "root": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "note": {"type": "string"},
        },
    },
}


@dataclass(frozen=True)
class SignedTree:
    """A tree whose checkpoint was signed: its size, its root in hex, and the signed note."""

    size: int
    root: str
    note: str

    def note_flaw(self, origin: str) -> str | None:
        """Say how the note is not one about this tree and nothing else, or return None.

        Its signatures are not verified.
        """
        root = base64.b64encode(bytes.fromhex(self.root)).decode()
        text = f"{origin}\n{self.size}\n{root}\n\n"
        *signatures, end = self.note.removeprefix(text).split("\n")
        if not self.note.startswith(text):
            return "is not about the size and root beside it"
        if not signatures or end or not all(line.startswith(SIGNATURE) for line in signatures):
            return "has no signatures below its three lines, or more than that"
        return None


def read_signed_trees(package: Package) -> dict[str, SignedTree]:
    """Return the last tree that was signed under each origin of the log; none without a record.

    Raises
    ------
    ClaimlogError
        If the record cannot be read, or has another form than `dump_signed_trees` gives it.
    """
    path = package.root / RECORD
    if not path.exists() and not path.is_symlink():
        return {}
    return _parse_record(package.data(RECORD))


def _parse_record(data: bytes) -> dict[str, SignedTree]:
    listed = parse_json(data, RECORD)
    if flaw := shape_flaw(listed, SHAPE):
        raise ClaimlogError(f"{RECORD}: {flaw}; restore it from git")
    trees = {origin: SignedTree(**tree) for origin, tree in listed.items()}
    for origin, tree in trees.items():
        if flaw := tree.note_flaw(origin):
            raise ClaimlogError(f"{RECORD}: the note of {origin} {flaw}; restore it from git")
    if data != dump_signed_trees(trees):
        raise ClaimlogError(f"{RECORD}: is not as claimlog wrote it; restore it from git")
    return trees


def committed_signed_trees(package: Package) -> Iterator[tuple[str, str, SignedTree]]:
    """Yield what any commit here has on record: the commit, the origin and the tree.

    Branches that were left and those of other clones that were fetched are among them; so may be
    commits of strangers. A record that is none is passed over.

    Raises
    ------
    CheckoutError
        If git fails; not where there is no checkout.
    """
    try:
        checkout = Checkout.of(package)
    except CheckoutError:
        return
    for commit, data in checkout.versions(RECORD):
        try:
            trees = _parse_record(data)
        except ClaimlogError:
            continue
        for origin, tree in trees.items():
            yield commit, origin, tree


def dump_signed_trees(trees: Mapping[str, SignedTree]) -> bytes:
    """Return the bytes of the record."""
    listed = {
        origin: {"size": tree.size, "root": tree.root, "note": tree.note}
        for origin, tree in sorted(trees.items())
    }
    return (json_text(listed) + "\n").encode("utf-8")
