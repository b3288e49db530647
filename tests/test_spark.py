"""The distributed engine gives what the embedded one gives, or says why it cannot.

`make test-spark` runs these, in an environment that has PySpark.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from claimlog.build import build as build_embedded
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.export.content_hash import parquet_content
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.validate import validate
from conftest import ROOT, World, copied, empty_world
from own_topics import TOPICS
from test_evolution import evolve
from test_registers import begin, declare
from workshop.bench.synthetic_log import make_log

if importlib.util.find_spec("pyspark") is None:
    pytest.skip("NOT RUN: make test-spark runs these", allow_module_level=True)

pytestmark = pytest.mark.usefixtures("spark")
CLAIMS = 20_000
SMALL = {
    "spark.master": "local[2]",
    "spark.driver.memory": "2g",
    "spark.sql.shuffle.partitions": "4",
}


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    from claimlog.spark.session import open_session

    with open_session(SMALL) as started:
        yield started


@pytest.fixture(scope="module", params=["real", "synthetic"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a package and its tables by both engines."""
    request.getfixturevalue("spark")  # both builds share the session
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "real":
        package = folder / "package"
        for name in ("schemas", "events", "releases"):
            shutil.copytree(ROOT / name, package / name)
        shutil.copyfile(ROOT / "datapackage.json", package / "datapackage.json")
    else:
        make_log(Package(ROOT), folder, CLAIMS)
    return both(folder)


def both(folder: Path, **given: Any) -> Path:
    from claimlog.spark.build import build

    package = Package(folder / "package")
    begun = time.monotonic()
    build_embedded(package, folder / "embedded", as_of=given.get("as_of"))
    between = time.monotonic()
    build(package, str(folder / "spark"), **given)
    seconds = {"embedded": between - begun, "spark": time.monotonic() - between}
    print(f"\n{folder.name}: " + ", ".join(f"{name} {s:.1f} s" for name, s in seconds.items()))
    return folder


def hashes(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the logical hashes of every table by the embedded engine and by Spark."""
    tables = read_definition(Package(folder / "package")).tables
    embedded = {
        name: parquet_content(folder / "embedded" / "parquet" / f"{name}.parquet", table).root
        for name, table in tables.items()
    }
    said = json.loads((folder / "spark" / "logical.json").read_text("utf-8"))["tables"]
    return embedded, {name: said[name]["root"] for name in said}


def test_every_table_has_the_same_logical_hash_by_both_engines(built: Path) -> None:
    embedded, distributed = hashes(built)
    assert distributed == embedded
    assert len(embedded) > 30


def test_three_schema_versions_give_the_same_tables_and_report_by_both_engines(
    made: World, tmp_path: Path
) -> None:
    evolve(copied(made, tmp_path))
    embedded, distributed = hashes(both(tmp_path))
    assert distributed == embedded
    counts = []
    for engine in ("embedded", "spark"):
        report = json.loads((tmp_path / engine / "validation.json").read_text("utf-8"))
        counts.append({rule["id"]: (rule["status"], rule["checked"]) for rule in report["rules"]})
    assert counts[0] == counts[1]


def test_registers_give_the_same_tables_by_both_engines(tmp_path: Path) -> None:
    world = empty_world(tmp_path)
    declare(world.root)
    begin(World(Package(world.root), world.texts))
    embedded, distributed = hashes(both(tmp_path))
    assert distributed == embedded
    assert {"treaties", "treaty_versions", "treaty_signatories", "claim_labs"} <= {*embedded}


@pytest.mark.parametrize("name", TOPICS)
def test_datasets_of_other_topics_give_the_same_tables_by_both_engines(
    name: str, tmp_path: Path
) -> None:
    topic = TOPICS[name]
    world = topic.begin(tmp_path / "package")
    topic.add(world)
    world.seal("first")
    embedded, distributed = hashes(both(tmp_path))
    assert distributed == embedded
    assert {topic.stream, "claims", "links"} <= {*embedded}
    reports = [
        json.loads((tmp_path / engine / "validation.json").read_text("utf-8"))
        for engine in ("embedded", "spark")
    ]
    checked = [{rule["id"]: rule["status"] for rule in report["rules"]} for report in reports]
    assert checked[0][topic.requirement[0]] == checked[1][topic.requirement[0]] == "passed"


def test_duckdb_reads_the_same_rows_and_types_from_the_partitioned_files(built: Path) -> None:
    import duckdb

    tables = read_definition(Package(built / "package")).tables
    partitioned = 0
    for name, table in tables.items():
        path = f"{built}/spark/tables/{name}"
        deep = "**/" if any(Path(path).glob("bucket=*")) else ""
        partitioned += bool(deep)
        files = f"read_parquet('{path}/{deep}*.parquet', hive_partitioning = {bool(deep)})"
        single = f"read_parquet('{built}/embedded/parquet/{name}.parquet')"
        ours, theirs = (
            {c[0]: c[1] for c in duckdb.sql(f"describe from {p}").fetchall()}
            for p in (files, single)
        )
        # a list of codes is an enumeration in one engine and text in the others
        plain = {n: "VARCHAR" if str(t).startswith("ENUM") else t for n, t in theirs.items()}
        assert {n: t for n, t in ours.items() if n != "bucket"} == plain, name
        assert list(ours)[: len(table.names)] == list(table.names)
        counts = [duckdb.sql(f"select count(*) from {p}").fetchall() for p in (files, single)]
        assert counts[0] == counts[1], name
    assert partitioned >= 6


def test_an_engine_finds_a_claim_in_its_bucket(built: Path) -> None:
    import duckdb

    files = f"read_parquet('{built}/spark/tables/claims/**/*.parquet', hive_partitioning = true)"
    wrong = f"select count(*) from {files} where bucket <> 'b' || left(md5(claim_id), 1)"
    assert duckdb.sql(wrong).fetchall() == [(0,)]
    assert duckdb.sql(f"select count(distinct bucket) from {files}").fetchall() == [(16,)]


def test_types_are_those_that_every_engine_knows(built: Path) -> None:
    import pyarrow.parquet as pq

    for path in (built / "spark" / "tables").rglob("*.parquet"):
        schema = pq.ParquetFile(path).schema
        for index in range(len(schema)):
            column = schema.column(index)
            assert column.physical_type in ("BYTE_ARRAY", "INT64", "INT32", "DOUBLE", "BOOLEAN")
            assert column.logical_type.type in ("STRING", "TIMESTAMP", "DATE", "NONE"), path
            if column.logical_type.type == "TIMESTAMP":
                told = json.loads(column.logical_type.to_json())
                assert (told["isAdjustedToUTC"], told["timeUnit"]) == (True, "microseconds")


def test_the_report_counts_what_the_embedded_one_counts(built: Path) -> None:
    reports = [
        json.loads((built / n / "validation.json").read_text()) for n in ("embedded", "spark")
    ]
    embedded, distributed = (
        {rule["id"]: (rule["status"], rule["checked"]) for rule in report["rules"]}
        for report in reports
    )
    # Frictionless reads every row or a sample, and says so
    assert {k: v for k, v in distributed.items() if k != "descriptor"} == {
        k: v for k, v in embedded.items() if k != "descriptor"
    }
    assert reports[0]["log"] == reports[1]["log"]


def test_the_descriptor_lists_every_file(built: Path) -> None:
    folder = built / "spark"
    described = json.loads((folder / "datapackage.json").read_text("utf-8"))
    listed = {path for resource in described["resources"] for path in resource["path"]}
    assert listed == {str(p.relative_to(folder)) for p in folder.rglob("*.parquet")}
    assert not [*folder.rglob("*.crc"), *built.glob(".spark-*")]


def found_by_both(world: World, spark: Any, folder: Path) -> tuple[list[str], list[str]]:
    """Return the findings of both engines as printed, in one order."""
    from claimlog.spark.build import read_and_validate

    _, report = read_and_validate(spark, world.package, None, folder)
    # what only Frictionless sees of rows it is given depends on how many it is given
    embedded = validate(read(world.package))
    return sorted(map(str, embedded.findings)), sorted(map(str, report.findings))


def test_cells_that_break_their_schema_are_named_as_the_embedded_engine_names_them(
    world: World, spark: Any, tmp_path: Path
) -> None:
    def spoil(rows: list[dict[str, Any]]) -> None:
        rows[0]["topic"] = "weather"
        rows[1]["statement"] = None
        rows[1]["attributions"][0]["anonymity"] = "masked"
        rows[2]["start"] = -1
        rows[3]["source_id"] = "S001\n"
        rows[4]["statement"] = ""

    world.rewrite("claims", spoil, 1)
    embedded, distributed = found_by_both(world, spark, tmp_path / "work")
    assert distributed == embedded
    assert any('claims.ndjson:1: C001-001 "topic" is "weather"' in text for text in distributed)
    assert len(distributed) >= 6


def test_rows_that_break_rules_are_named_as_the_embedded_engine_names_them(
    world: World, spark: Any, tmp_path: Path
) -> None:
    def spoil(rows: list[dict[str, Any]]) -> None:
        rows[0]["dyad_to"] = ["nobody"]
        rows[1]["attributions"][0]["actor_id"] = "someone"
        rows[2]["end"] = 100_000
        rows[4]["version"] = 3
        rows[5]["recorded_at"] = "2001-01-01T00:00:00Z"
        rows[5]["occurred"] = "2019-13"

    world.rewrite("claims", spoil, 1)
    embedded, distributed = found_by_both(world, spark, tmp_path / "work")
    assert distributed == embedded
    rules = {text.rsplit("[", 1)[1] for text in distributed}
    assert {
        "foreign-key]",
        "span-inside]",
        "version-sequence]",
        "recorded-order]",
        "edtf]",
    } <= rules


def test_a_reference_to_what_was_retracted_is_found(
    world: World, spark: Any, tmp_path: Path
) -> None:
    world.rewrite("links", lambda rows: rows[0].update(to_claim_id="C001-004"), 1)
    embedded, distributed = found_by_both(world, spark, tmp_path / "work")
    assert distributed == embedded
    assert any("was retracted" in text and "[live-reference]" in text for text in distributed)


def test_a_truncated_file_stops_the_build_and_leaves_what_was_there(
    world: World, tmp_path: Path
) -> None:
    from claimlog.spark.build import build

    path = world.file("claims", 1)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(FindingsError) as error:
        build(world.package, str(tmp_path / "out"))
    text = "\n".join(map(str, error.value.findings))
    assert "claims.ndjson:6: does not end with a line feed" in text
    assert "[file-hash]" in text
    assert not (tmp_path / "out").exists()


def test_batches_at_an_address_are_read_and_tables_written_to_one(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import claimlog.spark.build as module
    from claimlog.spark.storage import local_address

    lake = tmp_path / "lake [1] {a,b} 100%25"  # Spark reads patterns, and Hadoop no encoding
    elsewhere = lake / "events"
    lake.mkdir()
    shutil.move(world.root / "events", elsewhere)
    # as if the address were of no disk of this machine
    monkeypatch.setattr(module, "local_path", lambda _: None)
    out = lake / "tables"
    addresses = local_address(out), local_address(elsewhere)
    for _ in range(2):  # the second replaces the first
        built = module.build(world.package, addresses[0], batches=addresses[1], as_of="2")
    shutil.move(elsewhere, world.root / "events")
    build_embedded(world.package, tmp_path / "embedded", as_of="2")
    tables = read_definition(world.package).tables
    for name, table in tables.items():
        path = tmp_path / "embedded" / "parquet" / f"{name}.parquet"
        assert built.tables[name].root == parquet_content(path, table).root, name
    assert sorted(p.name for p in out.parent.iterdir()) == ["tables"]
    assert (out / "datapackage.json").is_file()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("file:///nowhere/events", "file:///nowhere/events: there is nothing; name the directory"),
        ("s3a://bucket/events", "s3a://bucket/events: this Spark has no connector for s3a:"),
        ("nosuch://host/events", "nosuch://host/events: this Spark has no connector for nosuch:"),
    ],
)
def test_an_address_that_cannot_be_read_is_one_message(
    made: World, tmp_path: Path, address: str, said: str
) -> None:
    from claimlog.spark.build import build

    with pytest.raises(ClaimlogError) as error:
        build(made.package, str(tmp_path / "out"), batches=address)
    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value)


def test_another_directory_is_not_replaced(made: World, tmp_path: Path) -> None:
    from claimlog.spark.build import build

    (tmp_path / "mine").write_text("kept")
    with pytest.raises(ClaimlogError, match="exists and is no build of ours"):
        build(made.package, str(tmp_path))


def test_a_build_that_was_killed_leaves_nothing_in_the_way(world: World, tmp_path: Path) -> None:
    from claimlog.spark.build import build

    out = tmp_path / "out"
    words = ["build", "--engine", "spark", "--out", str(out)]
    for name, value in SMALL.items():
        words += ["--spark", f"{name}={value}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "claimlog", *words], cwd=world.root, start_new_session=True
    )
    try:
        until = time.monotonic() + 500
        while not [*tmp_path.glob(".out-new-*/tables/*/_SUCCESS")]:
            assert process.poll() is None, "it ended before it was killed"
            assert time.monotonic() < until
            time.sleep(0.1)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not out.exists()
    build(world.package, str(out))
    assert (out / "datapackage.json").is_file()
    assert not [*tmp_path.glob(".out-new-*")]


def test_java_missing_is_said_with_what_to_install(made: World, tmp_path: Path) -> None:
    done = made.run("build", "--engine", "spark", "--out", str(tmp_path / "out"), JAVA_HOME="/none")
    assert done.returncode == 1
    assert "needs Java 17 or newer" in done.stderr
    assert "openjdk-17-jre-headless" in done.stderr
    assert done.stderr.count("\n") == 1
