"""What a release is, in one place: every descriptor and citation is projected from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claimlog.events.log import Log
from claimlog.events.releases import Entry
from claimlog.schema import Table


@dataclass(frozen=True)
class File:
    """A data file of a release; `path` is relative to the release's directory."""

    path: str
    bytes: int
    sha256: str
    mediatype: str


@dataclass(frozen=True)
class Facts:
    """A release as its descriptors and citations see it.

    Attributes
    ----------
    head
        The package's descriptor without its resources: name, title, description, keywords,
        licenses, contributors and, where they exist, homepage and id (a DOI as a URL).
    date
        Day of the release (ISO 8601).
    tables, rows
        Compiled tables and the number of their rows, by name; table `t` is the data file
        ``parquet/t.parquet``.
    files
        The data files: Parquet, SQLite, validation report, and the log with its schemas.
    tree_size, root
        Size and root (hex) of the log's tree.
    changes
        The entry of the changelog (Markdown).
    """

    head: Mapping[str, Any]
    version: str
    date: str
    tables: Mapping[str, Table]
    rows: Mapping[str, int]
    files: tuple[File, ...]
    tree_size: int
    root: str
    codebook_version: str
    changes: str

    @property
    def name(self) -> str:
        return str(self.head["name"])

    @property
    def title(self) -> str:
        return str(self.head["title"])

    @property
    def stem(self) -> str:
        """Name of the release's directory and, with .zip, of its archive."""
        return f"{self.name}-{self.version}"

    @property
    def doi(self) -> str | None:
        """The DOI, where one was minted and put into datapackage.json as ``id``."""
        found = str(self.head.get("id", ""))
        return (
            found.removeprefix("https://doi.org/") if found.startswith("https://doi.org/") else None
        )

    @property
    def creators(self) -> list[str]:
        return [str(person["title"]) for person in self.head["contributors"]]

    @property
    def licence(self) -> Mapping[str, str]:
        """Licence of the data: name (SPDX), path (address), title."""
        found: Mapping[str, str] = self.head["licenses"][0]
        return found


def of_entry(log: Log, entry: Entry) -> Facts:
    """Return what the index and the log say of a release; its data files are not at hand."""
    head = {key: value for key, value in log.package.descriptor.items() if key != "resources"}
    return Facts(
        head={**head, "version": str(entry.version)},
        version=str(entry.version),
        date=entry.date,
        tables=log.schemas.tables,
        rows={name: table["rows"] for name, table in entry.data["tables"].items()},
        files=(),
        tree_size=entry.size,
        root=entry.root,
        codebook_version=str(entry.data["codebook_version"]),
        changes="",
    )


def permalink(version: str, claim_id: str | None = None) -> str:
    """Return the path at which a server of the releases shows a release or a claim in it."""
    return f"/releases/{version}" + (f"/claims/{claim_id}" if claim_id else "")
