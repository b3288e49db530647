"""Proofs about the log's tree (RFC 9162, sections 2.1.3 and 2.1.4).

An inclusion proof shows that a row is in the tree with a given root; a consistency proof shows that
a larger tree begins with all rows of a smaller one. Both are checked without the log, and what is
checked may come from anyone: numbers that are no sizes and hashes of another length prove nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from claimlog.log.merkle import EMPTY_ROOT, CompactRange, node_hash

HASH_BYTES = 32
LARGEST_SIZE = 2**63 - 1
"""The most leaves of a tree that a proof may be about."""


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    tree = CompactRange()
    tree.extend(leaves)
    return tree.root()


def inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the inclusion path of the leaf at `index`, from the leaf upwards.

    Raises
    ------
    ValueError
        If there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"there is no leaf {index} in a tree of {len(leaves)}")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion(leaves[:split], index), tree_root(leaves[split:])]
    return [*inclusion(leaves[split:], index - split), tree_root(leaves[:split])]


def consistency(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """Return the proof that the tree over `leaves` begins with its first `first` leaves.

    Raises
    ------
    ValueError
        If the smaller tree is larger, or empty while the other is not (RFC 9162 defines no proof).
    """
    if not 0 <= first <= len(leaves):
        raise ValueError(f"a tree of {len(leaves)} does not begin with one of {first}")
    if first == 0 < len(leaves):
        raise ValueError("every tree begins with the empty one, which no proof shows")
    return _subproof(first, leaves, whole=True) if first < len(leaves) else []


def _subproof(first: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    if first == len(leaves):
        return [] if whole else [tree_root(leaves)]
    split = _split(len(leaves))
    if first <= split:
        return [*_subproof(first, leaves[:split], whole), tree_root(leaves[split:])]
    return [*_subproof(first - split, leaves[split:], whole=False), tree_root(leaves[:split])]


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def _is_size(number: int) -> bool:
    """Whether a number can be the size of a tree; a boolean, which Python counts as one, is not."""
    return type(number) is int and 0 <= number <= LARGEST_SIZE


def _are_hashes(*values: bytes) -> bool:
    """Whether all are as long as a hash: bytes could else move from one to its neighbour unseen."""
    return all(len(value) == HASH_BYTES for value in values)


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` proves that `leaf` stands at `index` of the tree with this size and root.

    RFC 9162, section 2.1.3.2.
    """
    if not (_is_size(index) and _is_size(size) and index < size and _are_hashes(leaf, *path)):
        return False
    node, last, result = index, size - 1, leaf
    for part in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            result = node_hash(part, result)
            node, last = _risen_places(node, last)
        else:
            result = node_hash(result, part)
        node >>= 1
        last >>= 1
    return last == 0 and result == root


def _risen_places(node: int, last: int) -> tuple[int, int]:
    """Return the places of both a few levels up, where `node` is a right child or the first."""
    while not node & 1 and node:
        node >>= 1
        last >>= 1
    return node, last


def extends(
    first: int, first_root: bytes, second: int, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether `path` proves that the second tree begins with all rows of the first.

    RFC 9162, section 2.1.4.2. Equal trees need no path. That a tree begins with the empty one says
    nothing about its root, so nothing proves it.
    """
    if not (_is_size(first) and _is_size(second)):
        return False
    if first == second:
        known = first > 0 or first_root == EMPTY_ROOT
        return known and first_root == second_root and not path
    if not 0 < first < second or not path or not _are_hashes(first_root, *path):
        return False
    steps = [first_root, *path] if first & (first - 1) == 0 else list(path)
    node, last = first - 1, second - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old = new = steps[0]
    for part in steps[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(part, old), node_hash(part, new)
            node, last = _risen_places(node, last)
        else:
            new = node_hash(new, part)
        node >>= 1
        last >>= 1
    return last == 0 and old == first_root and new == second_root
