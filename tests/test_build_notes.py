"""A build that changed in place is noticed, and one that did not is known without being read."""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Callable
from hashlib import file_digest
from pathlib import Path
from typing import Any

import pytest

import claimlog.build_notes
import claimlog.fingerprint
from claimlog.build import build
from claimlog.build_notes import FINGERPRINT_FILE, NOTE, is_current
from claimlog.fingerprint import NOT_BUILDING
from claimlog.package import Package
from conftest import ROOT, World, copied


@pytest.fixture(scope="module")
def built(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The tiny package with a build."""
    world = copied(made, tmp_path_factory.mktemp("built"))
    build(world.package, world.package.build)
    return world


@pytest.fixture
def copy_of(built: World, tmp_path: Path) -> World:
    """A copy of it, as `cp -r` makes one."""
    return copied(built, tmp_path)


def mark_of(world: World) -> str:
    return (world.package.build / FINGERPRINT_FILE).read_text("utf-8").splitlines()[0]


def test_a_file_changed_in_place_is_noticed_whatever_its_size_and_times(copy_of: World) -> None:
    world, out = copy_of, copy_of.package.build
    names = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    chosen = [name for name in names if not name.startswith("parquet/")]
    mark = mark_of(world)
    assert is_current(world.package, out, mark)
    for name in (*chosen, "parquet/claims.parquet"):
        path = out / name
        before, times = path.read_bytes(), path.stat()
        changed = bytearray(before)
        changed[len(changed) // 2] ^= 1
        with path.open("r+b") as handle:
            handle.write(changed)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # as a copy with its times does
        assert not is_current(world.package, out, mark), name
        path.write_bytes(before)
        assert is_current(world.package, out, mark), name


SPOILT_BUILDS: dict[str, Callable[[Path], Any]] = {
    "a file more": lambda out: (out / "parquet" / "more.parquet").write_bytes(b"PAR1"),
    "a journal beside the database": lambda out: (out / "tiny.db-journal").write_bytes(b"x"),
    "a file less": lambda out: (out / "validation.json").unlink(),
    "a link for a file": lambda out: (
        (out / "validation.json").rename(out.parent / "elsewhere.json"),
        (out / "validation.json").symlink_to(out.parent / "elsewhere.json"),
    ),
    "a link for a directory": lambda out: (
        (out / "parquet").rename(out.parent / "elsewhere"),
        (out / "parquet").symlink_to(out.parent / "elsewhere"),
    ),
    "another fingerprint": lambda out: (out / FINGERPRINT_FILE).write_text("0" * 64 + "\n"),
    "a fingerprint without hashes": lambda out: (out / FINGERPRINT_FILE).write_text(
        (out / FINGERPRINT_FILE).read_text().splitlines()[0] + "\n"
    ),
}


@pytest.mark.parametrize("case", SPOILT_BUILDS)
def test_a_build_that_holds_anything_else_is_made_again(copy_of: World, case: str) -> None:
    out, mark = copy_of.package.build, mark_of(copy_of)
    assert is_current(copy_of.package, out, mark)
    SPOILT_BUILDS[case](out)
    assert not is_current(copy_of.package, out, mark)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are hashed from now on."""
    names: list[str] = []

    def digest(handle: Any, kind: str) -> Any:
        names.append(Path(handle.name).name)
        return file_digest(handle, kind)

    monkeypatch.setattr(claimlog.build_notes, "file_digest", digest)
    return names


def test_an_unchanged_build_is_known_without_reading_its_files(
    copy_of: World, hashed: list[str]
) -> None:
    world, out, mark = copy_of, copy_of.package.build, mark_of(copy_of)
    files = [path for path in out.rglob("*") if path.is_file()]
    for path in files:
        os.utime(path, ns=(10**18, 10**18))  # not new any more when it is next looked at
    assert is_current(world.package, out, mark)
    assert len(hashed) >= len(files) - 1  # they look otherwise than when they were built
    hashed.clear()
    assert is_current(world.package, out, mark)
    assert hashed == []
    with (out / "tiny.db").open("r+b") as handle:
        handle.write(b"S")  # as it was
    os.utime(out / "tiny.db", ns=(10**18, 10**18))  # and its time put back
    assert is_current(world.package, out, mark)
    assert "tiny.db" in hashed
    assert "claims.parquet" not in hashed


@pytest.mark.parametrize("spoil", ["removed", "of another format", "no JSON", "a list of nothing"])
def test_without_notes_a_build_is_hashed(copy_of: World, hashed: list[str], spoil: str) -> None:
    world, notes = copy_of, copy_of.package.state / NOTE
    if spoil == "removed":
        shutil.rmtree(world.package.state)
    else:
        said = {"of another format": '{"build": 5}', "no JSON": "{", "a list of nothing": "[]"}
        notes.write_text(said[spoil])
    assert is_current(world.package, world.package.build, mark_of(world))
    assert "tiny.db" in hashed
    assert notes.is_file()


def test_notes_that_cannot_be_written_are_no_failure(copy_of: World) -> None:
    shutil.rmtree(copy_of.package.state / "cache")
    (copy_of.package.state / "cache").write_text("in the way")
    assert is_current(copy_of.package, copy_of.package.build, mark_of(copy_of))


def test_the_command_makes_a_changed_build_again(copy_of: World) -> None:
    path = copy_of.package.build / "datasette" / "metadata.json"
    path.write_bytes(path.read_bytes().replace(b"tiny", b"tidy"))
    done = copy_of.run("build")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "wrote build")
    assert b"tidy" not in path.read_bytes()
    assert copy_of.run("build").stdout == "build is up to date\n"


def test_only_what_builds_decides_whether_a_build_is_current(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of the package's code stands for it; a byte is added to one file after the other."""
    code = tmp_path / "claimlog"
    shutil.copytree(Path(claimlog.__file__).parent, code)
    monkeypatch.setattr(claimlog.fingerprint, "__file__", str(code / "fingerprint.py"))
    # a process takes its own code for the same as long as it runs
    anew = claimlog.fingerprint.tool_fingerprint.__wrapped__
    monkeypatch.setattr(claimlog.fingerprint, "tool_fingerprint", anew)
    package = Package(ROOT)
    before = claimlog.fingerprint.code_fingerprint(package)
    for name, is_known in (
        ("site/static/pages.css", True),
        ("cli/build.py", True),
        ("release/make.py", True),
        ("fold/tables.py", False),
        ("validate/rules.csv", False),
        ("export/queries/chains.sql", False),
        ("schema/codebook.py", False),
        ("build.py", False),
    ):
        path = code / name
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        assert (claimlog.fingerprint.code_fingerprint(package) == before) is is_known, name
        path.write_bytes(content)
    assert claimlog.fingerprint.code_fingerprint(package) == before


def test_what_does_not_count_is_above_the_build_in_the_import_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    layers = [layer.split(" | ") for layer in contracts["contracts"][0]["layers"]]
    at = next(number for number, layer in enumerate(layers) if "build" in layer)
    above = {name for layer in layers[: at + 1] for name in layer} - {"build"}
    assert {name.removesuffix(".py") for name in NOT_BUILDING} == above
