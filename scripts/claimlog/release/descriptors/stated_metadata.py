"""What a descriptor tells of a release, and where that differs from the metadata."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from claimlog.escaping import plain_line
from claimlog.release.metadata import DataFile, ReleaseMetadata
from claimlog.strict_json import decode

DOI = "https://doi.org/"
ListedFile = tuple[str, int, str]


@dataclass(frozen=True)
class StatedMetadata:
    """What one descriptor says; None where its format has no place for it.

    Attributes
    ----------
    licences
        Every name and address of the licence that is given.
    doi
        Without the resolver's address; None where none is given.
    files
        Path, size and SHA-256 (hex) of the data files; None where the format lists none.
    whole
        Whether `files` should list every data file, instead of at least the compiled tables.
    """

    title: str
    version: str
    date: str | None
    licences: tuple[str, ...]
    creators: tuple[str, ...]
    keywords: tuple[str, ...]
    doi: str | None
    files: tuple[ListedFile, ...] | None = None
    whole: bool = field(default=False, kw_only=True)


def load_json(data: bytes) -> dict[str, Any]:
    """Return the object that a JSON file holds; no key occurs twice in it.

    Raises
    ------
    ValueError
        If it holds none, or is no I-JSON.
    """
    return decode(data.decode("utf-8"))


def bare_doi(doi: Any) -> str | None:
    """Return a DOI as `Told` takes it, from one that may have the resolver's address or be none."""
    return str(doi).removeprefix(DOI) if doi else None


def doi_address(metadata: ReleaseMetadata) -> str | None:
    """Return the DOI as an address."""
    return f"{DOI}{metadata.doi}" if metadata.doi else None


def without_absent(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what the metadata do not hold."""
    return {name: value for name, value in fields.items() if value is not None}


def table_files(metadata: ReleaseMetadata) -> list[DataFile]:
    """Return the files that hold the compiled tables: Parquet in the order of tables, SQLite."""
    by_path = {item.path: item for item in metadata.files}
    return [by_path[path] for path in _table_paths(metadata)]


def _table_paths(metadata: ReleaseMetadata) -> list[str]:
    return [*map(parquet_name, metadata.tables), f"{metadata.name}.db"]


def parquet_name(table: str) -> str:
    """Return the path of a table's file."""
    return f"parquet/{table}.parquet"


def disagreements_of(stated: StatedMetadata, metadata: ReleaseMetadata) -> Iterator[str]:
    """Yield what is wrong with what a descriptor tells, as the rest of a sentence."""
    yield from _differing("title", plain_line(stated.title), plain_line(metadata.title))
    yield from _differing("version", stated.version, metadata.version)
    if stated.date is not None:
        yield from _differing("date", stated.date, metadata.date)
    yield from _licences(stated, metadata)
    yield from _differing("creators", _lines(stated.creators), _lines(metadata.creators))
    yield from _differing(
        "keywords", _lines(stated.keywords), _lines(metadata.head.get("keywords", ()))
    )
    yield from _differing("DOI", stated.doi or "", metadata.doi or "")
    if stated.files is not None:
        yield from _files(stated.files, metadata, stated.whole)


def _differing(what: str, found: str, expected: str) -> Iterator[str]:
    if found != expected:
        yield f"gives as {what} {_quote(found)}, and the release has {_quote(expected)}."


def _licences(stated: StatedMetadata, metadata: ReleaseMetadata) -> Iterator[str]:
    # archives write the identifiers of SPDX in lower case
    known = {
        metadata.licence[key].casefold() for key in ("name", "path") if key in metadata.licence
    }
    for licence in stated.licences or ("",):
        if licence.casefold() not in known:
            yield from _differing("licence", licence, metadata.licence["name"])


def _files(listed: tuple[ListedFile, ...], metadata: ReleaseMetadata, whole: bool) -> Iterator[str]:
    known = {item.path: item for item in metadata.files}
    found = {path for path, _, _ in listed}
    for path in known if whole else _table_paths(metadata):
        if path not in found:
            yield f"does not list {path}."
    for path, size, digest in listed:
        if path not in known:
            yield f"lists {path}, which is no data file of the release."
            continue
        yield from _differing(f"size of {path}", str(size), str(known[path].bytes))
        yield from _differing(f"SHA-256 of {path}", digest, known[path].sha256)


def _quote(text: str) -> str:
    return f'"{text}"' if text else "none"


def _lines(texts: Iterable[str]) -> str:
    return "; ".join(map(plain_line, texts))
