"""The site of a package's build as a directory of files, with its releases, whole or not at all.

A build may be a stranger's: a clone brings one, and ``--dir`` names any. Its pages are drawn in a
process of its own, within limits that grow with what it is drawn from.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from claimlog.directory_swap import publish_directory
from claimlog.errors import ClaimlogError
from claimlog.limited_process import LimitedWork, Limits, path_request, run_limited
from claimlog.package import Package
from claimlog.release.release_file_names import release_paths
from claimlog.release.site_mark import SITE_OF, require_own_site
from claimlog.release.walk_release import stored_size
from claimlog.site.build_tree import require_build_files
from claimlog.site.chosen_releases import chosen_releases
from claimlog.site.files.site_size import SiteSize
from claimlog.site.served_build import ServedBuild, database_of, pin_build, read_fingerprint

PROGRAM = "claimlog.site.files.site_worker"
OUTCOME = "nothing was replaced"

SECONDS, SECONDS_PER_MB = 1_200, 20
"""The site of 100,000 claims, of a build of 330 MB, takes ten minutes on a quiet machine; of these
the queries of its pages have a part that `claimlog.site.files.query_clock` says."""

MEMORY, MEMORY_PER_BYTE = 1 << 30, 8
"""That of 1,000 claims takes 0.4 GB, and that of 100,000 a gigabyte."""

WRITTEN, WRITTEN_PER_BYTE = 256 << 20, 32
"""All files of a site together; they take some ten times the build."""


def publish_site(
    package: Package, folder: Path, out: Path, releases: str | None = None, factor: float = 1
) -> SiteSize:
    """Write the site of a build to the directory `out`, which it replaces in one step.

    Parameters
    ----------
    folder
        The build; that of the package itself may not be older than the log.
    releases
        Versions separated by commas, or ``all``, whose own pages are put below ``releases/``.
    factor
        By which the limits are multiplied.

    Raises
    ------
    ClaimlogError
        If there is no build or it is old, a release is not at hand, `out` holds what no earlier
        site of ours is, or a limit was reached.
    """
    require_build_files(folder)
    database_of(package, folder)
    name = str(package.descriptor["name"])
    require = partial(require_own_directory, out, {SITE_OF: name})
    require()
    entries = [] if releases is None else chosen_releases(package, releases)
    places = [folder]
    for entry in entries:
        kinds = release_paths(name, str(entry.version), package.dist)
        places += [place for place in kinds if place.exists()][:1]
    limits = site_limits(sum(map(stored_size, places)), factor)
    work = LimitedWork(PROGRAM, str(folder), "drawing its pages", OUTCOME, limits, factor)
    try:
        build = pin_build(package, folder)
    except OSError:  # no links in a checkout that may not be written: it is read where it lies
        build = ServedBuild(folder, folder)
    fingerprint = build.fingerprint
    try:
        with (
            publish_directory(out, str(out), require) as target,
            tempfile.TemporaryDirectory(prefix="claimlog-") as scratch,
        ):
            request = {
                "target": path_request(target.absolute()),
                "scratch": path_request(Path(scratch)),
                "out": path_request(out.absolute()),
                "package": path_request(package.root.absolute()),
                "folder": path_request(build.folder.resolve()),
                "origin": path_request(folder.resolve()),
                "versions": [str(entry.version) for entry in entries],
            }
            size = SiteSize(**run_limited(work, request))
            if build.folder == folder and read_fingerprint(folder) != fingerprint:
                raise ClaimlogError(
                    f"{package.relative(folder)}: another build took its place meanwhile; "
                    f"run this again; {OUTCOME}"
                )
    finally:
        build.release()
    return size


def site_limits(size: int, factor: float = 1) -> Limits:
    """Return the limits for a site that is drawn from so many bytes."""
    return Limits(
        factor * (SECONDS + SECONDS_PER_MB * size / 1e6),
        int(factor * (MEMORY + MEMORY_PER_BYTE * size)),
        int(factor * (WRITTEN + WRITTEN_PER_BYTE * size)),
    )


def require_own_directory(out: Path, about: Mapping[str, object]) -> None:
    """Refuse a directory that holds anything but an earlier site of the same dataset and kind.

    Raises
    ------
    ClaimlogError
        Naming another place to write to.
    """
    remedy = "name another directory, or move what is yours elsewhere and remove this one yourself"
    if out.is_symlink():
        raise ClaimlogError(f"{out}: is a link; {remedy}")
    if not out.exists():
        return
    if not out.is_dir():
        raise ClaimlogError(f"{out}: is no directory; {remedy}")
    require_own_site(out, str(out), remedy, about)
