"""Running a program that codes: no shell, a stated time and size, and nothing of it left."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from claimlog.environment_variables import user_environment
from claimlog.errors import ClaimlogError, UsageError
from claimlog.escaping import plain_line

OUTPUT_BYTES = 64 << 20
"""Bytes that it may write, and say of errors: a book of twenty thousand claims has 20 MB."""

ERROR_BYTES = 4_096
PIECE_BYTES, POLL_SECONDS = 1 << 16, 0.05
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
    end = time.monotonic() + seconds
    with tempfile.TemporaryFile() as feed, tempfile.TemporaryFile() as said:
        feed.write(given)
        feed.seek(0)
        process = subprocess.Popen(
            words,
            stdin=feed,
            stdout=subprocess.PIPE,
            stderr=said,
            env=user_environment(),
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            with process.stdout as stream:
                output = _read_bounded(process, stream.fileno(), said, end)
            if max(len(output), os.fstat(said.fileno()).st_size) > OUTPUT_BYTES:
                raise ClaimlogError(f"{name}: wrote more than {OUTPUT_BYTES:,} bytes; {NOTHING}")
            status = process.wait(max(0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise ClaimlogError(
                f"{name}: took longer than {seconds:g} s; give it more: --seconds; {NOTHING}"
            ) from None
        finally:
            _end(process)
            process.wait()
        if status != 0:
            raise ClaimlogError(f"{name}: ended with status {status}{_last_line(said)}; {NOTHING}")
    return output


def _read_bounded(
    process: subprocess.Popen[bytes], stream: int, said: IO[bytes], end: float
) -> bytes:
    """Read what a program and what it started write, until all of them end or it is too much.

    What went into a session of its own may hold the stream open for ever; it is not waited for.

    Parameters
    ----------
    said
        The file of its error output, which is too much at the same size.
    end
        When to give up, by the monotonic clock.

    Raises
    ------
    subprocess.TimeoutExpired
        If they take longer.
    """
    pieces, size = [], 0
    while size <= OUTPUT_BYTES and os.fstat(said.fileno()).st_size <= OUTPUT_BYTES:
        if time.monotonic() > end:
            raise subprocess.TimeoutExpired(process.args, 0)
        has_ended = process.poll() is not None and not _has_group(process)
        if select.select([stream], [], [], 0 if has_ended else POLL_SECONDS)[0]:
            piece = os.read(stream, PIECE_BYTES)
            pieces.append(piece)
            size += len(piece)
            if not piece:
                break
        elif has_ended:
            break
    return b"".join(pieces)


def _has_group(process: subprocess.Popen[bytes]) -> bool:
    """Whether a program, or what it started and left in its group, is there."""
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program with all that it started, but for what went into a session of its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _last_line(said: IO[bytes]) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - ERROR_BYTES))
    lines = said.read().decode("utf-8", "replace").strip().splitlines()
    return f" ({plain_line(lines[-1])[:200]})" if lines else ""
