"""Running git on a checkout that a stranger may have made. No other module starts git.

Whoever made a checkout wrote its ``.git/config``, which can name programs that git then runs:
``core.sshCommand`` and a promisor remote, ``core.fsmonitor``, filters, hooks, a diff driver, and
the same from a bare repository that is embedded in a clone. So git is asked only about the top
level of the checkout, with all of that switched off, and for a limited time.
"""

from __future__ import annotations

import os
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

LISTING_SECONDS = 30
"""The same for listing files, which needs a second for a million: it reads every ``.gitignore``,
and one can be a FIFO."""

ANSWER_BYTES = 256 << 20
"""Longest answer that is read, some millions of paths; trees can be made that list without end."""

SETTINGS = {
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.hooksPath": os.devnull,
    "core.sshCommand": "false",
    "core.gitProxy": "",
    "core.askPass": "",
    "core.pager": "cat",
    "core.alternateRefsCommand": "false",
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


def ask(top: Path, *words: str) -> bytes:
    """Return what git answers about the checkout with this top level.

    Raises
    ------
    CheckoutError
        If git is not there, fails, takes too long or answers too much.
    """
    with running(top, words) as answer:
        found = answer.read(ANSWER_BYTES + 1)
        if len(found) > ANSWER_BYTES:
            raise CheckoutError(f"git {words[0]}: answers more than {ANSWER_BYTES:,} bytes")
    return found


@contextmanager
def running(top: Path, words: Sequence[str], given: IO[bytes] | None = None) -> Iterator[IO[bytes]]:
    """Run git on the top level of a checkout and yield its standard output, which has no limit.

    Parameters
    ----------
    given
        Its standard input; empty by default.

    Raises
    ------
    CheckoutError
        If git is not there, fails, or takes too long.
    """
    command = ["git", "-C", str(top)]
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
        try:
            process = subprocess.Popen(
                [*command, *words],
                stdin=given or subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
            )
        except FileNotFoundError:
            raise CheckoutError("git is not installed") from None
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        seconds = min(SECONDS, LISTING_SECONDS) if words[0] == "ls-files" else SECONDS
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
        if status:
            errors.seek(0)
            raise CheckoutError(f"git {words[0]} failed: {_reason(errors.read(4096))}")


def _reason(errors: bytes) -> str:
    """Return what git said in a line, with git's own remedy where it gives one."""
    lines = [line.strip() for line in errors.decode(errors="replace").splitlines() if line.strip()]
    said = (
        lines[0].removeprefix("fatal: ").removeprefix("error: ") if lines else "it gave no reason"
    )
    remedy = next((line for line in lines[1:] if line.startswith("git config")), None)
    return f"{said}; if you trust it: {remedy}" if remedy else said
