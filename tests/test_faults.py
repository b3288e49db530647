"""Crash safety: a sample of the faults of ``make faults``, and what judges them."""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from claimlog import directory_swap
from claimlog.directory_swap import publish_directory
from claimlog.edit.cut_off_rebase import mark_rebase
from claimlog.edit.log_lock import package_lock
from claimlog.errors import ClaimlogError, UnconfirmedError
from claimlog.files import lock_temporary, write_durably
from claimlog.package import Package
from claimlog.release.changelog import add_entry, remove_entry
from conftest import ROOT, WITHOUT_PANDAS, World, actor
from faults.calls import flushed_names, package_calls
from faults.injection import message_problems
from faults.state import read_units, unit_problems
from faults.zygote import CommandResult, Fault, attach_strace

TRACE = """\
openat(AT_FDCWD</p>, "/lib/libz.so", O_RDONLY) = 3</lib/libz.so>
openat(AT_FDCWD</p>, "/p/.new", O_WRONLY|O_CREAT, 0666) = 4</p/.new>
write(4</p/.new>, "x", 1) = 1
write(1</tmp/out>, "x", 1) = 1
close(3</lib/libz.so>) = 0
close(4</p/.new>) = 0
openat(AT_FDCWD</p>, "/p/.new", O_RDONLY) = 4</p/.new>
fsync(4</p/.new>) = 0
close(4</p/.new>) = 0
openat(AT_FDCWD</p>, "/p/read", O_RDONLY) = 4</p/read>
close(4</p/read>) = 0
rename("/p/.new", "/p/new") = 0
"""


def test_a_sample_of_faults_loses_nothing_and_leaves_nothing() -> None:
    if shutil.which("strace") is None:
        pytest.skip("NOT RUN: strace is not installed; .ci/run installs it where it can")
    words = "--scenes seal,build-update --jobs 2 --again 1 --deeper 1 --writers 2 --turns 4"
    done = subprocess.run(
        [sys.executable, "-m", "faults", *words.split()],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT / "tests"), WITHOUT_PANDAS)),
            "PYTHONWARNINGS": "ignore",
        },
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n0 failures\n" in done.stdout
    [injected] = re.findall(r"^([0-9]+) faults injected", done.stdout, re.MULTILINE)
    assert int(injected) >= 4


def test_only_calls_that_touch_the_package_count() -> None:
    found = [(call.syscall, call.number) for call in package_calls(TRACE, Path("/p"), 7)]
    assert found == [
        ("openat", 1),
        ("write", 1),
        ("close", 1),
        ("openat", 2),
        ("fsync", 1),
        ("close", 2),
        ("rename", 1),
    ]
    assert flushed_names(TRACE) == {".new"}


@pytest.mark.parametrize("kind", ["ENOSPC", "KILL"])
def test_a_fault_strikes_the_file_that_it_is_aimed_at_and_no_pipe_socket_or_eventfd(
    kind: str, tmp_path: Path
) -> None:
    if shutil.which("strace") is None:
        pytest.skip("NOT RUN: strace is not installed; .ci/run installs it where it can")
    said = tmp_path / "said"
    said.mkdir()
    gate, opener = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _write_everywhere(tmp_path, gate)
        finally:
            os._exit(0)
    fault = Fault("write", 3, kind, "file-{pid}-new")
    strace = attach_strace(child, said, tmp_path, fault, ("write",), False)
    os.write(opener, b"x")
    _, status = os.waitpid(child, 0)
    strace.wait(60)
    assert (tmp_path / f"file-{child}-new").read_text() == ("01" if kind == "KILL" else "0134")
    log = (tmp_path / "log").read_text().split()
    if kind == "KILL":
        assert os.WTERMSIG(status) == 9
        assert " ".join(log[4:]) == "pipe1 socket1 eventfd1 file1 pipe2 socket2 eventfd2"
    else:
        assert len(log) == 20
        assert [name for name in log if name.endswith("!")] == ["file2!"]


def _write_everywhere(folder: Path, gate: int) -> None:
    """Write to a pipe, a socket, an eventfd and a file in turn; list what failed with a mark."""
    os.read(gate, 1)
    targets = {
        "pipe": os.pipe()[1],
        "socket": (pair := socket.socketpair())[0].fileno(),
        "eventfd": os.eventfd(0),
        "file": os.open(folder / f"file-{os.getpid()}-new", os.O_WRONLY | os.O_CREAT),
    }
    with pair[0], pair[1], (folder / "log").open("w") as log:
        for number in range(5):
            for name, target in targets.items():
                data = (1).to_bytes(8, "little") if name == "eventfd" else str(number).encode()
                try:
                    os.write(target, data)
                    log.write(f"{name}{number}\n")
                except OSError:
                    log.write(f"{name}{number}!\n")
                log.flush()


def test_an_error_that_is_aimed_at_no_file_is_refused() -> None:
    with pytest.raises(ValueError, match="name a path of the package"):
        Fault("write", 46, "ENOSPC")


def test_a_call_is_known_by_its_file_and_its_number_there() -> None:
    root = "/p"
    trace = "\n".join(
        [
            f'1 openat(AT_FDCWD</x>, "{root}/.a-new-77-0001", O_WRONLY|O_CREAT) = 4<{root}/.a>',
            '1 write(9<anon_inode:[eventfd]>, "x", 8) = 8',
            f'1 write(4<{root}/.a-new-77-0001>, "x", 1) = 1',
            '1 write(5<pipe:[12]>, "x", 1) = 1',
            f'1 write(6<{root}/b>, "x", 1) = 1',
            f'1 write(4<{root}/.a-new-77-0001>, "x", 1) = 1',
            '1 write(7<socket:[12]>, "x", 1) = 1',
            f'1 unlinkat(8<{root}>, "b", 0) = 0',
        ]
    )
    found = [(c.syscall, c.path, c.number, c.nth) for c in package_calls(trace, Path(root), 77)]
    assert found == [
        ("openat", ".a-new-{pid}-0001", 1, 1),
        ("write", ".a-new-{pid}-0001", 1, 2),
        ("write", "b", 1, 4),
        ("write", ".a-new-{pid}-0001", 2, 5),
        ("unlinkat", ".", 1, 1),
    ]


def test_a_unit_that_is_gone_half_there_or_left_in_sight_is_seen(world: World) -> None:
    before = read_units(world.root)
    world.add("actors", [actor("port", "agency")])
    world.seal("more")
    after = read_units(world.root)
    assert unit_problems(after, before, after) == unit_problems(before, before, after) == []
    shutil.rmtree(world.package.events / "0001-register")
    (world.package.events / "0004-more" / "batch.json").unlink()
    (world.root / "notes").mkdir()
    (world.root / ".datapackage.json-new-1-0").touch()
    assert unit_problems(read_units(world.root), before, after) == [
        "events/0001-register is gone",
        "events/0004-more is neither as before nor as after",
        "notes is left in sight",
    ]


@pytest.mark.parametrize(
    ("err", "wanted"),
    [
        ("claimlog: build: writing failed; nothing was replaced\n", 0),
        ("Traceback (most recent call last):\n", 1),
        ("claimlog: one\nclaimlog: two\n", 1),
        ("", 1),
        ("claimlog: unexpected KeyError: 'x'. This is a fault of claimlog: report it\n", 1),
    ],
)
def test_a_message_is_one_line_that_blames_no_fault_of_ours(err: str, wanted: int) -> None:
    assert len(message_problems(CommandResult(1, "", err))) == wanted


# what faults showed


@pytest.mark.parametrize("known", [True, False], ids=["in one call", "in two renames"])
def test_a_directory_is_swapped_whole_and_nothing_is_left_beside_it(
    known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not known:
        monkeypatch.setattr(directory_swap, "_exchange", lambda *_: False)
    for text in ("old", "new"):
        with publish_directory(tmp_path / "out", "out") as folder:
            (folder / "file").write_text(text)
    assert (tmp_path / "out" / "file").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_is_in_place_but_not_flushed_is_said_to_be_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import claimlog.files

    def failing(_: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(claimlog.files, "sync", failing)
    with pytest.raises(UnconfirmedError, match=r"^file: is in place, but the disk does not"):
        write_durably(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_temporary_file_of_a_dead_process_is_removed_and_that_of_a_live_one_stays(
    tmp_path: Path,
) -> None:
    """Whatever processes have their numbers here: each container counts them from 1."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    for process in (ended.pid, os.getppid(), 1):
        (tmp_path / f".file-new-{process}-00000000").touch()
    live = tmp_path / f".file-new-{ended.pid}-00000001"
    live.touch()
    with lock_temporary(live):
        write_durably(tmp_path / "file", b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == [live.name, "file"]


def test_where_nothing_can_be_locked_the_number_of_the_process_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import claimlog.files

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    ended = subprocess.Popen(["true"])
    ended.wait()
    live = tmp_path / f".out-new-{os.getppid()}-00000000"
    for path in (tmp_path / f".out-new-{ended.pid}-00000000", live):
        path.mkdir()
    monkeypatch.setattr(claimlog.files.fcntl, "flock", refuse)
    with publish_directory(tmp_path / "out", "out") as folder:
        (folder / "file").touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == [live.name, "out"]


@pytest.fixture
def repository(world: World) -> Package:
    """A package whose changelog is committed."""
    (world.root / "CHANGELOG.md").write_text("# Changelog\n\n## 0.1.0 (2026-01-01)\n\nFirst.\n")
    git = ("git", "-C", str(world.root), "-c", "user.name=t", "-c", "user.email=t@example.org")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "x")):
        subprocess.run([*git, *words], check=True)
    return world.package


ENTRY = "## 0.2.0 (2026-01-02)\n\n### Added\n\nMore.\n"


def test_the_entry_of_a_release_that_was_cut_off_is_taken_out_again(repository: Package) -> None:
    path = repository.root / "CHANGELOG.md"
    before = path.read_text()
    path.write_text(add_entry(before, ENTRY))
    remove_entry(repository, "0.3.0")
    assert path.read_text() == add_entry(before, ENTRY)
    remove_entry(repository, "0.2.0")
    assert path.read_text() == before


def test_a_changelog_that_somebody_else_changed_is_left_alone(repository: Package) -> None:
    path = repository.root / "CHANGELOG.md"
    text = add_entry(path.read_text(), ENTRY) + "\nBy hand.\n"
    path.write_text(text)
    remove_entry(repository, "0.2.0")
    assert path.read_text() == text


def test_an_addition_beside_an_interrupted_rebase_is_refused_with_the_command(
    world: World,
) -> None:
    with package_lock(world.package):
        mark_rebase(world.package, {})
    out = world.package.state / "rebase-in"
    out.mkdir()
    (world.package.events / "0003-corrections").rename(out / "0003-corrections.0004-corrections")
    done = world.run("validate")
    assert done.returncode == 1
    assert "run it again: claimlog rebase 0003-corrections" in done.stdout
    with pytest.raises(ClaimlogError):
        world.add("actors", [actor("port", "agency")])
    done = world.run("rebase", "0003-corrections")
    assert done.returncode == 0, done.stderr
    assert world.run("validate").returncode == 0
