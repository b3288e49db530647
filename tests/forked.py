"""Commands as processes of their own without the second that Python takes to import libraries.

A server that has imported everything forks a child for each command. The child has its own
directory, environment, streams and exit status, as a started command has; what only a fresh
interpreter can show (its own options, signals at start) is left to `subprocess`.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import pkgutil
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

HEAVY = ("polars", "pyarrow.parquet", "pandera.polars", "frictionless", "adbc_driver_sqlite.dbapi")
NOT_NEEDED = ("workshop.bench", "claimlog.site", "claimlog.__main__", "claimlog.spark")
STREAMS = ("in", "out", "err")


def run(
    folder: Path, words: Sequence[str], env: Mapping[str, str], data: bytes | None, timeout: int
) -> subprocess.CompletedProcess[bytes]:
    """Run claimlog in `folder` and return what it printed."""
    with tempfile.TemporaryDirectory(prefix="forked-") as name:
        said = Path(name)
        (said / "in").write_bytes(data or b"")
        asked = {"cwd": str(folder), "words": list(words), "env": dict(env), "said": name}
        status = _server().ask(asked, timeout)
        out, err = ((said / stream).read_bytes() for stream in STREAMS[1:])
    return subprocess.CompletedProcess(["claimlog", *words], status, out, err)


class Server:
    """The process that forks; asked by a line of JSON, it answers with the number and status."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.lock = threading.Lock()
        self.waiting: dict[int, tuple[threading.Event, list[int]]] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, asked: Mapping[str, Any], timeout: int) -> int:
        """Run one command; several threads may ask at once."""
        ended, status = threading.Event(), list[int]()
        with self.lock:
            number = len(self.waiting)
            self.waiting[number] = (ended, status)
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps({**asked, "number": number}) + "\n")
            self.process.stdin.flush()
        if not ended.wait(timeout):
            raise subprocess.TimeoutExpired(["claimlog", *asked["words"]], timeout)
        return status[0]

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            number, code = map(int, line.split())
            ended, status = self.waiting[number]
            status.append(code)
            ended.set()


@cache
def _server() -> Server:
    return Server()


def serve() -> None:
    """Fork for every line of standard input until it ends."""
    for name in HEAVY:
        importlib.import_module(name)
    import claimlog

    for module in pkgutil.walk_packages(claimlog.__path__, "claimlog."):
        if not module.name.startswith(NOT_NEEDED):
            importlib.import_module(module.name)
    answers = sys.stdout
    lock = threading.Lock()
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _child(asked)
        threading.Thread(target=_wait, args=(child, asked["number"], answers, lock)).start()


def _wait(child: int, number: int, answers: Any, lock: threading.Lock) -> None:
    _, status = os.waitpid(child, 0)
    with lock:
        print(number, os.waitstatus_to_exitcode(status), file=answers, flush=True)


def _child(asked: Mapping[str, Any]) -> None:
    status: object = 1
    try:
        for number, stream in enumerate(STREAMS):
            flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT
            os.dup2(os.open(Path(asked["said"]) / stream, flags), number)
        sys.stdin, sys.stdout, sys.stderr = (
            io.TextIOWrapper(
                (io.BufferedReader if number == 0 else io.BufferedWriter)(
                    io.FileIO(number, "r" if number == 0 else "w", closefd=False)
                ),
                encoding="utf-8",
                errors="backslashreplace" if number == 2 else "surrogateescape",
                line_buffering=number == 2,
            )
            for number in range(3)
        )
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        sys.argv = ["claimlog", *asked["words"]]
        runpy.run_module("claimlog", run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code or 0
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


if __name__ == "__main__":
    serve()
