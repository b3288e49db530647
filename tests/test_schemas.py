"""The schema files: one home per fact, every column and code explained."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from claimlog.edit.cell_values import parse_cell
from claimlog.errors import ClaimlogError
from claimlog.log.canonical import type_flaw
from claimlog.package import Package
from claimlog.release.coding_manual import PAGE, coding_manual
from claimlog.schema.definition import read_definition
from claimlog.schema.expansion import expanded_schemas
from claimlog.schema.table_schema import Field, Table
from conftest import ROOT, World

SCHEMAS = read_definition(Package(ROOT))
ALL = [*SCHEMAS.streams.values(), *SCHEMAS.tables.values()]
COLUMNS = [(table, item) for table in ALL for item in table.fields]
CODES = [(name, row) for name, rows in SCHEMAS.codebook.codes.items() for row in rows]


def named(pair: tuple[Table, Field]) -> str:
    return f"{pair[0].name}.{pair[1].name}"


def test_the_files_on_disk_repeat_shared_columns_and_codes_as_their_homes_have_them() -> None:
    for name, text in expanded_schemas(SCHEMAS):
        assert (ROOT / name).read_text("utf-8") == text, f"{name}: run make schemas"


@pytest.mark.slow
@pytest.mark.parametrize("pair", COLUMNS, ids=named)
def test_column_is_described_and_a_number_has_a_unit(pair: tuple[Table, Field]) -> None:
    _, item = pair
    assert len(item.description) > 8
    assert item.description[0].isupper()
    assert item.description.endswith((".", "?"))
    if item.type in ("integer", "number"):
        assert item.unit


@pytest.mark.parametrize("table", SCHEMAS.streams.values(), ids=lambda table: table.name)
def test_every_column_of_a_stream_has_an_example_that_is_valid(table: Table) -> None:
    for item in table.fields:
        assert item.example is not None, item.name
        value = parse_cell(item, item.example)
        assert type_flaw(item, value) is None, item.name
        if item.enum:
            assert value in item.enum, item.name
        if "pattern" in item.constraints:
            assert re.search(item.constraints["pattern"], value), item.name


@pytest.mark.parametrize("pair", CODES, ids=lambda pair: f"{pair[0]}.{pair[1]['code']}")
def test_code_has_label_definition_rules_and_example(pair: tuple[str, dict[str, str]]) -> None:
    _, row = pair
    for column in ("label", "definition", "include", "exclude", "example"):
        assert row[column], column
    assert bool(row["scheme"]) == bool(row["scheme_code"])


def test_codes_are_unique_within_their_list() -> None:
    for name, rows in SCHEMAS.codebook.codes.items():
        codes = [row["code"] for row in rows]
        assert len(codes) == len(set(codes)), name


def test_every_entry_of_the_codebook_says_in_which_version_it_got_its_wording() -> None:
    latest = tuple(int(part) for part in SCHEMAS.codebook.version.split("."))
    for row in (*SCHEMAS.codebook.variables, *(row for _, row in CODES)):
        assert tuple(int(part) for part in row["version"].split(".")) <= latest


def test_every_coded_column_of_a_claim_belongs_to_one_variable_with_rules_and_an_example() -> None:
    anchors = {"before_sha256", "after_sha256", "quote_sha256", "words_sha256", "word_count"}
    coded = set(SCHEMAS.streams["claims"].in_use) - anchors
    coded -= {"claim_id", "source_id", "note"}
    # of the innermost hop, looked up, computed, and of links
    others = {"anonymity", "side", "office", "number", "speaker_key", "said", "said_basis"}
    others |= {"measure", "credibility", "links.relation"}
    held = [name for row in SCHEMAS.codebook.variables for name in row["columns"].split()]
    assert len(held) == len(set(held))
    assert set(held) == coded | others
    for row in SCHEMAS.codebook.variables:
        for column in ("label", "include", "exclude", "example"):
            assert row[column].endswith((".", "?")) or column == "label", row["variable"]


def test_every_code_of_a_decided_variable_is_reached_by_a_step_and_every_step_names_a_code() -> (
    None
):
    book = SCHEMAS.codebook
    lists = {
        row["variable"]: next((item.codelist for item in SCHEMAS.columns(row) if item.codelist), "")
        for row in book.variables
    }
    given: dict[str, set[str]] = {row["variable"]: set() for row in book.variables}
    for row in book.steps:
        assert row["rule"].endswith((".", "?", ")")), row
        if row["code"]:
            given[row["variable"]].add(row["code"])
    whole = {
        *("content", "voice", "modality", "topic", "anonymity", "side", "office", "number"),
        *("origin_basis", "time_frame", "sharing_effect", "measure_status", "measure_account"),
        *("trust_sign", "trust_course", "relation", "credibility"),
    }
    for name in whole:
        assert given[name] == {row["code"] for row in book.codes[str(lists[name])]}, name
    for name in set(given) - whole:
        assert given[name] <= {row["code"] for row in book.codes.get(str(lists[name]), [])}, name


def test_steps_are_numbered_and_belong_to_variables() -> None:
    names = [row["variable"] for row in SCHEMAS.codebook.variables]
    numbers: dict[str, list[int]] = {name: [] for name in names}
    for row in SCHEMAS.codebook.steps:
        numbers[row["variable"]].append(int(row["step"]))
    for name, found in numbers.items():
        assert found == list(range(1, len(found) + 1)), name


def test_fourteen_hard_questions_are_settled_with_a_ruling_and_an_example() -> None:
    names = {row["variable"] for row in SCHEMAS.codebook.variables}
    decisions = SCHEMAS.codebook.decisions
    assert [row["number"] for row in decisions] == [str(number) for number in range(1, 15)]
    for row in decisions:
        assert row["question"].endswith("?")
        assert row["ruling"]
        assert row["example"]
        assert set(row["variables"].split()) <= names


def test_the_coders_manual_holds_every_variable_code_step_and_decision() -> None:
    page = (ROOT / PAGE).read_text("utf-8")
    assert page == coding_manual(SCHEMAS)
    book = SCHEMAS.codebook
    lists = {item.codelist for row in book.variables for item in SCHEMAS.columns(row)} - {None}
    assert {"content", "event_code", "measure", "likelihood"} <= lists
    coded = [row for name, row in CODES if name in lists]
    for row in (*book.variables, *coded):
        assert row["example"] in page
    for row in (*book.steps, *book.decisions):
        assert row.get("rule", row.get("ruling", "")) in page


def test_every_code_list_is_used_and_every_used_one_exists() -> None:
    used = {item.codelist for _, item in COLUMNS} | {
        inner.codelist for _, item in COLUMNS for inner in item.fields
    }
    assert used - {None} == set(SCHEMAS.codebook.codes)


def test_foreign_keys_and_indexes_name_tables_and_columns_that_exist() -> None:
    for table in SCHEMAS.tables.values():
        for key in table.foreign_keys:
            assert key.column in table.names
            assert key.reference in SCHEMAS.tables[key.table].names
        for columns in (*table.spec.get("indexes", ()), table.primary_key):
            assert set(columns) <= set(table.names), table.name
        for name in ("facets", "search"):
            assert set(table.spec.get(name, ())) <= set(table.names), table.name


def test_thresholds_have_a_number_a_unit_and_a_reason() -> None:
    with (ROOT / "schemas" / "thresholds.csv").open(newline="") as handle:
        for row in csv.DictReader(handle):
            assert int(row["value"]) > 0
            assert row["unit"]
            assert row["reason"].endswith(".")


@pytest.mark.slow
def test_a_stale_schema_is_shown_as_a_difference_with_the_command_that_mends_it(
    world: World,
) -> None:
    path = world.root / "schemas" / "codebook" / "codes" / "topic.csv"
    path.write_text(path.read_text() + "weather,Weather,Rain.,Storms.,Sun.,It rains.,,,0.2.0\n")
    done = world.run("schemas")
    assert done.returncode == 1
    assert '+          "weather"' in done.stdout
    assert "run claimlog schemas --write" in done.stderr
    assert world.run("schemas", "--write").returncode == 0
    assert world.run("schemas").returncode == 0


def test_a_column_from_nowhere_is_named(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    shutil.copy(ROOT / "datapackage.json", tmp_path)
    path = tmp_path / "schemas" / "tables" / "claims.json"
    path.write_text(path.read_text().replace('"claims.topic"', '"claims.topik"'))
    with pytest.raises(ClaimlogError, match=r"claims\.topik, which is no column"):
        list(expanded_schemas(read_definition(Package(tmp_path))))


@pytest.mark.slow
def test_a_schema_that_is_not_json_is_named(world: World) -> None:
    path = world.root / "schemas" / "claims.json"
    path.write_text(path.read_text()[:-20])
    done = world.run("validate")
    assert done.returncode == 1
    assert done.stderr.startswith("claimlog: schemas/claims.json: not valid JSON")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["schemas/claims.json", "schemas/site.json", "schemas/codebook/codebook.json",
     "schemas/tables/claims.json", "datapackage.json"],
)  # fmt: skip
@pytest.mark.parametrize("end", ["}", "]"])
def test_a_comma_too_many_in_a_file_of_a_person_is_said_with_its_line_and_column(
    world: World, name: str, end: str
) -> None:
    path = world.root / name
    text = path.read_text("utf-8").rstrip().removesuffix("}").rstrip()
    added = {"}": ',\n  "x": "y",\n}\n', "]": ',\n  "x": [\n    "y",\n  ]\n}\n'}[end]
    path.write_text(text + added, "utf-8")
    line = text.count("\n") + (2 if end == "}" else 3)
    column = 11 if end == "}" else 8
    done = world.run("validate")
    assert done.returncode == 1
    assert done.stderr == (
        f"claimlog: {name}: not valid JSON: a comma before {end} at line {line}, column {column}; "
        "mend it or restore it from git\n"
    )


def test_another_slip_in_a_file_of_a_person_is_said_with_its_line_and_column(world: World) -> None:
    path = world.root / "schemas" / "claims.json"
    path.write_text('{\n  "a": 1\n  "b": 2\n}\n', "utf-8")
    done = world.run("validate")
    assert "Expecting ',' delimiter at line 3, column 3; mend it" in done.stderr


def test_the_version_has_one_home() -> None:
    version = json.loads((ROOT / "datapackage.json").read_text())["version"]
    elsewhere = (ROOT / "pyproject.toml").read_text()
    assert f'version = "{version}"' not in elsewhere


def test_the_citation_file_has_the_descriptors_title_licence_and_keywords() -> None:
    about = json.loads((ROOT / "datapackage.json").read_text("utf-8"))
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["type"] == "dataset"
    assert citation["title"] == about["title"]
    assert citation["license"] == about["licenses"][0]["name"]
    assert citation["keywords"] == about["keywords"]
