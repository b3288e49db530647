"""Sending what a task's rules counted and found to the driver, and entering it into one report."""

from __future__ import annotations

import json
from collections.abc import Iterable

from claimlog.errors import Finding
from claimlog.validate.report import Report


def dump_tallies(report: Report) -> str:
    """Return, as JSON, what the rules of a task's report counted and found."""
    return json.dumps(
        {
            name: {
                "checked": tally.checked,
                "skipped": tally.skipped,
                "failed": tally.failed,
                "note": tally.note,
                "findings": [finding.as_dict() for finding in tally.findings],
            }
            for name, tally in report.tallies.items()
            if tally.ran
        }
    )


def enter_tallies(report: Report, texts: Iterable[str]) -> None:
    """Enter the tallies of tasks, findings in the order of their files and lines."""
    by_rule: dict[str, list[Finding]] = {}
    for text in texts:
        for name, tally in json.loads(text).items():
            report.count(name, tally["checked"], tally["skipped"], tally["note"])
            findings = [Finding(**finding) for finding in tally["findings"]]
            by_rule.setdefault(name, []).extend(findings)
            # the task listed so many at most, but counted all
            report.count_unlisted(name, tally["failed"] - len(findings))
    for findings in by_rule.values():
        for finding in sorted(findings, key=lambda one: (one.path, one.line or 0)):
            report.fail(finding)
