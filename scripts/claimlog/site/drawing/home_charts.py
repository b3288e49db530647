"""The charts of the first page, from the rows of a database; which there are is the package's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

from claimlog.site.drawing.bar_chart import Bar, bar_chart, most_frequent, query_link
from claimlog.site.lists.filters import ANY
from claimlog.site.store import Row, Store
from claimlog.site.topic import Topic, read_topic

PERIODS, DOERS, SOURCES, CODES = 24, 20, 6, 60
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
MEASURES = """
select case when c.occurred_start is null then i.occurred_start else c.occurred_start end as start,
  case when c.occurred_start is null then i.occurred_end else c.occurred_end end as "end",
  count(*) as n
from (select occurred_start, occurred_end, incident_id from claims where {counts}) c
left join incidents i on i.incident_id = c.incident_id group by 1, 2
"""
"""Claims that count for those who take a measure by their own time, or that of their incident."""

BY_DOER = """
select coalesce(a.state_id, a.actor_id) as doer, t.{status} as status,
  count(distinct t.claim_id) as n
from ({takers}) t join actors a on a.actor_id = t.actor_id group by 1, 2
"""
OWN = """
select count(distinct claim_id) as claims, count(distinct case when own then claim_id end) as own
from ({takers})
"""

TAKER = "taker"
"""The filter of the page of claims by who takes the measure, where a register says that."""

BY_SOURCE = """
select source_id as source, {column} as code, count(*) as n from claims
where source_id in (select value from json_each(:sources)) group by 1, 2
"""
"""Counts of a column in some articles only: an index leads to these."""


async def home_charts(store: Store) -> list[Row]:
    """Return the charts of a database."""
    topic = await read_topic(store)
    return [await KINDS[chart["kind"]](store, topic, chart) for chart in topic.presentation.charts]


def measure_filters(topic: Topic, doer: str | None = None) -> dict[str, str | None]:
    """Return the parameters of the page of claims that select what counts for a taker, or any."""
    if topic.register:
        return {TAKER: doer or ANY}
    measures = topic.presentation.measures or {}
    acts: dict[str, str | None] = {measures["measure"]: ANY}
    return acts | ({"act": "yes"} if topic.presentation.act else {}) | {"ally": doer}


async def over_time(store: Store, topic: Topic, chart: Row) -> Row:
    """Return incidents and claims about a measure by year and quarter."""
    measures = topic.presentation.measures
    queries = [INCIDENTS]
    if measures:
        queries.append(MEASURES.format(counts=topic.counts))
    counts: list[Counter[tuple[str, int]]] = [Counter() for _ in queries]
    undated = [0 for _ in queries]
    for at, dated in enumerate(queries):
        for row in await store.rows(BY_BEGINNING.format(dated=dated)):
            if row["year"] is None:
                undated[at] += row["n"]
                continue
            counts[at][row["year"], 0] += row["n"]
            if row["quarter"]:
                counts[at][row["year"], row["quarter"]] += row["n"]
    periods = sorted({period for counter in counts for period in counter})[-PERIODS:]
    bars = []
    for year, quarter in periods:
        name = f"{year}-Q{quarter}" if quarter else year
        links = [query_link(f"/{store.name}/incidents", _incident_filter(name))]
        if measures:
            links.append(query_link("/claims", {**measure_filters(topic), "period": name}))
        bars.append(
            Bar(
                f"{year}, quarter {quarter}" if quarter else year,
                [counter[year, quarter] for counter in counts],
                links,
                minor=bool(quarter),
            )
        )
    kinds = ("incidents", "claims")
    missing = " and ".join(f"{n:,} {kind}" for n, kind in zip(undated, kinds, strict=False))
    return bar_chart(
        chart["name"],
        chart["title"],
        f"{chart['text']} by the year in which they begin; below a year, the quarters, "
        "where a date says so much. A claim without a date has that of its incident. Periods with "
        f"nothing are left out. Without a known beginning: {missing}.",
        ["incidents", chart.get("series", "claims")][: len(queries)],
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


async def by_doer(store: Store, topic: Topic, chart: Row) -> Row:
    """Return claims about a measure by whose measure it is and how far it has come."""
    measures = topic.presentation.measures or {}
    status = measures["status"]
    counts: Counter[tuple[str, str]] = Counter()
    totals: Counter[str] = Counter()
    for row in await store.rows(BY_DOER.format(status=status, takers=topic.takers_query(status))):
        counts[row["doer"], row["status"] or ""] += row["n"]
        totals[row["doer"]] += row["n"]
    actors = await store.rows("select actor_id, name from actors")
    names = {row["actor_id"]: row["name"] for row in actors}
    book = await _codelist(store, topic, status)
    order = _in_order(book, chart.get("order", ()))
    doers = most_frequent(totals, DOERS)
    reached = {code for _, code in counts}
    used, left_out = _most_used([code for code in order if code in reached], counts)
    more = len(totals) - len(doers)
    bars = [
        Bar(
            names.get(doer, doer),
            [counts[doer, code] for code in used],
            [query_link("/claims", measure_filters(topic, doer) | {status: code}) for code in used],
            query_link("/claims", measure_filters(topic, doer)),
        )
        for doer in doers
    ]
    return bar_chart(
        chart["name"],
        chart["title"],
        chart["text"]
        + (f"; {more:,} with {_fewer(totals, doers)} are left out." if more else ".")
        + left_out
        + await _own_share(store, topic, chart),
        [book[code]["label"] for code in used],
        bars,
        stacked=True,
    )


def _fewer(counts: Mapping[str, int], listed: Sequence[str]) -> str:
    """Return what those that a chart leaves out have, as against those that it lists."""
    least = min((counts[name] for name in listed), default=0)
    split = any(counts[name] == least for name in counts if name not in listed)
    return "as many claims or fewer" if split else "fewer claims"


async def _own_share(store: Store, topic: Topic, chart: Row) -> str:
    """Return a sentence about how many of the claims rest on the taker's own word."""
    measures = topic.presentation.measures or {}
    if "account" not in measures:
        return ""
    [row] = await store.rows(OWN.format(takers=topic.takers_query()))
    words = str(chart.get("series", measures["own_words"]))
    return f" {words[:1].upper()}{words[1:]}: {row['own']:,} of {row['claims']:,} claims."


async def by_column(store: Store, topic: Topic, chart: Row) -> Row:
    """Return claims by a coded column, each code split by article."""
    column = chart["column"]
    many = topic.presentation.source_noun.many
    totals = await _counts(store, column)
    sources = await _counts(store, "source_id")
    articles = sorted(most_frequent(sources, SOURCES))
    rest = len(sources) > len(articles)
    counts = await _counts_by_source(store, column, articles)
    book = await _codelist(store, topic, column)
    bars = []
    listed = most_frequent(totals, CODES)
    more = len(totals) - len(listed)
    for code in listed:
        values = [counts[source, code] for source in articles]
        links: list[str | None] = [
            query_link("/claims", {column: code, "source": source}) for source in articles
        ]
        if rest:
            values.append(totals[code] - sum(values))
            links.append(None)
        name = book.get(code, {}).get("label", code)
        bars.append(Bar(name, values, links, query_link("/claims", {column: code})))
    return bar_chart(
        chart["name"],
        chart["title"],
        f"{chart['text']} {many[:1].upper()}{many[1:]} differ in length, so a longer bar "
        "is no weightier subject."
        + (f" {more:,} codes with {_fewer(totals, listed)} are left out." if more else ""),
        [*articles, *([f"other {many}"] if rest else [])],
        bars,
        stacked=True,
    )


async def by_source(store: Store, topic: Topic, chart: Row) -> Row:
    """Return the claims of each article that have a code in a column, by code."""
    column = chart["column"]
    sources = await _counts(store, "source_id")
    articles = sorted(most_frequent(sources, DOERS))
    counts = await _counts_by_source(store, column, articles)
    without = await store.count(f"select count(*) as n from claims where {column} is null")
    more = len(sources) - len(articles)
    many = topic.presentation.source_noun.many
    book = await _codelist(store, topic, column)
    order, left_out = _most_used(_in_order(book, chart.get("order", ())), counts)
    bars = [
        Bar(
            source,
            [counts[source, code] for code in order],
            [query_link("/claims", {"source": source, column: code}) for code in order],
            query_link("/claims", {"source": source}),
        )
        for source in articles
    ]
    return bar_chart(
        chart["name"],
        chart["title"],
        f"{chart['text']} {without:,} more claims {chart.get('series', 'have no such code')}."
        + (f" {more:,} {many} with {_fewer(sources, articles)} are left out." if more else "")
        + left_out,
        [book[code]["label"] for code in order],
        bars,
        stacked=True,
    )


KINDS: Mapping[str, Callable[[Store, Topic, Row], Awaitable[Row]]] = {
    "periods": over_time,
    "doers": by_doer,
    "column": by_column,
    "sources": by_source,
}
"""What draws each kind of chart that a package can ask for."""


async def _codelist(store: Store, topic: Topic, column: str) -> dict[str, Row]:
    """Return the codes of a column of claims; none if it has no code list."""
    return (await store.codes()).get(topic.columns[column].codelist or "", {})


def _in_order(book: Mapping[str, Row], first: Sequence[str]) -> list[str]:
    """Return the codes of a list: those that have a place in a chart first, then the others."""
    return [*(code for code in first if code in book), *(c for c in book if c not in first)]


def _most_used(
    codes: Sequence[str], counts: Mapping[tuple[str, str], int]
) -> tuple[list[str], str]:
    """Return those codes that a chart has room for, in their order, and what it says of others."""
    if len(codes) <= CODES:
        return [*codes], ""
    totals: Counter[str] = Counter()
    for (_, code), number in counts.items():
        totals[code] += number
    most = set(sorted(codes, key=lambda code: -totals[code])[:CODES])
    listed = [code for code in codes if code in most]
    return listed, f" {len(codes) - len(listed):,} codes with fewer claims are left out."


async def _counts(store: Store, column: str) -> dict[str, int]:
    """Return the number of claims by the values of an indexed column."""
    rows = await store.rows(f"select {column} as code, count(*) as n from claims group by 1")
    return {row["code"]: row["n"] for row in rows if row["code"] is not None}


async def _counts_by_source(
    store: Store, column: str, sources: list[str]
) -> Counter[tuple[str, str]]:
    """Return the number of claims of some articles by article and the values of a column."""
    rows = await store.rows(BY_SOURCE.format(column=column), sources=json.dumps(sources))
    return Counter({(row["source"], row["code"]): row["n"] for row in rows})
