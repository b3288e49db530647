"""Ranges of numbers as an address has them: ``100..300``, ``100..``, ``..300``, or one number.

A script of the site as files reads them by the same rules, so that they are texts until they are
compared: programs write large and small numbers differently.
"""

from __future__ import annotations

import re
from decimal import Decimal

NUMBER = r"[0-9]{1,30}(?:\.[0-9]{1,30})?"
RANGE = re.compile(rf"(-?{NUMBER})|(?:(-?{NUMBER}) *)?\.\.(?: *(-?{NUMBER}))?")
THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
SIGNED = re.compile(rf"(?:(?<![0-9])-)?{NUMBER}")

EXPECTED = "100, 100..300 (lowest first), 100.. or ..300"


def range_code(text: str) -> str | None:
    """Return a number or a range in the one way that addresses have it, or None if it is none.

    >>> range_code("007.50"), range_code("-0 .. 3"), range_code("2..2.0"), range_code("3..")
    ('7.5', '0..3', '2', '3..')
    >>> range_code("3..1"), range_code(".."), range_code("1,5"), range_code("1e3")
    (None, None, None, None)
    """
    match = RANGE.fullmatch(text)
    if match is None:
        return None
    number, first, last = (_plain(part) for part in match.groups(""))
    if number:
        return number
    if not (first or last) or (first and last and float(first) > float(last)):
        return None
    return first if first == last else f"{first}..{last}"


def range_bounds(code: str) -> tuple[float, float]:
    """Return the lowest and the highest number of a range.

    >>> range_bounds("7.5"), range_bounds("..3")
    ((7.5, 7.5), (-inf, 3.0))
    """
    first, dots, last = code.partition("..")
    if not dots:
        return float(first), float(first)
    return float(first or "-inf"), float(last or "inf")


def range_label(code: str) -> str:
    """Return what pages call a range.

    >>> range_label("1..3"), range_label("1.."), range_label("..3"), range_label("2")
    ('1 to 3', '1 or more', '3 or less', '2')
    """
    first, dots, last = code.partition("..")
    if first and last:
        return f"{first} to {last}"
    if not dots:
        return code
    return f"{first} or more" if first else f"{last} or less"


def near_ranges(text: str) -> list[str]:
    """Return ranges that a text may mean that is none.

    >>> near_ranges("300-100"), near_ranges("1,500 kg"), near_ranges("2,5"), near_ranges("much")
    (['100..300'], ['1500', '1500..', '..1500'], ['2.5', '2.5..', '..2.5'], [])
    """
    dotted = THOUSANDS.sub("", text).replace(",", ".")
    found = sorted(map(_plain, SIGNED.findall(dotted)[:2]), key=float)
    if len({*found}) > 1:
        return ["..".join(found)]
    return [form for number in found[:1] for form in (number, f"{number}..", f"..{number}")]


def number_text(number: float) -> str:
    """Return a number in as few digits as tell it from all others, never as a power of ten.

    >>> number_text(310.0), number_text(2.5), number_text(1e16), number_text(-1e-7)
    ('310', '2.5', '10000000000000000', '-0.0000001')
    """
    text = f"{Decimal(repr(float(number))):f}"
    return _plain(text) if "." in text else text


def _plain(text: str) -> str:
    """Return a number without zeros that say nothing."""
    if not text:
        return ""
    whole, _, part = text.removeprefix("-").partition(".")
    part = part.rstrip("0")
    number = (whole.lstrip("0") or "0") + (f".{part}" if part else "")
    return f"-{number}" if text.startswith("-") and number != "0" else number
