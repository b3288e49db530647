"""Adding, amending, retracting and sealing: what is recorded, and what a failure leaves behind."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import claimlog.edit.clock
from claimlog.edit.batch_files import recover
from claimlog.edit.log_lock import log_lock
from claimlog.edit.open_batch import open_folder, read_with_open
from claimlog.edit.seal import seal
from claimlog.errors import ClaimlogError, FindingsError, UsageError
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.validate import validate
from conftest import CLAIMS, STOPPED, TEXT, World, actor, claim, source

OPEN = ".claimlog/open/claims.ndjson"


def snapshot(world: World) -> dict[str, bytes]:
    """Every file of the package outside the schemas, its lock aside."""
    return {
        path.relative_to(world.root).as_posix(): path.read_bytes()
        for path in sorted(world.root.rglob("*"))
        if path.is_file() and path.name != "lock" and "schemas" not in path.parts
    }


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Seal without Frictionless in this process: half of the time, and tested elsewhere."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("claimlog.edit.seal.validate", partial(validate, frictionless=False))
        yield


def ids(log: Log, stream: str) -> list[str]:
    return log.rows(stream).sort("seq")[log.definition.streams[stream].id].to_list()


def assert_sound(world: World, frictionless: bool = False) -> Log:
    log = read(world.package)
    report = validate(log, world.supplied, frictionless=frictionless)
    assert [str(finding) for finding in report.findings] == []
    return log


PORT = ("add", "actor", "--actor-id", "port", "--name", "Port", "--actor-type", "agency")
LETTER = claim("signed a letter", "Pilots put their names to a letter.")
LIKED = claim("liked the pact", "They took to the arrangement.", modality="negated")


# adding


def test_added_claims_get_the_next_numbers_and_version_one(world: World) -> None:
    assert world.add("claims", [LETTER, LIKED]) == ["C001-007", "C001-008"]
    assert world.add("claims", [{**LETTER, "statement": "Pilots wrote."}]) == ["C001-009"]
    rows = [json.loads(line) for line in (world.root / OPEN).read_text("utf-8").splitlines()]
    assert [(row["action"], row["version"], row["reason"]) for row in rows] == [
        ("assert", 1, None)
    ] * 3


def test_sources_and_links_are_numbered_too_and_actors_are_named(world: World) -> None:
    assert world.add("sources", [source(None)]) == ["S102"]  # type: ignore[arg-type]
    link = {"from_claim_id": "C001-001", "relation": "same_fact", "basis": "The same."}
    assert world.add("links", [{**link, "to_claim_id": "C001-002"}]) == ["L0002"]
    with pytest.raises(UsageError, match="give the new actor an identifier: actor_id"):
        world.add("actors", [{"name": "Nobody", "actor_type": "state"}])


def test_a_claims_number_follows_the_largest_of_its_own_source(world: World) -> None:
    text = "Another text of ours, with nothing of note."
    (world.texts / "other.txt").write_text(text, "utf-8")
    from claimlog.sources.text import digest

    world.add(
        "sources",
        [source("S002", kind="copy", text_sha256=digest(text), text_length=len(text))],
    )
    other = claim("nothing of note", "There is not much to it.", source_id="S002")
    assert world.add("claims", [other]) == ["C002-001"]
    assert world.add("claims", [LETTER]) == ["C001-007"]


def test_the_number_of_a_retracted_claim_is_never_given_again(world: World) -> None:
    world.retract("C001-005")
    world.retract("L0001")
    world.retract("C001-006")
    assert world.add("claims", [LETTER]) == ["C001-007"]
    with pytest.raises(ClaimlogError) as error:
        world.add("claims", [{**LETTER, "claim_id": "C001-006"}])
    assert str(error.value) == (
        "C001-006 was retracted (version 2); an identifier is never used again: leave out "
        "claim_id, or give a new one"
    )


def test_an_identifier_that_is_taken_is_refused_with_the_command_that_changes_it(
    world: World,
) -> None:
    with pytest.raises(ClaimlogError) as error:
        world.add("claims", [{**LETTER, "claim_id": "C001-001"}])
    assert str(error.value) == (
        "C001-001 exists already (version 1); change it with claimlog amend claim C001-001"
    )


def test_two_new_rows_with_one_identifier_are_refused(world: World) -> None:
    before = snapshot(world)
    with pytest.raises(FindingsError) as error:
        world.add("actors", [actor("port", "agency"), actor("port", "state")])
    assert any("port" in str(finding) for finding in error.value.findings)
    assert snapshot(world) == before


@pytest.mark.slow
def test_the_quote_is_used_for_the_anchor_and_stored_nowhere(world: World) -> None:
    world.add("claims", [LETTER])
    world.amend("claims", "C001-001", quote=STOPPED, occurrence=2)
    world.seal("more")
    assert world.run("build", "--texts", str(world.texts)).returncode == 0
    quotes = [entry["quote"].encode() for entry in (*CLAIMS, LETTER)]
    for name, data in snapshot(world).items():
        assert b'"quote"' not in data, name
        assert not [quote for quote in quotes if quote in data], name


@pytest.mark.slow
def test_an_amended_quote_moves_the_anchor_and_keeps_the_rest(world: World) -> None:
    before = world.rows("claims", 1)[0]
    world.amend("claims", "C001-001", quote=STOPPED, occurrence=2)
    world.seal("moved")
    [after] = world.rows("claims")
    assert after["start"] == TEXT.rindex(STOPPED)
    changed = {key for key in after if after[key] != before[key]}
    assert {"start", "end", "action", "version", "reason"} <= changed
    assert "statement" not in changed
    assert_sound(world)


@pytest.mark.slow
def test_versions_count_up_and_a_retraction_repeats_the_last_state(world: World) -> None:
    world.amend("claims", "C001-005", note="One.")
    world.amend("claims", "C001-005", note="Two.")
    world.retract("C001-005", "Enough.")
    world.seal("life")
    rows = world.rows("claims")
    assert [(row["action"], row["version"], row["note"]) for row in rows] == [
        ("amend", 2, "One."),
        ("amend", 3, "Two."),
        ("retract", 4, "Two."),
    ]
    assert_sound(world)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda world: world.amend("claims", "C001-004", note="x"),
            "C001-004 was retracted (version 2: The text does not say so.); it cannot be changed; "
            "add a new one",
        ),
        (
            lambda world: world.retract("C001-004"),
            "C001-004 was retracted (version 2: The text does not say so.); it cannot be changed; "
            "add a new one",
        ),
        (
            lambda world: world.amend("claims", "c001-004", note="x"),
            'there is no claim "c001-004"; did you mean "C001-004"?',
        ),
        (
            lambda world: world.amend("claims", "C001-001", topik="trust"),
            'unknown key "topik"; did you mean "topic"? (schemas/claims.json)',
        ),
        (
            lambda world: world.amend("claims", "C001-001", start="5"),
            '"start" is "5", expected integer (schemas/claims.json)',
        ),
        (
            lambda world: world.amend("claims", "C001-001", end=10_000),
            f"S001: start {TEXT.index(STOPPED)} and end 10000 are no span of a text of "
            f"{len(TEXT)} code points",
        ),
        (
            lambda world: world.add("claims", [{**LETTER, "source_id": "S01"}]),
            'source "S01" is not registered; did you mean "S101"?; add it first: '
            "claimlog add source",
        ),
        (
            lambda world: world.add("claims", [{**LETTER, "source_id": "S101"}]),
            "no text has S101: it has none; supply the copy that was coded",
        ),
        (
            lambda world: world.add("claims", [{"statement": "Nothing at all."}]),
            "a claim needs its source: --source-id S001",
        ),
    ],
)
def test_a_change_that_cannot_be_made_says_why_and_leaves_everything(
    world: World, change: Any, message: str
) -> None:
    before = snapshot(world)
    with pytest.raises(ClaimlogError) as error:
        change(world)
    assert message in str(error.value)
    assert snapshot(world) == before


def test_a_row_that_breaks_a_rule_is_refused_and_the_open_batch_stays(world: World) -> None:
    world.add("claims", [LETTER])
    before = snapshot(world)
    with pytest.raises(FindingsError) as error:
        world.add(
            "claims", [LIKED, {**LIKED, "statement": "They liked the pact once.", "topic": "trsut"}]
        )
    assert snapshot(world) == before
    [finding] = error.value.findings
    assert str(finding).startswith(
        f'{OPEN}:3: C001-009 "topic" is "trsut", expected a code of '
        "schemas/codebook/codes/topic.csv"
    )
    assert str(error.value) == "1 finding in the log: nothing was added"


def test_a_retraction_that_leaves_a_reference_hanging_is_refused(world: World) -> None:
    before = snapshot(world)
    with pytest.raises(FindingsError) as error:
        world.retract("C001-006")
    assert "C001-006" in str(error.value.findings[0])
    assert snapshot(world) == before


def test_a_clock_that_goes_back_does_not_make_the_log_run_backwards(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Past(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(1999, 1, 1, tzinfo=tz)

    last = max(row["recorded_at"] for row in world.rows("claims"))
    monkeypatch.setattr(claimlog.edit.clock, "datetime", Past)
    world.add("claims", [LETTER])
    world.seal("late")
    assert world.rows("claims")[0]["recorded_at"] == last
    assert_sound(world)


# sealing


def test_sealing_moves_the_open_batch_into_the_log(world: World) -> None:
    world.add("claims", [LETTER])
    batch = world.seal("more")
    assert (batch.number, batch.shown) == (4, "events/0004-more")
    assert sorted(path.name for path in batch.path.iterdir()) == ["batch.json", "claims.ndjson"]
    tree, before = batch.manifest["tree"], json.loads(_manifest(world, 2))["tree"]
    assert (tree["size_before"], tree["root_before"]) == (before["size"], before["root"])
    assert tree["size"] == tree["size_before"] + 1
    assert not open_folder(world.package).exists()
    listed = {r["name"]: r["path"] for r in world.package.descriptor["resources"]}
    assert listed["claims"][0] == "events/0004-more/claims.ndjson"
    log = assert_sound(world)
    assert log.root.hex() == tree["root"]


def _manifest(world: World, batch: int) -> str:
    return (world.file("claims", batch).parent / "batch.json").read_text("utf-8")


def test_there_is_nothing_to_seal_without_an_open_batch(world: World) -> None:
    before = snapshot(world)
    done = world.run("seal", "--slug", "x", "--title", "X", "--method", "None.")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ("claimlog: there is no open batch to seal; claimlog add makes one\n")
    assert snapshot(world) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"slug": "Not A Slug"},
            '--slug "Not A Slug": expected lower-case words joined by hyphens',
        ),
        ({"slug": "../up"}, '--slug "../up": expected lower-case words joined by hyphens'),
        ({"slug": "a" * 101}, f'--slug "{"a" * 100}": expected lower-case words joined by'),
        ({"title": "a\x1b[31m"}, "--title: has nothing visible, or controls, line breaks or what"),
        ({"title": "one\ntwo"}, "--title: has nothing visible, or controls, line breaks or what"),
        ({"method": "\u202e"}, "--method: has nothing visible, or controls, line breaks or what"),
        ({"title": ""}, "batch.json would not be valid: title: '' should be non-empty"),
        ({"title": "x" * 201}, "batch.json would not be valid: title:"),
        ({"title": "\udcff"}, "batch.json would not be valid: a text holds a lone surrogate"),
        ({"method": ""}, "batch.json would not be valid: method: '' should be non-empty"),
        ({"recorded_by": "Jo X"}, "batch.json would not be valid: recorded_by: 'Jo X' does not"),
    ],
)
def test_a_batch_is_not_sealed_under_a_manifest_that_validation_would_refuse(
    world: World, given: dict[str, str], message: str
) -> None:
    world.add("claims", [LETTER])
    before = snapshot(world)
    told = {"slug": "x", "title": "X", "method": "None.", "recorded_by": "coder-1", **given}
    with pytest.raises(UsageError) as error, log_lock(world.package):
        seal(world.package, texts=None, **told)
    assert str(error.value).startswith(message)
    assert snapshot(world) == before


def test_an_open_batch_spoilt_by_hand_is_not_sealed(world: World) -> None:
    world.add("claims", [LETTER])
    path = world.root / OPEN
    path.write_bytes(path.read_bytes().replace(b'"topic":"sharing"', b'"topic":"shared"'))
    before = snapshot(world)
    done = world.run("seal", "--slug", "x", "--title", "X", "--method", "None.")
    assert done.returncode == 1
    first, last = done.stderr.splitlines()
    assert first.startswith(f'{OPEN}:1: C001-007 "topic" is "shared", expected a code of')
    assert last == "claimlog: 1 finding in the log: nothing was sealed"
    assert snapshot(world) == before


def test_a_seal_that_fails_at_the_rename_leaves_everything_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("claims", [LETTER])
    before = snapshot(world)
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if Path(target).parent == world.package.events:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", failing)
        with pytest.raises(ClaimlogError) as error:
            world.seal("more")
    assert str(error.value) == (
        "events/0004-more: cannot be written (No space left on device); nothing was sealed"
    )
    assert snapshot(world) == before
    world.seal("more")
    assert_sound(world)


def test_an_events_directory_that_cannot_be_written_gives_one_message(world: World) -> None:
    shutil.rmtree(world.package.events)
    world.package.events.write_text("a file where the directory should be")
    before = snapshot(world)
    done = world.run(*PORT)
    assert done.returncode == 1
    assert done.stderr.startswith("events: is no directory; restore it from git [batch-files]\n")
    assert "Traceback" not in done.stderr
    assert snapshot(world) == before


def test_a_state_directory_that_cannot_be_made_gives_one_message(world: World) -> None:
    shutil.rmtree(world.package.state)
    world.package.state.write_text("a file where the directory should be")
    done = world.run(*PORT)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "claimlog: .claimlog: is no directory; claimlog did not make it: look at it, remove it, "
        "and run this again\n"
    )


@pytest.mark.slow
def test_rows_already_sealed_before_a_crash_are_left_out_by_the_next_seal(world: World) -> None:
    world.add("claims", [LETTER])
    world.add("actors", [actor("port", "agency")])
    kept = world.root / "kept"
    shutil.copytree(open_folder(world.package), kept)
    world.seal("more")
    kept.rename(open_folder(world.package))  # as if the clean-up had not happened
    before = snapshot(world)
    with pytest.raises(ClaimlogError) as error:
        world.seal("again")
    assert str(error.value) == (
        "there is no open batch to seal; claimlog add makes one (an interrupted run was finished: "
        "left out 2 rows of the open batch that the log already holds)"
    )
    after = snapshot(world)
    assert after == {name: data for name, data in before.items() if "open/" not in name}
    assert_sound(world)


@pytest.mark.slow
def test_new_rows_beside_sealed_ones_are_kept_by_the_next_seal(world: World) -> None:
    world.add("claims", [LETTER])
    sealed = (world.root / OPEN).read_bytes()
    world.seal("more")
    world.add("claims", [LIKED])
    fresh = (world.root / OPEN).read_bytes()
    (world.root / OPEN).write_bytes(sealed + fresh)
    world.seal("again")
    assert world.file("claims").read_bytes() == fresh
    assert ids(assert_sound(world), "claims")[-2:] == ["C001-007", "C001-008"]


@pytest.mark.slow
def test_a_crash_before_the_descriptor_is_listed_is_found_and_repaired(world: World) -> None:
    descriptor = world.root / "datapackage.json"
    before = descriptor.read_bytes()
    world.add("claims", [LETTER])
    world.seal("more")
    descriptor.write_bytes(before)
    done = world.run("validate")
    assert done.returncode == 1
    assert (
        'datapackage.json: resource "claims" does not list events/0004-more/claims.ndjson; '
        "run claimlog seal, which finishes an interrupted seal"
    ) in done.stdout
    done = world.run("seal", "--slug", "x", "--title", "X", "--method", "None.")
    assert "an interrupted run was finished: listed all sealed files in datapackage.json" in (
        done.stderr
    )
    assert_sound(world)


def test_a_sealed_batch_that_is_missing_is_not_forgotten_by_the_next_seal(world: World) -> None:
    shutil.rmtree(world.package.events / "0003-corrections")
    world.add("claims", [LETTER])
    before = snapshot(world)
    with pytest.raises(ClaimlogError) as error:
        world.seal("more")
    assert str(error.value) == (
        "datapackage.json: lists events/0003-corrections/claims.ndjson, which is missing; restore "
        "it from git, or take it off the list if the batch was given up"
    )
    assert snapshot(world) == before


@pytest.mark.parametrize("path", ["a" * 5_000, "x/" * 3_000, "events/\0x"])
def test_a_listed_file_whose_name_no_file_can_have_is_missing_in_a_short_line(
    path: str, world: World
) -> None:
    about = json.loads((world.root / "datapackage.json").read_text("utf-8"))
    about["resources"][0]["path"] = [path]
    (world.root / "datapackage.json").write_text(json.dumps(about), "utf-8")
    world.package.forget()
    with pytest.raises(ClaimlogError, match=r"^datapackage.json: lists .*, which is missing") as it:
        recover(world.package)
    found = [str(it.value), *map(str, validate(read(world.package)).findings)]
    assert len(found) == 4
    assert max(map(len, found)) < 400


def test_a_descriptor_that_cannot_be_written_does_not_undo_the_seal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    import claimlog.package

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    world.add("claims", [LETTER])
    with monkeypatch.context() as patched:
        patched.setattr(claimlog.package, "write_durably", full)
        with pytest.raises(ClaimlogError) as error:
            world.seal("more")
    assert str(error.value) == (
        "datapackage.json: cannot be written (No space left on device); 0004-more is sealed all "
        "the same, run claimlog seal again to finish"
    )
    assert world.seal("more").shown == "events/0004-more"  # finishes, and says what is sealed
    assert_sound(world)
    assert not open_folder(world.package).exists()


def test_an_append_cut_off_between_its_two_renames_loses_no_row(world: World) -> None:
    world.add("claims", [LETTER])
    place = open_folder(world.package)
    place.rename(place.with_name(".open-old-4194305-0000000b"))
    (place.with_name(".open-new-cut")).mkdir()
    assert world.add("claims", [LIKED]) == ["C001-008"]
    world.seal("more")
    assert [row["claim_id"] for row in world.rows("claims")] == ["C001-007", "C001-008"]
    assert {path.name for path in world.package.state.iterdir()} <= {"lock", "cache"}
    assert_sound(world)


@pytest.mark.parametrize("name", ["lock", "open"])
def test_leftovers_in_the_state_directory_are_no_part_of_the_log(world: World, name: str) -> None:
    (world.package.state / name).unlink(missing_ok=True)
    if name == "open":
        (world.package.state / name).mkdir()
    world.add("claims", [LETTER])
    assert ids(read_with_open(world.package), "claims")[-1] == "C001-007"


# several processes at once


@pytest.fixture
def held(world: World) -> Iterator[World]:
    """The package while another process holds its lock, with a short patience."""
    world.limit(lock_seconds=0)
    with log_lock(world.package):
        yield world


def test_a_lock_held_too_long_gives_a_message(held: World) -> None:
    done = held.run(*PORT)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "claimlog: another claimlog is changing this log; wait for it and run this again\n"
    )


def test_of_two_seals_at_once_one_wins_and_the_other_finds_nothing_to_seal(world: World) -> None:
    world.add("claims", [LETTER, LIKED])
    world.limit(lock_seconds=100)

    def seal(slug: str) -> subprocess.CompletedProcess[str]:
        return world.run("seal", "--slug", slug, "--title", "X", "--method", "None.")

    with ThreadPoolExecutor(2) as pool:
        both = [*pool.map(seal, ("one", "two"))]
    assert sorted(done.returncode for done in both) == [0, 1]
    [loser] = [done.stderr for done in both if done.returncode]
    assert loser == "claimlog: there is no open batch to seal; claimlog add makes one\n"
    log = assert_sound(world)
    assert ids(log, "claims")[-2:] == ["C001-007", "C001-008"]
    assert len(log.batches) == 4


@pytest.mark.slow
def test_four_adds_at_once_lose_nothing(world: World) -> None:
    def add(number: int) -> int:
        name = f"port-{number}"
        words = ("--actor-id", name, "--name", name.title(), "--actor-type", "agency")
        done = world.run("add", "actor", *words)
        assert done.stdout == f"added {name} to the open batch; claimlog seal makes it final\n"
        return done.returncode

    world.limit(lock_seconds=100)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(add, range(4))) == [0] * 4
    world.seal("ports")
    assert sorted(row["actor_id"] for row in world.rows("actors")) == [
        f"port-{number}" for number in range(4)
    ]
    assert_sound(world)
