"""Lists that a definition makes optional are null in rows of the log, and every command takes them.

A row that is added or amended has an empty list in their place; one of a log that others made, or
of an earlier version of a schema, may have null.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from claimlog import __version__
from claimlog.build import build
from claimlog.errors import UnfitRowsError
from claimlog.export.content_hash import parquet_content, sqlite_content
from claimlog.export.sqlite import DatabaseWriter, create_statement
from claimlog.export.table_csv import csv_pieces
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.release.csv_tables import check_csv_tables
from claimlog.release.release_copy import ReleaseCopy
from claimlog.release.release_verdict import Verdict
from claimlog.release.table_check import check_tables
from claimlog.release.verify import check_database, check_null_texts
from claimlog.schema.definition import read_definition
from claimlog.schema.table_schema import Field, Table
from claimlog.validate import validate
from claimlog.validate.row_rules import _condition
from conftest import World, copied
from desk_client import desk_of
from repositories import Repo, repository
from test_evolution import Spec, raise_version

ROWS = {
    "actors": (0, "pact"),
    "sources": (0, "S001"),
    "incidents": (1, "lost-chart"),
    "measures": (1, "tide-tables-stopped"),
    "claims": (1, "C001-001"),
}
"""The row of each stream that has no list: number of its batch, and its identifier."""


def optional(spec: Spec) -> None:
    for item in spec["fields"]:
        if item["type"] == "array":
            for asked in ("constraints", "currentConstraints"):
                item.get(asked, {}).pop("required", None)


def without_lists(world: World) -> World:
    """Let all lists of a package be optional, and have none in a sealed row of each stream."""
    for stream in (*ROWS, "codings", "readings"):
        raise_version(world, optional, stream=stream)
    done = world.run("schemas", "--write")
    assert done.returncode == 0, done.stderr
    world = World(Package(world.root), world.texts)
    for stream, (batch, identifier) in ROWS.items():
        table = json.loads((world.root / "schemas" / f"{stream}.json").read_text("utf-8"))
        lists = [item["name"] for item in table["fields"] if item["type"] == "array"]
        assert lists

        def change(
            rows: list[dict[str, Any]],
            key: str = table["primaryKey"][0],
            identifier: str = identifier,
            lists: list[str] = lists,
        ) -> None:
            (row,) = (row for row in rows if row[key] == identifier)
            row.update(dict.fromkeys(lists))

        world.rewrite(stream, change, batch)
    return world


def with_keys(world: World) -> World:
    """Give the objects of two lists a key more, by operations that rows without a list go through.

    The rows that have no list were sealed before.
    """
    for stream, column in (("actors", "memberships"), ("sources", "furniture")):

        def add_key(spec: Spec, column: str = column) -> None:
            (item,) = (item for item in spec["fields"] if item["name"] == column)
            item["items"]["fields"].append(
                {"name": "ground", "type": "string", "description": "Why it is there."}
            )

        raise_version(world, add_key, f"add {column}.ground null", stream=stream)
    done = world.run("schemas", "--write")
    assert done.returncode == 0, done.stderr
    return World(Package(world.root), world.texts)


@pytest.fixture(scope="module")
def nulls(made: World, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A checkout with a release of its first batch, and then one of all; nobody changes it."""
    world = with_keys(without_lists(copied(made, tmp_path_factory.mktemp("nulls"))))
    repo = repository(world)
    repo.release("0.1.0", as_of="1")
    repo.release("0.2.0")
    return repo


COMMANDS = (
    "validate",
    "validate --texts TEXTS",
    "verify --texts TEXTS",
    "verify dist/tiny-0.2.0.zip",
    "build",
    "site --out OUT",
    "diff 0.1.0 0.2.0",
    "cite C001-001",
    *(f"show {identifier}" for _, identifier in ROWS.values()),
    *(
        f"export claims --format {kind} --texts TEXTS --out OUT"
        for kind in ("web-annotation", "cas-json", "cas-xmi")
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_takes_rows_whose_lists_are_null(words: str, nulls: Repo, tmp_path: Path) -> None:
    given = {"TEXTS": str(nulls.world.texts), "OUT": str(tmp_path / "out")}
    done = nulls.world.run(*(given.get(word, word) for word in words.split()))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_list_that_is_null_is_null_in_every_form_of_a_table(nulls: Repo, tmp_path: Path) -> None:
    out = tmp_path / "build"
    build(nulls.package, out)
    with closing(sqlite3.connect(out / "tiny.db")) as database:
        query = "select dyad_from, hops from claims where claim_id = 'C001-001'"
        assert database.execute(query).fetchone() == (None, 0)
        query = "select furniture from source_versions where source_id = 'S001'"
        assert database.execute(query).fetchone() == (None,)
    path = out / "parquet" / "claims.parquet"
    claims = pl.read_parquet(path).filter(pl.col("claim_id") == "C001-001")
    assert claims["dyad_from"].to_list() == [None]
    (row,) = (
        row
        for row in csv.DictReader(io.StringIO("".join(csv_pieces(path))))
        if row["claim_id"] == "C001-001"
    )
    assert row["dyad_from"] == ""
    table = read_definition(nulls.package).tables["claims"]
    assert sqlite_content(out / "tiny.db", table) == parquet_content(path, table)


@pytest.mark.slow
@pytest.mark.parametrize("null_text", [True, False])
@pytest.mark.parametrize("tool", ["0.3.0", __version__])
def test_a_release_has_null_lists_as_its_tool_wrote_them(
    tool: str, null_text: bool, nulls: Repo, tmp_path: Path
) -> None:
    """Up to 0.3.0 as the text "null", since then as nothing: readers take these for two things."""
    shutil.unpack_archive(nulls.root / "dist" / "tiny-0.2.0.zip", tmp_path)
    folder = tmp_path / "tiny-0.2.0"
    summary = json.loads((folder / "release.json").read_text("utf-8"))
    summary["tool_version"] = tool
    (folder / "release.json").write_text(json.dumps(summary), "utf-8")
    tables = read_definition(nulls.package).tables.values()
    with closing(sqlite3.connect(folder / "tiny.db")) as database, database:
        if tool == "0.3.0":
            database.execute("PRAGMA writable_schema = ON")
            statements = [(create_statement(it, has_checks=False), it.name) for it in tables]
            database.executemany("update sqlite_schema set sql = ? where name = ?", statements)
        for table in tables if null_text else ():
            for item in table.fields:
                if item.type == "array":
                    database.execute(
                        f'update "{table.name}" set "{item.name}" = \'null\' '
                        f'where "{item.name}" is null'
                    )
            pieces = csv_pieces(folder / "parquet" / f"{table.name}.parquet", null_text)
            (folder / "csv" / f"{table.name}.csv").write_text("".join(pieces), "utf-8", newline="")
    copy, verdict = ReleaseCopy(folder, folder), Verdict()
    for check in (check_database, check_tables, check_csv_tables, check_null_texts):
        check(copy, verdict)
    assert copy.database_is_plain
    found = {finding.path for finding in verdict.findings}
    said = [line for line in verdict.omissions if "the text null stands in tiny.db" in line]
    assert bool(said) is (null_text and tool == "0.3.0")
    if null_text is (tool == "0.3.0"):
        assert not found
    else:
        assert {"tiny.db", "csv/claims.csv", "csv/actors.csv", "csv/sources.csv"} <= found


def test_the_desk_takes_rows_whose_lists_are_null(nulls: Repo, tmp_path: Path) -> None:
    opened = desk_of(nulls.world, tmp_path)
    for path in ("desk", "form", "sources/S001", "sources/S001/claims", "claims/C001-001"):
        opened.take("adjudicator", "GET", path)
    source = opened.take("adjudicator", "GET", "sources/S001")
    given = {"version": 1, "furniture": [], "reason": "None."}
    answer = opened.ask("adjudicator", "PUT", "sources/S001/furniture", **given)
    assert (answer.status_code, "nothing is changed" in answer.text) == (422, True), source
    opened.close()


@pytest.mark.slow
def test_a_row_whose_lists_are_null_can_be_amended(nulls: Repo, tmp_path: Path) -> None:
    world = copied(nulls.world, tmp_path)
    world.amend("claims", "C001-001", statement="Norland gives Sudland no tide tables.")
    world.amend("sources", "S001", title="Harbour pact")
    world.seal("amended")
    assert [*validate(read(world.package), world.supplied).findings] == []


@pytest.mark.parametrize("state", ["empty", "nonempty"])
def test_a_list_that_is_null_is_empty_to_a_requirement(state: str) -> None:
    lists = pl.DataFrame({"takers": [None, [], ["a"]]}, schema={"takers": pl.List(pl.String)})
    held = lists.select(_condition(Field("takers", "array", ""), state)).to_series().to_list()
    assert held == ([True, True, False] if state == "empty" else [False, False, True])


@pytest.mark.slow
def test_a_build_says_that_schemas_of_tables_are_stale(world: World) -> None:
    raise_version(world, optional)
    world = World(Package(world.root), world.texts)
    world.rewrite("actors", lambda rows: rows[0].update(memberships=None), 0)
    assert world.run("validate").returncode == 0
    done = world.run("build")
    said = r"claimlog: schemas/\S+: is stale; run claimlog schemas --write, and run this again\n"
    assert re.fullmatch(said, done.stderr), done.stderr
    assert world.run("schemas", "--write").returncode == 0
    assert world.run("build").returncode == 0


def test_a_database_that_holds_no_such_row_is_no_full_disk(tmp_path: Path) -> None:
    column = {"name": "title", "type": "string", "constraints": {"required": True}}
    table = Table("works", {"fields": [column], "primaryKey": ["title"]})
    with (
        pytest.raises(UnfitRowsError, match=r"NOT NULL .* failed: works.title\); mend the schema"),
        DatabaseWriter(tmp_path / "a.db", {"works": table}) as database,
    ):
        database.fill("works", pl.DataFrame({"title": [None]}, schema={"title": pl.String}))
