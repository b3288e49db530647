"""The schema layer: the shipped descriptor, Frictionless on its rows, pandera on every sealed row.

Both read the same Table Schemas. A constraint that both see broken is one finding of the
constraint's rule; what only Frictionless can see is a finding of the rule ``descriptor``.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from claimlog.errors import Finding, Suggestions
from claimlog.log.column_types import column_type
from claimlog.log.event_log import Log
from claimlog.package import DESCRIPTOR
from claimlog.schema.constraint_kinds import CONSTRAINTS, rules_of
from claimlog.schema.table_schema import Field, Table
from claimlog.validate.constraint_expressions import (
    CHECK_NAME,
    EMPTY,
    constraint_rules,
    keeps_rule,
)
from claimlog.validate.descriptor import check_descriptor
from claimlog.validate.frictionless import check_description, check_samples
from claimlog.validate.report import Report


def check_constraints(log: Log, report: Report, first: int = 0, pandera: bool = True) -> None:
    """Check the rows of every stream from position `first` on, nested rows included.

    What it says of a row follows from that row alone.

    Parameters
    ----------
    pandera
        Whether pandera asks, which importing takes longer than asking of one row. Appending leaves
        it to the sealing of the batch, and asks the same of each column without.
    """
    # to spread small questions of rows that lie in memory over the streaming engine takes longer
    # than to answer them
    with pl.Config(engine_affinity="in-memory"):
        for name, table in log.section_tables.items():
            rows = log.rows(name)
            if first:
                rows = rows.filter(pl.col("seq") >= first)
                if rows.is_empty():
                    continue
            for schema, frame in log.by_schema(name, rows):
                _validate(report, name, schema.fields, frame, "", pandera)
                for item in schema.fields:
                    if item.type == "array":
                        inner, fields = _exploded(frame, table, item)
                        _validate(report, name, fields, inner, f"{item.name}: ", pandera)


def _exploded(
    frame: pl.DataFrame, table: Table, item: Field
) -> tuple[pl.DataFrame, tuple[Field, ...]]:
    """Return the parts of an array column, one a row, with where each came from."""
    place = (table.id, "batch", "line")
    parts = frame.lazy().select(*place, item.name).filter(pl.col(item.name).list.len() > 0)
    parts = parts.explode(item.name)
    if item.item is not None:
        return parts.collect(), (item.item,)
    kept = parts.rename({name: f"at_{name}" for name in place}).unnest(item.name)
    # a part may have a column of the same name as the row's own
    return kept.rename({"at_batch": "batch", "at_line": "line"}).collect(), item.fields


def _validate(
    report: Report,
    stream: str,
    fields: tuple[Field, ...],
    frame: pl.DataFrame,
    prefix: str,
    pandera: bool,
) -> None:
    for item in fields:
        for rule in rules_of(item.constraints):
            report.count(rule, frame.height)
    if frame.is_empty():
        return
    tests = [(item, rule) for item in fields for rule in constraint_rules(item)]
    kept = [keeps_rule(item, rule, pl.col(item.name)) for item, rule in tests]
    flaws = _pandera_flaws(fields, kept, frame) if pandera else []
    for column, check in flaws:
        if check != CHECK_NAME:
            fail_column(report, stream, column, check)
    # what a constraint asks of a column of another type cannot be asked
    if (flaws or not pandera) and all(check == CHECK_NAME for _, check in flaws):
        wrong = frame.select(~keeps.alias(str(index)) for index, keeps in enumerate(kept))
        for (item, rule), fails in zip(tests, wrong, strict=True):
            if fails.any():
                fail_cells(report, stream, rule, item, frame.filter(fails), prefix)


def _pandera_flaws(
    fields: tuple[Field, ...], kept: list[pl.Expr], frame: pl.DataFrame
) -> list[tuple[str, str]]:
    """Return the checks that pandera finds to fail, each with its column.

    They are those of the types of columns, and one of all constraints of all rows. Of a check of
    its own for each pandera asks five small questions, however few the rows, and of cells that fail
    it makes copies, which it cannot do of lists.
    """
    import pandera.polars as pa
    from pandera.errors import SchemaErrors

    def keeps_all(data: Any) -> bool:
        return bool(data.lazyframe.select(pl.all_horizontal(kept).all()).collect().item())

    # array types are proved by the Arrow schema that the file was read with
    types = {item.name: None if item.type == "array" else column_type(item) for item in fields}
    schema = pa.DataFrameSchema(
        {name: pa.Column(dtype, nullable=True) for name, dtype in types.items()},
        [pa.Check(keeps_all, ignore_na=False, name=CHECK_NAME)] if kept else None,
    )
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        return [
            (str(one.schema.name), getattr(one.check, "name", None) or str(one.check))
            for one in errors.schema_errors
        ]
    return []


def fail_column(report: Report, stream: str, column: str, check: str) -> None:
    finding = Finding("type", f"schemas/{stream}.json", f'column "{column}" fails {check}')
    report.fail(finding)


def fail_cells(
    report: Report, stream: str, rule: str, item: Field, wrong: pl.DataFrame, prefix: str
) -> None:
    expected = _expected(item, rule)

    def say(row: dict[str, Any]) -> str:
        shown = json.dumps(row[item.name], ensure_ascii=False, default=str)
        hint = _code_hint(row[item.name], item, report.suggestions) if rule == "enum" else ""
        return f'{prefix}"{item.name}" is {shown[:80]}, expected {expected}{hint}'

    report.fail_rows(rule, stream, wrong, say, f"see schemas/{stream}.json")


def _code_hint(value: object, item: Field, suggestions: Suggestions) -> str:
    """Return which code may be meant, as the end of a message."""
    codes = item.enum or []
    padded = next((code for code in codes if code.lstrip("0") == value and code != value), None)
    if padded:
        return f' ("{padded}" is one, of which a spreadsheet drops the zero: type it as text)'
    # short codes are like each other whatever they mean
    is_word = isinstance(value, str) and len(value) > 3
    near = suggestions.nearest(str(value), lambda: codes) if is_word else ""
    return near and f" ({near.removeprefix('; ')})"


def _expected(item: Field, rule: str) -> str:
    limits = item.constraints
    if rule == EMPTY:
        return "nothing, because the column is retired"
    if rule == "required" and not limits.get("enum"):
        return "a value"
    if rule in ("required", "enum"):
        codes = ", ".join(limits["enum"][:12]) + (", …" if len(limits["enum"]) > 12 else "")
        return f"a code of schemas/codebook/codes/{item.codelist}.csv ({codes})"
    if rule == "pattern":
        return f"the pattern {limits['pattern']}"
    names = (key for key, one in CONSTRAINTS.items() if one.rule == rule and key in limits)
    return " and ".join(f"{name} {limits[name]}" for name in names)


def check_frictionless(log: Log, report: Report) -> list[Finding]:
    """Check the descriptor; with Frictionless its rows, or a stated sample of them.

    Returns what Frictionless says of single rows: pandera and the row rules see the same and say
    it better, so the caller reports only what they did not see.
    """
    check_descriptor(log, report)
    if report.tallies["descriptor"].failed:
        return []
    limit = log.definition.thresholds["frictionless_rows"]
    is_evolved = any(
        version < table.version
        for name, table in log.definition.streams.items()
        for version in log.versions(name)
    )
    is_small = max(map(log.height, log.definition.streams)) <= limit
    if is_small and not is_evolved:
        size = limit
        note = f"every row of every stream (at most {limit} in each)"
    else:
        size = log.definition.thresholds["frictionless_sample"]
        why = "some are of an earlier schema" if is_evolved else f"more than {limit} rows"
        note = f"{size} rows of each stream from all over it, not all ({why})"
    findings = []
    for lines, errors, rows in (*check_description(log), *check_samples(log, size)):
        report.count("descriptor", rows, note=f"Frictionless read {note}")
        findings += [_frictionless_finding(lines, error) for error in errors]
    for finding in findings:
        if finding.rule == "descriptor":
            report.fail(finding)
    return [finding for finding in findings if finding.rule != "descriptor"]


def _frictionless_finding(lines: list[tuple[str, int]], error: Any) -> Finding:
    """Return a Frictionless error as a finding of the rule that it is about."""
    note = str(getattr(error, "note", "") or error.message)
    number = getattr(error, "row_number", None)
    # rows count from 2 there: the keys of the first row are taken for a header
    path, line = lines[number - 2] if number and number - 2 < len(lines) else (DESCRIPTOR, None)
    rules = {"type-error": "type", "primary-key": "primary-key"}
    rule = rules.get(error.type, "descriptor")
    if error.type == "constraint-error":
        broken = (one.rule for key, one in CONSTRAINTS.items() if f'"{key}"' in note)
        rule = next(broken, "descriptor")
    return Finding(rule, path, f"Frictionless: {error.title}: {note}", line)
