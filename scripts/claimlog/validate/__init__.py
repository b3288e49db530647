"""Validation in layers: each runs over every row, and only if the ones before it found nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from claimlog.errors import Finding
from claimlog.log.event_log import Log
from claimlog.log.sections import sections
from claimlog.schema.table_schema import fitting
from claimlog.sources.text import Texts
from claimlog.validate import (
    anchors,
    batch_integrity,
    coders,
    column_constraints,
    free_text,
    history_rules,
    reference_rules,
    row_rules,
)
from claimlog.validate.report import LAYERS, NOTHING, Report, Tally

Check = Callable[[Log, Report], None]
RowsCheck = Callable[[Log, Report, Callable[[str], None]], None]

ENTITY_CHECKS: tuple[Check, ...] = (
    row_rules.check_requirements,
    history_rules.check_history,
    history_rules.check_times,
    row_rules.check_dates,
    free_text.check_free_text,
    row_rules.check_spans,
    row_rules.check_hops,
    row_rules.check_parts,
    row_rules.check_links,
    reference_rules.check_spans_in_sources,
)
"""Checks that need the rows of one entity, and of other rows only the last state of each source.

Like those of references, they run on one section of the log after the other."""

REFERENCE_CHECKS: tuple[Check, ...] = (
    reference_rules.check_references,
    reference_rules.check_chains,
    reference_rules.check_facts,
    coders.check_coders,
)
"""Checks that need the rows of several entities; Spark has functions of its own for them."""

INTEGRITY_CHECKS: tuple[Check, ...] = (
    batch_integrity.check_integrity,
    batch_integrity.check_released,
    batch_integrity.check_index,
)


def validate(
    log: Log,
    texts: Texts | None = None,
    frictionless: bool = True,
    progress: Callable[[str], None] = lambda _: None,
    rows_by: RowsCheck | None = None,
    waived: Mapping[str, str] = NOTHING,
) -> Report:
    """Check a log and return the report; bad data raises nothing.

    Parameters
    ----------
    texts
        The source texts; without them the anchor rules are reported as not checked.
    frictionless
        Whether to run Frictionless too. Appending leaves it to the sealing of the batch.
    progress
        Called with the name of each layer before it first runs.
    rows_by
        What runs the layers of schema and rows, where another engine holds the rows.
    waived
        Rules that are not checked, each with the reason; rules of integrity cannot be among them.
    """
    report = Report(log, waived)
    heard: list[Finding] = []
    check_reading(log, report)
    if not report.error_count:
        progress("schema")
        if frictionless:
            heard.extend(column_constraints.check_frictionless(log, report))
        (rows_by or check_sections)(log, report, progress)
    # a broken hash must be named even where rows are wrong too
    progress("integrity")
    for check in INTEGRITY_CHECKS:
        check(log, report)
    _note_stop(report, "integrity")
    if not report.error_count:
        progress("text")
        anchors.check_anchors(log, report, texts)
        _note_stop(report, "text")
    report.reconcile(heard)
    _explain_unchecked_rules(log, report, frictionless)
    return report


def check_sections(
    log: Log,
    report: Report,
    progress: Callable[[str], None],
    chosen: Callable[[], Iterator[Log]] | None = None,
    first: int = 0,
    pandera: bool = True,
) -> None:
    """Run the layers of rows on every section; the second only while the first finds nothing.

    References are checked all the same.

    Parameters
    ----------
    chosen
        What yields the sections, if not all of the log is to be checked.
    first
        The position from which on rows may be other than their schema says.
    pandera
        Whether it checks them; Polars asks the same of them without.
    """
    began = False
    for section in _read_one_ahead(chosen() if chosen else sections(log)):
        known, before = report.error_count, report.counts()
        column_constraints.check_constraints(section, report, first, pandera)
        if report.error_count > known or (known and not began):
            report.stopped_after = "schema"
        if report.stopped_after is None:
            if not began:
                progress("rows")
            began = True
            _check_rows(section, report)
        if section.streams == ("claims",):
            report.of_claims.update(report.counts())
            report.of_claims.subtract(before)
    if report.stopped_after is None:
        history_rules.check_order(log, report)
        _note_stop(report, "rows")
    else:
        report.forget("rows")  # sections before the one that stopped it had begun with them
        # an identifier can be looked up whatever else is wrong with its row
        for section in _read_one_ahead(chosen() if chosen else sections(log)):
            _run(reference_rules.check_references, section, report)


def _read_one_ahead(chosen: Iterator[Log]) -> Iterator[Log]:
    """Yield sections, each read while the one before it is checked."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, chosen, None)
        while (section := coming.result()) is not None:
            coming = reader.submit(next, chosen, None)
            yield section


def check_section(section: Log, report: Report) -> None:
    """Run the checks of rows on one section, whatever they find."""
    column_constraints.check_constraints(section, report)
    _check_rows(section, report)


def _check_rows(section: Log, report: Report) -> None:
    for check in (*ENTITY_CHECKS, *REFERENCE_CHECKS):
        _run(check, section, report)


def _run(check: Check, section: Log, report: Report) -> None:
    with fitting(f"the rules of {check.__name__}"):
        check(section, report)


def _note_stop(report: Report, layer: str) -> None:
    if report.error_count and report.stopped_after is None:
        report.stopped_after = layer


def check_reading(log: Log, report: Report) -> None:
    """Enter what reading the log already found, and how much it read."""
    for rule in report.rules.values():
        if rule.layer == "log":
            report.count(rule.id, len(log.batches))
        elif rule.layer == "line":
            report.count(rule.id, sum(lines.rows for lines in log.files.values()))
    for finding in log.findings:
        report.fail(finding)
    if log.findings:
        report.stopped_after = "line"


def _explain_unchecked_rules(log: Log, report: Report, frictionless: bool) -> None:
    """Say why a rule checked nothing; fail one that never ran although there were rows for it."""
    for tally in report.tallies.values():
        if tally.checked or tally.failed or tally.note:
            continue
        if report.stopped_after and LAYERS.index(tally.rule.layer) >= LAYERS.index(
            report.stopped_after
        ):
            tally.note = f"not reached: stopped after layer {report.stopped_after}"
        elif not frictionless and tally.rule.id == "descriptor":
            tally.note = "left to sealing"
        elif not any(log.height(name) for name in _streams(log, tally)):
            tally.note = "there are no rows to check"
        elif tally.ran:
            tally.note = "no row holds what it checks"  # as when every claim is retracted
        else:
            message = "checked nothing although rows exist"
            report.fail(Finding(tally.rule.id, "events", message, remedy="mend the rule"))


def _streams(log: Log, tally: Tally) -> list[str]:
    names = tally.rule.streams
    return list(log.definition.streams) if names == "*" else names.split("|")


__all__ = ["LAYERS", "Report", "validate"]
