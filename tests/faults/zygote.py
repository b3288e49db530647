"""One process that has imported everything: a command runs in a fork of it, under strace or not.

Starting Python and importing the libraries takes a second, a fork none; and what the interpreter
does with its own files is over before strace looks.
"""

from __future__ import annotations

import datetime
import gc
import importlib
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import claimlog
import claimlog.build
import claimlog.fingerprint
import forked

TIMEOUT_SECONDS = 120  # seconds after which a command counts as hung
CLOCK = "2026-01-02T03:04:05Z"
"""When every command runs: the same command then writes the same bytes."""


def preload() -> None:
    """Import what commands import when they run, and what makes packages.

    What each of them would find out anew of the same files is known: the shape of the schemas of
    this repository, with which the packages of all scenes begin, and which code it is.
    """
    forked.preload()
    importlib.import_module("conftest")
    forked.know_sound_schemas()
    claimlog.fingerprint.tool_fingerprint()
    gc.collect()
    gc.freeze()  # what is there already is nothing that a command has to look through


@dataclass(frozen=True)
class Fault:
    """What happens at the `number`-th (1-based) call of a system call that touches a file.

    Parameters
    ----------
    kind
        Name of an errno, or KILL.
    path
        The file, relative to the package, ``{pid}`` being the process. Without one every call
        counts, those on pipes, sockets and eventfds too: an error there is no fault of a disk and
        can leave a thread asleep for ever, so only KILL may go without.
    follow
        Whether the call is one of another thread; threads and child processes are each counted
        from one, so that it may strike in several of them.
    """

    syscall: str
    number: int
    kind: str
    path: str | None = None
    follow: bool = False

    def __post_init__(self) -> None:
        if self.path is None and self.kind != "KILL":
            raise ValueError(f"{self.kind} at any {self.syscall}: name a path of the package")

    def options(self, root: Path, pid: int) -> list[str]:
        """Return strace's options that inject it into process `pid`."""
        aimed = [] if self.path is None else ["-P", str(root / self.path.format(pid=pid))]
        return [*aimed, "-e", self.injection]

    @property
    def injection(self) -> str:
        how = "signal=KILL" if self.kind == "KILL" else f"error={self.kind}"
        return f"inject={self.syscall}:{how}:when={self.number}"


@dataclass(frozen=True)
class CommandResult:
    """Result of a command: exit status (negative: a signal), output, trace of strace."""

    status: int
    out: str
    err: str
    trace: str = ""
    pid: int = 0


def run(
    folder: Path,
    words: Sequence[str],
    fault: Fault | None = None,
    watch: Sequence[str] = (),
    follow: bool = False,
    clock: str = CLOCK,
    large: bool = False,
) -> CommandResult:
    """Run claimlog in `folder`; `watch` names system calls to be listed.

    If `large`, it takes every log for a large one.
    """
    if fault is not None:
        watch, follow = (fault.syscall,), fault.follow
    with tempfile.TemporaryDirectory(prefix="faults-said-") as name:
        output = Path(name)
        gate, opener = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(opener)
            _child(folder, words, output, gate, clock, large)
        os.close(gate)
        strace = attach_strace(child, output, folder, fault, watch, follow) if watch else None
        os.write(opener, b"x")
        os.close(opener)
        status = _exit_status(child)
        if strace is not None:
            strace.wait(TIMEOUT_SECONDS)
        trace = output / "trace"
        return CommandResult(
            status,
            (output / "out").read_text("utf-8"),
            (output / "err").read_text("utf-8"),
            trace.read_text("utf-8", errors="replace") if trace.exists() else "",
            child,
        )


def run_in_fork(task: Callable[[], None], clock: str = CLOCK) -> None:
    """Run something of the package's own in a fork, so that no thread pool starts here."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            set_clock(clock)
            task()
            status = 0
        except BaseException as error:
            found = "".join(f" {finding}" for finding in getattr(error, "findings", ()))
            print(f"{type(error).__name__}: {error}{found}", file=sys.stderr, flush=True)
        finally:
            os._exit(status)
    if _exit_status(child) != 0:
        raise RuntimeError("the package to start from could not be made; its message is above")


def _child(
    folder: Path, words: Sequence[str], output: Path, gate: int, clock: str, large: bool
) -> None:
    status: object = 99
    try:
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(output / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        os.chdir(folder)
        os.environ |= {"CLAIMLOG_BY": "coder-1", "CI": "1", "PWD": str(folder)}
        sys.argv = ["claimlog", *words]
        name_files_alike()
        set_clock(clock)
        if large:
            take_for_large()
        os.read(gate, 1)
        importlib.import_module("claimlog.cli").main()
    except SystemExit as end:
        status = end.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


def set_clock(now: str) -> None:
    """Let every module of the package read this time of day; only ever called in a fork."""
    fixed = datetime.datetime.fromisoformat(now)

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return fixed.astimezone(tz)

    for name, module in list(sys.modules.items()):
        if name.startswith("claimlog.") and getattr(module, "datetime", None) is datetime.datetime:
            module.datetime = Clock  # type: ignore[attr-defined]


def name_files_alike() -> None:
    """Give temporary files the same names in every run, but for the process; only in a fork.

    Those beside a file are counted by its name: what is noted for the next run only if it has
    changed must not count for others.
    """
    numbers: defaultdict[Path, Iterator[int]] = defaultdict(itertools.count)

    def temporary_path(target: Path, role: str = "new") -> Path:
        number = f"{next(numbers[target]):08x}"
        return target.with_name(f".{target.name}-{role}-{os.getpid()}-{number}")

    for name, module in list(sys.modules.items()):
        if name.startswith("claimlog.") and hasattr(module, "temporary_path"):
            module.temporary_path = temporary_path  # type: ignore[attr-defined]
    tempfile._name_sequence = (f"{number:08x}" for number in itertools.count())  # type: ignore[attr-defined]


def take_for_large() -> None:
    """Take every log for a large one, and any number of new rows for few; only in a fork."""
    claimlog.fingerprint.MEMORY_BYTES = 0
    claimlog.build.UPDATE_BYTES = 0
    claimlog.build.UPDATE_RATIO = 0


def attach_strace(
    child: int, output: Path, root: Path, fault: Fault | None, watch: Sequence[str], follow: bool
) -> subprocess.Popen[bytes]:
    """Attach strace to a process that waits, and return it; its files go to `said`."""
    command = ["strace", "-qq", "-y", "-o", str(output / "trace"), "-e", f"trace={','.join(watch)}"]
    command += ["-f"] if follow else []
    command += fault.options(root, child) if fault else []
    # a file for what strace says itself: nobody reads a pipe meanwhile
    with (output / "strace").open("wb") as log:
        strace = subprocess.Popen([*command, "-p", str(child)], stderr=log)
    status = Path(f"/proc/{child}/status")
    while "TracerPid:\t0\n" in status.read_text():
        if strace.poll() is not None:
            os.kill(child, 9)
            os.waitpid(child, 0)
            raise RuntimeError(f"strace cannot attach: {(output / 'strace').read_text().strip()}")
        time.sleep(0.001)
    return strace


def _exit_status(child: int) -> int:
    """Return the exit status of a child, minus the signal that ended it."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, 9)
            os.waitpid(child, 0)
            raise TimeoutError(f"a command did not end within {TIMEOUT_SECONDS} seconds")
        time.sleep(0.002)
