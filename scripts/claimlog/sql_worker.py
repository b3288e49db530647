"""Process that runs others' SQL, and can be ended at any moment without loss of anything else.

Its jobs are queries of readers, compiling queries of a package, and checking a database's pages.

It is started by path and imports nothing of claimlog, so that it is there in 50 milliseconds:
``python -I sql_worker.py FD``. Over the socket come jobs as JSON, one at a time, each after its
length; the answers go back in the same way, because the server must not have to trust them.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import resource
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

NICE, NICE_AFTER = 5, 0.1
"""Niceness of a query that takes longer than so many seconds, so that pages come first.

Only root can lower it again, so the process then says that it is spent, and another takes over.
"""

ROW_BYTES, CELL_BYTES = 64, 16
"""Bytes that a row and a cell count for at least: an answer of nulls takes memory too."""

FLOAT_BYTES = 8
"""Bytes that a digit of a float counts for: writing it takes as long as 20 signs of a text."""

STEPS, STEPS_AT_ONCE = 1_000, 10_000
"""SQLite's steps between looks at the clock, and those that are counted at once."""

FILES, DATABASES = 32, 8
"""Files that the process may have open, and databases among them that it keeps open."""

PACKED = "$base64"
"""Names bytes in the JSON of a cell or of a parameter's value, which else are no objects."""

LENGTH = 4
"""Bytes before each message that say how many follow."""

FUNCTIONS = frozenset(
    """
    -> ->> abs acos acosh asin asinh atan atan2 atanh avg bm25 ceil ceiling char coalesce concat
    concat_ws cos cosh count cume_dist current_date current_time current_timestamp date datetime
    degrees dense_rank escape_fts exp first_value floor format glob group_concat hex highlight if
    ifnull iif instr json json_array json_array_length json_error_position json_extract
    json_group_array json_group_object json_insert json_object json_patch json_pretty json_quote
    json_remove json_replace json_set json_type json_valid julianday lag last_value lead length
    like likelihood likely ln log log10 log2 lower ltrim match max median min mod nth_value ntile
    nullif octet_length percent_rank percentile percentile_cont percentile_disc pi pow power
    printf quote radians random randomblob rank replace round row_number rtrim sign sin sinh
    snippet soundex sqlite_version sqrt strftime string_agg substr substring subtype sum tan tanh
    time timediff total trim trunc typeof unhex unicode unistr unistr_quote unixepoch unlikely
    upper zeroblob
    """.split()  # noqa: SIM905
)
"""All that SQL may call. Others read or write the process: fts3_tokenizer sets a pointer in it."""

VARYING = frozenset(
    ("current_date", "current_time", "current_timestamp", "random", "randomblob", "sqlite_version")
)
"""Those of which the value is another one each time, or on another machine."""

TIME_FUNCTIONS = {
    **dict.fromkeys(("date", "datetime", "julianday", "time", "unixepoch"), slice(0, 1)),
    "strftime": slice(1, 2),
    "timediff": slice(0, 2),
}
"""Functions of dates, and which of their arguments are times: without any it is the present."""

REFUSED: list[str] = []
"""Functions that `refuse_varying` refused in the query that runs."""

PRESENT, HERE = ("now", "subsec", "subsecond"), ("localtime", "utc")
"""Words by which an argument asks for the present time, or for the time zone of the machine."""

PRAGMAS = frozenset(
    """
    data_version foreign_key_list index_info index_list index_xinfo page_count page_size
    schema_version table_info table_list table_xinfo
    """.split()  # noqa: SIM905
)
"""What may be asked about tables; database_list would tell where the files lie."""

VIRTUAL = frozenset({"json_each", "json_tree"})
"""Tables without rows of their own that SQL may read; sqlite_stmt would tell others' queries."""

ROW_FLAWS = ("row not in PRIMARY KEY order", "NULL value in ")
"""What some versions of SQLite say of releases up to 0.2.0, after all pages were found sound."""

SCHEMA = frozenset({"sqlite_master", "sqlite_schema"})

ACTIONS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE})


def main(channel: socket.socket) -> None:
    """Answer jobs until the other end is closed."""
    # Ctrl-C is for the server, which ends this process
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    databases: dict[str, sqlite3.Connection] = {}
    nice = os.nice(0)
    stream = channel.makefile("rwb")
    confine_process()
    while head := stream.read(LENGTH):
        text = stream.read(int.from_bytes(head, "big"))
        answer = _answer(databases, json.loads(text))
        answer["spent"] = os.nice(0) != nice
        text = json.dumps(answer).encode("ascii")
        stream.write(len(text).to_bytes(LENGTH, "big"))
        stream.write(text)
        stream.flush()


def _answer(databases: dict[str, sqlite3.Connection], job: dict[str, Any]) -> dict[str, Any]:
    try:
        limit_process(job.get("cpu", job["seconds"]), job["memory"])
        if job.get("kind") == "check":
            return check_database(job["uri"])
        if "schema" in job:
            databases[job["uri"]] = blank_database(job["schema"], job["limits"])
        database = databases.get(job["uri"])
        if database is None:
            database = connect(job["uri"], job["limits"])
            if job.get("repeatable"):
                refuse_varying(database)
            if len(databases) == DATABASES:
                databases.pop(next(iter(databases))).close()
            databases[job["uri"]] = database
        return (
            compile_query(database, job["sql"])
            if job.get("kind") == "compile"
            else run(database, job)
        )
    except (sqlite3.Error, sqlite3.Warning) as error:
        return {"error": type(error).__name__, "message": str(error)}
    except (MemoryError, OverflowError, ValueError, RecursionError) as error:
        return {"error": type(error).__name__, "message": str(error)}


def confine_process() -> None:
    """Have the system refuse for good what no SQL needs: to start processes, and to write files.

    Root may start processes all the same.
    """
    for name, most in (
        ("RLIMIT_NPROC", 0),
        ("RLIMIT_NOFILE", FILES),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (most, most))


def limit_process(seconds: float, memory: int) -> None:
    """Have the system end this process if it takes far more than it may, even without a parent."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    for name, most in (
        ("RLIMIT_CPU", int(used.ru_utime + used.ru_stime + seconds) + 3),
        ("RLIMIT_AS", memory),
    ):
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        with contextlib.suppress(ValueError, OSError):  # macOS knows RLIMIT_AS and refuses it
            least = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(which, (least, hard))
    with contextlib.closing(sqlite3.connect(":memory:")) as blank:
        blank.execute(f"pragma hard_heap_limit = {memory}")  # of all connections, also on macOS


def connect(uri: str, limits: dict[str, int]) -> sqlite3.Connection:
    """Open a database as Datasette does, under limits, to read what a reader may.

    No statement outlives its query: the next reader could see it.
    """
    database = sqlite3.connect(uri, uri=True, cached_statements=0)
    database.execute("pragma temp_store = memory")  # whose limit holds for all that is sorted
    database.text_factory = lambda raw: str(raw, "utf-8", "replace")
    return with_limits(database, limits)


def with_limits(
    database: sqlite3.Connection, limits: dict[str, int], pragmas: frozenset[str] = PRAGMAS
) -> sqlite3.Connection:
    """Put SQL of a connection under limits."""
    database.create_function("escape_fts", 1, escape_fts)
    for name, most in limits.items():
        database.setlimit(getattr(sqlite3, f"SQLITE_LIMIT_{name}"), most)
    restrict(database, pragmas)
    return database


def blank_database(schema: list[str], limits: dict[str, int]) -> sqlite3.Connection:
    """Make a database of tables without rows, in which queries can be compiled as for readers."""
    database = sqlite3.connect(":memory:", cached_statements=0)
    for statement in schema:
        database.execute(statement)
    return with_limits(database, limits, frozenset())  # a pragma is no query


class ParameterNames(dict[str, None]):
    """Values for the parameters of a statement, which notes their names."""

    def __missing__(self, name: str) -> None:
        self[name] = None


def compile_query(database: sqlite3.Connection, sql: str) -> dict[str, Any]:
    """Compile a query without running it, and return the names of its parameters."""
    names = ParameterNames()
    database.execute(f"explain {sql}", names).close()
    return {"names": ["parameter"], "rows": [[name] for name in names]}


def check_database(uri: str) -> dict[str, Any]:
    """Return the first flaw of a database's pages, and the number of rows of each table.

    SQLite follows every page once, so that pages which stand in two places are found in a time that
    grows with the file, where reading the rows would never end.
    """
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
        database.execute("pragma trusted_schema = off")
        flaw = str(database.execute("pragma quick_check(1)").fetchone()[0])
        rows: list[list[Any]] = [["", flaw]]
        if flaw == "ok" or flaw.startswith(ROW_FLAWS):
            names = database.execute("select name from sqlite_master where type = 'table'")
            for (name,) in names.fetchall():
                quoted = '"' + str(name).replace('"', '""') + '"'
                count = database.execute(f"select count(*) from {quoted}").fetchone()[0]
                rows.append([name, count])
        return {"names": ["table", "value"], "rows": rows}


def restrict(database: sqlite3.Connection, pragmas: frozenset[str] = PRAGMAS) -> None:
    """Let SQL of this connection read the tables of its file, and call what computes a value."""
    database.execute("pragma trusted_schema = off")
    names = {str(name).lower() for (name,) in database.execute("select name from sqlite_master")}
    modules = {str(name).lower() for (name,) in database.execute("pragma module_list")}
    database.set_authorizer(permission(names, modules - VIRTUAL - names, pragmas))


def refuse_varying(database: sqlite3.Connection) -> None:
    """Refuse functions whose value differs each time or on another machine."""
    plain = sqlite3.connect(":memory:")
    for name in VARYING:
        database.create_function(name, -1, partial(_refuse, name))
    known = {str(row[0]) for row in plain.execute("pragma function_list")}
    for name in TIME_FUNCTIONS.keys() & known:
        database.create_function(name, -1, partial(_of_a_time, plain, name), deterministic=True)


def _refuse(name: str, *_: Any) -> None:
    REFUSED.append(name)
    raise ValueError(f"{name} is another one each time")


def _word(value: Any) -> str:
    """Return an argument as SQLite reads it: bytes as text, which ends at the first NUL."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.partition("\0")[0].lower()


def _of_a_time(plain: sqlite3.Connection, name: str, *given: Any) -> Any:
    """Call SQLite's own function of a date; one that asks for the present is refused."""
    times = given[TIME_FUNCTIONS[name]]
    words = {_word(value) for value in given}
    if not times or {*PRESENT} & {*map(_word, times)} or {*HERE} & words:
        _refuse(name)
    places = ", ".join("?" * len(given))
    return plain.execute(f"select {name}({places})", given).fetchone()[0]


def permission(
    names: set[str], modules: set[str], pragmas: frozenset[str] = PRAGMAS
) -> Callable[..., int]:
    """Return what SQLite asks about each part of a statement: what is not listed is denied.

    Parameters
    ----------
    names
        The tables of the file.
    modules
        Virtual tables that need no file.
    pragmas
        Pragmas that may be statements; as tables, those of `PRAGMAS` may be read.
    """
    readable = names | VIRTUAL | SCHEMA | {f"pragma_{name}" for name in PRAGMAS}

    def allows(action: int, first: str | None, second: str | None) -> bool:
        if action in ACTIONS:
            return True
        if action == sqlite3.SQLITE_FUNCTION:
            return str(second).lower() in FUNCTIONS
        name = str(first).lower()
        if action == sqlite3.SQLITE_READ:
            # without a column it may be a name that the statement itself gives to rows
            own = not second and name not in modules and not name.startswith(("pragma_", "sqlite_"))
            return own or name in readable
        if action == sqlite3.SQLITE_PRAGMA:
            return name in pragmas
        # how SQLite notes the columns of a virtual table; the file itself is not written
        return action == sqlite3.SQLITE_UPDATE and name == "sqlite_master"

    def verdict(action: int, first: str | None, second: str | None, *_: str | None) -> int:
        return sqlite3.SQLITE_OK if allows(action, first, second) else sqlite3.SQLITE_DENY

    return verdict


def run(database: sqlite3.Connection, job: dict[str, Any]) -> dict[str, Any]:
    """Return the columns and rows of a query, or why there are none.

    It is interrupted at a number of seconds; or, where the answer must be the same on every
    machine, of SQLite's steps.
    """
    REFUSED.clear()
    left = job.get("steps")
    counter = None if left is None else StepCounter(left // STEPS_AT_ONCE)
    try:
        if counter is None:
            return _rows_of(database, job, clock(float(job["seconds"])), STEPS)
        return _rows_of(database, job, counter, STEPS_AT_ONCE)
    except sqlite3.Error as error:
        if counter is not None and counter.left < 0:
            return {"error": "TooManySteps", "message": ""}
        if REFUSED:
            return {"error": "Varies", "message": ""}
        flaw = {"error": type(error).__name__, "message": str(error)}
        return {**flaw, "compiles": _compiles(database, job["sql"], str(error))}


def clock(seconds: float) -> Callable[[], bool]:
    """Return what says whether a time has passed; it lowers the priority of what takes long."""
    started = time.perf_counter()
    nice = os.nice(0)

    def late() -> bool:
        took = time.perf_counter() - started
        if took >= NICE_AFTER and os.nice(0) == nice:
            os.nice(NICE)
        return took >= seconds

    return late


class StepCounter:
    """Says whether it was called more often than it may be."""

    def __init__(self, most: int) -> None:
        self.left = most

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def _rows_of(
    database: sqlite3.Connection, job: dict[str, Any], is_over: Callable[[], bool], steps: int
) -> dict[str, Any]:
    """Run a query until its rows are there or are too many, or it is over after so many steps."""
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, job["value_bytes"])
    database.set_progress_handler(is_over, steps)
    cursor = database.execute(job["sql"], parameters(job["params"]))
    try:
        left = job["answer_bytes"]
        names = [column[0] for column in cursor.description or ()]
        least = ROW_BYTES + CELL_BYTES * len(names)
        if sum(map(len, names)) > job["names"]:
            return {"error": "LongNames", "message": ""}
        parsed = [place for place, name in enumerate(names) if name in job.get("parsed", ())]
        parts = job.get("parts", 0)
        as_data = job.get("as_json", True)
        measure, link = (size, job.get("blob_bytes", 0)) if as_data else (length, 0)
        repeated = least + len(json.dumps(names))  # an answer may name each cell of each row
        found: dict[str, Any] = {"names": names, "rows": [], "truncated": False}
        rows: list[list[Any]] = found["rows"]
        for row in cursor:
            cells = [pack_bytes(cell) for cell in row]
            left -= repeated + sum(map(measure, row))
            left -= link * sum(isinstance(cell, bytes) for cell in row)
            parts -= sum(parts_of(row[place]) for place in parsed)
            if left < 0:
                return {"error": "TooMuch", "message": ""}
            if parts < 0:
                return {"error": "TooManyParts", "message": ""}
            if len(rows) == job["rows"]:
                return {**found, "truncated": True}
            if len(rows) == job["most"]:
                return {"error": "TooManyRows", "message": ""}
            rows.append(cells)
        return found
    finally:
        cursor.close()
        database.set_progress_handler(None, steps)


def _compiles(database: sqlite3.Connection, sql: str, said: str) -> bool:
    """Whether SQLite says something else of a query that is compiled only, whatever its values."""
    try:
        compile_query(database, sql)
    except sqlite3.Error as error:
        return str(error) != said
    return True


def parameters(params: Any) -> Any:
    """Return the parameters of a query with their bytes decoded, whatever their names are.

    >>> parameters({"$base64": "YQ==", "b": {"$base64": "YQ=="}})
    {'$base64': 'YQ==', 'b': b'a'}
    """
    if isinstance(params, dict):
        return {name: _value(value) for name, value in params.items()}
    return [_value(value) for value in params]


def _value(value: Any) -> Any:
    return unpack_bytes(value) if isinstance(value, dict) else value


def size(cell: Any) -> int:
    """Return how many bytes a long cell takes as JSON, in which Datasette writes it.

    >>> size("\\x01" * 10), size(b"\\0" * 10), size(b"\\xff" * 30), size(1), size(0.25)
    (62, 62, 40, 0, 32)
    """
    if isinstance(cell, float):
        return FLOAT_BYTES * len(repr(cell))
    if isinstance(cell, bytes):
        try:
            cell = cell.decode("utf-8")
        except UnicodeDecodeError:
            return len(cell) * 4 // 3
    return len(json.dumps(cell)) if isinstance(cell, str) else 0


def length(cell: Any) -> int:
    """Return how long a cell is, of which a page as HTML shows no more than has room."""
    return len(cell) if isinstance(cell, str | bytes) else 0


def parts_of(cell: Any) -> int:
    """Return how many values a cell would have as JSON, at most, without parsing it.

    What is no JSON is tried all the same.

    >>> parts_of('[1, {"a": []}]'), parts_of("[[["), parts_of(None)
    (5, 4, 1)
    """
    return 1 + (sum(map(cell.count, "[{,")) if isinstance(cell, str) else 0)


def pack_bytes(cell: Any) -> Any:
    """Return a cell as JSON can hold it."""
    if isinstance(cell, bytes):
        return {PACKED: base64.b64encode(cell).decode("ascii")}
    return cell


def unpack_bytes(value: dict[str, Any]) -> Any:
    """Return what was packed as a JSON object; other objects are themselves."""
    return base64.b64decode(value[PACKED], validate=True) if value.keys() == {PACKED} else value


def escape_fts(query: str) -> str:
    """Return words to search for with nothing in them that FTS5 would take for syntax.

    It is Datasette's function of that name, which takes half a second to import.
    """
    if query.count('"') % 2:
        query += '"'
    bits = [bit for bit in re.split(r'\s+|(".*?")', query) if bit and bit != '""']
    return " ".join(bit if bit.startswith('"') else f'"{bit}"' for bit in bits)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
