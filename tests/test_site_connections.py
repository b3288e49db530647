"""What one reader cannot do to the server by connections: half a request, or an answer not read."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
import uvicorn
from uvicorn.server import ServerState

from claimlog.export import table_csv
from claimlog.site import csv_stream
from claimlog.site.lists import whole_list
from claimlog.site.protection import reader_limits
from claimlog.site.protection.connections import Connection, ConnectionLimiter, connection_limit
from claimlog.site.protection.host_names import names_of, wrong_host_refusal
from claimlog.site.protection.peers import peer_of
from claimlog.site.protection.reader_pool import ReaderPool
from claimlog.site.protection.reader_request import REQUEST, ReaderRequest
from claimlog.site.protection.response_sender import ClientGone, SendBudget, Sender
from claimlog.site.protection.slots import ServerBusy, Slots
from claimlog.site.server import LoopErrorHandler
from claimlog.site.server_command import ServerOptions, server_command
from conftest import World, asking_once, await_startup, copied

FILES = 192
"""That the server may open here; some 30 are for connections then."""

SOON = 5.0
PEER = "PEER_SENDING_BYTES"


@dataclass
class Site:
    """A server in a process of its own."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def connect(self, text: bytes, host: str = "127.0.0.1") -> socket.socket:
        opened = socket.socket()
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        opened.settimeout(SOON)
        opened.bind((host, 0))
        opened.connect(("127.0.0.1", self.port))
        opened.sendall(text)
        return opened

    def status(self, path: str) -> int:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=30).status_code

    def output(self) -> str:
        return self.log.read_text("utf-8")


@contextmanager
def serving(world: World, log: Path, **shorter: float) -> Iterator[Site]:
    """Serve a build with few files, and with shorter times than the reader_limits."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ServerOptions("127.0.0.1", port, host_names=("claims.example",))
    words = server_command(world.package, world.package.build, options)
    program = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, {FILES}))\n"
        "from claimlog.site.protection import reader_limits\n"
        f"vars(reader_limits).update({shorter})\n"
        "from claimlog.site.server import main\n"
        "main(sys.argv[1:])\n"
    )
    with log.open("wb") as output:
        words = [
            words[0],
            "-P",
            "-c",
            program,
            *words[words.index("claimlog.site.server_process") + 1 :],
        ]
        process = subprocess.Popen(words, stdout=output, stderr=output)
    try:
        await_startup(process, log)
        yield Site(port, process, log)
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture(scope="module")
def built(tiny_build: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    return copied(tiny_build, tmp_path_factory.mktemp("connections"))


@pytest.fixture(scope="module")
def site(built: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    log = tmp_path_factory.mktemp("log") / "serve.log"
    with serving(built, log, HEAD_SECONDS=1.0, SEND_SECONDS=1.0, **{PEER: 6_000_000}) as server:
        yield server


def ends(opened: socket.socket) -> bool:
    """Return whether the server closes a connection soon; what it sends is not looked at."""
    try:
        while opened.recv(65536):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HT",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1",
    ],
)
def test_a_connection_without_a_whole_request_is_closed(text: bytes, site: Site) -> None:
    with site.connect(text) as opened:
        assert ends(opened)


SECURE = b"content-security-policy: default-src 'none'"
CHUNKED = b"GET /robots.txt HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


def all_of(opened: socket.socket) -> bytes:
    """Return what a server sends until it closes the connection."""
    received = b""
    try:
        while part := opened.recv(65536):
            received += part
    except ConnectionError:
        pass
    return received


@pytest.mark.slow
@pytest.mark.parametrize(
    "head",
    [
        CHUNKED, CHUNKED.replace(b"GET", b"POST"),
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n",
    ],
)  # fmt: skip
def test_a_body_is_not_parsed_and_ends_the_connection(head: bytes, site: Site) -> None:
    with site.connect(head + b"1\r\na\r\n" * 100) as opened:
        # whoever asks for it is told to go on, where a page waits for a slot before it answers
        answer = all_of(opened).removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 405" if head.startswith(b"POST") else b"HTTP/1.1 200")
    assert answer.count(b"HTTP/1.1") == 1
    with site.connect(head) as opened:
        sent = 0
        with suppress(ConnectionError):
            while sent < 4_000_000:
                sent += opened.send(b"1\r\na\r\n" * 10_000)
        assert sent < 4_000_000  # what the system had room for, and no more


@pytest.mark.parametrize("size", [reader_limits.HEAD_BYTES, 120_000])
def test_a_head_is_as_long_as_it_may_be_however_it_arrives(size: int) -> None:
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a:\r\n" * (size // 4) + b"\r\n"
    assert status_of(head)[0] == 431
    assert status_of(head[: 33 + 4 * 50] + b"\r\n")[0] == 200


@pytest.mark.parametrize("text", [b"GET\r\n\r\n", b"\0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_no_request_has_the_headers_too(text: bytes) -> None:
    status, answer = status_of(text)
    assert status == 400
    assert SECURE in answer


def status_of(text: bytes) -> tuple[int, bytes]:
    """Return the answer of a connection to what arrives in one read."""

    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def run() -> bytes:
        async with listening(app) as (limiter, address):
            reader, writer = await asyncio.open_connection(*address)
            while not limiter.open:
                await asyncio.sleep(0.01)
            [connection] = limiter.open
            connection.data_received(text)
            await asyncio.sleep(0.05)
            connection.transport.close()
            answer = await asyncio.wait_for(reader.read(), SOON)
            writer.close()
            return answer

    answer = asyncio.run(run())
    return int(answer.split()[1]), answer


@asynccontextmanager
async def listening(
    app: Any, total: int = 8, takes_bodies: bool = False
) -> AsyncIterator[tuple[ConnectionLimiter, Any]]:
    """Listen for connections to an application in this process."""
    limiter = ConnectionLimiter(total)
    config = uvicorn.Config(app, proxy_headers=False, interface="asgi3")
    state = {"config": config, "server_state": ServerState(), "app_state": {}}
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(limiter, **state, takes_bodies=takes_bodies), sock=own
        )
        try:
            yield limiter, own.getsockname()
        finally:
            server.close()


def test_nobody_works_for_a_client_that_has_gone(capfd: pytest.CaptureFixture[str]) -> None:
    started, ended = 0, 0

    async def app(_: Any, __: Any, ___: Any) -> None:
        nonlocal started, ended
        started += 1
        try:
            await asyncio.sleep(60)
        finally:
            ended += 1

    async def run() -> None:
        async with listening(app) as (limiter, address), asyncio.timeout(SOON):
            for _ in range(20):
                _, writer = await asyncio.open_connection(*address)
                writer.write(request("/"))
                await asyncio.sleep(0)
                writer.transport.abort()
            while not started or limiter.open or ended < started:
                await asyncio.sleep(0.01)

    asyncio.run(run())
    assert "Exception" not in capfd.readouterr().err


def test_requests_that_arrive_together_are_answered_in_turn() -> None:
    order: list[str] = []

    async def app(scope: Any, _: Any, send: Any) -> None:
        order.append(scope["path"])
        await asyncio.sleep(0.01)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": f"<{scope['path']}>".encode()})

    async def run() -> bytes:
        async with listening(app) as (_, address), asyncio.timeout(SOON):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"".join(request(f"/{number}") for number in range(5)))
            answer = b""
            while answer.count(b"HTTP/1.1 200") < 5 or not answer.endswith(b"0\r\n\r\n"):
                answer += await reader.read(65536)
            writer.close()
            return answer

    answer = asyncio.run(run())
    assert order == [f"/{number}" for number in range(5)]
    assert [answer.index(f"<{path}>".encode()) for path in order] == sorted(
        answer.index(f"<{path}>".encode()) for path in order
    )


async def echo(_: Any, receive: Any, send: Any) -> None:
    """Answer with the length of the body."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"<%d>" % size})


def body_head(stated: str) -> bytes:
    return f"PUT / HTTP/1.1\r\nHost: localhost\r\n{stated}\r\n\r\n".encode()


@pytest.mark.parametrize("piece", [1_000_000, 50_000, 777])
def test_bodies_are_read_however_they_arrive_where_they_are_taken(piece: int) -> None:
    async def run() -> None:
        async with listening(echo, takes_bodies=True) as (_, address), asyncio.timeout(SOON * 4):
            reader, writer = await asyncio.open_connection(*address)
            for size in (200_000, 0, 5, 70_000):  # on one connection
                sent = body_head(f"Content-Length: {size}") + b"x" * size
                for start in range(0, len(sent), piece):
                    writer.write(sent[start : start + piece])
                    await writer.drain()
                assert b"<%d>" % size in await reader.readuntil(b"0\r\n\r\n")
            writer.write((body_head("Content-Length: 3") + b"abc") * 4)  # and together
            for _ in range(4):
                assert b"<3>" in await reader.readuntil(b"0\r\n\r\n")
            writer.close()

    asyncio.run(run())


HALVES = (
    body_head("Content-Length: 9") + b"1",
    body_head(f"Content-Length: {10**19}") + b"1",
    body_head("a: b")[:-1],
    b"",
)


@pytest.mark.parametrize("text", HALVES)
def test_half_a_request_ends_in_time_and_makes_room_before(
    text: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with (
            listening(echo, total=2, takes_bodies=True) as (limiter, address),  # one for each peer
            asyncio.timeout(SOON),
        ):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(text)
            other, own = await asyncio.open_connection(*address)
            own.write(body_head("Content-Length: 2") + b"12")
            assert b"200" in await other.readline()
            assert await ending(reader)
            own.close()
            writer.close()
            reader, writer = await asyncio.open_connection(*address)
            writer.write(text)
            while not limiter.open:
                await asyncio.sleep(0.01)
            monkeypatch.setattr(reader_limits, "HEAD_SECONDS", -1e20)
            while limiter.open:
                limiter.sweep()
                await asyncio.sleep(0.01)
            assert await ending(reader)
            writer.close()

    asyncio.run(run())


async def ending(reader: asyncio.StreamReader) -> bool:
    """Return whether a connection ends without an answer."""
    with suppress(ConnectionError):
        return await reader.read() == b""
    return True


def test_a_body_in_chunks_is_not_read_where_bodies_are_taken() -> None:
    async def refuse(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 400, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def run() -> bytes:
        async with listening(refuse, takes_bodies=True) as (_, address), asyncio.timeout(SOON):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(body_head("Transfer-Encoding: chunked") + b"1\r\na\r\n" * 100)
            with suppress(ConnectionError):
                return await reader.read()
            return b""

    assert asyncio.run(run()).count(b"HTTP/1.1") <= 1


def test_a_slot_is_kept_for_a_job_that_outlasts_its_reader() -> None:
    async def run() -> None:
        slots = Slots(2, 0)
        reader = ReaderRequest(peer="a", release=await slots.acquire("a"))
        job = asyncio.get_running_loop().create_future()
        reader.hold(job)
        reader.finish()  # the client has gone
        with pytest.raises(ServerBusy):
            await slots.acquire("a")
        job.set_exception(ValueError("nobody looks at it"))
        await asyncio.sleep(0)
        (await slots.acquire("a"))()

    asyncio.run(run())


def test_a_slot_passes_over_those_who_go_at_the_same_moment() -> None:
    async def run() -> None:
        slots = Slots(1, 4)
        release = await slots.acquire("a")
        gone = asyncio.create_task(slots.acquire("b"))
        here = asyncio.create_task(slots.acquire("c"))
        await asyncio.sleep(0)
        gone.cancel()
        release()
        (await asyncio.wait_for(here, 1))()
        assert gone.cancelled()
        (await asyncio.wait_for(slots.acquire("b"), 1))()

    asyncio.run(run())


def test_pages_have_a_share_for_each_peer_too() -> None:
    async def run() -> None:
        slots = Slots(reader_limits.PAGES, reader_limits.CONNECTIONS, reader_limits.PEER_PAGES)
        mine = [asyncio.create_task(slots.acquire("a")) for _ in range(200)]
        await asyncio.sleep(0)
        assert sum(task.done() for task in mine) == reader_limits.PEER_PAGES < reader_limits.PAGES
        other = asyncio.create_task(slots.acquire("b"))
        await asyncio.sleep(0)
        assert other.done()
        for task in mine:
            task.cancel()

    asyncio.run(run())


def test_more_half_requests_than_files_keep_nobody_out_and_fill_no_log(site: Site) -> None:
    before = len(site.output())
    with ExitStack() as stack:
        for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
            for _ in range(FILES // 2):
                stack.enter_context(site.connect(b"GET / HTTP/1.1\r\n", host))
        started = time.monotonic()
        assert site.status("/claims") == 200
        assert time.monotonic() - started < SOON
    assert len(site.output()) - before < 1000


ROWS = "with recursive n(i) as (select 1 union all select i + 1 from n limit 180) "
LONG = "select replace(hex(zeroblob(9500)), '0', 'a') from n"
LARGE = httpx.QueryParams({"sql": ROWS + LONG})
"""Some 3.5 MB as JSON and as CSV, of the 4 MB that an answer may have."""


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


@pytest.mark.slow
def test_an_answer_that_is_not_read_is_dropped_and_one_reader_has_few_of_them(site: Site) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(site.connect(request(f"/tiny.json?{LARGE}"))) for _ in "123"]
        heads = [opened.recv(12) for opened in slow]
        assert sorted(heads) == [b"HTTP/1.1 200", b"HTTP/1.1 503", b"HTTP/1.1 503"]
        with site.connect(request(f"/tiny.json?{LARGE}"), "127.0.0.2") as other:
            assert other.recv(12) == b"HTTP/1.1 200"
        time.sleep(2)  # twice what a reader may take nothing
        stalled = slow[heads.index(b"HTTP/1.1 200")]
        assert ends(stalled)
    assert site.status(f"/tiny.json?{LARGE}") == 200
    assert not any(word in site.output() for word in ("ERROR", "Traceback", "Caught this error"))


@pytest.mark.slow
def test_streams_that_are_not_read_keep_no_other_waiting_for_long(site: Site) -> None:
    path = f"/tiny.csv?_stream=1&{LARGE}"
    with (
        site.connect(request(path)) as one,
        site.connect(request(path), "127.0.0.2") as two,
        site.connect(request(path), "127.0.0.3") as third,
    ):
        assert {one.recv(12), two.recv(12)} == {b"HTTP/1.1 200"}
        assert third.recv(12) == b"HTTP/1.1 200"  # within the time of the socket
        assert ends(one)
        assert ends(two)
    assert not any(word in site.output() for word in ("ERROR", "Traceback", "Caught this error"))


def test_a_reader_with_many_slow_queries_leaves_room_for_another(site: Site) -> None:
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"
    path = f"/tiny.json?{httpx.QueryParams({'sql': endless})}"
    with ExitStack() as stack:
        for _ in range(reader_limits.READERS + reader_limits.WAITING):
            stack.enter_context(site.connect(request(path), "127.0.0.2"))
        time.sleep(0.3)
        started = time.monotonic()
        assert site.status("/tiny/claims.json?topic=sharing") == 200
        assert time.monotonic() - started < 1.5  # none of theirs has ended


def is_refused_soon(site: Site, path: str) -> bool:
    """Whether a request is refused once the server has taken up those that were sent before it."""
    for _ in range(40):
        with site.connect(request(path)) as asking:
            asking.settimeout(0.5)
            with suppress(TimeoutError):  # it waits itself, for those are not taken up yet
                return asking.recv(12) == b"HTTP/1.1 503"
    return False


def test_a_table_for_spreadsheets_takes_a_slot_of_the_streams(site: Site) -> None:
    def is_refused() -> bool:
        with ExitStack() as stack:
            for host in ("127.0.0.2", "127.0.0.3"):
                slow = site.connect(request(f"/tiny.csv?_stream=1&{LARGE}"), host)
                assert stack.enter_context(slow).recv(12) == b"HTTP/1.1 200"
            for _ in range(reader_limits.STREAMS_WAITING // 2):
                stack.enter_context(site.connect(request("/downloads/claims.csv")))
            return is_refused_soon(site, "/downloads/claims.csv")

    # on a busy machine those that take nothing may be dropped before all others are taken up
    assert any(is_refused() for _ in range(20))
    assert site.status("/downloads/claims.csv") == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/downloads/claims.csv", "/downloads/claims.csv?sql=x", "/claims.csv", "/claims.csv/"),
        *("/claims.csv?sql=x", "/claims.csv?_shape=array", "/incidents.csv?sql=x"),
        *("/claims.json?rows=all", "/claims.json?rows=all&sql=x"),
    ],
)
def test_what_is_written_while_it_is_sent_takes_a_slot_of_the_streams_by_any_address(
    path: str, built: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    admitted: list[bool] = []

    async def busy(_: ReaderPool, request: ReaderRequest) -> None:
        admitted.append(request.stream)
        raise ServerBusy

    monkeypatch.setattr(ReaderPool, "admit", busy)
    answer = asking_once(built.package.build)(path)
    assert (answer.status_code, admitted) == (503, [True])
    assert "Others use" in answer.text


@pytest.mark.parametrize(("rows", "width"), [(3000, 4000), (20_000, 4), (0, 0)])
def test_a_table_is_written_in_pieces_of_some_bytes_whatever_its_rows_hold(
    rows: int, width: int, tmp_path: Path
) -> None:
    path = tmp_path / "wide.parquet"
    frame = pl.DataFrame(
        {"id": range(rows), "text": ["=" * width] * rows, "kind": ["a", "b"] * (rows // 2)}
    )
    frame.with_columns(pl.col("kind").cast(pl.Categorical)).write_parquet(path)
    pieces = [*table_csv.csv_pieces(path)]
    longest = table_csv.PIECE_BYTES + table_csv.ROWS * (width + 100)
    assert max(map(len, pieces)) < longest
    assert "".join(pieces) == table_csv.csv_of(pl.read_parquet(path), header=True)


@pytest.mark.parametrize("kind", [pl.Categorical, pl.List(pl.Categorical)])
def test_a_code_of_a_table_has_its_bytes_in_every_row(kind: Any, tmp_path: Path) -> None:
    path = tmp_path / "codes.parquet"
    longest, rows = 30_000, 300
    codes = pl.Series("kind", ["x" * longest] * rows).cast(pl.Categorical)
    frame = pl.DataFrame({"id": range(rows), "kind": codes})
    if kind != pl.Categorical:
        frame = frame.with_columns(pl.concat_list("kind"))
    frame.write_parquet(path)
    pieces = [*table_csv.csv_pieces(path)]
    assert max(map(len, pieces)) < 2 * table_csv.PIECE_BYTES
    assert sum(piece.count("x" * longest) for piece in pieces) == rows


def test_a_whole_list_is_read_in_pieces_of_some_bytes_whatever_its_rows_hold() -> None:
    width, rows = 60_000, 100
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table claims (id integer, text)")
        database.executemany(
            "insert into claims values (?, ?)", [(at, "é" * width) for at in range(rows)]
        )
        pieces = []
        at = 1
        while at <= rows:
            numbers = [*range(at, rows + 1)]
            pieces.append(whole_list._read_piece("claims", numbers, 60, database))
            at += len(pieces[-1])
    assert [row[0] for piece in pieces for row in piece] == [*range(rows)]
    assert max(map(len, pieces)) <= table_csv.PIECE_BYTES // width + 1


def test_who_leaves_a_table_has_the_slot_until_its_thread_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    names = []

    def piece(_: Path) -> Iterator[str]:
        names.append(threading.current_thread().name)
        begun.set()
        assert go_on.wait(SOON)
        yield "a,b\n"

    async def run() -> None:
        slots = Slots(1, 0)
        reader = ReaderRequest(peer="a", release=await slots.acquire("a"))
        REQUEST.set(reader)
        sending = asyncio.create_task(csv_stream.safe_csv(None, Path("a.parquet")).stream_fn(None))
        assert await asyncio.to_thread(begun.wait, SOON)
        sending.cancel()  # the client has gone
        await asyncio.wait([sending])
        reader.finish()
        with pytest.raises(ServerBusy):
            await slots.acquire("a")
        go_on.set()
        async with asyncio.timeout(SOON):
            while reader.running:
                await asyncio.sleep(0.01)
        (await slots.acquire("a"))()

    monkeypatch.setattr(csv_stream, "csv_pieces", piece)
    asyncio.run(run())
    assert names
    assert names[0].startswith("claimlog-csv")


def test_who_waits_for_a_slot_and_goes_leaves_the_place() -> None:
    async def run() -> None:
        slots = Slots(1, 2)
        release = await slots.acquire("a")
        first = asyncio.create_task(slots.acquire("b"))
        await asyncio.sleep(0)
        with pytest.raises(ServerBusy):
            await slots.acquire("b")  # half of the places are its own
        second = asyncio.create_task(slots.acquire("c"))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        release()
        release()  # a second time changes nothing
        (await asyncio.wait_for(second, 1))()
        (await slots.acquire("d"))()

    asyncio.run(run())


def test_a_reader_who_goes_in_whichever_round_of_the_loop_leaves_no_slot_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader_limits, "READERS", 1)
    monkeypatch.setattr(reader_limits, "WAITING", 0)

    async def run() -> None:
        pool = ReaderPool()
        for rounds in range(6):
            reader = ReaderRequest(peer="a")
            admitting = asyncio.create_task(pool.admit(reader))
            for _ in range(rounds):
                await asyncio.sleep(0)
            admitting.cancel()
            await asyncio.wait([admitting])
            reader.finish()
            other = ReaderRequest(peer="b")
            await pool.admit(other)  # refused where the only slot is still taken
            other.finish()
        pool.close()

    asyncio.run(run())


def test_a_slot_goes_to_the_peer_that_holds_fewest_and_is_lost_by_no_cancellation() -> None:
    async def run() -> None:
        slots = Slots(3, 8)
        mine = [await slots.acquire("a"), await slots.acquire("a")]
        third = asyncio.create_task(slots.acquire("a"))  # the last slot is for another
        other = await asyncio.wait_for(slots.acquire("b"), 1)
        fourth = asyncio.create_task(slots.acquire("c"))
        await asyncio.sleep(0)
        mine.pop()()
        await asyncio.sleep(0)
        assert fourth.done()
        assert not third.done()
        mine.pop()()
        third.cancel()  # at the moment when it comes
        await asyncio.sleep(0)
        other()
        fourth.result()()
        again = [await slots.acquire("a"), await slots.acquire("a"), await slots.acquire("b")]
        assert len(again) == 3

    asyncio.run(run())


def test_after_a_reader_took_nothing_sending_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_limits, "SEND_SECONDS", 0.05)
    taken: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        if len(taken) == 3:
            await asyncio.sleep(60)
        taken.append(message)

    async def run() -> None:
        sender = Sender({"method": "GET", "client": ("192.0.2.1", 1)}, send)
        await sender({"type": "http.response.start", "status": 200})
        assert not sender.started
        body = bytes(range(256)) * 1000
        for _ in range(2):
            with pytest.raises(ClientGone):
                await asyncio.wait_for(sender({"type": "http.response.body", "body": body}), 5)
        assert b"".join(message.get("body", b"") for message in taken) == body[: 2 * 65_536]

    asyncio.run(run())


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 131_072, 200_000])
def test_an_answer_arrives_whole_in_pieces(size: int) -> None:
    taken: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        taken.append(message)

    async def run() -> None:
        sender = Sender({"method": "GET"}, send)
        await sender({"type": "http.response.start", "status": 200})
        await sender({"type": "http.response.body", "body": b"x" * size})

    asyncio.run(run())
    assert sum(len(message.get("body", b"")) for message in taken) == size
    assert [bool(message.get("more_body")) for message in taken[1:-1]] == [True] * (len(taken) - 2)
    assert not taken[-1].get("more_body")


def test_a_stream_ends_at_the_latest_when_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader_limits, "SENDING_SECONDS", 0.0)

    async def send(_: dict[str, Any]) -> None:
        pass

    async def run() -> None:
        sender = Sender({"method": "GET"}, send, lambda: True)
        await sender({"type": "http.response.start", "status": 200})
        with pytest.raises(ClientGone):
            await sender({"type": "http.response.body", "body": b"x", "more_body": True})

    asyncio.run(run())


def test_long_answers_have_a_budget_for_all_and_for_each_and_one_alone_always_has_room() -> None:
    budget = SendBudget(10, 4)
    assert budget.take("a", 9)
    assert not budget.take("a", 1)
    assert not budget.take("b", 2)
    budget.give_back("a", 9)
    assert budget.take("b", 20)
    budget.give_back("b", 20)
    assert not budget.peers


@pytest.mark.slow
def test_a_server_with_a_reader_who_does_not_read_ends_when_it_is_told_to(
    built: World, tmp_path: Path
) -> None:
    with serving(built, tmp_path / "log") as server:
        with (
            server.connect(request(f"/tiny.json?{LARGE}")) as slow,
            server.connect(b"GET / HT"),
        ):
            assert slow.recv(12) == b"HTTP/1.1 200"
            os.kill(server.process.pid, signal.SIGTERM)
            server.process.wait(reader_limits.END_SECONDS + SOON)
        assert "Traceback" not in server.output()


def test_connections_leave_files_for_all_else() -> None:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 0 < connection_limit() <= reader_limits.CONNECTIONS
    assert files == resource.RLIM_INFINITY or connection_limit() < files


def test_the_body_of_an_answer_does_not_wait_for_what_was_sent_before() -> None:
    async def run() -> bool:
        async with listening(None) as (limiter, address), asyncio.timeout(SOON):
            _, writer = await asyncio.open_connection(*address)
            while not limiter.open:
                await asyncio.sleep(0.01)
            [connection] = limiter.open
            opened = connection.transport.get_extra_info("socket")
            delayed = not opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            connection.abort()
            writer.close()
            return delayed

    assert not asyncio.run(run())


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("localhost", 200), ("LOCALHOST:81", 200), ("127.0.0.1:1", 200), ("[::1]:1", 200)),
        *(("localhost.", 200), ("claims.example", 200), ("Claims.Example:443", 200)),
        *(("evil.example", 421), ("127.0.0.1.evil.example", 421), ("localhost@evil.example", 421)),
        *(("10.0.0.1", 421), ("", 421), ("evil.example:localhost", 421), ("[evil]", 421)),
        *(("localhost:x@evil.example", 421), ("localhost:", 421), ("localhost:8001/x", 421)),
        *(("localhost:800001", 421), ("[localhost]", 421), ("localhost:[::1]", 421)),
    ],
)
def test_a_server_answers_under_its_own_names_only(host: str, status: int, site: Site) -> None:
    for path in ("/", "/claims.json", "/tiny.db", "/-/static/nothing"):
        with site.connect(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode()) as opened:
            answer = all_of(opened)
        expected = 404 if status == 200 and path.endswith("nothing") else status
        assert answer.startswith(f"HTTP/1.1 {expected} ".encode())
        assert SECURE in answer
        assert b"cross-origin-resource-policy: same-origin" in answer
        assert status == 200 or b"C001-001" not in answer


def test_a_server_for_all_answers_to_addresses_and_the_names_it_was_given() -> None:
    def refused(host: str, listening_on: str, *given: str) -> bool:
        scope = {"headers": [(b"host", host.encode())]}
        return wrong_host_refusal(scope, names_of(listening_on, given)) is not None

    assert not refused("192.0.2.1:8001", "0.0.0.0")
    assert not refused("[2001:db8::1]", "::")
    assert refused("claims.example", "0.0.0.0")
    assert not refused("claims.example", "0.0.0.0", "claims.example")
    assert not refused("claims.example", "claims.example")
    assert refused("192.0.2.1", "localhost")
    for host in ("*", "192.0.2.1:x@evil.example", "[fe80::1%@evil.example]", "fe80::1%a", "::1"):
        assert refused(host, "0.0.0.0"), host


class Visitor:
    """A connection to a limiter, as far as the limiter looks at it."""

    def __init__(self, busy: bool = False, since: float = 0.0, asker: str | None = None) -> None:
        self.busy, self.since, self.asker, self.ended = busy, since, asker, False
        self.limiter: ConnectionLimiter | None = None

    def abort(self) -> None:
        assert self.limiter is not None
        self.limiter.forget(self)  # type: ignore[arg-type]
        self.ended = True

    def arrive(self, limiter: ConnectionLimiter, peer: str) -> bool:
        self.limiter = limiter
        return limiter.admit(self, peer)  # type: ignore[arg-type]


def test_who_has_most_connections_makes_room_and_answers_are_never_cut_off() -> None:
    limiter = ConnectionLimiter(4)
    busy, old, new = Visitor(busy=True), Visitor(since=1), Visitor(since=2)
    assert busy.arrive(limiter, "a")
    assert old.arrive(limiter, "a")
    assert new.arrive(limiter, "a")  # in the place of the one that waits longest
    assert old.ended
    assert not busy.ended
    assert Visitor(busy=True).arrive(limiter, "b")
    assert Visitor(busy=True).arrive(limiter, "c")
    new.busy = True
    assert not Visitor().arrive(limiter, "d")
    assert not Visitor().arrive(limiter, "a")
    busy.abort()
    assert Visitor().arrive(limiter, "d")
    assert limiter.peers == {"a": 1, "b": 1, "c": 1, "d": 1}


def test_where_askers_are_told_apart_the_one_with_most_answers_loses_the_oldest_of_them() -> None:
    limiter = ConnectionLimiter(12)  # six for a peer
    saving = Visitor(busy=True, asker="coder-1")
    stuck = [Visitor(busy=True, since=number, asker="") for number in range(1, 5)]
    idle = Visitor(since=9)
    assert all(one.arrive(limiter, "a") for one in (saving, *stuck, idle))
    assert Visitor(since=10).arrive(limiter, "a")
    assert [one.ended for one in stuck] == [True, False, False, False]
    assert not idle.ended
    assert Visitor(busy=True, since=11, asker="coder-1").arrive(limiter, "a")
    assert stuck[1].ended
    assert Visitor(since=12).arrive(limiter, "a")  # now there are as many idle ones
    assert idle.ended
    assert not saving.ended


def test_a_body_that_is_under_way_is_idle_only_where_nobody_knows_whose_it_is() -> None:
    connection = Connection.__new__(Connection)
    connection.cycle, connection.asker, connection._body_left = None, None, 9
    assert not connection.busy
    connection.asker = "coder-1"
    assert connection.busy
    connection._body_left = 0
    assert not connection.busy


def test_a_proxy_that_is_trusted_has_no_share() -> None:
    limiter = ConnectionLimiter(4, frozenset({"proxy"}))
    assert all(Visitor(busy=True).arrive(limiter, "proxy") for _ in range(4))


def test_a_household_is_one_peer() -> None:
    assert peer_of(("2001:db8::1", 1)) == peer_of(("2001:db8::ffff:1", 2))
    assert peer_of(("2001:db8:0:1::1", 1)) != peer_of(("2001:db8::1", 1))


def test_the_same_error_of_the_event_loop_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    errors = LoopErrorHandler()
    for number in range(1000):
        error = OSError(24, f"Too many open files {number}")
        errors(None, {"message": "no accept\nx", "exception": error})  # type: ignore[arg-type]
    assert capfd.readouterr().err == "ERROR: no accept: OSError\n"


def test_the_server_takes_the_address_of_no_header_unless_a_proxy_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from claimlog.site.server import TRUSTED, make_server

    monkeypatch.delenv(TRUSTED, raising=False)
    assert asked_of(make_server(seen, "127.0.0.1", 1)) == ("192.0.2.2", "http", b"own.example")
    monkeypatch.setenv(TRUSTED, "192.0.2.1, 192.0.2.2")
    server = make_server(seen, "127.0.0.1", 1)
    assert asked_of(server) == ("198.51.100.7", "https", b"claims.example")
    assert all(peer in server.limiter.trusted for peer in ("192.0.2.1", "192.0.2.2"))
    assert "192.0.2.3" not in server.limiter.trusted
    monkeypatch.setenv(TRUSTED, "192.0.2.0/24,2001:db8::1")
    trusted = make_server(seen, "127.0.0.1", 1).limiter.trusted
    assert "192.0.2.3" in trusted
    assert peer_of(("2001:db8::1", 1)) in trusted
    assert "198.51.100.1" not in trusted


@pytest.mark.parametrize(("proxy", "named"), [("192.0.2.2", True), ("192.0.2.0/24", True),
                                              ("192.0.2.9", False)])  # fmt: skip
def test_a_proxy_is_named_by_an_option_too(proxy: str, named: bool) -> None:
    from claimlog.site.server import make_server

    server = make_server(seen, "127.0.0.1", 1, [proxy])
    assert (asked_of(server)[0] == "198.51.100.7") is named
    assert ("192.0.2.2" in server.limiter.trusted) is named


async def seen(scope: Any, _: Any, send: Any) -> None:
    """Answer with who asks and for which server, as an application sees it."""
    host = next(value for name, value in scope["headers"] if name == b"host")
    await send((scope["client"][0], scope["scheme"], host))


def asked_of(server: Any) -> tuple[str, str, bytes]:
    """Return what the application sees of a request that says that it was passed on."""
    answers: list[tuple[str, str, bytes]] = []

    async def send(answer: tuple[str, str, bytes]) -> None:
        answers.append(answer)

    scope = {
        "type": "http",
        "client": ("192.0.2.2", 4),
        "scheme": "http",
        "headers": [
            (b"host", b"own.example"),
            (b"x-forwarded-for", b"198.51.100.7"),
            (b"x-forwarded-proto", b"https"),
            (b"x-forwarded-host", b"claims.example"),
        ],
    }
    asyncio.run(server.config.app(scope, None, send))
    return answers[0]
