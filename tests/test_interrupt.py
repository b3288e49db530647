"""Ctrl-C on a terminal: servers end well, other commands in one line, nothing in a traceback."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import socket
import subprocess
import sys
import termios
import threading
import time

import pytest

from conftest import World


def interrupted(world: World, *words: str, until: str, after: float) -> tuple[int, str]:
    """Run claimlog on a terminal, type Ctrl-C some seconds after it printed something."""
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
    while until.encode() not in b"".join(printed) and time.monotonic() < deadline:
        assert process.poll() is None, b"".join(printed)
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


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@pytest.mark.parametrize(("until", "after"), [("stop with Ctrl-C", 0.2), ("startup complete", 0.2)])
def test_a_server_that_is_ended_by_ctrl_c_ends_well(
    tiny_build: World, until: str, after: float
) -> None:
    words = ("serve", "--port", free_port())
    status, printed = interrupted(tiny_build, *words, until=until, after=after)
    assert status == 0, printed
    assert "Traceback" not in printed
    assert "KeyboardInterrupt" not in printed


def test_a_desk_that_is_ended_by_ctrl_c_ends_well(tiny_build: World) -> None:
    words = ("desk", "--texts", str(tiny_build.texts), "--port", free_port())
    status, printed = interrupted(tiny_build, *words, until="stop with Ctrl-C", after=0.5)
    assert status == 0, printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("after", [0.1, 0.4])
def test_another_command_ends_in_one_line(tiny_build: World, after: float) -> None:
    words = ("verify", "--texts", str(tiny_build.texts))
    status, printed = interrupted(tiny_build, *words, until="", after=after)
    assert (status, "Traceback" in printed) == (1, False), printed
    said = re.sub(r"\x1b\[[0-9;]*m|\^C", "", printed).split("\r\n")
    assert [one for one in said if one] == ["claimlog: interrupted; nothing was replaced"]
