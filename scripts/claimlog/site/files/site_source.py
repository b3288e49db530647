"""What a site is drawn from, and what lies beside its pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

DOWNLOADS = "downloads"


@dataclass(frozen=True)
class SiteSource:
    """A build, and how its site stands to what is around it.

    Attributes
    ----------
    folder, database
        The build and its database.
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
    """

    folder: Path
    database: Path
    releases: tuple[Path, ...] = ()
    frozen: frozenset[str] = frozenset()
    version: str | None = None
    downloads: Mapping[str, str] = field(default_factory=dict)
    copies: Mapping[str, Path] = field(default_factory=dict)
    origin: Path | None = None

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
        return cls(
            *(folder, database, tuple(releases), frozenset(frozen)),
            downloads={name: f"{DOWNLOADS}/{name}" for name in files},
            copies=files,
            origin=origin,
        )

    @classmethod
    def of_release(cls, folder: Path, release: Path, database: Path, version: str) -> SiteSource:
        """Return the site in the directory of a release, whose files lie beside it.

        Parameters
        ----------
        folder
            The build of the release, with what it says for Datasette.
        release
            The directory of the release.
        """
        files = [database, *release.glob("*.json"), *release.glob("parquet/*.parquet")]
        files += release.glob("csv/*.csv")
        names = {path.name: f"../{path.relative_to(release).as_posix()}" for path in sorted(files)}
        return cls(folder, database, version=version, downloads=names)
