"""Sources that are registered from a web page, a PDF or a DOCX file."""

# ruff: noqa: RUF001 - typographic signs stand in articles

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import zipfile
import zlib
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from claimlog import limited_process
from claimlog.checkout import Checkout
from claimlog.cli import source_document, source_sheet
from claimlog.cli.source_sheet import filled_by_documents
from claimlog.edit.add_amend_retract import Entries, add
from claimlog.edit.batch_files import recover
from claimlog.edit.document_registration import (
    propose_columns,
    require_outside_repository,
    saved_text,
)
from claimlog.edit.open_batch import read_with_open
from claimlog.edit.row_files import read_entries
from claimlog.edit.row_writer import text_identity
from claimlog.edit.template import csv_template, workbook_template
from claimlog.errors import ClaimlogError, UsageError
from claimlog.limits import (
    ADDED_DOCUMENTS,
    ADDED_DOCUMENTS_SECONDS,
    ADDED_TEXT_BYTES,
    DESK_READ_SECONDS,
    EXTRACTION_MEMORY,
    EXTRACTION_SECONDS,
    MIB,
    RAW_BYTES,
)
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.sources.documents import document_formats, docx_document, read_document
from claimlog.sources.documents.document_formats import DocumentFormat, decode_page, document_format
from claimlog.sources.documents.extracted_text import (
    Block,
    ExtractedText,
    Statements,
    assemble_text,
    clean_text,
)
from claimlog.sources.documents.extraction_worker import extract
from claimlog.sources.documents.fetch_document import fetch_document
from claimlog.sources.documents.pdf_document import page_blocks
from claimlog.sources.documents.read_document import extraction_limits
from claimlog.sources.text import Texts, digest
from claimlog.web_client import WebError
from conftest import ROOT, World, source
from web_servers import Answer, FileServer

PAGE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html [<!ENTITY own SYSTEM "file:///etc/hostname">]>
<html lang="en-GB"><head><title>Harbour pact under strain - The Example Gazette</title>
<meta property="og:title" content="Harbour pact under strain">
<meta property="og:site_name" content="The Example Gazette">
<meta property="article:published_time" content="2025-03-10T08:00:00+00:00">
<meta name="author" content="Ada Example; Bo Sample">
<link rel="canonical" href="https://gazette.example/harbour-pact">
<link rel="stylesheet" href="SERVER/style.css"><script src="SERVER/run.js"></script></head><body>
<nav><a href="/">Home</a> <a href="/world">World</a></nav>
<article><h1>Harbour pact under strain</h1><img src="SERVER/pier.png" alt="A pier">
<p>The harbour ministry of Norland stopped sharing tide tables with Sudland, two officials say.</p>
<p>About forty pilots signed a <a href="/letter">letter</a>, which asks for new charts.<br>
They sent it on Friday to the ministry, which did not answer until the day after.</p>
<h2>The road ahead</h2>
<p>The café’s owner, Ada Example, said: “We may review the pact.” Nobody would comment on it.</p>
<ul><li>Norland shares charts of twelve ports.</li><li>Sudland shares reports.</li></ul>
<p>Read also: <a href="/ten">Ten quiet beaches</a></p></article>
<footer>© 2025 The Example Gazette. All rights reserved.</footer></body></html>"""
LETTER = "About forty pilots signed a letter, which asks for new charts.\nThey sent it on Friday"
GIVEN = ("--rights", "Ours.", "--reliability", "C", "--reliability-rationale", "Invented.")


def pdf(*pages: bytes, packed: bool = False, title: bytes = b"(Harbour pact)") -> bytes:
    """Return a PDF file with the drawing instructions of its pages."""
    kids = b" ".join(b"%d 0 R" % (6 + 2 * number) for number in range(len(pages)))
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (en-GB) >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Title %s /Author (Ada Example; Bo Sample) >>" % title,
        b"(Tides)",
    ]
    for number, page in enumerate(pages):
        parts.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << /Font "
            b"<< /F1 3 0 R >> >> /Contents %d 0 R >>" % (7 + 2 * number)
        )
        data, how = (zlib.compress(page), b"/Filter /FlateDecode ") if packed else (page, b"")
        parts.append(b"<< /Length %d %s>> stream\n%s\nendstream" % (len(data), how, data))
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(b"%010d 00000 n \n" % len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + b"".join(places)
    end = b"trailer << /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return out + table + end % (len(parts) + 1, len(out))


def drawn(*lines: str) -> bytes:
    """Return the instructions that draw lines."""
    shown = " ".join(f"({line}) Tj T*" for line in lines)
    return f"BT /F1 12 Tf 50 700 Td 14 TL {shown} ET".encode("latin-1")


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
BODY = """<w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:r><w:t>The road ahead</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">Ships </w:t></w:r>
<w:del><w:r><w:delText>never </w:delText></w:r></w:del>
<w:moveFrom><w:r><w:t>often </w:t></w:r></w:moveFrom>
<w:r><w:t>leave</w:t><w:tab/>
<w:t>at dawn.</w:t><w:br/><w:t>So they say.</w:t></w:r></w:p>
<w:p><mc:AlternateContent><mc:Choice><w:t>A box.</w:t></mc:Choice>
<mc:Fallback><w:t>A box.</w:t></mc:Fallback></mc:AlternateContent></w:p>"""


def docx(body: str = BODY, **members: str | bytes) -> bytes:
    """Return a DOCX file with a body; further members are named by their place, with __ for /."""
    parts = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f"<w:document {W} {MC}><w:body>{body}</w:body></w:document>",
        "word/styles.xml": f'<w:styles {W}><w:docDefaults><w:lang w:val="en-US"/></w:docDefaults>'
        '<w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style></w:styles>',
        "word/footnotes.xml": f"<w:footnotes {W}><w:footnote><w:p><w:r><w:t>A note.</w:t></w:r>"
        "</w:p></w:footnote></w:footnotes>",
        "docProps/core.xml": '<c xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Harbour '
        "pact</dc:title><dc:creator>Ada Example;Bo Sample</dc:creator></c>",
        **{name.replace("__", "/") + ".xml": text for name, text in members.items()},
    }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return data.getvalue()


DECLARED = '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
NO_MARK = DECLARED.encode("utf-16-le")
"""In UTF-16 without a byte order mark, which an XML parser finds out by itself."""


def furniture_of(found: ExtractedText) -> list[tuple[str, str]]:
    return [(part.kind, found.text[part.start : part.end]) for part in found.furniture]


def test_the_article_of_a_page_is_taken_out_with_what_the_page_states() -> None:
    found = extract(PAGE.encode(), DocumentFormat.HTML, None)
    assert found.text.startswith("Harbour pact under strain\n\nThe harbour ministry")
    assert LETTER in found.text
    assert "The café’s owner" in found.text
    assert "twelve ports.\nSudland shares" in found.text
    assert found.text.endswith("Ten quiet beaches\n")
    for absent in ("Home", "World", "All rights", "file:", "<", "own"):
        assert absent not in found.text.replace("owner", "")
    assert (found.title, found.publisher) == ("Harbour pact under strain", "The Example Gazette")
    assert found.authors == ("Ada Example", "Bo Sample")
    assert (found.published, found.language) == ("2025-03-10", "en")
    assert found.url == "https://gazette.example/harbour-pact"
    assert furniture_of(found) == [
        ("heading", "The road ahead"),
        ("pointer", "Read also: Ten quiet beaches"),
    ]
    assert (found.extractor or "").startswith("trafilatura ")
    assert ", claimlog " in (found.extractor or "")


@pytest.mark.parametrize(
    ("given", "title"),
    [
        (b"(Harbour pact)", "Harbour pact"),
        (b"5 0 R", "Tides"),
        (b"99 0 R", None),
        (b"[ (Tides) ]", None),
        (b"/Tides", None),
        (b"<< >>", None),
        (b"true", None),
    ],
)
def test_a_title_of_a_pdf_is_a_text_that_may_stand_elsewhere_in_the_file(
    given: bytes, title: str | None
) -> None:
    assert extract(pdf(drawn("A line."), title=given), DocumentFormat.PDF, None).title == title


def test_the_lines_of_a_pdf_are_its_text_and_running_heads_are_furniture() -> None:
    pages = [
        drawn(
            "The Gazette",
            f"Pier {name} is shut.",
            "Ships wait.",
            "Nobody",
            f"saw {name}.",
            f"- {n} -",
        )
        for n, name in enumerate(("one", "two", "three"), 7)
    ]
    found = extract(pdf(*pages), DocumentFormat.PDF, None)
    assert "Pier two is shut.\nShips wait." in found.text
    assert (found.title, found.authors, found.language) == (
        *("Harbour pact", ("Ada Example", "Bo Sample")),
        "en",
    )
    assert furniture_of(found)[:2] == [("navigation", "The Gazette"), ("footer", "- 7 -")]
    assert len(found.furniture) == 6
    assert found.published is None  # when the file was made is not when it appeared


def test_lines_that_stand_on_few_pages_are_no_running_heads() -> None:
    pages = [["The Gazette", "a", "b"], ["The Gazette", "c", "d"]]
    assert {block.kind for block in page_blocks(pages)} == {None}


def test_the_paragraphs_of_a_docx_are_its_text_without_what_was_deleted() -> None:
    found = extract(docx(), DocumentFormat.DOCX, None)
    assert found.text == (
        "The road ahead\n\nShips leave\tat dawn.\nSo they say.\n\nA box.\n\nA note.\n"
    )
    assert furniture_of(found) == [("heading", "The road ahead")]
    assert (found.title, found.authors, found.language) == (
        *("Harbour pact", ("Ada Example", "Bo Sample")),
        "en",
    )


def test_a_plain_text_becomes_canonical() -> None:
    found = extract(
        "\ufeffCafe\u0301 shut.\r\n\r\nSubscribe now\r\n".encode(), DocumentFormat.TEXT, None
    )
    assert found.text == "Café shut.\n\nSubscribe now\n"
    assert furniture_of(found) == [("form", "Subscribe now")]
    assert found.extractor is None


@pytest.mark.slow
@pytest.mark.parametrize("run", [" ", "\t", " \t", "\n", " \n", "\f "])
def test_a_long_run_of_blanks_is_cleaned_in_a_time_that_grows_with_it(run: str) -> None:
    """With the square of its length it would take hours."""
    blanks = run * (2_000_000 // len(run))
    clean = clean_text(f"Ships leave.{blanks}At dawn.{blanks}")
    assert clean.startswith("Ships leave.")
    assert clean.endswith("At dawn.")
    assert len(clean) <= len(blanks) + 20


@pytest.mark.parametrize(
    ("data", "stated", "form"),
    [
        (PAGE.encode(), None, DocumentFormat.HTML),
        (b"\xff\xfe" + "<html><p>Shut".encode("utf-16-le"), None, DocumentFormat.HTML),
        (b"<p>The port is shut.", "text/html; charset=utf-8", DocumentFormat.HTML),
        (b"The port is shut.", "text/html", DocumentFormat.TEXT),
        (b"\n%PDF-1.7 ...", "text/html", DocumentFormat.PDF),
        (docx(), "application/octet-stream", DocumentFormat.DOCX),
        ("The café is shut.".encode(), None, DocumentFormat.TEXT),
    ],
)
def test_the_format_is_told_by_the_bytes(
    data: bytes, stated: str | None, form: DocumentFormat
) -> None:
    assert document_format(data, stated) is form


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{\\rtf1\\ansi The port is shut.}", "is an RTF file"),
        (b"PK\x03\x04 mimetypeapplication/epub+zip", "is a zip file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a file of an old Microsoft Office"),
        (b"MIME-Version: 1.0\r\n", r"is a web archive \(MHTML\)"),
        (b"\x00\x01\x02\x03" * 20, "is no text, but a binary file"),
    ],
)
def test_what_no_text_is_taken_out_of_is_named(data: bytes, message: str) -> None:
    with pytest.raises(ClaimlogError, match=message) as error:
        read_document.read_document(data, name="given")
    assert str(error.value).startswith("given: ")
    assert str(error.value).endswith("; nothing was added")


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("Café".encode("cp1252"), "ISO-8859-1", "Café"),
        ('<meta charset="windows-1251">Мир'.encode("cp1251"), None, "Мир"),
        ("<meta charset=iso-8859-1>“Café”".encode(), "utf-8", "“Café”"),
        ("\ufeffCafé".encode(), "iso-8859-1", "Café"),
        ("Café".encode(), "no-such-charset", "Café"),
        ("Café".encode(), "utf-8\0", "Café"),
        ("<meta charset=utf-16>Café".encode(), None, "Café"),
        (b"Caf\xe9", None, "Café"),
        ("Café".encode(), "unicode_escape", "Café"),
    ],
)
def test_a_page_is_read_in_the_encoding_that_a_browser_would_take(
    data: bytes, charset: str | None, text: str
) -> None:
    assert decode_page(data, charset).endswith(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "data", "message"),
    [
        ("PDF", pdf(b" " * (120 << 20), packed=True), "Limit reached"),
        ("PDF", pdf(drawn("Ships leave."))[:300], "cannot be read as PDF"),
        ("PDF", pdf(b""), "pictures of pages and no text; recognise the text"),
        ("HTML", b"<html><body>" + b"<div>" * 50_000, "holds no text"),
        ("DOCX", docx(word__footnotes=DECLARED), "document type"),
        ("DOCX", docx(word__footnotes=NO_MARK), "document type"),
        ("DOCX", docx("<w:p>" * 3_000 + "</w:p>" * 3_000), "more than 2,000 levels"),
        ("DOCX", docx("<w:p>"), "no whole Word file"),
        ("DOCX", docx("", word__footnotes="<a/>"), "holds no text"),
        ("TEXT", b"Caf\xe9 is shut.", "not UTF-8"),
        ("TEXT", "ж".encode() * (9 << 20), "more than 16,777,216 bytes of text; split it"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_or_hostile_file_ends_in_a_line(form: str, data: bytes, message: str) -> None:
    with pytest.raises(ClaimlogError, match=message) as error:
        extract(data, DocumentFormat[form], None)
    assert "\n" not in str(error.value)


def test_a_docx_that_unpacks_to_more_than_it_may_is_refused_unread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = replace(docx_document.WORD_FILE, unpacked=1_000_000)
    monkeypatch.setattr(docx_document, "WORD_FILE", small)
    bomb = docx(word__media=" " * 2_000_000)
    assert len(bomb) < 10_000
    with pytest.raises(ClaimlogError, match="unpacks to more than 10,000 files or 1,000,000 bytes"):
        extract(bomb, DocumentFormat.DOCX, None)


@pytest.mark.usefixtures("fresh_programs")
def test_a_document_is_read_in_a_process_with_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    data = docx()
    found = read_document.read_document(data)
    assert found.text.startswith("The road ahead\n")
    assert found.raw_sha256 == sha256(data).hexdigest()
    assert extraction_limits(10**6, 2).seconds == 2 * (EXTRACTION_SECONDS + 10)
    assert extraction_limits(8 * 10**6, 1, DESK_READ_SECONDS).seconds == DESK_READ_SECONDS
    assert extraction_limits(0).memory == EXTRACTION_MEMORY
    monkeypatch.setattr(
        read_document, "extraction_limits", lambda *_: limited_process.Limits(0, MIB, MIB)
    )
    with pytest.raises(ClaimlogError, match=r"^the document: reading it takes .* --limits 2$"):
        read_document.read_document(data)


def test_without_the_extra_the_message_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(document_formats, "find_spec", lambda _: None)
    with pytest.raises(ClaimlogError, match=r"reading HTML needs trafilatura.*claimlog\[texts\]"):
        read_document.read_document(PAGE.encode(), name="page.html")
    with pytest.raises(ClaimlogError, match="needs pypdf"):
        read_document.read_document(pdf(b""))
    DocumentFormat.DOCX.require_libraries()
    assert "\ntexts: environment-texts" in (ROOT / "Makefile").read_text("utf-8")


@pytest.fixture
def served(tmp_path: Path) -> FileServer:
    folder = tmp_path / "web"
    folder.mkdir()
    server = FileServer(folder)
    page = PAGE.replace("SERVER", server.url)
    (folder / "page").write_text(page, "utf-8")
    return server


def test_an_address_is_fetched_once_and_nothing_that_the_page_names(
    served: FileServer, world: World
) -> None:
    def lead_on(_: int, request: object) -> Answer | None:
        if getattr(request, "path", "") == "/old":
            return Answer(302, headers={"location": "/page"})
        return None

    served.before = lead_on
    with served.running():
        address = f"{served.url}/old#part"
        done = world.run(
            *("add", "source", "--document", address, "--yes", "--texts", str(world.texts)),
            *("--source-id", "S500", *GIVEN),
        )
    assert done.returncode == 0, done.stderr
    assert [request.path for request in served.requests] == ["/old", "/page"]
    assert served.requests[0].headers["User-Agent"].startswith("claimlog/")
    path = world.texts / "harbour-pact-under-strain.txt"
    assert LETTER in path.read_text("utf-8")
    lines = (world.root / ".claimlog" / "open" / "sources.ndjson").read_text("utf-8").splitlines()
    added = json.loads(lines[-1])
    assert added["url"] == f"{served.url}/page"
    assert added["text_sha256"] == digest(path.read_text("utf-8"))
    assert added["extractor"].startswith("trafilatura ")
    assert len(added["raw_sha256"]) == 64
    assert added["kind"] == "copy"
    assert [part["kind"] for part in added["furniture"]] == ["heading", "pointer"]
    assert "title: Harbour pact under strain (proposed)" in done.stdout
    # the same page again is the same text
    again = ("add", "source", "--document", str(served.folder / "page"), "--title", "Other")
    done = world.run(*again, "--yes", *GIVEN, "--texts", str(world.texts))
    assert done.returncode == 1
    assert "has the very text of S500, and no lineage to it" in done.stderr
    assert not (world.texts / "other.txt").exists()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("ftp://gazette.example/a", "is no address of a page; expected https://"),
        ("file:///etc/hostname", "is no address of a page"),
        ("https://ada:secret@gazette.example/a", "holds no name or password"),
    ],
)
def test_an_address_of_another_kind_is_refused_unasked(address: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        fetch_document(address)
    assert "secret" not in str(error.value)


def test_what_cannot_be_fetched_is_to_be_saved_and_given_as_a_file(served: FileServer) -> None:
    with served.running():
        with pytest.raises(WebError, match=r"404.*or open it in a browser, save it"):
            fetch_document(f"{served.url}/absent")
        served.before = lambda *_: Answer(200, b"x", {"content-encoding": "gzip"})
        with pytest.raises(WebError, match=r"compressed.*or open it in a browser"):
            fetch_document(f"{served.url}/page")
        served.before = lambda *_: Answer(200, b" ")
        with pytest.raises(ClaimlogError, match=r"answers nothing; open it in a browser"):
            fetch_document(f"{served.url}/page")


def add_source(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    return world.run("add", "source", *words, "--texts", str(world.texts))


def test_nobody_is_asked_where_there_is_no_terminal(world: World, tmp_path: Path) -> None:
    path = tmp_path / "article.docx"
    path.write_bytes(docx())
    done = add_source(world, "--document", str(path), *GIVEN)
    assert done.returncode == 2
    assert "title: Harbour pact (proposed)" in done.stdout
    assert "run it again with --yes" in done.stderr
    assert "an option for each of title, authors, language, furniture" in done.stderr
    assert [path.name for path in world.texts.iterdir()] == ["harbour.txt"]
    whole = ("--title", "T", "--authors", "A. Writer", "--publisher", "G", "--language", "en")
    done = add_source(world, "--document", str(path), *whole, "--furniture", "[]", *GIVEN)
    assert done.returncode == 0, done.stderr
    assert (world.texts / "t.txt").read_text("utf-8").startswith("The road ahead\n")


def test_what_is_not_added_leaves_no_text_behind(world: World, tmp_path: Path) -> None:
    path = tmp_path / "article.docx"
    path.write_bytes(docx())
    done = add_source(world, "--document", str(path), "--yes")
    assert done.returncode == 2
    assert "needs --publisher, --reliability, --reliability-rationale, --rights;" in done.stderr
    assert [path.name for path in world.texts.iterdir()] == ["harbour.txt"]
    done = add_source(world, "--document", str(path), "--from", "-")
    assert "--document says what one row holds, and --from reads many" in done.stderr


def sheet(folder: Path, *documents: str, rights: str = "Ours.", **cells: str) -> Path:
    """Write a sheet of sources, each with its document."""
    given = {
        "rights": rights,
        "reliability": "C",
        "reliability_rationale": "Invented.",
        "authors": "",
        "title": "",
        **cells,
    }
    path = folder / "sources.csv"
    lines = [",".join(["document", *given])]
    lines += [",".join([name, *given.values()]) for name in documents]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_rows_name_documents_whose_proposals_fill_empty_cells_alone(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "article.docx").write_bytes(docx())
    path = sheet(tmp_path, "article.docx", title="Mine", publisher="G", authors="")
    refused = add_source(world, "--from", str(path))
    assert refused.returncode == 2
    assert "run it again with --yes" in refused.stderr
    assert [file.name for file in world.texts.iterdir()] == ["harbour.txt"]
    done = add_source(world, "--from", str(path), "--yes")
    assert done.returncode == 0, done.stderr
    assert "sources.csv:2: article.docx" in done.stdout
    assert "title: Mine\n" in done.stdout
    assert "language: en (proposed)" in done.stdout
    text = (world.texts / "mine.txt").read_text("utf-8")
    assert text.startswith("The road ahead\n")
    row = read_with_open(world.package).live("sources").to_dicts()[-1]
    assert (row["title"], row["publisher"], row["language"]) == ("Mine", "G", "en")
    assert (row["text_sha256"], row["kind"]) == (digest(text), "copy")
    assert row["raw_sha256"] == sha256((tmp_path / "article.docx").read_bytes()).hexdigest()
    again = add_source(world, "--from", str(path), "--yes")
    assert "there already" in again.stdout + again.stderr


def test_a_document_that_many_rows_name_is_read_once_and_all_together_are_bounded(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def read_given(document: str, *_rest: Any, **_more: Any) -> tuple[ExtractedText, None]:
        read.append(document)
        return ExtractedText("Ships leave.\n"), None

    monkeypatch.setattr(source_sheet, "read_given_document", read_given)
    table = read_definition(world.package).streams["sources"]

    before = {*world.texts.iterdir()}

    def fill(*names: str) -> set[Path]:
        read.clear()
        entries = read_entries(table, str(sheet(tmp_path, *names, publisher="G")), None)
        texts = Texts(world.texts)
        with filled_by_documents(world.package, table, entries, texts, True, 1):
            return {*world.texts.iterdir()} - before

    assert len(fill(*["a.txt"] * 30, "b.txt")) == 1
    assert [Path(name).name for name in read] == ["a.txt", "b.txt"]
    monkeypatch.setattr(source_sheet, "ADDED_TEXT_BYTES", 20)
    with pytest.raises(ClaimlogError, match=r"csv:4: .* more than 20 bytes of text; add the rows"):
        fill("a.txt", "a.txt", "b.txt")
    monkeypatch.setattr(source_sheet, "ADDED_DOCUMENTS_SECONDS", -1)
    with pytest.raises(ClaimlogError, match=r"csv:2: .* took longer than -1 seconds"):
        fill("a.txt")
    monkeypatch.setattr(source_sheet, "ADDED_DOCUMENTS", 2)
    with pytest.raises(ClaimlogError, match="more than 2 rows name a document"):
        fill("a.txt", "a.txt", "b.txt")
    assert read == []


def test_an_option_holds_for_every_document_of_a_sheet_that_says_nothing_else(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "article.docx").write_bytes(docx())
    path = sheet(tmp_path, "article.docx", rights="")
    words = ("--rights", "Theirs.", "--publisher", "G", "--language", "de", "--reliability", "A")
    done = add_source(world, "--from", str(path), "--yes", *words)
    assert done.returncode == 0, done.stderr
    row = read_with_open(world.package).live("sources").to_dicts()[-1]
    assert (row["rights"], row["publisher"], row["language"]) == ("Theirs.", "G", "de")
    assert row["reliability"] == "C"


@pytest.mark.slow
def test_an_address_in_a_workbook_is_taken_as_one_in_a_sheet(
    served: FileServer, world: World, tmp_path: Path
) -> None:
    definition = read(world.package).definition
    template = workbook_template(
        definition.streams["sources"], definition.codebook.codes, definition.streams
    )
    book = openpyxl.load_workbook(io.BytesIO(template))
    head = [cell.value for cell in book["sources"][1]]
    with served.running():
        cells = dict(zip(GIVEN[::2], GIVEN[1::2], strict=True))
        row = {name.removeprefix("--").replace("-", "_"): value for name, value in cells.items()}
        row |= {"document": f"{served.url}/page", "source_id": "S500"}
        for name, value in row.items():
            book["sources"].cell(2, head.index(name) + 1, value)
        book.save(tmp_path / "sources.xlsx")
        words = ("--from", str(tmp_path / "sources.xlsx"))
        asked, done = add_source(world, *words), add_source(world, *words, "--yes")
    assert f"names {served.url}/page" in asked.stdout
    assert (asked.returncode, done.returncode) == (2, 1)
    assert f"sources.xlsx:2: {served.url}/page: is of this machine" in done.stderr
    assert served.requests == []


def test_a_source_is_not_amended_by_a_document(world: World, tmp_path: Path) -> None:
    path = tmp_path / "sources.csv"
    words = ("amend", "source", "--from", str(path), "--reason", "A slip.")
    path.write_text("source_id,document,title\nS101,other.html,Report\n", "utf-8")
    done = world.run(*words)
    assert "correct the text of one with claimlog correct SOURCE --text FILE" in done.stderr
    path.write_text("source_id,document,title\nS101,,Report\n", "utf-8")
    assert world.run(*words).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("documents", "cells", "message"),
    [
        (("article.docx", "gone.docx"), {}, "sources.csv:3: .*gone.docx"),
        (("article.docx", "../secret.docx"), {}, "sources.csv:3: .*not in the directory"),
        (("article.docx",), {"text": "harbour.txt"}, "sources.csv:2: .*does not go with"),
        (("article.docx",), {"rights": ""}, '"rights" is null'),
        (("",), {"title": "T"}, "no row names one"),
    ],
)
def test_rows_that_are_refused_leave_no_text_behind(
    world: World, tmp_path: Path, documents: tuple[str, ...], cells: dict[str, str], message: str
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for path in (own / "article.docx", tmp_path / "secret.docx"):
        path.write_bytes(docx())
    before = read_with_open(world.package).live("sources").height
    done = add_source(world, "--from", str(sheet(own, *documents, **cells)), "--yes")
    assert done.returncode in (1, 2)
    assert re.search(message, done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert [file.name for file in world.texts.iterdir()] == ["harbour.txt"]
    assert read_with_open(world.package).live("sources").height == before


def test_a_sheet_reaches_no_machine_of_the_users_own(
    served: FileServer, world: World, tmp_path: Path
) -> None:
    with served.running():
        path = sheet(tmp_path, f"{served.url}/page")
        asked = add_source(world, "--from", str(path))
        assert asked.returncode == 2
        assert f"names {served.url}/page" in asked.stdout
        assert "nothing was fetched or added" in asked.stderr
        for name in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"):
            path = sheet(tmp_path, f"{served.url}/page".replace("127.0.0.1", name))
            done = add_source(world, "--from", str(path), "--yes")
            assert done.returncode == 1
            assert "sources.csv:2: " in done.stderr
            assert "your own network, which a file may not name" in done.stderr, done.stderr
    assert served.requests == []
    assert [file.name for file in world.texts.iterdir()] == ["harbour.txt"]


@pytest.mark.parametrize("pattern", ["(a+)+", r"\p{L}+", "(?:a|aa)*"])
def test_what_a_document_states_meets_patterns_in_linear_time(pattern: str, world: World) -> None:
    table = read(world.package).definition.streams["sources"]
    columns = [
        {**spec, "constraints": {"pattern": pattern}} if spec["name"] == "title" else spec
        for spec in table.spec["fields"]
    ]
    own = replace(table, spec={**table.spec, "fields": columns})
    for title, holds in (("a" * 60, True), ("a" * 60 + "!", False), ("a" * 10**7, False)):
        found = propose_columns(own, ExtractedText("Text.\n", title))
        assert ("title" in found) is holds


def test_a_template_of_sources_has_a_column_for_documents_and_others_have_none(
    world: World,
) -> None:
    streams = read(world.package).definition.streams
    named = {
        name for name, table in streams.items() if b"document" in csv_template(table).split(b",")
    }
    assert named == {"sources"}


def test_options_that_do_not_go_together_are_refused(world: World, tmp_path: Path) -> None:
    path = tmp_path / "article.docx"
    path.write_bytes(docx())
    table = read(world.package).definition.streams["sources"]
    for given, texts, message in (
        ({"text": "a.txt"}, Texts(world.texts), "--text does not go with --document"),
        ({}, None, "name that with --texts DIR or CLAIMLOG_TEXTS"),
    ):
        made = source_document.given_by_document(
            world.package, table, str(path), given, texts, True, 1
        )
        with pytest.raises(UsageError, match=message):
            made.__enter__()
    with pytest.raises(ClaimlogError, match=r"a zip file.*, or take the text out of it"):
        text_identity(path)


def test_on_a_terminal_each_proposal_can_be_taken_changed_or_left_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = read(world.package).definition.streams["sources"]
    found = extract(PAGE.encode(), DocumentFormat.HTML, None)
    monkeypatch.setattr(source_document, "read_given_document", lambda *_: (found, None))
    monkeypatch.setattr(source_document, "is_terminal", lambda: True)
    typed = iter(["", "Example, Ada; A. Writer", "", "-", "de", "", "C", "Invented.", "Ours."])
    said = iter([False, True])
    asked = []

    def answer(text: str, default: str | None = None, **_: object) -> str:
        asked.append(text)
        return next(typed) or default or ""

    monkeypatch.setattr("click.prompt", answer)
    monkeypatch.setattr("click.confirm", lambda *_, **__: next(said))
    texts = Texts(world.texts)
    with source_document.given_by_document(
        world.package, table, "page.html", {}, texts, False, 1
    ) as row:
        assert Texts(world.texts).get(row["text_sha256"]) is not None
    assert row["title"] == found.title
    assert row["authors"] == ["Example, Ada", "A. Writer"]
    assert (row["published"], row["language"], row["furniture"]) == (None, "de", [])
    assert (row["reliability"], row["rights"]) == ("C", "Ours.")
    assert asked[:3] == ["title", "authors", "publisher"]
    assert len(asked) == len({*asked})


def test_only_what_a_column_can_hold_is_proposed(world: World) -> None:
    table = read(world.package).definition.streams["sources"]
    found = ExtractedText(
        "Text.\n", "T" * 301, ("A",), "P" * 201, "2025-13-01", "xx", "https://a.example/b"
    )
    assert propose_columns(table, found) == {"authors": ["A"], "url": "https://a.example/b"}


def test_a_text_is_never_written_into_the_repository(world: World, tmp_path: Path) -> None:
    inside = world.root / "my-texts"
    inside.mkdir()
    require_outside_repository(world.package, inside)  # no git, nothing is committed
    subprocess.run(["git", "init", "-q", str(world.root)], check=True)
    for folder in (inside, world.root):
        with pytest.raises(UsageError, match=r"lies in the repository, .*gitignore"):
            require_outside_repository(world.package, folder)
    link = tmp_path / "link"
    link.symlink_to(inside)
    with pytest.raises(UsageError, match=r"add /my-texts/ to \.gitignore"):
        require_outside_repository(world.package, link)
    (world.root / ".gitignore").write_text("/my-texts/\n")
    require_outside_repository(world.package, link)
    require_outside_repository(world.package, world.texts)
    with saved_text(world.package, Texts(inside), "A title", "Text.\n") as path:
        assert path == inside / "a-title.txt"
    with saved_text(world.package, Texts(inside), "A title", "Other.\n") as path:
        assert path == inside / "a-title-2.txt"
    with saved_text(world.package, Texts(inside), "Third", "Text.\n") as path:
        assert path == inside / "a-title.txt"  # it lies there already


@pytest.mark.parametrize(("pattern", "asked"), [("/texts/", 1), ("/texts/*.txt", 3)])
def test_names_that_are_taken_start_no_process_of_git(
    world: World, monkeypatch: pytest.MonkeyPatch, pattern: str, asked: int
) -> None:
    """Every title without a Latin letter gives files the same name."""
    (inside := world.root / "texts").mkdir()
    subprocess.run(["git", "init", "-q", str(world.root)], check=True)
    (world.root / ".gitignore").write_text(f"{pattern}\n")
    for name in ("text", "text-2", "text-4"):
        (inside / f"{name}.txt").write_text(f"{name}\n")
    calls: list[object] = []
    ask_git = Checkout.ignored_paths

    def counted(checkout: Checkout, *paths: Path) -> set[Path]:
        calls.append(paths)
        return ask_git(checkout, *paths)

    monkeypatch.setattr(Checkout, "ignored_paths", counted)
    texts, written = Texts(inside), []
    for content in ("One.\n", "Two.\n", "Three.\n"):
        with saved_text(world.package, texts, "海", content) as path:
            written.append(path.name)
    assert written == ["text-3.txt", "text-5.txt", "text-6.txt"]
    assert len(calls) == asked


def register(world: World, content: str) -> None:
    row = source("S109", kind="copy", text_sha256=digest(content), text_length=len(content))
    add(world.package, "sources", Entries([row]), "coder-1", None)


def test_a_text_that_another_run_registered_meanwhile_stays_when_ours_fails(world: World) -> None:
    content, failed = "A text that two register.\n", pytest.raises(UsageError, match="ours")
    with failed, saved_text(world.package, Texts(world.texts), "Ours", content) as path:
        with saved_text(world.package, Texts(world.texts), "Theirs", content) as theirs:
            assert theirs == path
            register(world, content)
        raise UsageError("ours failed")
    assert path.read_text("utf-8") == content
    with failed, saved_text(world.package, Texts(world.texts), "Other", "Other.\n") as other:
        raise UsageError("ours failed")
    assert not other.exists()


def test_a_text_whose_file_another_run_takes_away_is_written_again(world: World) -> None:
    content = "A text that two register.\n"
    theirs = saved_text(world.package, Texts(world.texts), "Theirs", content)
    path = theirs.__enter__()
    with saved_text(world.package, Texts(world.texts), "Ours", content) as ours:
        assert ours == path
        theirs.__exit__(UsageError, UsageError("failed"), None)
        assert not path.exists()
        register(world, content)
    assert path.with_name("ours.txt").read_text("utf-8") == content


@pytest.mark.parametrize("by", ["the package", "a link to it"])
def test_a_text_is_not_written_where_git_ignores_other_texts_alone(
    world: World, tmp_path: Path, by: str
) -> None:
    """The package lies in a directory of a repository whose owner chose what is ignored."""
    top = tmp_path / "repository"
    shutil.copytree(world.root, top / "data")
    inside = top / "data" / "texts"
    inside.mkdir()
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    (top / ".gitignore").write_text("text.txt\na-title.txt\n")
    (tmp_path / "link").symlink_to(top / "data")
    package = Package(top / "data" if by == "the package" else tmp_path / "link")
    with saved_text(package, Texts(inside), "A title", "Text.\n") as path:
        assert path.name == "a-title.txt"
    refused = pytest.raises(UsageError, match=r"add /data/texts/ to \.gitignore")
    with refused, saved_text(package, Texts(inside), "A title", "Other.\n"):
        pytest.fail("git add would take the text")
    assert [path.name for path in inside.iterdir()] == ["a-title.txt"]


def test_the_ranges_of_furniture_are_of_the_text_that_is_written() -> None:

    blocks = [
        Block("Cafe\u0301 \r\n\x0c"),
        Block("E\u0301tat", "heading"),
        Block(" \n"),
        Block("x"),
    ]
    found = assemble_text(blocks, Statements(), None)
    assert found.text == "Café\n\nÉtat\n\nx\n"
    assert furniture_of(found) == [("heading", "État")]


def test_a_stream_without_files_in_the_descriptor_is_no_file_that_is_missing(world: World) -> None:
    path = world.root / "datapackage.json"
    about = json.loads(path.read_text("utf-8"))
    about["resources"].append({"name": "empty", "type": "table", "data": []})
    path.write_text(json.dumps(about), "utf-8")
    assert isinstance(recover(world.package), list)
    about["resources"][-1] = {"name": "gone", "path": "events/0009-gone/claims.ndjson"}
    path.write_text(json.dumps(about), "utf-8")
    with pytest.raises(ClaimlogError, match=r"lists events/0009-gone/claims.ndjson, .*missing"):
        recover(world.package)


def test_the_page_on_trust_states_the_limits_of_reading_a_document() -> None:
    page = " ".join((ROOT / "docs" / "trust.md").read_text("utf-8").split())
    for words in (
        f"at most {RAW_BYTES // MIB} MiB",
        f"{EXTRACTION_SECONDS} seconds and 10 more for each megabyte",
        "1 GiB of memory and 32 times the file's size",
        f"At the desk a document has {DESK_READ_SECONDS} seconds, however large it is",
        f"At most {ADDED_DOCUMENTS:,} rows of a file name a document, whose texts have at most "
        f"{ADDED_TEXT_BYTES // MIB} MiB together and are taken out in "
        f"{ADDED_DOCUMENTS_SECONDS:,} seconds",
    ):
        assert words in page, words
