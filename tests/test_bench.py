"""The benchmark: a valid log, peers that do the same work, and a table for the README."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from claimlog.bench.peers.contenders import MARKS, measure
from claimlog.bench.peers.duckdb_script import TABLES
from claimlog.bench.peers.suite import GOALS, markdown, plain
from claimlog.bench.suites import Wanted, run
from claimlog.bench.synth import make_log
from claimlog.bench.tables import markers, replaced
from claimlog.errors import ClaimlogError
from claimlog.events.canonical import encode
from claimlog.events.log import read
from claimlog.events.text import Texts
from claimlog.package import Package
from claimlog.pipeline import STAGES
from claimlog.validate import validate
from conftest import ROOT, World

CLAIMS = 500
START, END = markers("peers")


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@dataclass
class Bench:
    """A small log, its texts, and what claimlog and the DuckDB script made of it."""

    folder: Path
    package: Package
    ours: dict[str, Any]
    theirs: dict[str, Any]

    @property
    def scratch(self) -> Path:
        return self.folder / "out"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("bench")
    package = make_log(Package(ROOT), folder, CLAIMS)
    (folder / "out").mkdir()
    ours = measure("claimlog", package, folder / "out")
    return Bench(folder, package, ours, measure("duckdb", package, folder / "out"))


def test_the_log_is_valid_down_to_its_anchors(bench: Bench) -> None:
    log = read(bench.package)
    report = validate(log, Texts(bench.folder / "texts"))
    assert [str(finding) for finding in report.findings] == []
    assert report.anchors_unchecked == 0
    idle = {name for name, tally in report.tallies.items() if not tally.checked}
    assert idle == {"released-batches", "released-roots"}


def test_the_log_has_amendments_and_retractions_and_what_json_escapes(bench: Bench) -> None:
    claims = read(bench.package).frames["claims"]
    actions = dict(claims["action"].value_counts().iter_rows())
    assert actions["assert"] == CLAIMS
    assert CLAIMS * 0.02 < actions["amend"] < CLAIMS * 0.1
    assert 0 < actions["retract"] < CLAIMS * 0.04
    statements = "".join(claims["statement"])
    assert all(odd in statements for odd in ('"', "\\", "é"))


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(
    bench: Bench, tmp_path: Path
) -> None:
    (tmp_path / "same").mkdir()
    (tmp_path / "other").mkdir()
    make_log(Package(ROOT), tmp_path / "same", CLAIMS)
    make_log(Package(ROOT), tmp_path / "other", CLAIMS, seed=2)
    for part in ("package", "texts"):
        assert files(tmp_path / "same" / part) == files(bench.folder / part)
        assert files(tmp_path / "other" / part) != files(bench.folder / part)


def test_every_line_is_canonical_not_only_the_sampled_ones(bench: Bench) -> None:
    for path in bench.package.events.rglob("*.ndjson"):
        for line in path.read_bytes().splitlines():
            assert encode(json.loads(line)) == line


def test_batches_hold_no_more_claim_rows_than_they_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.bench.world.BATCH_CLAIMS", 300)
    monkeypatch.setattr("claimlog.bench.world.SOURCE_CLAIMS", (50, 200))
    package = make_log(Package(ROOT), tmp_path, CLAIMS)
    log = read(package)
    assert len(log.batches) > 3
    assert max(lines.rows for lines in log.files.values()) <= 300
    assert validate(log, Texts(tmp_path / "texts"), frictionless=False).findings == []


def comparable(path: Path, table: str, columns: list[str]) -> list[Any]:
    database = sqlite3.connect(path)
    listed = ", ".join(f'"{column}"' for column in columns)
    rows = database.execute(f"SELECT {listed} FROM {table}").fetchall()
    database.close()
    # one writes lists as JSON with spaces, the other without
    return sorted(
        (
            tuple(
                json.dumps(json.loads(cell), sort_keys=True)
                if isinstance(cell, str) and cell.startswith("[")
                else cell
                for cell in row
            )
            for row in rows
        ),
        key=repr,
    )


@pytest.mark.parametrize("table", TABLES)
def test_the_duckdb_script_makes_the_table_that_we_make(bench: Bench, table: str) -> None:
    database = sqlite3.connect(bench.scratch / "duckdb.db")
    theirs = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    database.close()
    parquet = pl.read_parquet(bench.scratch / "build" / "parquet" / f"{table}.parquet")
    assert set(parquet.columns) - set(theirs) <= {"event_id"}
    ours = comparable(bench.scratch / "build" / "bench.db", table, theirs)
    assert comparable(bench.scratch / "duckdb.db", table, theirs) == ours
    assert pl.read_parquet(bench.scratch / f"{table}.parquet").height == parquet.height


def test_the_peers_are_measured_on_as_many_claims_as_we_are(bench: Bench, tmp_path: Path) -> None:
    other = measure("sqlite-utils", bench.package, tmp_path)
    live = read(bench.package).live("claims").height
    assert bench.ours["claims"] == bench.theirs["claims"] == other["claims"] == live
    versions = read(bench.package).frames["claims"].height
    assert measure("frictionless", bench.package, tmp_path)["rows"] == versions
    assert bench.ours["rows"] == bench.theirs["rows"] == read(bench.package).size


def test_the_peers_have_our_indexes_and_search(bench: Bench) -> None:
    def named(path: Path) -> set[str]:
        database = sqlite3.connect(path)
        names = database.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
        found = {name for (name,) in names}
        database.close()
        return found

    ours = named(bench.scratch / "build" / "bench.db")
    theirs = named(bench.scratch / "duckdb.db")
    assert theirs <= ours
    missing = {name for name in ours - theirs if name.startswith("idx_claims_") or "fts" in name}
    assert missing == set()


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a whole small run writes, with the README that it changed."""
    root = tmp_path_factory.mktemp("run")
    shutil.copytree(ROOT / "schemas", root / "schemas")
    shutil.copyfile(ROOT / "datapackage.json", root / "datapackage.json")
    page = f"# Title\n\nBefore.\n\n{START}\nan old table\n{END}\n\nAfter.\n"
    (root / "README.md").write_text(page, "utf-8")
    run(Package(root), "peers", Wanted(200), root / "results.json", readme=True)
    found: dict[str, Any] = json.loads((root / "results.json").read_text("utf-8"))
    return {**found, "readme": (root / "README.md").read_text("utf-8")}


def test_a_run_puts_its_table_into_the_readme_and_leaves_the_rest(results: dict[str, Any]) -> None:
    before, table, after = (
        results["readme"].partition(START)[0],
        results["readme"].partition(START)[2].partition(END)[0],
        results["readme"].partition(END)[2],
    )
    assert (before, after) == ("# Title\n\nBefore.\n\n", "\n\nAfter.\n")
    assert "an old table" not in table
    assert "claimlog bench peers --claims 200 --runs 1 --readme" in table
    assert table == f"\n{markdown(results)}\n"


def test_a_run_says_of_every_goal_whether_it_was_met(results: dict[str, Any]) -> None:
    assert [goal["what"] for goal in results["goals"]] == [what for what, _, _ in GOALS]
    # 200 claims take less time than starting up: what is lost here must be called lost
    assert results["goals"][0]["met"] is False
    assert "missed" in plain(results)
    assert "\x1b" not in plain(results)


def test_the_results_describe_the_machine_without_naming_it(results: dict[str, Any]) -> None:
    import platform

    assert set(results["machine"]) == {"cpu", "cores", "memory_gb", "os", "python"}
    described = json.dumps([results["machine"], results["versions"]])
    assert platform.node() not in described.split('"')


@pytest.mark.parametrize(
    "page",
    ["nothing", f"{START}\n", f"{END}\n{START}\n", f"{START}\n{END}\n{START}\n{END}\n"],
    ids=["no markers", "one marker", "wrong order", "twice"],
)
def test_a_readme_without_a_place_for_the_table_is_refused(page: str) -> None:
    with pytest.raises(ClaimlogError, match=r"^README.md: expected the lines .* once each"):
        replaced(page, "peers", "table")


def test_a_readme_is_looked_at_before_anything_is_measured(bare: World) -> None:
    (bare.root / "README.md").write_text("no markers", "utf-8")
    done = bare.run("bench", "--claims", "100", "--readme")
    assert done.returncode == 1
    assert "README.md: expected the lines" in done.stderr
    assert done.stdout == ""
    assert (bare.root / "README.md").read_text("utf-8") == "no markers"


def test_peers_that_disagree_stop_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def child(_module: str, *words: str) -> str:
        return json.dumps({"claims": len(words[0]), "rows": 1, "seconds": 1})

    monkeypatch.setattr("claimlog.bench.peers.suite.child", child)
    with pytest.raises(ClaimlogError, match="the numbers of claims differ"):
        run(Package(ROOT), "peers", Wanted(100), tmp_path / "out.json", readme=False)
    assert not (tmp_path / "out.json").exists()


def test_the_bench_marks_every_stage_that_a_build_names() -> None:
    assert ("import", *STAGES, "end") == MARKS
