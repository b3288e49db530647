"""Files of a package's definition as texts that are edited, and that keep all that is not."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.escaping import compact_json
from claimlog.export.descriptor import dump_json
from claimlog.limits import DEFINITION_FILES
from claimlog.package import SCHEMA_PATH, Package
from claimlog.schema.table_schema import dump
from claimlog.untrusted_files import files_below, parse_json

PLACES_TRIED = 20
"""Places of a key that are looked at, each by reading the whole text; a schema has it in one."""


def definition_files(package: Package) -> dict[str, bytes]:
    """Return every file that a package's definition can consist of, by path.

    What is no file of a definition stays behind: a ``.git`` there, of a stranger's package, would
    run its commands wherever it is copied to.

    Raises
    ------
    ClaimlogError
        If a file cannot be read, or there are more than are read.
    """
    paths = files_below(package.schemas, DEFINITION_FILES)
    if paths is None:
        raise ClaimlogError("schemas: holds more files than are read; take out what is no schema")
    names = [package.relative(path) for path in paths]
    return {name: package.data(name) for name in names if SCHEMA_PATH.fullmatch(name)}


def with_value(text: str, shown: str, key: str, value: str | int) -> str:
    """Return the text of a JSON object with another value of one of its keys, else as it is.

    Where the place of the key cannot be told, the whole is written anew.
    """
    whole = parse_json(text.encode(), shown)
    wanted = {**whole, key: value}
    place = rf'"{key}"\s*:\s*({re.escape(compact_json(whole.get(key)))})\s*[,}}]'
    for found in islice(re.finditer(place, text), PLACES_TRIED):
        start, end = found.span(1)
        changed = f"{text[:start]}{compact_json(value)}{text[end:]}"
        if parse_json(changed.encode(), shown) == wanted:  # and no key of an inner object
            return changed
    return dump_json(wanted).decode()


class DefinitionTexts:
    """Files of a definition as they will be, and what is said of each that was edited.

    Parameters
    ----------
    package
        Where they lie now. Nothing is written here.
    """

    def __init__(self, package: Package) -> None:
        self.package = package
        self.edited: dict[str, str] = {}
        self.notes: dict[str, list[str]] = {}

    def text(self, name: str) -> str:
        """Return a file as it will be."""
        return self.edited[name] if name in self.edited else self.package.text(name)

    def exists(self, name: str) -> bool:
        return name in self.edited or os.path.lexists(self.package.root / name)

    def json(self, name: str) -> dict[str, Any]:
        return parse_json(self.text(name).encode(), name)

    def put(self, name: str, text: str, note: str) -> None:
        """Replace a file, and note what that does."""
        self.edited[name] = text
        self.notes.setdefault(name, []).append(note)

    def put_schema(self, name: str, spec: dict[str, Any], note: str) -> None:
        """Replace a schema, in the form in which ``claimlog schemas --write`` writes it."""
        self.put(name, dump(spec), note)

    def put_value(self, name: str, key: str, value: str | int, note: str) -> None:
        """Replace a value of a JSON file."""
        self.put(name, with_value(self.text(name), name, key, value), note)

    def append(self, name: str, rows: Iterable[Sequence[object]], note: str) -> None:
        """Add lines to the end of a CSV file, which ends its lines as those before."""
        before = self.text(name) if self.exists(name) else ""
        end = "\r\n" if "\r\n" in before[-2:] else "\n"
        added = io.StringIO()
        csv.writer(added, lineterminator=end).writerows(rows)
        gap = "" if not before or before.endswith("\n") else end
        self.put(name, f"{before}{gap}{added.getvalue()}", note)
