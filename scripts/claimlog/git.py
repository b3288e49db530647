"""Running git on a checkout that a stranger may have made. No other module starts git.

Whoever made a checkout wrote its ``.git/config``, which can name programs that git then runs:
``core.sshCommand`` and a promisor remote, ``core.fsmonitor``, filters, hooks, a diff driver, and
the same from a bare repository that is embedded in a clone. So git is asked only about the top
level of the checkout, with all of that switched off, and in limited time and memory.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from claimlog.errors import ClaimlogError

SECONDS = 300
"""How long one call of git may take: a repository can be made so that it never ends."""

LISTING, LISTING_SECONDS = ("ls-files", "check-ignore"), 30
"""The same for listing files, which needs a second for a million: it reads every ``.gitignore``,
and one can be a FIFO."""

MEMORY_BYTES = 2 << 30
"""Address space that git may take. Files below ``.git`` can be links to devices, and an object of
a few kilobytes can unpack to gigabytes. Git keeps no differences of files beyond 512 MiB, so that
two of them and the windows on its packs have room. macOS knows no such limit."""

ANSWER_BYTES = 64 << 20
"""Longest answer that is read, half a million paths; trees can be made that list without end."""

NO_COMMIT = ("Not a valid object name HEAD", "Needed a single revision")
"""What git says of the commit that is checked out where there is none."""

NOTHING_COMMITTED = "nothing is committed yet; commit with git first"

LIMITED = """{ ulimit -c 0 || :; ulimit -t "$1" || :; ulimit -v "$2" || :; } 2>/dev/null
shift 2; exec "$@"
"""
"""Shell script that runs a command for so many seconds in so many kilobytes; a limit that the
system does not know is passed over. Python's way of setting them between fork and exec can hang,
because libraries have threads."""

SETTINGS = {
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.hooksPath": os.devnull,
    "core.sshCommand": "false",
    "core.gitProxy": "",
    "core.askPass": "",
    "core.pager": "cat",
    "core.alternateRefsCommand": "false",
    "core.packedGitLimit": "256m",
    "core.packedGitWindowSize": "32m",
    "core.preloadIndex": "false",
    "index.threads": "1",
    "core.autocrlf": "false",
    "core.eol": "lf",
    "credential.helper": "",
    "diff.external": "",
    "log.showSignature": "false",
    "protocol.allow": "never",
    "safe.bareRepository": "explicit",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
}
"""What git takes from the command line instead of from the checkout's own configuration."""

ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
KEPT = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH")
"""Variables of git that name the user's own set-up; others could point at another repository."""


class CheckoutError(ClaimlogError):
    """Git cannot answer about a package: there is no checkout, no git, or git failed."""


class NoCheckoutError(CheckoutError):
    """There is no checkout, so that nothing is committed."""


class NoGitError(CheckoutError):
    """There is no git that could be asked: nobody knows what is committed."""


class NoCommitError(CheckoutError):
    """Nothing is committed yet."""


def ask(
    top: Path, *words: str, given: IO[bytes] | None = None, statuses: Sequence[int] = (0,)
) -> bytes:
    """Return what git answers about the checkout with this top level.

    Parameters
    ----------
    given
        What it reads from its standard input.
    statuses
        Exit statuses that are an answer.

    Raises
    ------
    CheckoutError
        If git is not there, fails, takes too long or answers too much.
    """
    with running(top, words, given, statuses) as answer:
        found = answer.read(ANSWER_BYTES + 1)
        if len(found) > ANSWER_BYTES:
            raise CheckoutError(f"git {words[0]}: answers more than {ANSWER_BYTES:,} bytes")
    return found


@contextmanager
def running(
    top: Path,
    words: Sequence[str],
    given: IO[bytes] | None = None,
    statuses: Sequence[int] = (0,),
) -> Iterator[IO[bytes]]:
    """Run git on the top level of a checkout and yield its standard output, which has no limit.

    Parameters
    ----------
    given
        Its standard input; empty by default.
    statuses
        Exit statuses that are no failure.

    Raises
    ------
    CheckoutError
        If git is not there (`NoGitError`), has no commit (`NoCommitError`), fails, or takes
        too long or too much memory.
    """
    program = shutil.which("git")
    if program is None:
        raise NoGitError("git is not installed")
    seconds = min(SECONDS, LISTING_SECONDS) if words[0] in LISTING else SECONDS
    limits = ["sh", "-c", LIMITED, "sh", str(seconds + 1), str(MEMORY_BYTES // 1024)]
    command = [*limits, program, "-C", str(top)]
    if words[0] != "init":
        command.append(f"--work-tree={top}")  # whatever core.worktree says
    for name, value in SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k in KEPT},
        **ENVIRONMENT,
        # .git of the top level and no other
        "GIT_CEILING_DIRECTORIES": str(top.parent),
    }
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [*command, *words],
            stdin=given or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            process_group=0,  # a terminal gives Ctrl-C to all of a group, and we may hold it back
        )
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, stop)
        timer.start()
        try:
            assert process.stdout is not None
            with process.stdout as answer:
                yield answer
            status = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            timer.cancel()
        if late.is_set():
            raise CheckoutError(f"git {words[0]}: did not answer within {seconds} seconds")
        if status not in statuses:
            errors.seek(0)
            said = _reason(errors.read(4096), top)
            if said in NO_COMMIT and any(word.startswith("HEAD") for word in words):
                raise NoCommitError(NOTHING_COMMITTED)
            raise CheckoutError(f"git {words[0]} failed: {said}")


def _reason(errors: bytes, top: Path) -> str:
    """Return what git said in a line, with the remedy where a checkout is somebody else's.

    A checkout can choose words of git's messages, so that no line of them is given as a command.
    """
    lines = [line.strip() for line in errors.decode(errors="replace").splitlines() if line.strip()]
    first = next((line for line in lines if line.startswith("fatal: ")), (lines or [""])[0])
    said = first.removeprefix("fatal: ").removeprefix("error: ") or "it gave no reason"
    if said.startswith("detected dubious ownership"):
        place = str(top.resolve())
        said += f"; if you trust it: git config --global --add safe.directory {shlex.quote(place)}"
    return said
