"""A delta to apply, as it lies in a directory of its own or in a release; nothing is trusted."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.log.release_index import ReleaseEntry
from claimlog.package import SUMS
from claimlog.release.archive import read_member
from claimlog.release.checksums import parse_sums
from claimlog.release.delta import DELTA, DELTA_FILE
from claimlog.release.log_file_names import LOG_FILE
from claimlog.release.release_copy import open_copy
from claimlog.release.release_file_names import LICENCE
from claimlog.release.release_limits import DELTA_BYTES, SUMS_BYTES
from claimlog.release.walk_release import GET_AGAIN, require_copies_of_own_size
from claimlog.schema.json_schemas import own_shape, shape_flaw
from claimlog.untrusted_files import RIGHT_FILE, copy_regular, parse_json, read_regular

GET_DELTA = "get the delta, or the release that holds it, again from where it was published"


@dataclass(frozen=True)
class Delta:
    """The delta in a directory; nothing in it is trusted. `document` is its ``delta.json``."""

    folder: Path
    document: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Delta:
        """Read ``delta.json`` of a directory.

        Raises
        ------
        ClaimlogError
            If it is absent, too large or of another shape.
        """
        path = folder / Path(DELTA_FILE).name
        data = read_regular(path, str(path), DELTA_BYTES, folder, RIGHT_FILE)
        document = parse_json(data, DELTA_FILE)
        if flaw := shape_flaw(document, own_shape("delta")):
            raise ClaimlogError(f"{DELTA_FILE}: {flaw}; {GET_DELTA}")
        for name in (*document["files"]["carried"], *document["files"]["removed"]):
            if not LOG_FILE.fullmatch(name) and name != LICENCE:
                raise ClaimlogError(
                    f"{DELTA_FILE}: names {name[:80]!r}, no file of a log; {GET_DELTA}"
                )
        return cls(folder, document)

    @property
    def entry(self) -> ReleaseEntry:
        """What it says of the release, as an entry of an index without its files."""
        return ReleaseEntry(self.document["release"], DELTA_FILE)

    def copy_files(self, target: Path) -> int:
        """Copy the files that it carries into the directory of a release; return their number."""
        carried = self.document["files"]["carried"]
        require_copies_of_own_size(self.folder, carried, DELTA, GET_DELTA)
        for name, digest in carried.items():
            shown = f"{DELTA}/{name}"
            found = copy_regular(self.folder / name, shown, target / name, self.folder, GET_DELTA)
            if found != digest:
                raise ClaimlogError(
                    f"{shown}: is not the file that {DELTA_FILE} names; {GET_DELTA}"
                )
        return len(carried)


def is_delta(target: Path) -> bool:
    """Whether a path is the directory of a delta, and not of the release that holds it."""
    return os.path.lexists(target / Path(DELTA_FILE).name)


@contextlib.contextmanager
def open_delta(target: Path, scratch: Path | None = None) -> Iterator[Delta]:
    """Open a delta: its directory, or the directory or archive of the release that holds it.

    Raises
    ------
    ClaimlogError
        If there is none, or it has another form.
    """
    if is_delta(target):
        yield Delta.read(target)
        return
    with open_copy(target, scratch) as copy:
        inside = copy.folder / DELTA
        if not inside.is_dir() or inside.is_symlink():
            raise ClaimlogError(
                f"{target}: holds no {DELTA}/; releases have one from 0.3.0 on, but the first"
            )
        yield Delta.read(inside)


def stated_sums(target: Path) -> dict[str, str] | None:
    """Return the SHA-256 of each file by the list in the release that holds a delta, and its own.

    Parameters
    ----------
    target
        Directory of the delta, or directory or archive of the release.

    Returns
    -------
    dict or None
        None if there is no such list, or it is none of a release.
    """
    folder = target.parent if target.name == DELTA and is_delta(target) else target
    try:
        if folder.is_dir():
            data = read_regular(folder / SUMS, SUMS, SUMS_BYTES, folder, GET_AGAIN)
        else:
            data = read_member(folder, SUMS, SUMS_BYTES) or b""
    except ClaimlogError:
        return None
    listed, findings = parse_sums(data.decode("utf-8", "replace"))
    return None if findings else {**listed, SUMS: sha256(data).hexdigest()}
