"""Proofs as JSON documents: that a row is in the log, that one tree extends another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from claimlog.errors import ClaimlogError, UsageError
from claimlog.events.log import Log
from claimlog.events.merkle import leaf_hash
from claimlog.events.proofs import consistency, extends, includes, inclusion, tree_root
from claimlog.ijson import decode

ALGORITHM = "RFC 9162, SHA-256"


def leaves(log: Log) -> list[bytes]:
    """Return the leaf hashes of the whole log, in order."""
    parts = [frame.select("seq", "event_id") for frame in log.frames.values()]
    rows = pl.concat(parts).sort("seq")
    return [bytes.fromhex(name) for name in rows["event_id"]]


def prove_inclusion(log: Log, row: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Return a proof that a row is in the tree of the first `size` rows.

    Raises
    ------
    UsageError
        If that tree does not reach it.
    """
    if row["seq"] >= size:
        raise UsageError(
            f"{row['claim_id']} version {row['version']} is row {row['seq']}; a tree of {size} "
            "rows does not hold it"
        )
    held = leaves(log)[:size]
    return {
        "type": "inclusion",
        "algorithm": ALGORITHM,
        "claim_id": row["claim_id"],
        "version": row["version"],
        "leaf": log.line_of("claims", row, row["batch"]).decode("utf-8"),
        "leaf_hash": row["event_id"],
        "leaf_index": row["seq"],
        "tree_size": size,
        "root": tree_root(held).hex(),
        "path": [part.hex() for part in inclusion(held, row["seq"])],
    }


def prove_consistency(log: Log, first: int, second: int) -> dict[str, Any]:
    """Return a proof that the tree of `second` rows begins with that of `first`.

    Raises
    ------
    UsageError
        If the first is the larger one.
    """
    if first > second:
        raise UsageError(f"a tree of {second} rows does not extend one of {first}; swap them")
    held = leaves(log)[:second]
    return {
        "type": "consistency",
        "algorithm": ALGORITHM,
        "first_size": first,
        "first_root": tree_root(held[:first]).hex(),
        "second_size": second,
        "second_root": tree_root(held).hex(),
        "path": [part.hex() for part in consistency(held, first)],
    }


SHAPES: dict[str, dict[str, type]] = {
    "inclusion": {
        "leaf": str,
        "leaf_hash": bytes,
        "leaf_index": int,
        "tree_size": int,
        "root": bytes,
        "path": list,
    },
    "consistency": {
        "first_size": int,
        "first_root": bytes,
        "second_size": int,
        "second_root": bytes,
        "path": list,
    },
}


def check(path: Path, roots: Mapping[int, str]) -> str:
    """Check a proof; return what it proves, in a sentence.

    Parameters
    ----------
    roots
        Roots that are known and trusted, by size of the tree; a proof about a tree of one of these
        sizes must be about that tree.

    Raises
    ------
    ClaimlogError
        If the file is no proof, does not prove what it says, or is about another tree.
    """
    try:
        proof = decode(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ClaimlogError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise ClaimlogError(f"{path}: is no proof: {error}") from error
    kind = proof.get("type")
    if kind not in SHAPES:
        raise ClaimlogError(f'{path}: is no proof; expected "type" inclusion or consistency')
    found = {name: _value(path, proof, name, kind_) for name, kind_ in SHAPES[kind].items()}
    if kind == "inclusion":
        good = leaf_hash(found["leaf"].encode("utf-8")) == found["leaf_hash"] and includes(
            found["leaf_hash"],
            found["leaf_index"],
            found["tree_size"],
            found["path"],
            found["root"],
        )
        trees = [(found["tree_size"], found["root"])]
        said = (
            f"row {found['leaf_index']} ({found['leaf_hash'].hex()[:16]}…) is in the tree of "
            f"{found['tree_size']} rows with root {found['root'].hex()}"
        )
    else:
        trees = [
            (found["first_size"], found["first_root"]),
            (found["second_size"], found["second_root"]),
        ]
        good = extends(*trees[0], *trees[1], found["path"])
        said = (
            f"the tree of {found['second_size']} rows begins with all "
            f"{found['first_size']} rows of the other"
        )
    if not good:
        raise ClaimlogError(
            f"{path}: does not prove what it says; it was altered or is for another tree"
        )
    for size, root in trees:
        if size in roots and roots[size] != root.hex():
            raise ClaimlogError(
                f"{path}: is about another tree: its root of {size} rows is {root.hex()[:16]}…, "
                f"this log's is {roots[size][:16]}…"
            )
    known = all(size in roots for size, _ in trees)
    return said + ("" if known else " (the root itself is not one that this checkout knows)")


def _value(path: Path, proof: Mapping[str, Any], name: str, kind: type) -> Any:
    value = proof.get(name)
    try:
        if kind is int and isinstance(value, int) and not isinstance(value, bool):
            return value
        if kind is str and isinstance(value, str):
            return value
        if kind is bytes and isinstance(value, str) and len(value) == 64:
            return bytes.fromhex(value)
        if kind is list and isinstance(value, list) and len(value) <= 128:
            return [bytes.fromhex(part) for part in value]
    except (ValueError, TypeError):
        pass
    raise ClaimlogError(f'{path}: is no proof: "{name}" is missing or malformed')
