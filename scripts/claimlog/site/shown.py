"""What several pages show of claims: on whose word, from which origin, and page by page."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from claimlog.fold.components import components
from claimlog.fold.corroboration import Edges
from claimlog.site.pages import Asked
from claimlog.site.store import Row, Store

Chains = Mapping[str, list[Row]]


def listed(values: Collection[str]) -> str:
    """Return values as SQL takes them: ``in (select value from json_each(:ids))``."""
    return json.dumps(sorted(values))


async def chains(store: Store, claims: Collection[str]) -> Chains:
    """Return the hops of claims, outermost first, by claim."""
    book = (await store.codes()).get("anonymity", {})
    found: dict[str, list[Row]] = {}
    for hop in await store.rows(
        "select t.claim_id, t.actor_id, coalesce(a.name, t.description) as name, t.verb, "
        "t.anonymity, t.source_id from attributions t left join actors a using (actor_id) "
        "where t.claim_id in (select value from json_each(:ids)) order by t.claim_id, t.hop",
        ids=listed(claims),
    ):
        hop["label"] = book.get(hop["anonymity"], {}).get("label", hop["anonymity"])
        found.setdefault(hop.pop("claim_id"), []).append(hop)
    return found


async def with_chains(store: Store, rows: Iterable[Row]) -> list[Row]:
    """Return rows of claims, each with its chain; an empty one is the article's own voice."""
    given = list(rows)
    hops = await chains(store, {row["claim_id"] for row in given})
    return [{**row, "chain": hops.get(row["claim_id"], [])} for row in given]


async def lineage(store: Store) -> Edges:
    """Return what each source rests on, by any relation."""
    found: Edges = {row["source_id"]: [] for row in await store.rows("select * from sources")}
    for row in await store.rows("select source_id, derived_from_id, certainty from source_lineage"):
        found.setdefault(row["source_id"], []).append((row["derived_from_id"], row["certainty"]))
    return found


def counted_once(origins: Iterable[str], edges: Edges) -> dict[str, list[str]]:
    """Return for each origin the others that it counts once with: they share what they rest on.

    >>> counted_once(["a", "b", "c"], {"a": [("w", "certain")], "b": [("w", "certain")]})
    {'a': ['b'], 'b': ['a'], 'c': []}
    """
    names = sorted(set(origins))
    pairs = [(name, name) for name in names]
    for name in names:
        seen, waiting = {name}, [name]
        while waiting:
            for work, _ in edges.get(waiting.pop(), ()):
                if work not in seen:
                    seen.add(work)
                    waiting.append(work)
        pairs += [(name, work) for work in seen]
    tops = components(pairs)
    return {
        name: [one for one in names if one != name and tops[one] == tops[name]] for name in names
    }


def by_origin(members: Iterable[Row], edges: Edges) -> list[Row]:
    """Group claims by the work they come from; those of unknown origin come last.

    The rows have ``origin_id``, ``origin`` (its publisher), ``origin_title`` and ``source_id``.
    """
    groups: dict[str | None, Row] = {}
    for row in members:
        group = groups.setdefault(
            row["origin_id"],
            {
                "origin_id": row["origin_id"],
                "origin": row["origin"],
                "origin_title": row["origin_title"],
                "members": [],
            },
        )
        group["members"].append(row)
    together = counted_once((name for name in groups if name is not None), edges)
    for name, group in groups.items():
        group["articles"] = sorted({row["source_id"] for row in group["members"]})
        group["with"] = together[name] if name is not None else []
    return sorted(groups.values(), key=lambda group: (group["origin_id"] or "~",))


def paged(asked: Asked, total: int, size: int) -> dict[str, Any]:
    """Return which page of `total` rows is asked for; a page beyond the last is the last."""
    pages = max(1, -(-total // size))
    number = asked.number("page", 1, 1, pages)
    return {
        "page": number,
        "pages": pages,
        "total": total,
        "size": size,
        "offset": (number - 1) * size,
    }
