"""Support: origins of claims, what links say of them, and the grade that is derived from it."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import narwhals as nw
import polars as pl
import pytest

import claimlog.fold.claim_support
from claimlog.compile import compile_tables
from claimlog.fold import Cutoff
from claimlog.fold.actor_sides import side_ranges
from claimlog.fold.claim_support import Links, support_of_linked, with_support
from claimlog.fold.corroboration import with_origins
from claimlog.fold.credibility import with_credibility
from claimlog.log.read_log import read
from conftest import World, hop

Row = dict[str, Any]
Pair = tuple[str, str, str]

ACTORS = [
    {"actor_id": name, "part_of": whole}
    for name, whole in (("nor", None), ("ministry", "nor"), ("ada", "ministry"), ("sud", None))
]
EDGE = {"source_id": "W1", "relation": "wasDerivedFrom", "certainty": "strong"}
SOURCES = [
    {"source_id": name, "lineage": [EDGE] if name.startswith("S") else []}
    for name in ("S1", "S2", "W1", "W2", "W3")
]
PLAIN = {
    "origin_id": "W1",
    "content": "event",
    "modality": "actual",
    "speaker_id": None,
    "anonymity": None,
    "hops": 0,
    "dyad_from": ["nor"],
}
TYPES = {"origin_id": pl.String, "speaker_id": pl.String, "anonymity": pl.String}


def lazy(rows: list[Row], **types: Any) -> nw.LazyFrame[Any]:
    return nw.from_native(
        pl.DataFrame(rows, schema_overrides=types, infer_schema_length=None).lazy()
    )


def graded(claims: dict[str, Row], *links: Pair) -> dict[str, tuple[str, int]]:
    """Return grade and independent origins of claims that are plain but for what is given."""
    rows = lazy([{**PLAIN, **given, "claim_id": name} for name, given in claims.items()], **TYPES)
    names = ("from_claim_id", "relation", "to_claim_id")
    linked = lazy(
        [dict(zip(names, link, strict=True)) for link in links or [("x", "updates", "y")]]
    )
    found = support_of_linked(rows, Links.of(linked), lazy(SOURCES), lazy(ACTORS))
    done = with_credibility(with_support(rows, found), lazy(ACTORS)).collect()
    return {
        row["claim_id"]: (row["credibility"], row["independent_origins"])
        for row in done.rows(named=True)
    }


ADA = {"speaker_id": "ada", "anonymity": "named", "hops": 1}
OTHERS = {"speaker_id": "sud", "anonymity": "institution", "hops": 1}


@pytest.mark.parametrize(
    ("given", "grade"),
    [
        ({"content": "assessment"}, "6"),
        ({"content": "attitude", **ADA}, "6"),
        ({"modality": "hypothetical"}, "6"),
        ({"modality": "negated"}, "3"),
        ({"content": "state"}, "3"),
        ({"content": "state", "origin_id": None}, "6"),
        (ADA, "2"),  # of the ministry of the state that acts
        ({**ADA, "origin_id": None}, "2"),
        ({**ADA, "anonymity": "described"}, "6"),
        (OTHERS, "3"),
        ({**OTHERS, "origin_id": None}, "6"),
        ({**OTHERS, "anonymity": "on_record_unnamed"}, "3"),
        ({**OTHERS, "anonymity": "generic"}, "6"),
    ],
)
def test_a_claim_without_links_is_graded_by_content_speaker_and_origin(
    given: Row, grade: str
) -> None:
    assert graded({"A": given})["A"][0] == grade


def test_two_independent_origins_confirm_a_fact_and_two_of_one_work_do_not() -> None:
    fact = ("A", "same_fact", "B")
    assert graded({"A": {}, "B": {"origin_id": "W2"}}, fact) == {"A": ("1", 2), "B": ("1", 2)}
    assert graded({"A": {}, "B": {"origin_id": "S1"}}, fact) == {"A": ("3", 1), "B": ("3", 1)}
    assert graded({"A": {}, "B": {"origin_id": None}}, fact) == {"A": ("3", 1), "B": ("6", 1)}


def test_what_implies_a_claim_supports_it_and_not_the_reverse() -> None:
    found = graded({"list": {}, "member": {"origin_id": "W2"}}, ("list", "implies", "member"))
    assert found == {"list": ("3", 1), "member": ("1", 2)}


def test_what_implies_a_claim_supports_whatever_states_the_same_fact() -> None:
    claims = {"list": {}, "A": {"origin_id": "W2"}, "B": {"origin_id": "W2"}}
    found = graded(claims, ("list", "implies", "A"), ("B", "same_fact", "A"))
    assert found == {"list": ("3", 1), "A": ("1", 2), "B": ("1", 2)}


def test_a_dispute_by_as_many_origins_makes_doubtful_and_by_more_improbable() -> None:
    against = {"dyad_from": ["sud"], "origin_id": "W2"}
    found = graded({"A": {}, "no": against}, ("no", "disputes", "A"))
    assert found == {"A": ("4", 1), "no": ("4", 1)}
    more = {"A": {}, "no": against, "nor": {**against, "origin_id": "W3"}}
    links = [("no", "disputes", "A"), ("nor", "same_fact", "no")]
    found = graded(more, *links)
    assert found == {"A": ("5", 1), "no": ("1", 2), "nor": ("1", 2)}


def test_a_denial_by_the_accused_settles_nothing() -> None:
    denial = {**ADA, "content": "position", "dyad_from": ["ada"], "origin_id": "W2"}
    assert graded({"A": {}, "no": denial}, ("no", "disputes", "A"))["A"] == ("3", 1)
    outsider = {**denial, "speaker_id": "sud", "dyad_from": ["sud"]}
    assert graded({"A": {}, "no": outsider}, ("no", "disputes", "A"))["A"] == ("4", 1)


def test_a_verdict_a_forecast_and_a_claim_of_unknown_origin_dispute_nothing() -> None:
    for given in ({"content": "assessment"}, {"content": "prediction"}, {"origin_id": None}):
        against = {"dyad_from": ["sud"], "origin_id": "W2", **given}
        assert graded({"A": {}, "no": against}, ("no", "disputes", "A"))["A"] == ("3", 1)


def test_the_origins_of_a_fact_are_counted_once_for_all_who_state_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = []
    real = claimlog.fold.claim_support.count_independent

    def count(origins: Any, lineage: Any) -> int:
        counted.append(origins)
        return real(origins, lineage)

    monkeypatch.setattr(claimlog.fold.claim_support, "count_independent", count)
    names = [f"A{number:03}" for number in range(300)]
    claims = {
        name: {"origin_id": "W1" if number % 2 else "W2"} for number, name in enumerate(names)
    }
    fact = [(one, "same_fact", other) for one, other in pairwise(names)]
    # claims beside the fact whose support has the same origins
    beside = {f"B{number:03}": {} for number in range(300)}
    implied = [("A001", "implies", name) for name in beside]
    found = graded({**claims, **beside}, *fact, *implied)
    assert {found[name] for name in names} == {("1", 2)}
    assert {found[name] for name in beside} == {("3", 1)}
    assert len(counted) == 2


def chain_above(name: str, part_of: dict[str, str | None]) -> list[str]:
    chain: list[str] = []
    at: str | None = name
    while at is not None and at not in chain:
        chain.append(at)
        at = part_of.get(at)
    return chain


@pytest.mark.parametrize("seed", range(20))
def test_an_actor_is_in_the_ranges_of_all_that_it_is_part_of_and_of_no_other(seed: int) -> None:
    chance = random.Random(seed)
    names = [f"a{number}" for number in range(12)]
    choices = [*names, "to come", None, None]
    part_of = {name: chance.choice(choices) for name in names}  # circles among them
    ranges = side_ranges(part_of)
    for name in names:
        number, _ = ranges[name]
        around = {side for side, (first, last) in ranges.items() if first <= number <= last}
        assert around == {*chain_above(name, part_of)}, (name, part_of)


class CountedChains(dict[str, str | None]):
    """Actors by what they are part of, which count how often one is looked up."""

    looked_up = 0

    def get(self, name: str, default: Any = None) -> str | None:
        self.looked_up += 1
        return super().get(name, default)


@pytest.mark.parametrize("end", [None, "to come", "a2000"])
def test_a_long_chain_of_actors_is_numbered_in_one_walk(end: str | None) -> None:
    names = [f"a{number}" for number in range(3_000)]
    part_of = CountedChains(zip(names, [*names[1:], end], strict=True))
    ranges = side_ranges(part_of)
    assert part_of.looked_up <= len(ranges)
    lowest, highest = ranges["a0"][0], ranges[end or names[-1]]
    assert highest[0] < lowest <= highest[1]


def test_whoever_speaks_at_the_end_of_a_long_chain_speaks_for_its_beginning() -> None:
    names = [f"a{number:04}" for number in range(2_000)]
    above = zip(names, [*names[1:], None], strict=True)
    actors = lazy([{"actor_id": name, "part_of": whole} for name, whole in above])
    plain = {**PLAIN, "claim_id": "A", "anonymity": "named", "independent_origins": 1}
    claims = lazy(
        [
            {**plain, "claim_id": "own", "speaker_id": names[0], "dyad_from": [names[-1]]},
            {**plain, "claim_id": "of its part", "speaker_id": names[5], "dyad_from": [names[4]]},
            {**plain, "claim_id": "nobody's", "speaker_id": "to come", "dyad_from": ["to come"]},
        ],
    ).with_columns(nw.lit(None).cast(nw.String()).alias("link_grade"))
    found = with_credibility(claims, actors).select("claim_id", "credibility").collect()
    assert dict(found.rows()) == {"own": "2", "of its part": "3", "nobody's": "3"}


def test_support_reaches_as_far_as_links_that_bear_on_it() -> None:
    names = ("from_claim_id", "relation", "to_claim_id")
    pairs = [("A", "same_fact", "B"), ("B", "implies", "C"), ("D", "disputes", "C")]
    pairs += [("E", "reason_for", "A"), ("F", "same_fact", "G")]
    links = Links.of(lazy([dict(zip(names, pair, strict=True)) for pair in pairs]))
    assert links.reached_from(["A"]) == {"A", "B", "C", "D"}
    assert links.reached_from(["E"]) == frozenset()
    assert links.claims == {*"ABCDFG"}


@pytest.mark.parametrize(
    ("basis", "cited", "anonymity", "origin"),
    [
        ("taken", None, None, "W1"),
        ("taken", "W2", "named", "W2"),
        ("taken", None, "generic", None),
        ("added", None, None, "S1"),
        ("added", "W2", "named", "S1"),
        ("unknown", None, None, None),
        ("unknown", "W2", "named", None),
        (None, None, None, "W1"),  # a row of before there was a basis
    ],
)
def test_the_origin_follows_from_its_ground(
    basis: str | None, cited: str | None, anonymity: str | None, origin: str | None
) -> None:
    row = {"claim_id": "A", "source_id": "S1", "anonymity": anonymity, "origin_basis": basis}
    texts = dict.fromkeys(("anonymity", "origin_basis"), pl.String)
    hops = lazy([{"claim_id": "A", "hop": 1, "source_id": cited}], source_id=pl.String)
    found = with_origins(lazy([row], **texts), hops, lazy(SOURCES)).collect()
    assert found["origin_id"].to_list() == [origin]


def claims_of(world: World) -> dict[str, Row]:
    log = read(world.package)
    tables = dict(compile_tables(log, Cutoff(log.size, len(log.batches), "test")))
    return {row["claim_id"]: row for row in tables["claims"].to_dicts()}


@pytest.mark.slow
def test_claims_repeat_what_the_register_says_of_their_measure_and_their_innermost_hop(
    world: World,
) -> None:
    world.amend("measures", "tide-tables-stopped", kind="scale_back", subject="Tide tables, most.")
    inner = hop(description="a pilot", anonymity="described", side="ally", number="two")
    outer = hop(actor_id="gazette", side="none", office="media")
    world.amend("claims", "C001-002", attributions=[outer, {**inner, "said": "2025-03"}])
    world.seal("amended")
    claims = claims_of(world)
    stopped = claims["C001-001"]
    assert (stopped["measure"], stopped["measure_subject"]) == ("scale_back", "Tide tables, most.")
    assert (claims["C001-003"]["measure"], claims["C001-003"]["measure_subject"]) == (None, None)
    told = claims["C001-002"]
    assert (told["side"], told["office"], told["number"]) == ("ally", "official", "two")
    assert (told["said"], told["hops"], told["speaker_id"]) == ("2025-03", 2, None)
