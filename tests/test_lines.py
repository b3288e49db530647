"""Reading a stream's file: every finding about bytes names the file and the line."""

from __future__ import annotations

import time
import tracemalloc

import pyarrow as pa
import pytest

import fuzz_lines
from claimlog.log.canonical import encode, shortest_line
from claimlog.log.lines import MOST_LISTED, read_lines
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from conftest import ROOT, World
from measured_rows import MEASURED, measured_row

CLAIMS = read_definition(Package(ROOT)).streams["claims"]
SHOWN = "events/0002-claims/claims.ndjson"
LONGEST = 4096
pytestmark = pytest.mark.usefixtures("each_reading")


def second(lines: list[bytes], change: bytes) -> bytes:
    return b"\n".join([lines[0], change, *lines[2:]]) + b"\n"


BROKEN = {
    "begins with a byte order mark": (
        lambda lines: b"\xef\xbb\xbf" + b"\n".join(lines) + b"\n",
        [(1, "begins with a byte order mark; save it as UTF-8 without BOM")],
    ),
    "has windows line ends": (
        lambda lines: second(lines, lines[1] + b"\r"),
        [(2, "holds a carriage return; end lines with a line feed only")],
    ),
    "holds a NUL byte": (
        lambda lines: second(lines, lines[1].replace(b"note", b"n\x00te")),
        [(2, "holds a NUL byte; restore the file; NUL is never part of it")],
    ),
    "is Latin-1": (
        lambda lines: second(lines, lines[1].replace(b"Sudland", b"S\xfcdland")),
        [(2, "byte 0xfc is not UTF-8; save the file as UTF-8")],
    ),
    "holds an encoded surrogate": (
        lambda lines: second(lines, lines[1].replace(b"Sudland", b"\xed\xa0\x80")),
        [(2, "byte 0xed is not UTF-8; save the file as UTF-8")],
    ),
    "is cut off": (
        lambda lines: b"\n".join(lines)[:-30],
        [
            (
                6,
                "does not end with a line feed; the last line was cut off; restore it, or end it "
                "with a line feed",
            )
        ],
    ),
    "lacks the last line feed": (
        lambda lines: b"\n".join(lines),
        [
            (
                6,
                "does not end with a line feed; the last line was cut off; restore it, or end it "
                "with a line feed",
            )
        ],
    ),
    "holds an empty line": (
        lambda lines: second(lines, b""),
        [(2, "the line is empty; remove the line")],
    ),
    "holds a line that is too long": (
        lambda lines: second(lines, b"x" * 4097),
        [(2, "the line is longer than 4,096 bytes; see schemas/thresholds.csv")],
    ),
    "ends in a line that is too long and cut off": (
        lambda lines: b"\n".join(lines) + b"\n" + b"x" * 5000,
        [(7, "the line is longer than 4,096 bytes; see schemas/thresholds.csv")],
    ),
}


@pytest.fixture
def lines(world: World) -> list[bytes]:
    return world.file("claims", 1).read_bytes().splitlines()


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_with_wrong_bytes_is_not_read_and_says_where(case: str, lines: list[bytes]) -> None:
    change, expected = BROKEN[case]
    found = read_lines(change(lines), CLAIMS, SHOWN, LONGEST)
    assert [str(f) for f in found.findings] == [
        f"{SHOWN}:{n}: {text} [bytes]" for n, text in expected
    ]
    assert found.frame is None


def test_several_wrongs_of_one_file_are_all_said(lines: list[bytes]) -> None:
    data = b"\xef\xbb\xbf" + b"\r\n".join(lines)
    found = read_lines(data, CLAIMS, SHOWN, LONGEST)
    assert [(finding.line, finding.message) for finding in found.findings] == [
        (1, "begins with a byte order mark"),
        (1, "holds a carriage return"),
        (6, "does not end with a line feed"),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "not a JSON object: Expecting property name enclosed in double quotes"),
        (b"null", "not a JSON object: expected an object, found NoneType"),
        (b"x", "not a JSON object: Expecting value at character 0"),
        (b" ", "not a JSON object: Expecting value at character 1"),
        (b"{}", 'missing key "action"'),
        (b"{} {}", "not a JSON object: Extra data at character 3"),
    ],
)
def test_a_line_that_is_no_row_is_named_and_the_others_are_not(
    line: bytes, message: str, lines: list[bytes]
) -> None:
    found = read_lines(second(lines, line), CLAIMS, SHOWN, LONGEST)
    assert {finding.line for finding in found.findings} == {2}
    assert found.findings[0].message.startswith(message)


def test_two_objects_in_one_line_or_one_over_two_lines_are_refused(lines: list[bytes]) -> None:
    together = read_lines(lines[0] + lines[1] + b"\n", CLAIMS, SHOWN, LONGEST)
    assert "Extra data" in together.findings[0].message
    apart = read_lines(lines[0].replace(b",", b",\n", 1) + b"\n", CLAIMS, SHOWN, LONGEST)
    assert [finding.line for finding in apart.findings] == [1, 2]


def test_a_file_in_another_format_gives_a_bounded_list() -> None:
    found = read_lines(b"a,b,c\n" * 5000, CLAIMS, SHOWN, LONGEST)
    assert MOST_LISTED <= len(found.findings) < MOST_LISTED + 100


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        *(b"{}", b"x", b"", b'{"a":"\xff"}', b'{"action":null}'),
        *(b"[" * 100_000, b'{"note":' + b"[" * 100_000, b'{"' + b"k" * 100_000 + b'":1}'),
        b"{" + b",".join(b'"k%d":0' % n for n in range(10_000)) + b"}",
        b'{"attributions":[' + b",".join([b"{}"] * 50_000) + b"]}",
    ],
    ids=lambda line: f"{line[:12]!r} of {len(line)}",
)
def test_lines_that_are_no_rows_cost_little_however_many_they_are(line: bytes) -> None:
    """Parsed as rows, each `{}` would take a kilobyte."""
    data = (line + b"\n") * (4_000_000 // (len(line) + 1))
    tracemalloc.start()
    pool = pa.default_memory_pool()
    before, started = pool.max_memory(), time.process_time()
    found = read_lines(data, CLAIMS, SHOWN, 1 << 20)
    used = tracemalloc.get_traced_memory()[1] + pool.max_memory() - before
    tracemalloc.stop()
    assert found.findings
    assert found.findings[0].line == 1
    assert len(found.findings) < MOST_LISTED + 100
    assert all(len(str(finding)) < 500 for finding in found.findings)
    assert used < 8 * len(data)
    assert time.process_time() - started < 60


def test_the_shortest_rows_are_read() -> None:
    shortest = {"integer": 0, "number": 0, "array": []}
    row = {item.name: shortest.get(item.type, "") for item in CLAIMS.fields}
    line = encode(row)
    assert len(line) == shortest_line(CLAIMS)
    assert read_lines((line + b"\n") * 3, CLAIMS, SHOWN, LONGEST).findings == []
    (finding, *_) = read_lines(line[:-2] + b"}\n", CLAIMS, SHOWN, LONGEST).findings
    assert finding.line == 1


def test_braces_in_texts_are_no_objects_that_lack_their_keys(world: World) -> None:
    row = {**world.rows("claims", 1)[0], "note": "{" * 400}
    found = read_lines((encode(row) + b"\n") * 9, CLAIMS, SHOWN, LONGEST)
    assert found.findings == []
    assert found.frame is not None
    assert found.frame["note"].to_list() == ["{" * 400] * 9


def test_an_empty_file_has_no_rows_and_the_columns_of_its_schema() -> None:
    found = read_lines(b"", CLAIMS, SHOWN, LONGEST)
    assert (found.rows, found.findings) == (0, [])
    assert found.frame is not None
    assert found.frame.columns == list(CLAIMS.names)


def test_numbers_that_need_an_exponent_are_read_exactly(world: World) -> None:
    [row] = [row for row in world.rows("claims", 1) if row["figure_value"]]
    values = [1e21, 1e-7, 0.1, 40, -2.5, 1e15]
    data = b"".join(encode({**row, "figure_value": value}) + b"\n" for value in values)
    found = read_lines(data, CLAIMS, SHOWN, LONGEST)
    assert found.findings == []
    assert found.frame is not None
    assert found.frame["figure_value"].to_list() == values


def test_leaves_are_the_hashes_of_the_lines_in_order(world: World, lines: list[bytes]) -> None:
    from claimlog.log.merkle import leaf_hash

    log = read(world.package)
    frame = log.rows("claims")
    assert frame["event_id"].to_list()[:6] == [leaf_hash(line).hex() for line in lines]
    assert frame["line"].to_list() == [1, 2, 3, 4, 5, 6, 1, 2]
    assert frame["batch"].to_list() == [2] * 6 + [3] * 2
    ahead = [*log.streams][: [*log.streams].index("claims")]
    starts = [
        end + sum(log.rows(name).filter(batch=number).height for name in ahead)
        for number, (end, _) in enumerate(log.trees[:-1], 2)
    ]
    assert frame["seq"].to_list() == [*range(starts[0], starts[0] + 6), starts[1], starts[1] + 1]


@pytest.mark.parametrize("seed", fuzz_lines.seeds()[::7])
def test_a_file_that_the_fuzz_begins_with_is_read_as_its_lines_say(seed: bytes) -> None:
    fuzz_lines.check(seed)


@pytest.mark.parametrize("number", [1, 2.5, None, 1e21, 1e-7, 5e-324, 0.1, 2**53 - 1, -7])
def test_a_number_within_a_list_is_read_as_it_stands_there(number: float | None) -> None:
    lines = [encode(measured_row(1, 2.5)), encode(measured_row(2.5, number))]
    found = read_lines(b"\n".join([*lines, b""]), MEASURED, SHOWN, LONGEST)
    assert found.frame is not None
    assert [encode(row) for row in found.frame.to_dicts()] == lines
    assert [part["number"] for part in found.frame["parts"].to_list()[1]] == [2.5, number]


@pytest.mark.parametrize("written", [b"7.0", b"-0", b"-0.0", b"7e0", b"1e21", b"9007199254740994"])
@pytest.mark.parametrize("place", ["parts", "numbers", "number"])
def test_a_number_in_another_form_is_a_finding_wherever_it_stands(
    written: bytes, place: str
) -> None:
    row = encode(measured_row(2.5, 1.5, numbers=[0.5], number=0.25))
    at = {"parts": b'"number":1.5', "numbers": b"[0.5]", "number": b'"number":0.25'}[place]
    assert at in row
    line = row.replace(at, at.translate(None, b"0123456789.").replace(b":", b":" + written))
    if place == "numbers":
        line = row.replace(at, b"[" + written + b"]")
    found = read_lines(b"\n".join([row, line, b""]), MEASURED, SHOWN, LONGEST)
    assert [finding.line for finding in found.findings] == [2]
    assert found.frame is None
