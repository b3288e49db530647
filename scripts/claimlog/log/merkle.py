"""The Merkle tree over all rows of the log (RFC 9162, section 2.1; SHA-256)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(line: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 of 0x00 and the row's bytes without the line feed."""
    return sha256(b"\x00" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256 of 0x01 and its two children."""
    return sha256(b"\x01" + left + right).digest()


class CompactRange:
    """The peaks of the perfect subtrees over the leaves so far: enough to go on, and for the root.

    >>> tree = CompactRange()
    >>> tree.extend([leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")])
    >>> left = node_hash(leaf_hash(b"a"), leaf_hash(b"b"))
    >>> tree.size, tree.root() == node_hash(left, leaf_hash(b"c"))
    (3, True)
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes | None] = ()) -> None:
        self.size = size
        self._peaks: list[bytes | None] = [*peaks]

    @property
    def peaks(self) -> tuple[bytes | None, ...]:
        """The root of the perfect subtree of each level, lowest first; with `size`, all there is.

        ``CompactRange(tree.size, tree.peaks)`` goes on where `tree` stands.
        """
        return (*self._peaks,)

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Append leaf hashes, a whole level at a time."""
        self.size += len(leaves)
        level = 0
        hashes = list(leaves)
        while hashes:
            if level == len(self._peaks):
                self._peaks.append(None)
            peak = self._peaks[level]
            if peak is not None:
                hashes.insert(0, peak)
            self._peaks[level] = hashes[-1] if len(hashes) % 2 else None
            # zip drops an odd last hash, which has just become the peak
            hashes = [
                sha256(b"\x01" + left + right).digest()
                for left, right in zip(hashes[::2], hashes[1::2], strict=False)
            ]
            level += 1

    def root(self) -> bytes:
        """Return the root over the leaves so far; the hash of nothing for an empty tree."""
        root: bytes | None = None
        for peak in self._peaks:
            if peak is not None:
                root = peak if root is None else node_hash(peak, root)
        return EMPTY_ROOT if root is None else root
