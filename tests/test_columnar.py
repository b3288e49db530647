"""Sealed bulk batches that hold Parquet: the same rows, the same leaves, and what is refused."""

from __future__ import annotations

import base64
import errno
import io
import json
import math
import random
import shutil
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import claimlog.edit.seal
import claimlog.edit.takedown
import claimlog.fingerprint
import claimlog.log.columnar
import claimlog.log.parquet_dictionaries
import claimlog.log.parquet_shapes
import claimlog.log.read_file
import claimlog.log.read_log
from claimlog.build import build
from claimlog.edit.log_lock import log_lock
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.export.content_hash import line_hash, parquet_content
from claimlog.log.arrow_types import arrow_schema, parquet_elements
from claimlog.log.batch import dump_manifest, sealed_batches
from claimlog.log.canonical import encode
from claimlog.log.columnar import read_rows, write_readable_rows, write_rows, written_lines
from claimlog.log.parquet_bounds import has_negative_zero, leaf_columns
from claimlog.log.parquet_lists import list_items
from claimlog.log.parquet_pages import Chunk, pages, read_footer
from claimlog.log.read_log import read
from claimlog.log.thrift_compact import Compact
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.validate import validate
from conftest import ROOT, World, copied
from measured_rows import MEASURED, measured_row
from thorough import TIMES
from thrift_rewriting import Typed, TypedCompact, written_struct

CLAIMS = read_definition(Package(ROOT)).streams["claims"]


@pytest.fixture(scope="module")
def sealed(made: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, World]:
    """The same open batch, sealed as lines in one package and as columns in a copy of it."""
    world = copied(made, tmp_path_factory.mktemp("lines"))
    odd = 'Odd: "said" a\\b é \U0001f600 \u00ad\u200d.'
    world.amend("claims", "C001-001", note=odd)
    world.amend("claims", "C001-002", note="Of 5e-7.")
    other = copied(world, tmp_path_factory.mktemp("columns"))
    world.seal("more")
    done = other.run(
        *("seal", "--slug", "more", "--title", "Batch more", "--method", "Made by a test."),
        *("--parquet", "--texts", str(world.texts)),
    )
    assert done.returncode == 0, done.stderr
    return world, other


@pytest.fixture
def lines(sealed: tuple[World, World], tmp_path: Path) -> World:
    """A copy of the package whose last batch holds lines."""
    return copied(sealed[0], tmp_path / "lines")


@pytest.fixture
def columns(sealed: tuple[World, World], tmp_path: Path) -> World:
    """A copy of the package whose last batch holds columns, to break."""
    return copied(sealed[1], tmp_path / "columns")


@pytest.mark.slow
def test_a_batch_in_columns_has_the_root_of_the_same_batch_in_lines(
    lines: World, columns: World
) -> None:
    assert columns.file("claims").name == "claims.parquet"
    of_lines, of_columns = read(lines.package), read(columns.package)
    assert of_columns.root == of_lines.root
    assert of_columns.rows("claims").equals(of_lines.rows("claims"))
    assert not validate(of_columns).error_count
    listed = {resource["name"] for resource in columns.package.descriptor["resources"]}
    assert listed >= {"claims-in-columns"}


@pytest.mark.slow
def test_a_log_in_columns_builds_the_same_tables(lines: World, columns: World) -> None:
    for made in (lines, columns):
        build(made.package, made.package.build)
    for name, table in read(lines.package).definition.tables.items():
        one, two = (
            parquet_content(made.package.build / "parquet" / f"{name}.parquet", table).root
            for made in (lines, columns)
        )
        assert one == two or name == "batches", name  # the manifests differ in their files


def _without(table: pa.Table) -> pa.Table:
    return table.drop_columns(["statement"])


def _retyped(table: pa.Table) -> pa.Table:
    at = table.schema.get_field_index("start")
    return table.set_column(at, "start", table["start"].cast(pa.string()))


def _with_more(table: pa.Table) -> pa.Table:
    return table.append_column("vlaue", pa.nulls(table.num_rows, pa.string()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without, 'missing column "statement"'),
        (_retyped, 'column "start" is string, expected int64'),
        (_with_more, 'unknown column "vlaue"'),
    ],
)
def test_a_parquet_batch_with_other_columns_is_refused(
    columns: World, change: Callable[[pa.Table], pa.Table], message: str
) -> None:
    path = columns.file("claims")
    pq.write_table(change(pq.read_table(path)), path)
    done = columns.run("validate")
    assert done.returncode == 1
    assert f"events/0004-more/claims.parquet: {message}" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("size", [0, 3, 100, -1])
def test_a_truncated_parquet_batch_is_refused(columns: World, size: int) -> None:
    path = columns.file("claims")
    path.write_bytes(path.read_bytes()[:size])
    findings = read(columns.package).findings
    assert [(f.rule, f.path) for f in findings] == [("bytes", "events/0004-more/claims.parquet")]
    assert "cannot be read as Parquet" in findings[0].message
    with pytest.raises(FindingsError):
        build(columns.package, columns.package.build)


def test_a_changed_cell_in_a_parquet_batch_breaks_the_root(columns: World) -> None:
    path = columns.file("claims")
    table = pq.read_table(path)
    at = table.schema.get_field_index("coder_confidence")
    values = pa.array(["low"] * table.num_rows)
    pq.write_table(table.set_column(at, "coder_confidence", values), path)
    rules = {finding.rule for finding in validate(read(columns.package)).findings}
    assert {"file-hash", "tree-root"} <= rules


def test_a_stream_in_both_formats_is_refused(columns: World) -> None:
    path = columns.file("claims")
    path.with_suffix(".ndjson").write_bytes(b"")
    (finding,) = [f for f in read(columns.package).findings if f.rule == "batch-files"]
    assert "stands beside claims.parquet" in finding.message


# a small file that says it is a large one

SCHEMA = arrow_schema(CLAIMS)


def nulls(rows: int) -> pa.Table:
    return pa.table({field.name: pa.nulls(rows, field.type) for field in SCHEMA})


def replaced(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(SCHEMA.get_field_index(name), pa.field(name, column.type), column)


def one_text(rows: int) -> pa.DictionaryArray:
    """A text of a megabyte in every row, stored once."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), ["y" * 1_000_000])


def listing(parts: pa.Array, ends: list[int]) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array([0, *ends], pa.int32()), parts)


BOMBS: dict[str, tuple[Callable[[], pa.Table], str]] = {
    "millions of nulls": (lambda: nulls(2_000_000), "2,000,000 rows in "),
    "a text that is stored once": (
        lambda: replaced(nulls(40_000), "note", one_text(40_000)),
        "it unpacks to more than 200 times",
    ),
    "such a text in lists": (
        lambda: replaced(
            nulls(40_000), "dyad_from", listing(one_text(40_000), [*range(1, 40_001)])
        ),
        "it unpacks to more than 200 times",
    ),
    "one endless list": (
        lambda: replaced(
            nulls(1), "dyad_from", listing(pa.nulls(9_000_000, pa.string()), [9_000_000])
        ),
        "8,999,999 values more than rows",
    ),
    "a row of one long list": (
        lambda: replaced(
            nulls(1), "dyad_from", listing(pa.nulls(1_000_000, pa.string()), [1_000_000])
        ),
        "it unpacks to more than 200 times",
    ),
    "text that zstd makes nothing of": (
        lambda: replaced(
            nulls(90), "note", pa.array([f"{n}" + "y" * 1_000_000 for n in range(90)])
        ),
        "it unpacks to more than 200 times",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", BOMBS)
def test_a_parquet_file_that_unpacks_to_far_more_is_refused_before_that(
    tmp_path: Path, case: str
) -> None:
    table, message = BOMBS[case]
    path = tmp_path / "claims.parquet"
    pq.write_table(table(), path, compression="zstd", store_schema=False)
    assert path.stat().st_size < 1_000_000
    pool = pa.default_memory_pool()
    pool.release_unused()
    before = pool.bytes_allocated()
    held = []
    for lines in read_rows(path, CLAIMS, "claims.parquet"):
        held.append(pool.bytes_allocated() - before)
        found = lines.findings
    assert len(found) == 1
    assert message in found[0].message
    assert max(held) < 100_000_000


def limit_columns(monkeypatch: pytest.MonkeyPatch, expansion: int, free: int) -> None:
    monkeypatch.setattr(claimlog.log.columnar, "PARQUET_EXPANSION", expansion)
    for module in (claimlog.edit.seal, claimlog.log.columnar, claimlog.log.read_log):
        monkeypatch.setattr(module, "PARQUET_BYTES_FREE", free)


def test_columns_that_are_defined_later_do_not_count(
    columns: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sealed file that is read once is read with every later definition."""
    limit_columns(monkeypatch, 0, 1 << 20)
    before = read(columns.package)
    excess = {name: lines.excess for name, lines in before.files.items()}
    limit_columns(monkeypatch, 0, sum(excess.values()))
    words = ("--definition", "How the bell is said to sound.", "--code", "low", "The text says so.")
    done = columns.run("define", "variable", "pitch", *words, "--code", "high", "The text says so.")
    assert done.returncode == 0, done.stderr
    after = read(columns.package)
    assert after.findings == before.findings == []
    assert {name: lines.excess for name, lines in after.files.items()} == excess
    assert "pitch" in after.rows("claims").columns


def test_a_long_text_in_one_row_reserves_nothing_for_the_others(tmp_path: Path) -> None:
    path = tmp_path / "claims.parquet"
    text = random.Random(1).randbytes(500_000).hex()
    texts = pa.array([text, *["short"] * 39_999])
    pq.write_table(replaced(nulls(40_000), "note", texts), path, store_schema=False)
    code = """if True:
        import resource, sys
        from pathlib import Path
        from claimlog.log.columnar import read_rows
        from claimlog.package import Package
        from claimlog.schema.definition import read_definition
        claims = read_definition(Package(Path(sys.argv[2]))).streams["claims"]
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + 2_000_000_000, -1))
        pieces = [*read_rows(Path(sys.argv[1]), claims, "claims.parquet")]
        print([piece.findings for piece in pieces], sum(len(piece.leaves) for piece in pieces))
    """
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(ROOT)],
        capture_output=True,
        text=True,
    )
    assert done.stdout == "[[]] 40000\n", done.stderr


@pytest.mark.parametrize(
    ("column", "value", "longest"),
    [
        ("note", pa.array(["x" * 9_000]), 8_999),
        ("note", pa.array(["\x01" * 1_000]), 6_000),
        ("dyad_from", listing(pa.array(["x" * 5_000, "y" * 4_000]), [2]), 8_999),
    ],
    ids=["text", "escapes", "list"],
)
def test_a_row_is_no_longer_than_a_line_may_be(
    tmp_path: Path, column: str, value: pa.Array, longest: int
) -> None:
    path = tmp_path / "claims.parquet"
    pq.write_table(replaced(nulls(1), column, value), path)
    (lines,) = read_rows(path, CLAIMS, "claims.parquet", longest=longest)
    assert [f.message for f in lines.findings] == [f"the line is longer than {longest:,} bytes"]
    (lines,) = read_rows(path, CLAIMS, "claims.parquet", longest=longest + 5_000)
    assert len(lines.leaves) == 1


def test_text_that_takes_far_more_as_a_line_is_written_out_a_little_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "claims.parquet"
    text = "\x01" * 50_000 + "\U0001f600"
    pq.write_table(replaced(nulls(40), "note", pa.array([text] * 40)), path)
    monkeypatch.setattr(claimlog.log.columnar, "WRITTEN_AT_ONCE", 100_000)
    tracemalloc.start()
    try:
        pieces = [*read_rows(path, CLAIMS, "claims.parquet")]
        assert tracemalloc.get_traced_memory()[1] < 12_000_000  # at once it takes 48 million
    finally:
        tracemalloc.stop()
    assert sum(len(piece.leaves) for piece in pieces) == 40


def test_texts_in_lists_are_read_from_row_groups_of_any_size(tmp_path: Path) -> None:
    path = tmp_path / "claims.parquet"
    texts = listing(pa.array(["a", "b", "b", "c"]), [1, 3, 4])
    rows = replaced(nulls(3), "dyad_from", texts)
    leaves = []
    for size in (3, 1):
        pq.write_table(rows, path, row_group_size=size)
        assert pq.read_metadata(path).num_row_groups == 3 / size
        pieces = [*read_rows(path, CLAIMS, "claims.parquet")]
        assert not [piece.findings for piece in pieces if piece.findings]
        leaves.append([leaf for piece in pieces for leaf in piece.leaves])
    assert leaves[0] == leaves[1]
    assert len(leaves[0]) == 3


def test_lists_of_many_row_groups_count_together(tmp_path: Path) -> None:
    """Each is small, and rows of many groups are read at once."""
    path = tmp_path / "claims.parquet"
    lists = {"dyad_from", "dyad_to"}
    one = nulls(1)
    for name in lists:
        one = replaced(one, name, listing(pa.nulls(60_000, pa.string()), [60_000]))
    with pq.ParquetWriter(path, one.schema, use_dictionary=False, write_statistics=False) as file:
        for _ in range(40):
            file.write_table(one)
    (lines,) = read_rows(path, CLAIMS, "claims.parquet")
    assert "4,799,920 values more than rows" in lines.findings[0].message


def varint(number: int, length: int = 0) -> bytes:
    """Return an integer as Thrift's compact protocol has it, drawn out to some bytes."""
    digits = [2 * number >> shift & 127 for shift in range(0, 63, 7)]
    needed = max(length, *(at for at, digit in enumerate(digits, 1) if digit))
    return bytes(digit | 128 for digit in digits[: needed - 1]) + bytes([digits[needed - 1]])


def test_the_sizes_of_pages_are_believed_and_not_those_of_a_footer(tmp_path: Path) -> None:
    path = tmp_path / "claims.parquet"
    table = replaced(nulls(1), "note", pa.array(["y" * 90_000_000]))
    pq.write_table(table, path, compression="zstd", use_dictionary=False, write_statistics=False)
    footer = pq.read_metadata(path).row_group(0)
    stated = {footer.total_byte_size, footer.column(SCHEMA.get_field_index("note")).num_values}
    stated |= {footer.column(at).total_uncompressed_size for at in range(footer.num_columns)}
    data = path.read_bytes()
    for number in (number for number in stated if number > 1_000_000):
        assert varint(number) in data
        data = data.replace(b"\x16" + varint(number), b"\x16" + varint(999, len(varint(number))))
    path.write_bytes(data)
    assert pq.read_metadata(path).row_group(0).total_byte_size == 999
    (lines,) = read_rows(path, CLAIMS, "claims.parquet")
    assert "it unpacks to more than 200 times" in lines.findings[0].message


def test_an_encoding_that_makes_long_texts_of_bytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "claims.parquet"
    texts = pa.array(["y" * 10_000 + f"{n:05}" for n in range(10_000)])
    pq.write_table(
        replaced(nulls(10_000), "note", texts),
        path,
        use_dictionary=False,
        column_encoding={"note": "DELTA_BYTE_ARRAY"},
    )
    (lines,) = read_rows(path, CLAIMS, "claims.parquet")
    assert "a page of note has an encoding that no batch has" in lines.findings[0].message


def test_every_byte_of_a_page_header_can_be_another_one(tmp_path: Path) -> None:
    """Then the file is refused, or its rows are those that they were."""
    path = tmp_path / "claims.parquet"
    pq.write_table(nulls(3).slice(0, 3), path, compression="zstd")
    data, chunk = path.read_bytes(), chunks_of(path)[0]
    assert sum(page.values for page in pages(io.BytesIO(data), chunk)) == 3
    for at in range(chunk.start, chunk.start + chunk.total_compressed_size):
        for byte in (0, 0x7F, 0xFF) if TIMES > 1 else (0x7F if at % 2 else 0xFF,):
            path.write_bytes(data[:at] + bytes([byte]) + data[at + 1 :])
            for lines in read_rows(path, CLAIMS, "claims.parquet"):
                assert lines.rows <= 3


def chunks_of(path: Path) -> tuple[Chunk, ...]:
    """Return what the footer says of the columns of the first row group."""
    return read_footer(path, parquet_elements(arrow_schema(CLAIMS))).groups[0].chunks


def rewrite_footer(path: Path, change: Callable[[dict[int, Typed]], None]) -> None:
    data = path.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer = TypedCompact(data[start:-8], "the footer").typed_struct()
    change(footer)
    written = written_struct(footer)
    path.write_bytes(data[:start] + written + len(written).to_bytes(4, "little") + b"PAR1")


def note_of(footer: dict[int, Typed]) -> dict[int, Typed]:
    """Return what a footer says of the column ``note``."""
    chunks = footer[4][1][1][0][1][1][1]
    columns: list[dict[int, Typed]] = [chunk[3][1] for chunk in chunks]
    return next(column for column in columns if column[3][1][1] == [b"note"])


def longer_histogram(footer: dict[int, Typed]) -> None:
    note_of(footer)[16][1][3][1][1].append(7)


def name_of_no_text(footer: dict[int, Typed]) -> None:
    footer[2][1][1][1][4] = (8, b"trust_hol\x80er")


def list_of_another_type(footer: dict[int, Typed]) -> None:
    """Arrow reads three encodings; whoever believes the type, as many texts."""
    note_of(footer)[2] = (9, (8, [b"", b"", b""]))


def place_of_another_type(footer: dict[int, Typed]) -> None:
    """Arrow passes over the place of the dictionary."""
    note_of(footer)[11] = (5, note_of(footer)[11][1])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (longer_histogram, "histogram size mismatch"),
        (name_of_no_text, "the name of a column is not UTF-8"),
        (list_of_another_type, "the footer holds what none does"),
        (place_of_another_type, "the footer holds what none does"),
    ],
)
def test_a_footer_that_no_library_writes_is_a_finding_and_ends_nothing(
    change: Callable[[dict[int, Typed]], None], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "claims.parquet"
    pq.write_table(replaced(nulls(3), "note", pa.array(["a", "b", "c"])), path)
    rewrite_footer(path, change)
    (lines,) = read_rows(path, CLAIMS, "claims.parquet")
    (finding,) = lines.findings
    assert said in finding.message


def empty_structs(number: int) -> Typed:
    """A list whose values take a byte each, and hundreds in memory."""
    return (9, (12, [{}] * number))


def first_group(footer: dict[int, Typed]) -> dict[int, Typed]:
    group: dict[int, Typed] = footer[4][1][1][0]
    return group


def many_columns(footer: dict[int, Typed]) -> None:
    first_group(footer)[1] = empty_structs(1_000)


def many_groups(footer: dict[int, Typed]) -> None:
    footer[4] = (9, (12, [first_group(footer)] * 3))


def many_elements(footer: dict[int, Typed]) -> None:
    footer[2] = empty_structs(1_000)


def many_notes(footer: dict[int, Typed]) -> None:
    footer[5] = empty_structs(1_001)


def many_orders(footer: dict[int, Typed]) -> None:
    footer[7] = empty_structs(1_000)


def many_sorting_columns(footer: dict[int, Typed]) -> None:
    first_group(footer)[4] = empty_structs(1_000)


def many_notes_of_a_column(footer: dict[int, Typed]) -> None:
    note_of(footer)[8] = empty_structs(17)


def many_parts_of_a_name(footer: dict[int, Typed]) -> None:
    note_of(footer)[3] = (9, (8, [b""] * 17))


def long_schema(footer: dict[int, Typed]) -> None:
    """Arrow's own format lets every column be the same one, which is there once."""
    footer[5] = (9, (12, [{1: (8, b"ARROW:schema"), 2: (8, b"A" * 200_000)}]))


def long_footer(footer: dict[int, Typed]) -> None:
    footer[6] = (8, b"A" * 5_000_000)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        *((many_columns, "1,000"), (many_groups, "3"), (many_elements, "1,000")),
        *((many_notes, "1,001"), (many_orders, "1,000"), (many_sorting_columns, "1,000")),
        *((many_notes_of_a_column, "17"), (many_parts_of_a_name, "17")),
        (long_schema, "a longer note of its schema than one has"),
        (long_footer, "its footer has 5,0"),
    ],
)
def test_a_footer_that_says_more_than_its_schema_gives_is_refused_before_arrow_sees_it(
    change: Callable[[dict[int, Typed]], None],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "claims.parquet"
    pq.write_table(nulls(3), path)
    rewrite_footer(path, change)
    monkeypatch.setattr(claimlog.log.parquet_shapes, "PARQUET_CHUNKS", 200)
    monkeypatch.setattr(claimlog.log.columnar.pq, "ParquetFile", None)
    (lines,) = read_rows(path, CLAIMS, "claims.parquet")
    (finding,) = lines.findings
    assert (f"the footer lists {said} of what there are" if said[0] in "13" else said) in (
        finding.message
    )


def in_one_place(footer: dict[int, Typed]) -> None:
    place = note_of(footer)
    for chunk in first_group(footer)[1][1][1]:
        chunk[3][1].update({field: place[field] for field in (7, 9, 11)})


def test_columns_that_lie_in_each_other_are_refused_before_their_pages_are_gone_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "claims.parquet"
    texts = pa.array([f"{n:04}" * 500 for n in range(90)])
    pq.write_table(replaced(nulls(90), "note", texts), path, compression=None)
    assert not [
        finding
        for lines in read_rows(path, CLAIMS, "x")
        for finding in lines.findings
        if "Parquet" in finding.message
    ]
    rewrite_footer(path, in_one_place)
    monkeypatch.setattr(claimlog.log.columnar, "pages", None)
    (lines,) = read_rows(path, CLAIMS, "claims.parquet")
    assert "cannot be read as Parquet (columns of 11," in lines.findings[0].message


SOUND: tuple[dict[str, Any], ...] = (
    {"row_group_size": 1},
    {"compression": "none", "use_dictionary": False, "data_page_size": 64},
    {"write_statistics": False, "store_schema": False},
)


@pytest.mark.parametrize("given", SOUND, ids=lambda given: next(iter(given)))
def test_a_batch_that_arrow_wrote_otherwise_has_the_same_rows(
    columns: World, given: dict[str, Any]
) -> None:
    path = columns.file("claims")
    before = [leaf for lines in read_rows(path, CLAIMS, "x") for leaf in lines.leaves]
    pq.write_table(pq.read_table(path), path, **given)
    after = [leaf for lines in read_rows(path, CLAIMS, "x") for leaf in lines.leaves]
    assert after == before != []


def by_polars(table: pa.Table, path: Path) -> None:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    frame.write_parquet(path)


def by_pandas(table: pa.Table, path: Path) -> None:
    pq.write_table(table.replace_schema_metadata({"pandas": "{}"}), path)


def with_order(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, sorting_columns=[pq.SortingColumn(0)])


OTHERWISE: dict[str, tuple[Callable[[pa.Table, Path], None], str]] = {
    "Polars": (by_polars, "it is not written by Apache Arrow"),
    "DuckDB": (
        lambda table, path: duckdb.from_arrow(table).write_parquet(str(path)),
        "it is not written by Apache Arrow",
    ),
    "pandas": (by_pandas, "it has notes for other programs"),
    "an index": (
        lambda table, path: pq.write_table(table, path, write_page_index=True),
        "it names an index, a filter or another file of action",
    ),
    "pages of the second version": (
        lambda table, path: pq.write_table(table, path, data_page_version="2.0"),
        "a page of action has an encoding that no batch has",
    ),
    "another codec": (
        lambda table, path: pq.write_table(table, path, compression="lz4"),
        "it compresses action as no batch is compressed",
    ),
    "an order": (with_order, "it states an order of its rows"),
}


@pytest.mark.parametrize("writer", OTHERWISE)
def test_a_batch_that_other_programs_may_read_by_more_than_its_rows_is_refused(
    columns: World, writer: str
) -> None:
    """They skip rows by an index or a filter, and nobody here looks whether these are true."""
    write, said = OTHERWISE[writer]
    path = columns.file("claims")
    write(pq.read_table(path), path)
    (lines,) = read_rows(path, CLAIMS, "claims.parquet")
    assert f"cannot be read as Parquet ({said}" in lines.findings[0].message


def column_of(footer: dict[int, Typed], name: str, group: int = 0) -> dict[int, Typed]:
    """Return what a footer says of a column that is no list."""
    chunks = footer[4][1][1][group][1][1][1]
    columns: list[dict[int, Typed]] = [chunk[3][1] for chunk in chunks]
    return next(column for column in columns if column[3][1][1] == [name.encode()])


def element_of(footer: dict[int, Typed], name: str) -> dict[int, Typed]:
    elements: list[dict[int, Typed]] = footer[2][1][1]
    return next(element for element in elements if element[4][1] == name.encode())


def bounds_of_none(footer: dict[int, Typed]) -> None:
    """No identifier lies between them."""
    column_of(footer, "claim_id")[12][1].update({5: (8, b"C000-000"), 6: (8, b"C000-000")})


def old_bounds(footer: dict[int, Typed]) -> None:
    column_of(footer, "claim_id")[12][1].update({1: (8, b"C000-000"), 2: (8, b"C000-000")})


def bounds_of_numbers(footer: dict[int, Typed]) -> None:
    column_of(footer, "start")[12][1][5] = (8, (1).to_bytes(8, "little"))


def no_nulls(footer: dict[int, Typed]) -> None:
    column = column_of(footer, "note")
    column[12][1][3] = (6, 0 if column[12][1][3][1] else 1)


def two_places(footer: dict[int, Typed]) -> None:
    """Arrow begins with the page of data, DuckDB and Polars with the codes."""
    column = column_of(footer, "statement")
    column[11] = (6, column[9][1] + column[7][1])


def exchanged(footer: dict[int, Typed]) -> None:
    claim, source = (column_of(footer, name, 1) for name in ("claim_id", "source_id"))
    claim[3], source[3] = source[3], claim[3]


def hundredths(footer: dict[int, Typed]) -> None:
    """Arrow believes the logical type, DuckDB the converted one."""
    element = element_of(footer, "start")
    whole = (12, {10: (12, {1: (3, 64), 2: (1, None)})})
    element.update({6: (5, 5), 7: (5, 2), 8: (5, 18), 10: whole})


def bytes_alone(footer: dict[int, Typed]) -> None:
    del element_of(footer, "statement")[6]


def codes_alone(footer: dict[int, Typed]) -> None:
    """Spark looks up a value among the codes where all pages are said to use them."""
    column_of(footer, "claim_id")[13] = (9, (12, [{1: (5, 0), 2: (5, 8), 3: (5, 9)}]))


def text_and_null(footer: dict[int, Typed]) -> None:
    """Arrow believes the first of two logical types, DuckDB the null."""
    element_of(footer, "statement")[10] = (12, {1: (12, {}), 11: (12, {})})


def time_for_polars(footer: dict[int, Typed]) -> None:
    """Polars goes by the note that Arrow passes over where it does not fit."""
    schema = arrow_schema(CLAIMS)
    at = schema.get_field_index("end")
    note = schema.set(at, pa.field("end", pa.timestamp("us"))).serialize().to_pybytes()
    footer[5][1][1][0][2] = (8, base64.b64encode(note))


def index_for_pandas(footer: dict[int, Typed]) -> None:
    note = arrow_schema(CLAIMS).with_metadata({"pandas": "{}"}).serialize().to_pybytes()
    footer[5][1][1][0][2] = (8, base64.b64encode(note))


def no_note(footer: dict[int, Typed]) -> None:
    footer[5][1][1][0][2] = (8, b"%")


def beyond_the_file(footer: dict[int, Typed]) -> None:
    """Spark gives a row group to who reads the part of the file that holds its middle."""
    first_group(footer)[6] = (6, 1 << 50)


def within_a_page(footer: dict[int, Typed]) -> None:
    column = column_of(footer, "claim_id")
    column[9] = (6, column[9][1] + 1)


def values_that_differ(footer: dict[int, Typed]) -> None:
    column_of(footer, "claim_id")[12][1][4] = (6, 2)


def rows_of_the_next(footer: dict[int, Typed]) -> None:
    first, second = footer[4][1][1]
    first[3], second[3] = (6, 2), (6, 0)


LIES: dict[Callable[[dict[int, Typed]], None], str] = {
    bounds_of_none: "claim_id has other bounds than the file states",
    old_bounds: "claim_id has other bounds than the file states",
    bounds_of_numbers: "start has other bounds than the file states",
    no_nulls: "note has other bounds than the file states",
    values_that_differ: "claim_id has other bounds than the file states",
    two_places: "it names two places of statement",
    exchanged: "has source_id in place of another column",
    hundredths: "says otherwise of the type of start than our writer",
    bytes_alone: "says otherwise of the type of statement than our writer",
    text_and_null: "says otherwise of the type of statement than our writer",
    time_for_polars: "it has a note of other types for other programs",
    index_for_pandas: "it has notes for other programs",
    no_note: "",
    beyond_the_file: "it states another size or place of a row group than its columns have",
    within_a_page: "the data of a column is not where its footer says",
    codes_alone: "it states other encodings of claim_id than its pages have",
    rows_of_the_next: "",
}


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_batch_by_whose_footer_other_programs_find_other_rows_is_refused(
    columns: World, lie: Callable[[dict[int, Typed]], None]
) -> None:
    path = columns.file("claims")
    pq.write_table(pq.read_table(path), path, row_group_size=1, use_dictionary=["claim_id"])
    rewrite_footer(path, lie)
    found = [
        finding.message for lines in read_rows(path, CLAIMS, "x") for finding in lines.findings
    ]
    assert len(found) == 1
    assert f"cannot be read as Parquet ({LIES[lie]}" in found[0]


def paged(path: Path, values: int = 3) -> None:
    """Write rows of which each column has pages of a few values, lists with and without any."""
    count, numbers = 40, range(40)
    table = replaced(nulls(count), "claim_id", pa.array([f"C{number:03}" for number in numbers]))
    table = replaced(table, "start", pa.array([None if n % 7 == 0 else n for n in numbers]))
    table = replaced(table, "figure_value", pa.array([n / 2 for n in numbers]))
    lists = [None if n % 5 == 0 else [f"a{n:02}", "b"][: n % 3] for n in numbers]
    table = replaced(table, "dyad_from", pa.array(lists, pa.list_(pa.string())))
    pq.write_table(table, path, use_dictionary=["note"], write_batch_size=values, data_page_size=1)


def rewrite_page(
    path: Path, column: str, number: int, change: Callable[[dict[int, Typed]], None]
) -> None:
    """Change the header of a page of a column, whose length stays as it is."""
    data = path.read_bytes()
    at = next(chunk for chunk in chunks_of(path) if chunk.path_in_schema == column).start
    for _ in range(number):
        reader = TypedCompact(data[at:], "the header")
        at += reader.typed_struct()[3][1] + reader.at
    reader = TypedCompact(data[at:], "the header")
    header = reader.typed_struct()
    change(header)
    written = written_struct(header)
    assert len(written) == reader.at
    path.write_bytes(data[:at] + written + data[at + len(written) :])


def largest_is(value: bytes) -> Callable[[dict[int, Typed]], None]:
    return lambda header: header[5][1][5][1].update({5: (8, value)})


def smallest_is(value: bytes) -> Callable[[dict[int, Typed]], None]:
    return lambda header: header[5][1][5][1].update({6: (8, value)})


def old_largest_is(value: bytes) -> Callable[[dict[int, Typed]], None]:
    return lambda header: header[5][1][5][1].update({1: (8, value)})


def one_null_less(header: dict[int, Typed]) -> None:
    statistics = header[5][1][5][1]
    statistics[3] = (6, statistics[3][1] - 1)


PAGE_LIES = {
    "text": ("claim_id", 2, largest_is(b"C000")),
    "text, from below": ("claim_id", 0, smallest_is(b"C002")),
    "the last page": ("claim_id", 13, largest_is(b"C038")),
    "whole numbers": ("start", 3, largest_is((9).to_bytes(8, "little"))),
    "whole numbers, to old readers": ("start", 3, old_largest_is((9).to_bytes(8, "little"))),
    "numbers": ("figure_value", 1, smallest_is(struct.pack("<d", 2.0))),
    "nulls": ("start", 2, one_null_less),
    "text in lists": ("dyad_from.list.element", 1, largest_is(b"a00")),
    "nulls in lists": ("dyad_from.list.element", 2, one_null_less),
}


def test_pages_of_a_batch_may_state_the_bounds_of_their_values(tmp_path: Path) -> None:
    path = tmp_path / "claims.parquet"
    paged(path)
    with path.open("rb") as file:
        columns = {column for column, *_ in PAGE_LIES.values()}
        for chunk in chunks_of(path):
            if chunk.path_in_schema not in columns:
                continue
            own = [page for page in pages(file, chunk) if page.values]
            assert len(own) > 12
            assert all(page.statistics for page in own)
    pieces = [*read_rows(path, CLAIMS, "claims.parquet")]
    assert [piece.rows for piece in pieces if not piece.findings] == [40]


@pytest.mark.slow
@pytest.mark.parametrize("lie", PAGE_LIES)
@pytest.mark.parametrize("at_once", [7, 65_536])
def test_a_batch_with_pages_that_other_programs_pass_over_is_refused(
    lie: str, at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB goes by what the header of a page states of its values, before it reads them."""
    monkeypatch.setattr(claimlog.log.columnar, "ROWS", at_once)
    path = tmp_path / "claims.parquet"
    paged(path)
    column, number, change = PAGE_LIES[lie]
    rewrite_page(path, column, number, change)
    findings = [it for lines in read_rows(path, CLAIMS, "x") for it in lines.findings]
    said = f"{column} has other bounds than the file states"
    assert [said in finding.message for finding in findings] == [True]


def test_a_batch_whose_codes_are_said_to_be_in_order_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "claims.parquet"
    paged(path)
    rewrite_page(path, "note", 0, lambda header: header[7][1].update({3: (1, None)}))
    (lines,) = read_rows(path, CLAIMS, "claims.parquet")
    assert "a page header states an order of codes" in lines.findings[0].message


def test_a_batch_of_more_pages_than_its_values_fill_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "claims.parquet"
    for values, refused in ((3, False), (1, True)):
        paged(path, values)
        for most in (10_000, 0):
            monkeypatch.setattr(claimlog.log.columnar, "PARQUET_PAGES", most)
            findings = [it for lines in read_rows(path, CLAIMS, "x") for it in lines.findings]
            said = ["it has more than 146 pages" in finding.message for finding in findings]
            assert said == ([True] if refused and not most else [])


CODED = ("a1", "b2", "c3", "b2")


def coded(path: Path, compression: str) -> None:
    table = replaced(nulls(4), "note", pa.array(CODED))
    pq.write_table(table, path, compression=compression, write_statistics=False)


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
def test_texts_that_all_differ_are_read_as_codes(
    compression: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "claims.parquet"
    coded(path, compression)
    (lines,) = read_rows(path, CLAIMS, "claims.parquet")
    assert lines.frame is not None
    assert tuple(lines.frame["note"]) == CODED
    monkeypatch.setattr(claimlog.log.parquet_dictionaries, "PARQUET_CODES", 2)
    (lines,) = read_rows(path, CLAIMS, "claims.parquet")
    assert "the dictionary of note has 3 texts" in lines.findings[0].message


def test_a_batch_with_a_text_that_has_two_codes_is_refused(tmp_path: Path) -> None:
    """Arrow forgets the second one where it reads codes, and moves all that come after it."""
    path = tmp_path / "claims.parquet"
    coded(path, "none")
    data = path.read_bytes()
    texts = b"".join(len(text).to_bytes(4, "little") + text.encode() for text in CODED[:3])
    codes, used = b"\x03\x64\x00", b"\x03\x54\x00"  # 0, 1, 2, 1 in two bits each; 0, 1, 1, 1
    assert (data.count(texts), data.count(codes)) == (1, 1)
    path.write_bytes(data.replace(texts, texts.replace(b"b2", b"a1")).replace(codes, used))
    assert pq.read_table(path)["note"].to_pylist() == ["a1"] * 4
    assert pq.read_table(path, read_dictionary=["note"])["note"].to_pylist() == ["a1"] + ["c3"] * 3
    (lines,) = read_rows(path, CLAIMS, "claims.parquet")
    assert "the dictionary of note has a text twice" in lines.findings[0].message


@pytest.mark.parametrize("count", [2, 4])
def test_a_dictionary_of_another_length_is_refused(count: int, tmp_path: Path) -> None:
    path = tmp_path / "claims.parquet"
    coded(path, "none")
    rewrite_page(path, "note", 0, lambda header: header[7][1].update({1: (5, count)}))
    (lines,) = read_rows(path, CLAIMS, "claims.parquet")
    assert "cannot be read as Parquet" in lines.findings[0].message


MEMBER = {"alliance_id": "a", "end": "1995-01-01", "start": "1990-01-01"}
LISTS: dict[str, tuple[list[Any], list[Any]]] = {
    "in another row": ([[MEMBER], []], [[], [MEMBER]]),
    "missing": ([[], [MEMBER]], [None, [MEMBER]]),
    "there": ([None, [MEMBER]], [[], [MEMBER]]),
    "cut elsewhere": ([[MEMBER, MEMBER], [MEMBER]], [[MEMBER], [MEMBER, MEMBER]]),
}


@pytest.mark.parametrize("part", ["alliance_id", "end", "start"])
@pytest.mark.parametrize("how", LISTS)
def test_a_batch_whose_lists_of_objects_end_elsewhere_in_one_property_is_refused(
    how: str, part: str, tmp_path: Path
) -> None:
    """Arrow believes the first of these columns, Polars and DuckDB the last."""
    table = read_definition(Package(ROOT)).streams["actors"]
    path, other = tmp_path / "actors.parquet", tmp_path / "other.parquet"
    for target, lists in zip((path, other), LISTS[how], strict=True):
        row = dict.fromkeys(table.names)
        rows = [{**row, "memberships": members} for members in lists]
        given = pa.Table.from_pylist(rows, arrow_schema(table))
        pq.write_table(given, target, compression="none", use_dictionary=False)
    assert not [
        finding
        for lines in read_rows(path, table, "actors.parquet")
        for finding in lines.findings
        if "Parquet" in finding.message
    ]
    at = pq.read_schema(path).names
    said, others = pq.read_metadata(path), pq.read_metadata(other)
    name = f"memberships.list.element.{part}"
    assert at[-1] != name
    data, from_other = bytearray(path.read_bytes()), other.read_bytes()
    for number in range(said.num_columns):
        column, its = (it.row_group(0).column(number) for it in (said, others))
        if column.path_in_schema == name:
            size, first, second = (
                column.total_compressed_size, column.data_page_offset, its.data_page_offset,
            )  # fmt: skip
            assert size == its.total_compressed_size
            data[first : first + size] = from_other[second : second + size]
    path.write_bytes(data)
    assert any(
        "says of its lists and objects otherwise than" in finding.message
        for lines in read_rows(path, table, "actors.parquet")
        for finding in lines.findings
    )


@pytest.mark.parametrize("column", ["memberships", "aliases"])
def test_a_batch_with_items_of_a_list_that_is_null_is_refused(column: str, tmp_path: Path) -> None:
    """Arrow and Polars pass over them, or over some, and DuckDB over none."""
    table = read_definition(Package(ROOT)).streams["actors"]
    path = tmp_path / "actors.parquet"
    row = dict.fromkeys(table.names)
    items = [MEMBER, MEMBER] if column == "memberships" else ["a", "b"]
    given = pa.Table.from_pylist([{**row, column: None}, {**row, column: items}])
    schema = arrow_schema(table)
    given = pa.table({field.name: given[field.name].cast(field.type) for field in schema})
    pq.write_table(given, path, compression="none", use_dictionary=False)
    data, columns = path.read_bytes(), 3 if column == "memberships" else 1
    begun, continued = (b"\x02\x00\x00\x00\x03" + levels for levels in (b"\x04", b"\x02"))
    assert data.count(begun) == columns  # no new row, no new row, the same row
    path.write_bytes(data.replace(begun, continued))
    (shown,) = pq.read_table(path)[column].chunks
    assert shown.is_null().to_pylist() == [True, False]
    assert len(shown.flatten()) == 1
    said = [one.message for lines in read_rows(path, table, "x") for one in lines.findings]
    assert "cannot be read as Parquet (a list that is null has items)" in said


def test_items_of_lists_that_are_not_null_are_those_of_the_part() -> None:
    lists = pa.array([["a"], None, [], ["b", "c"], ["d"]])
    assert list_items(lists).to_pylist() == ["a", "b", "c", "d"]
    assert list_items(lists.slice(1, 3)).to_pylist() == ["b", "c"]


@pytest.mark.parametrize("column", ["figure_value", "sizes"])
def test_a_zero_that_is_negative_is_in_no_batch(column: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    kind = pa.float64() if column == "figure_value" else pa.list_(pa.float64())
    for zero, found in ((0.0, False), (-0.0, True)):
        value: Any = zero if column == "figure_value" else [1.0, zero]
        values = pa.array([value, None], kind)
        assert any(map(has_negative_zero, leaf_columns(values))) == found
    pq.write_table(replaced(nulls(2), "figure_value", pa.array([-0.0, 1.0])), path)
    (*_, lines) = read_rows(path, CLAIMS, "x")
    assert "figure_value has a zero that is negative" in lines.findings[0].message


def test_columns_of_values_have_a_null_for_each_list_without_any() -> None:
    """As Parquet counts them, which gives no empty list a value."""
    inner = pa.list_(pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))]))
    rows = pa.array(
        [
            [{"a": 1, "b": ["x", "y"]}, {"a": 2, "b": []}, None],
            [],
            None,
            [{"a": None, "b": None}, {"a": 3, "b": ["z"]}],
        ],
        inner,
    )
    for first, numbers, texts in (
        (0, [1, 2, None, None, None, None, 3], ["x", "y", *[None] * 5, "z"]),
        (2, [None, None, 3], [None, None, "z"]),
    ):
        found = [column.to_pylist() for column in leaf_columns(rows.slice(first))]
        assert found == [numbers, texts]


def test_a_column_that_stands_there_twice_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "claims.parquet"
    rows = replaced(nulls(3), "note", pa.array(["a", "b", "c"]))
    pq.write_table(rows.append_column("note", rows["note"]), path)
    (lines,) = read_rows(path, CLAIMS, "claims.parquet")
    assert [one.message for one in lines.findings] == ['the column "note" stands there twice']


def test_a_struct_that_has_a_field_twice_is_none() -> None:
    assert Compact(b"\x15\x02\x00", "it").struct() == {1: 1}
    for kind, most in ((b"\x14", b"\xfe\xff\x03"), (b"\x15", b"\xfe\xff\xff\xff\x0f")):
        assert Compact(kind + most + b"\x00", "it").struct()[1] in (2**15 - 1, 2**31 - 1)
        further = most.replace(b"\xfe", b"\x80").replace(b"\xff", b"\x80")[:-1]
        last = bytes([most[-1] + 1])
        with pytest.raises(ValueError, match="it holds what none does"):
            Compact(kind + further + last + b"\x00", "it").struct()
    with pytest.raises(ValueError, match="it has fields in another order than their own"):
        Compact(b"\x15\x02\x05\x02\x02\x00", "it").struct()


def test_a_parquet_file_with_another_number_of_rows_than_its_manifest_says_is_not_read(
    columns: World,
) -> None:
    path = columns.file("claims")
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table]), path)
    findings = read(columns.package).findings
    assert [f.message for f in findings] == ["its footer says 4 rows, batch.json 2"]


def test_rows_are_read_in_pieces_that_are_written_out_one_at_a_time(
    columns: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read(columns.package).rows("claims")
    monkeypatch.setattr(claimlog.log.columnar, "AT_ONCE", 100)
    pieces = [*read_rows(columns.file("claims"), CLAIMS, "claims.parquet")]
    assert [piece.rows for piece in pieces] == [1, 1]
    assert read(columns.package).rows("claims").equals(whole)


@pytest.mark.slow
@pytest.mark.parametrize("memory", [1 << 20, 0])
def test_files_of_a_log_unpack_together_to_no_more_than_one_may_freely(
    columns: World, monkeypatch: pytest.MonkeyPatch, memory: int
) -> None:
    batch = columns.file("claims").parent
    for number in (5, 6):
        copy = batch.with_name(f"000{number}-more")
        shutil.copytree(batch, copy)
        manifest = json.loads((copy / "batch.json").read_bytes())
        # of other bytes: files of the same are read once
        path = copy / "claims.parquet"
        pq.write_table(pq.read_table(path), path, compression="none", data_page_size=number)
        data = path.read_bytes()
        manifest["files"][path.name] |= {"bytes": len(data), "sha256": sha256(data).hexdigest()}
        (copy / "batch.json").write_bytes(dump_manifest({**manifest, "number": number}))
    monkeypatch.setattr(claimlog.fingerprint, "MEMORY_BYTES", memory)
    monkeypatch.setattr(claimlog.log.columnar, "PARQUET_EXPANSION", 0)
    log = read(columns.package, fresh=True)
    assert not log.findings
    of_one = {log.files[f"events/000{number}-more/claims.parquet"].excess for number in (4, 5, 6)}
    assert len(of_one) == 1
    monkeypatch.setattr(claimlog.log.read_log, "PARQUET_BYTES_FREE", 2 * of_one.pop())
    for again in (read(columns.package, fresh=True), read(columns.package)):
        assert [(finding.rule, finding.path) for finding in again.findings] == [
            ("bytes", "events/0006-more/claims.parquet")
        ]
        assert again.size == log.size
        assert again.rows("claims")["batch"].max() == 5
    # what comes after that is not even read
    monkeypatch.setattr(claimlog.log.read_log, "PARQUET_BYTES_FREE", 0)
    monkeypatch.setattr(claimlog.log.read_log, "READ_AHEAD", 1)
    last = read(columns.package, fresh=True)
    found = [f"events/000{number}-more/claims.parquet" for number in (4, 5, 6)]
    assert [finding.path for finding in last.findings] == found
    assert [last.files[name].rows for name in found] == [2, 0, 0]


def test_few_files_are_read_before_it_is_their_turn() -> None:
    """Each may take as much as all of them may, and is counted when its turn has come."""
    begun: list[int] = []

    def task(number: int) -> int:
        begun.append(number)
        return number

    with ThreadPoolExecutor(2) as pool:
        reading = claimlog.log.read_log._in_order(pool, [partial(task, n) for n in range(20)])
        for turn, number in enumerate(reading):
            assert number == turn
            assert len(begun) <= turn + claimlog.log.read_log.READ_AHEAD
    assert sorted(begun) == [*range(20)]


@pytest.mark.slow
@pytest.mark.parametrize("free", [100, 1 << 20])
def test_rows_are_sealed_in_columns_only_if_they_can_be_read_from_them(
    made: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int
) -> None:
    world = copied(made, tmp_path)
    world.amend("claims", "C001-001", note="Of 5e-7.")
    limit_columns(monkeypatch, 0, free)
    words = ("more", "Batch more", "Made by a test.", "coder-1", world.supplied, True)
    with log_lock(world.package):
        if free == 100:
            with pytest.raises(ClaimlogError, match="nothing was sealed, seal without --parquet"):
                claimlog.edit.seal.seal(world.package, *words)
            words = (*words[:-1], False)
        claimlog.edit.seal.seal(world.package, *words)
    assert not validate(read(world.package)).error_count


def rows_of(columns: World, count: int, **cells: pl.Expr) -> pl.DataFrame:
    """Return rows that are like one of a package, but for these cells."""
    row = read(columns.package).rows("claims").head(1).select(CLAIMS.names)
    return pl.concat([row] * count).with_row_index().with_columns(**cells).select(CLAIMS.names)


def leaves_of(rows: pl.DataFrame) -> list[bytes]:
    return [line_hash(line) for line in written_lines(rows, CLAIMS)]


def write_and_read(rows: pl.DataFrame, path: Path) -> int:
    """Write rows, and return their excess once they were read as they are."""
    leaves = leaves_of(rows)
    excess = write_readable_rows(rows, CLAIMS, path, leaves, 0, 65_535)
    pieces = [*read_rows(path, CLAIMS, "claims.parquet", rows.height, 65_535)]
    assert [finding for piece in pieces for finding in piece.findings] == []
    assert [leaf for piece in pieces for leaf in piece.leaves] == leaves
    assert max(piece.excess for piece in pieces) == excess
    return excess


def test_rows_with_many_values_in_lists_are_read_again(
    columns: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_columns(monkeypatch, 200, 0)
    names = pl.lit([f"a{number:02}" for number in range(20)])
    lists = {item.name: names for item in CLAIMS.fields if item.type == "array" and item.item}
    assert len(lists) > 1
    write_and_read(rows_of(columns, 2_000, **lists), tmp_path / "claims.parquet")


def test_rows_that_are_too_much_alike_to_be_compressed_are_not(
    columns: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_columns(monkeypatch, 20, 0)
    path = tmp_path / "claims.parquet"
    rows = rows_of(columns, 2_000)
    write_rows(rows, CLAIMS, path)
    [found] = read_rows(path, CLAIMS, "claims.parquet")
    assert "2,000 rows take" in found.findings[0].message
    assert write_and_read(rows, path) == 0
    column = pq.read_metadata(path).row_group(0).column(0)
    assert (column.compression, column.has_dictionary_page) == ("UNCOMPRESSED", False)


def test_rows_are_taken_out_although_those_that_stay_are_all_alike(
    columns: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file may unpack to a multiple of its size, which falls with what goes."""
    chance = random.Random(1)
    notes = [chance.randbytes(1_000).hex() for _ in range(60)]
    rows = rows_of(columns, 2_000, note=pl.Series([*notes, *["Of few."] * 1_940]))
    batch = sealed_batches(columns.package, [])[-1]
    path = batch.file("claims")
    write_rows(rows, CLAIMS, path)
    definition, gone = read_definition(columns.package), leaves_of(rows)[:60]
    # this file passes, and none that is packed as well without them
    limit_columns(monkeypatch, 50, 0)
    [found] = read_rows(path, CLAIMS, "claims.parquet")
    assert (found.findings, found.excess) == ([], 0)
    rest = path.with_name("rest")
    write_rows(rows.tail(1_940), CLAIMS, rest)
    [refused] = read_rows(rest, CLAIMS, "claims.parquet")
    assert len(refused.findings) == 1
    rest.unlink()
    data = claimlog.edit.takedown._without_rows(definition, batch, "claims", {*gone})
    path.write_bytes(data)
    [found] = read_rows(path, CLAIMS, "claims.parquet")
    assert found.findings == []
    assert found.leaves == leaves_of(rows)[60:]


def test_rows_that_come_out_as_others_are_not_written(columns: World, tmp_path: Path) -> None:
    path = tmp_path / "claims.parquet"
    rows = rows_of(columns, 3, note=pl.col("index").cast(pl.String))
    leaves = leaves_of(rows)
    for others in (leaves[::-1], leaves[:2], [*leaves, leaves[0]]):
        with pytest.raises(ClaimlogError, match="its rows would not be read again from Parquet"):
            write_readable_rows(rows, CLAIMS, path, others, 0, 65_535)


@pytest.mark.parametrize("is_packed", [True, False])
def test_pages_of_long_texts_are_no_longer_than_one_may_be(
    columns: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_packed: bool
) -> None:
    monkeypatch.setattr(claimlog.log.columnar, "PARQUET_PAGE_BYTES", 2 << 20)
    chance = random.Random(1)
    notes = pl.Series([chance.randbytes(4_000).hex() for _ in range(700)])
    rows = rows_of(columns, 700, note=notes)
    write_rows(rows, CLAIMS, tmp_path / "claims.parquet", is_packed)
    [found] = read_rows(tmp_path / "claims.parquet", CLAIMS, "claims.parquet")
    assert found.findings == []
    assert found.leaves == leaves_of(rows)


def test_text_of_any_length_goes_into_row_groups(
    columns: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column of one holds 2 GiB at most."""
    monkeypatch.setattr(claimlog.log.columnar, "GROUP_BYTES", 100_000)
    write_and_read(rows_of(columns, 30, note=pl.lit("x" * 9_000)), tmp_path / "claims.parquet")
    assert pq.read_metadata(tmp_path / "claims.parquet").num_row_groups == 4


@pytest.mark.parametrize("name", ["claims.parquet", "actors.ndjson"])
def test_a_disk_that_fails_to_read_names_the_file(
    columns: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:

    def fails(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    if name.endswith(".parquet"):
        monkeypatch.setattr(claimlog.log.columnar.pq, "ParquetFile", fails)
    else:
        monkeypatch.setattr(claimlog.log.read_file.Path, "open", fails)
    with pytest.raises(
        ClaimlogError, match=rf"^events/000\d-[a-z]+/[a-z]+\.{name.split('.')[1]}: cannot"
    ):
        read(columns.package)


def write_measured(path: Path, numbers: list[float | None]) -> list[bytes]:
    """Write rows with such numbers in their lists as columns, and return their lines."""
    rows = [measured_row(1.5, number) for number in numbers]
    pq.write_table(pa.Table.from_pylist(rows, arrow_schema(MEASURED)), path)
    return [encode(row) for row in rows]


def test_numbers_within_lists_have_the_leaves_of_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "measured.parquet"
    lines = write_measured(path, [1, 2.5, 1e21, 1e-7, None, 3])
    [found] = read_rows(path, MEASURED, "measured.parquet")
    assert not found.findings
    assert found.leaves == [line_hash(line) for line in lines]
    assert found.frame is not None
    assert [*written_lines(found.frame, MEASURED)] == lines


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", ["parts", "numbers", "number"])
def test_what_is_no_number_is_a_finding_wherever_it_stands(
    number: float, place: str, tmp_path: Path
) -> None:
    """JSON shows it as null, so that it would have the leaf of a row that says nothing."""
    path = tmp_path / "measured.parquet"
    row = measured_row(1.5, number if place == "parts" else 2.5)
    row |= {"numbers": [number] if place == "numbers" else [0.5]}
    row |= {"number": number if place == "number" else 0.5}
    pq.write_table(pa.Table.from_pylist([row], arrow_schema(MEASURED)), path)
    [found] = read_rows(path, MEASURED, "measured.parquet")
    assert [finding.line for finding in found.findings] == [1]
    with pytest.raises(ClaimlogError, match=r"finite|canonical"):
        parquet_content(path, MEASURED)
