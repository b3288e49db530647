"""The program that runs in a `claimlog.limited_process`: its limits, its end, and its answer."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from claimlog.errors import (
    FULL,
    MAKE_ROOM,
    ClaimlogError,
    FindingsError,
    is_out_of_memory,
    reason,
    write_remedy,
)
from claimlog.limited_process import EXCEEDED, FAILED, NO_MEMORY, POLL_SECONDS

TRIES = 500
SAID = 1_000
"""Characters of an error that are passed on."""
REFUSED_EVENTS = (
    *("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"),
    *("socket.getaddrinfo", "socket.getnameinfo", "socket.gethostbyname", "socket.gethostbyaddr"),
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"),
    *("sqlite3.enable_load_extension", "sqlite3.load_extension", "sys.remote_exec"),
)
"""Audit events of Python (PEP 578) that reading a file never needs."""

START = "subprocess.Popen"
LOAD = "ctypes.dlopen"
"""Is refused for a library; without a name it is this program itself, which `ctypes` asks for."""

NO_FOREIGN_MODULES = ("-I", "-P")
"""Options of Python with which it imports nothing that lies in the current directory."""


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
        # not by sys.stdin, whose lock an interpreter that ends would wait for, and abort
        while os.read(sys.stdin.fileno(), 1):
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


def _is_own_program(values: Sequence[Any], own: Sequence[Path]) -> bool:
    """Whether a process to start (what `subprocess.Popen` audits) runs one of some programs."""
    executable, words, *_ = values
    interpreter, option, program = [*words[:3], *[""] * 3][:3]
    return (
        executable == interpreter == sys.executable
        and option in NO_FOREIGN_MODULES
        and program in {*map(str, own)}
    )


def _full_folder(error: OSError, scratch: Path, out: Path | None) -> tuple[Path, str]:
    """Return where there is no room, and what to do: beside `out`, or where scratch files lie.

    The system names a file only when it is opened; else the directory with less room is taken.
    """
    if out is None:
        is_out = False
    elif error.filename:
        is_out = not Path(os.fsdecode(error.filename)).is_relative_to(scratch)
    else:
        is_out = shutil.disk_usage(out.parent).free < shutil.disk_usage(scratch.parent).free
    return (out, write_remedy(error)) if out and is_out else (scratch.parent, MAKE_ROOM)


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
    except FindingsError as error:
        answer = {"findings": [finding.as_dict() for finding in error.findings]}
    except ClaimlogError as error:
        answer = {"error": str(error)}
    except OSError as error:
        if is_out_of_memory(error):
            os._exit(NO_MEMORY)
        elif error.errno == errno.EFBIG:
            answer = {EXCEEDED: f"files of more than {request['written']:,} bytes"}
        elif error.errno in FULL:
            full, remedy = _full_folder(error, scratch, requested_path(request, "out"))
            answer = {"error": f"{full}: is full ({reason(error)}); {remedy}; {request['outcome']}"}
        else:
            where = f"{error.filename}: " if error.filename else ""
            answer = {"error": f"{where}{error.strerror or error}; {request['outcome']}"}
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # of a library: a panic of Rust's is no Exception
        if is_out_of_memory(error):
            os._exit(NO_MEMORY)
        answer = {FAILED: f"{type(error).__name__}: {str(error)[:SAID]}"}
    finish()
    try:
        sys.stdout.write(json.dumps(answer))
        sys.stdout.flush()
    except BrokenPipeError:
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)


def requested_path(request: Mapping[str, Any], name: str) -> Path | None:
    """Return a path of a request."""
    return None if request[name] is None else Path(os.fsdecode(bytes.fromhex(request[name])))


def refuse_programs(*own: Path) -> None:
    """Refuse from now on what a hostile file could try to bring about.

    Parameters
    ----------
    own
        Programs of ours that may be started all the same, each by its path, in a process that
        reads no modules from the current directory.
    """

    def refuse_event(event: str, values: Sequence[Any]) -> None:
        is_own = event == START and _is_own_program(values, own)
        if (event in REFUSED_EVENTS and not is_own) or (event == LOAD and values[0] is not None):
            raise RuntimeError(f"a file wanted {event}, which reading it never needs")

    sys.addaudithook(refuse_event)
