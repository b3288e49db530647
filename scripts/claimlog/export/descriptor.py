"""The descriptor of the compiled files: a Data Package with bytes, hashes and schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import file_digest
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.package import DESCRIPTOR, Package, read_json
from claimlog.schema import Table

OURS = (
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
"""Properties of our schema files that say how to compile and show a table."""


def describe(
    package: Package,
    folder: Path,
    tables: Mapping[str, Table],
    rows: Mapping[str, int],
    log: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the descriptor of the files in `folder`.

    Parameters
    ----------
    rows
        Number of rows by table.
    log
        What was folded: tree size, root, as-of, fingerprint of the inputs.
    """
    head = {key: package.descriptor[key] for key in package.descriptor if key != "resources"}
    named = f"{package.descriptor['name']}.db"
    paths = [named, "validation.json", *(f"parquet/{name}.parquet" for name in tables)]
    known = _sizes_and_hashes(folder, paths)
    resources = []
    for name, table in tables.items():
        path = f"parquet/{name}.parquet"
        schema = {key: value for key, value in table.spec.items() if key not in OURS}
        resources.append(
            {
                "name": name,
                "path": path,
                "title": table.title,
                "description": table.description,
                "format": "parquet",
                "mediatype": "application/vnd.apache.parquet",
                **known[path],
                "rows": rows[name],
                "schema": schema,
            }
        )
    for name, path, title, kind in (
        ("database", named, "All tables as SQLite", "vnd.sqlite3"),
        ("validation", "validation.json", "What validation checked, skipped and failed", "json"),
    ):
        resources.append(
            {
                "name": name,
                "path": path,
                "title": title,
                "mediatype": f"application/{kind}",
                **known[path],
            }
        )
    return {**head, "log": dict(log), "resources": resources}


def intact(folder: Path) -> bool:
    """Whether every file of a build has the size and hash that its descriptor gives."""
    try:
        given = read_json(folder / DESCRIPTOR, "build")["resources"]
        found = _sizes_and_hashes(folder, [one["path"] for one in given])
        return all(found[one["path"]].items() <= one.items() for one in given)
    except (ClaimlogError, OSError, KeyError, TypeError):
        return False


def _sizes_and_hashes(folder: Path, paths: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return ``bytes`` and ``hash`` of files by path."""

    def of(path: str) -> dict[str, object]:
        with (folder / path).open("rb") as handle:
            digest = file_digest(handle, "sha256")
        size = (folder / path).stat().st_size
        return {"bytes": size, "hash": f"sha256:{digest.hexdigest()}"}

    with ThreadPoolExecutor(2) as pool:  # hashing leaves the interpreter
        return dict(zip(paths, pool.map(of, paths), strict=True))


def dump_json(value: object) -> bytes:
    """Return a JSON file's bytes."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode("utf-8")
