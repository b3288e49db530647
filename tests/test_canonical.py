"""Canonical lines: the exact reading of one line, and the fast writing of whole frames."""

from __future__ import annotations

import json
import math
from itertools import product
from typing import Any

import pyarrow as pa
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from claimlog.errors import ClaimlogError
from claimlog.escaping import indented_json
from claimlog.log.arrow_types import arrow_schema
from claimlog.log.canonical import encode, explain, render
from claimlog.log.lines import read_lines
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.schema.table_schema import REQUIRED_STREAMS, Field, Table
from claimlog.strict_json import decode_object, decode_value
from conftest import ROOT, World

SCHEMAS = read_definition(Package(ROOT))
LONGEST = 1 << 20

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
awkward = st.sampled_from(
    ['"', "\\", "\b\f\n\r\t", "\x00\x1f", "\x7f\u0080", "é", "日本", "👩‍🚀", "\u2028", "/"]
)
numbers = st.one_of(
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not _integral_beyond(x)),
    st.sampled_from([1e-7, 1e-6, 1e15, 1e21, 0.1, -0.0, 40, 5e-324]),
)


def _integral_beyond(value: float) -> bool:
    """Whether RFC 8785 writes a float as an integer that I-JSON readers may round."""
    return 2**53 <= abs(value) < 1e21


values = st.recursive(
    st.none() | st.booleans() | numbers | texts | awkward,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def cells(item: Field) -> st.SearchStrategy[Any]:
    """Values of a column's type, whatever its constraints."""
    if item.type == "integer":
        return st.none() | st.integers(-(2**53) + 1, 2**53 - 1)
    if item.type == "number":
        return st.none() | numbers
    if item.type == "array" and item.item is not None:
        return st.none() | st.lists(texts | awkward, max_size=3)
    if item.type == "array":
        parts = st.fixed_dictionaries({inner.name: cells(inner) for inner in item.fields})
        return st.none() | st.lists(parts, max_size=2)
    return st.none() | texts | awkward


def rows_of(table: Table) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({item.name: cells(item) for item in table.fields})


def accepted(lines: list[bytes], table: Table) -> bool:
    return not read_lines(b"".join(line + b"\n" for line in lines), table, "x", LONGEST).findings


@given(st.dictionaries(texts | awkward, values, max_size=4))
def test_encode_agrees_with_rfc8785_and_decode_reads_it_back(row: dict[str, Any]) -> None:
    line = encode(row)
    assert line == rfc8785.dumps(row)
    assert encode(decode_object(line.decode())) == line


@pytest.mark.parametrize(
    "row",
    [
        {"\uff5e": 1, "\U0001f600": 2, "a": 3},  # in UTF-16 the second comes before the first
        {"a": [{"\uffff": "x", "\U00010000": None}]},
        {"n": [2**53 - 1, 1 - 2**53, True, 1e15, 1.0, -0.0]},
        {"t": "".join(map(chr, range(0x20))) + '"\\/\x7f\x80\u2028\ufeff'},
    ],
    ids=["keys", "keys within", "numbers", "escapes"],
)
def test_what_writers_of_json_write_otherwise_is_as_rfc8785_says(row: dict[str, Any]) -> None:
    assert encode(row) == rfc8785.dumps(row)


@given(values)
def test_indented_json_is_that_of_the_standard_library(value: Any) -> None:
    assert indented_json(value) == json.dumps(value, ensure_ascii=False, indent=2)


@pytest.mark.parametrize("value", [{1: 2}, {"a": 2**80}, {"a": "\ud800"}, {"a": (1, {})}], ids=repr)
def test_what_orjson_refuses_is_indented_all_the_same(value: Any) -> None:
    assert indented_json(value) == json.dumps(value, ensure_ascii=False, indent=2)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"a":1,"a":2}', 'key "a" occurs twice'),
        ('{"a":{"b":1,"b":1}}', 'key "b" occurs twice'),
        ('{"\\ud800":1,"\\ud800":2}', r'key "\\ud800" occurs twice'),
        ('{"a":NaN}', "NaN is not a JSON number"),
        ('{"a":Infinity}', "Infinity is not a JSON number"),
        ('{"a":-Infinity}', "-Infinity is not a JSON number"),
        ('{"a":1e400}', "number 1e400 is out of range"),
        ('{"a":-1e400}', "number -1e400 is out of range"),
        ('{"a":9007199254740992}', r"integer 9007199254740992 is beyond 2\*\*53"),
        ('{"a":-9007199254740993}', r"integer -9007199254740993 is beyond 2\*\*53"),
        ('{"a":%s}' % ("9" * 5000), r"is beyond 2\*\*53"),
        ('{"a":"\\ud800"}', "lone surrogate"),
        ('{"\\udfff":1}', "lone surrogate"),
        ("[1]", "expected an object, found list"),
        ("null", "expected an object, found NoneType"),
        ("", "Expecting value at character 0"),
        ('{"a":1', "at character 6"),
        ('{"a":1} {}', "Extra data at character 8"),
        ("{'a':1}", "at character 1"),
        ('{"a":"\t"}', "Invalid control character at character 6"),
    ],
)
def test_decode_refuses_what_is_not_one_i_json_object(line: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode_object(line)


def test_escapes_of_surrogates_are_refused_where_one_stands_alone() -> None:
    signs = (r"\ud83d", r"\uDE00", r"\uDBFF", r"\u00e9", "\\\\", r"\n", "ud83d")
    for parts in product(signs, repeat=4):
        text = '"' + "".join(parts) + '"'
        value = json.loads(text)
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            with pytest.raises(ValueError, match="lone surrogate"):
                decode_value(text)
        else:
            assert decode_value(text) == value


@pytest.mark.parametrize("depth", [100, 200, 300, 400, *range(900, 1010, 3), 5000, 200_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_deep_nesting_is_refused_or_explained_never_a_crash(
    depth: int, opening: str, closing: str
) -> None:
    line = '{"note":' + opening * depth + "1" + closing * depth + "}"
    flaws = explain(line, SCHEMAS.streams["claims"])
    assert flaws
    assert flaws[0].rule in ("json", "keys")


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**53, "\ud800"], ids=repr)
def test_encode_refuses_a_value_without_canonical_form(value: object) -> None:
    with pytest.raises(ClaimlogError, match="cannot be written as canonical JSON"):
        encode({"a": value})


@pytest.mark.parametrize("stream", REQUIRED_STREAMS)
def test_render_equals_encode_on_the_rows_of_the_tiny_package(world: World, stream: str) -> None:
    log = read(world.package)
    frame, table = log.rows(stream), log.definition.streams[stream]
    lines = [encode(row).decode() + "\n" for row in frame.select(table.names).to_dicts()]
    assert render(frame, table).to_list() == lines


@pytest.mark.slow
@pytest.mark.parametrize("stream", REQUIRED_STREAMS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_render_equals_encode_or_leaves_the_line_to_the_exact_reading(
    stream: str, data: st.DataObject
) -> None:
    table = SCHEMAS.streams[stream]
    rows = data.draw(st.lists(rows_of(table), min_size=1, max_size=3))
    import polars as pl

    frame = pl.from_arrow(pa.Table.from_pylist(rows, schema=arrow_schema(table)))
    for written, row in zip(render(frame, table), rows, strict=True):
        plain = {k: float(v) if k == "figure_value" and v else v for k, v in row.items()}
        if written is not None and _escape_free(table, row):
            assert written == encode(plain).decode() + "\n"


def _escape_free(table: Table, row: dict[str, Any]) -> bool:
    """Whether columns whose legal values need no escape indeed need none."""
    plain = [
        f.name for f in table.fields if f.type == "datetime" or "pattern" in f.constraints or f.enum
    ]
    return all(json.dumps(row[n], ensure_ascii=False) == f'"{row[n]}"' for n in plain if row[n])


@pytest.mark.slow
@pytest.mark.usefixtures("each_reading")
@pytest.mark.parametrize("stream", REQUIRED_STREAMS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_canonical_line_of_the_right_types_is_accepted(
    stream: str, data: st.DataObject
) -> None:
    table = SCHEMAS.streams[stream]
    rows = data.draw(st.lists(rows_of(table), min_size=1, max_size=3))
    lines = [encode(row) for row in rows]
    read_back = read_lines(b"".join(line + b"\n" for line in lines), table, "x", LONGEST)
    assert [str(finding) for finding in read_back.findings] == []
    assert read_back.frame is not None
    again = read_back.frame.to_dicts()
    assert [encode(row) for row in again] == [
        encode(
            {k: float(v) if k == "figure_value" and v is not None else v for k, v in row.items()}
        )
        for row in rows
    ]


SPELLINGS = {
    "a space after a colon": lambda line: line.replace('":', '": ', 1),
    "keys in another order": lambda line: json.dumps(dict(reversed(json.loads(line).items()))),
    "a trailing space": lambda line: line + " ",
    "an escape that is not needed": lambda line: line.replace("Norland", "\\u004eorland", 1),
    "an escaped slash": lambda line: line.replace('"note":null', '"note":"\\/"'),
    "upper-case hex in an escape": lambda line: line.replace('"note":null', '"note":"\\u001F"'),
    "a long escape for a tab": lambda line: line.replace('"note":null', '"note":"\\u0009"'),
    "non-ASCII escaped": lambda line: line.replace('"note":null', '"note":"\\u00e9"'),
    "an unescaped tab": lambda line: line.replace('"note":null', '"note":"\t"'),
    "a plus sign": lambda line: _figure(line, "+40"),
    "a fraction of zero": lambda line: _figure(line, "40.0"),
    "an exponent that is not needed": lambda line: _figure(line, "4e1"),
    "an exponent for a large number": lambda line: _figure(line, "1e+16"),
    "an exponent for a small number": lambda line: _figure(line, "1e-6"),
    "an exponent without a sign": lambda line: _figure(line, "1e21"),
    "negative zero": lambda line: _figure(line, "-0"),
    "negative zero with a fraction": lambda line: _figure(line, "-0.0"),
    "a leading zero": lambda line: _figure(line, "040"),
    "more digits than a double holds": lambda line: _figure(line, "0.1000000000000000055"),
    "an integer beyond 2**53 as number": lambda line: _figure(line, "9007199254740993"),
    "an even integer beyond 2**53 as number": lambda line: _figure(line, "9007199254740992"),
    "infinity": lambda line: _figure(line, "inf"),
    "NaN": lambda line: _figure(line, "NaN"),
    "a number out of range": lambda line: _figure(line, "1e400"),
    "an integer beyond 2**53": lambda line: line.replace(
        '"version":1', '"version":9007199254740993'
    ),
    "an integer with a fraction": lambda line: line.replace('"version":1', '"version":1.0'),
    "an integer as text": lambda line: line.replace('"version":1', '"version":"1"'),
    "an integer as boolean": lambda line: line.replace('"version":1', '"version":true'),
    "a number as text": lambda line: _figure(line, '"40"'),
    "a text as number": lambda line: line.replace('"note":null', '"note":1'),
    "a date-time as number": lambda line: line.replace('"topic":"sharing"', '"topic":7'),
    "a list as null part": lambda line: line.replace('"dyad_to":["sud"]', '"dyad_to":[null]'),
    "a list of numbers": lambda line: line.replace('"dyad_to":["sud"]', '"dyad_to":[1]'),
    "a text for a list": lambda line: line.replace('"dyad_to":["sud"]', '"dyad_to":"sud"'),
    "a null for an object": lambda line: line.replace('"attributions":[]', '"attributions":[null]'),
    "an empty object": lambda line: line.replace('"attributions":[]', '"attributions":[{}]'),
    "a doubled key": lambda line: line.replace('"version":1', '"version":1,"version":1'),
    "a lone surrogate": lambda line: line.replace('"note":null', '"note":"\\ud800"'),
}


def _figure(line: str, number: str) -> str:
    return line.replace('"figure_value":null', f'"figure_value":{number}')


@pytest.mark.slow
@pytest.mark.usefixtures("each_reading")
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_line_spelt_otherwise_is_refused_alone_and_among_good_ones(
    world: World, spelling: str
) -> None:
    table = SCHEMAS.streams["claims"]
    good = world.file("claims", 1).read_bytes().splitlines()
    bad = SPELLINGS[spelling](good[0].decode()).encode()
    assert bad != good[0], "the mutation must take hold"
    assert accepted(good, table)
    assert not accepted([bad], table)
    lines = [*good, bad]
    found = read_lines(b"".join(line + b"\n" for line in lines), table, "x.ndjson", LONGEST)
    assert {finding.line for finding in found.findings} == {len(lines)}


@pytest.mark.usefixtures("each_reading")
@pytest.mark.parametrize("number", [2**53 - 1, 2**53, -(2**53)])
def test_a_whole_number_within_a_list_is_one_that_no_reader_rounds(number: int) -> None:
    table = SCHEMAS.streams["sources"]
    row = {item.name: [] if item.type == "array" else None for item in table.fields}
    part = {inner.name: None for inner in table.by_name["furniture"].fields}
    line = encode({**row, "furniture": [{**part, "start": 1 << 20}]})
    line = line.replace(b"1048576", b"%d" % number)
    assert accepted([line] * 20, table) == (abs(number) < 2**53)


def test_an_unknown_key_is_named_with_the_near_one_and_a_missing_key_too(world: World) -> None:
    line = world.file("claims", 1).read_bytes().splitlines()[0].decode()
    flaws = explain(line.replace('"topic"', '"topik"'), SCHEMAS.streams["claims"])
    assert [flaw.message for flaw in flaws] == [
        'unknown key "topik"; did you mean "topic"?',
        'missing key "topic"',
    ]


def test_a_wrong_type_says_the_value_and_the_type_expected(world: World) -> None:
    line = world.file("claims", 1).read_bytes().splitlines()[0].decode()
    flaws = explain(line.replace('"version":1', '"version":"1"'), SCHEMAS.streams["claims"])
    assert [(flaw.rule, flaw.message) for flaw in flaws] == [
        ("type", '"version" is "1", expected integer')
    ]
