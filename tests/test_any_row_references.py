"""Columns of any row (``anyRow``) keep naming the row that their author saw; chosen names stay."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from claimlog.desk import row_references
from claimlog.desk.entry_merge import NewEntries
from claimlog.desk.saved_decisions import REGISTERED_AS
from claimlog.edit.drop import drop
from claimlog.edit.identifier_numbers import form_and_number
from claimlog.edit.log_lock import log_lock
from claimlog.edit.merge import merge
from claimlog.edit.open_batch import read_with_open
from claimlog.edit.open_rows_follow import OpenRows
from claimlog.edit.rebase import rebase
from claimlog.edit.renumbered_rows import moved_row
from claimlog.edit.replace_references import references, replace_references, rows_naming
from claimlog.errors import ClaimlogError, FindingsError, UsageError
from claimlog.log.merged_entities import NamedMerge, amend_reason
from claimlog.log.read_log import read
from claimlog.schema.definition import read_definition
from claimlog.schema.table_schema import Table
from conftest import World, actor, copied
from test_ledger import quick
from test_rebase import LETTER, LIKED, found, merged, rebased, rebased_open

__all__ = ["quick"]  # a fixture that every test here uses

READING = {
    "reading_id": "first-reading",
    "title": "One reading",
    "readers": ["coder-2"],
    "claims_read": 5,
    "method": "One reader, each row.",
}


def finding(target: str, **given: Any) -> dict[str, Any]:
    about = {"target_id": target, "variable": "topic", "outcome": "open", "weight": "definite"}
    return {"reading_id": "first-reading", **about, **given}


@pytest.fixture(scope="module")
def once_read(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = copied(made, tmp_path_factory.mktemp("read"))
    world.add("readings", [READING])
    world.seal("read")
    return world


def racing(world: World, folder: Path) -> tuple[World, World]:
    """Return two clones with a C001-007 each: Alice's is sealed, and Bob's open."""
    alice, bob = copied(world, folder / "alice"), copied(world, folder / "bob")
    alice.add("claims", [LETTER])
    alice.seal("alice")
    bob.add("claims", [LIKED])
    return alice, bob


@pytest.fixture(scope="module")
def once_raced(once_read: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """0005-alice and 0005-bob, each with a C001-007; a finding of Bob's is on his."""
    alice, bob = racing(once_read, tmp_path_factory.mktemp("raced"))
    bob.add("findings", [finding("C001-007"), finding("C001-003", second_id="C001-007")])
    bob.seal("bob")
    return merged(alice, bob)


@pytest.fixture
def raced(once_raced: World, tmp_path: Path) -> World:
    return copied(once_raced, tmp_path / "raced")


@pytest.fixture
def world(once_read: World, tmp_path: Path) -> World:
    return copied(once_read, tmp_path / "world")


def named(world: World) -> list[tuple[str, str | None]]:
    rows = read_with_open(world.package).rows("findings").select("target_id", "second_id")
    return rows.rows()


@pytest.mark.slow
def test_a_finding_follows_the_claim_of_its_own_batch(raced: World) -> None:
    assert rebased(raced, "0005-bob")[1:] == ["  C001-007 is now C001-008"]
    assert named(raced) == [("C001-008", None), ("C001-003", "C001-008")]
    assert found(raced) == []


@pytest.mark.slow
def test_a_finding_stays_with_the_claim_that_keeps_its_number(raced: World) -> None:
    rebased(raced, "0005-alice")
    assert named(raced) == [("C001-007", None), ("C001-003", "C001-007")]


@pytest.fixture(scope="module")
def once_open(once_read: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """0005-alice and 0005-bob with a C001-007 each, and an open finding on Bob's."""
    alice, bob = racing(once_read, tmp_path_factory.mktemp("open"))
    bob.seal("bob")
    bob.add("findings", [finding("C001-007")])
    return merged(bob, alice)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("open_rows", "target"), [(None, None), ("follow", "C001-008"), ("stay", "C001-007")]
)
def test_of_an_open_finding_on_what_is_renumbered_somebody_says_what_it_means(
    open_rows: OpenRows | None, target: str | None, once_open: World, tmp_path: Path
) -> None:
    world = copied(once_open, tmp_path)
    with log_lock(world.package):
        if target is None:
            with pytest.raises(UsageError, match="the open row names C001-007, which 0005-bob has"):
                rebase(world.package, ["0005-bob"], open_rows=open_rows)
            return
        rebase(world.package, ["0005-bob"], open_rows=open_rows)
    assert named(world) == [(target, None)]


@pytest.mark.slow
def test_an_open_finding_follows_the_open_claim_that_it_was_added_with(
    world: World, tmp_path: Path
) -> None:
    alice, carl = world, copied(world, tmp_path / "carl")
    carl.add("claims", [LIKED])
    carl.add("findings", [finding("C001-007")])
    alice.add("claims", [LETTER])
    alice.seal("alice")
    both = merged(carl, alice)
    assert "  C001-007 is now C001-008" in rebased_open(both)
    assert named(both) == [("C001-008", None)]


@pytest.mark.slow
def test_a_finding_on_what_two_streams_have_is_not_rebased_until_somebody_decides(
    world: World, tmp_path: Path
) -> None:
    world.rename({})
    world.add("actors", [actor("C001-007", "agency")])
    world.seal("base")
    alice, bob = world, copied(world, tmp_path / "bob")
    alice.add("claims", [LETTER])
    alice.seal("alice")
    bob.add("claims", [LIKED])
    bob.add("findings", [finding("C001-007")])
    opened = merged(copied(bob, tmp_path / "opened"), alice)
    bob.seal("bob")
    both = merged(bob, alice)
    said = re.escape(
        "findings.ndjson:1: F0001 target_id names C001-007, which actors and claims have, and one "
        "of them gets another identifier"
    )
    with pytest.raises(FindingsError, match="nothing was rebased") as error:
        rebased(both, "0006-bob")
    assert re.search(said, str(error.value.findings[0]))
    remedy = "take this row out (claimlog drop if it is open, else its line), and add it anew after"
    assert str(error.value.findings[0].remedy).startswith(remedy)
    with pytest.raises(FindingsError) as error:
        rebased_open(opened)
    assert re.search(said, str(error.value.findings[0]))
    # the remedy is a true one, also for the last row of a file
    drop(opened.package, ["F0001"])
    assert "  C001-007 is now C001-008" in rebased_open(opened)
    (both.package.events / "0006-bob" / "findings.ndjson").write_bytes(b"")
    assert rebased(both, "0006-bob")[0].startswith("0006-bob is now 0007-bob, with changed rows: ")
    assert found(both) == []


@pytest.mark.slow
def test_what_an_open_finding_is_about_is_dropped_only_with_it(world: World) -> None:
    world.add("claims", [LIKED])
    world.add("findings", [finding("C001-007"), finding("C001-003", second_id="C001-007")])
    with pytest.raises(FindingsError) as error:
        drop(world.package, ["C001-007"])
    assert [one.entity for one in error.value.findings] == ["F0001", "F0002"]
    done = drop(world.package, ["C001-007"], with_references=True)
    assert [row.place for row in done.rows] == ["claims:1", "findings:1", "findings:2"]


def test_a_finding_names_what_its_entity_is_merged_into(world: World) -> None:
    world.add("actors", [actor("norland", "territory")])
    world.add("findings", [finding("norland")])
    merge(world.package, "actors", "norland", "nor", "One.", "coder-1")
    assert named(world) == [("norland", None), ("nor", None)]


@pytest.mark.slow
def test_a_finding_on_what_two_streams_have_is_not_taken_for_one_on_what_is_merged(
    world: World,
) -> None:
    world.add("actors", [actor("norland", "territory")])
    lost = {"title": "Chart mislaid", "description": "A chart went missing.", "occurred": "2019"}
    world.add("incidents", [{**lost, "incident_id": "norland", "incident_type": "mishandling"}])
    world.add("findings", [finding("norland")])
    with pytest.raises(ClaimlogError) as error:
        merge(world.package, "actors", "norland", "nor", "One.", "coder-1")
    assert str(error.value) == (
        "actors and incidents have norland, which F0001 (target_id) names: amend what means that "
        "of actors, so that it names nor, and retract the others, to add them anew after the "
        "merge; nothing was merged"
    )
    world.retract("F0001")
    merge(world.package, "actors", "norland", "nor", "One.", "coder-1")


@pytest.mark.parametrize(
    ("renamed", "reason"),
    [("measures", "S003 is merged into S005: One."), ("links", "S003 is merged into S002: One.")],
)
def test_the_reason_of_a_finding_on_what_is_merged_is_of_the_stream_of_the_merge(
    renamed: str, reason: str, raced: World
) -> None:
    log = read(raced.package)
    before = log.rows("findings").to_dicts()[0]
    row = {**before, "target_id": "S002", "reason": amend_reason("S003", "S002", "One.")}
    renames = {"claims": {"S002": "S009"}, renamed: {"S002": "S005"}}
    merges = {NamedMerge("S003", "S002"): {"measures"}}
    moved = moved_row(row, log.definition.streams["findings"], renames, merges, "")
    assert moved["reason"] == reason


@pytest.fixture(scope="module")
def remarking(made: World) -> Table:
    """Claims with a column of any row, and a list of objects with such a key."""
    claims = read_definition(made.package).streams["claims"]
    about = {"name": "about", "type": "string", "anyRow": True}
    remarks = {"name": "remarks", "type": "array", "items": {"fields": [about]}}
    return Table("claims", {**claims.spec, "fields": [*claims.spec["fields"], about, remarks]})


def test_a_key_in_a_list_may_name_any_row_too(remarking: Table, made: World) -> None:
    claims = read(made.package).rows("claims")
    remarks = [{"about": "nor"}, {"about": None}]
    row = {**claims.to_dicts()[0], "about": "sud", "remarks": remarks}
    assert ("remarks", "links", "nor") in references(row, remarking, ["links"])
    renamed = replace_references(row, remarking, {"links": {"nor": "norland"}})
    assert renamed == {**row, "remarks": [{"about": "norland"}, {"about": None}]}
    rows = claims.with_columns(
        about=pl.lit("sud"), remarks=pl.Series([row["remarks"]] * claims.height)
    )
    assert rows_naming(rows, remarking, "links", "nor").height == claims.height


def test_at_the_desk_a_column_of_any_row_names_entries_that_were_made_on_the_spot(
    remarking: Table, made: World
) -> None:
    streams = {**read_definition(made.package).streams, "claims": remarking}
    definition: Any = SimpleNamespace(streams=streams)
    entry = SimpleNamespace(stream="actors", identifier="keepers", value={"name": "Keepers"})
    work: Any = SimpleNamespace(coder="coder-1", entries=lambda: [entry])
    settled = {"coder-1/actors/keepers": {REGISTERED_AS: "lampists"}}
    decisions: Any = SimpleNamespace(settled_entries=lambda: settled, entry_rows=dict)
    value = {"about": "keepers", "remarks": [{"about": "keepers"}, {"about": None}]}
    names = row_references.references(definition, "claims", value)
    assert names.count(("actors", "keepers")) == 2
    entries = NewEntries(definition, [work], decisions)
    assert entries.renamed("coder-1", "claims", value) == {
        "about": "lampists",
        "remarks": [{"about": "lampists"}, {"about": None}],
    }
    assert entries.entries_for({"claims": [entries.renamed("coder-1", "claims", value)]}) == [
        ("actors", "lampists")
    ]


def identified(world: World, pattern: str) -> World:
    """Let the identifiers of actors have a pattern."""
    for path in world.package.schemas.rglob("actor*.json"):
        text = path.read_text("utf-8")
        spec = json.loads(text)
        for item in spec["fields"]:
            if item["name"] == "actor_id":
                item["constraints"]["pattern"] = pattern
        path.write_text(json.dumps(spec), "utf-8")
    world.package.forget()
    return world


def raced_actors(world: World, folder: Path, *given: dict[str, Any]) -> World:
    ours, theirs = world, copied(world, folder)
    for one, slug in ((ours, "ours"), (theirs, "theirs")):
        one.add("actors", [*given])
        one.seal(slug)
    return merged(ours, theirs)


@pytest.mark.slow
def test_a_chosen_name_that_looks_like_a_number_is_of_one_entity_on_both_sides(
    bare: World, tmp_path: Path
) -> None:
    world = identified(bare, "^[A-Za-z][A-Za-z0-9-]*$")
    both = raced_actors(world, tmp_path / "theirs", actor("F16", "agency"))
    with pytest.raises(FindingsError, match="nothing was rebased") as error:
        rebased(both, "0001-theirs")
    assert "F16 version 1 exists already" in str(error.value.findings[0])


def test_a_number_that_was_proposed_on_both_sides_is_of_two_entities(
    bare: World, tmp_path: Path
) -> None:
    world = identified(bare, "^T-[0-9]{4}$")
    new = actor("port", "agency")
    del new["actor_id"]
    both = raced_actors(world, tmp_path / "theirs", new)
    assert rebased(both, "0001-theirs")[1:] == ["  T-0001 is now T-0002"]


@pytest.mark.slow
def test_a_new_number_has_as_many_digits_as_the_one_in_whose_place_it_is(
    made: World, tmp_path: Path
) -> None:
    ours, theirs = (copied(made, tmp_path / name) for name in ("ours", "theirs"))
    for world, row, slug in ((ours, LETTER, "ours"), (theirs, LIKED, "theirs")):
        world.add("claims", [{**row, "claim_id": "C001-0100"}])
        world.seal(slug)
    both = merged(ours, theirs)
    name = next(path.name for path in both.package.events.iterdir() if "theirs" in path.name)
    assert rebased(both, name)[1:] == ["  C001-0100 is now C001-0101"]


@pytest.mark.parametrize(
    ("stream", "identifier", "number"),
    [
        ("claims", "C004-089", 89),
        ("claims", "C004-0089", 89),
        ("claims", "F16", None),
        ("sources", "S016", 16),
        ("sources", "S" + "9" * 19, None),
        ("sources", "S-16", None),
        ("sources", "T016", None),
        ("actors", "F16", None),
    ],
)
def test_which_identifiers_are_numbers_is_known_by_their_stream(
    stream: str, identifier: str, number: int | None, made: World
) -> None:
    found = form_and_number(read_definition(made.package).streams[stream], identifier)
    assert (found and found[1]) == number
