"""The fold and what is compiled from it."""

from __future__ import annotations

import importlib.resources
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jsonschema
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from claimlog import command_limits, untrusted_files
from claimlog.build import build
from claimlog.compile import compile_tables
from claimlog.directory_swap import publish_directory
from claimlog.errors import ClaimlogError, FindingsError, UsageError
from claimlog.export import sqlite
from claimlog.export.sqlite import DatabaseWriter, create_statement
from claimlog.export.table_types import conform
from claimlog.fold import cutoff, fold
from claimlog.fold.corroboration import ultimate_origins
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.schema.table_schema import REQUIRED_STREAMS
from conftest import ROOT, World, claim, copied, hop, source

TABLES = read_definition(Package(ROOT)).tables


@pytest.fixture(scope="module")
def built(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = copied(made, tmp_path_factory.mktemp("built"))
    build(world.package, world.package.build)
    return world


def database(world: World) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{world.package.build / 'tiny.db'}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    return connection


def digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {p.relative_to(folder).as_posix(): sha256(p.read_bytes()).hexdigest() for p in paths}


# the fold ---------------------------------------------------------------------------------------


def naive(rows: list[dict[str, Any]], key: str, size: int) -> dict[str, int]:
    """Fold by hand: the version of every entity that is live after `size` rows."""
    live: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: row["seq"])[:size]:
        if row["action"] == "retract":
            live.pop(row[key], None)
        else:
            live[row[key]] = row["version"]
    return live


def test_the_fold_of_any_prefix_equals_a_fold_by_hand(made: World) -> None:
    log = read(made.package)
    lazy = {name: log.scan(name) for name in log.streams}
    for size in range(1, log.size + 1):
        tables = fold(lazy, log.definition, size)
        for stream, table in log.definition.streams.items():
            if stream == "codings":
                continue
            rows = [row for row in log.rows(stream).to_dicts() if row["seq"] < size]
            got = tables[stream].collect().select(table.id, "version").rows()
            assert dict(got) == naive(rows, table.id, log.size), (stream, size)


def test_the_fold_of_random_histories_equals_a_fold_by_hand() -> None:
    import narwhals as nw

    from claimlog.fold.row_versions import live_rows, prefix, version_spans

    chance = random.Random(7)
    for _ in range(50):
        rows, state = [], {}
        for seq in range(chance.randint(1, 60)):
            name = chance.choice("abcdefg")
            version, alive = state.get(name, (0, False))
            action = chance.choice(["amend", "retract"]) if alive else "assert"
            state[name] = (version + 1, action != "retract")
            rows.append({"seq": seq, "id": name, "action": action, "version": version + 1})
        frame = nw.from_native(pl.DataFrame(rows).sample(fraction=1, shuffle=True, seed=3).lazy())
        size = chance.randint(1, len(rows))
        live = live_rows(prefix(frame, size), "id").collect()
        assert dict(live.select("id", "version").rows()) == naive(rows, "id", size)
        spans = version_spans(prefix(frame, size), "id").collect().rows(named=True)
        for row in spans:
            later = [
                r["seq"] for r in rows[:size] if r["id"] == row["id"] and r["seq"] > row["seq"]
            ]
            assert (row["valid_from_seq"], row["valid_to_seq"]) == (
                row["seq"],
                min(later, default=None),
            )


def test_retracted_claim_leaves_a_tombstone(built: World) -> None:
    with database(built) as db:
        assert not db.execute("select 1 from claims where claim_id = 'C001-004'").fetchall()
        rows = db.execute(
            "select version, action, reason, statement, valid_to_seq from claim_versions "
            "where claim_id = 'C001-004' order by version"
        ).fetchall()
    assert [(row["version"], row["action"]) for row in rows] == [(1, "assert"), (2, "retract")]
    assert rows[1]["reason"] == "The text does not say so."
    assert rows[1]["statement"] == rows[0]["statement"]
    assert rows[1]["valid_to_seq"] is None


def test_an_amendment_is_current_and_the_state_before_it_is_kept(built: World) -> None:
    with database(built) as db:
        (now,) = db.execute(
            "select version, note from claims where claim_id = 'C001-003'"
        ).fetchall()
        then = db.execute(
            "select note, valid_from_seq, valid_to_seq from claim_versions "
            "where claim_id = 'C001-003' and version = 1"
        ).fetchone()
    assert tuple(now) == (2, "Port pilots.")
    assert then["note"] is None
    assert then["valid_to_seq"] > then["valid_from_seq"]


def test_attribution_hops_stand_in_order_and_give_speaker_and_anonymity(built: World) -> None:
    with database(built) as db:
        hops = db.execute(
            "select hop, actor_id, anonymity from attributions "
            "where claim_id = 'C001-005' order by hop"
        ).fetchall()
        claim = db.execute(
            "select speaker_id, anonymity, hops from claims where claim_id = 'C001-005'"
        ).fetchone()
        own = db.execute(
            "select speaker_id, anonymity, hops from claims where claim_id = 'C001-001'"
        )
        voice = own.fetchone()
    assert [tuple(hop) for hop in hops] == [
        (1, "ada-example", "named"),
        (2, "harbour-ministry", "institution"),
    ]
    assert tuple(claim) == ("harbour-ministry", "institution", 2)
    assert tuple(voice) == (None, None, 0)


def test_claim_actors_hold_the_dyad_and_every_speaker(built: World) -> None:
    with database(built) as db:
        rows = {
            tuple(row) for row in db.execute("select claim_id, actor_id, role from claim_actors")
        }
    assert ("C001-001", "nor", "from") in rows
    assert ("C001-001", "sud", "to") in rows
    assert ("C001-005", "ada-example", "speaker") in rows


def test_corroboration_counts_articles_and_independent_origins(built: World) -> None:
    with database(built) as db:
        fact = db.execute("select * from corroboration").fetchone()
        origins = db.execute("select claim_id, origin_id from corroboration_claims").fetchall()
    assert dict(fact) | {"statement": ""} == {
        "fact_id": "C001-001",
        "claims": 2,
        "articles": 1,
        "independent_origins": 1,
        "unknown_origins": 0,
        "statement": "",
    }
    assert {tuple(row) for row in origins} == {("C001-001", "S101"), ("C001-006", "S101")}


@pytest.mark.parametrize(
    ("lineage", "expected"),
    [
        ({"a": []}, {"a": "a"}),
        (
            {"a": [("w", "certain")], "b": [("w", "probable")], "w": []},
            {"a": "w", "b": "w", "w": "w"},
        ),
        ({"a": [("w", "unknown")], "w": []}, {"a": None, "w": "w"}),
        (
            {"a": [("v", "strong"), ("w", "strong")], "v": [], "w": []},
            {"a": None, "v": "v", "w": "w"},
        ),
    ],
    ids=["original", "two copies of one work", "unknown ancestry", "several origins"],
)
def test_origins_are_found_by_walking_lineage(
    lineage: dict[str, list[tuple[str, str]]], expected: dict[str, str | None]
) -> None:
    assert ultimate_origins(lineage) == expected


def origin(world: World, hops: list[dict[str, Any]]) -> str | None:
    [name] = world.add(
        "claims",
        [
            claim(
                "clerk lost a chart", "A map went missing.", voice="paraphrased", attributions=hops
            )
        ],
    )
    world.seal("origins")
    assert world.run("build").returncode == 0
    with database(world) as db:
        found = db.execute("select origin_id from claims where claim_id = ?", (name,)).fetchone()
    return found[0] if found else "no such claim"


@pytest.mark.slow
def test_a_claim_taken_from_a_named_work_has_that_works_origin(world: World) -> None:
    world.add("sources", [source("S102", title="A scoop")])
    gazette = hop(actor_id="harbour-ministry", anonymity="institution", source_id="S102")
    assert origin(world, [gazette, hop(anonymity="generic", description="Many")]) == "S102"


@pytest.mark.slow
def test_a_claim_of_nobody_in_particular_has_no_origin(world: World) -> None:
    assert origin(world, [hop(anonymity="generic", description="Reports")]) is None


def test_a_claim_of_a_described_speaker_comes_from_its_articles_origin(world: World) -> None:
    assert origin(world, [hop(anonymity="described", description="A clerk")]) == "S101"


def test_event_dates_become_ranges_that_compare(built: World) -> None:
    with database(built) as db:
        row = db.execute(
            "select occurred, occurred_start, occurred_end from claims where claim_id = 'C001-001'"
        ).fetchone()
    assert tuple(row) == ("2025-03~", "2025-03-01", "2025-03-31")


# as of ------------------------------------------------------------------------------------------


def claims_as_of(world: World, as_of: str | None) -> dict[str, int]:
    log = read(world.package)
    frame = dict(compile_tables(log, cutoff(log, as_of)))["claims"]
    return dict(frame.select("claim_id", "version").rows())


@pytest.mark.parametrize("time", ["2026-99-99", "2026-02-30", "2026-11-21T24:00:00Z"])
def test_as_of_a_time_that_is_none_is_refused(time: str, made: World) -> None:
    with pytest.raises(UsageError, match="is no day, or no time of a day"):
        cutoff(read(made.package), time)


@pytest.mark.slow
def test_as_of_a_batch_an_event_and_a_time_fold_that_prefix(made: World) -> None:
    log = read(made.package)
    before = {f"C001-00{n}": 1 for n in range(1, 7)}
    assert claims_as_of(made, "2") == before
    assert claims_as_of(made, "1") == {}
    amendment = log.rows("claims").filter(pl.col("action") == "amend")
    assert claims_as_of(made, amendment["event_id"][0]) == {**before, "C001-003": 2}
    assert claims_as_of(made, amendment["event_id"][0][:12]) == {**before, "C001-003": 2}
    after = {**before, "C001-003": 2}
    del after["C001-004"]
    assert claims_as_of(made, None) == claims_as_of(made, "3") == after
    assert claims_as_of(made, log.rows("claims")["recorded_at"].max()) == after


@pytest.mark.parametrize(
    ("as_of", "message"),
    [
        ("9", "--as-of 9: there is no such batch; claimlog log lists them"),
        ("yesterday", "--as-of yesterday: expected a batch number, a UTC time"),
        ("2001-01-01", "--as-of 2001-01-01: the log holds nothing yet at that time"),
        ("00000000", "--as-of 00000000: no event has an id that begins so"),
    ],
)
def test_as_of_something_else_says_what_was_expected(made: World, as_of: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        cutoff(read(made.package), as_of)
    assert str(caught.value).startswith(message)


# what is written --------------------------------------------------------------------------------


def test_building_twice_gives_the_same_bytes(built: World, tmp_path: Path) -> None:
    again = tmp_path / "elsewhere"
    build(built.package, again)
    assert digests(again) == digests(built.package.build)


def test_an_unchanged_build_is_left_alone_in_under_a_second(built: World) -> None:
    before = {p: p.stat().st_mtime_ns for p in built.package.build.rglob("*")}
    started = os.times()
    done = built.run("build", PYTHONHASHSEED="0")  # in an interpreter that starts anew, as a user's
    took = os.times()
    # of the processor: a busy machine lets it wait
    assert took.children_user + took.children_system < (
        started.children_user + started.children_system + 1
    )
    assert done.stdout == "build is up to date\n"
    assert {p: p.stat().st_mtime_ns for p in built.package.build.rglob("*")} == before


@pytest.mark.slow
def test_a_changed_log_a_damaged_output_and_another_as_of_are_built_again(world: World) -> None:
    assert "wrote build" in world.run("build").stdout
    (world.package.build / "tiny.db").write_bytes(b"gone")
    assert "wrote build" in world.run("build").stdout
    assert "wrote build" in world.run("build", "--as-of", "2").stdout
    world.amend("claims", "C001-001", note="Changed.")
    world.seal("more")
    assert "wrote build" in world.run("build", "--as-of", "2").stdout


def test_the_contracted_tables_and_columns_are_there(built: World) -> None:
    expected = (
        "sources source_lineage actors alliance_members incidents claims claim_versions "
        "claim_actors attributions links corroboration events codebook reliability"
    )
    with database(built) as db:
        names = {
            row[0] for row in db.execute("select name from sqlite_master where type = 'table'")
        }
        assert set(expected.split()) <= names
        columns = {row["name"] for row in db.execute("pragma table_info(claims)")}
        assert {
            "claim_id",
            "version",
            "source_id",
            "start",
            "end",
            "quote_sha256",
            "statement",
        } <= columns
        columns = {row["name"] for row in db.execute("pragma table_info(sources)")}
        wanted = "source_id title publisher published url text_sha256 text_length"
        assert set(wanted.split()) <= columns


@pytest.mark.parametrize("name", TABLES)
def test_table_has_its_schema_in_sqlite_and_parquet_and_the_same_rows(
    name: str, built: World
) -> None:
    table = TABLES[name]
    parquet = pl.read_parquet(built.package.build / "parquet" / f"{name}.parquet")
    assert tuple(parquet.columns) == table.names
    keys = parquet.select(table.primary_key).rows()
    assert keys == sorted(set(keys))
    with database(built) as db:
        info = {row["name"]: row for row in db.execute(f"pragma table_info({name})")}
        first = table.primary_key if table.spec.get("bridge") else ()
        assert tuple(info) == (*first, *(one for one in table.names if one not in first))
        for item in table.fields:
            kinds = {"integer": "INTEGER", "number": "REAL", "boolean": "INTEGER"}
            assert info[item.name]["type"] == kinds.get(item.type, "TEXT")
            assert bool(info[item.name]["notnull"]) == item.required
        key = sorted((c for c in info if info[c]["pk"]), key=lambda c: info[c]["pk"])
        assert tuple(key) == table.primary_key
        foreign = {(r["from"], r["table"]) for r in db.execute(f"pragma foreign_key_list({name})")}
        assert foreign == {(key.column, key.table) for key in table.foreign_keys}
        (count,) = db.execute(f"select count(*) from {name}").fetchone()
    assert count == parquet.height


def test_foreign_keys_hold_and_the_database_is_sound(built: World) -> None:
    with database(built) as db:
        assert db.execute("pragma foreign_key_check").fetchall() == []
        for check in ("integrity_check", "quick_check"):
            assert [row[0] for row in db.execute(f"pragma {check}")] == ["ok"]


@pytest.mark.parametrize(
    "name", [name for name, one in TABLES.items() if not one.spec.get("bridge")]
)
def test_rows_lie_in_the_order_of_their_key_as_sqlite_compares_it(name: str, built: World) -> None:
    """A table without rowids is a tree of its key, and lies so by itself."""
    key = ", ".join(f'"{column}"' for column in TABLES[name].primary_key)
    with database(built) as db:
        stored = [tuple(row) for row in db.execute(f"select {key} from {name} order by rowid")]
        asked = db.execute(f"select {key} from {name} order by {key}")
        assert stored == [tuple(row) for row in asked]


@pytest.mark.parametrize("name", [name for name, one in TABLES.items() if one.spec.get("bridge")])
def test_a_table_without_rowids_begins_with_its_key(name: str) -> None:
    """SQLite before 3.41 takes any other for damaged, though its rows are sound."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(create_statement(TABLES[name]))
        info = db.execute(f"pragma table_info({name})").fetchall()
    assert (
        tuple(row[1] for row in info[: len(TABLES[name].primary_key)]) == TABLES[name].primary_key
    )


def test_codes_are_ordered_only_where_the_schema_calls_them_a_scale(built: World) -> None:
    about = json.loads((built.package.build / "datapackage.json").read_text())
    fields = {
        (one["name"], field["name"]): field
        for one in about["resources"]
        if one.get("type") == "table"
        for field in one["schema"]["fields"]
    }
    scales = {name for (_, name), field in fields.items() if field.get("categoriesOrdered")}
    assert scales == {"likelihood", "analytic_confidence", "coder_confidence"}
    for name, table in TABLES.items():
        path = built.package.build / "parquet" / f"{name}.parquet"
        kinds, frame = pq.read_schema(path), pl.read_parquet(path)
        for item in table.fields:
            kind = kinds.field(item.name).type
            assert pa.types.is_dictionary(kind) is (item.enum is not None), (name, item.name)
            if item.enum is None:
                continue
            field = fields[name, item.name]
            assert field["categories"] == item.enum
            assert field["categoriesOrdered"] is kind.ordered is item.ordered
            assert frame.schema[item.name] == pl.Enum(item.enum)


def test_every_table_of_the_descriptor_says_that_it_is_one(built: World) -> None:
    about = json.loads((built.package.build / "datapackage.json").read_text())
    kinds = {one["name"]: one.get("type") for one in about["resources"]}
    assert {name for name, kind in kinds.items() if kind == "table"} == set(TABLES)


def test_full_text_search_finds_statements_by_stem(built: World) -> None:
    with database(built) as db:
        rows = db.execute(
            "select claim_id from claims join claims_fts on claims_fts.rowid = claims.rowid "
            "where claims_fts match 'pilot'"
        ).fetchall()
    assert [row[0] for row in rows] == ["C001-003"]


def test_parquet_is_zstd_typed_sorted_and_describes_its_columns(built: World) -> None:
    path = built.package.build / "parquet" / "claims.parquet"
    file = pq.ParquetFile(path)
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert file.metadata.row_group(0).sorting_columns[0].column_index == 0
    field = file.schema_arrow.field("start")
    assert field.metadata[b"unit"] == b"code point"
    assert b"offset into the canonical text" in field.metadata[b"description"]
    frame = pl.read_parquet(path)
    assert frame.schema["occurred_start"] == pl.Date
    assert frame.schema["dyad_from"] == pl.List(pl.String)
    assert frame.schema["recorded_at"] == pl.Datetime("us", "UTC")
    assert isinstance(frame.schema["topic"], pl.Categorical | pl.Enum)
    typed = duckdb.sql(f"select claim_id from '{path}' where list_contains(dyad_from, 'nor')")
    assert typed.fetchall() == [("C001-001",)]


def test_what_duckdb_answers_of_codes_without_a_look_at_the_rows_is_so(built: World) -> None:
    """It answers by the bounds of a column, and Arrow states those of all codes, used or not."""
    looked_at = 0
    for path in (built.package.build / "parquet").glob("*.parquet"):
        frame = pl.read_parquet(path)
        for name in frame.select(pl.col(pl.Enum, pl.Categorical)).columns:
            codes = frame[name].cast(pl.String)
            [answer] = duckdb.sql(f"select min({name}), max({name}) from '{path}'").fetchall()
            assert answer == (codes.min(), codes.max()), (path.name, name)
            looked_at += 1
    assert looked_at > 20


def test_the_descriptor_gives_bytes_and_hash_of_every_file(built: World) -> None:
    folder = built.package.build
    about = json.loads((folder / "datapackage.json").read_text())
    assert about["version"] == built.package.descriptor["version"]
    listed = {resource["path"] for resource in about["resources"]}
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert {path for path in present if "datasette" not in path} - {"datapackage.json"} == listed
    for resource in about["resources"]:
        data = (folder / resource["path"]).read_bytes()
        assert resource["bytes"] == len(data)
        assert resource["hash"] == f"sha256:{sha256(data).hexdigest()}"
    assert about["log"]["root"] == read(built.package).root.hex()


@pytest.mark.parametrize("compiled", [False, True], ids=["of the log", "of the build"])
def test_the_descriptor_is_a_valid_data_package_version_2(compiled: bool, built: World) -> None:
    path = built.package.build / "datapackage.json" if compiled else ROOT / "datapackage.json"
    assert flaws("datapackage", json.loads(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "path",
    [*ROOT.glob("schemas/tables/*.json"), *(ROOT / f"schemas/{s}.json" for s in REQUIRED_STREAMS)],
)
def test_schema_is_a_valid_table_schema_version_2(path: Path) -> None:
    assert flaws("tableschema", json.loads(path.read_text("utf-8"))) == []


def flaws(profile: str, value: object) -> list[str]:
    """Check against a Data Package v2 profile, as the library dplib carries it."""
    folder = importlib.resources.files("dplib") / "profiles" / "2.0"
    schema = json.loads((folder / f"{profile}.json").read_text("utf-8"))
    checker = jsonschema.validators.validator_for(schema)(schema)
    return [f"{list(error.path)}: {error.message[:200]}" for error in checker.iter_errors(value)]


def test_rows_survive_the_way_through_the_compiler_unchanged(built: World) -> None:
    log = read(built.package)
    rows = log.rows("claims").sort("claim_id", "version")
    stored = pl.read_parquet(built.package.build / "parquet" / "claim_versions.parquet")
    stored = stored.sort("claim_id", "version")
    for name in log.definition.streams["claims"].names:
        mine, theirs = rows[name], stored[name]
        if name == "recorded_at":
            theirs = theirs.dt.to_string("%Y-%m-%dT%H:%M:%SZ")
        elif isinstance(theirs.dtype, pl.Categorical | pl.Enum):
            theirs = theirs.cast(pl.String)
        assert mine.to_list() == theirs.to_list(), name


def test_the_leaf_hashes_can_be_computed_again_from_the_served_rows(built: World) -> None:
    from claimlog.log.canonical import encode
    from claimlog.log.merkle import CompactRange, leaf_hash

    leaves: dict[int, bytes] = {}
    with database(built) as db:
        for stream, table in read_definition(built.package).streams.items():
            for row in db.execute(f"select * from {table.entity}_versions"):
                whole = {
                    item.name: json.loads(row[item.name])
                    if item.type == "array"
                    else row[item.name]
                    for item in table.fields
                }
                leaves[row["valid_from_seq"]] = leaf_hash(encode(whole))
                assert leaves[row["valid_from_seq"]].hex() == row["event_id"], stream
    tree = CompactRange()
    tree.extend([leaves[seq] for seq in sorted(leaves)])
    assert tree.root() == read(built.package).root


# publishing -------------------------------------------------------------------------------------


def test_findings_leave_the_old_build_as_it_was(world: World) -> None:
    build(world.package, world.package.build)
    before = digests(world.package.build)
    world.rewrite("claims", lambda rows: rows[0].update(topic="sharking"), 1)
    with pytest.raises(FindingsError, match="nothing was built"):
        build(world.package, world.package.build)
    assert digests(world.package.build) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "stage",
    [
        "export.sqlite.DatabaseWriter.fill",
        "export.sqlite.DatabaseWriter.finish",
        "export.parquet.ParquetFile.add",
        "export.parquet.ParquetFile.close",
        "compile.descriptor_of_build",
    ],
)
def test_a_failure_while_writing_leaves_the_old_build_and_no_rubbish(
    stage: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(world.package, world.package.build)
    before = digests(world.package.build)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"claimlog.{stage}", fail)
    with pytest.raises(ClaimlogError, match=r"writing failed \(No space left on device"):
        build(world.package, world.package.build, as_of="2")
    assert digests(world.package.build) == before
    assert [p.name for p in world.root.iterdir() if p.name.startswith(".build")] == []


@pytest.mark.slow
def test_a_build_whose_database_takes_more_than_it_may_leaves_the_old_one_and_no_rubbish(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What rows repeat of the rows that they refer to, and indexes, are a stranger's to choose."""
    build(world.package, world.package.build)
    before = digests(world.package.build)
    monkeypatch.setattr(sqlite, "FILE_BYTES", 40 * sqlite.PAGE_BYTES)
    monkeypatch.setattr(sqlite, "FILE_TIMES", 0)
    said = r"tiny\.db: takes more than 327,680 bytes; nothing was replaced; .* CLAIMLOG_LIMITS=2$"
    with pytest.raises(ClaimlogError, match=said):
        build(world.package, world.package.build, as_of="2")
    assert digests(world.package.build) == before
    assert [p.name for p in world.root.iterdir() if p.name.startswith(".build")] == []
    monkeypatch.setattr(sqlite.shutil, "disk_usage", lambda _: SimpleNamespace(free=100_000))
    with pytest.raises(ClaimlogError, match=r"is the disk full\?"):
        build(world.package, world.package.build, as_of="2")
    monkeypatch.setenv("CLAIMLOG_LIMITS", "100")
    build(world.package, world.package.build, as_of="2")


def test_what_a_database_may_take_grows_with_the_log_alone_also_where_no_blocks_are_counted(
    world: World, noted_sources: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(untrusted_files, "disk_bytes", lambda _: 0)
    monkeypatch.setattr(sqlite, "FILE_BYTES", sqlite.PAGE_BYTES)
    build(world.package, world.package.build)
    batches = (world.root / "events").glob("*/*.ndjson")
    assert noted_sources["log"] == sum(path.stat().st_size for path in batches)
    command_limits.allow_for("texts", 1 << 40)
    monkeypatch.setattr(sqlite, "FILE_TIMES", 1)
    most = sqlite.PAGE_BYTES + noted_sources["log"]
    with pytest.raises(ClaimlogError, match=f"takes more than {most:,} bytes"):
        build(world.package, world.package.build, as_of="2")


def test_a_database_that_may_take_next_to_nothing_has_a_limit_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite takes a limit of no pages for none."""
    monkeypatch.setenv("CLAIMLOG_LIMITS", "1e-320")
    with pytest.raises(ClaimlogError, match="takes more than 8,192 bytes"):
        build(world.package, world.package.build)


def test_an_interrupt_leaves_the_old_build(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "old").write_text("old")

    def interrupted() -> None:
        with publish_directory(target, "out") as folder:
            (folder / "new").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "old"]


def test_a_swap_that_was_cut_off_is_undone_by_the_next_one(tmp_path: Path) -> None:
    retired = tmp_path / ".out-old-4194305-0000000a"
    retired.mkdir()
    (retired / "old").write_text("old")
    with pytest.raises(ClaimlogError), publish_directory(tmp_path / "out", "out"):
        raise OSError(5, "Input/output error")
    assert (tmp_path / "out" / "old").read_text() == "old"


def test_a_directory_that_is_no_build_is_never_replaced(world: World) -> None:
    mine = world.root / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("Years of work.")
    done = world.run("build", "--out", "mine")
    assert done.returncode == 1
    assert "mine: exists and is no build of ours" in done.stderr
    assert (mine / "thesis.txt").read_text() == "Years of work."


def test_no_word_of_a_text_is_in_the_build(built: World) -> None:
    build(built.package, built.package.build, texts=built.texts)
    for path in built.package.build.rglob("*"):
        if path.is_file():
            assert b"tide tables with Sudland" not in path.read_bytes(), path


def test_an_empty_log_builds_empty_tables(bare: World) -> None:
    build(bare.package, bare.package.build)
    assert pl.read_parquet(bare.package.build / "parquet" / "claims.parquet").height == 0


def test_the_embedded_fold_gives_each_column_its_type(made: World) -> None:
    log = read(made.package)
    frames = dict(compile_tables(log, cutoff(log, None)))
    for name, table in log.definition.tables.items():
        assert frames[name].equals(conform(_as_text(frames[name]).lazy(), table)), name


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a conformed frame with times and codes as text again."""
    columns = []
    for name, dtype in frame.schema.items():
        if isinstance(dtype, pl.Datetime):
            columns.append(pl.col(name).dt.to_string("%Y-%m-%dT%H:%M:%SZ"))
        elif isinstance(dtype, pl.Enum):
            columns.append(pl.col(name).cast(pl.String))
        else:
            columns.append(pl.col(name))
    return frame.select(columns)


def test_importing_the_fold_needs_no_polars_expression() -> None:
    """The fold runs on any Narwhals backend: its modules name none."""
    for path in (ROOT / "scripts" / "claimlog" / "fold").glob("*.py"):
        if path.name != "as_of_prefix.py":  # finds a cut-off in the log as read, before any fold
            assert "polars" not in path.read_text().replace("Polars", ""), path.name


@pytest.mark.slow
def test_building_in_another_process_with_more_threads_gives_the_same_bytes(
    built: World, tmp_path: Path
) -> None:
    out = tmp_path / "other"
    words = [sys.executable, "-m", "claimlog", "build", "--out", str(out)]
    environment = {**os.environ, "POLARS_MAX_THREADS": "4"}
    subprocess.run(words, cwd=built.root, check=True, capture_output=True, env=environment)
    one, other = digests(out), digests(built.package.build)
    assert {k: v for k, v in one.items() if k.endswith((".db", ".parquet"))} == {
        k: v for k, v in other.items() if k.endswith((".db", ".parquet"))
    }


def test_a_database_that_is_given_up_begins_no_further_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ends a build waits for the thread that indexes, which would make every index yet."""
    views = [f"CREATE VIEW v{number} AS SELECT 1" for number in range(5)]
    statements: list[str] = []
    begun, go_on = threading.Event(), threading.Event()
    run = DatabaseWriter._run

    def run_slowly(self: DatabaseWriter, statement: str) -> None:
        run(self, statement)
        statements.append(statement)
        if statement == views[0]:
            begun.set()
            go_on.wait(60)

    monkeypatch.setattr(DatabaseWriter, "_run", run_slowly)
    writer = DatabaseWriter(tmp_path / "x.db", {}, views)
    submit = writer._thread.submit

    def submit_at_the_end(function: Any, *words: Any) -> Any:
        future = submit(function, *words)
        if function == writer._opened.close:
            go_on.set()
        return future

    monkeypatch.setattr(writer._thread, "submit", submit_at_the_end)

    def be_interrupted() -> None:
        with writer:
            writer._thread.submit(writer._finish, lambda _: None)
            assert begun.wait(60)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        be_interrupted()
    assert statements[-1] == views[0]
