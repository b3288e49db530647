"""Rows that were taken down, in a log as tiles: named beside it, empty in every bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.escaping import json_text
from claimlog.files import write_durably
from claimlog.limits import FILE_BYTES, TAKEN_ROWS
from claimlog.log.merkle import leaf_hash
from claimlog.log.takedowns import HASH, RECORD, TakenRow
from claimlog.log.tiles import BUNDLE_BYTES, ENTRIES, WIDTH, dump_bundle, parse_bundle, tile_path
from claimlog.schema.json_schemas import shape_flaw
from claimlog.untrusted_files import RIGHT_FILE, parse_json, read_regular

GET_TILE = "get it again from where the log is published"

TAKEN_FILE = "takedowns.json"
"""What names the rows that bundles lack; an extension of ours, which other readers pass over."""


SAID = {"type": "string", "maxLength": 2000}
TAKEN_SHAPE = {
    "type": "object",
    "required": ["rows"],
    "properties": {
        "rows": {
            "type": "array",
            "maxItems": TAKEN_ROWS,
            "items": {
                "type": "object",
                "required": ["row", "leaf_hash"],
                "properties": {
                    "row": {"type": "integer", "minimum": 0},
                    "leaf_hash": HASH,
                    "taken_down": SAID,
                    "by": SAID,
                    "reason": SAID,
                },
            },
        }
    },
}
"""What is read of the file that names rows which were taken down."""


def dump_taken_rows(taken: Mapping[int, TakenRow]) -> bytes:
    """Return what is published of rows that were taken down, by their place in the tree."""
    rows = [
        {
            "row": seq,
            "leaf_hash": row.leaf_hash,
            "taken_down": row.taken_down,
            "by": row.by,
            "reason": row.reason,
        }
        for seq, row in sorted(taken.items())
    ]
    return (json_text({"rows": rows}) + "\n").encode("utf-8")


def read_taken_rows(folder: Path) -> dict[int, Mapping[str, Any]]:
    """Return what a directory of tiles says of rows that were taken down, by their place.

    Raises
    ------
    ClaimlogError
        If there is a file of another kind in its place.
    """
    path = folder / TAKEN_FILE
    if not path.exists() and not path.is_symlink():
        return {}
    data = parse_json(read_regular(path, str(path), FILE_BYTES, folder, RIGHT_FILE), str(path))
    if flaw := shape_flaw(data, TAKEN_SHAPE):
        raise ClaimlogError(f"{path}: {flaw}; {GET_TILE}")
    return {row["row"]: row for row in data["rows"]}


def require_own_taken_rows(out: Path, taken: Mapping[int, TakenRow], display_path: str) -> None:
    """Refuse a directory that names a row as taken down which this log does not lack.

    Raises
    ------
    ClaimlogError
        If it does, or if there is a file of another kind, as the record of a package.
    """
    shown = f"{display_path}/{TAKEN_FILE}"
    try:
        there = read_taken_rows(out)
    except ClaimlogError as error:
        raise ClaimlogError(
            f"{shown}: is none that tiles are written with; name another directory, or move it away"
        ) from error
    for seq, row in sorted(there.items()):
        if seq not in taken or taken[seq].leaf_hash != row["leaf_hash"]:
            raise ClaimlogError(
                f"{shown}: says that row {seq} was taken down, which {RECORD} of this checkout "
                "does not say of it; fetch that takedown first, or name another directory"
            )


def lacks_rows_only(old: bytes, new: bytes) -> bool:
    """Whether a bundle is an earlier one without rows that were taken down."""
    before, after = parse_bundle(old), parse_bundle(new)
    return (
        before is not None
        and after is not None
        and len(before) == len(after)
        and all(line in (b"", earlier) for earlier, line in zip(before, after, strict=True))
    )


def empty_taken_rows(out: Path, taken: Mapping[int, TakenRow], display_path: str) -> int:
    """Empty rows that were taken down in every bundle of a directory; return in how many.

    Each width of a partial bundle is a file of its own, left from the state that was published
    with it.

    Raises
    ------
    ClaimlogError
        If there is another row in the place of one of them, or a file is no bundle.
    """
    emptied = 0
    bundles: dict[int, dict[int, TakenRow]] = {}
    for seq, row in sorted(taken.items()):
        bundles.setdefault(seq // WIDTH, {})[seq % WIDTH] = row
    for index, own in bundles.items():
        for width in range(min(own) + 1, WIDTH + 1):
            name = tile_path(ENTRIES, index, width)
            path, shown = out / name, f"{display_path}/{name}"
            if not path.exists() and not path.is_symlink():
                continue
            lines = parse_bundle(read_regular(path, shown, BUNDLE_BYTES, out, RIGHT_FILE))
            gone = {place: row for place, row in own.items() if place < width}
            if (
                lines is None
                or len(lines) != width
                or not all(
                    lines[place] == b"" or leaf_hash(lines[place]).hex() == row.leaf_hash
                    for place, row in gone.items()
                )
            ):
                raise ClaimlogError(
                    f"{shown}: holds other rows than the log gives, and may hold one that was "
                    "taken down; remove it, or name an empty directory"
                )
            left = [b"" if place in gone else line for place, line in enumerate(lines)]
            if left != lines:
                write_durably(path, dump_bundle(left))
                emptied += 1
    return emptied
