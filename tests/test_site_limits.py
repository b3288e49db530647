"""What one reader cannot do to the server: errors, sizes, slow SQL, and scripts inside pages."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from datasette.app import Datasette
from datasette.utils import escape_fts as datasette_escape_fts
from hypothesis import given
from hypothesis import strategies as st

from claimlog.pipeline import build
from claimlog.site import limits, sql_worker
from claimlog.site.datasette_internals import QueryInterrupted
from claimlog.site.failures import PageError, describe, shorten
from claimlog.site.headers import POLICY, script_source
from claimlog.site.reader_pool import Worker
from claimlog.site.reader_request import classify
from claimlog.site.serve import SETTINGS
from claimlog.site.slots import Busy, Slots
from conftest import Get, World, asking, copied

FRAME = '<a class="name" href="/">A tiny package</a>'
SOON = 20.0
"""Seconds that no answer here may take on the slowest machine; unbounded, these took minutes."""

ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"


@pytest.fixture(scope="module")
def folder(made: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = copied(made, tmp_path_factory.mktemp("limits"))
    build(world.package, world.package.build)
    return world.package.build


@pytest.fixture(scope="module")
def get(folder: Path) -> Get:
    return asking(folder)


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
    *("/~00", "/~zz/x", "/tiny/~00", "/tiny/claims/~ff", "/-/static/nothing", "/claims/none"),
    *("/-/static-plugins/claimlog/nothing.css", "/" + "a/" * 500 + "a"),
)

MISREAD = (
    *("/%", "/%zz", "/a\\b/", "/tiny/claims?_next=a,b,c", "/tiny/claims?_shape=x&_sort=nothing"),
    *("/tiny/claims?_nocol=nothing", "/tiny/claims?_size=x", "/tiny/claims?_timelimit=x"),
    *("/tiny/claims?_facet=nothing", "/tiny/claims?_through=x", "/tiny/claims?_through={}"),
    *("/tiny/claims?_where=nothing", "/tiny/claims?_where=1%00", "/tiny/claims?_search=%22"),
    *("/tiny/claims?topic__in=[", "/tiny/claims?_sort=topic&_sort_desc=topic"),
    *("/tiny/claims?_searchmode=raw&_search=NEAR(", "/tiny/claims.csv?_stream=1&_where=nothing"),
    *("/tiny/claims.csv?_stream=1&_next=x", "/tiny/claims.blob", "/tiny/claim_actors/x"),
    *("/tiny?sql=nothing", "/tiny?sql=select+nothing", "/tiny?sql=select+1%00"),
    *("/tiny?sql=select+1;select+2", "/tiny?sql=select+:_a", "/tiny?sql=select+1&_timelimit=x"),
)


@pytest.mark.parametrize("kind", ["with rich", "without rich"])
@pytest.mark.parametrize("path", [*MISSING, *MISREAD])
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
    told = answer.json()
    assert told["ok"] is False
    assert told["status"] == answer.status_code >= 400
    assert "<" not in told["error"]


def test_a_fault_of_ours_is_one_line_in_the_log_and_no_secret_on_the_page(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        secret = "hunter2" * 1000
        raise RuntimeError(f"broken\x1b[2J{secret}")

    monkeypatch.setattr("claimlog.site.pages._store", fail)
    page = asking(folder)("/codebook?a=b")
    assert page.status_code == 500
    assert FRAME in page.text
    assert "hunter2" not in page.text
    lines = [line for line in capfd.readouterr().err.splitlines() if "/codebook?a=b" in line]
    assert len(lines) == 1
    assert lines[0].startswith("ERROR: GET /codebook?a=b: RuntimeError: broken\\x1b[2J")
    assert len(lines[0]) < 2 * limits.LOG_CHARACTERS + 200


def test_a_page_of_ours_that_takes_too_long_asks_to_come_again() -> None:
    error = PageError()
    error.__cause__ = QueryInterrupted(None, "select 1", {})
    assert describe(error, 2000).status == 503
    assert describe(RuntimeError("x"), 2000).status == 500


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
    ("cookie", "status"), [("a/b=1", 400), ('a="' + "\\\\" * 3000 + '"', 431), ("a=b", 200)]
)
def test_a_cookie_that_is_odd_or_long_is_no_fault_of_the_server(
    cookie: str, status: int, folder: Path
) -> None:
    app = application(folder)
    assert asyncio.run(app.client.get("/", headers={"cookie": cookie})).status_code == status


def test_a_line_of_the_log_is_short_and_without_control_characters() -> None:
    assert shorten("a\nb\x1b]0;x\x07\u202e") == "a\\nb\\x1b]0;x\\x07\\u202e"
    assert len(shorten("x" * 100_000)) < limits.LOG_CHARACTERS + 50


# --- sizes


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/claims?q=" + "a" * 9000, 414, "at most 8,192"),
        ("/tiny/claims?" + many("x", 101), 400, "at most 100"),
        ("/claims?" + many("x", 101), 400, "at most 100"),
        ("/claims?" + "&" * 8000, 400, "at most 100"),
        ("/tiny/claims?" + many("_facet", 11), 400, "at most 10"),
        ("/tiny/claims?" + many("_where", 99), 400, "at most 10"),
        ("/" + "a" * 3000, 414, "at most 2,048"),
    ],
)
def test_an_address_that_is_too_long_is_refused_with_the_limit(
    path: str, status: int, told: str, get: Get
) -> None:
    page = get(path)
    assert page.status_code == status
    assert told in page.text
    assert FRAME in page.text
    bare, _, query = path.partition("?")
    answer = get(f"{bare}.json?{query}")
    assert answer.status_code == status
    assert told in answer.json()["error"]


def test_as_much_as_is_allowed_is_read(get: Get) -> None:
    started = time.perf_counter()
    for path in ("/claims?" + many("q", 100), "/tiny/claims?" + many("topic", 99)):
        assert get(path).status_code == 200
    assert get("/tiny/claims?" + many("_facet", 10)).status_code == 200
    assert time.perf_counter() - started < SOON


# --- readers' SQL


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


def test_a_process_that_does_not_stop_is_ended_and_another_takes_its_place() -> None:
    worker = Worker()
    job = {
        "uri": "file::memory:", "params": {}, "rows": None, "value_bytes": 1_000_000,
        "answer_bytes": 1000, "memory": limits.WORKER_BYTES, "temporary": 1_000_000,
        "limits": limits.SQLITE, "seconds": 0.2,
    }  # fmt: skip
    assert worker.run({**job, "sql": "select 1 as a"})["rows"] == [(1,)]
    assert worker.run({**job, "sql": BOMB})["message"] == "interrupted"
    assert not worker.alive
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, 0)


def test_a_process_of_its_own_ends_with_the_server() -> None:
    program = (
        "import sys\n"
        "from claimlog.site.reader_pool import Worker\n"
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
    opened = sql_worker.connect("file::memory:", limits.SQLITE)
    for name, most in limits.SQLITE.items():
        assert opened.getlimit(getattr(sqlite3, f"SQLITE_LIMIT_{name}")) == most
    opened.close()
    longest = 65_535  # of a row of a log
    assert longest < limits.VALUE_BYTES < limits.ANSWER_BYTES < limits.WORKER_BYTES


@given(st.text(alphabet="ab \"'*-\n\t", max_size=30))
def test_words_are_escaped_as_datasette_does(words: str) -> None:
    assert sql_worker.escape_fts(words) == datasette_escape_fts(words)


@pytest.mark.parametrize(
    ("query", "reader"),
    [
        ("", False),
        ("_size=10&_labels=on&_shape=array", False),
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
    assert (classify("/tiny/claims", query) is not None) == reader


def test_datasettes_questions_about_tables_are_ours_unless_the_reader_asks_them() -> None:
    schema = "select name from sqlite_master where type='table'"
    filtered = classify("/tiny/claims", "topic=x")
    own = classify("/tiny", urlencode({"sql": schema}))
    assert filtered is not None
    assert own is not None
    assert not filtered.runs(schema)
    assert filtered.runs("select * from claims where topic = :p0")
    assert own.runs(schema)


def test_readers_get_what_datasette_would_give(get: Get) -> None:
    told = get(sql("select 1 as a, 'x' as \"b\"\"c\", null as d, x'ff' as e, 2 as a")).json()
    assert told["columns"] == ["a", 'b"c', "d", "e", "a"]
    assert told["rows"][0][:3] == [1, "x", None]
    assert get("/tiny/claims.json?_shape=array&topic__in=sharing,trust&_sort=seq").json()
    assert get("/tiny/claims.csv?_stream=1").text.count("\r\n") == 6
    assert get("/tiny/claim_history.json?claim_id=C001-004&_shape=array").json()


def test_a_wide_answer_is_a_short_page_and_says_so(get: Get) -> None:
    columns = ", ".join(f"{number} as c{number}" for number in range(100))
    rows = "with recursive n(i) as (select 1 union all select i + 1 from n limit 150) "
    page = get(sql(f"{rows} select {columns} from n", "")).text
    assert f"The first {limits.CELLS // 100} rows of more" in page
    assert len(get(sql(f"{rows} select {columns} from n")).json()["rows"]) == 150


def at_once(folder: Path, ask: Callable[[Datasette], Coroutine[Any, Any, Any]]) -> Any:
    app = application(folder)

    async def run() -> Any:
        await app.client.get("/")
        return await asyncio.wait_for(ask(app), 60)

    return asyncio.run(run())


def test_pages_and_plain_tables_are_answered_while_readers_run_slow_sql(folder: Path) -> None:
    async def ask(app: Datasette) -> list[httpx.Response]:
        slow = [asyncio.create_task(app.client.get(sql(ENDLESS))) for _ in range(limits.READERS)]
        await asyncio.sleep(0.1)
        found = [await app.client.get(path) for path in ("/claims?q=pilots", "/tiny/claims", "/x")]
        assert not any(task.done() for task in slow)
        assert [answer.status_code for answer in await asyncio.gather(*slow)] == [400] * len(slow)
        return found

    assert [answer.status_code for answer in at_once(folder, ask)] == [200, 200, 404]


def test_more_readers_than_can_wait_are_told_to_come_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(limits, "READERS", 1)
    monkeypatch.setattr(limits, "WAITING", 1)

    async def ask(app: Datasette) -> list[httpx.Response]:
        slow = f"{sql(ENDLESS)}&_timelimit=1000"
        return list(await asyncio.gather(*(app.client.get(slow) for _ in range(4))))

    found = at_once(folder, ask)
    statuses = sorted(answer.status_code for answer in found)
    assert statuses == [400, 400, 503, 503]
    refused = [answer for answer in found if answer.status_code == 503]
    assert {answer.headers["retry-after"] for answer in refused} == {str(limits.RETRY_SECONDS)}
    assert capfd.readouterr().err == ""


def test_a_slot_is_given_back_whatever_happens() -> None:
    async def run() -> None:
        slots = Slots(1, 1)
        release = await slots.acquire()
        waiting = asyncio.create_task(slots.acquire())
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await slots.acquire()
        waiting.cancel()
        await asyncio.sleep(0)
        release()
        (await slots.acquire())()

    asyncio.run(run())


def test_all_facets_of_a_page_share_its_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claimlog.site.reader_request.REQUEST_SECONDS", 0.0)
    page = asking(folder)("/tiny/claims?_facet=statement")
    assert page.status_code == 400
    assert "took longer" in page.text


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
