"""The page of claims by some coded columns: how many, by another column, and who speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from claimlog.site.drawing.bar_chart import query_link
from claimlog.site.lineage import count_origins
from claimlog.site.origin_groups import origins_by_group
from claimlog.site.page import PageRequest
from claimlog.site.store import Row, Store
from claimlog.site.topic import Topic, read_topic

LISTED = 200
"""Rows that the page lists."""
SPEAKERS = 12
"""Speakers of a row that are named, those with most claims."""
YEARS, PARTS = 60, 40
"""Years that the page lists, and codes of the column that claims are split by."""

Key = tuple[str | None, ...]


async def tallies_page(page: Row, store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return the claims of a database by the codes of some columns."""
    return await store.memoize(f"page {page['name']}", lambda store: _tallies(page, store))


async def _tallies(page: Row, store: Store) -> Row:
    topic = await read_topic(store)
    codes = await store.codes()
    columns, split = page["columns"], page.get("split")
    lists = {name: topic.columns[name].codelist or "" for name in (*columns, split) if name}
    counts = await _counts(store, columns, split)
    origins = await count_origins(
        origins_by_group, ((_key(row, columns), row["origin_id"]) for row in counts), store
    )
    groups: dict[Key, Row] = {}
    articles: dict[Key, set[str]] = {}
    for row in counts:
        key = _key(row, columns)
        group = groups.setdefault(
            key, {"claims": 0, "unknown_origins": 0, "split": {}, "speakers": []}
        )
        group["claims"] += row["claims"]
        group["unknown_origins"] += row["claims"] if row["origin_id"] is None else 0
        group["split"][row["split"]] = group["split"].get(row["split"], 0) + row["claims"]
        articles.setdefault(key, set()).add(row["source_id"])
    rest = groups.pop((None,) * len(columns), {"claims": 0})["claims"]
    if page.get("speakers"):
        for key, speakers in (await _speakers(store, columns)).items():
            groups[key]["speakers"] = speakers
    used = {code for group in groups.values() for code in group["split"] if code}
    book = codes.get(lists.get(split or "", ""), {})
    parts = [code for code in (*page.get("split_order", ()), *book) if code in used]
    parts = [*dict.fromkeys(parts)]
    listed_parts = parts[:PARTS]
    order = page.get("order", ())
    filters = {item["column"] for item in topic.filters}
    ordered = sorted(groups, key=lambda key: _place(order, key, groups[key]))
    return {
        "title": page["title"],
        "page": page,
        "total": sum(group["claims"] for group in groups.values()),
        "rest": rest,
        "columns": [_column(topic, name) for name in columns],
        "split": _column(topic, split) if split else None,
        "parts": [codes.entry(lists[split], code) for code in listed_parts] if split else [],
        "parts_total": len(parts),
        "rows": [
            {
                "codes": [
                    codes.entry(lists[name], code) if code else None
                    for name, code in zip(columns, key, strict=True)
                ],
                "claims": groups[key]["claims"],
                "articles": len(articles[key]),
                "independent_origins": origins[key],
                "unknown_origins": groups[key]["unknown_origins"],
                "parts": [groups[key]["split"].get(code, 0) for code in listed_parts],
                "speakers": groups[key]["speakers"],
                "path": _selection(columns, key) if filters.issuperset(columns) else None,
            }
            for key in ordered[:LISTED]
        ],
        "rows_total": len(groups),
        "years": await _years(store) if page.get("periods") else [],
        "undated": await store.count(UNDATED) if page.get("periods") else 0,
    }


UNDATED = (
    "select count(*) as n from claims c left join incidents i on i.incident_id = c.incident_id "
    "where coalesce(c.occurred_start, i.occurred_start) is null"
)


async def _years(store: Store) -> list[Row]:
    """Return the years in which claims, or else their incidents, begin."""
    rows = await store.rows(
        "select substr(coalesce(c.occurred_start, i.occurred_start), 1, 4) as year, "
        "count(*) as claims from claims c left join incidents i on i.incident_id = c.incident_id "
        "where coalesce(c.occurred_start, i.occurred_start) is not null group by 1 "
        "order by 1 desc limit :most",
        most=YEARS,
    )
    return [{**row, "path": query_link("/claims", {"period": row["year"]})} for row in rows]


async def _counts(store: Store, columns: list[str], split: str | None) -> list[Row]:
    """Return the number of claims by the columns, the one they are split by, origin and article."""
    selected = ", ".join(columns)
    return await store.rows(
        f"select {selected}, {split or 'null'} as split, origin_id, source_id, count(*) as claims "
        f"from claims group by {selected}, {split or 'null'}, origin_id, source_id"
    )


async def _speakers(store: Store, columns: list[str]) -> dict[Key, list[Row]]:
    """Return the innermost speakers of each group, those with most claims first."""
    selected = ", ".join(f"c.{name} as {name}" for name in columns)
    names = ", ".join(columns)
    rows = await store.rows(
        f"select * from (select *, row_number() over (partition by {names} order by claims desc, "
        f"name) as place, count(*) over (partition by {names}) as of_all from "
        f"(select {selected}, a.actor_id, a.name, count(*) as claims from claims c "
        "join actors a on a.actor_id = c.speaker_id "
        f"group by {', '.join(f'c.{name}' for name in columns)}, a.actor_id)) where place <= :most",
        most=SPEAKERS,
    )
    speakers: dict[Key, list[Row]] = {}
    for row in rows:
        one = {key: row[key] for key in ("actor_id", "name", "claims", "of_all")}
        speakers.setdefault(_key(row, columns), []).append(one)
    return speakers


def _key(row: Row, columns: list[str]) -> Key:
    return tuple(row[name] for name in columns)


def _column(topic: Topic, name: str) -> Row:
    """Return a column with what it is called where claims are filtered by it."""
    labels = {item["column"]: item.get("label") for item in topic.filters}
    column = topic.columns[name]
    label = labels.get(name) or column.label
    return {"column": name, "label": label, "codelist": column.codelist}


def _place(order: Sequence[str], key: Key, group: Row) -> tuple[Any, ...]:
    """Order rows: by the first column as the package has it, then by number of claims."""
    first = str(key[0])
    place = order.index(first) if first in order else len(order)
    return (place, first, -group["claims"], *map(str, key[1:]))


def _selection(columns: list[str], key: Key) -> str | None:
    """Return the path of the page of claims that selects those of a row, if one can."""
    if None in key:
        return None
    return query_link("/claims", dict(zip(columns, key, strict=True)))
