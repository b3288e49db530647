"""What new rows may say: free text, codes with an outside source, numbers, passages, actors."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from frictionless import validate as check_with_frictionless

from claimlog.errors import ClaimlogError, FindingsError
from claimlog.log.batch import sealed_batches
from claimlog.log.canonical import encode
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.strict_json import decode_object
from claimlog.validate import validate
from conftest import ACTORS, ROOT, STOPPED, World, actor, claim, source

LETTER = "About forty pilots signed a letter"


def finding(world: World, stream: str, **row: Any) -> str:
    with pytest.raises(FindingsError) as caught:
        world.add(stream, [row])
    return " ".join(map(str, caught.value.findings))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("note", "flaw"),
    [
        (" \u00a0", "holds nothing that can be seen"),
        ("\u200b\u2060\ufeff", "holds nothing that can be seen"),
        ("\u3164\u2800", "holds nothing that can be seen"),
        ("one\x00two", "holds U+0000, a control character, at character 4"),
        ("\x1b[31mred", "holds U+001B, a control character"),
        ("c1 \x9b", "holds U+009B, a control character"),
        ("one\ntwo", "holds U+000A, a line break"),
        ("one\u2028two", "holds U+2028, a line break"),
        ("one \u2067two", "holds U+2067, which turns the direction"),
        ("one\ufdd0", "holds U+FDD0, which is no character"),
        ("one\U0001fffe", "holds U+1FFFE, which is no character"),
    ],
)
def test_free_text_that_cannot_be_read_as_it_is_stored_is_refused(
    world: World, note: str, flaw: str
) -> None:
    assert f'"note" {flaw}' in finding(world, "actors", **actor("port", "agency", note=note))


def test_free_text_in_lists_and_in_their_objects_is_judged_too(world: World) -> None:
    port = actor("port", "agency", aliases=["Quay", "\u200b"])
    assert '"aliases" holds nothing' in finding(world, "actors", **port)
    edge = {"source_id": "S101", "relation": "wasQuotedFrom", "certainty": "strong"}
    row = source("S102", lineage=[{**edge, "evidence": "\u202eback"}])
    assert '"evidence" holds U+202E' in finding(world, "sources", **row)


def test_free_text_of_any_script_is_taken(world: World) -> None:
    notes = [
        "\u6e2f\u53e3",
        "\u0645\u064a\u0646\u0627\u0621 \u200f!",
        "\U0001f468\u200d\U0001f469",
        "\u00b7",
    ]
    rows = [actor(f"port-{n}", "agency", note=note) for n, note in enumerate(notes)]
    assert len(world.add("actors", rows)) == len(notes)


RULED_FROM = 27
"""Batches of this project's log before the first with a schema that marks free text."""


@pytest.mark.slow
def test_rows_of_a_schema_before_the_rule_are_not_judged_by_it() -> None:
    package = Package(ROOT)
    batches = sealed_batches(package, [])
    log = read(package, batches[:RULED_FROM], sealed=False)
    tally = validate(log, frictionless=False).tallies["free-text"]
    assert (tally.checked, tally.failed) == (0, 0)
    later = validate(read(package), frictionless=False).tallies["free-text"]
    assert later.checked > 0
    assert later.failed == 0


@pytest.mark.parametrize("code", ["ENG", "ZZZ", "UKK", "ROM", "EUR", "SUD"])
def test_a_code_that_iso_3166_does_not_have_is_refused(world: World, code: str) -> None:
    row = actor("land", "state", iso3=code)
    assert "codes/country.csv" in finding(world, "actors", **row)


def test_codes_of_states_that_are_no_more_and_listed_user_assigned_ones_are_taken(
    world: World,
) -> None:
    codes = ["XKX", "SUN", "YUG", "DDR", "ROU"]
    assert len(world.add("actors", [actor(c.lower(), "state", iso3=c) for c in codes])) == 5


def test_two_live_states_do_not_share_a_code(world: World) -> None:
    with pytest.raises(ClaimlogError, match=r"has the iso3 of nor .*, but another .*name"):
        world.add("actors", [actor("norge", "state", iso3="NOR")])


@pytest.mark.parametrize("code", ["jp", "xx", "gr"])
def test_a_language_that_iso_639_does_not_have_is_refused(world: World, code: str) -> None:
    assert "codes/language.csv" in finding(world, "sources", **source("S102", language=code))


@pytest.mark.parametrize("value", [1e16, 1e20, -1e17, 1e21, 2.0**53])
def test_a_whole_number_that_readers_round_is_named_as_such(world: World, value: float) -> None:
    figure = {"figure_unit": "items", "figure_population": "x", "figure_qualifier": "exact"}
    row = claim(LETTER, "They cost much.", figure_value=value, **figure)
    with pytest.raises(ClaimlogError, match=r"a whole number beyond 2\*\*53"):
        world.add("claims", [row])


@pytest.mark.parametrize("value", [1e16, 1e20])
def test_what_is_encoded_can_be_decoded(value: float) -> None:
    with pytest.raises(ClaimlogError, match="beyond 2"):
        encode({"a": [{"b": value}]})
    assert decode_object(encode({"a": 2**53 - 1, "b": 1e300, "c": "1" * 20}).decode())["c"]


def test_a_row_without_a_passage_is_one_error(world: World) -> None:
    row = claim(LETTER, "They wrote.")
    del row["quote"]
    with pytest.raises(ClaimlogError, match=r'^the claim has no passage: give "quote"'):
        world.add("claims", [row])


def test_a_row_of_which_quote_and_offsets_disagree_is_refused(world: World) -> None:
    with pytest.raises(ClaimlogError, match=r'the quote stands at .* but "start" is 4'):
        world.add("claims", [claim(LETTER, "They wrote.", start=4)])


def test_offsets_say_which_of_several_places_a_quote_means(world: World) -> None:
    text = (world.texts / "harbour.txt").read_text("utf-8")
    second = text.rindex(STOPPED)
    (name,) = world.add("claims", [claim(STOPPED, "They stopped it again.", start=second)])
    rows = [json.loads(line) for line in (world.root / ".claimlog/open/claims.ndjson").open()]
    assert [row["start"] for row in rows if row["claim_id"] == name] == [second]


def test_a_retired_column_is_named_as_such(world: World) -> None:
    with pytest.raises(ClaimlogError, match='"credibility" is retired'):
        world.add("claims", [claim(LETTER, "They wrote.", credibility="3")])


def test_actors_are_named_by_identifier_or_exact_name(world: World) -> None:
    (name,) = world.add("claims", [claim(LETTER, "They wrote.", dyad_from=["Ada-Example", "nor"])])
    rows = [json.loads(line) for line in (world.root / ".claimlog/open/claims.ndjson").open()]
    assert next(r["dyad_from"] for r in rows if r["claim_id"] == name) == ["ada-example", "nor"]
    with pytest.raises(ClaimlogError, match=r'names "Ada-Exampel".*did you mean'):
        world.add("claims", [claim(LETTER, "They wrote it.", dyad_from=["Ada-Exampel"])])


def test_a_log_without_incidents_is_valid_for_other_tools_too(bare: World) -> None:
    bare.add("actors", ACTORS[:3])
    bare.add("sources", [source("S101"), source("S001")])
    bare.seal("first")
    listed = json.loads((bare.root / "datapackage.json").read_text("utf-8"))["resources"]
    assert all("path" in resource for resource in listed)
    assert validate(read(bare.package)).findings == []
    assert check_with_frictionless(str(bare.root / "datapackage.json")).valid


def test_a_tag_of_the_repository_that_a_package_came_into_later_is_none_of_its_releases(
    world: World,
) -> None:
    top = world.root.parent

    def git(*words: str) -> None:
        who = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")
        subprocess.run(["git", "-C", str(top), *who, *words], check=True, capture_output=True)

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "theirs")
    git("tag", "v2.0.0")
    git("add", "-f", world.root.name)
    git("commit", "-q", "-m", "ours")
    tally = validate(read(world.package), frictionless=False).tallies["released-batches"]
    assert (tally.failed, tally.status) == (0, "not checked")
    assert tally.note == "the tag v2.0.0 of this checkout holds no batch of this package"
