"""A process of its own for what reads a stranger's files, under limits of time and memory.

A file can be made so that reading it takes forever or all memory there is. Whoever starts the
process says how much it may take. It connects to nothing, starts no other one once it said so, and
ends with its parent.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from claimlog.command_limits import how_to_raise
from claimlog.errors import OUT_OF_MEMORY, ClaimlogError, Finding, FindingsError
from claimlog.escaping import printable_line

ADDRESS_SPACE = 16 << 30
"""Address space beyond the limit of memory, for what libraries reserve and do not use."""

ANSWER_BYTES = 64 << 20
COMPLAINT_BYTES = 2_000
POLL_SECONDS = 0.02
NO_MEMORY = 77
"""Exit status of a process that ran out of memory and could still say so."""

EXCEEDED = "exceeded"
"""Key of answers: what was reached of a limit that the program itself looks at."""

FAILED = "failed"
"""Key of answers: the error of a program that did not expect what it read."""


@dataclass(frozen=True)
class Limits:
    """Limits of a process: seconds of the clock, bytes of memory, bytes of a written file."""

    seconds: float
    memory: int
    written: int


@dataclass(frozen=True)
class LimitedWork:
    """What a process is started for, as messages name it.

    Attributes
    ----------
    program
        The module that is run as a program; it calls `answer_request`.
    name
        Of the file or directory that it works on.
    gerund
        What it does with that, as "verifying".
    outcome
        What did not happen when it failed, as "nothing was verified".
    factor
        By which the user multiplied the limits.
    remedy
        What to do where the limits cannot be multiplied.
    """

    program: str
    name: str
    gerund: str
    outcome: str
    limits: Limits
    factor: float = 1
    remedy: str | None = None


def run_limited(work: LimitedWork, request: Mapping[str, Any]) -> dict[str, Any]:
    """Run a program on a request, stop it at a limit, and return its answer.

    Parameters
    ----------
    request
        What the program needs to know; ``scratch`` is a directory that is gone when it ends early.

    Raises
    ------
    FindingsError, ClaimlogError
        If it reached a limit, ended early, or says that it failed.
    """
    limits = work.limits
    request = {
        **request,
        "outcome": work.outcome,
        "seconds": limits.seconds,
        "address_space": limits.memory + ADDRESS_SPACE,
        "written": limits.written,
    }
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    with tempfile.TemporaryFile() as complaints:
        # -P: a module that lies in the current directory is a stranger's too
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", work.program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=environment,
        )
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            # it stays open: when it closes, because this process is no more, the other ends
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        assert process.stdout is not None
        received: list[bytes] = []
        reader = threading.Thread(target=_receive, args=(process.stdout, received), daemon=True)
        reader.start()
        exceeded = None
        try:
            exceeded = _watch(process, limits)
        finally:
            process.kill()
            status = process.wait()
            reader.join()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
        more = work.remedy or how_to_raise("--limits ", work.factor)
        remedy = f"so {work.outcome}; {more}"
        if exceeded or status == NO_MEMORY:
            what = exceeded or _memory_limit(limits)
            raise ClaimlogError(f"{work.name}: {work.gerund} it takes {what}, {remedy}")
        if len(received[0]) > ANSWER_BYTES:
            raise ClaimlogError(
                f"{work.name}: {work.gerund} it gives more than {ANSWER_BYTES:,} bytes, "
                f"so {work.outcome}; split it"
            )
        with contextlib.suppress(ValueError):
            answer: dict[str, Any] = json.loads(received[0])
            if EXCEEDED in answer:
                what = answer[EXCEEDED]
                raise ClaimlogError(f"{work.name}: {work.gerund} it takes {what}, {remedy}")
            if FAILED in answer:
                raise ClaimlogError(_sudden_end(work, 1, str(answer[FAILED]), remedy))
            if answer.get("findings"):
                found = [Finding(**finding) for finding in answer["findings"]]
                raise FindingsError(found, work.outcome)
            if "error" in answer:
                raise ClaimlogError(answer["error"])
            return answer
        complaints.seek(0, os.SEEK_END)
        complaints.seek(max(0, complaints.tell() - COMPLAINT_BYTES))
        output = complaints.read().decode(errors="replace").strip().splitlines()
        # the interpreter names an error of its own before it lists the threads
        fatal = [line for line in output if line.startswith("Fatal Python error")]
        raise ClaimlogError(_sudden_end(work, status, [*fatal, *output[-1:], ""][0], remedy))


def _memory_limit(limits: Limits) -> str:
    return f"more memory than {limits.memory / 1e9:.1f} GB or than there is"


def _sudden_end(work: LimitedWork, status: int, complaint: str, remedy: str) -> str:
    """Return what happened to a process that ended without an answer, and what to do.

    Parameters
    ----------
    status
        Its exit status; that of a signal is negative, as `subprocess` gives it.
    complaint
        The last line of its standard error.
    remedy
        What to do about a limit.
    """
    said = printable_line(complaint)[:200]
    where = f"{work.name}: {work.gerund} it"
    if any(words in complaint for words in OUT_OF_MEMORY):
        return f"{where} takes {_memory_limit(work.limits)}, {remedy}"
    if status == -signal.SIGXCPU:
        return f"{where} takes more time of the processor than it may, {remedy}"
    if status == -signal.SIGKILL:
        return (
            f"{where} was ended by the system, as where memory runs out, or by somebody else "
            f"(SIGKILL), so {work.outcome}; end other programs and run this again"
        )
    if status in (-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP):
        name = signal.Signals(-status).name
        return f"{where} was ended from outside ({name}), so {work.outcome}; run this again"
    because = f" ({said})" if said else ""
    again = "get the file again from where it was published, or make it anew if it is yours"
    if status < 0:
        name = signal.Signals(-status).name if -status in {*signal.Signals} else f"signal {-status}"
        return (
            f"{where} crashed a library with {name}{because}, which no sound file does, so "
            f"{work.outcome}; {again}"
        )
    because = because or f" (exit status {status})"
    return (
        f"{where} failed at something that no sound file holds{because}, so {work.outcome}; "
        f"{again}, and if it is sound report this line"
    )


def _receive(answer: IO[bytes], received: list[bytes]) -> None:
    """Receive an answer, and read on where it is too long: the program waits until it is read."""
    received.append(answer.read(ANSWER_BYTES + 1))
    while answer.read(1 << 20):
        pass


def _watch(process: subprocess.Popen[bytes], limits: Limits) -> str | None:
    """Wait for a process; return the limit that it reached, if one."""
    end = time.monotonic() + limits.seconds
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(POLL_SECONDS)
            return None
        if _resident_bytes(process.pid) > limits.memory:
            return f"more memory than {limits.memory / 1e9:.1f} GB"
        if time.monotonic() > end:
            return f"longer than {limits.seconds:.0f} seconds"


def _resident_bytes(process: int) -> int:
    """Return the resident memory of a process in bytes; 0 where the system does not say."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        pass
    try:
        answer = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=False
        )
        return int(answer.stdout or 0) * 1024
    except (OSError, ValueError):
        return 0


def path_request(path: Path | None) -> str | None:
    """Return a path as a request holds it: its bytes need not be of any encoding."""
    return None if path is None else os.fsencode(path).hex()
