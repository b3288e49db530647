"""Proofs from strangers: vectors of a peer, and documents that are malformed in every way."""

from __future__ import annotations

import json
import os
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlog.errors import ClaimlogError, UsageError
from claimlog.log.merkle import EMPTY_ROOT, leaf_hash
from claimlog.log.proofs import consistency, extends, includes, inclusion, tree_root
from claimlog.log.read_log import read
from claimlog.release.prove import PROOF_BYTES, check_proof, prove_consistency
from claimlog.release.tlog_proof import CLAIM_KEYS
from claimlog.untrusted_files import read_regular
from conftest import World
from peer_files import peer_files
from thorough import examples


def claim_line(name: str, version: int = 1, without: str = "") -> dict[str, object]:
    """Return a row of a claim as far as a proof looks at it."""
    row = {**dict.fromkeys(sorted(CLAIM_KEYS), ""), "claim_id": name, "version": version}
    return {key: value for key, value in row.items() if key != without}


LINES = [json.dumps(claim_line(f"C001-00{n}"), separators=(",", ":")) for n in range(5)]
LEAVES = [leaf_hash(line.encode()) for line in LINES]
ROOT = tree_root(LEAVES)


# a peer's vectors --------------------------------------------------------------------------------


def holds(vector: dict[str, Any]) -> bool:
    """Return what is said of a vector of transparency-dev/merkle."""
    path = [b64decode(part) for part in vector["proof"] or []]
    if "leafHash" in vector:
        leaf, root = b64decode(vector["leafHash"]), b64decode(vector["root"])
        return includes(leaf, vector["leafIdx"], vector["treeSize"], path, root)
    old, new = b64decode(vector["root1"]), b64decode(vector["root2"])
    return extends(vector["size1"], old, vector["size2"], new, path)


@pytest.mark.parametrize("kind", ["inclusion", "consistency"])
def test_a_peers_proofs_hold_where_the_peer_says_so(kind: str) -> None:
    vectors = {
        path: json.loads(path.read_bytes())
        for path in peer_files("merkle", f"{kind}/**/*.json", 98)
    }
    assert {vector["wantErr"] for vector in vectors.values()} == {True, False}
    differing = [path for path, v in vectors.items() if holds(v) is v["wantErr"]]
    assert differing == []


def test_no_proof_is_made_that_nobody_could_check(made: World) -> None:
    log = read(made.package)
    with pytest.raises(UsageError, match="name a release that holds rows"):
        prove_consistency(log, 0, log.size)


# numbers and hashes that are none ----------------------------------------------------------------

NO_SIZES: list[Any] = [-1, -(2**63), 2**63, 2**64, True, 3.0, None]


@pytest.mark.parametrize("number", NO_SIZES, ids=repr)
def test_nothing_is_proven_of_a_number_that_is_no_size(number: Any) -> None:
    [leaf] = LEAVES[:1]
    assert not includes(leaf, 0, number, [], leaf)
    assert not includes(leaf, number, 2, [LEAVES[1]], tree_root(LEAVES[:2]))
    assert not extends(number, leaf, number, leaf, [])
    assert not extends(number, leaf, 2, tree_root(LEAVES[:2]), [LEAVES[1]])
    assert not extends(1, leaf, number, leaf, [leaf])


def test_the_empty_tree_has_one_root_and_proves_nothing_of_another() -> None:
    assert extends(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    assert not extends(0, ROOT, 0, ROOT, [])
    assert not extends(0, EMPTY_ROOT, 0, EMPTY_ROOT, [EMPTY_ROOT])
    assert not extends(0, EMPTY_ROOT, 5, ROOT, [])
    assert not extends(0, ROOT, 5, ROOT, [ROOT])
    assert not includes(EMPTY_ROOT, 0, 0, [], EMPTY_ROOT)
    with pytest.raises(ValueError, match="no proof shows"):
        consistency(LEAVES, 0)
    assert consistency([], 0) == []


def test_bytes_cannot_move_from_one_hash_to_the_next() -> None:
    """Two hashes side by side are one text of 64 bytes, wherever the border is."""
    old, new = LEAVES[0], tree_root(LEAVES[:2])
    both = LEAVES[0] + LEAVES[1]
    assert extends(1, old, 2, new, [LEAVES[1]])
    for border in (0, 31, 33, 64):
        assert not extends(1, both[:border], 2, new, [both[border:]])
        assert not includes(both[:border], 0, 2, [both[border:]], new)


@examples(40)
@given(st.integers(2, 5), st.data())
def test_a_consistency_proof_with_garbage_around_it_fails(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, size - 1))
    garbage = data.draw(st.binary(min_size=32, max_size=32) | st.sampled_from([ROOT, EMPTY_ROOT]))
    old, new = tree_root(LEAVES[:first]), tree_root(LEAVES[:size])
    path = consistency(LEAVES[:size], first)
    assert extends(first, old, size, new, path)
    for altered in ([garbage, *path], [*path, garbage], path[1:], path[:-1], []):
        assert not extends(first, old, size, new, altered)
    assert not extends(size, new, first, old, path)
    assert not extends(size, old, size, new, [])


# documents ---------------------------------------------------------------------------------------


def included() -> dict[str, Any]:
    return {
        "type": "inclusion",
        "algorithm": "RFC 9162, SHA-256",
        "claim_id": "C001-002",
        "version": 1,
        "leaf": LINES[2],
        "leaf_hash": LEAVES[2].hex(),
        "leaf_index": 2,
        "tree_size": 5,
        "root": ROOT.hex(),
        "path": [part.hex() for part in inclusion(LEAVES, 2)],
    }


def of_leaf(text: str) -> dict[str, Any]:
    """Return a proof that a text is the only leaf of a tree."""
    digest = leaf_hash(text.encode()).hex()
    tree = {"leaf_hash": digest, "leaf_index": 0, "tree_size": 1, "root": digest, "path": []}
    return {"leaf": text, **tree}


def extended() -> dict[str, Any]:
    return {
        "type": "consistency",
        "algorithm": "RFC 9162, SHA-256",
        "first_size": 3,
        "first_root": tree_root(LEAVES[:3]).hex(),
        "second_size": 5,
        "second_root": ROOT.hex(),
        "path": [part.hex() for part in consistency(LEAVES, 3)],
    }


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "proof.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_sound_document_says_what_it_proves(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(included()))
    assert check_proof(path, {5: ROOT.hex()}).endswith(f"the tree of 5 rows with root {ROOT.hex()}")
    path = written(tmp_path, json.dumps(extended()))
    assert "begins with all 3 rows" in check_proof(path, {})
    with pytest.raises(ClaimlogError, match="is about another tree: its root of 5 rows"):
        check_proof(path, {5: "0" * 64})


SIZES = ["leaf_index", "tree_size", "first_size", "second_size"]
HASHES = ["leaf_hash", "root", "first_root", "second_root"]


@pytest.mark.parametrize("value", [-1, True, False, 2.0, "2", None, [], {}, 1e300], ids=repr)
@pytest.mark.parametrize("name", SIZES)
def test_a_size_that_is_none_is_malformed(name: str, value: Any, tmp_path: Path) -> None:
    document = included() if name in included() else extended()
    path = written(tmp_path, json.dumps({**document, name: value}))
    with pytest.raises(ClaimlogError, match=f'is no proof: "{name}" is missing or malformed'):
        check_proof(path, {})


@pytest.mark.parametrize("digits", [str(2**53), str(2**63), str(2**64), "1" + "0" * 5000])
@pytest.mark.parametrize("name", SIZES)
def test_a_size_beyond_what_readers_agree_on_is_refused(
    name: str, digits: str, tmp_path: Path
) -> None:
    document = included() if name in included() else extended()
    text = json.dumps({**document, name: "NUMBER"}).replace('"NUMBER"', digits)
    with pytest.raises(ClaimlogError, match=r"is no proof: integer [0-9]{16,24} is beyond 2\*\*53"):
        check_proof(written(tmp_path, text), {})


WRONG: dict[str, Callable[[str], Any]] = {
    "capital letters": str.upper,
    "a space before": lambda text: " " + text,
    "a line feed after": lambda text: text + "\n",
    "spaces inside, of the same length": lambda text: text[:62] + "  ",
    "31 bytes": lambda text: text[2:],
    "33 bytes": lambda text: text + "00",
    "nothing": lambda _: "",
    "other digits": lambda text: "\N{ARABIC-INDIC DIGIT ONE}" * len(text),
    "a prefix": lambda text: "0x" + text[2:],
    "a number": lambda _: 5,
    "a list": lambda text: [text],
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", [*HASHES, "path"])
def test_a_hash_is_written_in_one_way_only(name: str, kind: str, tmp_path: Path) -> None:
    for document in (included(), extended()):
        if name in document:
            value = document[name] if name != "path" else document[name][0]
            wrong = WRONG[kind](value)
            document[name] = wrong if name != "path" else [wrong, *document["path"][1:]]
            with pytest.raises(ClaimlogError, match=f'"{name}" is missing or malformed'):
                check_proof(written(tmp_path, json.dumps(document)), {})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": ["inclusion"]}, '"type" inclusion or consistency'),
        ({"type": None}, '"type" inclusion or consistency'),
        ({"algorithm": "RFC 9162, SHA-512"}, 'expected "algorithm" RFC 9162, SHA-256'),
        ({"claim_id": "C001-003"}, "does not prove what it says"),
        ({"version": 2}, "does not prove what it says"),
        ({"version": True}, "does not prove what it says"),
        ({**of_leaf("{}"), "claim_id": None}, "does not prove what it says"),
        ({**of_leaf("{}"), "version": None}, "does not prove what it says"),
        ({"path": ["00" * 32] * 65}, '"path" is missing or malformed'),
        ({"path": {}}, '"path" is missing or malformed'),
        ({"leaf": 5}, '"leaf" is missing or malformed'),
        ({"leaf": ""}, "does not prove what it says"),
        ({"tree_size": 0, "leaf_index": 0}, "does not prove what it says"),
        ({"leaf_index": 5}, "does not prove what it says"),
    ],
)
def test_a_document_that_says_something_else_is_refused(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = written(tmp_path, json.dumps({**included(), **change}))
    with pytest.raises(ClaimlogError, match=message):
        check_proof(path, {})


NOTHING = EMPTY_ROOT.hex()


@pytest.mark.parametrize(
    "change",
    [
        {"first_size": 0, "first_root": NOTHING, "path": []},
        {"first_size": 0, "second_size": 0, "second_root": "00" * 32, "path": []},
        {"first_size": 0, "second_size": 0, "first_root": ROOT.hex(), "path": []},
        {"first_size": 5, "path": []},
        {"first_size": 5},
        {"first_size": 6},
        {"path": []},
        {"first_size": 5, "second_size": 3},
    ],
)
def test_a_tree_that_does_not_go_on_from_the_first_is_refused(
    change: dict[str, Any], tmp_path: Path
) -> None:
    path = written(tmp_path, json.dumps({**extended(), **change}))
    with pytest.raises(ClaimlogError, match="does not prove what it says"):
        check_proof(path, {})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b'\xef\xbb\xbf{"type": "inclusion"}',
        b'{"type": "inclusion"} {}',
        b'{"type": "inclusion", "type": "consistency"}',
        b"[" * 100_000,
        b'{"type": NaN}',
        b'{"leaf": "\\ud800"}',
    ],
)
def test_what_is_no_json_object_is_no_proof(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ClaimlogError, match=r"is no proof: [^\n]+$"):
        check_proof(written(tmp_path, content), {})


# files -------------------------------------------------------------------------------------------


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    with path.open("wb") as handle:
        handle.truncate(1 << 40)  # sparse: a terabyte that would not go into any memory
    with pytest.raises(ClaimlogError, match="is larger than 1,048,576 bytes"):
        check_proof(path, {})
    path.write_bytes(b" " * PROOF_BYTES)
    assert len(read_regular(path, "proof.json", PROOF_BYTES)) == PROOF_BYTES


def test_a_file_without_a_size_is_bounded_all_the_same() -> None:
    """Files of /proc say that they hold nothing."""
    path = Path("/proc/self/status")
    if not path.is_file():
        pytest.skip("NOT RUN: needs /proc")
    assert path.stat().st_size == 0
    with pytest.raises(ClaimlogError, match="status: is larger than 10 bytes"):
        read_regular(path, "status", 10)


def test_what_is_no_file_is_refused_in_a_line(bare: World, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # that nobody ever writes to
    for path, message in (
        (pipe, "is no regular file"),
        (Path(os.devnull), "is no regular file"),
        (tmp_path, "is no regular file; check that it is the right file"),
        (tmp_path / "absent", "cannot be read (No such file or directory)"),
    ):
        done = bare.run("verify", "--proof", str(path))
        assert (done.returncode, done.stdout) == (1, "")
        [line] = done.stderr.splitlines()
        assert f"{path}: {message}" in line
