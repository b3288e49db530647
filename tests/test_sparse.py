"""A hostile package can seem to hold more than a disk: what is too large is named, not read."""

from __future__ import annotations

import json
import os
import sys
from hashlib import file_digest
from pathlib import Path
from typing import Any

import pytest

import claimlog.cli
import claimlog.file_digests
import claimlog.fingerprint
import claimlog.log.batch
import claimlog.log.read_log
import claimlog.untrusted_files
from claimlog.build import build
from claimlog.errors import FindingsError
from claimlog.fingerprint import build_fingerprint
from claimlog.log.batch import dump_manifest
from claimlog.log.read_file import chunks
from claimlog.log.read_log import read
from claimlog.standard_streams import CommandOutput
from claimlog.validate import validate
from conftest import World

HUGE = 60 << 30


def make_huge(path: Path, size: int = HUGE) -> None:
    """Let a file seem to have 60 GB, which take no room on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as handle:
        os.truncate(handle.fileno(), size)


def state_size(path: Path, size: int) -> None:
    """Let the manifest of a batch say so of a file."""
    manifest = path.parent / "batch.json"
    spec = json.loads(manifest.read_text("utf-8"))
    spec["files"][path.name]["bytes"] = size
    manifest.write_bytes(dump_manifest(spec))


@pytest.fixture(autouse=True)
def _nothing_large_is_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    def hashed(handle: Any, kind: str) -> Any:
        assert os.fstat(handle.fileno()).st_size < HUGE, handle.name
        return file_digest(handle, kind)

    monkeypatch.setattr(claimlog.file_digests, "file_digest", hashed)


@pytest.mark.parametrize("batch", [0, 1, 2])
@pytest.mark.parametrize("large", [200 << 20, 1 << 50])
def test_a_sealed_file_that_grew_without_bound_is_named_and_not_read(
    batch: int, large: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claimlog.fingerprint, "MEMORY_BYTES", large)
    path = world.file("actors" if batch == 0 else "claims", batch)
    sealed = path.stat().st_size
    make_huge(path)
    shown = world.package.relative(path)
    [finding] = validate(read(world.package), None).findings
    assert str(finding).startswith(
        f"{shown}: bytes is {HUGE}, batch.json says {sealed}; it was not read; a sealed batch"
    )
    assert finding.rule == "file-hash"
    with pytest.raises(FindingsError) as raised:
        build(world.package, world.package.build)
    assert [found.rule for found in raised.value.findings] == ["file-hash"]
    assert not world.package.build.exists()


@pytest.mark.parametrize("size", [100_000, 64 << 20])
@pytest.mark.parametrize("states", [True, False])
def test_a_hole_of_any_size_is_named_and_neither_read_nor_allowed_for(
    size: int, states: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.file("claims", 1)
    make_huge(path, 0)
    make_huge(path, size)
    if states:
        state_size(path, size)
    allowed: dict[str, int] = {}
    monkeypatch.setattr(claimlog.log.read_log, "allow_for", allowed.__setitem__)
    shown = world.package.relative(path)
    findings = read(world.package).findings
    assert any(f"{shown}: says {size} bytes and consists of holes" in str(one) for one in findings)
    assert allowed["log"] < 100_000


@pytest.mark.parametrize("size", [100_000, 64 << 20])
def test_a_fingerprint_reads_no_hole_of_any_size(
    size: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.file("claims", 1)
    make_huge(path, 0)
    make_huge(path, size)
    state_size(path, size)
    hashed: list[Path] = []

    def hash_of(_: object, path: Path) -> str:
        hashed.append(path)
        return "00"

    monkeypatch.setattr(claimlog.fingerprint.FileDigests, "of", hash_of)
    build_fingerprint(world.package, None, None)
    assert world.file("claims", 2) in hashed
    assert path not in hashed


def test_a_file_whose_system_counts_no_blocks_is_read_and_written_for_as_what_it_states(
    world: World, noted_sources: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claimlog.untrusted_files, "disk_bytes", lambda _: 0)
    assert read(world.package).findings == []
    assert noted_sources["log"] == sum(
        path.stat().st_size for path in (world.root / "events").glob("*/*.ndjson")
    )


def test_a_hole_that_is_opened_as_a_batch_of_lines_counts_as_what_it_takes(
    world: World, noted_sources: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever way it came to be read."""
    allowed: dict[str, int] = {}
    monkeypatch.setattr(claimlog.log.read_log, "allow_for", allowed.__setitem__)
    monkeypatch.setattr(claimlog.log.batch, "consists_of_holes", lambda *_: False)
    make_huge(world.file("claims", 1), 8 << 20)
    read(world.package)
    assert allowed["log"] < 1 << 20
    assert noted_sources["log"] < 1 << 20


@pytest.mark.parametrize("stream", ["claims", "actors"])
def test_a_hole_is_named_and_not_read_although_its_manifest_states_it(
    stream: str, world: World
) -> None:
    path = world.file(stream, 1 if stream == "claims" else 0)
    make_huge(path)
    state_size(path, HUGE)
    shown = world.package.relative(path)
    findings = validate(read(world.package), None).findings
    assert any(f"{shown}: says {HUGE} bytes and consists of holes" in str(one) for one in findings)
    with pytest.raises(FindingsError):
        build(world.package, world.package.build)
    assert not world.package.build.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "events/0001-register/extra.bin",
        "events/0001-register/extra.ndjson",
        "events/0001-register/batch.json",
        "events/extra.bin",
        "events/elsewhere/claims.ndjson",
        "releases/.hidden",
        "releases/0.1.0.json",
        "schemas/extra.json",
        "datapackage.json",
    ],
)
def test_a_fingerprint_reads_only_what_a_package_may_hold(name: str, world: World) -> None:
    before = build_fingerprint(world.package, None, None)
    make_huge(world.root / name)
    after = build_fingerprint(world.package, None, None)
    make_huge(world.root / name, HUGE + 1)
    assert len({before, after, build_fingerprint(world.package, None, None)}) == 3


def test_a_fingerprint_follows_no_link_and_waits_for_no_fifo(world: World, tmp_path: Path) -> None:
    make_huge(tmp_path / "huge")
    (world.package.events / "0001-register" / "link.ndjson").symlink_to(tmp_path / "huge")
    (world.package.events / "link").symlink_to(tmp_path)
    os.mkfifo(world.package.events / "0001-register" / "links.ndjson")
    before = build_fingerprint(world.package, None, None)
    (world.package.events / "link").unlink()
    (world.package.events / "link").symlink_to("/dev")
    assert build_fingerprint(world.package, None, None) != before


def test_a_fingerprint_knows_every_byte_of_the_log(world: World) -> None:
    seen = {build_fingerprint(world.package, None, None)}
    paths = [path for path in sorted(world.package.events.rglob("*")) if path.is_file()]
    for path in [*paths, world.root / "datapackage.json"]:
        data = path.read_bytes()
        path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
        seen.add(build_fingerprint(world.package, None, None))
        path.write_bytes(data)
    assert len(seen) == len(paths) + 2


def test_many_files_of_a_definition_are_not_hashed_without_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claimlog.fingerprint, "DEFINITION_BYTES", 1 << 20)
    hashed: list[int] = []

    def heard(handle: Any, kind: str) -> Any:
        if "more-" in handle.name:
            hashed.append(os.fstat(handle.fileno()).st_size)
        return file_digest(handle, kind)

    monkeypatch.setattr(claimlog.file_digests, "file_digest", heard)
    for number in range(20):
        make_huge(world.root / "schemas" / f"more-{number}", 100 << 10)
    build_fingerprint(world.package, None, None)
    assert 0 < sum(hashed) <= 1 << 20


def test_a_line_without_end_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "claims.ndjson"
    path.write_bytes(b"a\n" + b"b" * 10_000)
    found = [*chunks(path, path.name, 100, 1000)]
    assert found[0] == b"a\n" + found[0][2:]
    assert 1000 < sum(map(len, found)) < 1500
    assert b"".join(chunks(path, path.name, 100, 10_000)) == path.read_bytes()


def test_a_lack_of_memory_is_not_called_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(claimlog.cli.cli, "main", fail)
    with pytest.raises(SystemExit) as raised:
        claimlog.cli._run(claimlog.cli.cli, CommandOutput(sys.stdout))
    assert raised.value.code == 1
    said = capsys.readouterr().err
    assert "memory ran out; nothing was changed" in said
    assert "fault" not in said
