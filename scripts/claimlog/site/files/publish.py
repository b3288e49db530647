"""The site of a package's build as a directory of files, with its releases, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError, UsageError, is_of_the_machine
from claimlog.escaping import json_text
from claimlog.log.release_index import ReleaseEntry, find_entry, read_index
from claimlog.office_files import first_line
from claimlog.package import Package
from claimlog.release.site_mark import require_own_site, write_mark
from claimlog.site.files.build_check import require_plain_build
from claimlog.site.files.frozen_sites import copy_site
from claimlog.site.files.site_source import SiteSource
from claimlog.site.files.write import SiteSize, write_site
from claimlog.site.release_databases import ALL, place_releases
from claimlog.site.served_build import ServedBuild, log_behind, pin_build
from claimlog.site.server_command import database_of
from claimlog.swap import publish_directory

RELEASES, VERSIONS = "releases", "versions.js"
"""Folder of the releases' pages, and the script in it that tells which there are."""


def publish_site(
    package: Package, folder: Path, out: Path, releases: str | None = None
) -> SiteSize:
    """Write the site of a build to the directory `out`, which it replaces in one step.

    Parameters
    ----------
    folder
        The build; that of the package itself may not be older than the log.
    releases
        Versions separated by commas, or ``all``, whose own pages are put below ``releases/``.

    Raises
    ------
    ClaimlogError
        If there is no build or it is old, a release is not at hand, or `out` holds what no
        earlier site of ours is.
    """
    require_plain_build(folder, database_of(package, folder))
    require_own_directory(out)
    if folder == package.build and (note := log_behind(package, ServedBuild(folder, folder))):
        raise ClaimlogError(note.replace("to serve them", "first"))
    index = read_index(package)
    entries = _chosen_entries(index, str(package.descriptor["name"]), releases)
    frozen = [entry for entry in entries if entry.has_pages]
    drawn = ",".join(str(entry.version) for entry in entries if entry not in frozen)
    build = pin_build(package, folder)
    try:
        require_plain_build(build.folder, database_of(package, build.folder))
        source = SiteSource.of_build(
            build.folder.resolve(),
            database_of(package, build.folder).resolve(),
            place_releases(package, build.folder, drawn) if drawn else (),
            [str(entry.version) for entry in frozen],
            folder.resolve(),
        )
        with publish_directory(out, str(out)) as target:
            for entry in frozen:
                copy_site(package, entry, target / RELEASES / str(entry.version))
            size = write_site(source, target)
            (target / RELEASES).mkdir(exist_ok=True)
            script = versions_script(index, entries)
            (target / RELEASES / VERSIONS).write_text(script, encoding="utf-8")
            write_mark(target, _about(build))
            require_own_directory(out)  # drawing takes long, and somebody may work there meanwhile
    except (ClaimlogError, OSError):
        raise
    except Exception as error:
        if folder == package.build or is_of_the_machine(error):
            raise
        raise ClaimlogError(
            f"{folder}: its pages cannot be drawn ({type(error).__name__}: {first_line(error)}), "
            "because it is not as this claimlog makes a build; make it again: claimlog build"
        ) from error
    finally:
        build.release()
    return size


def versions_script(index: Sequence[ReleaseEntry], with_pages: Sequence[ReleaseEntry]) -> str:
    """Return the script that tells pages which releases there are, newest first."""
    versions = [
        {
            "version": str(entry.version),
            "date": entry.date,
            "events": entry.size,
            "site": entry in with_pages,
        }
        for entry in sorted(index, key=lambda entry: (entry.size, entry.version), reverse=True)
    ]
    return f"window.claimlogVersions = {json_text(versions)};\n"


def _chosen_entries(
    index: Sequence[ReleaseEntry], dataset: str, releases: str | None
) -> list[ReleaseEntry]:
    """Return the entries of the index that are named, each once."""
    if releases is None:
        return []
    names = [name.strip() for name in releases.split(",") if name.strip()]
    if not names:
        raise UsageError("--releases: name versions, as 0.1.0,0.2.0, or say all")
    if names == [ALL]:
        return list(index)
    return [find_entry(index, name, dataset) for name in dict.fromkeys(names)]


def _about(build: ServedBuild) -> dict[str, Any]:
    descriptor = build.descriptor
    log = descriptor.get("log", {})
    return {
        "site_of": descriptor.get("name"),
        "tree_size": log.get("tree_size"),
        "root": log.get("root"),
    }


def require_own_directory(out: Path) -> None:
    """Refuse a directory that holds anything but an earlier site.

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
    require_own_site(out, str(out), remedy)
