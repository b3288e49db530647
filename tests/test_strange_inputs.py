"""Every file of a package in place of which something strange lies, and what commands say of it.

A table: what lies there, by file, by commands that read it. Each is one line or findings and a
status, within seconds and some memory, and nothing is written.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from claimlog.cli import cli
from claimlog.errors import ClaimlogError
from claimlog.package import Package
from conftest import World, copied

MIB = 1 << 20
GIB = 1 << 30


def pipe(path: Path) -> None:
    os.mkfifo(path)


def hole(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(8 * GIB)


def link_outside(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def directory(path: Path) -> None:
    path.mkdir()


def loop(path: Path) -> None:
    """A link to itself cannot be read by anybody; root reads what is forbidden to others."""
    path.symlink_to(path.name)


def other_encoding(path: Path) -> None:
    path.write_bytes(b'{"a": "\xff\xfe"}\n')


def long_line(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b'{"a": "')
        for _ in range(100):
            file.write(b"a" * MIB)
        file.write(b'"}')


def deep_json(path: Path) -> None:
    path.write_bytes(b"[" * 200_000)


STRANGE = (pipe, hole, link_outside, directory, loop, other_encoding, long_line, deep_json)

DEFINITION = (
    "datapackage.json",
    "schemas/claims.json",
    "schemas/site.json",
    "schemas/requirements.csv",
    "schemas/upcasts.csv",
    "schemas/codebook/codebook.json",
    "schemas/codebook/variables.csv",
    "schemas/codebook/codes/topic.csv",
    "schemas/queries/strange.sql",
    "schemas/tables/claims.json",
)
READ_WITH_THE_LOG = (
    "takedowns.json",
    "releases/0.1.0.json",
    "events/0002-claims/batch.json",
    "events/0002-claims/claims.ndjson",
)
ELSEWHERE = (
    ("signed-checkpoints.json", "tiles"),
    (".claimlog/open/claims.ndjson", "open"),
    (".claimlog/open/claims.ndjson", "validate"),
    (".claimlog/open/claims.ndjson", "show"),
)
COMMANDS = {
    "validate": ("validate",),
    "build": ("build", "--out", "{out}"),
    "log": ("log",),
    "open": ("open",),
    "show": ("show", "C001-001"),
    "schemas": ("schemas",),
    "tiles": ("tiles", "--out", "{out}"),
    "diff": ("diff", "0.1.0", "head"),
    "cite": ("cite", "C001-001"),
    "prove": ("prove", "inclusion", "C001-001"),
    "site": ("site", "--out", "{out}"),
    "export": ("export", "web-annotation", "--out", "{out}"),
    "takedown": ("takedown", "claims", "C001-001", "--reason", "Law.", "--by", "editor"),
    "publish": ("publish", "directory", "0.1.0", "--to", "{out}"),
    "delta": ("delta", "apply", "dist/tiny-0.1.0.zip", "dist/delta", "--out", "{out}"),
}


@pytest.fixture(scope="module")
def world(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A package that commands only read here: what they write would be seen."""
    world = copied(made, tmp_path_factory.mktemp("strange"))
    (world.package.state / "open").mkdir(parents=True, exist_ok=True)
    return world


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what lies in a directory, without the state of claimlog."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.lstat().st_size)
        for path in folder.rglob("*")
        if ".claimlog" not in path.parts
    }


def put(make: Callable[[Path], None], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    make(path)


def answer(world: World, command: str, out: Path) -> Result:
    """Return what a command says; it writes nothing and takes little time and memory."""
    words = [word.replace("{out}", str(out)) for word in COMMANDS[command]]
    before, memory = contents(world.root), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    done = CliRunner().invoke(cli, ["--package", str(world.root), *words])
    assert time.process_time() - started < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 700 * 1024
    assert contents(world.root) == before
    assert "root:" not in done.output
    return done


def require_refusal(done: Result, out: Path) -> None:
    """Require a line of ours or findings, and that nothing is written."""
    error = done.exception
    if error is None:  # findings, and flaws of single rows, are printed
        said = ("finding", "cannot be read", "open batch, not sealed")
        assert any(words in done.output for words in said)
        assert max(map(len, done.output.splitlines())) < 2_000
    elif isinstance(error, SystemExit):  # a slip of the command line
        assert error.code == 2
    else:
        assert isinstance(error, ClaimlogError), repr(error)
        assert "\n" not in str(error)
        assert len(str(error)) < 1_500
    assert not out.exists() or not [*out.iterdir()]


@pytest.mark.slow
@pytest.mark.parametrize("make", STRANGE, ids=lambda make: make.__name__)
@pytest.mark.parametrize("name", [*DEFINITION, *READ_WITH_THE_LOG])
def test_what_lies_in_place_of_a_file_is_refused_by_what_reads_all(
    name: str, make: Callable[[Path], None], world: World, tmp_path: Path
) -> None:
    path, out = world.root / name, tmp_path / "out"
    with replaced(path, make):
        require_refusal(answer(world, "validate", out), out)


@contextmanager
def replaced(path: Path, make: Callable[[Path], None]) -> Iterator[None]:
    """Put something in place of a file for a while."""
    kept = path.read_bytes() if path.is_file() else None
    put(make, path)
    try:
        yield
    finally:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        if kept is not None:
            path.write_bytes(kept)


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted(COMMANDS))
@pytest.mark.parametrize("name", ["datapackage.json", "schemas/claims.json", "takedowns.json"])
def test_no_command_waits_at_a_pipe_or_reads_a_hole(
    name: str, command: str, world: World, tmp_path: Path
) -> None:
    for number, make in enumerate((pipe, hole, link_outside)):
        out = tmp_path / f"out-{number}"
        with replaced(world.root / name, make):
            done = answer(world, command, out)
            if name != "takedowns.json" or done.exit_code:  # which not every command reads
                require_refusal(done, out)


@pytest.mark.slow
@pytest.mark.parametrize("make", STRANGE, ids=lambda make: make.__name__)
@pytest.mark.parametrize(("name", "command"), ELSEWHERE)
def test_what_one_command_reads_is_refused_by_that(
    name: str, command: str, make: Callable[[Path], None], world: World, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with replaced(world.root / name, make):
        require_refusal(answer(world, command, out), out)


@pytest.mark.slow
@pytest.mark.parametrize("make", STRANGE, ids=lambda make: make.__name__)
def test_what_lies_in_a_directory_of_texts_is_no_text(
    make: Callable[[Path], None], world: World, tmp_path: Path
) -> None:
    texts = tmp_path / "texts"
    shutil.copytree(world.texts, texts)
    put(make, texts / "strange.txt")
    started = time.process_time()
    words = ["--package", str(world.root), "validate", "--texts", str(texts)]
    done = CliRunner().invoke(cli, words)
    assert time.process_time() - started < 20
    assert done.exit_code == 0, done.output
    assert "root:" not in done.output


@pytest.mark.parametrize("words", [("show",), ("retract", "--reason", "x"), ("prove", "inclusion")])
def test_an_argument_that_is_no_utf_8_is_one_line(world: World, words: tuple[str, ...]) -> None:
    done = world.run(*words, os.fsdecode(b"C\x85z"))
    assert done.returncode == 2
    said = "C\\udc85z: is not UTF-8; name it in UTF-8. Nothing was changed"
    assert done.stderr == f"claimlog: {said}\n"


def test_a_package_in_a_path_that_is_no_utf_8_is_one_line(world: World, tmp_path: Path) -> None:
    root = copied(world, tmp_path).root.rename(tmp_path / os.fsdecode(b"p\xff"))
    done = World(Package(root), world.texts).run("build")
    assert done.returncode == 2
    assert done.stderr.endswith("p\\udcff: the path is not UTF-8; name it in UTF-8\n")
    assert not (root / "build").exists()


def test_a_name_that_is_no_utf_8_keeps_nobody_from_building(world: World) -> None:
    strange = os.fsdecode(b"\xff\xfe.txt")
    (world.texts / strange).write_text("x", "utf-8")
    done = world.run("build", "--texts", str(world.texts))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    (world.root / "schemas" / "queries").mkdir(exist_ok=True)
    (world.root / "schemas" / "queries" / os.fsdecode(b"\xff.sql")).write_text("select 1", "utf-8")
    done = world.run("build")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "fault of claimlog" not in done.stderr


@pytest.mark.slow
def test_a_template_that_finds_no_room_leaves_no_part_of_a_file(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("claimlog.files.os.fsync", full)
    out = tmp_path / "forms"
    words = ["--package", str(world.root), "template", "claims", "--out", str(out)]
    with pytest.raises(ClaimlogError, match=r"claims.xlsx: cannot be written \(No space left"):
        CliRunner().invoke(cli, words, standalone_mode=False, catch_exceptions=False)
    assert [*out.iterdir()] == []
