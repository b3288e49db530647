"""The codebook as data: variables, the steps that decide them, hard decisions, codes.

Everything stands in CSV files under ``schemas/codebook/``; one code list is one file of its
``codes/``. A variable is one column of the claims or several that are decided together.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.package import Package
from claimlog.schema.config_files import CODEBOOK, shape_flaw
from claimlog.schema.flaws import name_flaw

Row = dict[str, str]
MAPPED = ("example", "scheme")
CODES = ("code", "label", "definition", "include", "exclude", *MAPPED, "scheme_code", "version")
VARIABLES = ("variable", "label", "columns", "include", "exclude", *MAPPED, "target", "version")
STEPS = ("variable", "step", "rule", "code")
DECISIONS = ("number", "title", "question", "ruling", "example", "variables")


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
        shown = self.package.relative(path)
        about = self.package.json(shown)
        if flaw := shape_flaw(about, CODEBOOK):
            raise ClaimlogError(f"{shown}: {flaw}; restore it from git")
        return about

    @property
    def version(self) -> str:
        return str(self.about["version"])

    @cached_property
    def codes(self) -> dict[str, list[Row]]:
        """Code lists by name; each code with label, definition, rules, example and mapping."""
        paths = sorted((self.folder / "codes").glob("*.csv"))
        for path in paths:
            if flaw := name_flaw(path.stem, "a code list"):
                raise ClaimlogError(f"schemas/codebook/codes: {flaw}; rename the file")
        lists = {path.stem: self._rows(f"codes/{path.name}", CODES) for path in paths}
        for name, rows in lists.items():
            twice = [code for code, n in Counter(row["code"] for row in rows).items() if n > 1]
            if twice:
                shown = self.package.relative(self.folder / "codes" / f"{name}.csv")
                raise ClaimlogError(f"{shown}: gives the code {twice[0]!r} twice; keep one of them")
        return lists

    @cached_property
    def variables(self) -> list[Row]:
        """What is coded, in the order in which a coder decides it."""
        rows = self._rows("variables.csv", VARIABLES)
        for line, row in enumerate(rows, 2):
            if row["target"] and not re.fullmatch(r"[0-9](\.[0-9]{1,6})?", row["target"]):
                shown = self.package.relative(self.folder / "variables.csv")
                raise ClaimlogError(
                    f"{shown}:{line}: the target {row['target'][:40]!r} is no number; mend it"
                )
        return rows

    @cached_property
    def steps(self) -> list[Row]:
        """How each variable is decided: the first step that holds gives the code, if it has one."""
        return self._rows("steps.csv", STEPS)

    @cached_property
    def decisions(self) -> list[Row]:
        """Hard questions, each with its ruling."""
        return self._rows("decisions.csv", DECISIONS)

    def _rows(self, name: str, columns: tuple[str, ...]) -> list[Row]:
        return self.package.table(self.package.relative(self.folder / name), columns)
