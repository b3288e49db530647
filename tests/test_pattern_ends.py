"""A text with a line feed behind it is another text: no pattern takes one for the other."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import claimlog
from claimlog.log.takedowns import FILE_PATH, SHAPE
from claimlog.schema.json_schemas import shape_flaw
from claimlog.schema.pattern_matching import fits

ROOM = Path(claimlog.__file__).parent
FORMATS = sorted((ROOM / "formats").glob("*.json"))
MODULES = sorted(path for path in ROOM.rglob("*.py") if "spark" not in path.parts)
END = re.compile(r"(?<!\\)\$")
SEARCHING = {"match", "search"}
CHANGES_TEXT = frozenset(
    {
        "release/descriptors/card.py",  # lines of a page, read with re.MULTILINE
        "site/pages/documentation.py",
        "sources/documents/pdf_document.py",  # titles that are none
        "sources/word_readings.py",  # how words of a text are read
        "site/table_cells.py",  # where a cell is cut
        "site/routing.py",  # addresses hold no line feed: `refusals` refuses it
        "site/files/addresses.py",
        "sources/documents/furniture_cues.py",
        "schema/json_schemas.py",  # where `$` is read as JSON Schema reads it
    }
)
"""Modules whose patterns end in ``$`` and decide of no name, path or value."""


def patterns(shape: Any) -> Iterator[str]:
    """Yield every pattern of a JSON Schema."""
    for name, part in shape.items() if isinstance(shape, dict) else enumerate(shape):
        if name == "pattern" and isinstance(part, str):
            yield part
        elif isinstance(part, dict | list):
            yield from patterns(part)


@pytest.mark.parametrize("path", FORMATS, ids=lambda path: path.stem)
def test_patterns_of_our_formats_end_where_the_text_ends(path: Path) -> None:
    found = [*patterns(json.loads(path.read_text("utf-8")))]
    assert found
    for pattern in found:
        assert pattern.startswith("^"), pattern
        assert [*END.finditer(pattern)][-1].end() == len(pattern), pattern
        assert len([*END.finditer(pattern)]) == 1, pattern


def test_shapes_in_modules_have_one_end_too() -> None:
    number = 0
    for module in pkgutil.walk_packages(claimlog.__path__, "claimlog."):
        if not module.name.startswith(("claimlog.schema", "claimlog.log", "claimlog.release")):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            for pattern in patterns(value) if isinstance(value, dict) else ():
                number += 1
                assert len([*END.finditer(pattern)]) <= 1, pattern
    assert number > 20


ROW = {
    "batch": 1,
    "stream": "claims",
    "line": 1,
    "leaf_hash": "a" * 64,
    "id": "C001-001",
    "version": 1,
    "action": "assert",
    "taken_down": "2026-01-01",
    "by": "editor",
    "reason": "Wrong.",
}
FILE = {"events/0001-a/claims.ndjson": {"bytes": 1, "sha256": "a" * 64}}


@pytest.mark.parametrize("end", ["\n", "\r", "\u2028", "\x00", "\r\n", " "])
@pytest.mark.parametrize("name", ["stream", "leaf_hash", "taken_down", "by"])
def test_a_record_of_takedowns_takes_no_line_feed_behind_a_value(name: str, end: str) -> None:
    assert shape_flaw({"rows": [ROW], "files": FILE}, SHAPE) is None
    changed = {**ROW, name: f"{ROW[name]}{end}"}
    assert shape_flaw({"rows": [changed], "files": FILE}, SHAPE)
    files = {f"{path}{end}": about for path, about in FILE.items()}
    assert shape_flaw({"rows": [ROW], "files": files}, SHAPE)
    assert FILE_PATH.endswith("$")


@pytest.mark.parametrize("end", ["\n", "\r", "\u2028"])
def test_a_pattern_of_a_package_takes_no_line_feed_behind_a_value(end: str) -> None:
    assert fits("C001-001", "^C[0-9]{3}-[0-9]{3}$")
    assert not fits(f"C001-001{end}", "^C[0-9]{3}-[0-9]{3}$")


@pytest.mark.slow
def test_no_module_asks_for_the_beginning_of_what_has_to_be_the_whole() -> None:
    """Python's ``$`` is the place before a last line feed, too: names take fullmatch."""
    found = []
    for path in MODULES:
        name = path.relative_to(ROOM).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            value = node.func.value
            of_module = isinstance(value, ast.Name) and value.id == "re"
            texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
            ends = any(isinstance(text, str) and re.search(r"[^\\^]\$\Z", text) for text in texts)
            if of_module and ends and node.func.attr in {*SEARCHING, "compile"}:
                found.append(name)
    assert {*found} <= CHANGES_TEXT, found
