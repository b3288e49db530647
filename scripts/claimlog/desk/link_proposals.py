"""Pairs of claims that may bear on each other, proposed by what they share."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from heapq import nsmallest
from typing import Any

from claimlog.desk.row_references import CLAIMS, reference_of
from claimlog.schema.definition import Definition
from claimlog.sources.words import words

WORDS = "words"
LEAST_LETTERS = 5
"""Letters of a word that counts: shorter ones are mostly of grammar."""

MOST_SHARING = 60
"""Claims that share something, above which it says nothing of any two of them."""

LEAST_SCORE = 0.12
MOST_A_CLAIM, MOST = 5, 300

Row = dict[str, Any]
Feature = tuple[str, str]


def propose_links(definition: Definition, claims: Iterable[Row], source: str) -> list[Row]:
    """Return pairs of which at least one claim is of a source, the likeliest first.

    What few claims share weighs more than what many do; a score is the share of the weight of both
    claims that they have in common.

    Parameters
    ----------
    claims
        All live claims.
    """
    features = {row["claim_id"]: _features(definition, row) for row in claims}
    holders: dict[Feature, list[str]] = defaultdict(list)
    for name, own in features.items():
        for feature in own:
            holders[feature].append(name)
    weights = {
        feature: math.log(1 + len(features) / len(names)) for feature, names in holders.items()
    }
    totals = {name: sum(weights[one] for one in own) for name, own in features.items()}
    few = {feature: names for feature, names in holders.items() if len(names) <= MOST_SHARING}
    own_claims = {row["claim_id"] for row in claims if row["source_id"] == source}
    found: list[tuple[float, str, str]] = []
    for name in own_claims:
        both: dict[str, float] = defaultdict(float)
        for feature in sorted(features[name] & few.keys()):  # in one order: equal sums are equal
            for other in few[feature]:
                both[other] += weights[feature]
        scores = (
            (-2 * weight / (totals[name] + totals[other]), name, other)
            for other, weight in both.items()
            if other > name or (other != name and other not in own_claims)  # once, from one end
        )
        found += nsmallest(MOST_A_CLAIM, (one for one in scores if one[0] <= -LEAST_SCORE))
    return [
        {
            "from": name,
            "to": other,
            "score": round(-score, 4),
            "shared": _grouped(features[name] & features[other] & few.keys()),
        }
        for score, name, other in nsmallest(MOST, found)
    ]


def _features(definition: Definition, row: Mapping[str, Any]) -> set[Feature]:
    table = definition.streams[CLAIMS]
    found: set[Feature] = set()
    for item in table.fields:
        cell = row[item.name]
        if item.retired or not cell or item.name == "source_id":
            continue
        if reference_of(table, item):
            found |= {
                (item.name, str(part)) for part in (cell if isinstance(cell, list) else [cell])
            }
        for inner in item.fields:
            if inner.references:
                names = {part[inner.name] for part in cell if part[inner.name]}
                found |= {(f"{item.name}.{inner.name}", str(name)) for name in names}
    found |= {(WORDS, word) for word in words(row["statement"]) if len(word) >= LEAST_LETTERS}
    return found


def _grouped(features: Iterable[Feature]) -> list[Row]:
    groups: dict[str, list[str]] = defaultdict(list)
    for column, value in sorted(features):
        groups[column].append(value)
    return [{"column": column, "values": values} for column, values in groups.items()]
