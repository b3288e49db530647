"""Defining a variable or a register: every file that says so, checked as a whole, then written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from claimlog.edit.batch_files import staging, synced_descriptor
from claimlog.edit.log_lock import log_lock
from claimlog.edit.open_batch import open_folder
from claimlog.edit.write_together import write_together
from claimlog.errors import ClaimlogError
from claimlog.log.batch import sealed_batches
from claimlog.log.release_index import Version, read_index
from claimlog.package import DESCRIPTOR, Package
from claimlog.release.coding_manual import PAGE
from claimlog.release.generated_package_files import stale_files
from claimlog.schema.codebook import FOLDER as CODEBOOK
from claimlog.schema.definition import Definition, read_definition
from claimlog.schema.upcast_steps import COLUMNS as UPCAST_COLUMNS
from claimlog.schema.upcast_steps import FILE as UPCASTS
from claimlog.start.definition_texts import DefinitionTexts, definition_files
from claimlog.start.next_schema_version import raise_schema_version, schema_file


class Addition(Protocol):
    """What is added to a definition."""

    @property
    def label(self) -> str:
        """What messages call it."""

    def edit(self, texts: DefinitionTexts, definition: Definition) -> None:
        """Edit the files of a definition; refuse what does not go with it, naming the option."""


@dataclass(frozen=True)
class Written:
    """A file that was written, and what was done to it; ``generated`` follows from others."""

    path: str
    note: str
    generated: bool = False


def define(package: Package, addition: Addition) -> list[Written]:
    """Write a variable or a register into the definition of a package, with all that follows.

    Where the version of something was used by rows or by a release, the next one begins.

    Returns
    -------
    list
        The files that were written; none of them is if anything is refused.

    Raises
    ------
    ClaimlogError
        If the definition that would result is none, or the present one is none.
    OSError
        If a file cannot be written; what was there is put back.
    """
    with log_lock(package):
        definition = read_definition(package)
        texts = DefinitionTexts(package)
        addition.edit(texts, definition)
        _raise_dataset_version(texts)
        files = {name: text.encode() for name, text in texts.edited.items()}
        generated = _generated_files(package, files, addition.label)
        written = [Written(name, ", ".join(notes)) for name, notes in texts.notes.items()]
        written += [Written(name, "", True) for name in generated if name not in files]
        write_together(package, {**files, **generated})
    with log_lock(package):  # which carries the open batch over
        return written


def add_column(texts: DefinitionTexts, stream: str, column: Mapping[str, object]) -> None:
    """Add a column to a stream, in the next version of its schema if rows are of the present one.

    Rows of earlier versions are said to hold nothing in it.
    """
    name, shown = str(column["name"]), schema_file(stream)
    version = int(texts.json(shown).get("schemaVersion", 1))
    if _has_rows(texts.package, stream, version):
        version = raise_schema_version(texts, stream, texts.text(shown))
    spec = texts.json(shown)
    texts.put_schema(
        shown, {**spec, "fields": [*spec["fields"], dict(column)]}, f"the column {name}"
    )
    if version > 1:
        empty = "[]" if column["type"] == "array" else "null"
        if not texts.exists(UPCASTS):
            texts.append(UPCASTS, [UPCAST_COLUMNS], "new")
        note = f"older rows hold {empty} in it"
        texts.append(UPCASTS, [(stream, version, "add", name, empty)], note)


def raise_codebook_version(texts: DefinitionTexts) -> str:
    """Return the version of the codebook that comes next: another one if rows were coded by it."""
    name = f"{CODEBOOK}/codebook.json"
    version = str(texts.json(name)["version"])
    batches = sealed_batches(texts.package, [])
    if any(batch.manifest.get("codebook_version") == version for batch in batches):
        version = str(Version.parse(version).after("minor"))
        texts.put_value(name, "version", version, f"version {version}")
    return version


def _raise_dataset_version(texts: DefinitionTexts) -> None:
    """Raise the version of the dataset if it was released: a new table or column is a minor one."""
    index = read_index(texts.package)
    stated = Version.parse(str(texts.json(DESCRIPTOR)["version"]))
    if index and not index[-1].version < stated:
        version = str(index[-1].version.after("minor"))
        texts.put_value(DESCRIPTOR, "version", version, f"version {version}, the next release")


def _has_rows(package: Package, stream: str, version: int) -> bool:
    """Whether sealed or open rows are of a version of a stream; open ones are of the present."""
    place = open_folder(package) / f"{stream}.ndjson"
    return place.exists() or any(
        batch.file_entry(stream).get("schema_version") == version
        for batch in sealed_batches(package, [])
    )


def _generated_files(package: Package, files: Mapping[str, bytes], label: str) -> dict[str, bytes]:
    """Return what follows from edited files, once a copy of the definition has them and is sound.

    Raises
    ------
    ClaimlogError
        If the definition would not be sound, with what was to be defined.
    """
    with _copied_definition(package, files) as copy:
        try:
            read_definition(copy)
            stale = {copy.relative(path): text.encode() for path, _, text in stale_files(copy)}
            _write(stale, copy.root)
            listing = synced_descriptor(package, Package(copy.root))
            return stale if listing is None else {**stale, DESCRIPTOR: listing}
        except ClaimlogError as error:
            why = str(error).removesuffix("; restore it from git")
            raise ClaimlogError(f"{label}: {why}; nothing was written") from error


@contextmanager
def _copied_definition(package: Package, files: Mapping[str, bytes]) -> Iterator[Package]:
    """Yield a package that has the definition of another one, with some files replaced."""
    named = {DESCRIPTOR: package.data(DESCRIPTOR), **definition_files(package)}
    if (package.root / PAGE).is_file():
        named[PAGE] = package.document_bytes(package.root / PAGE)
    with staging(package) as root:
        _write({**named, **files}, root)
        yield Package(root)


def _write(files: Mapping[str, bytes], root: Path) -> None:
    for name, data in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
