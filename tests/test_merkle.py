"""The Merkle tree, against known vectors and the definition."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlog.log.merkle import EMPTY_ROOT, CompactRange, leaf_hash, node_hash

# The reference vectors of Certificate Transparency (google/certificate-transparency, merkletree):
# eight leaves, and the root after each.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def naive(leaves: list[bytes]) -> bytes:
    """MTH as RFC 9162, section 2.1.1, defines it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + naive(leaves[:half]) + naive(leaves[half:])).digest()


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    known = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert CompactRange().root() == EMPTY_ROOT == bytes.fromhex(known)


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_of_certificate_transparency_come_out(size: int) -> None:
    tree = CompactRange()
    tree.extend([leaf_hash(leaf) for leaf in LEAVES[:size]])
    assert tree.root().hex() == ROOTS[size - 1]
    assert tree.size == size


def test_a_leaf_cannot_pass_for_a_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)


@given(st.lists(st.lists(st.binary(max_size=4), max_size=9), max_size=8))
def test_any_split_of_the_leaves_gives_the_root_of_the_definition(parts: list[list[bytes]]) -> None:
    tree = CompactRange()
    for part in parts:
        before = list(part)
        tree.extend([leaf_hash(leaf) for leaf in part])
        assert part == before
    leaves = [leaf for part in parts for leaf in part]
    assert tree.size == len(leaves)
    assert tree.root() == naive(leaves)


@given(st.integers(0, 300), st.integers(0, 300))
def test_two_appends_equal_one(first: int, second: int) -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(first + second)]
    whole, split = CompactRange(), CompactRange()
    whole.extend(leaves)
    split.extend(leaves[:first])
    split.root()  # asking for the root in between changes nothing
    split.extend(leaves[first:])
    assert whole.root() == split.root()
