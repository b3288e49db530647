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

from collections.abc import Iterable, Iterator, Mapping, Sequence

import narwhals as nw

from claimlog.fold.claim_summary import Member, Reports
from claimlog.fold.components import components
from claimlog.fold.states import Frame, made

Edges = dict[str, list[tuple[str, str]]]

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
    known = made(
        {"work_id": list(walked), "origin_id": list(walked.values())},
        {"work_id": nw.String(), "origin_id": nw.String()},
        claims,
    )
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


def corroborate(
    members: Sequence[Member], groups: Mapping[str, str], sources: Frame
) -> dict[str, Frame]:
    """Return the tables ``corroboration`` and ``corroboration_claims``.

    Parameters
    ----------
    members
        The live claims that a group has.
    groups
        Group by claim; a claim that is not live is in none.
    sources
        Live rows.
    """
    rows = sorted((groups[member.claim_id], member) for member in members)
    names = ("fact_id", "claim_id", "source_id", "origin_id")
    return {
        "corroboration_claims": made(
            {
                "fact_id": [fact for fact, _ in rows],
                **{name: [getattr(member, name) for _, member in rows] for name in names[1:]},
            },
            {name: nw.String() for name in names},
            sources,
        ),
        "corroboration": made(
            _summary(rows, edges(sources)),
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


def reported(reports: Mapping[str, Reports], key: str, sources: Frame) -> Frame:
    """Return by `key` how many claims, articles and independent origins report an entity."""
    lineage = edges(sources)
    columns = {
        "claims": [found.claims for found in reports.values()],
        "articles": [len(found.articles) for found in reports.values()],
        "unknown_origins": [found.unknown for found in reports.values()],
        "independent_origins": [independent(found.origins, lineage) for found in reports.values()],
    }
    return made(
        {key: list(reports), **columns},
        {key: nw.String(), **dict.fromkeys(columns, nw.Int64())},
        sources,
    )


def _summary(rows: list[tuple[str, Member]], lineage: Edges) -> dict[str, list[object]]:
    groups: dict[str, list[Member]] = {}
    for fact, member in rows:
        groups.setdefault(fact, []).append(member)
    statements = {member.claim_id: member.statement for _, member in rows}
    return {
        "fact_id": list(groups),
        "claims": [len(group) for group in groups.values()],
        "articles": [len({member.source_id for member in group}) for group in groups.values()],
        "independent_origins": [
            independent({m.origin_id for m in group if m.origin_id}, lineage)
            for group in groups.values()
        ],
        "unknown_origins": [
            sum(member.origin_id is None for member in group) for group in groups.values()
        ],
        # a group is named after its first claim; where that one is retracted, the next speaks
        "statement": [statements.get(fact, group[0].statement) for fact, group in groups.items()],
    }


def independent(origins: set[str], lineage: Edges) -> int:
    """Return how many of the origins share no work that they rest on, whatever the relation.

    >>> independent({"a", "b", "c"}, {"a": [("w", "certain")], "b": [("w", "unknown")]})
    2
    """
    return len(set(independence_groups(origins, lineage).values()))


def independence_groups(origins: Iterable[str], lineage: Edges) -> dict[str, str]:
    """Return the group of each origin: those that share a work that they rest on are in one.

    >>> groups = independence_groups("abc", {"a": [("w", "certain")], "b": [("w", "unknown")]})
    >>> groups["a"] == groups["b"], groups["a"] == groups["c"]
    (True, False)
    """
    names = sorted(set(origins))
    tops = components(_edges_above(names, lineage)) if len(names) > 1 else {}
    return {name: tops.get(name, name) for name in names}


def _edges_above(names: Iterable[str], lineage: Edges) -> Iterator[tuple[str, str]]:
    """Yield once every edge that can be walked back from the names."""
    seen = set(names)
    waiting = sorted(seen)
    while waiting:
        name = waiting.pop()
        for work, _ in lineage.get(name, ()):
            yield name, work
            if work not in seen:
                seen.add(work)
                waiting.append(work)


def roots(lineage: Edges) -> dict[str, str | None]:
    """Return the ultimate origin of every source, None where it is unknown or not one.

    An edge of unknown certainty leads nowhere that can be counted. A source derived from several
    works that go back to different origins has no single one.
    """
    found: dict[str, str | None] = {}
    begun: set[str] = set()
    waiting = list(lineage)
    # not by recursion: a chain may be long, and within a batch it may run in a circle
    while waiting:
        name = waiting[-1]
        known = [(work, sure) for work, sure in lineage.get(name, ()) if sure != "unknown"]
        new = [work for work, _ in known if work not in found and work not in begun]
        begun.add(name)
        if new and name not in found:
            waiting += new
            continue
        waiting.pop()
        ends = {found.get(work) for work, _ in known}
        if len(known) < len(lineage.get(name, ())):
            ends.add(None)
        # within a batch a work may be withdrawn before what is derived from it
        alone = name if name in lineage else None
        found[name] = (ends.pop() if len(ends) == 1 else None) if ends else alone
    return found
