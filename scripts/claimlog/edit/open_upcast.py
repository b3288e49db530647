"""Rows of the open batch from before a schema changed, as rows of the present schema.

Sealed rows are upcast whenever they are read. Open ones will be sealed by the present schema, so
that they are rewritten, once, by the first command that changes the open batch.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claimlog.directory_swap import publish_directory
from claimlog.errors import ClaimlogError
from claimlog.log.canonical import encode
from claimlog.log.lines import is_crowded
from claimlog.log.read_file import read_bytes
from claimlog.log.upcast import upcast_row
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Table, empty_retired
from claimlog.strict_json import decode_object
from claimlog.untrusted_files import is_dense


def carry_over(place: Path, shown: str, definition: Definition) -> int:
    """Rewrite the open batch in a directory by the present schemas; return how many rows it was.

    The caller holds the lock. Rows of no known schema version stay as they are: validation names
    them.

    Raises
    ------
    ClaimlogError
        If the batch cannot be read or written; it is as it was.
    """
    rewritten = {
        stream: lines
        for stream in definition.streams
        if (lines := _upcast_lines(place, shown, stream, definition)) is not None
    }
    if not rewritten:
        return 0
    with publish_directory(place, shown) as folder:
        shutil.copytree(place, folder, dirs_exist_ok=True)
        for stream, (_, data) in rewritten.items():
            (folder / f"{stream}.ndjson").write_bytes(data)
    return sum(number for number, _ in rewritten.values())


def is_outdated(place: Path, shown: str, definition: Definition) -> bool:
    """Whether an open batch holds rows that `carry_over` would rewrite."""
    return any(_upcast_lines(place, shown, name, definition) for name in definition.streams)


def refuse_outdated(place: Path, shown: str, definition: Definition) -> None:
    """Refuse an open batch that `carry_over` would rewrite, for commands that change nothing.

    Raises
    ------
    ClaimlogError
        Naming the command that rewrites it.
    """
    for stream, table in definition.streams.items():
        found = _upcast_lines(place, shown, stream, definition)
        if found is not None:
            number, rows = found[0], "row is" if found[0] == 1 else "rows are"
            raise ClaimlogError(
                f"{shown}/{stream}.ndjson: {number} {rows} from before version {table.version} of "
                f"schemas/{stream}.json; run claimlog open, which carries the open batch over"
            )


def _upcast_lines(
    place: Path, shown: str, stream: str, definition: Definition
) -> tuple[int, bytes] | None:
    """Return how many rows of a stream are of an earlier version, and the file without such."""
    table, path = definition.streams[stream], place / f"{stream}.ndjson"
    versions = sorted((v for name, v in definition.earlier if name == stream), reverse=True)
    if not versions or not path.is_file():
        return None
    data = read_bytes(path, f"{shown}/{path.name}")
    tables = (table, *(definition.earlier[stream, version] for version in versions))
    if is_dense(data) or all(is_crowded(data, one) for one in tables):
        return None  # most are no rows of any version: validation says what is wrong with them
    lines = data.split(b"\n")
    number = 0
    for at, line in enumerate(lines):
        row = _decoded(line)
        if row is None or _has_shape(row, table):
            continue
        version = next(
            (v for v in versions if _has_shape(row, definition.earlier[stream, v])), None
        )
        if version is None:
            continue
        now = upcast_row(row, definition, stream, version)
        lines[at] = encode({n: empty_retired(table.by_name[n], now[n]) for n in table.names})
        number += 1
    return (number, b"\n".join(lines)) if number else None


def _decoded(line: bytes) -> dict[str, Any] | None:
    try:
        return decode_object(line.decode("utf-8")) if line else None
    except ValueError:  # validation says what is wrong with it
        return None


def _has_shape(row: Mapping[str, Any], table: Table) -> bool:
    """Whether a row has the columns of a schema, and the objects in its lists their keys."""
    if row.keys() != table.by_name.keys():
        return False
    for item in table.fields:
        names = {inner.name for inner in item.fields}
        parts = row[item.name] if names and isinstance(row[item.name], list) else ()
        if any(not isinstance(part, dict) or part.keys() != names for part in parts):
            return False
    return True
