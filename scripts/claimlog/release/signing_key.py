"""Ed25519 keys that sign notes: PEM files, and verifier keys (vkeys) of C2SP signed-note.

A name is part of a key: its ID is a hash of both. The maintainer's private key is never part of a
package.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from claimlog.errors import ClaimlogError
from claimlog.untrusted_files import RIGHT_FILE, read_regular

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

KEY_BYTES = 65_536
ED25519 = b"\x01"
"""C2SP's type of a signature made by Ed25519 over the text."""

MAKE_KEY = "make one with: openssl genpkey -algorithm ed25519 -out key.pem"
PUBLIC_KEY = "write it with: openssl pkey -in key.pem -pubout"


@dataclass(frozen=True)
class PublicKey:
    """A key that may have signed a note, under a name."""

    name: str
    raw: bytes

    @property
    def vkey(self) -> str:
        """The key as a verifier key: name, key ID and key in one word."""
        data = base64.b64encode(ED25519 + self.raw).decode()
        return f"{self.name}+{key_id(self.name, self.raw).hex()}+{data}"


def key_id(name: str, public: bytes) -> bytes:
    """Return the four bytes that identify a key: SHA-256 of name, line feed, type and key."""
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def is_key_name(name: str) -> bool:
    """Whether a name may stand in a signature line: not empty, no white space, no plus."""
    lone = any("\ud800" <= letter <= "\udfff" for letter in name)
    return bool(name) and "+" not in name and not lone and not any(map(str.isspace, name))


def require_signing_name(name: str) -> None:
    """Refuse to sign under a name that other readers would not take, or that is not printable.

    Raises
    ------
    ClaimlogError
        If it is such a name.
    """
    if not is_key_name(name) or not name.isprintable():
        raise ClaimlogError(
            f"{name!r}: is no name to sign under; expected one without spaces, plus signs and "
            "control characters"
        )


def decode_base64(text: str) -> bytes | None:
    """Decode standard base64 with padding; None if the text is written otherwise.

    >>> decode_base64("AAECAw=="), decode_base64("AAECAw"), decode_base64("AAECAx==")
    (b'\\x00\\x01\\x02\\x03', None, None)
    """
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    # one form for one value: stray bits before the padding would be a second
    return data if base64.b64encode(data).decode() == text else None


def read_public_key(key: Path | str, name: str | None = None) -> PublicKey:
    """Return a public key with the name under which it signs.

    Parameters
    ----------
    key
        A verifier key (``name+hash+base64``), or a file that holds one or an Ed25519 public key
        in PEM form.
    name
        Name under which a key in PEM form signs, which does not say it; a verifier key brings its
        own.

    Raises
    ------
    ClaimlogError
        If it is no such key, or a key in PEM form comes without a name.
    """
    if isinstance(key, str):
        return _parse_vkey(key, "the verifier key")
    data = read_regular(key, str(key), KEY_BYTES, remedy=RIGHT_FILE)
    if b"-----BEGIN " in data:
        if name is None:
            raise ClaimlogError(f"{key}: a key in PEM form needs the name under which it signs")
        return PublicKey(name, _pem_public_key(data, key).public_bytes_raw())
    # what is not UTF-8 is no verifier key either
    return _parse_vkey(data.decode("utf-8", errors="replace").removesuffix("\n"), str(key))


def verifier_key(name: str, key: Path) -> str:
    """Return the public half of the private key in a PEM file as a verifier key (vkey)."""
    require_signing_name(name)
    return PublicKey(name, read_private_key(key).public_key().public_bytes_raw()).vkey


def _parse_vkey(vkey: str, display_path: str) -> PublicKey:
    """Read a verifier key; the second plus sign is the last that parts, as base64 may hold more."""
    name, _, rest = vkey.partition("+")
    identity, _, encoded = rest.partition("+")
    data = decode_base64(encoded)
    if not is_key_name(name) or len(identity) != 8 or not data:
        raise ClaimlogError(
            f"{display_path}: is no public key; expected PEM ({PUBLIC_KEY}) or a verifier key "
            "(name+hash+base64)"
        )
    if data[:1] != ED25519 or len(data) != 33:
        raise ClaimlogError(f"{display_path}: is no Ed25519 key, the only kind that is checked")
    found = PublicKey(name, data[1:])
    if identity.lower() != key_id(name, found.raw).hex():
        raise ClaimlogError(f"{display_path}: its hash is not that of its name and key")
    return found


def _pem_public_key(data: bytes, path: Path) -> Ed25519PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ClaimlogError(f"{path}: is no public key in PEM form; {PUBLIC_KEY}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ClaimlogError(f"{path}: holds no Ed25519 public key")
    return key


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Return the private key in a PEM file.

    Raises
    ------
    ClaimlogError
        If the file holds none, or one that is locked with a password.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        # the maintainer's own, so it may come through a pipe, as from a password manager
        with path.open("rb") as handle:
            key = load_pem_private_key(handle.read(KEY_BYTES), None)
    except OSError as error:
        raise ClaimlogError(f"{path}: cannot be read ({error.strerror})") from error
    except TypeError as error:
        raise ClaimlogError(
            f"{path}: is locked with a password; unlock a copy with: openssl pkey -in KEY.pem"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ClaimlogError(f"{path}: is no key in PEM form; {MAKE_KEY}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ClaimlogError(f"{path}: holds no Ed25519 private key; {MAKE_KEY}")
    return key
