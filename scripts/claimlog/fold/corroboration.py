"""Corroboration: where each claim comes from, and which claims state the same fact.

A claim's origin is the work that it ultimately comes from: the article itself where a coder found
that the article added it (``origin_basis``), none where he could not tell, else the registered work
that its attribution chain names innermost, else its article; from there ``wasDerivedFrom`` is
walked back to a work that is derived from nothing else. (The other relations say whom a work cites;
which claims rest on that is in their chains.) Where the lineage leaves the origin open, or the
chain ends with nobody in particular ("reports say") and names no work, there is none: unknown
ancestry adds no independent origin. Claims are grouped by ``same_fact`` links; among the origins of
a group those count once that rest on one another, or on one work, by any edge of the lineage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import narwhals as nw

from claimlog.connected_components import components
from claimlog.fold.claim_summary import EntityReports, FactClaim
from claimlog.fold.row_versions import Frame, frame_like

Lineage = dict[str, list[tuple[str, str]]]
"""By source, the works that it goes back to, each with the certainty of that."""

GENERIC = "generic"
"""Anonymity of a speaker who is nobody in particular."""

DERIVED_FROM = "wasDerivedFrom"
ORIGIN_BASIS, ADDED, UNTOLD = "origin_basis", "added", "unknown"


def with_origins(claims: Frame, hops: Frame, sources: Frame) -> Frame:
    """Return claims with their ``origin_id``.

    Parameters
    ----------
    claims
        Live claims with ``anonymity``, that of the innermost hop.
    hops, sources
        All hops of the claims; live sources.
    """
    origin_of = ultimate_origins(lineage_edges(sources, DERIVED_FROM))
    origins = frame_like(
        {"work_id": list(origin_of), "origin_id": list(origin_of.values())},
        {"work_id": nw.String(), "origin_id": nw.String()},
        claims,
    )
    naming = hops.filter(~nw.col("source_id").is_null())
    cited = naming.filter(nw.col("hop") == nw.col("hop").max().over("claim_id")).select(
        "claim_id", nw.col("source_id").alias("cited_id")
    )
    joined = claims.join(cited, on="claim_id", how="left")
    vague = (nw.col("anonymity") == GENERIC) & nw.col("cited_id").is_null()
    walked_claims = joined.with_columns(
        nw.when(~vague | nw.col("anonymity").is_null())
        .then(nw.coalesce("cited_id", "source_id"))
        .alias("work_id")
    ).join(origins, on="work_id", how="left")
    if ORIGIN_BASIS not in claims.collect_schema().names():
        return walked_claims
    basis = nw.col(ORIGIN_BASIS)
    told = basis.is_null() | ~basis.is_in((ADDED, UNTOLD))
    return walked_claims.with_columns(
        nw.when(told)
        .then(nw.col("origin_id"))
        .otherwise(nw.when(basis == ADDED).then(nw.col("source_id")))
        .alias("origin_id")
    )


def lineage_edges(sources: Frame, relation: str | None = None) -> Lineage:
    """Return the works that each source goes back to, by one relation or by any."""
    return {
        row["source_id"]: [
            (edge["source_id"], edge["certainty"])
            for edge in row["lineage"] or ()
            if relation in (None, edge["relation"])
        ]
        for row in sources.select("source_id", "lineage").collect().rows(named=True)
    }


def corroboration_tables(
    claims: Sequence[FactClaim], groups: Mapping[str, str], sources: Frame
) -> dict[str, Frame]:
    """Return the tables ``corroboration`` and ``corroboration_claims``.

    Parameters
    ----------
    claims
        The live claims in groups.
    groups
        Group by claim.
    sources
        Live rows.
    """
    rows = sorted((groups[claim.claim_id], claim) for claim in claims)
    names = ("fact_id", "claim_id", "source_id", "origin_id")
    return {
        "corroboration_claims": frame_like(
            {
                "fact_id": [fact for fact, _ in rows],
                **{name: [getattr(claim, name) for _, claim in rows] for name in names[1:]},
            },
            {name: nw.String() for name in names},
            sources,
        ),
        "corroboration": frame_like(
            _summary(rows, lineage_edges(sources)),
            {
                "fact_id": nw.String(),
                "claims": nw.Int64(),
                "articles": nw.Int64(),
                "independent_origins": nw.Int64(),
                "unknown_origins": nw.Int64(),
                "statement": nw.String(),
            },
            sources,
        ),
    }


def report_counts(reports: Mapping[str, EntityReports], key: str, sources: Frame) -> Frame:
    """Return the counts of each entity, by `key`: claims, articles and origins that report it."""
    lineage = lineage_edges(sources)
    columns = {
        "claims": [one.claims for one in reports.values()],
        "articles": [len(one.articles) for one in reports.values()],
        "unknown_origins": [one.unknown_origins for one in reports.values()],
        "independent_origins": [
            count_independent(one.origins, lineage) for one in reports.values()
        ],
    }
    return frame_like(
        {key: list(reports), **columns},
        {key: nw.String(), **dict.fromkeys(columns, nw.Int64())},
        sources,
    )


def _summary(rows: list[tuple[str, FactClaim]], lineage: Lineage) -> dict[str, list[object]]:
    groups: dict[str, list[FactClaim]] = {}
    for fact, claim in rows:
        groups.setdefault(fact, []).append(claim)
    statements = {claim.claim_id: claim.statement for _, claim in rows}
    return {
        "fact_id": list(groups),
        "claims": [len(group) for group in groups.values()],
        "articles": [len({claim.source_id for claim in group}) for group in groups.values()],
        "independent_origins": [
            count_independent({m.origin_id for m in group if m.origin_id}, lineage)
            for group in groups.values()
        ],
        "unknown_origins": [
            sum(claim.origin_id is None for claim in group) for group in groups.values()
        ],
        # a group is named after its first claim; where that one is retracted, the next speaks
        "statement": [statements.get(fact, group[0].statement) for fact, group in groups.items()],
    }


def count_independent(origins: Iterable[str], lineage: Lineage) -> int:
    """Return the number of independent origins: those that rest on one work count once.

    >>> count_independent({"a", "b", "c"}, {"a": [("w", "certain")], "b": [("w", "unknown")]})
    2
    """
    return len(set(independence_groups(origins, lineage).values()))


def independence_groups(origins: Iterable[str], lineage: Lineage) -> dict[str, str]:
    """Return the group of each origin: origins that rest on one work, by any edge, are in one.

    >>> groups = independence_groups("abc", {"a": [("w", "certain")], "b": [("w", "unknown")]})
    >>> groups["a"] == groups["b"], groups["a"] == groups["c"]
    (True, False)
    """
    names = sorted(set(origins))
    tops = components(_edges_above(names, lineage)) if len(names) > 1 else {}
    return {name: tops.get(name, name) for name in names}


def _edges_above(names: Iterable[str], lineage: Lineage) -> Iterator[tuple[str, str]]:
    """Yield every edge above the names, each once: to their works, to the works of those, …"""
    visited = set(names)
    waiting = sorted(visited)
    while waiting:
        name = waiting.pop()
        for work, _ in lineage.get(name, ()):
            yield name, work
            if work not in visited:
                visited.add(work)
                waiting.append(work)


def ultimate_origins(lineage: Lineage) -> dict[str, str | None]:
    """Return the ultimate origin of every source, None where it is unknown or not one.

    An edge of unknown certainty leads nowhere that can be counted. A source derived from several
    works that go back to different origins has no single one.
    """
    origins: dict[str, str | None] = {}
    visited: set[str] = set()
    waiting = list(lineage)
    # not by recursion: a chain may be long, and within a batch it may run in a circle
    while waiting:
        name = waiting[-1]
        certain = [work for work, certainty in lineage.get(name, ()) if certainty != "unknown"]
        new = [work for work in certain if work not in origins and work not in visited]
        visited.add(name)
        if new and name not in origins:
            waiting += new
            continue
        waiting.pop()
        ends = {origins.get(work) for work in certain}
        if len(certain) < len(lineage.get(name, ())):
            ends.add(None)
        # within a batch a work may be withdrawn before what is derived from it
        alone = name if name in lineage else None
        origins[name] = (ends.pop() if len(ends) == 1 else None) if ends else alone
    return origins
