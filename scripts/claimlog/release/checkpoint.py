"""Checkpoints: size and root of the log in a form that other tools check.

The text is that of C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint): origin, size and root,
one a line, and lines of extensions, which are passed over here but covered by the signature. It may
be signed as a note (`claimlog.release.signed_note`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.escaping import name_in_sentence
from claimlog.log.merkle import EMPTY_ROOT
from claimlog.release.signed_note import Signature, decode_text, parse_note, sign_note, verify_note
from claimlog.release.signing_key import decode_base64, read_public_key

NUMBER = re.compile(r"0|[1-9][0-9]{0,19}")
LARGEST_SIZE = 2**64 - 1


@dataclass(frozen=True)
class Checkpoint:
    """Size and root of the log that `origin` names; extension lines make no other checkpoint."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = field(default=(), compare=False)

    def text(self) -> str:
        """Return the lines, each ended."""
        root = base64.b64encode(self.root).decode()
        return "".join(f"{line}\n" for line in (self.origin, self.size, root, *self.extensions))

    def note(self, key: Path | None = None) -> str:
        """Return the checkpoint, signed with the private key in the PEM file `key` if given.

        Raises
        ------
        ClaimlogError
            If the file holds no Ed25519 private key, the origin is no name to sign under, or no
            tree has this size or root.
        """
        text = self.text()
        if key is None:
            return text
        _parse_text(text, "the checkpoint to sign")
        return sign_note(text, self.origin, key)


def log_origin(stated: Mapping[str, Any], name: str) -> str:
    """Return the origin of a log's checkpoints.

    Parameters
    ----------
    stated
        An entry of the index or a release's ``release.json``. Without ``log_origin``, as in
        releases up to 0.2.0, the origin is the name of the dataset.
    """
    return str(stated.get("log_origin", name))


def parse_checkpoint(data: bytes, display_path: str) -> tuple[Checkpoint, tuple[Signature, ...]]:
    """Return a checkpoint and its signatures, unverified; none if it is not signed.

    Raises
    ------
    ClaimlogError
        If it is no checkpoint, or signed in a form that is no signed note.
    """
    if b"\n\n" not in data:
        return _parse_text(decode_text(data, display_path), display_path), ()
    note = parse_note(data, display_path)
    return _parse_text(note.text, display_path), note.signatures


def verify_checkpoint(data: bytes, key: Path | str, display_path: str) -> Checkpoint:
    """Return the checkpoint if a public key has signed it.

    Parameters
    ----------
    key
        As in `claimlog.release.signing_key.read_public_key`; a key in PEM form signs under the
        origin.

    Raises
    ------
    ClaimlogError
        If it is no checkpoint, not signed, signed by other keys only, or the signature does not
        fit the text.
    """
    checkpoint, signatures = parse_checkpoint(data, display_path)
    if not signatures:
        raise ClaimlogError(f"{display_path}: the checkpoint is not signed")
    verify_note(parse_note(data, display_path), key, checkpoint.origin)
    return checkpoint


def signing_key_words(key: Path | str, origin: str) -> str:
    """Return by which key a checkpoint is signed, for a sentence, and its name if that differs.

    Raises
    ------
    ClaimlogError
        If it is no public key.
    """
    name = read_public_key(key, origin).name
    which = key.name if isinstance(key, Path) else name
    own = "" if name in (origin, which) else f" under the name {name_in_sentence(name)}"
    return f"the key {which}{own}"


def _parse_text(text: str, display_path: str) -> Checkpoint:
    """Read the text of a checkpoint."""
    if not text.endswith("\n"):
        raise _error(display_path, "its last line is cut off; expected a line feed at its end")
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3:
        raise _error(display_path, "expected three lines: origin, tree size, root in base64")
    if "" in lines:
        raise _error(display_path, f"line {lines.index('') + 1} is empty")
    origin, size, encoded, *extensions = lines
    if not NUMBER.fullmatch(size) or int(size) > LARGEST_SIZE:
        raise _error(display_path, "line 2 is no tree size; expected a number below 2**64")
    root = decode_base64(encoded)
    if root is None or len(root) != 32:
        raise _error(display_path, "line 3 is no root; expected 32 bytes in base64 with padding")
    if size == "0" and root != EMPTY_ROOT:
        raise _error(display_path, "a tree of no rows has the root of nothing, not this one")
    return Checkpoint(origin, int(size), root, tuple(extensions))


def _error(display_path: str, what: str) -> ClaimlogError:
    return ClaimlogError(f"{display_path}: is no checkpoint: {what}")
