"""The schema layer: Frictionless on the shipped descriptor, pandera on every row.

Both read the same Table Schemas. A constraint that both see broken is one finding of the
constraint's rule; what only Frictionless can see is a finding of the rule ``descriptor``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from claimlog.errors import Finding
from claimlog.escaping import web_address
from claimlog.events.batch import IN_COLUMNS, listing, resources
from claimlog.events.canonical import render
from claimlog.events.log import Log
from claimlog.package import DESCRIPTOR
from claimlog.schema import Field, Table
from claimlog.validate.report import Report

DTYPES = {
    "string": pl.String(),
    "datetime": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
}
LOCAL = re.compile(r"(?![./~])(?!.*/\.\./)[^\s:\\]+")
"""A path that stays in the package, as Data Package allows it for licences and sources."""

CONSTRAINT_RULES = {
    "required": "required",
    "enum": "enum",
    "pattern": "pattern",
    "minimum": "range",
    "maximum": "range",
    "minLength": "length",
    "maxLength": "length",
}


def check_pandera(log: Log, report: Report) -> None:
    """Check every row of every stream with pandera, nested rows included."""
    for name, table in log.own.items():
        frame = log.frames[name]
        _validate(report, name, table.fields, frame, prefix="")
        for item in table.fields:
            if item.type == "array":
                inner, fields = _exploded(frame, table, item)
                _validate(report, name, fields, inner, prefix=f"{item.name}: ")


def _exploded(
    frame: pl.DataFrame, table: Table, item: Field
) -> tuple[pl.DataFrame, tuple[Field, ...]]:
    """Return the parts of an array column, one a row, with where each came from."""
    place = (table.id, "batch", "line")
    parts = frame.select(*place, item.name).filter(pl.col(item.name).list.len() > 0)
    parts = parts.explode(item.name)
    if item.item is not None:
        return parts, (item.item,)
    kept = parts.rename({name: f"at_{name}" for name in place}).unnest(item.name)
    # a part may have a column of the same name as the row's own
    return kept.rename({"at_batch": "batch", "at_line": "line"}), item.fields


def _validate(
    report: Report, stream: str, fields: tuple[Field, ...], frame: pl.DataFrame, prefix: str
) -> None:
    import pandera.polars as pa
    from pandera.errors import SchemaErrors

    for item in fields:
        rules = {CONSTRAINT_RULES[key] for key in item.constraints if key in CONSTRAINT_RULES}
        for rule in rules:
            report.count(rule, frame.height)
    if frame.is_empty():
        return
    schema = pa.DataFrameSchema({item.name: _column(item) for item in fields})
    names = [item.name for item in fields]
    try:
        schema.validate(frame.select(names), lazy=True)
    except SchemaErrors as errors:
        # check names are rule ids; pandera's own name for a null is not_nullable
        cases = errors.failure_cases.with_columns(
            pl.col("check").replace({"not_nullable": "required"})
        )
        for (column, check), group in cases.group_by("column", "check", maintain_order=True):
            wanted = next((item for item in fields if item.name == column), None)
            if wanted is None or check not in report.rules:
                fail_column(report, stream, str(column), str(check))
                continue
            wrong = frame[group["index"].cast(pl.Int64).sort().to_list()]
            fail_cells(report, stream, str(check), wanted, wrong, prefix)


def fail_column(report: Report, stream: str, column: str, check: str) -> None:
    finding = Finding("type", f"schemas/{stream}.json", f'column "{column}" fails {check}')
    report.fail(finding)


def fail_cells(
    report: Report, stream: str, rule: str, item: Field, wrong: pl.DataFrame, prefix: str
) -> None:
    expected = _expected(item, rule)

    def say(row: dict[str, Any]) -> str:
        shown = json.dumps(row[item.name], ensure_ascii=False, default=str)
        return f'{prefix}"{item.name}" is {shown[:80]}, expected {expected}'

    report.fail_rows(rule, stream, wrong, say, f"see schemas/{stream}.json")


def _expected(item: Field, rule: str) -> str:
    limits = item.constraints
    if rule == "required":
        return "a value"
    if rule == "enum":
        codes = ", ".join(limits["enum"][:12]) + (", …" if len(limits["enum"]) > 12 else "")
        return f"a code of schemas/codebook/codes/{item.codelist}.csv ({codes})"
    if rule == "pattern":
        return f"the pattern {limits['pattern']}"
    names = ("minimum", "maximum") if rule == "range" else ("minLength", "maxLength")
    return " and ".join(f"{name} {limits[name]}" for name in names if name in limits)


def _column(item: Field) -> Any:
    import pandera.polars as pa

    limits = item.constraints
    checks = []
    if "enum" in limits:
        checks.append(pa.Check.isin(limits["enum"], name="enum", error="enum"))
    if "pattern" in limits:
        checks.append(pa.Check.str_matches(limits["pattern"], name="pattern", error="pattern"))
    if "minimum" in limits:
        checks.append(pa.Check.ge(limits["minimum"], name="range", error="range"))
    if "maximum" in limits:
        checks.append(pa.Check.le(limits["maximum"], name="range", error="range"))
    if "minLength" in limits or "maxLength" in limits:
        checks.append(_length_check(item))
    # array types are proved by the Arrow schema that the file was read with
    dtype = DTYPES.get(item.type)
    return pa.Column(dtype, checks, nullable=not item.required)


def _length_check(item: Field) -> Any:
    import pandera.polars as pa

    low = item.constraints.get("minLength", 0)
    high = item.constraints.get("maxLength", 2**31)

    def within(data: Any) -> pl.LazyFrame:
        column = pl.col(data.key)
        size = column.list.len() if item.type == "array" else column.str.len_chars()
        checked: pl.LazyFrame = data.lazyframe.select(size.is_between(low, high))
        return checked

    return pa.Check(within, name="length", error="length")


def check_frictionless(log: Log, report: Report) -> list[Finding]:
    """Check the descriptor, and its rows or a stated sample of them, with Frictionless.

    Returns what Frictionless says of single rows: pandera and the row rules see the same and say
    it better, so the caller reports only what they did not see.
    """
    report.count("descriptor", 0)
    _check_listing(log, report)
    _check_addresses(log, report)
    if report.tallies["descriptor"].failed:
        return []
    limit = log.package.thresholds["frictionless_rows"]
    # Frictionless reads Parquet only with libraries that we have no other use for
    in_lines = not any(batch.in_columns(s) for batch in log.batches for s in batch.streams)
    if in_lines and max(map(log.height, log.schemas.streams)) <= limit:
        tasks = [*_whole(log)]
        note = f"every row of every stream (at most {limit} in each)"
    else:
        size = log.package.thresholds["frictionless_sample"]
        tasks = [*_samples(log, size)]
        why = f"more than {limit} rows" if in_lines else "some are held as Parquet"
        note = f"{size} rows of each stream from all over it, not all ({why})"
    findings = []
    for lines, errors, rows in tasks:
        report.count("descriptor", rows, note=f"Frictionless read {note}")
        findings += [_frictionless_finding(lines, error) for error in errors]
    for finding in findings:
        if finding.rule == "descriptor":
            report.fail(finding)
    return [finding for finding in findings if finding.rule != "descriptor"]


def _check_addresses(log: Log, report: Report) -> None:
    """Check that what people and programs follow in the descriptor leads to the web, or a file."""
    for place, value, local in _addresses(log.package.descriptor):
        if web_address(value) or (local and isinstance(value, str) and LOCAL.fullmatch(value)):
            continue
        shown = json.dumps(value, ensure_ascii=False, default=str)[:80]
        kinds = "an address of http or https" + (", or a path in the package" if local else "")
        message = f'"{place}" is {shown}, expected {kinds}'
        report.fail(Finding("descriptor", DESCRIPTOR, message, remedy="mend it, or leave it out"))


def _addresses(descriptor: Mapping[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    """Yield every address of a descriptor with its place, and whether it may be a path."""
    for name in ("homepage", "image"):
        if name in descriptor:
            yield name, descriptor[name], name == "image"
    for name in ("licenses", "sources", "contributors"):
        listed = descriptor.get(name, ())
        for number, item in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(item, Mapping) and "path" in item:
                yield f"{name}/{number}/path", item["path"], name != "contributors"


def _check_listing(log: Log, report: Report) -> None:
    """Check that the descriptor lists each stream's files, and no others."""
    listed: dict[str, list[str]] = {}
    for resource in log.package.descriptor.get("resources", []):
        paths = resource.get("path", [])
        listed[str(resource.get("name"))] = [paths] if isinstance(paths, str) else paths
    present = listing([batch for batch in log.batches if batch.sealed])
    for name, paths in listed.items():
        for path in sorted(set(paths) - set(present.get(name, []))):
            message = f'resource "{name}" lists {path}, which is no file of a sealed batch'
            remedy = "restore the file from git, or take the path out"
            report.fail(Finding("descriptor", DESCRIPTOR, message, remedy=remedy))
        if name.removesuffix(IN_COLUMNS) not in log.schemas.streams:
            message = f'resource "{name}" is no stream of the log'
            report.fail(Finding("descriptor", DESCRIPTOR, message, remedy="remove it"))
    for name, paths in present.items():
        for path in sorted(set(paths) - set(listed.get(name, []))):
            message = f'resource "{name}" does not list {path}'
            remedy = "run claimlog seal, which finishes an interrupted seal"
            report.fail(Finding("descriptor", DESCRIPTOR, message, remedy=remedy))


Task = tuple[list[tuple[str, int]], list[Any], int]
"""Where each row read stands (file, line), the errors, and the number of rows."""


def _whole(log: Log) -> Iterator[Task]:
    """Run Frictionless on the shipped descriptor, as ``frictionless validate`` does.

    The files of an open batch are added to it as sealing would.
    """
    from frictionless import FrictionlessException, Package

    descriptor = {**log.package.descriptor, "resources": resources(log.package, log.batches)}
    try:
        package = Package.from_descriptor(descriptor, basepath=str(log.package.root))
    except FrictionlessException as error:
        yield [], [error.error, *error.reasons], 0
        return
    for resource in package.resources:
        # a stream without rows has no file to be a resource; the references rule reads these keys
        resource.schema.foreign_keys = [
            key
            for key in resource.schema.foreign_keys
            if package.has_resource(key["reference"]["resource"] or resource.name)
        ]
    for task in package.validate().tasks:
        paths = listing(log.batches).get(task.name, [])
        lines = [(path, n + 1) for path in paths for n in range(log.files[path].rows)]
        yield lines, task.errors, _rows_read(task)


def _samples(log: Log, size: int) -> Iterator[Task]:
    """Run Frictionless on evenly spaced rows of every stream.

    It gets them as the frame says them, which is what the file says: reading compared the two.
    """
    from frictionless import Detector, Resource, Schema

    for stream, table in log.schemas.streams.items():
        part = log.sample(stream, size)
        if part.is_empty():
            continue
        rows = [json.loads(line) for line in render(part, table)]
        lines = [log.place(stream, *place) for place in part.select("batch", "line").rows()]
        schema = Schema.from_descriptor(table.spec)
        schema.foreign_keys = []  # the rows referred to may lie outside the sample
        resource = Resource(
            # in lines it would first guess the types of a hundred rows, which the schema gives
            data=[[*rows[0]], *([*row.values()] for row in rows)],
            schema=schema,
            name=stream,
            detector=Detector(sample_size=1),
        )
        task = resource.validate().tasks[0]
        yield lines, task.errors, _rows_read(task)


def _rows_read(task: Any) -> int:
    """Return how many rows Frictionless says it read: a run that read nothing checked nothing."""
    return int(task.stats.get("rows", 0))


def _frictionless_finding(lines: list[tuple[str, int]], error: Any) -> Finding:
    """Return a Frictionless error as a finding of the rule that it is about."""
    note = str(getattr(error, "note", "") or error.message)
    number = getattr(error, "row_number", None)
    # rows count from 2 there: the keys of the first row are taken for a header
    path, line = lines[number - 2] if number and number - 2 < len(lines) else (DESCRIPTOR, None)
    rules = {"type-error": "type", "primary-key": "primary-key", "foreign-key": "foreign-key"}
    rule = rules.get(error.type, "descriptor")
    if error.type == "constraint-error":
        rule = next((r for key, r in CONSTRAINT_RULES.items() if f'"{key}"' in note), "descriptor")
    return Finding(rule, path, f"Frictionless: {error.title}: {note}", line)
