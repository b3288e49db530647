"""Proof files of C2SP tlog-proof (https://c2sp.org/tlog-proof): a row, its path, a checkpoint.

A file holds all that is needed to check offline, against a public key, that a row is in a log that
the key signed. The row stands in the line of extra data. That line is not authenticated by itself:
only what hashes to a leaf of the signed tree is believed, so the row is proved with the rest.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError, UsageError
from claimlog.escaping import name_in_sentence
from claimlog.log.event_log import Log
from claimlog.log.merkle import leaf_hash
from claimlog.log.proofs import HASH_BYTES, LARGEST_SIZE, includes, inclusion
from claimlog.log.tiles import ENTRY_BYTES
from claimlog.release.checkpoint import (
    Checkpoint,
    parse_checkpoint,
    signing_key_words,
    verify_checkpoint,
)
from claimlog.release.prove import PATH_LENGTH, PROOF_BYTES, leaf_hashes, root_at
from claimlog.release.signed_note import Signature, decode_text
from claimlog.release.signing_key import decode_base64
from claimlog.schema.flaws import FOLD_INPUTS
from claimlog.schema.table_schema import ENVELOPE
from claimlog.sources.anchor import COLUMNS as ANCHOR
from claimlog.strict_json import decode_object
from claimlog.untrusted_files import RIGHT_FILE, read_regular

SUFFIX = ".tlog-proof"
HEADER = "c2sp.org/tlog-proof@v1"
NAMED = 5
"""Signers that are named."""

CLAIM_KEYS = frozenset({"claim_id", *ENVELOPE, *FOLD_INPUTS["claim"], *ANCHOR})
"""Keys that every row of a claim has; a row of another stream may refer to a claim as well."""

INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True)
class TlogProof:
    """A row of a log and the proof that a signed checkpoint covers it.

    Attributes
    ----------
    line
        The row, without line feed; None if the file brings none.
    index
        Its place in the log, from 0.
    path
        Hashes from the leaf's sibling up.
    note
        The checkpoint as it stands in the file, signatures included.
    """

    line: bytes | None
    index: int
    path: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        """Return the file."""
        extra = "" if self.line is None else f"extra {base64.b64encode(self.line).decode()}\n"
        path = "".join(f"{base64.b64encode(part).decode()}\n" for part in self.path)
        return f"{HEADER}\n{extra}index {self.index}\n{path}\n{self.note}"

    def holds(self, checkpoint: Checkpoint) -> bool:
        """Whether the row is in the tree of the checkpoint."""
        return self.line is not None and includes(
            leaf_hash(self.line), self.index, checkpoint.size, self.path, checkpoint.root
        )


def prove_row(log: Log, row: Mapping[str, Any], note: str, display_path: str) -> TlogProof:
    """Return the proof that a signed checkpoint covers a claim's row.

    Parameters
    ----------
    note
        The checkpoint, signed.
    display_path
        Its file as messages name it.

    Raises
    ------
    ClaimlogError
        If it is no signed checkpoint of this log.
    UsageError
        If its tree does not reach the row.
    """
    checkpoint, signatures = parse_checkpoint(note.encode("utf-8"), display_path)
    if not signatures:
        raise ClaimlogError(f"{display_path}: the checkpoint is not signed, so it proves nothing")
    if root_at(log, checkpoint.size) != checkpoint.root:
        raise ClaimlogError(
            f"{display_path}: its tree of {checkpoint.size} rows is not what this log begins with"
        )
    if row["seq"] >= checkpoint.size:
        raise UsageError(
            f"{row['claim_id']} version {row['version']} is row {row['seq']}; the signed tree of "
            f"{checkpoint.size} rows does not hold it"
        )
    leaves = leaf_hashes(log)[: checkpoint.size]
    line = log.line_of("claims", row, row["batch"])
    return TlogProof(line, row["seq"], tuple(inclusion(leaves, row["seq"])), note)


def is_tlog_proof(path: Path) -> bool:
    """Whether a file is a proof in this form, by its name."""
    return path.name.endswith(SUFFIX)


def read_tlog_proof(path: Path) -> TlogProof:
    """Read a proof file; nothing in it is checked but its form.

    Raises
    ------
    ClaimlogError
        If it is malformed in any way.
    """
    return parse_tlog_proof(
        read_regular(path, str(path), PROOF_BYTES, remedy=RIGHT_FILE), str(path)
    )


def parse_tlog_proof(data: bytes, shown: str) -> TlogProof:
    """Read the bytes of a proof file; nothing in it is checked but its form.

    Parameters
    ----------
    shown
        The file as messages name it.

    Raises
    ------
    ClaimlogError
        If it is malformed in any way.
    """
    text = decode_text(data, shown)
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    if lines.pop(0) != HEADER:
        raise _error(shown, f"its first line is not {HEADER}")
    if not gap:
        raise _error(shown, "no checkpoint follows an empty line")
    row = _parse_extra(shown, lines.pop(0)) if lines and lines[0].startswith("extra ") else None
    index = INDEX.fullmatch(lines.pop(0)) if lines else None
    if index is None or int(index[1]) > LARGEST_SIZE:
        raise _error(shown, "expected a line: index NUMBER")
    return TlogProof(row, int(index[1]), _parse_path(shown, lines), note)


def _parse_extra(shown: str, line: str) -> bytes:
    row = decode_base64(line.removeprefix("extra "))
    if row is None or len(row) > ENTRY_BYTES:
        raise _error(shown, f"its extra data is no row of at most {ENTRY_BYTES:,} bytes in base64")
    return row


def _parse_path(shown: str, lines: Sequence[str]) -> tuple[bytes, ...]:
    if len(lines) > PATH_LENGTH:
        raise _error(shown, f"has {len(lines)} hashes, {PATH_LENGTH} are the most of any tree")
    hashes = [decode_base64(line) for line in lines]
    found = tuple(part for part in hashes if part is not None and len(part) == HASH_BYTES)
    if len(found) < len(hashes):
        raise _error(shown, "a line of its path is no hash of 32 bytes in base64 with padding")
    return found


def _error(shown: str, what: str) -> ClaimlogError:
    return ClaimlogError(f"{shown}: is no proof: {what}")


def check_tlog_proof(
    path: Path,
    key: Path | str | None,
    roots: Mapping[int, str],
    kept_sizes: Sequence[int] = (),
    place: str = "",
) -> str:
    """Check a proof file; return what it proves, in a sentence.

    Parameters
    ----------
    key
        Public key that must have signed the checkpoint; without one no signature is checked.
    roots, kept_sizes, place
        As in `claimlog.release.prove.check_proof`.

    Raises
    ------
    ClaimlogError
        If the file is no proof, does not prove what it says, is not signed by the key, or is about
        another tree than one that is known.
    """
    proof = read_tlog_proof(path)
    data = proof.note.encode("utf-8")
    checkpoint, signatures = parse_checkpoint(data, str(path))
    if key is not None:
        verify_checkpoint(data, key, str(path))
    if proof.line is None:
        raise ClaimlogError(
            f"{path}: brings no row, so that nothing says what it is the proof of; get one that "
            "claimlog prove wrote"
        )
    if not proof.holds(checkpoint):
        raise ClaimlogError(
            f"{path}: does not prove what it says; it was altered or is for another tree"
        )
    size, root = checkpoint.size, checkpoint.root.hex()
    if roots.get(size, root) != root:
        raise ClaimlogError(
            f"{path}: is about another tree: its root of {size} rows is {root}, the one that is "
            f"known here is {roots[size]}"
        )
    if odd := sorted({*kept_sizes} - {size}):
        raise ClaimlogError(f"{path}: is about a tree of {size} rows, not of {odd[0]}")
    notes = []
    if key is None:
        notes.append(
            f"not checked: its signature by {_signers(signatures)}; give the public key with --key"
        )
        if size not in roots:
            notes.append(f"not known here, hold it against a root that you kept: {size}:{root}")
    if size not in kept_sizes and size in roots and place:
        notes.append(f"the root is also the one in {place}")
    more = f" ({'; '.join(notes)})" if notes else ""
    by = "" if key is None else f", signed with {signing_key_words(key, checkpoint.origin)}"
    return (
        f"{_row_name(proof.line)} is row {proof.index} of the {size} rows of "
        f"{name_in_sentence(checkpoint.origin)} with root {root}{by}{more}"
    )


def _signers(signatures: Sequence[Signature]) -> str:
    """Return who signed a checkpoint by their own word, for a sentence."""
    names = sorted({name_in_sentence(one.name) for one in signatures})
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "") or "nobody"


def _row_name(line: bytes) -> str:
    """Return what a row is about, as it says itself; it was proved to be in the tree."""
    try:
        row = decode_object(line.decode("utf-8"))
    except ValueError:
        return f"a leaf of {len(line):,} bytes ({leaf_hash(line).hex()[:16]}…)"
    name, version = row.get("claim_id"), row.get("version")
    if row.keys() >= CLAIM_KEYS and isinstance(name, str) and type(version) is int:
        return f"{name_in_sentence(name)} version {version}"
    return f"the row {leaf_hash(line).hex()[:16]}…"
