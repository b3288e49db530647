"""What one reader cannot do to the server: errors, sizes, slow SQL, and scripts inside pages."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import closing
from functools import partial
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from datasette.app import Datasette
from datasette.utils import InvalidSql, validate_sql_select
from datasette.utils import escape_fts as datasette_escape_fts
from datasette.views import database as database_views
from hypothesis import example, given
from hypothesis import strategies as st
from markupsafe import Markup

from claimlog import sql_worker
from claimlog.escaping import UNPRINTABLE
from claimlog.site import page_html
from claimlog.site.datasette_internals import QueryInterrupted, check_select
from claimlog.site.files.prepared_query import VARIES, page_rows
from claimlog.site.page import Page
from claimlog.site.page_list import PAGES
from claimlog.site.pages import server_metadata
from claimlog.site.protection import reader_limits
from claimlog.site.protection.failures import PageError, describe_error, log_fault
from claimlog.site.protection.known_errors import STATEMENTS, KnownErrors
from claimlog.site.protection.reader_pool import POOLS, ReaderPool, restrict_own
from claimlog.site.protection.reader_request import REQUEST, ReaderRequest, classify_request
from claimlog.site.protection.request_guard import guard_requests
from claimlog.site.protection.security_headers import POLICY, script_source
from claimlog.site.protection.slots import ServerBusy, Slots
from claimlog.site.server_command import SETTINGS
from claimlog.site.table_cells import CellBudget, query_rows, table_rows
from claimlog.site.warm_up import warm_before_ready
from claimlog.sql_process import Worker
from conftest import Get, World, asking_once, copied

FRAME = '<a class="name" href="/">A tiny package</a>'
SOON = 20.0
"""Seconds that no answer here may take on the slowest machine; unbounded, these took minutes."""

ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"


@pytest.fixture(scope="module")
def folder(tiny_build: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = copied(tiny_build, tmp_path_factory.mktemp("limits"))
    return world.package.build


@pytest.fixture(scope="module")
def get(folder: Path) -> Get:
    return asking_once(folder)


def application(folder: Path) -> Datasette:
    about = folder / "datasette"
    return Datasette(
        [],
        immutables=[str(folder / "tiny.db")],
        metadata=json.loads((about / "metadata.json").read_text("utf-8")),
        inspect_data=json.loads((about / "inspect.json").read_text("utf-8")),
        settings=SETTINGS,
    )


def sql(text: str, kind: str = ".json") -> str:
    return f"/tiny{kind}?{urlencode({'sql': text})}"


def many(name: str, number: int) -> str:
    return "&".join(f"{name}=topic" for _ in range(number))


# --- errors


MISSING = (
    *("/measures/a/b/c", "/.well-known/security.txt", "/claims/C001-001/x", "/nothing", "/a.b.c"),
    *("/nothing/claims", "/tiny/nothing", "/tiny/claims/nothing", "/-/nothing"),
    *("/tiny.x?sql=select+1", "/tiny/claims.html", "/tiny/claims/C001-001.JSON"),
    *("/~00", "/~zz/x", "/tiny/~00", "/tiny/claims/~ff", "/-/static/nothing", "/claims/none"),
    *("/-/static-plugins/claimlog/nothing.css", "/" + "a/" * 500 + "a"),
    *("/-/static/app.css/x", "/-/static/" + "a" * 300),
    *("/-/static-plugins/claimlog/frame.css/x", "/docs/" + "a" * 300),
)

WRONG_CONDITIONS = (
    *('{"table":1,"column":[],"value":{}}', '{"table":"claims","column":"x","value":1}'),
    *('{"table":"claims","column":"x","value":"x"}', "null", "[[" * 600),
)

UNREADABLE = (
    *("/%", "/%zz", "/a\\b/", "/tiny/claims?_next=a,b,c", "/tiny/claims?_shape=x&_sort=nothing"),
    *("/tiny/claims?_nocol=nothing", "/tiny/claims?_size=x", "/tiny/claims?_timelimit=x"),
    *("/tiny/claims?_facet=nothing", "/tiny/claims?_through=x", "/tiny/claims?_through={}"),
    *(f"/tiny/claims?{urlencode({'_through': value})}" for value in WRONG_CONDITIONS),
    *("/tiny/claims?_where=nothing", "/tiny/claims?_where=1%00", "/tiny/claims?_search=%22"),
    *("/tiny/claims?topic__in=[", "/tiny/claims?_sort=topic&_sort_desc=topic"),
    *("/tiny/claims?_searchmode=raw&_search=NEAR(", "/tiny/claims.csv?_stream=1&_where=nothing"),
    *("/tiny/claims.csv?_stream=1&_next=x", "/tiny/claims.blob", "/tiny/claim_actors/x"),
    *("/tiny?sql=nothing", "/tiny?sql=select+nothing", "/tiny?sql=select+1%00"),
    *("/tiny?sql=select+1;select+2", "/tiny?sql=select+:_a", "/tiny?sql=select+1&_timelimit=x"),
)


@pytest.mark.parametrize("kind", ["with rich", "without rich"])
@pytest.mark.parametrize("path", [*MISSING, *UNREADABLE])
def test_what_cannot_be_answered_is_said_in_our_frame_and_hardly_logged(
    path: str, kind: str, get: Get, capfd: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    if kind == "with rich":
        pytest.importorskip("rich", reason="NOT RUN: rich is not installed")
    else:
        monkeypatch.setattr("datasette.handle_exception.rich", None)
    page = get(path)
    while page.status_code == 302:  # Datasette's own encoding of odd addresses
        page = get(page.headers["location"])
    assert page.status_code == (404 if path in MISSING else 400)
    assert page.headers["content-security-policy"] == POLICY
    assert FRAME in page.text or path == "/tiny/claims.blob"
    logged = capfd.readouterr()
    assert logged.out + logged.err == ""


@pytest.mark.parametrize(
    "path", ["/nothing.json", "/a/b/c.json", "/tiny/nothing.json", "/tiny/claims.json?_sort=x"]
)
def test_an_error_at_an_address_of_json_is_json(path: str, get: Get) -> None:
    answer = get(path)
    body = answer.json()
    assert body["ok"] is False
    assert body["status"] == answer.status_code >= 400
    assert "<" not in body["error"]


def test_a_fault_of_ours_is_one_line_in_the_log_and_no_secret_on_the_page(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        secret = "hunter2" * 1000
        raise RuntimeError(f"broken\x1b[2J{secret}")

    monkeypatch.setattr("claimlog.site.page_answer.release_store", fail)
    page = asking_once(folder)("/codebook?a=b")
    assert page.status_code == 500
    assert FRAME in page.text
    assert "hunter2" not in page.text
    lines = [line for line in capfd.readouterr().err.splitlines() if "/codebook?a=b" in line]
    assert len(lines) == 1
    assert lines[0].startswith("ERROR: GET /codebook?a=b: RuntimeError: broken\\x1b[2J")
    assert len(lines[0]) < 2 * reader_limits.LOG_CHARACTERS + 200


def test_a_page_of_ours_that_takes_too_long_asks_to_come_again() -> None:
    error = PageError()
    error.__cause__ = QueryInterrupted(None, "select 1", {})
    assert describe_error(error, 2000).status == 503
    assert describe_error(RuntimeError("x"), 2000).status == 500


@pytest.mark.parametrize(
    "target", ["http://evil.example/", "http://localhost/claims/", "evil.example/", "*", "?a=/"]
)
def test_a_target_that_is_no_path_leads_to_no_other_host(target: str, folder: Path) -> None:
    start, *_ = sent_for(folder, target, b"")
    assert start["status"] == 400
    assert b"location" not in dict(start["headers"])


@pytest.mark.parametrize("method", ["POST", "PUT", "TRACE", "DISPATCH_REQUEST", "DATA"])
def test_a_method_that_writes_or_is_no_method_is_refused(method: str, folder: Path) -> None:
    app = application(folder)
    for path in ("/tiny/claims", "/claims", "/nothing"):
        answer = asyncio.run(app.client.request(method, path))
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
        assert FRAME in answer.text


def test_the_methods_that_may_be_used_are_told(folder: Path) -> None:
    answer = asyncio.run(application(folder).client.options("/tiny/claims"))
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize(
    ("cookie", "status"), [("a/b=1", 200), ('a="' + "\\\\" * 3000 + '"', 431), ("a=b", 200)]
)
def test_a_cookie_that_is_odd_or_long_is_no_fault_of_the_server(
    cookie: str, status: int, folder: Path
) -> None:
    app = application(folder)
    assert asyncio.run(app.client.get("/", headers={"cookie": cookie})).status_code == status


def test_a_line_of_the_log_is_short_and_without_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_fault(ValueError("a\nb\x1b]0;x\x07\u202e"), "GET", "x" * 100_000)
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert line.endswith("ValueError: a\\nb\\x1b]0;x\\x07\\u202e\n")
    assert len(line) < reader_limits.LOG_CHARACTERS + 150


@pytest.mark.parametrize("path", ["//", "///", "//evil.example/", "//evil.example/a/", "//?a=b"])
def test_no_address_leads_to_another_host_or_nowhere(path: str, folder: Path) -> None:
    bare, _, query = path.partition("?")
    sent = sent_for(folder, bare, query.encode())
    assert sent[0]["status"] == 404
    assert not any(name == b"location" for name, _ in sent[0]["headers"])


@pytest.mark.parametrize(
    "path", ["/-/databases.json", "/-/databases", "/-/settings.json", "/tiny", "/tiny.json"]
)
def test_no_page_tells_where_the_files_lie(path: str, folder: Path, get: Get) -> None:
    answer = get(path)
    assert answer.status_code == 200
    assert str(folder) not in answer.text


@pytest.mark.parametrize("path", ["/-/threads", "/-/threads.json"])
def test_no_page_tells_of_threads(path: str, get: Get) -> None:
    answer = get(path)
    assert answer.status_code == 404
    assert "thread" not in answer.text.replace("/-/threads", "").lower()


@pytest.mark.parametrize(
    "name",
    [
        *("actor", "allow-debug?allow=-1", "auth-token", "config", "databases", "logout"),
        *("messages", "metadata", "patterns", "permissions", "plugins", "settings", "versions"),
    ],
)
def test_no_page_of_datasettes_about_itself_sets_a_cookie(name: str, get: Get) -> None:
    answer = get(f"/-/{name}")
    assert "set-cookie" not in answer.headers
    assert answer.status_code < 500
    assert (answer.status_code == 404) is name.startswith(("messages", "allow-debug"))


def test_what_the_server_was_started_with_is_written_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = application(folder)

    def ask(path: str) -> httpx.Response:
        answer: httpx.Response = asyncio.run(app.client.get(path))
        return answer

    for query in ("", "?x=1"):
        page = ask(f"/-/metadata{query}")
        assert (page.status_code, page.headers["location"]) == (302, "/-/metadata.json")
    first = ask("/-/metadata.json")
    assert first.json() == json.loads(json.dumps(app.metadata()))
    monkeypatch.setattr(server_metadata, "site_metadata", lambda _: pytest.fail("Written anew."))
    assert ask("/-/metadata.json?x=1").content == first.content


@pytest.mark.parametrize("text", ["[NaN, 1]", "-Infinity", "[1e999]", '{"a": [Infinity]}'])
def test_what_is_no_number_of_json_stays_a_text(text: str, get: Get) -> None:
    answer = get(sql(f"select '{text}' as a") + "&_json=a&_shape=array")
    assert json.loads(answer.text, parse_constant=pytest.fail) == [{"a": text}]
    assert get(sql("select '[1.5]' as a") + "&_json=a&_shape=array").json() == [{"a": [1.5]}]


@pytest.mark.parametrize("more", [True, False])
def test_who_takes_an_answer_slowly_keeps_no_slot_for_pages(more: bool, folder: Path) -> None:
    started: set[str] = set()

    async def app(scope: Any, _: Any, send: Any) -> None:
        request = REQUEST.get()
        assert request is not None
        request.stream = more
        started.add(scope["client"][0])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a" * 100_000, "more_body": more})

    async def run() -> None:
        wrapped = guard_requests(app, application(folder))

        async def never(*_: Any) -> Any:
            await asyncio.sleep(60)

        tasks = []
        for number in range(2 * reader_limits.PAGES):
            scope = {
                "type": "http", "method": "GET", "path": "/x", "raw_path": b"/x", "headers": [],
                "query_string": b"", "client": (f"192.0.2.{number}", 1),
            }  # fmt: skip
            tasks.append(asyncio.create_task(wrapped(scope, never, never)))
        async with asyncio.timeout(SOON):
            while len(started) < 2 * reader_limits.PAGES:
                await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(run())


# --- sizes


@pytest.mark.parametrize(
    ("path", "status", "limit"),
    [
        ("/claims?q=" + "a" * 9000, 414, "at most 8,192"),
        ("/tiny/claims?" + many("x", 101), 400, "at most 100"),
        ("/claims?" + many("x", 101), 400, "at most 100"),
        ("/claims?" + "&" * 8000, 400, "at most 100"),
        ("/tiny/claims?" + many("_facet", 11), 400, "at most 10"),
        ("/tiny/claims?" + many("_where", 99), 400, "at most 10"),
        ("/tiny/claims?" + many("%5ffacet", 11), 400, "at most 10"),
        ("/tiny/claims?" + many("_f%61cet_array", 11), 400, "at most 10"),
        ("/tiny/claims?" + many("_facet_column", 11), 400, "at most 10"),
        ("/tiny/claims?" + many("+_x", 1) + "&" + many("_%77here", 11), 400, "at most 10"),
        ("/tiny/claims?_facet_size=max&_x=" + "a" * 4000, 400, "repeat the query"),
        ("/tiny/claims?_f%61cet_size=%6dax&_x=" + "a" * 4000, 400, "repeat the query"),
        ("/tiny/claims?_facet_size=150&_facet=topic&_x=" + "a" * 4000, 400, "repeat the query"),
        ("/tiny/claims?_x=" + "a" * 7000 + "&" + many("_facet", 1), 400, "repeat the query"),
        ("/tiny/claims?_labels=" + "a" * 7000, 400, "repeat the query"),
        ("/" + "a" * 3000, 414, "at most 2,048"),
    ],
)
def test_an_address_that_is_too_long_is_refused_with_the_limit(
    path: str, status: int, limit: str, get: Get
) -> None:
    page = get(path)
    assert page.status_code == status
    assert limit in page.text
    assert FRAME in page.text
    bare, _, query = path.partition("?")
    answer = get(f"{bare}.json?{query}")
    assert answer.status_code == status
    assert limit in answer.json()["error"]


def test_as_much_as_is_allowed_is_read(get: Get) -> None:
    started = time.perf_counter()
    for path in ("/claims?" + many("q", 100), "/tiny/claims?" + many("topic", 99)):
        assert get(path).status_code == 200
    assert get("/tiny/claims?" + many("_facet", 10)).status_code == 200
    assert get("/tiny/claims?_facet_size=max&" + many("_facet", 10)).status_code == 200
    assert get("/tiny?sql=select+1&_x=" + "a" * 8000).status_code == 200
    assert time.perf_counter() - started < SOON


@pytest.mark.parametrize("name", ["_trace", "%5ftrace", "_tr%61ce"])
def test_a_trace_that_is_not_allowed_turns_csv_into_no_page(name: str, get: Get) -> None:
    answer = get(f"/tiny/claims.csv?{name}=1&_size=1")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "<" not in answer.text.splitlines()[0]


def test_a_stream_that_fails_in_its_midst_is_seen_not_to_be_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("datasette.views.base.LimitedWriter.write", _fail_late())
    sent = sent_for(folder, "/tiny/claims.csv", b"_stream=1")
    assert sent[0]["status"] == 200
    assert any(b"claim_id" in message["body"] for message in sent[1:])
    assert all(message["more_body"] for message in sent[1:])  # no end
    assert b"forged" not in b"".join(message["body"] for message in sent[1:])
    assert "ERROR: GET /tiny/claims.csv: ValueError: forged" in capfd.readouterr().err


def _fail_late() -> Any:
    wrote = 0

    async def write(self: Any, data: str) -> None:
        nonlocal wrote
        wrote += 1
        if wrote > 2:
            raise ValueError("forged")
        await self.writer.write(data)

    return write


def sent_for(folder: Path, path: str, query: bytes) -> list[dict[str, Any]]:
    """Return the messages of an answer, whole or not."""
    sent: list[dict[str, Any]] = []

    async def ask(app: Datasette) -> None:
        async def receive() -> dict[str, Any]:
            await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "GET", "path": path, "headers": [],
            "raw_path": path.encode(), "query_string": query,
        }  # fmt: skip
        await app.client.app(scope, receive, send)

    at_once(folder, ask)
    return sent


def test_what_a_served_process_logs_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("uvicorn")
    handler = logging.StreamHandler(sys.stderr)
    logger.addHandler(handler)
    bare = sys.stderr

    async def app(*_: Any) -> None:
        sys.stderr.write("Caught this error: \x1b]0;owned\x07\n")
        logger.error("traceback \x1b[2J")
        assert not sys.stderr.isatty()

    try:
        asyncio.run(warm_before_ready(app, None)({"type": "lifespan"}, None, None))
    finally:
        logger.removeHandler(handler)
    assert sys.stderr is bare
    message = capsys.readouterr().err
    assert r"Caught this error: \x1b]0;owned\x07" in message
    assert r"traceback \x1b[2J" in message
    assert "\x1b" not in message


def test_what_sqlite_says_of_a_query_is_one_short_line(get: Get) -> None:
    message = get(sql('select "a"."\nERROR: forged\x1b' + "b" * 3000 + '" from claims')).json()[
        "error"
    ]
    assert message.startswith(r"no such column: a.\nERROR: forged\x1b")
    assert len(message) <= reader_limits.MESSAGE_CHARACTERS


@pytest.mark.parametrize("statement", ["select nothing", "select * from nowhere", "select ("])
def test_a_statement_that_does_not_compile_is_known_when_it_is_asked_again(
    get: Get, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    first = get(sql(statement))
    assert first.status_code == 400

    def refuse(*_: Any) -> None:
        raise AssertionError("a process was asked")

    monkeypatch.setattr(Worker, "run", refuse)
    again = get(sql(statement))
    assert again.status_code == 400
    assert again.json()["error"] == first.json()["error"] != ""


@pytest.mark.parametrize(
    ("path", "wrong", "right"),
    [
        (sql("select count(*) from claims_fts where claims_fts match :q"), "q=no:x", "q=a"),
        ("/tiny/claims.json?_searchmode=raw", "_search=no:x", "_search=a"),
    ],
)  # fmt: skip
def test_what_a_search_says_of_its_words_is_said_of_no_other_words(
    get: Get, path: str, wrong: str, right: str
) -> None:
    assert "no such column: no" in get(f"{path}&{wrong}").json()["error"]
    assert get(f"{path}&{right}").status_code == 200
    assert get(f"{path}&{wrong}").status_code == 400


@pytest.mark.parametrize("statement", ["select nothing", "select load_extension('a')"])
def test_a_query_that_fails_is_no_empty_file_as_csv(get: Get, statement: str) -> None:
    answer, data = get(sql(statement, ".csv")), get(sql(statement))
    assert answer.status_code == data.status_code == 400
    assert "text/csv" not in answer.headers["content-type"]
    assert data.json()["error"] in unescape(answer.text)


def test_of_errors_those_of_statements_alone_are_kept_and_so_many_of_them() -> None:
    errors = KnownErrors()
    for message in ("interrupted", "string or blob too big", "not authorized", ""):
        errors.note("select 1", {"error": "OperationalError", "message": message})
        assert errors.find("select 1") is None
    columns = {"error": "OperationalError", "message": "no such column: a", "compiles": True}
    errors.note("select 1", columns)
    assert errors.find("select 1") is None
    for number in range(STATEMENTS + 5):
        message = f"no such column: c{number}"
        answer = {"error": "OperationalError", "message": message, "compiles": False}
        errors.note(f"select c{number}", answer)
        errors.find("select c0")
    kept = [number for number in range(STATEMENTS + 5) if errors.find(f"select c{number}")]
    assert kept == [0, *range(6, STATEMENTS + 5)]


# --- long and odd cells


def test_a_cell_is_cut_by_what_it_takes_as_html(get: Get) -> None:
    rows = "with recursive n(i) as (select 1 union all select i + 1 from n limit 200) "
    odd = "replace(hex(zeroblob(240)), '0', char(1))"
    columns = ", ".join(f"{odd} as c{number}" for number in range(20))
    started = time.perf_counter()
    page = get(sql(f"{rows} select {columns} from n", ""))
    assert time.perf_counter() - started < SOON
    assert page.status_code == 200
    assert len(page.text) < 2 * reader_limits.PAGE_CHARACTERS
    assert "cut here; the JSON has all of it" in page.text
    assert "\x01" not in page.text
    assert get(sql(f"select {odd} as a")).json()["rows"] == [["\x01" * 480]]


@pytest.mark.slow
@pytest.mark.parametrize(
    "cell", ["<", "&", "'", "\x01", "\U000e0041", "é\u200d", "a", "\r\n", "https://a.example/"]
)
def test_a_page_of_cells_has_room_for_so_much(cell: str) -> None:
    started = time.perf_counter()
    rows = [[cell * (2048 // len(cell))] * 20 for _ in range(200)]
    page = query_rows([str(number) for number in range(20)], rows, "")
    assert len(page) < 2 * reader_limits.PAGE_CHARACTERS
    assert time.perf_counter() - started < SOON
    assert not UNPRINTABLE.search(page.replace("\r\n", ""))


@pytest.mark.parametrize("path", [sql("select 1 as a", ""), "/tiny/claims"])
def test_cells_are_drawn_while_others_are_answered(
    path: str, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn_by = set()

    def fit(_: CellBudget, value: Any) -> Markup:
        drawn_by.add(threading.current_thread())
        return Markup(value)

    monkeypatch.setattr(CellBudget, "fit", fit)
    assert get(path).status_code == 200
    assert len(drawn_by) == 1
    assert threading.main_thread() not in drawn_by


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.pattern)
def test_pages_of_ours_are_drawn_while_others_are_answered_and_up_to_a_length(
    page: Page, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page.is_document or "(?P<image>" in page.pattern or "(?P<file>" in page.pattern:
        return
    path = re.sub(r"\(\?:.*", "", re.sub(r"\(\?P<.*?\)", "no-such", page.pattern)) or "/"
    with monkeypatch.context() as short:
        short.setattr(page_html, "HTML_CHARACTERS", 1_000)
        answer = get(path)
        assert (answer.status_code, "more than it can show" in answer.text) == (400, True)
    drawn_by = set()
    context = page_html.page_context

    def page_context(*args: Any) -> dict[str, Any]:
        drawn_by.add(threading.current_thread())
        return context(*args)

    monkeypatch.setattr(page_html, "page_context", page_context)
    assert get(path).status_code in (200, 404)
    assert len(drawn_by) == 1
    assert threading.main_thread() not in drawn_by


def test_an_ordinary_cell_is_whole() -> None:
    text = "A & B's <words> — né"
    assert str(CellBudget().fit(text)) == "A &amp; B&#39;s &lt;words&gt; — né"
    assert CellBudget().fit("a" * 2048 + "…") == "a" * 2048 + "…"


def test_a_link_that_is_longer_than_a_page_is_no_link() -> None:
    link = Markup(f'<a href="http://a.example/{"b" * 500_000}">http://a.example/</a>')
    page = query_rows(["a"], [[link]] * 4, "")
    assert "<a" not in page
    assert page.count("http://a.example/") == 4


def test_a_link_stays_one_when_a_name_in_it_is_odd() -> None:
    assert CellBudget().fit(Markup('<a href="/a">b\x1b</a>')) == Markup('<a href="/a">b\\x1b</a>')


def test_blobs_link_to_few_downloads_because_each_link_repeats_the_query(get: Get) -> None:
    columns = ", ".join(f"zeroblob(10) as c{number}" for number in range(20))
    rows = "with recursive n(i) as (select 1 union all select i + 1 from n limit 150) "
    page = get(sql(f"{rows} select {columns} from n", "")).text
    assert f"The first {reader_limits.CELLS // 20 // reader_limits.BLOB_CELLS} rows of more" in page


def test_a_rows_own_page_shows_all_of_a_long_value(get: Get) -> None:
    rows = [[{"column": "a", "value": "b" * 60_000}]]
    assert "b" * 60_000 in table_rows(rows, whole=True)
    assert "b" * 4_000 not in table_rows(rows)
    assert get("/tiny/claims/C001-001").status_code == 200


# --- readers' SQL


@pytest.mark.parametrize(
    "start", ["/**/" + " " * 8000, "/**/" * 2000, "/**/ " * 1600, "/*" * 4000, "--\n " * 2000,
              " " * 8000, "explain" + " " * 8000, "explain query" + " " * 8000 + "plan"],
)  # fmt: skip
def test_sql_is_told_from_no_sql_in_a_time_that_grows_with_its_length(start: str) -> None:
    started = time.perf_counter()
    for _ in range(20):  # one took seconds
        with pytest.raises(InvalidSql):
            check_select(f"{start}x")
    assert time.perf_counter() - started < 5


PIECES = st.sampled_from(
    (
        *("select", "with", "explain ", "query", " plan", "pragma", "pragma_table_info", "SELECT"),
        *("/*", "*/", "--", "-", "\n", " ", "\t", "\u2003", "/", "*", "x", "1", "(", ";", "'"),
    )
)


@given(st.lists(PIECES, max_size=9).map("".join))
@example("/* a */ -- b\n explain  query plan\nwith x")
@example("/*/ select")
@example("a\n--b\nselect")
def test_the_verdict_on_sql_is_datasettes(text: str) -> None:
    def verdict(check: Callable[[str], None]) -> str:
        try:
            check(text)
        except InvalidSql as error:
            return str(error)
        return ""

    assert verdict(check_select) == verdict(validate_sql_select)


def test_datasettes_views_check_sql_as_we_do(get: Get) -> None:
    assert get(sql("/**/" + " " * 100 + "x")).status_code == 400
    assert database_views.validate_sql_select is check_select


@pytest.mark.parametrize("cell", ["''", "null", "1", "zeroblob(0)"])
def test_rows_of_nothing_take_room_too(cell: str, get: Get) -> None:
    rows = "(with recursive n(i) as (select 1 union all select i + 1 from n limit 400000) "
    condition = f"1 union all select {cell} from {rows} select i from n)"
    started = time.perf_counter()
    answer = get(f"/tiny/claims.json?{urlencode({'_col': 'claim_id', '_where': condition})}")
    assert time.perf_counter() - started < SOON
    assert answer.status_code in (200, 400)
    job = {
        "uri": "file::memory:", "params": {}, "rows": None, "value_bytes": 1_000_000,
        "answer_bytes": 1_000_000, "limits": reader_limits.SQLITE, "seconds": 60, "names": 1000,
        "sql": f"select {cell} from {rows} select i from n)",
    }  # fmt: skip
    opened = sql_worker.connect("file::memory:", reader_limits.SQLITE)
    assert sql_worker.run(opened, {**job, "most": 5})["error"] == "TooManyRows"
    assert sql_worker.run(opened, {**job, "most": 1_000_000})["error"] == "TooMuch"
    opened.close()


@pytest.mark.parametrize(("cells", "error"), [("i * 0.1234567890123456", "TooMuch"), ("i", None)])
def test_floats_take_the_room_of_what_writes_them_as_long(cells: str, error: str | None) -> None:
    """One of seventeen digits takes twenty times as long as a text of them."""
    rows = "(with recursive n(i) as (select 1 union all select i + 1 from n limit 1000) "
    job = {
        "sql": f"select {', '.join([cells] * 30)} from {rows} select i from n)", "params": {},
        "uri": "file::memory:", "rows": 1_000, "most": 5_000, "names": 10_000, "seconds": 20,
        "value_bytes": reader_limits.VALUE_BYTES, "answer_bytes": reader_limits.ANSWER_BYTES,
        "limits": reader_limits.SQLITE,
    }  # fmt: skip
    opened = sql_worker.connect("file::memory:", reader_limits.SQLITE)
    assert sql_worker.run(opened, job).get("error") == error
    opened.close()


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("date('2025-01-31', '+1 month')", "2025-03-03"),
        ("strftime('%Y', '2024-02-03')", "2024"),
        ("date(null)", None),
        ("abs(-3)", 3),
        *((cell, ...) for cell in (
            "date()", "datetime('NOW')", "strftime('%s')", "julianday('2024-01-01', 'localtime')",
            "current_date", "current_time", "current_timestamp", "time('now', '+1 day')",
            "datetime(x'6e6f77')", "date(cast('Now' as blob))", "date('now' || char(0))",
            "date('2024-01-01', cast('localtime' as blob))",
            "date('2024-01-01', 'utc' || char(0) || 'x')",
            "random()", "hex(randomblob(4))", "sqlite_version()", "unixepoch('now')",
        )),
    ],
)  # fmt: skip
def test_pages_of_files_ask_neither_the_clock_nor_chance(cell: str, value: Any) -> None:
    """A release could not be verified by drawing its pages again."""
    opened = sql_worker.connect("file::memory:", reader_limits.SQLITE)
    sql_worker.refuse_varying(opened)
    job = {
        "sql": f"select {cell}", "params": {}, "uri": "file::memory:", "rows": 5, "most": 5,
        "names": 100, "steps": 1_000_000, "seconds": 20, "value_bytes": 1_000,
        "answer_bytes": 10_000, "limits": reader_limits.SQLITE,
    }  # fmt: skip
    answer = sql_worker.run(opened, job)
    opened.close()
    if value is ...:
        assert page_rows(answer)["failure"] == VARIES
    else:
        assert answer["rows"] == [[value]]


def test_names_of_columns_are_no_way_to_a_long_answer(get: Get) -> None:
    long = "a" * 5000
    columns = ", ".join(["*"] * 10)
    answer = get(sql(f'with n as (select 1 as "{long}") select {columns} from n'))
    assert answer.status_code == 400
    assert "names of the columns" in answer.json()["error"]
    assert get(sql(f'select 1 as "{long}"', "")).status_code == 200


@pytest.mark.parametrize("name", ["$base64", "%24base64", "a"])
def test_a_parameter_may_have_any_name(name: str, get: Get) -> None:
    answer = get(sql("select 1 as a") + f"&{name}=x")
    assert answer.status_code == 200
    assert answer.json()["rows"] == [[1]]


@pytest.mark.parametrize("answered", [b"", b"\0\0\0\x09", b"\0\0\0\x09{"])
def test_a_process_that_ends_in_the_midst_of_a_job_is_one_error(answered: bytes) -> None:
    worker = Worker()
    own, theirs = socket.socketpair()
    with theirs:
        worker._channel = own
        theirs.sendall(answered)
        theirs.shutdown(socket.SHUT_WR)
        assert worker.run(plain_job("select 1 as a")) == {"error": "Died"}
    assert not worker.alive
    own.close()


def test_a_query_whose_process_is_killed_is_no_fault_of_the_server(folder: Path) -> None:
    async def ask(app: Datasette) -> int:
        await app.invoke_startup()
        pool = POOLS[app]
        pool.start()
        (worker,) = pool._idle
        running = asyncio.ensure_future(app.client.get(sql(ENDLESS)))
        while pool._idle:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        os.kill(worker.pid, signal.SIGKILL)
        return int((await running).status_code)

    assert at_once(folder, ask) == 400


def test_an_idle_process_that_was_ended_is_not_asked() -> None:
    pool = ReaderPool()
    pool.start()
    job = {
        "uri": "file::memory:", "params": {}, "rows": 5, "value_bytes": 1000, "most": 5,
        "answer_bytes": 1000, "memory": reader_limits.WORKER_BYTES,
        "limits": reader_limits.SQLITE, "seconds": 60, "names": 1000, "sql": "select 1 as a",
    }  # fmt: skip
    (worker,) = pool._idle
    worker._process.kill()
    worker._process.wait(10)
    results = asyncio.run(pool.run(job))["results"]
    assert [tuple(row) for row in results.rows] == [(1,)]
    assert not worker.alive


@pytest.mark.parametrize("text", ["[],", "0,", '{"a":0},', "[[[],[]],[]],"])
def test_json_in_cells_is_parsed_up_to_a_number_of_values(text: str, get: Get) -> None:
    cells = "select '[' || replace(hex(zeroblob({})), '00', '{}') || '1]' as a"
    few, many = (get(sql(cells.format(number, text)) + "&_json=a") for number in (50, 30_000))
    assert len(few.json()["rows"][0][0]) == 51
    assert many.status_code == 400
    assert "values to parse as JSON" in many.json()["error"]
    assert get(sql(cells.format(30_000, text))).status_code == 200  # as a text


def test_each_cell_that_may_be_json_counts_as_a_value(get: Get) -> None:
    rows = "with recursive n(i) as (select 1 union all select i + 1 from n limit 1000) "
    empty = ", ".join(["'' as a"] * 30)
    answer = get(sql(f"{rows} select {empty} from n") + "&_json=a&_shape=arrays")
    assert answer.status_code == 400
    assert "values to parse as JSON" in answer.json()["error"]


@pytest.mark.parametrize("kind", [".csv", ".json"])
def test_cells_of_bytes_count_for_what_is_made_of_them(kind: str, get: Get) -> None:
    """As CSV each is a link that repeats the whole query."""
    rows = "with recursive n(i) as (select 1 union all select i + 1 from n limit {}) "
    cells = ", ".join(["x'80'"] * 40)
    few, many = (get(sql(f"{rows.format(n)} select {cells} from n", kind)) for n in (10, 1_000))
    assert few.status_code == 200
    assert many.status_code == 400
    assert "the answer has more than" in many.text


@pytest.mark.parametrize("cell", ["char(1)", "'é'", "'😀'", "x'00'", "x'ff'", "'a'"])
def test_an_answer_is_bounded_by_what_it_takes_as_json(cell: str, get: Get) -> None:
    rows = "with recursive n(i) as (select 1 union all select i + 1 from n limit 200) "
    long = f"replace(hex(zeroblob(4900)), '0', {cell})"
    for text in (f"{rows} select {long} as a from n", f"{rows} select cast({long} as blob) from n"):
        answer = get(sql(text))
        assert answer.status_code == 400 or len(answer.content) < reader_limits.ANSWER_BYTES * 1.1
    names = ", ".join(f"i as {name * 60}{place}" for place, name in enumerate("abcdefghij" * 15))
    answer = get(f"{sql(f'{rows} select {names} from n')}&_shape=objects")
    assert len(answer.content) < reader_limits.ANSWER_BYTES * 1.1


def test_json_that_is_nested_too_deeply_is_no_fault_of_ours(
    get: Get, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = get(sql("select replace(hex(zeroblob(100000)), '0', '[') as a") + "&_json=a")
    assert answer.status_code in (200, 400)
    assert capfd.readouterr().err == ""
    assert describe_error(RecursionError("maximum recursion depth exceeded"), 2000).status == 400


def test_a_query_that_took_too_long_is_there_to_be_changed(get: Get) -> None:
    page = get(f"{sql(ENDLESS, '')}&_timelimit=100")
    assert page.status_code == 400
    assert f">{ENDLESS}</textarea>" in page.text
    assert ENDLESS not in get("/tiny/claims?_timelimit=1&_where=" + quote(f"({ENDLESS})")).text


REACHING = (
    *("select fts3_tokenizer('simple')", "select FTS3_TOKENIZER('simple', x'4141414141414141')"),
    *("select * from fts3tokenize where input = 'x'", "select 1 from fts3tokenize"),
    *("select load_extension('x')", "select fts5('x')", "select rtreecheck('claims_fts')"),
    *("select sql from sqlite_stmt", "select 1 from SQLITE_STMT", "select count(*) from dbstat"),
    *("select 1 where (select count(*) from sqlite_stmt)", "select count(*) from claims, dbstat"),
    *("select file from pragma_database_list", "select 1 from pragma_database_list"),
    *("select * from pragma_compile_options", "select sqlite_compileoption_get(1)"),
)
"""What reads or writes the process, its files or other readers' queries, in place of the data."""


def plain_job(text: str) -> dict[str, Any]:
    return {
        "uri": "file::memory:", "params": {}, "rows": 5, "value_bytes": 1_000_000, "most": 5,
        "answer_bytes": 1_000_000, "memory": reader_limits.WORKER_BYTES,
        "limits": reader_limits.SQLITE, "seconds": 60, "names": 1000, "sql": text,
    }  # fmt: skip


@pytest.mark.parametrize("text", REACHING)
def test_sql_reaches_nothing_but_the_data(text: str, get: Get, folder: Path) -> None:
    for path in (
        sql(text),
        f"/tiny/claims.json?_where={quote(f'exists({text})')}",
        f"/tiny/claims.csv?_stream=1&_where={quote(f'exists({text})')}",
    ):
        answer = get(path)
        assert answer.status_code == 400
        assert str(folder) not in answer.text
    with closing(sqlite3.connect(f"file:{folder / 'tiny.db'}?immutable=1", uri=True)) as own:
        restrict_own(own, "tiny")  # as every connection of the server's own
        with pytest.raises(sqlite3.Error, match=r"not authorized|prohibited|no such|not exist"):
            own.execute(text).fetchall()


def test_the_servers_own_connections_are_restricted_too(folder: Path) -> None:
    database = application(folder).databases["tiny"]

    async def ask() -> None:
        with pytest.raises(sqlite3.Error, match="fts3_tokenizer"):
            await database.execute_fn(lambda own: own.execute("select fts3_tokenizer('simple')"))

    asyncio.run(ask())


def test_what_readers_need_may_be_called(get: Get) -> None:
    for text in (
        "select name from pragma_table_info('claims')",
        "select value from claims, json_each('[1]') limit 1",
        "select snippet(claims_fts, 0, '', '', '', 3) from claims_fts "
        "where claims_fts match escape_fts('pilots') order by bm25(claims_fts)",
        "with sqlite as (select 1 as a) select count(*) from sqlite",
        "select row_number() over (order by claim_id), date('now'), round(sqrt(2), 1) from claims",
        "select count(*) from sqlite_master",
    ):
        assert get(sql(text)).status_code == 200, text


def forged_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> Worker:
    """Return a worker whose process runs some lines, with a `channel` to the server."""
    program = tmp_path / "forged.py"
    program.write_text(
        f"import socket, sys, time\nchannel = socket.socket(fileno=int(sys.argv[1]))\n{body}"
    )
    monkeypatch.setattr("claimlog.sql_process.PROGRAM", program)
    return Worker()


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        b"", b"{", b"[" * 100_000, b"[]", b"cos\nsystem\n(S'true'\ntR.", b'{"names": ["a"]}',
        b'{"names": ["a"], "rows": [[1, 2]]}', b'{"names": ["a"], "rows": [[[1]]]}',
        b'{"names": [1], "rows": []}', b'{"names": ["a"], "rows": [[{"$base64": "_"}]]}',
        b'{"names": ["a"], "rows": [[true]]}',
    ],
)  # fmt: skip
def test_a_process_that_was_taken_over_can_only_answer_with_data(
    answer: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = forged_worker(
        tmp_path,
        monkeypatch,
        "channel.recv(1 << 20)\n"
        f"answer = {answer!r}\n"
        "channel.sendall(len(answer).to_bytes(4, 'big') + answer)\n"
        "channel.recv(1)\n",
    )
    assert worker.run(plain_job("select 1 as a"))["error"] in ("Died", "OperationalError")
    assert not worker.alive


@pytest.mark.parametrize("answer", [b"\x7f\xff\xff\xff", b"\0\0\0\x09{"])
def test_a_process_that_promises_an_answer_is_not_waited_for(
    answer: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = forged_worker(tmp_path, monkeypatch, f"channel.sendall({answer!r})\ntime.sleep(60)\n")
    started = time.perf_counter()
    assert "error" in worker.run({**plain_job("select 1"), "seconds": 0.2})
    assert time.perf_counter() - started < SOON
    assert not worker.alive


BOMB = "with c0 as (select 1 as x), {} select count(*) from c22".format(
    ", ".join(
        f"c{i + 1} as (select 1 as x from c{i} union all select 1 from c{i})" for i in range(22)
    )
)
LONG = "replace(hex(zeroblob(490000)), '0', 'a')"
HOSTILE = {
    "a search in one step": f"select instr({LONG}, substr({LONG}, 1, 490000) || 'b')",
    "a trim in one step": f"select trim({LONG}, replace({LONG}, 'a', 'b'))",
    "a plan that doubles": BOMB,
    "a blob": "select zeroblob(100000000)",
    "a longer blob": "select hex(zeroblob(100000000))",
    "a replacement that grows": f"select length(replace({LONG}, 'a', {LONG}))",
    "a long list": ENDLESS.replace("max(i)", "length(group_concat(i))"),
    "large rows": f"with recursive n(i) as (select {LONG} union all select i from n) "
    "select count(distinct i || random()) from n",
    "a large answer": f"with recursive n(i) as (select 1 union all select i + 1 from n) "
    f"select {LONG} from n limit 100",
    "too many columns": f"select {', '.join(map(str, range(300)))}",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_sql_is_refused_in_time_and_named(
    name: str, get: Get, capfd: pytest.CaptureFixture[str]
) -> None:
    started = time.perf_counter()
    answer = get(sql(HOSTILE[name]))
    assert time.perf_counter() - started < SOON
    assert answer.status_code == 400
    assert re.search(
        "took longer than 2 s|more than [14] MB|too many columns|than a reader's may have",
        answer.json()["error"],
    )
    assert get(sql("select 1 + 1")).json()["rows"] == [[2]]
    assert capfd.readouterr().err == ""


def test_padding_of_a_hundred_million_characters_is_not_made(get: Get) -> None:
    for text in ("printf('%.*c', 100000000, 'x')", "printf('%100000000d', 1)"):
        answer = get(sql(f"select length({text})"))
        assert answer.status_code == 400 or answer.json()["rows"] == [[None]]


KEPT = """a{0} as materialized (select zeroblob(900000) as x from
    json_each('[' || rtrim(replace(hex(zeroblob({1})), '00', '1,'), ',') || ']'))"""
"""SQL for so many times 0.9 MB that a query keeps while it runs."""


@pytest.mark.slow
@pytest.mark.parametrize(("tables", "values"), [(1, 200), (12, 60)])
def test_what_a_query_keeps_counts_as_memory_in_all_and_no_file_is_written(
    tables: int, values: int
) -> None:
    kept = ", ".join(KEPT.format(number, values) for number in range(tables))
    counts = " + ".join(
        f"(select count(*) + (select count(*) from a{number}) from a{number})"
        for number in range(tables)
    )
    job = plain_job(f"with {kept} select {counts}")
    worker = Worker()
    try:
        answer = worker.run(job)
    finally:
        worker.end()
    if tables * values * 900_000 < reader_limits.WORKER_BYTES:
        assert answer["rows"] == [(2 * values,)]
    else:
        assert answer["error"] in ("MemoryError", "Died")


def test_a_process_answers_from_any_number_of_databases(tmp_path: Path) -> None:
    """A server may have a hundred releases beside the build."""
    worker = Worker()
    try:
        for number in range(2 * sql_worker.FILES):
            path = tmp_path / f"{number}.db"
            with closing(sqlite3.connect(path)) as database:
                database.execute(f"create table n as select {number} as i")
            job = plain_job("select i from n") | {"uri": f"{path.as_uri()}?immutable=1"}
            assert worker.run(job)["rows"] == [(number,)]
        assert worker.run(plain_job("select 1 as a"))["rows"] == [(1,)]
    finally:
        worker.end()


def test_a_process_for_sql_can_write_no_file() -> None:
    limits = (
        "import resource\n"
        "from claimlog import sql_worker\n"
        "sql_worker.confine_process()\n"
        "print(resource.getrlimit(resource.RLIMIT_FSIZE))\n"
    )
    done = subprocess.run([sys.executable, "-c", limits], capture_output=True, timeout=60)
    assert done.stdout == b"(0, 0)\n"


def test_a_process_that_does_not_stop_is_ended_and_another_takes_its_place() -> None:
    worker = Worker()
    job = {
        "uri": "file::memory:", "params": {}, "rows": None, "value_bytes": 1_000_000,
        "answer_bytes": 1000, "memory": reader_limits.WORKER_BYTES,
        "limits": reader_limits.SQLITE, "seconds": 0.2, "most": 5, "names": 1000,
    }  # fmt: skip
    assert worker.run({**job, "seconds": 60, "sql": "select 1 as a"})["rows"] == [(1,)]
    # a minute in one step, of little memory: no machine answers or runs out of anything before
    long_step = HOSTILE["a search in one step"].replace("490000", "1900000")
    job["value_bytes"] = 4_000_000
    assert worker.run({**job, "sql": long_step})["message"] == "interrupted"
    assert not worker.alive
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, 0)


def test_a_process_of_its_own_ends_with_the_server() -> None:
    program = (
        "import sys\n"
        "from claimlog.sql_process import Worker\n"
        "worker = Worker()\n"
        "print(worker.pid, flush=True)\n"
        "import os; os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    pid = int(done.stdout)
    for _ in range(200):
        try:
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return  # ended, and nobody has asked how
        except OSError:
            return
        time.sleep(0.05)
    pytest.fail("the process outlived the server by ten seconds")


def test_a_worker_has_the_limits_of_sqlite_and_of_the_system() -> None:
    opened = sql_worker.connect("file::memory:", reader_limits.SQLITE)
    for name, most in reader_limits.SQLITE.items():
        assert opened.getlimit(getattr(sqlite3, f"SQLITE_LIMIT_{name}")) == most
    opened.close()
    longest = 65_535  # of a row of a log
    assert (
        longest
        < reader_limits.VALUE_BYTES
        < reader_limits.ANSWER_BYTES
        < reader_limits.WORKER_BYTES
    )


@given(st.text(alphabet="ab \"'*-\n\t", max_size=30))
def test_words_are_escaped_as_datasette_does(words: str) -> None:
    assert sql_worker.escape_fts(words) == datasette_escape_fts(words)


@pytest.mark.parametrize(
    ("query", "reader"),
    [
        ("", False),
        ("_size=10&_labels=on&_shape=array", False),
        ("_size=20", False),
        ("&".join(["_labels=on"] * 20), False),
        ("&".join(["_labels=on"] * 21), True),
        ("_shape=" + "%3C" * 164, False),
        ("_shape=" + "%3C" * 165, True),
        ("_size=21", True),
        ("_size=max", True),
        ("_s%69ze=m%61x", True),
        ("_size=max&_size=1", True),
        ("topic=sharing", True),
        ("_sort=topic", True),
        ("_search=x", True),
        ("_facet=topic", True),
        ("_where=1", True),
        ("sql=select+1", True),
        ("claim_id=C001-001", True),
    ],
)
def test_what_chooses_rows_is_a_readers_request(query: str, reader: bool) -> None:
    assert classify_request(query).chosen == reader


def test_readers_get_what_datasette_would_give(get: Get) -> None:
    body = get(sql("select 1 as a, 'x' as \"b\"\"c\", null as d, x'ff' as e, 2 as a")).json()
    assert body["columns"] == ["a", 'b"c', "d", "e", "a"]
    assert body["rows"][0][:3] == [1, "x", None]
    assert get("/tiny/claims.json?_shape=array&topic__in=sharing,trust&_sort=seq").json()
    assert get("/tiny/claims.csv?_stream=1").text.count("\r\n") == 6
    assert get("/tiny/claim_history.json?claim_id=C001-004&_shape=array").json()


def test_a_wide_answer_is_a_short_page_and_says_so(get: Get) -> None:
    columns = ", ".join(f"{number} as c{number}" for number in range(100))
    rows = "with recursive n(i) as (select 1 union all select i + 1 from n limit 150) "
    page = get(sql(f"{rows} select {columns} from n", "")).text
    assert f"The first {reader_limits.CELLS // 100} rows of more" in page
    assert len(get(sql(f"{rows} select {columns} from n")).json()["rows"]) == 150


ENDINGS = (
    *("", ".x", ".html", ".xlsx", ".JSON", ".Csv", ".json.x", ".x.json", ".json/", ".x/", "."),
    *("%2Ejson", "~2Ejson", ".json%2E", ".%6Ason", ".json", ".jsono", ".csv", ".blob"),
)
"""What an address may end in, as it is written: Datasette draws a page for most of them."""

DRAWN = {"", ".json", ".jsono", ".csv", ".blob"}


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
def test_no_ending_of_an_address_is_a_way_around_the_limits_of_pages(ending: str, get: Get) -> None:
    rows = "with recursive n(i) as (select 1 union all select i + 1 from n limit 1000) "
    columns = ", ".join(f"'a' as c{number}" for number in range(98))
    answer = get(f"{sql(f'{rows} select {columns} from n', ending)}&_format=x&_blob_column=c0")
    while answer.is_redirect:  # without a slash, or in Datasette's own encoding
        answer = get(answer.headers["location"])
    assert answer.status_code == (200 if ending.rstrip("/") in DRAWN else 404)
    assert answer.text.count("<td") <= reader_limits.CELLS


@pytest.mark.parametrize("path", ["/tiny{}?sql=select+1&", "/tiny/claims{}?"])
@pytest.mark.parametrize("ending", ["", ".json", ".jsono", ".csv"])
def test_nothing_but_csv_has_the_time_and_the_slot_of_a_stream(
    path: str, ending: str, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    admitted: list[tuple[bool, float]] = []

    async def busy(_: ReaderPool, request: ReaderRequest) -> None:
        admitted.append((request.stream, request.seconds))
        raise ServerBusy

    monkeypatch.setattr(ReaderPool, "admit", busy)
    assert get(f"{path.format(ending)}_stream=1").status_code == 503
    seconds = reader_limits.STREAM_SECONDS if ending == ".csv" else reader_limits.REQUEST_SECONDS
    assert admitted == [(ending == ".csv", seconds)]


def at_once(folder: Path, ask: Callable[[Datasette], Coroutine[Any, Any, Any]]) -> Any:
    app = application(folder)

    async def run() -> Any:
        await app.client.get("/")
        return await asyncio.wait_for(ask(app), 120)

    return asyncio.run(run())


def test_pages_and_plain_tables_are_answered_while_readers_run_slow_sql(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers_within(seconds: int) -> list[httpx.Response]:
        monkeypatch.setattr("claimlog.site.protection.reader_request.REQUEST_SECONDS", seconds)
        answers: list[httpx.Response] = at_once(folder, partial(ask, 1000 * seconds))
        return answers

    async def ask(most: int, app: Datasette) -> list[httpx.Response]:
        app._settings["sql_time_limit_ms"] = most
        slow = [
            asyncio.create_task(app.client.get(sql(ENDLESS))) for _ in range(reader_limits.READERS)
        ]
        await asyncio.sleep(0.1)
        answers = [
            await app.client.get(path) for path in ("/claims?q=pilots", "/tiny/claims", "/x")
        ]
        is_before = not any(task.done() for task in slow)
        assert [answer.status_code for answer in await asyncio.gather(*slow)] == [400] * len(slow)
        return answers if is_before else []

    # on a machine that is busy with other things the pages take longer, and SQL is given more time
    answers = next(found for seconds in (2, 4, 8, 16, 32) if (found := answers_within(seconds)))
    assert [answer.status_code for answer in answers] == [200, 200, 404]


@pytest.mark.slow
def test_more_readers_than_can_wait_are_told_to_come_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reader_limits, "READERS", 1)
    monkeypatch.setattr(reader_limits, "WAITING", 1)

    async def ask(app: Datasette) -> list[httpx.Response]:
        slow = f"{sql(ENDLESS)}&_timelimit=1000"
        return list(await asyncio.gather(*(app.client.get(slow) for _ in range(4))))

    answers = at_once(folder, ask)
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [400, 400, 503, 503]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert {answer.headers["retry-after"] for answer in refused} == {
        str(reader_limits.RETRY_SECONDS)
    }
    assert capfd.readouterr().err == ""


def test_a_slot_is_given_back_whatever_happens() -> None:
    async def run() -> None:
        slots = Slots(1, 1)
        release = await slots.acquire()
        waiting = asyncio.create_task(slots.acquire())
        await asyncio.sleep(0)
        with pytest.raises(ServerBusy):
            await slots.acquire()
        waiting.cancel()
        await asyncio.sleep(0)
        release()
        (await slots.acquire())()

    asyncio.run(run())


def test_all_facets_of_a_page_share_its_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claimlog.site.protection.reader_request.REQUEST_SECONDS", 0.0)
    page = asking_once(folder)("/tiny/claims?_facet=statement")
    assert page.status_code == 400
    assert "took longer" in page.text


@pytest.mark.slow
def test_a_stream_is_not_made_for_a_client_that_has_gone(folder: Path) -> None:
    sent: list[dict[str, Any]] = []

    async def ask(app: Datasette) -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "GET", "path": "/tiny/claims.csv", "headers": [],
            "raw_path": b"/tiny/claims.csv", "query_string": b"_stream=1",
        }  # fmt: skip
        await app.client.app(scope, receive, send)

    at_once(folder, ask)
    assert sent[0]["status"] == 400
    assert b"C001-001" not in b"".join(message.get("body", b"") for message in sent)


# --- scripts inside pages


class Inline(HTMLParser):
    """What of a page would run without coming from a file."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.scripts: list[str] = []
        self.odd: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        data = given.get("type") == "application/ld+json"
        self._inside = tag == "script" and "src" not in given and not data
        for name, value in attrs:
            scripted = re.sub(r"\s", "", value or "").lower().startswith(("javascript:", "data:t"))
            if name.startswith("on") or scripted:
                self.odd.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts.append(data)

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self._inside = False


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/claims", "/claims/C001-001", "/tiny", "/tiny?sql=select+1", "/tiny/claims"),
        *("/tiny/claims?_facet=topic&_search=pilots", "/tiny/claims/C001-001", "/tiny/figures"),
        *("/tiny/claims?" + quote("topic") + "=x", "/nothing", "/tiny?sql=nothing"),
        *("/-/patterns", "/-/versions", "/-/allow-debug", "/-/messages", "/-/settings"),
    ],
)
def test_every_script_inside_a_page_is_in_the_policy_and_nothing_else_runs(
    path: str, get: Get
) -> None:
    page = get(path)
    inline = Inline()
    inline.feed(page.text)
    policy = page.headers["content-security-policy"]
    allowed = re.search(r"script-src ([^;]*)", policy)
    assert allowed is not None
    assert "unsafe" not in allowed[1]
    for script in inline.scripts:
        assert script_source(script) in allowed[1], script[:80]
    assert inline.odd == []
    if path == "/tiny/claims":
        assert len(inline.scripts) >= 2
