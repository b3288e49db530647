"""Metadata of a release, from which every descriptor and citation is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claimlog.escaping import plain_lines, web_address
from claimlog.file_names import file_segment
from claimlog.log.release_index import ReleaseEntry
from claimlog.release.cited_names import address_name
from claimlog.release.release_file_names import SITE
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Table

DOI_RESOLVER = "https://doi.org/"
DOI = re.compile(DOI_RESOLVER.replace(".", r"\.") + r"(10\.[0-9]{4,9}/[^\s\\\"<>^`{|}]+)")


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
        text is made one line, so that none adds a record, a key or a heading to another format.
    version
        Version of the dataset.
    date
        Day of the release (ISO 8601).
    tables, rows
        Compiled tables and the number of their rows, by name; table `t` is the data file
        ``parquet/t.parquet``.
    files
        The data files: Parquet, SQLite, validation report, the log with its schemas, and claimlog.
    tree_size, root
        Size and root (hex) of the log's tree.
    coders
        The kinds of coders (`log.coder_kinds`); empty if the package has no register of them.
    tool_version
        Version of claimlog that made the release and lies in it; None in releases up to 0.2.0.
    fold_version
        Version of the fold that made the tables; None if the release names none.
    has_pages
        Whether its archive holds its pages as files, below ``site/``.
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
    coders: tuple[str, ...] = ()
    tool_version: str | None = None
    fold_version: int | None = None
    has_pages: bool = False

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
        match = DOI.fullmatch(str(self.head.get("id", "")))
        return match[1] if match else None

    @property
    def doi_address(self) -> str | None:
        """The DOI as an address."""
        return f"{DOI_RESOLVER}{self.doi}" if self.doi else None

    @property
    def homepage(self) -> str | None:
        """Address of the dataset; None where there is none, or none of the web."""
        return web_address(self.head.get("homepage"))

    def page_address(self, claim_id: str | None = None) -> str | None:
        """Return the address of the release's page, or of a claim's in it.

        Below ``homepage``, where the site is said to lie; None without one, or below an address
        with a query.
        """
        if self.homepage is None or set("?#") & set(self.homepage):
            return None
        return f"{self.homepage.rstrip('/')}{permalink(self.version, claim_id)}/"

    def page_file(self, claim_id: str | None = None) -> str | None:
        """Return the file that shows the release, or a claim in it, once its archive is unpacked.

        With the directory of the archive; None if the archive holds no pages.
        """
        inner = f"claims/{file_segment(claim_id)}/index.html" if claim_id else "index.html"
        return f"{self.stem}/{SITE}/{inner}" if self.has_pages else None

    @property
    def log_origin(self) -> str | None:
        """Origin of the checkpoints of the log; None where the descriptor names none."""
        return self.head.get("logOrigin")

    @property
    def creators(self) -> list[str]:
        return [str(person["title"]) for person in self.head["contributors"]]

    @property
    def publishers(self) -> list[str]:
        """The contributors in the role of publisher, or else the creators."""
        people = self.head["contributors"]
        publishers = [str(one["title"]) for one in people if "publisher" in one.get("roles", ())]
        return publishers or self.creators

    @property
    def creator_addresses(self) -> list[str | None]:
        """Of each creator the address that the descriptor gives, or else the dataset's."""
        people = self.head["contributors"]
        return [web_address(one.get("path")) or self.homepage for one in people]

    @property
    def licence(self) -> Mapping[str, str]:
        """Licence of the data: name (SPDX), path (address), title."""
        licence: Mapping[str, str] = self.head["licenses"][0]
        return licence

    @property
    def licence_address(self) -> str | None:
        """Address of the licence; None where its path is none of the web."""
        return web_address(self.licence.get("path"))


def entry_metadata(definition: Definition, entry: ReleaseEntry) -> ReleaseMetadata:
    """Return the metadata of a release in the index; its data files are not at hand."""
    return ReleaseMetadata(
        head={**descriptor_head(definition), "version": str(entry.version)},
        version=str(entry.version),
        date=entry.date,
        tables=definition.tables,
        rows={name: table["rows"] for name, table in entry.data["tables"].items()},
        files=(),
        tree_size=entry.size,
        root=entry.root,
        codebook_version=str(entry.data["codebook_version"]),
        coders=tuple(entry.data.get("coders", ())),
        tool_version=entry.data.get("tool_version"),
        fold_version=entry.data.get("fold_version"),
        has_pages=entry.has_pages,
    )


def descriptor_head(definition: Definition) -> dict[str, Any]:
    """Return the package's descriptor without its resources."""
    return {key: value for key, value in definition.descriptor.items() if key != "resources"}


def permalink(version: str, claim_id: str | None = None) -> str:
    """Return the path at which a server of the releases shows a release or a claim in it."""
    return f"/releases/{version}" + (f"/claims/{address_name(claim_id)}" if claim_id else "")
