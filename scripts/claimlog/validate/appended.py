"""Validating what was appended, where everything before it was validated by the same code.

Rules about rows look at an entity, at its history, and at what it refers to. So new rows can only
break them for the entities that they are about, as long as they change no entity that others refer
to; `only_appends` says whether that is so. What the rules checked of all claims is then what they
had checked before, less what they had checked of the claims in question, and what they check now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import polars as pl

from claimlog.log.event_log import Log
from claimlog.validate import RowsCheck, check_section, check_sections
from claimlog.validate.report import Report

TELLING = {"sources": ("amend", "retract"), "actors": ("retract",), "incidents": ("retract",)}
"""What done to entities that claims refer to can tell on claims that are not touched."""


def only_appends(log: Log, size: int) -> bool:
    """Whether the rows after the first `size` change nothing for claims that they are not about."""
    late = pl.col("seq") >= size
    return all(
        log.rows(stream).filter(late & pl.col("action").is_in(actions)).is_empty()
        for stream, actions in TELLING.items()
    )


def check_appended(log: Log, size: int, checked: Mapping[str, int]) -> RowsCheck:
    """Return the check of the rows after the first `size`.

    Parameters
    ----------
    checked
        How many rows each rule had checked of the claims among the first `size` rows.
    """
    return partial(_check, log, size, checked)


def _check(
    log: Log,
    size: int,
    checked: Mapping[str, int],
    _: Log,
    report: Report,
    progress: Callable[[str], None],
) -> None:
    claims = log.claims_of(log.claims_since(size))

    def sections() -> Iterator[Log]:
        yield log.others()
        yield log.section(claims)

    check_sections(log, report, progress, sections)
    before = Report(log)
    check_section(log.section(claims.filter(pl.col("seq") < size)), before)
    untouched = Counter(checked)
    untouched.subtract(before.counts())
    report.of_claims.update(untouched)
    for rule, number in untouched.items():
        report.count(rule, number)
