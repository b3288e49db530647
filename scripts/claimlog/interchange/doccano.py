"""Reader of doccano's JSONL: sequence labelling and relations, spans as lists and as objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.interchange.annotations import UTF_16, ForeignAnnotation, Project
from claimlog.interchange.foreign_files import (
    EXPORT_AGAIN,
    decode_json,
    decode_utf8,
    is_offset,
    read_foreign_file,
    text_value,
)

FORMAT = "doccano"
TEXT, SPANS = ("text", "data"), ("label", "labels", "entities", "spans")
RELATIONS, COMMENTS = "relations", ("Comments", "comments")


def read_doccano(path: Path) -> Project:
    """Read an export of doccano.

    Raises
    ------
    ClaimlogError
        If it is none.
    """
    shown = str(path)
    project = Project(FORMAT, shown, UTF_16)
    text = decode_utf8(read_foreign_file(path), shown)
    number = 0
    for line, record in _records(text, shown):
        where = f"{shown}:{line}"
        document = project.add_document(*_name_and_text(record, line, where))
        for span in _spans(record, where):
            number += 1
            project.add_annotation(document, _annotation(span, number, where))
        _note_losses(project, record, line)
    project.require_limits()
    return project


def _records(text: str, shown: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the line of each record; a file may be one JSON object or list, on several lines."""
    start = text.lstrip()[:2]
    is_whole = start.startswith("[") or re.fullmatch(r"\{\s", start)
    if is_whole:
        value = decode_json(text, shown)
        records = list(enumerate(value if isinstance(value, list) else [value], 1))
    else:
        records = [
            (number, decode_json(line, f"{shown}:{number}"))
            for number, line in enumerate(text.split("\n"), 1)
            if line.strip()
        ]
    if not records:
        raise ClaimlogError(f"{shown}: holds no document; {EXPORT_AGAIN}")
    for number, record in records:
        if not isinstance(record, dict):
            raise ClaimlogError(f"{shown}:{number}: expected an object; {EXPORT_AGAIN} as JSONL")
        yield number, record


def _name_and_text(record: dict[str, Any], line: int, where: str) -> tuple[str, str]:
    text = next((record[name] for name in TEXT if name in record), None)
    if not isinstance(text, str):
        raise ClaimlogError(f'{where}: has no "text"; {EXPORT_AGAIN} with its texts')
    identifier = record.get("id", line)
    return f"document {text_value(identifier)}", text


def _spans(record: dict[str, Any], where: str) -> Iterator[Any]:
    for name in SPANS:
        yield from _listed(record, name, where)


def _listed(record: dict[str, Any], name: str, where: str) -> list[Any]:
    value = record.get(name)
    if not isinstance(value, list | None):
        raise ClaimlogError(f'{where}: "{name}" is no list; {EXPORT_AGAIN} as JSONL')
    return value or []


def _annotation(span: Any, number: int, where: str) -> ForeignAnnotation:
    if isinstance(span, dict):
        start, end, label = (span.get(name) for name in ("start_offset", "end_offset", "label"))
    elif isinstance(span, list) and len(span) == 3:
        start, end, label = span
    else:
        start = end = label = None
    if not (is_offset(start) and is_offset(end) and isinstance(label, str)):
        raise ClaimlogError(
            f"{where}: a label is {text_value(span)[:60]}, expected [start, end, label] or "
            f"start_offset, end_offset and label; {EXPORT_AGAIN} of a project of sequence labelling"
        )
    return ForeignAnnotation(number, ((start, end),), (label,))


def _note_losses(project: Project, record: dict[str, Any], line: int) -> None:
    shown, where = f"{project.shown}:{line}", f"line {line}"
    for relation in _listed(record, RELATIONS, shown):
        kind = relation.get("type") if isinstance(relation, dict) else None
        project.losses.add_loss(f"a relation {text_value(kind)[:60]!r} between two spans", where)
    for name in COMMENTS:
        for _ in _listed(record, name, shown):
            project.losses.add_loss("a comment on a document", where)
    known = {"id", *TEXT, *SPANS, RELATIONS, *COMMENTS}
    for name in record:
        if name not in known and record[name] not in (None, "", [], {}):
            project.losses.add_loss(f'"{name[:60]}" of a document', where)
