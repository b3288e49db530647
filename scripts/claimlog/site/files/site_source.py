"""What a site is drawn from, and what lies beside its pages."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claimlog.package import DESCRIPTOR
from claimlog.release.layout import VALIDATION

DOWNLOADS = "downloads"


@dataclass(frozen=True)
class SiteSource:
    """A build, and how its site stands to what is around it.

    Attributes
    ----------
    folder, database
        The build, or the directory of a release, and its database.
    metadata, counts
        What the build says of itself for Datasette, and the numbers of rows.
    releases
        Databases of releases, whose pages are drawn below ``releases/``.
    frozen
        Releases whose own pages lie there already.
    version
        The release that the site is of; None for that of a build.
    downloads
        By name of a file, where it lies, seen from the root of the site.
    copies
        By name of a file in ``downloads/``, the file that is copied or, for CSV, read for it.
    origin
        The directory that the build was linked from, if `folder` is not it.
    instead
        What is said instead of drawing pages, where there would be too many.
    notice
        What every page says at its top, as that it is a preview.
    """

    folder: Path
    database: Path
    metadata: Mapping[str, Any]
    counts: Mapping[str, Any]
    releases: tuple[Path, ...] = ()
    frozen: frozenset[str] = frozenset()
    version: str | None = None
    downloads: Mapping[str, str] = field(default_factory=dict)
    copies: Mapping[str, Path] = field(default_factory=dict)
    origin: Path | None = None
    instead: str | None = None
    notice: str | None = None

    @classmethod
    def of_build(
        cls,
        folder: Path,
        database: Path,
        releases: Sequence[Path] = (),
        frozen: Collection[str] = (),
        origin: Path | None = None,
    ) -> SiteSource:
        """Return the site of a build, with its files and its tables as CSV in ``downloads/``."""
        files = {path.name: path for path in [database, *sorted(folder.glob("*.json"))]}
        for path in sorted((folder / "parquet").glob("*.parquet")):
            files |= {path.name: path, f"{path.stem}.csv": path}
        about = folder / "datasette"
        return cls(
            *(folder, database),
            metadata=json.loads((about / "metadata.json").read_bytes()),
            counts=json.loads((about / "inspect.json").read_bytes()),
            releases=tuple(releases),
            frozen=frozenset(frozen),
            downloads={name: f"{DOWNLOADS}/{name}" for name in files},
            copies=files,
            origin=origin,
        )

    @classmethod
    def of_release(
        cls,
        folder: Path,
        database: Path,
        version: str,
        metadata: Mapping[str, Any],
        counts: Mapping[str, Any],
    ) -> SiteSource:
        """Return the site in the directory of a release, whose files lie beside it."""
        files = [database, folder / DESCRIPTOR, folder / VALIDATION]
        files += [*folder.glob("parquet/*.parquet"), *folder.glob("csv/*.csv")]
        names = {path.name: f"../{path.relative_to(folder).as_posix()}" for path in sorted(files)}
        return cls(folder, database, metadata, counts, version=version, downloads=names)
