"""Validating the log for a command, and printing the report: validate, build, seal, verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from claimlog.cli.base import Context, load_texts, progress
from claimlog.cli.output import line

if TYPE_CHECKING:
    from claimlog.validate.report import Report


def validate_log(context: Context, texts: Path | None, with_open: bool = False) -> Report:
    """Read and validate the log, or the log as sealing the open batch would leave it."""
    from claimlog.edit.open_batch import read_with_open
    from claimlog.fingerprint import files_of_rows
    from claimlog.log.read_log import read
    from claimlog.validate import LAYERS
    from claimlog.validate import validate as run
    from claimlog.validate.appended_rows import note_valid

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
    line(f"{log['batches']} batches, {log['rows']} events, root {log['root']}")
    if pending:
        wrong = f"{pending['findings']} of the findings" if pending["findings"] else "no finding"
        rows = "1 row" if pending["rows"] == 1 else f"{pending['rows']} rows"
        line(
            f"and the open batch, {rows}, as if sealed: {wrong} in {pending['path']}; "
            "--sealed leaves it out"
        )
    colour = "red" if summary["failed"] else "green"
    words = (
        f"{summary['rules']} rules: {summary['passed']} passed, {summary['failed']} failed, "
        f"{summary['not_checked']} not checked; {summary['findings']} findings"
    )
    line((words, colour))
    notes: dict[str, list[str]] = {}
    for tally in report.tallies.values():
        if tally.status == "not checked" and tally.note:
            notes.setdefault(tally.note, []).append(tally.rule.id)
    for note, rules in notes.items():
        line(f"  not checked: {', '.join(rules)} ({note})")
