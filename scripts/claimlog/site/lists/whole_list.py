"""All rows of a selection as CSV or JSON, with every column of the table, read as they are sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from claimlog.escaping import json_text
from claimlog.export.table_csv import csv_of
from claimlog.site.datasette_internals import AsgiStream, escape_sqlite
from claimlog.site.store import Row, Store

ROWS = 500
"""Rows in memory at once."""

POLARS_TYPES: Mapping[str, Any] = {"integer": pl.Int64, "number": pl.Float64, "boolean": pl.Int64}
"""How SQLite's values of a type are read; all others are texts."""

TYPES = 'select "column" as name, type from data_dictionary where "table" = :table'
IN_ORDER = (
    "select t.* from json_each(:rowids) r cross join {table} t on t.rowid = r.value order by r.key"
)


async def whole_list(
    store: Store, table: str, rowids: Sequence[int], format: str, name: str
) -> AsgiStream:
    """Return an answer that sends rows of a table in the order of their numbers.

    CSV is written as that of the downloads: lists as JSON, and no text that a spreadsheet program
    would compute. JSON is one list of objects.
    """
    types = {row["name"]: row["type"] for row in await store.rows(TYPES, table=table)}
    sql = IN_ORDER.format(table=escape_sqlite(table))
    parts = [rowids[at : at + ROWS] for at in range(0, len(rowids), ROWS)] or [[]]

    async def send_csv(writer: Any) -> None:
        for part in parts:
            rows = await store.database.execute(sql, {"rowids": json.dumps(part)})
            await writer.write(await asyncio.to_thread(_csv, rows, types, part is parts[0]))

    async def send_json(writer: Any) -> None:
        before = "["
        for part in parts:
            rows = await store.rows(sql, rowids=json.dumps(part))
            text = await asyncio.to_thread(_json_lines, rows)
            await writer.write(f"{before}\n{text}")
            before = ","
        await writer.write("\n]\n")

    headers = {"content-disposition": f'attachment; filename="{name}.{format}"'}
    if format == "csv":
        return AsgiStream(send_csv, headers=headers, content_type="text/csv; charset=utf-8")
    kind = "application/json; charset=utf-8"
    return AsgiStream(send_json, headers=headers, content_type=kind)


def _csv(rows: Any, types: Mapping[str, str], header: bool) -> str:
    schema = {name: POLARS_TYPES.get(types.get(name, ""), pl.String) for name in rows.columns}
    frame = pl.DataFrame([tuple(row) for row in rows.rows], schema=schema, orient="row")
    booleans = [name for name in rows.columns if types.get(name) == "boolean"]
    return csv_of(frame.with_columns(pl.col(booleans).cast(pl.Boolean)), header)


def _json_lines(rows: Sequence[Row]) -> str:
    return ",\n".join(json_text(row, indent=None) for row in rows)
