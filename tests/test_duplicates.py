"""The same rows twice: nothing is added, and it is said where each one stands."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from claimlog.errors import ClaimlogError
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.schema.table_schema import NaturalKey
from conftest import ACTORS, CLAIMS, CODERS, INCIDENTS, LINKS, MEASURES, ROOT, SOURCES, World, actor
from test_ledger import LETTER, LIKED, snapshot

CODING = {
    "coder": "coder-1",
    "pass": 1,
    "source_id": "S001",
    "quote": "signed a letter",
    "content": "event",
    "voice": "author",
    "modality": "actual",
    "topic": "diplomacy",
    "sharing_effect": "none",
}
ROWS = {
    "actors": ACTORS,
    "sources": SOURCES,
    "incidents": INCIDENTS,
    "measures": MEASURES,
    "coders": CODERS,
    "claims": CLAIMS,
    "links": LINKS,
}
"""What the tiny package was made of; C001-003 was amended and C001-004 retracted since."""


def write_rows(world: World, rows: list[dict[str, Any]]) -> Path:
    path = world.root.parent / "rows.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def add_rows(world: World, entity: str, *rows: dict[str, Any]) -> list[str]:
    """Add rows from a file by the command and return what it printed, line by line."""
    path = write_rows(world, [*rows])
    done = world.run("add", entity, "--from", str(path), "--texts", str(world.texts))
    assert done.returncode == 0, done.stderr
    return done.stdout.replace(f"{path.parent}/", "").splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("stream", ROWS)
def test_a_file_that_was_added_already_adds_nothing_whatever_became_of_its_rows(
    stream: str, world: World
) -> None:
    before = snapshot(world)
    assert world.add(stream, ROWS[stream]) == []
    assert snapshot(world) == before


@pytest.mark.slow
def test_rows_that_are_there_already_are_named_with_the_place_where_each_stands(
    world: World,
) -> None:
    world.add("claims", [LETTER])
    assert add_rows(world, "claim", LETTER, CLAIMS[0], LIKED, LIKED, CLAIMS[2], CLAIMS[3]) == [
        "added C001-008 to the open batch; claimlog seal makes it final",
        "5 rows were there already",
        "  rows.ndjson:1 -> C001-007 (.claimlog/open/claims.ndjson:1)",
        "  rows.ndjson:2 -> C001-001 (events/0002-claims/claims.ndjson:1)",
        "  rows.ndjson:4 -> C001-008 (rows.ndjson:3)",
        "  rows.ndjson:5 -> C001-003 (events/0002-claims/claims.ndjson:3, amended since)",
        "  rows.ndjson:6 -> C001-004 (events/0002-claims/claims.ndjson:4, retracted since)",
        "  what was changed since is said anew by claimlog amend, or with a new claim_id",
    ]


@pytest.mark.slow
def test_a_file_that_grew_adds_only_its_new_rows(world: World) -> None:
    first = add_rows(world, "coding", CODING)
    assert first == ["added K0001 to the open batch; claimlog seal makes it final"]
    world.seal("codings")
    again = add_rows(world, "coding", CODING, {**CODING, "quote": "liked the pact"})
    assert again == [
        "added K0002 to the open batch; claimlog seal makes it final",
        "1 row was there already",
        "  rows.ndjson:1 -> K0001 (events/0004-codings/codings.ndjson:1)",
    ]


@pytest.mark.slow
def test_another_coder_another_pass_and_another_span_are_other_codings(world: World) -> None:
    others = [{"coder": "coder-2"}, {"pass": 2}, {"quote": "liked the pact"}]
    assert len(world.add("codings", [CODING, *({**CODING, **other} for other in others)])) == 4


@pytest.mark.slow
def test_a_row_given_by_options_that_is_there_already_is_one_line(world: World) -> None:
    words = ("add", "actor", "--actor-id", "gazette", "--name", "Gazette", "--actor-type", "media")
    done = world.run(*words)
    assert (done.returncode, done.stderr, done.stdout) == (
        0,
        "",
        "gazette (events/0001-register/actors.ndjson:6) is there already; nothing was added\n",
    )
    assert not (world.package.state / "open").exists()


@pytest.mark.slow
def test_a_finding_names_the_line_of_the_input_also_after_rows_that_were_there(
    world: World,
) -> None:
    bad = {**LETTER, "topic": "trsut"}
    path = write_rows(world, [CLAIMS[0], LIKED, bad])
    done = world.run("add", "claim", "--from", str(path), "--texts", str(world.texts))
    assert done.returncode == 1
    assert done.stderr.startswith(f'{path}:3: C001-008 "topic" is "trsut"')


LINK = LINKS[0]
TURNED = {**LINK, "from_claim_id": LINK["to_claim_id"], "to_claim_id": LINK["from_claim_id"]}


def test_a_symmetric_link_is_the_same_in_either_order_and_another_is_not(world: World) -> None:
    assert world.add("links", [TURNED]) == []
    updates = [{**LINK, "relation": "updates"}, {**TURNED, "relation": "updates"}]
    assert world.add("links", updates) == ["L0002", "L0003"]


@pytest.mark.parametrize(
    ("stream", "before", "given", "message"),
    [
        (
            "codings",
            [CODING],
            {**CODING, "topic": "trust", "note": "On second thought."},
            "has the coder, pass, source_id, start, end of K0001 (.claimlog/open/codings.ndjson:1),"
            " but another note, topic; change that one (claimlog amend coding K0001), or take it "
            "back first (claimlog drop K0001)",
        ),
        (
            "claims",
            [],
            {**CLAIMS[0], "topic": "trust"},
            "has the source_id, start, end, statement of C001-001 "
            "(events/0002-claims/claims.ndjson:1), but another topic; change that one instead: "
            "claimlog amend claim C001-001",
        ),
        (
            "links",
            [],
            {**TURNED, "basis": "Otherwise."},
            "has the from_claim_id, relation, to_claim_id of L0001 "
            "(events/0002-claims/links.ndjson:1), but another basis; change that one instead: "
            "claimlog amend link L0001",
        ),
    ],
)
def test_one_key_with_another_content_is_refused_with_both_places_and_the_remedy(
    world: World,
    stream: str,
    before: list[dict[str, Any]],
    given: dict[str, Any],
    message: str,
) -> None:
    if before:
        world.add(stream, before)
    files = snapshot(world)
    path = write_rows(world, [given])
    entity = stream.removesuffix("s")
    done = world.run("add", entity, "--from", str(path), "--texts", str(world.texts))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"claimlog: {path}:1: {message}; nothing was added\n"
    assert snapshot(world) == files


def test_of_two_lines_of_a_file_with_one_key_and_other_contents_one_has_to_go(
    world: World,
) -> None:
    path = write_rows(world, [CODING, {**CODING, "topic": "trust"}])
    done = world.run("add", "coding", "--from", str(path), "--texts", str(world.texts))
    assert done.stderr == (
        f"claimlog: {path}:2: has the coder, pass, source_id, start, end of K0001 ({path}:1), but "
        "another topic; keep one of the two; nothing was added\n"
    )


def test_what_was_retracted_is_said_anew_under_an_identifier_of_its_own(world: World) -> None:
    assert world.add("claims", [CLAIMS[3]]) == []
    assert world.add("claims", [{**CLAIMS[3], "claim_id": "C001-044"}]) == ["C001-044"]
    assert world.add("claims", [CLAIMS[3]]) == []


@pytest.mark.slow
def test_a_passage_is_coded_anew_once_its_coding_is_retracted(world: World) -> None:
    world.add("codings", [CODING])
    world.retract("K0001")
    assert world.add("codings", [{**CODING, "topic": "trust"}]) == ["K0002"]


def test_of_a_stream_without_a_key_an_identifier_of_its_own_means_another_entity(
    world: World,
) -> None:
    named = actor("port", "agency")
    assert world.add("actors", [named, {**named, "actor_id": "harbour"}]) == ["port", "harbour"]
    assert world.add("actors", [named, {**named, "actor_id": "harbour"}]) == []
    assert world.add("actors", [{**named, "actor_id": "haven", "note": "Another."}]) == ["haven"]
    with pytest.raises(ClaimlogError, match="port exists already"):
        world.add("actors", [{**named, "note": "Another."}])


def test_a_key_is_unique_among_the_live_rows_of_this_dataset_and_its_codes_exist() -> None:
    package = Package(ROOT)
    definition, log = read_definition(package), read(package)
    keys = {name: table.natural_key for name, table in definition.streams.items()}
    assert {name for name, key in keys.items() if key} == {
        *("actors", "claims", "links", "codings", "link_codings", "findings")
    }
    for stream, key in keys.items():
        if key is None:
            continue
        codes = definition.codebook.codes
        item = definition.streams[stream].by_name[key.kind] if key.kind else None
        assert item is None or key.symmetric <= {row["code"] for row in codes[str(item.codelist)]}
        rows = (key.sort_ends(row) for row in log.live(stream).iter_rows(named=True))
        values = [tuple(row[name] for name in key.columns) for row in rows]
        counts = Counter(value for value in values if None not in value)  # else there is no key
        assert counts
        assert max(counts.values()) == 1


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({"fields": ["statment"]}, 'names the column "statment", which it does not have'),
        ({"fields": ["claim_id"]}, "naturalKey: claim_id is no single value of what a row"),
        ({"fields": ["dyad_to"]}, "naturalKey: dyad_to is no single value of what a row"),
        ({"fields": []}, "naturalKey/fields: [] should be non-empty"),
        ({"columns": ["topic"]}, "naturalKey: 'fields' is a required property"),
    ],
)
def test_a_key_that_no_row_can_have_is_a_slip_of_the_schema(
    world: World, key: dict[str, Any], message: str
) -> None:
    path = world.root / "schemas" / "claims.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "naturalKey": key}), "utf-8")
    done = world.run("add", "claim", "--from", "-", data=b"{}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"claimlog: schemas/claims.json: {message}")
    assert done.stderr.count("\n") == 1


def test_ends_are_sorted_in_symmetric_rows_only() -> None:
    key = NaturalKey(("a", "kind", "b"), ("a", "b"), "kind", frozenset({"same"}))
    assert key.sort_ends({"a": 2, "b": 1, "kind": "same"}) == {"a": 1, "b": 2, "kind": "same"}
    assert key.sort_ends({"a": 2, "b": 1, "kind": "of"}) == {"a": 2, "b": 1, "kind": "of"}
