"""Draws the pages of a build, as a program within limits: `claimlog.site.files.publish` starts it.

Build and releases may be a stranger's. What it makes is put into place by the process that started
it, once it ended well.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError, is_of_the_machine
from claimlog.escaping import json_text, printable_line
from claimlog.limited_process import EXCEEDED
from claimlog.limited_worker import answer_request, refuse_programs, requested_path
from claimlog.log.release_index import ReleaseEntry, find_entry, read_index
from claimlog.office_file_check import first_line
from claimlog.package import Package
from claimlog.release.site_mark import SITE_OF, write_mark
from claimlog.site.build_check import require_build_database
from claimlog.site.build_tree import REMEDY
from claimlog.site.document_renderer import PROGRAM as MARKDOWN
from claimlog.site.files.frozen_sites import copy_site
from claimlog.site.files.site_size import SiteSize, TooManyBytesError
from claimlog.site.files.site_source import SiteSource
from claimlog.site.files.write import write_site
from claimlog.site.release_databases import place_releases
from claimlog.site.served_build import ServedBuild, database_of, log_behind
from claimlog.sql_process import PROGRAM as SQL

RELEASES, VERSIONS = "releases", "versions.js"
"""Folder of the releases' pages, and the script in it that tells which there are."""


def draw_site(
    package: Package,
    build: ServedBuild,
    target: Path,
    versions: Sequence[str] = (),
    most: int | None = None,
) -> SiteSize:
    """Write the site of a build into the empty directory `target`.

    Parameters
    ----------
    versions
        Releases whose own pages are put below ``releases/``.
    most
        Bytes that all its files may have.

    Raises
    ------
    ClaimlogError
        If the build is none that can be drawn, or older than the log of the package it lies in.
    TooManyBytesError
        If its files have more bytes.
    """
    database = database_of(package, build.folder)
    require_build_database(build, database)
    if build.origin == package.build.resolve() and (note := log_behind(package, build)):
        raise ClaimlogError(note.replace("to serve them", "first"))
    index = read_index(package)
    name = str(package.descriptor["name"])
    entries = [find_entry(index, version, name) for version in versions]
    frozen = [entry for entry in entries if entry.has_pages]
    drawn = ",".join(str(entry.version) for entry in entries if entry not in frozen)
    try:
        source = SiteSource.of_build(
            *(build.folder, database),
            place_releases(package, build.folder, drawn) if drawn else (),
            [str(entry.version) for entry in frozen],
            build.origin,
        )
        for entry in frozen:
            copy_site(package, entry, target / RELEASES / str(entry.version))
        size = write_site(source, target, most=most)
        (target / RELEASES).mkdir(exist_ok=True)
        script = versions_script(index, entries)
        (target / RELEASES / VERSIONS).write_text(script, encoding="utf-8")
        write_mark(target, _about(build))
    except (ClaimlogError, OSError, TooManyBytesError):
        raise
    except Exception as error:
        if is_of_the_machine(error):
            raise
        said = printable_line(first_line(error))
        raise ClaimlogError(
            f"{build.origin}: its pages cannot be drawn ({type(error).__name__}: {said}), because "
            f"it is not as this claimlog makes a build; {REMEDY}"
        ) from error
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


def _about(build: ServedBuild) -> dict[str, Any]:
    return {
        SITE_OF: build.descriptor.get("name"),
        "tree_size": build.stated_log.get("tree_size"),
        "root": build.stated_log.get("root"),
    }


def _draw(target: Path, scratch: Path, request: Mapping[str, Any]) -> Mapping[str, Any]:
    from datasette.app import Datasette  # noqa: F401  # before programs are refused

    root, folder, origin = (
        requested_path(request, name) for name in ("package", "folder", "origin")
    )
    assert root is not None
    assert folder is not None
    assert origin is not None
    refuse_programs(SQL, MARKDOWN)
    tempfile.tempdir = str(scratch)  # what is unpacked goes with the process
    build = ServedBuild(folder, origin)
    most = int(request["written"])
    try:
        return asdict(draw_site(Package(root), build, target, request["versions"], most))
    except TooManyBytesError:
        return {EXCEEDED: f"files of more than {most:,} bytes together"}


if __name__ == "__main__":
    answer_request(_draw)
