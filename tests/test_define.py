"""`claimlog define`: a variable or a register, in every file that says so, or in none."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from claimlog.build import build
from claimlog.cli import cli
from claimlog.edit import write_together as write_together_module
from claimlog.edit.log_lock import package_lock
from claimlog.edit.write_together import write_together
from claimlog.errors import ClaimlogError, UsageError
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.release.coding_manual import coding_manual
from claimlog.release.generated_package_files import stale_files
from claimlog.release.publishing.doi import write_doi
from claimlog.schema.definition import read_definition
from claimlog.schema.table_schema import Field
from claimlog.start import define as define_module
from claimlog.start.define import define
from claimlog.start.define_register import Register
from claimlog.start.define_variable import Variable
from claimlog.start.definition_texts import with_value
from claimlog.start.example import remove_example
from claimlog.start.new_package import make_package
from claimlog.start.package_choices import PackageChoices
from claimlog.start.variable_choices import VariableChoices
from claimlog.validate import validate
from conftest import World
from own_topics import GIT, commit
from test_topic import change_json

PITCH = VariableChoices(
    name="pitch",
    definition="How the bell is said to sound.",
    codes=(("low", "The text calls it low."), ("high", "The text calls it high.")),
    steps=(("Does the text call it deep, dark or low?", "low"), ("Otherwise leave it empty.", "")),
    agreement=0.8,
)
WEIGHT = VariableChoices(
    name="weight", type="number", unit="kilogram", minimum=0, definition="Weight of the bell."
)
BELLS = Register("bell", "Bells", "Bells that claims speak of.")


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A package as `claimlog new` leaves it, with five sealed claims; nobody changes it."""
    root = tmp_path_factory.mktemp("define") / "bells"
    choices = PackageChoices("town-bells", "Town bells", "bells", "CC-BY-4.0", ("en",))
    return World(make_package(root, choices), root / "texts")


@pytest.fixture
def sealed(pristine: World, tmp_path: Path) -> World:
    """A copy of it."""
    root = tmp_path / "bells"
    shutil.copytree(pristine.root, root)
    return World(Package(root), root / "texts")


@pytest.fixture
def empty(sealed: World) -> World:
    """A package without a row."""
    remove_example(sealed.package)
    return World(Package(sealed.root), sealed.texts)


def files(world: World) -> dict[str, bytes]:
    """Every file of a package but those of its state."""
    return {
        path.relative_to(world.root).as_posix(): path.read_bytes()
        for path in sorted(world.root.rglob("*"))
        if path.is_file() and ".claimlog" not in path.parts
    }


def called(world: World, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--package", str(world.root), "define", *words])


def column(world: World, name: str, stream: str = "claims") -> Field:
    return read_definition(Package(world.root)).streams[stream].by_name[name]


def assert_sound(world: World) -> None:
    package = Package(world.root)
    assert [*stale_files(package)] == []
    assert validate(read(package), world.supplied).findings == []


def table(world: World, name: str) -> list[list[str]]:
    with (world.root / "schemas" / name).open(encoding="utf-8", newline="") as file:
        return [*csv.reader(file)]


# what is written


def test_a_variable_with_codes_is_a_column_a_code_list_a_definition_and_steps(empty: World) -> None:
    written = define(empty.package, Variable(PITCH))
    assert [(one.path, one.note) for one in written if not one.generated] == [
        ("schemas/codebook/codes/pitch.csv", "2 codes"),
        ("schemas/claims.json", "the column pitch"),
        ("schemas/codings.json", "the column pitch"),
        ("schemas/codebook/variables.csv", "its definition"),
        ("schemas/codebook/steps.csv", "2 steps"),
        ("schemas/site.json", "where pages show it"),
    ]
    assert column(empty, "pitch").enum == ["low", "high"]
    [_, low, high] = table(empty, "codebook/codes/pitch.csv")
    assert (low[:3], high[-1]) == (["low", "Low", "The text calls it low."], "1.0.0")
    about = table(empty, "codebook/variables.csv")[-1]
    assert about[:4] == ["pitch", "Pitch", "pitch", "How the bell is said to sound."]
    assert about[-2:] == ["0.8", "1.0.0"]
    assert table(empty, "codebook/steps.csv")[-2:] == [
        ["pitch", "1", "Does the text call it deep, dark or low?", "low"],
        ["pitch", "2", "Otherwise leave it empty.", ""],
    ]
    assert "deep, dark or low" in (empty.root / "docs" / "codebook.md").read_text("utf-8")
    assert_sound(empty)


def test_what_is_written_is_what_was_there_and_lines_more(empty: World) -> None:
    before = files(empty)
    written = {one.path for one in define(empty.package, Variable(PITCH))}
    after = files(empty)
    assert {name for name in after if after[name] != before.get(name)} == written
    for name in written & {*before}:
        lines, was = after[name].splitlines(), before[name].splitlines()
        # of JSON, the line before what is added gets a comma
        gone = [line for line in was if line not in lines and line + b"," not in lines]
        assert (name, gone) == (name, [])


@pytest.mark.parametrize(
    ("choices", "kind", "said"),
    [
        (WEIGHT, "number", {"unit": "kilogram", "constraints": {"minimum": 0}}),
        (VariableChoices("age", type="integer", definition="Age.", maximum=9), "integer", {}),
        (VariableChoices("for_sale", type="yes-no", definition="Sold?"), "boolean", {}),
        (VariableChoices("cast_in", type="date", definition="When."), "string", {"edtf": True}),
        (VariableChoices("gist", type="text", definition="What."), "string", {"ownWords": True}),
    ],
)
def test_each_type_is_a_column_of_it(
    choices: VariableChoices, kind: str, said: dict[str, Any], empty: World
) -> None:
    define(empty.package, Variable(choices))
    spec = next(
        item
        for item in json.loads((empty.root / "schemas/claims.json").read_text("utf-8"))["fields"]
        if item["name"] == choices.name
    )
    assert {key: spec[key] for key in ("type", *said)} == {"type": kind, **said}
    assert_sound(empty)


def test_a_register_has_names_and_columns_and_claims_refer_to_it(empty: World) -> None:
    define(empty.package, BELLS)
    cast = VariableChoices("cast_in", "bell", type="date", definition="When it was cast.")
    define(empty.package, Variable(cast))
    use = VariableChoices(
        "use", "bells", definition="Its use.", codes=(("church", "Of a church."),)
    )
    define(empty.package, Variable(use))
    define(empty.package, Variable(VariableChoices("bell", register="bells")))
    define(empty.package, Variable(VariableChoices("other_bells", register="bell", many=True)))
    definition = read_definition(Package(empty.root))
    assert definition.streams["bells"].by_name["use"].codelist == "bell_use"
    assert definition.streams["claims"].by_name["bell_id"].description == (
        "The bell that the claim is about."
    )
    assert [
        key.table for key in definition.streams["claims"].foreign_keys if key.column == "bell_id"
    ]
    assert "claim_other_bells" in definition.tables
    assert [row["columns"] for row in definition.codebook.variables][-2:] == [
        "bell_id",
        "other_bells",
    ]
    empty.add(
        "bells", [{"bell_id": "gloria", "name": "Gloria", "cast_in": "1623", "use": "church"}]
    )
    assert_sound(empty)


def test_the_table_of_a_register_counts_claims_whenever_they_begin_to_refer_to_it(
    empty: World,
) -> None:
    define(empty.package, BELLS)
    counts = {"claims", "articles", "independent_origins", "unknown_origins"}
    names = {*read_definition(Package(empty.root)).tables["bells"].names}
    assert not counts & names
    define(Package(empty.root), Variable(VariableChoices("bell", register="bells")))
    spec = json.loads((empty.root / "schemas/tables/bells.json").read_text("utf-8"))
    assert {item["name"] for item in spec["fields"]} == names | counts
    assert_sound(empty)


def test_a_register_with_a_column_of_its_own_by_the_name_of_a_count_keeps_that(
    empty: World,
) -> None:
    define(empty.package, BELLS)
    claims = VariableChoices("claims", "bells", type="integer", definition="Of owners.")
    define(Package(empty.root), Variable(claims))
    define(Package(empty.root), Variable(VariableChoices("bell", register="bells")))
    names = read_definition(Package(empty.root)).tables["bells"].names
    assert "claims" in names
    assert "articles" not in names
    assert_sound(empty)


@pytest.mark.slow
@pytest.mark.parametrize("choices", [PITCH, replace(WEIGHT, agreement=0.7)], ids=["code", "number"])
def test_a_variable_of_which_agreement_is_asked_is_coded_independently_too(
    choices: VariableChoices, sealed: World
) -> None:
    define(sealed.package, Variable(choices))
    name = choices.column
    codings = read_definition(sealed.package).streams["codings"]
    claims = read_definition(sealed.package).streams["claims"]
    assert codings.by_name[name].type == claims.by_name[name].type
    assert codings.by_name[name].codelist == claims.by_name[name].codelist
    [claim, *_] = read(sealed.package).live("claims").to_dicts()
    where = {key: claim[key] for key in ("source_id", "start", "end", "quote_sha256")}
    said = "high" if choices.codes else 30.0
    for coder in ("coder-2", "coder-3"):
        sealed.add("coders", [{"coder_id": coder, "kind": "person", "description": "Coded it."}])
        row = {**where, "coder": coder, "pass": 1, "topic": "main", name: said}
        sealed.add("codings", [row], by=coder)
    sealed.seal("twice")
    build(sealed.package, sealed.package.build)
    rows = pl.read_parquet(sealed.package.build / "parquet" / "reliability.parquet")
    measured = rows.filter(pl.col("variable") == choices.name)
    assert measured["units_filled"].to_list()[0] == 1


def test_steps_of_yes_and_no_give_yes_or_no(empty: World) -> None:
    steps = (("Does the text say that it is sold?", "yes"), ("Does it deny that?", "no"))
    choices = VariableChoices("for_sale", type="yes-no", definition="Sold?", steps=steps)
    define(empty.package, Variable(choices))
    assert_sound(empty)


def test_the_command_says_file_by_file_what_it_wrote(empty: World) -> None:
    done = called(
        empty, "variable", "pitch", "--definition", "Its sound.", "--code", "low", "It is low.",
        "--step", "Is it deep?", "low", "--step", "Otherwise leave it empty.", "--agreement", "0.8",
    )  # fmt: skip
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.output.splitlines() == [
        "wrote schemas/codebook/codes/pitch.csv: 1 code",
        "wrote schemas/claims.json: the column pitch",
        "wrote schemas/codings.json: the column pitch",
        "wrote schemas/codebook/variables.csv: its definition",
        "wrote schemas/codebook/steps.csv: 2 steps",
        "wrote schemas/site.json: where pages show it",
        "wrote schemas/tables/claims.json, schemas/tables/codings.json, "
        "schemas/tables/claim_versions.json, schemas/tables/coding_versions.json, "
        "docs/codebook.md: what follows from that",
    ]
    done = called(empty, "register", "court_case")
    assert done.output.startswith("wrote schemas/court_cases.json: the register court_cases\n")


# when there are rows


def test_sealed_rows_keep_their_version_and_hold_nothing_in_a_later_variable(sealed: World) -> None:
    events = {name: data for name, data in files(sealed).items() if name.startswith("events/")}
    before = (sealed.root / "schemas/claims.json").read_bytes()
    written = {one.path: one.note for one in define(sealed.package, Variable(PITCH))}
    assert written["schemas/past/claims.1.json"] == "what rows so far were written by"
    assert written["schemas/claims.json"] == "version 2, the column pitch"
    assert written["schemas/codebook/codebook.json"] == "version 1.1.0"
    assert written["schemas/upcasts.csv"] == "older rows hold null in it"
    assert (sealed.root / "schemas/past/claims.1.json").read_bytes() == before
    assert table(sealed, "codebook/variables.csv")[-1][-1] == "1.1.0"
    assert {n: d for n, d in files(sealed).items() if n.startswith("events/")} == events
    assert_sound(sealed)


def test_two_variables_are_one_new_version_of_schema_and_codebook(sealed: World) -> None:
    for choices in (PITCH, WEIGHT):
        define(Package(sealed.root), Variable(choices))
    definition = read_definition(Package(sealed.root))
    assert definition.streams["claims"].version == 2
    assert definition.codebook.version == "1.1.0"
    assert table(sealed, "upcasts.csv")[1:] == [
        ["claims", "2", "add", "pitch", "null"],
        ["claims", "2", "add", "weight", "null"],
    ]
    amended = read(Package(sealed.root)).live("claims")["claim_id"][0]
    sealed.amend("claims", amended, pitch="low", weight=20)
    sealed.seal("pitch")
    assert_sound(sealed)
    define(Package(sealed.root), Variable(VariableChoices("tone", type="date", definition="When.")))
    definition = read_definition(Package(sealed.root))
    assert (definition.streams["claims"].version, definition.codebook.version) == (3, "1.2.0")
    assert_sound(sealed)


def test_a_list_that_comes_later_is_empty_in_older_rows(sealed: World) -> None:
    define(sealed.package, Variable(VariableChoices("places", register="actors", many=True)))
    assert table(sealed, "upcasts.csv")[-1] == ["claims", "2", "add", "places", "[]"]
    assert_sound(sealed)


def test_a_register_that_comes_later_changes_no_version(sealed: World) -> None:
    define(sealed.package, BELLS)
    definition = read_definition(Package(sealed.root))
    assert (definition.streams["claims"].version, definition.codebook.version) == (1, "1.0.0")
    assert_sound(sealed)


def test_open_rows_are_carried_over(empty: World) -> None:
    define(empty.package, BELLS)
    empty.add("bells", [{"bell_id": "gloria", "name": "Gloria"}])
    cast = VariableChoices("cast_in", "bells", type="date", definition="When.")
    define(Package(empty.root), Variable(cast))
    empty.seal("bells")
    [row] = empty.rows("bells")
    assert row["cast_in"] is None
    assert_sound(empty)


@pytest.mark.slow
def test_after_a_release_the_dataset_has_its_next_version(sealed: World) -> None:
    subprocess.run([*GIT, "init", "-q"], cwd=sealed.root, check=True)
    commit(sealed.root)
    done = sealed.run("release", "0.1.0")
    assert done.returncode == 0, done.stderr
    commit(sealed.root)
    written = {one.path: one.note for one in define(sealed.package, Variable(PITCH))}
    assert written["datapackage.json"] == "version 0.2.0, the next release"
    define(Package(sealed.root), Variable(WEIGHT))
    commit(sealed.root)
    done = sealed.run("release", "0.2.0")
    assert done.returncode == 0, done.stderr


# what is refused


def variable(**given: Any) -> VariableChoices:
    whole = {"name": "pitch", "type": None if "register" in given else "text", "definition": "A."}
    return VariableChoices(**{**whole, **given})


LOW = (("low", "It is low."),)
REFUSED = [
    ({"name": "Pitch"}, "NAME: the name 'Pitch' of a variable is not lower-case"),
    ({"name": "../x"}, "NAME: the name '../x' of a variable"),
    ({"name": "a\nb"}, "NAME: the name 'a\\nb' of a variable"),
    ({"name": "pitch\n"}, "NAME: the name 'pitch\\n' of a variable"),
    ({"name": "=pitch"}, "NAME: the name '=pitch' of a variable"),
    ({"name": "p" * 64}, "NAME: the name"),
    ({"name": "cast"}, "NAME 'cast': means something else in SQL"),
    (
        {"name": "topic"},
        "NAME 'topic': claims have a column topic already; name it otherwise, or change",
    ),
    ({"name": "action"}, "NAME 'action': every row has that of its own"),
    ({"name": "event_id"}, "NAME 'event_id': every row has that of its own"),
    ({"name": "span"}, "NAME 'span': the codebook has that variable already"),
    ({"name": "certainty", "type": None, "codes": LOW}, "NAME 'certainty': there is a code list"),
    ({"stream": "claim5"}, "--in 'claim5': there is no such stream; did you mean \"claims\"?"),
    ({"stream": "../claims"}, "--in '../claims': there is no such stream"),
    ({"register": "bells"}, "--register 'bells': there is no such stream; expected one of"),
    ({"type": None}, "say what it holds: --code CODE DEFINITION for each code, --type text|"),
    ({"codes": LOW}, "--code and --type: a variable is one of both"),
    ({"many": True}, "--many: is said of references"),
    ({"agreement": 0.8}, "--agreement: no two coders use the same words; give codes"),
    ({"definition": ""}, "--definition: say in a sentence"),
    ({"definition": "a\nb"}, "--definition 'a\\nb': expected some words in one line"),
    ({"definition": " "}, "--definition ' ': expected some words in one line"),
    ({"definition": "a" * 2001}, "--definition: has 2,001 characters, at most 2,000"),
    ({"definition": "a\u202eb"}, "--definition "),
    ({"example": "a\tb"}, "--example 'a\\tb': expected some words in one line"),
    ({"label": "a" * 201}, "--label: has 201 characters, at most 200"),
    ({"unit": "kilogram"}, "--unit: is said of numbers; add --type number"),
    ({"minimum": 0.0}, "--minimum: is said of numbers"),
    ({"type": "number", "maximum": float("nan")}, "--maximum: nan is no number"),
    ({"type": "number", "minimum": 2.0, "maximum": 1.0}, "--minimum 2: is more than --maximum 1"),
    ({"agreement": 80.0}, "--agreement 80: expected a number from 0 to 1"),
    ({"type": None, "codes": (*LOW, *LOW)}, "--code low: was given twice"),
    ({"type": None, "codes": (("a b", "A."),)}, "--code 'a b': expected letters"),
    ({"type": None, "codes": (("=1+1", "A."),)}, "--code '=1+1': expected letters"),
    ({"type": None, "codes": (("null", "A."),)}, "--code 'null': expected letters"),
    ({"type": None, "codes": (("low", ""),)}, "--code 'low' '': expected some words in one line"),
    ({"steps": (("Is it?", "low"),)}, "--step 'Is it?': gives the code 'low', but the variable"),
    ({"steps": (("", ""),)}, "--step '': expected some words in one line"),
    (
        {"type": None, "codes": LOW, "steps": (("Is it?", "lo"),)},
        "--step 'Is it?': gives the code 'lo', which no --code has; did you mean \"low\"?",
    ),
    ({"type": "yes-no", "steps": (("Is it?", "true"),)}, "--step 'Is it?': gives the code 'true'"),
    ({"stream": "actors", "steps": (("Is it?", ""),)}, "--step: is said of what coders decide"),
]


@pytest.mark.parametrize(("given", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_slip_is_one_line_that_names_the_option_and_writes_nothing(
    given: dict[str, Any], message: str, sealed: World
) -> None:
    before = files(sealed)
    with pytest.raises(UsageError) as raised:
        define(sealed.package, Variable(variable(**given)))
    assert str(raised.value).startswith(message)
    assert str(raised.value).endswith("; nothing was written")
    assert "\n" not in str(raised.value)
    assert files(sealed) == before


@pytest.mark.parametrize(
    ("register", "message"),
    [
        (Register("Bell", "Bells", "A."), "NAME: the name 'Bell' of what one row is about"),
        (Register("../bell", "Bells", "A."), "NAME: the name '../bell'"),
        (Register("claim", "Bells", "A."), "NAME 'claim': rows of claims are called so"),
        (Register("origin", "Bells", "A."), "NAME 'origin': tables mean something else by it"),
        (Register("bell", "Claims", "A."), "--title 'Claims': there is a table or page claims"),
        (Register("bell", "Search", "A."), "--title 'Search': there is a table or page search"),
        (Register("bell", "Town bells", ""), "--definition '': expected some words"),
        (Register("bell", "Bells\n", "A."), "--title 'Bells\\n': expected some words in one line"),
        (Register("bell", "Колокола", "A."), "--title 'Колокола': no name can be made of it"),
        (Register("bell", "Values", "A."), "--title 'Values': values means something else in SQL"),
        (Register("bell", "Upcasts", "A" * 2001), "--definition: has 2,001 characters"),
    ],
)
def test_a_register_that_cannot_be_is_one_line_and_writes_nothing(
    register: Register, message: str, sealed: World
) -> None:
    before = files(sealed)
    with pytest.raises(UsageError) as raised:
        define(sealed.package, register)
    assert str(raised.value).startswith(message)
    assert str(raised.value).endswith("; nothing was written")
    assert files(sealed) == before


def test_a_title_with_a_path_in_it_names_a_file_in_the_schemas(empty: World) -> None:
    define(empty.package, Register("bell", "../../Bells", "Bells."))
    assert (empty.root / "schemas" / "bells.json").is_file()


def test_quotes_commas_and_formulas_are_words_of_a_definition(empty: World) -> None:
    words = '=HYPERLINK("x"), "quoted", \\n and `code` | <b>'
    steps = ((words, "low"),)
    given = {"type": None, "codes": (("low", words),), "steps": steps, "definition": words}
    define(empty.package, Variable(variable(**given, example=words, label=words, exclude=words)))
    assert table(empty, "codebook/codes/pitch.csv")[-1][2] == words
    assert table(empty, "codebook/steps.csv")[-1][2] == words
    assert column(empty, "pitch").description == words
    assert_sound(empty)


def test_a_flaw_that_only_the_whole_shows_writes_nothing(
    empty: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(empty)
    monkeypatch.setattr("claimlog.start.variable_flaws.column_name_flaw", lambda _: None)
    with pytest.raises(ClaimlogError) as raised:
        define(empty.package, Variable(variable(name="cast")))
    assert str(raised.value).startswith('variable cast: schemas/claims.json: the column "cast" has')
    assert str(raised.value).endswith("; nothing was written")
    assert files(empty) == before
    assert [*empty.package.state.glob("staging-*")] == []


def test_a_definition_that_is_broken_already_is_said_first(empty: World) -> None:
    change_json(empty.root / "schemas" / "claims.json", lambda spec: spec.pop("title"))
    done = called(empty, "variable", "pitch", "--type", "text", "--definition", "Its sound.")
    assert isinstance(done.exception, ClaimlogError)
    assert str(done.exception).startswith("schemas/claims.json: 'title' is a required property")


@pytest.mark.parametrize(
    "name", ["bell_tone", "tone_2_of_the_bell_that_was_taken_down_long_ago", "v2"]
)
def test_a_variable_of_any_name_is_a_chart_of_the_first_page(name: str, empty: World) -> None:
    define(empty.package, Variable(replace(PITCH, name=name)))
    charts = json.loads((empty.root / "schemas" / "site.json").read_text("utf-8"))["charts"]
    [own] = [chart for chart in charts if chart["column"] == name]
    assert own["name"] == re.sub("[^a-z]+", "-", name)[:31].strip("-")


def test_the_manual_has_a_line_for_a_line_whatever_a_definition_holds(empty: World) -> None:
    codes = empty.root / "schemas" / "codebook" / "codes" / "actor_type.csv"
    with codes.open(encoding="utf-8", newline="") as file:
        head, first, *rest = csv.reader(file)
    first[2] = "A | pipe.\n\n# A heading \x1b[31m\u202e"
    with codes.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows((head, first, *rest))
    manual = coding_manual(read_definition(empty.package))
    assert r"| A \| pipe.  # A heading \x1b[31m\u202e |" in manual
    assert "\n# A heading" not in manual


def test_a_codebook_of_many_steps_and_codes_is_read_in_a_time_that_grows_with_it(
    empty: World,
) -> None:
    define(empty.package, Variable(PITCH))
    folder = empty.root / "schemas" / "codebook"
    low = (folder / "codes" / "pitch.csv").read_text("utf-8").splitlines()[1]
    with (folder / "codes" / "pitch.csv").open("a", encoding="utf-8") as codes:
        codes.writelines(low.replace("low,", f"c{n},", 1) + "\n" for n in range(9_000))
    with (folder / "steps.csv").open("a", encoding="utf-8") as steps:
        steps.writelines(f"pitch,{n},r,c8999\n" for n in range(3, 40_000))
    start = time.process_time()
    read_definition(Package(empty.root))
    assert time.process_time() - start < 15  # comparing each with each takes half a minute


@pytest.mark.slow
def test_a_manual_that_would_be_longer_than_a_page_is_one_line(empty: World) -> None:
    define(empty.package, Variable(PITCH))
    folder = empty.root / "schemas" / "codebook"
    low = (folder / "codes" / "pitch.csv").read_text("utf-8").splitlines()[1]
    with (folder / "codes" / "pitch.csv").open("a", encoding="utf-8") as codes:
        codes.writelines(low.replace("low,", f"c{n},", 1) + "\n" for n in range(5_000))
    pitch = (folder / "variables.csv").read_text("utf-8").splitlines()[-1]
    with (folder / "variables.csv").open("a", encoding="utf-8") as variables:
        variables.writelines(pitch.replace("pitch,", f"p{n},", 1) + "\n" for n in range(1_000))
    with pytest.raises(ClaimlogError, match=r"docs/codebook\.md: would be longer than 16,777,216"):
        coding_manual(read_definition(Package(empty.root)))


@pytest.mark.parametrize("cut", range(1, 8))
def test_what_cannot_be_written_whole_is_put_back(
    cut: int, sealed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, write, count = files(sealed), Package.write, [0]

    def fail(package: Package, path: Path, data: bytes) -> None:
        count[0] += 1
        if count[0] == cut:
            raise OSError(28, "No space left on device", str(path))
        write(package, path, data)

    monkeypatch.setattr(Package, "write", fail)
    with pytest.raises(OSError, match="No space left"):
        define(sealed.package, Variable(PITCH))
    assert files(sealed) == before


def test_a_disk_that_is_full_before_anything_is_written_is_said_with_its_place(
    sealed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = files(sealed)
    monkeypatch.setattr(Path, "write_bytes", fill)
    with pytest.raises(ClaimlogError, match=r"^\.claimlog: writing failed \(No space left on dev"):
        define(sealed.package, Variable(PITCH))
    assert files(sealed) == before


def killed_at(world: World, cut: int) -> bool:
    """Define a variable, killed before a file of it is written; return whether it has so many."""
    write, count = Package.write, [0]

    def stop(package: Package, path: Path, data: bytes) -> None:
        count[0] += 1
        if count[0] == cut:
            raise KeyboardInterrupt
        write(package, path, data)

    with pytest.MonkeyPatch.context() as patched, suppress(KeyboardInterrupt):
        patched.setattr(Package, "write", stop)
        patched.setattr(write_together_module, "put_back_replaced", lambda _: None)
        define(world.package, Variable(PITCH))
    return count[0] >= cut


@pytest.mark.slow
def test_the_same_definition_again_finishes_one_that_was_killed_between_its_files(
    sealed: World, tmp_path: Path
) -> None:
    whole = World(Package(tmp_path / "whole"), sealed.texts)
    shutil.copytree(sealed.root, whole.root)
    define(whole.package, Variable(PITCH))
    cut = 1
    while True:
        world = World(Package(tmp_path / f"cut-{cut}"), sealed.texts)
        shutil.copytree(sealed.root, world.root)
        if not killed_at(world, cut):
            break
        with pytest.raises(ClaimlogError, match=r"^\.claimlog/replaced\.json: .* run it again"):
            read_definition(world.package)
        with package_lock(world.package):
            assert files(world) == files(sealed)  # the next command of any kind undoes it
        define(world.package, Variable(PITCH))
        assert files(world) == files(whole)
        cut += 1
    assert cut > 5


def test_a_definition_that_was_cut_off_is_not_put_back_over_what_somebody_wrote(
    sealed: World, tmp_path: Path
) -> None:
    killed_at(sealed, 5)
    shutil.copytree(sealed.root, tmp_path / "copy")
    with (
        pytest.raises(
            ClaimlogError, match=r"^\.claimlog/replaced\.json: is damaged, or of another"
        ),
        package_lock(Package(tmp_path / "copy")),
    ):
        pass
    name = next(iter(json.loads(sealed.package.replacement_note.read_text("utf-8"))["files"]))
    (sealed.root / name).write_text("mine")
    before = files(sealed)
    with (
        pytest.raises(ClaimlogError, match=rf"^{re.escape(name)}: was changed after a command"),
        package_lock(sealed.package),
    ):
        pass
    assert files(sealed) == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-20],
        lambda data: data.replace(b'"files"', b'"filed"'),
        lambda data: data.replace(b'"files": {', b'"files": {"schemas/x.csv": 7, '),
        lambda _: b'{"files": [], "lock": null}',
        lambda _: b"[" * 100_000,
        lambda _: b"",
    ],
)
def test_a_note_of_what_was_replaced_that_is_not_as_it_was_written_is_one_line(
    damage: Callable[[bytes], bytes], sealed: World
) -> None:
    killed_at(sealed, 5)
    note = sealed.package.replacement_note
    note.write_bytes(damage(note.read_bytes()))
    before = files(sealed)
    done = sealed.run("define", "variable", "pitch", *("--definition", "How high it rings."))
    assert done.returncode == 1
    assert re.fullmatch(
        r"claimlog: \.claimlog/replaced\.json: is damaged, or of another copy .* remove this file, "
        r"and run this again\n",
        done.stderr,
    )
    assert files(sealed) == before


def test_nothing_is_written_through_a_link(empty: World, tmp_path: Path) -> None:
    shutil.move(empty.root / "docs", tmp_path / "docs")
    (empty.root / "docs").symlink_to(tmp_path / "docs")
    with pytest.raises(ClaimlogError, match="is a symbolic link"):
        write_together(empty.package, {"schemas/new.csv": b"a\n", "docs/codebook.md": b"b\n"})
    assert not (empty.root / "schemas" / "new.csv").exists()


def test_what_a_killed_process_left_is_removed(empty: World) -> None:
    left = empty.package.state / "staging-abcdefgh"
    (left / "schemas").mkdir(parents=True)
    define(empty.package, Variable(PITCH))
    assert not left.exists()


# the words of the command


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["variable"], "Missing argument 'NAME'"),
        (["variable", "pitch", "--code", "low"], "Option '--code' requires 2 arguments"),
        (["variable", "pitch", "--step"], "Option '--step' requires 2 arguments"),
        (["variable", "pitch", "--type", "string"], "Invalid value for '--type'"),
        (["variable", "pitch", "--type", "number", "--minimum", "low"], "'low' is not a valid"),
        (["variable", "pitch", "low"], "Got unexpected extra argument"),
    ],
)
def test_a_command_line_that_is_none_is_wrong_usage(
    words: list[str], message: str, empty: World
) -> None:
    before = files(empty)
    done = called(empty, *words)
    assert done.exit_code == 2
    assert message in done.output
    assert files(empty) == before


def test_a_slip_on_the_command_line_is_one_line_and_a_status(empty: World) -> None:
    done = empty.run("define", "variable", "cast", "--type", "date", "--definition", "When.")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "claimlog: NAME 'cast': means something else in SQL; name it otherwise, in two words "
        "perhaps; nothing was written\n"
    )


def test_a_step_may_stand_before_another_option_and_before_the_end(empty: World) -> None:
    done = called(
        empty, "variable", "pitch", "--step", "Is it deep?", "--step", "Otherwise.", "--type",
        "text", "--definition", "Its sound.",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert [row[1:] for row in table(empty, "codebook/steps.csv")[-2:]] == [
        ["1", "Is it deep?", ""],
        ["2", "Otherwise.", ""],
    ]


# editing what is there


@pytest.mark.parametrize(
    ("text", "key", "value", "edited"),
    [
        ('{ "a": {"v": "1"},  "v":  "1" }', "v", "2", '{ "a": {"v": "1"},  "v":  "2" }'),
        ('{"v": 1,\n\n "w": [1]}', "v", 2, '{"v": 2,\n\n "w": [1]}'),
        ('{"v" : "\\u0031"}', "v", "2", '{\n  "v": "2"\n}\n'),
        ('{"w": 1}', "v", "2", '{\n  "w": 1,\n  "v": "2"\n}\n'),
    ],
)
def test_one_value_of_a_json_file_is_replaced_and_the_rest_stays(
    text: str, key: str, value: str | int, edited: str
) -> None:
    assert with_value(text, "some.json", key, value) == edited


def test_a_key_that_stands_in_thousands_of_places_is_not_looked_for_in_all_of_them() -> None:
    others = ", ".join(['{"v": "1"}'] * 20_000)
    text = f'{{"others": [{others}], "v": "1"}}'
    start = time.process_time()
    edited = with_value(text, "some.json", "v", "2")
    assert time.process_time() - start < 10  # reading the text for each place takes minutes
    assert json.loads(edited) == {**json.loads(text), "v": "2"}


def test_lines_are_added_as_a_file_ends_its_own(empty: World) -> None:
    steps = empty.root / "schemas/codebook/steps.csv"
    steps.write_bytes(steps.read_bytes().replace(b"\n", b"\r\n").removesuffix(b"\r\n") + b"\r\n")
    variables = empty.root / "schemas/codebook/variables.csv"
    variables.write_bytes(variables.read_bytes().removesuffix(b"\n"))
    define(empty.package, Variable(PITCH))
    assert steps.read_bytes().endswith(b"\r\npitch,2,Otherwise leave it empty.,\r\n")
    assert variables.read_bytes().splitlines()[-1].startswith(b"pitch,Pitch,pitch,")
    assert_sound(empty)


def test_another_process_that_changes_the_log_is_waited_for(empty: World) -> None:
    empty.limit(lock_seconds=0)
    code = (
        "import sys; from pathlib import Path; from claimlog.package import Package\n"
        "from claimlog.edit.log_lock import package_lock\n"
        "with package_lock(Package(Path(sys.argv[1]))): print('held', flush=True); input()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(empty.root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ},
    )  # fmt: skip
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    with pytest.raises(ClaimlogError, match="another claimlog is changing this log"):
        define_module.define(Package(empty.root), Variable(PITCH))
    other.communicate(b"\n", timeout=30)


def test_what_is_generated_is_written_from_no_definition_that_is_being_changed(
    sealed: World,
) -> None:
    sealed.limit(lock_seconds=0)
    stale = sealed.root / "docs" / "codebook.md"
    stale.write_text("stale\n")
    before = files(sealed)
    with package_lock(Package(sealed.root)):
        done = sealed.run("schemas", "--write")
        with pytest.raises(ClaimlogError, match="another claimlog is changing this log"):
            write_doi(sealed.package, "10.5281/zenodo.1")
    assert done.stderr.startswith("claimlog: another claimlog is changing this log")
    assert files(sealed) == before
    write_doi(sealed.package, "10.5281/zenodo.1")
    assert stale.read_text("utf-8") != "stale\n"
