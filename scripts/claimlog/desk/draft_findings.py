"""What the rules say of drafts, in the rules' own words, before they are rows of the log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from claimlog.desk.coding_rows import CODINGS, coding_rows
from claimlog.desk.desk_log import DeskLog
from claimlog.desk.entity_rows import NOBODY, asserted_row, claim_values
from claimlog.desk.row_references import SPAN, on_the_spot_streams
from claimlog.errors import Finding
from claimlog.log.canonical import encode, explain
from claimlog.log.event_log import Log
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
    claims = {
        name: asserted_row(whole, table, claim, claim_values(source, text, drafts[name]))
        for claim, name in ids.items()
    }
    others = entry_rows(desk_log, entries)
    log = desk_log.with_rows({**others, "claims": [*claims.values()]})
    if log.findings:  # what is no row keeps all others of its file from being read
        for name, row in claims.items():
            found[name] += _flaws_of_draft(whole, "claims", row)
        log = desk_log.with_rows(
            {**others, "claims": [row for name, row in claims.items() if not found[name]]}
        )
    if log.findings:
        hindrances = [*_entry_flaws(whole, others)] or [unread(log)]
        for own in found.values():
            own += [finding_dict(finding, {}) for finding in hindrances]
        return found
    rows = log.claims_of(pl.Series("claim_id", [*ids], dtype=pl.String))
    section = section_of_claims(log, rows)
    report = Report(section)
    check_section(section, report)
    check_anchors(section, report, _TextOf(text, desk_log.texts), [section])
    lines = {
        log.file_and_line("claims", row["batch"], row["line"]): ids[row["claim_id"]]
        for row in rows.select("batch", "line", "claim_id").iter_rows(named=True)
    }
    for finding in report.findings:
        draft = ids.get(finding.entity or "") or lines.get((finding.path, finding.line or 0))
        if draft is not None:
            found[draft].append(finding_dict(finding, table.by_name))
    return {name: _distinct(own) for name, own in found.items()}


def coding_findings(
    desk_log: DeskLog,
    source: str,
    drafts: Mapping[str, Row],
    entries: Entries,
    only: str | None = None,
) -> dict[str, list[Row]]:
    """Return the findings of a coder's drafts, by draft, or of `only` one of them.

    They are those of `draft_findings`, that of two which are one coding of a pass, and what keeps
    one from being a coding of the log at all.
    """
    chosen = drafts if only is None else {only: drafts[only]}
    found = draft_findings(desk_log, source, chosen, entries)
    whole = desk_log.whole
    table = whole.definition.streams[CODINGS]
    for name, row in _codings(desk_log, source, chosen, entries).items():
        found[name] += _flaws_of_draft(whole, CODINGS, asserted_row(whole, table, "", row))
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


def _codings(
    desk_log: DeskLog, source: str, drafts: Mapping[str, Row], entries: Entries
) -> dict[str, Row]:
    """Return what drafts are as rows of codings, whoever coded them in whichever pass."""
    known = {
        stream: {**desk_log.entries(stream), **entries.get(stream, {})}
        for stream in on_the_spot_streams(desk_log.definition)
    }
    text = desk_log.require_places(source).text
    beside = {"coder": NOBODY, "pass": 1, "source_id": source}
    return dict(
        zip(drafts, coding_rows(desk_log.definition, drafts, known, text, beside), strict=True)
    )


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


def row_flaws(log: Log, stream: str, row: Row) -> Iterator[Finding]:
    """Yield why something that is saved at the desk would be no row of the log."""
    line, longest = encode(row), log.definition.thresholds["line_bytes"]
    if len(line) > longest:
        message = f"would be a row of {stream} with {len(line):,} bytes, more than {longest:,}"
        yield Finding("bytes", "", message, remedy="make its longest texts shorter")
    else:
        for flaw in explain(line.decode(), log.definition.streams[stream]):
            message = f"would be no row of {stream}: {flaw.message}"
            yield Finding(flaw.rule, "", message, remedy=flaw.remedy)


def _flaws_of_draft(log: Log, stream: str, row: Row) -> list[Row]:
    columns = log.definition.streams[stream].by_name
    return [finding_dict(flaw, columns) for flaw in row_flaws(log, stream, row)]


def _entry_flaws(log: Log, rows: Mapping[str, list[Row]]) -> Iterator[Finding]:
    """Yield why entries of registers would be no rows of the log."""
    for stream, own in rows.items():
        for row in own:
            for flaw in row_flaws(log, stream, row):
                name = row[log.definition.streams[stream].id]
                yield replace(flaw, message=f"{name} {flaw.message}")


def unread(log: Log) -> Finding:
    """Say that no rule can be asked, without what others have coded there."""
    first = log.findings[0]
    place = first.path if first.line is None else f"{first.path}:{first.line}"
    message = f"nothing can be checked, because the log cannot be read as it is ({place})"
    return Finding(first.rule, first.path, message, remedy="mend what claimlog validate says")


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


def errors_of(findings: Mapping[str, list[Row]]) -> list[Row]:
    """Return the findings that are errors."""
    return [one for own in findings.values() for one in own if one["severity"] == "error"]


def error_count(findings: Mapping[str, list[Row]]) -> int:
    """Return how many findings are errors."""
    return len(errors_of(findings))


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
