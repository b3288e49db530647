"""Laws of what the log stands on: canonical JSON, the tree's proofs, upcasts, anchors, hashes."""

from __future__ import annotations

import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
import rfc8785
from hypothesis import assume, example, given
from hypothesis import strategies as st

from claimlog.compile import compile_tables
from claimlog.errors import ClaimlogError
from claimlog.export.content_hash import Content, frame_rows, parquet_content, sqlite_content
from claimlog.export.parquet import write_parquet
from claimlog.export.sqlite import DatabaseWriter
from claimlog.fold import Cutoff
from claimlog.log.canonical import encode, explain
from claimlog.log.lines import read_lines
from claimlog.log.merkle import leaf_hash
from claimlog.log.proofs import consistency, extends, includes, inclusion, tree_root
from claimlog.log.read_log import read
from claimlog.log.stream_parts import MemoryPart
from claimlog.log.upcast import downcast, upcast, upcast_row
from claimlog.package import Package
from claimlog.schema.definition import Definition, read_definition
from claimlog.schema.table_schema import Table
from claimlog.sources.anchor import anchor, boundary_flaw
from claimlog.sources.text import Text
from claimlog.strict_json import LARGEST_INTEGER, decode_object, decode_value
from conftest import begin_anew
from found_again import found_again
from histories import ROOT, SCHEMAS, histories, random_history, write
from test_canonical import numbers, rows_of
from thorough import examples

# canonical JSON ---------------------------------------------------------------------------------

EDGES = [
    *(0, -0.0, 1, -1, 0.1, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1e21, 1e-7),
    *(1e-6, 9.999999999999999e20, 123456789012345680000.0, 0.30000000000000004),
    *(LARGEST_INTEGER, -LARGEST_INTEGER, 2**53, 2**53 + 1, 10**20, 10**400, 333333333.3333333),
    *(float("nan"), float("inf"), float("-inf"), True, False, None),
]
anything = st.recursive(
    st.sampled_from(EDGES) | st.floats() | st.integers() | st.text(st.characters(), max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=10,
)


@examples(150)
@given(anything)
@example({"\ud83d\ude00": 1, "\uffee": 2})
@example({"\U0001f600": 1, "\uffee": 2, "\ufb33": 3})  # sorted as UTF-16, not as code points
def test_a_value_has_the_canonical_form_of_rfc_8785_or_none(value: Any) -> None:
    try:
        expected = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError):
        with pytest.raises(ClaimlogError, match="cannot be written as canonical JSON"):
            encode(value)
        return
    try:
        again = decode_value(expected.decode())
    except ValueError as error:
        # RFC 8785 writes a float from 2**53 on as an integer, which I-JSON readers may round
        assert "beyond 2**53" in str(error)  # noqa: PT017
        with pytest.raises(ClaimlogError, match=r"beyond 2\*\*53"):
            encode(value)
        return
    assert encode(value) == encode(again) == expected


@examples(150)
@given(
    st.text(st.characters(), max_size=40)
    | st.text('{}[]",:0123456789eE+-.\\u dtrfnull', max_size=30)
)
def test_any_text_is_one_i_json_value_or_refused(text: str) -> None:
    try:
        value = decode_value(text)
    except ValueError:
        return
    assert decode_value(json.dumps(value, ensure_ascii=False)) == value


@pytest.mark.parametrize("shape", ["[%s]", '{"a":%s}'])
def test_nesting_of_any_depth_is_read_and_explained_or_refused(shape: str) -> None:
    opening, closing = shape.split("%s")
    for depth in (*range(1, 40), *range(250, 1100, 11), 100_000):
        text = '{"note":' + opening * depth + "1" + closing * depth + "}"
        assert explain(text, SCHEMAS.streams["links"])
        try:
            value = decode_object(text)
        except ValueError as error:
            assert str(error) == "nested too deeply"  # noqa: PT017
            continue
        try:
            assert encode(value).decode() == text
        except ClaimlogError as error:
            assert "canonical JSON" in str(error)  # noqa: PT017


# proofs -----------------------------------------------------------------------------------------

LEAVES = [leaf_hash(b"%d" % number) for number in range(300)]


@examples(60)
@given(st.integers(1, 300), st.data())
def test_a_proof_of_inclusion_holds_for_its_leaf_place_and_tree_alone(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves = LEAVES[:size]
    path, root = inclusion(leaves, index), tree_root(leaves)
    assert includes(leaves[index], index, size, path, root)
    assert len(path) <= (size - 1).bit_length()
    for altered in data.draw(st.lists(alterations(path), min_size=1, max_size=3)):
        assert not includes(leaves[index], index, size, altered, root)
    other = data.draw(st.integers(0, 300).filter(lambda place: place != index))
    assert not includes(leaves[index], other, size, path, root)
    assert not includes(LEAVES[(index + 1) % 300], index, size, path, root)
    assert not includes(leaves[index], index, size, path, leaf_hash(root))


@examples(60)
@given(st.integers(1, 300), st.integers(1, 300), st.data())
def test_a_proof_of_consistency_holds_for_its_two_trees_alone(
    one: int, other: int, data: st.DataObject
) -> None:
    first, second = sorted((one, other))
    roots = [tree_root(LEAVES[:size]) for size in (first, second)]
    path = consistency(LEAVES[:second], first)
    assert extends(first, roots[0], second, roots[1], path)
    for altered in data.draw(st.lists(alterations(path), min_size=1, max_size=3)):
        assert not extends(first, roots[0], second, roots[1], altered)
    assert not extends(first, leaf_hash(b"x"), second, roots[1], path)
    assert not extends(first, roots[0], second, leaf_hash(b"x"), path)
    if first < second:
        assert not extends(second, roots[1], first, roots[0], path)
        forked = [*LEAVES[: first - 1], leaf_hash(b"x"), *LEAVES[first:second]]
        fork = consistency(forked, first)
        assert not extends(first, roots[0], second, tree_root(forked), fork)


@st.composite
def alterations(draw: st.DrawFn, path: list[bytes]) -> list[bytes]:
    """Draw a proof that differs from `path`: a bit flipped, a part more, gone, or moved."""
    changed = list(path)
    kind = draw(st.sampled_from(["flip", "drop", "swap"] if path else ["add"]))
    at = draw(st.integers(0, max(0, len(path) - 1)))
    if kind == "flip":
        bit = draw(st.integers(0, 255))
        number = int.from_bytes(path[at], "big") ^ 1 << bit
        changed[at] = number.to_bytes(32, "big")
    elif kind == "drop":
        del changed[at]
    elif kind == "swap":
        changed[at], changed[-1] = changed[-1], changed[at]
    if changed == path:
        changed.insert(at, draw(st.binary(min_size=32, max_size=32)))
    return changed


# upcasts ----------------------------------------------------------------------------------------

EXTRA = [
    {"name": "weight", "type": "integer"},
    {"name": "score", "type": "number"},
    {"name": "tags", "type": "array", "items": {"type": "string"}},
    {
        "name": "parts",
        "type": "array",
        "items": {"fields": [{"name": "b", "type": "string"}, {"name": "a", "type": "integer"}]},
    },
]
CONSTANTS: dict[str, st.SearchStrategy[Any]] = {
    "weight": st.none() | st.integers(-(2**53) + 1, 2**53 - 1),
    "score": st.none() | numbers,
    "tags": st.lists(st.sampled_from(["a", '"', "é"]), max_size=2),
    "parts": st.sampled_from([None, []]),  # a list of objects is added empty
    "note": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
}
KEY = "parts.a"
"""A key of the objects in a list, and what it may be added with."""
KEY_CONSTANTS = st.none() | st.integers(-9, 9)


@st.composite
def evolutions(draw: st.DrawFn) -> list[tuple[int, str, str, str]]:
    """Draw what led to the present schema: (to version, operation, column, given), in order."""
    names = {name: name for name in CONSTANTS}  # by what it is called now: what it was called
    backwards = []
    version, has_key = 4, True
    for _ in range(draw(st.integers(1, 6))):
        if not names:
            break
        now = draw(st.sampled_from(sorted(names)))
        if now == "parts" and has_key and draw(st.booleans()):
            column = KEY.replace(now, names[now])
            backwards.append((version, "add", column, json.dumps(draw(KEY_CONSTANTS))))
            has_key = False
        elif draw(st.booleans()):
            given_ = json.dumps(draw(CONSTANTS[now]))
            backwards.append((version, "add", names.pop(now), given_))
        else:
            old = f"old_{len(backwards)}_{now}"
            backwards.append((version, "rename", names[now], old))
            names[now] = old
        version -= draw(st.integers(0, 1)) if version > 2 else 0
    return backwards[::-1]


def without_key(spec: dict[str, Any], column: str) -> dict[str, Any]:
    """Return the specification of a column before a key, LIST.KEY, was added to its objects."""
    name, _, key = column.partition(".")
    if spec["name"] != name:
        return spec
    return {
        **spec,
        "items": {"fields": [it for it in spec["items"]["fields"] if it["name"] != key]},
    }


def plain_rows(table: Table) -> list[dict[str, Any]]:
    """Return a row without values, one whose lists are empty, and one with one item in each."""
    rows: list[dict[str, Any]] = [dict.fromkeys(table.names) for _ in range(3)]
    for item in table.fields:
        if item.type == "array":
            rows[1][item.name] = []
            rows[2][item.name] = [{one.name: None for one in item.fields} if item.fields else "a"]
    return rows


def evolved(folder: Path, steps: list[tuple[int, str, str, str]]) -> Definition:
    """Write a package whose links came to be what they are by these steps."""
    package = Package(folder)
    shutil.copytree(ROOT / "schemas", package.schemas)
    shutil.copy(ROOT / "datapackage.json", folder)
    begin_anew(folder)
    (package.schemas / "past").mkdir()
    spec = json.loads((package.schemas / "links.json").read_text("utf-8"))
    spec |= {"schemaVersion": 4, "fields": [*spec["fields"], *EXTRA]}
    (package.schemas / "links.json").write_text(json.dumps(spec), "utf-8")
    lines = ["stream,to_version,operation,column,given"]
    for version, operation, column, told in steps:
        quoted = told.replace('"', '""')
        lines.append(f'links,{version},{operation},{column},"{quoted}"')
    (package.schemas / "upcasts.csv").write_text("\n".join(lines) + "\n", "utf-8")
    fields = spec["fields"]
    for version in (3, 2, 1):
        for to_version, operation, column, told in reversed(steps):
            if to_version == version + 1 and "." in column:
                fields = [without_key(item, column) for item in fields]
            elif to_version == version + 1 and operation == "add":
                fields = [item for item in fields if item["name"] != column]
            elif to_version == version + 1:
                fields = [
                    {**item, "name": told} if item["name"] == column else item for item in fields
                ]
        past = {**spec, "schemaVersion": version, "fields": fields}
        (package.schemas / "past" / f"links.{version}.json").write_text(json.dumps(past), "utf-8")
    return read_definition(package)


@pytest.mark.slow
@pytest.mark.usefixtures("each_reading")
@examples(10, 25)
@given(evolutions(), st.integers(1, 4), st.data())
@example([(2, "add", "old", "7"), (3, "rename", "weight", "old")], 1, None)
@example([(2, "add", "parts.a", "7")], 1, None)
@example([(2, "add", "old.a", "null"), (3, "rename", "parts", "old")], 1, None)
@example([(2, "add", "parts", "[]"), (3, "add", "parts.a", "7")], 1, None)
@example([(2, "add", "parts", "null"), (3, "add", "parts.a", "7")], 1, None)
def test_a_row_is_upcast_and_taken_back_to_the_line_that_it_was(
    steps: list[tuple[int, str, str, str]], version: int, data: st.DataObject | None
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        definition = evolved(Path(folder), steps)
        table = definition.schema_of("links", version)
        rows = (
            data.draw(st.lists(rows_of(table), min_size=1, max_size=3))
            if data
            else plain_rows(table)
        )
        lines = [encode(row) for row in rows]
        found = read_lines(b"".join(line + b"\n" for line in lines), table, "x", 1 << 20)
        assert found.frame is not None, found.findings
        risen = upcast(found.frame, definition, "links", version)
        now = definition.streams["links"]
        assert tuple(risen.columns) == now.names
        added = {column: json.loads(told) for _, kind, column, told in steps if kind == "add"}
        for row, line, old in zip(risen.to_dicts(), lines, rows, strict=True):
            assert encode(downcast(row, definition, "links", version)) == line
            assert encode(upcast_row(old, definition, "links", version)) == encode(row)
            if version == 1:
                for column, value in added.items():
                    if column in row:
                        assert row[column] == value


# anchors ----------------------------------------------------------------------------------------

vocabulary = st.sampled_from(["pact", "tide", "no", "“a”", "Straße", "re\u00adport", "co-op", "é"])
gaps = st.sampled_from([" ", "\n", "  ", "\t", ", ", " — ", ".\n\n", "\u00a0"])


@examples(60)
@given(st.lists(vocabulary, min_size=1, max_size=14), st.data())
def test_a_span_is_found_again_in_a_copy_wrapped_anew_and_never_guessed(
    parts: list[str], data: st.DataObject
) -> None:
    def wrapped() -> Text:
        between = data.draw(st.lists(gaps, min_size=len(parts), max_size=len(parts)))
        return Text("".join(part + gap for part, gap in zip(parts, between, strict=True)))

    text, copy = wrapped(), wrapped()
    words = [word for _, _, word in text.tokens]
    assert words == [word for _, _, word in copy.tokens]
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    start, end = text.tokens[first][0], text.tokens[last][1]
    assume(boundary_flaw(text, start, end) is None)
    size = last - first + 1
    same = [at for at in range(len(words)) if words[at : at + size] == words[first : last + 1]]
    if len(same) > 1:
        around = (words[max(0, first - 3) : first], words[last + 1 : last + 4])
        same = [
            at
            for at in same
            if (words[max(0, at - 3) : at], words[at + size : at + size + 3]) == around
        ]
    assert first in same
    own = (copy.tokens[first][0], copy.tokens[last][1])
    found = found_again(copy, anchor(text, start, end))
    assert found in ((own, None) if len(same) == 1 else (None,))


# logical hashes ---------------------------------------------------------------------------------


@cache
def tables() -> dict[str, pl.DataFrame]:
    """The tables of a drawn history, those without rows left out: the first that fills all."""
    fullest: dict[str, pl.DataFrame] = {}
    for seed in range(40):
        with tempfile.TemporaryDirectory() as folder:
            log = read(write(random_history(seed, 4, 36), Path(folder) / "package"))
            cut = Cutoff(log.size, len(log.batches), "test")
            filled = {name: frame for name, frame in compile_tables(log, cut) if frame.height}
        fullest = max(fullest, filled, key=len)
        if len(fullest) == len(SCHEMAS.tables):
            break
    return fullest


def root_of(name: str, frame: pl.DataFrame) -> str:
    return Content.of_rows(frame_rows(frame, SCHEMAS.tables[name])).root


@pytest.mark.slow
def test_the_drawn_history_fills_the_tables() -> None:
    assert set(SCHEMAS.tables) == set(tables())


@pytest.mark.slow
@examples(3, 5)
@given(histories(), st.integers(0, 9))
def test_the_order_in_which_rows_are_handed_over_does_not_change_a_table(
    history: Any, seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = read(write(history, Path(folder) / "package"))
        cut = Cutoff(log.size, len(log.batches), "test")
        before = {name: root_of(name, frame) for name, frame in compile_tables(log, cut)}
        for name in log.streams:
            rows = log.rows(name).sample(fraction=1, shuffle=True, seed=seed)
            log.parts[name] = [MemoryPart(rows)]
        assert {name: root_of(name, frame) for name, frame in compile_tables(log, cut)} == before


@pytest.mark.slow
@examples(80)
@given(st.data())
def test_any_changed_cell_changes_the_hash(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(tables())))
    frame = tables()[name]
    table = SCHEMAS.tables[name]
    column = data.draw(st.sampled_from(table.names))
    row = data.draw(st.integers(0, frame.height - 1))
    values = frame[column].to_list()
    other = data.draw(st.sampled_from([*values, *OTHERS[table.by_name[column].type]]))
    assume(other != values[row] and not (table.by_name[column].enum and isinstance(other, str)))
    values[row] = other
    changed = frame.with_columns(pl.Series(column, values, dtype=frame.schema[column]))
    assert root_of(name, changed) != root_of(name, frame)


OTHERS: dict[str, list[Any]] = {
    "string": [None, "", "x"],
    "integer": [None, 0, 77],
    "number": [None, 0.0, 0.5],
    "boolean": [None, True, False],
    "array": [None],
    "date": [None],
    "datetime": [None],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SCHEMAS.tables))
def test_the_hash_is_that_of_the_rows_whatever_the_format_row_groups_and_engine(
    name: str, tmp_path: Path
) -> None:
    frame = tables()[name]
    table = SCHEMAS.tables[name]
    root = root_of(name, frame)
    path = tmp_path / f"{name}.parquet"
    write_parquet(frame, table, path)
    assert parquet_content(path, table).root == root
    pq.write_table(pq.read_table(path), tmp_path / "small.parquet", row_group_size=2)
    assert pq.ParquetFile(tmp_path / "small.parquet").num_row_groups == -(-frame.height // 2)
    assert parquet_content(tmp_path / "small.parquet", table).root == root
    keys = ", ".join(f'"{key}"' for key in table.primary_key)
    query = f"SELECT * FROM '{path}' ORDER BY {keys}"
    duckdb.sql(f"COPY ({query}) TO '{tmp_path}/duck.parquet' (FORMAT parquet)")
    assert parquet_content(tmp_path / "duck.parquet", table).root == root
    with DatabaseWriter(tmp_path / "x.db", {name: table}) as filled:
        filled.fill(name, frame)
        filled.finish()
    assert sqlite_content(tmp_path / "x.db", table).root == root
