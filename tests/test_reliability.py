"""Reliability: matching of passages, Krippendorff's alpha, and the tables made of the codings."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections import Counter
from itertools import combinations
from typing import Any

import krippendorff
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlog.compile import compile_tables
from claimlog.fold import Cutoff, link_agreement, span_matching
from claimlog.fold.agreement_coefficients import (
    F1,
    f1_of_names,
    f1_of_sets,
    f1_score,
    krippendorff_alpha,
)
from claimlog.fold.coder_reliability import NO_ANSWER, CodedVariable
from claimlog.fold.span_matching import coverage, span_matches
from claimlog.log.read_log import read
from claimlog.schema.link_relations import SAME_FACT
from conftest import World, coder


def test_passages_match_one_to_one_from_an_overlap_of_one_half() -> None:
    first = [(0, 10), (20, 30), (40, 50)]
    second = [(0, 10), (25, 35), (42, 50), (90, 99)]
    assert span_matches(first, second) == [(0, 0, 1.0), (2, 2, 0.8)]


def test_of_two_nested_passages_each_finds_the_one_that_fits_best() -> None:
    assert span_matches([(0, 20), (0, 12)], [(0, 12), (0, 19)]) == [(1, 0, 1.0), (0, 1, 0.95)]


def test_a_passage_just_below_one_half_matches_nothing() -> None:
    assert span_matches([(0, 100)], [(51, 100)]) == []
    assert len(span_matches([(0, 100)], [(50, 100)])) == 1


def test_matching_takes_every_pair_that_a_search_of_all_pairs_would_take() -> None:
    chance = random.Random(5)
    for _ in range(200):
        sides: list[list[tuple[int, int]]] = []
        for _ in range(2):
            starts = [chance.randrange(60) for _ in range(chance.randrange(1, 12))]
            sides.append([(start, start + chance.randrange(1, 25)) for start in starts])
        first, second = sides
        pairs = span_matches(first, second)
        assert len({one for one, _, _ in pairs}) == len({other for _, other, _ in pairs})
        free = set(range(len(first))) - {one for one, _, _ in pairs}
        left = set(range(len(second))) - {other for _, other, _ in pairs}
        for one in free:
            for other in left:
                points = set(range(*first[one])), set(range(*second[other]))
                assert len(points[0] & points[1]) / len(points[0] | points[1]) < 0.5


def test_covered_points_count_once_where_passages_overlap() -> None:
    assert coverage([(0, 3), (2, 5)]) == 5
    assert coverage([(0, 10**15), (5, 6), (10**15 + 1, 10**15 + 2)]) == 10**15 + 1


def test_f1_is_undefined_where_nobody_marked_anything() -> None:
    assert f1_score(0, 0, 0) is None
    assert f1_score(2, 2, 4) == pytest.approx(2 / 3)


@pytest.mark.parametrize("seed", range(30))
def test_alpha_equals_that_of_the_krippendorff_library(seed: int) -> None:
    chance = random.Random(seed)
    codes = "abcde"[: chance.randrange(2, 6)]
    pairs = [
        (one, one if chance.random() < 0.8 else chance.choice(codes))
        for one in chance.choices(codes, k=chance.randrange(3, 200))
    ]
    if len({code for pair in pairs for code in pair}) == 1:
        pytest.skip("only one value was drawn")
    numbers = np.array([[codes.index(code) for code in side] for side in zip(*pairs, strict=True)])
    expected = krippendorff.alpha(reliability_data=numbers, level_of_measurement="nominal")
    found = krippendorff_alpha(pairs, resamples=50)
    assert found.value == pytest.approx(expected, abs=1e-6)
    assert found.units == len(pairs)
    assert found.percent == pytest.approx(100 * np.mean(numbers[0] == numbers[1]))


def test_alpha_without_variation_is_empty_and_agreement_is_whole() -> None:
    found = krippendorff_alpha([("a", "a")] * 9)
    assert (found.percent, found.value, found.low, found.high) == (100, None, None, None)


def test_alpha_of_no_units_is_empty() -> None:
    assert krippendorff_alpha([]).units == 0
    assert krippendorff_alpha([]).value is None


def test_the_interval_holds_alpha_narrows_with_more_units_and_is_the_same_each_time() -> None:
    chance = random.Random(3)
    few = [(one, one if chance.random() < 0.85 else "z") for one in chance.choices("abc", k=60)]
    small, large = krippendorff_alpha(few), krippendorff_alpha(few * 10)
    for found in (small, large):
        assert found.low is not None
        assert found.high is not None
        assert found.value is not None
        assert found.low <= found.value <= found.high
    assert large.high - large.low < small.high - small.low  # type: ignore[operator]
    assert krippendorff_alpha(few) == small


@pytest.mark.parametrize("seed", range(20))
def test_names_join_as_many_pairs_as_a_list_of_them_holds(seed: int) -> None:
    chance = random.Random(seed)
    pairs = [(chance.choice("abc"), chance.choice(["", "x", "y"])) for _ in range(40)]
    sides = [
        {
            (one, other)
            for (one, mine), (other, its) in combinations(enumerate(pair[k] for pair in pairs), 2)
            if mine == its != ""
        }
        for k in (0, 1)
    ]
    assert f1_of_names(pairs) == f1_of_sets(*sides)


def test_agreement_takes_memory_in_proportion_to_units_whatever_their_names() -> None:
    units = 8_000
    one_name = [("key", "key")] * units  # 32 million pairs
    of_their_own = [(f"a{unit}", f"b{unit}") for unit in range(units)]  # 16,000 values
    tracemalloc.start()
    try:
        assert f1_of_names(one_name).both == units * (units - 1) // 2
        assert f1_of_names(of_their_own).value is None
        assert krippendorff_alpha(of_their_own, resamples=200).percent == 0
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


def test_alpha_is_the_same_however_many_samples_are_held_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = random.Random(7)
    pairs = [(chance.choice("abc"), chance.choice("abc")) for _ in range(70)]
    whole = krippendorff_alpha(pairs)
    monkeypatch.setattr("claimlog.fold.agreement_coefficients.CELLS", 1_000)
    assert krippendorff_alpha(pairs) == whole


def test_a_passage_is_compared_only_with_those_near_it(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = [(10 * number, 10 * number + 9) for number in range(2_000)]
    pairs, repeat = 0, np.repeat

    def count(*given: Any) -> Any:
        nonlocal pairs
        found = repeat(*given)
        pairs += len(found)
        return found

    monkeypatch.setattr(np, "repeat", count)
    assert len(span_matches(spans, spans)) == len(spans)
    assert len(spans) <= pairs <= 6 * len(spans)


span_lists = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 12)).map(lambda pair: (pair[0], sum(pair))),
    max_size=12,
)


@given(span_lists, span_lists, st.sampled_from([1, 2, 7, 1_000]), st.sampled_from([1, 3, 1_000]))
def test_matches_are_the_same_however_many_pairs_are_held_at_once(
    first: list[tuple[int, int]], second: list[tuple[int, int]], pairs: int, part: int
) -> None:
    found = []
    for one, (start, end) in enumerate(first):
        for other, (begin, stop) in enumerate(second):
            both = min(end, stop) - max(start, begin)
            if both > 0 and (share := both / (max(end, stop) - min(start, begin))) >= 0.5:
                found.append((-share, (start, end), (begin, stop), one, other))
    matches: list[tuple[int, int, float]] = []
    for share, _, _, one, other in sorted(found):
        if all(one != pair[0] and other != pair[1] for pair in matches):
            matches.append((one, other, -share))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(span_matching, "PAIRS", pairs)
        patched.setattr(span_matching, "PART", part)
        assert span_matches(first, second) == matches


def test_passages_that_are_the_same_are_no_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    best_pairs = span_matching._best_pairs

    def counted(first: Any, second: Any) -> Any:
        looked_at.append(len(first) * len(second))
        return best_pairs(first, second)

    monkeypatch.setattr(span_matching, "_best_pairs", counted)
    first, second = [(0, 100)] * 10_000 + [(0, 99)] * 5, [(0, 90)] * 3 + [(0, 100)] * 9_999
    matches = span_matches(first, second)
    assert matches[:9_999] == [(at, at + 3, 1.0) for at in range(9_999)]
    assert matches[9_999:] == [(10_000 + at, at, 90 / 99) for at in range(3)]
    assert looked_at == [4]


def test_passages_that_all_overlap_take_no_memory_for_every_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(span_matching, "PAIRS", 1 << 15)
    spans = [(at // 40, 400 + at % 40) for at in range(1_000)]
    tracemalloc.start()
    try:
        assert span_matches(spans, spans) == [(at, at, 1.0) for at in range(1_000)]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1_000 * 1_000 * 8


def coding(quote: str, coder: str, **given: Any) -> dict[str, Any]:
    return {
        "coder": coder,
        "pass": 1,
        "source_id": "S001",
        "quote": quote,
        "content": "event",
        "voice": "author",
        "modality": "actual",
        "topic": "sharing",
        "sharing_effect": "none",
        **given,
    }


CLERK = "In 2019 a\nclerk lost a chart"
LETTER = "About forty pilots signed a letter"


@pytest.fixture
def coded(world: World) -> dict[str, pl.DataFrame]:
    """Two coders: one passage coded alike, one otherwise, one that only the first has."""
    world.add("codings", [coding(CLERK, "coder-1"), coding(LETTER, "coder-1", topic="opinion")])
    world.add("codings", [coding("“never liked the pact”", "coder-1", content="attitude")])
    world.add("codings", [coding(CLERK, "coder-2", topic="trust")], by="coder-2")
    world.add("codings", [coding("forty pilots signed a letter", "coder-2", topic="opinion")])
    world.seal("codings")
    assert world.run("build").returncode == 0
    folder = world.root / "build" / "parquet"
    names = ("codings", "coding_pairs", "span_agreement", "reliability")
    return {name: pl.read_parquet(folder / f"{name}.parquet") for name in names}


@pytest.mark.slow
def test_the_build_computes_agreement_by_source_and_over_all(
    coded: dict[str, pl.DataFrame],
) -> None:
    spans = coded["span_agreement"]
    assert spans["scope"].to_list() == ["S001", "all"]
    assert spans.drop("scope").unique().rows(named=True) == [
        {
            "pass": 1,
            "first_coder": "coder-1",
            "second_coder": "coder-2",
            "codebook_version": spans["codebook_version"][0],
            "first_codings": 3,
            "second_codings": 2,
            "matched": 2,
            "f1_spans": 0.8,
            "f1_characters": pytest.approx(2 * 57 / (85 + 57), abs=0.05),
        }
    ]
    found = {(row["scope"], row["variable"]): row for row in coded["reliability"].rows(named=True)}
    assert found["all", "topic"]["units"] == 2
    assert found["all", "topic"]["percent_agreement"] == 50
    assert found["all", "content"]["percent_agreement"] == 100
    assert found["all", "content"]["alpha"] is None
    assert found["all", "topic"]["target"] == 0.8
    assert ("all", "measure") not in found  # nobody filled it
    assert {scope for scope, _ in found} == {"S001", "all"}


@pytest.mark.slow
def test_the_double_coded_rows_are_published_as_pairs(coded: dict[str, pl.DataFrame]) -> None:
    pairs = coded["coding_pairs"].select("first_coding_id", "second_coding_id", "iou").rows()
    assert [(one, other) for one, other, _ in pairs] == [("K0001", "K0004"), ("K0002", "K0005")]
    assert pairs[0][2] == 1
    assert 0.5 < pairs[1][2] < 1


@pytest.mark.slow
def test_a_coding_is_joined_to_the_published_claim_of_the_same_passage(
    coded: dict[str, pl.DataFrame], world: World
) -> None:
    claims = {(row["start"], row["end"]): row["claim_id"] for row in world.rows("claims", 1)}
    joined = 0
    for row in coded["codings"].rows(named=True):
        exact = claims.get((row["start"], row["end"]))
        if exact:
            joined += 1
            assert (row["claim_id"], row["claim_iou"]) == (exact, 1)
    assert joined
    assert coded["codings"]["claim_id"].null_count() < coded["codings"].height


@pytest.mark.slow
def test_a_retracted_coding_counts_no_more(world: World) -> None:
    world.add("codings", [coding(CLERK, "coder-1"), coding(CLERK, "coder-2")])
    world.add("codings", [coding(LETTER, "coder-2")])
    world.retract("K0003", "Marked by mistake.")
    world.seal("codings")
    assert world.run("build").returncode == 0
    spans = pl.read_parquet(world.root / "build/parquet/span_agreement.parquet")
    assert spans["second_codings"].to_list() == [1, 1]
    assert spans["f1_spans"].to_list() == [1, 1]


@pytest.mark.slow
def test_a_third_coder_is_compared_with_each_of_the_others_and_passes_stay_apart(
    world: World,
) -> None:
    coders = ("coder-1", "coder-2", "human-1")
    world.add("coders", [coder("human-1", "person")])
    world.add("codings", [coding(CLERK, name) for name in coders])
    world.add("codings", [coding(CLERK, name, **{"pass": 2}) for name in coders[:2]])
    world.seal("codings")
    assert world.run("build").returncode == 0
    spans = pl.read_parquet(world.root / "build/parquet/span_agreement.parquet")
    whole = spans.filter(pl.col("scope") == "all").select("pass", "first_coder", "second_coder")
    assert whole.rows() == [
        (1, "coder-1", "coder-2"),
        (1, "coder-1", "human-1"),
        (1, "coder-2", "human-1"),
        (2, "coder-1", "coder-2"),
    ]


@pytest.mark.parametrize("answer", [False, 0, 0.0])
def test_no_and_0_are_answers_and_no_empty_cells(answer: Any) -> None:
    alone = CodedVariable("own", ("own",), False, None)
    assert alone.value({"own": None}) == alone.value({"own": []}) == NO_ANSWER
    assert alone.value({"own": answer}) == (answer,) != NO_ANSWER
    beside = CodedVariable("both", ("own", "unit"), False, None)
    assert beside.value({"own": answer, "unit": None}) == (answer, None)
    assert beside.value({"own": [], "unit": "mg"}) == (None, "mg")


APART: tuple[tuple[Any, Any], ...] = (
    (["church bell"], ["church", "bell"]),
    (["a", "b c"], ["a b", "c"]),
    ([""], []),
    ([""], None),
    (["a"], "a"),
    (["a", "a"], ["a"]),
    (['a","b'], ["a", "b"]),
    ([1, 2], [12]),
    ([{"verb": "say", "side": None}], [{"verb": "say", "side": "us"}]),
)
"""Cells of two coders who say different things, in lists of every kind."""


@pytest.mark.parametrize(("one", "other"), APART)
def test_lists_that_differ_never_agree_whatever_their_items_hold(one: Any, other: Any) -> None:
    alone = CodedVariable("own", ("own",), False, None)
    assert alone.value({"own": one}) != alone.value({"own": other})


def test_columns_of_a_variable_are_compared_one_by_one() -> None:
    both = CodedVariable("both", ("own", "unit"), False, None)
    one, other = ({"own": "a\nb", "unit": None}, {"own": "a", "unit": "b\n"})
    assert both.value(one) != both.value(other)
    assert both.value({"own": None, "unit": "a"}) != both.value({"own": "a", "unit": None})


@pytest.mark.parametrize("items", [["b", "a c", "a"], [10, 9.5, -1], [{"k": 2}, {"k": 1}], [True]])
def test_items_of_a_list_may_stand_in_any_order(items: list[Any]) -> None:
    alone = CodedVariable("own", ("own",), False, None)
    assert alone.value({"own": items}) == alone.value({"own": items[::-1]}) != NO_ANSWER


def test_where_most_cells_are_empty_alpha_is_computed_over_the_filled_ones_too(
    world: World,
) -> None:
    first = [coding(CLERK, "coder-1", trust_sign="trust", trust_course="falling")]
    first += [coding(LETTER, "coder-1", trust_sign="open", trust_course="unstated")]
    first += [coding("“never liked the pact”", "coder-1")]
    second = [coding(CLERK, "coder-2", trust_sign="trust", trust_course="rising")]
    second += [coding(LETTER, "coder-2"), coding("“never liked the pact”", "coder-2")]
    world.add("codings", [*first, *second])
    world.seal("codings")
    rows = reliability(world)
    sign = rows["trust_sign"]
    assert (sign["units"], sign["units_filled"]) == (3, 2)
    assert sign["percent_agreement"] == pytest.approx(200 / 3)
    pairs = [("trust", "trust"), ("open", "")]
    assert sign["alpha_filled"] == krippendorff_alpha(pairs).value
    assert sign["alpha"] == krippendorff_alpha([*pairs, ("", "")]).value
    assert rows["trust_course"]["alpha_filled"] < rows["trust_course"]["alpha"]
    assert (sign["f1"], sign["target"]) == (None, 0.8)


@pytest.mark.slow
def test_names_of_a_coders_own_are_compared_by_what_they_join(world: World) -> None:
    quotes = (CLERK, LETTER, "“never liked the pact”")
    for coder_id, keys in (("coder-1", ("a", "a", "b")), ("coder-2", ("x", "x", "x"))):
        entries = [
            coding(quote, coder_id, measure_key=key)
            for quote, key in zip(quotes, keys, strict=True)
        ]
        world.add("codings", entries)
    world.seal("codings")
    key = reliability(world)["measure_key"]
    # one joins a pair of three, the other all three pairs
    assert key["f1"] == pytest.approx(f1_score(1, 1, 3))
    assert (key["alpha"], key["alpha_filled"], key["percent_agreement"]) == (None, None, None)
    assert (key["units_filled"], key["target"]) == (3, 0.8)


def test_f1_of_sets_has_an_interval_and_is_undefined_where_nothing_was_joined() -> None:
    empty = f1_of_sets(set(), set())
    assert (empty.value, empty.low, empty.high) == (None, None, None)
    found = f1_of_sets({*range(50)}, {*range(10, 60)})
    assert (found.first, found.second, found.both, found.value) == (50, 50, 40, 0.8)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.8 < found.high
    assert f1_of_sets({1}, {2}).value == 0


def test_links_are_gone_through_once_however_many_relations_they_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def without_interval(first: set[Any], second: set[Any]) -> F1:
        return F1(len(first), len(second), len(first & second), None, None, None)

    monkeypatch.setattr(link_agreement, "f1_of_sets", without_interval)
    pairs = 8_000
    rows = [
        {
            "from_claim_id": f"C001-{at}",
            "to_claim_id": f"C002-{at}",
            "relation": f"relation-{at}",
            "sample": "proposed",
        }
        for at in range(pairs)
    ]
    start = time.process_time()
    sources = {row[end]: "S001" for row in rows for end in ("from_claim_id", "to_claim_id")}
    found = [*link_agreement._compare(rows, rows, sources)]
    assert time.process_time() - start < 15  # each with all of them takes more than a minute
    links = Counter((row["scope"], row["both_links"]) for row in found)
    assert links == {
        **dict.fromkeys([("all", pairs), ("within", pairs), ("between", 0)], 1),
        **dict.fromkeys([("all", 1), ("within", 1)], pairs),
    }


def test_a_pair_of_claims_without_known_sources_is_neither_within_one_nor_between_two() -> None:
    ends = {"from_claim_id": "C001-1", "to_claim_id": "C002-1"}
    rows = [{**ends, "relation": SAME_FACT, "sample": "proposed"}]
    pairs = {
        row["scope"]: row["pairs"]
        for known in ({}, {"C001-1": "S001"})
        for row in link_agreement._compare(rows, rows, known)
    }
    assert pairs == {"all": 1, "within": 0, "between": 0}


def reliability(world: World) -> dict[str, dict[str, Any]]:
    """Return agreement over all sources by variable, folded without a build."""
    log = read(world.package)
    tables = dict(compile_tables(log, Cutoff(log.size, len(log.batches), "test")))
    rows = tables["reliability"].filter(pl.col("scope") == "all")
    return {row["variable"]: row for row in rows.to_dicts()}


def link_coding(coder_id: str, ends: tuple[int, int], relation: str | None, **given: Any) -> Any:
    one, other = (f"C001-00{end}" for end in ends)
    return {
        "coder": coder_id,
        "pass": 1,
        "from_claim_id": one,
        "to_claim_id": other,
        "relation": relation,
        "sample": "proposed",
        **given,
    }


def test_coders_agree_on_a_link_by_relation_and_direction(world: World) -> None:
    random = {"sample": "random"}
    entries = [
        link_coding("coder-1", (1, 2), "reason_for"),
        link_coding("coder-2", (2, 1), "reason_for"),  # turned round: not the same
        link_coding("coder-1", (6, 1), "same_fact"),
        link_coding("coder-2", (1, 6), "same_fact"),  # holds either way
        link_coding("coder-1", (3, 5), "confirms"),
        link_coding("coder-2", (3, 5), None),
        link_coding("coder-1", (2, 5), None, **random),
        link_coding("coder-2", (2, 5), "implies", **random),
        link_coding("coder-1", (2, 3), "implies"),  # the other was not asked
    ]
    world.add("link_codings", entries)
    world.seal("links")
    log = read(world.package)
    tables = dict(compile_tables(log, Cutoff(log.size, len(log.batches), "test")))
    rows = {(row["scope"], row["relation"]): row for row in tables["link_agreement"].to_dicts()}
    whole = rows["all", "any"]
    assert (whole["pairs"], whole["first_links"], whole["second_links"]) == (3, 3, 2)
    assert (whole["both_links"], whole["f1"]) == (1, 0.4)
    assert (whole["random_pairs"], whole["random_links"]) == (1, 1)
    assert rows["all", "same_fact"]["f1"] == 1
    assert rows["all", "reason_for"]["f1"] == 0
    assert rows["within", "any"]["pairs"] == 3
    assert rows["between", "any"]["pairs"] == 0
    assert rows["between", "any"]["f1"] is None
