"""Registering a source from a document: what is proposed of its row, and where its text is saved.

Documents are read in `sources/documents`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from claimlog.checkout import Checkout
from claimlog.edit.log_lock import package_lock
from claimlog.edit.open_batch import read_with_open
from claimlog.errors import ClaimlogError, UsageError, reason
from claimlog.files import sync
from claimlog.git import CheckoutError
from claimlog.limits import CELL, SLUG_LENGTH
from claimlog.package import Package
from claimlog.schema.edtf import bounds
from claimlog.schema.pattern_matching import fits
from claimlog.schema.table_schema import Field, Table
from claimlog.sources.characters import stream_safe
from claimlog.sources.documents.extracted_text import ExtractedText
from claimlog.sources.text import Text, Texts

PROPOSED = ("title", "authors", "publisher", "published", "language", "url", "furniture")
"""Columns that a document says something about, which the coder accepts or gives otherwise."""

RECORDED = ("extractor", "raw_sha256")
"""Columns that say where the text came from, and are as they are."""


def propose_columns(
    table: Table, found: ExtractedText, address: str | None = None
) -> dict[str, Any]:
    """Return the columns of a source that its document gives, but those that it cannot have.

    Parameters
    ----------
    table
        The schema of sources; a package may have other codes, and older ones fewer columns.
    address
        Where the document was fetched.
    """
    values: dict[str, Any] = {
        "title": found.title,
        "authors": [*found.authors],
        "publisher": found.publisher,
        "published": found.published,
        "language": found.language,
        "url": address or found.url,
        "furniture": [asdict(part) for part in found.furniture],
    }
    if found.extractor is not None:
        values |= {"extractor": found.extractor, "raw_sha256": found.raw_sha256}
    given = {name: value for name, value in values.items() if name in table.in_use and value}
    kinds = _furniture_kinds(table)
    if kinds is not None and "furniture" in given:
        given["furniture"] = [part for part in given["furniture"] if part["kind"] in kinds]
    return {name: value for name, value in given.items() if value and _fits(table, name, value)}


def _furniture_kinds(table: Table) -> list[str] | None:
    column = table.by_name.get("furniture")
    kind = next((item for item in column.fields if item.name == "kind"), None) if column else None
    return kind.enum if kind else None


def _fits(table: Table, name: str, value: Any) -> bool:
    """Whether a column takes a value, which may be any that a document states."""
    item: Field = table.by_name[name]
    if not isinstance(value, str):
        return True
    if len(value) > min(CELL, int(item.constraints.get("maxLength", CELL))):
        return False
    if item.edtf:
        try:
            bounds(value)
        except ValueError:
            return False
    pattern = item.constraints.get("pattern")
    return (item.enum is None or value in item.enum) and (
        pattern is None or fits(value, str(pattern))
    )


@contextmanager
def saved_text(package: Package, texts: Texts, name: str, content: str) -> Iterator[Path]:
    """Write a text into the directory of texts, and yield its file, which goes if the block fails.

    A text that lies there already is not written again. Two runs may add one text at once: the file
    stays if the other has registered it, and is written again if the other took it away.

    Parameters
    ----------
    texts
        The directory; the text is one of its own from then on.
    name
        What the file is to be called, in words.

    Raises
    ------
    ClaimlogError
        If git would track the file, or the directory cannot be written.
    """
    text = Text(content)
    known = texts.get(text.sha256)
    lies_there = known.path if known is not None else None
    stem, data = file_stem(name), content.encode("utf-8")
    path = lies_there or _write_new(package, texts, stem, data)
    texts.by_hash[text.sha256] = Text(content, path)
    try:
        yield path
    except BaseException:
        if lies_there is None:
            _remove_unregistered(package, path, text.sha256)
            texts.taken_numbers.pop(stem, None)
        raise
    if not path.exists():
        texts.by_hash[text.sha256] = Text(content, _write_new(package, texts, stem, data))


def _remove_unregistered(package: Package, path: Path, sha256: str) -> None:
    """Remove the file of a text unless a source has it by now; without an answer it stays."""
    with suppress(ClaimlogError), package_lock(package):
        sources = read_with_open(package).live("sources")
        if sha256 not in sources["text_sha256"]:
            path.unlink(missing_ok=True)


def require_outside_repository(package: Package, folder: Path, name: str = "text.txt") -> bool:
    """Refuse a directory that git would track: a source's text is never committed.

    Parameters
    ----------
    name
        A text there; ``.gitignore`` may leave out one and not the next.

    Returns
    -------
    bool
        Whether git tracks no file there, however it is called.

    Raises
    ------
    UsageError
        If it lies in the checkout and is not ignored.
    """
    try:
        checkout = Checkout.of(package)
    except CheckoutError:
        return True  # nothing is committed from here
    place, top = folder.resolve(), checkout.top
    if not place.is_relative_to(top):
        return True
    ignored = set() if place == top else checkout.ignored_paths(place, place / name)
    if not ignored:
        inside = place.relative_to(top).as_posix()
        raise UsageError(
            f"{folder}: lies in the repository, where texts would be committed, which are other "
            f"people's; name a directory outside of it, or add /{inside}/ to .gitignore"
        )
    return place in ignored


def _write_new(package: Package, texts: Texts, stem: str, data: bytes) -> Path:
    """Write a file that no other has the name of."""
    number = texts.taken_numbers.get(stem, 0)
    while True:
        number += 1
        path = texts.folder / (f"{stem}.txt" if number == 1 else f"{stem}-{number}.txt")
        if os.path.lexists(path):
            continue
        if not texts.are_untracked:
            texts.are_untracked = require_outside_repository(package, texts.folder, path.name)
        try:
            with path.open("xb") as file:
                try:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                except BaseException:
                    path.unlink()
                    raise
            sync(texts.folder)
            texts.taken_numbers[stem] = number
            return path
        except FileExistsError:
            continue
        except OSError as error:
            raise ClaimlogError(
                f"{path}: cannot be written ({reason(error)}); nothing was added"
            ) from error


def file_stem(name: str) -> str:
    """Return the name of a file for a title.

    >>> file_stem("Café: “the pact”, again"), file_stem("海")
    ('cafe-the-pact-again', 'text')
    """
    plain = stream_safe("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:SLUG_LENGTH].strip("-") or "text"
