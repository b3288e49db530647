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
"""Lock file of hatchling and editables, which only building the wheel needs."""
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
# --no-deps: a file pins all that is needed, and not pip and setuptools, which packages ask for too
PINNED = ("--no-deps", "--require-hashes", "-r")
ITSELF = ("--no-deps", "--no-build-isolation", "--no-index", "-e", ".")
FORBIDDEN_CHARACTERS = '"$`\\\n:'
"""Characters that a checkout's path may not hold, because scripts name their Python by it."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment: its folder and its lock files, in the order of installation.

    The last file is `PROJECT` if this checkout itself is installed.
    """

    folder: str
    files: tuple[str, ...]
    purpose: str


ENVIRONMENTS = {
    "run": Environment(".venv", ("requirements.txt", BUILD, PROJECT), "pinned dependencies"),
    "texts": Environment(
        ".venv",
        ("requirements.txt", "requirements-texts.txt", BUILD, PROJECT),
        "pinned dependencies and what takes texts out of files",
    ),
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


def set_up_environment(root: Path, name: str, base: str) -> None:
    """Make an environment of the checkout at `root` whole, from the Python `base` if it is new.

    Raises
    ------
    SetupError
        If the checkout's path is unfit, or a program that sets it up fails.
    """
    environment = ENVIRONMENTS[name]
    folder = root / environment.folder
    if forbidden := sorted({*str(root)} & {*FORBIDDEN_CHARACTERS}):
        raise SetupError(
            f"the path of this checkout holds {' '.join(map(repr, forbidden))}, which the scripts "
            "of an environment cannot name; move the checkout to another path"
        )
    with hold_lock(root) as lock:
        if is_whole(root, name):
            return  # another process has just done it
        files_before = installed_files(root, folder)
        print(f"installing {environment.purpose} into {environment.folder}", flush=True)
        (folder / STAMP).unlink(missing_ok=True)
        if files_before is None:
            _run([base, "-m", "venv", "--clear", str(folder)], root, lock)
        for file in environment.files:
            what = ITSELF if file == PROJECT else (*PINNED, file)
            _run([str(folder / "bin" / "python"), *PIP, *what], root, lock)
        write_stamp(root, folder, {**(files_before or {}), **file_digests(root, environment.files)})


def is_whole(root: Path, name: str) -> bool:
    """Whether an environment is there and holds what its files say."""
    environment = ENVIRONMENTS[name]
    files_before = installed_files(root, root / environment.folder)
    return (
        files_before is not None
        and file_digests(root, environment.files).items() <= files_before.items()
    )


def installed_files(root: Path, folder: Path) -> dict[str, str] | None:
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


def write_stamp(root: Path, folder: Path, files: dict[str, str]) -> None:
    """Write the file that marks an environment as completely installed."""
    fresh = folder / f"{STAMP}-new"
    fresh.write_text(json.dumps({"checkout": str(root), "files": files}, indent=1) + "\n", "utf-8")
    fresh.replace(folder / STAMP)


def file_digests(root: Path, files: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of files of the checkout."""
    return {name: sha256((root / name).read_bytes()).hexdigest() for name in files}


@contextmanager
def hold_lock(root: Path) -> Iterator[int]:
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
        set_up_environment(ROOT, options.name, sys.executable)
    except KeyboardInterrupt:
        print("make: interrupted; run it again to go on", file=sys.stderr)
        return 130
    except (SetupError, OSError) as error:
        print(f"make: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
