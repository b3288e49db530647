"""A reader of C2SP tlog-tiles and tlog-proof that shares no line with claimlog.

Written from https://c2sp.org/tlog-tiles, tlog-checkpoint, signed-note and tlog-proof and RFC 9162
alone: what somebody else would write who wants to follow the log.
"""

from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def leaf(data: bytes) -> bytes:
    return sha256(b"\0" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def tree_hash(hashes: list[bytes]) -> bytes:
    """MTH of RFC 9162, section 2.1.1, over hashes of leaves."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node(tree_hash(hashes[:split]), tree_hash(hashes[split:]))


def checkpoint(note: str, vkey: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint whose signature fits."""
    name, identity, encoded = vkey.split("+", 2)
    key = base64.b64decode(encoded)
    assert key[0] == 1
    assert sha256(f"{name}\n".encode() + key).digest()[:4].hex() == identity
    text, _, signatures = note.rpartition("\n\n")
    assert signatures.endswith("\n")
    [line] = [
        one for one in signatures.removesuffix("\n").split("\n") if one.startswith(f"— {name} ")
    ]
    data = base64.b64decode(line.split(" ")[2], validate=True)
    assert data[:4].hex() == identity
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(data[4:], f"{text}\n".encode())
    origin, size, root = text.split("\n")[:3]
    return origin, int(size), base64.b64decode(root)


def resource(folder: Path, level: object, index: int, width: int) -> bytes:
    """A tile or bundle, partial where the tree ends in it."""
    digits = str(index).zfill((len(str(index)) + 2) // 3 * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = folder / "tile" / str(level)
    for part in parts[:-1]:
        path /= f"x{part}"
    return (path / (parts[-1] + (f".p/{width}" if width < 256 else ""))).read_bytes()


def level_hashes(folder: Path, level: int, size: int) -> list[bytes]:
    count = size // 256**level
    data = b"".join(
        resource(folder, level, first // 256, min(256, count - first))
        for first in range(0, count, 256)
    )
    assert len(data) == 32 * count
    return [data[at : at + 32] for at in range(0, len(data), 32)]


def follow(folder: Path, vkey: str) -> list[bytes]:
    """Every entry of a log, once all tiles, bundles and the signed root were found to agree."""
    _, size, root = checkpoint((folder / "checkpoint").read_text("utf-8"), vkey)
    entries = []
    for first in range(0, size, 256):
        data = resource(folder, "entries", first // 256, min(256, size - first))
        while data:
            length = int.from_bytes(data[:2], "big")
            entries.append(data[2 : 2 + length])
            data = data[2 + length :]
    hashes = [leaf(entry) for entry in entries]
    assert len(hashes) == size
    assert tree_hash(hashes) == root
    level = 0
    while size // 256**level:
        assert level_hashes(folder, level, size) == hashes
        full = len(hashes) // 256 * 256
        hashes = [tree_hash(hashes[at : at + 256]) for at in range(0, full, 256)]
        level += 1
    return entries


def proven_entry(text: str, vkey: str) -> tuple[int, bytes]:
    """Place and bytes of the entry that a tlog-proof proves (RFC 9162, section 2.1.3.2)."""
    head, _, note = text.partition("\n\n")
    first, extra, index_line, *path = head.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    entry = base64.b64decode(extra.removeprefix("extra "))
    index = int(index_line.removeprefix("index "))
    _, size, root = checkpoint(note, vkey)
    assert index < size
    number, last, result = index, size - 1, leaf(entry)
    for encoded in path:
        part = base64.b64decode(encoded)
        assert last > 0
        if number % 2 or number == last:
            result = node(part, result)
            while not number % 2 and number:
                number, last = number >> 1, last >> 1
        else:
            result = node(result, part)
        number, last = number >> 1, last >> 1
    assert last == 0
    assert result == root
    return index, entry
