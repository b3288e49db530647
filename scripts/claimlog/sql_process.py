"""A process that runs the SQL of readers and packages, and looks at strangers' databases.

Whoever found a fault in SQLite would have that process. So what comes out of it is data only, of
bounded length, checked, and waited for only until a deadline.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import weakref
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from claimlog.sql_worker import LENGTH, pack_bytes, unpack_bytes

GRACE_SECONDS = 0.5
"""Seconds until a process is ended that did not stop at the time limit: SQLite looks at the clock
between steps, and a single step, or planning a query, can take minutes."""

MESSAGE_BYTES = 32_000_000
"""Bytes that a process may answer at once: twice the rows that are counted and not shown."""

SQL_CHARACTERS = 16_384
"""Characters of a statement: twice the longest query of an address."""

SQLITE_LIMITS = {
    "SQL_LENGTH": SQL_CHARACTERS,
    "COLUMN": 200,
    "EXPR_DEPTH": 500,
    "COMPOUND_SELECT": 50,
    "VDBE_OP": 50_000,
    "FUNCTION_ARG": 100,
    "ATTACHED": 0,
    "LIKE_PATTERN_LENGTH": 1_000,
    "TRIGGER_DEPTH": 10,
    "WORKER_THREADS": 0,
}
"""SQLite's own limits for SQL of readers and packages; its widest table here has 45 columns."""

PROGRAM = Path(__file__).with_name("sql_worker.py")
CELLS = (str, int, float, type(None), bytes)
"""What SQLite has values of."""

Job = Mapping[str, Any]
Answer = dict[str, Any]


class Worker:
    """A process that runs one job after the other, and can be ended in the midst of one."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(PROGRAM), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._end = weakref.finalize(self, _end, self._channel, self._process)

    @property
    def alive(self) -> bool:
        return self._end.alive

    @property
    def ready(self) -> bool:
        """Whether the process is there to take a job; the system may have ended it."""
        return self.alive and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def run(self, job: Job) -> Answer:
        """Return the answer to a job; without one in time, the process is ended."""
        until = monotonic() + job["seconds"] + GRACE_SECONDS
        try:
            text = json.dumps(job, default=pack_bytes).encode("ascii")
            self._channel.settimeout(until - monotonic())
            self._channel.sendall(len(text).to_bytes(LENGTH, "big") + text)
            size = int.from_bytes(self._receive(LENGTH, until), "big")
            if size > MESSAGE_BYTES:
                raise ValueError("the answer is too long")
            answer = require_answer(
                json.loads(self._receive(size, until), object_hook=unpack_bytes)
            )
        except TimeoutError:
            self.end()
            return {"error": "OperationalError", "message": "interrupted"}
        except (OSError, ValueError, RecursionError):
            self.end()
            return {"error": "Died"}
        if answer["spent"]:
            self.end()
        return answer

    def _receive(self, size: int, until: float) -> bytearray:
        """Return so many bytes of the answer."""
        received = bytearray()
        while len(received) < size:
            self._channel.settimeout(max(0.001, until - monotonic()))
            part = self._channel.recv(min(size - len(received), 1 << 20))
            if not part:
                raise ConnectionResetError("the process has ended")
            received += part
        return received

    def end(self) -> None:
        self._end()


def _end(channel: socket.socket, process: subprocess.Popen[bytes]) -> None:
    channel.close()
    process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)


def run_once(job: Job) -> Answer:
    """Return the answer to a single job, of a process of its own."""
    worker = Worker()
    try:
        return worker.run(job)
    finally:
        worker.end()


def require_answer(answer: Any) -> Answer:
    """Return an answer in which everything is what it has to be.

    Raises
    ------
    ValueError
        If it is none that `claimlog.sql_worker` gives.
    """
    if not isinstance(answer, dict):
        raise ValueError("no answer")
    spent = bool(answer.get("spent"))
    if "error" in answer:
        said: Answer = {name: str(answer.get(name, "")) for name in ("error", "message")}
        said["compiles"] = answer.get("compiles") is not False
        return {**said, "spent": spent}
    names, rows = answer.get("names"), answer.get("rows")
    if not isinstance(names, list) or not all(type(name) is str for name in names):
        raise ValueError("no names of columns")
    if not isinstance(rows, list) or not all(_is_row(row, len(names)) for row in rows):
        raise ValueError("no rows")
    return {
        "names": names,
        "rows": [tuple(row) for row in rows],
        "truncated": bool(answer.get("truncated")),
        "spent": spent,
    }


def _is_row(row: Any, width: int) -> bool:
    return isinstance(row, list) and len(row) == width and all(type(cell) in CELLS for cell in row)
