"""Servers that are slow for good, hostile redirects, and machines that nothing leads to."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from claimlog import web_client, web_connections
from claimlog.errors import ClaimlogError
from claimlog.web_client import TRIES, WebClient, WebError
from claimlog.web_connections import Reach
from web_servers import Answer, HangUp, Server

Talk = Callable[[socket.socket], object]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_client, "PAUSES", (0.0,) * (TRIES - 1))


@contextmanager
def listening(talk: Talk) -> Iterator[tuple[str, list[socket.socket]]]:
    """Yield the address of a server that talks as it likes, and its connections."""
    connections: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connections.append(connection)
                    threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                connection.recv(65536)
                talk(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", connections
        server.shutdown(socket.SHUT_RDWR)


def drip(head: bytes, drop: bytes, pause: float = 0.05) -> Talk:
    def talk(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(drop)
            time.sleep(pause)

    return talk


SLOW = {
    "a head": drip(b"HTTP/1.1 200 OK\r\nX: ", b"a"),
    "a body": drip(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", b"a"),
    "a body that ends with the connection": drip(b"HTTP/1.0 200 OK\r\n\r\n", b"a"),
    "chunks": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    "answers before the answer": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 0),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", SLOW)
def test_a_server_that_is_slow_for_good_is_cut_off_and_not_asked_again(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_connections, "LEAST_SECONDS", 0.5)
    began = time.monotonic()
    with listening(SLOW[kind]) as (url, connections), WebClient() as client:
        with pytest.raises(WebError, match="GET was slower than 20 kB a second for"):
            client.download(f"{url}/x.zip", io.BytesIO(), 20_000)
        assert len(connections) == 1
    assert time.monotonic() - began < 30


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*SLOW, "bytes fast enough"])
def test_all_that_a_client_asks_for_takes_so_long_and_no_longer(kind: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    talk = SLOW[kind] if kind in SLOW else drip(head, bytes(500))
    began = time.monotonic()
    with listening(talk) as (url, connections), WebClient(seconds=0.5) as client:
        with pytest.raises(WebError, match=r"GET took longer than 0\.5 seconds; run this again"):
            client.fetch_page(f"{url}/x", 2_000_000)
        assert len(connections) == 1
    assert time.monotonic() - began < 30


def test_no_other_try_begins_when_the_time_of_a_client_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web_client, "PAUSES", (1.0, 300.0, 300.0))
    server, pauses = Place(Answer(503)), list[float]()
    client = WebClient(seconds=200, sleep=pauses.append)
    with server.running(), client, pytest.raises(WebError, match="answered 503"):
        client.fetch_page(server.url, 1_000)
    assert pauses == [1.0]
    assert len(server.requests) == 2


def test_bytes_give_an_exchange_time_and_never_more_than_one_may_wait() -> None:
    connections = web_connections.Connections()
    connections.begin()
    connections.count(1 << 40)
    assert connections._end <= time.monotonic() + web_connections.LEAST_SECONDS
    connections.end()


class Place(Server):
    """Answers one thing to whoever asks."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.given = answer

    def answer(self, _: Any) -> Answer:
        return self.given


def test_a_download_is_tried_so_many_times_in_all() -> None:
    server = Place(Answer(200, bytes(1000), cut=10))

    def sometimes_hang_up(number: int, _: object) -> None:
        if number % 2:
            raise HangUp

    server.before = sometimes_hang_up
    with server.running(), WebClient() as client, pytest.raises(WebError):
        client.download(server.url, io.BytesIO(), 10_000)
    assert len(server.requests) == TRIES


@pytest.mark.parametrize(
    "location",
    [
        "https://[::1/",
        "https://127.0.0.1:99999999/",
        f"/{'a' * 70_000}",
        "file:///etc/passwd",
        "/\x01",
        "https://xn--\xff.example/",
        "",
    ],
)
def test_what_a_server_leads_on_to_is_an_address_of_the_web_or_one_line(location: str) -> None:
    server = Place(Answer(302, headers={"location": location}))
    with server.running(), WebClient() as client, pytest.raises(ClaimlogError) as error:
        client.download(server.url, io.BytesIO(), 100)
    assert len(str(error.value)) < 800


def test_a_name_and_password_in_an_address_that_a_server_names_are_sent_nowhere() -> None:
    other = Place(Answer(200, b"{}"))
    place = other.url.replace("//", "//user:secret@")
    server = Place(Answer(302, headers={"location": place}))
    with other.running(), server.running(), WebClient() as client:
        for ask in (
            lambda: client.fetch_json("GET", server.url),
            lambda: client.fetch_json("POST", place, {}),
        ):
            with pytest.raises(WebError, match="a name or password in it, which is sent nowhere"):
                ask()
    assert other.requests == []


def test_nothing_is_sent_to_this_machine_by_whatever_name_a_stranger_leads_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = Place(Answer(200, b"{}"))
    port = here.http.server_address[1]
    # as if the first server were anybody's
    real = web_connections._reach
    monkeypatch.setattr(
        web_connections,
        "_reach",
        lambda stream: (
            real(stream) if stream.get_extra_info("server_addr")[1] == port else Reach.ANYBODY
        ),
    )
    stranger = Place(Answer(302, headers={"location": f"http://localhost:{port}/"}))
    with here.running(), stranger.running(), WebClient() as client:
        with pytest.raises(WebError, match="from where nothing is fetched"):
            client.fetch_json("GET", stranger.url)
        assert here.requests == []
        assert client.fetch_json("GET", f"{here.url}/") == {}  # the user may name it
        with pytest.raises(WebError, match="from where nothing is fetched"):
            client.fetch_json("GET", stranger.url)  # nor by a connection that is there
        assert len(here.requests) == 1


class Stream:
    def __init__(self, other: str) -> None:
        self.addresses = {"client_addr": ("192.0.2.7", 1), "server_addr": (other, 443)}

    def get_extra_info(self, name: str) -> Any:
        return self.addresses[name]


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("127.0.0.1", Reach.MACHINE),
        ("127.8.9.1", Reach.MACHINE),
        ("0.0.0.0", Reach.MACHINE),
        ("::1", Reach.MACHINE),
        ("::", Reach.MACHINE),
        ("::ffff:127.0.0.1", Reach.MACHINE),
        ("192.0.2.7", Reach.MACHINE),
        ("10.1.2.3", Reach.NETWORK),
        ("169.254.169.254", Reach.NETWORK),
        ("fe80::1%eth0", Reach.NETWORK),
        ("::ffff:10.1.2.3", Reach.NETWORK),
        ("8.8.8.8", Reach.ANYBODY),
        ("2001:4860:4860::8888", Reach.ANYBODY),
    ],
)
def test_who_is_at_the_other_end_is_said_by_its_address(address: str, reach: Reach) -> None:
    assert web_connections._reach(Stream(address)) is reach


def refuse_name(code: int) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> Any:
        raise socket.gaierror(code, "the resolver's words")

    return refuse


def refuse_connection(*_: object, **__: object) -> Any:
    raise ConnectionRefusedError(111, "Connection refused")


def time_out(*_: object, **__: object) -> Any:
    raise TimeoutError("timed out")


@pytest.mark.parametrize(
    ("fault", "pauses"),
    [
        (refuse_connection, 0),
        (refuse_name(socket.EAI_NONAME), 0),
        (refuse_name(socket.EAI_AGAIN), TRIES - 1),
        (time_out, TRIES - 1),
    ],
    ids=["refused", "no such name", "resolver busy", "timeout"],
)
@pytest.mark.parametrize("way", ["fetch_page", "fetch_json"])
def test_a_connection_is_tried_again_only_if_its_fault_may_pass(
    fault: Callable[..., Any], pauses: int, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "create_connection", fault)
    slept: list[float] = []
    url = "http://127.0.0.1:9/x"
    with WebClient(sleep=slept.append) as client, pytest.raises(WebError):
        client.fetch_page(url, 100) if way == "fetch_page" else client.fetch_json("GET", url)
    assert len(slept) == pauses


@pytest.mark.parametrize(
    ("status", "asked"), [(400, 1), (404, 1), (410, 1), (429, TRIES), (500, TRIES), (503, TRIES)]
)
def test_an_answer_is_asked_for_again_only_if_it_may_change(status: int, asked: int) -> None:
    head = f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    with listening(lambda connection: connection.sendall(head)) as (url, connections):
        with WebClient() as client, pytest.raises(WebError, match=f"answered {status}"):
            client.fetch_page(f"{url}/x", 100)
        assert len(connections) == asked
