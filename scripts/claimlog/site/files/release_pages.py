"""The pages in a release's directory: drawn from its other files and from nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from claimlog.export.metadata import datasette_metadata, inspect_data
from claimlog.limited_worker import refuse_programs
from claimlog.log.batch import sealed_batches
from claimlog.log.column_beginnings import added_columns
from claimlog.package import DESCRIPTOR, RELEASE, read_json
from claimlog.release.release_file_names import SITE, inner_package
from claimlog.schema.definition import read_definition
from claimlog.site.files.prepared_query import QueryProcess
from claimlog.site.files.site_source import SiteSource
from claimlog.site.files.write import write_site

MOST_ENTITIES = 20_000
"""Entities up to which a release holds their pages: each takes at most three files and a
folder, and an archive has at most `claimlog.release.release_limits.MAX_FILES`."""

TOO_MANY = (
    "This release has more pages than an archive holds. Its site is drawn from the package in log/:"
    "\n\n    claimlog --package log build --out BUILD\n"
    "    claimlog --package log site --dir BUILD --out DIR\n"
)


def draw_release_site(folder: Path) -> None:
    """Write ``site/`` into the directory of a release that has all else."""
    write_site(release_source(folder), folder / SITE)


def start_confined_drawing(folder: Path) -> tuple[SiteSource, QueryProcess]:
    """Return what pages of a stranger's release are drawn from, and the process of its queries.

    git was asked for the files of claimlog, queries were compiled, and their process runs: this
    one starts no other from now on.
    """
    from datasette.app import Datasette  # noqa: F401  # before programs are refused

    source = release_source(folder)
    queries = QueryProcess()
    queries.start()
    refuse_programs()
    return source, queries


def release_source(folder: Path) -> SiteSource:
    """Return what the pages of a release are drawn from, in its directory."""
    package = inner_package(folder)
    definition = read_definition(package)
    datapackage = read_json(folder / DESCRIPTOR, DESCRIPTOR)
    version = str(read_json(folder / RELEASE, RELEASE)["version"])
    rows = {item["name"]: item.get("rows", 0) for item in datapackage["resources"]}
    has_pages = sum(rows.get(stream, 0) for stream in definition.streams) <= MOST_ENTITIES
    source = SiteSource.of_release(
        *(folder, folder / f"{definition.descriptor['name']}.db", version),
        metadata=datasette_metadata(
            definition,
            datapackage["log"],
            [version] if has_pages else [],
            added_columns(definition, sealed_batches(package, [])),
        ),
        counts=inspect_data(datapackage),
    )
    return source if has_pages else replace(source, instead=TOO_MANY)
