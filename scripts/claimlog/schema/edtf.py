"""Extended Date/Time Format, level 1 (ISO 8601-2:2019; Library of Congress profile, 2019).

The subset that event times use: years, months, days and seasons; unspecified digits (``201X``,
``2004-XX``); qualification of a whole date (``?``, ``~``, ``%``); intervals, also open (``..``) or
with an unknown end. Ours because the published parser takes ten milliseconds a value; the tests
compare the two.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from functools import cache

DATE = re.compile(
    r"(?P<year>[0-9]{4}|[0-9]{3}X|[0-9]{2}XX)"
    r"(?:-(?P<month>[0-9]{2}|XX)(?:-(?P<day>[0-9]{2}|XX))?)?[?~%]?"
)
OTHER_LEVELS = (
    (re.compile(r".*?T[0-9]"), "holds a time of day (EDTF level 0); give the day alone"),
    (
        re.compile(r"Y|[0-9]{5,}\Z"),
        "is a year of more than four digits, which is not read here; leave it empty",
    ),
    (re.compile(r"-[0-9]"), "is a year before 0, which is not read here; leave it empty"),
    (
        re.compile(r"[{\[]"),
        "is a set of dates (EDTF level 2), and level 1 is read here; give one interval",
    ),
    (
        re.compile(r"[0-9X]+S[0-9]+\Z"),
        "gives significant digits (EDTF level 2); write 19XX, which is of level 1",
    ),
    (
        re.compile(r"[0-9]{4}-(2[5-9]|3[0-9]|4[01])\Z"),
        "is a quarter, a semester or a season of a hemisphere (EDTF level 2), and level 1 is read "
        "here; give an interval of months",
    ),
    (
        re.compile(r"(?!.*[?~%]{2})(?:[?~%]|.*?[?~%].)"),
        "qualifies a part of a date (EDTF level 2), and level 1 is read here; put ?, ~ or % at the "
        "end, where it is of the whole date",
    ),
    (
        re.compile(r"(?=.*X)[0-9X]{4}(-[0-9X]{2}){0,2}[?~%]?\Z"),
        "leaves open a digit in the middle (EDTF level 2), and level 1 is read here; write XX for "
        "the month or day, 201X or 19XX for the year",
    ),
    (re.compile(r".*u\Z"), "is of the EDTF draft of 2012; write X in place of u"),
)
"""How dates of EDTF begin that are none of level 1 as above, and what to do about each."""

# meteorological seasons of the northern hemisphere; winter ends in the next year
SEASONS = {21: (3, 5), 22: (6, 8), 23: (9, 11), 24: (12, 2)}


@cache
def bounds(value: str) -> tuple[date | None, date | None]:
    """Return the first and last day that a date can mean; None where it is open or unknown.

    >>> bounds("2017-05~")
    (datetime.date(2017, 5, 1), datetime.date(2017, 5, 31))
    >>> bounds("2025-03-29/..")
    (datetime.date(2025, 3, 29), None)

    Raises
    ------
    ValueError
        If `value` is not EDTF level 1 as above, or ends before it begins.
    """
    first, slash, last = value.partition("/")
    if not slash:
        return _day_range(value)
    if first in ("", "..") and last in ("", ".."):
        raise ValueError("an interval needs a date on one side")
    start = None if first in ("", "..") else _day_range(first)[0]
    end = None if last in ("", "..") else _day_range(last)[1]
    if start is not None and end is not None and end < start:
        raise ValueError("the interval ends before it begins")
    return start, end


def _unread_form(value: str) -> str:
    """Say what kind of date it is that is not read here.

    >>> _unread_form("2004-06-~11").partition(",")[0], _unread_form("11.6.2004")
    ('qualifies a part of a date (EDTF level 2)', 'not an EDTF level 1 date')
    """
    for pattern, flaw in OTHER_LEVELS:
        if pattern.match(value):
            return flaw
    return "not an EDTF level 1 date"


def _day_range(value: str) -> tuple[date, date]:
    match = DATE.fullmatch(value)
    if match is None:
        raise ValueError(_unread_form(value))
    year, month, day = match["year"], match["month"], match["day"]
    first, last = int(year.replace("X", "0")), int(year.replace("X", "9"))
    if first == 0:
        raise ValueError("year 0000 is not supported")
    if month == "XX" and day not in (None, "XX"):
        raise ValueError("a day needs a month")
    if "X" in year and month not in (None, "XX"):
        raise ValueError("a month needs a full year")
    if month in (None, "XX"):
        return date(first, 1, 1), date(last, 12, 31)
    number = int(month)
    if number in SEASONS and day is None:
        begins, ends = SEASONS[number]
        closing = first + (ends < begins)
        return date(first, begins, 1), date(closing, ends, monthrange(closing, ends)[1])
    if not 1 <= number <= 12:
        form = _unread_form(value)
        raise ValueError(form if "level 2" in form else f"there is no month {month}")
    length = monthrange(first, number)[1]
    if day in (None, "XX"):
        return date(first, number, 1), date(first, number, length)
    if not 1 <= int(day) <= length:
        raise ValueError(f"{year}-{month} has no day {day}")
    return date(first, number, int(day)), date(first, number, int(day))
