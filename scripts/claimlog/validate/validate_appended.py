"""Validation of appended rows only, where the same code has validated all rows before them.

Rules about rows look at an entity, at its history, and at what it refers to. So new rows can only
break them for the entities that they are about, as long as they change no entity that others refer
to; `only_appends` says whether that is so. What the rules checked of all claims is then what they
had checked before, less what they had checked of the claims in question, and what they check now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

import polars as pl

from claimlog.errors import ClaimlogError, Finding
from claimlog.fingerprint import is_cached
from claimlog.log.event_log import CLAIMS, Log
from claimlog.log.sections import section_of_claims, section_without_claims, sections
from claimlog.schema.registers import registers_of
from claimlog.sources.text import Texts
from claimlog.state_notes import read_note, write_note
from claimlog.validate import RowsCheck, check_reading, check_section, check_sections
from claimlog.validate.anchors import check_anchors
from claimlog.validate.report import Report

NOTE = "cache/valid.json"
"""The last size and root of the log that were found valid, and the code that found it."""

CHANGES_OTHERS_SEE = {
    "sources": ("amend", "retract"),
    "actors": ("retract",),
    "incidents": ("retract",),
}
"""By required stream, the actions after which claims that refer to the entity may break a rule."""


def only_appends(log: Log, size: int) -> bool:
    """Whether the rows after the first `size` change nothing for claims that they are not about."""
    return _only_appends(log, _actions_since(log, size))


def _only_appends(log: Log, done: Mapping[str, set[str]]) -> bool:
    registers = dict.fromkeys(registers_of(log.definition.streams), ("retract",))
    return all(
        done[stream].isdisjoint(actions)
        for stream, actions in {**CHANGES_OTHERS_SEE, **registers}.items()
    )


def _actions_since(log: Log, size: int) -> dict[str, set[str]]:
    """Return by stream what the rows after the first `size` do; nothing where there are none."""
    return {
        name: {*log.rows_from(name, size, ("action",))["action"]} for name in log.definition.streams
    }


def note_valid(log: Log) -> None:
    """Note that a log has no finding, if it is one that is cached and ends with a sealed batch.

    It is as good without.
    """
    if is_cached(log.package) and all(batch.sealed for batch in log.batches):
        note = {"size": log.size, "root": log.root.hex(), "code": log.code_fingerprint}
        with suppress(OSError, ClaimlogError):
            write_note(log.package, NOTE, note)


def is_valid(log: Log, size: int) -> bool:
    """Whether the first `size` rows are known to have no finding by the code that runs."""
    try:
        note = read_note(log.package, NOTE)
        tree = (note["size"], bytes.fromhex(note["root"]))
        is_same = note["size"] == size and tree in log.trees
        return bool(is_same and note["code"] == log.code_fingerprint)
    except (ClaimlogError, KeyError, TypeError, ValueError):
        return False


def validate_appended(log: Log, size: int, texts: Texts | None) -> Report:
    """Check a log of which the first `size` rows are valid.

    By the schemas only the rows after them are checked. By the rules those of the claims that they
    are about, and those of the other streams that have such rows; or every row of the other
    streams, or all of the log, if what was done to one entity can tell on others.
    """
    report = Report(log)
    check_reading(log, report)
    if report.error_count:
        return report
    done = _actions_since(log, size)
    chosen = _changed_sections(log, size, done) if _only_appends(log, done) else [*sections(log)]
    check_sections(log, report, lambda _: None, lambda: iter(chosen), size, pandera=False)
    if texts is not None and not report.error_count:
        check_anchors(log, report, texts, chosen)
    return report


def findings_of_open_rows(
    log: Log, size: int, texts: Texts | None, report: Report
) -> list[Finding]:
    """Return what all rules find of the rows after the first `size`, of whichever layer they are.

    So who mends a row is told at once of all that is wrong with it. What a rule says of a row that
    is not whole may only follow from that.

    Parameters
    ----------
    report
        That of `validate`, which stops after a layer that finds something.
    """
    if report.stopped_after not in ("schema", "rows"):
        return []
    whole = Report(log)
    chosen = _sections_since(log, size)
    for section in chosen:
        check_section(section, whole)
    if texts is not None:
        check_anchors(log, whole, texts, chosen)
    path = f"{log.batches[-1].shown}/"
    return [finding for finding in whole.findings if finding.path.startswith(path)]


def _changed_sections(log: Log, size: int, done: Mapping[str, set[str]]) -> list[Log]:
    """Return the sections of a log in which its new rows can break a rule.

    Without a retraction that is where there are such rows: nothing else that only appends is seen
    from another stream, but for the actors in chains of sources and memberships, which are checked
    together.
    """
    changed = {name for name, actions in done.items() if actions}
    if any("retract" in actions for actions in done.values()):
        return _sections_since(log, size)
    if "actors" in changed:
        changed.add("sources")
    beside = tuple(name for name in log.beside_claims if name in changed)
    chosen = [replace(section_without_claims(log), streams=beside)] if beside else []
    return [*chosen, _claims_since(log, size)] if CLAIMS in changed else chosen


def _sections_since(log: Log, size: int) -> list[Log]:
    return [section_without_claims(log), _claims_since(log, size)]


def _claims_since(log: Log, size: int) -> Log:
    return section_of_claims(log, log.claims_of(log.claims_since(size)))


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
    chosen = _sections_since(log, size)
    check_sections(log, report, progress, lambda: iter(chosen))
    before = Report(log)
    claims = chosen[-1].rows("claims").filter(pl.col("seq") < size)
    check_section(section_of_claims(log, claims), before)
    untouched = Counter(checked)
    untouched.subtract(before.counts())
    report.of_claims.update(untouched)
    for rule, number in untouched.items():
        report.count(rule, number)
