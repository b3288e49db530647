"""Whether a build is still what was built: its files' stat signatures, else their hashes.

When a build is complete, the stat signature of each of its files is noted beside it, in
``.claimlog/cache/builds.json``, because the bytes of a build depend on the log alone. A file with
another signature, or with none noted, as after a copy, is hashed and compared with what the build
says of itself: its descriptor gives the hash of every table, and `FINGERPRINT_FILE` those of the
descriptor and of Datasette's files. Imports nothing heavy, so that an unchanged build answers at
once.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.file_digests import StatSignature
from claimlog.limits import FILE_BYTES
from claimlog.package import DESCRIPTOR, Package, read_json
from claimlog.state_notes import read_note, write_note
from claimlog.untrusted_files import read_regular

Signatures = dict[str, StatSignature]
"""Stat signatures of the files of a build, by path."""

FINGERPRINT_FILE = "datasette/inputs.sha256"
"""The fingerprint of a build's inputs; the hashes of `UNLISTED`, as ``sha256sum`` writes them."""

LOGICAL = "logical.json"
"""Hashes of the content of tables, in a build by Spark."""

UNLISTED = (DESCRIPTOR, "datasette/metadata.json", "datasette/inspect.json")
"""Files of a build that its descriptor does not list."""

NOTE = "cache/builds.json"


def write_fingerprint(folder: Path, fingerprint: str) -> None:
    """Write the last file of a build: the fingerprint of its inputs, and hashes of `UNLISTED`."""
    hashes = [f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}" for name in UNLISTED]
    (folder / FINGERPRINT_FILE).write_text("\n".join([fingerprint, *hashes]) + "\n", "utf-8")


@dataclass(frozen=True)
class BuildRecord:
    """What a build was made from, and what its validation counted, for updating it.

    Attributes
    ----------
    fingerprint
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

    fingerprint: str
    code: str
    size: int
    root: str
    releases: tuple[tuple[str, int], ...]
    checked: dict[str, int]

    @classmethod
    def load(cls, note: dict[str, Any]) -> BuildRecord:
        """Return what `asdict` gave; raises KeyError or TypeError for anything else."""
        releases = tuple((str(version), int(size)) for version, size in note["releases"])
        return cls(**{**note, "releases": releases})


def note_build(package: Package, out: Path, record: BuildRecord | None = None) -> None:
    """Note the stat signatures of a complete build, and its record.

    It is as good without: then the files are hashed, and the next build is made anew.
    """
    with suppress(OSError, ClaimlogError):
        _save(package, out, _signatures(out), record)


def read_build_record(package: Package, out: Path) -> BuildRecord | None:
    """Return the record of a build of the whole log; None if there is none."""
    try:
        return BuildRecord.load(_read_notes(package)[package.relative(out)]["record"])
    except (ClaimlogError, KeyError, TypeError, ValueError, AttributeError):
        return None


def is_current(package: Package, out: Path, fingerprint: str) -> bool:
    """Whether `out` was built from the inputs with this fingerprint, and is intact."""
    try:
        if _read_fingerprint(out)[0] != fingerprint:
            return False
        now = _signatures(out)
        noted = _load_signatures(package, out)
        changed = [path for path in now if path not in noted or not _is_same(noted, now, path)]
        if not changed and noted.keys() == now.keys():
            return True
        if not _has_stated_files(out, now, changed):
            return False
        with suppress(OSError, ClaimlogError):
            _save(package, out, now, read_build_record(package, out))
    except (ClaimlogError, OSError, KeyError, TypeError, ValueError, AttributeError):
        return False
    return True


def _is_same(noted: Signatures, now: Signatures, path: str) -> bool:
    return noted[path].is_same_file(now[path])


def _read_fingerprint(out: Path) -> list[str]:
    data = read_regular(out / FINGERPRINT_FILE, FINGERPRINT_FILE, FILE_BYTES)
    return data.decode("utf-8").splitlines()


def _signatures(out: Path) -> Signatures:
    """Return the stat signature of every file of a build.

    Raises
    ------
    ValueError
        If there is a link or something else that no build holds.
    """
    signatures: Signatures = {}
    waiting = [out]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                path = Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                elif entry.is_file(follow_symlinks=False):
                    signatures[path.relative_to(out).as_posix()] = StatSignature.of(path)
                else:
                    raise ValueError(f"{entry.path}: no build holds this")
    return signatures


def _has_stated_files(out: Path, now: Signatures, changed: list[str]) -> bool:
    """Whether a build has the files that it states, and `changed` ones have the stated hashes."""
    lines = (line.partition("  ") for line in _read_fingerprint(out)[1:])
    digests = {path: digest for digest, _, path in lines}
    if digests.keys() != set(UNLISTED) or not _has_digest(out, DESCRIPTOR, digests[DESCRIPTOR]):
        return False
    for resource in read_json(out / DESCRIPTOR, "build")["resources"]:
        digests[resource["path"]] = resource["hash"].removeprefix("sha256:")
    if now.keys() != digests.keys() | {FINGERPRINT_FILE}:
        return False
    return all(
        _has_digest(out, path, digests[path]) for path in changed if path != FINGERPRINT_FILE
    )


def _has_digest(out: Path, path: str, digest: str) -> bool:
    with (out / path).open("rb") as handle:
        return file_digest(handle, "sha256").hexdigest() == digest


def _load_signatures(package: Package, out: Path) -> Signatures:
    """Return the noted signatures of a build; none if there is no note of it."""
    try:
        files = _read_notes(package)[package.relative(out)]["files"]
        return {path: StatSignature.load(note) for path, note in files.items()}
    except (ClaimlogError, KeyError, TypeError, ValueError, AttributeError):
        return {}


def _save(package: Package, out: Path, signatures: Signatures, record: BuildRecord | None) -> None:
    """Note one build, and keep the notes of others that are still there."""
    notes: dict[str, Any] = {}
    with suppress(ClaimlogError, KeyError):
        notes = {
            name: note
            for name, note in _read_notes(package).items()
            if (package.root / name).is_dir()
        }
    notes[package.relative(out)] = {
        "files": {path: asdict(signature) for path, signature in signatures.items()},
        "record": asdict(record) if record else None,
    }
    write_note(package, NOTE, {"builds": notes})


def _read_notes(package: Package) -> dict[str, Any]:
    builds: dict[str, Any] = read_note(package, NOTE)["builds"]
    return builds
