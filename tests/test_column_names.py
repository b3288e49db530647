"""Columns of a package that have the names of what is given beside columns."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import click
import pytest

from claimlog.cli.add import add
from claimlog.cli.amend import amend
from claimlog.desk.coder_program import code_with_program
from claimlog.edit.open_batch import read_with_open
from claimlog.edit.row_inputs import INPUTS, OWN_OPTIONS, REQUESTED_PASSAGE, column_option
from claimlog.edit.template import template_columns
from claimlog.errors import UsageError
from claimlog.log.read_log import read
from conftest import TEXT, World, actor, claim, coder, copied, source
from desk_client import ARTICLE, Opened, claim_value
from test_coder_program import EXAMPLE
from test_evolution import raise_version
from test_source_documents import GIVEN, docx

Row = dict[str, Any]


def declare(world: World, stream: str, *names: str, **given: Any) -> None:
    """Give a stream columns of its own, all of them text."""

    def add_columns(spec: Row) -> None:
        spec["fields"] += [
            {"name": name, "type": "string", "description": f"Our {name}.", **given}
            for name in names
        ]

    raise_version(world, add_columns, *(f"add {name} null" for name in names), stream=stream)
    done = world.run("schemas", "--write")
    assert done.returncode == 0, done.stderr


def row_of(world: World, stream: str, **named: str) -> Row:
    """Return the one live row of a stream that has some values."""
    rows = read_with_open(world.package).live(stream).rows(named=True)
    (row,) = [row for row in rows if named.items() <= row.items()]
    return row


def rows_file(folder: Path, *rows: Row) -> str:
    path = folder / "rows.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


@pytest.mark.slow
@pytest.mark.parametrize("value", ["Hello world", "secret.txt"])
@pytest.mark.parametrize("stream", ["actors", "claims", "sources"])
def test_what_stands_in_an_own_column_called_text_is_never_opened(
    stream: str, value: str, world: World, tmp_path: Path
) -> None:
    said = str(tmp_path / value) if value.endswith("txt") else value
    (tmp_path / "secret.txt").write_text("A password.\n")
    declare(world, stream, *(("text",) if stream == "sources" else ("text", "text_sha256")))
    row = {
        "actors": actor("pilots", "group", text=said),
        "claims": claim("signed a letter", "Pilots wrote.", text=said),
        "sources": source("S900", text=said),
    }[stream]
    entity = stream.removesuffix("s")
    places = ("--texts", str(world.texts))
    done = world.run("add", entity, "--from", rows_file(tmp_path, row), *places)
    assert done.returncode == 0, done.stderr
    found = row_of(world, stream, text=said)
    assert found["text_sha256"] is None
    # and so where it is amended, and given by an option
    name = found[f"{entity}_id"]
    again = {f"{entity}_id": name, "text": f"{said}, again"}
    why = ("--reason", "A slip.", *places)
    done = world.run("amend", entity, "--from", rows_file(tmp_path, again), *why)
    assert done.returncode == 0, done.stderr
    assert row_of(world, stream, text=f"{said}, again")["text_sha256"] is None
    done = world.run("amend", entity, name, "--text", said, *why)
    assert done.returncode == 0, done.stderr
    assert row_of(world, stream, text=said)["text_sha256"] is None


@pytest.mark.slow
def test_texts_are_taken_out_of_documents_and_corrected_beside_an_own_column_called_text(
    world: World, tmp_path: Path
) -> None:
    declare(world, "sources", "text")
    (tmp_path / "letter.docx").write_bytes(docx())
    places = ("--texts", str(world.texts))
    row = {"document": "letter.docx", "title": "A letter", "text": "Ours.", "language": "en"}
    row |= {
        "publisher": "Ours.",
        "rights": "Ours.",
        "reliability": "C",
        "reliability_rationale": "Invented.",
    }
    done = world.run("add", "source", "--from", rows_file(tmp_path, row), "--yes", *places)
    assert done.returncode == 0, done.stderr
    found = row_of(world, "sources", text="Ours.")
    assert found["text_length"] == len(world.supplied.get(found["text_sha256"]).content)
    (tmp_path / "other.docx").write_bytes(docx("<w:p><w:r><w:t>Another.</w:t></w:r></w:p>"))
    options = ("--title", "Another", "--text", "Mine.", "--yes", *GIVEN)
    options += ("--publisher", "Ours.", "--language", "en")
    done = world.run("add", "source", "--document", str(tmp_path / "other.docx"), *options, *places)
    assert done.returncode == 0, done.stderr
    assert row_of(world, "sources", text="Mine.")["text_length"] is not None
    (world.texts / "later.txt").write_text(TEXT.replace("forty pilots", "fifty pilots"), "utf-8")
    corrected = ("--text", str(world.texts / "later.txt"), "--reason", "A slip.")
    done = world.run("correct", "S001", *corrected, "--changed", *places)
    assert done.returncode == 0, done.stderr
    found = row_of(world, "sources", source_id="S001")
    assert "fifty" in world.supplied.get(found["text_sha256"]).content


OF_COMMANDS = (
    *sorted(OWN_OPTIONS - {"from", "reason"}),  # SQL and every row have these
    *("context", "identifier", "row_format", "rows_from"),
)
OF_DESK = ("base", "draft", "file", "rev", "span", "take", "unit", "value")
OWN = {
    "sources": ("text", "document", *OF_COMMANDS),
    "claims": (
        "text",
        "quote",
        "occurrence",
        "speaker",
        "speaker_2",
        "verb",
        *OF_DESK,
        *OF_COMMANDS,
    ),
    "codings": ("text", "quote", "occurrence", "speaker", "speaker_2", "verb", *OF_COMMANDS),
    "actors": ("quote", "text", "text_sha256", "document", "utf16", *OF_COMMANDS),
}


@pytest.fixture(scope="module")
def named_alike(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A package whose own columns have the names of all that is given beside columns."""
    world = copied(made, tmp_path_factory.mktemp("alike"))
    for stream, names in OWN.items():
        declare(world, stream, *names)
    return world


def said(stream: str) -> dict[str, str]:
    return {name: f"Our {name}." for name in OWN[stream]}


def entry(world: World, stream: str) -> Row:
    """Return a new row that fills every own column."""
    passage = {
        "start": TEXT.index("signed a letter"),
        "end": TEXT.index(" letter") + len(" letter"),
    }
    rows: dict[str, Row] = {
        "actors": actor("pilots", "group"),
        "sources": source("S900"),
        "claims": {**claim("", "Pilots wrote."), **passage},
        "codings": {**claim("", ""), **passage, "coder": "coder-2", "pass": 1},
    }
    names = read(world.package).definition.streams[stream].names
    return {name: value for name, value in rows[stream].items() if name in names} | said(stream)


def options_of(row: Row) -> list[str]:
    return [word for name, value in row.items() for word in (column_option(name), str(value))]


@pytest.mark.slow
@pytest.mark.parametrize("stream", OWN)
@pytest.mark.parametrize("way", ["ndjson", "csv", "options"])
def test_a_column_is_filled_whatever_else_is_given_by_its_name(
    way: str, stream: str, named_alike: World, tmp_path: Path
) -> None:
    world = copied(named_alike, tmp_path)
    row, entity = entry(world, stream), stream.removesuffix("s")
    places = ("--texts", str(world.texts))
    if way == "options":
        given = options_of(row)
    elif way == "ndjson":
        given = ["--from", rows_file(tmp_path, row)]
    else:
        path = tmp_path / "rows.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([row.keys(), row.values()])
        given = ["--from", str(path)]
    done = world.run("add", entity, *given, *places)
    assert done.returncode == 0, done.stderr
    found = row_of(world, stream, **said(stream))
    assert (found["recorded_by"], found.get("attributions", [])) == ("coder-1", [])
    # and changed
    other = {name: f"{value} Again." for name, value in said(stream).items()}
    name = found[f"{entity}_id"]
    given = [name, *options_of(other)]
    if way != "options":
        given = ["--from", rows_file(tmp_path, {f"{entity}_id": name, **other})]
    done = world.run("amend", entity, *given, "--reason", "A slip.", *places)
    assert done.returncode == 0, done.stderr
    assert row_of(world, stream, **other)[f"{entity}_id"] == name


@pytest.mark.slow
@pytest.mark.parametrize("stream", OWN)
def test_a_template_names_each_column_once_and_what_is_filled_in_comes_back(
    stream: str, named_alike: World
) -> None:
    table = read(named_alike.package).definition.streams[stream]
    names = [column.name for column in template_columns(table)]
    assert len({*names}) == len(names)
    assert {*OWN[stream]} <= {*names}
    if stream in ("claims", "codings"):
        assert {"start", "end"} <= {*names}
        assert "quote_sha256" not in names


def test_options_of_columns_are_named_as_they_are_where_one_is_missing(
    world: World,
) -> None:
    declare(world, "actors", "by", "place_of_birth", currentConstraints={"required": True})
    done = world.run("add", "actor", "--actor-id", "pilots", "--name", "Pilots")
    assert "needs --actor-type, --column.by, --place-of-birth" in done.stderr


@pytest.mark.parametrize("entity", ["source", "actor", "claim", "coding", "link"])
@pytest.mark.parametrize("group", [add, amend])
def test_every_option_of_a_command_is_known_by_its_name(group: click.Group, entity: str) -> None:
    options = {opt for param in group.commands[entity].params for opt in param.opts}
    words = {opt.removeprefix("--") for opt in options if opt.startswith("--")}
    inputs = INPUTS.get(f"{entity}s", ())
    assert words <= {*OWN_OPTIONS, *inputs}


@pytest.mark.slow
def test_what_is_typed_at_the_desk_into_a_column_is_in_the_row_that_is_taken_over(
    registered: World, tmp_path: Path
) -> None:
    world = copied(registered, tmp_path)
    for stream, names in OWN.items():
        declare(world, stream, *names)
    opened = Opened.of(world.package, world.texts)
    entry_path = "work/S102/registered/actors/keepers"
    keepers = {"name": "Keepers", "actor_type": "group", **said("actors")}
    for role in ("coder-1", "coder-2"):
        opened.take(role, "PUT", entry_path, base=0, value=keepers)
        value = claim_value("dimmed the lamp", "It was made weaker.", dyad_from=["keepers"])
        opened.put(role, "S102", "a", {**value, **said("claims")})
        opened.finish(role, "S102")
    opened.take("adjudicator", "PUT", "adjudication/S102/units/a+a", base=0, take="left")
    state = opened.take("adjudicator", "GET", "adjudication/S102")["state"]
    opened.take("adjudicator", "POST", "adjudication/S102/commit", state=state)
    found = row_of(world, "claims", **said("claims"))
    assert ARTICLE[found["start"] : found["end"]] == "dimmed the lamp"
    row_of(world, "actors", **said("actors"))
    rows = read_with_open(world.package).live("codings").rows(named=True)
    of_codings = {name: said("claims").get(name) for name in OWN["codings"]}
    assert [row for row in rows if of_codings.items() <= row.items()] == rows
    assert len(rows) == 2
    # and amended there
    other = {name: f"{value} Again." for name, value in said("claims").items()}
    path = f"claims/{found['claim_id']}/amend"
    about = {"version": 1, "changes": other, "reason": "A slip.", "write": True}
    opened.take("adjudicator", "POST", path, **about)
    row_of(world, "claims", **other)
    opened.close()


@pytest.mark.parametrize("name", REQUESTED_PASSAGE)
def test_the_desk_saves_no_claim_where_a_column_has_the_name_of_its_passage(
    name: str, registered: World, tmp_path: Path
) -> None:
    world = copied(registered, tmp_path)
    declare(world, "claims", name)
    opened = Opened.of(world.package, world.texts)
    value = claim_value("dimmed the lamp", "It was made weaker.")
    answer = opened.ask("coder-1", "PUT", "work/S102/drafts/a", base=0, value=value)
    assert answer.status_code == 422
    assert f'a column "{name}", and by that name' in answer.json()["error"]["message"]
    assert opened.take("coder-1", "GET", "work/S102")["drafts"] == []
    opened.close()


def test_no_program_codes_where_a_column_has_the_name_of_its_quote(
    registered: World, tmp_path: Path
) -> None:
    world = copied(registered, tmp_path)
    declare(world, "claims", "quote")
    world.add("coders", [coder("figures-1")])
    opened = Opened.of(world.package, world.texts)
    with pytest.raises(UsageError, match='a column "quote", and by that name'):
        code_with_program(opened.desk, EXAMPLE, "S102", "figures-1")
    opened.close()


@pytest.mark.parametrize("name", ["quote", "occurrence", "speaker", "verb_2", *REQUESTED_PASSAGE])
def test_no_variable_is_defined_by_the_name_of_what_stands_beside_columns(
    name: str, world: World
) -> None:
    words = ("--definition", "Ours.", "--type", "text")
    done = world.run("define", "variable", name, *words)
    assert done.returncode == 2
    assert "rows are given something else by that name; name it otherwise" in done.stderr
