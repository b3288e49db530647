"""Limits and sizes that a package sets, each with its reason, in ``schemas/thresholds.csv``."""

from __future__ import annotations

import re

from claimlog.errors import ClaimlogError
from claimlog.limits import LEAST_THRESHOLDS, THRESHOLDS
from claimlog.package import Package

FILE = "schemas/thresholds.csv"


class Thresholds(dict[str, int]):
    """Numbers by name; one that is not there is said to be missing."""

    def __missing__(self, name: str) -> int:
        raise ClaimlogError(f"{FILE}: has no {name}; restore it from git")


def read_thresholds(package: Package) -> Thresholds:
    """Read the thresholds of a package.

    How large each may be is not the package's to say: `limits.THRESHOLDS`.

    Raises
    ------
    ClaimlogError
        If the file cannot be read, or a line of it is no number within bounds.
    """
    rows = package.table(FILE, ("name", "value", "unit", "reason"))
    for line, row in enumerate(rows, 2):
        if not re.fullmatch("[0-9]{1,15}", row["value"]):
            raise ClaimlogError(f"{FILE}:{line}: {row['value']!r} is no whole number; mend it")
        most = THRESHOLDS.get(row["name"], int(row["value"]))
        least = LEAST_THRESHOLDS.get(row["name"], 0)
        if not least <= int(row["value"]) <= most:
            said = f"{row['name']} is {row['value']}, expected {least} to {most}"
            raise ClaimlogError(f"{FILE}:{line}: {said}; mend it")
    return Thresholds({row["name"]: int(row["value"]) for row in rows})
