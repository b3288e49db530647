"""What registers say about a row of whichever stream, as findings of readers do."""

from __future__ import annotations

from typing import Any

from claimlog.file_names import path_segment
from claimlog.schema.register_config import RegisterConfig
from claimlog.schema.table_schema import column_words
from claimlog.site.entity_links import entity_links, store_registers, stream_labels
from claimlog.site.store import Codes, Row, Store, json_list
from claimlog.site.template_filters import cell

ROWS = 100
"""Rows of a register that the page of what they are about lists."""

NOTE, ANSWER = "note", "answer"
"""Columns of prose: what a row says of the other, and what was answered."""


async def rows_about(store: Store, name: str) -> list[Row]:
    """Return, by register, the live rows that are about a row, each with all that it says.

    Returns
    -------
    list of dict
        `title` of the register, `total` number of rows, and `rows`: identifier, path, `said` (codes
        and plain values, as people read them), `links` to rows that it refers to, its note, and
        what was answered.
    """
    found = []
    codes = await store.codes()
    for register in await store_registers(store):
        if not register.about:
            continue
        about = " or ".join(f'"{column}" = :name' for column in register.about)
        total = await store.count(
            f'select count(*) as n from "{register.name}" where {about}', name=name
        )
        rows = await store.rows(
            f'select * from "{register.name}" where {about} order by 1 limit :most',
            name=name,
            most=ROWS,
        )
        if rows:
            described = [await _describe(store, codes, register, row, name) for row in rows]
            found.append({"title": register.title, "total": total, "rows": described})
    return found


async def any_row_links(store: Store, names: list[str]) -> list[Row]:
    """Return links to the rows that have an identifier, in each stream; without a page, no path."""
    links: list[Row] = []
    for stream, (key, label) in (await stream_labels(store)).items():
        if stream not in await store.tables():
            continue
        rows = await store.rows(
            f'select "{key}" as id, "{label}" as label from "{stream}" '
            f'where "{key}" in (select value from json_each(:names))',
            names=json_list(names),
        )
        links += [
            {
                "id": row["id"],
                "label": row["label"] or row["id"],
                "path": f"/{stream}/{path_segment(row['id'])}",
            }
            for row in rows
        ]
    known = {link["id"] for link in links}
    unknown = [name for name in names if name not in known]
    return [*links, *({"id": name, "label": name, "path": None} for name in unknown)]


async def _describe(
    store: Store, codes: Codes, register: RegisterConfig, row: Row, name: str
) -> Row:
    said: list[str] = []
    links: list[dict[str, Any]] = []
    for column in register.columns:
        value = row.get(column)
        if column in (NOTE, ANSWER) or value is None or isinstance(value, list) or value == name:
            continue
        if column in register.about:
            links += await any_row_links(store, [value])
        elif column in register.references:
            links += await entity_links(store, register.references[column], [value])
        elif column in register.codes:
            said.append(codes.label(register.codes[column], value) or value)
        elif column in register.truths:
            said.append(f"{column_words(column)}: {cell(bool(value))}")
        else:
            said.append(cell(value))
    return {
        "id": row[register.id],
        "path": f"/{register.name}/{path_segment(row[register.id])}",
        "said": said,
        "links": links,
        "note": row.get(NOTE),
        "answer": row.get(ANSWER),
    }
