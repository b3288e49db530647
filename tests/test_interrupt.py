"""Ctrl-C on a terminal: servers end well, other commands in one line, nothing in a traceback."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest

from conftest import World


def interrupted(world: World, *words: str, until: str, after: float) -> tuple[int, str]:
    """Run claimlog on a terminal; type Ctrl-C some seconds after it printed something, or began."""
    terminal, end = pty.openpty()

    def take_terminal() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [sys.executable, "-m", "claimlog", *words],
        cwd=world.root, stdin=end, stdout=end, stderr=end, start_new_session=True,
        preexec_fn=take_terminal,
        env={**os.environ, "CLAIMLOG_BY": "coder-1", "NO_COLOR": "1"},
    )  # fmt: skip
    os.close(end)
    printed: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):  # which is how the end of a terminal reads
            while data := os.read(terminal, 65536):
                printed.append(data)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    deadline = time.monotonic() + 60
    while not (until.encode() in b"".join(printed) if until else has_begun(process.pid)):
        assert process.poll() is None, b"".join(printed)
        assert time.monotonic() < deadline, b"".join(printed)
        time.sleep(0.02)
    time.sleep(after)
    os.write(terminal, b"\x03")
    try:
        status = process.wait(20)
    finally:
        process.kill()
        process.wait(10)
    reader.join(10)
    return status, b"".join(printed).decode()


def has_begun(pid: int) -> bool:
    """Whether claimlog has begun in a process: it hears SIGALRM, which Python alone does not."""
    [caught] = re.findall(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
    return bool(int(caught, 16) >> (signal.SIGALRM - 1) & 1)


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@pytest.mark.slow
@pytest.mark.parametrize(("until", "after"), [("stop with Ctrl-C", 0.2), ("startup complete", 0.2)])
def test_a_server_that_is_ended_by_ctrl_c_ends_well(
    tiny_build: World, until: str, after: float
) -> None:
    words = ("serve", "--port", free_port())
    status, printed = interrupted(tiny_build, *words, until=until, after=after)
    assert status == 0, printed
    assert "Traceback" not in printed
    assert "KeyboardInterrupt" not in printed


@pytest.mark.slow
def test_a_desk_that_is_ended_by_ctrl_c_ends_well(tiny_build: World) -> None:
    words = ("desk", "--texts", str(tiny_build.texts), "--port", free_port())
    status, printed = interrupted(tiny_build, *words, until="stop with Ctrl-C", after=0.5)
    assert status == 0, printed
    assert "Traceback" not in printed


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.1, 0.4])
def test_another_command_ends_in_one_line(tiny_build: World, after: float) -> None:
    words = ("verify", "--texts", str(tiny_build.texts))
    status, printed = interrupted(tiny_build, *words, until="", after=after)
    assert (status, "Traceback" in printed) == (1, False), printed
    said = re.sub(r"\x1b\[[0-9;]*m|\^C", "", printed).split("\r\n")
    assert [one for one in said if one] == ["claimlog: interrupted; nothing was changed"]


SLOW = """
import os, signal, time
for _ in range({times}):
    os.kill(os.getpid(), signal.SIGINT)
for _ in range(10):
    time.sleep(0.01)
print("imported")
"""
IMPORTING = """
import signal
from claimlog.interrupt_handler import handle_interrupts
handle_interrupts(signal.SIGINT)
try:
    import slow
    import time
    time.sleep(20)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize(
    ("times", "said"), [(1, ["imported", "interrupted"]), (2, ["interrupted"])]
)
def test_an_interrupt_waits_for_an_import_unless_it_is_repeated(
    tmp_path: Path, times: int, said: list[str]
) -> None:
    """Libraries that are compiled end by a signal of their own if their import is cut off."""
    (tmp_path / "slow.py").write_text(SLOW.format(times=times))
    done = subprocess.run(
        [sys.executable, "-c", IMPORTING],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
    )
    assert (done.stdout.split(), done.returncode) == (said, 0), done.stderr


HEARD = """
import signal
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
"""
"""Begins a script that hears signals which whoever runs the tests may ignore."""
CHANGING = """
import os, signal, time
from claimlog.interrupt_handler import handle_interrupts, hold_interrupts
handle_interrupts(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
try:
    {before}
    with hold_interrupts():
        with hold_interrupts():
            {inside}
        time.sleep(0.1)
        print("whole")
    time.sleep(20)
except KeyboardInterrupt:
    print("interrupted")
except ValueError:
    print("failed")
"""
AT_ONCE = """
import os, signal
os.kill(os.getpid(), signal.SIGINT)
"""


@pytest.mark.parametrize(
    ("before", "inside", "said"),
    [
        *(
            ("", f"os.kill(os.getpid(), signal.{name})", ["whole", "interrupted"])
            for name in ("SIGINT", "SIGTERM", "SIGHUP")
        ),
        ("import at_once", "pass", ["whole", "interrupted"]),
        ("", "os.kill(os.getpid(), signal.SIGINT); raise ValueError", ["failed"]),
    ],
    ids=["SIGINT", "SIGTERM", "SIGHUP", "one that waited for an import", "beside an error"],
)
def test_an_interrupt_waits_while_files_change_places(
    before: str, inside: str, said: list[str], tmp_path: Path
) -> None:
    (tmp_path / "at_once.py").write_text(AT_ONCE)
    done = subprocess.run(
        [sys.executable, "-c", HEARD + CHANGING.format(before=before, inside=inside)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
    )
    assert (done.stdout.split(), done.returncode) == (said, 0), done.stderr


ASKING = """
import os, signal, sys
from pathlib import Path
from claimlog.git import ask
from claimlog.interrupt_handler import handle_interrupts, hold_interrupts
handle_interrupts(signal.SIGINT)
os.environ["GROUP"] = str(os.getpgrp())
try:
    with hold_interrupts():
        print(ask(Path.cwd(), "status").decode())
except KeyboardInterrupt:
    print("interrupted")
"""


def test_git_answers_while_an_interrupt_waits_that_the_terminal_gives_to_all(
    tmp_path: Path,
) -> None:
    git = tmp_path / "git"
    git.write_text('#!/bin/sh\nkill -INT -"$GROUP"\necho answered\n')
    git.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", HEARD + ASKING],
        env={
            **os.environ,
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    assert (done.stdout.split(), done.returncode) == (["answered", "interrupted"], 0), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "name"),
    [
        *((command, "SIGINT") for command in ("add", "drop", "seal", "takedown", "build")),
        *(("add", name) for name in ("SIGTERM", "SIGHUP")),
    ],
)
def test_a_command_that_is_interrupted_once_it_replaced_something_does_not_say_nothing_was(
    command: str, name: str, world: World
) -> None:
    actor = {"actor_id": "port", "name": "Port", "actor_type": "agency"}
    words = [command]
    if command == "add":
        words += ["actor", "--actor-id", "port", "--name", "Port", "--actor-type", "agency"]
    elif command in ("drop", "seal"):
        world.add("actors", [actor])
        words += ["port"] if command == "drop" else ["--slug", "s", "--title", "T", "--method", "M"]
    elif command == "takedown":
        world.amend("claims", "C001-002", "A court ordered it.", note="Changed.")
        world.seal("order")
        words += ["C001-002", "--version", "1", "--reason", "Court order 1/2027."]
    done = world.run(*words, module="struck", STRUCK=name)
    said = "claimlog: interrupted; look whether it was done before you run it again"
    assert (done.returncode, done.stderr.strip().splitlines()[-1:]) == (1, [said]), done.stderr
    # it was done, and wholly
    opened = world.package.state / "open" / "actors.ndjson"
    assert opened.exists() == (command == "add")
    assert world.package.build.exists() == (command == "build")
    assert any(world.package.events.glob("*-s")) == (command == "seal")
    assert (world.root / "takedowns.json").exists() == (command == "takedown")
    assert ("left to do: git keeps" in done.stdout) == (command == "takedown")
    assert world.run("validate").returncode == 0


def test_an_interrupt_that_was_ignored_from_the_start_stays_ignored() -> None:
    code = "import os, signal\nfrom claimlog.interrupt_handler import handle_interrupts\n"
    code += "handle_interrupts(signal.SIGHUP)\nos.kill(os.getpid(), signal.SIGHUP)\nprint('on')"
    done = subprocess.run(
        ["nohup", sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.stdout == "on\n"
