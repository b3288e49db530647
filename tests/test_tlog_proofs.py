"""Proof files in C2SP's form: written, checked by others, and malformed in every way."""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import given
from hypothesis import strategies as st

import tlog_follower
from claimlog.errors import ClaimlogError
from claimlog.log.merkle import leaf_hash
from claimlog.log.proofs import inclusion, tree_root
from claimlog.log.read_log import read
from claimlog.log.signed_trees import RECORD
from claimlog.release.checkpoint import Checkpoint
from claimlog.release.prove import PROOF_BYTES, claim_row
from claimlog.release.signed_note import sign_note
from claimlog.release.signing_key import verifier_key
from claimlog.release.tlog_proof import CLAIM_KEYS, TlogProof, check_tlog_proof, prove_row
from conftest import World
from test_proofs import LEAVES, LINES, ROOT, claim_line
from test_tiles import ORIGIN, commit, secret, signed, tiny
from thorough import examples

__all__ = ["secret", "tiny"]  # fixtures

POINT = Checkpoint(ORIGIN, 5, ROOT)
PROOF = TlogProof(LINES[2].encode(), 2, tuple(inclusion(LEAVES, 2)), POINT.text())


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "row.tlog-proof"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_proof_of_any_version_of_a_claim_verifies_offline(
    tiny: World, secret: Path, tmp_path: Path
) -> None:
    note = signed(tiny, secret)
    log = read(tiny.package)
    vkey, public = verifier_key(ORIGIN, secret), secret.with_suffix(".pub")
    for row in log.rows("claims").to_dicts():
        chosen = claim_row(log, row["claim_id"], row["version"])
        text = prove_row(log, chosen, note, RECORD).text()
        index, entry = tlog_follower.proven_entry(text, vkey)
        assert (index, leaf_hash(entry).hex()) == (row["seq"], row["event_id"])
        said = check_tlog_proof(written(tmp_path, text), public, {})
        assert said.startswith(f"{row['claim_id']} version {row['version']} is row {row['seq']} ")
        assert said.endswith(f"root {log.root.hex()}, signed with the key key.pub")


def test_a_checkpoint_of_another_origin_than_the_keys_name_says_both(
    secret: Path, tmp_path: Path
) -> None:
    vkey = tmp_path / "log.vkey"
    vkey.write_text(verifier_key("other.example/log", secret) + "\n", "utf-8")
    note = sign_note(POINT.text(), "other.example/log", secret)
    path = written(tmp_path, replace(PROOF, note=note).text())
    said = check_tlog_proof(path, vkey, {})
    assert f"rows of {ORIGIN} with root" in said
    assert said.endswith(", signed with the key log.vkey under the name other.example/log")
    vkey_text = vkey.read_text("utf-8").strip()
    assert check_tlog_proof(path, vkey_text, {}).endswith(", signed with the key other.example/log")
    with pytest.raises(ClaimlogError, match="is signed, but not with the key"):
        check_tlog_proof(path, secret.with_suffix(".pub"), {})  # in PEM: under the origin


def test_the_command_writes_a_proof_and_checks_it(
    tiny: World, secret: Path, tmp_path: Path
) -> None:
    signed(tiny, secret)
    commit(tiny)
    public, path = str(secret.with_suffix(".pub")), tmp_path / "C001-003.tlog-proof"
    words = ("prove", "inclusion", "C001-003", "--claim-version", "1")
    done = tiny.run(*words, "--out", str(path))
    assert done.returncode == 0, done.stderr
    assert tlog_follower.proven_entry(path.read_text("utf-8"), verifier_key(ORIGIN, secret))
    done = tiny.run("verify", "--alone", "--proof", str(path), "--key", public)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("C001-003 version 1 is row ")
    done = tiny.run("verify", "--alone", "--proof", str(path))
    assert f"not checked: its signature by {ORIGIN}; give the public key" in done.stdout
    done = tiny.run("verify", "--proof", str(path), "--key", public)
    assert f"the root is also the one in {tiny.root}" in done.stdout
    assert tiny.run("verify", "--proof", str(path), "--root", f"3:{'0' * 64}").returncode == 1
    for wrong, said in (
        ((*words, "--out", "x.json"), "expected a name that ends in .tlog-proof"),
        ((*words, "--checkpoint", str(path)), "--checkpoint does not go with no --out"),
        ((*words, "--out", str(path), "--release", "0.1.0"), "0.1.0: is no release"),
    ):
        done = tiny.run(*wrong)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    # a proof as JSON has no signature that a key could be held against
    json_proof = tmp_path / "proof.json"
    json_proof.write_text(tiny.run(*words).stdout, "utf-8")
    done = tiny.run("verify", "--proof", str(json_proof), "--key", public)
    assert (done.returncode, "--key does not go with" in done.stderr) == (2, True)


def test_a_checkpoint_that_does_not_reach_a_row_proves_nothing_of_it(
    tiny: World, secret: Path
) -> None:
    log = read(tiny.package)
    row = claim_row(log, "C001-003")
    size, root = log.trees[0]
    for point, key, said in (
        (Checkpoint(ORIGIN, size, root), secret, f"the signed tree of {size} rows does not hold"),
        (Checkpoint(ORIGIN, size, bytes(32)), secret, "is not what this log begins with"),
        (Checkpoint(ORIGIN, log.size + 1, bytes(32)), secret, "is not what this log begins with"),
        (Checkpoint(ORIGIN, log.size, log.root), None, "is not signed, so it proves nothing"),
    ):
        with pytest.raises(ClaimlogError, match=said):
            prove_row(log, row, point.note(key), "checkpoint")


def test_a_proof_is_as_good_as_its_signature(secret: Path, tmp_path: Path) -> None:
    other = "other.example/log"
    public = secret.with_suffix(".pub")
    for text, said in (
        (POINT.text(), "the checkpoint is not signed"),
        (Checkpoint(ORIGIN, 5, bytes(32)).note(secret), "does not prove what it says"),
        (POINT.note(secret).replace(ORIGIN, other), "does not fit the text|not with the key"),
        (POINT.note(secret).replace("\n5\n", "\n6\n"), "does not fit the text"),
    ):
        path = written(tmp_path, TlogProof(PROOF.line, 2, PROOF.path, text).text())
        with pytest.raises(ClaimlogError, match=said) as error:
            check_tlog_proof(path, public, {})
        assert str(error.value).startswith(f"{path}: ")
    sound = TlogProof(PROOF.line, 2, PROOF.path, POINT.note(secret)).text()
    path = written(tmp_path, sound)
    assert "C001-002 version 1 is row 2 of the 5 rows" in check_tlog_proof(path, public, {})
    with pytest.raises(ClaimlogError, match="not with the key"):
        check_tlog_proof(path, verifier_key(other, secret), {})
    with pytest.raises(ClaimlogError, match="is about another tree: its root of 5 rows"):
        check_tlog_proof(path, public, {5: "0" * 64})
    with pytest.raises(ClaimlogError, match="is about a tree of 5 rows, not of 3"):
        check_tlog_proof(path, public, {3: "0" * 64}, [3])
    assert "(" not in check_tlog_proof(path, public, {5: ROOT.hex()}, [5])


HASH = b64encode(bytes(32)).decode()
LINE = f"extra {b64encode(LINES[2].encode()).decode()}\n"
MALFORMED: dict[str, tuple[Callable[[str], str | bytes], str]] = {
    "nothing": (lambda _: "", "its first line is not c2sp.org/tlog-proof@v1"),
    "another version": (lambda t: t.replace("@v1", "@v2"), "its first line is not"),
    "a space after the first line": (lambda t: t.replace("@v1", "@v1 "), "its first line is not"),
    "a BOM": (lambda t: "\ufeff" + t, "its first line is not"),
    "line ends of Windows": (lambda t: t.replace("\n", "\r\n"), "holds the control character"),
    "no checkpoint": (lambda t: t.partition("\n\n")[0] + "\n", "no checkpoint follows"),
    "no text in it": (lambda t: t.partition("\n\n")[0] + "\n\n", "is no checkpoint"),
    "no row": (lambda t: t.replace(LINE, ""), "brings no row"),
    "a row that is no base64": (lambda t: t.replace("extra ", "extra *"), "its extra data is no"),
    "a row without padding": (
        lambda t: t.replace(LINE, f"extra {b64encode(b'row 2').decode().rstrip('=')}\n"),
        "its extra data is no",
    ),
    "two rows": (lambda t: t.replace(LINE, LINE * 2), "expected a line: index NUMBER"),
    "a row after the index": (
        lambda t: t.replace(LINE, "").replace("index 2\n", f"index 2\n{LINE}"),
        "is no hash of 32 bytes",
    ),
    "no index": (lambda t: t.replace("index 2\n", ""), "expected a line: index NUMBER"),
    "a leading zero": (lambda t: t.replace("index 2", "index 02"), "index NUMBER"),
    "a negative index": (lambda t: t.replace("index 2", "index -2"), "index NUMBER"),
    "digits of another script": (
        lambda t: t.replace("index 2", "index \N{ARABIC-INDIC DIGIT TWO}"),
        "index NUMBER",
    ),
    "a large index": (lambda t: t.replace("index 2", f"index {2**63}"), "index NUMBER"),
    "an endless index": (lambda t: t.replace("index 2", "index 1" + "0" * 9999), "index NUMBER"),
    "an index outside": (lambda t: t.replace("index 2", "index 5"), "does not prove what it says"),
    "another index": (lambda t: t.replace("index 2", "index 3"), "does not prove what it says"),
    "a hash more": (lambda t: t.replace("index 2\n", f"index 2\n{HASH}\n"), "does not prove"),
    "65 hashes": (lambda t: t.replace("index 2\n", "index 2\n" + f"{HASH}\n" * 65), "are the most"),
    "a short hash": (
        lambda t: t.replace("index 2\n", f"index 2\n{b64encode(bytes(31)).decode()}\n"),
        "is no hash of 32 bytes",
    ),
    "a hash in hex": (lambda t: t.replace("index 2\n", f"index 2\n{'00' * 32}\n"), "is no hash"),
    "a hash of loose bits": (
        lambda t: t.replace("index 2\n", f"index 2\n{HASH[:-2]}B=\n"),
        "is no hash of 32 bytes",
    ),
    "bytes that are no text": (lambda t: b"\xff" + t.encode(), "byte 0 is not UTF-8"),
    "a megabyte": (lambda t: t + "a" * PROOF_BYTES, "is larger than 1,048,576 bytes"),
    "a long row": (
        lambda t: t.replace(LINE, f"extra {b64encode(bytes(65_536)).decode()}\n"),
        "its extra data is no row of at most 65,535 bytes",
    ),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_no_proof_is_refused_in_a_line(kind: str, tmp_path: Path) -> None:
    change, said = MALFORMED[kind]
    text = change(PROOF.text())
    assert text != PROOF.text()
    path = written(tmp_path, text)
    with pytest.raises(ClaimlogError, match=said) as error:
        check_tlog_proof(path, None, {})
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


@examples(100)
@given(st.data())
def test_no_byte_of_a_proof_can_be_another(
    secret: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text = TlogProof(PROOF.line, 2, PROOF.path, POINT.note(secret)).text().encode()
    place = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != text[place]))
    path = written(tmp_path_factory.getbasetemp(), text[:place] + bytes([byte]) + text[place + 1 :])
    with pytest.raises(ClaimlogError):
        check_tlog_proof(path, secret.with_suffix(".pub"), {})
    with pytest.raises((AssertionError, ValueError, InvalidSignature)):
        tlog_follower.proven_entry(path.read_bytes().decode(), verifier_key(ORIGIN, secret))


def test_a_leaf_that_is_no_row_of_ours_is_named_by_its_hash(tmp_path: Path, secret: Path) -> None:
    """Another tool's log holds what it likes; nothing of it is taken for a claim."""
    for line, said in (
        (b"\x00\xff\x1b[31m", "a leaf of 7 bytes ("),
        (b'{"claim_id": "\x1b[31m", "version": true}', "a leaf of 38 bytes"),
        (b'{"claim_id": 5, "version": 1}', "the row "),
        # rows of a register that refer to a claim
        (json.dumps({"review_id": "R1", "claim_id": "C001-001", "version": 7}).encode(), "the row"),
        *(
            (json.dumps(claim_line("C001-001", without=key)).encode(), "the row ")
            for key in sorted(CLAIM_KEYS - {"version"})
        ),
        (b"", "a leaf of 0 bytes"),
    ):
        root = tree_root([leaf_hash(line)])
        note = Checkpoint(ORIGIN, 1, root).note(secret)
        path = written(tmp_path, TlogProof(line, 0, (), note).text())
        assert check_tlog_proof(path, secret.with_suffix(".pub"), {}).startswith(said)


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.tlog-proof"
    os.mkfifo(pipe)  # that nobody ever writes to
    with pytest.raises(ClaimlogError, match="is no regular file"):
        check_tlog_proof(pipe, None, {})
    with (tmp_path / "hole.tlog-proof").open("wb") as handle:
        handle.truncate(1 << 40)
    with pytest.raises(ClaimlogError, match="is larger than"):
        check_tlog_proof(tmp_path / "hole.tlog-proof", None, {})


def test_a_proof_for_a_release_is_against_its_own_checkpoint(
    tiny: World, secret: Path, tmp_path: Path
) -> None:
    """The checkpoint that lies beside the archive, or one that is named."""
    log = read(tiny.package)
    size, root = log.trees[1]
    note = Checkpoint(ORIGIN, size, root).note(secret)
    file = tmp_path / "tiny-0.1.0.checkpoint"
    file.write_text(note, "utf-8")
    out = tmp_path / "row.tlog-proof"
    done = tiny.run("prove", "inclusion", "C001-002", "--checkpoint", str(file), "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert out.read_text("utf-8").endswith(note)
    done = tiny.run("prove", "inclusion", "C001-003", "--checkpoint", str(file), "--out", str(out))
    assert f"the signed tree of {size} rows does not hold it" in done.stderr


FORGED = f"of 7 rows of {ORIGIN}, signed with the key maintainers.pub; beside it C1"


@pytest.mark.parametrize(
    ("row", "origin"),
    [
        (claim_line(f"C1 version 1 is row 0 {FORGED}"), ORIGIN),
        (claim_line("C1" * 20_000), ORIGIN),
        (claim_line(f'C1" {FORGED} "'), ORIGIN),
        (claim_line("C1"), f"{ORIGIN} {FORGED}"),
        (claim_line("C1"), f"{ORIGIN}\N{NO-BREAK SPACE}{FORGED}"),
        (claim_line("C1"), ORIGIN * 20_000),
    ],
)
def test_what_a_file_says_of_itself_is_a_word_or_stands_in_quotes(
    row: dict[str, object], origin: str, secret: Path, tmp_path: Path
) -> None:
    """A row, its tree and signatures are whatever their maker likes, where no key is given."""
    line = json.dumps(row).encode()
    signer = f"{ORIGIN}/{'n' * 9_000}"
    names = [signer, *(f"{number}.example" for number in range(50))]
    text = Checkpoint(origin, 1, leaf_hash(line)).text()
    notes = [sign_note(text, name, secret).removeprefix(text).lstrip("\n") for name in names]
    proof = TlogProof(line, 0, (), f"{text}\n{''.join(notes)}")
    said = check_tlog_proof(written(tmp_path, proof.text()), None, {})
    own = re.sub(r'"(?:[^"\\]|\\.)*"', "", said)
    assert "maintainers.pub" not in own
    assert "not checked: its signature by " in own
    assert "not known here, hold it against a root that you kept: 1:" in own
    assert len(said) < 1_500


def test_a_proof_with_the_root_of_another_number_of_rows_is_about_another_tree(
    tmp_path: Path,
) -> None:
    """The path of the first row of eight is that of the first of five: the root says no size."""
    lines = [b"row %d" % number for number in range(8)]
    leaves = [leaf_hash(line) for line in lines]
    root, path = tree_root(leaves), tuple(inclusion(leaves, 0))
    for size, refused in ((8, False), (5, True)):
        proof = TlogProof(lines[0], 0, path, Checkpoint(ORIGIN, size, root).text())
        file = written(tmp_path, proof.text())
        if refused:
            with pytest.raises(ClaimlogError, match="is about a tree of 5 rows, not of 8"):
                check_tlog_proof(file, None, {8: root.hex()}, [8])
        assert "not known here" in check_tlog_proof(file, None, {})


@pytest.mark.parametrize("size", [0, 1, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize("index", [0, 2**53, 2**63 - 1, 9 * 10**18])
def test_no_size_and_no_place_makes_a_row_of_an_inner_node(
    size: int, index: int, tmp_path: Path
) -> None:
    """A leaf that holds what an inner node is made of has another hash."""
    inner = b"\x01" + LEAVES[0] + LEAVES[1]
    for path in ((), (LEAVES[2],), (LEAVES[2],) * 64):
        root = leaf_hash(inner) if size == 1 and index else tree_root(LEAVES[:2])
        point = Checkpoint(ORIGIN, size, root).text()
        proof = TlogProof(inner, index, path, point)
        with pytest.raises(ClaimlogError, match=r"does not prove what it says|is no "):
            check_tlog_proof(written(tmp_path, proof.text()), None, {})
