"""Lists: what filters select and count is what a reading of every row says."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from difflib import get_close_matches
from itertools import chain, combinations
from typing import Any

import numpy as np
import pytest

from claimlog.schema.edtf import bounds
from claimlog.site.lists import code_labels
from claimlog.site.lists.code_labels import CodeLabels, close_texts
from claimlog.site.lists.column_filters import (
    coded_filter,
    date_filter,
    date_sort,
    number_filter,
)
from claimlog.site.lists.filters import (
    ANY,
    NONE,
    CodeFilter,
    ListDefinition,
    PeriodFilter,
    Sort,
    month_range,
)
from claimlog.site.lists.index_reader import read_list_index
from claimlog.site.lists.list_index import ListIndex
from claimlog.site.lists.number_ranges import number_text, range_bounds
from claimlog.site.lists.selection import EXPLAINED, select

DATES = (
    *(None, "2024", "2025", "2025-03", "2025-03-29", "2025-02/2025-04", "2024-11/2025-01"),
    *("../2025-01", "2025-03/..", "202X", "2024-22", "2024-24"),
)
WEIGHTS = (None, 0, -2.5, 7, 7.25, 100, 1e17, 0.1, 0.30000000000000004)
KINDS, NAMES = ("red", "green", "blue", None), ("ann", "bob", "cat")
DEFINITION = ListDefinition(
    "things",
    "thing",
    (
        Sort("id", "by identifier", "thing"),
        date_sort("date", "earliest first", "thing"),
        Sort("size", "largest first", "size desc", frozenset(("size",))),
    ),
    (
        coded_filter("kind", "Kind", "kinds"),
        CodeFilter(
            "name",
            "Name",
            pairs="select t.rowid, n.name from names n join things t using (thing)",
            optional=True,
        ),
        date_filter("date", "Date"),
        PeriodFilter("begins", "Begins in", "", "date_start", "date_end"),
        number_filter("weight", "Weight", "", "kilogram"),
        number_filter("length", "Length", "", None, optional=False),
    ),
)

Thing = dict[str, Any]


def things(number: int = 400) -> list[Thing]:
    drawn = random.Random(17)
    return [
        {
            "thing": f"T{at:03}",
            "kind": drawn.choice(KINDS),
            "date": drawn.choice(DATES),
            "weight": drawn.choice(WEIGHTS),
            "length": at % 7,
            "names": sorted(drawn.sample(NAMES, drawn.randrange(len(NAMES) + 1))),
        }
        for at in range(number)
    ]


THINGS = things()


@pytest.fixture(scope="module")
def index() -> ListIndex:
    """The index of `THINGS`, which stand in the table in another order."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(TABLE)
        database.execute("create table names (thing, name)")
        for row in random.Random(1).sample(THINGS, len(THINGS)):
            first, last = bounds(row["date"]) if row["date"] else (None, None)
            days = [day and day.isoformat() for day in (first, last)]
            values = (row["thing"], row["kind"], row["date"], *days, row["weight"], row["length"])
            database.execute("insert into things values (?, ?, ?, ?, ?, ?, ?)", values)
            pairs = [(row["thing"], name) for name in row["names"]]
            database.executemany("insert into names values (?, ?)", pairs)
        rows = database.execute("select thing, rowid from things")
        ROWIDS.update(dict(rows.fetchall()))
        return read_list_index(database, DEFINITION, {"thing", "kind", "date"})


TABLE = "create table things (thing, kind, date, date_start, date_end, weight, length)"
ROWIDS: dict[str, int] = {}


def months(day: Any) -> int | None:
    return None if day is None else day.year * 12 + day.month - 1


def in_period(row: Thing, period: str, with_intervals: bool) -> bool:
    """Whether a date counts for a period, as the filters say it in words."""
    if period in (ANY, NONE):
        return (row["date"] is not None) == (period == ANY)
    if row["date"] is None:
        return False
    first, last = map(months, bounds(row["date"]))
    own = month_range(period)
    assert own is not None
    begin, end = own
    lies = first is not None and last is not None and begin <= first and last <= end
    if with_intervals:
        touches = (first is None or first <= end) and (last is None or last >= begin)
        return lies or ("/" in row["date"] and touches)
    if len(period) == len("2025"):
        return first is not None and begin <= first <= end
    return lies


def in_range(number: float | None, value: str) -> bool:
    """Whether a number is in a range, as a page says it in words."""
    if value in (ANY, NONE) or number is None:
        return (number is not None) == (value != NONE) and (value in (ANY, NONE))
    first, dots, last = value.partition("..")
    if not dots:
        return number == float(value)
    return (not first or number >= float(first)) and (not last or number <= float(last))


def fits(row: Thing, name: str, values: Iterable[str]) -> bool:
    if name in ("date", "begins"):
        return any(in_period(row, value, name == "date") for value in values)
    if name in ("weight", "length"):
        return any(in_range(row[name], value) for value in values)
    has = row["names"] if name == "name" else [row["kind"]] if row["kind"] else []
    return any(bool(has) == (value == ANY) if value in (ANY, NONE) else value in has
               for value in values)  # fmt: skip


def selected(chosen: Mapping[str, Sequence[str]]) -> list[Thing]:
    return [row for row in THINGS if all(fits(row, *item) for item in chosen.items())]


PARTS: tuple[tuple[str, list[str]], ...] = (
    ("kind", ["red", "blue"]),
    ("name", ["ann", NONE]),
    ("date", ["2025-03", "2024"]),
    ("weight", ["..0", "7..100", "0.1"]),
)
CHOSEN: list[dict[str, list[str]]] = [
    dict(parts)
    for parts in chain.from_iterable(combinations(PARTS, size) for size in range(len(PARTS) + 1))
]
CHOSEN += [
    *({"kind": [value]} for value in ("green", ANY, NONE, "nothing")),
    *({"name": [value]} for value in ("bob", ANY, NONE)),
    *({"date": [value]} for value in ("2024-12", "2025-01", "2025-Q1", "2026", ANY, NONE)),
    *({"begins": [value]} for value in ("2024", "2025", "2025-Q1", "2025-03")),
    *(
        {"weight": [value]}
        for value in ("7", "7..", "..7.24", "-3..-2", "8..9", "100000000000000000")
    ),
    *({"weight": [value]} for value in ("0.3", "0.30000000000000004", ANY, NONE)),
    {"weight": ["7..", NONE], "length": ["2..3", "6"]},
    {"begins": ["2024"], "date": ["2025"], "kind": ["red", NONE]},
]


@pytest.mark.parametrize("chosen", CHOSEN, ids=str)
def test_rows_are_selected_by_any_value_of_a_filter_and_all_filters(
    chosen: dict[str, list[str]], index: ListIndex
) -> None:
    rows = index.select(chosen, None)
    expected = [row["thing"] for row in selected(chosen)]
    assert rows.rowids("id", 0) == [ROWIDS[name] for name in expected]
    assert rows.total == len(expected)


@pytest.mark.slow
@pytest.mark.parametrize("chosen", CHOSEN, ids=str)
def test_a_value_is_counted_as_if_it_alone_were_chosen_of_its_filter(
    chosen: dict[str, list[str]], index: ListIndex
) -> None:
    rows = index.select(chosen, None)

    def expected(name: str, value: str) -> int:
        return len(selected({**chosen, name: [value]}))

    for name, values in (("kind", KINDS[:-1]), ("name", NAMES)):
        counts, present, absent = rows.code_counts(name)
        assert counts == {v: expected(name, v) for v in values if v and expected(name, v)}
        assert (present, absent) == (expected(name, ANY), expected(name, NONE))
    for name, ranges in (("weight", ["..0", "7..", "7"]), ("length", ["1..4"])):
        numbers, extent = rows.number_counts(name, ranges)
        assert numbers == {value: expected(name, value) for value in (ANY, NONE, *ranges)}
        own = [row[name] for row in selected({k: v for k, v in chosen.items() if k != name})]
        known = [number for number in own if number is not None]
        assert extent == ((min(known), max(known)) if known else None)
    years, by_month, dated, undated = rows.period_counts("date")
    # an open interval has no end, and is counted within the periods that dates name
    for year in range(min(years, default=0), max(years, default=0) + 1):
        assert years.get(year, 0) == expected("date", f"{year:04}"), year
    for month in range(min(by_month, default=0), max(by_month, default=0) + 1):
        period = f"{month // 12:04}-{month % 12 + 1:02}"
        assert by_month.get(month, 0) == expected("date", period), period
    assert (dated, undated) == (expected("date", ANY), expected("date", NONE))


def test_what_a_search_finds_limits_rows_and_counts(index: ListIndex) -> None:
    some = [row["thing"] for row in THINGS[::3]]
    found = index.with_rowids(np.array([ROWIDS[name] for name in some]))
    rows = index.select({"kind": ["red"]}, found)
    red = [row["thing"] for row in selected({"kind": ["red"]}) if row["thing"] in some]
    assert rows.rowids("id", 0) == [ROWIDS[name] for name in red]
    assert sum(rows.code_counts("kind")[0].values()) == sum(
        row["kind"] is not None for row in THINGS[::3]
    )


def test_rows_come_in_the_order_that_is_asked_for_and_undated_last(index: ListIndex) -> None:
    rows = index.select({"kind": ["red"]}, None)
    by_rowid = {rowid: name for name, rowid in ROWIDS.items()}
    dates = {row["thing"]: row["date"] for row in THINGS}
    sequence = [by_rowid[rowid] for rowid in rows.rowids("date", 0)]
    first = [
        None if dates[name] is None else next(day for day in bounds(dates[name]) if day)
        for name in sequence
    ]
    known = [day for day in first if day]
    assert known == sorted(known)
    assert first == known + [None] * (len(first) - len(known))
    assert rows.rowids("date", 5, 3) == [ROWIDS[name] for name in sequence[5:8]]


def test_an_order_by_a_column_that_a_table_lacks_is_left_out(index: ListIndex) -> None:
    assert {*index.orders} == {"date"}


def test_an_empty_table_is_a_list() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(TABLE)
        database.execute("create table names (thing, name)")
        index = read_list_index(database, DEFINITION, set())
    rows = index.select({"kind": [ANY], "date": ["2025"], "weight": ["1.."]}, None)
    assert rows.number_counts("length", ["2"]) == ({ANY: 0, NONE: 0, "2": 0}, None)
    assert (rows.total, rows.code_counts("name"), rows.period_counts("date")) == (
        *(0, ({}, 0, 0)),
        ({}, {}, 0, 0),
    )


CHOICES = {
    "kind": CodeLabels({ANY: "any", NONE: "none", "red": "Bright red", "green": "Green"}),
    "name": CodeLabels(
        {"ann": "Ann", "bob": "Bob", "bobby": "bob"},
        {"ann": ["Nan", "Bob", "both"], "bobby": ["Roberta", "ROBERTA", "both"]},
    ),
}


@pytest.mark.parametrize(
    ("name", "value", "codes"),
    [
        ("kind", "red", ["red"]),
        ("kind", " RED ", ["red"]),
        ("kind", "bright RED", ["red"]),
        ("kind", "any", ["any"]),
        ("name", "Bob", ["bob"]),  # a code before a label, and both before other names
        ("name", "nan", ["ann"]),
        ("name", "roberta", ["bobby"]),  # twice the same name is one
        ("date", "2025-q1", ["2025-Q1"]),
        ("date", "none", ["none"]),
        ("kind", "", []),
        ("weight", "100", ["100"]),
        ("weight", " 007.50 .. 1000.0 ", ["7.5..1000"]),
        ("weight", "-0", ["0"]),
        ("weight", "-3..", ["-3.."]),
        ("weight", ".. 2.5", ["..2.5"]),
        ("weight", "2..2.0", ["2"]),
        ("weight", "none", ["none"]),
        ("weight", "9" * 30, ["9" * 30]),
    ],
)
def test_a_value_is_known_by_code_label_or_other_name_in_any_case(
    name: str, value: str, codes: list[str]
) -> None:
    selection = select({name: [value]}, DEFINITION, DEFINITION.sorts, CHOICES)
    assert selection.errors == []
    assert selection.chosen.get(name, []) == codes


@pytest.mark.parametrize(
    ("name", "value", "near"),
    [
        ("kind", "gren", ["green"]),
        ("kind", "red1", ["red"]),
        ("kind", "violet", ["red", "green"]),  # nothing is near, and there are few
        ("date", "2025-13", ["2025"]),
        ("date", "march 2025", ["2025-03", "2025"]),
        ("date", "0000", []),
        ("date", "٢٠٢٥", []),
        ("begins", "any", []),
        ("weight", "heavy", []),
        ("weight", "..", []),
        ("weight", "1e3", ["1..3"]),
        ("weight", "300..100", ["100..300"]),
        ("weight", "100 - 300", ["100..300"]),
        ("weight", "-5 to 2,5", ["-5..2.5"]),
        ("weight", "1,500 kg", ["1500", "1500..", "..1500"]),
        ("weight", "2...3", ["2..3"]),
        ("weight", "٣", []),
        ("length", "any", []),
        ("sort", "biggest", ["id", "date", "size"]),
    ],
)
def test_a_value_that_cannot_be_is_an_error_with_near_ones(
    name: str, value: str, near: list[str]
) -> None:
    given = {name: [value], "name": ["ann"]}
    selection = select(given, DEFINITION, DEFINITION.sorts, CHOICES)
    [error] = selection.errors
    assert (error["parameter"], error["value"]) == (name, value)
    assert [one["code"] for one in error["near"]] == near
    for one in error["near"]:
        assert one["link"].startswith("?name=ann") or (name, one["code"]) == ("sort", "id")


@pytest.mark.parametrize(("value", "near"), [("robertta", ["bobby"]), ("BOTH", ["ann", "bobby"])])
def test_a_slip_in_an_other_name_and_one_of_several_codes_are_proposed_and_never_guessed(
    value: str, near: list[str]
) -> None:
    [error] = select({"name": [value]}, DEFINITION, DEFINITION.sorts, CHOICES).errors
    assert [one["code"] for one in error["near"]][: len(near)] == near


def test_many_values_that_cannot_be_cost_little(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0

    class Counted(code_labels.SequenceMatcher):  # type: ignore[name-defined,misc]
        def ratio(self) -> float:
            nonlocal compared
            compared += 1
            return float(super().ratio())

    monkeypatch.setattr(code_labels, "SequenceMatcher", Counted)
    drawn = random.Random(3)
    words = ["".join(drawn.choices("etaoin", k=60)) for _ in range(2 * code_labels.COMPARED)]
    choices = {**CHOICES, "name": CodeLabels({word: word[::-1] for word in words})}
    given = {"name": [word[1:] + "q" for word in words[:50]]}
    selection = select(given, DEFINITION, DEFINITION.sorts, choices)
    assert [len(error["near"]) > 0 for error in selection.errors] == [
        at < EXPLAINED for at in range(50)
    ]
    assert 0 < compared <= EXPLAINED * code_labels.CANDIDATES


def test_texts_that_are_alike_are_those_of_difflib() -> None:
    drawn = random.Random(5)
    words = ["".join(drawn.choices("abcde", k=drawn.randrange(12))) for _ in range(150)]
    for text in words[:30]:
        assert close_texts(text + "x", words) == get_close_matches(text + "x", words, 5)


@pytest.mark.parametrize("number", [0.0, -0.0, 310.0, 2.5, 1e16, 5e-324, -1.7e308, 2.0**53])
def test_a_number_is_written_without_a_power_and_read_back_the_same(number: float) -> None:
    text = number_text(number)
    assert set(text) <= set("-.0123456789")
    assert range_bounds(text) == (number, number)


def test_what_is_no_number_in_a_column_of_numbers_is_as_if_it_were_not_there() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(TABLE)
        database.execute("create table names (thing, name)")
        rows = [("T1", "heavy"), ("T2", b"\x00"), ("T3", 3), ("T4", 9e999)]
        database.executemany("insert into things (thing, weight) values (?, ?)", rows)
        index = read_list_index(database, DEFINITION, set())
    found = index.select({"weight": [NONE]}, None)
    assert found.total == 2
    assert found.number_counts("weight", ["3"])[0] == {ANY: 2, NONE: 2, "3": 1}


def test_a_range_that_cannot_be_is_told_in_one_sentence_with_what_is_expected() -> None:
    [error] = select({"weight": ["x" * 900]}, DEFINITION, DEFINITION.sorts, CHOICES).errors
    assert error["message"] == (
        f"Weight (kilogram): “{'x' * 60}” is no number or range of numbers; expected 100, "
        "100..300 (lowest first), 100.. or ..300."
    )


def test_months_are_counted_of_the_years_that_are_opened(index: ListIndex) -> None:
    rows = index.select({}, None)
    years, months, *others = rows.period_counts("date")
    assert {2024, 2025} < {month // 12 for month in months}
    opened = {month: number for month, number in months.items() if month // 12 == 2024}
    assert rows.period_counts("date", {2024, 1000}) == (years, opened, *others)
    assert rows.period_counts("date", ()) == (years, {}, *others)
