"""Check that each index of a SQLite file leads to the rows, and holds the values, of its table.

`PRAGMA integrity_check` compares what an index has to hold with how its records begin, and numbers
by their value alone. But a reader goes to the row that the last field of a record names, so a
field more leads elsewhere, which not every SQLite says; and an index may hold an integer as 375.0,
which divides otherwise.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import pairwise

from claimlog.export.sqlite import sql_identifier
from claimlog.schema.table_schema import Table

OF_KEY = "pk"
"""Origin of the index that SQLite makes for a key; of a table without rowids it is the table."""

ROWID: tuple[str, ...] = ("rowid",)
"""What leads to a row of a table that has no key of its own."""

INDEX_READ = "SCAN entry USING COVERING INDEX "
"""Line of a query's plan which says that values come from the index and not from the table."""


def index_flaws(database: sqlite3.Connection, table: Table) -> Iterator[tuple[str, str]]:
    """Yield indexes of a table that do not lead to each of its rows once, with its values.

    Parameters
    ----------
    database
        Has the file attached as ``release``; `PRAGMA integrity_check` found it sound.

    Raises
    ------
    ValueError
        If an index cannot be read alone.
    """
    listed = "SELECT name, origin FROM pragma_index_list(?, 'release')"
    origins = dict(database.execute(listed, (table.name,)).fetchall())
    alone, places = "NOT INDEXED", ROWID
    if table.spec.get("bridge"):
        key = next(name for name, origin in origins.items() if origin == OF_KEY)
        del origins[key]
        alone, places = f"INDEXED BY {sql_identifier(key)}", table.primary_key
    for name in origins:
        if flaw := _flaw(database, table, name, alone, places):
            yield name, flaw


def _flaw(
    database: sqlite3.Connection, table: Table, name: str, alone: str, places: tuple[str, ...]
) -> str | None:
    """Return the flaw of an index; else None.

    Parameters
    ----------
    alone
        What has SQLite read the table without other indexes.
    places
        The columns that lead from the index to a row.
    """
    owner = f"release.{sql_identifier(table.name)}"
    listed = "SELECT name FROM pragma_index_xinfo(?, 'release') WHERE cid >= 0"
    columns = [sql_identifier(column) for (column,) in database.execute(listed, (name,))]
    leads = [*map(sql_identifier, places)]
    # of a real number, how it is written too: 0.0 is -0.0 by its value
    equal = " AND ".join(
        f"entry.{column} IS line.{column} AND typeof(entry.{column}) = typeof(line.{column}) AND "
        f"(typeof(line.{column}) <> 'real' OR quote(entry.{column}) = quote(line.{column}))"
        for column in columns
    )
    met = " AND ".join(f"line.{lead} = entry.{lead}" for lead in leads)
    query = (
        f"SELECT count(*), count(DISTINCT entry.{leads[0]}), count(*) FILTER (WHERE {equal}) "
        f"FROM {owner} AS entry INDEXED BY {sql_identifier(name)} "
        f"CROSS JOIN {owner} AS line {alone} WHERE {met}"
    )
    plan = [str(line[-1]) for line in database.execute(f"EXPLAIN QUERY PLAN {query}")]
    if f"{INDEX_READ}{name}" not in plan:
        raise ValueError(f"its index {name} is not read alone")
    [(found, distinct, same)] = database.execute(query).fetchall()
    [(rows,)] = database.execute(f"SELECT count(*) FROM {owner} {alone}").fetchall()
    if found != rows or (places is ROWID and distinct != rows):
        return "leads to other rows than those of its table"
    if same != rows:
        return "holds other values than its table, or leads to other rows"
    read = ", ".join(f"entry.{column}" for column in (*columns, *leads))
    entries = database.execute(
        f"SELECT {read} FROM {owner} AS entry INDEXED BY {sql_identifier(name)}"
    )
    for one, other in pairwise(entries):
        if one[: len(columns)] == other[: len(columns)] and one >= other:
            return "leads to rows of equal values in another order than that of the table"
    return None
