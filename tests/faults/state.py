"""What is on disk, as units: a batch, the open batch, a build, a release, a file.

A unit is there as it was before a command, as it is after one, or something is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from faults.calls import TEMPORARY

Units = Mapping[str, tuple[tuple[str, str], ...]]
"""By name: the paths in the unit with the hashes of their bytes."""

LISTED = ("events", "releases", "dist", ".claimlog")
"""Directories of which every entry is a unit; elsewhere a unit is an entry of the package."""
IGNORED = (".git", "schemas", ".claimlog/lock")
"""No unit: what no command writes, and the lock, a file that stays."""


CACHE = ".claimlog/cache"
"""The cache, a unit that can be made again from the log. Only the names in it count, and of these
not the temporary ones: who writes there next removes them."""


def read_units(root: Path) -> Units:
    """Return the units of the package at `root`."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path in _entries(root):
        name = path.relative_to(root).as_posix()
        parts = name.split("/")
        if name in IGNORED or name in LISTED:
            continue
        unit = "/".join(parts[: 2 if parts[0] in LISTED else 1])
        if unit == CACHE and (TEMPORARY.search(name) or f"{CACHE}/parts/" in name):
            continue
        content = "any" if unit == CACHE else _content(path)
        found.setdefault(unit, []).append((name, content))
    return {unit: tuple(held) for unit, held in found.items()}


def _content(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else "directory"


def _entries(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        inside = Path(folder)
        folders[:] = sorted(
            name for name in folders if (inside / name).relative_to(root).as_posix() not in IGNORED
        )
        for name in sorted([*folders, *files]):
            yield inside / name


def is_hidden(unit: str) -> bool:
    """Whether no reader looks at a unit: its name begins with a dot, or it is in .claimlog/."""
    return unit.startswith(".") or "/." in unit


def unit_problems(state: Units, *expected: Units) -> list[str]:
    """Return a line for each unit in none of the expected states; hidden leftovers do not count."""
    problems = []
    for unit in sorted({*state, *(unit for one in expected for unit in one)} - {CACHE}):
        held = state.get(unit)
        if held in [one.get(unit) for one in expected]:
            continue
        if not any(unit in one for one in expected):
            if not is_hidden(unit):
                problems.append(f"{unit} is left in sight")
        elif held is None:
            problems.append(f"{unit} is gone")
        else:
            problems.append(f"{unit} is neither as before nor as after")
    return problems


def visible_units(state: Units) -> Units:
    """Return the units that readers see, and the open batch."""
    return {
        unit: held
        for unit, held in state.items()
        if not is_hidden(unit) or unit == ".claimlog/open"
    }


def unit_differences(state: Units, wanted: Units) -> list[str]:
    """Return a line for each unit in which two states differ."""
    problems = []
    for unit in sorted({*state, *wanted}):
        if state.get(unit) != wanted.get(unit):
            how = "differs" if unit in state and unit in wanted else "is missing"
            problems.append(f"{unit} {how if unit in wanted else 'is left over'}")
    return problems


def state_key(state: Units) -> tuple[object, ...]:
    """Return a key that is equal for states that a command cannot tell apart (temporary names)."""
    return tuple(
        sorted(
            (
                _without_temporary_names(unit),
                tuple((_without_temporary_names(path), content) for path, content in held),
            )
            for unit, held in state.items()
        )
    )


def _without_temporary_names(path: str) -> str:
    return TEMPORARY.sub("*", path)
