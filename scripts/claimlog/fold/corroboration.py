"""Corroboration: claims that state the same fact, and from how many independent origins.

Claims are grouped by ``same_fact`` links. A claim's origin is the work it ultimately comes from:
the registered work that its attribution chain names innermost, else its article; from there
``wasDerivedFrom`` is walked back to a work that is derived from nothing else. (The other relations
say whom a work cites; which claims rest on that is in their chains.) A claim whose lineage leaves
the origin open has none, and adds no independent origin.
"""

from __future__ import annotations

import narwhals as nw

from claimlog.fold.states import Frame

Edges = dict[str, list[tuple[str, str]]]


def corroborate(claims: Frame, links: Frame, sources: Frame, hops: Frame) -> dict[str, Frame]:
    """Return the tables ``corroboration`` and ``corroboration_claims``."""
    pairs = links.filter(nw.col("relation") == "same_fact").select("from_claim_id", "to_claim_id")
    groups = components([(str(a), str(b)) for a, b in pairs.collect().rows()])
    members = sorted(groups)
    chosen = claims.filter(nw.col("claim_id").is_in(members))
    facts = {
        row["claim_id"]: row
        for row in chosen.select("claim_id", "source_id", "statement").collect().rows(named=True)
    }
    named = hops.filter(nw.col("claim_id").is_in(members) & ~nw.col("source_id").is_null())
    cited: dict[str, str] = {}
    for claim, _, work in sorted(named.select("claim_id", "hop", "source_id").collect().rows()):
        cited[claim] = work  # sorted by hop: the innermost stays
    origins = roots(
        {
            row["source_id"]: [
                (edge["source_id"], edge["certainty"])
                for edge in row["lineage"]
                if edge["relation"] == "wasDerivedFrom"
            ]
            for row in sources.select("source_id", "lineage").collect().rows(named=True)
        }
    )
    rows = [
        (groups[claim], claim, fact["source_id"], origins.get(cited.get(claim, fact["source_id"])))
        for claim, fact in sorted(facts.items())
    ]
    backend = claims.implementation
    return {
        "corroboration_claims": nw.from_dict(
            {
                name: [row[index] for row in rows]
                for index, name in enumerate(("fact_id", "claim_id", "source_id", "origin_id"))
            },
            schema=nw.Schema(
                {
                    "fact_id": nw.String(),
                    "claim_id": nw.String(),
                    "source_id": nw.String(),
                    "origin_id": nw.String(),
                }
            ),
            backend=backend,
        ).lazy(),
        "corroboration": nw.from_dict(
            _summary(rows, {claim: str(fact["statement"]) for claim, fact in facts.items()}),
            schema=nw.Schema(
                {
                    "fact_id": nw.String(),
                    "claims": nw.Int64(),
                    "articles": nw.Int64(),
                    "independent_origins": nw.Int64(),
                    "unknown_origins": nw.Int64(),
                    "statement": nw.String(),
                }
            ),
            backend=backend,
        ).lazy(),
    }


def _summary(
    rows: list[tuple[str, str, str, str | None]], statements: dict[str, str]
) -> dict[str, list[object]]:
    groups: dict[str, list[tuple[str, str, str, str | None]]] = {}
    for row in rows:
        groups.setdefault(row[0], []).append(row)
    return {
        "fact_id": list(groups),
        "claims": [len(group) for group in groups.values()],
        "articles": [len({row[2] for row in group}) for group in groups.values()],
        "independent_origins": [len({r[3] for r in g if r[3]}) for g in groups.values()],
        "unknown_origins": [sum(r[3] is None for r in g) for g in groups.values()],
        "statement": [statements[fact] for fact in groups],
    }


def components(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return each name's group, named after its first member in sort order.

    >>> components([("b", "c"), ("a", "b"), ("x", "y")])
    {'a': 'a', 'b': 'a', 'c': 'a', 'x': 'x', 'y': 'x'}
    """
    parent: dict[str, str] = {}

    def top(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for one, other in pairs:
        first, second = sorted((top(one), top(other)))
        parent[second] = first
    return {name: top(name) for name in sorted(parent)}


def roots(lineage: Edges) -> dict[str, str | None]:
    """Return the ultimate origin of every source, None where it is unknown or not one.

    An edge of unknown certainty leads nowhere that can be counted. A source derived from several
    works that go back to different origins has no single one.
    """
    found: dict[str, str | None] = {}

    def walk(name: str) -> str | None:
        if name not in found:
            edges = lineage.get(name, [])
            ends = {walk(work) if sure != "unknown" else None for work, sure in edges}
            found[name] = name if not edges else (ends.pop() if len(ends) == 1 else None)
        return found[name]

    return {name: walk(name) for name in lineage}
