"""The record of what was signed: for each origin of the log the last checkpoint, with its note.

It lies in the package (``signed-checkpoints.json``) and is committed with it. Before a checkpoint
is signed the log is held against it, so that no two checkpoints of one log contradict each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from claimlog.errors import ClaimlogError
from claimlog.escaping import json_text
from claimlog.package import Package
from claimlog.schema.config_files import shape_flaw

RECORD = "signed-checkpoints.json"
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
    data = package.json(RECORD)
    if flaw := shape_flaw(data, SHAPE):
        raise ClaimlogError(f"{RECORD}: {flaw}; restore it from git")
    return {origin: SignedTree(**tree) for origin, tree in data.items()}


def dump_signed_trees(trees: Mapping[str, SignedTree]) -> bytes:
    """Return the bytes of the record."""
    listed = {
        origin: {"size": tree.size, "root": tree.root, "note": tree.note}
        for origin, tree in sorted(trees.items())
    }
    return (json_text(listed) + "\n").encode("utf-8")


def largest_signed_size(package: Package) -> int:
    """Return the number of rows that some signed checkpoint covers; 0 if nothing was signed."""
    return max((tree.size for tree in read_signed_trees(package).values()), default=0)
