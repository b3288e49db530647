"""Races of several lines of batches: each row stays with the entity that its author saw."""

from __future__ import annotations

import json
import random
import re
from contextlib import suppress
from dataclasses import replace
from itertools import chain, permutations
from pathlib import Path

import pytest

from claimlog import fingerprint
from claimlog.edit.batch_files import sync_descriptor
from claimlog.edit.log_lock import log_lock
from claimlog.edit.open_batch import open_folder, read_with_open
from claimlog.edit.open_rows_follow import OpenRows
from claimlog.edit.rebase import rebase
from claimlog.edit.renumbered_rows import log_of
from claimlog.errors import ClaimlogError, Finding, UsageError
from claimlog.files import remove
from claimlog.log.batch import MANIFEST, Batch, dump_manifest, sealed_batches
from claimlog.log.read_log import read
from conftest import World, copied, source
from test_ledger import quick
from test_rebase import (
    LETTER,
    LIKED,
    LINK,
    NOTICED,
    derived_from,
    found,
    merged,
    rebased,
    released,
    repository,
)

__all__ = ["quick"]  # a fixture that every test here uses

CLAIMS = {"king": LETTER, "ant": LIKED, "moth": NOTICED}


def add_book(world: World, title: str, **given: object) -> None:
    """Register a source of the next number, which is that of another line, too."""
    taken = [int(name[1:]) for name in read(world.package).ids("sources") if name < "S100"]
    world.add("sources", [source(f"S{max(taken, default=1) + 1:03d}", title=title, **given)])


def add_first(world: World, title: str) -> None:
    add_book(world, title)
    world.add("claims", [{**CLAIMS[title], "note": title}])
    world.seal(title)


def read_first(world: World, title: str, by: str) -> None:
    """Amend what a line has as S002 and C001-007, and refer to it from new rows."""
    world.amend("sources", "S002", publisher=f"{title}, says {by}")
    edge = {**derived_from("S002"), "evidence": title}
    add_book(world, by, lineage=[edge])
    world.add("links", [{**LINK, "relation": "confirms", "basis": title}])
    world.seal(by)


@pytest.fixture(scope="module")
def once_raced(made: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    """Three lines on top of one batch, two of which fork once more, by the name of their tip.

    Each of the three has an S002 and a C001-007 of its own.
    """
    folder = tmp_path_factory.mktemp("lines")
    ends = {name: copied(made, folder / name) for name in CLAIMS}
    for name, world in ends.items():
        add_first(world, name)
    for tip, below in (("bee", "king"), ("cat", "king"), ("dog", "ant")):
        ends[tip] = copied(ends[below], folder / tip)
        if tip == "bee":
            add_book(ends[tip], tip)
            ends[tip].seal(tip)
        else:
            read_first(ends[tip], below, tip)
    ends["alp"] = copied(ends["cat"], folder / "alp")
    ends["alp"].amend("sources", "S002", reliability="B")
    ends["alp"].amend("sources", "S003", reliability="A")
    ends["alp"].seal("moth")  # a name that another line has, too
    return ends


def joined(ends: dict[str, World], folder: Path, *names: str) -> World:
    """Return what git makes of clones, each of which sealed on its own."""
    first, *others = names
    both = copied(ends[first], folder)
    for name in others:
        both = merged(both, ends[name])
    return both


def assert_right(world: World) -> None:
    """Every version is of the book that its author saw, as is what refers to it."""
    assert found(world) == []
    log = read(world.package)
    titles: dict[str, set[str]] = {}
    for row in log.rows("sources").to_dicts():
        titles.setdefault(row["source_id"], set()).add(row["title"])
        if ", says " in row["publisher"]:
            assert row["publisher"].startswith(f"{row['title']},")
    assert {len(names) for names in titles.values()} == {1}
    for row in log.rows("sources").to_dicts():
        for edge in row["lineage"]:
            if edge["evidence"] in CLAIMS:
                assert titles[edge["source_id"]] == {edge["evidence"]}
    notes = dict(log.live("claims").select("claim_id", "note").iter_rows())
    for row in log.rows("links").to_dicts():
        if row["basis"] in CLAIMS:
            assert notes[row["from_claim_id"]] == row["basis"]


def batch_called(world: World, slug: str) -> Batch:
    return next(batch for batch in sealed_batches(world.package, []) if batch.slug == slug)


def races(world: World) -> list[Finding]:
    findings: list[Finding] = []
    sealed_batches(world.package, findings)
    return findings


def commanded(text: str) -> list[str]:
    match = re.search(r"claimlog rebase ([^;,]+)", text)
    assert match is not None
    return match[1].split()


def follow(world: World, text: str) -> None:
    """Do what a message says, and what the refusal of that says."""
    try:
        rebased(world, *commanded(text))
    except UsageError as error:
        rebased(world, *commanded(str(error)))


@pytest.mark.slow
@pytest.mark.parametrize("names", [*permutations(["0004-ant", "0005-cat"])])
def test_a_batch_follows_the_new_numbers_of_its_own_line_in_whatever_order_they_are_named(
    names: tuple[str, ...], once_raced: dict[str, World], tmp_path: Path
) -> None:
    once = joined(once_raced, tmp_path / "once", "bee", "ant", "cat")
    said = rebased(once, *names)
    assert said[0] == "0004-ant is now 0006-ant"
    assert "0005-cat is now 0007-cat" in said
    assert_right(once)
    by_step = joined(once_raced, tmp_path / "by-step", "bee", "ant", "cat")
    for name in names:
        rebased(by_step, name)
    assert_right(by_step)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_rebased_first_every_row_stays_with_what_its_author_saw(
    seed: int, once_raced: dict[str, World], tmp_path: Path
) -> None:
    chance = random.Random(seed)
    tips = chance.sample(["bee", "dog", "alp", "moth"], 3 + seed % 2)
    world = joined(once_raced, tmp_path, *tips)
    for _ in range(12):
        if not (open_races := races(world)):
            break
        batches = [batch.path.name for batch in sealed_batches(world.package, [])]
        if seed % 2 or chance.random() < 0.5:
            follow(world, str(chance.choice(open_races).remedy))
        else:
            with suppress(UsageError):
                rebased(world, *chance.sample(batches[3:], chance.randint(1, 3)))
    for _ in range(6):  # what is left, as validation says it
        if open_races := races(world):
            follow(world, str(open_races[0].remedy))
    assert_right(world)


@pytest.mark.slow
def test_validation_names_one_command_for_all_that_lost_a_race_with_a_batch(
    once_raced: dict[str, World], tmp_path: Path
) -> None:
    world = joined(once_raced, tmp_path, "bee", "ant", "alp")
    assert {" ".join(commanded(str(one.remedy))) for one in races(world)} == {
        "0004-king 0005-bee 0005-cat 0006-moth"
    }


@pytest.mark.slow
def test_a_batch_that_would_stay_where_it_is_names_the_race_that_its_line_is_in(
    once_raced: dict[str, World], tmp_path: Path
) -> None:
    world = joined(once_raced, tmp_path, "bee", "dog")
    with pytest.raises(UsageError, match="of another race") as caught:
        rebased(world, "0005-dog")
    assert "claimlog rebase 0004-king 0005-bee; nothing was rebased" in str(caught.value)
    rebased(world, "0004-king", "0005-bee")
    assert_right(world)


@pytest.mark.slow
def test_batches_of_lines_that_race_name_the_race_that_must_be_over_before(
    once_raced: dict[str, World], tmp_path: Path
) -> None:
    world = joined(once_raced, tmp_path, "bee", "cat", "dog")
    with pytest.raises(UsageError) as caught:
        rebased(world, "0005-dog", "0005-bee")
    assert str(caught.value) == (
        "0005-bee 0005-dog: 0004-king is of another race, which must be over before: claimlog "
        "rebase 0004-king 0005-bee 0005-cat; nothing was rebased"
    )
    rebased(world, "0004-king", "0005-bee", "0005-cat")
    assert_right(world)


def test_what_comes_after_others_comes_after_the_line_that_a_release_holds(
    once_raced: dict[str, World], tmp_path: Path
) -> None:
    world = joined(once_raced, tmp_path, "ant", "king", "moth")
    released(world, "0004-moth")
    rebased(world, "0004-king")
    names = [batch.path.name for batch in sealed_batches(world.package, [])]
    assert names[3:] == ["0004-ant", "0004-moth", "0005-king"]
    king, moth = (batch_called(world, name) for name in ("king", "moth"))
    assert king.manifest["previous_sha256"] == moth.manifest_sha256


def test_a_batch_that_is_missing_is_restored_before_others_take_its_place(
    once_raced: dict[str, World], tmp_path: Path
) -> None:
    world = joined(once_raced, tmp_path, "cat", "dog")
    for name in ("0004-king", "0004-ant"):
        remove(world.package.events / name)
    sync_descriptor(world.package)
    with pytest.raises(ClaimlogError, match=r"^events: batch 4 is missing; restore it from git"):
        rebased(world, "0005-dog")


def open_on(world: World, title: str) -> None:
    world.amend("sources", "S002", publisher=f"{title}, says an open row")


@pytest.mark.slow
@pytest.mark.parametrize("mine", ["king", "moth"])
def test_open_rows_follow_one_line_at_a_time(
    mine: str, once_raced: dict[str, World], tmp_path: Path
) -> None:
    ends = {**once_raced, "mine": copied(once_raced[mine], tmp_path / "mine")}
    open_on(ends["mine"], mine)
    world = joined(ends, tmp_path / "all", "mine", *(name for name in CLAIMS if name != mine))

    def step(*names: str, open_rows: OpenRows | None) -> None:
        with log_lock(world.package):
            rebase(world.package, names, open_rows=open_rows)

    for chosen in (None, "follow"):
        with pytest.raises(UsageError, match="0004-king and 0004-moth renumber what open rows"):
            step("0004-king", "0004-moth", open_rows=chosen)
    for name in ("king", "moth"):
        step(batch_called(world, name).path.name, open_rows="follow" if name == mine else "stay")
    log = read_with_open(world.package)
    [row] = [row for row in log.rows("sources").to_dicts() if "open row" in row["publisher"]]
    assert row["title"] == mine
    world.seal("later")
    assert_right(world)


@pytest.mark.slow
def test_a_batch_follows_one_that_was_sealed_anew_with_the_same_rows_after_it(
    once_raced: dict[str, World], tmp_path: Path
) -> None:
    world = joined(once_raced, tmp_path, "bee", "dog")
    manifest = world.package.events / "0004-ant" / MANIFEST
    sealed = json.loads(manifest.read_text("utf-8"))
    manifest.write_bytes(dump_manifest({**sealed, "title": "Sealed anew"}))
    rebased(world, "0004-ant", "0005-dog")
    assert_right(world)


def overtaken(
    ends: dict[str, World], mine: World, folder: Path, *moved: str, given_up: bool = False
) -> World:
    """Return a clone after it took in that others rebased, or gave up, what it was sealed on."""
    theirs = joined(ends, folder / "theirs", "bee", "dog" if len(moved) > 1 else "ant")
    rebased(theirs, *moved)
    if given_up:
        remove(batch_called(theirs, "ant").path)
        sync_descriptor(theirs.package)
    mine = merged(mine, theirs)
    for name in moved:
        remove(mine.package.events / name)
    sync_descriptor(mine.package)
    return mine


@pytest.mark.slow
def test_a_batch_follows_those_below_it_that_others_rebased_by_what_git_holds_of_them(
    once_raced: dict[str, World], tmp_path: Path
) -> None:
    mine = copied(once_raced["dog"], tmp_path / "mine")
    repository(mine)
    mine.amend("sources", "S002", publisher="ant, says fox")
    mine.amend("sources", "S003", publisher="dog, says fox")
    mine.seal("fox")
    open_on(mine, "ant")
    mine = overtaken(once_raced, mine, tmp_path, "0004-ant", "0005-dog")
    with log_lock(mine.package):
        [said, *_] = rebase(mine.package, ["0006-fox"], open_rows="follow")
    assert said == "0006-fox is now 0008-fox"
    mine.seal("later")
    assert_right(mine)


@pytest.mark.slow
@pytest.mark.parametrize("is_given_up", [False, True])
def test_of_names_below_which_a_batch_is_missing_somebody_says_what_they_mean(
    is_given_up: bool, once_raced: dict[str, World], tmp_path: Path
) -> None:
    mine = copied(once_raced["dog"], tmp_path / "mine")
    if is_given_up:
        repository(mine)
    open_on(mine, "ant")
    mine = overtaken(once_raced, mine, tmp_path, "0004-ant", given_up=is_given_up)
    with pytest.raises(UsageError) as caught:
        rebased(mine, "0005-dog")
    assert str(caught.value) == (
        "0005-dog was sealed on top of a batch that is not there, and git does not say what became "
        "of it; events/0005-dog names C001-007 (events/0004-king/claims.ndjson), S002 "
        "(events/0004-king/sources.ndjson), C001-003 (events/0002-claims/claims.ndjson) and "
        ".claimlog/open names S002 (events/0004-king/sources.ndjson), which may be another's by "
        "now: look there, put right what names the wrong one, and add --names-stay; nothing was "
        "rebased"
    )
    assert (mine.package.events / "0005-dog").is_dir()
    if not is_given_up:
        folders = (mine.package.events / "0005-dog", open_folder(mine.package))
        for path in chain.from_iterable(folder.glob("*.ndjson") for folder in folders):
            text = path.read_text("utf-8")
            path.write_text(text.replace("S002", "S004").replace("C001-007", "C001-008"), "utf-8")
        with log_lock(mine.package):
            [said, *_] = rebase(mine.package, ["0005-dog"], names_stay=True)
        assert said.startswith("0005-dog is now 0007-dog, with changed rows: ")
        mine.seal("later")
        assert_right(mine)


@pytest.mark.slow
def test_what_became_of_a_missing_batch_is_asked_once_other_races_are_over(
    made: World, tmp_path: Path
) -> None:
    bee, ant = (copied(made, tmp_path / name) for name in ("bee", "ant"))
    for world, name in ((bee, "bee"), (ant, "ant")):
        world.add("sources", [source("S002", title=name)])
        world.seal(name)
    alp = copied(bee, tmp_path / "alp")
    alp.add("sources", [source("S003", title="alp")])
    alp.seal("alp")
    theirs = merged(copied(bee, tmp_path / "theirs"), ant)
    moved = batch_called(theirs, "ant").path.name
    rebased(theirs, moved)
    mine = copied(ant, tmp_path / "mine")
    repository(mine)
    mine.amend("sources", "S002", publisher="ant, says dog")
    mine.seal("dog")
    mine = merged(merged(mine, theirs), alp)
    remove(mine.package.events / moved)
    sync_descriptor(mine.package)
    dog, ant_now = (batch_called(mine, name).path.name for name in ("dog", "ant"))
    with log_lock(mine.package), pytest.raises(UsageError, match=rf"among {ant_now}, of another"):
        rebase(mine.package, [dog], names_stay=True)
    rebased(mine, ant_now)
    rebased(mine, dog)
    rows = read(mine.package).rows("sources").to_dicts()
    [said] = [row["title"] for row in rows if row["publisher"] == "ant, says dog"]
    assert said == "ant"
    assert not found(mine)


def test_batches_are_read_as_one_log_whatever_place_each_had_in_another(
    once_raced: dict[str, World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint, "MEMORY_BYTES", 0)
    world = joined(once_raced, tmp_path, "bee", "ant", "moth")
    batches = sealed_batches(world.package, [])
    log = log_of(world.package, [replace(batch, index=batch.number - 1) for batch in batches])
    files = [entry for batch in batches for entry in batch.manifest["files"].values()]
    assert log.size == sum(entry["rows"] for entry in files)
