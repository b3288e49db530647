"""A command whose standard output cannot be written says what it did all the same, or why not."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

import forked
from claimlog.edit.batch_files import recover
from claimlog.edit.cut_off_rebase import mark_rebase
from claimlog.edit.log_lock import log_lock
from claimlog.log.batch import OUT
from claimlog.log.read_log import read
from claimlog.log.takedowns import RECORD
from conftest import World, copied
from test_rebase import LETTER, LIKED, merged

FULL, GONE, CLOSED = "No space left on device", "Broken pipe", "Bad file descriptor"


@contextmanager
def unwritable(why: str) -> Iterator[IO[bytes] | None]:
    """Yield standard output for a process that cannot write to it, None if it is to be closed."""
    if why == CLOSED:
        yield None
    elif why == FULL:
        with Path("/dev/full").open("wb") as full:
            yield full
    else:
        reading, writing = os.pipe()
        os.close(reading)  # before anything is written: the reader is gone for certain
        with os.fdopen(writing, "wb") as pipe:
            yield pipe


def run_forked(world: World, why: str, *words: str, errors: bool = False) -> tuple[int, str]:
    """Run claimlog as `run` does; a stream that is closed is one for a fresh interpreter."""
    if why == CLOSED:
        return run(world, why, *words, errors=errors)
    env = {**os.environ, "CLAIMLOG_BY": "coder-1"}
    with unwritable(why) as out, tempfile.TemporaryFile() as said:
        assert out is not None
        streams = (said.fileno(), out.fileno(), (out if errors else said).fileno())
        status = forked.start(world.root, words, env, streams).wait(300)
        said.seek(0)
        return status, said.read().decode()


def run(world: World, why: str, *words: str, errors: bool = False) -> tuple[int, str]:
    """Run claimlog with standard output that cannot be written; return status and what it said.

    With `errors` standard error is the same.
    """

    def close() -> None:
        os.close(1)
        if errors:
            os.close(2)

    with unwritable(why) as out:
        done = subprocess.run(
            [sys.executable, "-m", "claimlog", *words],
            cwd=world.root,
            stdout=out,
            stderr=out if errors and out else subprocess.PIPE,
            preexec_fn=close if why == CLOSED else None,
            env={**os.environ, "CLAIMLOG_BY": "coder-1", "PYTHONPATH": os.pathsep.join(sys.path)},
            timeout=300,
        )
    return done.returncode, (done.stderr or b"").decode()


@pytest.fixture(scope="module")
def raced(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A merge in which 0004-ours lost the race."""
    ours, theirs = (copied(made, tmp_path_factory.mktemp(name)) for name in ("ours", "theirs"))
    ours.add("claims", [LETTER])
    ours.seal("ours")
    theirs.add("claims", [LIKED])
    theirs.seal("theirs")
    both = merged(ours, theirs)
    with log_lock(both.package):
        recover(both.package)
    return both


def is_rebased(world: World) -> bool:
    return [batch.path.name for batch in read(world.package).batches][-2:] == [
        "0004-theirs",
        "0005-ours",
    ]


def is_taken(world: World) -> bool:
    return (world.root / RECORD).is_file()


REBASE = ("rebase", "0004-ours")
CHANGES: dict[str, tuple[tuple[str, ...], Callable[[World], bool], str]] = {
    "raced": (REBASE, is_rebased, "  C001-007 is now C001-008\n"),
    "made": (
        ("takedown", "C001-003", "--version", "1", "--reason", "Law."),
        is_taken,
        "left to do: git keeps every commit",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("why", [FULL, GONE, CLOSED])
@pytest.mark.parametrize("package", CHANGES)
def test_what_was_done_is_said_on_standard_error_where_standard_output_cannot_be_written(
    package: str, why: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    words, is_done, said = CHANGES[package]
    world = copied(request.getfixturevalue(package), tmp_path)
    status, errors = run_forked(world, why, *words)
    assert is_done(world), errors
    assert status == 1
    assert said in errors
    assert errors.splitlines()[-1] == (
        f"claimlog: standard output: cannot be written ({why}); what was done is done, and the "
        "rest is said here"
    )


def test_what_a_rebase_that_was_cut_off_is_undone_by_is_something_done(
    raced: World, tmp_path: Path
) -> None:
    world = copied(raced, tmp_path)
    with log_lock(world.package):
        mark_rebase(world.package, {})
    out = world.package.state / OUT
    out.mkdir()
    (world.package.events / "0004-ours").rename(out / "0004-ours.0005-ours")
    _, errors = run_forked(world, FULL, "rebase", "0003-corrections")
    assert errors.startswith("restored events/0004-ours after an interrupted rebase\n")
    assert "nothing was changed" not in errors


@pytest.mark.slow
@pytest.mark.parametrize("why", [FULL, CLOSED])
def test_what_nobody_can_be_told_is_done_all_the_same(
    why: str, raced: World, tmp_path: Path
) -> None:
    world = copied(raced, tmp_path)
    assert run_forked(world, why, *REBASE, errors=True) == (1, "")
    assert is_rebased(world)


@pytest.mark.slow
@pytest.mark.parametrize("words", [("show", "C001-001"), ("--help",), ("log", "--help")])
@pytest.mark.parametrize(
    ("why", "said"),
    [
        (FULL, f"({FULL}); make room there; nothing was changed\n"),
        (CLOSED, f"({CLOSED}); write it elsewhere: > FILE; nothing was changed\n"),
        (GONE, ""),
    ],
)
def test_a_command_that_only_looks_ends_in_one_line_or_silently_if_its_reader_left(
    why: str, said: str, words: tuple[str, ...], made: World
) -> None:
    status, errors = run(made, why, *words)
    assert status == 1
    assert errors == (said and f"claimlog: standard output: cannot be written {said}")


def test_no_file_takes_the_place_of_a_standard_stream_that_is_closed(tmp_path: Path) -> None:
    """What a program that is started writes to its standard output would be in that file."""
    script = """
import os, sys
from claimlog.standard_streams import replace_closed_streams
replace_closed_streams()
with open("file", "wb") as file:
    os.system("echo said; echo said >&2")
sys.exit(sys.stdin.read() != "")
"""
    shell = ["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, script]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run(shell, cwd=tmp_path, env=env, timeout=120).returncode == 0
    assert (tmp_path / "file").read_bytes() == b""
