"""Names of a release's files that several modules use; others stand with what writes them.

`file_name_check` refuses a name that follows from neither these nor the definition.
"""

from __future__ import annotations

from pathlib import Path

from claimlog.package import LOG, Package

CHANGES = "CHANGES.md"
CHECKPOINT = "checkpoint"
LICENCE_FILE = "LICENSE-DATA"
"""The licence of the data as the package holds it; in a release it is `LICENCE`."""

LICENCE = "LICENSE.txt"
SITE = "site"
"""The pages of the release as plain files."""


def inner_package(folder: Path) -> Package:
    """Return the package inside a release's directory."""
    return Package(folder / LOG, archived=True)


def release_paths(name: str, version: str, out: Path) -> tuple[Path, Path]:
    """Return where directory and archive of a release of the dataset `name` lie."""
    stem = f"{name}-{version}"
    return out / stem, out / f"{stem}.zip"
