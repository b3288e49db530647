"""Process that runs readers' SQL, and can be ended at any moment without loss of anything else.

It is started by path and imports nothing of claimlog, so that it is there in 50 milliseconds:
``python -I sql_worker.py FD``. Over the socket come pickled jobs, one at a time.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import resource
import signal
import sqlite3
import sys
import time
from multiprocessing.connection import Connection
from typing import Any

NICE, NICE_AFTER = 5, 0.1
"""Niceness of a query that takes longer than so many seconds, so that pages come first.

Only root can lower it again, so the process then says that it is spent, and another takes over.
"""

ROW_BYTES, CELL_BYTES = 64, 16
"""Bytes that a row and a cell count for at least: an answer of nulls takes memory too."""

STEPS = 1000
"""SQLite's steps between looks at the clock."""


def main(channel: Connection) -> None:
    """Answer jobs until the other end is closed."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is for the server, which ends this process
    databases: dict[str, sqlite3.Connection] = {}
    nice = os.nice(0)
    while True:
        try:
            job = pickle.loads(channel.recv_bytes())
        except EOFError:
            return
        answer = _answer(databases, job)
        channel.send_bytes(pickle.dumps({**answer, "spent": os.nice(0) != nice}))


def _answer(databases: dict[str, sqlite3.Connection], job: dict[str, Any]) -> dict[str, Any]:
    limit_process(job["seconds"], job["memory"], job["temporary"])
    try:
        database = databases.get(job["uri"])
        if database is None:
            database = databases[job["uri"]] = connect(job["uri"], job["limits"])
        return run(database, job)
    except sqlite3.Error as error:
        return {"error": type(error).__name__, "message": str(error)}
    except (MemoryError, OverflowError, ValueError) as error:
        return {"error": type(error).__name__, "message": str(error)}


def limit_process(seconds: float, memory: int, temporary: int) -> None:
    """Have the system end this process if it takes far more than it may, even without a parent."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    for name, most in (
        ("RLIMIT_CPU", int(used.ru_utime + used.ru_stime + seconds) + 3),
        ("RLIMIT_AS", memory),
        ("RLIMIT_FSIZE", temporary),
        ("RLIMIT_CORE", 0),
    ):
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        with contextlib.suppress(ValueError, OSError):  # macOS knows RLIMIT_AS and refuses it
            least = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(which, (least, hard))


def connect(uri: str, limits: dict[str, int]) -> sqlite3.Connection:
    """Open a database as Datasette does, under limits."""
    database = sqlite3.connect(uri, uri=True)
    database.text_factory = lambda raw: str(raw, "utf-8", "replace")
    database.create_function("escape_fts", 1, escape_fts)
    for name, most in limits.items():
        database.setlimit(getattr(sqlite3, f"SQLITE_LIMIT_{name}"), most)
    return database


def run(database: sqlite3.Connection, job: dict[str, Any]) -> dict[str, Any]:
    """Return the columns and rows of a query, or why there are none."""
    started = time.perf_counter()
    nice = os.nice(0)

    def late() -> bool:
        took = time.perf_counter() - started
        if took >= NICE_AFTER and os.nice(0) == nice:
            os.nice(NICE)
        return took >= float(job["seconds"])

    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, job["value_bytes"])
    database.set_progress_handler(late, STEPS)
    cursor = database.execute(job["sql"], job["params"])
    try:
        left = job["answer_bytes"]
        least = ROW_BYTES + CELL_BYTES * len(cursor.description or ())
        if sum(len(column[0]) for column in cursor.description or ()) > job["names"]:
            return {"error": "LongNames", "message": ""}
        rows: list[tuple[Any, ...]] = []
        for row in cursor:
            left -= least + sum(len(cell) for cell in row if isinstance(cell, str | bytes))
            if left < 0:
                return {"error": "TooMuch", "message": ""}
            if len(rows) == job["rows"]:
                return _answer_of(cursor, rows, True)
            if len(rows) == job["most"]:
                return {"error": "TooManyRows", "message": ""}
            rows.append(row)
        return _answer_of(cursor, rows, False)
    finally:
        cursor.close()
        database.set_progress_handler(None, STEPS)


def _answer_of(
    cursor: sqlite3.Cursor, rows: list[tuple[Any, ...]], truncated: bool
) -> dict[str, Any]:
    names = [column[0] for column in cursor.description or ()]
    return {"names": names, "rows": rows, "truncated": truncated}


def escape_fts(query: str) -> str:
    """Return words to search for with nothing in them that FTS5 would take for syntax.

    It is Datasette's function of that name, which takes half a second to import.
    """
    if query.count('"') % 2:
        query += '"'
    bits = [bit for bit in re.split(r'\s+|(".*?")', query) if bit and bit != '""']
    return " ".join(bit if bit.startswith('"') else f'"{bit}"' for bit in bits)


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])))
