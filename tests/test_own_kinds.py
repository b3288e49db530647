"""Columns of one's own of every kind: rules, CSV, log, tables, pages and the form of the desk."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from claimlog.build import build
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
    "integer": Kind(column("own", "integer"), "12", 12, ("some", "expected integer"), "integer"),
    "number": Kind(column("own", "number"), "2.5", 2.5, ("much", "expected number"), "number"),
    "year": Kind(
        column("own", "integer", constraints={"minimum": 1000, "maximum": 2999}),
        *("1999", 1999, ("199", "1000"), "integer"),
    ),
    "date": Kind(column("own", edtf=True), "2031-02", "2031-02", ("2031-13", "EDTF"), "date"),
    "pattern": Kind(
        column("own", constraints={"pattern": "^[A-Z]{2}[0-9]+$"}),
        *("AB12", "AB12", ("ab12", "pattern"), "text"),
    ),
    "list": Kind(
        column("own", "array", items={"type": "string"}, constraints={"maxLength": 2}),
        *("one; two", ["one", "two"], ("a; b; c", "2"), "strings"),
    ),
}


def package_with(spec: Spec, root: Path) -> World:
    """Return a package whose claims have a column of their own, with a source and no claim."""
    topic: OwnTopic = replace(
        DOSES, columns=[spec], keys=[], requirement=(), codes={"study_kind": {"trial": "Trial"}}
    )
    world = topic.begin(root)
    topic.add(world, "claims", "links")
    return world


def add_claim(world: World, cell: str) -> Any:
    """Add a claim whose own column says a cell, by a CSV file."""
    given = {name: value for name, value in DOSES.rows["claims"][1].items() if name in GIVEN}
    path = world.root.parent / "claims.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, [*given, "own"])
        writer.writeheader()
        writer.writerow({**given, "own": cell})
    texts = ("--texts", str(world.texts))
    return world.run("add", "claim", "--from", str(path), *texts)


GIVEN = {
    *("quote", "statement", "voice", "modality", "topic", "origin_basis", "coder_confidence"),
    "source_id",
}


@pytest.mark.parametrize("name", KINDS)
def test_a_column_of_a_kind_goes_from_a_cell_to_tables_pages_and_the_desk(
    name: str, tmp_path: Path
) -> None:
    kind = KINDS[name]
    world = package_with(kind.spec, tmp_path / "package")
    cell, said = kind.bad
    refused = add_claim(world, cell)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    done = add_claim(world, kind.cell)
    assert done.returncode == 0, done.stderr
    world.seal("first")
    assert world.rows("claims")[0]["own"] == kind.value
    folder = world.package.build
    build(world.package, folder)
    table = pl.read_parquet(folder / "parquet" / "claims.parquet")
    if name == "list":
        listed = read_definition(world.package).tables
        assert "claim_own" in listed or "own" in listed["claims"].names
    else:
        assert table["own"].to_list() == [kind.value]
        with closing(sqlite3.connect(folder / "lumerol.db")) as connection:
            assert connection.execute("select own from claims").fetchone() == (kind.value,)
        page = asking(folder)("/claims/C001-001").text
        assert str(kind.value) in page or "February 2031" in page
    fields = form(read(world.package))["streams"]["claims"]["fields"]
    [field] = [one for one in fields if one["column"] == "own"]
    assert field["kind"] == kind.field
    assert "own" in csv_template(read_definition(world.package).streams["claims"]).decode()
    out = tmp_path / "out"
    done = world.run("export", "claims", "--out", str(out), "--texts", str(world.texts))
    assert done.returncode == 0, done.stderr
    text = kind.value if isinstance(kind.value, str) else json.dumps(kind.value)
    assert json.dumps(f"own: {text}")[1:-1] in (out / "claims.jsonld").read_text("utf-8")


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
