"""Logs too large for memory: built in sections, and updated by what was appended."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import file_digest
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given

import claimlog.build
import claimlog.build_notes
import claimlog.edit.seal
import claimlog.export.descriptor
import claimlog.export.parquet
import claimlog.file_digests
import claimlog.fingerprint
import claimlog.log.cache
import claimlog.log.event_log
import claimlog.log.read_log
import claimlog.log.sections
import claimlog.log.stream_parts
import claimlog.update
from claimlog.build import build
from claimlog.compile import compile_tables
from claimlog.edit.open_batch import with_open
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.export.content_hash import parquet_content, sqlite_content
from claimlog.export.parquet import ParquetFile, merge_parquet, write_parquet
from claimlog.fold import cutoff
from claimlog.log.batch import MANIFEST, dump_manifest
from claimlog.log.read_log import read
from claimlog.log.stream_parts import CachedPart, MemoryPart
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.update import OF_CLAIMS, BuildUpdate
from claimlog.validate import validate
from conftest import World, copied
from histories import SCHEMAS, History, histories, write
from thorough import TIMES, examples


def take_all_for_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every log for a large one, with sections of a few rows."""
    monkeypatch.setattr(claimlog.fingerprint, "MEMORY_BYTES", 0)
    monkeypatch.setattr(claimlog.build, "UPDATE_RATIO", 0)
    monkeypatch.setattr(claimlog.build, "UPDATE_BYTES", 0)
    # the code that runs is the code that was imported, whatever lies on disk by now
    for module in (claimlog.log.event_log, claimlog.fingerprint):
        monkeypatch.setattr(module, "code_fingerprint", lambda _: "the same")
    monkeypatch.setattr(claimlog.log.sections, "SECTION", 3)
    monkeypatch.setattr(claimlog.log.sections, "STEP", 1)
    monkeypatch.setattr(claimlog.log.stream_parts, "STEP", 1)
    monkeypatch.setattr(claimlog.log.read_file, "PIECE", 4096)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    take_all_for_large(monkeypatch)


@pytest.fixture(scope="module")
def once_longer(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The tiny package with a build, and a batch that came after it, to copy."""
    world = copied(made, tmp_path_factory.mktemp("longer"))
    with pytest.MonkeyPatch.context() as patch:
        take_all_for_large(patch)
        build(world.package, world.package.build)
        world.amend("claims", "C001-001", note="Changed.")
        world.seal("more")
    return world


@pytest.fixture
def longer(once_longer: World, tmp_path: Path) -> World:
    """A copy of a package whose log is one batch longer than its build."""
    return copied(once_longer, tmp_path / "longer")


@pytest.fixture(scope="module")
def said_anew(
    once_longer: World, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[str, str, str]]:
    """What a build of the longer log from nothing says."""
    out = tmp_path_factory.mktemp("anew") / "build"
    with pytest.MonkeyPatch.context() as patch:
        take_all_for_large(patch)
        build(once_longer.package, out, fresh=True)
    return [*said(once_longer.package, out)]


def said(package: Package, out: Path) -> Iterator[tuple[str, str, str]]:
    """Yield what each file of a build says, as table, file and logical hash."""
    for name, table in read_definition(package).tables.items():
        parquet = parquet_content(out / "parquet" / f"{name}.parquet", table).root
        sqlite = sqlite_content(out / f"{package.descriptor['name']}.db", table).root
        assert parquet == sqlite, name
        yield name, parquet, sqlite


def searched(package: Package, out: Path) -> list[str]:
    """Return what the full-text index holds, by asking SQLite whether it fits the table."""
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


def test_a_file_of_a_large_log_is_hashed_again_only_after_it_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def heard(handle: Any, kind: str) -> Any:
        read.append(Path(handle.name).name)
        return file_digest(handle, kind)

    monkeypatch.setattr(claimlog.file_digests, "file_digest", heard)
    files = claimlog.fingerprint.files_of_rows(world.package)
    for path in files:
        os.utime(path, ns=(10**18, 10**18))
    first = claimlog.fingerprint.build_fingerprint(world.package, None, None)
    assert {path.name for path in files} <= {*read}
    read.clear()
    assert claimlog.fingerprint.build_fingerprint(world.package, None, None) == first
    assert not {path.name for path in files} & {*read}
    os.utime(files[0], ns=(2 * 10**18, 2 * 10**18))
    assert claimlog.fingerprint.build_fingerprint(world.package, None, None) == first
    assert files[0].name in read


@pytest.mark.parametrize(
    "notes", ["[]", "{", '{"a": 1}', '{"FILE": ["a", "b", "c"]}', '{"FILE": {}}']
)
def test_notes_of_digests_that_make_no_sense_are_not_used(notes: str, world: World) -> None:
    path = claimlog.fingerprint.files_of_rows(world.package)[0]
    found = world.package.state / claimlog.file_digests.NOTE
    found.parent.mkdir(parents=True, exist_ok=True)
    found.write_text(notes.replace("FILE", str(path)))
    with path.open("rb") as handle:
        assert claimlog.fingerprint.package_digests(world.package).of(path) == (
            file_digest(handle, "sha256").hexdigest()
        )


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of rows that builds were updated from, as they happen."""
    seen: list[int] = []

    class Spy(BuildUpdate):
        def __init__(self, package: Package, earlier: Path, size: int, folder: Path) -> None:
            seen.append(size)
            super().__init__(package, earlier, size, folder)

    monkeypatch.setattr(claimlog.build, "BuildUpdate", Spy)
    return seen


@examples(2)
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
        if TIMES == 1 and batches < len(history.batches):
            continue  # what an update gets wrong, those after it begin with
        other = write(history.until(batches), folder / "other")
        build(other, folder / "fresh", fresh=True)
        assert [*said(package, folder / "updated")] == [*said(other, folder / "fresh")]
        for name in ("validation.json", "datasette/metadata.json"):
            assert (folder / "updated" / name).read_bytes() == (
                folder / "fresh" / name
            ).read_bytes()
        searched(package, folder / "updated")
    assert len(updates) == may


@pytest.mark.slow
@pytest.mark.parametrize("rows", [1, 2, 100])
def test_merged_rows_have_the_bytes_of_rows_written_at_once(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(claimlog.export.parquet, "ROW_GROUP", rows)
    log = read(world.package)
    whole, old, new = (tmp_path / name for name in ("whole", "old", "new"))
    merged = {*OF_CLAIMS, "changes", "events"}
    for name, frame in compile_tables(log, cutoff(log, None)):
        if name in merged:
            table = log.definition.tables[name]
            some = frame[table.primary_key[0]].unique().sort().gather_every(2)
            late = pl.col(some.name).is_in(some.implode())
            write_parquet(frame, table, whole)
            write_parquet(frame.filter(~late), table, old)
            merge_parquet(old, ParquetFile(new, table), frame.filter(late))
            assert new.read_bytes() == whole.read_bytes(), name
            merge_parquet(whole, ParquetFile(new, table), frame.filter(late), some)
            assert new.read_bytes() == whole.read_bytes(), name
            merged.remove(name)
    assert not merged


@pytest.mark.parametrize("memory", [0, 1 << 40])
def test_live_entities_are_counted_by_the_actions_of_rows(
    world: World, monkeypatch: pytest.MonkeyPatch, memory: int
) -> None:
    monkeypatch.setattr(claimlog.fingerprint, "MEMORY_BYTES", memory)
    log = read(world.package)
    assert "retract" in log.columns("claims", ("action",))["action"]
    for stream in log.streams:
        assert log.live_count(stream) == log.live(stream).height
        parts = {type(part) for part in log.parts.get(stream, ())}
        assert parts <= {CachedPart if memory == 0 else MemoryPart}


@pytest.mark.slow
def test_claims_follow_what_they_repeat_of_a_measure_and_links_that_moved(
    world: World, updates: list[int]
) -> None:
    out, fresh = world.package.build, world.root / "fresh"
    world.amend("links", "L0001", relation="disputes")
    world.seal("disputed")
    build(world.package, out)
    world.amend("links", "L0001", from_claim_id="C001-002", to_claim_id="C001-003")
    world.seal("moved")
    build(world.package, out)
    assert len(updates) == 1
    build(world.package, fresh, fresh=True)
    assert [*said(world.package, out)] == [*said(world.package, fresh)]
    world.amend("measures", "tide-tables-stopped", kind="stop_all")
    world.seal("measured")
    build(world.package, out)
    assert len(updates) == 1  # from nothing
    kinds = pl.read_parquet(out / "parquet" / "claims.parquet")["measure"].to_list()
    assert "stop_all" in kinds


@pytest.mark.slow
def test_the_path_of_a_package_is_no_pattern_for_the_packages_beside_it(
    once_longer: World,
    said_anew: list[tuple[str, str, str]],
    updates: list[int],
    tmp_path: Path,
) -> None:
    other = copied(once_longer, tmp_path / "other")

    def alter(rows: list[dict[str, Any]]) -> None:
        rows[-1]["note"] = "Of the other."

    other.rewrite("claims", alter)
    shutil.move(other.root, tmp_path / "harbour1")
    beside = Package(tmp_path / "harbour1")
    build(beside, beside.build)
    for number, name in enumerate(("harbour[1]", "harbour*", "harbour?")):
        own = copied(once_longer, tmp_path / f"own-{number}")
        shutil.move(own.root, tmp_path / name)
        package = Package(tmp_path / name)
        build(package, package.build)
        assert len(updates) == number + 2, name
        assert [*said(package, package.build)] == said_anew, name
        notes = read(package).history("claims", "C001-001")["note"].to_list()
        assert notes == [None, "Changed."], name
        shutil.rmtree(package.root)


def only_adds(batch: dict[str, list[dict[str, Any]]]) -> bool:
    """Whether a batch changes no source, actor or measure, and retracts nothing of a register."""
    telling = {(name, "amend") for name in ("sources", "actors", "measures")}
    registers = ("sources", "actors", "incidents", *SCHEMAS.registers)
    telling |= {(name, "retract") for name in registers}
    return not any((name, row["action"]) in telling for name, rows in batch.items() for row in rows)


def test_a_large_log_is_refused_for_the_same_findings_as_a_small_one(world: World) -> None:
    world.rewrite("claims", lambda rows: rows[0].update(topic="sharking"), 1)
    with pytest.raises(FindingsError) as caught:
        build(world.package, world.package.build)
    small = validate(read(world.package)).findings
    assert [str(f) for f in caught.value.findings] == [str(f) for f in small]
    assert not world.package.build.exists()


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 7])
def test_rows_without_an_identifier_are_findings_in_a_large_log_as_in_a_small_one(
    count: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(rows: list[dict[str, Any]]) -> None:
        for row in rows[:count]:
            row["claim_id"] = None

    with monkeypatch.context() as patch:
        patch.setattr(claimlog.fingerprint, "MEMORY_BYTES", 1 << 20)
        world.rewrite("claims", forget, 1)
        small = [str(finding) for finding in validate(read(world.package)).findings]
    assert any("claim_id" in finding for finding in small)
    monkeypatch.setattr(claimlog.log.event_log, "SMALL", 0)
    log = read(world.package)
    assert log.history("claims", "C999-001").is_empty()  # whatever a row lacks
    assert sorted(str(finding) for finding in validate(log).findings) == sorted(small)


def test_a_line_is_named_by_its_number_in_the_file_whatever_the_pieces(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.file("claims", 1)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"action"', b'"acton"')
    path.write_bytes(b"".join(lines))
    monkeypatch.setattr(claimlog.log.read_file, "PIECE", len(lines[0]) + 1)
    with pytest.raises(FindingsError) as caught:
        build(world.package, world.package.build)
    assert {(f.path, f.line) for f in caught.value.findings if f.rule == "keys"} == {
        ("events/0002-claims/claims.ndjson", 3)
    }


@pytest.mark.slow
def test_files_that_the_cache_knows_are_not_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(world.package, world.package.build)
    read_again: list[str] = []
    original = claimlog.log.read_log.read_into_parts

    def heard(*words: Any) -> Any:
        read_again.append(f"{words[1].slug}/{words[2]}")
        return original(*words)

    monkeypatch.setattr(claimlog.log.read_log, "read_into_parts", heard)
    world.amend("claims", "C001-001", note="Changed.")
    world.seal("more")
    build(world.package, world.package.build)
    assert read_again == ["open/claims"]  # sealing it leaves the file as it was


def changed_after_hashing(monkeypatch: pytest.MonkeyPatch, change: Callable[[], Any]) -> None:
    """Have the next reading of a log find files that changed since it looked them up."""
    original = claimlog.log.read_log._keys

    def keys(*words: Any) -> Any:
        found = original(*words)
        monkeypatch.setattr(claimlog.log.read_log, "_keys", original)
        change()
        return found

    monkeypatch.setattr(claimlog.log.read_log, "_keys", keys)


@pytest.mark.slow
@pytest.mark.parametrize("hashed", ["sealed", "altered"])
@pytest.mark.parametrize("lost", ["all", "one part"])
def test_what_changes_before_it_is_read_is_known_by_the_bytes_that_were_read(
    hashed: str, lost: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by git checkout, pull or stash while a command reads."""
    path = world.file("claims", 1)
    sealed = path.read_bytes()
    altered = sealed.replace(b'"note":null', b'"note":"Forged."', 1)
    assert altered != sealed
    first, then = (sealed, altered) if hashed == "sealed" else (altered, sealed)
    path.write_bytes(first)
    if lost == "one part":  # the trees are known, and were made of other bytes
        read(world.package)
        next((world.package.state / "cache" / "parts").glob("0002-claims-*")).unlink()
    changed_after_hashing(monkeypatch, lambda: path.write_bytes(then))
    # a log is as sound as what was read of it, whatever lay there before
    assert bool(validate(read(world.package)).error_count) == (then is altered)
    for data in (first, then, first):
        path.write_bytes(data)
        report = validate(read(world.package))
        assert bool(report.error_count) == (data is altered)
        assert ("file-hash" in {found.rule for found in report.findings}) == (data is altered)


def with_further_names(world: World, count: int) -> None:
    """Give the claims of a batch further names, in batches of their own."""
    path = world.file("claims", 1)
    for number in range(4, 4 + count):
        folder = world.package.events / f"{number:04d}-again"
        folder.mkdir()
        os.link(path, folder / path.name)
        manifest = json.loads((path.parent / MANIFEST).read_text("utf-8"))
        files = {path.name: manifest["files"][path.name]}
        told = {**manifest, "number": number, "slug": "again", "files": files}
        (folder / MANIFEST).write_bytes(dump_manifest(told))


@pytest.mark.parametrize("is_sound", [True, False])
def test_a_file_with_many_names_is_read_and_allowed_for_once(
    is_sound: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few bytes of an archive would take all of the disk, and limits that are none."""
    allowed: dict[str, int] = {}
    monkeypatch.setattr(claimlog.log.read_log, "allow_for", allowed.__setitem__)
    path = world.file("claims", 1)
    if not is_sound:
        path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":"1"'))
    read(world.package, fresh=True)
    before = allowed["log"]
    with_further_names(world, 20)
    log = read(world.package, fresh=True)
    assert allowed["log"] == before
    parts = (world.package.state / "cache" / "parts").glob("*-claims-*")
    assert {path.name[:4] for path in parts} <= {"0002", "0003"}
    monkeypatch.setattr(claimlog.fingerprint, "MEMORY_BYTES", 1 << 30)
    plain = read(world.package)
    assert (log.batches, log.trees) == (plain.batches, plain.trees)
    assert log.findings == plain.findings
    rows, expected = (one.rows("claims").sort("batch", "line") for one in (log, plain))
    names = ["batch", "line", "event_id", "statement", *(["seq"] if is_sound else [])]
    assert rows.select(names).equals(expected.select(names))
    assert rows.height == 2 + 6 * 21 * is_sound


def test_a_file_that_changes_before_it_is_read_for_others_is_not_taken_for_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_further_names(world, 1)
    path = world.file("claims", 1)
    altered = path.read_bytes().replace(b'"note":null', b'"note":"Forged."', 1)
    path.unlink()
    path.write_bytes(world.file("claims", 3).read_bytes())
    changed_after_hashing(monkeypatch, lambda: path.write_bytes(altered))
    with pytest.raises(ClaimlogError, match=r"0004-again/.* a file that held the same"):
        read(world.package)
    assert read(world.package).batches


@pytest.mark.slow
@pytest.mark.parametrize("in_columns", [False, True])
def test_a_row_that_was_dropped_while_another_command_read_is_not_sealed(
    in_columns: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = {"name": "Port", "actor_type": "agency"}
    world.add("actors", [{"actor_id": "port", **actor}])
    path = world.package.state / "open" / "actors.ndjson"
    before = path.read_bytes()
    world.add("actors", [{"actor_id": "slander", **actor}])
    after = path.read_bytes()
    path.write_bytes(before)
    shutil.rmtree(world.package.state / "cache")
    sealed = read(world.package)
    changed_after_hashing(monkeypatch, lambda: path.write_bytes(after))
    assert "slander" in with_open(sealed).rows("actors")["actor_id"].to_list()
    path.write_bytes(before)
    world.seal("dropped", in_columns=in_columns)
    rows = read(world.package).rows("actors")["actor_id"].to_list()
    assert "port" in rows
    assert "slander" not in rows


@pytest.mark.slow
def test_lines_that_change_while_they_are_sealed_as_columns_are_not_left_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("actors", [{"actor_id": "port", "name": "Port", "actor_type": "agency"}])
    path = world.package.state / "open" / "actors.ndjson"
    original = claimlog.edit.seal.write_readable_rows

    def write(*words: Any) -> Any:
        written = original(*words)
        path.write_bytes(path.read_bytes().replace(b"Port", b"Quay"))
        return written

    monkeypatch.setattr(claimlog.edit.seal, "write_readable_rows", write)
    with pytest.raises(ClaimlogError, match="was changed while it was sealed; nothing was sealed"):
        world.seal("columns", in_columns=True)
    assert b"Quay" in path.read_bytes()


@pytest.mark.slow
def test_a_file_of_columns_that_changes_while_it_is_read_is_not_known_by_its_earlier_hash(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("actors", [{"actor_id": "port", "name": "Port", "actor_type": "agency"}])
    world.seal("columns", in_columns=True)
    path = next(world.package.events.glob("*-columns/actors.parquet"))
    original = claimlog.log.read_file.read_bytes

    def read_before(*words: Any) -> bytes:
        data = original(*words)
        monkeypatch.setattr(claimlog.log.read_file, "read_bytes", original)
        path.write_bytes(data + b"PAR1")
        return data

    monkeypatch.setattr(claimlog.log.read_file, "read_bytes", read_before)
    with pytest.raises(ClaimlogError, match="was changed while it was read; run this again"):
        read(world.package, fresh=True)


@pytest.mark.slow
def test_a_part_is_never_written_over_by_another_reading_of_its_process(longer: World) -> None:
    """One of the records that name it would be of other rows."""
    path = longer.file("claims", 1)
    before, whole = path.read_bytes(), read(longer.package).rows("claims")
    parts = longer.package.state / "cache" / "parts"
    written = {part: part.read_bytes() for part in parts.iterdir()}
    path.write_bytes(before.replace(b'"note":null', b'"note":"Another."', 1))
    assert not read(longer.package).rows("claims").equals(whole)
    assert {part: part.read_bytes() for part in written} == written
    assert len([*parts.iterdir()]) > len(written)
    path.write_bytes(before)
    assert read(longer.package).rows("claims").equals(whole)


@pytest.mark.slow
def test_parts_of_batches_that_were_open_are_removed_in_time(longer: World) -> None:
    build(longer.package, longer.package.build)
    folder = longer.package.state / "cache" / "parts"
    names = (".open-new-13977-c93da7f2-actors-13977-0.parquet", "0009-some_stream-1-0.parquet")
    for name in (*names, "mine.parquet"):
        (folder / name).write_bytes(b"PAR1")
        os.utime(folder / name, (0, 0))
    read(longer.package)
    assert (folder / "mine.parquet").exists()
    assert not [name for name in names if (folder / name).exists()]


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["garbage", "version", "part", "flipped", "gone"])
def test_a_cache_that_cannot_be_used_costs_time_only(
    longer: World, said_anew: list[tuple[str, str, str]], harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = longer.package.state / "cache"
    if harm == "garbage":
        (cache / "state.json").write_text('{"format": 1, "code": [')
    elif harm == "version":
        monkeypatch.setattr(claimlog.fingerprint, "code_fingerprint", lambda _: "another")
    elif harm == "part":
        part = next((cache / "parts").iterdir())
        part.write_bytes(part.read_bytes()[:-1])
    elif harm == "flipped":
        # words that say something else, in a file of the same size
        part = next((cache / "parts").glob("0002-claims-*"))
        data = part.read_bytes()
        words = " ".join(row["statement"] for row in longer.rows("claims", 1)).encode().split()
        word = next(word for word in words if len(word) > 4 and word in data)
        part.write_bytes(data.replace(word, word.swapcase()))
        shutil.rmtree(longer.package.build)  # so that every row is taken from its part
    else:
        shutil.rmtree(cache / "parts")
    said_so: list[str] = []
    build(longer.package, longer.package.build, progress=said_so.append)
    told = [message for message in said_so if message.startswith("the cache")]
    assert len(told) == (harm in ("garbage", "version"))
    assert [*said(longer.package, longer.package.build)] == said_anew


def test_a_build_beside_another_one_does_without_the_cache(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claimlog.log.cache, "LOCK_SECONDS", 0)
    with claimlog.log.cache.open_cache(world.package):
        said_so: list[str] = []
        build(world.package, world.package.build, progress=said_so.append)
    assert "another command holds the cache: all of the log is read again" in said_so


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tiny.db", "parquet/claims.parquet", "validation.json"])
def test_a_build_with_a_changed_byte_is_not_updated_but_made_from_nothing(
    name: str, longer: World, said_anew: list[tuple[str, str, str]], updates: list[int]
) -> None:
    path = longer.package.build / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    build(longer.package, longer.package.build)
    assert updates == []
    assert [*said(longer.package, longer.package.build)] == said_anew


def test_a_dataset_that_was_renamed_is_built_from_nothing(
    longer: World, updates: list[int]
) -> None:
    path = longer.root / "datapackage.json"
    about = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**about, "name": "renamed"}), "utf-8")
    package = Package(longer.root)
    build(package, package.build)
    assert updates == []
    assert [path.name for path in package.build.glob("*.db")] == ["renamed.db"]


@pytest.mark.slow
def test_a_cache_state_that_changed_in_place_is_not_used(
    longer: World, said_anew: list[tuple[str, str, str]]
) -> None:
    path = longer.package.state / "cache" / "state.json"
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"rows": ', b'"rows":9', 1))
    assert len(path.read_bytes()) == len(data)
    said_: list[str] = []
    build(longer.package, longer.package.build, progress=said_.append)
    assert "the cache cannot be read: not used" in said_
    assert [*said(longer.package, longer.package.build)] == said_anew


def test_notes_of_builds_that_changed_in_place_are_not_used(
    longer: World, updates: list[int]
) -> None:
    path = longer.package.state / claimlog.build_notes.NOTE
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"size": ', b'"size":9', 1))
    assert path.read_bytes() != data
    build(longer.package, longer.package.build)
    assert updates == []


def test_a_build_is_not_updated_if_the_disk_does_not_take_it(
    longer: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [*said(longer.package, longer.package.build)]
    told: list[Path] = []

    def fails_once(path: Path) -> None:
        if path.name == "tiny.db" and not told:
            told.append(path)
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(claimlog.update, "sync", fails_once)
    with pytest.raises(ClaimlogError, match="writing failed"):
        build(longer.package, longer.package.build)
    assert told
    assert [*said(longer.package, longer.package.build)] == before


def test_an_update_that_validation_refuses_leaves_the_build_as_it_was(
    longer: World, updates: list[int]
) -> None:
    before = [*said(longer.package, longer.package.build)]
    longer.rewrite("claims", lambda rows: rows[0].update(topic="sharking"))
    with pytest.raises(FindingsError) as caught:
        build(longer.package, longer.package.build)
    assert "enum" in {finding.rule for finding in caught.value.findings}
    assert [*said(longer.package, longer.package.build)] == before
    assert len(updates) == 1
    assert [*longer.root.glob(".*new*")] == []


@pytest.mark.slow
def test_an_updated_database_must_have_the_rows_of_its_parquet_files(
    longer: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = sqlite3.connect(longer.package.build / "tiny.db")
    connection.execute("DELETE FROM claims WHERE claim_id = 'C001-002'")
    connection.commit()
    connection.close()
    monkeypatch.setattr(claimlog.build, "is_current", lambda *_: True)
    with pytest.raises(ClaimlogError, match=r"has \d+ rows, its Parquet file \d+; build from noth"):
        build(longer.package, longer.package.build)
    build(longer.package, longer.package.build, fresh=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("CREATE TRIGGER t AFTER DELETE ON claims BEGIN SELECT 1; END", "the trigger 't'"),
        ("CREATE INDEX i ON claims (lower(claim_id))", "the index 'i'"),
        ("ALTER TABLE claims ADD COLUMN g TEXT AS (lower(claim_id))", "the table 'claims'"),
    ],
)
def test_a_build_whose_database_computes_something_is_not_patched(
    sql: str, said: str, longer: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone may bring a build that agrees with itself."""
    with closing(sqlite3.connect(longer.package.build / "tiny.db")) as connection:
        connection.execute(sql)
        connection.commit()
    monkeypatch.setattr(claimlog.build, "is_current", lambda *_: True)
    with pytest.raises(ClaimlogError) as caught:
        build(longer.package, longer.package.build)
    assert said in str(caught.value)
    assert "is none that claimlog makes; build from nothing" in str(caught.value)


def test_rows_of_many_small_parts_are_those_of_all_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = read(world.package)
    frame = log.rows("claims")
    parts = [MemoryPart(frame.slice(at, 1)) for at in range(frame.height)]
    assert len(parts) > 6
    many = replace(log, parts={**log.parts, "claims": parts})
    for together, few in ((2, 0), (2, 2), (3, 100)):
        monkeypatch.setattr(claimlog.log.event_log, "PARTS_TOGETHER", together)
        monkeypatch.setattr(claimlog.log.event_log, "FEW_ROWS", few)
        rows = many.scan("claims").collect().sort("seq")
        assert rows.equals(frame.sort("seq"))
        assert many.ids("claims") == log.ids("claims")
        assert many.history("claims", "C001-003").equals(log.history("claims", "C001-003"))
