"""Every kind of address of a served package: registered pages, tables, canned queries.

Identifiers are taken from the database, from those with most behind them to those with least.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote, urlencode

from claimlog.errors import ClaimlogError
from claimlog.export.queries import available_queries
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Table
from claimlog.site.claim_filters import SORTS
from claimlog.site.page import Page
from claimlog.site.page_list import PAGES
from claimlog.site.pages.package_pages import pages_of_topic
from claimlog.site.pagination import PAGE_SIZE
from workshop.bench.site.client import AddressKind
from workshop.bench.site.dataset import DAY, DOCUMENT, IMAGE, LATER_VERSION

T = TypeVar("T")

PATHS_PER_PATTERN = 8
"""Addresses of a pattern, each with another identifier."""

FILES = ("/downloads/", "/docs/IMAGE")
"""Pages that send a file, which has no JSON twin."""

BEYOND_LAST = "9" * 9
"""A page number beyond the last; the site says that there is none."""

SAMPLES = (
    "select claim_id from claim_versions group by 1 order by count(*) desc, 1",
    "select s.source_id from sources s order by (select count(*) from claims c where "
    "c.source_id = s.source_id) + (select count(*) from claims c where c.origin_id = s.source_id) "
    "desc, 1",
    "select actor_id from claim_actors group by 1 order by count(*) desc, 1",
    "select incident_id from incidents order by claims desc, 1",
    "select coalesce(a.state_id, a.actor_id) as ally, c.measure from claims c "
    "join measure_takers t using (measure_id) join actors a using (actor_id) "
    "where c.measure > '' group by 1, 2 order by count(*) desc, 1, 2",
    "select fact_id from corroboration order by claims desc, 1",
    "select codelist from codebook group by 1 order by count(*) desc, 1",
    "select version from releases order by amended + retracted desc",
    "select 'sources.parquet' as file union all select 'validation.json'",
    "select coalesce(trust_holder ->> 0, '-') as holder, coalesce(trust_object ->> 0, '-') as "
    "object from claims where trust_sign is not null "
    "and coalesce(json_array_length(trust_holder), 0) < 2 "
    "and coalesce(json_array_length(trust_object), 0) < 2 "
    "group by 1, 2 order by count(*) desc, 1, 2",
    f"select '{DOCUMENT}' as document",
    f"select '{IMAGE}' as image",
)
"""Values of the named parts of patterns: columns of the first query that has them all."""

EXTRA_QUERIES: Mapping[str, Sequence[str]] = {
    "/disputes": [
        f"relation={code}&page={page}"
        for code in ("disputes", "qualifies")
        for page in (2, BEYOND_LAST)
    ],
    "/reasons": ["topic=sharing", "page=2", f"page={BEYOND_LAST}"],
    "/facts": ["page=2", f"page={BEYOND_LAST}"],
    "/as-of": ["batch=2", f"batch=2&page={BEYOND_LAST}", "batch=3&page=500", f"date={DAY}"],
    "/sources/(?P<source_id>[^/.]+)": ["page=2", f"page={BEYOND_LAST}"],
    "/releases/(?P<version>[^/]+?)": ["page=2", f"page={BEYOND_LAST}"],
}
"""Query strings that are asked for beside the bare address: later parts of lists, dates."""

TAKER = (
    "select coalesce(a.state_id, a.actor_id) from measure_takers join actors a using (actor_id) "
    "group by 1 order by count(*) desc, 1"
)
PARAMETERS = {
    "ally": "select actor_id from actors where actor_type = 'state' order by actor_id",
    "claim_id": SAMPLES[0],
    "course": "select distinct trust_course from claims where trust_course is not null order by 1",
    "measure_id": "select measure_id from measures order by measure_id",
    "since": "select min(occurred_start) from claims union all select '2010' union all "
    "select '2025-01-01'",
    "topic": "select distinct topic from claims order by topic",
    "until": "select '2011-06' union all select max(occurred_end) from claims",
}
"""Where the values of the parameters of canned queries come from."""

PATTERN_PART = re.compile(r"\(\?P<(\w+)>\[[^\]]*\]\+\??\)")
SQL_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")


def address_kinds(
    database: sqlite3.Connection, name: str, definition: Definition
) -> list[AddressKind]:
    """Return every kind of address in order; `name` is the name of the database in them."""
    site_pages = (
        *(page for page in PAGES if not page.is_document),
        *pages_of_topic(definition.presentation.pages),
    )
    kinds = [
        *_page_kinds(database, site_pages),
        *_claim_list_kinds(database),
        _search_kind(database),
    ]
    pages = [*kinds]
    kinds += [
        AddressKind(
            f"{kind.name}, as JSON", "the same pages as JSON", [*map(json_address, kind.paths)]
        )
        for kind in pages
        if not kind.name.startswith(FILES)
    ]
    frozen = {item.pattern for item in site_pages if item.in_releases}
    kinds += [
        AddressKind(
            f"{kind.name}, in release {LATER_VERSION}",
            "the same pages in a release",
            [f"/releases/{LATER_VERSION}{path}" for path in kind.paths],
        )
        for kind in pages
        if any(readable_pattern(pattern) == kind.name.partition(":")[0] for pattern in frozen)
    ]
    kinds.append(AddressKind(f"/{name}", "the list of tables and queries", [f"/{name}"]))
    for table in definition.tables.values():
        kinds += _table_kinds(database, f"/{name}/{table.name}", table)
    for query, canned in available_queries(definition).items():
        kinds += _query_kinds(database, f"/{name}/{query}", canned.sql)
    return kinds


def readable_pattern(pattern: str) -> str:
    """Return a route pattern as documentation writes it.

    >>> readable_pattern("/claims/(?P<claim_id>[^/.]+)"), readable_pattern("(?:/index|/(?=x))?")
    ('/claims/CLAIM', '/')
    """
    named = PATTERN_PART.sub(lambda part: part[1].removesuffix("_id").upper(), pattern)
    return "/" if "(" in named else named


def json_address(path: str) -> str:
    """Return the address of a page's JSON twin.

    >>> json_address("/"), json_address("/claims?page=2")
    ('/index.json', '/claims.json?page=2')
    """
    bare, mark, query = path.partition("?")
    return f"{bare.rstrip('/') or '/index'}.json{mark}{query}"


def _page_kinds(database: sqlite3.Connection, site_pages: Sequence[Page]) -> Iterator[AddressKind]:
    """Yield the kinds of all pages of the site and of the package's topic.

    Raises
    ------
    ClaimlogError
        If nothing says what a part of a pattern is.
    """
    for item in site_pages:
        paths = _pattern_paths(database, item.pattern)
        bare = [*paths]
        for query in EXTRA_QUERIES.get(item.pattern, ()):
            paths += [f"{path}?{query}" for path in bare[:2]]
        for path in bare:
            if not re.match(rf"^{item.pattern}(?P<json>\.json)?/?$", path):
                raise ClaimlogError(f"bench site: cannot ask for {item.pattern}; see SAMPLES")
        yield AddressKind(readable_pattern(item.pattern), readable_pattern(item.pattern), paths)


def _pattern_paths(database: sqlite3.Connection, pattern: str) -> list[str]:
    names = PATTERN_PART.findall(pattern)
    if not names:
        return [readable_pattern(pattern)]
    for sql in SAMPLES:
        cursor = database.execute(sql)
        columns = [column[0] for column in cursor.description]
        if {*columns} >= {*names}:
            rows = [
                dict(zip(columns, row, strict=True)) for row in evenly_spaced(cursor.fetchall())
            ]
            return [_filled_pattern(pattern, row) for row in rows]
    raise ClaimlogError(
        f"bench site: no query gives {', '.join(names)} for {pattern}; add one to SAMPLES"
    )


def _filled_pattern(pattern: str, values: Mapping[str, str]) -> str:
    return PATTERN_PART.sub(lambda part: quote(values[part[1]]), pattern)


def evenly_spaced(rows: Sequence[T], most: int = PATHS_PER_PATTERN) -> list[T]:
    """Return some of the rows at even distances, the first and the last among them.

    >>> evenly_spaced(range(100), 4), evenly_spaced([1], 4)
    ([0, 33, 66, 99], [1])
    """
    if len(rows) <= most:
        return [*rows]
    return [rows[at * (len(rows) - 1) // (most - 1)] for at in range(most)]


def _claim_list_kinds(database: sqlite3.Connection) -> Iterator[AddressKind]:
    """Yield the lists of claims: parts of the whole, searches, and filters."""
    total = _first_value(database, "select count(*) from claims")
    last = max(1, -(-int(total) // PAGE_SIZE))
    page = "/claims"
    yield AddressKind(
        "/claims: later parts",
        "/claims: later parts",
        [
            f"{page}?page={number}"
            for number in (min(2, last), max(1, last // 2), last, BEYOND_LAST)
        ],
    )
    words = _search_words(database)
    parameter_sets = [{"q": word} for word in words]
    parameter_sets += [
        {"q": words[0], "page": BEYOND_LAST},
        {"q": f'"{words[-1]}"'},
        {"q": "zzzzzz"},
    ]
    yield _claim_list_kind("/claims: searches", parameter_sets)
    values = {
        name: str(_first_value(database, f"select {column} from {_COMMONEST.format(column)}"))
        for name, column in (
            *(("source", "source_id"), ("topic", "topic"), ("content", "content")),
            *(("voice", "voice"), ("modality", "modality"), ("anonymity", "anonymity")),
            *(("sharing_effect", "sharing_effect"), ("measure", "measure")),
            *(("measure_status", "measure_status"), ("origin", "origin_id")),
            ("incident", "incident_id"),
        )
    }
    values["ally"] = str(_first_value(database, PARAMETERS["ally"]))
    values["taker"] = str(_first_value(database, TAKER))
    year = str(
        _first_value(
            database,
            "select substr(occurred_start, 1, 4) from claims where occurred_start is not null "
            "group by 1 order by count(*) desc limit 1",
        )
    )
    alone = [{name: value} for name, value in values.items()]
    alone += [{"measure": "any"}, {"taker": "any"}, {"anonymity": "none"}, {"origin": "none"}]
    alone += [{"period": year}, {"period": f"{year}-Q1"}]
    alone += [{"towards": values["ally"]}, {"speaker": "any"}]
    alone += [{"occurred": year}, {"occurred": f"{year}-03"}]
    yield _claim_list_kind("/claims: one filter", alone)
    yield _claim_list_kind(
        "/claims: one filter, a page beyond the last",
        [one | {"page": BEYOND_LAST} for one in alone],
    )
    names = [*values]
    several = [
        {one: values[one], other: values[other]}
        for one, other in zip(names, [*names[5:], *names[:5]], strict=True)
    ]
    several += [{"q": words[0], name: values[name]} for name in ("topic", "ally", "source")]
    several += [{"q": words[0], "period": year}, {"measure": "any", "period": year}]
    yield _claim_list_kind("/claims: filters and words together", several)
    either = [
        [("topic", code) for (code,) in database.execute(PARAMETERS["topic"])],
        [("ally", values["ally"]), ("ally", "none"), ("topic", values["topic"])],
        [("occurred", year), ("occurred", "none"), ("source", values["source"])],
    ]
    yield _claim_list_kind("/claims: several values of a filter", either)
    orders = [sort.name for sort in SORTS]
    yield _claim_list_kind(
        "/claims: orders",
        [
            {"sort": name, **more}
            for name in orders
            for more in ({}, {"page": str(max(1, last // 2))})
        ],
    )


_COMMONEST = (
    "(select {0} from claims where {0} is not null group by 1 order by count(*) desc, 1 limit 1)"
)


Parameters = Mapping[str, str] | Sequence[tuple[str, str]]


def _claim_list_kind(name: str, parameter_sets: Sequence[Parameters]) -> AddressKind:
    return AddressKind(name, name, [f"/claims?{urlencode(one)}" for one in parameter_sets])


def _search_kind(database: sqlite3.Connection) -> AddressKind:
    """Return searches for words and names, for words with slips, and for what is not there."""
    words = _search_words(database)
    names = [name for (name,) in database.execute("select name from actors order by actor_id")]
    texts = [*words, *evenly_spaced(names, 3), *(f"{word}{word[-1]}" for word in words[:3])]
    texts += [" ".join(words[:6]), "zzzzzz", "zzzzzz " + words[0], "https://x.example/zzzzzz"]
    searches = [{"q": text} for text in texts]
    searches += [{"q": words[0], "kind": "claims", "page": BEYOND_LAST}]
    paths = [f"/search?{urlencode(one)}" for one in searches]
    return AddressKind("/search: words, names and slips", "/search: words, names and slips", paths)


def _search_words(database: sqlite3.Connection) -> list[str]:
    """Return search words from the commonest to the rarest, two pairs of them, and a phrase."""
    rows = database.execute("select statement from claims order by claim_id limit 2000").fetchall()
    counts: dict[str, int] = {}
    for (statement,) in rows:
        for word in {word.lower() for word in re.findall(r"\w+", statement)}:
            counts[word] = counts.get(word, 0) + 1
    ordered = sorted(counts, key=lambda word: (-counts[word], word))
    some = evenly_spaced(ordered, 6)
    row = re.findall(r"\w+ \w+", rows[0][0])[0]
    return [*some[:-1], f"{ordered[0]} {ordered[1]}", f"{ordered[0]} {some[2]}", row]


def _table_kinds(database: sqlite3.Connection, at: str, table: Table) -> Iterator[AddressKind]:
    """Yield Datasette's pages of a table: with its facets, parts of it, and its rows."""
    facets = [name for name in table.spec.get("facets", ()) if table.by_name[name].type != "array"]
    parameter_sets = [
        {name: str(value)}
        for name in facets
        for (value,) in database.execute(
            f'select "{name}" from "{table.name}" where "{name}" is not null '
            "group by 1 order by count(*) desc limit 1"
        )
    ]
    if "search" in table.spec:
        parameter_sets += [{"_search": word} for word in _search_words(database)[:2]]
    group = "tables in Datasette, with facets"
    yield AddressKind(f"{at}: facets", group, [at])
    if parameter_sets:
        yield AddressKind(
            f"{at}: filtered",
            f"{group}, filtered",
            [f"{at}?{urlencode(q)}" for q in parameter_sets],
        )
    yield AddressKind(f"{at}: as JSON", f"{group}, as JSON", [f"{at}.json?_shape=objects&_extra=x"])
    key = ", ".join(f'"{name}"' for name in table.primary_key)
    rows = database.execute(f'select {key} from "{table.name}" order by {key}').fetchall()
    if rows:
        yield AddressKind(
            f"{at}: a row",
            "rows in Datasette",
            [f"{at}/{','.join(map(_tilde_encoded, row))}" for row in evenly_spaced(rows, 4)],
        )


def _tilde_encoded(value: object) -> str:
    """Return a part of a key as Datasette writes it in addresses."""
    return "".join(
        letter
        if letter.isascii() and (letter.isalnum() or letter in "_-")
        else _tilde_bytes(letter)
        for letter in str(value)
    )


def _tilde_bytes(letter: str) -> str:
    return "".join(f"~{byte:02X}" for byte in letter.encode())


def _query_kinds(database: sqlite3.Connection, at: str, sql: str) -> Iterator[AddressKind]:
    """Yield a canned query as it opens, and with other parameters."""
    names = [*dict.fromkeys(SQL_PARAMETER.findall(sql))]
    paths = [at]
    parameter_sets: list[dict[str, str]] = []
    for name in names:
        if name not in PARAMETERS:
            raise ClaimlogError(f"bench site: {at} asks for {name}; add it to PARAMETERS")
        rows = database.execute(PARAMETERS[name]).fetchall()
        parameter_sets += [{name: str(value)} for (value,) in evenly_spaced(rows, 4)]
    if len(names) > 1:
        parameter_sets.append({key: value for one in parameter_sets for key, value in one.items()})
    paths += [f"{at}?{urlencode(one)}" for one in parameter_sets]
    yield AddressKind(at, "canned queries", paths)
    yield AddressKind(
        f"{at}: as JSON",
        "canned queries, as JSON",
        [f"{path.partition('?')[0]}.json?{path.partition('?')[2]}" for path in paths],
    )


def _first_value(database: sqlite3.Connection, sql: str) -> str:
    """Return the first value that a query gives."""
    row = database.execute(sql).fetchone()
    if row is None or row[0] is None:
        raise ClaimlogError(f"bench site: nothing in the database answers: {sql}")
    return str(row[0])
