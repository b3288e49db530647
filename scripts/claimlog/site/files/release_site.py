"""The pages in a release's directory: drawn from its other files and from nothing else."""

from __future__ import annotations

from pathlib import Path

from claimlog.export.metadata import datasette_metadata, inspect_data
from claimlog.package import DESCRIPTOR, read_json
from claimlog.release.layout import RELEASE, SITE, inner_package
from claimlog.schema.definition import read_definition
from claimlog.site.files.site_source import SiteSource
from claimlog.site.files.write import write_site


def draw_release_site(folder: Path) -> None:
    """Write ``site/`` into the directory of a release that has all else."""
    write_site(release_source(folder), folder / SITE)


def release_source(folder: Path) -> SiteSource:
    """Return what the pages of a release are drawn from, in its directory."""
    definition = read_definition(inner_package(folder))
    datapackage = read_json(folder / DESCRIPTOR, DESCRIPTOR)
    version = str(read_json(folder / RELEASE, RELEASE)["version"])
    return SiteSource.of_release(
        *(folder, folder / f"{definition.descriptor['name']}.db", version),
        metadata=datasette_metadata(definition, datapackage["log"]),
        counts=inspect_data(datapackage),
    )
