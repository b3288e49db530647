"""What there is to ask for: every page of the registry, every table, every canned query.

Identifiers are taken from the database, from those with most behind them to those with least.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote, urlencode

from claimlog.errors import ClaimlogError
from claimlog.export.metadata import queries
from claimlog.schema.table_schema import Schemas, Table
from claimlog.site.pages import PAGES, routes
from claimlog.site.paging import SIZE
from workshop.bench.site.client import Kind
from workshop.bench.site.dataset import DAY, DOCUMENT, IMAGE, LATER

T = TypeVar("T")

SPREAD = 8
"""Addresses of a pattern: as many different identifiers."""

FILES = ("/downloads/", "/docs/IMAGE")
"""Pages that send a file, which has no JSON twin."""

BEYOND = "9" * 9
"""A page beyond the last, which is the last."""

SAMPLES = (
    "select claim_id from claim_versions group by 1 order by count(*) desc, 1",
    "select s.source_id from sources s order by (select count(*) from claims c where "
    "c.source_id = s.source_id) + (select count(*) from claims c where c.origin_id = s.source_id) "
    "desc, 1",
    "select actor_id from claim_actors group by 1 order by count(*) desc, 1",
    "select incident_id from incidents order by claims desc, 1",
    "select coalesce(a.state_id, a.actor_id) as ally, c.measure from claims c join claim_actors m "
    "on m.claim_id = c.claim_id and m.role = 'from' join actors a on a.actor_id = m.actor_id "
    "where c.measure is not null group by 1, 2 order by count(*) desc, 1, 2",
    "select fact_id from corroboration order by claims desc, 1",
    "select codelist from codebook group by 1 order by count(*) desc, 1",
    "select version from releases order by amended + retracted desc",
    "select 'sources.parquet' as file union all select 'validation.json'",
    f"select '{DOCUMENT}' as document",
    f"select '{IMAGE}' as image",
)
"""What the named parts of patterns are: the columns of the first query that has them all."""

MORE: Mapping[str, Sequence[str]] = {
    "/disputes": [
        f"relation={code}&page={page}" for code in ("disputes", "qualifies") for page in (2, BEYOND)
    ],
    "/facts": ["page=2", f"page={BEYOND}"],
    "/as-of": ["batch=2", f"batch=2&page={BEYOND}", "batch=3&page=500", f"date={DAY}"],
    "/sources/(?P<source_id>[^/.]+)": ["page=2", f"page={BEYOND}"],
    "/releases/(?P<version>[^/]+?)": ["page=2", f"page={BEYOND}"],
}
"""Queries that are asked for beside the bare address: other parts of long lists, times."""

PARAMETERS = {
    "ally": "select actor_id from actors where actor_type = 'state' order by actor_id",
    "claim_id": SAMPLES[0],
    "since": "select min(occurred_start) from claims union all select '2010' union all "
    "select '2025-01-01'",
    "until": "select '2011-06' union all select max(occurred_end) from claims",
}
"""Where the values of the parameters of canned queries come from."""

PART = re.compile(r"\(\?P<(\w+)>\[[^\]]*\]\+\??\)")
NAMED = re.compile(r"(?<![:\w]):(\w+)")


def kinds(database: sqlite3.Connection, name: str, schemas: Schemas) -> list[Kind]:
    """Return everything that is asked for, in order; `name` is the database's in addresses."""
    found = [*_pages(database), *_claims(database)]
    pages = [*found]
    found += [
        Kind(f"{kind.name}, as JSON", "the same pages as JSON", [*map(twin, kind.paths)])
        for kind in pages
        if not kind.name.startswith(FILES)
    ]
    frozen = {item.pattern for item in PAGES if item.in_releases}
    found += [
        Kind(
            f"{kind.name}, in release {LATER}",
            "the same pages in a release",
            [f"/releases/{LATER}{path}" for path in kind.paths],
        )
        for kind in pages
        if any(shown(pattern) == kind.name.partition(":")[0] for pattern in frozen)
    ]
    found.append(Kind(f"/{name}", "the list of tables and queries", [f"/{name}"]))
    for table in schemas.tables.values():
        found += _tables(database, f"/{name}/{table.name}", table)
    for query, told in queries().items():
        found += _queries(database, f"/{name}/{query}", told["sql"])
    return found


def shown(pattern: str) -> str:
    """Return a pattern as a reader writes it.

    >>> shown("/claims/(?P<claim_id>[^/.]+)"), shown("(?:/index|/(?=x))?")
    ('/claims/CLAIM', '/')
    """
    named = PART.sub(lambda part: part[1].removesuffix("_id").upper(), pattern)
    return "/" if "(" in named else named


def twin(path: str) -> str:
    """Return the address of a page's JSON twin.

    >>> twin("/"), twin("/claims?page=2")
    ('/index.json', '/claims.json?page=2')
    """
    bare, mark, query = path.partition("?")
    return f"{bare.rstrip('/') or '/index'}.json{mark}{query}"


def _pages(database: sqlite3.Connection) -> Iterator[Kind]:
    """Yield the kinds of all registered pages.

    Raises
    ------
    ClaimlogError
        If nothing says what a part of a pattern is.
    """
    if not PAGES:
        routes()
    for item in PAGES:
        paths = _filled(database, item.pattern)
        bare = [*paths]
        for query in MORE.get(item.pattern, ()):
            paths += [f"{path}?{query}" for path in bare[:2]]
        for path in bare:
            if not re.match(rf"^{item.pattern}(?P<json>\.json)?/?$", path):
                raise ClaimlogError(f"bench site: cannot ask for {item.pattern}; see SAMPLES")
        yield Kind(shown(item.pattern), shown(item.pattern), paths)


def _filled(database: sqlite3.Connection, pattern: str) -> list[str]:
    names = PART.findall(pattern)
    if not names:
        return [shown(pattern)]
    for sql in SAMPLES:
        cursor = database.execute(sql)
        columns = [column[0] for column in cursor.description]
        if {*columns} >= {*names}:
            rows = [dict(zip(columns, row, strict=True)) for row in spread(cursor.fetchall())]
            return [PART.sub(lambda part, row=row: quote(row[part[1]]), pattern) for row in rows]  # type: ignore[misc]
    raise ClaimlogError(
        f"bench site: no query gives {', '.join(names)} for {pattern}; add one to SAMPLES"
    )


def spread(rows: Sequence[T], most: int = SPREAD) -> list[T]:
    """Return some of the rows at even distances, the first and the last among them.

    >>> spread(range(100), 4), spread([1], 4)
    ([0, 33, 66, 99], [1])
    """
    if len(rows) <= most:
        return [*rows]
    return [rows[at * (len(rows) - 1) // (most - 1)] for at in range(most)]


def _claims(database: sqlite3.Connection) -> Iterator[Kind]:
    """Yield the lists of claims: parts of the whole, searches, and filters."""
    total = _value(database, "select count(*) from claims")
    middle = int(total) // SIZE // 2
    page = "/claims"
    yield Kind(
        "/claims: later parts",
        "/claims: later parts",
        [f"{page}?page={number}" for number in (2, max(1, middle), BEYOND)],
    )
    words = _words(database)
    asked = [{"q": word} for word in words]
    asked += [{"q": words[0], "page": BEYOND}, {"q": f'"{words[-1]}"'}, {"q": "zzzzzz"}]
    yield _asked("/claims: searches", asked)
    values = {
        name: str(_value(database, f"select {column} from {_COMMON.format(column)}"))
        for name, column in (
            *(("source", "source_id"), ("topic", "topic"), ("content", "content")),
            *(("voice", "voice"), ("modality", "modality"), ("anonymity", "anonymity")),
            *(("sharing_effect", "sharing_effect"), ("measure", "measure")),
            *(("measure_status", "measure_status"), ("origin", "origin_id")),
            ("incident", "incident_id"),
        )
    }
    values["ally"] = str(_value(database, PARAMETERS["ally"]))
    year = str(
        _value(
            database,
            "select substr(occurred_start, 1, 4) from claims where occurred_start is not null "
            "group by 1 order by count(*) desc limit 1",
        )
    )
    alone = [{name: value} for name, value in values.items()]
    alone += [{"measure": "any"}, {"anonymity": "none"}, {"origin": "none"}]
    alone += [{"period": year}, {"period": f"{year}-Q1"}]
    yield _asked("/claims: one filter", alone)
    yield _asked("/claims: one filter, last part", [one | {"page": BEYOND} for one in alone])
    names = [*values]
    several = [
        {one: values[one], other: values[other]}
        for one, other in zip(names, [*names[5:], *names[:5]], strict=True)
    ]
    several += [{"q": words[0], name: values[name]} for name in ("topic", "ally", "source")]
    several += [{"q": words[0], "period": year}, {"measure": "any", "period": year}]
    yield _asked("/claims: filters and words together", several)


_COMMON = (
    "(select {0} from claims where {0} is not null group by 1 order by count(*) desc, 1 limit 1)"
)


def _asked(name: str, asked: Sequence[Mapping[str, str]]) -> Kind:
    return Kind(name, name, [f"/claims?{urlencode(one)}" for one in asked])


def _words(database: sqlite3.Connection) -> list[str]:
    """Return words to search for, the commonest and the rarest; two of them; and two in a row."""
    rows = database.execute("select statement from claims order by claim_id limit 2000").fetchall()
    counts: dict[str, int] = {}
    for (statement,) in rows:
        for word in {word.lower() for word in re.findall(r"\w+", statement)}:
            counts[word] = counts.get(word, 0) + 1
    ordered = sorted(counts, key=lambda word: (-counts[word], word))
    some = spread(ordered, 6)
    row = re.findall(r"\w+ \w+", rows[0][0])[0]
    return [*some[:-1], f"{ordered[0]} {ordered[1]}", f"{ordered[0]} {some[2]}", row]


def _tables(database: sqlite3.Connection, at: str, table: Table) -> Iterator[Kind]:
    """Yield Datasette's pages of a table: with its facets, parts of it, and its rows."""
    facets = [name for name in table.spec.get("facets", ()) if table.by_name[name].type != "array"]
    asked = [
        {name: str(value)}
        for name in facets
        for (value,) in database.execute(
            f'select "{name}" from "{table.name}" where "{name}" is not null '
            "group by 1 order by count(*) desc limit 1"
        )
    ]
    if "search" in table.spec:
        asked += [{"_search": word} for word in _words(database)[:2]]
    group = "tables in Datasette, with facets"
    yield Kind(f"{at}: facets", group, [at])
    if asked:
        yield Kind(f"{at}: filtered", f"{group}, filtered", [f"{at}?{urlencode(q)}" for q in asked])
    yield Kind(f"{at}: as JSON", f"{group}, as JSON", [f"{at}.json?_shape=objects&_extra=x"])
    key = ", ".join(f'"{name}"' for name in table.primary_key)
    rows = database.execute(f'select {key} from "{table.name}" order by {key}').fetchall()
    if rows:
        yield Kind(
            f"{at}: a row",
            "rows in Datasette",
            [f"{at}/{','.join(map(_tilde, row))}" for row in spread(rows, 4)],
        )


def _tilde(value: object) -> str:
    """Return a part of a key as Datasette writes it in addresses."""
    return "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "_-") else _coded(letter)
        for letter in str(value)
    )


def _coded(letter: str) -> str:
    return "".join(f"~{byte:02X}" for byte in letter.encode())


def _queries(database: sqlite3.Connection, at: str, sql: str) -> Iterator[Kind]:
    """Yield a canned query as it opens, and with other parameters."""
    names = [*dict.fromkeys(NAMED.findall(sql))]
    paths = [at]
    asked: list[dict[str, str]] = []
    for name in names:
        if name not in PARAMETERS:
            raise ClaimlogError(f"bench site: {at} asks for {name}; add it to PARAMETERS")
        rows = database.execute(PARAMETERS[name]).fetchall()
        asked += [{name: str(value)} for (value,) in spread(rows, 4)]
    if len(names) > 1:
        asked.append({key: value for one in asked for key, value in one.items()})
    paths += [f"{at}?{urlencode(one)}" for one in asked]
    yield Kind(at, "canned queries", paths)
    yield Kind(
        f"{at}: as JSON",
        "canned queries, as JSON",
        [f"{path.partition('?')[0]}.json?{path.partition('?')[2]}" for path in paths],
    )


def _value(database: sqlite3.Connection, sql: str) -> str:
    """Return the first value that a query finds."""
    row = database.execute(sql).fetchone()
    if row is None or row[0] is None:
        raise ClaimlogError(f"bench site: nothing in the database answers: {sql}")
    return str(row[0])
