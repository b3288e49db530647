"""All rows of a selection as CSV or JSON, with every column of the table, read as they are sent."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial
from typing import Any

import orjson
import polars as pl

from claimlog.escaping import json_text
from claimlog.export.table_csv import PIECE_BYTES, csv_of
from claimlog.site.datasette_internals import escape_sqlite
from claimlog.site.protection.piece_stream import PieceStream, write_piece
from claimlog.site.protection.reader_request import finish_job
from claimlog.site.protection.server_queries import time_limit
from claimlog.site.store import Store

ROWS = 2_000
"""Rows of a piece, if they are short."""

POLARS_TYPES: Mapping[str, Any] = {"integer": pl.Int64, "number": pl.Float64, "boolean": pl.Int64}
"""How SQLite's values of a type are read; all others are texts."""

TYPES = 'select "column" as name, type from data_dictionary where "table" = :table'

Cells = Sequence[tuple[Any, ...]]


def whole_list(
    store: Store, table: str, rowids: Sequence[int], format: str, name: str
) -> PieceStream:
    """Return an answer that sends rows of a table in the order of their numbers.

    CSV is written as that of the downloads: lists as JSON, and no text that a spreadsheet program
    would compute. JSON is one list of objects.
    """
    write, kind = (_csv, "text/csv") if format == "csv" else (_json, "application/json")
    pieces = partial(write, store, table, rowids)
    return PieceStream(store.datasette, f"{name}.{format}", f"{kind}; charset=utf-8", pieces)


async def _csv(store: Store, table: str, rowids: Sequence[int]) -> AsyncGenerator[str, None]:
    types = {row["name"]: row["type"] for row in await store.rows(TYPES, table=table)}
    names = await _columns(store, table)
    yield await write_piece(_csv_piece, names, [], types, True)
    async for rows in _read(store, table, rowids):
        yield await write_piece(_csv_piece, names, rows, types, False)


async def _json(store: Store, table: str, rowids: Sequence[int]) -> AsyncGenerator[str, None]:
    names, lists = await _columns(store, table), await store.list_columns()
    truths = await store.truth_columns(table)
    before = "["
    async for rows in _read(store, table, rowids):
        yield f"{before}\n{await write_piece(_json_piece, names, rows, lists, truths)}"
        before = ","
    yield "\n]\n" if before == "," else "[\n\n]\n"


async def _columns(store: Store, table: str) -> list[str]:
    sql = f"select * from {escape_sqlite(table)} limit 0"
    return [*(await store.database.execute(sql)).columns]


async def _read(
    store: Store, table: str, rowids: Sequence[int]
) -> AsyncGenerator[list[tuple[Any, ...]], None]:
    """Yield rows, as many together as a piece has bytes of."""
    seconds = store.datasette.setting("sql_time_limit_ms") / 1000
    at = 0
    while at < len(rowids):
        read = partial(_read_piece, table, rowids[at : at + ROWS], seconds)
        rows = await finish_job(store.database.execute_fn(read))
        yield rows
        at += len(rows)


def _read_piece(
    table: str, rowids: Sequence[int], seconds: float, connection: sqlite3.Connection
) -> list[tuple[Any, ...]]:
    """Return the first of some rows, up to the one with which a piece is full."""
    sql = f"select * from {escape_sqlite(table)} where rowid = ?"
    rows: list[tuple[Any, ...]] = []
    size = 0
    with time_limit(connection, seconds):
        for rowid in rowids:
            row = tuple(connection.execute(sql, (rowid,)).fetchone())
            rows.append(row)
            size += sum(len(cell) for cell in row if isinstance(cell, str | bytes))
            if size >= PIECE_BYTES:
                break
    return rows


def _csv_piece(names: Sequence[str], rows: Cells, types: Mapping[str, str], header: bool) -> str:
    schema = {name: POLARS_TYPES.get(types.get(name, ""), pl.String) for name in names}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    booleans = [name for name in names if types.get(name) == "boolean"]
    return csv_of(frame.with_columns(pl.col(booleans).cast(pl.Boolean)), header)


def _json_piece(
    names: Sequence[str], rows: Cells, lists: frozenset[str], truths: frozenset[str]
) -> str:
    return ",\n".join(
        json_text(
            {
                name: orjson.loads(cell)
                if name in lists and isinstance(cell, str) and cell.startswith("[")
                else bool(cell)
                if name in truths and cell in (0, 1)
                else cell
                for name, cell in zip(names, row, strict=True)
            },
            indent=None,
        )
        for row in rows
    )
