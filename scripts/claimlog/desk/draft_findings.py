"""What the rules say of drafts, in the rules' own words, before they are rows of the log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from claimlog.desk.coding_rows import CODINGS
from claimlog.desk.desk_log import DeskLog
from claimlog.desk.entity_rows import asserted_row, claim_values
from claimlog.desk.row_references import SPAN
from claimlog.errors import Finding
from claimlog.log.sections import section_of_claims
from claimlog.schema.definition import Definition
from claimlog.sources.text import Texts
from claimlog.validate import check_section
from claimlog.validate.anchors import check_anchors
from claimlog.validate.report import Report

Row = dict[str, Any]
Entries = Mapping[str, Mapping[str, Row]]
"""Entries of registers that are not in the log yet, by stream and identifier."""

WORD = re.compile(r"[a-z][a-z0-9_]*")
COLUMNS_OF_RULES = {
    "hop-speaker": ("attributions",),
    "quote-hash": SPAN,
    "word-boundary": SPAN,
    "span-order": SPAN,
    "span-inside": SPAN,
    "span-furniture": SPAN,
    "anchor-words": SPAN,
}
"""Columns that findings of a rule are about where their message names none."""

OF_A_PASS = ("coder", "pass", "source_id")
"""Columns that all codings of a coder have alike."""

FIRST_NUMBER = 100_000
"""Numbers of claims that are only looked at begin here, so that no real claim has them."""


def draft_findings(
    desk_log: DeskLog, source: str, drafts: Mapping[str, Row], entries: Entries
) -> dict[str, list[Row]]:
    """Return the findings of drafts of claims, by draft; each has a list, an empty one too."""
    found: dict[str, list[Row]] = {name: [] for name in drafts}
    if not drafts:
        return found
    text = desk_log.require_places(source).text
    whole = desk_log.whole
    table = whole.definition.streams["claims"]
    ids = {f"C{source[1:]}-{FIRST_NUMBER + at}": name for at, name in enumerate(drafts)}
    claims = [
        asserted_row(whole, table, claim, claim_values(source, text, drafts[name]))
        for claim, name in ids.items()
    ]
    log = desk_log.with_rows({**entry_rows(desk_log, entries), "claims": claims})
    rows = log.claims_of(pl.Series("claim_id", [*ids], dtype=pl.String))
    section = section_of_claims(log, rows)
    report = Report(section)
    for finding in log.findings:
        report.fail(finding)
    if not report.error_count:
        check_section(section, report)
        check_anchors(section, report, _TextOf(text, desk_log.texts), [section])
    lines = {
        log.file_and_line("claims", row["batch"], row["line"]): ids[row["claim_id"]]
        for row in rows.select("batch", "line", "claim_id").iter_rows(named=True)
    }
    for finding in report.findings:
        name = ids.get(finding.entity or "") or lines.get((finding.path, finding.line or 0))
        if name is not None:
            found[name].append(finding_dict(finding, table.by_name))
    return {name: _distinct(own) for name, own in found.items()}


def coding_findings(
    desk_log: DeskLog,
    source: str,
    drafts: Mapping[str, Row],
    entries: Entries,
    only: str | None = None,
) -> dict[str, list[Row]]:
    """Return the findings of a coder's drafts, by draft, or of `only` one of them.

    They are those of `draft_findings`, and that of two which are one coding of a pass.
    """
    chosen = drafts if only is None else {only: drafts[only]}
    found = draft_findings(desk_log, source, chosen, entries)
    for names in same_codings(desk_log.definition, drafts):
        for name in found.keys() & {*names}:
            found[name].append(
                {
                    "rule": "one-coding",
                    "severity": "error",
                    "columns": [*SPAN],
                    "message": f"{len(names)} claims of this coding mark one and the same passage",
                    "remedy": "mark more or fewer words in all but one, or make one claim of them",
                }
            )
    return found


def same_codings(definition: Definition, drafts: Mapping[str, Row]) -> list[list[str]]:
    """Return the drafts of one coder of which several are one coding, by its natural key."""
    key = definition.streams[CODINGS].natural_key
    if key is None:
        return []
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, draft in drafts.items():
        span = (draft["start"], draft["end"])
        cells = (draft.get(field, span) for field in key.columns if field not in OF_A_PASS)
        groups.setdefault(tuple(map(repr, cells)), []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def entry_rows(desk_log: DeskLog, entries: Entries) -> dict[str, list[Row]]:
    """Return the rows of entries of registers, by stream."""
    whole = desk_log.whole
    streams = whole.definition.streams
    return {
        stream: [asserted_row(whole, streams[stream], name, value) for name, value in own.items()]
        for stream, own in entries.items()
    }


def finding_dict(finding: Finding, columns: Mapping[str, object]) -> Row:
    """Return a finding as answers hold it, with the columns that its message names."""
    named = [name for name in WORD.findall(finding.message) if name in columns]
    named = named or [name for name in COLUMNS_OF_RULES.get(finding.rule, ()) if name in columns]
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "columns": [*dict.fromkeys(named)],
        "message": finding.message,
        "remedy": finding.remedy,
    }


def error_count(findings: Mapping[str, list[Row]]) -> int:
    """Return how many findings are errors."""
    return sum(one["severity"] == "error" for own in findings.values() for one in own)


class _TextOf(Texts):
    """One text among those of a directory, so that no other is looked through."""

    def __init__(self, text: Any, others: Texts) -> None:
        self.folder = others.folder
        self.by_hash = {text.sha256: text}
        self.unreadable = []


def _distinct(findings: list[Row]) -> list[Row]:
    seen: dict[tuple[str, str], Row] = {}
    for finding in findings:
        seen.setdefault((finding["rule"], finding["message"]), finding)
    return [*seen.values()]
