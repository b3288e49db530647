"""What one reader cannot do to the server by many answers that cost little: each waits its turn."""

from __future__ import annotations

import asyncio
import threading
from types import ModuleType
from typing import Any

import pytest
from datasette.app import Datasette

from claimlog.site.delivery import answer as answers
from claimlog.site.delivery.answer import Answer
from claimlog.site.delivery.answer_writer import THREAD_BYTES, reply_for
from claimlog.site.pages import origins, source
from claimlog.site.protection import reader_limits
from claimlog.site.protection.host_names import NAMES, names_of
from claimlog.site.protection.turns import Turns
from conftest import World, asking, datasette_of
from test_site_connections import status_of

GZIP = {b"accept-encoding": b"gzip"}
MANY = 100


async def rounds(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


def test_one_request_is_begun_in_a_round_of_the_loop_and_peers_take_turns() -> None:
    async def run() -> None:
        turns = Turns()
        mine = [asyncio.create_task(turns.take("a")) for _ in range(MANY)]
        await rounds(3)
        begun = sum(task.done() for task in mine)
        assert 1 <= begun <= 3
        others = [asyncio.create_task(turns.take(peer)) for peer in "bcd"]
        await rounds(9)
        assert all(task.done() for task in others)
        assert begun < sum(task.done() for task in mine) < 12
        await asyncio.gather(*mine)
        await asyncio.wait_for(turns.take("a"), 1)

    asyncio.run(run())


def test_who_goes_while_waiting_for_a_turn_takes_none() -> None:
    async def run() -> None:
        turns = Turns()
        mine = [asyncio.create_task(turns.take("a")) for _ in range(MANY)]
        await rounds(2)
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)
        other = asyncio.create_task(turns.take("b"))
        await rounds(4)
        assert other.done()
        await asyncio.gather(*[turns.take("a") for _ in range(3)])

    asyncio.run(run())


@pytest.fixture(scope="module")
def site(tiny_build: World) -> Datasette:
    served = datasette_of(tiny_build.package.build)
    NAMES[served] = names_of("127.0.0.1", [])
    return served


CHEAP: dict[str, dict[str, Any]] = {
    "from memory": {"path": "/claims"},
    "unchanged": {"path": "/claims", "headers": [(b"if-none-match", b"*")]},
    "headers alone": {"path": "/claims", "method": "HEAD"},
    "options": {"path": "/claims", "method": "OPTIONS"},
    "not there": {"path": "/nothing"},
    "no address": {"path": "/\\"},
    "another server": {"path": "/", "host": b"elsewhere.example"},
    "a method": {"path": "/", "method": "POST"},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CHEAP)
def test_a_page_of_another_reader_does_not_wait_for_all_cheap_answers_of_one(
    kind: str, site: Datasette
) -> None:
    """In order of their answers, not by a clock: no answer of a hundred is written for another."""
    app = site.app()
    answered: list[str] = []

    async def ask(peer: str, path: str, method: str = "GET", **given: Any) -> None:
        async def receive() -> dict[str, Any]:
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answered.append(peer)

        headers = [(b"host", given.get("host", b"localhost")), *given.get("headers", [])]
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": headers,
            "client": (peer, 1),
        }
        await app(scope, receive, send)

    async def run() -> None:
        await ask("warm", "/claims")  # both are in memory
        await ask("warm", CHEAP[kind]["path"])
        answered.clear()
        mine = [asyncio.create_task(ask("192.0.2.1", **CHEAP[kind])) for _ in range(MANY)]
        other = asyncio.create_task(ask("192.0.2.2", "/claims"))
        await asyncio.gather(*mine, other)

    asyncio.run(run())
    assert len(answered) == MANY + 1
    assert answered.index("192.0.2.2") < 12


@pytest.mark.parametrize("line", [b"a:\r\n", b"Connection: a\r\n", b"Host: here\r\n", b" a\r\n"])
def test_a_head_has_so_many_lines_and_no_more(line: bytes) -> None:
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\na: b\r\n"
    assert status_of(head + line * reader_limits.HEAD_LINES + b"\r\n")[0] == 431
    if not line.startswith(b"Host"):
        assert status_of(head + line * (reader_limits.HEAD_LINES - 4) + b"\r\n")[0] == 200


def test_a_long_answer_is_compressed_once_and_not_on_the_event_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: list[int] = []
    compress = answers.compress

    def noting(data: bytes) -> bytes:
        threads.append(threading.get_ident())
        return compress(data)

    monkeypatch.setattr(answers, "compress", noting)
    page = Answer(200, [(b"content-type", b"text/html")], b"<p>words</p>" * THREAD_BYTES)
    assert len(page.for_reader({})[2]) == len(page.body)  # drawn for who accepts no compression

    async def run() -> set[bytes]:
        replies = await asyncio.gather(*[reply_for(page, GZIP) for _ in range(MANY)])
        return {body for _, _, body in replies}

    assert len(asyncio.run(run())) == 1
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


DRAWN = [
    ("/origins", origins, "draw_origin_graph"),
    ("/sources/S101", source, "draw_lineage"),
    ("/sources/S001", source, "draw_coverage"),
]
"""A page, its module, and what is drawn there of many sources or claims."""


@pytest.mark.parametrize(("path", "module", "name"), DRAWN, ids=[name for *_, name in DRAWN])
def test_what_grows_with_the_log_is_not_drawn_on_the_event_loop(
    path: str, module: ModuleType, name: str, tiny_build: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    draw = getattr(module, name)

    def noting(*args: Any) -> Any:
        threads.append(threading.get_ident())
        return draw(*args)

    monkeypatch.setattr(module, name, noting)
    assert asking(tiny_build.package.build)(path).status_code == 200
    assert threads
    assert threading.get_ident() not in threads
