"""The codebook as data: variables, the steps that decide them, hard decisions, codes.

Everything stands in CSV files under ``schemas/codebook/``; one code list is one file of its
``codes/``. A variable is one column of the claims or several that are decided together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.package import Package
from claimlog.schema.flaws import name_flaw
from claimlog.schema.json_schemas import CODEBOOK, shape_flaw

Row = dict[str, str]
FOLDER = "schemas/codebook"
MAPPED = ("example", "scheme")
CODES = ("code", "label", "definition", "include", "exclude", *MAPPED, "scheme_code", "version")
VARIABLES = ("variable", "label", "columns", "include", "exclude", *MAPPED, "target", "version")
RETIRED = "retired"
"""Column that may follow those of a code: the version of the codebook since which it is retired."""

STEPS = ("variable", "step", "rule", "code")
DECISIONS = ("number", "title", "question", "ruling", "example", "variables")


@dataclass(frozen=True)
class Codebook:
    """What a coder follows.

    Attributes
    ----------
    about
        Title, version and description.
    codes
        Code lists by name; each code with label, definition, rules, example and mapping. A retired
        one (`RETIRED`) stays readable and is no code of new rows.
    variables
        What is coded, in the order in which a coder decides it.
    steps
        How each variable is decided: the first step that holds gives the code, if it has one.
    decisions
        Hard questions, each with its ruling.
    """

    about: Mapping[str, Any]
    codes: Mapping[str, list[Row]]
    variables: list[Row]
    steps: list[Row]
    decisions: list[Row]

    @property
    def version(self) -> str:
        return str(self.about["version"])


def read_codebook(package: Package) -> Codebook:
    """Read the codebook of a package.

    Raises
    ------
    ClaimlogError
        If a file of it cannot be read or is not as it must be.
    """

    def rows(name: str, columns: tuple[str, ...]) -> list[Row]:
        return package.table(f"{FOLDER}/{name}", columns)

    return Codebook(
        _read_about(package),
        read_codes(package),
        _read_variables(package),
        rows("steps.csv", STEPS),
        rows("decisions.csv", DECISIONS),
    )


def _read_about(package: Package) -> Mapping[str, Any]:
    name = f"{FOLDER}/codebook.json"
    about = package.json(name)
    if flaw := shape_flaw(about, CODEBOOK):
        raise ClaimlogError(f"{name}: {flaw}; restore it from git")
    return about


def _read_variables(package: Package) -> list[Row]:
    name = f"{FOLDER}/variables.csv"
    rows = package.table(name, VARIABLES)
    for line, row in enumerate(rows, 2):
        if row["target"] and not re.fullmatch(r"[0-9](\.[0-9]{1,6})?", row["target"]):
            raise ClaimlogError(
                f"{name}:{line}: the target {row['target'][:40]!r} is no number; mend it"
            )
    return rows


def read_codes(package: Package) -> dict[str, list[Row]]:
    """Read the code lists alone.

    Raises
    ------
    ClaimlogError
        As `read_codebook` does.
    """
    paths = sorted((package.root / FOLDER / "codes").glob("*.csv"))
    for path in paths:
        if flaw := name_flaw(path.stem, "a code list"):
            raise ClaimlogError(f"{FOLDER}/codes: {flaw}; rename the file")
    lists = {
        path.stem: package.table(f"{FOLDER}/codes/{path.name}", CODES, (RETIRED,)) for path in paths
    }
    for name, rows in lists.items():
        twice = [code for code, n in Counter(row["code"] for row in rows).items() if n > 1]
        if twice:
            shown = f"{FOLDER}/codes/{name}.csv"
            raise ClaimlogError(f"{shown}: gives the code {twice[0]!r} twice; keep one of them")
    return lists
