"""Corroboration: where each claim comes from, and which claims state the same fact.

A claim's origin is the work that it ultimately comes from: the registered work that its
attribution chain names innermost, else its article; from there ``wasDerivedFrom`` is walked back
to a work that is derived from nothing else. (The other relations say whom a work cites; which
claims rest on that is in their chains.) Where the lineage leaves the origin open, or the chain
ends with nobody in particular ("reports say") and names no work, there is none: unknown ancestry
adds no independent origin. Claims are grouped by ``same_fact`` links; among the origins of a group
those count once that rest on one another, or on one work, by any edge of the lineage.
"""

from __future__ import annotations

import narwhals as nw

from claimlog.fold.states import Frame

Edges = dict[str, list[tuple[str, str]]]
Member = tuple[str, str, str, str | None]
"""A claim in a group: group, claim, source, origin."""

VAGUE = "generic"
DERIVED = "wasDerivedFrom"


def with_origins(claims: Frame, hops: Frame, sources: Frame) -> Frame:
    """Return the claims with ``origin_id``.

    Parameters
    ----------
    claims
        Live claims with ``anonymity``, that of the innermost hop.
    hops, sources
        All hops of the claims; live sources.
    """
    walked = roots(edges(sources, DERIVED))
    known = nw.from_dict(
        {"work_id": list(walked), "origin_id": list(walked.values())},
        schema=nw.Schema({"work_id": nw.String(), "origin_id": nw.String()}),
        backend=claims.implementation,
    ).lazy()
    naming = hops.filter(~nw.col("source_id").is_null())
    cited = naming.filter(nw.col("hop") == nw.col("hop").max().over("claim_id")).select(
        "claim_id", nw.col("source_id").alias("cited_id")
    )
    joined = claims.join(cited, on="claim_id", how="left")
    vague = (nw.col("anonymity") == VAGUE) & nw.col("cited_id").is_null()
    return joined.with_columns(
        nw.when(~vague | nw.col("anonymity").is_null())
        .then(nw.coalesce("cited_id", "source_id"))
        .alias("work_id")
    ).join(known, on="work_id", how="left")


def edges(sources: Frame, relation: str | None = None) -> Edges:
    """Return what each source goes back to (work, certainty), by one relation or by any."""
    return {
        row["source_id"]: [
            (edge["source_id"], edge["certainty"])
            for edge in row["lineage"]
            if relation in (None, edge["relation"])
        ]
        for row in sources.select("source_id", "lineage").collect().rows(named=True)
    }


def corroborate(claims: Frame, links: Frame, sources: Frame) -> dict[str, Frame]:
    """Return the tables ``corroboration`` and ``corroboration_claims``.

    Parameters
    ----------
    claims
        Live claims with ``origin_id``.
    links, sources
        Live rows.
    """
    pairs = links.filter(nw.col("relation") == "same_fact").select("from_claim_id", "to_claim_id")
    groups = components([(str(a), str(b)) for a, b in pairs.collect().rows()])
    chosen = claims.filter(nw.col("claim_id").is_in(sorted(groups)))
    facts = {
        row["claim_id"]: row
        for row in chosen.select("claim_id", "source_id", "origin_id", "statement")
        .collect()
        .rows(named=True)
    }
    rows: list[Member] = [
        (groups[claim], claim, fact["source_id"], fact["origin_id"])
        for claim, fact in sorted(facts.items())
    ]
    backend = claims.implementation
    names = ("fact_id", "claim_id", "source_id", "origin_id")
    return {
        "corroboration_claims": nw.from_dict(
            {name: [row[index] for row in rows] for index, name in enumerate(names)},
            schema=nw.Schema({name: nw.String() for name in names}),
            backend=backend,
        ).lazy(),
        "corroboration": nw.from_dict(
            _summary(
                rows,
                {claim: str(fact["statement"]) for claim, fact in facts.items()},
                edges(sources),
            ),
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


def reported(claims: Frame, sources: Frame) -> Frame:
    """Return by incident how many claims, articles and independent origins report it.

    Parameters
    ----------
    claims
        Live claims with ``origin_id``.
    """
    about = claims.filter(~nw.col("incident_id").is_null())
    counts = about.group_by("incident_id").agg(
        nw.len().alias("claims"),
        nw.col("source_id").n_unique().alias("articles"),
        nw.col("origin_id").is_null().sum().alias("unknown_origins"),
    )
    origins: dict[str, set[str]] = {}
    pairs = about.select("incident_id", "origin_id").unique().collect().rows()
    for incident, origin in pairs:
        origins.setdefault(incident, set()).update([origin] if origin else [])
    lineage = edges(sources)
    independents = nw.from_dict(
        {
            "incident_id": list(origins),
            "independent_origins": [independent(works, lineage) for works in origins.values()],
        },
        schema=nw.Schema({"incident_id": nw.String(), "independent_origins": nw.Int64()}),
        backend=claims.implementation,
    )
    return counts.join(independents.lazy(), on="incident_id", how="left")


def _summary(
    rows: list[Member], statements: dict[str, str], lineage: Edges
) -> dict[str, list[object]]:
    groups: dict[str, list[Member]] = {}
    for row in rows:
        groups.setdefault(row[0], []).append(row)
    return {
        "fact_id": list(groups),
        "claims": [len(group) for group in groups.values()],
        "articles": [len({row[2] for row in group}) for group in groups.values()],
        "independent_origins": [
            independent({r[3] for r in g if r[3]}, lineage) for g in groups.values()
        ],
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


def independent(origins: set[str], lineage: Edges) -> int:
    """Return how many of the origins share no work that they rest on, whatever the relation.

    >>> independent({"a", "b", "c"}, {"a": [("w", "certain")], "b": [("w", "unknown")]})
    2
    """
    works = {name: {name, *_ancestors(name, lineage)} for name in origins}
    tops = components([(name, work) for name in sorted(works) for work in sorted(works[name])])
    return len({tops[name] for name in origins})


def _ancestors(name: str, lineage: Edges) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = {work for work, _ in lineage.get(waiting.pop(), ())} - found
        found |= new
        waiting += new
    return found


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
