"""JSON of such small values that it takes many times its size in memory is refused unparsed."""

from __future__ import annotations

import json
import random
import re
import tracemalloc
from pathlib import Path

import pytest

from claimlog import untrusted_files
from claimlog.errors import ClaimlogError
from claimlog.package import DESCRIPTOR, read_json
from claimlog.release.checksums import MAX_LISTED, parse_sums
from claimlog.release.site_mark import MARK, require_own_site
from claimlog.untrusted_files import (
    DENSE_BYTES,
    MOST_GROWTH,
    VALUE_BYTES,
    is_dense,
    parse_json,
    short_keys,
)
from conftest import ROOT

REFUSAL = "has more keys, lists and objects for its size than any file of ours"
SMALL_VALUES = {
    "empty lists": b"[]",
    "objects of an empty text": b'{"a":""}',
    "objects of a digit beside long texts": b'{"a":1},{"a":1},{"a":1},{"a":1},"' + b"x" * 20 + b'"',
    "lists in lists": b"[[[1]]]",
    "texts of two letters": b'"\xc3\xa9a"',
}


def dense(value: bytes, count: int = 400_000) -> bytes:
    """Return an object that holds a value very often."""
    return b'{"all":[' + value + (b"," + value) * (count - 1) + b"]}"


@pytest.mark.parametrize("value", SMALL_VALUES.values(), ids=SMALL_VALUES)
def test_small_values_without_number_are_refused_before_they_are_parsed(value: bytes) -> None:
    data = dense(value)
    assert len(data) > DENSE_BYTES
    tracemalloc.start()
    try:
        with pytest.raises(ClaimlogError, match=f"x.json: not valid JSON: {REFUSAL}"):
            parse_json(data, "x.json")
        assert tracemalloc.get_traced_memory()[1] < len(data)
    finally:
        tracemalloc.stop()


KEYS = {
    "short": '"{}":1',
    "before a space": '"{}" :1',
    "that begin with a colon": '":{}":1',
    "behind what looks like one": '":{}":"x,"',
    "that end with a quotation mark": r'"{}\"":1',
    "of escapes": r'"{}\u00e9":1',
    "of several lines": '"{}"\n:\n1',
}


def keys(form: str, count: int) -> bytes:
    """Return an object whose keys all differ."""
    return ("{" + ",".join(form.format(f"{n:05x}") for n in range(count)) + "}").encode()


@pytest.mark.slow
@pytest.mark.parametrize("form", KEYS.values(), ids=KEYS)
def test_keys_that_all_differ_are_refused_before_they_are_parsed(form: str) -> None:
    data = keys(form, 150_000)
    assert len(data) > DENSE_BYTES
    assert len(json.loads(data)) == 150_000
    with pytest.raises(ClaimlogError, match=f"x.json: not valid JSON: {REFUSAL}"):
        parse_json(data, "x.json")


def test_short_keys_are_those_that_one_look_at_all_of_it_finds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = re.compile(rb'(?=[{,]\s*"((?:[^"\\]|\\.){0,24})"\s*:)', re.DOTALL)
    chance = random.Random(5)
    signs = [*(bytes([sign]) for sign in b'{[,:"\\ \n1a'), b'","', b'":', b'\\"', b"b" * 23]
    signs += [b" " * 70, b"{:", b',"' + b"\\n" * 24 + b'"', b',"' + b"x" * 25 + b'":']
    looked = [b"".join(chance.choices(signs, k=chance.randrange(60))) for _ in range(5_000)]
    looked += [keys(form, 30) for form in KEYS.values()]
    for data in looked:
        monkeypatch.setattr(untrusted_files, "PIECE_BYTES", chance.randrange(1, 90))
        assert short_keys(data) == {found[1] for found in plain.finditer(data)}, data
    assert len(short_keys(keys(KEYS["short"], 10_000), 90)) < 200


@pytest.mark.parametrize("length", [22, 50])
def test_long_keys_that_all_differ_take_no_more_than_is_allowed_for(length: int) -> None:
    data = keys('"{}' + "x" * length + '":1', 60_000)
    assert len(data) > DENSE_BYTES
    tracemalloc.start()
    try:
        assert len(parse_json(data, "x.json")) == 60_000
        assert tracemalloc.get_traced_memory()[1] < (MOST_GROWTH + 4) * len(data)
    finally:
        tracemalloc.stop()


def test_one_short_key_in_many_objects_is_no_matter() -> None:
    rows = [{"id": f"{n:06}", "to": [{"a": "x" * 90}]} for n in range(20_000)]
    data = json.dumps({"rows": rows}).encode()
    assert len(data) > DENSE_BYTES
    assert parse_json(data, "x.json") == {"rows": rows}


@pytest.mark.slow
@pytest.mark.parametrize("value", SMALL_VALUES.values(), ids=SMALL_VALUES)
def test_what_just_passes_takes_no_more_than_is_allowed_for(value: bytes) -> None:
    small = dense(value, 100_000)
    taken = sum(size * small.count(sign) for sign, size in VALUE_BYTES.items())
    text = b"x" * (taken // MOST_GROWTH - len(small) + 90)
    data = b'{"small":' + small + b',"text":"' + text + b'"}'
    assert not is_dense(data)
    tracemalloc.start()
    try:
        parse_json(data, "x.json")
        assert tracemalloc.get_traced_memory()[1] < (MOST_GROWTH + 4) * len(data)
    finally:
        tracemalloc.stop()


def test_an_escaped_emoji_has_nothing_written_again() -> None:
    """Where there is an escape of a surrogate, it is looked whether it is in a pair."""
    data = b'{"a":["\\ud83d\\ude00"' + b',"abcdefg"' * 200_000 + b"]}"
    assert not is_dense(data)
    tracemalloc.start()
    try:
        parse_json(data, "x.json")
        assert tracemalloc.get_traced_memory()[1] < MOST_GROWTH * len(data)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["release.json", DESCRIPTOR])
def test_a_manifest_of_small_values_is_one_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(dense(b"[]"))
    with pytest.raises(ClaimlogError, match=f"{name}: not valid JSON: {REFUSAL}"):
        read_json(path, name)


def test_the_mark_of_a_site_of_small_values_is_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / MARK).write_bytes(dense(b"[]"))
    with pytest.raises(ClaimlogError, match="holds files that claimlog site did not write"):
        require_own_site(tmp_path, "public", "name another place")


@pytest.mark.parametrize("line", ["ab\n", "["], ids=["lines", "a line without end"])
def test_a_list_of_checksums_is_read_no_further_than_to_its_first_odd_lines(line: str) -> None:
    text = line * 1_000_000
    tracemalloc.start()
    try:
        listed, findings = parse_sums(text)
        assert tracemalloc.get_traced_memory()[1] < 10 * len(text)
    finally:
        tracemalloc.stop()
    assert (listed, len(findings)) == ({}, min(MAX_LISTED, len(text.splitlines())))


def of_ours() -> list[Path]:
    paths = [*ROOT.glob("*.json"), *ROOT.glob("releases/*.json"), *ROOT.glob("schemas/**/*.json")]
    return [*paths, *ROOT.glob("events/*/*.ndjson"), *ROOT.glob("events/*/*.json")]


@pytest.mark.parametrize("path", of_ours(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_file_of_ours_is_refused_however_large_it_were(path: Path) -> None:
    data = path.read_bytes()
    assert not is_dense(data * (1 + DENSE_BYTES // max(1, len(data))))
