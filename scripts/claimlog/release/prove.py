"""Proofs of inclusion and consistency as JSON documents: making and checking them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from claimlog.errors import ClaimlogError, UsageError
from claimlog.log.event_log import Log
from claimlog.log.merkle import EMPTY_ROOT, leaf_hash
from claimlog.log.proofs import consistency, extends, includes, inclusion, tree_root
from claimlog.strict_json import decode_object
from claimlog.untrusted_files import RIGHT_FILE, read_regular

ALGORITHM = "RFC 9162, SHA-256"

PROOF_BYTES = 1 << 20
"""Largest file of a proof; a row of 65,535 bytes needs less, even if all of it is escaped."""

PATH_LENGTH = 64
"""The longest path in a tree of less than 2**63 rows."""

HASH = re.compile(r"[0-9a-f]{64}")


def leaf_hashes(log: Log) -> list[bytes]:
    """Return the leaf hashes of the whole log, in order."""
    parts = [log.columns(stream, ("seq", "event_id")) for stream in log.streams]
    names = {seq: row.leaf_hash for seq, row in log.taken_rows.items()}
    taken = pl.DataFrame({"seq": [*names], "event_id": [*names.values()]}, schema=parts[0].schema)
    rows = pl.concat([*parts, taken]).sort("seq")
    return [bytes.fromhex(name) for name in rows["event_id"]]


def root_at(log: Log, size: int) -> bytes | None:
    """Return the root over the first `size` rows; None if there are not so many."""
    roots = {0: EMPTY_ROOT, **dict(log.trees)}
    if size > log.size:
        return None
    return roots[size] if size in roots else tree_root(leaf_hashes(log)[:size])


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
    leaves = leaf_hashes(log)[:size]
    return {
        "type": "inclusion",
        "algorithm": ALGORITHM,
        "claim_id": row["claim_id"],
        "version": row["version"],
        "leaf": log.line_of("claims", row, row["batch"]).decode("utf-8"),
        "leaf_hash": row["event_id"],
        "leaf_index": row["seq"],
        "tree_size": size,
        "root": tree_root(leaves).hex(),
        "path": [part.hex() for part in inclusion(leaves, row["seq"])],
    }


def prove_consistency(log: Log, first: int, second: int) -> dict[str, Any]:
    """Return a proof that the tree of `second` rows begins with that of `first`.

    Raises
    ------
    UsageError
        If the first is the larger one, or holds no row.
    """
    if first == 0 < second:
        raise UsageError("every log begins with an empty one; name a release that holds rows")
    if first > second:
        raise UsageError(f"a tree of {second} rows does not extend one of {first}; swap them")
    leaves = leaf_hashes(log)[:second]
    return {
        "type": "consistency",
        "algorithm": ALGORITHM,
        "first_size": first,
        "first_root": tree_root(leaves[:first]).hex(),
        "second_size": second,
        "second_root": tree_root(leaves).hex(),
        "path": [part.hex() for part in consistency(leaves, first)],
    }


PROOF_FIELDS: dict[str, dict[str, type]] = {
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


def check_proof(
    path: Path, roots: Mapping[int, str], kept_sizes: Collection[int] = (), place: str = ""
) -> str:
    """Check a proof; return what it proves, in a sentence.

    Parameters
    ----------
    roots
        Roots that are known and trusted, by size of the tree; a proof about a tree of one of these
        sizes must be about that tree.
    kept_sizes
        Sizes among them that the proof must be about: the user gave these roots.
    place
        The checkout whose log gives the other roots, if one does; the sentence names it.

    Raises
    ------
    ClaimlogError
        If the file is no proof, does not prove what it says, or is about another tree.
    """
    kind, values = _read_proof(path)
    holds, trees, sentence = (_check_inclusion if kind == "inclusion" else _check_consistency)(
        values
    )
    if not holds:
        raise ClaimlogError(
            f"{path}: does not prove what it says; it was altered or is for another tree"
        )
    for size, root in trees:
        if size in roots and roots[size] != root.hex():
            raise ClaimlogError(
                f"{path}: is about another tree: its root of {size} rows is {root.hex()}, the one "
                f"that is known here is {roots[size]}"
            )
    if odd := sorted({*kept_sizes} - {size for size, _ in trees}):
        sizes = " and ".join(str(size) for size, _ in trees)
        raise ClaimlogError(f"{path}: is about trees of {sizes} rows, not of {odd[0]}")
    notes = []
    known = [size for size, _ in trees if size in roots and size not in kept_sizes]
    if place and known:
        sizes = " and ".join(map(str, known))
        notes.append(f"the root of {sizes} rows is the one in {place}, by the word of that log")
    if unknown := [f"{size}:{root.hex()}" for size, root in trees if size not in roots]:
        notes.append(f"not known here, hold it against a root that you kept: {', '.join(unknown)}")
    return f"{sentence} ({'; '.join(notes)})" if notes else sentence


def _check_inclusion(proof: Mapping[str, Any]) -> tuple[bool, list[tuple[int, bytes]], str]:
    """Return whether a proof of inclusion holds, its tree, and what it says."""
    leaf, index, size, root = (
        proof[name] for name in ("leaf_hash", "leaf_index", "tree_size", "root")
    )
    holds = (
        leaf_hash(proof["leaf"].encode("utf-8")) == leaf
        and _is_row(proof)
        and includes(leaf, index, size, proof["path"], root)
    )
    sentence = (
        f"row {index} ({leaf.hex()[:16]}…) is in the tree of {size} rows with root {root.hex()}"
    )
    return holds, [(size, root)], sentence


def _is_row(proof: Mapping[str, Any]) -> bool:
    """Whether the leaf is the row of the claim and version that a proof names, if it names any."""
    if not proof["names"]:
        return True
    try:
        row = decode_object(proof["leaf"])
    except ValueError:
        return False
    return all(
        name in row and type(row[name]) is type(value) and row[name] == value
        for name, value in proof["names"].items()
    )


def _check_consistency(proof: Mapping[str, Any]) -> tuple[bool, list[tuple[int, bytes]], str]:
    """Return whether a proof of consistency holds, its two trees, and what it says."""
    first, second = (
        (proof[f"{which}_size"], proof[f"{which}_root"]) for which in ("first", "second")
    )
    sentence = f"the tree of {second[0]} rows begins with all {first[0]} rows of the other"
    return extends(*first, *second, proof["path"]), [first, second], sentence


def _read_proof(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the kind of a proof and its values, hashes as bytes; ``names``: claim and version."""
    data = read_regular(path, str(path), PROOF_BYTES, remedy=RIGHT_FILE)
    try:
        proof = decode_object(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ClaimlogError(f"{path}: is no proof: byte {error.start} is not UTF-8") from None
    except ValueError as error:
        raise ClaimlogError(f"{path}: is no proof: {error}") from error
    kind = proof.get("type")
    if not isinstance(kind, str) or kind not in PROOF_FIELDS:
        raise ClaimlogError(f'{path}: is no proof; expected "type" inclusion or consistency')
    if proof.get("algorithm", ALGORITHM) != ALGORITHM:
        raise ClaimlogError(f'{path}: cannot be checked; expected "algorithm" {ALGORITHM}')
    values = {name: _value(path, proof, name, shape) for name, shape in PROOF_FIELDS[kind].items()}
    values["names"] = {name: proof[name] for name in ("claim_id", "version") if name in proof}
    return kind, values


def _value(path: Path, proof: Mapping[str, Any], name: str, kind: type) -> Any:
    value = proof.get(name)
    if kind is int and type(value) is int and value >= 0:  # a boolean is an int in Python
        return value
    if kind is str and isinstance(value, str):
        return value
    if kind is bytes and (found := _hash(value)) is not None:
        return found
    if kind is list and isinstance(value, list) and len(value) <= PATH_LENGTH:
        parts = [_hash(part) for part in value]
        if None not in parts:
            return parts
    raise ClaimlogError(f'{path}: is no proof: "{name}" is missing or malformed')


def _hash(value: object) -> bytes | None:
    """Return the bytes of a hash of 64 small hexadecimal digits; None if it is none."""
    written = isinstance(value, str) and HASH.fullmatch(value)
    return bytes.fromhex(written[0]) if written else None


def claim_row(log: Log, claim_id: str, version: int | None = None) -> dict[str, Any]:
    """Return a claim's row, its last version by default.

    Raises
    ------
    ClaimlogError
        If there is no such claim or version.
    """
    rows = log.history("claims", claim_id)
    if version is not None:
        rows = rows.filter(pl.col("version") == version)
    gone = log.taken_of("claims", claim_id).values() if rows.is_empty() else ()
    if lost := next((row for row in gone if row.version == version), None):
        raise ClaimlogError(f"{claim_id}: {lost.sentence}; only its hash can be proved")
    if rows.is_empty():
        which = claim_id if version is None else f"{claim_id} version {version}"
        raise ClaimlogError(f"{which}: is no claim of the log; claimlog log lists its batches")
    return rows.row(-1, named=True)
