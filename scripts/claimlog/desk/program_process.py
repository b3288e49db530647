"""Running a program that codes: no shell, a stated time and size, and nothing of it left."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from claimlog.errors import ClaimlogError, UsageError
from claimlog.escaping import plain_line

OUTPUT_BYTES = 64 << 20
"""Bytes that it may write: a book of twenty thousand claims has some twenty."""

ERROR_BYTES = 4_096
NOTHING = "nothing was coded"


def command_words(command: str) -> list[str]:
    """Return a program's path and its arguments, parted as a shell parts them.

    Raises
    ------
    UsageError
        If there is no such program.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--with: {error}") from error
    program = shutil.which(words[0]) if words else None
    if program is None:
        shown = plain_line(words[0])[:100] if words else "nothing"
        raise UsageError(f"--with: there is no program {shown}")
    return [str(Path(program).absolute()), *words[1:]]


def run_program(words: Sequence[str], given: bytes, seconds: float) -> bytes:
    """Run a program and return what it writes on its standard output.

    Raises
    ------
    ClaimlogError
        If it takes too long, writes too much, or fails.
    """
    name = Path(words[0]).name
    with tempfile.TemporaryFile() as feed, tempfile.TemporaryFile() as said:
        feed.write(given)
        feed.seek(0)
        process = subprocess.Popen(
            words, stdin=feed, stdout=subprocess.PIPE, stderr=said, start_new_session=True
        )
        timer = threading.Timer(seconds, _end, [process])
        timer.start()
        try:
            assert process.stdout is not None
            output = _read_bounded(process.stdout)
            if len(output) > OUTPUT_BYTES:
                raise ClaimlogError(f"{name}: wrote more than {OUTPUT_BYTES:,} bytes; {NOTHING}")
            status = process.wait()
        finally:
            was_ended = not timer.is_alive()
            timer.cancel()
            _end(process)
            process.wait()
        if was_ended:
            raise ClaimlogError(
                f"{name}: took longer than {seconds:g} s; give it more: --seconds; {NOTHING}"
            )
        if status != 0:
            raise ClaimlogError(f"{name}: ended with status {status}{_last_line(said)}; {NOTHING}")
    return output


def _read_bounded(stream: IO[bytes]) -> bytes:
    pieces, size = [], 0
    while size <= OUTPUT_BYTES and (piece := stream.read(1 << 16)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program with all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _last_line(said: IO[bytes]) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - ERROR_BYTES))
    lines = said.read().decode("utf-8", "replace").strip().splitlines()
    return f" ({plain_line(lines[-1])[:200]})" if lines else ""
