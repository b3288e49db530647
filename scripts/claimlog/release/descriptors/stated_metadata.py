"""What a descriptor states of a release, and where that differs from the release's metadata."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from claimlog.escaping import plain_line, short_line
from claimlog.release.metadata import DOI_RESOLVER, DataFile, ReleaseMetadata
from claimlog.strict_json import decode_object

FileStatement = tuple[str, int, str]
"""Path, size and SHA-256 (hex) of a file."""


@dataclass(frozen=True)
class StatedMetadata:
    """What one descriptor states; None where its format has no place for it.

    Attributes
    ----------
    licences
        Every name and address of the licence that is given.
    doi
        Without the resolver's address; None where none is given.
    files
        The data files; None where the format lists none.
    lists_all
        Whether `files` should list every data file, instead of at least the compiled tables.
    """

    title: str
    version: str
    date: str | None
    licences: tuple[str, ...]
    creators: tuple[str, ...]
    keywords: tuple[str, ...]
    doi: str | None
    files: tuple[FileStatement, ...] | None = None
    lists_all: bool = field(default=False, kw_only=True)


def load_json(data: bytes) -> dict[str, Any]:
    """Return the object in a JSON file; no key occurs twice in it.

    Raises
    ------
    ValueError
        If it holds none, or is no I-JSON.
    """
    return decode_object(data.decode("utf-8"))


def bare_doi(doi: Any) -> str | None:
    """Return a DOI without the resolver's address; None if there is none."""
    return str(doi).removeprefix(DOI_RESOLVER) if doi else None


def without_absent(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def table_files(metadata: ReleaseMetadata) -> list[DataFile]:
    """Return the files of the compiled tables: Parquet in the order of tables, then SQLite."""
    by_path = {item.path: item for item in metadata.files}
    return [by_path[path] for path in _table_paths(metadata)]


def _table_paths(metadata: ReleaseMetadata) -> list[str]:
    return [*map(parquet_name, metadata.tables), f"{metadata.name}.db"]


def parquet_name(table: str) -> str:
    """Return the path of a table's file."""
    return f"parquet/{table}.parquet"


def csv_name(table: str) -> str:
    """Return the path of a table's CSV file."""
    return f"csv/{table}.csv"


def disagreements(stated: StatedMetadata, metadata: ReleaseMetadata) -> Iterator[str]:
    """Yield what a descriptor states wrongly, each as the rest of a sentence about it."""
    yield from _difference("title", plain_line(stated.title), plain_line(metadata.title))
    yield from _difference("version", stated.version, metadata.version)
    if stated.date is not None:
        yield from _difference("date", stated.date, metadata.date)
    yield from _licence_differences(stated, metadata)
    yield from _difference("creators", _join(stated.creators), _join(metadata.creators))
    keywords = metadata.head.get("keywords", ())
    yield from _difference("keywords", _join(stated.keywords), _join(keywords))
    yield from _difference("DOI", stated.doi or "", metadata.doi or "")
    if stated.files is not None:
        yield from _file_differences(stated.files, metadata, stated.lists_all)


def _difference(what: str, stated: str, expected: str) -> Iterator[str]:
    if stated != expected:
        yield f"gives as {what} {_quote(stated)}, and the release has {_quote(expected)}."


def _licence_differences(stated: StatedMetadata, metadata: ReleaseMetadata) -> Iterator[str]:
    licence = metadata.licence
    # archives write the identifiers of SPDX in lower case
    valid = {licence[key].casefold() for key in ("name", "path") if key in licence}
    for name in stated.licences or ("",):
        if name.casefold() not in valid:
            yield from _difference("licence", name, licence["name"])


def _file_differences(
    stated: tuple[FileStatement, ...], metadata: ReleaseMetadata, lists_all: bool
) -> Iterator[str]:
    by_path = {item.path: item for item in metadata.files}
    paths = {path for path, _, _ in stated}
    for path in by_path if lists_all else _table_paths(metadata):
        if path not in paths:
            yield f"does not list {path}."
    for path, size, digest in stated:
        if path not in by_path:
            yield f"lists {short_line(path)}, which is no data file of the release."
            continue
        yield from _difference(f"size of {path}", str(size), str(by_path[path].bytes))
        yield from _difference(f"SHA-256 of {path}", digest, by_path[path].sha256)


def _quote(text: str) -> str:
    return f'"{short_line(text)}"' if text else "none"


def _join(texts: Iterable[str]) -> str:
    return "; ".join(map(plain_line, texts))
