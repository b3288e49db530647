"""Registering a text: an upload becomes a canonical text, and a source when it is confirmed.

How a file becomes a text is decided in one place, `extract_text`.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from claimlog.desk.desk import Desk
from claimlog.desk.draft_values import clean_values
from claimlog.desk.furniture import furniture_ranges
from claimlog.desk.places import Places
from claimlog.desk.request_error import ABSENT, INVALID, RequestError
from claimlog.desk.roles import Role
from claimlog.edit.append import Entries, add
from claimlog.files import write_durably
from claimlog.sources.text import Text, canonical

Row = dict[str, Any]
SOURCES = "sources"
MOST_UPLOADS = 20
COPY = "copy"
"""Kind of a source whose text was coded; the code list of the package has it."""


@dataclass(frozen=True)
class ExtractedText:
    """A canonical text with what its file says of the source."""

    text: Text
    proposal: Row = field(default_factory=dict)
    furniture: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def extract_text(name: str, data: bytes) -> ExtractedText:
    """Return the canonical text of a file; plain text only.

    Raises
    ------
    RequestError
        If it is no text in UTF-8.
    """
    try:
        text = Text(canonical(data))
    except UnicodeDecodeError as error:
        raise RequestError(INVALID, f"{name}: is no text in UTF-8; save it as one") from error
    first = next((line.strip() for line in text.content.splitlines() if line.strip()), "")
    return ExtractedText(text, {"title": first[:300]})


def read_upload(desk: Desk, name: str, data: bytes) -> Row:
    """Return the text of a file with what is proposed of its source; nothing is kept on disk.

    Raises
    ------
    RequestError
        If it is no text, or holds no word.
    """
    short = PurePosixPath(name.replace("\\", "/")).name[:120] or "text.txt"
    extracted = extract_text(short, data)
    text = extracted.text
    if not text.tokens:
        raise RequestError(INVALID, f"{short}: holds no word")
    upload = secrets.token_hex(8)
    while len(desk.uploads) >= MOST_UPLOADS:
        desk.uploads.pop(next(iter(desk.uploads)))
    desk.uploads[upload] = (short, extracted)
    places = Places(text, extracted.furniture)
    known = next(
        (
            identifier
            for identifier, row in desk.log.entries(SOURCES).items()
            if row["text_sha256"] == text.sha256
        ),
        None,
    )
    return {
        "upload": upload,
        "name": short,
        "sha256": text.sha256,
        "length": len(text.content),
        "known_as": known,
        "text": {
            "content": text.content,
            "length": len(text.content),
            "utf16_length": places.utf16_length,
            "words": places.words(),
            "furniture": places.furniture_spans(),
        },
        "proposal": {"kind": COPY, **extracted.proposal},
        "notes": extracted.notes,
    }


def read_address(desk: Desk, address: str) -> Row:
    """Return the text at an address; this version fetches none.

    Raises
    ------
    RequestError
        Always.
    """
    del desk, address
    raise RequestError(INVALID, "save the page as a text file, and choose that")


def register_source(
    desk: Desk, role: Role, upload: str, source: Mapping[str, Any], furniture: Sequence[Any]
) -> Row:
    """Write an uploaded text to the directory of texts, and add its source to the open batch.

    Raises
    ------
    RequestError
        If there is no such upload, it is registered already, or a part of the furniture is none.
    FindingsError
        If the row would break a rule; the text is there then, and is no source.
    """
    if upload not in desk.uploads:
        raise RequestError(ABSENT, "the file is not at hand any more; choose it again")
    name, extracted = desk.uploads[upload]
    text = extracted.text
    for identifier, known in desk.log.entries(SOURCES).items():
        if known["text_sha256"] == text.sha256:
            raise RequestError(INVALID, f"this text is {identifier} already")
    table = desk.log.definition.streams[SOURCES]
    row = {"kind": COPY, **clean_values(table, source, beside=(table.id,))}
    if not row.get(table.id):
        row[table.id] = _next_identifier(desk)
    row["furniture"] = furniture_ranges(Places(text), furniture)
    row |= {"text_sha256": text.sha256, "text_length": len(text.content)}
    _write_text(desk, row[table.id], name, text)
    addition = add(desk.package, SOURCES, Entries([row]), role.name, None)
    desk.uploads.pop(upload, None)
    return {"source_id": addition.rows[0][table.id] if addition.rows else row[table.id]}


def _next_identifier(desk: Desk) -> str:
    used = [int(name[1:]) for name in desk.log.whole.ids(SOURCES) if name[1:].isdecimal()]
    return f"S{max(used, default=0) + 1:03d}"


def _write_text(desk: Desk, identifier: str, name: str, text: Text) -> None:
    """Write a text where no file is yet; its name is made of letters and digits alone."""
    plain = unicodedata.normalize("NFKD", name.rpartition(".")[0] or name)
    stem = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:60].lower()
    folder = desk.log.texts_folder
    path = folder / (f"{identifier}-{stem}.txt" if stem else f"{identifier}.txt")
    if path.exists() or path.is_symlink():
        path = folder / f"{identifier}-{text.sha256[:12]}.txt"
    write_durably(path, text.content.encode("utf-8"))
