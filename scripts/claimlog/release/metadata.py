"""What a release is, in one place: every descriptor and citation is projected from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claimlog.escaping import plain_lines, web_address
from claimlog.log.event_log import Log
from claimlog.log.release_index import ReleaseEntry
from claimlog.schema.table_schema import Table

DOI = re.compile(r"https://doi\.org/(10\.[0-9]{4,9}/[^\s\\\"<>^`{|}]+)")


@dataclass(frozen=True)
class DataFile:
    """A data file of a release; `path` is relative to the release's directory."""

    path: str
    bytes: int
    sha256: str
    mediatype: str


@dataclass(frozen=True)
class ReleaseMetadata:
    """A release as its descriptors and citations see it.

    Attributes
    ----------
    head
        The package's descriptor without its resources: name, title, description, keywords,
        licenses, contributors and, where they exist, homepage and id (a DOI as a URL). Every
        text of it is one line of words, so that none adds a record, a key or a heading anywhere.
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
    files: tuple[DataFile, ...]
    tree_size: int
    root: str
    codebook_version: str
    changes: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "head", plain_lines(self.head))

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
        found = DOI.fullmatch(str(self.head.get("id", "")))
        return found[1] if found else None

    @property
    def homepage(self) -> str | None:
        """Address of the dataset; None where there is none, or none of the web."""
        return web_address(self.head.get("homepage"))

    @property
    def creators(self) -> list[str]:
        return [str(person["title"]) for person in self.head["contributors"]]

    @property
    def publishers(self) -> list[str]:
        """The contributors in the role of publisher, or else the creators."""
        people = self.head["contributors"]
        named = [str(one["title"]) for one in people if "publisher" in one.get("roles", ())]
        return named or self.creators

    @property
    def creator_addresses(self) -> list[str | None]:
        """Of each creator the address that the descriptor gives, or else the dataset's."""
        people = self.head["contributors"]
        return [web_address(one.get("path")) or self.homepage for one in people]

    @property
    def licence(self) -> Mapping[str, str]:
        """Licence of the data: name (SPDX), path (address), title."""
        found: Mapping[str, str] = self.head["licenses"][0]
        return found

    @property
    def licence_address(self) -> str | None:
        """Address of the licence; None where its path is none of the web."""
        return web_address(self.licence.get("path"))


def entry_metadata(log: Log, entry: ReleaseEntry) -> ReleaseMetadata:
    """Return what the index and the log say of a release; its data files are not at hand."""
    head = {key: value for key, value in log.package.descriptor.items() if key != "resources"}
    return ReleaseMetadata(
        head={**head, "version": str(entry.version)},
        version=str(entry.version),
        date=entry.date,
        tables=log.definition.tables,
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
