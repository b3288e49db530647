"""Contenders: claimlog and what one would use instead of each part of it, each run alone.

``python -m workshop.bench.peers.contenders NAME PACKAGE OUT`` runs one of them and prints its
measurements as JSON. Each gets a process of its own, so that its time and its peak memory are its
own.

- ``claimlog`` validates a log and compiles it: every stage of a build, as a user runs it.
- ``frictionless`` validates the first rows of the claims against the same Table Schema.
- ``duckdb`` is the script one would write: DuckDB reads and folds, then writes Parquet; sqlite3
  writes the database. It hashes nothing, checks nothing and writes no event ids.
- ``sqlite-utils`` puts the claims and their versions, and no other table, into a database.
- ``replay`` and ``eventsourcing`` replay the history of claims to their last states (`replay`).

Both scripts get the settings of our SQLite writer, its indexes, and its full-text search, for the
columns that they have.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.schema.table_schema import Field
from workshop.bench.machine import processor_seconds
from workshop.bench.memory_watch import MemoryWatch
from workshop.bench.peers import replay
from workshop.bench.peers.duckdb_script import (
    apply_settings,
    build_with_duckdb,
    count_claims,
    log_files,
)

FRICTIONLESS_ROWS = 50_000  # of the claims; it takes ten seconds and more for them
STAGE_MARKS = ("import", "read", "schema", "rows", "integrity", "text", "compile", "end")

Result = dict[str, Any]


def peak_bytes() -> int:
    """Return the largest resident size of this process so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def build_with_claimlog(package: Package, out: Path) -> Result:
    """Build the log; return the seconds of each stage and the peak memory up to its end."""
    marks: list[tuple[str, float, int]] = []

    def step(name: str) -> None:
        if name in STAGE_MARKS:
            marks.append((name, perf_counter(), peak_bytes()))

    step("import")
    # a stage of its own: the time of Frictionless is without its import as well
    import frictionless  # noqa: F401
    import pandera.polars  # noqa: F401

    from claimlog.build import build

    # of each run all, whatever a run before it left in the cache
    report = build(package, out / "build", progress=step, fresh=True)
    step("end")
    stages = {
        name: {"seconds": marks[index + 1][1] - at, "peak_bytes": marks[index + 1][2]}
        for index, (name, at, _) in enumerate(marks[:-1])
    }
    database = out / "build" / f"{package.descriptor['name']}.db"
    return {"rows": report.log.size, "claims": count_claims(database), "stages": stages}


def validate_with_frictionless(package: Package, out: Path) -> Result:
    """Validate the first rows of the claims; only the validation itself is timed."""
    from frictionless import Resource, Schema

    path = out / "claims.ndjson"
    rows = 0
    with path.open("wb") as first:
        for _, _, source in log_files(package, "claims"):
            for line in source.open("rb"):
                if rows < FRICTIONLESS_ROWS:
                    first.write(line)
                    rows += 1
    schema = Schema.from_descriptor(read_definition(package).streams["claims"].spec)
    schema.foreign_keys = []  # the rows referred to are in other files
    started = perf_counter()
    resource = Resource(
        path=path.name, basepath=str(out), format="ndjson", schema=schema, name="claims"
    )
    report = resource.validate()
    seconds = perf_counter() - started
    # an absolute path, say, is an error at once and no row is read
    assert report.valid, report.flatten(["message"])[:3]
    assert report.tasks[0].stats["rows"] == rows
    return {"rows": rows, "seconds": seconds}


def insert_with_sqlite_utils(package: Package, out: Path) -> Result:
    """Insert the versions of the claims, fold them in SQL, and insert the live ones."""
    import sqlite_utils

    definition = read_definition(package)
    path = out / "sqlite-utils.db"
    database = sqlite_utils.Database(path)
    apply_settings(database.conn)
    names = [*definition.streams["claims"].names]
    types = {item.name: _python_type(item) for item in definition.streams["claims"].fields}

    def lines() -> Iterator[dict[str, Any]]:
        for _, _, source in log_files(package, "claims"):
            with source.open(encoding="utf-8") as handle:
                yield from map(json.loads, handle)

    def insert(name: str, rows: Iterable[dict[str, Any]], key: Any) -> None:
        database.table(name).insert_all(rows, pk=key, columns=types, column_order=names)

    insert("claim_versions", lines(), ("claim_id", "version"))
    live = database.query(
        "SELECT * FROM claim_versions AS c WHERE action <> 'retract' AND version = "
        "(SELECT max(version) FROM claim_versions WHERE claim_id = c.claim_id)"
    )
    insert("claims", live, "claim_id")
    for name in ("claims", "claim_versions"):
        table = definition.tables[name]
        for columns in table.spec["indexes"]:
            if set(columns) <= set(names):
                database.table(name).create_index(columns)
    searched = definition.tables["claims"].spec["search"]
    database.table("claims").enable_fts(searched, tokenize="porter unicode61")
    rows = database.table("claim_versions").count
    database.close()
    return {"rows": rows, "claims": count_claims(path)}


def _python_type(item: Field) -> type:
    return {"integer": int, "number": float}.get(item.type, str)


PEERS: dict[str, Callable[[Package, Path], Result]] = {
    "claimlog": build_with_claimlog,
    "frictionless": validate_with_frictionless,
    "duckdb": build_with_duckdb,
    "sqlite-utils": insert_with_sqlite_utils,
    "replay": replay.replay_with_claimlog,
    "eventsourcing": replay.replay_with_eventsourcing,
}


def run_contender(name: str, package: Package, out: Path) -> Result:
    """Run one of `PEERS` and return what it returns, its seconds, and its peak memory in bytes.

    Seconds are of the wall clock, imports of libraries included unless the peer says otherwise.
    """
    started = perf_counter()
    with MemoryWatch() as watch:
        result = PEERS[name](package, out)
    seconds = perf_counter() - started
    return {
        "seconds": seconds,
        **result,
        "cpu_seconds": processor_seconds(),
        "peak_bytes": max(watch.peak, peak_bytes()),
    }


if __name__ == "__main__":
    chosen, root, folder = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        json.dump(run_contender(chosen, Package(Path(root)), Path(scratch)), sys.stdout)
