"""Checkpoints: size and root of the log in a form that other tools check.

The text is that of C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint): origin, size and root,
one a line. It may be signed as a C2SP signed note (https://c2sp.org/signed-note) with Ed25519. The
key is the maintainer's and never part of a package.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from claimlog.errors import ClaimlogError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

ED25519 = b"\x01"
DASH = "\N{EM DASH}"
SIGNATURE = re.compile(rf"{DASH} (?P<name>[^\s+]+) (?P<data>[A-Za-z0-9+/]+={{0,2}})")
NUMBER = re.compile(r"0|[1-9][0-9]*")


@dataclass(frozen=True)
class Checkpoint:
    """Size and root of the log that `origin` names."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the three lines, each ended."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def note(self, key: Path | None = None) -> str:
        """Return the checkpoint, signed with the private key in the PEM file `key` if given.

        Raises
        ------
        ClaimlogError
            If the file holds no Ed25519 private key.
        """
        text = self.text()
        if key is None:
            return text
        private = _private_key(key)
        raw = private.public_key().public_bytes_raw()
        signed = key_id(self.origin, raw) + private.sign(text.encode())
        return f"{text}\n{DASH} {self.origin} {base64.b64encode(signed).decode()}\n"


def parse(note: str, shown: str) -> tuple[Checkpoint, list[tuple[str, bytes]]]:
    """Return a checkpoint and its signatures (name, key id and signature), unchecked.

    Raises
    ------
    ClaimlogError
        If the text is no checkpoint.
    """
    body, gap, rest = note.partition("\n\n")
    text = body + "\n" if gap else note
    lines = text.split("\n")
    try:
        origin, size, root, end = lines
        decoded = base64.b64decode(root, validate=True)
        if not origin or end or not NUMBER.fullmatch(size) or len(decoded) != 32:
            raise ValueError
    except (ValueError, binascii.Error):
        raise ClaimlogError(
            f"{shown}: is no checkpoint; expected three lines: origin, tree size, root in base64"
        ) from None
    signatures = []
    for line in rest.splitlines():
        match = SIGNATURE.fullmatch(line)
        if match is None:
            raise ClaimlogError(
                f"{shown}: a signature line is malformed; expected {DASH} NAME DATA"
            )
        signatures.append((match["name"], base64.b64decode(match["data"])))
    found = Checkpoint(origin, int(size), decoded)
    if found.text() != text:
        raise ClaimlogError(f"{shown}: is not written as a checkpoint is; restore the file")
    return found, signatures


def check_signature(note: str, key: Path, shown: str) -> Checkpoint:
    """Return the checkpoint if the public key in the PEM file `key` has signed it.

    Raises
    ------
    ClaimlogError
        If it is not signed, signed by another key only, or the signature does not fit the text.
    """
    from cryptography.exceptions import InvalidSignature

    checkpoint, signatures = parse(note, shown)
    if not signatures:
        raise ClaimlogError(f"{shown}: the checkpoint is not signed")
    public = _public_key(key)
    own = key_id(checkpoint.origin, public.public_bytes_raw())
    fitting = [
        data[4:] for name, data in signatures if name == checkpoint.origin and data[:4] == own
    ]
    if not fitting:
        raise ClaimlogError(
            f"{shown}: the checkpoint is signed, but not with the key in {key.name}; "
            "ask the maintainers for the key of this release"
        )
    try:
        for signature in fitting:
            public.verify(signature, checkpoint.text().encode())
    except InvalidSignature:
        raise ClaimlogError(
            f"{shown}: the signature does not fit the checkpoint: text or signature was changed"
        ) from None
    return checkpoint


def key_id(name: str, public: bytes) -> bytes:
    """Return the four bytes that tell keys apart: SHA-256 of name, line feed, type and key."""
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def verifier_key(name: str, key: Path) -> str:
    """Return the public half of a private key as a signed-note verifier key (vkey)."""
    raw = _private_key(key).public_key().public_bytes_raw()
    data = base64.b64encode(ED25519 + raw).decode()
    return f"{name}+{key_id(name, raw).hex()}+{data}"


def _private_key(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = _load(path, lambda data: load_pem_private_key(data, None))
    if not isinstance(key, Ed25519PrivateKey):
        raise ClaimlogError(f"{path}: holds no Ed25519 private key; {MAKE_KEY}")
    return key


def _public_key(path: Path) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = _load(path, load_pem_public_key)
    if not isinstance(key, Ed25519PublicKey):
        raise ClaimlogError(f"{path}: holds no Ed25519 public key")
    return key


MAKE_KEY = "make one with: openssl genpkey -algorithm ed25519 -out key.pem"


def _load(path: Path, load: Callable[[bytes], object]) -> object:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load(path.read_bytes())
    except OSError as error:
        raise ClaimlogError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ClaimlogError(f"{path}: is no key in PEM form; {MAKE_KEY}") from error
