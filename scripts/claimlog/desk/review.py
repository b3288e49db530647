"""The open batch before it is sealed: its rows, what the rules say of each, and sealing it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from claimlog.coder_wording import kind_names
from claimlog.desk.desk import Desk
from claimlog.desk.draft_findings import finding_dict
from claimlog.desk.dropped_rows import drop_rows
from claimlog.desk.journal import require_same_state, state_digest
from claimlog.desk.overview import coder_of
from claimlog.desk.request_error import INVALID, RequestError
from claimlog.desk.roles import Role
from claimlog.edit.drop import NOTHING
from claimlog.edit.log_lock import log_lock
from claimlog.edit.open_batch import open_folder
from claimlog.edit.open_rows import OpenRow, open_rows, row_counts, summary
from claimlog.edit.seal import seal
from claimlog.errors import FindingsError
from claimlog.file_names import path_segment
from claimlog.release.generated_package_files import refresh_generated_files
from claimlog.validate import validate

Row = dict[str, Any]


def open_batch_dict(desk: Desk, role: Role) -> Row:
    """Return the rows of the open batch with the findings of each, and those of no open row."""
    definition = desk.log.definition
    rows = open_rows(desk.package, definition.streams)
    digest = rows_digest(*rows)
    report = validate(desk.log.whole, desk.log.texts, frictionless=False)  # sealing asks it too
    shown = desk.package.relative(open_folder(desk.package))
    by_place: dict[str, list[Row]] = defaultdict(list)
    others = []
    for finding in report.findings:
        stream = finding.path.removeprefix(f"{shown}/").removesuffix(".ndjson")
        columns = definition.streams[stream].by_name if stream in definition.streams else {}
        found = finding_dict(finding, columns)
        if finding.path.startswith(f"{shown}/") and finding.line is not None:
            by_place[f"{stream}:{finding.line}"].append(found)
        else:
            others.append({**found, "path": finding.path, "line": finding.line})
    return {
        "rows": [_row_dict(desk, role, row, by_place.get(row.place, [])) for row in rows],
        "digest": digest,
        "findings": others,
        "errors": report.error_count,
        "checked": {
            "rules": sum(tally.checked > 0 for tally in report.tallies.values()),
            "anchors_unchecked": report.anchors_unchecked or 0,
        },
    }


def _row_dict(desk: Desk, role: Role, row: OpenRow, findings: list[Row]) -> Row:
    is_claim = row.stream == "claims" and row.identifier is not None
    return {
        "place": row.place,
        "stream": row.stream,
        "id": row.identifier,
        "label": summary(row, desk.log.definition),
        "action": row.content.get("action"),
        "version": row.version,
        "recorded_by": row.content.get("recorded_by"),
        "flaw": row.flaw,
        "findings": findings,
        "digest": rows_digest(row),
        "address": f"/{role.name}/claims/{path_segment(str(row.identifier))}" if is_claim else None,
    }


def rows_digest(*rows: OpenRow) -> str:
    """Return what tells whether a page shows these open rows."""
    return state_digest(*(row.data.decode("utf-8", "replace") for row in rows))


def added_digest(desk: Desk, name: str) -> str | None:
    """Return by which digest the row of a new entity can be taken out of the open batch again."""
    rows = open_rows(desk.package, desk.log.definition.streams)
    return next((rows_digest(row) for row in rows if row.identifier == name), None)


def drop_row(desk: Desk, name: str, with_references: bool, shown: str | None = None) -> Row:
    """Take a row out of the open batch; raises as `edit.drop.drop` does.

    Where other rows depend on it, the refusal has the ``digest`` of all rows that would go.

    Parameters
    ----------
    shown
        What the page shows of the rows that go, as ``digest`` of a row says it or, with references,
        ``digest`` of that refusal: others may have dropped or added rows meanwhile. None of who
        takes whatever is there.
    """
    going: list[OpenRow] = []

    def refuse(rows: Sequence[OpenRow]) -> None:
        going[:] = rows
        meant = rows if with_references else rows[:1]
        others = " with others that depend on it" if len(meant) > 1 else ""
        message = f"{name} is another row{others} now; look at it; {NOTHING}"
        current = {"place": rows[0].place, "id": rows[0].identifier}
        require_same_state(shown, rows_digest(*meant), message, current)

    try:
        dropped = drop_rows(desk.package, [name], with_references, refuse)
    except FindingsError as error:
        if with_references or len(going) < 2:
            raise
        findings = [finding.as_dict() for finding in error.findings]
        raise RequestError(
            INVALID, str(error), findings=findings, digest=rows_digest(*going)
        ) from error
    return {"dropped": [row.place for row in dropped.rows]}


def proposed_seal(desk: Desk) -> Row:
    """Return slug, title and method that a batch of these rows may be sealed with."""
    rows = open_rows(desk.package, desk.log.definition.streams)
    sources = [row for row in rows if row.stream == "sources"]
    coded = Counter(str(row.content.get("source_id")) for row in rows if row.stream == "claims")
    named = [name for name, _ in coded.most_common(3)]
    by = sorted({str(row.content.get("recorded_by")) for row in rows})
    kinds = {coder["kind"] for name in by if (coder := coder_of(desk, name))}
    first = next(
        (str(row.content.get("title")) for row in sources if row.content.get("title")), None
    )
    title = f"Claims of {', '.join(named)}" if named else "Registers"
    words = re.sub(r"[^a-z0-9]+", "-", (first or title).lower()).strip("-")
    method = f"Coded and decided at the coding desk by {', '.join(by)}"
    method += f" ({kind_names(kinds)})." if kinds else "."
    return {
        "slug": "-".join(words.split("-")[:5]) or "batch",
        "title": f"{title}: {first}"[:200] if first else title,
        "method": method,
        "rows": row_counts(rows),
    }


def seal_batch(
    desk: Desk, role: Role, slug: str, title: str, method: str, shown: str | None = None
) -> Row:
    """Seal the open batch, as the command does.

    Parameters
    ----------
    shown
        ``digest`` of the open batch as the page shows it; None of who takes whatever is there.

    Raises
    ------
    RequestError
        If it has other rows by now.
    FindingsError
        If the log would break a rule.
    ClaimlogError
        If there is nothing to seal, or slug, title or method do not fit.
    """
    with log_lock(desk.package):
        present = rows_digest(*open_rows(desk.package, desk.log.definition.streams))
        message = "the open batch has other rows now; look at them; nothing was sealed"
        require_same_state(shown, present, message, {"digest": present})
        batch, _ = seal(
            desk.package, slug, title, method, role.name, desk.log.texts, today=desk.today
        )
        refreshed = refresh_generated_files(desk.package, f"{batch.shown} is sealed")
    return {"batch": batch.shown, "commit_together": ["datapackage.json", *refreshed]}
