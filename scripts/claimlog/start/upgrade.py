"""Bringing a package up to date with the claimlog that runs: its files and schemas, never rows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from claimlog.edit.log_lock import log_lock
from claimlog.export.descriptor import dump_json
from claimlog.package import DESCRIPTOR, STAMP, Package
from claimlog.release.generated_package_files import refresh_generated_files, stale_files
from claimlog.schema.definition import read_definition
from claimlog.schema.table_schema import dump
from claimlog.start.template_files import (
    digest,
    is_renewed,
    renewed_files,
    stamp,
    template_schemas,
)

TABLES = "schemas/tables"


@dataclass(frozen=True)
class Change:
    """What an upgrade does to a file of the package.

    Attributes
    ----------
    data
        Its new content; None where it is removed, or left as it is.
    is_kept
        Whether it is left as it is, because somebody changed or removed it.
    """

    path: str
    action: str
    data: bytes | None = None
    is_kept: bool = False


def plan_upgrade(package: Package) -> list[Change]:
    """Return what an upgrade would do; nothing for a package that is up to date.

    Files that claimlog wrote and nobody changed are renewed. Tables that the code computes get the
    columns that their schema lacks. The rest, rows above all, is left alone.

    Raises
    ------
    ClaimlogError
        If a file of the package cannot be read, or the package needs a newer claimlog.
    """
    read_definition(package)
    made = package.descriptor.get(STAMP)
    digests = dict(made["files"]) if made else {}
    files = renewed_files() if made else {}
    changes = [*_file_changes(package, digests, files), *_table_changes(package)]
    told = {change.path for change in changes}
    changes += [
        Change(package.relative(path), "renewed from the codebook and the code", text.encode())
        for path, _, text in stale_files(package)
        if package.relative(path) not in told
    ]
    if (data := _stamped_descriptor(package, digests, files)) is not None:
        changes.append(Change(DESCRIPTOR, "says what the package is made with", data))
    return changes


def apply_upgrade(package: Package) -> list[Change]:
    """Do what `plan_upgrade` says, and return that; the descriptor comes last.

    Raises
    ------
    ClaimlogError
        As `plan_upgrade` does, or if another process changes the log.
    OSError
        If a file cannot be written; running it again goes on.
    """
    with log_lock(package):
        changes = plan_upgrade(package)
        for change in sorted(changes, key=lambda change: change.path == DESCRIPTOR):
            place = package.root / change.path
            if change.data is not None:
                package.write(place, change.data)
            elif not change.is_kept:
                package.remove(place)
        refresh_generated_files(package, "the package is upgraded")
    return changes


def _file_changes(
    package: Package, digests: Mapping[str, str], files: Mapping[str, bytes]
) -> Iterator[Change]:
    """Yield what becomes of the files that claimlog wrote or would write now."""
    for path in sorted({*digests, *files}):
        if not is_renewed(path):
            yield Change(path, "is no file that claimlog writes, and stays", is_kept=True)
            continue
        place = package.root / path
        have = package.document_bytes(place) if os.path.lexists(place) else None
        new = files.get(path)
        if have == new:
            continue
        if path not in digests:
            if have is None:
                yield Change(path, "new", new)
            else:
                yield Change(path, "is yours, and stays", is_kept=True)
        elif have is None:
            if new is not None:
                yield Change(path, "was removed here, and stays away", is_kept=True)
        elif digest(have) != digests[path]:
            yield Change(path, "was changed here, and stays", is_kept=True)
        else:
            yield Change(path, "renewed" if new is not None else "removed", new)


def _table_changes(package: Package) -> Iterator[Change]:
    """Yield the schemas of computed tables that lack a column which the code computes."""
    for path, data in template_schemas().items():
        if not path.startswith(f"{TABLES}/"):
            continue
        newest: dict[str, Any] = json.loads(data)
        if not (package.root / path).exists():
            continue  # a table that the package does without
        have = package.json(path)
        names = {field["name"] for field in have["fields"]}
        added = [f for f in newest["fields"] if "from" not in f and f["name"] not in names]
        if added:
            names_added = ", ".join(field["name"] for field in added)
            spec = {**have, "fields": [*have["fields"], *added]}
            yield Change(path, f"gets the columns {names_added}", dump(spec).encode())


def _stamped_descriptor(
    package: Package, digests: Mapping[str, str], files: Mapping[str, bytes]
) -> bytes | None:
    """Return the descriptor with what the package is made with now; None if it says that."""
    made = package.descriptor.get(STAMP, {})
    known = {path: digests[path] for path in digests if path in files}
    for path, data in files.items():
        place = package.root / path
        have = package.document_bytes(place) if os.path.lexists(place) else None
        is_ours = have is not None and (
            have == data or (path in digests and digest(have) == digests[path])
        )
        if is_ours or (have is None and path not in digests):
            known[path] = digest(data)
    now = {**made, **stamp(known)}
    if now == made:
        return None
    return dump_json({**package.descriptor, STAMP: now})
