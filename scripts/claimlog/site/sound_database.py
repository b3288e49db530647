"""Whether a database has every page once, and the rows that its index entry or descriptor states.

A file can be made in which many parts of a table lead to the same page: 20 MB that read as hundreds
of gigabytes. Checked in a process of its own, because looking at such a file may never end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.escaping import json_text, printable_line
from claimlog.log.release_index import ReleaseEntry
from claimlog.release.walk_release import GET_AGAIN
from claimlog.sql_process import run_once
from claimlog.sql_worker import ROW_FLAWS

SECONDS, SECONDS_PER_BYTE = 60.0, 1 / 5_000_000
"""Of the clock and of the processor: SQLite checks 100 MB in a second on a quiet machine."""

MEMORY_BYTES = 512_000_000


@dataclass(frozen=True)
class StatedRows:
    """Numbers of rows by table, and the file that states them."""

    rows: Mapping[str, object]
    place: str

    @classmethod
    def of_release(cls, entry: ReleaseEntry) -> StatedRows:
        """Return what the entry of a release in the index states."""
        tables = entry.data["tables"].items()
        return cls({name: table["rows"] for name, table in tables}, entry.display_path)


def require_sound_database(
    path: Path, display_path: str, stated: StatedRows, remedy: str = GET_AGAIN
) -> None:
    """Raise if a database is damaged, or has other numbers of rows than are stated.

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
        }
    )
    if flaw := _flaw(answer, stated, seconds):
        raise ClaimlogError(f"{display_path}: {flaw}; {remedy}")


def _flaw(answer: dict[str, object], stated: StatedRows, seconds: float) -> str | None:
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
    for name, number in stated.rows.items():
        if counted.get(name) != number:
            said = str(number) if type(number) is int else json_text(number)[:40]
            return (
                f"has {counted.get(name, 0):,} rows in {printable_line(name)[:80]}, and "
                f"{stated.place} says {said}"
            )
    return None
