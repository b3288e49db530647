"""Validation in layers: each runs over every row, and only if the ones before it found nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from claimlog.errors import Finding
from claimlog.events.log import Log
from claimlog.events.text import Texts
from claimlog.validate import anchors, integrity, references, rows, tabular
from claimlog.validate.report import LAYERS, Report, Tally

ROW_CHECKS = (
    rows.check_requirements,
    rows.check_history,
    rows.check_times,
    rows.check_dates,
    rows.check_spans,
    rows.check_hops,
    rows.check_links,
    references.check_references,
    references.check_spans_in_sources,
    references.check_chains,
)
INTEGRITY_CHECKS = (
    integrity.check_integrity,
    integrity.check_released,
    integrity.check_index,
)


def validate(
    log: Log,
    texts: Texts | None = None,
    frictionless: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Check a log and return the report; bad data raises nothing.

    Parameters
    ----------
    texts
        The source texts; without them the anchor rules are reported as not checked.
    frictionless
        Whether to run Frictionless too. Appending leaves it to the sealing of the batch.
    progress
        Called with the name of each layer before it runs.
    """
    report = Report(log)
    heard: list[Finding] = []
    _check_reading(log, report)

    def listen() -> None:
        if frictionless:
            heard.extend(tabular.check_frictionless(log, report))

    layers: dict[str, list[Callable[[], None]]] = {
        "schema": [listen, partial(tabular.check_pandera, log, report)],
        "rows": [partial(check, log, report) for check in ROW_CHECKS],
        "integrity": [partial(check, log, report) for check in INTEGRITY_CHECKS],
        "text": [partial(anchors.check_anchors, log, report, texts)],
    }
    for name, checks in layers.items():
        # a broken hash must be named even where rows are wrong too
        if report.errors and name != "integrity":
            continue
        progress(name)
        for check in checks:
            check()
        if report.errors and report.stopped_after is None:
            report.stopped_after = name
    report.reconcile(heard)
    _excuse(log, report, frictionless)
    return report


def _check_reading(log: Log, report: Report) -> None:
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


def _excuse(log: Log, report: Report, frictionless: bool) -> None:
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
        elif not any(log.frames[name].height for name in _streams(log, tally)):
            tally.note = "there are no rows to check"
        elif tally.ran:
            tally.note = "no row holds what it checks"  # as when every claim is retracted
        else:
            message = "checked nothing although rows exist"
            report.fail(Finding(tally.rule.id, "events", message, remedy="mend the rule"))


def _streams(log: Log, tally: Tally) -> list[str]:
    names = tally.rule.streams
    return list(log.frames) if names == "*" else names.split("|")


__all__ = ["LAYERS", "Report", "validate"]
