"""The mark in the root of a site that claimlog wrote: what it is of, and the names of its files.

A site is replaced as a whole. Its directory may be a checkout of pages with a history and files of
its owner, so that it is replaced only where all that lies in it is what its mark lists.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError, reason
from claimlog.escaping import json_text
from claimlog.limits import STATE_BYTES
from claimlog.untrusted_files import hole_flaw, parse_json, read_regular

MARK = "site.json"
WRITTEN_BY = "claimlog site"
SITE_OF, PREVIEW_OF = SUBJECTS = ("site_of", "preview_of")
"""Keys of the mark whose value is the name of a dataset."""


def write_mark(site: Path, about: Mapping[str, Any]) -> None:
    """Write the mark of a site whose other files are all there.

    Parameters
    ----------
    about
        What the site is of.
    """
    names = sorted(name for name, _ in _entries(site) if name != MARK)
    mark = {**about, "written_by": WRITTEN_BY, "files": names}
    (site / MARK).write_text(f"{json_text(mark)}\n", encoding="utf-8")


def require_own_site(
    site: Path, display_path: str, remedy: str, about: Mapping[str, object] | None = None
) -> None:
    """Refuse a directory that holds anything but a site that claimlog wrote; it may be empty.

    Parameters
    ----------
    about
        What the site must be of, by the keys of its mark; anything by default.

    Raises
    ------
    ClaimlogError
        Naming a file that is no regular one, consists of holes, or that the mark does not list; or
        the directory, if there is no mark in it, or one of another site.
    """
    try:
        if not any(site.iterdir()):
            return
        flaw: str | None
        mark = _read_mark(site, display_path, remedy)
        if any(mark.get(key) != name for key, name in (about or {}).items()):
            [is_of, *_] = [f"{key} {mark[key]!r}" for key in SUBJECTS if key in mark] or ["another"]
            raise ClaimlogError(
                f"{display_path}: is a site of another kind or dataset ({is_of}); {remedy}"
            )
        listed = frozenset(name for name in mark.get("files", ()) if isinstance(name, str))
        for name, state in _entries(site):
            if name != MARK and name not in listed:
                flaw = f"{WRITTEN_BY} did not write it, by the list in {MARK}"
            else:
                flaw = _flaw_of_file(state)
            if flaw is None:
                continue
            raise ClaimlogError(f"{display_path}/{name}: {flaw}; {remedy}")
    except OSError as error:
        raise ClaimlogError(
            f"{display_path}: cannot be read ({reason(error)}); {remedy}"
        ) from error


def _read_mark(site: Path, display_path: str, remedy: str) -> dict[str, Any]:
    """Return what the mark of a site says."""
    path, flaw = site / MARK, f"holds files that {WRITTEN_BY} did not write"
    if not os.path.lexists(path):
        raise ClaimlogError(f"{display_path}: {flaw}; {remedy}")
    data = read_regular(path, f"{display_path}/{MARK}", STATE_BYTES, site, remedy)
    try:
        mark = parse_json(data, MARK)
    except ClaimlogError as error:
        raise ClaimlogError(f"{display_path}: {flaw}; {remedy}") from error
    names = mark.get("files", [])  # those of earlier versions had none
    if mark.get("written_by") != WRITTEN_BY or not isinstance(names, list):
        raise ClaimlogError(f"{display_path}: {flaw}; {remedy}")
    return mark


def _flaw_of_file(state: os.stat_result) -> str | None:
    """Say why a file of a site is none that can be read or copied; None if it can."""
    return hole_flaw(state) if stat.S_ISREG(state.st_mode) else "is no regular file"


def _entries(site: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield every entry of a directory but directories, with its state; links are not followed."""
    below = [site]
    while below:
        with os.scandir(below.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    below.append(Path(entry.path))
                else:
                    name = Path(entry.path).relative_to(site).as_posix()
                    yield name, entry.stat(follow_symlinks=False)
