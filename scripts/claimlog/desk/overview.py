"""The first screen: sources with their progress, the open batch, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from claimlog.desk.blindness import all_finished
from claimlog.desk.desk import Desk
from claimlog.desk.request_error import INVALID, RequestError
from claimlog.desk.roles import Role
from claimlog.desk.work import WorkSummary
from claimlog.edit.add_amend_retract import Entries, add
from claimlog.edit.open_rows import OpenRow, open_rows
from claimlog.errors import ClaimlogError, is_of_the_machine
from claimlog.file_names import path_segment
from claimlog.sources.text import Text

Row = dict[str, Any]
CODERS = "coders"
NO_TEXT, UNCODED, CODING, FINISHED = "no_text", "uncoded", "coding", "finished"
ADJUDICATING, COMMITTED, SEALED = "adjudicating", "committed", "sealed"
UNREADABLE = "unreadable"
SHOWN_COLUMNS = ("source_id", "title", "publisher", "published", "language", "url")
"""What is shown of a source as it stands in the log."""


def overview(desk: Desk, role: Role) -> Row:
    """Return what the first screen shows a role: of others' codings no more than states."""
    definition = desk.log.definition
    rows = sorted(desk.log.entries("sources").values(), key=lambda row: str(row["source_id"]))
    claims = _claim_counts(desk) if role.decides else {}
    shown = [row for row in rows if row["text_sha256"]]
    names = [row["source_id"] for row in shown]
    desk.work_folder.require_summaries(names)
    desk.require_decision_summaries(names)
    unsealed = open_rows(desk.package, definition.streams)
    opened = _open_counts(unsealed)
    of_sources = _open_sources(unsealed)
    sources = [_source_or_flaw(desk, role, row, claims, of_sources) for row in shown]
    return {
        "role": role.name,
        "decides": role.decides,
        "roles": [*desk.roles],
        "dataset": {name: desk.package.descriptor.get(name) for name in ("title", "version")},
        "codebook": definition.codebook.version,
        "coder": coder_of(desk, role.name),
        "coder_kinds": [
            {"code": code["code"], "label": code["label"], "definition": code["definition"]}
            for code in definition.codebook.codes.get(_kind_codes(desk), [])
        ],
        "sources": sources,
        "open": opened if role.decides else None,
        "next": [*_next_steps(desk, role, sources, opened["rows"])],
    }


def coder_of(desk: Desk, name: str) -> Row | None:
    """Return a role's entry in the register of coders; None if it has none."""
    if CODERS not in desk.log.definition.streams:
        return None
    row = desk.log.entries(CODERS).get(name)
    if row is None:
        return None
    codes = desk.log.definition.codebook.codes.get(_kind_codes(desk), [])
    label = next((code["label"] for code in codes if code["code"] == row["kind"]), row["kind"])
    return {**{key: row[key] for key in ("coder_id", "kind", "description")}, "kind_label": label}


def _kind_codes(desk: Desk) -> str:
    table = desk.log.definition.streams.get(CODERS)
    return (table.by_name["kind"].codelist if table else None) or ""


def register_coder(desk: Desk, role: Role, kind: str, description: str) -> Row:
    """Add the role to the register of coders, in the open batch.

    Raises
    ------
    RequestError
        If it is there already.
    FindingsError
        If the row would break a rule.
    """
    if coder_of(desk, role.name) is not None:
        raise RequestError(INVALID, f"{role.name} is registered already")
    row = {"coder_id": role.name, "kind": kind, "description": description}
    add(desk.package, CODERS, Entries([row]), role.name, None, desk.today)
    return {"coder": coder_of(desk, role.name)}


def source_state(desk: Desk, source: str) -> str:
    """Return how far a source has come."""
    rows = open_rows(desk.package, desk.log.definition.streams)
    return _state(desk, source, desk.work_folder.summaries(source), _open_sources(rows))


def _state(desk: Desk, source: str, works: Sequence[WorkSummary], opened: Set[str]) -> str:
    decisions = desk.decision_summary(source)
    if decisions.is_committed(desk.coded_rows):
        return COMMITTED if source in opened else SEALED
    if works:
        if not all_finished(works):
            return CODING
        return ADJUDICATING if decisions.is_begun else FINISHED
    if desk.log.text(source) is None:
        return NO_TEXT
    return SEALED if _claim_counts(desk)[source] else UNCODED


def begin_new_pass(desk: Desk, source: str) -> Path:
    """Set aside what was coded of a text and is sealed, so that it can be coded anew.

    Raises
    ------
    ClaimlogError
        If it is not committed, its rows are not sealed yet, or somebody codes it.
    """
    desk.log.source(source)
    with desk.work_folder.works_lock():  # under which somebody begins
        decisions = desk.decisions(source)
        if not decisions.is_committed and not decisions.rows_are_gone:
            raise ClaimlogError(f"{source} is not decided; there is no pass before a new one")
        if source_state(desk, source) == COMMITTED:
            raise ClaimlogError(f"the rows of {source} are in the open batch; seal it first")
        works = desk.work_folder.summaries(source)
        if coding := [work.coder for work in works if not work.is_finished]:
            raise ClaimlogError(
                f"the rows of {source} were dropped, so that it is open again, and not finished "
                f"by {', '.join(coding)}; let them finish, or take back what they coded; nothing "
                "was set aside"
            )
        return desk.work_folder.set_aside(source)


def _source_or_flaw(
    desk: Desk, role: Role, row: Row, claims: Mapping[str, int], opened: Set[str]
) -> Row:
    """Return what is shown of a source; of one whose saved work cannot be read that this is so.

    Its own pages say which file it is, to whom they are open.
    """
    try:
        return _source(desk, role, row, claims, opened)
    except ClaimlogError as error:
        if is_of_the_machine(error) or isinstance(error, RequestError):
            raise
    found = {column: row[column] for column in SHOWN_COLUMNS}
    found |= {"state": UNREADABLE, "has_text": False, "length": row["text_length"], "coders": []}
    return {**found, "claims": claims.get(row["source_id"], 0)} if role.decides else found


def _source(desk: Desk, role: Role, row: Row, claims: Mapping[str, int], opened: Set[str]) -> Row:
    name = row["source_id"]
    works = desk.work_folder.summaries(name)
    text = desk.log.texts.get(row["text_sha256"])
    found = {column: row[column] for column in SHOWN_COLUMNS}
    found |= {
        "state": _state(desk, name, works, opened),
        "has_text": text is not None,
        "length": row["text_length"],
        "coders": [_progress(role, work, text) for work in works],
    }
    return {**found, "claims": claims.get(name, 0)} if role.decides else found


def _progress(role: Role, work: WorkSummary, text: Text | None) -> Row:
    """Return the state of a work, and how far it is if the role may know."""
    found: Row = {"coder": work.coder, "state": work.state}
    if not (role.decides or role.name == work.coder):
        return found
    length = len(text.content) if text else 0
    share = round(work.reached / length, 4) if length else 0.0
    return {**found, "drafts": work.drafts, "reached": share, "commitment": work.commitment}


def _claim_counts(desk: Desk) -> Counter[str]:
    version, whole = desk.log.version, desk.log.whole

    def count() -> Counter[str]:
        return Counter(whole.live("claims")["source_id"].to_list())

    return desk.computed.get("claims by source", version, count)


def _open_sources(rows: Iterable[OpenRow]) -> set[str]:
    """Return the sources that rows of the open batch are of, but for their own."""
    return {str(row.content.get("source_id")) for row in rows if row.stream != "sources"}


def _open_counts(rows: Collection[OpenRow]) -> Row:
    counts = Counter(row.stream for row in rows)
    streams = [{"stream": name, "rows": number} for name, number in counts.items()]
    return {"rows": len(rows), "streams": streams}


def _next_steps(desk: Desk, role: Role, sources: Sequence[Row], open_count: int) -> Iterator[Row]:
    """Yield what there is to do for a role, the most pressing first."""
    if coder_of(desk, role.name) is None:
        yield _step("register_coder", role, "", f"Say what {role.name} is.")
    if not sources:
        yield _step("register_text", role, "register", "Register a text.")
    for source in sources:
        name, state = source["source_id"], source["state"]
        if role.decides:
            if state in (FINISHED, ADJUDICATING):
                text = f"Compare and decide {name}."
                yield _step("adjudicate", role, "adjudicate", text, name)
            if state == COMMITTED:
                yield _step("links", role, "links", f"Decide links of {name}.", name)
            continue
        own = next((one for one in source["coders"] if one["coder"] == role.name), None)
        if own is None and source["has_text"] and state in (UNCODED, CODING, FINISHED):
            yield _step("code", role, "code", f"Begin to code {name}.", name)
        elif own and own["state"] == CODING:
            text = f"Go on coding {name} ({own['drafts']} claims, {own['reached']:.0%})."
            yield _step("code", role, "code", text, name)
        elif own and state in (COMMITTED, SEALED):
            yield _step("verdicts", role, "verdicts", f"See the verdicts on {name}.", name)
    if role.decides and open_count:
        yield _step("review", role, "review", f"Review and seal the {open_count} open rows.")


def _step(what: str, role: Role, path: str, text: str, source: str | None = None) -> Row:
    address = f"/{role.name}/{path}"
    if source is not None:
        address += f"/{path_segment(source)}"
    return {"what": what, "text": text, "address": address, "source_id": source}
