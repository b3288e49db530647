"""The bench: a valid log, peers that do the same work, and a table for docs/."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import polars as pl
import pytest

import claimlog.fingerprint
import claimlog.log.read_log
from claimlog.build import STAGES
from claimlog.errors import ClaimlogError
from claimlog.export.queries import available_queries
from claimlog.log.canonical import encode
from claimlog.log.read_log import Files, read, read_into_parts
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.schema.site_config import read_presentation
from claimlog.site.page import Page
from claimlog.site.page_list import PAGES
from claimlog.site.pages.package_pages import pages_of_topic
from claimlog.sources.text import Texts
from claimlog.validate import validate
from conftest import ROOT, World
from workshop.bench import plots
from workshop.bench.growth import suite as growth_suite
from workshop.bench.memory_watch import resident_bytes
from workshop.bench.peers.contenders import STAGE_MARKS, run_contender
from workshop.bench.peers.duckdb_script import TABLES
from workshop.bench.peers.suite import GOALS, markdown_report, results_plot, text_report
from workshop.bench.site import client as site_client
from workshop.bench.site import scenarios, throughput
from workshop.bench.site import suite as site_suite
from workshop.bench.site.addresses import FILES, address_kinds, readable_pattern
from workshop.bench.site.client import AddressKind, page_bytes, time_requests
from workshop.bench.site.dataset import LATER_VERSION
from workshop.bench.site.report import LOAD_NOTE
from workshop.bench.site.server import serve_build, serve_plain_datasette
from workshop.bench.suites import SUITES, BenchOptions, Suite, load_suite, run_module, run_suite
from workshop.bench.synthetic_log import make_log
from workshop.docs.markers import END, start_marker

QUERIES = available_queries(read_definition(Package(ROOT)))
CLAIMS = 500
START = start_marker("bench-peers")


def run_bench(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the bench in a package and return what it printed."""
    command = [sys.executable, "-m", "workshop.bench", *words]
    return subprocess.run(command, cwd=world.root, capture_output=True, text=True, timeout=120)


def files(folder: Path) -> dict[str, bytes]:
    """Return the files of a package or of texts, without what claimlog notes for itself."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".claimlog" not in path.parts
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
    ours = run_contender("claimlog", package, folder / "out")
    return Bench(folder, package, ours, run_contender("duckdb", package, folder / "out"))


@pytest.mark.slow
def test_the_log_is_valid_down_to_its_anchors(bench: Bench) -> None:
    log = read(bench.package)
    report = validate(log, Texts(bench.folder / "texts"))
    assert [str(finding) for finding in report.findings] == []
    assert report.anchors_unchecked == 0
    idle = {name for name, tally in report.tallies.items() if not tally.checked}
    assert idle == {"released-batches", "released-roots"}


@pytest.mark.slow
def test_the_log_has_amendments_and_retractions_and_what_json_escapes(bench: Bench) -> None:
    claims = read(bench.package).rows("claims")
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
    monkeypatch.setattr("workshop.bench.synthetic_rows.BATCH_CLAIMS", 300)
    monkeypatch.setattr("workshop.bench.synthetic_rows.SOURCE_CLAIMS", (50, 200))
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
    other = run_contender("sqlite-utils", bench.package, tmp_path)
    live = read(bench.package).live("claims").height
    assert bench.ours["claims"] == bench.theirs["claims"] == other["claims"] == live
    versions = read(bench.package).rows("claims").height
    assert run_contender("frictionless", bench.package, tmp_path)["rows"] == versions
    assert bench.ours["rows"] == bench.theirs["rows"] == read(bench.package).size


@pytest.mark.slow
def test_every_run_reads_the_whole_log_whatever_one_before_it_left(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claimlog.fingerprint, "MEMORY_BYTES", 0)
    shutil.copytree(bench.package.root, tmp_path / "package")
    files_read: list[str] = []

    def heard(*words: Any) -> Files:
        files_read.append(f"{words[1].number} {words[2]}")
        return read_into_parts(*words)

    monkeypatch.setattr(claimlog.log.read_log, "read_into_parts", heard)
    run_contender("claimlog", Package(tmp_path / "package"), tmp_path)
    first = files_read.copy()
    run_contender("claimlog", Package(tmp_path / "package"), tmp_path)
    assert first
    assert files_read == first * 2


def test_the_peers_have_our_indexes_and_search(bench: Bench) -> None:
    def named(path: Path) -> set[str]:
        """Return what a database holds, but for the search of tables without rows."""
        database = sqlite3.connect(path)
        names = database.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
        found = {name for (name,) in names}
        tables = {name.partition("_fts")[0] for name in found if "_fts" in name}
        for table in tables:
            if database.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None:
                found = {name for name in found if name.partition("_fts")[0] != table}
        database.close()
        return found

    ours = named(bench.scratch / "build" / "bench.db")
    theirs = named(bench.scratch / "duckdb.db")
    assert theirs <= ours
    missing = {name for name in ours - theirs if name.startswith("idx_claims_") or "fts" in name}
    assert missing == set()


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a whole small run writes, with the page that it changed."""
    root = tmp_path_factory.mktemp("run")
    shutil.copytree(ROOT / "schemas", root / "schemas")
    shutil.copyfile(ROOT / "datapackage.json", root / "datapackage.json")
    page = f"# Title\n\nBefore.\n\n{START}\nan old table\n{END}\n\nAfter.\n"
    (root / "docs").mkdir()
    (root / "docs" / "performance.md").write_text(page, "utf-8")
    run_suite(Package(root), "peers", BenchOptions(200), root / "results.json", into_docs=True)
    found: dict[str, Any] = json.loads((root / "results.json").read_text("utf-8"))
    drawn = (root / "docs" / "bench-peers.svg").read_text("utf-8")
    return {
        **found,
        "page": (root / "docs" / "performance.md").read_text("utf-8"),
        "svg": drawn,
    }


@pytest.mark.slow
def test_a_run_puts_its_table_on_its_page_and_leaves_the_rest(results: dict[str, Any]) -> None:
    before, table, after = (
        results["page"].partition(START)[0],
        results["page"].partition(START)[2].partition(END)[0],
        results["page"].partition(END)[2],
    )
    assert (before, after) == ("# Title\n\nBefore.\n\n", "\n\nAfter.\n")
    assert "an old table" not in table
    assert "python -m workshop.bench peers --claims 200 --runs 1 --docs" in table
    drawn = f"![{results_plot(results).caption}](bench-peers.svg)"
    assert table == f"\n{markdown_report(results)}\n\n{drawn}\n"


@pytest.mark.slow
def test_a_run_draws_what_the_whole_job_takes_with_each_tool(results: dict[str, Any]) -> None:
    drawn = ElementTree.fromstring(results["svg"])
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    words = {text.strip() for text in drawn.itertext()}
    assert {"claimlog", "sqlite-utils + Frictionless", "validate", "read"} <= words
    assert f"Seconds for {results['rows']:,} events" in words


def test_the_plot_of_growth_has_every_build_and_what_would_be_in_proportion() -> None:
    builds = [
        {"rows": 10**n, "seconds": 2.0 * 10**n, "peak_bytes": n * 10**9, "claims": 1}
        for n in (3, 4, 5)
    ]
    drawn = growth_suite.results_plot({"builds": builds})
    time, memory = drawn.spec["hconcat"]
    even, real = (layer["data"]["values"] for layer in time["layer"])
    assert [one["seconds"] for one in even] == [one["seconds"] for one in real]
    assert [one["gigabytes"] for one in memory["data"]["values"]] == [3, 4, 5]
    assert drawn.caption == "Seconds and peak memory of builds of 1,000 to 100,000 events"


def test_the_largest_build_is_held_against_both_of_a_tenth_of_it() -> None:
    def took(rows: int, seconds: float) -> dict[str, Any]:
        return {"rows": rows, "seconds": seconds, "peak_bytes": 7e9}

    builds = [took(10, 1), took(100, 10), took(1000, 120)]
    memory, growth, share = growth_suite.goals(builds, took(101, 1.5), took(100, 14))
    assert (memory["value"], memory["met"]) == (7, False)
    assert (growth["value"], growth["met"]) == (1, True)
    assert (share["value"], share["met"]) == (0.107, False)


def test_a_run_says_of_every_goal_whether_it_was_met(results: dict[str, Any]) -> None:
    assert [goal["what"] for goal in results["goals"]] == [what for what, _, _ in GOALS]
    # 200 claims take less time than starting up: what is lost here must be called lost
    assert results["goals"][0]["met"] is False
    assert "missed" in text_report(results)
    assert "\x1b" not in text_report(results)


def test_the_results_describe_the_machine_without_naming_it(results: dict[str, Any]) -> None:
    import platform

    assert set(results["machine"]) == {"cpu", "cores", "memory_gb", "os", "python"}
    described = json.dumps([results["machine"], results["versions"]])
    assert platform.node() not in described.split('"')


def test_pages_are_looked_at_before_anything_is_measured(bare: World) -> None:
    (bare.root / "README.md").write_text("no markers", "utf-8")
    done = run_bench(bare, "peers", "--claims", "100", "--docs")
    assert done.returncode == 1
    assert f"docs: expected the lines {START} and {END} in one place" in done.stderr
    assert done.stdout == ""
    assert (bare.root / "README.md").read_text("utf-8") == "no markers"


def test_peers_that_disagree_stop_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_module: str, *words: str) -> str:
        return json.dumps({"claims": len(words[0]), "rows": 1, "seconds": 1})

    monkeypatch.setattr("workshop.bench.peers.suite.run_module", failing)
    with pytest.raises(ClaimlogError, match="the numbers of claims differ"):
        run_suite(Package(ROOT), "peers", BenchOptions(100), tmp_path / "out.json", into_docs=False)
    assert not (tmp_path / "out.json").exists()


def test_the_bench_marks_every_stage_that_a_build_names() -> None:
    assert ("import", *STAGES, "end") == STAGE_MARKS


@pytest.mark.parametrize("name", SUITES)
def test_every_suite_offers_what_the_command_uses(name: str) -> None:
    chosen: Suite = load_suite(name)
    assert all(
        callable(part)
        for part in (chosen.collect_results, chosen.text_report, chosen.markdown_report)
    )
    assert all(isinstance(module, str) for module in chosen.NEEDS)


def test_an_unknown_suite_is_refused_with_the_names_of_those_that_there_are(bare: World) -> None:
    done = run_bench(bare, "speed")
    assert done.returncode == 2
    assert all(name in done.stderr for name in SUITES)


# --- the suite of the site


SITE_CLAIMS = 600


@dataclass
class Site:
    """A small served log: everything there is to ask for, and what one request of each took."""

    package: Package
    kinds: list[AddressKind]
    found: dict[str, Any]
    pid: int

    @property
    def names(self) -> set[str]:
        return {kind.name for kind in self.kinds}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    run_module("workshop.bench.site.dataset", str(ROOT), str(folder), str(SITE_CLAIMS))
    package = Package(folder / "package")
    with closing(sqlite3.connect(package.build / "bench.db")) as database:
        known = address_kinds(database, "bench", read_definition(package))
    one = [AddressKind(kind.name, kind.group, kind.paths[:1]) for kind in known]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site_suite, "address_kinds", lambda *_: one)
        with serve_build(package, folder / "serve.log", "--releases", LATER_VERSION) as server:
            found = site_suite.time_site(package, server, BenchOptions(SITE_CLAIMS, requests=1))
            some = [scenario(name) for name in SCENES]
            patch.setattr(scenarios, "LEAST_REQUESTS", 1)
            patch.setattr(scenarios, "scenarios", lambda _: some)
            with serve_plain_datasette(package, folder / "plain.log") as plain:
                found["beside"] = scenarios.compare_servers("bench", server, plain, 1)
                asked = throughput.targets("bench", found["claim"])
                found["load_of_clients"] = throughput.compare_throughput(
                    asked, server, plain, clients=(3,), seconds=0
                )
                found["memory_bytes"] = resident_bytes(server.pid)
    return Site(package, known, {"claims": SITE_CLAIMS, "requests": 1, **found}, server.pid)


SCENES = ("an address that no route knows", "SQL with an error", "/claims beside 3 slow queries")


def scenario(name: str) -> scenarios.Scenario:
    """Return the scenario of a name."""
    return next(one for one in scenarios.scenarios("bench") if one.name == name)


OF_TOPIC = pages_of_topic(read_presentation(Package(ROOT)).pages)


@pytest.mark.slow
@pytest.mark.parametrize(
    "item",
    [*(page for page in PAGES if not page.is_document), *OF_TOPIC],
    ids=lambda item: readable_pattern(item.pattern),
)
def test_every_page_of_the_site_is_asked_for(item: Page, site: Site) -> None:
    name = readable_pattern(item.pattern)
    assert name in site.names
    # a file to download has no twin
    assert f"{name}, as JSON" in site.names or name.startswith(FILES)
    assert (f"{name}, in release {LATER_VERSION}" in site.names) == item.in_releases


@pytest.mark.parametrize("name", QUERIES)
def test_every_canned_query_is_asked_for_with_all_its_parameters(name: str, site: Site) -> None:
    kind = next(kind for kind in site.kinds if kind.name == f"/bench/{name}")
    assert kind.paths[0] == f"/bench/{name}"
    for parameter in ("ally", "claim_id", "since", "until"):
        given = any(f"{parameter}=" in path for path in kind.paths)
        assert given == (f":{parameter}" in QUERIES[name].sql)


@pytest.mark.parametrize("name", sorted(p.stem for p in (ROOT / "schemas/tables").glob("*.json")))
def test_every_table_is_asked_for_with_its_facets(name: str, site: Site) -> None:
    assert {f"/bench/{name}: facets", f"/bench/{name}: as JSON"} <= site.names


def test_the_synthetic_site_answers_everything_and_in_time(site: Site) -> None:
    measured = site.found["kinds"]
    assert [kind["name"] for kind in measured] == [kind.name for kind in site.kinds]
    assert [(kind["name"], kind["not_ok"]) for kind in measured if kind["not_ok"]] == []
    assert [(kind["name"], kind["timed_out"]) for kind in measured if kind["timed_out"]] == []


def test_the_first_page_is_weighed_with_all_that_it_fetches(site: Site) -> None:
    (home,) = (kind for kind in site.found["kinds"] if kind["name"] == "/")
    assert home["bytes"] + 1000 < site.found["home_bytes"] < site_suite.HOME_BYTES


def test_the_table_of_the_site_stays_readable(site: Site) -> None:
    report, note, of_loads = site_suite.markdown_report(site.found).partition(LOAD_NOTE)
    assert note
    assert len(re.findall("^[|] ", of_loads, re.MULTILINE)) <= 12
    rows = [line for line in report.splitlines() if line[:2] == "| "]
    assert 25 < len(rows) <= 64  # heads, goals, scenes, and a row for every group of kinds
    for group in {kind.group for kind in site.kinds}:
        assert any(group in row for row in rows)
    text = site_suite.text_report(site.found)
    assert all(kind.name in text for kind in site.kinds)


def test_the_plot_of_the_site_has_every_kind_of_address_and_the_limit(
    site: Site, tmp_path: Path
) -> None:
    shown = plots.write_plot(tmp_path, "site", site_suite.results_plot(site.found))
    assert shown.endswith("(bench-site.svg)")
    drawn = (tmp_path / "docs" / "bench-site.svg").read_text("utf-8")
    assert f"{len(site.kinds)} kinds of address" in drawn
    assert "prepared queries" in drawn
    assert drawn.count('aria-label="95th percentile, ms: ') == len(site.kinds) + 1


def test_errors_and_pages_beside_others_are_compared_with_plain_datasette(site: Site) -> None:
    found = {result["name"]: result for result in site.found["beside"]}
    assert sorted(found) == sorted(SCENES)
    assert [name for name, result in found.items() if result["ours"]["wrong"]] == []
    missing = found["an address that no route knows"]
    assert missing["plain"]["wrong"]  # a bare 500 instead of 404
    assert found["SQL with an error"]["ratio"] > 0
    assert found["/claims beside 3 slow queries"]["plain"] is None
    report = site_suite.markdown_report(site.found)
    assert all(f"| {name} |" in report for name in found)


def test_every_address_under_load_is_answered_and_compared_where_plain_datasette_has_it(
    site: Site,
) -> None:
    loads = site.found["load_of_clients"]
    assert [load["path"] for load in loads if load["ours"]["wrong"]] == []
    assert [load["path"] for load in loads if load["plain"] and load["plain"]["wrong"]] == []
    assert {load["ours"]["requests"] for load in loads} == {3}
    assert sum(load["plain"] is not None for load in loads) >= 5
    assert {load["goal"] for load in loads} == {"1,000 on a core", "never behind"}
    report = site_suite.markdown_report(site.found)
    assert "| address | by 3 |" in report
    assert all(f"| `{load['path']}` | " in report for load in loads)
    assert site.found["memory_bytes"] > 10_000_000


def test_every_load_has_a_goal_that_can_be_missed() -> None:
    ours, compared = throughput.Target("/"), throughput.Target("/x", compared=True)
    good = {"rate": 900.0, "core_rate": 1000.0, "wrong": 0}
    assert throughput.throughput_result(ours, 16, good, None)["met"]
    assert throughput.throughput_result(compared, 16, good, good)["met"]
    for worse in ({"core_rate": 999.0}, {"core_rate": None}, {"wrong": 1}):
        assert not throughput.throughput_result(ours, 16, {**good, **worse}, None)["met"]
    for worse in ({"rate": 899.0}, {"wrong": 1}):
        assert not throughput.throughput_result(compared, 16, {**good, **worse}, good)["met"]


def test_every_scene_has_a_goal_that_can_be_missed() -> None:
    beside = scenario("a table beside 3 slow queries")
    good = {"median_ms": 5.0, "p95_ms": 9.0, "wrong": False}
    assert scenarios.scenario_result(beside, good, good)["met"]
    for worse in ({"median_ms": 6.0}, {"p95_ms": 200.0}, {"wrong": True}):
        assert not scenarios.scenario_result(beside, {**good, **worse}, good)["met"]
    assert scenarios.scenario_result(beside, good, None)["ratio"] is None


def test_the_server_is_gone_after_the_measuring(site: Site) -> None:
    with pytest.raises(ProcessLookupError):
        os.kill(site.pid, 0)


@pytest.mark.slow
def test_the_server_is_gone_after_an_interrupt(site: Site, tmp_path: Path) -> None:
    pids: list[int] = []

    def interrupted() -> None:
        with serve_build(
            site.package, tmp_path / "serve.log", "--releases", LATER_VERSION
        ) as server:
            pids.append(server.pid)
            os.kill(server.pid, 0)  # it runs
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_a_server_that_does_not_start_is_named_with_what_it_said(tmp_path: Path) -> None:
    (tmp_path / "datapackage.json").write_text('{"name": "none"}', "utf-8")
    with (
        pytest.raises(ClaimlogError, match=r"did not answer; it said: .*") as caught,
        serve_build(Package(tmp_path), tmp_path / "serve.log"),
    ):
        pass
    assert "claimlog:" in str(caught.value)


class Odd(BaseHTTPRequestHandler):
    """A site that is slow by its own clock, lacks a page, and times out."""

    seconds = 0.0

    def do_GET(self) -> None:
        Odd.seconds += 0.15 if self.path == "/slow" else 0.001
        body = {
            "/late": b'<p class="facets-timed-out">These facets timed out: topic</p>',
            "/page": b'<link rel="stylesheet" href="/a.css"><img src="b.png"><a href="/no">x</a>',
            "/a.css": b"p { background: url(c.png) }",
        }.get(self.path, b"1234567890")
        self.send_response(404 if self.path == "/gone" else 200)
        self.send_header("content-type", "text/css" if self.path == "/a.css" else "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setattr(site_client, "perf_counter", lambda: Odd.seconds)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}") as client:
        yield client
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("path", ["/slow", "/gone", "/late"])
def test_a_page_that_is_slow_or_fails_is_missed(path: str, odd: httpx.Client, site: Site) -> None:
    found = site_suite.with_verdict(
        time_requests(odd, AddressKind("odd", "pages", ["/quick", path]), 4).summary()
    )
    assert found["met"] is False
    assert found["requests"] == 4
    assert found["not_ok"] == (["/gone", "/gone"] if path == "/gone" else [])
    assert found["timed_out"] == (["/late", "/late"] if path == "/late" else [])
    goals = site_suite.goals([found], 0)
    assert [goal["met"] for goal in goals].count(False) == 1
    report = site_suite.text_report({**site.found, "kinds": [found], "goals": goals})
    assert "missed: odd" in report
    assert path in report


def test_the_first_request_counts_though_it_is_one_of_many(odd: httpx.Client) -> None:
    kind = AddressKind("odd", "pages", ["/slow", *["/quick"] * 40])
    found = site_suite.with_verdict(time_requests(odd, kind, 1).summary())
    assert found["first_ms"] > 100 > found["p95_ms"]
    assert found["met"] is False


def test_what_styles_fetch_weighs_too_and_what_is_only_linked_does_not(odd: httpx.Client) -> None:
    page, style, image = (len(odd.get(path).content) for path in ("/page", "/a.css", "/b.png"))
    assert page_bytes(odd, "/page") == page + style + 2 * image


def test_a_kind_that_measures_nothing_is_an_error(odd: httpx.Client) -> None:
    with pytest.raises(ClaimlogError, match="nothing was measured of /facts/FACT"):
        time_requests(odd, AddressKind("/facts/FACT", "/facts/FACT", []), 5)
