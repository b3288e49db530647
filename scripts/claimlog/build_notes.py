"""Whether a build is still what was built: its files' stat signatures, else their hashes.

When a build is complete, how each of its files looks (`StatSignature`) is noted beside it, in
``.claimlog/cache/builds.json``, because the bytes of a build depend on the log alone. A file that
looks otherwise, or of which nothing is noted, as after a copy, is hashed and compared with what the
build says of itself: its descriptor gives the hash of every table, and `FINGERPRINT_FILE` those
of the descriptor and of Datasette's files. Imports nothing heavy, so that an unchanged build
answers at once.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.files import write_durably
from claimlog.fingerprint import StatSignature
from claimlog.limits import FILE_BYTES
from claimlog.package import DESCRIPTOR, Package, read_json
from claimlog.state import require_own_state, state_folder
from claimlog.strict_json import json_digest
from claimlog.untrusted_files import read_regular

FINGERPRINT_FILE = "datasette/inputs.sha256"
"""The fingerprint of a build's inputs; the hashes of `UNLISTED`, as ``sha256sum`` writes them."""

UNLISTED = (DESCRIPTOR, "datasette/metadata.json", "datasette/inspect.json")
"""Files of a build that its descriptor does not list."""

NOTES = "cache/builds.json"


def write_fingerprint(folder: Path, mark: str) -> None:
    """Write the last file of a build: what it was built from, and the hashes of `UNLISTED`."""
    hashes = [f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}" for name in UNLISTED]
    (folder / FINGERPRINT_FILE).write_text("\n".join([mark, *hashes]) + "\n", "utf-8")


@dataclass(frozen=True)
class BuildRecord:
    """What a build was made from, and what its validation counted, for bringing it up to date.

    Attributes
    ----------
    mark
        Fingerprint of its inputs.
    code
        Fingerprint of the code, schemas and libraries.
    size, root
        Number of rows, and the root over them, hex.
    releases
        The releases (version, rows) that the log had.
    checked
        How many rows of claims each rule checked.
    """

    mark: str
    code: str
    size: int
    root: str
    releases: tuple[tuple[str, int], ...]
    checked: dict[str, int]

    @classmethod
    def load(cls, found: dict[str, Any]) -> BuildRecord:
        """Return what `asdict` gave; raises KeyError or TypeError for anything else."""
        releases = tuple((str(version), int(size)) for version, size in found["releases"])
        return cls(**{**found, "releases": releases})


def note_build(package: Package, out: Path, record: BuildRecord | None = None) -> None:
    """Note how the files of a complete build look, and what it was made from.

    It is as good without: then the files are hashed, and the next build is made anew.
    """
    with suppress(OSError, ClaimlogError):
        _save(package, out, _look(out), record)


def read_build_record(package: Package, out: Path) -> BuildRecord | None:
    """Return what was noted of a build of the whole log; None if that is not known."""
    try:
        return BuildRecord.load(_noted(package)[package.relative(out)]["record"])
    except (ClaimlogError, KeyError, TypeError, ValueError, AttributeError):
        return None


def is_current(package: Package, out: Path, mark: str) -> bool:
    """Whether `out` was built from the inputs that `mark` is the fingerprint of, and is intact."""
    try:
        if _read_mark(out)[0] != mark:
            return False
        now = _look(out)
        noted = _load(package, out)
        doubted = [path for path in now if path not in noted or not noted[path].same(now[path])]
        if not doubted and noted.keys() == now.keys():
            return True
        if not _hold(out, now, doubted):
            return False
        with suppress(OSError, ClaimlogError):
            _save(package, out, now, read_build_record(package, out))
    except (ClaimlogError, OSError, KeyError, TypeError, ValueError, AttributeError):
        return False
    return True


def _read_mark(out: Path) -> list[str]:
    return (
        read_regular(out / FINGERPRINT_FILE, FINGERPRINT_FILE, FILE_BYTES)
        .decode("utf-8")
        .splitlines()
    )


def _look(out: Path) -> dict[str, StatSignature]:
    """Return how every file of a build looks, by path.

    Raises
    ------
    ValueError
        If there is a link or something else that no build holds.
    """
    found: dict[str, StatSignature] = {}
    waiting = [out]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                path = Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                elif entry.is_file(follow_symlinks=False):
                    found[path.relative_to(out).as_posix()] = StatSignature.of(path)
                else:
                    raise ValueError(f"{entry.path}: no build holds this")
    return found


def _hold(out: Path, now: dict[str, StatSignature], doubted: list[str]) -> bool:
    """Whether a build has the files that it says it has, and those in doubt their hashes."""
    lines = (line.partition("  ") for line in _read_mark(out)[1:])
    wanted = {path: digest for digest, _, path in lines}
    if wanted.keys() != set(UNLISTED) or not _has(out, DESCRIPTOR, wanted[DESCRIPTOR]):
        return False
    for resource in read_json(out / DESCRIPTOR, "build")["resources"]:
        wanted[resource["path"]] = resource["hash"].removeprefix("sha256:")
    if now.keys() != wanted.keys() | {FINGERPRINT_FILE}:
        return False
    return all(_has(out, path, wanted[path]) for path in doubted if path != FINGERPRINT_FILE)


def _has(out: Path, path: str, digest: str) -> bool:
    with (out / path).open("rb") as handle:
        return file_digest(handle, "sha256").hexdigest() == digest


def _load(package: Package, out: Path) -> dict[str, StatSignature]:
    """Return how the files of a build looked; nothing if that is not known."""
    try:
        files = _noted(package)[package.relative(out)]["files"]
        return {path: StatSignature.load(found) for path, found in files.items()}
    except (ClaimlogError, KeyError, TypeError, ValueError, AttributeError):
        return {}


def _save(
    package: Package, out: Path, files: dict[str, StatSignature], record: BuildRecord | None
) -> None:
    """Note one build, and keep the notes of others that are still there."""
    notes: dict[str, Any] = {}
    with suppress(ClaimlogError):
        notes = {name: of for name, of in _noted(package).items() if (package.root / name).is_dir()}
    notes[package.relative(out)] = {
        "files": {path: asdict(seen) for path, seen in files.items()},
        "record": asdict(record) if record else None,
    }
    state_folder(package, "cache")
    whole = {"builds": notes, "sha256": json_digest(notes)}
    write_durably(package.state / NOTES, json.dumps(whole).encode())


def _noted(package: Package) -> dict[str, Any]:
    whole = read_json(require_own_state(package) / NOTES, f".claimlog/{NOTES}")
    notes: dict[str, Any] = whole.get("builds", {})
    if whole.get("sha256") != json_digest(notes):
        raise ClaimlogError(f".claimlog/{NOTES}: is not what was saved")
    return notes
