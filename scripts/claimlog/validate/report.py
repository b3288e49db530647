"""The rules, and the report of what each of them checked, skipped and failed."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import polars as pl

from claimlog.errors import ClaimlogError, Finding, Suggestions
from claimlog.escaping import json_text
from claimlog.log.event_log import Log
from claimlog.log.merkle import CompactRange
from claimlog.schema.definition import Definition
from claimlog.schema.requirements import FILE

RULES_FILE = "rules.csv"
"""The rules that this code checks, beside this module; a package repeats it in ``schemas/``."""

LAYERS = ("log", "line", "schema", "rows", "integrity", "text")
"""Layers in the order in which they run; a layer runs only if the ones before it found nothing."""


@dataclass(frozen=True)
class Rule:
    """One thing that must hold, as ``schemas/rules.csv`` or ``requirements.csv`` states it.

    ``streams`` names the streams that it reads, joined by ``|``; ``*`` is all of them.
    """

    id: str
    layer: str
    streams: str
    severity: str
    sentence: str
    reason: str


WAIVABLE = ("rows", "text")
"""Layers of which an old release may lack a rule; the others say that the log is whole."""

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass
class Tally:
    """What one rule did.

    ``failed`` counts all failures, listed or not; ``errors`` those that are no warning. ``note``
    says why rows were skipped or nothing was checked.
    """

    rule: Rule
    checked: int = 0
    skipped: int = 0
    failed: int = 0
    errors: int = 0
    note: str | None = None
    ran: bool = False
    findings: list[Finding] = field(default_factory=list)

    @property
    def status(self) -> str:
        if self.failed:
            return "failed"
        return "passed" if self.checked else "not checked"


def rules_text() -> str:
    """Return the CSV file of the rules that this code checks."""
    return (files("claimlog.validate") / RULES_FILE).read_text(encoding="utf-8")


def code_rules() -> dict[str, Rule]:
    """Return the rules that this code checks, by id."""
    return {row["id"]: Rule(**row) for row in csv.DictReader(io.StringIO(rules_text()))}


def rules_of(definition: Definition) -> dict[str, Rule]:
    """Return every rule by id: those of the code, then the requirements of the package.

    The rules of the code are read from the code, so that no package is judged by fewer.

    Raises
    ------
    ClaimlogError
        If a requirement has the name of a rule.
    """
    rules = code_rules()
    for item in definition.requirements:
        if item.id in rules:
            raise ClaimlogError(
                f"{FILE}:{item.line}: {item.id} is the name of another rule; rename it"
            )
        rules[item.id] = Rule(
            item.id, "rows", item.stream, item.severity, item.sentence, item.reason
        )
    return rules


class Report:
    """Tallies by rule; the findings of all of them."""

    def __init__(self, log: Log, waived: Mapping[str, str] = NOTHING) -> None:
        """Begin a report.

        Parameters
        ----------
        waived
            Rules that are not checked, each with the reason. Integrity cannot be waived.
        """
        self.log = log
        self.rules = rules_of(log.definition)
        self.tallies = {name: Tally(rule) for name, rule in self.rules.items()}
        self.waived = {
            name: why
            for name, why in waived.items()
            if name in self.rules and self.rules[name].layer in WAIVABLE
        }
        for name, why in self.waived.items():
            self.tallies[name].note = why
        self.most = log.definition.thresholds["findings_listed"]
        self.suggestions = Suggestions()
        self.anchors_unchecked: int | None = None
        self.stopped_after: str | None = None
        self.of_claims: Counter[str] = Counter()
        """Rows checked by rule, of the claims alone, where a log came in sections."""

    def counts(self) -> Counter[str]:
        """Return how many rows each rule has checked so far."""
        return Counter({name: tally.checked for name, tally in self.tallies.items()})

    @property
    def findings(self) -> list[Finding]:
        """Every listed finding, in the order of the rules."""
        return [finding for tally in self.tallies.values() for finding in tally.findings]

    @property
    def error_count(self) -> int:
        """Failures that are no warning, whether they are listed or not."""
        return sum(tally.errors for tally in self.tallies.values())

    def count(self, rule: str, checked: int, skipped: int = 0, note: str | None = None) -> None:
        """Record that `rule` ran over so many rows; `skipped` ones need a note."""
        if rule in self.waived:
            return
        tally = self.tallies[rule]
        tally.ran = True
        tally.checked += checked
        tally.skipped += skipped
        tally.note = note or tally.note

    def fail(self, finding: Finding, times: int = 1) -> None:
        """Record a finding that stands for `times` failures."""
        if finding.rule in self.waived:
            return
        tally = self.tallies[finding.rule]
        tally.ran = True
        tally.failed += times
        tally.errors += times * (finding.severity == "error")
        if len(tally.findings) < self.most:
            tally.findings.append(finding)

    def count_unlisted(self, rule: str, failures: int) -> None:
        """Record failures that are not listed, beside those that `fail` was given."""
        if rule not in self.waived:
            tally = self.tallies[rule]
            tally.failed += max(0, failures)
            tally.errors += max(0, failures) * (tally.rule.severity == "error")

    def forget(self, layer: str) -> None:
        """Take back what the rules of a layer recorded."""
        for name, rule in self.rules.items():
            if rule.layer == layer and name not in self.waived:
                self.tallies[name] = Tally(rule)

    def check(
        self,
        rule: str,
        stream: str,
        rows: pl.DataFrame,
        bad: pl.Expr,
        say: Callable[[dict[str, Any]], str],
        remedy: str | None = None,
    ) -> None:
        """Check every row of a frame: those for which `bad` is true fail.

        `say` turns such a row into the finding's message.
        """
        self.count(rule, rows.height)
        if rows.is_empty():
            return
        # find first, gather only what was found: a frame has fifty columns
        index = rows.select(bad.fill_null(False).arg_true()).to_series()
        if not index.is_empty():
            self.fail_rows(rule, stream, rows[index], say, remedy)

    def fail_rows(
        self,
        rule: str,
        stream: str,
        wrong: pl.DataFrame,
        say: Callable[[dict[str, Any]], str],
        remedy: str | None = None,
    ) -> None:
        """Record a finding for every row of `wrong`."""
        key = self.log.definition.streams[stream].id
        for row in wrong.head(self.most).iter_rows(named=True):
            path, line = self.log.file_and_line(stream, row["batch"], row["line"])
            severity = self.tallies[rule].rule.severity
            entity = row.get(key)
            self.fail(Finding(rule, path, say(row), line, entity, remedy, severity))
        self.count_unlisted(rule, wrong.height - self.most)

    def reconcile(self, others: list[Finding]) -> None:
        """Add what another engine found on lines for which nothing is recorded yet.

        Where a rule failed more often than is listed, the count already says it all.
        """
        known = {(finding.path, finding.line) for finding in self.findings}
        full = {name for name, t in self.tallies.items() if t.failed > len(t.findings)}
        for finding in others:
            if (finding.path, finding.line) not in known and finding.rule not in full:
                self.fail(finding)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as ``build/validation.json`` holds it."""
        tallies = self.tallies.values()
        return {
            "log": {
                "batches": len(self.log.batches),
                "rows": self.log.size,
                "root": self.log.root.hex(),
                "codebook_version": self.log.definition.codebook.version,
            },
            "summary": {
                "rules": len(self.tallies),
                "passed": sum(t.status == "passed" for t in tallies),
                "failed": sum(t.status == "failed" for t in tallies),
                "not_checked": sum(t.status == "not checked" for t in tallies),
                "findings": sum(t.failed for t in tallies),
                "anchors_not_checked": self.anchors_unchecked or 0,
                "stopped_after_layer": self.stopped_after,
            },
            "rules": [
                {
                    "id": t.rule.id,
                    "layer": t.rule.layer,
                    "severity": t.rule.severity,
                    "sentence": t.rule.sentence,
                    "status": t.status,
                    "checked": t.checked,
                    "skipped": t.skipped,
                    "failed": t.failed,
                    "note": t.note,
                }
                for t in tallies
            ],
            "findings": [finding.as_dict() for finding in self.findings],
        }

    def as_dict_with_open(self) -> dict[str, Any]:
        """Return the report with the log as it is sealed, and the open batch, if any, beside it."""
        whole = self.as_dict()
        batches = self.log.batches
        if not batches or batches[-1].sealed:
            return whole
        path = batches[-1].shown
        size, root = self.log.trees[-2] if len(self.log.trees) > 1 else (0, CompactRange().root())
        return whole | {
            "log": {**whole["log"], "batches": len(batches) - 1, "rows": size, "root": root.hex()},
            "open": {
                "path": path,
                "rows": self.log.size - size,
                "findings": sum(finding.path.startswith(path) for finding in self.findings),
            },
        }

    def dump(self) -> bytes:
        """Return the report's bytes; the same log gives the same bytes."""
        return f"{json_text(self.as_dict())}\n".encode()
