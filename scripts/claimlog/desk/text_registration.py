"""Registering a text: an upload becomes a canonical text, and a source when it is confirmed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import polars as pl

from claimlog.desk.desk import Desk
from claimlog.desk.draft_values import clean_values
from claimlog.desk.furniture import furniture_ranges
from claimlog.desk.places import Places
from claimlog.desk.request_error import ABSENT, INVALID, RequestError
from claimlog.desk.roles import Role
from claimlog.desk.row_references import SOURCES
from claimlog.desk.upload import Registered, Upload
from claimlog.edit.add_amend_retract import Entries, add
from claimlog.edit.document_registration import (
    RECORDED,
    propose_columns,
    require_outside_repository,
    saved_text,
)
from claimlog.edit.identifier_numbers import next_identifier
from claimlog.errors import ClaimlogError
from claimlog.escaping import printable_line
from claimlog.limits import DESK_FETCH_SECONDS, DESK_READ_SECONDS, DESK_WORDS
from claimlog.log.event_log import Log
from claimlog.sources.documents.fetch_document import fetch_document
from claimlog.sources.documents.read_document import read_document
from claimlog.sources.text import Text

Row = dict[str, Any]
COPY = "copy"
"""Kind of a source whose text was coded; the code list of the package has it."""

ADD_IN_TERMINAL = (
    "split it, or add it in a terminal: claimlog add source --document FILE_OR_ADDRESS --limits 2"
)


def read_upload(desk: Desk, role: Role, name: str, data: bytes) -> Row:
    """Return the text of a file with what is proposed of its source; nothing is kept on disk.

    Raises
    ------
    RequestError
        If no text can be taken out of it, or it holds no word.
    """
    short = printable_line(PurePosixPath(name.replace("\\", "/")).name)[:120] or "text.txt"
    return _read(desk, role, short, data)


def read_address(desk: Desk, role: Role, address: str) -> Row:
    """Return the text of a page, fetched once, with what is proposed of its source.

    Raises
    ------
    RequestError
        As `read_upload` does, or if it cannot be fetched in `DESK_FETCH_SECONDS`.
    """
    try:
        page = fetch_document(address, seconds=DESK_FETCH_SECONDS)
    except ClaimlogError as error:
        raise RequestError(INVALID, str(error)) from error
    return _read(desk, role, page.address, page.data, page.media_type, page.address)


def _read(
    desk: Desk,
    role: Role,
    name: str,
    data: bytes,
    media_type: str | None = None,
    address: str | None = None,
) -> Row:
    table = desk.log.definition.streams[SOURCES]
    try:
        require_outside_repository(desk.package, desk.log.texts_folder)
        found = read_document(
            data, media_type, name, most_seconds=DESK_READ_SECONDS, remedy=ADD_IN_TERMINAL
        )
        text = Text(found.text)
    except ClaimlogError as error:
        raise RequestError(INVALID, str(error)) from error
    if not text.tokens:
        raise RequestError(INVALID, f"{name}: holds no word")
    if (count := len(text.tokens)) > DESK_WORDS:
        raise RequestError(
            INVALID, f"{name}: has {count:,} words, more than {DESK_WORDS:,}; split it"
        )
    proposal = propose_columns(table, found, address)
    recorded = {column: proposal.pop(column) for column in RECORDED if column in proposal}
    furniture = proposal.pop("furniture", [])
    upload = desk.uploads.keep(role, Upload(name, text.content, proposal, recorded))
    places = Places(text, furniture)
    return {
        "upload": upload,
        "name": name,
        "sha256": text.sha256,
        "length": len(text.content),
        "known_as": _known_as(desk.log.whole, text),
        "text": {
            "content": text.content,
            "length": len(text.content),
            "utf16_length": places.utf16_length,
            "words": places.words(),
            "furniture": places.furniture_spans(),
        },
        "proposal": {"kind": COPY, **proposal},
        "recorded_columns": [*RECORDED],
        "notes": [f"The text was taken out by {found.extractor}."] if found.extractor else [],
    }


def _known_as(log: Log, text: Text) -> str | None:
    """Return the source that has this very text."""
    known = log.live(SOURCES).filter(pl.col("text_sha256") == text.sha256)["source_id"]
    return None if known.is_empty() else str(known[0])


def _is_there(desk: Desk, done: Registered) -> bool:
    """Whether a source is there still: it may be dropped, and its identifier another's since."""
    row = desk.log.entries(SOURCES).get(done.source)
    return row is not None and row["text_sha256"] == done.text_sha256


def register_source(
    desk: Desk, role: Role, upload: str, source: Mapping[str, Any], furniture: Sequence[Any]
) -> Row:
    """Write an uploaded text to the directory of texts, and add its source to the open batch.

    A request that was done, and is made again because no answer came, gets the same answer.

    Raises
    ------
    RequestError
        If there is no such upload, it is registered already, or a part of the furniture is none.
    FindingsError
        If the row would break a rule.
    """
    request = json.dumps([source, furniture], sort_keys=True)
    if (done := desk.uploads.source_made_of(role, upload)) and _is_there(desk, done):
        if done.request == request:  # no answer came when it was asked for before
            return {"source_id": done.source}
        raise RequestError(
            INVALID, f"this text is {done.source} already, as it was described before"
        )
    given = desk.uploads.get(role, upload)
    if given is None:
        raise RequestError(ABSENT, "the file is not at hand any more; choose it again")
    text = Text(given.content)
    table = desk.log.definition.streams[SOURCES]
    stated = clean_values(table, source, beside=(table.id,))
    row = {"kind": COPY, **{name: cell for name, cell in stated.items() if name not in RECORDED}}
    row["furniture"] = furniture_ranges(Places(text), furniture)
    row |= {"text_sha256": text.sha256, "text_length": len(text.content), **given.recorded}
    name = row.get(table.id) or next_identifier(table, desk.log.whole.ids(SOURCES)) or ""
    stem = f"{name} {PurePosixPath(given.name).stem}"

    def refuse_known(log: Log) -> None:
        if (known := _known_as(log, text)) is not None:
            raise RequestError(INVALID, f"this text is {known} already")

    refuse_known(desk.log.whole)  # before its file is written
    with saved_text(desk.package, desk.log.texts, stem, text.content):
        entries = Entries([row])
        added = add(
            desk.package, SOURCES, entries, role.name, None, today=desk.today, refuse=refuse_known
        )
        if added.duplicates:  # of one that was retracted
            raise RequestError(INVALID, f"this text was registered as {added.duplicates[0]}")
    identifier = added.rows[0][table.id]
    desk.uploads.close(role, upload, Registered(request, identifier, text.sha256))
    return {"source_id": identifier}
