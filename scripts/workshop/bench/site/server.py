"""A server of a build in a child process, which ends when the block does, however it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter, sleep
from types import FrameType
from urllib.request import urlopen

from claimlog.errors import ClaimlogError
from claimlog.package import Package

READY_SECONDS = 120
HOST = "127.0.0.1"
PLAIN_DATASETTE = (
    "import pluggy; pluggy.PluginManager.load_setuptools_entrypoints = lambda *_, **__: 0; "
    "from datasette.cli import cli; cli()"
)
"""Datasette 0.65 has no option that keeps installed plugins out."""


@dataclass(frozen=True)
class ServerProcess:
    """A server that answers: where, which process, and how long it took to be ready."""

    base: str
    pid: int
    seconds: float


@contextmanager
def serve_build(package: Package, log: Path, *more: str) -> Iterator[ServerProcess]:
    """Serve the build of a package on a free port.

    Parameters
    ----------
    more
        Further words for ``claimlog serve``, as ``--releases all``.
    log
        Where what the server says is written.

    Raises
    ------
    ClaimlogError
        If it does not answer in `READY_SECONDS`; the message ends with what it said last.
    """
    with _server_process(package.root, log, "-m", "claimlog", "serve", *more) as server:
        yield server


@contextmanager
def serve_plain_datasette(package: Package, log: Path) -> Iterator[ServerProcess]:
    """Serve the database of a package by Datasette as it comes: no plugin, its own settings."""
    path = package.build / f"{package.descriptor['name']}.db"
    words = ("serve", "--immutable", str(path.resolve()))
    with _server_process(package.root, log, "-c", PLAIN_DATASETTE, *words) as server:
        with urlopen(f"{server.base}/-/plugins.json", timeout=60) as answer:
            plugins = json.load(answer)
        if plugins:
            raise ClaimlogError(f"bench site: plain Datasette has plugins: {plugins}")
        yield server


@contextmanager
def _server_process(folder: Path, log: Path, *words: str) -> Iterator[ServerProcess]:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    started = perf_counter()
    with _sigterm_as_exit(), log.open("wb") as output:
        # a session of its own: Ctrl-C reaches this process, which then ends the server
        server = subprocess.Popen(
            [sys.executable, *words, "--port", str(port)],
            cwd=folder,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _wait_for_port(server, port, log)
            yield ServerProcess(f"http://{HOST}:{port}", server.pid, perf_counter() - started)
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(10)


def _wait_for_port(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the port is open; nothing is asked, so that the first request is measured."""
    until = monotonic() + READY_SECONDS
    while monotonic() < until and server.poll() is None:
        try:
            socket.create_connection((HOST, port), timeout=5).close()
            return
        except OSError:
            sleep(0.02)
    output = log.read_text("utf-8", "replace").strip().splitlines() or ["nothing"]
    raise ClaimlogError(f"bench site: the server did not answer; it said: {output[-1]}")


@contextmanager
def _sigterm_as_exit() -> Iterator[None]:
    """Let SIGTERM end the block as an exception would, so that nothing is left running."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
