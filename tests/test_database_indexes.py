"""An index of a release's SQLite file that leads elsewhere, or holds other values, is named."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest

from claimlog.export.sqlite import index_statements
from claimlog.release.database_content import content_flaws
from claimlog.schema.definition import read_definition
from claimlog.schema.table_schema import Table
from conftest import World, copied

ELSEWHERE = "leads to other rows than those of its table"
OTHERWISE = "holds other values than its table, or leads to other rows"
EXCHANGED = "leads to rows of equal values in another order than that of the table"
NEXT = "coalesce((SELECT min(n.rowid) FROM claims n WHERE n.rowid > c.rowid), 1)"
"""The row after a row of ``claims c``, of the last the first."""

FORGED = {
    "each record leads to the next row": (
        "idx_claims_topic",
        f"SELECT topic AS a, rowid AS b, {NEXT} AS c FROM claims c",
        OTHERWISE,
    ),
    "each identifier leads to the row of another": (
        "sqlite_autoindex_claims_1",
        f"SELECT claim_id AS a, rowid AS b, {NEXT} AS c FROM claims c",
        OTHERWISE,
    ),
    "records of one topic lead to one row": (
        "idx_claims_topic",
        "SELECT topic AS a, rowid AS b, "
        "(SELECT min(n.rowid) FROM claims n WHERE n.topic = c.topic) AS c FROM claims c",
        ELSEWHERE,
    ),
    "records of one topic lead to the rows of each other": (
        "idx_claims_topic",
        "SELECT topic AS a, rowid AS b, coalesce("
        "(SELECT min(n.rowid) FROM claims n WHERE n.topic IS c.topic AND n.rowid > c.rowid), "
        "(SELECT min(n.rowid) FROM claims n WHERE n.topic IS c.topic)) AS c FROM claims c",
        EXCHANGED,
    ),
    "records lead to no row": (
        "idx_claims_topic",
        "SELECT topic AS a, rowid AS b, rowid + 900 AS c FROM claims c",
        ELSEWHERE,
    ),
    "integers are fractions": (
        "idx_claims_source_id_start_hops",
        "SELECT source_id AS a, CAST(start AS REAL) AS b, hops AS c, rowid AS d FROM claims",
        OTHERWISE,
    ),
    "integers of a table without rowids are fractions": (
        "idx_attributions_anonymity",
        "SELECT anonymity AS a, claim_id AS b, CAST(hop AS REAL) AS c FROM attributions",
        OTHERWISE,
    ),
}


@pytest.fixture
def path(tiny_build: World, tmp_path: Path) -> Path:
    return next(copied(tiny_build, tmp_path).package.build.glob("*.db"))


@pytest.fixture
def tables(tiny_build: World) -> dict[str, Table]:
    return dict(read_definition(tiny_build.package).tables)


def flaws(path: Path, tables: dict[str, Table]) -> dict[str, str]:
    """Return the flaws of a file's tables and indexes, without those of its pages."""
    return {name: flaw for name, flaw in content_flaws(path, tables) if name != "the file"}


def forge(path: Path, name: str, records: str) -> None:
    """Put records in the place of those of an index.

    Parameters
    ----------
    records
        A query for their fields, as ``a``, ``b`` and so on: those of the index, and more.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        fields = ", ".join(
            column[0] for column in database.execute(f"{records} LIMIT 0").description
        )
        # a table without rowids is stored as an index is
        database.execute(f"CREATE TABLE other ({fields}, PRIMARY KEY ({fields})) WITHOUT ROWID")
        database.execute(f"INSERT INTO other {records}")
        roots = dict(database.execute("SELECT name, rootpage FROM sqlite_master").fetchall())
        database.execute("PRAGMA writable_schema = ON")
        for one, place in ((name, roots["other"]), ("other", roots[name])):
            database.execute("UPDATE sqlite_master SET rootpage = ? WHERE name = ?", (place, one))
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("DROP TABLE other")


def test_indexes_as_they_are_written_are_sound(path: Path, tables: dict[str, Table]) -> None:
    assert len([*chain.from_iterable(map(index_statements, tables.values()))]) > 20
    assert flaws(path, tables) == {}


@pytest.mark.parametrize("what", FORGED)
def test_an_index_that_leads_elsewhere_or_holds_other_values_is_named(
    what: str, path: Path, tables: dict[str, Table]
) -> None:
    name, records, said = FORGED[what]
    forge(path, name, records)
    assert flaws(path, tables) == {name: said}
