"""The four charts of the first page, from the rows of a database."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from claimlog.export.acts import ACT
from claimlog.site.drawing.bar_chart import Bar, bar_chart, most_frequent, query_link
from claimlog.site.store import Codes, Row, Store

PERIODS, ALLIES, SOURCES = 24, 10, 6
"""Bars or series of a chart, at most."""

BY_BEGINNING = """
select substr(start, 1, 4) as year,
  case when substr(start, 1, 4) = substr("end", 1, 4)
    and (substr(start, 6, 2) + 2) / 3 = (substr("end", 6, 2) + 2) / 3
  then (substr(start, 6, 2) + 2) / 3 end as quarter, sum(n) as n
from ({dated}) group by 1, 2
"""
"""Counts by the year in which something begins, and the quarter where it lies within one."""

INCIDENTS = 'select occurred_start as start, occurred_end as "end", 1 as n from incidents'
MEASURES = f"""
select case when c.occurred_start is null then i.occurred_start else c.occurred_start end as start,
  case when c.occurred_start is null then i.occurred_end else c.occurred_end end as "end",
  count(*) as n
from claims c left join incidents i on i.incident_id = c.incident_id
where c.measure is not null and {ACT} group by 1, 2
"""
"""Acts about a measure by their own time, or else by that of their incident."""

BY_ALLY = f"""
select coalesce(a.state_id, a.actor_id) as ally, c.measure_status as status,
  count(distinct c.claim_id) as n
from claims c cross join claim_actors m on m.claim_id = c.claim_id and m.role = 'from'
cross join actors a on a.actor_id = m.actor_id
where c.measure is not null and {ACT} group by 1, 2
"""
"""Joined crosswise, which SQLite takes in this order: few claims are about a measure."""

MEASURE_ACTS = {"measure": "any", "act": "yes"}
"""Parameters of the page of claims that select the same claims."""

BY_SOURCE = """
select source_id as source, {column} as code, count(*) as n from claims
where source_id in (select value from json_each(:sources)) group by 1, 2
"""
"""Counts of a column in some articles only: an index leads to these."""


async def home_charts(store: Store) -> list[Row]:
    """Return the charts of a database."""
    codes = await store.codes()
    return [
        await over_time(store),
        await by_ally(store, codes),
        await by_topic(store, codes),
        await by_anonymity(store, codes),
    ]


async def over_time(store: Store) -> Row:
    """Return incidents and claims about a measure by year and quarter."""
    counts: list[Counter[tuple[str, int]]] = [Counter(), Counter()]
    undated = [0, 0]
    for at, dated in enumerate((INCIDENTS, MEASURES)):
        for row in await store.rows(BY_BEGINNING.format(dated=dated)):
            if row["year"] is None:
                undated[at] += row["n"]
                continue
            counts[at][row["year"], 0] += row["n"]
            if row["quarter"]:
                counts[at][row["year"], row["quarter"]] += row["n"]
    periods = sorted({*counts[0], *counts[1]})[-PERIODS:]
    bars = []
    for year, quarter in periods:
        name = f"{year}-Q{quarter}" if quarter else year
        bars.append(
            Bar(
                f"{year}, quarter {quarter}" if quarter else year,
                (counts[0][year, quarter], counts[1][year, quarter]),
                (
                    query_link(f"/{store.name}/incidents", _incident_filter(name)),
                    query_link("/claims", {**MEASURE_ACTS, "period": name}),
                ),
                minor=bool(quarter),
            )
        )
    return bar_chart(
        "time",
        "Incidents and restrictions over time",
        "Incidents, and claims in which somebody takes, plans or denies a measure that restricts "
        "or protects intelligence, by the year in which they begin; below a year, the quarters, "
        "where a date says so much. A claim without a date has that of its incident. Periods with "
        "nothing are left out. Without a known beginning: "
        f"{undated[0]:,} incidents and {undated[1]:,} claims.",
        ("incidents", "claims that tell of a measure"),
        bars,
        stacked=False,
    )


def period_bounds(period: str) -> tuple[str, str]:
    """Return the first and last day of a year or quarter.

    >>> period_bounds("2025"), period_bounds("2025-Q1")
    (('2025-01-01', '2025-12-31'), ('2025-01-01', '2025-03-31'))
    """
    year, _, quarter = period.partition("-Q")
    first, last = (3 * int(quarter) - 2, 3 * int(quarter)) if quarter else (1, 12)
    return f"{year}-{first:02}-01", f"{year}-{last:02}-{30 if last in (6, 9) else 31}"


def _incident_filter(period: str) -> dict[str, str | None]:
    """Return the parameters of the table of incidents that select those of a period."""
    first, last = period_bounds(period)
    ends = last if "Q" in period else None
    return {
        "occurred_start__gte": first,
        "occurred_start__lte": last,
        "occurred_end__lte": ends,
    }


async def by_ally(store: Store, codes: Codes) -> Row:
    """Return claims about a measure by whose measure it is and how far it has come."""
    counts: Counter[tuple[str, str]] = Counter()
    totals: Counter[str] = Counter()
    for row in await store.rows(BY_ALLY):
        counts[row["ally"], row["status"] or ""] += row["n"]
        totals[row["ally"]] += row["n"]
    actors = await store.rows("select actor_id, name from actors")
    names = {row["actor_id"]: row["name"] for row in actors}
    book = codes.get("measure_status", {})
    order = _in_order(book, ("taken", "announced", "considered", "denied", "ruled_out"))
    used = [code for code in order if any(counts[ally, code] for ally in totals)]
    allies = most_frequent(totals, ALLIES)
    more = len(totals) - len(allies)
    bars = [
        Bar(
            names.get(ally, ally),
            [counts[ally, code] for code in used],
            [
                query_link("/claims", {**MEASURE_ACTS, "ally": ally, "measure_status": code})
                for code in used
            ],
            query_link("/claims", {**MEASURE_ACTS, "ally": ally}),
        )
        for ally in allies
    ]
    return bar_chart(
        "allies",
        "Measures by ally and status",
        "Claims about a measure, by the state or group that takes, plans or denies it, the United "
        "States included, and by how far it has come. What somebody thinks of another's measure, "
        "or demands of another, is not counted. A claim about several allies counts for each"
        + (f"; {more:,} with fewer claims are left out." if more else "."),
        [book[code]["label"] for code in used],
        bars,
        stacked=True,
    )


async def by_topic(store: Store, codes: Codes) -> Row:
    """Return claims by topic, each split by article."""
    topics = await _counts(store, "topic")
    sources = await _counts(store, "source_id")
    articles = sorted(most_frequent(sources, SOURCES))
    rest = len(sources) > len(articles)
    counts = await _counts_by_source(store, "topic", articles)
    book = codes.get("topic", {})
    bars = []
    for topic in most_frequent(topics, len(topics)):
        values = [counts[source, topic] for source in articles]
        links: list[str | None] = [
            query_link("/claims", {"topic": topic, "source": source}) for source in articles
        ]
        if rest:
            values.append(topics[topic] - sum(values))
            links.append(None)
        name = book.get(topic, {}).get("label", topic)
        bars.append(Bar(name, values, links, query_link("/claims", {"topic": topic})))
    return bar_chart(
        "topics",
        "Claims by topic and article",
        "What the claims are about, and which article makes them. Articles differ in length, so "
        "a longer bar is no weightier subject.",
        [*articles, *(["other articles"] if rest else [])],
        bars,
        stacked=True,
    )


async def by_anonymity(store: Store, codes: Codes) -> Row:
    """Return attributed claims by article and by how far the speaker is identified."""
    sources = await _counts(store, "source_id")
    articles = sorted(most_frequent(sources, ALLIES))
    counts = await _counts_by_source(store, "anonymity", articles)
    own = await store.count("select count(*) as n from claims where anonymity is null")
    more = len(sources) - len(articles)
    book = codes.get("anonymity", {})
    order = _in_order(book, ("named", "institution", "on_record_unnamed", "described", "generic"))
    bars = [
        Bar(
            source,
            [counts[source, code] for code in order],
            [query_link("/claims", {"source": source, "anonymity": code}) for code in order],
            query_link("/claims", {"source": source}),
        )
        for source in articles
    ]
    return bar_chart(
        "anonymity",
        "Named against anonymous",
        "Claims that an article puts into somebody's mouth, by how far it says who that is. "
        f"{own:,} more claims are made in an article's own voice."
        + (f" The {more:,} articles with fewer claims are left out." if more else ""),
        [book[code]["label"] for code in order],
        bars,
        stacked=True,
    )


def _in_order(book: Mapping[str, Row], first: Sequence[str]) -> list[str]:
    """Return the codes of a list: those that have a place in a chart first, then the others."""
    return [*(code for code in first if code in book), *(c for c in book if c not in first)]


async def _counts(store: Store, column: str) -> dict[str, int]:
    """Return the number of claims by the values of an indexed column."""
    rows = await store.rows(f"select {column} as code, count(*) as n from claims group by 1")
    return {row["code"]: row["n"] for row in rows}


async def _counts_by_source(
    store: Store, column: str, sources: list[str]
) -> Counter[tuple[str, str]]:
    """Return the number of claims of some articles by article and the values of a column."""
    rows = await store.rows(BY_SOURCE.format(column=column), sources=json.dumps(sources))
    return Counter({(row["source"], row["code"]): row["n"] for row in rows})
