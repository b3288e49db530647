"""Signed notes (C2SP signed-note, https://c2sp.org/signed-note): a text and Ed25519 signatures.

A note is a text that ends in a line feed, an empty line, and one line a signature::

    any text
    — name base64(key ID of four bytes, signature)

It is read as strictly as Go's ``golang.org/x/mod/sumdb/note`` reads it, so that no two readers
take one file for two texts.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.release.signing_key import (
    decode_base64,
    is_key_name,
    key_id,
    read_private_key,
    read_public_key,
    require_signing_name,
)

NOTE_BYTES = 1_000_000
"""Largest note that is read."""

SIGNATURES = 100
"""Most signatures of a note, as in Go's reference; C2SP asks for 16 at least."""

PREFIX = "\N{EM DASH} "
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True)
class Signature:
    """One signature line of a note: which key it names, and the bytes of the signature."""

    name: str
    key_id: bytes
    data: bytes


@dataclass(frozen=True)
class Note:
    """A text and the signatures below it, not yet verified.

    Attributes
    ----------
    text
        The signed text; its last character is a line feed.
    signatures
        In order, each once.
    display_path
        How errors name the file.
    """

    text: str
    signatures: tuple[Signature, ...]
    display_path: str = field(default="note", compare=False)


def sign_note(text: str, name: str, key: Path) -> str:
    """Return `text` as a note with one signature.

    Parameters
    ----------
    text
        Any text that ends in a line feed, without other control characters.
    name
        Name under which the key signs, best a URL without a scheme (``example.org/log``).
    key
        PEM file of the Ed25519 private key.

    Raises
    ------
    ClaimlogError
        If text or name cannot stand in a note, or the file holds no Ed25519 private key.
    """
    require_signing_name(name)
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise ClaimlogError("the text to sign holds a lone surrogate, which is no text") from None
    decode_text(data, "the text to sign")
    if not text.endswith("\n"):
        raise ClaimlogError("the text to sign must end in a line feed")
    private = read_private_key(key)
    identity = key_id(name, private.public_key().public_bytes_raw())
    signature = base64.b64encode(identity + private.sign(data)).decode()
    note = f"{text}\n{PREFIX}{name} {signature}\n"
    parse_note(note.encode(), "the signed text")  # it may be too large now
    return note


def parse_note(data: bytes, display_path: str) -> Note:
    """Read a signed note; its signatures are not verified.

    Raises
    ------
    ClaimlogError
        If it breaks the format in any way.
    """
    text = decode_text(data, display_path)
    # the text may hold empty lines of its own: the last one ends it
    body, gap, block = text.rpartition("\n\n")
    if not gap:
        raise ClaimlogError(
            f"{display_path}: is not signed; expected an empty line and signatures below the text"
        )
    if not block:
        raise ClaimlogError(f"{display_path}: is not signed; no line follows the empty one")
    if not block.endswith("\n"):
        raise ClaimlogError(
            f"{display_path}: the last signature line is cut off; expected a line feed at its end"
        )
    lines = block.removesuffix("\n").split("\n")
    if len(lines) > SIGNATURES:
        raise ClaimlogError(
            f"{display_path}: has {len(lines)} signatures, {SIGNATURES} are the most that are read"
        )
    signatures = dict.fromkeys(_parse_signature(line, display_path) for line in lines)
    return Note(body + "\n", tuple(signatures), display_path)


def decode_text(data: bytes, display_path: str) -> str:
    """Return the characters of a note, or of a text that is to become one.

    Raises
    ------
    ClaimlogError
        If it is too large, not UTF-8, or holds a control character other than the line feed.
    """
    if len(data) > NOTE_BYTES:
        raise ClaimlogError(f"{display_path}: is larger than {NOTE_BYTES:,} bytes, expected a note")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ClaimlogError(f"{display_path}: byte {error.start} is not UTF-8") from None
    if control := CONTROL.search(text):
        raise ClaimlogError(
            f"{display_path}: holds the control character U+{ord(control[0]):04X} at character "
            f"{control.start()}; expected line feeds only"
        )
    return text


def _parse_signature(line: str, display_path: str) -> Signature:
    """Read a signature line without its line feed."""
    name, gap, encoded = line.removeprefix(PREFIX).partition(" ")
    if not line.startswith(PREFIX) or not gap:
        what = f"expected {PREFIX}NAME DATA"
    elif not is_key_name(name):
        what = "a name is not empty and holds no space and no plus sign"
    elif (data := decode_base64(encoded)) is None:
        what = "its data is not base64 with padding"
    elif len(data) < 5:
        what = "its data is shorter than a key ID and a signature"
    else:
        return Signature(name, data[:4], data[4:])
    raise ClaimlogError(f"{display_path}: a signature line is malformed: {what}")


def verify_note(note: Note, key: Path | str, name: str | None = None) -> str:
    """Return the text of a note if a key has signed it.

    Signatures of other keys are passed over, as C2SP asks; every one of this key must fit.

    Parameters
    ----------
    key, name
        As in `claimlog.release.signing_key.read_public_key`.

    Raises
    ------
    ClaimlogError
        If the key is none, has not signed the note, or one of its signatures does not fit.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = read_public_key(key, name)
    own = key_id(public.name, public.raw)
    fitting = [
        found for found in note.signatures if (found.name, found.key_id) == (public.name, own)
    ]
    if not fitting:
        # repr: the name may be one that the file brought, with anything in it
        which = f"in {key.name}" if isinstance(key, Path) else own.hex()
        raise ClaimlogError(
            f"{note.display_path}: is signed, but not with the key {which} under the name "
            f"{public.name!r}; ask the maintainers for the key of this release"
        )
    try:
        for signature in fitting:
            Ed25519PublicKey.from_public_bytes(public.raw).verify(
                signature.data, note.text.encode()
            )
    except InvalidSignature:
        raise ClaimlogError(
            f"{note.display_path}: the signature does not fit the text: text or signature was "
            "changed"
        ) from None
    return note.text
