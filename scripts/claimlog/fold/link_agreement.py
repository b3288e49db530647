"""Inter-coder agreement on links: which pairs of claims two coders joined, and how.

Each coder proposes pairs on his own; what one proposed is then put to the other, mixed with pairs
drawn at random from those that nobody proposed. So every proposed pair has two independent
decisions, and the random ones tell how much both missed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from itertools import combinations
from typing import Any, NamedTuple

from claimlog.fold.agreement_coefficients import f1_of_sets
from claimlog.fold.row_versions import Frame, frame_of_table
from claimlog.schema.definition import Definition
from claimlog.schema.link_relations import DISPUTES, SAME_FACT

LINK_CODINGS = "link_codings"
LINK_AGREEMENT = "link_agreement"
ALL_PAIRS, WITHIN_SOURCE, BETWEEN_SOURCES = "all", "within", "between"
ALL_RELATIONS = "any"
RANDOM = "random"
SYMMETRIC = (SAME_FACT, DISPUTES)
"""Relations that hold either way, so that coders agree whichever claim they name first."""

Row = dict[str, Any]
Pair = tuple[str, str]
"""Two claims, in the order of their identifiers."""


class PairDecision(NamedTuple):
    """What a coder decided on a pair of claims: the relation and its direction, or none."""

    relation: str | None
    forward: bool


def link_agreement(
    codings: Frame, sources: Mapping[str, str], definition: Definition, codebooks: Mapping[int, str]
) -> dict[str, Frame]:
    """Return the table ``link_agreement``.

    Parameters
    ----------
    codings
        Live rows of ``link_codings``.
    sources
        Source by claim, of the claims that are linked in some coding.
    codebooks
        Version of the codebook by number of batch.
    """
    rows = codings.collect().rows(named=True)
    lines = []
    passes: dict[int, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(rows, key=lambda row: row["seq"]):
        passes[row["pass"]][row["coder"]].append(row)
    for number, by_coder in sorted(passes.items()):
        for first, second in combinations(sorted(by_coder), 2):
            key = {"pass": number, "first_coder": first, "second_coder": second}
            both = (by_coder[first], by_coder[second])
            versions = {codebooks.get(row["batch"], "") for side in both for row in side}
            key["codebook_version"] = " ".join(sorted(versions))
            lines += [{**key, **line} for line in _compare(*both, sources)]
    table = definition.tables[LINK_AGREEMENT]
    return {LINK_AGREEMENT: frame_of_table(lines, table, codings)}


def _compare(first: list[Row], second: list[Row], sources: Mapping[str, str]) -> Iterator[Row]:
    decisions = [_decisions(rows) for rows in (first, second)]
    drawn = {_pair(row) for row in (*first, *second) if row["sample"] == RANDOM}
    judged = decisions[0].keys() & decisions[1].keys()
    for scope in (ALL_PAIRS, WITHIN_SOURCE, BETWEEN_SOURCES):
        pairs = {pair for pair in judged if scope in (ALL_PAIRS, _scope(pair, sources))}
        asked, random = pairs - drawn, pairs & drawn
        first_links, second_links = (_links(decision, asked) for decision in decisions)
        random_links = [_links(decision, random) for decision in decisions]
        found = {*first_links, *second_links} - {ALL_RELATIONS}
        for relation in (ALL_RELATIONS, *sorted(found)):
            agreed = f1_of_sets(first_links[relation], second_links[relation])
            missed = {pair for links in random_links for pair, _ in links[relation]}
            yield {
                "scope": scope,
                "relation": relation,
                "pairs": len(asked),
                "first_links": agreed.first,
                "second_links": agreed.second,
                "both_links": agreed.both,
                "f1": agreed.value,
                "f1_low": agreed.low,
                "f1_high": agreed.high,
                "random_pairs": len(random),
                "random_links": len(missed),
            }


def _links(
    decisions: Mapping[Pair, PairDecision], pairs: Set[Pair]
) -> defaultdict[str, set[tuple[Pair, PairDecision]]]:
    """Return what a coder joined of some pairs, by relation; all of it by `ALL_RELATIONS`."""
    links = defaultdict(set)
    for pair in pairs:
        if (relation := decisions[pair].relation) is not None:
            links[relation].add((pair, decisions[pair]))
            links[ALL_RELATIONS].add((pair, decisions[pair]))
    return links


def _decisions(rows: list[Row]) -> dict[Pair, PairDecision]:
    decisions = {}
    for row in rows:
        one, other = _pair(row)
        relation = row["relation"]
        forward = relation is None or relation in SYMMETRIC or row["from_claim_id"] == one
        decisions[one, other] = PairDecision(relation, forward)
    return decisions


def _pair(row: Row) -> Pair:
    one, other = sorted((row["from_claim_id"], row["to_claim_id"]))
    return one, other


def _scope(pair: Pair, sources: Mapping[str, str]) -> str:
    """Return the scope of a pair beside `ALL_PAIRS`, its only one where a source is not known."""
    one, other = (sources.get(claim) for claim in pair)
    if one is None or other is None:
        return ALL_PAIRS
    return WITHIN_SOURCE if one == other else BETWEEN_SOURCES
