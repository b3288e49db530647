"""Whether a release's database has every page once, and the rows that its index entry names.

A file can be made in which many parts of a table lead to the same page: 20 MB that read as hundreds
of gigabytes. Checked in a process of its own, because looking at such a file may never end.
"""

from __future__ import annotations

from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.escaping import printable_line
from claimlog.log.release_index import ReleaseEntry
from claimlog.release.layout import GET_AGAIN
from claimlog.sql_process import run_once
from claimlog.sql_worker import ROW_FLAWS

SECONDS, SECONDS_PER_BYTE = 60.0, 1 / 5_000_000
"""Of the clock and of the processor: SQLite checks 100 MB in a second on a quiet machine."""

MEMORY_BYTES = 512_000_000


def require_sound_database(path: Path, display_path: str, entry: ReleaseEntry) -> None:
    """Raise if a database is damaged, or has other numbers of rows than the index says.

    Raises
    ------
    ClaimlogError
        With the first flaw.
    """
    seconds = SECONDS + path.stat().st_size * SECONDS_PER_BYTE
    answer = run_once(
        {
            "kind": "check",
            "uri": f"{path.resolve().as_uri()}?immutable=1",
            "seconds": seconds,
            "memory": MEMORY_BYTES,
            "temporary": 0,
        }
    )
    if flaw := _flaw(answer, entry, seconds):
        raise ClaimlogError(f"{display_path}: {flaw}; {GET_AGAIN}")


def _flaw(answer: dict[str, object], entry: ReleaseEntry, seconds: float) -> str | None:
    if "error" in answer:
        said = printable_line(str(answer.get("message") or ""))[:200]
        if not said or said == "interrupted":
            return (
                f"cannot be checked within {seconds:.0f} seconds and "
                f"{MEMORY_BYTES // 1_000_000} MB of memory"
            )
        return f"cannot be read as SQLite ({said})"
    rows = answer["rows"]
    assert isinstance(rows, list)
    (_, said), *counts = rows
    if said != "ok" and not str(said).startswith(ROW_FLAWS):
        return f"its pages are damaged ({printable_line(str(said).splitlines()[-1])[:200]})"
    counted = dict(counts)
    for name, table in entry.data["tables"].items():
        if counted.get(name) != table["rows"]:
            return (
                f"has {counted.get(name, 0):,} rows in {name}, and {entry.display_path} says "
                f"{table['rows']:,}"
            )
    return None
