"""What is wrong with the choice of a variable, in the words of the options that made it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from claimlog.edit.attribution_columns import attribution_columns
from claimlog.edit.row_inputs import REQUESTED_PASSAGE, row_inputs
from claimlog.errors import suggest
from claimlog.limits import CODES as MOST_CODES
from claimlog.limits import DESCRIPTION_LENGTH, TITLE_LENGTH
from claimlog.schema.definition import Definition
from claimlog.schema.flaws import column_name_flaw, name_flaw
from claimlog.schema.table_schema import ENVELOPE, NUMBERS, POSITION, TRUTHS, Table
from claimlog.start.option_lines import line_flaw
from claimlog.start.stream_names import stream_named
from claimlog.start.variable_choices import CODED_IN, TYPES, VariableChoices

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
CONDITIONS = ("set", "null", "empty", "nonempty")
"""What requirements say of a column where they name no code, so that no code is called so."""


def variable_flaws(choices: VariableChoices, definition: Definition) -> Iterator[str]:
    """Yield what is wrong with a variable that is to be added to a definition."""
    if flaw := name_flaw(choices.name, "a variable"):
        yield f"NAME: {flaw}"
        return
    table = stream_named(definition, choices.stream, "--in")
    if choices.register is not None:
        stream_named(definition, choices.register, "--register")
    yield from _kind_flaws(choices)
    yield from _place_flaws(choices, table, definition)
    yield from _text_flaws(choices)
    yield from _number_flaws(choices)
    yield from _code_flaws(choices)
    yield from _step_flaws(choices, table)


def _kind_flaws(choices: VariableChoices) -> Iterator[str]:
    """Yield options that say two things of what a variable holds."""
    said = {
        "--code": bool(choices.codes),
        "--type": choices.type is not None,
        "--register": choices.register is not None,
    }
    both = [option for option, is_given in said.items() if is_given]
    if len(both) > 1:
        yield f"{both[0]} and {both[1]}: a variable is one of both; take one out"
    if not both:
        yield (
            "say what it holds: --code CODE DEFINITION for each code, "
            f"--type {'|'.join(TYPES)}, or --register REGISTER"
        )
    if choices.many and choices.register is None:
        yield "--many: is said of references; name a --register, or take it out"


def _place_flaws(choices: VariableChoices, table: Table, definition: Definition) -> Iterator[str]:
    """Yield why a stream or the codebook can have nothing of that name."""
    column = choices.column
    shown = f"NAME {choices.name!r}"
    if column in (*ENVELOPE, *POSITION):
        yield f"{shown}: every row has that of its own; name it otherwise"
    elif column in _beside_columns(table):
        yield f"{shown}: rows are given something else by that name; name it otherwise"
    if column in table.by_name or column in definition.tables[table.name].by_name:
        yield (
            f"{shown}: {table.name} have a column {column} already; name it otherwise, or change "
            f"that one in schemas/{table.name}.json and run claimlog schemas --write"
        )
    if column_name_flaw(column):
        yield f"{shown}: means something else in SQL; name it otherwise, in two words perhaps"
    if table.name == CODED_IN and choices.name in [
        row["variable"] for row in definition.codebook.variables
    ]:
        yield f"{shown}: the codebook has that variable already; name it otherwise"
    codelist = choices.name if table.name == CODED_IN else f"{table.entity}_{choices.name}"
    if choices.codes and codelist in definition.codebook.codes:
        yield f"{shown}: there is a code list {codelist} already; name it otherwise"


def _beside_columns(table: Table) -> set[str]:
    """Return names that mean something else than a column, in files of new rows and from pages."""
    passage = REQUESTED_PASSAGE if table.name == CODED_IN else ()
    return {*row_inputs(table), *attribution_columns(table), *passage}


def _text_flaws(choices: VariableChoices) -> Iterator[str]:
    if not choices.definition and choices.register is None:
        yield "--definition: say in a sentence what it holds"
    texts = [
        *((f"--code {code[:80]!r}", meaning, True) for code, meaning in choices.codes),
        *(("--step", rule, True) for rule, _ in choices.steps),
        ("--definition", choices.definition, False),
        ("--exclude", choices.exclude, False),
        ("--example", choices.example, False),
    ]
    for option, text, is_needed in texts:
        if (text or is_needed) and (flaw := line_flaw(option, text, DESCRIPTION_LENGTH)):
            yield flaw
    for option, text in (("--label", choices.label), ("--unit", choices.unit)):
        if text and (flaw := line_flaw(option, text, TITLE_LENGTH)):
            yield flaw


def _number_flaws(choices: VariableChoices) -> Iterator[str]:
    low, high = choices.minimum, choices.maximum
    given = {"--unit": choices.unit or None, "--minimum": low, "--maximum": high}
    for option, value in given.items():
        if value is not None and choices.type not in NUMBERS:
            yield f"{option}: is said of numbers; add --type number, or take it out"
        if isinstance(value, float) and not math.isfinite(value):
            yield f"{option}: {value} is no number to compare with; name another"
    if low is not None and high is not None and low > high:
        yield f"--minimum {low:g}: is more than --maximum {high:g}; exchange them"
    if choices.agreement is not None and not 0 <= choices.agreement <= 1:
        yield f"--agreement {choices.agreement:g}: expected a number from 0 to 1, as 0.8"
    if choices.agreement is not None and choices.type == "text":
        yield "--agreement: no two coders use the same words; give codes, or take it out"


def _code_flaws(choices: VariableChoices) -> Iterator[str]:
    names = [code for code, _ in choices.codes]
    if len(names) > MOST_CODES:
        yield f"--code: was given {len(names):,} times, at most {MOST_CODES:,}"
    for code, times in Counter(names).items():
        if not CODE.fullmatch(code) or code.endswith("\n") or code in CONDITIONS:
            yield (
                f"--code {code[:80]!r}: expected letters, digits, underscores, hyphens or dots, "
                f"at most 63, and none of {', '.join(CONDITIONS)}"
            )
        if times > 1:
            yield f"--code {code}: was given twice; take one of them out"


def _step_flaws(choices: VariableChoices, table: Table) -> Iterator[str]:
    if table.name != CODED_IN:
        given = {
            "--step": choices.steps,
            "--exclude": choices.exclude,
            "--example": choices.example,
            "--label": choices.label,
            "--agreement": choices.agreement is not None,
        }
        for option in (name for name, value in given.items() if value):
            yield f"{option}: is said of what coders decide about claims; take it out"
    known = list(TRUTHS) if choices.type == "yes-no" else [code for code, _ in choices.codes]
    for rule, code in choices.steps:
        if code and code not in known:
            what = f"--step {rule[:40]!r}: gives the code {code[:80]!r}"
            if known:
                near = suggest(code[:80], known) or f"; expected one of {', '.join(known)[:80]}"
                yield f"{what}, which no --code has{near}"
            else:
                yield f"{what}, but the variable has no codes; take it out"
