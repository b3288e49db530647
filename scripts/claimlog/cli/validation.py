"""Validating the log for a command, and printing the report: validate, build, seal, verify."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from claimlog.cli.base import Context, load_texts, progress
from claimlog.cli.output import line
from claimlog.count_wording import names_in_words, number_and_noun

if TYPE_CHECKING:
    from claimlog.validate.report import Report


RULES_NAMED = 12
"""At most so many rules that were not checked for one reason are named; ``--json`` has them all."""


def validate_log(context: Context, texts: Path | None, with_open: bool = False) -> Report:
    """Read and validate the log, or the log as sealing the open batch would leave it."""
    from claimlog.edit.open_batch import read_with_open
    from claimlog.fingerprint import files_of_rows
    from claimlog.log.read_log import read
    from claimlog.validate import LAYERS
    from claimlog.validate import validate as run
    from claimlog.validate.validate_appended import note_valid

    supplied = load_texts(texts)
    files = len(files_of_rows(context.package))
    with progress("validate", files + len(LAYERS)) as step:
        log = (read_with_open if with_open else read)(context.package, progress=step)
        report = run(log, supplied, progress=step)
    if not report.error_count:
        note_valid(log)
    return report


def print_summary(report: Report, is_sealed: bool = False) -> None:
    """Print what was checked.

    Parameters
    ----------
    is_sealed
        Whether the batch that was open when the report was made has been sealed since.
    """
    whole = report.as_dict() if is_sealed else report.as_dict_with_open()
    summary, log, pending = whole["summary"], whole["log"], whole.get("open")
    batches = number_and_noun(log["batches"], "batch", "batches")
    line(f"{batches}, {number_and_noun(log['rows'], 'event')}, root {log['root']}")
    if pending:
        wrong = f"{pending['findings']} of the findings" if pending["findings"] else "no finding"
        rows = number_and_noun(pending["rows"], "row")
        line(
            f"and the open batch, {rows}, as if sealed: {wrong} in {pending['path']}; "
            "--sealed leaves it out"
        )
    colour = "red" if summary["failed"] else "green"
    words = (
        f"{summary['rules']} rules: {summary['passed']} passed, {summary['failed']} failed, "
        f"{summary['not_checked']} not checked; {number_and_noun(summary['findings'], 'finding')}"
    )
    line((words, colour))
    if not log["rows"] and not pending and not summary["findings"]:
        line("the definition of the package is sound; it has no rows yet that rules could judge")
    for lead, note, rules in _omissions(report):
        line(f"  {lead}: {names_in_words(rules, RULES_NAMED)} ({note})")


def _omissions(report: Report) -> Iterator[tuple[str, str, list[str]]]:
    """Yield what was not checked, in whole and then in part: the lead, the reason, the rules."""
    for lead, status in (("not checked", "not checked"), ("checked in part", "passed")):
        notes: dict[str, list[str]] = {}
        for tally in report.tallies.values():
            if tally.status == status and tally.note and (tally.skipped or status == lead):
                notes.setdefault(tally.note, []).append(tally.rule.id)
        for note, rules in notes.items():
            yield lead, note, rules
