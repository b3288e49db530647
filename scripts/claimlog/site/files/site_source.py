"""What a site is drawn from, and what lies beside its pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claimlog.limits import DOCUMENT_BYTES
from claimlog.package import DESCRIPTOR, VALIDATION
from claimlog.untrusted_files import parse_json, read_regular

DOWNLOADS = "downloads"
MAKE_AGAIN = "make the build again: claimlog build"


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
        """Return the site of a build, with its files and its tables as CSV in ``downloads/``.

        Raises
        ------
        ClaimlogError
            If what it says of itself cannot be read.
        """
        files = {path.name: path for path in [database, *sorted(folder.glob("*.json"))]}
        for path in sorted((folder / "parquet").glob("*.parquet")):
            files |= {path.name: path, f"{path.stem}.csv": path}
        about = folder / "datasette"
        return cls(
            *(folder, database),
            metadata=_read_about(about / "metadata.json"),
            counts=_read_about(about / "inspect.json"),
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


def _read_about(path: Path) -> dict[str, Any]:
    """Return a file that a build says of itself for Datasette."""
    name = f"{path.parent.name}/{path.name}"
    return parse_json(read_regular(path, name, DOCUMENT_BYTES, remedy=MAKE_AGAIN), name)
