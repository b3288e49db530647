"""A command ends, in one line, before it takes more memory or time than it may."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claimlog import command_limits, interrupt_handler
from claimlog.build import build
from claimlog.command_limits import (
    FACTOR_VARIABLE,
    allow_for,
    allow_writing,
    how_to_raise,
    memory_taken,
)
from claimlog.errors import ClaimlogError
from claimlog.files import remove_abandoned
from claimlog.log import read_log
from claimlog.log.cache import held_parts
from claimlog.untrusted_files import files_below
from conftest import World, claim

PREPARE = """
import signal, sys, time
from claimlog import command_limits as limits
limits.MEMORY, limits.SECONDS, limits.GRACE_SECONDS = {memory}, {seconds}, {grace}
signal.signal(signal.SIGINT, signal.default_int_handler)
"""
ANY = 1 << 40


def run(
    script: str, memory: int = ANY, seconds: float = ANY, grace: float = 60
) -> subprocess.CompletedProcess[str]:
    prepared = PREPARE.format(memory=memory, seconds=seconds, grace=grace)
    return subprocess.run(
        [sys.executable, "-c", prepared + script], capture_output=True, text=True, timeout=120
    )


HOLD = """
limits.keep_command_limits()
try:
    held = b"1" * {size}
    for _ in range(int({seconds} * 100)):
        time.sleep(0.01)
    print("held")
except KeyboardInterrupt:
    print(limits.why_interrupted())
"""
STOPPED = "stopped, because it took more than {what}; nothing was changed; "
MEGABYTE = 1_000_000


def test_a_command_that_takes_too_much_memory_is_interrupted_and_says_so() -> None:
    done = run(HOLD.format(size=220 * MEGABYTE, seconds=60), memory=200 * MEGABYTE)
    assert done.stdout.startswith(STOPPED.format(what="0.2 GB of memory")), done
    assert f"{FACTOR_VARIABLE}=2" in done.stdout


def test_a_command_that_takes_no_more_than_it_may_goes_on() -> None:
    done = run(HOLD.format(size=100 * MEGABYTE, seconds=0.5), memory=200 * MEGABYTE)
    assert (done.stdout, done.stderr) == ("held\n", "")


def test_what_a_command_reads_allows_it_more_and_is_counted_once() -> None:
    read = "limits.allow_for('log', 5_000_000)\n" * 10
    size = 240 * MEGABYTE
    done = run(read + HOLD.format(size=size, seconds=0.5), memory=200 * MEGABYTE)
    assert done.stdout == "held\n", done
    size = 360 * MEGABYTE
    done = run(read + HOLD.format(size=size, seconds=60), memory=200 * MEGABYTE)
    assert done.stdout.startswith(STOPPED.format(what="0.3 GB of memory")), done


@pytest.mark.slow
@pytest.mark.parametrize(("times", "seconds"), [(0, 1), (1, 1), (2, 2)])
def test_a_command_that_takes_too_long_is_interrupted_and_says_so(times: int, seconds: int) -> None:
    """One that does the same several times, as for each release, may take as often the time."""
    done = run(
        f"limits.allow_times({times})"
        """
limits.keep_command_limits()
try:
    while True:
        pass
except KeyboardInterrupt:
    print(limits.why_interrupted())
""",
        seconds=1,
    )
    what = f"{seconds} seconds of the processor"
    assert done.stdout.startswith(STOPPED.format(what=what)), done


@pytest.mark.slow
def test_a_command_is_interrupted_where_no_other_thread_can_run() -> None:
    """A pattern that tries all ways to take a text apart keeps the lock of the interpreter."""
    done = run(
        """
import re
limits.ALARM_SECONDS = 0.5
limits.keep_command_limits()
try:
    re.fullmatch("(1*)*2", "1" * 60)
except KeyboardInterrupt:
    print(limits.why_interrupted())
try:
    time.sleep(0.5)
    print("cleans up")
except KeyboardInterrupt:
    print("again")
""",
        seconds=1,
    )
    said, cleaned = done.stdout.splitlines()
    assert said.startswith(STOPPED.format(what="1 seconds of the processor")), done
    assert cleaned == "cleans up"


@pytest.mark.slow
def test_a_process_that_ignores_interrupts_is_ended_where_no_other_thread_can_run() -> None:
    done = run(
        """
import re
limits.ALARM_SECONDS = 0.5
signal.signal(signal.SIGINT, signal.SIG_IGN)
limits.keep_command_limits()
re.fullmatch("(1*)*2", "1" * 60)
""",
        seconds=1,
    )
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.startswith("claimlog: stopped, because it took more than"), done


@pytest.mark.slow
def test_a_server_that_takes_the_place_of_a_command_is_not_ended_by_alarms() -> None:
    done = run(
        """
import os
limits.ALARM_SECONDS = 0.5
limits.keep_command_limits()
limits.allow_a_server()
script = "import time\\nwhile time.process_time() < 2: pass\\nprint('served')"
os.execv(sys.executable, [sys.executable, "-c", script])
"""
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "served\n", "")


def test_a_command_that_takes_long_to_end_is_not_ended_by_alarms() -> None:
    """At its end the interpreter forgets who hears a signal."""
    done = run(
        """
import ctypes
limits.ALARM_SECONDS = 0.2
limits.keep_command_limits()

class Slow:
    def __del__(self, clock=time.process_time):
        end = clock() + 1
        while clock() < end:
            pass

# what the interpreter lets go of last of all
ctypes.pythonapi.Py_IncRef(ctypes.py_object(Slow))
sys.slow = Slow()
"""
    )
    assert (done.returncode, done.stderr) == (0, "")


DEAF = """
limits.keep_command_limits()
held = []
while True:
    try:
        held.append(bytearray(b"1" * {size}))
        time.sleep({pause})
    except KeyboardInterrupt:
        pass
"""


@pytest.mark.parametrize(
    ("size", "pause", "limits"),
    [
        pytest.param(
            10 * MEGABYTE, 0.02, {"memory": 100 * MEGABYTE}, id="by what it goes on to take"
        ),
        pytest.param(0, 0, {"seconds": 0.2, "grace": 0.2}, id="after a while"),
    ],
)
def test_a_command_that_cannot_be_interrupted_is_ended(
    size: int, pause: float, limits: dict[str, Any]
) -> None:
    done = run(DEAF.format(size=size, pause=pause), **limits)
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.startswith("claimlog: stopped, because it took more than"), done
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_command_whose_files_change_places_is_not_ended_before_they_have() -> None:
    done = run(
        """
from claimlog.interrupt_handler import replacing
limits.keep_command_limits()
try:
    with replacing():
        while time.process_time() < 1.4:
            pass
        print("whole", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print(limits.why_interrupted())
""",
        seconds=1,
        grace=0.2,
    )
    said, why = done.stdout.splitlines()
    assert said == "whole", done
    assert "; look whether it was done before you run it again; if you trust" in why


@pytest.mark.slow
@pytest.mark.parametrize(
    ("takes", "limits"),
    [
        ("pass", {"seconds": 0.5}),
        ("held.append(bytearray(b'1' * 1_000_000)); time.sleep(0.002)", {"memory": 50_000_000}),
    ],
    ids=["time", "memory"],
)
def test_a_command_that_takes_twice_what_it_may_is_ended_also_while_files_change_places(
    takes: str, limits: dict[str, Any]
) -> None:
    done = run(
        f"""
from claimlog.interrupt_handler import hold_interrupts
limits.keep_command_limits()
held = []
with hold_interrupts():
    while True:
        {takes}
""",
        **limits,
    )
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.startswith("claimlog: stopped, because it took more than"), done
    assert "; look whether it was done before you run it again; if you trust" in done.stderr


def test_a_command_whose_interrupts_are_ignored_is_ended() -> None:
    ignored = "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    done = run(
        ignored + HOLD.format(size=300 * MEGABYTE, seconds=60), memory=200 * MEGABYTE, grace=0.1
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("claimlog: " + STOPPED.format(what="0.2 GB of memory"))


@pytest.mark.slow
def test_a_server_serves_as_long_as_it_is_asked_to_and_is_ended_by_memory_alone() -> None:
    script = """
limits.allow_a_server()
limits.keep_command_limits()
end = time.process_time() + 1
while time.process_time() < end:
    pass
print("served", flush=True)
held = bytearray(b"1" * 300_000_000)
time.sleep(60)
"""
    done = run(script, memory=200 * MEGABYTE, seconds=0.2)
    assert (done.returncode, done.stdout) == (1, "served\n")
    assert done.stderr.startswith("claimlog: " + STOPPED.format(what="0.2 GB of memory"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [["validate"], ["build"], ["seal", "--slug", "x", "--title", "X", "--method", "None."]],
    ids=" ".join,
)
def test_claimlog_is_stopped_with_what_stood_there_unchanged(
    world: World, command: list[str]
) -> None:
    world.add("claims", [claim("signed a letter", "Pilots put their names to a letter.")])
    build(world.package, world.package.build)
    before = {path: path.read_bytes() for path in files_below(world.root, 10_000) or ()}
    assert before
    done = subprocess.run(
        [sys.executable, "-m", "claimlog", "--package", str(world.root), *command],
        capture_output=True, text=True, timeout=120,
        env={**os.environ, FACTOR_VARIABLE: "0.001", "CLAIMLOG_BY": "coder-1"},
    )  # fmt: skip
    said = "claimlog: " + STOPPED.format(what="0.0 GB of memory")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said), done.stderr
    assert done.stderr.count("\n") == 1
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("factor", ["", "0", "-1", "nan", "inf", "two", "1000.1", "1e300"])
def test_a_factor_that_is_none_is_refused_before_anything_is_done(factor: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "claimlog", "--help"],
        capture_output=True, text=True, timeout=60, env={**os.environ, FACTOR_VARIABLE: factor},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"claimlog: {FACTOR_VARIABLE}: expected a number above 0 and up to 1000, as 2, "
        f"not {factor!r}\n"
    )


def test_a_limit_that_is_reached_is_doubled_up_to_the_most_that_can_be_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(FACTOR_VARIABLE, "3")
    assert how_to_raise().endswith(f"raise the limits: {FACTOR_VARIABLE}=6")
    assert how_to_raise("--limits ", 501).endswith("raise the limits: --limits 1000")
    said = "--limits 1000 is the most that can be allowed, so give it less to read"
    assert how_to_raise("--limits ", 1000) == said


def test_a_process_that_reads_a_part_of_the_log_has_the_limits_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_log, "PROCESS_BYTES", 0)
    monkeypatch.setattr("claimlog.fingerprint.MEMORY_BYTES", 0)
    monkeypatch.setenv(FACTOR_VARIABLE, "0.001")

    def read_often() -> None:
        for _ in range(20):  # a file of a few rows may be read before the first look at the memory
            read_log.read(world.package, fresh=True)

    with pytest.raises(ClaimlogError, match=rf"was killed; .*{FACTOR_VARIABLE}=0\.002$"):
        read_often()


READING = """
import os, sys, time
from pathlib import Path
from claimlog import fingerprint
from claimlog.log import read_log
from claimlog.package import Package

read_log.PROCESS_BYTES = fingerprint.MEMORY_BYTES = 0
here = Path(__file__).parent

def stalled(*_):
    (here / f"reader-{os.getpid()}").touch()
    time.sleep(600)

read_log.write_part = stalled
if __name__ == "__main__":
    read_log.read(Package(Path(sys.argv[1])), fresh=True)
"""


def until(state: Callable[[], object]) -> None:
    """Wait for a state as long as a busy machine may take to come to it."""
    end = time.monotonic() + 120
    while not state():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_processes_that_read_end_with_their_command_and_hold_its_cache_until_then(
    world: World, tmp_path: Path
) -> None:
    """What one wrote there later would hold rows that were taken down meanwhile."""
    script = tmp_path / "reading.py"
    script.write_text(READING)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = tmp_path / "said"
    with said.open("wb") as errors:
        command = subprocess.Popen([sys.executable, script, world.root], env=env, stderr=errors)
    try:
        until(lambda: [*tmp_path.glob("reader-*")] or command.poll() is not None)
        assert command.poll() is None, said.read_text()
    finally:
        readers = [int(path.name.partition("-")[2]) for path in tmp_path.glob("reader-*")]
        for reader in readers:
            os.kill(reader, signal.SIGSTOP)
        command.kill()
        command.wait()
    held = held_parts(world.package)
    for reader in readers:
        os.kill(reader, signal.SIGCONT)
    assert held
    until(lambda: not held_parts(world.package))


@pytest.mark.parametrize(("block", "left"), [("nullcontext", False), ("replacing", True)])
def test_a_command_that_is_ended_leaves_nothing_unfinished_unless_files_change_places(
    tmp_path: Path, block: str, left: bool
) -> None:
    done = run(
        f"""
from contextlib import nullcontext
from pathlib import Path
from claimlog.files import temporary_folder
from claimlog.interrupt_handler import replacing
signal.signal(signal.SIGINT, signal.SIG_IGN)
limits.keep_command_limits()
with temporary_folder(Path({str(tmp_path)!r}) / "build") as folder:
    (folder / "half").touch()
    with {block}():
        while True:
            pass
""",
        seconds=0.2,
        grace=0.1,
    )
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.startswith("claimlog: stopped, because it took more than"), done
    assert bool([*tmp_path.iterdir()]) == left


@pytest.mark.parametrize(
    ("does", "limits"),
    [
        pytest.param("pass", {"seconds": 0.2, "grace": 0.2}, id="in time"),
        pytest.param(
            "held.append(bytearray(b'1' * 1_000_000)); time.sleep(0.002)",
            {"memory": 100 * MEGABYTE},
            id="in memory",
        ),
        pytest.param(
            "limits.start_new_thread = None", {"seconds": 0.2, "grace": 0.2}, id="without threads"
        ),
    ],
)
def test_a_command_is_ended_while_what_it_did_not_finish_is_removed_and_the_next_one_goes_on(
    does: str, limits: dict[str, Any], tmp_path: Path
) -> None:
    target = tmp_path / "build"
    done = run(
        f"""
from pathlib import Path
from claimlog.files import temporary_folder
from claimlog.interrupt_handler import unfinished
signal.signal(signal.SIGINT, signal.SIG_IGN)
limits.keep_command_limits()
held = []
with temporary_folder(Path({str(target)!r})) as folder:
    unfinished[folder] = lambda _: time.sleep(600)
    while len(held) < 1000:
        {does}
    print("took all")
""",
        **limits,
    )
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.startswith("claimlog: stopped, because it took more than"), done
    assert done.stderr.count("\n") == 1
    assert [*tmp_path.iterdir()]
    remove_abandoned(target)
    assert not [*tmp_path.iterdir()]


def test_no_files_change_places_in_a_command_that_is_being_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def waits(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(interrupt_handler, "unfinished", {})
    monkeypatch.setattr(interrupt_handler, "_is_ending", False)
    monkeypatch.setattr("time.sleep", waits)
    interrupt_handler.begin_end()
    with pytest.raises(KeyboardInterrupt), interrupt_handler.replacing():
        pytest.fail("they would change places")
    assert not interrupt_handler.holds_interrupts()


@pytest.mark.usefixtures("noted_sources")
def test_what_a_command_writes_is_limited_and_grows_with_what_it_reads_and_copies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command_limits, "_read", {})
    allow_for("log", 1000)
    memory = command_limits._most_memory(1)
    for size in (2000, 1000):
        allow_writing("commit", size)
    assert command_limits._most_memory(1) == memory
    most = command_limits.WRITTEN + command_limits.WRITTEN_TIMES * 3000
    monkeypatch.setattr(command_limits, "_bytes_written", lambda: most)
    assert command_limits._limit_beyond(1) is None
    monkeypatch.setattr(command_limits, "_bytes_written", lambda: most + 1)
    assert command_limits._limit_beyond(1) == f"{most / 1e9:.1f} GB of writing"
    assert command_limits._limit_beyond(2) is None


def test_memory_is_known_where_no_file_can_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    held = memory_taken()
    monkeypatch.setattr(command_limits, "open", full, raising=False)
    assert held / 2 < memory_taken() < 1 << 40


def test_memory_is_what_a_process_holds_itself() -> None:
    before = memory_taken()
    held = bytearray(b"1" * 200 * MEGABYTE)
    assert memory_taken() - before == pytest.approx(len(held), rel=0.1)
