"""EDTF level 1, with the edtf library as oracle."""

from __future__ import annotations

from datetime import date
from time import struct_time

import edtf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimlog.schema.edtf import bounds

years = st.integers(1, 9999).map(lambda year: f"{year:04d}")
days = st.dates(date(1, 1, 1), date(9999, 12, 31)).map(date.isoformat)
months = days.map(lambda day: day[:7])
qualifiers = st.sampled_from(["", "?", "~", "%"])
unspecified = st.one_of(
    years.map(lambda year: f"{year[:3]}X").filter(lambda year: year != "000X"),
    years.map(lambda year: f"{year[:2]}XX").filter(lambda year: year != "00XX"),
    years.map(lambda year: f"{year}-XX"),
    months.map(lambda month: f"{month}-XX"),
    years.map(lambda year: f"{year}-XX-XX"),
)
# the library gives winter the months of its own calendar year; see the test of seasons
seasons = st.tuples(years, st.sampled_from(["21", "22", "23"])).map("-".join)
plain = st.one_of(years, months, days, unspecified)


def as_date(moment: struct_time) -> date:
    return date(*moment[:3])


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(st.tuples(plain, qualifiers).map("".join) | seasons)
def test_a_date_has_the_bounds_that_the_edtf_library_gives(value: str) -> None:
    oracle = edtf.parse_edtf(value)
    assert bounds(value) == (
        as_date(oracle.lower_strict()),
        as_date(oracle.upper_strict()),
    )


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(days | months | years, min_size=2, max_size=2), qualifiers)
def test_an_interval_has_the_bounds_that_the_edtf_library_gives(
    sides: list[str], qualifier: str
) -> None:
    first, last = sorted(sides, key=lambda side: bounds(side)[0] or date.min)
    value = f"{first}/{last}{qualifier}"
    oracle = edtf.parse_edtf(value)
    assert bounds(value) == (as_date(oracle.lower_strict()), as_date(oracle.upper_strict()))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-03-29/..", (date(2025, 3, 29), None)),
        ("2025-03-29/", (date(2025, 3, 29), None)),
        ("../2025-03", (None, date(2025, 3, 31))),
        ("/2025", (None, date(2025, 12, 31))),
        ("2024-02", (date(2024, 2, 1), date(2024, 2, 29))),
        ("2023-02", (date(2023, 2, 1), date(2023, 2, 28))),
        ("2024-02-29", (date(2024, 2, 29), date(2024, 2, 29))),
        ("201X", (date(2010, 1, 1), date(2019, 12, 31))),
        ("20XX~", (date(2000, 1, 1), date(2099, 12, 31))),
        ("2025-02-28/2025-03-03", (date(2025, 2, 28), date(2025, 3, 3))),
    ],
)
def test_open_sides_and_short_months_are_known(
    value: str, expected: tuple[date | None, date | None]
) -> None:
    assert bounds(value) == expected


def test_a_season_can_be_qualified_unlike_in_the_library() -> None:
    # a deliberate difference: a source that says "around last spring" is not rare
    assert bounds("2024-21~") == bounds("2024-21") == (date(2024, 3, 1), date(2024, 5, 31))
    with pytest.raises(edtf.EDTFParseException):
        edtf.parse_edtf("2024-21~")


def test_winter_ends_in_the_next_year_unlike_in_the_library() -> None:
    # a deliberate difference: meteorological winter is December to February
    assert bounds("2024-24") == (date(2024, 12, 1), date(2025, 2, 28))
    assert as_date(edtf.parse_edtf("2024-24").upper_strict()).year == 2024


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "not an EDTF level 1 date"),
        ("..", "not an EDTF level 1 date"),
        ("2025-3", "not an EDTF level 1 date"),
        ("2025/03", "not an EDTF level 1 date"),
        ("03/2025", "not an EDTF level 1 date"),
        ("March 2025", "not an EDTF level 1 date"),
        ("2025-03-01T12:00:00Z", "holds a time of day"),
        ("2025-03-01\n", "not an EDTF level 1 date"),
        (" 2025", "not an EDTF level 1 date"),
        ("٢٠٢٥", "not an EDTF level 1 date"),
        ("2025?~", "not an EDTF level 1 date"),
        ("?2025", "qualifies a part of a date"),
        ("-0044", "is a year before 0"),
        ("Y20250", "is a year of more than four digits"),
        ("2X25", "leaves open a digit in the middle"),
        ("2025/2026/2027", "not an EDTF level 1 date"),
        ("0000", "year 0000 is not supported"),
        ("2025-13", "there is no month 13"),
        ("2025-00", "there is no month 00"),
        ("2025-25", "is a quarter, a semester or a season of a hemisphere"),
        ("2025-21-01", "there is no month 21"),
        ("2025-02-29", "2025-02 has no day 29"),
        ("2025-02-00", "2025-02 has no day 00"),
        ("2025-XX-01", "a day needs a month"),
        ("201X-05", "a month needs a full year"),
        ("2025-03-02/2025-03-01", "the interval ends before it begins"),
        ("/", "an interval needs a date on one side"),
        ("../..", "an interval needs a date on one side"),
        ("../", "an interval needs a date on one side"),
    ],
)
def test_what_is_no_date_is_refused_with_a_reason(value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bounds(value)


@given(st.text(max_size=12) | st.text("0123456789X-/.~?%", max_size=22))
def test_any_text_has_bounds_in_order_or_is_refused_as_a_value(value: str) -> None:
    try:
        first, last = bounds(value)
    except ValueError:
        return
    assert first is None or last is None or first <= last
