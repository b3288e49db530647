"""Two branches that both made the next batch: found by validation, mended by claimlog rebase."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import claimlog.edit.batch_files
import claimlog.edit.cut_off_rebase
import claimlog.log.batch
from claimlog.checkout import Checkout
from claimlog.edit.batch_files import recover
from claimlog.edit.clock import FORMAT
from claimlog.edit.cut_off_rebase import MARK, REBASED_OPEN, mark_rebase
from claimlog.edit.log_lock import log_lock
from claimlog.edit.merge import merge
from claimlog.edit.open_batch import open_batch, read_with_open
from claimlog.edit.open_rows_follow import OpenRows
from claimlog.edit.rebase import rebase
from claimlog.edit.rebase_open_batch import rebase_open
from claimlog.edit.renumbered_rows import moved_row
from claimlog.errors import ClaimlogError, Finding, FindingsError, UsageError
from claimlog.files import remove
from claimlog.git import CheckoutError
from claimlog.interrupt_handler import holds_interrupts
from claimlog.log.batch import (
    DONE,
    IN,
    MANIFEST,
    OUT,
    dump_manifest,
    sealed_batches,
)
from claimlog.log.batch_lines import BatchLines
from claimlog.log.merged_entities import amend_reason, merge_reason, rename_merged
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.untrusted_files import read_regular
from claimlog.validate import validate
from conftest import ROOT, World, actor, claim, copied, measure, source
from test_ledger import quick

__all__ = ["quick"]  # a fixture that every test here uses

LETTER = claim("signed a letter", "Pilots put their names to a letter.")
LIKED = claim("liked the pact", "They took to the arrangement.", modality="negated")
NOTICED = claim("nobody noticed", "It went unseen.  So it is said.")
LINK = {"from_claim_id": "C001-007", "relation": "same_fact", "to_claim_id": "C001-003"}


def data(world: World) -> dict[str, bytes]:
    """The events and the descriptor."""
    paths = [*world.package.events.rglob("*"), world.root / "datapackage.json"]
    return {
        path.relative_to(world.root).as_posix(): path.read_bytes()
        for path in sorted(paths)
        if path.is_file()
    }


def merged(ours: World, theirs: World) -> World:
    """What git makes of two branches: both batches, and the union of the lists of files."""
    for folder in theirs.package.events.iterdir():
        target = ours.package.events / folder.name
        if not target.exists():
            shutil.copytree(folder, target)
    path = ours.root / "datapackage.json"
    one, two = (json.loads((w.root / path.name).read_text("utf-8")) for w in (ours, theirs))
    resources = {resource["name"]: resource for resource in one["resources"]}
    for resource in two["resources"]:
        known = resources.setdefault(resource["name"], {**resource, "path": []})
        known["path"] = list(dict.fromkeys([*resource["path"], *known["path"]]))
    path.write_text(json.dumps({**one, "resources": list(resources.values())}, indent=2), "utf-8")
    return World(Package(ours.root), ours.texts)


@pytest.fixture
def branches(world: World, tmp_path: Path) -> tuple[World, World]:
    """Two copies of the tiny package."""
    return world, copied(world, tmp_path / "theirs")


@pytest.fixture(scope="module")
def once_both(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    ours, theirs = (copied(made, tmp_path_factory.mktemp(name)) for name in ("ours", "theirs"))
    ours.add("claims", [LETTER])
    ours.seal("alpha")
    theirs.add("actors", [actor("port", "agency")])
    theirs.seal("beta")
    return merged(ours, theirs)


@pytest.fixture
def both(once_both: World, tmp_path: Path) -> World:
    """A merge of 0004-alpha, with a claim, and 0004-beta, with an actor."""
    return copied(once_both, tmp_path / "both")


def rebased(world: World, *names: str) -> list[str]:
    with log_lock(world.package):
        return rebase(world.package, names)


def rebased_with(world: World, open_rows: OpenRows) -> None:
    with log_lock(world.package):
        rebase(world.package, ["0004-ours"], open_rows=open_rows)


def rebased_open(world: World) -> list[str]:
    with log_lock(world.package):
        return rebase_open(world.package)


def found(world: World) -> list[str]:
    log = read(world.package)
    return [str(finding) for finding in validate(log, world.supplied).findings]


def row_ids(world: World, stream: str, key: str) -> dict[str, list[str]]:
    return {
        path.parent.name: [json.loads(line)[key] for line in path.read_text("utf-8").splitlines()]
        for path in sorted(world.package.events.glob(f"*/{stream}.ndjson"))
    }


@pytest.mark.slow
def test_two_batches_with_one_number_fail_validation_naming_the_command(both: World) -> None:
    done = both.run("validate")
    assert done.returncode == 1
    assert done.stdout.startswith(
        "events/0004-beta: has the number of events/0004-alpha; renumber the one that lost the "
        "race: claimlog rebase 0004-beta [batch-number]\n"
    )
    done = both.run("rebase", "0004-beta")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "0004-beta is now 0005-beta\n"
    done = both.run("validate", "--texts", str(both.texts))
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_colliding_claims_are_renumbered_with_every_reference_to_them(
    branches: tuple[World, World],
) -> None:
    ours, theirs = branches
    ours.add("claims", [LETTER])
    ours.add("links", [{**LINK, "basis": "Ours."}])
    ours.seal("alpha")
    theirs.add("claims", [LIKED, NOTICED])
    theirs.add("links", [{**LINK, "to_claim_id": "C001-008", "basis": "Theirs."}])
    theirs.amend("claims", "C001-007", note="Amended in the same batch.")
    theirs.seal("beta")
    both = merged(ours, theirs)
    assert rebased(both, "events/0004-beta/") == [
        "0004-beta is now 0005-beta",
        "  C001-007 is now C001-009",
        "  L0002 is now L0003",
    ]
    assert found(both) == []
    claims = row_ids(both, "claims", "claim_id")
    assert claims["0004-alpha"] == ["C001-007"]
    assert claims["0005-beta"] == ["C001-009", "C001-008", "C001-009"]
    links = row_ids(both, "links", "from_claim_id") | {}
    assert (links["0004-alpha"], links["0005-beta"]) == (["C001-007"], ["C001-009"])
    assert row_ids(both, "links", "to_claim_id")["0005-beta"] == ["C001-008"]
    statements = row_ids(both, "claims", "statement")
    assert statements["0005-beta"][0] == LIKED["statement"]


@pytest.mark.slow
def test_a_source_registered_on_both_sides_is_renumbered_in_lineage_and_hops(
    branches: tuple[World, World],
) -> None:
    from conftest import hop, source

    ours, theirs = branches
    ours.add("sources", [source("S102")])
    ours.seal("alpha")
    edge = {
        "source_id": "S102",
        "relation": "wasDerivedFrom",
        "certainty": "strong",
        "evidence": "It says so.",
    }
    theirs.add("sources", [source("S102", title="Another"), source("S103", lineage=[edge])])
    told = hop(source_id="S102", description="a wire report", anonymity="described")
    theirs.add("claims", [{**LETTER, "voice": "paraphrased", "attributions": [told]}])
    theirs.seal("beta")
    both = merged(ours, theirs)
    assert "  S102 is now S104" in rebased(both, "0004-beta")
    assert found(both) == []
    first, second = both.rows("sources")
    assert (first["source_id"], first["title"]) == ("S104", "Another")
    assert second["lineage"][0]["source_id"] == "S104"
    assert both.rows("claims")[0]["attributions"][0]["source_id"] == "S104"


@pytest.mark.slow
def test_times_are_raised_to_the_logs_last(branches: tuple[World, World]) -> None:
    ours, theirs = branches
    theirs.add("actors", [actor("port", "agency")])
    theirs.seal("beta")
    ours.add("claims", [LETTER])
    ours.seal("alpha")
    late = "2999-01-01T00:00:00Z"
    ours.rewrite("claims", lambda rows: rows[0].update(recorded_at=late))
    both = merged(ours, theirs)
    rebased(both, "0004-beta")
    assert both.rows("actors")[0]["recorded_at"] == late
    assert found(both) == []


@pytest.mark.slow
def test_conflicting_amendments_are_refused_and_nothing_changes(
    branches: tuple[World, World],
) -> None:
    ours, theirs = branches
    ours.amend("claims", "C001-001", note="Ours.")
    ours.seal("alpha")
    theirs.add("claims", [LETTER])
    theirs.amend("claims", "C001-001", note="Theirs.")
    theirs.seal("beta")
    both = merged(ours, theirs)
    before = data(both)
    done = both.run("rebase", "0004-beta")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "events/0004-beta/claims.ndjson:2: C001-001 version 2 exists already in a batch that won "
        "the race; compare the two, remove this batch, and amend from the last version "
        "[version-sequence]\n"
        "claimlog: 1 finding in the log: nothing was rebased\n"
    )
    after = data(both)
    events = [name for name in before if name.startswith("events/")]
    assert {name: after[name] for name in events} == {name: before[name] for name in events}
    listed = [json.loads(files["datapackage.json"])["resources"] for files in (before, after)]
    paths = [{r["name"]: sorted(r["path"]) for r in resources} for resources in listed]
    assert paths[0] == paths[1]


@pytest.mark.slow
def test_an_amendment_of_what_the_other_side_retracted_is_refused(
    branches: tuple[World, World],
) -> None:
    ours, theirs = branches
    ours.retract("C001-005")
    ours.seal("alpha")
    theirs.amend("claims", "C001-005", note="Theirs.")
    theirs.seal("beta")
    both = merged(ours, theirs)
    before = data(both)
    with pytest.raises(FindingsError, match="nothing was rebased"):
        rebased(both, "0004-beta")
    assert {k: v for k, v in data(both).items() if "events/" in k} == {
        k: v for k, v in before.items() if "events/" in k
    }


@pytest.mark.slow
def test_several_batches_are_rebased_in_the_order_given(branches: tuple[World, World]) -> None:
    ours, theirs = branches
    ours.add("claims", [LETTER])
    ours.seal("alpha")
    theirs.add("claims", [LIKED])
    theirs.seal("beta")
    theirs.amend("claims", "C001-007", note="In the next batch.")
    theirs.seal("gamma")
    both = merged(ours, theirs)
    said = rebased(both, "0004-beta", "0005-gamma")
    assert said == [
        "0004-beta is now 0005-beta",
        "  C001-007 is now C001-008",
        "0005-gamma is now 0006-gamma",
    ]
    assert found(both) == []
    claims = row_ids(both, "claims", "claim_id")
    assert claims["0006-gamma"] == ["C001-008"], "it amends its own claim, not the winner's"


def test_a_name_that_is_no_batch_is_wrong_usage(world: World) -> None:
    with pytest.raises(UsageError) as error:
        rebased(world, "0009-nothing")
    assert str(error.value) == (
        'there is no batch "0009-nothing" in events/ (the last ones: 0001-register, 0002-claims, '
        "0003-corrections)"
    )


@pytest.mark.slow
def test_a_batch_is_not_moved_from_under_those_sealed_on_top_of_it(
    raced: World, tmp_path: Path
) -> None:
    world = copied(raced, tmp_path)
    before = data(world)
    done = world.run("rebase", "0004-beta")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "claimlog: 0005-gamma was sealed on top of 0004-beta; rebase them together: "
        "claimlog rebase 0004-beta 0005-gamma\n"
    )
    assert data(world) == before


@pytest.mark.parametrize(
    "names",
    [("0003-corrections",), ("0001-register", "0002-claims", "0003-corrections"), ("0002-claims",)],
)
def test_a_batch_that_lost_no_race_stays_where_it_is(world: World, names: tuple[str, ...]) -> None:
    before = data(world)
    done = world.run("rebase", *names)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"claimlog: {names[0]} lost no race: no other batch has its number, and the one before it "
        "is there; nothing was rebased\n"
    )
    assert data(world) == before


@pytest.mark.slow
def test_what_was_sealed_on_top_of_a_loser_is_rebased_only_with_it(
    raced: World, tmp_path: Path
) -> None:
    world = copied(raced, tmp_path)
    with pytest.raises(UsageError, match=r"^0005-gamma lost no race"):
        rebased(world, "0005-gamma")


def released(world: World, last: str) -> None:
    """Write an entry of the index for a release that ends with a batch."""
    entry = json.loads((ROOT / "releases" / "0.1.0.json").read_text("utf-8"))
    manifest = json.loads((world.package.events / last / "batch.json").read_text("utf-8"))
    entry["tree"] = {name: manifest["tree"][name] for name in ("size", "root")}
    entry["batches"] = manifest["number"]
    (world.root / "releases").mkdir()
    (world.root / "releases" / "0.1.0.json").write_text(json.dumps(entry), "utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("last", ["0004-beta", "0005-gamma"])
def test_a_batch_that_a_release_holds_is_not_rebased_and_the_other_one_is_named(
    raced: World, tmp_path: Path, last: str
) -> None:
    world = copied(raced, tmp_path)
    released(world, last)
    before = data(world)
    with pytest.raises(UsageError) as error:
        rebased(world, "0004-beta", "0005-gamma")
    assert str(error.value) == (
        "0004-beta is in release 0.1.0 and never changes; did you mean claimlog rebase 0004-alpha?"
    )
    assert data(world) == before
    # the entry of the release says in vain what the log begins with: the other one comes after
    assert rebased(world, "0004-alpha")[0].startswith("0004-alpha is now 0006-alpha")
    assert [text for text in found(world) if "released" not in text] == []


def test_a_release_before_the_race_forbids_nothing(raced: World, tmp_path: Path) -> None:
    world = copied(raced, tmp_path)
    released(world, "0003-corrections")
    assert rebased(world, "0004-beta", "0005-gamma")
    assert found(world) == []


def test_a_batch_that_the_last_release_tag_holds_is_put_back(raced: World, tmp_path: Path) -> None:
    world = copied(raced, tmp_path)
    repository(world)
    git(world, "tag", "v1.0.0")
    before = data(world)
    with pytest.raises(FindingsError) as error:
        rebased(world, "0004-beta", "0005-gamma")
    missing = {finding.path for finding in error.value.findings}
    assert "events/0004-beta/batch.json" in missing
    assert {finding.message for finding in error.value.findings} == {
        "is missing, release v1.0.0 has it"
    }
    assert data(world) == before
    assert {path.name for path in world.package.state.iterdir()} <= {"lock", "cache"}


@pytest.mark.parametrize("way", ["git fails", "no git"])
def test_batches_are_put_back_where_git_does_not_say_whether_a_release_tag_holds_them(
    way: str, raced: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = copied(raced, tmp_path)
    repository(world)
    git(world, "tag", "v1.0.0")
    before = data(world)
    if way == "no git":
        monkeypatch.setattr("claimlog.git.shutil.which", lambda _: None)
    else:

        def failing(_: Checkout) -> str:
            raise CheckoutError("git describe failed: it gave no reason")

        monkeypatch.setattr(Checkout, "release_tag", failing)
    with pytest.raises(ClaimlogError, match="git does not say whether a release tag holds the b"):
        rebased(world, "0004-beta", "0005-gamma")
    assert data(world) == before
    assert not (world.package.state / IN).exists()


def test_batches_are_rebased_in_a_checkout_without_a_commit(raced: World, tmp_path: Path) -> None:
    world = copied(raced, tmp_path)
    git(world, "init", "-q")
    assert rebased(world, "0004-beta", "0005-gamma")


@pytest.mark.slow
@pytest.mark.parametrize("names", [["0004-ours"], []], ids=["sealed", "open"])
def test_a_rebase_that_is_interrupted_once_it_is_done_says_what_has_another_number(
    names: list[str], branches: tuple[World, World]
) -> None:
    ours, theirs = branches
    ours.add("claims", [LETTER])
    theirs.add("claims", [LIKED])  # another: what both hold of one second is left out
    theirs.seal("theirs")
    if names:
        ours.seal("ours")
    both = merged(ours, theirs)
    with log_lock(both.package):
        recover(both.package)
    done = both.run("rebase", *names, module="struck", STRUCK="SIGINT")
    assert done.stderr.endswith("interrupted; look whether it was done before you run it again\n")
    assert "  C001-007 is now C001-008\n" in done.stdout


def test_validation_names_every_batch_that_lost_the_race(raced: World) -> None:
    done = raced.run("validate")
    assert "claimlog rebase 0004-beta 0005-gamma [batch-number]\n" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"version":1', b'"version":null', '"version" is null, expected a value'),
        (b'"memberships":[]', b'"memberships":null', '"memberships" is null, expected a value'),
        (b'"version":1', b'"version":1,', "not a JSON object"),
    ],
)
def test_a_batch_whose_rows_are_not_of_their_schema_is_refused_with_findings(
    both: World, old: bytes, new: bytes, message: str
) -> None:
    world = both
    with log_lock(world.package):
        recover(world.package)
    path = world.file("actors")
    path.write_bytes(path.read_bytes().replace(old, new))
    before = data(world)
    done = world.run("rebase", "0004-beta")
    assert done.returncode == 1
    assert done.stderr.startswith("events/0004-beta/actors.ndjson:1: ")
    assert message in done.stderr
    assert data(world) == before


# interrupted


REBASE_FOLDERS = {OUT, IN, DONE, REBASED_OPEN}


def crash_points() -> dict[str, Callable[[World], None]]:
    """Ways to leave a rebase of 0004-beta and 0005-gamma to 0005 and 0006 half done."""

    def aside(world: World, folder: str, *names: str) -> None:
        made = (world.package.events / "0001-register" / MANIFEST).read_bytes()
        new = [name.partition(".")[2] for name in names]
        mark_rebase(world.package, dict.fromkeys(new, sha256(made).hexdigest()))
        (world.package.state / folder).mkdir()
        for name in names:
            path = world.package.events / name.partition(".")[0]
            path.rename(world.package.state / folder / name)

    def successor(world: World, name: str) -> None:
        shutil.copytree(world.package.events / "0001-register", world.package.events / name)

    beta, gamma = "0004-beta.0005-beta", "0005-gamma.0006-gamma"
    return {
        "before the first rename": lambda world: aside(world, OUT),
        "with one batch out": lambda world: aside(world, OUT, beta),
        "with both batches out": lambda world: aside(world, IN, beta, gamma),
        "with one successor in": lambda world: (
            aside(world, IN, beta, gamma),
            successor(world, "0005-beta"),
        )[0],
        "with both successors in": lambda world: (
            aside(world, IN, beta, gamma),
            successor(world, "0005-beta"),
            successor(world, "0006-gamma"),
        )[0],
    }


@pytest.fixture(scope="module")
def raced(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A merge in which 0004-beta and 0005-gamma lost the race."""
    ours = copied(made, tmp_path_factory.mktemp("ours"))
    theirs = copied(made, tmp_path_factory.mktemp("theirs"))
    ours.add("claims", [LETTER])
    ours.seal("alpha")
    theirs.add("claims", [LIKED])
    theirs.seal("beta")
    theirs.amend("claims", "C001-007", note="In the next batch.")
    theirs.seal("gamma")
    both = merged(ours, theirs)
    with log_lock(both.package):
        recover(both.package)
    return both


@pytest.mark.parametrize("point", crash_points())
def test_a_rebase_that_crashed_is_undone_and_can_be_run_again(
    point: str, raced: World, tmp_path: Path
) -> None:
    world = copied(raced, tmp_path)
    before = data(world)
    crash_points()[point](world)
    with log_lock(world.package):
        recover(world.package)
    assert data(world) == before
    assert {path.name for path in world.package.state.iterdir()} <= {"lock", "cache"}
    if point == [*crash_points()][-1]:  # of the same files as of every other point
        rebased(world, "0004-beta", "0005-gamma")
        assert found(world) == []


def test_a_rebase_that_crashed_before_the_descriptor_is_finished(
    raced: World, tmp_path: Path
) -> None:
    before, world = cut_off_when_done(raced, tmp_path)
    done = data(world)
    shutil.copyfile(before.root / "datapackage.json", world.root / "datapackage.json")
    said = "\n".join(found(world))
    assert "does not list events/0005-beta/claims.ndjson; run claimlog rebase, which ends" in said
    assert "is no file of a sealed batch; run claimlog rebase, which ends" in said
    assert "from git" not in said
    assert "claimlog seal" not in said
    rebase_alone = world.run("rebase")
    assert (rebase_alone.returncode, rebase_alone.stdout) == (0, "finished an interrupted rebase\n")
    assert data(world) == done


@pytest.mark.parametrize("point", [*crash_points()][1:])
def test_half_a_rebase_of_another_copy_is_put_back_by_what_the_message_says(
    point: str, raced: World, tmp_path: Path
) -> None:
    world = copied(raced, tmp_path)
    before = data(world)
    crash_points()[point](world)
    (world.package.state / "lock").unlink()
    (world.package.state / "lock").touch()
    done = world.run("rebase", "0004-beta", "0005-gamma")
    folders = [world.package.state / name for name in (OUT, IN)]
    for path in [path for folder in folders if folder.exists() for path in folder.iterdir()]:
        old, new = path.name.split(".")
        assert f"{old}.{new}" in done.stderr
        assert "where events/NEW holds the rows of an OLD.NEW, remove events/NEW" in done.stderr
        shutil.rmtree(world.package.events / new, ignore_errors=True)
        path.rename(world.package.events / old)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    with log_lock(world.package):
        recover(world.package)
    assert data(world) == before


@pytest.mark.parametrize("failing", [1, 2])
def test_a_rebase_that_fails_half_way_is_undone_at_once(
    failing: int, raced: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = copied(raced, tmp_path)
    before = data(world)
    move_in, calls = claimlog.edit.batch_files.move_in, []

    def full(package: Package, place: Path) -> None:
        calls.append(place.name)
        if len(calls) == failing:
            raise ClaimlogError("events: cannot be written (No space left on device)")
        move_in(package, place)

    with monkeypatch.context() as patched:
        patched.setattr(claimlog.edit.batch_files, "move_in", full)
        with pytest.raises(ClaimlogError, match="No space left on device"):
            rebased(world, "0004-beta", "0005-gamma")
    assert data(world) == before
    assert not (world.package.state / IN).exists()


@pytest.mark.slow
@pytest.mark.parametrize("folders", [(IN,), (OUT,), (IN, OUT)])
def test_what_a_copy_brings_as_half_a_rebase_takes_the_place_of_no_batch(
    folders: tuple[str, ...], world: World
) -> None:
    world.add("claims", [LETTER])
    before = data(world)
    (world.package.state / MARK).write_text('{"lock": "1 1"}')
    for folder in folders:
        left = world.package.state / folder / "0001-other.0001-register"
        left.mkdir(parents=True)
        (left / "junk").touch()
    done = world.run("seal", *("--slug", "x", "--title", "X", "--method", "M.", "--by", "me"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"claimlog: .claimlog/{sorted(folders)[-1]}: no rebase made this")
    assert "0001-other.0001-register; look at it: where" in done.stderr
    assert data(world) == before
    for folder in folders:
        shutil.rmtree(world.package.state / folder)
    world.seal("x")  # the remedy is a true one


def test_recovery_takes_no_other_batch_of_the_same_slug_for_a_successor(world: World) -> None:
    world.add("claims", [LETTER])
    world.seal("claims")  # 0002-claims is in the log as well
    before = data(world)
    with log_lock(world.package):
        mark_rebase(world.package, {})
    (world.package.state / OUT).mkdir()
    (world.package.events / "0004-claims").rename(
        world.package.state / OUT / "0004-claims.0005-claims"
    )
    with log_lock(world.package):
        assert recover(world.package) == ["restored events/0004-claims after an interrupted rebase"]
    assert data(world) == before


def cut_off_when_done(raced: World, folder: Path) -> tuple[World, World]:
    """A rebase that was killed before it removed what it replaced, and the log before it."""
    before, world = copied(raced, folder / "before"), copied(raced, folder / "after")
    rebased(world, "0004-beta", "0005-gamma")
    made = {}
    for old, new in (("0004-beta", "0005-beta"), ("0005-gamma", "0006-gamma")):
        kept = world.package.state / DONE / f"{old}.{new}"
        shutil.copytree(before.package.events / old, kept)
        made[new] = sha256((world.package.events / new / MANIFEST).read_bytes()).hexdigest()
    mark_rebase(world.package, made)
    return before, world


def cut_off_at(point: str, raced: World, folder: Path) -> tuple[World, dict[str, bytes]]:
    """A rebase that was killed at a point, "done" included, and what is there once it is ended."""
    if point == "done":
        _, world = cut_off_when_done(raced, folder)
        return world, data(world)
    world = copied(raced, folder)
    expected = data(world)
    crash_points()[point](world)
    return world, expected


def rebase_folders(world: World) -> set[str]:
    """The directories in which a rebase keeps batches, as far as they are there."""
    return REBASE_FOLDERS & {path.name for path in world.package.state.iterdir()}


def restored(world: World, before: World, *names: str) -> None:
    """Put batches back into events/ as git does."""
    for name in names:
        place = world.package.events / name
        shutil.copytree(before.package.events / name, place, dirs_exist_ok=True)


@pytest.mark.slow
@pytest.mark.parametrize("point", [*crash_points()][1:])
def test_batches_that_somebody_restored_after_a_rebase_was_killed_are_kept(
    point: str, raced: World, tmp_path: Path
) -> None:
    world = copied(raced, tmp_path)
    before = data(world)
    crash_points()[point](world)
    restored(world, raced, "0004-beta", "0005-gamma")
    done = world.run("rebase", "0004-beta", "0005-gamma")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("restored events/0004-beta after an interrupted rebase\n")
    assert {path.name for path in world.package.state.iterdir()} <= {"lock", "cache"}
    assert found(world) == []
    assert {name for name in before if "0004-beta" in name} & {*data(world)} == set()


def test_another_batch_in_the_place_of_one_that_a_killed_rebase_took_out_is_for_somebody_to_decide(
    raced: World, tmp_path: Path
) -> None:
    world = copied(raced, tmp_path)
    before = data(world)
    crash_points()["with both batches out"](world)
    restored(world, raced, "0005-gamma")
    path = world.package.events / "0005-gamma" / "claims.ndjson"
    path.write_bytes(path.read_bytes().replace(b"In the next batch.", b"Somebody else's."))
    present = data(world)
    done = world.run("rebase", "0004-beta", "0005-gamma")
    assert done.returncode == 1
    assert done.stderr == (
        "claimlog: events/0005-gamma: is there, and is not the batch of that name which a rebase "
        "that was cut off keeps as .claimlog/rebase-in/0005-gamma.0006-gamma; compare the two, "
        "remove the one that is wrong, and run this again\n"
    )
    assert data(world) == present
    shutil.rmtree(path.parent)  # the remedy is a true one
    with log_lock(world.package):
        recover(world.package)
    assert data(world) == before


def test_a_batch_with_the_name_of_one_that_a_killed_rebase_was_to_make_stays(
    raced: World, tmp_path: Path
) -> None:
    world = copied(raced, tmp_path)
    crash_points()["with both batches out"](world)
    other = world.package.events / "0005-beta"
    shutil.copytree(world.package.events / "0003-corrections", other)
    with log_lock(world.package):
        recover(world.package)
    assert (other / MANIFEST).is_file()
    assert (world.package.events / "0004-beta").is_dir()


@pytest.mark.slow
@pytest.mark.parametrize("names", [("0004-beta",), ("0004-beta", "0005-gamma")])
def test_a_replaced_batch_that_somebody_restored_does_not_get_into_the_log_twice(
    names: tuple[str, ...], raced: World, tmp_path: Path
) -> None:
    before, world = cut_off_when_done(raced, tmp_path)
    expected = data(world)
    restored(world, before, *names)
    present = data(world)
    seal = ("seal", "--slug", "x", "--title", "X", "--method", "None.", "--by", "me")
    for words in (("rebase", *names), ("rebase", *names), ("rebase",), seal):
        done = world.run(*words)
        assert (done.returncode, done.stdout) == (1, "")
        listed = " ".join(f"events/{name}" for name in names)
        assert done.stderr.startswith(f"claimlog: {listed}: is there again, and a rebase that was ")
        assert done.stderr.endswith(f"; remove {listed}, and run this again\n")
        assert data(world) == present
    for name in names:
        shutil.rmtree(world.package.events / name)
    done = world.run("rebase", *names)
    assert (done.returncode, done.stdout) == (0, "finished an interrupted rebase\n")
    assert data(world) == expected
    assert {path.name for path in world.package.state.iterdir()} <= {"lock", "cache"}


@pytest.mark.parametrize("file", [None, "claims.ndjson"], ids=["wholly", "a file of it"])
def test_a_rebase_of_which_somebody_took_a_made_batch_out_is_undone_by_what_the_message_says(
    file: str | None, raced: World, tmp_path: Path
) -> None:
    before, world = cut_off_when_done(raced, tmp_path)
    made = world.package.events / "0005-beta"
    remove(made / file if file else made)
    done = world.run("rebase", "0004-beta", "0005-gamma")
    assert done.returncode == 1
    assert done.stderr.startswith("claimlog: events/0005-beta: is not there as a rebase made it")
    assert "in .claimlog/rebase-done, where events/NEW holds the rows of an OLD.NEW" in done.stderr
    remove(made)
    shutil.rmtree(world.package.events / "0006-gamma")
    for path in (world.package.state / DONE).iterdir():
        path.rename(world.package.events / path.name.partition(".")[0])
    with log_lock(world.package):
        recover(world.package)
    assert data(world) == data(before)


def test_what_a_done_rebase_replaced_is_kept_where_none_of_this_copy_is_known_to_have_done_it(
    raced: World, tmp_path: Path
) -> None:
    """It may be the one copy: the lock is another one in a copy, or after its mode was changed."""
    before, world = cut_off_when_done(raced, tmp_path)
    shutil.copyfile(before.root / "datapackage.json", world.root / "datapackage.json")
    (world.package.state / "lock").chmod(0o600)
    for name in ("0005-beta", "0006-gamma"):
        shutil.rmtree(world.package.events / name)
    for words in (("rebase",), ("drop", "claims:1")):
        done = world.run(*words)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("claimlog: .claimlog/rebase-done: no rebase made this in ")
    for path in (world.package.state / DONE).iterdir():  # the remedy is a true one
        path.rename(world.package.events / path.name.partition(".")[0])
    (world.package.state / DONE).rmdir()
    with log_lock(world.package):
        recover(world.package)
    assert data(world) == data(before)


def test_another_batch_in_the_place_of_one_that_a_done_rebase_replaced_is_for_somebody_to_decide(
    raced: World, tmp_path: Path
) -> None:
    """As where its rows were mended before the rebase and restored from git after it."""
    before, world = cut_off_when_done(raced, tmp_path)
    restored(world, before, "0004-beta", "0005-gamma")
    for name in ("0005-beta", "0006-gamma"):
        shutil.rmtree(world.package.events / name)
    kept = world.package.state / DONE / "0004-beta.0005-beta"
    (kept / "claims.ndjson").write_bytes(b"{}\n")
    done = world.run("rebase")
    assert done.returncode == 1
    assert "events/0004-beta: is there, and is not the batch of that name which" in done.stderr
    assert "keeps as .claimlog/rebase-done/0004-beta.0005-beta; compare the two" in done.stderr
    shutil.rmtree(kept)  # the remedy is a true one
    with log_lock(world.package):
        recover(world.package)
    assert data(world) == data(before)
    assert not (world.package.state / DONE).exists()


@pytest.mark.parametrize("point", [*crash_points(), "done"])
def test_what_a_file_manager_leaves_beside_kept_batches_goes_with_them(
    point: str, raced: World, tmp_path: Path
) -> None:
    world, expected = cut_off_at(point, raced, tmp_path)
    for name in rebase_folders(world):
        (world.package.state / name / ".DS_Store").write_bytes(b"Bud1")
    with log_lock(world.package):
        recover(world.package)
    assert data(world) == expected
    assert not rebase_folders(world)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "left"),
    [
        *itertools.product(
            ("with one batch out", "with both batches out", "done"),
            ("Thumbs.db", "notes.txt~", "0004-beta copy/", "batches.old/", ".AppleDouble/"),
        ),
        ("with both batches out", "open/"),  # which a rebase keeps once it is done
    ],
)
def test_what_somebody_puts_beside_kept_batches_is_named_and_stays(
    point: str, left: str, raced: World, tmp_path: Path
) -> None:
    world, _ = cut_off_at(point, raced, tmp_path)
    [folder] = rebase_folders(world)
    path = world.package.state / folder / left
    path.mkdir() if left.endswith("/") else path.write_text("Mine.")
    before = data(world)
    done = world.run("rebase")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"claimlog: .claimlog/{folder}/{path.name}: is no batch that a rebase keeps (OLD.NEW, "
        f"with the names that it has in events/); move it out of .claimlog/{folder}, and run "
        "this again\n"
    )
    assert data(world) == before
    path.rename(tmp_path / "moved")  # the remedy is a true one
    with log_lock(world.package):
        recover(world.package)
    assert not rebase_folders(world)


@pytest.mark.parametrize("point", ["with one batch out", "with both batches out", "done"])
def test_of_two_batches_that_are_kept_under_one_name_none_goes_unseen(
    point: str, raced: World, tmp_path: Path
) -> None:
    world, expected = cut_off_at(point, raced, tmp_path)
    [folder] = rebase_folders(world)
    kept = world.package.state / folder / "0004-beta.0005-beta"
    second = kept.with_name("0004-beta.0007-beta")
    shutil.copytree(kept, second)
    before = data(world)
    with pytest.raises(ClaimlogError) as error, log_lock(world.package):
        recover(world.package)
    assert str(error.value) == (
        f".claimlog/{folder}/{second.name}: is a second batch for events/0004-beta, beside "
        f".claimlog/{folder}/{kept.name}, and a rebase keeps one; compare the two, move the one "
        "that is wrong out of .claimlog, and run this again"
    )
    assert data(world) == before
    second.rename(tmp_path / "moved")  # the remedy is a true one
    with log_lock(world.package):
        recover(world.package)
    assert data(world) == expected


def test_a_restored_batch_is_the_kept_one_whatever_a_file_manager_left_in_it(
    raced: World, tmp_path: Path
) -> None:
    world = copied(raced, tmp_path)
    crash_points()["with both batches out"](world)
    restored(world, raced, "0004-beta", "0005-gamma")
    for path in (
        world.package.events / "0004-beta",
        world.package.state / IN / "0005-gamma.0006-gamma",
    ):
        (path / ".DS_Store").touch()
    with log_lock(world.package):
        recover(world.package)
    (world.package.events / "0004-beta" / ".DS_Store").unlink()
    assert data(world) == data(raced)


def test_a_rebase_that_somebody_undid_wholly_is_no_longer_one(raced: World, tmp_path: Path) -> None:
    before, world = cut_off_when_done(raced, tmp_path)
    restored(world, before, "0004-beta", "0005-gamma")
    for name in ("0005-beta", "0006-gamma"):
        shutil.rmtree(world.package.events / name)
    with log_lock(world.package):
        recover(world.package)
    assert data(world) == data(before)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("rebase", "0004-beta", "0005-gamma"), 0),
        (("rebase", "0004-beta"), 2),
        (("seal", "--slug", "x", "--title", "X", "--method", "None."), 1),
    ],
)
def test_what_was_done_about_an_interrupted_run_is_said_before_what_it_leads_to(
    words: tuple[str, ...], code: int, raced: World, tmp_path: Path
) -> None:
    world = copied(raced, tmp_path)
    crash_points()["with one batch out"](world)
    path = world.package.state / "open" / "claims.ndjson"
    path.parent.mkdir()
    shutil.copyfile(world.package.events / "0004-alpha" / path.name, path)
    done = world.run(*words)
    assert done.returncode == code
    assert done.stdout.splitlines()[:2] == [
        "restored events/0004-beta after an interrupted rebase",
        "left out 1 rows of the open batch that the log already holds",
    ]


# with git itself


def git(world: World, *words: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words]
    return subprocess.run(
        command, cwd=world.root, check=True, capture_output=True, text=True
    ).stdout


def repository(world: World) -> None:
    """Put the package under git as this project is, with the descriptor merged by union."""
    shutil.copyfile(ROOT / ".gitattributes", world.root / ".gitattributes")
    (world.root / ".gitignore").write_text(".claimlog/\n")
    git(world, "init", "-q", "-b", "main")
    commit(world)


def commit(world: World) -> None:
    git(world, "add", ".")
    git(world, "commit", "-q", "-m", "a batch")


@pytest.mark.slow
def test_branches_that_each_sealed_a_batch_merge_in_git_without_conflict(world: World) -> None:
    repository(world)
    git(world, "checkout", "-q", "-b", "theirs")
    world.add("claims", [LIKED])
    world.seal("beta")
    commit(world)
    git(world, "checkout", "-q", "main")
    world = World(Package(world.root), world.texts)
    world.add("claims", [LETTER])
    world.add("actors", [actor("port", "agency")])
    world.seal("alpha")
    commit(world)
    git(world, "merge", "-q", "--no-edit", "theirs")
    assert git(world, "status", "--porcelain") == ""
    done = world.run("validate")
    assert done.returncode == 1
    assert "claimlog rebase 0004-beta" in done.stdout
    done = world.run("rebase", "0004-beta")
    assert done.stdout == "0004-beta is now 0005-beta\n  C001-007 is now C001-008\n"
    done = world.run("validate", "--texts", str(world.texts))
    assert done.returncode == 0, done.stdout


CODING = {
    "coder": "coder-2",
    "pass": 1,
    "source_id": "S001",
    "content": "event",
    "voice": "author",
    "modality": "actual",
    "topic": "sharing",
    "sharing_effect": "none",
}


@pytest.mark.slow
def test_the_first_file_of_a_stream_on_both_branches_needs_the_descriptor_restored(
    world: World,
) -> None:
    # each side's list has one line, which ends without a comma: their union is no JSON
    repository(world)
    git(world, "checkout", "-q", "-b", "theirs")
    world.add("codings", [{**CODING, "quote": "liked the pact"}])
    world.seal("beta")
    commit(world)
    git(world, "checkout", "-q", "main")
    world = World(Package(world.root), world.texts)
    world.add("codings", [{**CODING, "quote": "signed a letter"}])
    world.seal("alpha")
    commit(world)
    git(world, "merge", "-q", "--no-edit", "theirs")
    done = world.run("rebase", "0004-beta")
    assert done.returncode == 1
    assert done.stderr.startswith("claimlog: datapackage.json: not valid JSON: ")
    assert done.stderr.endswith("; mend it or restore it from git\n")
    git(world, "checkout", "HEAD^", "--", "datapackage.json")
    done = world.run("rebase", "0004-beta")
    assert done.stdout == "0004-beta is now 0005-beta\n  K0001 is now K0002\n"
    done = world.run("validate", "--texts", str(world.texts))
    assert done.returncode == 0, done.stdout


@pytest.fixture
def stacked(world: World) -> list[str]:
    """Return the names of thirty batches of one number, each sealed on top of the one before."""
    *_, last = sealed_batches(world.package, [])
    before, names = last.manifest_sha256, [last.path.name]
    for index in range(29):
        slug = f"on-top-{index:02d}"
        folder = world.root / "events" / f"{last.number:04d}-{slug}"
        shutil.copytree(last.path, folder)
        data = dump_manifest({**last.manifest, "slug": slug, "previous_sha256": before})
        (folder / MANIFEST).write_bytes(data)
        before = sha256(data).hexdigest()
        names.append(folder.name)
    return names


def test_batches_of_one_number_on_top_of_each_other_are_read_once_and_named_in_part(
    world: World, stacked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: Counter[str] = Counter()
    original = claimlog.log.batch.read_regular

    def heard(path: Path, *words: Any) -> bytes:
        reads[str(path)] += 1
        return original(path, *words)

    monkeypatch.setattr(claimlog.log.batch, "read_regular", heard)
    findings: list[Finding] = []
    batches = sealed_batches(world.package, findings)
    remedies = [str(found.remedy) for found in findings if found.rule == "batch-number"]
    assert len(remedies) == 29
    assert all(count <= 2 for path, count in reads.items() if path.endswith(MANIFEST))
    assert max(map(len, remedies)) < 1_000
    first = stacked[1]
    assert remedies[0] == (
        f"renumber the one that lost the race: claimlog rebase {first}, which names those to "
        "renumber with it"
    )
    assert remedies[-1].endswith(f"claimlog rebase {stacked[-1]}")
    assert len([*BatchLines(batches).above(batches[-30])]) == 29


def test_what_a_remedy_does_not_name_the_command_names(world: World, stacked: list[str]) -> None:
    done = world.run("rebase", stacked[1])
    assert done.returncode == 2
    assert f"{stacked[2]} was sealed on top of {stacked[1]}; rebase them together" in done.stderr
    assert all(name in done.stderr for name in stacked[1:])


# the open batch


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).strftime(FORMAT)


@pytest.fixture(scope="module")
def once_overtaken(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    ours, theirs = (copied(made, tmp_path_factory.mktemp(name)) for name in ("ours", "theirs"))
    ours.add("claims", [LETTER])
    ours.amend("claims", "C001-007", note="Looked at again.")
    ours.add("links", [{**LINK, "basis": "The letter is one."}])
    with pytest.MonkeyPatch.context() as later:
        for module in ("clock", "row_writer", "seal"):
            later.setattr(f"claimlog.edit.{module}.now", in_an_hour)
        theirs.add("claims", [NOTICED])
        theirs.seal("theirs")
    return merged(ours, theirs)


@pytest.fixture
def overtaken(once_overtaken: World, tmp_path: Path) -> World:
    """Open rows here, and a batch from elsewhere with later times and the same new number."""
    return copied(once_overtaken, tmp_path / "overtaken")


@pytest.mark.slow
def test_an_open_batch_that_was_overtaken_is_let_come_after_by_the_command_that_is_named(
    overtaken: World,
) -> None:
    said = overtaken.run("validate").stdout
    assert "C001-007 has version 1 twice" in said
    assert said.count("is before that of an earlier row") == 3
    assert said.count("run claimlog rebase [") == 4
    assert overtaken.run("rebase").stdout.splitlines() == [
        "the open batch comes after all that is sealed",
        "  C001-007 is now C001-008",
    ]
    overtaken.seal("ours")
    assert found(overtaken) == []
    claims, links = overtaken.rows("claims"), overtaken.rows("links")
    assert [(row["claim_id"], row["version"]) for row in claims] == [
        ("C001-008", 1),
        ("C001-008", 2),
    ]
    assert [row["from_claim_id"] for row in links] == ["C001-008"]


@pytest.mark.slow
def test_an_open_batch_that_was_not_overtaken_stays_as_it_is(world: World) -> None:
    world.add("claims", [LETTER])
    path = world.package.state / "open" / "claims.ndjson"
    before = path.read_bytes()
    assert rebased_open(world) == ["the open batch comes after all that is sealed"]
    assert path.read_bytes() == before


@pytest.mark.slow
def test_an_open_amendment_of_what_was_amended_elsewhere_is_for_somebody_to_decide(
    branches: tuple[World, World],
) -> None:
    ours, theirs = branches
    ours.amend("claims", "C001-001", note="Ours.")
    theirs.amend("claims", "C001-001", note="Theirs.")
    theirs.seal("theirs")
    world = merged(ours, theirs)
    path = world.package.state / "open" / "claims.ndjson"
    before = path.read_bytes()
    with pytest.raises(FindingsError, match="nothing was rebased") as caught:
        rebased_open(world)
    assert "take this row back with claimlog drop" in str(caught.value.findings[0])
    assert path.read_bytes() == before
    world.run("drop", "claims:1")
    world.amend("claims", "C001-001", note="Both.")
    world.seal("ours")
    assert found(world) == []


@pytest.fixture(scope="module")
def once_renumbered(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    ours, theirs = (copied(made, tmp_path_factory.mktemp(name)) for name in ("ours", "theirs"))
    ours.add("sources", [source("S002", title="Ours")])
    ours.seal("ours")
    ours.amend("sources", "S002", title="Ours, amended")
    ours.add("sources", [source("S003", title="Ours, derived", lineage=[derived_from("S002")])])
    theirs.add("sources", [source("S002", title="Theirs")])
    theirs.seal("theirs")
    return merged(ours, theirs)


@pytest.fixture
def renumbered(once_renumbered: World, tmp_path: Path) -> World:
    """Open rows on top of a sealed batch, of which another clone's has a source of one number."""
    return copied(once_renumbered, tmp_path / "renumbered")


def derived_from(identifier: str) -> dict[str, str]:
    return {
        "source_id": identifier,
        "relation": "wasDerivedFrom",
        "certainty": "strong",
        "evidence": "Invented.",
    }


def titles(world: World) -> dict[str, str]:
    rows = read_with_open(world.package).live("sources")
    return dict(rows.select("source_id", "title").iter_rows())


def open_files(world: World) -> dict[str, bytes]:
    folder = world.package.state / "open"
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def rows_read(world: World) -> dict[str, bytes]:
    """The files of open rows that a command reads which changes nothing."""
    batch = open_batch(world.package)
    return {path.name: path.read_bytes() for path in batch.path.iterdir()} if batch else {}


@pytest.mark.slow
def test_of_open_rows_that_name_what_is_renumbered_somebody_says_what_they_mean(
    renumbered: World,
) -> None:
    before = open_files(renumbered)
    done = renumbered.run("rebase", "0004-ours")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] == (
        "claimlog: .claimlog/open/sources.ndjson:1: the open row names S002, which 0004-ours has, "
        "and a batch that stays too; say which of them it means: --open-rows follow, if it was "
        "added after 0004-ours was sealed (it names S003 from then on), or --open-rows stay; "
        "nothing was rebased"
    )
    assert open_files(renumbered) == before
    assert {batch.path.name for batch in sealed_batches(renumbered.package, [])} > {"0004-ours"}


@pytest.mark.slow
def test_open_rows_follow_what_they_were_added_on_top_of(renumbered: World) -> None:
    done = renumbered.run("rebase", "0004-ours", "--open-rows", "follow")
    assert done.stdout.splitlines() == [
        "0004-ours is now 0005-ours",
        "  S002 is now S003",
        ".claimlog/open names by their new numbers what was renumbered",
    ]
    held = {"S002": "Theirs", "S003": "Ours, amended", "S004": "Ours, derived"}
    assert {name: titles(renumbered)[name] for name in held} == held
    renumbered.seal("later")
    assert found(renumbered) == []
    [last] = [row for row in renumbered.rows("sources") if row["source_id"] == "S004"]
    assert last["lineage"] == [derived_from("S003")]


@pytest.mark.slow
def test_open_rows_stay_with_the_batch_that_keeps_the_number(renumbered: World) -> None:
    before = open_files(renumbered)
    renumbered.run("rebase", "0004-theirs", "--open-rows", "stay")
    assert open_files(renumbered) == before
    renumbered.run("rebase")
    held = {"S002": "Ours, amended", "S003": "Theirs", "S004": "Ours, derived"}
    assert {name: titles(renumbered)[name] for name in held} == held
    renumbered.seal("later")
    assert found(renumbered) == []


def test_open_rows_are_as_they_were_if_the_sealed_batches_cannot_be_moved(
    renumbered: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_files(renumbered)

    def failing(*_: object) -> None:
        raise ClaimlogError("No room.")

    monkeypatch.setattr("claimlog.edit.rebase.replace", failing)
    with log_lock(renumbered.package), pytest.raises(ClaimlogError, match="No room"):
        rebase(renumbered.package, ["0004-ours"], open_rows="follow")
    assert open_files(renumbered) == before


def changing(world: World) -> list[Path]:
    """What a rebase changes, and not the lock, which is known by its inode."""
    state = [path for path in world.package.state.iterdir() if path.name not in ("lock", "cache")]
    return [world.package.events, world.root / "datapackage.json", *state]


def moments_of_a_rebase(world: World, folder: Path) -> list[Path]:
    """Rebase with the open rows; return what is there before each rename, as where it is killed."""
    rename, moments = Path.rename, list[Path]()

    def keep_and_rename(path: Path, target: Path) -> Path:
        moments.append(folder / f"{len(moments)}")
        for changed in changing(world):
            kept = moments[-1] / changed.relative_to(world.root)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(changed, kept) if changed.is_dir() else shutil.copy2(changed, kept)
        return rename(path, target)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "rename", keep_and_rename)
        rebased_with(world, "follow")
    return moments


def go_back(world: World, moment: Path) -> None:
    """Have a package be what it was at a moment."""
    for changed in changing(world):
        remove(changed)
    shutil.copytree(moment, world.root, dirs_exist_ok=True)
    world.package.forget()


@pytest.mark.slow
def test_open_rows_and_the_batches_that_they_name_are_renumbered_together_or_not_at_all(
    renumbered: World, tmp_path: Path
) -> None:
    with log_lock(renumbered.package):
        recover(renumbered.package)
    world = copied(renumbered, tmp_path / "cut")
    moments = moments_of_a_rebase(world, tmp_path / "moments")
    whole = copied(world, tmp_path / "whole")
    expected = {"before": open_files(renumbered), "after": open_files(whole)}
    states = []
    for moment in moments:
        go_back(world, moment)
        read_before = rows_read(world)
        with log_lock(world.package):
            recover(world.package)
        is_done = not (world.package.events / "0004-ours").exists()
        states.append("after" if is_done else "before")
        assert read_before == expected[states[-1]]
        assert open_files(world) == expected[states[-1]]
        assert not (world.package.state / "rebase-open").exists()
        assert data(world).keys() == data(whole if is_done else renumbered).keys()
        if not is_done:
            assert data(world) == data(renumbered)
            left = [path.name for path in world.package.state.iterdir()]
            own = f"-{os.getpid()}-"  # temporary files of a process that runs are left
            assert {name for name in left if own not in name} <= {"lock", "cache", "open"}
    assert states == sorted(states, reverse=True)
    assert {*states} == {*expected}
    # it can be done again
    go_back(world, moments[states.index("after") - 1])
    rebased_with(world, "follow")
    assert data(world).keys() == data(whole).keys()
    assert open_files(world) == expected["after"]


@pytest.mark.slow
@pytest.mark.parametrize("left", [".DS_Store", "notes.txt"])
def test_open_rows_that_a_rebase_keeps_are_read_whatever_else_lies_there(
    left: str, renumbered: World, tmp_path: Path
) -> None:
    world = copied(renumbered, tmp_path / "cut")
    moments = moments_of_a_rebase(world, tmp_path / "moments")
    assert moments
    for moment in moments:
        go_back(world, moment)
        expected = rows_read(world)
        assert expected
        for folder in (OUT, IN, DONE):
            if (world.package.state / folder).is_dir():
                (world.package.state / folder / left).touch()
        assert rows_read(world) == expected


@pytest.mark.slow
@pytest.mark.parametrize("way", ["by git", "by the message"])
def test_open_rows_of_a_rebase_that_was_killed_and_then_undone_are_as_they_were(
    way: str, renumbered: World, tmp_path: Path
) -> None:
    with log_lock(renumbered.package):
        recover(renumbered.package)
    killed_when_done = 0
    world = copied(renumbered, tmp_path / "cut")
    for moment in moments_of_a_rebase(world, tmp_path / "moments"):
        go_back(world, moment)
        kept = [*(world.package.state / DONE).glob("*.*")]
        killed_when_done += bool(kept)
        shutil.rmtree(world.package.events / "0005-ours", ignore_errors=True)
        if way == "by the message" and kept:
            done = world.run("rebase")
            assert "events/0005-ours: is not there as a rebase made it that was" in done.stderr
            kept[0].rename(world.package.events / "0004-ours")
        elif way == "by git":
            restored(world, renumbered, "0004-ours")
            assert rows_read(world) == open_files(renumbered)
        with log_lock(world.package):
            recover(world.package)
        assert open_files(world) == open_files(renumbered)
        assert data(world) == data(renumbered)
        assert not rebase_folders(world)
    assert killed_when_done == 3  # before the open rows are moved, between the two, and after that
    rebased_with(world, "follow")
    assert titles(world)["S003"] == "Ours, amended"


@pytest.mark.parametrize("folders", [(REBASED_OPEN,), (DONE, REBASED_OPEN), (f"{DONE}/open",)])
def test_open_rows_that_a_copy_brings_as_those_of_a_rebase_take_the_place_of_none(
    folders: tuple[str, ...], world: World
) -> None:
    world.add("claims", [LETTER])
    before = open_files(world)
    for folder in folders:
        (world.package.state / folder).mkdir(parents=True)
    foreign = world.package.state / folders[-1] / "actors.ndjson"
    shutil.copyfile(world.package.events / "0001-register" / foreign.name, foreign)
    assert rows_read(world) == before
    seal = ("seal", "--slug", "x", "--title", "X", "--method", "M.", "--by", "me")
    for words in (("drop", "claims:1"), ("rebase",), seal):
        done = world.run(*words)
        assert (done.returncode, done.stdout) == (1, "")
        shown = folders[-1].partition("/")[0]
        assert done.stderr.startswith(f"claimlog: .claimlog/{shown}: no rebase made this in this")
        assert open_files(world) == before
    for folder in folders:
        shutil.rmtree(world.package.state / folder)
    assert world.run("drop", "claims:1").returncode == 0  # the remedy is a true one


def test_what_is_left_of_a_rebase_is_read_while_an_interrupt_can_be_heard(
    raced: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else may have made it, of any size; a command ends by its limits meanwhile."""
    compare, read_manifest = claimlog.edit.cut_off_rebase.filecmp.cmp, read_regular
    looked: list[bool] = []

    def compared(*given: Any, **also: Any) -> bool:
        looked.append(holds_interrupts())
        return compare(*given, **also)

    def was_read(*given: Any) -> bytes:
        looked.append(holds_interrupts())
        return read_manifest(*given)

    world = copied(raced, tmp_path / "undone")
    crash_points()["with both successors in"](world)
    restored(world, raced, "0004-beta")
    before, finished = cut_off_when_done(raced, tmp_path)
    restored(finished, before, "0004-beta")
    monkeypatch.setattr("claimlog.edit.cut_off_rebase.filecmp.cmp", compared)
    monkeypatch.setattr("claimlog.edit.cut_off_rebase.read_regular", was_read)
    with log_lock(world.package):
        assert len(recover(world.package)) == 2
    with pytest.raises(ClaimlogError, match="is there again"), log_lock(finished.package):
        pass
    assert len(looked) > 6
    assert not any(looked)


def test_what_open_rows_mean_is_not_asked_of_the_open_batch_alone(overtaken: World) -> None:
    done = overtaken.run("rebase", "--open-rows", "stay")
    assert done.returncode == 2
    assert "--open-rows does not go with rebasing the open batch alone" in done.stderr


def test_there_is_nothing_to_rebase_without_a_name_and_an_open_batch(world: World) -> None:
    done = world.run("rebase")
    assert done.returncode == 2
    assert "there is no open batch to rebase; name a sealed one that lost a race" in done.stderr


def test_open_rows_that_break_other_rules_stay_as_they_are(overtaken: World) -> None:
    path = overtaken.package.state / "open" / "claims.ndjson"
    spoilt = path.read_bytes().replace(b'"topic":"sharing"', b'"topic":"nothing"')
    path.write_bytes(spoilt)
    with pytest.raises(FindingsError, match="mend the rows"):
        rebased_open(overtaken)
    path.write_bytes(b"{}\n" + spoilt)
    with pytest.raises(FindingsError):
        rebased_open(overtaken)
    assert path.read_bytes() == b"{}\n" + spoilt


def test_a_merge_leads_on_to_the_number_that_its_entity_has_after_a_rebase() -> None:
    names = {"P002": "P003"}
    assert rename_merged(merge_reason("P002", "One: P002."), names) == (
        merge_reason("P003", "One: P002.")
    )
    assert rename_merged(amend_reason("P001", "P002", "One."), names) == (
        amend_reason("P001", "P003", "One.")
    )
    for other in (None, "", "Said twice; merged into P002: see there.", "P002 is another."):
        assert rename_merged(other, names) == other


@pytest.mark.slow
def test_what_was_merged_keeps_its_name_where_another_stream_has_that_one_too(
    world: World, tmp_path: Path
) -> None:
    numbered = {
        path: path.read_text("utf-8") for path in world.package.schemas.rglob("source*.json")
    }
    world.rename({"tide-tables-stopped": "S002"})
    for path, text in numbered.items():
        path.write_text(text, "utf-8")
    world.package.forget()
    world.add("measures", [measure("S003", "stop_subject", "tables")])
    taken = {"measure_status": "taken", "measure_account": "third_party"}
    world.add("claims", [{**LETTER, "measure_id": "S003", **taken}])
    world.seal("base")
    ours, theirs = world, copied(world, tmp_path / "theirs")
    ours.add("sources", [source("S002", title="Ours")])
    ours.seal("ours")
    theirs.add("sources", [source("S002", title="Theirs")])
    merge(theirs.package, "measures", "S003", "S002", "One stop.", "coder-1")
    theirs.seal("theirs")
    assert rebased(merged(ours, theirs), "0005-theirs")[1:] == ["  S002 is now S003"]
    reasons = {stream: ours.rows(stream)[-1]["reason"] for stream in ("claims", "measures")}
    assert reasons == {
        "claims": amend_reason("S003", "S002", "One stop."),
        "measures": merge_reason("S002", "One stop."),
    }


@pytest.mark.parametrize(
    ("stream", "named", "merges", "said"),
    [
        ("measures", {}, {}, "merged into S005"),  # the entity itself, whatever it refers to
        ("measures", {"incident_id": "S002"}, {}, "merged into S005"),
        ("claims", {"measure_id": "S002"}, {}, "S004 is merged into S005"),
        ("claims", {"incident_id": "S002"}, {}, "S003 is merged into S008"),
        ("claims", {"source_id": "S002"}, {}, "S003 is merged into S009"),
        ("claims", {}, {}, "S003 is merged into S002"),
        ("claims", {"dyad_to": ["S002"]}, {}, "S003 is merged into S002"),
        ("claims", {"source_id": "S002", "measure_id": "S002"}, {}, "S003 is merged into S002"),
        (
            *("claims", {"source_id": "S002", "measure_id": "S002"}),
            *({("S003", "S002"): {"measures"}}, "S004 is merged into S005"),
        ),
        (
            *("claims", {"source_id": "S002", "dyad_to": ["S002"]}),
            *({("S003", "S002"): {"actors"}}, "S003 is merged into S002"),
        ),
    ],
)
def test_a_merge_is_of_the_stream_in_whose_column_the_row_names_what_stays(
    stream: str, named: dict[str, Any], merges: dict[Any, set[str]], said: str, made: World
) -> None:
    log = read(made.package)
    before = log.rows(stream).to_dicts()[0]
    reason = merge_reason if stream == "measures" else partial(amend_reason, "S003")
    row = {**before, **named, "reason": reason("S002", "One.")}
    renames = {
        "measures": {"S003": "S004", "S002": "S005"},
        "incidents": {"S002": "S008"},
        "sources": {"S002": "S009"},
    }
    moved = moved_row(row, log.definition.streams[stream], renames, merges, "")
    assert moved["reason"] == f"{said}: One."


def linked(path: Path) -> None:
    there = path.rename(path.parents[3] / path.name)
    path.symlink_to(there)


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def of_holes(path: Path) -> None:
    os.truncate(path, 8 << 30)


def without_manifest(path: Path) -> None:
    (path.parent / MANIFEST).write_text("{}", "utf-8")


def beside_another(path: Path) -> None:
    (path.parent / "notes.txt").write_text("Mine.", "utf-8")


@pytest.mark.parametrize(
    "spoil", [linked, piped, of_holes, without_manifest, beside_another, Path.unlink]
)
def test_a_batch_that_is_not_as_it_was_sealed_is_not_moved_and_loses_no_row(
    both: World, spoil: Callable[[Path], None]
) -> None:
    world = both
    with log_lock(world.package):
        recover(world.package)  # lists the files of both
    listed = (world.root / "datapackage.json").read_bytes()
    batch = world.package.events / "0004-beta"
    spoil(batch / "actors.ndjson")
    names = sorted(path.name for path in batch.iterdir())
    begun = time.process_time()
    with pytest.raises(ClaimlogError):
        rebased(world, "0004-beta")
    assert time.process_time() - begun < 10
    assert sorted(path.name for path in batch.iterdir()) == names
    assert (world.root / "datapackage.json").read_bytes() == listed


def test_a_batch_of_which_somebody_changed_rows_is_said_to_be(both: World) -> None:
    path = both.package.events / "0004-beta" / "actors.ndjson"
    path.write_bytes(path.read_bytes().replace(b'"Port"', b'"Quay"'))
    assert rebased(both, "0004-beta")[-1] == (
        "0004-beta is now 0005-beta, with changed rows: actors.ndjson was not as sealed"
    )
