"""The log as C2SP tiles: written for others, read from others, and never signed two ways."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import tlog_follower
from claimlog.errors import ClaimlogError
from claimlog.log.columnar import write_rows
from claimlog.log.leaf_entries import LeafEntry, iterate_entries
from claimlog.log.merkle import EMPTY_ROOT, leaf_hash
from claimlog.log.proofs import tree_root
from claimlog.log.read_log import read
from claimlog.log.release_index import read_index
from claimlog.log.signed_trees import (
    RECORD,
    SignedTree,
    dump_signed_trees,
    read_signed_trees,
)
from claimlog.log.tiles import ENTRIES, dump_bundle, level_sizes, tile_files, tile_path
from claimlog.release import tile_reader
from claimlog.release.checkpoint import Checkpoint
from claimlog.release.checkpoint_signing import (
    last_signed_note,
    present_origin,
    require_signable,
    sign_checkpoint,
)
from claimlog.release.signing_key import verifier_key
from claimlog.release.tile_log import TileOutput, write_tiles
from claimlog.release.tile_reader import TiledLog, check_tiled_log
from conftest import World, copied
from peer_files import peer_files

ORIGIN = "tiny.example/log"
TESSERA = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private key, with its public half in ``key.pub`` beside it."""
    path = tmp_path_factory.mktemp("keys") / "key.pem"
    private = Ed25519PrivateKey.generate()
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.with_suffix(".pub").write_bytes(
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return path


@pytest.fixture
def tiny(world: World) -> World:
    """The tiny package in git, with an origin of its log."""
    path = world.root / "datapackage.json"
    about = {**json.loads(path.read_text("utf-8")), "logOrigin": ORIGIN}
    path.write_text(json.dumps(about), "utf-8")
    (world.root / ".gitignore").write_text("/dist/\n/.claimlog/\n", "utf-8")
    git(world, "init", "-q")
    commit(world)
    return world


def git(world: World, *words: str) -> None:
    who = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")
    subprocess.run(["git", "-C", str(world.root), *who, *words], check=True, capture_output=True)


def commit(world: World) -> None:
    git(world, "add", "-A")
    git(world, "commit", "-qm", "Change")


def signed(world: World, secret: Path) -> str:
    """Sign the log as it stands."""
    log = read(world.package)
    return sign_checkpoint(log, Checkpoint(present_origin(log), log.size, log.root), secret)


def tiled(world: World, note: str, folder: Path) -> TileOutput:
    log = read(world.package)
    return write_tiles(log, read_index(world.package), note, folder, folder.name)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


# layout ------------------------------------------------------------------------------------------


def entries(size: int) -> list[LeafEntry]:
    lines = [b"row %d" % number for number in range(size)]
    return [LeafEntry(leaf_hash(line), line) for line in lines]


@pytest.mark.parametrize(
    ("index", "path"),
    [
        (0, "tile/0/000"),
        (999, "tile/0/999"),
        (1000, "tile/0/x001/000"),
        (1234067, "tile/0/x001/x234/067"),
    ],
)
def test_the_path_of_a_tile_is_the_one_of_the_specification(index: int, path: str) -> None:
    assert tile_path(0, index) == path
    assert tile_path(0, index, 7) == f"{path}.p/7"


def test_a_tree_of_70_000_rows_has_the_tiles_of_the_specification() -> None:
    """The example of c2sp.org/tlog-tiles, hash by hash by the definition of a tile."""
    rows = entries(70_000)
    found = dict(tile_files(rows, {70_000}))
    names = [name for name in found if not name.startswith(f"tile/{ENTRIES}/")]
    assert len([name for name in names if name.startswith("tile/0/") and ".p" not in name]) == 273
    assert sorted(name for name in names if not name.startswith("tile/0/")) == [
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    assert "tile/0/273.p/112" in names
    hashes = [row.hash for row in rows]
    assert found["tile/0/273.p/112"] == b"".join(hashes[273 * 256 :])
    for level, count in enumerate(level_sizes(70_000)):
        reach = 256**level
        for place in {0, count - 1}:
            tile = found[tile_path(level, place // 256, min(256, count - place // 256 * 256))]
            at = place % 256 * 32
            mth = tlog_follower.tree_hash(hashes[place * reach : (place + 1) * reach])
            assert tile[at : at + 32] == mth


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, 65_536, 65_537])
def test_what_is_written_is_read_at_every_edge(size: int, tmp_path: Path, secret: Path) -> None:
    rows = entries(size)
    for name, data in tile_files(rows, {size}):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    note = Checkpoint(ORIGIN, size, tree_root([row.hash for row in rows])).note(secret)
    (tmp_path / "checkpoint").write_text(note, "utf-8")
    log = TiledLog.open(tmp_path, secret.with_suffix(".pub"))
    assert [*log.entries()] == rows
    followed = tlog_follower.follow(tmp_path, verifier_key(ORIGIN, secret))
    assert followed == [row.line for row in rows]


def test_a_row_that_no_bundle_can_hold_is_refused() -> None:
    line = b"x" * 65_536
    with pytest.raises(ClaimlogError, match="row 0 of the log has 65,536 bytes; tiles hold rows"):
        [*tile_files([LeafEntry(leaf_hash(line), line)], {1})]
    assert dict(tile_files([LeafEntry(leaf_hash(line[1:]), line[1:])], {1}))


# our log, read by others -------------------------------------------------------------------------


def test_an_independent_reader_follows_the_log(tiny: World, secret: Path, tmp_path: Path) -> None:
    note = signed(tiny, secret)
    tiled(tiny, note, tmp_path / "log")
    log = read(tiny.package)
    vkey = verifier_key(ORIGIN, secret)
    followed = tlog_follower.follow(tmp_path / "log", vkey)
    assert followed == [entry.line for entry in iterate_entries(log, log.size)]
    assert [leaf_hash(line).hex() for line in followed[-2:]] == [
        row["event_id"] for row in log.rows("claims").tail(2).to_dicts()
    ]
    assert (tmp_path / "log" / "checkpoint").read_text("utf-8") == note
    assert note.startswith(f"{ORIGIN}\n{log.size}\n{b64encode(log.root).decode()}\n")


def test_batches_in_columns_have_the_same_tiles(made: World, tmp_path: Path) -> None:
    log = read(made.package)
    plain = [entry.line for entry in iterate_entries(log, log.size)]
    other = copied(made, tmp_path)
    path = other.file("claims", 1)
    rows = log.rows("claims").filter(log.rows("claims")["batch"] == 2)
    write_rows(rows, log.definition.streams["claims"], path.with_suffix(".parquet"))
    path.unlink()
    manifest = path.with_name("batch.json")
    about = json.loads(manifest.read_text("utf-8"))
    about["files"]["claims.parquet"] = about["files"].pop("claims.ndjson")
    manifest.write_text(json.dumps(about, indent=2, sort_keys=True) + "\n", "utf-8")
    columnar = read(other.package)
    assert columnar.root == log.root
    assert [entry.line for entry in iterate_entries(columnar, log.size)] == plain


def test_rows_that_come_later_add_files_and_change_only_the_checkpoint(
    tiny: World, secret: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "log"
    first = tiled(tiny, signed(tiny, secret), folder)
    before = contents(folder)
    again = tiled(tiny, signed(tiny, secret), folder)
    assert (again.new_files, contents(folder)) == (0, before)
    tiny.amend("actors", "nor", note="In the north.")
    tiny.seal("north")
    later = tiled(tiny, signed(tiny, secret), folder)
    after = contents(folder)
    assert later.checkpoint.size == first.checkpoint.size + 1
    assert {name for name, data in before.items() if after.get(name) != data} == {"checkpoint"}
    assert set(after) - set(before) == {
        tile_path(level, 0, later.checkpoint.size) for level in (0, ENTRIES)
    }
    # the same log gives the same bytes, but for the partial tiles of states published before
    tiled(tiny, read_signed_trees(tiny.package)[ORIGIN].note, tmp_path / "anew")
    assert contents(tmp_path / "anew").items() <= after.items()


@pytest.mark.slow
def test_tiles_of_another_log_or_of_a_later_state_are_left_alone(
    tiny: World, secret: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "log"
    old = signed(tiny, secret)
    tiled(tiny, old, folder)
    size = read(tiny.package).size
    bundle = folder / tile_path(ENTRIES, 0, size)
    sound = bundle.read_bytes()
    bundle.write_bytes(sound[:-1] + b" ")
    with pytest.raises(ClaimlogError, match=f"{size}: holds other bytes than the log gives"):
        tiled(tiny, old, folder)
    bundle.write_bytes(sound)
    tiny.amend("actors", "nor", note="In the north.")
    tiny.seal("north")
    tiled(tiny, signed(tiny, secret), folder)
    before = contents(folder)
    with pytest.raises(ClaimlogError, match="never goes back to"):
        tiled(tiny, old, folder)
    for point, said in (
        (Checkpoint("other.example/log", 0, tree_root([])), "is of the log other.example/log"),
        (Checkpoint(ORIGIN, size, bytes(32)), "are not what this log begins with"),
    ):
        (folder / "checkpoint").write_text(point.note(secret), "utf-8")
        with pytest.raises(ClaimlogError, match=said):
            tiled(tiny, read_signed_trees(tiny.package)[ORIGIN].note, folder)
    (folder / "checkpoint").write_bytes(before["checkpoint"])
    assert contents(folder) == before


@pytest.mark.slow
@pytest.mark.parametrize("link", ["tile", "tile/entries", "tile/entries/000.p", "tile/0"])
def test_nothing_is_written_behind_a_link_or_before_it_is_found(
    link: str, tiny: World, secret: Path, tmp_path: Path
) -> None:
    folder, elsewhere = tmp_path / "log", tmp_path / "elsewhere"
    (folder / link).parent.mkdir(parents=True)
    elsewhere.mkdir()
    (folder / link).symlink_to(elsewhere)
    before = sorted(folder.rglob("*"))
    said = rf"log/{link}: is a symbolic link, through which nothing is written"
    done = tiny.run("tiles", "--out", str(folder), "--sign", str(secret))
    assert (done.returncode, bool(re.search(said, done.stderr))) == (1, True), done.stderr
    assert not (tiny.root / RECORD).exists()
    with pytest.raises(ClaimlogError, match=said):
        tiled(tiny, signed(tiny, secret), folder)
    assert sorted(folder.rglob("*")) == before
    assert [*elsewhere.iterdir()] == []


def test_the_command_signs_publishes_and_checks(tiny: World, secret: Path, tmp_path: Path) -> None:
    folder, public = tmp_path / "log", str(secret.with_suffix(".pub"))
    done = tiny.run("tiles", "--out", str(folder))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"no checkpoint of {ORIGIN} was signed yet" in done.stderr
    done = tiny.run("tiles", "--out", str(folder), "--sign", str(secret))
    assert done.returncode == 0, done.stderr
    vkey = verifier_key(ORIGIN, secret)
    assert vkey in done.stdout
    assert tlog_follower.follow(folder, vkey)
    log = read(tiny.package)
    root = f"{log.trees[0][0]}:{log.trees[0][1].hex()}"
    done = tiny.run("tiles", "--check", str(folder), "--key", public, "--root", root)
    assert done.returncode == 0, done.stderr
    assert f"{log.size:,} rows, every one in its tile" in done.stdout
    assert f"its first {log.trees[0][0]} rows have the root that you kept" in done.stdout
    done = tiny.run("tiles", "--check", str(folder), "--root", f"{log.trees[0][0]}:{'0' * 64}")
    assert (done.returncode, "it was rewritten" in done.stderr) == (1, True)
    assert tiny.run("tiles").returncode == 2
    done = tiny.run("tiles", "--check", "x", "--sign", "y")
    assert (done.returncode, "--sign does not go with --check" in done.stderr) == (2, True)
    # what is not in the commit is not signed
    tiny.amend("actors", "nor", note="In the north.")
    tiny.seal("north")
    done = tiny.run("tiles", "--out", str(folder), "--sign", str(secret))
    assert (done.returncode, "not committed: " in done.stderr) == (1, True)


# others' logs ------------------------------------------------------------------------------------


def test_a_log_of_another_tool_is_read_whole() -> None:
    [path] = peer_files("tlog-tiles", "log/checkpoint", 1)
    log = TiledLog.open(path.parent, TESSERA)
    assert check_tiled_log(log, {}) == 15
    assert [entry.hash for entry in log.entries()] == [
        leaf_hash(entry) for entry in tlog_follower.follow(path.parent, TESSERA)
    ]


def test_every_state_that_another_log_signed_is_read(tmp_path: Path) -> None:
    shutil.copytree(peer_files("tlog-tiles", "log/checkpoint", 1)[0].parent, tmp_path / "log")
    for path in peer_files("tlog-tiles", "log/checkpoint.*", 16):
        size = int(path.suffix[1:])
        shutil.copyfile(path, tmp_path / "log" / "checkpoint")
        log = TiledLog.open(tmp_path / "log", TESSERA)
        assert check_tiled_log(log, {}) == size


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A log of 300 rows as tiles, to break."""
    rows = entries(300)
    for name, data in tile_files(rows, {300}):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    text = Checkpoint(ORIGIN, 300, tree_root([row.hash for row in rows])).text()
    (tmp_path / "checkpoint").write_text(text, "utf-8")
    return tmp_path


def altered(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


BUNDLE, LAST = "tile/entries/000", "tile/entries/001.p/44"
BROKEN: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "a row": (BUNDLE, lambda data: altered(data, 2), "row 0 is not the one that the tile"),
    "the last row": (LAST, lambda data: altered(data, -1 % len(data)), "row 299 is not the one"),
    "a length": (BUNDLE, lambda data: altered(data, 1), "row 0 is not the one|is no bundle"),
    "a row too few": (LAST, lambda data: data[:-9], "is no bundle of 44 rows"),
    "a row too many": (LAST, lambda data: data + dump_bundle([b"more"]), "is no bundle of 44"),
    "a byte too many": (LAST, lambda data: data + b"\0", "is no bundle of 44 rows"),
    "an endless row": (LAST, lambda data: b"\xff\xff" + data[2:], "is no bundle of 44 rows"),
    "nothing": (LAST, lambda _: b"", "is no bundle of 44 rows"),
    "a leaf hash": ("tile/0/000", lambda data: altered(data, 0), "row 0 is not the one"),
    "a short tile": ("tile/0/000", lambda data: data[:-1], "has 8191 bytes, expected 8192"),
    "a long tile": ("tile/0/001.p/44", lambda data: data + data[:32], "has 1440 bytes, expected"),
    "a large tile": ("tile/0/000", lambda data: data + b"x", "is larger than 8,192 bytes"),
    "a hash above": ("tile/1/000.p/1", lambda data: altered(data, 0), "does not hold the hashes"),
    "a root": (
        "checkpoint",
        lambda _: Checkpoint(ORIGIN, 300, bytes(32)).text().encode(),
        "its tiles give the root",
    ),
    "more rows": (
        "checkpoint",
        lambda _: Checkpoint(ORIGIN, 301, bytes(32)).text().encode(),
        r"tile/0/001.p/45: cannot be read",
    ),
    "too many rows": (
        "checkpoint",
        lambda _: Checkpoint(ORIGIN, 2**64 - 1, bytes(32)).text().encode(),
        "10,000,000 are the most that are read",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_log_of_a_stranger_that_does_not_agree_is_refused(kind: str, foreign: Path) -> None:
    name, change, said = BROKEN[kind]
    path = foreign / name
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ClaimlogError, match=said) as error:
        check_tiled_log(TiledLog.open(foreign), {})
    assert "\n" not in str(error.value)


def test_bytes_swapped_between_rows_are_noticed(foreign: Path) -> None:
    """Two rows as one, and the hash of the one in the tile: the root is another."""
    path = foreign / LAST
    rows = [row.line for row in entries(300)[256:]]
    path.write_bytes(dump_bundle([rows[1], rows[0], *rows[2:]]))
    tile = foreign / "tile/0/001.p/44"
    data = tile.read_bytes()
    tile.write_bytes(data[32:64] + data[:32] + data[64:])
    with pytest.raises(ClaimlogError, match="its tiles give the root"):
        check_tiled_log(TiledLog.open(foreign), {})


def test_what_is_no_file_of_the_directory_is_not_read(foreign: Path, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    for name in ("tile/0/000", BUNDLE, "checkpoint"):
        path = foreign / name
        data = path.read_bytes()
        path.unlink()
        os.mkfifo(path)  # that nobody ever writes to
        with pytest.raises(ClaimlogError, match="is no regular file"):
            check_tiled_log(TiledLog.open(foreign), {})
        path.unlink()
        outside.write_bytes(data)
        path.symlink_to(outside)
        with pytest.raises(ClaimlogError, match="leads out"):
            check_tiled_log(TiledLog.open(foreign), {})
        path.unlink()
        path.write_bytes(data)
    assert check_tiled_log(TiledLog.open(foreign), {}) == 300


def test_all_that_is_read_of_a_log_is_bounded(
    foreign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_reader, "TILED_BYTES", 10_000)
    with pytest.raises(ClaimlogError, match="more than 10,000 bytes of tiles and rows"):
        check_tiled_log(TiledLog.open(foreign), {})
    huge = foreign / BUNDLE
    with huge.open("wb") as handle:
        handle.truncate(1 << 40)  # a hole of a terabyte
    with pytest.raises(ClaimlogError, match="is larger than"):
        check_tiled_log(TiledLog.open(foreign), {})


def test_a_full_tile_stands_for_a_partial_one_that_was_dropped(foreign: Path) -> None:
    rows = entries(512)
    for name, data in tile_files(rows, {512}):
        (foreign / name).parent.mkdir(parents=True, exist_ok=True)
        (foreign / name).write_bytes(data)
    for name in (LAST, "tile/0/001.p/44"):
        (foreign / name).unlink()
    assert check_tiled_log(TiledLog.open(foreign), {}) == 300


def test_a_checkpoint_of_another_key_is_refused(foreign: Path, secret: Path) -> None:
    with pytest.raises(ClaimlogError, match="the checkpoint is not signed"):
        TiledLog.open(foreign, secret.with_suffix(".pub"))
    point = Checkpoint(ORIGIN, 300, tree_root([row.hash for row in entries(300)]))
    (foreign / "checkpoint").write_text(point.note(secret), "utf-8")
    assert check_tiled_log(TiledLog.open(foreign, secret.with_suffix(".pub")), {}) == 300
    with pytest.raises(ClaimlogError, match="is signed, but not with the key"):
        TiledLog.open(foreign, TESSERA)


# nothing is signed two ways ----------------------------------------------------------------------


def test_a_checkpoint_that_contradicts_a_signed_one_is_never_signed(
    tiny: World, secret: Path
) -> None:
    note = signed(tiny, secret)
    record = (tiny.root / RECORD).read_bytes()
    log = read(tiny.package)
    assert signed(tiny, secret) == note  # the same once more is no other
    assert (tiny.root / RECORD).read_bytes() == record
    size, root = log.trees[0]
    for point, said in (
        (Checkpoint(ORIGIN, size, root), f"so that {size} are never signed after them"),
        (Checkpoint(ORIGIN, log.size, bytes(32)), "is not that of this log"),
        (Checkpoint(ORIGIN, log.size + 1, log.root), "is not that of this log"),
    ):
        with pytest.raises(ClaimlogError, match=said) as error:
            sign_checkpoint(log, point, secret)
        assert str(error.value).endswith("nothing was signed")
    # another name is another log to whoever follows; it is the same tree all the same
    require_signable(log, Checkpoint("other.example/log", size, root), secret)
    assert (tiny.root / RECORD).read_bytes() == record


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["same size", "larger", "smaller"])
def test_a_log_that_was_rewritten_after_it_was_signed_is_not_signed_again(
    kind: str, tiny: World, secret: Path
) -> None:
    signed(tiny, secret)
    record = (tiny.root / RECORD).read_bytes()
    if kind == "smaller":
        shutil.rmtree(tiny.root / "events" / "0003-corrections")
    else:
        tiny.rewrite("claims", lambda rows: rows[0].update(note="Altered."))
    if kind == "larger":
        tiny.amend("actors", "nor", note="In the north.")
        tiny.seal("north")
    with pytest.raises(ClaimlogError, match="it was rewritten; restore events/ from git"):
        signed(tiny, secret)
    assert (tiny.root / RECORD).read_bytes() == record


def test_a_batch_under_a_signed_checkpoint_is_not_renumbered(tiny: World, secret: Path) -> None:
    signed(tiny, secret)
    done = tiny.run("rebase", "0003-corrections")
    assert done.returncode == 2
    assert "0003-corrections is under a signed checkpoint and never changes" in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[]", "expected an object"),
        (b'{"a": {"size": -1, "root": "", "note": ""}}', "a/"),
        (b'{"a": {"size": 1, "root": "%s", "note": "", "x": 1}}' % (b"0" * 64), "a: "),
        (b'{"a": 1, "a": 2}', "occurs twice"),
        (b'{"a": {"size": 1, "root": "%s", "note": ""}}' % (b"0" * 64), "the note of a is not"),
        (b'{"a": {"size": 1.0, "root": "%s", "note": ""}}' % (b"0" * 64), "type 'integer'"),
    ],
)
def test_a_record_that_is_broken_stops_signing(
    content: bytes, said: str, tiny: World, secret: Path
) -> None:
    (tiny.root / RECORD).write_bytes(content)
    with pytest.raises(ClaimlogError, match=said) as error:
        signed(tiny, secret)
    assert str(error.value).startswith(RECORD)


def other_tree(record: dict[str, Any]) -> None:
    record.update(size=0, root=EMPTY_ROOT.hex())


def note(change: Callable[[str], str]) -> Callable[[dict[str, Any]], None]:
    return lambda record: record.update(note=change(record["note"]))


FALSE_RECORDS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another size and root": (other_tree, "is not about the size and root beside it"),
    "another origin": (note(lambda text: "x" + text), "is not about the size and root beside it"),
    "a line more": (note(lambda text: text.replace("\n\n", "\nmore\n\n")), "is not about"),
    "a second text": (note(lambda text: text.replace("\n\n", "\n\nmore\n\n")), "has no signatures"),
    "no signature": (note(lambda text: text.partition("\n\n")[0] + "\n\n"), "has no signatures"),
    "a cut signature": (note(lambda text: text[:-1]), "has no signatures"),
    "the signature of nobody": (
        note(lambda text: text.replace(f"{ORIGIN} ", f"{ORIGIN} {'A' * 92}\n\u2014 other ")),
        "is not signed with this key",
    ),
}
"""What a patch can make of the record of what was signed."""


@pytest.mark.parametrize("kind", FALSE_RECORDS)
def test_a_record_that_its_notes_contradict_is_neither_gone_on_from_nor_published(
    kind: str, tiny: World, secret: Path
) -> None:
    signed(tiny, secret)
    change, said = FALSE_RECORDS[kind]
    path = tiny.root / RECORD
    record = json.loads(path.read_text("utf-8"))
    change(record[ORIGIN])
    path.write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", "utf-8")
    with pytest.raises(ClaimlogError, match=said) as error:
        signed(tiny, secret)
    assert str(error.value).startswith(f"{RECORD}: ")
    with pytest.raises(ClaimlogError, match=f"^{RECORD}: "):
        last_signed_note(read(tiny.package), ORIGIN, secret.with_suffix(".pub"))


def test_an_entry_that_nobody_signed_is_not_said_to_be_of_a_rewritten_log(
    tiny: World, secret: Path
) -> None:
    note = signed(tiny, secret)
    trees = read_signed_trees(tiny.package)
    log, earlier = read(tiny.package), "earlier.example/log"

    def enter(size: int, root: bytes) -> None:
        text = f"{Checkpoint(earlier, size, root).text()}\n\u2014 nobody AAAAAAAAAA==\n"
        entry = SignedTree(size, root.hex(), text)
        (tiny.root / RECORD).write_bytes(dump_signed_trees({**trees, earlier: entry}))

    for size, root in ((log.trees[0][0], bytes(32)), (log.size + 1, log.root)):
        enter(size, root)
        with pytest.raises(ClaimlogError) as error:
            signed(tiny, secret)
        assert str(error.value) == (
            f"{RECORD}: the note of {earlier} is not signed with this key, and the log does not "
            f"begin with its {size} rows with root {root.hex()[:16]}…; restore the record from "
            "git, or take that entry out if nobody signed it, nothing was signed"
        )
    enter(*log.trees[0])  # as an earlier key may have signed it
    assert signed(tiny, secret) == note


def rewrite(world: World) -> None:
    world.rewrite("claims", lambda rows: rows[0].update(note="Altered."))


def seal_more(world: World, name: str) -> None:
    world.amend("actors", "nor", note=name)
    world.seal(name)
    commit(world)


def a_branch_that_was_left(world: World, secret: Path) -> None:
    git(world, "checkout", "-q", "-b", "left")
    seal_more(world, "left")
    signed(world, secret)
    commit(world)
    git(world, "checkout", "-q", "-")


def a_branch_that_was_deleted(world: World, secret: Path) -> None:
    a_branch_that_was_left(world, secret)
    git(world, "branch", "-D", "left")


def another_clone_that_was_fetched(world: World, secret: Path) -> None:
    clone = copied(world, world.root.parent / "clone")
    seal_more(clone, "left")
    signed(clone, secret)
    commit(clone)
    git(world, "fetch", "-q", str(clone.root), "HEAD:refs/remotes/other/main")


def a_record_that_was_taken_out(world: World, secret: Path) -> None:
    seal_more(world, "left")
    signed(world, secret)
    commit(world)
    (world.root / RECORD).unlink()
    world.rewrite("actors", lambda rows: rows[0].update(note="Altered."))
    commit(world)


@pytest.mark.slow
@pytest.mark.parametrize(
    "lose",
    [
        a_branch_that_was_left,
        a_branch_that_was_deleted,
        another_clone_that_was_fetched,
        a_record_that_was_taken_out,
    ],
)
def test_what_a_commit_has_on_record_is_not_contradicted(
    lose: Callable[[World, Path], None], tiny: World, secret: Path, tmp_path: Path
) -> None:
    (tmp_path / "clone").mkdir()
    signed(tiny, secret)
    commit(tiny)
    lose(tiny, secret)
    if lose is not a_record_that_was_taken_out:
        seal_more(tiny, "right")
    before = contents(tiny.root)
    with pytest.raises(ClaimlogError, match=f"^{RECORD} in the commit .*: it was rewritten"):
        signed(tiny, secret)
    assert contents(tiny.root) == before


@pytest.mark.slow
def test_a_record_in_a_commit_of_a_stranger_stops_nobody(tiny: World, secret: Path) -> None:
    """Of commits only what the same key signed counts, and what is no record is passed over."""
    git(tiny, "checkout", "-q", "-b", "theirs")
    stranger = tiny.root.parent / "stranger.pem"
    private = Ed25519PrivateKey.generate()
    stranger.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    seal_more(tiny, "theirs")
    signed(tiny, stranger)
    commit(tiny)
    for content in (b"[]", b"{}", b"\xff" * 200_000):
        (tiny.root / RECORD).write_bytes(content)
        commit(tiny)
    git(tiny, "checkout", "-q", "-")
    signed(tiny, secret)


def test_nothing_is_signed_that_the_published_checkpoint_contradicts(
    tiny: World, secret: Path, tmp_path: Path
) -> None:
    """An old backup without a record: what is published is looked at before anything is signed."""
    out = tmp_path / "log"
    tiled(tiny, signed(tiny, secret), out)
    published = contents(out)
    (tiny.root / RECORD).unlink()
    rewrite(tiny)
    log = read(tiny.package)
    with pytest.raises(ClaimlogError, match="are not what this log begins with"):
        sign_checkpoint(log, Checkpoint(ORIGIN, log.size, log.root), secret, out)
    commit(tiny)
    done = tiny.run("tiles", "--out", str(out), "--sign", str(secret))
    assert (done.returncode, (tiny.root / RECORD).exists()) == (1, False), done.stdout
    assert contents(out) == published


def test_a_published_checkpoint_has_the_signature_of_the_log(tiny: World, secret: Path) -> None:
    text = signed(tiny, secret)
    log = read(tiny.package)
    assert last_signed_note(log, ORIGIN, secret.with_suffix(".pub")) == text
    size, root = log.size, log.root.hex()
    other = SignedTree(size, root, text.replace(f"\u2014 {ORIGIN}", "\u2014 other.example/log"))
    (tiny.root / RECORD).write_bytes(dump_signed_trees({ORIGIN: other}))
    with pytest.raises(ClaimlogError, match="has no signature under that name"):
        last_signed_note(log, ORIGIN)


KILLED = """
import os, sys
from pathlib import Path

from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.release.checkpoint import Checkpoint
from claimlog.release.checkpoint_signing import present_origin, sign_checkpoint

real = Path.replace


def replace(self, target):
    if sys.argv[3] == "after":
        real(self, target)
    os._exit(9)


log = read(Package(Path(sys.argv[1])))
Path.replace = replace
sign_checkpoint(log, Checkpoint(present_origin(log), log.size, log.root), Path(sys.argv[2]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_signing_that_is_killed_leaves_either_state(
    moment: str, tiny: World, secret: Path, tmp_path: Path
) -> None:
    """Killed where the record takes its name: it is the old one or the new one, and goes on."""
    signed(tiny, secret)
    old = (tiny.root / RECORD).read_bytes()
    tiny.amend("actors", "nor", note="In the north.")
    tiny.seal("north")
    words = [sys.executable, "-c", KILLED, str(tiny.root), str(secret), moment]
    assert subprocess.run(words, timeout=300).returncode == 9
    found = (tiny.root / RECORD).read_bytes()
    assert (found == old) == (moment == "before")
    note = signed(tiny, secret)
    assert read_signed_trees(tiny.package)[ORIGIN].note == note
    if moment == "after":
        assert (tiny.root / RECORD).read_bytes() == found
    assert not [*tiny.root.glob(f".{RECORD}*")]
    tiled(tiny, note, tmp_path / "log")
    assert tlog_follower.follow(tmp_path / "log", verifier_key(ORIGIN, secret))


def test_words_of_an_unsigned_directory_stand_in_quotes(tiny: World, tmp_path: Path) -> None:
    forged = "checked: the signature of the checkpoint with the key maintainers.pub"
    leaf = leaf_hash(b"{}")
    folder = tmp_path / "log"
    for name, data in (("tile/0/000.p/1", leaf), ("tile/entries/000.p/1", b"\0\0")):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(data)
    point = Checkpoint(f"x's checkpoint; {forged}, not y", 1, leaf)
    (folder / "checkpoint").write_text(point.text(), "utf-8")
    row = {"row": 0, "leaf_hash": leaf.hex(), "reason": f'a court" {forged}"'}
    (folder / "takedowns.json").write_text(json.dumps({"rows": [row]}), "utf-8")
    done = tiny.run("tiles", "--check", str(folder))
    assert done.returncode == 1
    assert forged in done.stdout
    assert forged not in re.sub('"[^"]*"', "", done.stdout + done.stderr)
