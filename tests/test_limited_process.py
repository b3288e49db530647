"""How a process within limits may end, and what is said of each end: what happened, what to do."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from claimlog import limited_process, limited_worker
from claimlog.errors import ClaimlogError
from claimlog.limited_process import LimitedWork, Limits, path_request, run_limited

HEAD = """
import os, signal, sys
from claimlog.limited_worker import answer_request
"""
TAIL = """
if __name__ == "__main__":
    answer_request(work)
"""


def answer_of(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the answer of a program with this body."""
    name = f"program_{abs(hash(body))}"
    code = f"{HEAD}\ndef work(target, scratch, request):\n    {body}\n{TAIL}"
    (tmp_path / f"{name}.py").write_text(code, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    limits = Limits(30, 1 << 30, 1 << 20)
    work = LimitedWork(name, "gift.zip", "applying", "nothing was written", limits)
    request = {"target": path_request(tmp_path), "scratch": path_request(tmp_path)}
    return run_limited(work, request)


def end_of(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the line that is said of a program with this body."""
    with pytest.raises(ClaimlogError) as caught:
        answer_of(body, tmp_path, monkeypatch)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith("gift.zip: applying it ")
    assert "so nothing was written; " in said
    return said


@pytest.mark.usefixtures("fresh_programs")
def test_a_process_that_answered_ends_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    class Started(subprocess.Popen[bytes]):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            started.append(self)

    monkeypatch.setattr(limited_process.subprocess, "Popen", Started)
    assert answer_of("return {'is': 'done'}", tmp_path, monkeypatch) == {"is": "done"}
    assert [process.returncode for process in started] == [0]


@pytest.mark.parametrize("named", [True, False], ids=["a file", "no file"])
@pytest.mark.parametrize("is_out", [True, False], ids=["out", "scratch"])
def test_the_disk_that_is_full_is_named(
    named: bool, is_out: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, scratch = tmp_path / "published" / "site", tmp_path / "tmp" / "claimlog-1"
    full = out if is_out else scratch

    def usage(folder: Path) -> SimpleNamespace:
        return SimpleNamespace(free=0 if folder == full.parent else 1 << 30)

    monkeypatch.setattr(limited_worker.shutil, "disk_usage", usage)
    error = OSError(errno.ENOSPC, "No space left on device")
    if named:
        error.filename = str(full.with_name(".site-new-1-0") / "a" if is_out else full / "a")
    where, remedy = limited_worker._full_folder(error, scratch, out)
    assert where == (out if is_out else scratch.parent)
    assert remedy.startswith("make room there")
    assert ("TMPDIR" in remedy) is not is_out


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_programs")
@pytest.mark.parametrize(
    ("body", "what", "remedy"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "was ended by the system", "run this again"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "crashed a library with SIGSEGV", "get the file"),
        ("os.abort()", "crashed a library with SIGABRT", "get the file again"),
        ("raise KeyError('claims')", "failed at something", "report this line"),
        ("raise MemoryError", "more memory than", "--limits 2"),
        ("raise OSError(12, os.strerror(12), '/lib/x')", "more memory than", "--limits 2"),
        (
            "raise ImportError('x.so: failed to map segment from shared object')",
            "more memory than",
            "--limits 2",
        ),
        ('raise RuntimeError("can\'t start new thread")', "more memory than", "--limits 2"),
        (
            "os.write(2, b'memory allocation of 9 bytes failed'); os.abort()",
            "more mem",
            "--limits 2",
        ),
        (
            "(scratch / 'x').write_bytes(b'a' * 2_000_000)",
            "files of more than 1,048,576",
            "--limits",
        ),
        ("os._exit(3)", "(exit status 3)", "report this line"),
        ("return {'text': 'a' * (100 << 20)}", "gives more than 67,108,864 bytes", "split it"),
        ("raise ValueError('\\x1b]0;owned\\x07')", r"(ValueError: \x1b]0;owned\x07)", "report"),
    ],
)
def test_how_a_process_ended_is_one_line_that_says_why_and_what_to_do(
    body: str, what: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = end_of(body, tmp_path, monkeypatch)
    assert what in said
    assert remedy in said.partition("; ")[2]


@pytest.mark.parametrize("number", [*signal.Signals, 64])
def test_every_signal_has_a_line(number: int) -> None:
    work = LimitedWork("none", "gift.zip", "applying", "nothing was written", Limits(1, 1, 1))
    said = limited_process._sudden_end(work, -number, "", "so nothing was written; raise them")
    assert said.startswith("gift.zip: applying it ")
    assert "so nothing was written; " in said
    assert "ended early" not in said
