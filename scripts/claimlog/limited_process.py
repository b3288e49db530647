"""A process of its own for what reads a stranger's files, under limits of time and memory.

A file can be made so that reading it takes forever or all memory there is. Whoever starts the
process says how much it may take. It connects to nothing, starts no other one once it said so, and
ends with its parent.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from claimlog.errors import ClaimlogError, Finding, FindingsError

ADDRESS_SPACE = 16 << 30
"""Address space beyond the limit of memory, for what libraries reserve and do not use."""

ANSWER_BYTES = 64 << 20
POLL_SECONDS = 0.02
TRIES = 500
NO_MEMORY = 77
"""Exit status of a process that ran out of memory and could still say so."""

REFUSED_EVENTS = (
    *("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname"),
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"),
)
"""Audit events of Python (PEP 578) that reading a file never needs."""


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
        more = f"if you trust where it comes from, raise the limits: --limits {2 * work.factor:g}"
        remedy = f"so {work.outcome}; {work.remedy or more}"
        if exceeded or status == NO_MEMORY:
            what = exceeded or f"more memory than {limits.memory / 1e9:.1f} GB or than there is"
            raise ClaimlogError(f"{work.name}: {work.gerund} it takes {what}, {remedy}")
        with contextlib.suppress(ValueError):
            answer: dict[str, Any] = json.loads(b"".join(received))
            if answer.get("findings"):
                found = [Finding(**finding) for finding in answer["findings"]]
                raise FindingsError(found, work.outcome)
            if "error" in answer:
                raise ClaimlogError(answer["error"])
            return answer
        complaints.seek(0)
        output = complaints.read()[-2000:].decode(errors="replace").strip().splitlines()
        why = output[-1][:200] if output else f"exit status {status}"
        raise ClaimlogError(f"{work.name}: {work.gerund} it ended early ({why}), {remedy}")


def _receive(answer: IO[bytes], received: list[bytes]) -> None:
    received.append(answer.read(ANSWER_BYTES))


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


def _set_limits(request: Mapping[str, Any]) -> None:
    """Set the limits of this process; they cannot be raised again."""
    import resource

    for name, value in (
        (resource.RLIMIT_AS, request["address_space"]),
        (resource.RLIMIT_FSIZE, request["written"]),
        # of all its threads; the parent looks at the clock
        (resource.RLIMIT_CPU, int((os.cpu_count() or 1) * request["seconds"]) + 60),
        (resource.RLIMIT_CORE, 0),
    ):
        _, most = resource.getrlimit(name)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        with contextlib.suppress(ValueError, OSError):  # macOS knows no limit of address space
            resource.setrlimit(name, (value, value))


def _end_with_parent(scratch: Path) -> Callable[[], None]:
    """End this process, and remove its scratch directory, when its parent ends.

    Returns
    -------
    callable
        To be called at the end of the work: waits for that, if the parent is gone already.
    """
    gone = threading.Event()

    def wait() -> None:
        while sys.stdin.buffer.read(1):
            pass
        gone.set()
        for _ in range(TRIES):  # another thread may be writing there yet
            shutil.rmtree(scratch, ignore_errors=True)
            if not scratch.exists():
                break
            time.sleep(POLL_SECONDS)
        os._exit(1)

    watcher = threading.Thread(target=wait, daemon=True)
    watcher.start()

    def finish() -> None:
        if gone.is_set() or not scratch.exists():
            watcher.join()

    return finish


def _refuse_event(event: str, _: object) -> None:
    """Refuse what a hostile file could try to bring about (an audit hook)."""
    if event in REFUSED_EVENTS:
        raise RuntimeError(f"a file wanted {event}, which reading it never needs")


Program = Callable[[Path, Path, Mapping[str, Any]], Mapping[str, Any]]
"""What a program does: its target, a scratch directory and the request give an answer."""


def answer_request(program: Program) -> None:
    """Do the work that standard input asks for, within limits; write the answer to standard output.

    `program` imports what it needs first: once it refused programs, no file that it reads can start
    one.
    """
    request = json.loads(sys.stdin.buffer.readline())
    _set_limits(request)
    target, scratch = requested_path(request, "target"), requested_path(request, "scratch")
    assert target is not None
    assert scratch is not None
    finish = _end_with_parent(scratch)
    answer: Mapping[str, Any]
    try:
        answer = program(target, scratch, request)
    except MemoryError:
        os._exit(NO_MEMORY)
    except FindingsError as error:
        answer = {"findings": [finding.as_dict() for finding in error.findings]}
    except ClaimlogError as error:
        answer = {"error": str(error)}
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        answer = {"error": f"{where}{error.strerror or error}; {request['outcome']}"}
    finish()
    try:
        sys.stdout.write(json.dumps(answer))
        sys.stdout.flush()
    except BrokenPipeError:
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)


def path_request(path: Path | None) -> str | None:
    """Return a path as a request holds it: its bytes need not be of any encoding."""
    return None if path is None else os.fsencode(path).hex()


def requested_path(request: Mapping[str, Any], name: str) -> Path | None:
    """Return a path of a request."""
    return None if request[name] is None else Path(os.fsdecode(bytes.fromhex(request[name])))


def refuse_programs() -> None:
    """Refuse from now on what a hostile file could try to bring about."""
    sys.addaudithook(_refuse_event)
