"""Any bytes in any file of a package give findings, one clear message, or success."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlog.build import build
from claimlog.errors import ClaimlogError
from claimlog.log.canonical import encode
from claimlog.log.read_log import read
from claimlog.log.release_index import read_index
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.validate import validate
from histories import telling_history, write
from thorough import examples

SECONDS = 60
"""Longer is a hang: a build of this package takes half a second."""

TOKENS = [
    *(b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r\n", b"\n", b"\n\n", b"\t", b'"'),
    *(b"{", b"}", b"[", b"]", b",", b":", b"null", b"true", b"-0", b"NaN", b"-Infinity"),
    *(b"1e999", b"9" * 400, b"1e-400", b'"\\ud800"', b"\\u0000", b'""', b"\xe2\x80\xa8", b"../"),
    *(b"[" * 990, b'{"a":' * 990, b"[" * 100_000, b"a" * 2_000_000, b'"' + b"b" * 140_000 + b'"'),
]
VALUES: list[Any] = [
    *(None, True, 0, -1, 1.5, 2**53 - 1, "", "x", "\x00", "é", " ", [], {}, [None], [[]], [{}]),
    *({"a": None}, "a" * 5000, ["x"], "assert", "2025-13", "9999", "S001", "../../x", 10**15),
]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A drawn package with every stream, several batches, a release and an upcast."""
    package = write(telling_history(), tmp_path_factory.mktemp("fuzzed") / "package")
    assert run(package) is None
    return package


def run(package: Package, whole: bool = True) -> str | None:
    """Validate, and build what is valid; return the message of a refusal.

    Not `whole` is reading alone. Schemas come with the code that reads them: one that is sound and
    says something else, as a column of another type, is for ``make check``.
    """
    package = Package(package.root)  # what it read is kept
    began = time.monotonic()
    try:
        if not whole:
            assert read_definition(package).tables
            return None
        log = read(package)
        report = validate(log, frictionless=False)
        report.dump().decode()
        if report.error_count:
            return "\n".join(map(str, report.findings))
        read_index(package)
        build(package, package.build)
    except ClaimlogError as error:
        found = [str(finding) for finding in getattr(error, "findings", ())]
        for line in (str(error), *found):
            assert "\n" not in line, line
            line.encode()
        return str(error)
    finally:
        assert time.monotonic() - began < SECONDS
    return None


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Draw other bytes: random ones, or the given ones damaged in one place or a few."""
    if draw(st.integers(0, 9)) == 9:
        return draw(st.binary(max_size=200))
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.integers(0, 7))
        at = draw(st.integers(0, len(data)))
        to = min(len(data), at + draw(st.integers(0, 40)))
        lines = data.splitlines(keepends=True) or [b""]
        line = draw(st.integers(0, len(lines) - 1))
        if kind == 0:
            data = (
                data[:at] + bytes([data[at] ^ 1 << draw(st.integers(0, 7))]) + data[at + 1 :]
                if at < len(data)
                else b""
            )
        elif kind == 1:
            data = data[:at]
        elif kind == 2:
            data = data[:at] + draw(st.sampled_from(TOKENS)) + data[to:]
        elif kind == 3:
            data = data[:at] + data[to:]
        elif kind == 4:
            data = b"".join(lines[:line] + lines[line + 1 :])
        elif kind == 5:
            data = b"".join([*lines[: line + 1], *lines[line:]])
        elif kind == 6:
            other = draw(st.integers(0, len(lines) - 1))
            lines[line], lines[other] = lines[other], lines[line]
            data = b"".join(lines)
        else:
            data = data[:at] + draw(st.binary(min_size=1, max_size=4)) + data[to:]
    return data


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every (container, key) inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


@st.composite
def reworded(draw: st.DrawFn, data: bytes) -> bytes:
    """Draw the JSON of a file, or of one of its lines, with a value replaced, moved or gone."""
    lines = data.splitlines()
    single = not data.startswith(b'{"') or len(lines) < 1
    at = 0 if single else draw(st.integers(0, len(lines) - 1))
    value = json.loads(data if single else lines[at])
    for _ in range(draw(st.integers(1, 2))):
        found = list(places(value))
        if not found:
            break
        container, key = found[draw(st.integers(0, len(found) - 1))]
        kind = draw(st.integers(0, 3))
        if kind == 0:
            del container[key]
        elif kind == 1:
            other, name = found[draw(st.integers(0, len(found) - 1))]
            container[key] = copy.deepcopy(other[name])
        else:
            container[key] = copy.deepcopy(draw(st.sampled_from(VALUES)))
    if single:
        return (
            json.dumps(value, ensure_ascii=False, indent=2, sort_keys=b'"tree"' in data).encode()
            + b"\n"
        )
    lines[at] = encode(value)
    return b"\n".join(lines) + b"\n"


def holds(package: Package, name: str, data: bytes, whole: bool = True) -> None:
    """Check that a package with other bytes in a file is built or refused, then restore it."""
    path = package.root / name
    before = path.read_bytes()
    try:
        path.write_bytes(data)
        run(package, whole)
    finally:
        path.write_bytes(before)


def files(package: Package, *patterns: str) -> list[str]:
    found = [path for pattern in patterns for path in sorted(package.root.glob(pattern))]
    assert found, patterns
    return [path.relative_to(package.root).as_posix() for path in found]


JSON = {
    "rows": ("events/*/*.ndjson",),
    "manifest": ("events/*/batch.json",),
    "descriptor": ("datapackage.json",),
    "release": ("releases/*.json",),
    "stream schema": ("schemas/*s.json",),
    "table schema": ("schemas/tables/*.json",),
    "codebook's head": ("schemas/codebook/codebook.json",),
}
TABLES = {
    "codebook": ("schemas/codebook/*.csv", "schemas/codebook/codes/*.csv"),
    "upcasts": ("schemas/upcasts.csv",),
    "rules": ("schemas/r*.csv", "schemas/thresholds.csv", "schemas/deprecations.csv"),
}


@pytest.mark.parametrize("kind", [*JSON, *TABLES])
def test_damaged_bytes_are_refused_or_built(kind: str, drawn: Package) -> None:
    names = files(drawn, *(JSON | TABLES)[kind])

    @examples(2)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(names))
        given_ = data.draw(damaged((drawn.root / name).read_bytes()))
        holds(drawn, name, given_, "schema" not in kind)

    check()


@pytest.mark.parametrize("kind", JSON)
def test_json_that_says_something_else_is_refused_or_built(kind: str, drawn: Package) -> None:
    names = files(drawn, *JSON[kind])

    @examples(2)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(names))
        given_ = data.draw(reworded((drawn.root / name).read_bytes()))
        holds(drawn, name, given_, "schema" not in kind)

    check()


@pytest.mark.parametrize("kind", TABLES)
def test_cells_that_say_something_else_are_refused_or_built(kind: str, drawn: Package) -> None:
    names = files(drawn, *TABLES[kind])

    @examples(2)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(names))
        lines = (drawn.root / name).read_text("utf-8").splitlines(keepends=True)
        row = data.draw(st.integers(0, len(lines) - 1))
        cells = lines[row].rstrip("\n").split(",")
        cell = data.draw(st.integers(0, len(cells) - 1))
        cells[cell] = data.draw(st.sampled_from(["", "x", "-1", '"', "9" * 30, "claims", "rename"]))
        holds(
            drawn, name, "".join([*lines[:row], ",".join(cells) + "\n", *lines[row + 1 :]]).encode()
        )

    check()


# what was found by the above


def refusal(package: Package, name: str, old: str, new: str) -> str | None:
    path = package.root / name
    text = path.read_text("utf-8")
    assert old in text
    try:
        path.write_text(text.replace(old, new, 1), "utf-8")
        return run(package)
    finally:
        path.write_text(text, "utf-8")


FOUND = {
    "a descriptor without a name": (
        ("datapackage.json", '"name": "drawn"', '"named": "drawn"'),
        "datapackage.json: 'name' is a required property; mend it, or restore it from git",
    ),
    "a name that leads out of the build": (
        ("datapackage.json", '"name": "drawn"', '"name": "../drawn"'),
        "datapackage.json: name: '../drawn' does not match '^[a-z0-9][a-z0-9_-]*$'; mend it",
    ),
    "a name that ends with a line feed": (
        ("events/0001-drawn/batch.json", '"recorded_by": "coder-1"', '"recorded_by": "coder-1\\n"'),
        "recorded_by: 'coder-1\\n' does not match",
    ),
    "a code twice": (
        ("schemas/codebook/codes/action.csv", "amend,", "assert,"),
        "schemas/codebook/codes/action.csv: gives the code 'assert' twice; keep one of them",
    ),
    "a row with a cell more": (
        ("schemas/codebook/codes/action.csv", "assert,", "assert,,"),
        "schemas/codebook/codes/action.csv: row 1 has 10 cells, expected 9; quote a cell",
    ),
    "a column misspelt": (
        ("schemas/upcasts.csv", "operation", "operator"),
        "schemas/upcasts.csv: its columns are stream, to_version, operator, column, given, expect",
    ),
    "an upcast of no stream": (
        ("schemas/upcasts.csv", "given\n", "given\nlynx,2,add,x,1\n"),
        "schemas/upcasts.csv:2: expected a stream (sources, actors,",
    ),
    "a constant that is no JSON": (
        ("schemas/upcasts.csv", "given\n", "given\nlinks,2,add,x,{\n"),
        "schemas/upcasts.csv:2: expected a constant in JSON (Expecting property name",
    ),
    "a threshold that is no number": (
        ("schemas/thresholds.csv", "line_bytes,65535", "line_bytes,many"),
        "schemas/thresholds.csv:2: 'many' is no whole number; mend it",
    ),
    "a threshold that is gone": (
        ("schemas/thresholds.csv", "line_bytes", "line_bites"),
        "schemas/thresholds.csv: has no line_bytes; restore it from git",
    ),
    "a requirement with the name of a rule": (
        ("schemas/requirements.csv", "reason-given,*", "enum,*"),
        "schemas/requirements.csv:2: enum is the name of another rule; rename it",
    ),
    "a requirement about no column": (
        ("schemas/requirements.csv", "reason-given,*,action", "reason-given,*,axion"),
        "schemas/requirements.csv:2: reason-given asks whether axion of sources is ",
    ),
    "a schema without a key": (
        ("schemas/links.json", '"primaryKey"', '"primary"'),
        "schemas/links.json: 'primaryKey' is a required property; restore it from git",
    ),
    "a key of no column": (
        ("schemas/tables/links.json", '"link_id"\n  ]', '"lynx_id"\n  ]'),
        'schemas/tables/links.json: names the column "lynx_id", which it does not have; restore',
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_once_gave_a_traceback_or_passed_is_one_clear_message(
    name: str, drawn: Package
) -> None:
    change, message = FOUND[name]
    assert message in (refusal(drawn, *change) or "")


def test_two_parts_of_a_list_with_one_key_are_named(
    tmp_path: Path,
) -> None:
    history = telling_history()
    row = next(row for stream, *_, row in history.rows() if stream == "sources" and row["lineage"])
    twice = row["lineage"][0]
    row["lineage"] = [*row["lineage"], twice]
    expected = (
        f"{row['source_id']} lineage holds {twice['source_id']} {twice['relation']} twice; "
        "make one of the two"
    )
    assert expected in (run(write(history, tmp_path / "package")) or "")
