"""Our verdict and Frictionless's on random tables, for every constraint that our schemas use."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from frictionless import Detector, Package
from hypothesis import given
from hypothesis import strategies as st

from claimlog.log.batch import Batch
from claimlog.log.canonical import encode
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.schema.table_schema import Field, ForeignKey, Table
from claimlog.validate import column_constraints, history_rules, reference_rules
from claimlog.validate.report import Report
from conftest import hop
from histories import PACKAGE, SCHEMAS, Row, random_history
from thorough import examples


class Case(NamedTuple):
    """One constraint of one column; `inner` is a column of the parts of a list."""

    stream: str
    column: str
    constraint: str
    inner: str | None = None

    def __str__(self) -> str:
        return "-".join(part for part in self if part)

    @property
    def table(self) -> Table:
        return SCHEMAS.streams[self.stream]

    @property
    def field(self) -> Field:
        own = self.table.by_name[self.column]
        return own if self.inner is None else next(f for f in own.fields if f.name == self.inner)


CASES = [
    Case(stream, item.name, constraint)
    for stream, table in SCHEMAS.streams.items()
    for item in table.fields
    for constraint in ("type", *item.constraints)
]
LIMITS = [case for case in CASES if case.constraint != "type"]
RETIRED = [case for case in LIMITS if case.field.retired]
IN_USE = [case for case in LIMITS if not case.field.retired]
INSIDE = [
    Case(stream, item.name, constraint, inner.name)
    for stream, table in SCHEMAS.streams.items()
    for item in table.fields
    for inner in item.fields
    for constraint in inner.constraints
]


def good() -> dict[str, Row]:
    """A valid row of every stream."""
    found: dict[str, Row] = {}
    for seed in range(20):
        for stream, _, _, row in random_history(seed, 4, 12).rows():
            if row["action"] == "assert":
                found.setdefault(stream, row)
    return found


GOOD = good()


def edges(case: Case) -> list[Any]:
    """Return values of the right type at and across the edge of a constraint."""
    item, limit = case.field, case.field.constraints.get(case.constraint)
    filled = [None] * 0 if case.constraint == "type" else [None]
    if case.constraint in ("minLength", "maxLength"):
        part = HOP if item.type == "array" else "é"
        sizes = [size for size in (limit - 1, limit, limit + 1) if size >= 0]
        if item.type == "array":
            part = HOP if item.fields else "pact"
            return [[part] * size for size in sizes]
        return [*filled, *("é" * size for size in sizes), "\U0001f600" * limit]
    if case.constraint in ("minimum", "maximum"):
        return [*filled, limit - 1, limit, limit + 1, -(2**53) + 1, 2**53 - 1]
    if case.constraint == "enum":
        codes = limit or []
        return [*filled, codes[0], codes[-1], codes[0].upper(), codes[0] + " ", "", "none of them"]
    if case.constraint == "required":
        return [None, *([[]] if item.type == "array" else [])]
    if case.constraint == "pattern":
        known = GOOD[case.stream][case.column]
        example = item.example if isinstance(item.example, str) else known
        shapes = [example, f" {example}", f"{example} ", f"{example}!", str(example)[1:], ""]
        shapes += [
            str(example).upper(),
            str(example).lower(),
            f"x{example}",
            f"{example}é",
            f"{example}\n",
        ]
        return [*filled, *shapes]
    raise AssertionError(case)


HOP: Row = hop(description="a clerk")
WRONG: dict[str, list[Any]] = {
    "string": [1, 1.5, True, [], {}],
    "datetime": [1, True, [], {}],
    "integer": ["1", "x", 1.5, True, [], {}],
    "number": ["1", "x", True, [], {}],
    "array": ["x", 1, True, {}],
}


def ours(
    stream: str,
    table: list[Row],
    rules: Collection[str] = (),
    check: Callable[[Log, Report], None] | None = None,
    beside: Mapping[str, list[Row]] = MappingProxyType({}),
    column: str = "",
) -> set[int]:
    """Return the lines with a finding of these rules; by default those of types and constraints.

    `beside` are rows of other streams; `column` is the one that a finding has to name.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, lines in {**beside, stream: table}.items():
            path = Path(folder) / f"{name}.ndjson"
            path.write_bytes(b"".join(encode(row) + b"\n" for row in lines))
        batch = Batch(Path(folder), "events/0001-x", 1, "x", 0)  # it looks up its files once
        log = read(PACKAGE, [batch], sealed=False)
        report = Report(log)
        if check:
            check(log, report)
        elif not log.findings:
            column_constraints.check_constraints(log, report)
            history_rules.check_times(log, report)
        found = [*log.findings, *report.findings]
    return {
        finding.line or 0
        for finding in found
        if finding.path == batch.shown_file(stream)
        and (finding.rule in rules if rules else finding.rule != "recorded-order")
        and finding.message.startswith(column)
    }


def theirs(
    stream: str,
    table: list[Row],
    keys: bool = False,
    beside: Mapping[str, list[Row]] = MappingProxyType({}),
    foreign: str = "",
) -> set[int]:
    """Return the lines with an error of Frictionless; of keys only where they are asked for."""
    resources = []
    with tempfile.TemporaryDirectory() as folder:
        for name, lines in {**beside, stream: table}.items():
            spec = dict(SCHEMAS.streams[name].spec)
            spec["fields"] = [*map(with_current_constraints, spec["fields"])]
            wanted = spec.pop("foreignKeys", [])
            spec["foreignKeys"] = [key for key in wanted if key["fields"] == [foreign]]
            spec["primaryKey"] = spec["primaryKey"] if keys else []
            path = Path(folder) / f"{name}.ndjson"
            path.write_bytes(b"".join(encode(row) + b"\n" for row in lines))
            listed = {"name": name, "path": path.name, "format": "ndjson", "schema": spec}
            resources.append({**listed, "type": "table"})
        package = Package.from_descriptor({"resources": resources}, basepath=folder)
        for resource in package.resources:
            resource.detector = Detector(sample_size=1)
        tasks = {task.name: task for task in package.validate().tasks}
    assert tasks[stream].stats["rows"] == len(table), tasks[stream].errors
    # rows count from 2 there: the keys of the first row are taken for a header
    return {error.row_number - 1 for error in tasks[stream].errors}


def with_current_constraints(item: Row) -> Row:
    """Return a column as Frictionless would judge rows of the present version alone."""
    asked = {**item.get("constraints", {}), **item.get("currentConstraints", {})}
    return {**item, "constraints": asked}


def with_value(case: Case, value: Any) -> Row:
    base = GOOD[case.stream]
    if case.inner is None:
        return {**base, case.column: value}
    part = {"lineage": LINEAGE, "furniture": FURNITURE, "memberships": MEMBER, "attributions": HOP}
    return {**base, case.column: [{**part[case.column], case.inner: value}]}


LINEAGE = {
    "certainty": "certain",
    "evidence": "Words.",
    "relation": "wasDerivedFrom",
    "source_id": "S101",
}
FURNITURE = {"start": 0, "end": 1, "kind": "heading"}
MEMBER = {"alliance_id": "pact", "start": None, "end": None}


def drawn(case: Case) -> st.SearchStrategy[Any]:
    """Values of a column's type, near what one of its constraints asks for or far from it."""
    item = case.field
    if item.type == "integer":
        return st.integers(-(2**53) + 1, 2**53 - 1)
    if item.type == "array":
        return st.lists(st.just(HOP if item.fields else "pact"), max_size=25)
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    if case.constraint == "pattern":
        near = st.from_regex(item.constraints["pattern"], fullmatch=True)
        return near | st.text("aZ0-9S:/ \n\u0661", max_size=8) | text
    if case.constraint == "enum":
        return st.sampled_from([*(item.enum or ()), "", "x", "None"]) | text
    return text


@cache
def verdicts(stream: str, cases: str) -> dict[Case, list[tuple[Any, bool, bool]]]:
    """Return by case each value at its edges, and whether we and Frictionless find it wrong.

    All cases of a stream stand in one table, a row for every value: rows do not touch one another.
    """
    chosen = [case for case in {"in lists": INSIDE}.get(cases, CASES) if case.stream == stream]
    if cases != "in lists":
        chosen = [case for case in chosen if (case.constraint == "type") == (cases == "types")]
    values = [
        (case, value)
        for case in chosen
        for value in (WRONG[case.field.type] if cases == "types" else edges(case))
    ]
    table = [GOOD[stream], *(with_value(case, value) for case, value in values)]
    mine, other = ours(stream, table), theirs(stream, table)
    assert 1 not in mine | other, "the good row"
    found: dict[Case, list[tuple[Any, bool, bool]]] = {}
    for line, (case, value) in enumerate(values, 2):
        found.setdefault(case, []).append((value, line in mine, line in other))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("case", IN_USE, ids=str)
def test_both_find_the_same_values_breaking_a_constraint(case: Case) -> None:
    found = verdicts(case.stream, "constraints")[case]
    assert any(mine for _, mine, _ in found)
    for value, mine, other in found:
        coded = case.field.enum is not None  # a value that is no code, whatever its pattern
        if case.constraint == "pattern" and str(value).endswith("\n") and not coded:
            # Frictionless matches as Python does, where $ is also the place before a last line feed
            assert mine == (case.column != "url"), value  # [^ ]+ holds a line feed as well
            assert not other, value
        else:
            assert mine == other, value


@pytest.mark.parametrize("case", RETIRED, ids=str)
def test_ours_alone_keeps_a_retired_column_empty_because_table_schema_has_no_word_for_it(
    case: Case,
) -> None:
    found = verdicts(case.stream, "constraints")[case]
    for value, mine, _ in found:
        assert mine == (value is not None), value
    assert {other for value, _, other in found if value is not None} == {True, False}
    assert not any(other for value, _, other in found if value is None)


@pytest.mark.slow
@pytest.mark.parametrize("stream", SCHEMAS.streams)
def test_both_find_the_same_rows_wrong_among_drawn_values(stream: str) -> None:
    cases = [c for c in IN_USE if c.stream == stream and c.constraint != "required"]
    cells = st.sampled_from(cases).flatmap(lambda case: st.tuples(st.just(case), drawn(case)))

    @examples(2)
    @given(st.lists(cells, min_size=8, max_size=25))
    def check(values: list[tuple[Case, Any]]) -> None:
        table = [with_value(case, value) for case, value in values]
        differ = ours(stream, table) ^ theirs(stream, table)
        differ -= {line for line in differ if str(values[line - 1][1]).endswith("\n")}  # as above
        assert not differ, [values[line - 1] for line in differ]

    check()


@pytest.mark.slow
@pytest.mark.parametrize("case", [c for c in CASES if c.constraint == "type"], ids=str)
def test_both_refuse_a_value_of_another_type(case: Case) -> None:
    for value, mine, other in verdicts(case.stream, "types")[case]:
        assert mine, value
        # Frictionless reads text as a CSV cell would be read, thus "1" as the number 1; our log
        # holds canonical JSON, in which a number is not text
        lenient = value == "1" and case.field.type in ("integer", "number")
        assert other != lenient, value


@pytest.mark.parametrize("case", INSIDE, ids=str)
def test_ours_alone_looks_into_lists_because_table_schema_has_no_rules_for_their_parts(
    case: Case,
) -> None:
    for value, mine, other in verdicts(case.stream, "in lists")[case]:
        absent = value is None and case.field.required
        assert mine == (absent or _spelt(case, value)), value
        assert not other, value


def _spelt(case: Case, value: Any) -> bool:
    return bool(case.field.enum) and value is not None and value not in (case.field.enum or ())


@pytest.mark.slow
@pytest.mark.parametrize("stream", SCHEMAS.streams)
def test_both_find_the_same_rows_repeating_a_key(stream: str) -> None:
    key = SCHEMAS.streams[stream].id

    @examples(2)
    @given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=2, max_size=8))
    def check(pairs: list[tuple[int, int]]) -> None:
        name = GOOD[stream][key]
        table = [
            {**GOOD[stream], key: name[:-1] + str(number), "version": version, "note": f"N{place}"}
            for place, (number, version) in enumerate(pairs)
        ]
        mine = ours(stream, table, {"primary-key"}, history_rules.check_history)
        assert mine == theirs(stream, table, keys=True)
        assert mine == {at + 1 for at, pair in enumerate(pairs) if pair in pairs[:at]}

    check()


FOREIGN = [(stream, key) for stream, table in SCHEMAS.streams.items() for key in table.foreign_keys]


@pytest.mark.slow
@pytest.mark.parametrize(("stream", "key"), FOREIGN, ids=lambda x: getattr(x, "column", x))
def test_both_find_the_same_references_to_nothing(stream: str, key: ForeignKey) -> None:
    target = SCHEMAS.streams[key.table]
    known = GOOD[key.table][target.id]
    empty = [] if SCHEMAS.streams[stream].by_name[key.column].required else [None]

    @examples(2)
    @given(st.lists(st.sampled_from([known, known[:-1] + "9", *empty]), min_size=1, max_size=5))
    def check(values: list[Any]) -> None:
        own = SCHEMAS.streams[stream]
        names = [GOOD[stream][own.id][:-1] + str(at) for at in range(len(values))]
        names = [name if name[:-1] + "9" != known[:-1] + "9" else f"{name}-x" for name in names]
        table = [
            {**GOOD[stream], own.id: name, key.column: value}
            for name, value in zip(names, values, strict=True)
        ]
        if key.table == stream:
            table.append({**GOOD[stream], own.id: known, key.column: None})
        beside = {} if key.table == stream else {key.table: [GOOD[key.table]]}
        mine = ours(
            stream, table, {"foreign-key"}, reference_rules.check_references, beside, key.column
        )
        assert mine == theirs(stream, table, beside=beside, foreign=key.column)
        assert mine == {at for at, value in enumerate(values, 1) if value not in (known, None)}

    check()
