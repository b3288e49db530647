"""The descriptor of the compiled files: a Data Package with bytes, hashes and schemas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import file_digest
from pathlib import Path
from typing import Any

from claimlog.escaping import json_text
from claimlog.media_types import JSON, PARQUET, SQLITE
from claimlog.package import VALIDATION
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Table

OWN_PROPERTIES = (
    "order",
    "hidden",
    "bridge",
    "label",
    "facets",
    "indexes",
    "search",
    "sort",
    "sort_desc",
    "stream",
)
"""Properties of our own in schema files, which say how to compile and show a table."""


def descriptor_of_build(
    definition: Definition,
    rows: Mapping[str, int],
    log: Mapping[str, Any],
    hashes: FileHashes,
) -> dict[str, Any]:
    """Return the descriptor of a build's files.

    Parameters
    ----------
    rows
        Number of rows by table.
    log
        What was folded: tree size, root, as-of, fingerprint of the inputs.
    hashes
        Of the files; those not hashed before are hashed now.
    """
    about, tables = definition.descriptor, definition.tables
    head = {key: about[key] for key in about if key != "resources"}
    database = f"{about['name']}.db"
    paths = [database, VALIDATION, *(f"parquet/{name}.parquet" for name in tables)]
    by_path = hashes.of_files(paths)
    resources = []
    for name, table in tables.items():
        path = f"parquet/{name}.parquet"
        resources.append(
            {
                "name": name,
                "type": "table",
                "path": path,
                "title": table.title,
                "description": table.description,
                "format": "parquet",
                "mediatype": PARQUET,
                **by_path[path],
                "rows": rows[name],
                "schema": resource_schema(table),
            }
        )
    for name, path, title, media_type in (
        ("database", database, "All tables as SQLite", SQLITE),
        ("validation", VALIDATION, "What validation checked, skipped and failed", JSON),
    ):
        resources.append(
            {
                "name": name,
                "path": path,
                "title": title,
                "mediatype": media_type,
                **by_path[path],
            }
        )
    return {**head, "log": dict(log), "resources": resources}


def resource_schema(table: Table) -> dict[str, Any]:
    """Return the Table Schema of a build's resource: with codes as categories, and their order."""
    fields = [
        {**spec, "categories": item.enum, "categoriesOrdered": item.ordered}
        if item.enum is not None and item.type == "string"
        else spec
        for spec, item in zip(table.spec["fields"], table.fields, strict=True)
    ]
    return {key: value for key, value in table.spec.items() if key not in OWN_PROPERTIES} | {
        "fields": fields
    }


class FileHashes:
    """``bytes`` and ``hash`` of the files of a build, each hashed once, when it is complete."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._by_path: dict[str, dict[str, object]] = {}

    def of_file(self, path: str) -> dict[str, object]:
        """Return what a descriptor says of a file, which must not change any more."""
        if path not in self._by_path:
            with (self.folder / path).open("rb") as handle:
                digest = file_digest(handle, "sha256")
            size = (self.folder / path).stat().st_size
            self._by_path[path] = {"bytes": size, "hash": f"sha256:{digest.hexdigest()}"}
        return self._by_path[path]

    def of_files(self, paths: Sequence[str]) -> dict[str, dict[str, object]]:
        """Return what a descriptor says of files, by path."""
        with ThreadPoolExecutor(2) as pool:  # hashing leaves the interpreter
            return dict(zip(paths, pool.map(self.of_file, paths), strict=True))


def dump_json(value: object) -> bytes:
    """Return a JSON file's bytes."""
    return f"{json_text(value)}\n".encode()
