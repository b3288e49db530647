"""Lists of whole numbers as short texts: base64 digits, of which small numbers take few.

A digit has five bits of a number, lowest first, and a sixth that says that more digits follow, as
in source maps. A script reads millions of them a second, and they compress well.
"""

from __future__ import annotations

from collections.abc import Iterable

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
BITS, MORE = 5, 32


def packed_numbers(numbers: Iterable[int]) -> str:
    """Return whole numbers from 0 on as a text.

    >>> packed_numbers([0, 1, 31, 32, 1000])
    'ABfgBof'
    """
    digits = []
    for number in numbers:
        if number < 0:
            raise ValueError(f"{number} is below 0")
        while number >= MORE:
            digits.append(DIGITS[number % MORE + MORE])
            number >>= BITS
        digits.append(DIGITS[number])
    return "".join(digits)


def packed_steps(numbers: Iterable[int]) -> str:
    """Return whole numbers as the packed steps between them, which may lead down.

    >>> packed_steps([5, 6, 4])
    'KCD'
    """
    steps = []
    before = 0
    for number in numbers:
        step = number - before
        steps.append(2 * step if step >= 0 else -2 * step - 1)
        before = number
    return packed_numbers(steps)
