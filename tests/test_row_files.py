"""Files of rows as people make them: separators, encodings, empty cells, workbooks, templates."""

from __future__ import annotations

import io
import json
import os
import re
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from claimlog.edit import delimited_text, row_files
from claimlog.edit import workbook as workbook_module
from claimlog.edit.cell_values import fill_keys, parse_cell
from claimlog.edit.delimited_text import require_short_lines, separated_rows
from claimlog.edit.find_quote import find_quote
from claimlog.edit.row_files import read_entries
from claimlog.edit.template import csv_template, template_columns, workbook_template
from claimlog.errors import ClaimlogError, UsageError
from claimlog.limits import ADDED_ROW_BYTES, ADDED_ROWS, ADDED_VALUES, MIB, ROWS_FILE_BYTES
from claimlog.package import Package
from claimlog.schema.codebook import read_codes
from claimlog.schema.definition import read_streams
from claimlog.schema.table_schema import Table
from claimlog.sources.text import Text
from conftest import ROOT

CODES = read_codes(Package(ROOT))
STREAMS = read_streams(Package(ROOT), CODES)
CLAIMS, SOURCES = STREAMS["claims"], STREAMS["sources"]
ROW = {"source_id": "S001", "statement": "Ferries are late.", "topic": "sharing"}

Read = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def rows(data: bytes | str, table: Table = CLAIMS) -> list[dict[str, Any]]:
        path = tmp_path / "rows"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        entries = read_entries(table, str(path), None)
        if entries.faults:
            assert entries.origin is not None
            raise entries.faults.error(entries.origin, entries.outcome)
        return [dict(row) for row in entries.rows]

    return rows


def saved(book: openpyxl.Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def workbook(*rows: list[Any], title: str = "claims") -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = title
    for row in rows:
        book.active.append(row)
    return saved(book)


CELLS = [["source_id", "statement", "topic"], ["S001", "Ferries are late.", "sharing"]]


def delimited(separator: str, end: str = "\n") -> str:
    return "".join(separator.join(cells) + end for cells in CELLS)


@pytest.mark.parametrize(
    "data",
    [
        *(delimited(separator, end) for separator in ",;\t" for end in ("\n", "\r\n", "\r")),
        "\ufeff" + delimited(";"),
        "sep=;\r\n" + delimited(";", "\r\n"),
        delimited(",").replace("topic", "topic,,").replace("sharing", "sharing,,"),
        delimited(",") + ",,\n\n , ,\n",
        "\n,,\n" + delimited(","),
        workbook(*CELLS),
        workbook([None], *CELLS, [None, " ", None]),
        workbook([*CELLS[0], None, ""], [*CELLS[1], None, ""]),
    ],
)
def test_a_row_is_read_whatever_made_its_file(read: Read, data: str | bytes) -> None:
    assert read(data) == [ROW]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (delimited(",").replace("topic", "topic,").replace("sharing", "sharing,x"),
         "rows:1: column 4 has no name, but 'x' in line 2"),
        ("[" + json.dumps(ROW) + "]", "rows:1: is a JSON array; give one object a line"),
        (delimited(",").replace("late", "lat\u00e9").encode("cp1252"),
         "as Windows-1252 it reads .*laté.*iconv -f WINDOWS-1252 -t UTF-8"),
        (delimited(",").encode("utf-16"), "rows:1: is UTF-16; convert it: iconv -f UTF-16"),
        (delimited(",") + "S001,Two cells\n", "rows:3: has 2 cells, the header 3"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "rows: is a workbook of Excel 97-2003"),
        (b"PK\x03\x04 and no more", "rows: is no whole workbook"),
        ("", "rows: holds no row"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_rows_is_named_with_the_remedy(
    read: Read, data: str | bytes, message: str
) -> None:
    with pytest.raises(ClaimlogError, match=f"{message}.*nothing was added"):
        read(data)


DOCUMENT_TYPE = b"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///x'>]>"


def in_utf_16(xml: bytes) -> bytes:
    """Return XML in UTF-16 behind a byte order mark, of which it says nothing itself."""
    return re.sub(r"<\?xml.*?\?>", "", xml.decode()).encode("utf-16")


def in_encoding(name: str, declared: str = "") -> Callable[[bytes], bytes]:
    """Return a change of XML into another encoding, with a document type.

    In one that is not declared white space may stand before it.
    """

    def change(xml: bytes) -> bytes:
        text = re.sub(r"<\?xml.*?\?>", "", (DOCUMENT_TYPE + xml).decode())
        begin = f'<?xml version="1.0" encoding="{declared}"?>' if declared else " \n" * 1_000
        return f"{begin}{text}".encode(name)

    return change


def test_a_sheet_under_another_name_is_looked_at_as_any_other(read: Read) -> None:
    """Relations say which member is a sheet."""
    sheet, name = "xl/worksheets/sheet1.xml", "xl/media/sheet1.svg"
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(*CELLS))) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.namelist():
            data = old.read(member).replace(sheet[3:].encode(), name[3:].encode())
            new.writestr(name if member == sheet else member, data)
    moved = target.getvalue()
    assert len(read(moved)) == len(read(workbook(*CELLS)))
    with pytest.raises(ClaimlogError, match="declares a document type in xl/media"):
        read(repacked(moved, name, lambda xml: re.sub(rb"<\?xml.*?\?>", b"", DOCUMENT_TYPE + xml)))


def repacked(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook of which one member is another."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", 8) as new:
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, change(content) if member == name else content)
    return target.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda xml: DOCUMENT_TYPE + xml, "declares a document type in xl/workbook.xml"),
        (lambda xml: in_utf_16(DOCUMENT_TYPE + xml), "declares a document type"),
        (lambda xml: in_utf_16(DOCUMENT_TYPE + xml)[2:], "declares a document type"),
        *(
            (in_encoding(*names), "XML in xl/workbook.xml that is broken, or neither UTF-8 nor")
            for names in (
                *(("utf-32",), ("utf-32-be",), ("utf-32-le", "UCS-4"), ("cp037", "EBCDIC-CP-US")),
                *(("ascii", "SHIFT_JIS"), ("ascii", "gb18030"), ("ascii", "utf-7")),
                ("ascii", "of-nobody"),
            )
        ),
        (lambda xml: xml + b" " * (129 << 20), "unpacks to more than"),
        (lambda xml: xml[:100], "is no readable workbook|is no workbook|is broken"),
    ],
)  # fmt: skip
def test_a_workbook_that_could_do_harm_is_refused_unread(
    read: Read, change: Callable[[bytes], bytes], message: str
) -> None:
    with pytest.raises(ClaimlogError, match=message):
        read(repacked(workbook(*CELLS), "xl/workbook.xml", change))


def put(element: bytes, content: bytes) -> Callable[[bytes], bytes]:
    """Return a change of XML by which its first element of a name is another one."""
    return lambda xml: re.sub(rb"<%s[^>]*?/>" % element, lambda _: content, xml, count=1)


FORMAT = b'<numFmts count="1"><numFmt numFmtId="164" formatCode="%s"/></numFmts>' % (b"[" * 10**6)
TITLES = b'<definedName name="_xlnm.Print_Titles" localSheetId="0">%s</definedName>' % (
    b"'" * 300_000
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("xl/styles.xml", lambda xml: put(b"numFmts", FORMAT)(xml.replace(b'Id="0"', b'Id="164"'))),
        ("xl/workbook.xml", put(b"definedNames", b"<definedNames>%s</definedNames>" % TITLES)),
        ("xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"</row>", b"<c/>" * 10**7 + b"</row>", 1)),  # noqa: E501
    ],
    ids=["a number format", "a defined name", "cells"],
)  # fmt: skip
def test_a_workbook_that_keeps_its_library_busy_is_given_up(
    read: Read, name: str, change: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = repacked(workbook(*CELLS), name, change)
    assert len(data) < 200_000
    monkeypatch.setattr(workbook_module, "SHEET_SECONDS", 2)
    with pytest.raises(ClaimlogError, match=r"rows: reading it takes (longer|more).*as CSV"):
        read(data)


def sharing(data: bytes, strings: bytes) -> bytes:
    """Return a workbook with shared strings, the first of which stands in all cells of "short"."""
    inline, shared = b't="inlineStr"><is><t>short</t></is>', b't="s"><v>0</v>'
    data = repacked(data, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(inline, shared))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'.encode()
    data = repacked(data, "[Content_Types].xml", lambda xml: xml.replace(b"</Types>", part))
    target = io.BytesIO(data)
    with zipfile.ZipFile(target, "a", 8) as archive:
        namespace = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        content = b'<sst xmlns="%s">%s</sst>' % (namespace, strings)
        archive.writestr("xl/sharedStrings.xml", content)
    return target.getvalue()


def test_a_workbook_that_takes_much_memory_is_given_up(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_module, "SHEET_MEMORY", 200 << 20)
    monkeypatch.setattr(workbook_module, "SHEET_MEMORY_PER_BYTE", 0)
    assert len(read(workbook(*CELLS))) == 1
    data = sharing(workbook(*CELLS), b"<si><t>%s</t></si>" % (b"x" * 100_000_000))
    with pytest.raises(ClaimlogError, match=r"reading it takes more memory than 0\.2 GB.*as CSV"):
        read(data)


@pytest.mark.parametrize("is_zip64", [False, True])
def test_a_list_of_files_that_takes_much_memory_is_not_read(read: Read, is_zip64: bool) -> None:
    entry = b"PK\x01\x02" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"a"
    number = 50_000
    listed = entry * number
    start = b"PK\x03\x04" + bytes(26)
    stated = 47 if is_zip64 else len(listed)
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, stated, len(start), 0)
    large = b"PK\x06\x06" + struct.pack(
        "<Q2H2L4Q", 44, 45, 45, 0, 0, number, number, len(listed), len(start)
    )
    place = b"PK\x06\x07" + struct.pack("<LQL", 0, len(start) + len(listed), 1)
    data = start + listed + (large + place if is_zip64 else b"") + end
    if is_zip64:  # what it hides is what Python would read
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert len(archive.infolist()) == number
    with pytest.raises(ClaimlogError, match="rows: has a list of files of more than 2,097,152"):
        read(data)


def test_one_text_in_many_cells_is_not_written_out(read: Read) -> None:
    many = workbook(["source_id"], *([["short"]] * 5_000))
    data = sharing(many, b"<si><t>%s</t></si>" % (b"x" * 30_000))
    with pytest.raises(ClaimlogError, match="holds more than 134,217,728 characters"):
        read(data)


def test_a_formula_of_a_workbook_is_not_computed(read: Read) -> None:
    data = workbook(["source_id", "statement"], ["S001", '=HYPERLINK("https://example.org")'])
    assert read(data) == [{"source_id": "S001", "statement": None}]


def test_lists_are_separated_by_semicolons_and_a_comma_is_part_of_a_name() -> None:
    authors, dyad = SOURCES.by_name["authors"], CLAIMS.by_name["dyad_from"]
    assert parse_cell(authors, "Example, Ada") == ["Example, Ada"]
    assert parse_cell(authors, "Example, Ada; A. Writer") == ["Example, Ada", "A. Writer"]
    assert parse_cell(authors, "[\u201cA. Writer\u201d]") == ["A. Writer"]
    assert parse_cell(dyad, "nor, sud") == parse_cell(dyad, "nor; sud") == ["nor", "sud"]
    with pytest.raises(UsageError, match="not a JSON list"):
        parse_cell(authors, "[A. Writer]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("100000000000000000000", "a whole number beyond 2\\*\\*53"),
        ("3,5", "write it with a point \\(3.5\\)"),
        ("310,000", "write 310000 if the comma .* thousands, 310.0 if it is a decimal comma"),
        ("1,125", "write 1125 if the comma separates thousands, 1.125 if it is a decimal comma"),
        ("1,200,000", "write it without separators of thousands"),
        ("many", "expected number"),
    ],
)
def test_a_number_in_another_spelling_is_named(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_cell(CLAIMS.by_name["figure_value"], text)


def test_a_chain_of_attribution_is_given_in_plain_columns(read: Read) -> None:
    head = "source_id,speaker,verb,anonymity,speaker_2,speaker_description_2,verb_2"
    (row,) = read(f"{head}\nS001,gazette,report,institution,,a clerk,say\n")
    assert row == {
        "source_id": "S001",
        "attributions": [
            {"actor_id": "gazette", "verb": "report", "anonymity": "institution"},
            {"description": "a clerk", "verb": "say"},
        ],
    }
    (row,) = read(f"{head}\nS001,,,,,,\n")
    assert row == {"source_id": "S001"}
    with pytest.raises(ClaimlogError, match="has a hop 2 and no hop 1"):
        read(f"{head}\nS001,,,,,a clerk,say\n")
    with pytest.raises(ClaimlogError, match='"verb" and "attributions" both say who speaks'):
        read('source_id;verb;attributions\nS001;say;[{"verb": "say"}]\n')


@pytest.mark.slow
@pytest.mark.parametrize("table", STREAMS.values(), ids=lambda table: table.name)
def test_a_template_has_every_column_and_drop_down_lists_of_the_codes_in_use(
    table: Table, read: Read
) -> None:
    names = [column.name for column in template_columns(table)]
    assert csv_template(table).decode() == ",".join(names) + "\n"
    book = openpyxl.load_workbook(io.BytesIO(workbook_template(table, CODES, STREAMS)))
    sheet = book[table.name]
    assert [cell.value for cell in sheet[1]] == names
    coded = {
        column.name for column in template_columns(table) if column.item and column.item.codelist
    }
    listed = {str(cells).split(":")[0] for choice in sheet.data_validations.dataValidation
              for cells in choice.sqref.ranges}  # fmt: skip
    assert {sheet[f"{place[:-1]}1"].value for place in listed} == coded
    assert {"codes", "definitions"} < set(book.sheetnames)
    with pytest.raises(ClaimlogError, match="holds no row"):
        read(workbook_template(table, CODES, STREAMS), table)


@pytest.mark.slow
def test_a_template_marks_what_is_required_and_what_is_filled_in_comes_back(read: Read) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook_template(CLAIMS, CODES, STREAMS)))
    required = [cell.value for cell in book["claims"][1] if cell.fill.fill_type == "solid"]
    assert required[:3] == ["source_id", "quote", "statement"]
    assert book["claims"].column_dimensions["C"].width >= 40
    assert book["claims"]["C2"].alignment.wrap_text
    meanings = {row[0].value: row[2].value for row in book["definitions"] if row[2].value}
    assert meanings["speaker"].endswith("An identifier or exact name of actors.")
    assert meanings["speaker_source"].endswith("An identifier of sources.")
    assert "An identifier or exact name of actors. Several" in meanings["dyad_from"]
    assert {"statement", "content", "voice", "time_frame"} < set(required)
    assert "note" not in required
    head = [cell.value for cell in book["claims"][1]]
    book["claims"].cell(2, head.index("event_code") + 1, "010")
    book["claims"].cell(2, head.index("speaker") + 1, "nor")
    target = io.BytesIO()
    book.save(target)
    (row,) = read(target.getvalue())
    assert row["event_code"] == "010"
    assert row["attributions"] == [{"actor_id": "nor"}]


PIER = Text("The pier\u00a0office said \u201cno\u201d to\nthe plan. The quay was shut on Monday.")


@pytest.mark.parametrize(
    ("quote", "message"),
    [
        ("The pier office said", "U\\+00A0 no-break space in the text for a space"),
        ('said "no" to', '\u201c U\\+201C left double quotation mark in the text for " U\\+0022'),
        ('"no" to', '\u201c U\\+201C left double quotation mark in the text for " U\\+0022'),
        ("said 'no'", "\u201d U\\+201D right double quotation mark in the text for ' U\\+0027"),
        ("to the plan", "a line break in the text for a space"),
        ("The quay was closed on Monday", "the text has 'The quay was shut on Monday' at offset"),
        ("Nobody swims in winter here", "nothing like it stands in the text"),
    ],
)
def test_a_quote_that_is_not_there_is_shown_with_where_the_text_has_almost_it(
    quote: str, message: str
) -> None:
    with pytest.raises(ClaimlogError, match=message) as caught:
        find_quote(PIER, quote, None, "S001")
    assert repr(quote) in str(caught.value)


def test_a_space_that_a_browser_copied_does_not_make_another_quote() -> None:
    text = Text("The quay was shut on Monday.")
    found = find_quote(text, "quay\u00a0was\u202fshut", None, "S001")
    assert text.content[found.start : found.end] == "quay was shut"


def test_a_quote_is_taken_by_its_words_where_that_is_asked_for() -> None:
    found = find_quote(PIER, 'office said "no" to the plan', None, "S001", by_words=True)
    assert PIER.content[found.start : found.end] == "office said \u201cno\u201d to\nthe plan"
    with pytest.raises(ClaimlogError, match="--occurrence 2 is none of them"):
        find_quote(PIER, 'said "no" to', 2, "S001", by_words=True)
    with pytest.raises(ClaimlogError, match="does not occur"):
        find_quote(PIER, "said no to her plan", None, "S001", by_words=True)


def test_words_of_a_package_are_no_formula_in_a_template() -> None:
    hostile = ("=WEBSERVICE(A1)", "=cmd|'/C calc'!A0", "+1", "@SUM(1)", "a\x01b\u202e", "=\ud800")
    [name] = {CLAIMS.by_name["topic"].codelist} - {None}
    codes = [
        {**row, "label": words, "definition": words}
        for row, words in zip(CODES[name], hostile, strict=False)
    ]
    columns = [{**spec, "description": "=A1\x02"} for spec in CLAIMS.spec["fields"]]
    table = replace(CLAIMS, spec={**CLAIMS.spec, "fields": columns})
    data = workbook_template(table, {**CODES, name: codes}, STREAMS)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = [archive.read(n) for n in archive.namelist() if "worksheets/sheet" in n]
    assert sheets
    assert not any(b"<f>" in sheet for sheet in sheets)
    book = openpyxl.load_workbook(io.BytesIO(data))
    cells = [cell for row in book["definitions"].iter_rows() for cell in row if cell.value]
    assert {cell.data_type for cell in cells} == {"s"}
    shown = {cell.value for cell in cells}
    assert {*hostile[:4], r"a\x01b\u202e", r"=\ud800"} <= shown


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [
        "source_id,statement\n" + "\n" * 500_000,
        "source_id,statement\n" + "S001,\n" * 350_000,
        "{}\n" * 350_000,
        "{}" + "\n" * 350_000,
        ('{"statement": [' + "[]," * 300_000 + "[]]}\n") * 14,
    ],
    ids=["empty lines", "rows", "objects", "lines without one", "lists in a value"],
)
def test_more_rows_and_values_than_are_held_are_one_line(read: Read, data: str) -> None:
    with pytest.raises(ClaimlogError, match=r"rows:\d+: there are more than 300,000 rows"):
        read(data)


@pytest.mark.parametrize(
    ("table", "head", "cell"),
    [
        (CLAIMS, "source_id,attributions", f'S001,"[{"{}," * 60}{{}}]"'),
        (CLAIMS, "source_id,dyad_from", f'S001,"{"nor," * 120}"'),
        (SOURCES, "authors,title", f'{"A. Writer;" * 120},"[,"'),
    ],
)
def test_values_of_lists_in_cells_count_before_they_are_made(
    read: Read, monkeypatch: pytest.MonkeyPatch, table: Table, head: str, cell: str
) -> None:
    monkeypatch.setattr(row_files, "ADDED_VALUES", 300)
    assert len(read(f"{head}\n{cell}\n{cell}\n", table)) == 2
    with pytest.raises(ClaimlogError, match=r"rows:4: there are more than .* or 300 values"):
        read(f"{head}\n{cell}\n{cell}\n{cell}\n", table)


def test_objects_of_a_list_get_no_keys_where_there_are_more_than_a_row_has() -> None:
    chain = CLAIMS.by_name["attributions"]
    assert set(fill_keys(chain, [{"verb": "say"}, 5])[0]) == {key.name for key in chain.fields}
    most = chain.constraints["maxLength"]
    for item, allowed in ((chain, most), (replace(chain, constraints={}), 10_000)):
        assert len(fill_keys(item, [{}] * most)) == most
        with pytest.raises(
            ClaimlogError, match=r'"attributions" holds .* expected at most'
        ) as found:
            fill_keys(item, [{}] * 1_000_000)
        assert int(str(found.value).split()[-1].replace(",", "")) <= allowed


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ('{"quote": "\U0001f6a2%s"}', 1),
        ('{}\n{}\r\n{"quote": "%s', 3),
        ('[{"quote": "%s"}]', 1),
        ("source_id,quote\rS001,%s", 2),
        ('source_id,quote\nS001,x\nS001,"%s"', 3),
    ],
)
def test_a_line_longer_than_any_row_is_refused_before_it_is_text(
    read: Read, data: str, line: int
) -> None:
    with pytest.raises(ClaimlogError, match=rf"rows:{line}: has more than 1,048,576 bytes"):
        read(data % ("a" * ADDED_ROW_BYTES))


def test_a_row_of_many_lines_is_no_longer_than_one_of_one(read: Read) -> None:
    cells = ",".join(['"' + "a\n" * 60_000 + '"'] * 12)
    with pytest.raises(ClaimlogError, match="rows:2: has more than 1,048,576 characters"):
        read("source_id,statement\n" + cells)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_lines_are_measured_in_a_time_that_grows_with_the_file(ends: str) -> None:
    begun = time.process_time()
    for text in (ends * 8_000_000, ("x" * (ADDED_ROW_BYTES - 1) + ends) * 15, "x" * 20 + ends):
        require_short_lines((text + "x" * ADDED_ROW_BYTES).encode(), "rows")
    assert time.process_time() - begun < 10


def test_the_page_on_trust_states_the_limits_of_files_of_rows() -> None:
    page = " ".join((ROOT / "docs" / "trust.md").read_text("utf-8").split())
    assert (
        f"has at most {ROWS_FILE_BYTES // MIB} MiB, {ADDED_ROWS:,} lines and "
        f"{ADDED_VALUES // 1_000_000} million values, and none of its rows more than "
        f"{ADDED_ROW_BYTES // MIB} MiB"
    ) in page


def test_rows_come_from_a_pipe_that_a_shell_opened_and_from_no_other(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link", "."):
        with pytest.raises(ClaimlogError, match="is no regular file; check that it is"):
            read_entries(CLAIMS, str(tmp_path / name), None)
    for place in ("/dev/fd", "/proc/self/fd"):
        reader, writer = os.pipe()
        os.write(writer, b'{"source_id": "S001"}\n')
        os.close(writer)
        assert read_entries(CLAIMS, f"{place}/{reader}", None).rows == [{"source_id": "S001"}]
        os.close(reader)


def test_a_row_of_more_cells_than_are_held_is_refused_before_they_are_made(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited_text, "ADDED_VALUES", 1_000)
    for row in ("," * 1_001, '"a\nb"' + "," * 600 + '"c\nd"' + "," * 600):
        text = delimited(",") + f"{row}{',' * 3_000_000}\n"
        tracemalloc.start()
        with pytest.raises(ClaimlogError, match="3: has more than 1,000 cells; mend the row"):
            for _ in separated_rows(text, CLAIMS.names):
                pass
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
        tracemalloc.stop()
    rows = "S001,Ferries are late.,sharing\n" * 900
    assert len(read("source_id,statement,topic\n" + rows)) == 900  # each row by itself


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_rows_are_those_of_a_sheet_that_is_shown(read: Read, state: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(*CELLS, title="Rows to add")))
    book.create_sheet("claims", 0).append(["source_id"])
    book["claims"].append(["S009"])
    assert read(saved(book)) == [{"source_id": "S009"}]
    book["claims"].sheet_state = state
    assert read(saved(book)) == [ROW]
    book["claims"].sheet_state = "visible"
    book.create_sheet("Claims ")
    with pytest.raises(ClaimlogError, match="has 2 sheets that are called claims"):
        read(saved(book))


def test_the_separator_is_found_without_holding_the_lines(read: Read) -> None:
    for lead in ("\n" * 1000, " ; \r\n" * 3, ";;\n"):
        assert read(lead + delimited(";")) == [ROW]
