"""What a descriptor tells of a release, and where that differs from the facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from claimlog.escaping import plain_line
from claimlog.release.metadata import Facts, File
from claimlog.strict_json import decode_object

DOI = "https://doi.org/"
Listed = tuple[str, int, str]


@dataclass(frozen=True)
class Told:
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
    files: tuple[Listed, ...] | None = None
    whole: bool = field(default=False, kw_only=True)


def parse(data: bytes) -> dict[str, Any]:
    """Return the object that a JSON file holds; no key occurs twice in it.

    Raises
    ------
    ValueError
        If it holds none, or is no I-JSON.
    """
    return decode_object(data.decode("utf-8"))


def without_resolver(doi: Any) -> str | None:
    """Return a DOI as `Told` takes it, from one that may have the resolver's address or be none."""
    return str(doi).removeprefix(DOI) if doi else None


def resolver(facts: Facts) -> str | None:
    """Return the DOI as an address."""
    return f"{DOI}{facts.doi}" if facts.doi else None


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what the facts do not hold."""
    return {name: value for name, value in fields.items() if value is not None}


def compiled(facts: Facts) -> list[File]:
    """Return the files that hold the compiled tables: Parquet in the order of tables, SQLite."""
    by_path = {item.path: item for item in facts.files}
    return [by_path[path] for path in _compiled_paths(facts)]


def _compiled_paths(facts: Facts) -> list[str]:
    return [*map(parquet, facts.tables), f"{facts.name}.db"]


def parquet(table: str) -> str:
    """Return the path of a table's file."""
    return f"parquet/{table}.parquet"


def disagreements(told: Told, facts: Facts) -> Iterator[str]:
    """Yield what is wrong with what a descriptor tells, as the rest of a sentence."""
    yield from _differing("title", plain_line(told.title), plain_line(facts.title))
    yield from _differing("version", told.version, facts.version)
    if told.date is not None:
        yield from _differing("date", told.date, facts.date)
    yield from _licences(told, facts)
    yield from _differing("creators", _lines(told.creators), _lines(facts.creators))
    yield from _differing("keywords", _lines(told.keywords), _lines(facts.head.get("keywords", ())))
    yield from _differing("DOI", told.doi or "", facts.doi or "")
    if told.files is not None:
        yield from _files(told.files, facts, told.whole)


def _differing(what: str, found: str, expected: str) -> Iterator[str]:
    if found != expected:
        yield f"gives as {what} {_shown(found)}, and the release has {_shown(expected)}."


def _licences(told: Told, facts: Facts) -> Iterator[str]:
    # archives write the identifiers of SPDX in lower case
    known = {facts.licence[key].casefold() for key in ("name", "path") if key in facts.licence}
    for licence in told.licences or ("",):
        if licence.casefold() not in known:
            yield from _differing("licence", licence, facts.licence["name"])


def _files(listed: tuple[Listed, ...], facts: Facts, whole: bool) -> Iterator[str]:
    known = {item.path: item for item in facts.files}
    found = {path for path, _, _ in listed}
    for path in known if whole else _compiled_paths(facts):
        if path not in found:
            yield f"does not list {path}."
    for path, size, digest in listed:
        if path not in known:
            yield f"lists {path}, which is no data file of the release."
            continue
        yield from _differing(f"size of {path}", str(size), str(known[path].bytes))
        yield from _differing(f"SHA-256 of {path}", digest, known[path].sha256)


def _shown(text: str) -> str:
    return f'"{text}"' if text else "none"


def _lines(texts: Iterable[str]) -> str:
    return "; ".join(map(plain_line, texts))
