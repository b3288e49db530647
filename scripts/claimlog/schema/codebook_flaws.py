"""Names in a codebook that lead nowhere (columns, variables, codes), and cells that are empty.

A coder follows steps to a code, and a variable to its columns: each of them has to be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import chain

from claimlog.errors import suggest
from claimlog.schema.codebook import FOLDER, RETIRED, Codebook
from claimlog.schema.table_schema import TRUTHS, Field, Table


def codebook_flaw(
    codebook: Codebook, columns: Mapping[str, Field], tables: Mapping[str, Table]
) -> str | None:
    """Return the first thing that a file of the codebook names and that is missing, or None.

    Parameters
    ----------
    columns
        What a variable can be coded in, by name: columns of the claims, and ``links.COLUMN``.
    tables
        The compiled tables, those of the codebook among them.
    """
    return next(
        chain(_flaws(codebook, columns), _empty_cells(codebook, tables), _later_versions(codebook)),
        None,
    )


def _later_versions(codebook: Codebook) -> Iterator[str]:
    """Yield the lines that came with a later version of the codebook than it has."""
    files = {
        "variables.csv": codebook.variables,
        **{f"codes/{name}.csv": rows for name, rows in codebook.codes.items()},
    }
    own = _numbers(codebook.version)
    versions = {row["version"] for row in chain.from_iterable(files.values())}
    later = {version for version in versions if _numbers(version) > own}
    for file, rows in files.items():
        for line, row in enumerate(rows, 2):
            version = row["version"]
            if version in later:
                yield (
                    f"{FOLDER}/{file}:{line}: version is {version[:20]!r}, later than the "
                    f"codebook's {codebook.version}; raise the version in {FOLDER}/codebook.json"
                )


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"[0-9]{1,9}", version)]


def _empty_cells(codebook: Codebook, tables: Mapping[str, Table]) -> Iterator[str]:
    """Yield the cells that a table of the codebook requires and that are empty."""
    files = {
        "variables.csv": (codebook.variables, "codebook_variables"),
        "steps.csv": (codebook.steps, "codebook_steps"),
        "decisions.csv": (codebook.decisions, "codebook_decisions"),
        **{f"codes/{name}.csv": (rows, "codebook") for name, rows in codebook.codes.items()},
    }
    for file, (rows, table) in files.items():
        fields = tables[table].fields if table in tables else ()
        required = [item.name for item in fields if item.required]
        for line, row in enumerate(rows, 2):
            for name in required:
                if row.get(name) == "":
                    yield f"{FOLDER}/{file}:{line}: {name} is empty; fill it"


def _flaws(codebook: Codebook, columns: Mapping[str, Field]) -> Iterator[str]:
    coded: dict[str, list[str]] = {}
    truths = set()
    for row in codebook.variables:
        name = row["variable"]
        place = f"{FOLDER}/variables.csv: {name[:80]!r}"
        if name in coded:
            yield f"{place} stands there twice; keep one of its rows"
        unknown = [column for column in row["columns"].split() if column not in columns]
        if unknown:
            yield (
                f"{place} is coded in {unknown[0][:80]!r}, no column of the claims, nor "
                f"links.COLUMN; mend the name{suggest(unknown[0][:80], columns)}"
            )
            return
        fields = [columns[column] for column in row["columns"].split()]
        coded[name] = [*dict.fromkeys(item.codelist for item in fields if item.codelist)]
        if any(item.type == "boolean" for item in fields):
            truths.add(name)
    yield from _step_flaws(codebook, coded, truths)
    for row in codebook.decisions:
        for name in row["variables"].split():
            if name not in coded:
                yield (
                    f"{FOLDER}/decisions.csv: the decision {row['number'][:20]!r} is about the "
                    f"variable {name[:80]!r}, which variables.csv does not have; mend the name"
                    f"{suggest(name[:80], coded)}"
                )


def _step_flaws(
    codebook: Codebook, coded: Mapping[str, list[str]], truths: Set[str]
) -> Iterator[str]:
    """Yield the flaws of steps.

    Parameters
    ----------
    coded
        The code lists of each variable.
    truths
        Variables that are answered yes or no.
    """
    seen_steps = set()
    # each is looked up once: a stranger's codebook may have steps and codes by the ten thousand
    codes_of: dict[tuple[str, ...], dict[str, bool]] = {}
    for row in codebook.steps:
        name, code = row["variable"], row["code"]
        place = f"{FOLDER}/steps.csv: the step {row['step'][:20]!r} of {name[:80]!r}"
        if name not in coded:
            near = suggest(name[:80], coded)
            yield f"{place}: variables.csv does not have that variable; mend the name{near}"
            return
        if (name, row["step"]) in seen_steps:
            yield f"{place} stands there twice; number the steps of a variable from 1"
        seen_steps.add((name, row["step"]))
        lists = tuple(coded[name])
        if lists not in codes_of:
            codes_of[lists] = _codes_in_use(codebook, lists)
        codes = codes_of[lists]
        files = " or ".join(f"codes/{codelist}.csv" for codelist in coded[name])
        if not code or (name in truths and code in TRUTHS):
            continue
        if not files and name in truths:
            yield f"{place} gives the code {code[:80]!r}, expected yes or no; mend the step"
        elif not files:
            yield (
                f"{place} gives the code {code[:80]!r}, but its columns have no code list; take "
                "the code out, or give a column a codelist"
            )
        elif code not in codes:
            near = suggest(code[:80], codes)
            yield (
                f"{place} gives the code {code[:80]!r}, which {files} does not have; add it there "
                f"or mend the step{near}"
            )
        elif not codes[code]:
            yield (
                f"{place} gives the code {code[:80]!r}, which is retired in {files}; lead the step "
                "to a code that new rows may have"
            )


def _codes_in_use(codebook: Codebook, codelists: Sequence[str]) -> dict[str, bool]:
    """Return the codes of some lists, and whether new rows may have each."""
    found: dict[str, bool] = {}
    for item in (item for name in codelists for item in codebook.codes[name]):
        found[item["code"]] = found.get(item["code"], False) or not item[RETIRED]
    return found
