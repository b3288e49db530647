"""A legal takedown, rehearsed: what goes, what stays, and that nothing else can be missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import claimlog.fingerprint
import claimlog.log.columnar
import tlog_follower
from claimlog.build import build
from claimlog.edit import takedown
from claimlog.edit.add_amend_retract import Entries, amend_all
from claimlog.edit.cut_off_rebase import mark_rebase
from claimlog.edit.log_lock import log_lock
from claimlog.edit.rebase import rebase
from claimlog.edit.seal import seal
from claimlog.edit.takedown import plan_takedown, take_down
from claimlog.edit.taken_words import said_elsewhere
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.files import lock_temporary
from claimlog.log import read_log
from claimlog.log.event_log import Log
from claimlog.log.leaf_entries import iterate_entries
from claimlog.log.lines import without_lines
from claimlog.log.read_log import read
from claimlog.log.release_index import find_entry, read_index
from claimlog.log.stream_parts import PartFile
from claimlog.log.takedowns import (
    RECORD,
    TakedownRecord,
    TakenRow,
    dump_takedowns,
    sealed_lines,
    with_taken,
)
from claimlog.log.tiles import dump_bundle, parse_bundle
from claimlog.package import SUMS, Package
from claimlog.release.checkpoint import Checkpoint
from claimlog.release.checksums import dump_sums, sha256_of_files
from claimlog.release.delta_apply import apply_delta
from claimlog.release.make import ReleaseOutput, sign_published, sign_release, write_release
from claimlog.release.prove import check_proof, claim_row, leaf_hashes, prove_inclusion
from claimlog.release.rebuild import package_at_release
from claimlog.release.reissue import ReissueOutput, reissue_release
from claimlog.release.release_statement import ReleaseStatement
from claimlog.release.signing_key import verifier_key
from claimlog.release.tile_reader import TiledLog, check_tiled_log
from claimlog.release.verify import verify_copy
from claimlog.release.write_release_folder import ReleasePlan, write_release_folder
from claimlog.schema.table_schema import Table
from claimlog.validate import validate
from conftest import World, asking, copied
from repositories import DAY, Repo, drop_codebook_tables
from test_tiles import contents, secret, signed, tiled

__all__ = ["secret"]  # a fixture

STATEMENT = "Sudland holds that Norland's ministry has always been against the arrangement."
NEUTRAL = "A statement stood here until a court ordered that it be taken down."
REASON = "Court order 1/2027."
CLAIM = "C001-002"
LINKED = "C001-001"


def order(world: World) -> None:
    """What comes before a takedown: the claim says no more what must go, and is retracted."""
    world.amend("claims", CLAIM, "A court ordered its statement gone.", statement=NEUTRAL)
    world.retract(CLAIM, "Taken down.")
    world.seal("order")


def go(world: World, *versions: int, identifier: str = CLAIM) -> None:
    plan = plan_takedown(world.package, identifier, versions or (1,), REASON, "maintainer")
    take_down(world.package, plan)


def amend_together(world: World, reason: str, *rows: dict[str, Any]) -> None:
    """Amend several claims at once, each by a row with its identifier and what changes."""
    amend_all(world.package, "claims", Entries([*rows]), reason, "coder-1", world.supplied)


def errors(world: World) -> list[str]:
    found = validate(read(world.package), None).findings
    return [str(finding) for finding in found if finding.severity == "error"]


@pytest.fixture(scope="module")
def ordered(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = copied(made, tmp_path_factory.mktemp("ordered"))
    order(world)
    return world


@pytest.fixture(scope="module")
def once_taken(ordered: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The tiny package without the row, which is valid."""
    world = copied(ordered, tmp_path_factory.mktemp("taken"))
    go(world)
    assert errors(world) == []
    return world


@pytest.fixture
def taken(once_taken: World, tmp_path: Path) -> World:
    """A copy of the tiny package without the row, to break."""
    return copied(once_taken, tmp_path)


@pytest.fixture
def sound(ordered: World, tmp_path: Path) -> World:
    """The tiny package with a claim that is ready to be taken down."""
    return copied(ordered, tmp_path)


# the log -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_tree_is_what_it_was_and_the_row_is_gone(sound: World) -> None:
    before = read(sound.package)
    row = claim_row(before, CLAIM, 1)
    go(sound)
    after = read(sound.package)
    assert (after.size, after.root, after.trees) == (before.size, before.root, before.trees)
    assert leaf_hashes(after) == leaf_hashes(before)
    [(seq, taken)] = after.taken_rows.items()
    assert (seq, taken.leaf_hash) == (row["seq"], row["event_id"])
    assert after.rows("claims")["version"].len() == before.rows("claims")["version"].len() - 1
    for path in sound.root.rglob("*"):
        assert not path.is_file() or STATEMENT.encode() not in path.read_bytes()
    assert errors(sound) == []
    # every other row has its place and its proof
    kept = after.rows("claims").filter(after.rows("claims")["claim_id"] != CLAIM)
    assert kept.equals(
        before.rows("claims").filter(before.rows("claims")["claim_id"] != CLAIM), null_equal=True
    )
    later = claim_row(after, "C001-005")
    proof = sound.root.parent / "proof.json"
    proof.write_text(json.dumps(prove_inclusion(after, later, after.size)), "utf-8")
    assert "is in the tree" in check_proof(proof, {after.size: after.root.hex()})


@pytest.mark.slow
def test_a_row_that_is_named_by_its_stream_too_is_taken_down_by_its_identifier(
    sound: World,
) -> None:
    go(sound, identifier=f"claims/{CLAIM}")
    [taken] = read(sound.package).taken_rows.values()
    assert taken.id == CLAIM
    assert errors(sound) == []
    shown = [sound.run("show", name).stdout for name in (CLAIM, f"claims/{CLAIM}")]
    assert shown[0] == shown[1]
    assert "version 1  taken down on" in shown[0]


def test_what_was_taken_down_already_is_said_to_be(taken: World) -> None:
    with pytest.raises(ClaimlogError, match=r"no version 1 .* was taken down on"):
        go(taken)


@pytest.mark.slow
def test_the_log_goes_on_and_the_identifier_is_never_given_again(sound: World) -> None:
    go(sound)
    [name] = sound.add("claims", [CLAIMS_MORE])
    assert name == "C001-007"
    sound.seal("more")
    assert errors(sound) == []
    log = read(sound.package)
    assert log.live_count("claims") == 5
    assert sorted(log.history("claims", CLAIM)["version"]) == [2, 3]


CLAIMS_MORE: dict[str, Any] = {
    "source_id": "S001",
    "quote": "clerk lost a chart",
    "statement": "Something happened in 2019.",
    "content": "event",
    "voice": "author",
    "modality": "actual",
    "topic": "sharing",
    "time_frame": "past",
    "sharing_effect": "none",
    "origin_basis": "taken",
    "coder_confidence": "high",
}


@pytest.mark.slow
def test_a_row_of_a_register_is_taken_down_too(sound: World) -> None:
    sound.amend("actors", "nor", "A court ordered its name gone.", name="A state")
    sound.seal("name")
    go(sound, 1, identifier="nor")
    go(sound, 1)
    log = read(sound.package)
    assert [row.id for row in log.taken_rows.values()] == ["nor", CLAIM]
    assert errors(sound) == []


@pytest.mark.slow
def test_a_large_log_reads_the_same_from_its_cache(
    sound: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(sound)
    plain = read(sound.package)
    monkeypatch.setattr("claimlog.fingerprint.MEMORY_BYTES", 0)
    for _ in range(2):  # written, and read back
        log = read(sound.package)
        assert (log.trees, leaf_hashes(log)) == (plain.trees, leaf_hashes(plain))
        assert [*iterate_entries(log, log.size)] == [*iterate_entries(plain, plain.size)]


@pytest.mark.slow
def test_a_cache_and_a_build_from_before_are_not_believed(
    sound: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.fingerprint.MEMORY_BYTES", 0)
    build(sound.package, sound.package.build)
    before = read(sound.package).rows("claims").height
    go(sound)
    assert read(sound.package).rows("claims").height == before - 1
    build(sound.package, sound.package.build)
    for path in sound.package.build.rglob("*"):
        assert not path.is_file() or STATEMENT.encode() not in path.read_bytes()
    state = json.loads((sound.package.build / "datapackage.json").read_text("utf-8"))["log"]
    [taken] = state["taken_down"]
    assert (taken["id"], taken["version"], taken["reason"]) == (CLAIM, 1, REASON)
    get = asking(sound.package.build)
    page = get(f"/claims/{CLAIM}")
    assert page.status_code == 200
    assert "Version 1 was taken down" in page.text
    assert REASON in page.text
    assert taken["leaf_hash"] in page.text
    assert get(f"/claims/{CLAIM}.json").json()["taken_down"][0]["reason"] == REASON
    assert "taken down" not in get("/claims/C001-001").text


# what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ((3,), "version 3 is its last one, which stays"),
        ((1, 3), "version 3 is its last one, which stays"),
        ((4,), "there is no version 4 to take down"),
    ],
)
def test_what_is_not_taken_down(versions: tuple[int, ...], said: str, sound: World) -> None:
    before = contents(sound.root)
    with pytest.raises(ClaimlogError, match=said):
        go(sound, *versions)
    assert contents(sound.root) == before


def test_a_retraction_is_not_taken_down(sound: World) -> None:
    sound.add("claims", [CLAIMS_MORE])
    sound.seal("more")
    with pytest.raises(ClaimlogError, match="C001-004: version 2 is its last one"):
        go(sound, 2, identifier="C001-004")
    with pytest.raises(ClaimlogError, match="nope"):
        go(sound, 1, identifier="nope")


def edited(change: Callable[[dict[str, Any]], Any]) -> Callable[[World], Any]:
    def edit(world: World) -> None:
        path = world.root / RECORD
        record = json.loads(path.read_text("utf-8"))
        change(record)
        text = json.dumps(record, ensure_ascii=False, indent=2)
        path.write_text(text + "\n", "utf-8")

    return edit


def without_line(world: World) -> None:
    path = world.file("claims", 1)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2] + lines[3:]))


def with_files(record: dict[str, Any], world: World) -> None:
    for name in record["files"]:
        data = (world.root / name).read_bytes()
        record["files"][name] = {"bytes": len(data), "sha256": sha256(data).hexdigest()}


def hidden(world: World) -> None:
    """Take a row out as somebody would who hides it: in the file and in its new hash only."""
    without_line(world)
    edited(lambda record: with_files(record, world))(world)


def with_number(name: str) -> Callable[[World], Any]:
    """A number that JSON Schema takes for an integer, written as none."""
    return edited(lambda record: record["rows"][0].update({name: float(record["rows"][0][name])}))


def with_file(name: str) -> Callable[[World], Any]:
    digest = {"bytes": 0, "sha256": "0" * 64}
    return edited(lambda record: record["files"].update({name: digest}))


OUTSIDE = (
    "events/0002-claims/../../../../../home/rc",
    "events/0002-claims/../claims.ndjson",
    "/etc/claims.ndjson",
    "../events/0002-claims/claims.ndjson",
    "events/0002-claims/claims.ndjson/../../x.ndjson",
    "events/0002-claims/claims.ndjson\n",
    "events/0002-claims/batch.json",
    "datapackage.json",
)
"""What is no file of a batch with rows."""

FORGED: dict[str, tuple[Callable[[World], Any], str]] = {
    "no record": (
        lambda world: (world.root / RECORD).unlink(),
        r"bytes is [0-9]+, batch\.json says",
    ),
    "another row missing": (without_line, "takedowns.json says"),
    "a row hidden": (hidden, r"rows is 5, takedowns\.json says 6"),
    "another hash": (
        edited(lambda record: record["rows"][0].update(leaf_hash="0" * 64)),
        "root is",
    ),
    "another place": (edited(lambda record: record["rows"][0].update(line=3)), "root is"),
    "a place outside": (
        edited(lambda record: record["rows"][0].update(line=99)),
        "names line 99 of events/0002-claims/claims.ndjson, which has 6",
    ),
    "another batch": (
        edited(lambda record: record["rows"][0].update(batch=9)),
        "names a row of batch 9, which is not there",
    ),
    "another claim": (
        edited(lambda record: record["rows"][0].update(id="C001-005")),
        "C001-005 version 1 was taken down and is there",
    ),
    "no claim": (
        edited(lambda record: record["rows"][0].update(id="C009-001")),
        "C009-001 version 1 is its last one",
    ),
    "another version": (
        edited(lambda record: record["rows"][0].update(version=2)),
        "version 2 was taken down and is there",
    ),
    "another action": (
        edited(lambda record: record["rows"][0].update(action="amend")),
        "began with another action than assert",
    ),
    "no reason": (edited(lambda record: record["rows"][0].update(reason="")), "reason: "),
    "a key more": (edited(lambda record: record["rows"][0].update(x=1)), "rows/0: "),
    "one twice": (
        edited(lambda record: record["rows"].append(record["rows"][0])),
        "names one row twice",
    ),
    "no rows": (edited(lambda record: record["rows"].clear()), "is not as claimlog takedown wrote"),
    "no files": (
        edited(lambda record: record["files"].clear()),
        "bytes is|differ in events/0002-claims/claims.ndjson",
    ),
    **{
        f"{name} that is no integer": (
            with_number(name),
            r"rows/0/\w+: .* is not of type 'integer'",
        )
        for name in ("batch", "line", "version")
    },
    **{f"a file {name!r}": (with_file(name), "files: .* does not match") for name in OUTSIDE},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORGED)
def test_nothing_is_missing_but_what_the_record_declares(kind: str, taken: World) -> None:
    change, said = FORGED[kind]
    change(taken)
    try:
        found = "\n".join(errors(taken))
    except ClaimlogError as error:
        found = str(error)
    assert re.search(said, found), found


def test_nothing_is_written_outside_of_the_package(sound: World) -> None:
    for name in ("../x", "events/../../x", sound.root.parent / "x"):
        with pytest.raises(ClaimlogError, match="is not below the package, and nothing else"):
            sound.package.write(sound.root / name, b"")
    assert not (sound.root.parent / "x").exists()
    Package(sound.root / "events" / "..").write(sound.root / "events" / ".." / "x", b"")


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["record", "first file"])
def test_a_takedown_that_was_cut_off_is_finished_by_the_next(
    moment: str, sound: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_takedown(sound.package, CLAIM, (1, 2), REASON, "maintainer")
    assert len(plan.files) == 2
    real, left = Package.write, {"record": 1, "first file": 2}[moment]
    done: list[Path] = []

    def write(self: Package, path: Path, data: bytes) -> None:
        if len(done) == left:
            raise KeyboardInterrupt
        done.append(path)
        real(self, path, data)

    monkeypatch.setattr(Package, "write", write)
    with pytest.raises(KeyboardInterrupt):
        take_down(sound.package, plan)
    monkeypatch.undo()
    assert errors(sound)  # nobody builds or releases it meanwhile
    # nor is a root or a proof given of what is no state of the log
    for words in (("log",), ("prove", "inclusion", "C001-005")):
        assert sound.run(*words).returncode == 1
    # it is finished by the same takedown alone
    record = (sound.root / RECORD).read_bytes()
    for versions, identifier in (((1,), "C001-003"), ((1,), CLAIM)):
        if (moment, identifier) == ("first file", CLAIM):
            continue  # version 1 went already
        with pytest.raises(ClaimlogError, match=r"rows that are still there .C001-002"):
            go(sound, *versions, identifier=identifier)
    again = plan_takedown(sound.package, CLAIM, (1, 2), REASON, "maintainer")
    assert (again.is_resumed, len(again.files)) == (True, 3 - left)
    take_down(sound.package, again)
    assert (sound.root / RECORD).read_bytes() == record
    assert errors(sound) == []
    assert {name: (sound.root / name).read_bytes() for name in plan.files} == plan.files


@pytest.mark.parametrize("kind", ["hole", "pipe", "link"])
def test_a_file_that_is_not_what_it_seems_is_named_and_not_read(kind: str, sound: World) -> None:
    path = sound.file("claims", 1)
    if kind == "hole":
        os.truncate(path, 200 << 30)
    else:
        path.unlink()
        os.mkfifo(path) if kind == "pipe" else path.symlink_to("/dev/zero")
    with pytest.raises(FindingsError) as raised:
        plan_takedown(sound.package, CLAIM, [2], "Court order.", "maintainer")
    assert sound.package.relative(path) in str(raised.value.findings[0])


@pytest.mark.slow
def test_a_record_that_somebody_brings_takes_nothing_down(sound: World) -> None:
    """A patch can bring takedowns.json alone; its rows go by no command but one that names them."""
    log = read(sound.package)
    rows, digests = [], {}
    for stream, identifier in (("claims", "C001-001"), ("actors", "nor")):
        row = log.history(stream, identifier).row(0, named=True)
        names = {key: row[key] for key in ("batch", "line", "version", "action")}
        said = {"taken_down": "2026-11-20", "by": "maintainer", "reason": REASON}
        rows.append(
            TakenRow(**names, stream=stream, leaf_hash=row["event_id"], id=identifier, **said)
        )
        name = log.by_number[row["batch"]].shown_file(stream)
        gone = {bytes.fromhex(row["event_id"])}
        data, _ = without_lines((sound.root / name).read_bytes(), gone)
        digests[name] = {"bytes": len(data), "sha256": sha256(data).hexdigest()}
    for own in (rows, rows[:1]):
        names = {log.by_number[row.batch].shown_file(row.stream) for row in own}
        files = {name: digests[name] for name in names}
        (sound.root / RECORD).write_bytes(dump_takedowns(TakedownRecord(tuple(own), files)))
        assert errors(sound)
        before = contents(sound.root)
        with pytest.raises(ClaimlogError, match=r"still there .*C001-001 version 1, by maintainer"):
            go(sound)
        with pytest.raises(ClaimlogError, match="version 1 is its last one, which stays"):
            go(sound, 1, identifier="C001-001")
        assert contents(sound.root) == before


@pytest.mark.slow
def test_copies_of_ours_lose_the_row_too(sound: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claimlog.fingerprint.MEMORY_BYTES", 0)
    read(sound.package)
    assert [*(sound.package.state / "cache" / "parts").iterdir()]
    made = sound.package.events / "0001-register"
    with log_lock(sound.package):
        mark_rebase(
            sound.package, {made.name: sha256((made / "batch.json").read_bytes()).hexdigest()}
        )
    for name in (f"rebase-done/0000-a.{made.name}", "staging-x/0004-a"):
        left = sound.package.state / name
        left.mkdir(parents=True)
        (left / "claims.ndjson").write_text(STATEMENT, "utf-8")
    plan = plan_takedown(sound.package, CLAIM, (1,), REASON, "maintainer")
    with log_lock(sound.package):
        take_down(sound.package, plan)
    assert [*(sound.package.state / "cache" / "parts").iterdir()] == []
    for path in sound.package.state.rglob("*"):
        assert not path.is_file() or STATEMENT.encode() not in path.read_bytes(), path
    assert errors(sound) == []


@pytest.mark.parametrize("fails", [False, True])
def test_a_command_that_reads_a_row_while_it_is_taken_down_keeps_no_part_of_it(
    fails: bool, sound: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.fingerprint.MEMORY_BYTES", 0)
    plan = plan_takedown(sound.package, CLAIM, (1,), REASON, "maintainer")
    parts = sound.package.state / "cache" / "parts"
    original, held, written = read_log.write_part, [], []
    shutil.rmtree(parts.parent)

    def late(rows: pl.DataFrame, table: Table, path: Path) -> PartFile:
        if STATEMENT in rows.get_column("statement", default=pl.Series([""])).to_list():
            take_down(sound.package, plan)
            held.extend(takedown.copies_in_use(sound.package))
        part = original(rows, table, path)
        written.append(path)
        if held and fails:
            raise OSError(5, "Input/output error")
        return part

    monkeypatch.setattr(read_log, "write_part", late)
    said = "takedowns.json: was changed while the log was read; run this again"
    with pytest.raises(ClaimlogError, match=said):
        read(sound.package)
    assert held == [".claimlog/cache/parts"]
    assert written
    assert not any(parts.iterdir())
    monkeypatch.undo()
    assert errors(sound) == []
    assert takedown.copies_in_use(sound.package) == []


@pytest.mark.slow
@pytest.mark.parametrize("ends", ["takedown", "killed", "seal", "rebase"])
def test_no_row_of_a_seal_that_was_cut_off_stays_open_once_it_is_taken_down(
    ends: str, sound: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seal left its rows in the open batch, and others amended one of them meanwhile."""
    lines = sound.file("claims", 1).read_bytes().splitlines(keepends=True)
    secret, own = next(line for line in lines if STATEMENT.encode() in line), lines[0]
    assert secret != own
    repeated = own.replace(b'"note":null', b'"note":"' + STATEMENT.encode() + b'"')
    assert repeated != own
    if ends in ("seal", "rebase"):  # somebody else took it down
        go(sound)
    path = sound.package.state / "open" / "claims.ndjson"
    path.parent.mkdir(parents=True)
    path.write_bytes(secret + own)
    if ends == "takedown":
        path.write_bytes(secret + repeated)
        done = sound.run("takedown", CLAIM, "--version", "1", "--reason", REASON)
        assert "words of it stand in .claimlog/open/claims.ndjson:2; take" in done.stdout
        assert path.read_bytes() == repeated
    elif ends == "killed":
        real = takedown.empty_cache
        calls: list[Package] = []

        def killed(package: Package) -> None:
            calls.append(package)
            if len(calls) == 2:
                raise KeyboardInterrupt
            real(package)

        monkeypatch.setattr(takedown, "empty_cache", killed)
        with pytest.raises(KeyboardInterrupt):
            go(sound)
        assert path.read_bytes() == own
    elif ends == "seal":
        with pytest.raises(ClaimlogError, match="left out 2 rows of the open batch"):
            sound.seal("open")
        assert not path.exists()
    else:
        assert "left out 2 rows of the open batch" in sound.run("rebase").stdout
        assert not path.exists()
    assert STATEMENT not in sound.run("show", CLAIM).stdout


@pytest.mark.parametrize("way", ["git fails", "no git"])
def test_nothing_is_taken_down_where_git_does_not_say_which_files_may_say_it_too(
    way: str, sound: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sound.root / ".git").mkdir()
    if way == "no git":
        monkeypatch.setattr("claimlog.git.shutil.which", lambda _: None)
    before = contents(sound.root)
    said = "git does not say which files it holds, .* nothing was taken down$"
    with pytest.raises(ClaimlogError, match=said):
        go(sound)
    assert contents(sound.root) == before
    (sound.root / ".git").rmdir()
    go(sound)


@pytest.mark.parametrize("beside", ["notes.ndjson", "links.ndjson"])
def test_a_row_goes_from_an_open_batch_beside_files_that_claimlog_did_not_write(
    beside: str, sound: World
) -> None:
    lines = sound.file("claims", 1).read_bytes().splitlines(keepends=True)
    path = sound.package.state / "open" / "claims.ndjson"
    path.parent.mkdir(parents=True)
    path.write_bytes(next(line for line in lines if STATEMENT.encode() in line))
    (path.parent / beside).write_bytes(b"{}\n")
    go(sound)
    assert not path.exists()
    assert (path.parent / beside).read_bytes() == b"{}\n"


def test_an_open_row_that_was_cut_off_stays_and_is_left_to_look_at(sound: World) -> None:
    lines = sound.file("claims", 1).read_bytes().splitlines(keepends=True)
    path = sound.package.state / "open" / "claims.ndjson"
    path.parent.mkdir(parents=True)
    [secret] = [line for line in lines if STATEMENT.encode() in line]
    path.write_bytes(secret + lines[0] + secret[:-9])
    done = sound.run("takedown", CLAIM, "--version", "1", "--reason", REASON)
    assert (done.returncode, done.stderr) == (0, "")
    assert "left to do: .claimlog/open/claims.ndjson:2 was cut off and may be a" in done.stdout
    assert path.read_bytes() == lines[0] + secret[:-9]


def test_open_lines_without_number_are_looked_through_in_the_room_of_the_file(
    sound: World,
) -> None:
    """Split all at once they would take many times its size, beyond what a command may take."""
    claim = next(
        line
        for line in sound.file("claims", 1).read_bytes().splitlines(keepends=True)
        if STATEMENT.encode() in line
    )
    rows = [*plan_takedown(sound.package, CLAIM, (1,), REASON, "maintainer").rows.values()]
    path = sound.package.state / "open" / "claims.ndjson"
    path.parent.mkdir(parents=True)
    number = 200_000
    path.write_bytes(claim + b"ab\n" * number + claim.replace(b'"version":1', b'"version":3'))
    tracemalloc.start()
    try:
        said = said_elsewhere(sound.package, [STATEMENT], rows, ())
        assert tracemalloc.get_traced_memory()[1] < 8 * path.stat().st_size
    finally:
        tracemalloc.stop()
    assert said.lines == (f".claimlog/open/claims.ndjson:{number + 2}",)


@pytest.fixture(scope="module")
def own_taken(ordered: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two further batches, 0005-mine and 0006-order, and a row of the first taken down."""
    world = copied(ordered, tmp_path_factory.mktemp("own-taken"))
    world.amend("claims", "C001-005", "Again.", statement="Words that must go stood here.")
    world.seal("mine")
    world.amend("claims", "C001-005", "Order.", statement="Nothing of it stands here.")
    world.seal("order")
    go(world, 2, identifier="C001-005")
    return world


@pytest.mark.slow
@pytest.mark.parametrize("theirs", ["before", "other"])  # by the order of names
def test_rows_are_of_the_batch_that_lacks_them_where_two_have_one_number(
    theirs: str, own_taken: World, sound: World, tmp_path: Path
) -> None:
    ours = copied(own_taken, tmp_path / "ours")
    sound.amend("claims", "C001-003", "Theirs.", note="Theirs.")
    sound.seal(theirs)
    name = f"0005-{theirs}"
    shutil.copytree(sound.package.events / name, ours.package.events / name)
    found = "\n".join(errors(ours))
    assert f"claimlog rebase {name}" in found
    assert RECORD not in found
    with log_lock(ours.package):
        with pytest.raises(ClaimlogError, match=f"rebase the other batch.* rebase {name}"):
            rebase(ours.package, ["0005-mine", "0006-order"])
        assert rebase(ours.package, [name]) == [f"{name} is now 0007-{theirs}"]
    assert errors(ours) == []


@pytest.mark.slow
def test_rows_of_a_batch_in_parquet_are_taken_down(sound: World) -> None:
    going = {"claim_id": "C001-005", "statement": "Words that must go stood here."}
    amend_together(sound, "Again.", going, {"claim_id": "C001-001", "note": "Stays."})
    with log_lock(sound.package):
        words = ("bulk", "Bulk", "m", "coder-1", sound.supplied)
        batch, _ = seal(sound.package, *words, in_columns=True)
    sound.amend("claims", "C001-005", "Order.", statement="Nothing of it stands here.")
    sound.seal("after")
    before = read(sound.package)
    go(sound, 2, identifier="C001-005")
    after = read(sound.package)
    assert (after.trees, leaf_hashes(after)) == (before.trees, leaf_hashes(before))
    assert errors(sound) == []
    assert pl.read_parquet(batch.path / "claims.parquet")["claim_id"].to_list() == ["C001-001"]
    assert [e.hash for e in iterate_entries(after, after.size)] == leaf_hashes(before)
    # nothing is left of a file that lost all
    sound.amend("claims", "C001-001", "Again.", note="Stays too.")
    sound.seal("more")
    go(sound, 2, identifier="C001-001")
    assert errors(sound) == []


@pytest.mark.slow
def test_parquet_that_would_not_be_read_again_replaces_nothing(
    sound: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound.amend("claims", "C001-005", "Again.", statement="Words that must go stood here.")
    with log_lock(sound.package):
        words = ("bulk", "Bulk", "m", "coder-1", sound.supplied)
        seal(sound.package, *words, in_columns=True)
    sound.amend("claims", "C001-005", "Order.", statement="Nothing of it stands here.")
    sound.seal("after")
    before = contents(sound.root / "events")
    monkeypatch.setattr(claimlog.log.columnar, "_read_back", lambda *_: (0, "they are odd"))
    with pytest.raises(ClaimlogError, match=r"\(they are odd\); nothing was taken down$"):
        go(sound, 2, identifier="C001-005")
    assert contents(sound.root / "events") == before
    assert not (sound.root / RECORD).exists()


def test_the_command_says_what_it_would_do_and_writes_nothing_in_a_dry_run(sound: World) -> None:
    before = contents(sound.root / "events")
    words = ("takedown", CLAIM, "--version", "1", "--reason", REASON)
    done = sound.run(*words, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"claims {CLAIM} version 1 would be taken down" in done.stdout
    assert "git keeps every commit" in done.stdout
    assert (contents(sound.root / "events"), (sound.root / RECORD).exists()) == (before, False)
    done = sound.run("takedown", CLAIM, "--version", "2", "--reason", REASON, "--dry-run")
    assert 'version 3 stays and says the same in "statement"' in done.stdout
    assert sound.run(*words).returncode == 0
    assert errors(sound) == []
    done = sound.run("show", CLAIM)
    assert f"by coder-1: {REASON}" in done.stdout
    assert sound.run("takedown", CLAIM, "--reason", REASON).returncode == 2


def test_lines_that_are_left_keep_their_numbers() -> None:
    def rows(*lines: int) -> list[TakenRow]:
        return [TakenRow(1, "c", n, f"{n:064x}", "", 1, "assert", "", "", "") for n in lines]

    for taken in ((), (1,), (6,), (1, 2), (2, 4), (1, 6), (3, 1, 5), (1, 2, 3, 4, 5, 6)):
        left = [n for n in range(1, 7) if n not in taken]
        now = pl.Series(range(1, len(left) + 1), dtype=pl.Int64)
        if taken:
            assert sealed_lines(now, rows(*taken)).to_list() == left
        leaves = with_taken([n.to_bytes(32, "big") for n in left], rows(*taken))
        assert [int.from_bytes(leaf, "big") for leaf in leaves] == [1, 2, 3, 4, 5, 6]


# tiles -------------------------------------------------------------------------------------------


def test_a_log_as_tiles_lacks_the_row_and_says_so(
    sound: World, secret: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "log"
    note = signed(sound, secret)
    tiled(sound, note, folder)
    before = contents(folder)
    go(sound)
    assert signed(sound, secret) == note  # the tree is the one that was signed
    tiled(sound, note, folder)
    after = contents(folder)
    changed = {name for name in after if before.get(name) != after[name]}
    log = read(sound.package)
    assert changed == {"takedowns.json", f"tile/entries/000.p/{log.size}"}
    assert not any(STATEMENT.encode() in data for data in after.values())
    read_back = TiledLog.open(folder, secret.with_suffix(".pub"))
    assert check_tiled_log(read_back, {}) == log.size
    [seq] = read_back.missing
    assert [*read_back.entries()] == [*iterate_entries(log, log.size)]
    # others find all tiles in order, and the one row
    vkey = verifier_key("tiny", secret)
    _, size, root = tlog_follower.checkpoint(note, vkey)
    assert tlog_follower.tree_hash(tlog_follower.level_hashes(folder, 0, size)) == root
    # an undeclared one is no takedown
    (folder / "takedowns.json").unlink()
    with pytest.raises(ClaimlogError, match=f"row {seq} is not the one"):
        check_tiled_log(TiledLog.open(folder), {})
    declared = json.loads(after["takedowns.json"])
    declared["rows"][0]["leaf_hash"] = "0" * 64
    (folder / "takedowns.json").write_text(json.dumps(declared), "utf-8")
    with pytest.raises(ClaimlogError, match=f"row {seq} is not the one"):
        check_tiled_log(TiledLog.open(folder), {})


@pytest.mark.slow
def test_bundles_of_every_earlier_state_lose_the_row(
    sound: World, secret: Path, tmp_path: Path
) -> None:
    """Also of states that the package does not know: its note and checkpoint are of the last."""
    folder = tmp_path / "log"
    for note in ("one", "two", "three"):
        tiled(sound, signed(sound, secret), folder)
        sound.amend("claims", "C001-005", "Again.", note=note)
        sound.seal(note)
    before = contents(folder)
    holding = [name for name, data in before.items() if STATEMENT.encode() in data]
    assert len(holding) == 3
    go(sound)
    assert tiled(sound, signed(sound, secret), folder).emptied_bundles == 2  # one was written anew
    after = contents(folder)
    assert not any(STATEMENT.encode() in data for data in after.values())
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"checkpoint", *holding}
    # what is no bundle of this log could hold it
    (folder / holding[0]).write_bytes(before[holding[0]] + b"x")
    with pytest.raises(ClaimlogError, match="may hold one that was taken down; remove it"):
        tiled(sound, signed(sound, secret), folder)


@pytest.mark.slow
def test_a_directory_of_tiles_that_lacks_a_row_which_this_checkout_has_stays_as_it_is(
    sound: World, secret: Path, tmp_path: Path
) -> None:
    """Its record says why the row is missing there, and nothing else does."""
    folder = tmp_path / "log"
    other = copied(sound, tmp_path / "other")
    go(sound)
    tiled(sound, signed(sound, secret), folder)
    before = contents(folder)
    other.amend("claims", "C001-001", note="Other.")
    other.seal("other")
    go(other, identifier="C001-001")
    message = r"log/takedowns\.json: says that row \d+ was taken down.* fetch that takedown first"
    with pytest.raises(ClaimlogError, match=message):
        tiled(other, signed(other, secret), folder)
    assert contents(folder) == before


@pytest.mark.parametrize("content", ["the record of the package", "{}", "mine"])
def test_a_file_of_the_name_of_what_tiles_lack_is_not_replaced(
    content: str, sound: World, secret: Path
) -> None:
    """As in the package itself, whose record has the same name."""
    go(sound)
    path = sound.root / "takedowns.json"
    if not content.startswith("the record"):
        path = sound.root / "log" / "takedowns.json"
        path.parent.mkdir()
        path.write_text(content)
    note = signed(sound, secret)
    before = contents(sound.root)
    with pytest.raises(ClaimlogError, match=r"takedowns\.json: is none that tiles are written"):
        tiled(sound, note, path.parent)
    assert contents(sound.root) == before


def test_a_bundle_that_a_run_was_killed_at_loses_the_row_with_its_file(
    sound: World, secret: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "log"
    ended = subprocess.Popen(["true"])
    ended.wait()
    bundle = folder / "tile" / "entries" / "000.p"
    bundle.mkdir(parents=True)
    for process in (ended.pid, os.getppid()):
        (bundle / f".23-new-{process}-5293e8ed").write_text(STATEMENT)
    (bundle / ".23-new").touch()  # somebody's own
    go(sound)
    note = signed(sound, secret)
    running = bundle / f".23-new-{os.getppid()}-5293e8ed"
    with (
        lock_temporary(running),
        pytest.raises(ClaimlogError, match=rf"{running.name}: is not finished"),
    ):
        tiled(sound, note, folder)
    assert sorted(path.name for path in bundle.iterdir()) == [
        ".23-new", running.name
    ]  # fmt: skip
    tiled(sound, note, folder)
    assert not any(STATEMENT.encode() in data for data in contents(folder).values())


def test_rows_of_tiles_are_not_hidden_by_a_file_that_nobody_signed(
    sound: World, secret: Path, tmp_path: Path
) -> None:
    """Whoever serves a directory can write there that a row was taken down."""
    folder = tmp_path / "log"
    tiled(sound, signed(sound, secret), folder)
    leaves = leaf_hashes(read(sound.package))
    bundle = folder / "tile" / "entries" / "000.p" / str(len(leaves))
    lines = parse_bundle(bundle.read_bytes())
    assert lines is not None
    bundle.write_bytes(
        dump_bundle([b"" if row in (3, 5) else line for row, line in enumerate(lines)])
    )
    said = [{"row": row, "leaf_hash": leaves[row].hex()} for row in (3, 5, 7)]
    said[0].update(taken_down="2027-01-02", by="nobody", reason="Because.")
    (folder / "takedowns.json").write_text(json.dumps({"rows": said}), "utf-8")
    check = ("tiles", "--check", str(folder), "--key", str(secret.with_suffix(".pub")))
    done = sound.run(*check)
    assert done.returncode == 1
    assert f"{len(leaves) - 2} of {len(leaves)} rows, each in its tile, 2 missing" in done.stdout
    assert "row 3 is missing, and nobody vouches for why" in done.stderr
    assert 'says "taken down on 2027-01-02 by nobody: Because."' in done.stderr
    assert "row 7" not in done.stdout + done.stderr  # which is there, whatever is said of it
    assert sound.run(*check, "--missing", "3").returncode == 1
    done = sound.run(*check, "--missing", "3", "--missing", "5")
    assert (done.returncode, "2 missing" in done.stdout) == (0, True), done.stderr


# releases ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def first_released(
    checked_in: Repo, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Repo, ReleaseOutput]:
    """A checkout without tables about the codebook, and 0.1.0, which was released of it."""
    repo = checked_in.copy(tmp_path_factory.mktemp("first"))
    drop_codebook_tables(repo.root)
    return repo, repo.release("0.1.0")


@pytest.fixture(scope="module")
def rehearsed(
    first_released: tuple[Repo, ReleaseOutput],
    secret: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Repo, ReissueOutput, Path]:
    """0.1.0 was released, then a claim of it was taken down, and the release was made again."""
    released, first = first_released
    repo = released.copy(tmp_path_factory.mktemp("rehearsed"))
    old = repo.root.parent / "old"
    shutil.copytree(first.folder, old / first.folder.name)
    shutil.copyfile(first.archive, old / first.archive.name)
    order(repo.world)
    # one that others refer to, and a source: in 0.1.0 nothing is left of either
    repo.world.amend("claims", LINKED, "A court ordered its statement gone.", statement=NEUTRAL)
    repo.world.amend("sources", "S101", "A court ordered its title gone.", title="A report")
    repo.world.seal("more-orders")
    for identifier in (CLAIM, LINKED, "S101"):
        go(repo.world, 1, identifier=identifier)
    repo.version("0.1.1")
    repo.commit()
    shutil.copytree(repo.root, repo.root.parent / "due")
    index = read_index(repo.package)
    signature = ReleaseStatement.of_entry("tiny", index[0]).sign(secret)
    (repo.root / "dist" / "tiny-0.1.0.signature").write_text(signature, "utf-8")
    output = reissue_release(
        repo.package, index, find_entry(index, "0.1.0", "tiny"), DAY, repo.root / "dist"
    )
    repo.commit()
    return repo, output, old


def test_a_release_is_made_again_without_the_row(
    rehearsed: tuple[Repo, ReissueOutput, Path],
) -> None:
    repo, output, old = rehearsed
    index = read_index(repo.package)
    folder = output.archive.with_suffix("")
    for path in folder.rglob("*"):
        assert not path.is_file() or STATEMENT.encode() not in path.read_bytes(), path
    verdict = verify_copy(output.archive, index)
    assert verdict.findings == []
    assert verdict.vouchers == ["releases/0.1.0.json of this checkout"]
    said = "\n".join(verdict.omissions)
    assert f"claims {CLAIM} version 1 was taken down on " in said
    assert f'by maintainer: "{REASON}"' in said
    assert "this one was made on" in said
    # the copy that people have is still the one that was published
    verdict = verify_copy(old / output.archive.name, index)
    assert (verdict.findings, len(verdict.vouchers)) == ([], 1)
    assert "they were taken down, and the release was made again" in "\n".join(verdict.omissions)
    entry = index[0]
    assert [issue["archive"]["path"] for issue in entry.issues] == [output.archive.name] * 2
    assert entry.issues[0]["archive"]["sha256"] != entry.issues[1]["archive"]["sha256"]
    assert entry.issues[1]["rows"] == [*output.rows]
    assert errors(repo.world) == []


@pytest.mark.slow
def test_the_next_release_holds_the_record_and_its_delta_applies_to_each_issue(
    rehearsed: tuple[Repo, ReissueOutput, Path], tmp_path: Path
) -> None:
    repo, output, old = rehearsed
    shutil.copytree(repo.root, tmp_path / "package")
    later = Repo(World(Package(tmp_path / "package"), repo.world.texts))
    made = later.release("0.1.1")  # a patch: the claim was retracted
    assert (made.folder / "log" / RECORD).read_bytes() == (repo.root / RECORD).read_bytes()
    again = tmp_path / "package" / "dist" / output.archive.name
    for number, base in enumerate((old / output.archive.name, again)):
        applied = apply_delta(base, made.folder / "delta", tmp_path / str(number))
        assert sha256_of_files(applied.folder) == sha256_of_files(made.folder)
    for path in made.folder.rglob("*"):
        assert not path.is_file() or STATEMENT.encode() not in path.read_bytes(), path
    verdict = verify_copy(made.folder, read_index(later.package))
    assert verdict.findings == []
    assert any(CLAIM in omission for omission in verdict.omissions)


@pytest.mark.slow
def test_a_release_is_made_again_once_and_its_old_signature_goes(
    rehearsed: tuple[Repo, ReissueOutput, Path], secret: Path
) -> None:
    repo, output, old = rehearsed
    signature = output.archive.with_suffix(".signature")
    assert (output.removed, output.signature, signature.exists()) == (signature, None, False)
    index = read_index(repo.package)
    with pytest.raises(ClaimlogError, match="was made again without these rows already"):
        reissue_release(repo.package, index, index[0], DAY, repo.root / "dist")
    # the first issue is not signed any more, and what is signed is what was verified
    with pytest.raises(ClaimlogError, match=r"is not the last issue of 0\.1\.0 .* was signed"):
        sign_published(repo.package, index, index[0], secret, old)
    assert [path.name for path in old.glob("tiny-0.1.0.*")] == [output.archive.name]


@pytest.mark.slow
@pytest.mark.parametrize("place", ["entry", "signature"])
def test_without_room_it_is_said_what_of_a_release_that_is_made_again_is_written(
    place: str,
    rehearsed: tuple[Repo, ReissueOutput, Path],
    secret: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copytree(rehearsed[0].root.parent / "due", tmp_path / "package")
    repo = Repo(World(Package(tmp_path / "package"), tmp_path))
    [entry] = read_index(repo.package)
    before = (repo.root / entry.display_path).read_bytes()
    real = Package.write

    def full(*values: Any) -> None:
        if place == "signature" and isinstance(values[0], Package):
            real(*values)
        elif values[-2].parent.name in ("releases", "dist"):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Package, "write", full)
    monkeypatch.setattr("claimlog.release.make.write_durably", full)
    said = {
        "entry": r"0\.1\.0\.json: cannot be written .* does not know the issue that lies in dist",
        "signature": r"\.signature: cannot be written .* claimlog release --published 0\.1\.0",
    }
    with pytest.raises(ClaimlogError, match=said[place]):
        reissue_release(repo.package, [entry], entry, DAY, repo.root / "dist", secret)
    is_entered = (repo.root / entry.display_path).read_bytes() != before
    assert is_entered == (place == "signature")


@pytest.mark.slow
def test_a_signature_of_the_issue_before_that_cannot_be_removed_is_named(
    rehearsed: tuple[Repo, ReissueOutput, Path],
    secret: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copytree(rehearsed[0].root.parent / "due", tmp_path / "package")
    repo = Repo(World(Package(tmp_path / "package"), tmp_path))
    [entry] = read_index(repo.package)
    signature = ReleaseStatement.of_entry("tiny", entry).sign(secret)
    (repo.root / "dist" / "tiny-0.1.0.signature").write_text(signature, "utf-8")
    monkeypatch.setattr("claimlog.release.reissue.remove", Path.exists)
    message = r"^dist/tiny-0\.1\.0\.signature: cannot be removed, .* delete this file$"
    with pytest.raises(ClaimlogError, match=message):
        reissue_release(repo.package, [entry], entry, DAY, repo.root / "dist")
    assert read_index(repo.package)[0].issues[1:]


@pytest.mark.slow
def test_an_issue_that_would_serve_other_rows_than_its_log_is_not_made(
    rehearsed: tuple[Repo, ReissueOutput, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(rehearsed[0].root.parent / "due", tmp_path / "package")
    repo = Repo(World(Package(tmp_path / "package"), tmp_path))
    [entry] = read_index(repo.package)

    def write(package: Package, log: Log, plan: ReleasePlan, folder: Path, progress: Any) -> None:
        write_release_folder(package, log, plan, folder, progress)
        with closing(sqlite3.connect(folder / "tiny.db")) as database, database:
            database.execute("update claim_versions set statement = 'Another.'")

    monkeypatch.setattr("claimlog.release.make.write_release_folder", write)
    with pytest.raises(ClaimlogError, match=r"^tiny\.db: .*; nothing was made\. .*report it$"):
        reissue_release(repo.package, [entry], entry, DAY, repo.root / "again")
    assert read_index(repo.package) == [entry]
    assert not [*(repo.root / "again").iterdir()]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["schemas/claims.json", "LICENSE-DATA", "datapackage.json"])
def test_a_release_is_made_again_of_its_own_definition_only(
    name: str, rehearsed: tuple[Repo, ReissueOutput, Path], tmp_path: Path
) -> None:
    """A commit with the same rows that was taken back, which a patch of the index names."""
    shutil.copytree(rehearsed[0].root.parent / "due", tmp_path / "package")
    repo = Repo(World(Package(tmp_path / "package"), tmp_path))
    [entry] = read_index(repo.package)
    if name == "LICENSE-DATA":
        (repo.root / name).write_text("All rights are somebody's.\n", "utf-8")
    else:
        described = json.loads((repo.root / name).read_text("utf-8"))
        text = json.dumps({**described, "title": "Another title"})
        (repo.root / name).write_text(text, "utf-8")
    repo.commit()
    theirs = repo.git("rev-parse", "HEAD").strip()
    repo.git("revert", "--no-edit", "HEAD")
    path = repo.root / entry.display_path
    path.write_text(path.read_text("utf-8").replace(entry.data["commit"], theirs), "utf-8")
    repo.commit()
    [entry] = read_index(repo.package)
    before = contents(repo.root / "dist")
    with pytest.raises(ClaimlogError, match="the commit that it names gives another "):
        reissue_release(repo.package, [entry], entry, DAY, repo.root / "dist")
    assert contents(repo.root / "dist") == before


@pytest.mark.slow
def test_nobody_vouches_for_a_takedown_but_who_vouches_for_the_release(
    rehearsed: tuple[Repo, ReissueOutput, Path], secret: Path, tmp_path: Path
) -> None:
    repo, output, old = rehearsed
    alone = verify_copy(output.archive)
    assert [finding.rule for finding in alone.findings] == ["release-takedown"] * 3
    assert f"{CLAIM} version 1 was taken down on " in "\n".join(map(str, alone.findings))
    assert re.search(r"rows [0-9, ]+ of its log are missing, for which nobody v", alone.sentence)
    # neither a root nor a signed checkpoint says why a row is missing: it may be a retraction
    target = tmp_path / output.archive.name
    shutil.copyfile(output.archive, target)
    log = read(repo.package)
    size = output.entry.size
    point = Checkpoint("tiny", size, bytes.fromhex(output.entry.root))
    beside = tmp_path / f"{target.stem}.checkpoint"
    beside.write_text(point.note(secret), "utf-8")
    roots = {size: output.entry.root}
    kept = verify_copy(target, key=secret.with_suffix(".pub"), kept_roots=roots)
    assert (kept.sentence, kept.vouchers) == (alone.sentence, [])
    hashes = f"the first {size} rows of the log, 3 of them as hashes alone, have the root that you"
    assert any(check.startswith(hashes) for check in kept.checks), kept.checks
    assert "nothing later of it is here, so that the row may have been a retraction" in str(
        kept.findings[0]
    )
    beside.unlink()
    # a signature over all files covers the record
    sign_release(log, output.entry, secret, tmp_path)
    verdict = verify_copy(target, key=secret.with_suffix(".pub"))
    assert (verdict.findings, len(verdict.vouchers)) == ([], 1)
    # the signature of one issue is none of the other
    shutil.copyfile(old / output.archive.name, target)
    [finding] = verify_copy(target, key=secret.with_suffix(".pub")).findings
    assert "is signed, but for another SHA256SUMS" in str(finding)


@pytest.mark.slow
def test_an_archive_that_hides_a_row_is_refused(
    rehearsed: tuple[Repo, ReissueOutput, Path], tmp_path: Path
) -> None:
    """The line taken out, its checksums made anew, with and without a record of another row."""
    _, output, old = rehearsed
    for source, said in (
        (output.archive.with_suffix(""), "takedowns.json says|rows is"),
        (old / "tiny-0.1.0", r"rows is 5, batch\.json says 6|bytes is [0-9]+, batch\.json says"),
    ):
        folder = tmp_path / source.parent.name / "tiny-0.1.0"
        shutil.copytree(source, folder)
        path = folder / "log" / "events" / "0002-claims" / "claims.ndjson"
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
        (folder / SUMS).write_text(dump_sums(sha256_of_files(folder)), encoding="utf-8")
        found = "\n".join(map(str, verify_copy(folder).findings))
        assert re.search(said, found), found


@pytest.mark.slow
def test_an_archive_that_still_serves_a_row_that_it_calls_gone_is_refused(
    rehearsed: tuple[Repo, ReissueOutput, Path], tmp_path: Path
) -> None:
    _, output, old = rehearsed
    folder = tmp_path / "tiny-0.1.0"
    shutil.copytree(output.archive.with_suffix(""), folder)
    name = "parquet/claim_versions.parquet"
    shutil.copyfile(old / "tiny-0.1.0" / name, folder / name)
    (folder / SUMS).write_text(dump_sums(sha256_of_files(folder)), encoding="utf-8")
    found = "\n".join(map(str, verify_copy(folder).findings))
    assert f"{CLAIM} 1 row of claim_versions is not in the log" in found


@pytest.mark.slow
def test_what_a_release_said_of_a_takedown_is_said_for_good(
    rehearsed: tuple[Repo, ReissueOutput, Path], tmp_path: Path
) -> None:
    repo, output, _ = rehearsed
    world = copied(repo.world, tmp_path)
    copy = Repo(world)
    copy.git("tag", "v0.1.1")
    assert errors(world) == []
    whole = (world.root / RECORD).read_bytes()
    for change in ({"reason": "None."}, {"by": "coder-1"}, {"taken_down": "2020-01-01"}):
        edited(lambda record, change=change: record["rows"][0].update(change))(world)
        [found] = errors(world)
        assert "differs from release v0.1.1 about row " in found
        assert f'by maintainer: "{REASON}"' in found
        (world.root / RECORD).write_bytes(whole)
    # undone: every line is back, as it was when it was sealed
    copy.git("checkout", output.entry.data["commit"], "--", "events")
    (world.root / RECORD).unlink()
    found = "\n".join(errors(world))
    rows = ", ".join(map(str, output.rows))
    assert f"does not name row {rows}, which releases/0.1.0.json says was taken down" in found
    assert found.count("differs from release v0.1.1 about row ") == len(output.rows)


def test_a_release_that_lost_nothing_is_not_made_again(
    rehearsed: tuple[Repo, ReissueOutput, Path], tmp_path: Path
) -> None:
    repo, _, _ = rehearsed
    index = read_index(repo.package)
    short = replace(index[0], data={**index[0].data, "tree": {"size": 3, "root": "0" * 64}})
    with pytest.raises(ClaimlogError):
        reissue_release(repo.package, index, short, DAY, tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_a_citation_of_what_was_taken_down_says_so(
    rehearsed: tuple[Repo, ReissueOutput, Path],
) -> None:
    repo, _, _ = rehearsed
    done = repo.world.run("cite", CLAIM, "--release", "0.1.0")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"0.1.0 holds only the hash of {CLAIM}: claims {CLAIM} version 1 was" in done.stderr
    assert REASON in done.stderr
    assert repo.world.run("cite", "C001-005", "--release", "0.1.0").returncode == 0


# what the checkout says of it ---------------------------------------------------------------------


def released_reason(repo: Repo) -> None:
    """Version 2 is amended for a reason that the changelog of 0.1.1 gives, then amended again."""
    repo.world.amend("claims", CLAIM, "The [slander] of it.", note="A slander, as it turned out.")
    repo.world.amend("claims", LINKED, "The other reason.", note="Something else.")
    repo.world.seal("two")
    repo.version("0.1.1")
    repo.commit()
    repo.release("0.1.1")
    repo.world.amend("claims", CLAIM, "A court ordered it.", note="Nothing to say.")
    repo.world.seal("three")


@pytest.mark.slow
@pytest.mark.parametrize(
    "stays", ["", "delete dist/tiny-0.1.0, dist/tiny-0.1.0.zip that still hold them, "]
)
def test_rows_that_are_taken_down_while_a_release_is_made_are_not_released(
    stays: str, checked_in: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = checked_in.copy(tmp_path / "copy")
    drop_codebook_tables(repo.root)
    order(repo.world)

    def write(*given: Any) -> tuple[Path, Path]:
        made = write_release(*given)
        go(repo.world)
        return made

    monkeypatch.setattr("claimlog.release.make.write_release", write)
    if stays:
        monkeypatch.setattr("claimlog.release.make.remove", Path.exists)
    message = "rows that 0.1.0 holds were taken down while it was made; nothing is released, "
    with pytest.raises(ClaimlogError, match=f"{message}{stays}commit"):
        repo.release("0.1.0")
    assert read_index(repo.package) == []
    assert any((repo.root / "dist").iterdir()) is bool(stays)
    assert not (repo.root / "CHANGELOG.md").exists()
    monkeypatch.undo()
    repo.commit()
    made = repo.release("0.1.0")
    assert verify_copy(made.folder, read_index(repo.package)).findings == []
    for path in made.folder.rglob("*"):
        assert not path.is_file() or STATEMENT.encode() not in path.read_bytes()


@pytest.fixture(scope="module")
def said_twice(
    first_released: tuple[Repo, ReleaseOutput], tmp_path_factory: pytest.TempPathFactory
) -> Repo:
    repo = first_released[0].copy(tmp_path_factory.mktemp("said"))
    released_reason(repo)
    (repo.root / "docs").mkdir(exist_ok=True)
    (repo.root / "docs" / "lessons.md").write_text(
        "# Lessons\n\nWe wrote: A slander, as it turned out.\n", "utf-8"
    )
    log = repo.root / "CHANGELOG.md"
    log.write_text(
        log.read_text("utf-8").replace("# Changelog\n", "# Changelog\n\nBy hand: as ever.\n"),
        "utf-8",
    )
    repo.commit()
    return repo


@pytest.mark.slow
def test_the_changelog_loses_the_reason_and_other_files_with_its_words_are_named(
    said_twice: Repo, tmp_path: Path
) -> None:
    repo = said_twice.copy(tmp_path)
    before = (repo.root / "CHANGELOG.md").read_text("utf-8")
    saved = repo.world.package.state / "desk" / "done" / "S001.1" / "coder-1.ndjson"
    saved.parent.mkdir(parents=True)
    draft = {"start": 0, "end": 5, "note": "A slander, as it turned out."}
    saved.write_text(f"{{}}\n{json.dumps({'set': {'draft/a': draft}})}\n", "utf-8")
    words = ("takedown", CLAIM, "--version", "2", "--reason", REASON)
    dry = repo.world.run(*words, "--dry-run")
    assert "CHANGELOG.md would be written without" in dry.stdout, dry.stderr
    assert (repo.root / "CHANGELOG.md").read_text("utf-8") == before
    done = repo.world.run(*words)
    assert "CHANGELOG.md written without what it says of it" in done.stdout
    places = ".claimlog/desk/done/S001.1/coder-1.ndjson:2, docs/lessons.md:3"
    assert f"left to do: words of it stand in {places};" in done.stdout
    after = (repo.root / "CHANGELOG.md").read_text("utf-8")
    assert "slander" not in after
    differing = [
        (old, new)
        for old, new in zip(before.splitlines(), after.splitlines(), strict=True)
        if old != new
    ]
    [(old, new)] = differing
    assert old == f"- {CLAIM} (note): The \\[slander\\] of it."
    assert new.startswith(f"- {CLAIM} (note): (version 2 was taken down on ")
    assert errors(repo.world) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        f"- {CLAIM}, {LINKED} (note): The \\[slander\\] of it.",
        "We had to speak of The [slander] of it. once more.",
    ],
)
def test_a_line_of_the_changelog_that_is_of_others_too_stays_and_is_named(
    line: str, said_twice: Repo, tmp_path: Path
) -> None:
    repo = said_twice.copy(tmp_path)
    path = repo.root / "CHANGELOG.md"
    text = path.read_text("utf-8").replace("By hand: as ever.", line)
    path.write_text(text, "utf-8")
    done = repo.world.run("takedown", CLAIM, "--version", "2", "--reason", REASON)
    assert "words of it stand in CHANGELOG.md:3, docs/lessons.md:3;" in done.stdout, done.stderr
    assert line in path.read_text("utf-8").splitlines()


@pytest.mark.slow
def test_a_takedown_that_was_cut_off_leaves_no_reason_in_the_changelog(
    said_twice: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = said_twice.copy(tmp_path)
    write = Package.write

    def stops(package: Package, path: Path, data: bytes) -> None:
        if path.name == "claims.ndjson":
            raise OSError("cut off")
        write(package, path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Package, "write", stops)
        with pytest.raises(ClaimlogError, match=r"run the same command with the same words again$"):
            go(repo.world, 2)
    assert "slander" not in (repo.root / "CHANGELOG.md").read_text("utf-8")
    go(repo.world, 2)
    assert errors(repo.world) == []


def test_a_takedown_that_cannot_begin_says_that_nothing_was_taken_down(
    sound: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = errors(sound)
    with monkeypatch.context() as patch:
        patch.setattr(Package, "write", full)
        with pytest.raises(ClaimlogError, match=r"^takedowns\.json: .*nothing was taken down"):
            go(sound)
    assert errors(sound) == before == []


@pytest.mark.parametrize("others_read", [False, True])
def test_no_copy_is_left_by_a_takedown_that_was_killed_after_its_last_file(
    others_read: bool, sound: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.fingerprint.MEMORY_BYTES", 0)
    read(sound.package)  # which fills the cache
    parts = sound.package.state / "cache" / "parts"
    assert any(parts.iterdir())
    kept = [(path.name, path.read_bytes()) for path in parts.iterdir()]
    real, calls = takedown.empty_cache, []

    def killed(package: Package) -> None:
        calls.append(package)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(package)

    with monkeypatch.context() as patch:
        patch.setattr(takedown, "empty_cache", killed)
        with pytest.raises(KeyboardInterrupt):
            go(sound)
    assert not any(parts.iterdir())
    if others_read:  # another command wrote them between
        for name, data in kept:
            (parts / name).write_bytes(data)
    done = sound.run("takedown", CLAIM, "--version", "1", "--reason", REASON)
    assert "there is no version 1 to take down" in done.stderr
    assert not any(parts.iterdir())


def test_a_takedown_that_the_disk_does_not_confirm_is_done_and_not_to_be_run_again(
    sound: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("claimlog.files.sync", fail)
    plan = plan_takedown(sound.package, CLAIM, (1,), REASON, "maintainer")
    assert take_down(sound.package, plan) == [RECORD, *plan.files]
    assert not errors(sound)


def test_what_a_release_was_killed_at_goes_with_the_takedown(sound: World) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    unfinished = sound.root / f".CHANGELOG.md-new-{ended.pid}-5293e8ed"
    unfinished.write_text(STATEMENT)
    unpacked = sound.package.state / "release" / f".package-new-{ended.pid}-5293e8ed"
    (unpacked / "package").mkdir(parents=True)
    (unpacked / "package" / "claims.ndjson").write_text(STATEMENT)
    released = sound.root / "dist" / f".tiny-0.1.0-new-{ended.pid}-5293e8ed"
    built = sound.root / f".build-new-{ended.pid}-5293e8ed"
    running = sound.root / f".build-new-{os.getpid()}-5293e8ed"
    for folder in (released, built, running):
        folder.mkdir(parents=True)
        (folder / "claims.ndjson").write_text(STATEMENT)
    with lock_temporary(running):
        go(sound)
    for path in (unfinished, unpacked, released, built):
        assert not path.exists()
    assert running.exists()


def test_a_release_is_unpacked_where_the_next_finds_what_a_killed_one_left(
    rehearsed: tuple[Repo, ReissueOutput, Path],
) -> None:
    repo = rehearsed[0]
    ended = subprocess.Popen(["true"])
    ended.wait()
    entry = read_index(repo.package)[0]
    with package_at_release(repo.package, entry) as then:
        scratch = then.root.parent
        assert (scratch.parent, then.archived) == (repo.package.state / "release", True)
    assert not scratch.exists()
    left = scratch.with_name(scratch.name.replace(f"-{os.getpid()}-", f"-{ended.pid}-"))
    left.mkdir()
    with package_at_release(repo.package, entry):
        assert not left.exists()


# what is said of a release that held it ----------------------------------------------------------


@pytest.fixture(scope="module")
def lost_later_version(said_twice: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """0.1.1 held version 2, which was taken down; 0.1.0 holds version 1, and 3 is the last."""
    repo = said_twice.copy(tmp_path_factory.mktemp("lost"))
    go(repo.world, 2)
    repo.commit()
    return repo


def test_a_release_is_not_said_to_hold_the_version_before_one_that_was_taken_down(
    lost_later_version: Repo,
) -> None:
    run = lost_later_version.world.run
    done = run("cite", CLAIM, "--release", "0.1.1")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"0.1.1 holds only the hash of {CLAIM}: claims {CLAIM} version 2 was" in done.stderr
    done = run("cite", CLAIM, "--release", "0.1.0")
    assert done.returncode == 0
    assert "holds version 1 of" in done.stderr
    assert "version 3 is newer and not released yet" in done.stderr
    done = run("prove", "inclusion", CLAIM, "--claim-version", "2", "--release", "0.1.1")
    assert done.returncode != 0
    assert f"{CLAIM} version 2 was taken down on " in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("versions", [(2,), (1, 2)])
def test_a_diff_counts_what_was_taken_down_and_says_no_value_of_it(
    versions: tuple[int, ...], said_twice: Repo, tmp_path: Path
) -> None:
    repo = said_twice.copy(tmp_path)
    before = json.loads(repo.world.run("diff", "0.1.0", "0.1.1", "--json").stdout)
    go(repo.world, *versions)
    after = json.loads(repo.world.run("diff", "0.1.0", "0.1.1", "--json").stdout)
    for name in ("level", "must_act", "counts", "rows", "others"):
        assert after[name] == before[name]
    lost, other = after["claims"]
    if lost["claim_id"] != CLAIM:
        lost, other = other, lost
    assert other in before["claims"]
    assert (lost["change"], lost["version"], lost["fields"], lost["reasons"]) == (
        *("amended", 2),
        *({}, []),
    )
    assert [row["version"] for row in lost["taken_down"]] == [*versions]
    text = repo.world.run("diff", "0.1.0", "0.1.1").stdout
    assert f"claims {CLAIM} version 2 was taken down on " in text
    first = json.loads(repo.world.run("diff", "0.1.1", "head", "--json").stdout)
    [since] = first["claims"]
    assert (since["change"], since["fields"]) == ("amended", {})
    assert since["reasons"] == ["A court ordered it."]


def test_a_cited_version_that_was_taken_down_is_said_to_be(
    lost_later_version: Repo, tmp_path: Path
) -> None:
    path = tmp_path / "cited.bib"
    [row] = read(lost_later_version.package).taken_of("claims", CLAIM).values()
    path.write_text(
        f"@misc{{tiny-0.1.1-{CLAIM}, title={{x}}}}\n"
        f"@misc{{a, title={{tiny}}, note={{Claim {CLAIM}, claim version 2, event "
        f"{row.leaf_hash}}}}}\n"
        f"@misc{{tiny-0.1.0-{CLAIM}, title={{x}}}}\n",
        "utf-8",
    )
    done = lost_later_version.world.run("check-citations", str(path))
    assert done.returncode == 1
    assert done.stdout.count(f"claims {CLAIM} version 2 was taken down on ") >= 1
    assert "version 2 is cited, 3 is the last" in done.stdout
    assert "version 1 is cited, 3 is the last" in done.stdout
    assert "amend to version 2, which was taken down, event " in done.stdout
    found = json.loads(lost_later_version.world.run("check-citations", str(path), "--json").stdout)
    assert [one["status"] for one in found if one["release"] == "0.1.1"] == ["taken down"]
    [first] = [one for one in found if one["release"] == "0.1.0"]
    assert [event["version"] for event in first["events"]] == [2, 3]
    assert first["events"][0]["recorded_by"] is None


@pytest.mark.slow
def test_a_release_made_again_says_that_its_changes_were_taken_down(
    lost_later_version: Repo, tmp_path: Path
) -> None:
    repo = lost_later_version.copy(tmp_path)
    index = read_index(repo.package)
    entry = find_entry(index, "0.1.1", "tiny")
    output = reissue_release(repo.package, index, entry, DAY, repo.root / "dist")
    folder = output.archive.with_suffix("")
    changes = (folder / "CHANGES.md").read_text("utf-8")
    assert f"- {CLAIM}: (version 2 was taken down on " in changes.replace("\\(", "(")
    assert "1 amended" in changes or "2 amended" in changes
    assert "slander" not in changes
    assert verify_copy(output.archive, read_index(repo.package)).findings == []
    delta = json.loads((folder / "delta" / "delta.json").read_text("utf-8"))
    [change] = [row for row in delta["claims"]["amended"] if row["claim_id"] == CLAIM]
    assert (change["cells"], change["taken_down"]) == ([], [2])
    assert change["events"][0]["recorded_by"] is None


@pytest.mark.slow
def test_the_page_of_a_claim_cites_no_version_before_one_that_was_taken_down(
    lost_later_version: Repo, made: World, tmp_path: Path
) -> None:
    repo = lost_later_version.copy(tmp_path)
    tables = repo.root / "schemas" / "tables"
    shutil.copytree(made.root / "schemas" / "tables", tables, dirs_exist_ok=True)  # for the pages
    build(repo.package, repo.package.build)
    get = asking(repo.package.build)
    page = get(f"/claims/{CLAIM}").text
    assert f"Release 0.1.1 holds only the hash of version 2 of {CLAIM}, which was taken" in page
    assert "holds it: version" not in page
    assert "claim version 3, event " in page
    cited = get(f"/claims/{CLAIM}.json").json()["cited"]
    assert (cited["release"], cited["version"], cited["citations"]) == (None, None, [])
    # another claim of that release is cited as ever
    assert "holds it: version 2 of the claim" in get(f"/claims/{LINKED}").text


@pytest.mark.slow
def test_files_of_the_same_bytes_are_told_apart(
    made: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that are empty, of which one row and two were taken; then a batch that was copied."""
    monkeypatch.setattr(claimlog.fingerprint, "MEMORY_BYTES", 0)  # so that the cache is read
    world = copied(made, tmp_path)
    claims = ("C001-001", "C001-002", "C001-003")
    for slug, names in (("one", claims[:1]), ("two", claims[1:]), ("fine", claims)):
        rows_of_batch = [{"claim_id": name, "note": f"As of {slug}."} for name in names]
        amend_together(world, "A slip.", *rows_of_batch)
        world.seal(slug)
    rows = read(world.package).rows("claims")
    private = rows.filter(pl.col("note").is_in(["As of one.", "As of two."]))
    for name, version in private.select("claim_id", "version").iter_rows():
        go(world, version, identifier=name)
    found = [pl.read_parquet(part) for part in (world.package.state / "cache/parts").glob("*")]
    notes = [note for rows in found if "note" in rows.columns for note in rows["note"]]
    assert not {"As of one.", "As of two."} & {*notes}  # those of batches that were open among them
    world.amend("claims", claims[0], note="Later.")
    world.seal("later")
    files = [world.package.events / f"000{at}-{slug}" for at, slug in ((4, "one"), (5, "two"))]
    assert [(file / "claims.ndjson").read_bytes() for file in files] == [b"", b""]
    sound = validate(read(world.package, fresh=True), world.supplied)
    assert not sound.error_count, sound.findings
    whole = read(world.package).rows("claims")
    shutil.copytree(files[0], files[0].with_name("0004-zz"))
    assert validate(read(world.package), world.supplied).error_count
    shutil.rmtree(files[0].with_name("0004-zz"))
    assert read(world.package).rows("claims").equals(whole)
    assert not validate(read(world.package), world.supplied).error_count
    (files[1] / "claims.ndjson").write_bytes(b"these are no rows\n")
    for _ in range(2):
        assert read(world.package).findings
