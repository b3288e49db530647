"""The releases that a log knows: those of its index, and the release in which it lies.

The log in an archive has an index without the archive's own entry, which would have to hold the
hash of itself. What it would say of the log stands in ``release.json``, one directory up.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.log.event_log import Log
from claimlog.log.release_index import (
    ABOUT_THE_FILES,
    ReleaseEntry,
    find_entry_of_log,
    read_index,
)
from claimlog.package import LOG, RELEASE, Package, read_json
from claimlog.release.release_site import site_size
from claimlog.schema.json_schemas import own_shape, shape_flaw

ENCLOSING = f"../{RELEASE}"


def known_releases(package: Package) -> list[ReleaseEntry]:
    """Return the releases that the log of a package knows, oldest first.

    Raises
    ------
    ClaimlogError
        If an entry of the index, or ``release.json`` of the release around it, is malformed.
    """
    index = read_index(package)
    entry = _enclosing_release(package)
    if entry is None or any(one.version == entry.version for one in index):
        return index
    return [*index, entry]


def find_known_release(log: Log, version: str) -> ReleaseEntry:
    """Return a release that the log of a package knows, if the log begins with what it says.

    Raises
    ------
    UsageError
        If the version is malformed or was never released.
    ClaimlogError
        If the entry disagrees with the log.
    """
    return find_entry_of_log(log, version, known_releases(log.package))


def _enclosing_release(package: Package) -> ReleaseEntry | None:
    """Return the release in whose ``log/`` a package lies, as an entry without its files."""
    root = package.root.absolute()
    # the log inside a release gives the day of it in its descriptor
    if root.name != LOG or "created" not in package.descriptor:
        return None
    if not (root.parent / RELEASE).is_file():
        return None
    summary = read_json(root.parent / RELEASE, ENCLOSING)
    if flaw := shape_flaw(summary, _summary_shape()):
        raise ClaimlogError(f"{ENCLOSING}: {flaw}; get the release again")
    if summary["version"] != package.descriptor["version"]:
        raise ClaimlogError(
            f"{ENCLOSING}: says version {summary['version']}, and the log in it is of "
            f"{package.descriptor['version']}; get the release again"
        )
    pages = site_size(root.parent)
    return ReleaseEntry({**summary, "site": pages} if pages else summary, ENCLOSING)


@cache
def _summary_shape() -> dict[str, Any]:
    """Return the shape of an entry without what it says of the files, as release.json has it."""
    shape = own_shape("release")
    properties = {
        name: own for name, own in shape["properties"].items() if name not in ABOUT_THE_FILES
    }
    required = [name for name in shape["required"] if name in properties]
    return {**shape, "properties": properties, "required": required}
