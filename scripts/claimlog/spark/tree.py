"""Perfect subtrees of the log's tree: what a task sends of a file's leaves, and joining them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from claimlog.log.merkle import CompactRange, node_hash

Subtree = tuple[int, bytes]
"""A perfect subtree: its level (2**level leaves) and root."""


def subtrees(first: int, leaves: Sequence[bytes]) -> list[Subtree]:
    """Return the perfect subtrees of the whole tree that cover leaves from position `first` on.

    A file of n rows has about 2 log2(n) of them, so a task needs not send every leaf.

    >>> [level for level, _ in subtrees(3, [bytes([n]) for n in range(6)])]
    [0, 2, 0]
    """
    pieces = []
    at, end = first, first + len(leaves)
    while at < end:
        level = (end - at).bit_length() - 1
        if at:
            level = min(level, (at & -at).bit_length() - 1)
        pieces.append((level, _root(leaves[at - first : at - first + 2**level])))
        at += 2**level
    return pieces


def _root(hashes: Sequence[bytes]) -> bytes:
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [node_hash(left, right) for left, right in pairs]
    return hashes[0]


def append_subtrees(tree: CompactRange, pieces: Iterable[Subtree]) -> CompactRange:
    """Return the tree with subtrees appended that begin where it ends.

    >>> from claimlog.log.merkle import leaf_hash
    >>> leaves = [leaf_hash(bytes([n])) for n in range(11)]
    >>> whole, parts = CompactRange(), CompactRange()
    >>> whole.extend(leaves)
    >>> for first, last in ((0, 3), (3, 9), (9, 11)):
    ...     parts = append_subtrees(parts, subtrees(first, leaves[first:last]))
    >>> parts.size, parts.root() == whole.root()
    (11, True)
    """
    size, peaks = tree.size, list(tree.peaks)
    for level, root in pieces:
        if size % 2**level:
            raise ValueError(f"a subtree of level {level} cannot begin at leaf {size}")
        size += 2**level
        while len(peaks) <= level:
            peaks.append(None)
        at = level
        while at < len(peaks) and (left := peaks[at]) is not None:
            root = node_hash(left, root)
            peaks[at] = None
            at += 1
        if at == len(peaks):
            peaks.append(None)
        peaks[at] = root
    return CompactRange(size, peaks)
