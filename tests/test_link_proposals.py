"""Pairs of claims that the desk proposes to link: the likeliest, however many share words."""

from __future__ import annotations

import math
import random
import tracemalloc
from collections import Counter
from itertools import product
from typing import Any

import pytest

from claimlog.desk.link_proposals import (
    LEAST_SCORE,
    MOST,
    MOST_A_CLAIM,
    MOST_SHARING,
    _features,
    propose_links,
)
from claimlog.desk.links import _key
from claimlog.log.read_log import read
from conftest import World

Row = dict[str, Any]


def claims_of(made: World, statements: list[str], sources: int) -> list[Row]:
    """Return claims with such statements, of some sources in turn."""
    base = read(made.package).live("claims").to_dicts()[0]
    return [
        {
            **base,
            "claim_id": f"C9-{number:05}",
            "source_id": f"S{number % sources}",
            "statement": one,
        }
        for number, one in enumerate(statements)
    ]


def drawn_statements(count: int, words: int, sharing: int) -> list[str]:
    """Return statements of which each word is in about so many."""
    drawn = random.Random(7)
    vocabulary = [f"word{number:06}" for number in range(max(1, count * words // sharing))]
    slots = [word for word in vocabulary for _ in range(sharing)]
    drawn.shuffle(slots)
    return [" ".join(slots[number * words : (number + 1) * words]) for number in range(count)]


def test_proposals_are_the_pairs_that_share_most(made: World) -> None:
    definition = read(made.package).definition
    rows = claims_of(made, drawn_statements(60, 6, 3), 3)
    features = {row["claim_id"]: _features(definition, row) for row in rows}
    holders = Counter(one for own in features.values() for one in own)
    weights = {one: math.log(1 + len(rows) / count) for one, count in holders.items()}
    totals = {name: math.fsum(weights[one] for one in own) for name, own in features.items()}
    own = {row["claim_id"] for row in rows if row["source_id"] == "S1"}
    scores = {}
    for name in own:
        for other in features:
            if other != name and (other not in own or other > name):
                common = features[name] & features[other]
                both = math.fsum(weights[one] for one in common if holders[one] <= MOST_SHARING)
                scores[name, other] = 2 * both / (totals[name] + totals[other])
    found = propose_links(definition, rows, "S1")
    assert {pair["from"] for pair in found} <= own
    for pair in found:
        assert math.isclose(pair["score"], scores[pair["from"], pair["to"]], abs_tol=1e-4)
    taken = Counter(pair["from"] for pair in found)
    assert max(taken.values()) <= MOST_A_CLAIM
    shown = {(pair["from"], pair["to"]) for pair in found}
    for (name, other), score in scores.items():
        if (name, other) not in shown and score > LEAST_SCORE + 1e-9 and len(found) < MOST:
            assert taken[name] == MOST_A_CLAIM
            assert score <= min(scores[pair] for pair in shown if pair[0] == name) + 1e-9
    assert [pair["score"] for pair in found] == sorted(
        (pair["score"] for pair in found), reverse=True
    )


@pytest.mark.slow
def test_words_that_many_claims_share_take_no_memory_for_each_pair(made: World) -> None:
    definition = read(made.package).definition
    statements = drawn_statements(600, 30, MOST_SHARING)
    rows = claims_of(made, statements, 1)
    tracemalloc.start()
    try:
        found = propose_links(definition, rows, "S0")
        assert tracemalloc.get_traced_memory()[1] < 40 * sum(map(len, statements))
    finally:
        tracemalloc.stop()
    assert 0 < len(found) <= MOST


def test_a_pair_of_claims_is_noted_as_no_other_whatever_their_identifiers_hold() -> None:
    parts = ("C1", "C2", "C1/C2", "C1%2FC2", "/", "//", "", "C1/", "/C2")
    pairs = [*product(parts, repeat=2)]
    assert len({_key(*pair) for pair in pairs}) == len(pairs)
    for first, second in (("C001-001", "C001-002"), ("C:1 é", "a%2Fb.json")):
        assert _key(first, second) == f"{first}/{second}"  # as it was noted so far
