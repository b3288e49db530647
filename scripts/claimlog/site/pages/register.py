"""The pages of a register: its rows, and each row with its history and the claims about it."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from claimlog.schema.register_config import COUNTS, RegisterConfig
from claimlog.schema.table_schema import column_words, with_unit
from claimlog.site.claim_entries import claim_entries
from claimlog.site.entity_links import entity_links, register_configs, store_registers
from claimlog.site.lists.served_list import ListAnswer, answer_list, read_served_list
from claimlog.site.measure_progress import measure_progress
from claimlog.site.merged_pages import merged_page
from claimlog.site.page import ONE, Page, PageNotFound, PageRequest
from claimlog.site.plugin_config import added_columns, retired_columns
from claimlog.site.register_filters import read_register_list
from claimlog.site.rows_about import any_row_links, rows_about
from claimlog.site.store import Codes, Row, Store, cut_column
from claimlog.site.template_filters import words
from claimlog.site.topic import read_topic
from claimlog.site.version_history import latest_versions, taken_versions, version_history

LISTED_CLAIMS = 200
"""Claims that the page of a row lists."""

CELL_CHARACTERS = 2_000
"""Characters of a cell in the list of a register; the page of a row shows all of them."""

REGISTER_TEMPLATE = "claimlog_register.html"


def register_pages(datasette: Any) -> tuple[Page, ...]:
    """Return the pages of the registers of a served dataset, two for each."""
    return tuple(
        page
        for register in register_configs(datasette)
        for page in (
            Page(
                f"/{register.name}",
                REGISTER_TEMPLATE,
                partial(register_list, register),
                in_releases=True,
                has_csv=True,
            ),
            Page(
                f"/{register.name}/(?P<{register.id}>{ONE})",
                "claimlog_register_row.html",
                partial(register_row, register),
                in_releases=True,
            ),
        )
    )


async def register_list(register: RegisterConfig, store: Store, request: PageRequest) -> Any:
    """Return one page of the live rows of a register that a request selects, or all as a file."""
    register = await _register_of(register, store)
    served = await read_served_list(store, register.name, partial(read_register_list, register))

    async def describe(answer: ListAnswer) -> Row:
        return await register_rows(register, store, answer.rowids())

    about = {"title": register.title, **register_variables(register)}
    return await answer_list(store, served, request, about, describe)


def register_variables(register: RegisterConfig) -> Row:
    """Return what the list of a register says of it, whatever its rows are."""
    return {"register": _about(register), "columns": _list_columns(register)}


async def register_rows(register: RegisterConfig, store: Store, rowids: list[int]) -> Row:
    """Return the rows of a register with some row numbers as its list shows them."""
    columns = _list_columns(register)
    selected = {register.id, *((register.label,) if register.label else ()), *columns}
    cells = ", ".join(cut_column(name, CELL_CHARACTERS) for name in sorted(selected))
    counts = f", {', '.join(COUNTS)}" if register.has_claims else ""
    codes = await store.codes()
    rows = await store.rows(
        f"select {cells}{counts} from json_each(:rowids) r "
        f'cross join "{register.name}" t on t.rowid = r.value order by r.key',
        rowids=json.dumps(rowids),
    )
    return {
        "rows": [
            {
                **row,
                "id": row[register.id],
                "label": row.get(register.label or "") or row[register.id],
                "labels": _labels(register, codes, row),
            }
            for row in rows
        ]
    }


def _list_columns(register: RegisterConfig) -> list[str]:
    return [name for name in (*register.dates, *register.codes) if name != "action"]


async def register_row(register: RegisterConfig, store: Store, request: PageRequest) -> Any:
    """Return all that is known of a row of a register; of a retracted one, its last state."""
    register = await _register_of(register, store)
    name = request.identifiers[register.id]
    versions = await latest_versions(store, register.entity, name)
    if not versions:
        raise PageNotFound(
            f"There is no {words(register.entity)} {name[:60]}. The page of "
            f"{register.title[:60].lower()} lists them all."
        )
    last = versions[-1]
    if moved := await merged_page(store, request, register.name, register.entity, name):
        return moved
    live = await store.row(
        f'select * from "{register.name}" where "{register.id}" = :name', name=name
    )
    releases = await store.rows("select version, tree_size from releases order by tree_size")

    def release_of(row: Row) -> str | None:
        sizes = ((one["version"], one["tree_size"]) for one in releases)
        return next((version for version, size in sizes if row["valid_from_seq"] < size), None)

    claims, total = await _claims(register, store, name)
    return {
        "title": last.get(register.label or "") or name,
        "register": _about(register),
        "id": name,
        "row": last,
        "retracted": live is None,
        "columns": await _columns(register, store, last),
        "reported": {key: (live or {}).get(key) for key in COUNTS} if register.has_claims else {},
        "claims": claims,
        "claims_in_all": total,
        "progress": await measure_progress(store, register.name, name),
        "rows_about": await rows_about(store, name),
        "referred_by": await _referred_by(register, store, name),
        "versions": version_history(
            versions,
            release_of,
            added_columns(store.datasette, register.name),
            retired=retired_columns(store.datasette, register.name),
        ),
        "taken_down": taken_versions(store, register.name, name, versions),
        "all_versions": (f"{register.entity}_versions", register.id, name),
    }


async def _register_of(register: RegisterConfig, store: Store) -> RegisterConfig:
    """Return a register as the store has it; a release may be older than a register."""
    for found in await store_registers(store):
        if found.name == register.name:
            return found
    raise PageNotFound(f"Release {store.release} has no {register.title[:60].lower()}.")


def _about(register: RegisterConfig) -> Row:
    keys = ("name", "entity", "title", "description", "claims", "claim_lists")
    return {key: getattr(register, key) for key in keys}


def _labels(register: RegisterConfig, codes: Codes, row: Row) -> Row:
    """Return the labels of a row's codes by column."""
    return {
        column: codes.label(codelist, row[column])
        for column, codelist in register.codes.items()
        if column in row and not isinstance(row[column], list)
    }


async def _columns(register: RegisterConfig, store: Store, row: Row) -> list[Row]:
    """Return the columns of a row that are set: value, kind, code with definition, links."""
    codes = await store.codes()
    dictionary = await store.rows(
        'select "column" as name, description, unit from data_dictionary where "table" = :table',
        table=f"{register.entity}_versions",
    )
    known = {one["name"]: one for one in dictionary}
    labels = await _detail_labels(register, store)
    found = []
    for column in register.columns:
        value = row.get(column)
        if value in (None, [], "") or column == register.label:
            continue
        entry = known.get(column, {})
        label = labels.get(column, column_words(column).capitalize())
        item: Row = {
            "column": column,
            "name": with_unit(label, entry.get("unit")),
            "meaning": entry.get("description"),
            "value": value,
        }
        if column in register.references:
            names = value if isinstance(value, list) else [value]
            item["links"] = await entity_links(store, register.references[column], names)
        elif column in register.about:
            item["links"] = await any_row_links(store, [value])
        elif column in register.codes and isinstance(value, str):
            code = codes.entry(register.codes[column], value)
            item |= {"label": code["label"], "definition": code["definition"]}
        elif column in register.dates:
            item["date"] = value
        found.append(item)
    return found


async def _detail_labels(register: RegisterConfig, store: Store) -> dict[str, str]:
    """Return the labels that `measures.details` gives columns of this register."""
    topic = await read_topic(store)
    if topic.register is None or topic.register.name != register.name:
        return {}
    details = (topic.presentation.measures or {}).get("details", ())
    return {item["column"]: item["label"] for item in details if "label" in item}


async def _claims(register: RegisterConfig, store: Store, name: str) -> tuple[list[Row], int]:
    """Return the first live claims that refer to a row, and how many do."""
    parts = [
        *(f'select claim_id from claims where "{column}" = :name' for column in register.claims),
        *(
            f'select claim_id from "claim_{column}" where "{register.id}" = :name'
            for column in register.claim_lists
        ),
    ]
    if not parts:
        return [], 0
    found = " union ".join(parts)
    total = await store.count(f"select count(*) as n from ({found})", name=name)
    rows = await store.rows(
        f"select claim_id from claims where claim_id in ({found}) "
        "order by source_id, start, claim_id limit :most",
        name=name,
        most=LISTED_CLAIMS,
    )
    names = [row["claim_id"] for row in rows]
    entries = await claim_entries(store, names)
    return [entries[claim] for claim in names], total


async def _referred_by(register: RegisterConfig, store: Store, name: str) -> list[Row]:
    """Return the rows of registers that refer to a row, by register and column."""
    found = []
    for other in await store_registers(store):
        columns = [c for c, target in other.references.items() if target == register.name]
        for column in columns:
            rows = await store.rows(
                f'select "{other.id}" as id from "{other.entity}_versions" v where '
                "valid_to_seq is null and action <> 'retract' and (v.\"{0}\" = :name or exists "
                '(select 1 from json_each(case when json_valid(v."{0}") then v."{0}" else \'[]\' '
                "end) where value = :name)) order by 1 limit :most".format(column),
                name=name,
                most=LISTED_CLAIMS,
            )
            if rows:
                links = await entity_links(store, other.name, [row["id"] for row in rows])
                found.append({"register": other.title, "column": column, "links": links})
    return found
