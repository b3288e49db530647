"""The codebook as data: variables, the steps that decide them, hard decisions, codes.

Everything stands in CSV files under ``schemas/codebook/``; one code list is one file of its
``codes/``. A variable is one column of the claims or several that are decided together.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from claimlog.package import Package, read_json

Row = dict[str, str]


@dataclass(frozen=True)
class Codebook:
    """What a coder follows, read from a package."""

    package: Package

    @property
    def folder(self) -> Path:
        return self.package.schemas / "codebook"

    @cached_property
    def about(self) -> dict[str, Any]:
        path = self.folder / "codebook.json"
        return read_json(path, self.package.relative(path))

    @property
    def version(self) -> str:
        return str(self.about["version"])

    @cached_property
    def codes(self) -> dict[str, list[Row]]:
        """Code lists by name; each code with label, definition, rules, example and mapping."""
        return {path.stem: _rows(path) for path in sorted((self.folder / "codes").glob("*.csv"))}

    @cached_property
    def variables(self) -> list[Row]:
        """What is coded, in the order in which a coder decides it."""
        return _rows(self.folder / "variables.csv")

    @cached_property
    def steps(self) -> list[Row]:
        """How each variable is decided: the first step that holds gives the code, if it has one."""
        return _rows(self.folder / "steps.csv")

    @cached_property
    def decisions(self) -> list[Row]:
        """Hard questions, each with its ruling."""
        return _rows(self.folder / "decisions.csv")


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))
