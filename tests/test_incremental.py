"""Logs too large for memory: built in sections, and updated by what was appended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import claimlog.events.cache
import claimlog.events.parts
import claimlog.events.stored
import claimlog.inputs
import claimlog.pipeline
from claimlog.export.logical import of_parquet, of_sqlite
from claimlog.package import Package
from claimlog.pipeline import build
from claimlog.schema import Schemas
from claimlog.updating import update
from histories import History, histories, write


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every log for a large one, with sections of a few rows."""
    monkeypatch.setattr(claimlog.inputs, "LARGE", 0)
    monkeypatch.setattr(claimlog.pipeline, "FEW", 0)
    # the code that runs is the code that was imported, whatever lies on disk by now
    monkeypatch.setattr(claimlog.events.cache, "code_fingerprint", lambda _: "the same")
    monkeypatch.setattr(claimlog.events.stored, "SECTION", 3)
    monkeypatch.setattr(claimlog.events.stored, "STEP", 1)
    monkeypatch.setattr(claimlog.events.parts, "STEP", 1)
    monkeypatch.setattr(claimlog.events.parts, "CHUNK", 4096)


def said(package: Package, out: Path) -> Iterator[tuple[str, str, str]]:
    """Yield what each file of a build says, as table, file and logical hash."""
    for name, table in Schemas(package).tables.items():
        parquet = of_parquet(out / "parquet" / f"{name}.parquet", table).root
        sqlite = of_sqlite(out / f"{package.descriptor['name']}.db", table).root
        assert parquet == sqlite, name
        yield name, parquet, sqlite


def searched(package: Package, out: Path) -> list[str]:
    """Return what the full-text index holds, by asking SQLite whether it fits the table."""
    import sqlite3

    connection = sqlite3.connect(out / f"{package.descriptor['name']}.db")
    connection.execute("INSERT INTO claims_fts(claims_fts, rank) VALUES ('integrity-check', 1)")
    words = connection.execute("SELECT statement FROM claims").fetchall()
    found = [
        row[0]
        for (statement,) in words[:3]
        for row in connection.execute(
            "SELECT rowid FROM claims_fts WHERE claims_fts MATCH ?", (statement.split()[0],)
        )
    ]
    connection.close()
    return found


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of rows that builds were updated from, as they happen."""
    seen: list[int] = []

    def spy(*words: Any) -> None:
        seen.append(words[5])
        update(*words)

    monkeypatch.setattr(claimlog.pipeline, "update", spy)
    return seen


@settings(deadline=None, suppress_health_check=[*HealthCheck], max_examples=6)
@given(history=histories())
def test_updating_batch_by_batch_says_what_a_build_from_nothing_says(
    history: History, tmp_path_factory: pytest.TempPathFactory, updates: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    updates.clear()
    may = 0
    for batches in range(1, len(history.batches) + 1):
        package = write(history.until(batches), folder / "package")
        build(package, folder / "updated")
        now, before = history.until(batches), history.until(batches - 1)
        if batches > 1 and only_adds(now.batches[-1]) and now.released == before.released:
            may += 1
        other = write(history.until(batches), folder / "other")
        build(other, folder / "fresh", fresh=True)
        assert [*said(package, folder / "updated")] == [*said(other, folder / "fresh")]
        for name in ("validation.json", "datasette/metadata.json"):
            assert (folder / "updated" / name).read_bytes() == (
                folder / "fresh" / name
            ).read_bytes()
        searched(package, folder / "updated")
    assert len(updates) == may


def only_adds(batch: dict[str, list[dict[str, Any]]]) -> bool:
    """Whether a batch changes no source, and retracts no actor and no incident."""
    telling = {("sources", "amend"), ("sources", "retract"), ("actors", "retract")}
    telling.add(("incidents", "retract"))
    return not any((name, row["action"]) in telling for name, rows in batch.items() for row in rows)
