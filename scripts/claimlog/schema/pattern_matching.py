"""Patterns of a package's columns, matched in linear time by Polars (the regex crate of Rust).

A pattern is data of whoever made the package, so it never reaches Python's ``re``, where a nested
quantifier takes time without end. It must match a whole value: what Table Schema leaves open is
settled here, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from claimlog.limits import PATTERN_WEIGHT

if TYPE_CHECKING:
    import polars as pl

COUNTED = re.compile(r"\{\s*([0-9]+)\s*(?:,\s*([0-9]*)\s*)?\}")


def whole(pattern: str) -> str:
    r"""Return a pattern that matches values of which all is matched by `pattern`.

    ``$`` is the end of the text for Rust, and for Python and Java also the place before a last line
    feed; ``\\z`` is the end for Rust and Java alike.
    """
    return rf"\A(?:{pattern})\z"


def matches(column: pl.Expr, pattern: str) -> pl.Expr:
    """Return whether values of a column keep a pattern that has no flaw."""
    return column.str.contains(whole(pattern))


def fits(value: str, pattern: str) -> bool:
    """Whether one value keeps a pattern that has no flaw."""
    return value in which_fit([value], pattern)


def which_fit(values: Iterable[str], pattern: str) -> set[str]:
    """Return those of some values that keep a pattern that has no flaw: it is asked once for all.

    A query takes a millisecond, whether it is of one value or of a thousand.
    """
    import polars as pl

    column = pl.Series("value", [*values], dtype=pl.String).to_frame()
    return {*column.filter(matches(pl.col("value"), pattern))["value"]}


@lru_cache(maxsize=1024)
def pattern_flaw(pattern: str) -> str | None:
    """Say why a pattern is not used, or return None."""
    import polars as pl  # only here: the command line reads schemas for its --help

    if len(pattern) > PATTERN_WEIGHT or _weight(pattern) > PATTERN_WEIGHT:
        return (
            f"the pattern {pattern[:60]!r} has more than {PATTERN_WEIGHT} characters once what it "
            "repeats is written out; make it shorter, or use an enum"
        )
    if re.search(r"\(\?[a-zA-Z-]*x", pattern):
        return f"the pattern {pattern[:60]!r} has the flag x, which is not read; take it out"
    for text in (pattern, whole(pattern)):
        try:
            pl.select(pl.lit("").str.contains(text))
        except pl.exceptions.PolarsError as error:
            # the lines before repeat the pattern
            said = " ".join(str(error).rpartition("error:")[2].split())
            return (
                f"the pattern {pattern[:60]!r} cannot be used ({said[:120] or 'too large'}); "
                "write one without look-around and backreferences"
            )
    return None


def _weight(pattern: str) -> int:
    """Return the length of a pattern with counted repetitions written out, never less than it is.

    ``(a{2}b){3}`` weighs 9.
    """
    open_groups: list[int] = []
    total = atom = at = 0
    while at < len(pattern):
        letter = pattern[at]
        counted = COUNTED.match(pattern, at)
        if counted:
            times = max(int(count) for count in counted.groups(default="") if count)
            total += atom * max(0, min(times, PATTERN_WEIGHT + 1) - 1)
            atom *= max(1, min(times, PATTERN_WEIGHT + 1))
            at = counted.end()
            continue
        if letter == "(":
            open_groups.append(total)
        elif letter == ")" and open_groups:
            atom = total - open_groups.pop()
        elif letter not in "?*+":
            end = _class_end(pattern, at) if letter == "[" else at + (letter == "\\")
            atom = 1
            total += atom
            at = end
        at += 1
        if total > PATTERN_WEIGHT:
            break
    return total


def _class_end(pattern: str, at: int) -> int:
    """Return where the class that begins at `at` ends, in which classes may be nested."""
    depth = 0
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 1
        elif pattern[at] == "[":
            depth += 1
            at += pattern.startswith("^", at + 1)
            at += pattern.startswith("]", at + 1)  # a bracket that comes first is a character
        elif pattern[at] == "]":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return at
