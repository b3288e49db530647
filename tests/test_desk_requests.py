"""The desk answers its own pages on this machine, and nobody else."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import orjson
import pytest

from claimlog.desk.request_error import RequestError
from claimlog.desk.roles import named_role
from claimlog.desk.web import coding_api
from claimlog.desk.web.app import _read_body
from claimlog.desk.web.guard import check_request
from claimlog.desk.web.preview_mount import PreviewMount
from claimlog.desk.web.tokens import desk_mark, role_tokens
from claimlog.desk.work_folder import WorkFolder
from claimlog.errors import ClaimlogError, UsageError
from claimlog.package import Package
from claimlog.site.protection import reader_pool
from claimlog.site.protection.turns import Turns
from claimlog.site.source_texts import VARIABLE
from claimlog.sql_process import Worker
from conftest import ROOT, World, copied
from desk_client import HOST, ROLES, Opened, claim_value, desk_of, of_text

SOURCES = "".join(
    path.read_text("utf-8") for path in (ROOT / "scripts/claimlog/desk").rglob("*.py")
)
OF_TEXT = of_text()
OVERVIEW = "/coder-1/api/desk"
UNDO = "/coder-1/api/work/S102/undo"


@pytest.fixture(scope="module")
def opened(registered: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    desk = desk_of(registered, tmp_path_factory.mktemp("requests"))
    yield desk
    desk.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:8010", "origin": "http://localhost:8010"}, 200),
        ({"host": "claims.example:8010", "origin": "http://claims.example:8010"}, 403),
        ({"host": "127.0.0.1.claims.example"}, 403),
        ({"host": ""}, 403),
        ({"origin": "http://claims.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "https://127.0.0.1:8010"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"cookie": "claimlog-desk-8010=wrong"}, 401),
        ({"claimlog-desk": "0" * 32}, 401),
        ({"claimlog-desk": ""}, 401),
        ({"cookie": "x" * 5_000}, 401),
        ({"cookie": '="; \x01'}, 401),
    ],
)
def test_requests_of_others_are_refused(
    opened: Opened, headers: dict[str, str], status: int
) -> None:
    own = {"cookie": opened.cookies["coder-1"], **headers}
    answer = opened.send("GET", OVERVIEW, None, None, own)
    assert answer.status_code == status, answer.text
    assert "trace" not in answer.text.lower()


@pytest.mark.parametrize(
    "beside",
    [
        'x={"a":1}; {}',
        "claimlog-desk-8010=zzz; {}",
        "{}; claimlog-desk-8010=zzz",
        "a b=c; caf\xe9=1;{};",
        "y=" + "z" * 5_000 + "; {}",
    ],
)
def test_cookies_that_others_set_beside_it_do_not_lock_a_role_out(
    beside: str, opened: Opened
) -> None:
    headers = {"cookie": beside.replace("{}", opened.cookies["coder-1"]).encode("latin-1")}
    assert opened.send("GET", OVERVIEW, None, None, headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": ""},
        {"origin": "http://claims.example"},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"sec-fetch-site": "cross-site"},
        {"cookie": ""},
    ],
)
def test_no_page_of_another_site_changes_anything(opened: Opened, headers: dict[str, str]) -> None:
    own = {"cookie": opened.cookies["coder-1"], **headers}
    answer = opened.send("POST", UNDO, None, b'{"state": 0}', own)
    assert answer.status_code in (400, 401, 403), answer.text


def test_every_answer_has_the_headers_of_safety(opened: Opened) -> None:
    for path in ("/coder-1/", OVERVIEW, "/static/site/frame.css", "/nowhere", "/coder-2/"):
        headers = opened.send("GET", path, "coder-1").headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "name",
    [
        *("host", "origin", "cookie", "content-type", "sec-fetch-site"),
        *("claimlog-desk", "claimlog-definition"),
    ],
)
def test_a_header_that_decides_is_there_once(name: str) -> None:
    own = {
        "host": "127.0.0.1:8010",
        "origin": "http://127.0.0.1:8010",
        "cookie": "a=b",
        "content-type": "application/json",
        "sec-fetch-site": "same-origin",
        "claimlog-desk": "0" * 32,
        "claimlog-definition": "0" * 32,
    }
    pairs = [(key.encode(), value.encode()) for key, value in own.items()]
    scope = {"method": "PUT", "path": "/", "headers": pairs}
    check_request(scope, dict(pairs))
    for twice in ([(name.encode(), b"x"), *pairs], [*pairs, (name.title().encode(), b"x")]):
        with pytest.raises(RequestError):
            check_request({**scope, "headers": twice}, dict(pairs))


def test_beside_many_who_show_no_token_a_role_has_its_turn_soon(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of hundreds of requests that are refused or ask for files, few have a turn before it."""
    order: list[str] = []
    take = Turns.take

    async def noted(turns: Turns, role: str) -> None:
        await take(turns, role)
        order.append(role)

    monkeypatch.setattr(Turns, "take", noted)

    async def ask(path: str, role: str | None) -> None:
        transport = httpx.ASGITransport(app=opened.app)  # type: ignore[arg-type]
        headers = {"cookie": opened.cookies[role]} if role else {}
        async with httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers) as client:
            await client.get(path)

    async def run() -> None:
        paths = ["/static/desk.css", OVERVIEW, "/nowhere"] * 100
        others = [asyncio.create_task(ask(path, None)) for path in paths]
        await asyncio.sleep(0)
        await ask("/coder-1/", "coder-1")
        await asyncio.gather(*others)

    asyncio.run(run())
    assert order.index("coder-1") < 150


def test_a_body_says_how_long_it_is(opened: Opened) -> None:
    headers = {"transfer-encoding": "chunked"}
    answer = opened.send("POST", UNDO, "coder-1", b'{"state": 0}', headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/static/../../__init__.py", 404),
        ("GET", "/static/%2e%2e/app.py", 404),
        ("GET", "/static/site/../../../state.py", 404),
        ("GET", "/coder-1/code/..%2f..%2fetc", 404),
        ("GET", "/coder-1/api/sources/S999", 404),
        ("GET", "/coder-1/api/work/..", 404),
        ("GET", "/coder-1//api/desk", 404),
        ("GET", "/coder-1/api/desk%00", 404),
        ("GET", "/coder-1/" + "a" * 3_000, 413),
        ("PATCH", OVERVIEW, 404),
        ("TRACE", OVERVIEW, 404),
        ("DELETE", OVERVIEW, 404),
        ("GET", "/coder-3/", 404),
    ],
)
def test_odd_addresses_end_in_a_refusal(
    opened: Opened, method: str, path: str, status: int
) -> None:
    answer = opened.send(method, path, "coder-1", b"{}" if method != "GET" else None)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"\xff", b'{"state": true}'])
def test_odd_bodies_are_malformed(opened: Opened, body: bytes) -> None:
    answer = opened.send("POST", UNDO, "coder-1", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed")


def test_bodies_have_limits(opened: Opened) -> None:
    answer = opened.send("POST", UNDO, "coder-1", b"x" * ((1 << 20) + 1))
    assert answer.status_code == 413
    octets = {"content-type": "application/octet-stream", "content-length": str(1 << 36)}
    answer = opened.send("POST", "/coder-1/api/texts", "coder-1", b"x", octets)
    assert answer.status_code == 413


def test_each_piece_of_a_body_is_taken_up_once_however_many_there_are() -> None:
    lengths: list[int] = []

    class Piece(bytes):
        def __len__(self) -> int:
            lengths.append(1)
            return super().__len__()

    more = {"type": "http.request", "body": Piece(b"x"), "more_body": True}
    messages: list[dict[str, Any]] = [{"type": "http.request"}, *300 * [more]]

    async def receive() -> dict[str, Any]:
        return messages.pop()

    assert asyncio.run(_read_body(receive, 300)) == b"x" * 300
    assert len(lengths) <= 300


def test_markup_in_texts_is_text(opened: Opened) -> None:
    page = opened.send("GET", "/coder-1/code/S102", "coder-1")
    assert page.status_code == 200
    assert "<script>" not in page.text
    refused = opened.send("GET", "/coder-1/code/%3Cscript%3E", "coder-1")
    assert "<script>" not in refused.text


def test_a_token_is_of_one_role_is_kept_and_is_nobody_elses_to_read(opened: Opened) -> None:
    tokens = role_tokens(opened.desk.work_folder, ROLES)
    assert tokens == opened.app.tokens
    assert len({*tokens.values()}) == len(ROLES)
    file = opened.desk.work_folder.folder() / "tokens.json"
    assert file.stat().st_mode & 0o077 == 0
    for role in ROLES:
        for other, token in tokens.items():
            path = f"/{role}/start?token={token}"
            assert (opened.send("GET", path, None).status_code == 303) == (role == other)
    cookie = opened.send("GET", f"/coder-1/start?token={tokens['coder-1']}", None).headers
    assert "HttpOnly; SameSite=Strict" in cookie["set-cookie"]
    assert "Path=/coder-1/" in cookie["set-cookie"]


@pytest.mark.parametrize("token", [None, "é" * 32, "a" * 24 + "\x1b[31m hello"])
def test_tokens_that_came_with_a_copy_open_nothing(token: str | None, opened: Opened) -> None:
    work_folder = opened.desk.work_folder
    tokens = role_tokens(work_folder, ROLES)
    assert role_tokens(work_folder, ROLES) == tokens
    file = work_folder.folder() / "tokens.json"
    saved = json.loads(file.read_text("utf-8"))
    if token is None:  # the lock that a copy brings along is another file
        lock = work_folder.folder() / "lock"
        shutil.copyfile(lock, lock.with_name("copied"))
        lock.with_name("copied").replace(lock)
    else:
        file.write_text(json.dumps({**saved, "coder-1": token}), "utf-8")
    file.chmod(0o644)
    fresh = role_tokens(work_folder, ROLES)
    assert fresh["coder-1"] not in (token, tokens["coder-1"])
    assert (fresh["coder-2"] == tokens["coder-2"]) == (token is not None)
    assert file.stat().st_mode & 0o077 == 0


def _told_of_lock(monkeypatch: pytest.MonkeyPatch, **others: int) -> None:
    """Have locks told with other numbers than they have, as on another file system."""
    lstat = Path.lstat

    def told(path: Path) -> os.stat_result:
        status = lstat(path)
        if path.name != "lock":
            return status
        numbers = {name: getattr(status, name) for name in dir(status) if name.startswith("st_")}
        return cast("os.stat_result", SimpleNamespace(**{**numbers, **others}))

    monkeypatch.setattr(Path, "lstat", told)


def test_a_desk_stays_the_same_for_browsers_when_rights_are_set_anew_it_is_mounted_or_moved(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_folder = opened.desk.work_folder
    mark = desk_mark(work_folder)
    tokens = role_tokens(work_folder, ROLES)
    lock = work_folder.folder() / "lock"
    lock.chmod(lock.stat().st_mode ^ 0o100)
    fresh = role_tokens(work_folder, ROLES)
    assert {*fresh.values()}.isdisjoint(tokens.values())
    assert desk_mark(work_folder) == mark
    with monkeypatch.context() as patch:
        _told_of_lock(patch, st_dev=lock.stat().st_dev + 1)
        assert desk_mark(work_folder) == mark
    assert desk_mark(work_folder) == mark
    root = work_folder.package.root
    moved = root.rename(root.with_name("moved"))
    assert desk_mark(WorkFolder(Package(moved))) == mark
    moved.rename(root)
    assert desk_mark(work_folder) == mark
    shutil.copy2(lock, lock.with_name("copied"))
    lock.with_name("copied").replace(lock)
    assert desk_mark(work_folder) != mark
    assert desk_mark(work_folder) == desk_mark(work_folder)


@pytest.mark.parametrize("has_its_number", [False, True])
@pytest.mark.parametrize("has_its_time", [False, True])
def test_a_copy_beside_a_package_is_another_desk_for_browsers_whatever_number_its_lock_has(
    has_its_number: bool,
    has_its_time: bool,
    opened: Opened,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mark = desk_mark(opened.desk.work_folder)
    own = (opened.desk.work_folder.folder() / "lock").stat()
    copy = tmp_path / "copy"
    shutil.copytree(opened.desk.package.root, copy)
    told = {"st_ctime_ns": own.st_ctime_ns} if has_its_time else {}
    if has_its_number:  # as it may have on another file system
        told |= {"st_ino": own.st_ino, "st_dev": own.st_dev + 1}
    with monkeypatch.context() as patch:
        _told_of_lock(patch, **told)
        assert desk_mark(WorkFolder(Package(copy))) != mark
    assert desk_mark(opened.desk.work_folder) == mark


def test_one_spoilt_work_takes_no_other_text_along(opened: Opened) -> None:
    folder = opened.desk.work_folder.folder("works", "coder-2")
    (folder / "S102.ndjson").write_text('{"set":{"draft/a":{}}}\n', "utf-8")
    for role in ROLES:
        sources = opened.take(role, "GET", "desk")["sources"]
        states = {one["source_id"]: one["state"] for one in sources}
        assert states.pop("S102") == "unreadable"
        assert states
        assert "unreadable" not in states.values()
    answer = opened.ask("coder-2", "GET", "work/S102")
    assert answer.status_code == 422
    assert "coder-2/S102.ndjson:1: is no line of the desk; restore it from a copy" in answer.text


def test_an_entry_of_a_register_that_is_not_there_is_named(opened: Opened) -> None:
    opened.put("coder-1", "S102", "d1", {**OF_TEXT, "start": 0, "end": 5})
    path = opened.desk.work_folder.folder("works", "coder-1") / "S102.ndjson"
    with path.open("a", encoding="utf-8") as file:
        file.write('{"set":{"registered/ports/p1":{"name":"b"}}}\n')
    try:
        for asked in ("work/S102/findings", "work/S102"):
            answer = opened.ask("coder-1", "GET", asked)
            assert answer.status_code == 422
            assert (
                'coder-1/S102.ndjson: an entry that was made for this text is of \\"ports\\", '
                "which is no register of the package; put schemas/ports.json back" in answer.text
            )
        with path.open("a", encoding="utf-8") as file:  # which is history then
            file.write('{"set":{"registered/ports/p1":null}}\n')
        assert opened.take("coder-1", "GET", "work/S102")["drafts"]
    finally:
        path.unlink()


def test_a_state_that_came_as_a_link_is_refused(opened: Opened) -> None:
    work_folder = opened.desk.work_folder
    (work_folder.folder("works") / "coder-9").symlink_to("/tmp")
    with pytest.raises(ClaimlogError, match="no directory"):
        work_folder.work("coder-9", "S102")
    assert "coder-9" not in work_folder.coders()


@contextmanager
def desk_process(
    world: World, port: int, files: int = 4096, roles: Sequence[str] = ("coder-1",)
) -> Iterator[tuple[str, str]]:
    """Serve the desk in a process of its own; give its origin and the first role's address."""
    program = (
        f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files}))\n"
        "from claimlog.__main__ import main; main()"
    )
    words = ["desk", "--texts", str(world.texts), "--port", str(port)]
    for role in roles:
        words += ["--role", role]
    server = subprocess.Popen(
        [sys.executable, "-c", program, *words], cwd=world.root, stdout=subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        address = server.stdout.readline().decode().partition(": ")[2].strip()
        for _ in roles:
            server.stdout.readline()
        until_it_listens(port)
        yield f"http://127.0.0.1:{port}", address
    finally:
        server.kill()
        server.wait()
        assert server.stdout is not None
        server.stdout.close()


@pytest.mark.slow
def test_a_killed_server_has_what_it_acknowledged_and_the_open_page_goes_on(
    registered: World, tmp_path: Path
) -> None:
    world, port = copied(registered, tmp_path), free_port()
    value = claim_value("ships will founder", "Vessels may be lost.")
    with httpx.Client() as page:
        for attempt in range(2):
            with desk_process(world, port) as (origin, address):
                path = f"{origin}/coder-1/api/work/S102/drafts/d1"
                if attempt == 0:
                    assert page.get(address).status_code == 303
                    body = {"base": 0, "value": value}
                    saved = page.put(path, json=body, headers={"origin": origin})
                    assert saved.json()["draft"]["rev"] == 1
                else:
                    work = page.get(path.partition("/drafts")[0]).json()
                    assert [one["draft"] for one in work["drafts"]] == ["d1"]


@pytest.mark.slow
def test_connections_that_ask_nothing_keep_nobody_from_saving(
    registered: World, tmp_path: Path
) -> None:
    """A desk that may open few files takes 32 connections, of which a peer has half."""
    world, port = copied(registered, tmp_path), free_port()
    head = b"PUT /coder-1/api/work/S102/drafts/d1 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    value = claim_value("ships will founder", "Vessels may be lost.")
    with desk_process(world, port, files=192) as (origin, address), ExitStack() as stack:
        for text in (b"", b"GET / HT", head, head + b"Content-Length: 9\r\n\r\n{") * 20:
            idle = stack.enter_context(socket.create_connection(("127.0.0.1", port), 5))
            idle.sendall(text)
        page = stack.enter_context(httpx.Client(headers={"origin": origin}, timeout=30))
        assert page.get(address).status_code == 303
        path = f"{origin}/coder-1/api/work/S102/drafts/d1"
        assert page.put(path, json={"base": 0, "value": value}).status_code == 200


@pytest.mark.slow
def test_connections_that_ask_nothing_cut_off_no_body_that_is_under_way(
    registered: World, tmp_path: Path
) -> None:
    world, port = copied(registered, tmp_path), free_port()
    value = claim_value("ships will founder", "Vessels may be lost.")
    body = json.dumps({"base": 0, "value": value}).encode()
    with desk_process(world, port, files=192) as (origin, address), ExitStack() as stack:
        cookie = httpx.get(address).headers["set-cookie"].partition(";")[0]
        head = (
            f"PUT /coder-1/api/work/S102/drafts/d1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Origin: {origin}\r\nCookie: {cookie}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        saving = stack.enter_context(socket.create_connection(("127.0.0.1", port), 30))
        saving.sendall(head.encode() + body[:40])
        time.sleep(1)  # until it is known whose it is
        for _ in range(80):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 5))
        saving.sendall(body[40:])
        assert saving.recv(1_000).startswith(b"HTTP/1.1 200 ")


@pytest.mark.slow
@pytest.mark.parametrize("with_token", [False, True])
def test_answers_that_nobody_takes_keep_no_role_from_saving(
    with_token: bool, registered: World, tmp_path: Path
) -> None:
    """A desk that may open few files takes 32 connections, of which a peer has half."""
    world, port = copied(registered, tmp_path), free_port()
    value = claim_value("ships will founder", "Vessels may be lost.")
    with (
        desk_process(world, port, 192, ("coder-2", "coder-1")) as (origin, address),
        ExitStack() as stack,
    ):
        greedy = httpx.get(address).headers["set-cookie"].partition(";")[0]
        cookie = f"Cookie: {greedy}\r\n" if with_token else ""
        path = "/coder-2/" if with_token else "/static/adjudicate_page.js"
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{cookie}\r\n".encode()
        for _ in range(48):
            taker = stack.enter_context(socket.socket())
            taker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            taker.settimeout(5)
            taker.connect(("127.0.0.1", port))
            with suppress(OSError):
                taker.sendall(request * 80)
        time.sleep(2)  # until the answers fill what the connections hold
        page = stack.enter_context(httpx.Client(headers={"origin": origin}, timeout=30))
        token = role_tokens(WorkFolder(world.package), ["coder-1"])["coder-1"]
        assert page.get(f"{origin}/coder-1/start?token={token}").status_code == 303
        draft = f"{origin}/coder-1/api/work/S102/drafts/d1"
        assert page.put(draft, json={"base": 0, "value": value}).status_code == 200


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_it_listens(port: int) -> None:
    """Wait until a server takes connections."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("the server does not listen")


ODD = (
    *(None, True, -1, 2**63, 1e308, "", "x" * 9_000, "\0", "\u202e../../etc/passwd", [], {}, [1]),
    *(
        [[1, 2]],
        [2**63, -(2**62)],
        {"utf16": "05"},
        {**OF_TEXT, "utf16": [0, 2**64 - 1]},
        {"statement": [1]},
    ),
    {**OF_TEXT, "utf16": [0, 9], "attributions": [{"actor_id": {}}]},
    {**OF_TEXT, "utf16": [0, 9], "figure_value": 1e300, "occurred": "9999-99-99"},
    {**OF_TEXT, "utf16": [0, 9], "attributions": [{}] * 3_000},
    [{"utf16": [0, 5], "kind": 7}] * 2_000,
    orjson.loads(b"[" * 20 + b"]" * 20),
)
NAMES = {
    "source": "S102",
    "draft": "d1",
    "stream": "actors",
    "id": "keepers",
    "unit": "a+b",
    "name": "claims:1",
    "claim": "C001-001",
    "coder": "coder-1",
}
FIELDS = re.findall(r'given\(\s*"(\w+)"|given\.get\("(\w+)"', SOURCES)
KEYS = sorted({*filter(None, (name for pair in FIELDS for name in pair)), "value", "utf16"})


def test_values_of_any_type_end_in_an_answer_that_is_no_fault(opened: Opened) -> None:
    """Every address that takes a body is sent odd values in every key that any of them reads."""
    routes = [
        one for one in opened.app.routes if one.method != "GET" and "preview" not in one.pattern
    ]
    assert len(routes) > 25
    assert {"base", "value", "take", "furniture", "reason", "changes", "sides"} <= {*KEYS}
    for number, route in enumerate(routes):
        path = re.sub(r"\(\?P<(\w+)>.*\)$", r"{\1}", route.pattern).format(**NAMES)
        role = "coder-1" if "work/" in path else "adjudicator"
        for shift in range(0, len(ODD), 6):
            odd = {key: ODD[(shift + at + number) % len(ODD)] for at, key in enumerate(KEYS)}
            for right in ({}, {"base": 0, "state": 0, "version": 1}):
                body = {**odd, **right}
                answer = opened.ask(role, route.method, path, **body)
                assert answer.status_code < 500, (route.method, path, body, answer.text)


@pytest.mark.parametrize("depth", [40, 990, 1_010, 5_000])
def test_no_address_reads_brackets_inside_each_other(opened: Opened, depth: int) -> None:
    malformed = set()
    deep = b"[" * depth + b"]" * depth
    column = (
        orjson.dumps(OF_TEXT)[:-1]
        + b', "utf16": [85, 104], "statement": "a", "note": '
        + deep
        + b"}"
    )
    for route in opened.app.routes:
        path = re.sub(r"\(\?P<(\w+)>.*\)$", r"{\1}", route.pattern).format(**NAMES)
        if route.method == "GET" or path in ("api/preview", "api/texts"):
            continue
        role = "coder-1" if "work/" in path else "adjudicator"
        for value in (deep, column):
            body = b'{"base": 0, "state": 0, "version": 1, "text": "a", "value": ' + value + b"}"
            answer = opened.send(route.method, f"/{role}/{path}", role, body)
            assert answer.status_code < 500, (path, answer.text)
            if answer.json()["error"]["code"] == "malformed":
                malformed.add(path)
    assert {
        "api/work/S102/drafts/d1",
        "api/work/S102/registered/actors/keepers",
        "api/registers/actors",
    } <= malformed


def everything_asked(opened: Opened) -> Iterator[httpx.Response]:
    """Yield what every address answers, to a role that may ask it."""
    for route in opened.app.routes:
        path = re.sub(r"\(\?P<(\w+)>.*\)$", r"{\1}", route.pattern).format(**NAMES)
        role = "coder-1" if route.who == "codes" else "adjudicator"
        body = None if route.method == "GET" else orjson.dumps({**BODY, "upload": "x"})
        yield opened.send(route.method, f"/{role}/{path}", role, body)


BODY = {
    "base": 0,
    "state": 0,
    "version": 1,
    "value": {**OF_TEXT, "utf16": [0, 9]},
    "take": "left",
    "utf16": [0, 9],
    "text": "a",
    "furniture": [],
    "changes": {},
    "sides": [],
    "source": {},
    "slug": "a",
    "title": "A",
    "method": "B",
    "kind": "person",
    "description": "c",
    "from_claim_id": "C001-001",
    "to_claim_id": "C001-002",
}


def remove_texts(world: World) -> None:
    shutil.rmtree(world.texts)


def put_a_file_in_place_of_works(world: World) -> None:
    works = world.root / ".claimlog" / "desk" / "works"
    shutil.rmtree(works, ignore_errors=True)
    works.parent.mkdir(parents=True, exist_ok=True)
    works.write_text("no directory")


def spoil_the_open_batch(world: World) -> None:
    for path in (world.root / "events").glob("*/*.ndjson"):
        if not (path.parent / "batch.json").exists():
            path.write_bytes(b"{\xff\n")


def remove_the_descriptor(world: World) -> None:
    (world.root / "datapackage.json").unlink()


def spoil_a_schema(world: World) -> None:
    (world.root / "schemas" / "claims.json").write_text("{")


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoil",
    [
        *(remove_texts, put_a_file_in_place_of_works, spoil_the_open_batch),
        *(remove_the_descriptor, spoil_a_schema),
    ],
)
def test_no_answer_names_a_place_of_the_machine(
    spoil: Callable[[World], None], registered: World, tmp_path: Path
) -> None:
    world = copied(registered, tmp_path)
    opened = Opened.of(world.package, world.texts)
    spoil(world)
    answers = [*everything_asked(opened)]
    assert any(answer.status_code >= 400 for answer in answers)
    for answer in answers:
        assert answer.status_code != 500, (answer.url, answer.text)
        for place in (str(tmp_path), str(Path.home()), tempfile.gettempdir()):
            assert place not in answer.text, (answer.url, answer.text)
    opened.close()


def test_a_fault_of_ours_is_noted_and_says_nothing_of_itself(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise OSError(13, "Permission denied", "/home/somebody/\x1b[31mprivate")

    monkeypatch.setattr(coding_api, "overview", fail)
    answer = opened.send("GET", OVERVIEW, "coder-1")
    assert answer.status_code == 500
    assert "somebody" not in answer.text
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Permission denied" in said
    assert "\x1b" not in said


def test_a_message_is_one_line_of_bounded_length(opened: Opened) -> None:
    octets = {"content-type": "application/octet-stream"}
    name = "%1b%5b31m%E2%80%AE%0Aa.txt"
    answer = opened.send("POST", f"/coder-1/api/texts?name={name}", "coder-1", b"", octets)
    message = answer.json()["error"]["message"]
    assert answer.status_code == 422
    assert not {*"\x1b\n\u202e"} & {*message}
    assert "\\x1b" in message
    error = RequestError("absent", "a" * 100_000)
    assert len(error.as_dict()["error"]["message"]) == 1_000


@pytest.mark.slow
def test_pages_of_a_preview_end_with_the_next_one(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With their threads, and the processes that run SQL."""
    workers: list[Worker] = []

    class Noted(Worker):
        def __init__(self) -> None:
            super().__init__()
            workers.append(self)

    monkeypatch.setattr(reader_pool, "Worker", Noted)
    before = pool_threads()
    opened = desk_of(registered, tmp_path)
    for _ in range(3):
        address = opened.take("adjudicator", "POST", "preview")["address"]
        for page in ("", "claims", "sources", "tiny.json?sql=select+1"):
            assert opened.send("GET", address + page, "adjudicator").status_code == 200
        assert sum(worker.ready for worker in workers) == 1
    assert len(workers) == 3
    opened.close()
    assert not any(worker.ready for worker in workers)
    assert pool_threads() <= before


@pytest.mark.slow
def test_a_preview_shows_a_text_that_was_registered_after_the_one_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Opened.of(world.package, world.texts)
    monkeypatch.setenv(VARIABLE, str(world.texts))
    for source, words in (("S001", "stopped sharing tide tables"), (None, "dimmed the lamp")):
        name = source or opened.register()
        address = opened.take("adjudicator", "POST", "preview")["address"]
        page = opened.send("GET", f"{address}sources/{name}", "adjudicator")
        assert words in page.text, page.text[-3000:]
    opened.close()


def pool_threads() -> set[str]:
    """Return the pools of threads that Datasette and readers' SQL have begun."""
    names = {thread.name.rpartition("_")[0] for thread in threading.enumerate()}
    return {name for name in names if name.startswith(("ThreadPoolExecutor", "claimlog-reader"))}


async def asked_together(opened: Opened, paths: Sequence[str]) -> list[httpx.Response]:
    transport = httpx.ASGITransport(app=opened.app)  # type: ignore[arg-type]
    headers = {"cookie": opened.cookies["adjudicator"]}
    async with httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers) as client:
        return await asyncio.gather(*(client.get(path) for path in paths))


def test_a_page_and_what_it_shows_open_one_preview(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = desk_of(registered, tmp_path)
    address = opened.take("adjudicator", "POST", "preview")["address"]
    count = 0
    original = PreviewMount._open

    async def counted(self: PreviewMount, role: str) -> object:
        nonlocal count
        count += 1
        return await original(self, role)

    monkeypatch.setattr(PreviewMount, "_open", counted)
    paths = [address + page for page in ("", "claims", "sources", "-/static/app.css")]
    answers = asyncio.run(asked_together(opened, paths))
    assert {answer.status_code for answer in answers} == {200}
    assert count == 1
    opened.close()


SELECT = "tiny.json?sql="
PREVIEW_PAGES = (
    *("", "claims", "claims.json", "claims.csv", "tiny.db", "tiny/claims", "tiny/claims.json"),
    *("tiny/claims.csv?_stream=1&_size=max", f"{SELECT}select+1", f"{SELECT}attach+'x'+as+y"),
    *("nowhere", "-/static/nowhere.js", "-/static/app.css", "-/plugins.json", "-/messages"),
    *("search?q=lamp", "a" * 2_000, "%ff", "tiny/claims?_facet=a" + "&_facet=a" * 20),
)


def test_every_answer_of_a_preview_runs_no_script_and_is_for_nobody_else(
    registered: World, tmp_path: Path
) -> None:
    opened = desk_of(registered, tmp_path)
    address = opened.take("adjudicator", "POST", "preview")["address"]
    for page in PREVIEW_PAGES:
        answer = opened.send("GET", address + page, "adjudicator")
        headers = answer.headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, page
        assert "unsafe" not in policy.partition("script-src")[2].partition(";")[0], page
        assert headers["x-content-type-options"] == "nosniff", page
        assert headers["cache-control"] == "no-store", page
        assert headers.get("access-control-allow-origin") in (None, HOST), page
        for role in ("coder-1", None):
            refused = opened.send("GET", address + page, role)
            assert refused.status_code in (401, 413, 400), page
        own = address.replace("adjudicator", "coder-1") + page
        assert opened.send("GET", own, "coder-1").status_code in (403, 413, 400), page
    for method in ("POST", "PUT", "DELETE"):
        assert opened.send(method, f"{address}-/messages", "adjudicator", b"{}").status_code == 405
    opened.close()


def test_no_role_is_called_as_addresses_of_the_desk_itself_begin() -> None:
    folder = ROOT / "scripts/claimlog/desk/web/templates"
    pages = "".join(path.read_text("utf-8") for path in folder.glob("*.html"))
    begins = set(re.findall(r'(?:src|href)="/([^/"{]+)/', pages))
    assert begins
    for name in begins:
        with pytest.raises(UsageError, match=f"^--role {name}: .* name it otherwise$"):
            named_role(name)
        assert named_role(f"{name}-1").name == f"{name}-1"
