"""Columns of a package that have the names of what is given beside columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claimlog.edit.open_batch import read_with_open
from conftest import TEXT, World, actor, claim, source
from test_evolution import raise_version
from test_source_documents import GIVEN, docx

Row = dict[str, Any]


def declare(world: World, stream: str, *names: str) -> None:
    """Give a stream columns of its own, all of them text."""

    def add(spec: Row) -> None:
        spec["fields"] += [
            {"name": name, "type": "string", "description": f"Our {name}."} for name in names
        ]

    raise_version(world, add, *(f"add {name} null" for name in names), stream=stream)
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
