"""Handing finished codings from one machine to another, each committed to before it is seen."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claimlog.desk.blindness import all_finished
from claimlog.desk.coding_commitment import commitment_of, read_coding, write_coding
from claimlog.desk.desk import Desk
from claimlog.desk.draft_findings import coding_findings, errors_of
from claimlog.desk.draft_values import clean_row
from claimlog.desk.entry_editing import require_identifier, spot_table
from claimlog.desk.request_error import INVALID, LARGE, MALFORMED, RequestError
from claimlog.desk.roles import NAME, Role
from claimlog.desk.row_references import CLAIMS
from claimlog.desk.save_drafts import claim_value
from claimlog.desk.saved_work import REGISTERED
from claimlog.desk.work import (
    DRAFT,
    FINISHED,
    MOST_DRAFTS,
    FilledBytes,
    Work,
    content_of,
    is_span,
    require_draft_name,
    require_few_entries,
    require_few_passages,
)
from claimlog.desk.work_folder import WorkFolder
from claimlog.errors import ClaimlogError, UsageError
from claimlog.package import Package

HASH = re.compile(r"[0-9a-f]{64}")
ASK_AGAIN = "ask its coder to finish it at the desk, and to export it anew"
NOT_SAVED = "is not as the desk saves a finished coding"
Row = dict[str, Any]


def finished_work(package: Package, coder: str, source: str) -> Work:
    """Return a finished work.

    Raises
    ------
    ClaimlogError
        If there is none.
    """
    _require_names(coder, source)
    work = WorkFolder(package).work(coder, source)
    if not work.is_finished:
        raise ClaimlogError(f"{coder} has not finished {source}; finish it at the desk first")
    return work


def _require_names(coder: str, source: str) -> None:
    if not NAME.fullmatch(coder) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,60}", source):
        raise UsageError(f"{coder[:60]} and {source[:60]}: expected a coder and a source")
    if Role(coder).decides:
        raise UsageError(f"{coder}: decides, and codes nothing; name a coder")


def expect_coding(package: Package, coder: str, source: str, value: str) -> None:
    """Note the commitment of another machine's coder; one that was noted stays.

    Raises
    ------
    ClaimlogError
        If it is no hash, or another one was noted.
    """
    _require_names(coder, source)
    if not HASH.fullmatch(value):
        raise UsageError("expected the 64 hexadecimal digits that claimlog desk commitment prints")
    cells = WorkFolder(package).expected_commitments()
    key = f"{source}/{coder}"
    known = cells.cell(key).value
    if known not in (None, value):
        raise ClaimlogError(f"another commitment of {coder} to {source} was noted, and stays")
    cells.change({key: value}, {})


def export_coding(package: Package, coder: str, source: str, path: Path, alone: bool) -> None:
    """Write a finished coding to a file.

    Raises
    ------
    ClaimlogError
        If it is not finished, the file is there, or nobody else's commitment was noted.
    """
    work = finished_work(package, coder, source)
    cells = WorkFolder(package).expected_commitments()
    others = [key for key, _ in cells.items(f"{source}/") if key != coder]
    if not others and not alone:
        raise ClaimlogError(
            "no commitment of another coder was noted, so that this file could be read before the "
            "other has finished; note it first: claimlog desk expect (--alone if there is nobody)"
        )
    if path.exists():
        raise ClaimlogError(f"{path}: is there already; name a new file")
    write_coding(path, work.content(), work.journal.marks[FINISHED]["nonce"])


def import_coding(package: Package, path: Path, texts: Path | None) -> Work:
    """Take a finished coding from a file.

    Raises
    ------
    ClaimlogError
        If it is not what was committed to, is of another text or codebook, or somebody here has
        not finished that text.
    """
    if texts is None:
        raise UsageError("passages are looked up in the text: --texts DIR or CLAIMLOG_TEXTS")
    content, nonce = read_coding(path)
    coder, source = str(content.get("coder")), str(content.get("source_id"))
    _require_names(coder, source)
    desk = Desk(package, texts)
    value = commitment_of(content, nonce)
    noted = desk.work_folder.expected_commitments().cell(f"{source}/{coder}").value
    if noted is None:
        raise ClaimlogError(
            f"{path}: no commitment of {coder} to {source} was noted before; ask for it, and note "
            f"it: claimlog desk expect {shlex.quote(source)} HASH --coder {shlex.quote(coder)}"
        )
    if noted != value:
        raise ClaimlogError(f"{path}: is not the coding that {coder} committed to")
    _require_same(desk, path, content)
    work = desk.work_folder.work(coder, source)
    if work.is_finished and work.commitment == value:
        return work
    desk.log.whole.require_readable()  # else no rule could be asked of the coding
    try:
        values, about = _checked_cells(desk, source, content)
    except RequestError as error:
        raise ClaimlogError(f"{path}: {error.message}; {ASK_AGAIN}") from error
    except (LookupError, TypeError, AttributeError) as error:
        raise ClaimlogError(f"{path}: {NOT_SAVED}; {ASK_AGAIN}") from error
    with desk.work_folder.works_lock():
        others = [one for one in desk.work_folder.summaries(source) if one.coder != coder]
        if not all_finished(others):
            raise ClaimlogError(f"somebody here has not finished {source}; import it after that")
        if not work.is_empty:
            raise ClaimlogError(f"{coder} has coded {source} here; it stays as it is")
        desk.require_undecided(source)
        _require_same(desk, path, content)  # it may be corrected since it was looked at
        desk.work_folder.forget(work)
        work.save_finished(values, about, nonce)
    return work


def _require_same(desk: Desk, path: Path, content: Mapping[str, Any]) -> None:
    """Refuse a coding of another text, or by another codebook, than are here."""
    row = desk.log.source(str(content.get("source_id")))
    if content.get("text_sha256") != row["text_sha256"]:
        raise ClaimlogError(f"{path}: is of another text of {content['source_id']}")
    version = desk.log.definition.codebook.version
    if content.get("codebook") != version:
        raise ClaimlogError(
            f"{path}: was coded by codebook {str(content.get('codebook'))[:20]}; here is {version}"
        )


def _checked_cells(desk: Desk, source: str, content: Mapping[str, Any]) -> tuple[Row, Row]:
    """Return the cells of a coding of another machine, and what its work is of.

    They are checked by the present definition, as what a page sends and as a coding that is
    declared finished, and for being all that was committed to. They are saved as they were saved
    there, for the commitment is to that.
    """
    places = desk.log.require_places(source)
    drafts, registered = content["drafts"], content["registered"]
    if len(drafts) > MOST_DRAFTS:
        raise RequestError(LARGE, f"it holds more than {MOST_DRAFTS:,} drafts")
    values: Row = {}
    if not all(is_span(draft["value"].get("start"), draft["value"].get("end")) for draft in drafts):
        raise RequestError(MALFORMED, NOT_SAVED)
    require_few_passages([draft["value"] for draft in drafts])
    own: dict[str, Row] = {}
    filled = FilledBytes()
    for draft in drafts:
        name, of_text = require_draft_name(draft["draft"]), {"text_sha256": content["text_sha256"]}
        values[f"{DRAFT}{name}"] = draft["value"]
        own[name] = filled.count(_present_row(desk, CLAIMS, draft["value"]))
        _require_as_saved(own[name], claim_value(desk, places, {**own[name], **of_text}))
    entries: dict[str, dict[str, Row]] = {}
    for entry in registered:
        table = spot_table(desk, entry["stream"])
        require_identifier(table, entry["id"])  # that it is registered meanwhile does no harm
        values[f"{REGISTERED}{table.name}/{entry['id']}"] = entry["value"]
        row = filled.count(_present_row(desk, table.name, entry["value"]))
        _require_as_saved(row, clean_row(table, desk.log.present_rows(table.name), row))
        entries.setdefault(table.name, {})[entry["id"]] = row
    require_few_entries([cell for key, cell in values.items() if key.startswith(REGISTERED)])
    about = {key: content[key] for key in ("coder", "source_id", "text_sha256", "codebook")}
    if content_of(about, values) != content:
        raise RequestError(MALFORMED, NOT_SAVED)
    if not own:
        raise RequestError(INVALID, "nothing is coded in it")
    if errors := errors_of(coding_findings(desk.log, source, own, entries)):
        first = errors[0]["message"]
        raise RequestError(INVALID, f"{len(errors)} of its findings are errors, the first: {first}")
    return values, about


def _present_row(desk: Desk, stream: str, given: Row) -> Row:
    """Return a row of a stranger by the present definition.

    Raises
    ------
    RequestError
        If it says anything in what was never asked here: whoever decides could not know of it.
    """
    rows = desk.log.present_rows(stream)
    row = rows.of(given)
    if name := rows.unheard_name(row):
        raise RequestError(
            MALFORMED,
            f'no version of schemas/{stream}.json asks for "{name[:80]}": have it left out, or put '
            "it there as a column that is retired",
        )
    return row


def _require_as_saved(row: Row, clean: Row) -> None:
    """Refuse a row that a page which sent it would not find again."""
    if row != clean:
        raise RequestError(MALFORMED, NOT_SAVED)
