"""Columns of one's own of every kind: rules, CSV, log, tables, pages and the form of the desk."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import polars as pl
import pytest

from claimlog.build import build
from claimlog.desk.amendments import changed_columns
from claimlog.desk.comparison import nothing_as_null
from claimlog.desk.draft_values import clean_values
from claimlog.desk.forms import form
from claimlog.edit.template import csv_template
from claimlog.errors import ClaimlogError
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from conftest import World, asking
from own_topics import DOSES, OwnTopic
from test_registers import Spec, column


@dataclass(frozen=True)
class Kind:
    """A kind of column: how it is declared, values as cells say them, and one that is none.

    Attributes
    ----------
    cell
        A value as it stands in a cell of CSV.
    value
        The same as a value of a row.
    bad
        A cell that is refused, and a part of what is said of it.
    field
        What the desk makes of the column.
    """

    spec: Spec
    cell: str
    value: Any
    bad: tuple[str, str]
    field: str


KINDS = {
    kind.spec["name"]: kind
    for kind in (
        Kind(
            column("own_integer", "integer"),
            *("4711", 4711, ("some", "expected integer"), "integer"),
        ),
        Kind(column("own_number", "number"), "2.5", 2.5, ("much", "expected number"), "number"),
        Kind(
            column("own_year", "integer", constraints={"minimum": 1000, "maximum": 2999}),
            *("1999", 1999, ("199", "1000"), "integer"),
        ),
        Kind(column("own_date", edtf=True), "2031-02", "2031-02", ("2031-13", "EDTF"), "date"),
        Kind(
            column("own_pattern", constraints={"pattern": "^[A-Z]{2}[0-9]+$"}),
            *("AB12", "AB12", ("ab12", "pattern"), "text"),
        ),
        Kind(
            column("own_list", "array", items={"type": "string"}, constraints={"maxLength": 2}),
            *("one; two", ["one", "two"], ("a; b; c", "2"), "strings"),
        ),
    )
}
"""Kinds by the name of their column."""


def add_claim(world: World, cells: Mapping[str, str]) -> CompletedProcess[str]:
    """Add a claim whose own columns say cells, by a CSV file."""
    given = {name: value for name, value in DOSES.rows["claims"][1].items() if name in GIVEN}
    path = world.root.parent / "claims.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, [*given, *cells])
        writer.writeheader()
        writer.writerow({**given, **cells})
    texts = ("--texts", str(world.texts))
    return world.run("add", "claim", "--from", str(path), *texts)


GIVEN = {
    *("quote", "statement", "voice", "modality", "topic", "origin_basis", "coder_confidence"),
    "source_id",
}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A package whose claims have a column of each kind, with a source and no claim."""
    topic: OwnTopic = replace(
        DOSES,
        columns=[kind.spec for kind in KINDS.values()],
        keys=[],
        requirement=(),
        codes={"study_kind": {"trial": "Trial"}},
    )
    world = topic.begin(tmp_path_factory.mktemp("kinds") / "package")
    topic.add(world, "claims", "links")
    return world


@pytest.mark.parametrize("name", KINDS)
def test_a_cell_that_is_of_no_kind_is_refused(name: str, begun: World) -> None:
    cell, said = KINDS[name].bad
    refused = add_claim(begun, {name: cell})
    assert refused.returncode == 1
    assert name in refused.stderr
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.fixture(scope="module")
def built(begun: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A copy with a claim that says a value of each kind: sealed, built, and exported to out/."""
    folder = tmp_path_factory.mktemp("built") / "package"
    shutil.copytree(begun.root, folder)
    world = World(Package(folder), folder / "texts")
    done = add_claim(world, {name: kind.cell for name, kind in KINDS.items()})
    assert done.returncode == 0, done.stderr
    world.seal("first")
    build(world.package, world.package.build)
    out = folder.parent / "out"
    done = world.run("export", "claims", "--out", str(out), "--texts", str(world.texts))
    assert done.returncode == 0, done.stderr
    return world


@pytest.mark.parametrize("name", KINDS)
def test_a_column_of_a_kind_goes_from_a_cell_to_tables_pages_and_the_desk(
    name: str, built: World
) -> None:
    kind = KINDS[name]
    assert built.rows("claims")[0][name] == kind.value
    folder = built.package.build
    table = pl.read_parquet(folder / "parquet" / "claims.parquet")
    if isinstance(kind.value, list):
        listed = read_definition(built.package).tables
        assert f"claim_{name}" in listed or name in listed["claims"].names
    else:
        assert table[name].to_list() == [kind.value]
        with closing(sqlite3.connect(folder / "lumerol.db")) as connection:
            assert connection.execute(f"select {name} from claims").fetchone() == (kind.value,)
        assert str(kind.value) in asking(folder)("/claims/C001-001").text
    fields = form(read(built.package))["streams"]["claims"]["fields"]
    [field] = [one for one in fields if one["column"] == name]
    assert field["kind"] == kind.field
    assert name in csv_template(read_definition(built.package).streams["claims"]).decode()
    text = kind.value if isinstance(kind.value, str) else json.dumps(kind.value)
    exported = (built.root.parent / "out" / "claims.jsonld").read_text("utf-8")
    assert json.dumps(f"{name}: {text}")[1:-1] in exported


@pytest.mark.parametrize("name", ["own_integer", "own_number"])
def test_0_is_an_answer_that_the_desk_tells_from_an_empty_cell(name: str, begun: World) -> None:
    claims = read_definition(begun.package).streams["claims"]
    assert clean_values(claims, {name: 0}) == {name: 0}
    changed = {"column": name, "before": None, "after": 0}
    assert changed_columns(claims, {}, {name: 0}) == [changed]
    assert nothing_as_null(0) == 0
    assert [nothing_as_null(value) for value in ("", [], None)] == [None] * 3


@pytest.mark.parametrize(
    ("kind", "remedy"), [("boolean", "name a code list"), ("date", "make it a string with edtf")]
)
def test_a_kind_that_no_row_has_is_refused_with_what_serves_instead(
    kind: str, remedy: str, tmp_path: Path
) -> None:
    world = DOSES.begin(tmp_path / "package")
    path = world.root / "schemas" / "claims.json"
    schema = json.loads(path.read_text("utf-8"))
    schema["fields"].append(column("own", kind))
    path.write_text(json.dumps(schema), "utf-8")
    with pytest.raises(ClaimlogError, match=f"own: rows hold no {kind}; for .*{remedy}"):
        read_definition(Package(world.root))
