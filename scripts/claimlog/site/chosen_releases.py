"""The releases that `--releases` names."""

from __future__ import annotations

from claimlog.errors import UsageError
from claimlog.log.release_index import ReleaseEntry, find_entry, read_index
from claimlog.package import Package

ALL = "all"


def chosen_releases(package: Package, versions: str) -> list[ReleaseEntry]:
    """Return the entries of the index for versions separated by commas, or ``all``, each once.

    Raises
    ------
    UsageError
        If none is named, or one was never released.
    """
    index = read_index(package)
    names = [name.strip() for name in versions.split(",") if name.strip()]
    if not names:
        raise UsageError("--releases: name versions, as 0.1.0,0.2.0, or say all")
    if names == [ALL]:
        return list(index)
    dataset = str(package.descriptor["name"])
    entries = (find_entry(index, name, dataset) for name in names)
    return [*{entry.version: entry for entry in entries}.values()]
