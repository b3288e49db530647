"""Everything that has a page and is no claim, as the search knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from claimlog.file_names import path_segment
from claimlog.schema.table_schema import column_words
from claimlog.site.claim_filters import claim_list
from claimlog.site.code_address import PLACE, code_address
from claimlog.site.datasette_internals import QueryInterrupted, canned_queries
from claimlog.site.entity_links import store_registers
from claimlog.site.lists.filters import CodeFilter
from claimlog.site.store import Row, Store
from claimlog.site.topic import read_topic

ACTORS, SOURCES, INCIDENTS, CODES, QUERIES = "actors", "sources", "incidents", "codes", "queries"

ENTITY_LABELS = {ACTORS: "Actors", SOURCES: "Sources", INCIDENTS: "Incidents"}

MOST_OF_A_KIND = 100_000
"""Entries of one kind that are indexed."""

NOTE_CHARACTERS = 200

APART = "\x1f"
"""Separates the values of a list, which is read as one text: the lists of a large log have more
values than `Store.rows` reads."""

INDEXED = """select distinct i.name from pragma_index_list('claims') l
    join pragma_index_info(l.name) i where i.seqno = 0"""
"""The columns of claims by which an index begins."""

LISTS = """select "column" as name from data_dictionary
    where "table" = :table and type = 'array'"""
"""SQL for the names of those columns of a table that hold lists."""


@dataclass(frozen=True)
class SearchEntry:
    """Something with a page of its own.

    Attributes
    ----------
    kind
        ``actors``, ``sources``, ``incidents``, ``codes``, ``queries``, or a register.
    path
        The address of its page; for a code that claims are filtered by, that of its claims.
    names
        Its identifiers, title and aliases: who types one of them means it.
    text
        Other words that it is found by.
    note
        What a result says about it.
    claims
        How many claims it has, if that is known.
    addresses
        Where the work itself is on the web.
    """

    kind: str
    id: str
    title: str
    path: str
    names: tuple[str, ...]
    text: str = ""
    note: str = ""
    claims: int | None = None
    addresses: tuple[str, ...] = ()


async def kind_labels(store: Store) -> dict[str, str]:
    """Return what each kind of entry of a database is called, in the order of the results."""
    registers = {one.name: one.title for one in await store_registers(store) if one.has_claims}
    return {**ENTITY_LABELS, **registers, CODES: "Codebook", QUERIES: "Questions"}


async def search_entries(store: Store) -> list[SearchEntry]:
    """Return every entry of a database: by kind, and within it by number of claims."""
    entries = [
        *await _actors(store),
        *await _sources(store),
        *await _incidents(store),
        *await _registered(store),
        *await _codes(store),
        *await _questions(store),
    ]
    order = {kind: place for place, kind in enumerate(await kind_labels(store))}
    return sorted(entries, key=lambda one: (order[one.kind], -(one.claims or 0), one.id))


async def _actors(store: Store) -> list[SearchEntry]:
    columns = (await store.tables())["actors"]
    aliases = _joined("aliases") if "aliases" in columns else "null"
    counts = await _counts(
        store, "select actor_id as id, count(distinct claim_id) as n from claim_actors group by 1"
    )
    codes = await store.codes()
    return [
        SearchEntry(
            ACTORS,
            row["actor_id"],
            row["name"],
            _path(ACTORS, row["actor_id"]),
            _names(row["actor_id"], row["name"], row["iso3"], *_values(row["other_names"])),
            row["description"] or "",
            _note(codes.label("actor_type", row["actor_type"]), row["description"]),
            _number(counts, row["actor_id"]),
        )
        for row in await store.rows(
            f"select actor_id, name, iso3, actor_type, description, {aliases} as other_names "
            f"from actors order by actor_id limit {MOST_OF_A_KIND}"
        )
    ]


async def _sources(store: Store) -> list[SearchEntry]:
    made = await _counts(store, "select source_id as id, count(*) as n from claims group by 1")
    behind = await _counts(
        store,
        "select origin_id as id, count(*) as n from claims where origin_id is not null group by 1",
    )
    return [
        SearchEntry(
            SOURCES,
            row["source_id"],
            row["title"],
            _path(SOURCES, row["source_id"]),
            _names(row["source_id"], row["title"]),
            " ".join((row["publisher"] or "", *_values(row["writers"]), row["url"] or "")),
            _note(row["source_id"], row["publisher"], *_values(row["writers"])),
            _number({**behind, **made}, row["source_id"]),
            (row["url"],) if row["url"] else (),
        )
        for row in await store.rows(
            f"select source_id, title, publisher, url, {_joined('authors')} as writers "
            f"from sources order by source_id limit {MOST_OF_A_KIND}"
        )
    ]


async def _incidents(store: Store) -> list[SearchEntry]:
    return [
        SearchEntry(
            INCIDENTS,
            row["incident_id"],
            row["title"],
            _path(INCIDENTS, row["incident_id"]),
            _names(row["incident_id"], row["title"]),
            row["description"] or "",
            _note(row["description"]),
            row["claims"],
        )
        for row in await store.rows(
            "select incident_id, title, description, claims from incidents "
            f"order by incident_id limit {MOST_OF_A_KIND}"
        )
    ]


async def _registered(store: Store) -> list[SearchEntry]:
    """Return the rows of the registers that claims refer to, found by all that they say."""
    codes = await store.codes()
    entries = []
    for register in await store_registers(store):
        if not register.has_claims:
            continue
        lists = await store.rows(LISTS, table=f"{register.entity}_versions")
        columns = (await store.tables())[register.name] - {row["name"] for row in lists}
        quoted = ", ".join(f'"{column}"' for column in sorted(columns))
        for row in await store.rows(
            f'select {quoted} from "{register.name}" order by "{register.id}" '
            f"limit {MOST_OF_A_KIND}"
        ):
            name = row[register.id]
            title = (row.get(register.label) if register.label else None) or name
            meanings = [
                codes.label(codelist, row[column])
                for column, codelist in register.codes.items()
                if isinstance(row.get(column), str) and column != "action"
            ]
            texts = [
                row[column]
                for column in register.columns
                if isinstance(row.get(column), str)
                and column not in {register.label, *register.codes, *register.dates}
                and column not in register.references
            ]
            entries.append(
                SearchEntry(
                    register.name,
                    name,
                    title,
                    _path(register.name, name),
                    _names(name, title),
                    " ".join((*map(str, meanings), *texts)),
                    _note(column_words(register.entity).capitalize(), *meanings, *texts),
                    row.get("claims"),
                )
            )
    return entries


async def _codes(store: Store) -> list[SearchEntry]:
    """Return the variables of the codebook, and the codes of the columns of claims."""
    topic = await read_topic(store)
    variables = await store.rows("select * from codebook_variables order by position")
    entries = [
        SearchEntry(
            CODES,
            row["variable"],
            row["label"],
            f"/codebook#v-{quote(row['variable'])}",
            _names(row["variable"], row["label"]),
            row["definition"] or "",
            _note("Variable", row["definition"]),
        )
        for row in variables
    ]
    filters = {
        item.codelist: item.name
        for item in claim_list(topic).filters
        if isinstance(item, CodeFilter) and item.codelist
    }
    labels = {
        column.codelist: column.label
        for column in reversed([*topic.columns.values()])
        if column.codelist
    }
    counts = await _code_counts(store, filters)
    for row in await store.rows(
        f"select codelist, code, label, definition, include, {PLACE} from codebook "
        f"order by rowid limit {MOST_OF_A_KIND}"
    ):
        codelist = row["codelist"]
        if codelist in labels:
            number = _number(counts.get(codelist, {}), row["code"])
            entries.append(_code(row, labels[codelist], filters.get(codelist), number))
    return entries


async def _code_counts(store: Store, filters: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Return how many claims have each code, of the columns that are counted from an index."""
    rows = await store.rows(INDEXED)
    indexed = {row["name"] for row in rows}
    return {
        codelist: await _counts(
            store, f'select "{column}" as id, count(*) as n from claims group by 1'
        )
        for codelist, column in filters.items()
        if column in indexed
    }


def _code(row: Row, variable: str, chosen_by: str | None, claims: int | None) -> SearchEntry:
    return SearchEntry(
        CODES,
        f"{row['codelist']}/{row['code']}",
        row["label"],
        f"/claims?{urlencode({chosen_by: row['code']})}"
        if chosen_by
        else code_address(row["codelist"], row["code"], row["place"]),
        _names(row["code"], row["label"]),
        f"{variable} {row['definition']} {row['include'] or ''}",
        _note(variable, row["definition"]),
        claims,
    )


async def _questions(store: Store) -> list[SearchEntry]:
    """Return the canned queries of the server, which ask the latest build."""
    if store.release:
        return []
    return [
        SearchEntry(
            QUERIES,
            name,
            query.get("title") or name,
            f"/{path_segment(store.name)}/{path_segment(name)}",
            _names(name, query.get("title")),
            query.get("description") or "",
            _note(query.get("description")),
        )
        for name, query in (await canned_queries(store.datasette, store.name)).items()
    ]


async def _counts(store: Store, sql: str) -> dict[str, int]:
    """Return numbers of claims; none where counting takes longer than a query may."""
    try:
        return {row["id"]: row["n"] for row in await store.rows(sql)}
    except QueryInterrupted:
        return {}


def _number(counts: Mapping[str, int], name: str) -> int | None:
    """Return the number of claims of one of those that were counted; None if nothing was."""
    return counts.get(name, 0) if counts else None


def _path(kind: str, name: str) -> str:
    return f"/{kind}/{path_segment(name)}"


def _joined(column: str) -> str:
    """Return SQL that gives the values of a list as one text, `APART` between them."""
    return f"(select group_concat(value, char({ord(APART)})) from json_each({column}))"


def _values(joined: str | None) -> list[str]:
    return joined.split(APART) if joined else []


def _names(*names: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


def _note(*parts: str | None) -> str:
    text = " · ".join(dict.fromkeys(part for part in parts if part))
    return f"{text[:NOTE_CHARACTERS]}…" if len(text) > NOTE_CHARACTERS else text
