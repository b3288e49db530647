"""Virtual environments of this checkout, set up so that a kill cannot leave half of one behind.

``python -m venv`` and pip write in place, so what a kill leaves behind looks like an environment. A
stamp says that one is whole: it goes before anything is changed and comes back at the end, and an
environment without it is made from nothing. One lock lets one process set up at a time; the child
processes hold it too, so that nobody starts while a pip whose parent was killed is still writing.

Only the standard library is used here: nothing is installed yet.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ".venv.lock"
STAMP = ".whole"
PROJECT = "pyproject.toml"
BUILD = "requirements-build.txt"
"""What pip builds this checkout with: its own lock file, because claimlog runs without it."""
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
# --no-deps: a file pins all that is needed, and not pip and setuptools, which packages ask for too
PINNED = ("--no-deps", "--require-hashes", "-r")
ITSELF = ("--no-deps", "--no-build-isolation", "--no-index", "-e", ".")
UNFIT = '"$`\\\n:'
"""What a checkout's path may not hold: the scripts of an environment begin with it."""


@dataclass(frozen=True)
class Environment:
    """Where an environment lies and the files that say what is in it; the last is `PROJECT` if
    this checkout itself is installed."""

    folder: str
    files: tuple[str, ...]
    purpose: str


ENVIRONMENTS = {
    "run": Environment(".venv", ("requirements.txt", BUILD, PROJECT), "pinned dependencies"),
    "dev": Environment(
        ".venv",
        ("requirements.txt", "requirements-dev.txt", BUILD, PROJECT),
        "pinned dependencies and what tests and checks need",
    ),
    # the validators of descriptors want other versions of libraries than ours, so they live apart
    "validators": Environment(
        ".venv/validators", ("requirements-validators.txt",), "the validators of descriptors"
    ),
    # Spark is large and few need it, so it lives apart as well
    "spark": Environment(".venv/spark", ("requirements-spark.txt", BUILD, PROJECT), "Spark"),
}


class SetupError(Exception):
    """An environment cannot be made; the message is one line."""


def prepare(root: Path, name: str, base: str) -> None:
    """Make an environment of the checkout at `root` whole, from the Python `base` if it is new.

    Raises
    ------
    SetupError
        If the checkout's path is unfit, or a program that sets it up fails.
    """
    wanted = ENVIRONMENTS[name]
    folder = root / wanted.folder
    if unfit := sorted({character for character in str(root) if character in UNFIT}):
        raise SetupError(
            f"the path of this checkout holds {' '.join(map(repr, unfit))}, which the scripts of "
            "an environment cannot name; move the checkout to another path"
        )
    with locked(root) as lock:
        if is_whole(root, name):
            return  # another process has just done it
        held = installed(root, folder)
        print(f"installing {wanted.purpose} into {wanted.folder}", flush=True)
        (folder / STAMP).unlink(missing_ok=True)
        if held is None:
            _run([base, "-m", "venv", "--clear", str(folder)], root, lock)
        for file in wanted.files:
            what = ITSELF if file == PROJECT else (*PINNED, file)
            _run([str(folder / "bin" / "python"), *PIP, *what], root, lock)
        stamp(root, folder, {**(held or {}), **digests(root, wanted.files)})


def is_whole(root: Path, name: str) -> bool:
    """Whether an environment is there and holds what its files say."""
    wanted = ENVIRONMENTS[name]
    held = installed(root, root / wanted.folder)
    return held is not None and digests(root, wanted.files).items() <= held.items()


def installed(root: Path, folder: Path) -> dict[str, str] | None:
    """Return the files that were installed, with their digests, or None if it is not whole."""
    try:
        found = json.loads((folder / STAMP).read_text("utf-8"))
        checkout = found["checkout"]
        files = {str(name): str(digest) for name, digest in found["files"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    # a checkout that was moved, or whose Python was removed, has no environment
    usable = checkout == str(root) and (folder / "bin" / "python").exists()
    return files if usable else None


def stamp(root: Path, folder: Path, files: dict[str, str]) -> None:
    """Say that an environment is whole."""
    fresh = folder / f"{STAMP}-new"
    fresh.write_text(json.dumps({"checkout": str(root), "files": files}, indent=1) + "\n", "utf-8")
    fresh.replace(folder / STAMP)


def digests(root: Path, files: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of files of the checkout."""
    return {name: sha256((root / name).read_bytes()).hexdigest() for name in files}


@contextmanager
def locked(root: Path) -> Iterator[int]:
    """Hold the lock of the checkout's environments; yields the descriptor that holds it."""
    descriptor = os.open(root / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("waiting for another make, which sets up an environment", flush=True)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _run(command: Sequence[str], root: Path, lock: int) -> None:
    try:
        done = subprocess.run(command, cwd=root, pass_fds=(lock,), check=False)
    except OSError as error:
        raise SetupError(f"{command[0]}: cannot be run ({error.strerror})") from error
    if done.returncode:
        raise SetupError(f"{' '.join(command[1:4])} failed; mend what it says and run make again")


def main(words: Sequence[str] | None = None) -> int:
    """Set up an environment, or with ``--whole`` say by the exit status whether it is there."""
    parser = argparse.ArgumentParser(prog="environment.py", description=__doc__)
    parser.add_argument("name", choices=ENVIRONMENTS)
    parser.add_argument("--whole", action="store_true")
    options = parser.parse_args(words)
    try:
        if options.whole:
            return 0 if is_whole(ROOT, options.name) else 1
        prepare(ROOT, options.name, sys.executable)
    except KeyboardInterrupt:
        print("make: interrupted; run it again to go on", file=sys.stderr)
        return 130
    except (SetupError, OSError) as error:
        print(f"make: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
