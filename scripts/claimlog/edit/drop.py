"""Dropping rows of the open batch, which leaves no tombstone: they never were part of the log."""

from __future__ import annotations

import shlex
import shutil
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from claimlog.directory_swap import publish_directory
from claimlog.edit.append_lines import check_open
from claimlog.edit.entity_history import find_entity
from claimlog.edit.log_lock import locked_log
from claimlog.edit.open_batch import discard, open_folder, with_open
from claimlog.edit.open_rows import PLACE, Entity, OpenRow, entities_named, open_rows
from claimlog.errors import ClaimlogError, Finding, FindingsError, suggest
from claimlog.files import confirm_rename
from claimlog.log.event_log import Log
from claimlog.package import Package

NOTHING = "nothing was dropped"

CorrectionKey = tuple[str, ...]
"""Source, time, who recorded it and why."""


class Dependence(NamedTuple):
    """Why a row cannot stay where others go, and the rule that it would break."""

    rule: str
    reason: str


@dataclass(frozen=True)
class Drop:
    """Rows that were dropped, and the rows that are left in the open batch.

    ``has_findings`` says that what is left breaks rules, as it did before.
    """

    rows: list[OpenRow]
    left: list[OpenRow]
    has_findings: bool = False


def drop(
    package: Package,
    names: Sequence[str],
    with_references: bool = False,
    refuse: Callable[[Sequence[OpenRow]], None] = lambda _: None,
    note: Callable[[Sequence[OpenRow]], None] = lambda _: None,
) -> Drop:
    """Take rows out of the open batch, all of them or none.

    Parameters
    ----------
    names
        Identifiers, also as STREAM/IDENTIFIER, of which the last open row is meant, or places as
        ``claims:3``.
    with_references
        Whether to drop what depends on them too: later versions, and rows that refer to an entity
        that would be gone.
    refuse
        Called with all rows that would go, or would with what depends on them, before any does and
        before that is refused; those that were named come first. It may raise.
    note
        Called with all rows that went, before anything else is added to the log.

    Raises
    ------
    ClaimlogError
        If a name is of no open row; the message says what to do with a sealed one.
    FindingsError
        If other open rows depend on them, or the log would break a rule that it does not break now.
    """
    with locked_log(package) as sealed:
        rows = open_rows(package, sealed.definition.streams)
        if not rows:
            raise ClaimlogError(f"there is no open batch; {NOTHING}")
        chosen = dict.fromkeys(_chosen_row(sealed, rows, name) for name in names)
        dependent = dependent_rows(rows, [*chosen])
        gone = dict.fromkeys((*chosen, *dependent))
        refuse([rows[index] for index in gone])
        if dependent and not with_references:
            raise FindingsError(
                [_finding(package, rows[index], one) for index, one in dependent.items()], NOTHING
            )
        left = [row for index, row in enumerate(rows) if index not in gone]
        has_findings = _write(package, sealed, rows, left)
        dropped = [rows[index] for index in sorted(gone)]
        note(dropped)
    return Drop(dropped, left, has_findings)


def dependent_rows(rows: Sequence[OpenRow], chosen: Sequence[int]) -> dict[int, Dependence]:
    """Return the rows that cannot stay without the chosen ones, by position, and why.

    These are later versions of an entity, and whatever refers to one that is no longer asserted, or
    may, where a column of any row has its identifier;
    what else was written when a text was corrected, because a passage is of one text only; and what
    depends on these.
    """
    corrections = _corrections(rows)
    refers: dict[Entity, list[int]] = {}
    versions: dict[Entity, list[int]] = {}
    streams = {row.stream for row in rows}
    for index, row in enumerate(rows):
        if row.entity:
            versions.setdefault(row.entity, []).append(index)
        for target in entities_named(row, streams):
            refers.setdefault(target, []).append(index)
    found: dict[int, Dependence] = {}
    known = {*chosen}
    pending = [*chosen]
    while pending:
        row = rows[at := pending.pop()]
        if row.entity is None:
            continue
        # each list is gone through once: what lies behind a row that goes is no longer looked at
        own = versions[row.entity]
        later = own[bisect_right(own, at) :]
        del own[len(own) - len(later) :]
        said = f"follows version {row.version}, which would be gone"
        why = dict.fromkeys(later, Dependence("version-sequence", said))
        if row.content.get("action") == "assert":
            referring = refers.pop(row.entity, ())
            said = f"refers to {row.identifier}, which would be gone"
            why = dict.fromkeys(referring, Dependence("foreign-key", said)) | why
        key = _correction_key(row)
        if key is not None and key in corrections:
            said = f"was written by the same correction of {key[0]}, with {row.identifier}"
            why = dict.fromkeys(corrections[key], Dependence("quote-hash", said)) | why
        new = {index: one for index, one in why.items() if index not in known}
        found |= new
        known |= new.keys()
        pending += new
    return dict(sorted(found.items()))


def _corrections(rows: Sequence[OpenRow]) -> dict[CorrectionKey, list[int]]:
    """Return the positions of the rows that corrected a text or were carried over to it."""
    found: dict[CorrectionKey, list[int]] = {}
    streams: dict[CorrectionKey, set[str]] = {}
    for index, row in enumerate(rows):
        if (key := _correction_key(row)) is not None:
            found.setdefault(key, []).append(index)
            streams.setdefault(key, set()).add(row.stream)
    return {key: own for key, own in found.items() if {"sources"} < streams[key]}


def _correction_key(row: OpenRow) -> CorrectionKey | None:
    """Return what rows of one `claimlog correct` have in common, None of a row that is of none."""
    content = row.content
    if content.get("action") == "assert" or not (row.stream == "sources" or "start" in content):
        return None
    source, *others = (
        content.get(name) for name in ("source_id", "recorded_at", "recorded_by", "reason")
    )
    return (str(source), *map(str, others)) if source else None


def _chosen_row(sealed: Log, rows: Sequence[OpenRow], name: str) -> int:
    """Return the position of the row that a name means: of an identifier the last one."""
    streams = {*sealed.definition.streams, *(row.stream for row in rows)}
    if (match := PLACE.fullmatch(name)) and match["stream"] in streams:
        places = {row.place: index for index, row in enumerate(rows)}
        if name in places:
            return places[name]
        stream = match["stream"]
        count = sum(row.stream == stream for row in rows)
        raise ClaimlogError(
            f"{name}: the open batch has {count} rows of {stream}; claimlog open lists them; "
            f"{NOTHING}"
        )
    found = [index for index, row in enumerate(rows) if row.is_called(name)]
    if len({rows[index].stream for index in found}) > 1:
        places_ = ", ".join(rows[index].place for index in found)
        raise ClaimlogError(f"{name} may be any of {places_}; name the place; {NOTHING}")
    if found:
        return found[-1]
    _refuse_sealed(sealed, name)
    known = tuple(row.identifier for row in rows if row.identifier)
    raise ClaimlogError(
        f'the open batch has no row of "{name}"{suggest(name, known)}; claimlog open lists them; '
        f"{NOTHING}"
    )


def _refuse_sealed(sealed: Log, name: str) -> None:
    try:
        stream, _, versions = find_entity(sealed, name)
    except ClaimlogError:
        return
    last = versions.tail(1).to_dicts()[0]
    path, line = sealed.file_and_line(stream, last["batch"], last["line"])
    raise ClaimlogError(
        f"{name} is sealed ({path}:{line}), for good; what is sealed is taken back by: "
        f'claimlog retract {shlex.quote(name)} --reason "…"; {NOTHING}'
    )


def _finding(package: Package, row: OpenRow, dependence: Dependence) -> Finding:
    path = f"{package.relative(open_folder(package))}/{row.stream}.ndjson"
    remedy = "drop it too (--with-references)"
    return Finding(dependence.rule, path, dependence.reason, row.line, row.identifier, remedy)


def _write(package: Package, sealed: Log, rows: Sequence[OpenRow], left: Sequence[OpenRow]) -> bool:
    """Let the open batch hold these rows alone; return whether they break rules, as before."""
    place = open_folder(package)
    shown = package.relative(place)
    if not left:
        discard(package)
        confirm_rename(place.parent, shown)
        return False
    with publish_directory(place, shown) as folder:
        shutil.copytree(place, folder, dirs_exist_ok=True)
        by_stream: dict[str, list[OpenRow]] = {row.stream: [] for row in rows}
        for row in left:
            by_stream[row.stream].append(row)
        for stream, own in by_stream.items():
            path = folder / f"{stream}.ndjson"
            path.write_bytes(b"".join(row.data + b"\n" for row in own))
            if not own:
                path.unlink()
        report = check_open(sealed, with_open(sealed, folder))
        # what is spoilt already must not keep its rows from being dropped
        if report.error_count and not check_open(sealed, with_open(sealed)).error_count:
            findings = [_named_as_now(shown, by_stream, finding) for finding in report.findings]
            raise FindingsError(findings, NOTHING)
    return bool(report.error_count)


def _named_as_now(shown: str, left: Mapping[str, Sequence[OpenRow]], finding: Finding) -> Finding:
    """Return a finding with the line at which its row stands before anything is dropped."""
    for stream, rows in left.items():
        if finding.path == f"{shown}/{stream}.ndjson" and finding.line is not None:
            return replace(finding, line=rows[finding.line - 1].line)
    return finding
