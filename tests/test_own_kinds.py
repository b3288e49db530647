"""Columns of one's own of every kind: rules, CSV, log, tables, pages and the form of the desk."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import openpyxl
import polars as pl
import pytest

from claimlog.build import build
from claimlog.desk.amendments import shown_changes
from claimlog.desk.comparison import nothing_as_null
from claimlog.desk.draft_values import clean_values
from claimlog.desk.forms import form
from claimlog.edit.cell_values import parse_cell
from claimlog.edit.open_batch import read_with_open
from claimlog.edit.row_files import read_entries
from claimlog.edit.template import csv_template
from claimlog.errors import ClaimlogError, UsageError
from claimlog.fold.agreement_coefficients import krippendorff_alpha
from claimlog.log.canonical import type_flaw
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.schema.table_schema import Field
from conftest import World, asking, copied
from own_topics import CODED, DOSES, OwnTopic
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
            column("own_boolean", "boolean"),
            *("no", False, ("maybe", "expected yes or no"), "boolean"),
        ),
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


@pytest.mark.slow
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


@pytest.mark.slow
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
        shown = "<dd>no</dd>" if name == "own_boolean" else str(kind.value)
        assert shown in asking(folder)("/claims/C001-001").text
    fields = form(read(built.package))["streams"]["claims"]["fields"]
    [field] = [one for one in fields if one["column"] == name]
    assert field["kind"] == kind.field
    codes = {one["code"]: one["label"] for one in field["codes"]}
    assert codes == ({True: "Yes", False: "No"} if name == "own_boolean" else {})
    assert name in csv_template(read_definition(built.package).streams["claims"]).decode()
    text = kind.value if isinstance(kind.value, str) else json.dumps(kind.value)
    exported = (built.root.parent / "out" / "claims.jsonld").read_text("utf-8")
    assert json.dumps(f"{name}: {text}")[1:-1] in exported


@pytest.mark.parametrize("name", ["own_boolean", "own_integer", "own_number"])
def test_no_and_0_are_answers_that_the_desk_tells_from_an_empty_cell(
    name: str, begun: World
) -> None:
    value = False if name == "own_boolean" else 0
    claims = read_definition(begun.package).streams["claims"]
    assert clean_values(claims, {name: value}) == {name: value}
    changed = {"column": name, "before": None, "after": value}
    empty_row = dict.fromkeys(claims.names)
    assert shown_changes(claims, empty_row, {**empty_row, name: value}) == [changed]
    assert nothing_as_null(value) is value
    assert [nothing_as_null(empty) for empty in ("", [], None)] == [None] * 3


@pytest.mark.parametrize("text", ["Yes", "TRUE", " no ", "false"])
def test_yes_and_no_are_read_as_people_and_spreadsheets_write_them(text: str) -> None:
    item = Field.load(KINDS["own_boolean"].spec)
    assert parse_cell(item, text) is (text in ("Yes", "TRUE"))
    with pytest.raises(UsageError, match='"own_boolean" is "1", expected yes or no'):
        parse_cell(item, "1")
    assert type_flaw(item, 1) == '"own_boolean" is 1, expected boolean'


GIVEN_CLAIM = {name: value for name, value in DOSES.rows["claims"][1].items() if name in GIVEN}


VARIABLE = {
    **dict.fromkeys(("label", "include", "exclude", "example"), "So."),
    **dict.fromkeys(("variable", "columns"), "own_boolean"),
    "version": "1.0.0",
}


def workbook(rows: list[dict[str, Any]]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for cells in ([*rows[0]], *([*row.values()] for row in rows)):
        book.active.append(cells)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.mark.parametrize(
    ("file", "cells", "bad", "said"),
    [
        (workbook, (True, "no", None), 1, '"own_boolean" is "1", expected yes or no'),
        (lines, (True, False, None), "yes", '"own_boolean" is "yes", expected boolean'),
        (lines, (True, False, None), 0, '"own_boolean" is 0, expected boolean'),
    ],
)
def test_yes_and_no_come_from_cells_as_words_and_from_lines_as_true_and_false(
    file: Callable[[list[dict[str, Any]]], bytes],
    cells: tuple[Any, ...],
    bad: Any,
    said: str,
    begun: World,
    tmp_path: Path,
) -> None:
    claims = read_definition(begun.package).streams["claims"]
    path = tmp_path / "rows"
    path.write_bytes(file([{"statement": "So.", "own_boolean": cell} for cell in cells]))
    rows = read_entries(claims, str(path), None).rows
    assert [row["own_boolean"] for row in rows] == [True, False, None]
    path.write_bytes(file([{**GIVEN_CLAIM, "own_boolean": bad}]))
    done = begun.run("add", "claim", "--from", str(path), "--texts", str(begun.texts))
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr


def test_an_option_takes_yes_and_no_and_says_so(begun: World, tmp_path: Path) -> None:
    world = copied(begun, tmp_path)
    assert "--own-boolean [yes|no]" in world.run("add", "claim", "--help").stdout
    options = [f"--{name.replace('_', '-')}={value}" for name, value in GIVEN_CLAIM.items()]
    texts = ("--texts", str(world.texts))
    done = world.run("add", "claim", *options, "--own-boolean=maybe", *texts)
    assert (done.returncode, "expected yes or no" in done.stderr) == (2, True), done.stderr
    done = world.run("add", "claim", *options, "--own-boolean=No", *texts)
    assert done.returncode == 0, done.stderr
    assert read_with_open(world.package).live("claims")["own_boolean"].to_list() == [False]
    shown = world.run("show", "C001-001").stdout
    assert re.search(r"own_boolean +no\n", shown)


def test_a_requirement_and_a_step_can_name_yes_and_no(begun: World, tmp_path: Path) -> None:
    world = copied(begun, tmp_path)
    schemas = world.root / "schemas"
    rule = ("no-has-year", "claims", "own_boolean", "no", "own_year", "set", "error")
    with (schemas / "requirements.csv").open("a", encoding="utf-8") as file:
        csv.writer(file).writerow((*rule, "What is not so has a year.", "Else when?"))
    variables, steps = (schemas / "codebook" / f"{name}.csv" for name in ("variables", "steps"))
    append_row(variables, VARIABLE)
    append_row(steps, {"variable": "own_boolean", "step": "1", "rule": "If not:", "code": "no"})
    world = World(Package(world.root), world.texts)
    refused = add_claim(world, {"own_boolean": "no"})
    said = '"own_year" is empty while "own_boolean" is no: what is not so has a year'
    assert (refused.returncode, said in refused.stderr) == (1, True), refused.stderr
    done = add_claim(world, {"own_boolean": "yes"})
    assert done.returncode == 0, done.stderr
    told = form(read(world.package))
    [variable] = [one for one in told["variables"] if one["variable"] == "own_boolean"]
    assert [step["code"] for step in variable["steps"]] == [False]
    fields = {one["column"]: one for one in told["streams"]["claims"]["fields"]}
    [condition] = [*fields["own_year"]["required_when"], *fields["own_boolean"]["needs"]]
    assert (condition["column"], condition["is"]) == ("own_boolean", [False])
    steps.write_text(steps.read_text("utf-8").replace("If not:,no", "If not:,maybe"), "utf-8")
    with pytest.raises(ClaimlogError, match=r"steps.csv: .*'maybe', expected yes or no"):
        read_definition(Package(world.root))
    path = schemas / "requirements.csv"
    path.write_text(path.read_text("utf-8").replace("own_boolean,no", "own_boolean,false"), "utf-8")
    with pytest.raises(ClaimlogError, match='whether own_boolean of claims is "false", which'):
        read_definition(Package(world.root))


@pytest.mark.slow
def test_a_change_from_no_to_yes_is_told_in_these_words(begun: World, tmp_path: Path) -> None:
    world = copied(begun, tmp_path)
    path = world.root / "schemas" / "site.json"
    site = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**site, "claim_line": [{"column": "own_boolean"}]}), "utf-8")
    assert add_claim(world, {"own_boolean": "no"}).returncode == 0
    world.seal("first")
    build(world.package, world.package.build)
    assert "own boolean: no" in asking(world.package.build)("/claims").text
    world.amend("claims", "C001-001", "Read again.", own_boolean=True)
    world.seal("second")
    build(world.package, world.package.build)
    get = asking(world.package.build)
    assert "own_boolean: no -&gt; yes" in get("/feeds/corrections.atom").text
    assert get("/claims/C001-001.json").json()["claim"]["own_boolean"] is True
    shown = re.sub(r"<[^>]*>|\s+", " ", get("/claims/C001-001").text)
    assert re.search(r"own_boolean +no +yes", shown)
    assert "own_boolean: no -> yes" in world.run("show", "C001-001").stdout


def test_coders_agree_on_no_as_on_any_other_answer(begun: World, tmp_path: Path) -> None:
    world = copied(begun, tmp_path)
    schemas = world.root / "schemas"
    codings = json.loads((schemas / "codings.json").read_text("utf-8"))
    codings["fields"].append(KINDS["own_boolean"].spec)
    (schemas / "codings.json").write_text(json.dumps(codings), "utf-8")
    append_row(schemas / "codebook" / "variables.csv", VARIABLE)
    world = World(Package(world.root), world.texts)
    assert world.run("schemas", "--write").returncode == 0
    pairs = [(False, False), (False, True), (True, True), (None, False), (None, None)]
    common = {"pass": 1, "source_id": "S001", **CODED}
    for coder, answers in zip(("coder-1", "coder-2"), zip(*pairs, strict=True), strict=True):
        rows = [
            {**common, "coder": coder, "quote": row["quote"], "own_boolean": answer}
            for row, answer in zip(DOSES.rows["claims"], answers, strict=True)
        ]
        world.add("codings", rows, by=coder)
    world.seal("first")
    build(world.package, world.package.build)
    table = pl.read_parquet(world.package.build / "parquet" / "reliability.parquet")
    [found] = table.filter(variable="own_boolean", scope="all").rows(named=True)
    expected = krippendorff_alpha([(str(one), str(other)) for one, other in pairs])
    assert (found["units"], found["units_filled"]) == (5, 4)
    assert (found["percent_agreement"], found["alpha"]) == (60, expected.value)


def append_row(path: Path, row: Mapping[str, str]) -> None:
    """Write one more row of a CSV file, whose other cells are empty."""
    with path.open(newline="", encoding="utf-8") as file:
        names = next(csv.reader(file))
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.DictWriter(file, names, "", lineterminator="\n").writerow(row)


@pytest.mark.parametrize(("kind", "remedy"), [("date", "make it a string with edtf")])
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
