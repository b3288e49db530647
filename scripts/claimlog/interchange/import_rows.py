"""Rows of ours from the annotations of another tool, and what is lost on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from claimlog.edit.add_amend_retract import Entries
from claimlog.edit.cell_values import fill_keys, most_values
from claimlog.edit.row_origin import RowOrigin
from claimlog.errors import ClaimlogError, Suggestions, UsageError
from claimlog.interchange.annotation_placement import (
    DocumentPlacement,
    ImportedTexts,
    NoPlaceError,
    WrongPlaceError,
)
from claimlog.interchange.annotation_wording import annotation_name, described_annotation
from claimlog.interchange.annotations import ForeignAnnotation, Project
from claimlog.interchange.foreign_files import text_value
from claimlog.interchange.import_mapping import (
    AttributeRule,
    ImportMapping,
    code_flaw,
    column_value,
)
from claimlog.interchange.loss_report import LossReport
from claimlog.interchange.offsets import OffsetMap
from claimlog.limits import ADDED_ROW_BYTES, ADDED_VALUES, JOINED_VALUES, PASSAGE_ROWS
from claimlog.log.event_log import Log
from claimlog.schema.table_schema import Table
from claimlog.sources.text import Texts, digest

Row = dict[str, Any]

PLACE = {"source_id", "start", "end", "coder", "pass"}
"""Columns by which annotations of one passage are told from others."""


@dataclass
class _Passage:
    """A row to be: its columns, and the annotations that it is made of."""

    columns: Row
    place: str
    numbers: list[int] = field(default_factory=list)


def sources_of_documents(project: Project, log: Log) -> dict[str, str | None]:
    """Return the source that each annotated document is, by the hash of its text or its name.

    None stands for a document that no source is.
    """
    sources = log.live("sources").select("source_id", "text_sha256", "url")
    by_hash: dict[str, str] = {}
    by_name: dict[str, str] = {}
    for identifier, sha256, url in sources.iter_rows():
        if sha256:
            by_hash.setdefault(sha256, identifier)
            by_name |= {identifier: identifier, **({url: identifier} if url else {})}
    found: dict[str, str | None] = {}
    for document in project.documents:
        if not document.annotations:
            continue
        sha256 = document.sha256
        if document.text is not None:
            sha256 = digest(OffsetMap(document.text, project.unit).canonical)
        source = by_hash.get(sha256 or "")
        if source is None and document.text is None:
            source = by_name.get(document.name)
        found[document.name] = source
    return found


def imported_rows(
    project: Project,
    mapping: ImportMapping,
    log: Log,
    texts: Texts,
    fixed: Mapping[str, Any],
) -> Entries:
    """Return new rows of the mapping's stream; `project.losses` tells what is in none of them.

    Annotations of one passage by one coder become one row, as far as they say nothing that differs.

    Parameters
    ----------
    fixed
        Columns that all rows have, whatever the files say.

    Raises
    ------
    ClaimlogError
        If the mapping lacks a name that occurs, a text is not at hand, or there are more values
        than `limits.ADDED_VALUES` in lists.
    """
    table = log.definition.streams[mapping.stream]
    _refuse_many_values(project, mapping, table)
    losses, suggestions = project.losses, Suggestions()
    placements = _placements(project, mapping, log, texts)
    passages: dict[tuple[Any, ...], list[_Passage]] = {}
    for document, annotation in project.annotations():
        where = annotation_name(annotation)
        placement = placements[document.name]
        if placement is None:
            losses.add_loss(f"document {document.name!r}, to which the mapping says null", where)
            continue
        words = placement[1].words(annotation)
        described = described_annotation(annotation, document.name, words)
        try:
            columns = _columns(table, mapping, annotation, losses, where, fixed, suggestions)
        except UsageError as error:
            losses.add_refusal(str(error), described)
            continue
        columns = columns and _coder(table, mapping, annotation, columns, fixed, losses, where)
        if columns is None:
            continue
        try:
            start, end = placement[1].place(annotation)
        except NoPlaceError as error:
            losses.add_loss(str(error), where)
            continue
        except WrongPlaceError as error:
            losses.add_refusal(str(error), described)
            continue
        columns |= {"source_id": placement[0], "start": start, "end": end, **fixed}
        key = (placement[0], start, end, columns.get("coder"), columns.get("pass"))
        alike = passages.setdefault(key, [])
        _merge(table, alike, columns, annotation, losses, described)
    found = sorted((p for alike in passages.values() for p in alike), key=lambda p: p.numbers[0])
    rows = [{**mapping.constants, **passage.columns} for passage in found]
    _require_coder(table, rows, project)
    return Entries(rows, RowOrigin(project.shown, [passage.place for passage in found]))


def _refuse_many_values(project: Project, mapping: ImportMapping, table: Table) -> None:
    """Refuse lists of which all rows together would hold too much, before they are made."""
    rules = mapping.attributes.items()
    lists = {
        name
        for name, rule in rules
        if isinstance(rule, AttributeRule) and table.by_name[rule.column].type == "array"
    }
    values = 0
    for _, annotation in project.annotations():
        given = annotation.attributes.items()
        values += sum(most_values(text) for name, text in given if name in lists)
        if values > ADDED_VALUES:
            raise ClaimlogError(
                f"{project.shown}: has more than {ADDED_VALUES:,} values in lists; import it in "
                "parts; nothing was added"
            )


def _require_coder(table: Table, rows: list[Row], project: Project) -> None:
    """Refuse codings of which nobody says who made them, and in which pass."""
    for name, option in (("coder", "--coder ROLE"), ("pass", "--pass N")):
        if name in table.names and any(row.get(name) is None for row in rows):
            raise UsageError(
                f"{project.shown}: does not say the {name} of its codings; say it with {option}; "
                "nothing was added"
            )


def _placements(
    project: Project, mapping: ImportMapping, log: Log, texts: Texts
) -> dict[str, tuple[str, DocumentPlacement] | None]:
    """Return for each document its source and how offsets become ours; None to leave it out."""
    hashes = dict(log.live("sources").select("source_id", "text_sha256").iter_rows())
    found: dict[str, tuple[str, DocumentPlacement] | None] = {}
    shared = ImportedTexts()
    for document in project.documents:
        if not document.annotations:
            continue
        source = _meaning(mapping.documents, document.name, "document")
        if source is None:
            found[document.name] = None
            continue
        if hashes.get(source) is None:
            raise ClaimlogError(
                f'{project.shown}: document {document.name!r} is to be source "{source}", which '
                "is not registered with a text; add it first: claimlog add source"
            )
        text = texts.get(hashes[source])
        if text is None:
            raise ClaimlogError(
                f"{texts.folder}: no text has the SHA-256 {hashes[source][:12]}… of {source}; "
                "supply the copy that was coded"
            )
        placement = DocumentPlacement(document, text, mapping.unit, mapping.crlf, shared)
        found[document.name] = (source, placement)
    return found


def _meaning(group: Mapping[str, Any], name: str, kind: str) -> Any:
    if name not in group:
        raise ClaimlogError(
            f"the mapping has no {kind} {name!r}; add it, or move the mapping away to have it "
            "written anew"
        )
    return group[name]


def _columns(
    table: Table,
    mapping: ImportMapping,
    annotation: ForeignAnnotation,
    losses: LossReport,
    where: str,
    fixed: Mapping[str, Any],
    suggestions: Suggestions,
) -> Row | None:
    """Return the columns that labels and attributes stand for; None if there is nothing of it."""
    columns: Row = {}
    is_meant = False
    for label in annotation.labels:
        meaning = _meaning(mapping.labels, label, "label")
        if meaning is None:
            losses.add_loss(f"label {label!r}, which has no counterpart", where)
            continue
        is_meant = True
        for name, value in meaning.items():
            _set(table, columns, name, value, losses, where)
    if annotation.labels and not is_meant:
        return None
    for name, text in annotation.attributes.items():
        if not text:
            continue
        rule = _meaning(mapping.attributes, name, "attribute")
        if rule is None and str(fixed.get(name)) == text:
            continue  # what the user said for all rows
        if rule is None:
            losses.add_loss(f"attribute {name!r}, which has no counterpart", where)
            continue
        value = _value(table, rule, text, suggestions)
        if value is None:
            losses.add_loss(f"{text[:80]!r} of {name!r}, which has no counterpart", where)
            continue
        is_meant = True
        _set(table, columns, rule.column, value, losses, where)
    if not is_meant:
        losses.add_loss("an annotation that says nothing about its passage", where)
        return None
    return columns


def _value(table: Table, rule: AttributeRule, text: str, suggestions: Suggestions) -> Any:
    value = rule.values.get(text, text)
    if value is None:
        return None
    item = table.by_name[rule.column]
    if isinstance(value, str) and len(value) > ADDED_ROW_BYTES:
        raise UsageError(
            f'"{item.name}" has {len(value):,} characters, and no row has more than '
            f"{ADDED_ROW_BYTES:,} bytes; shorten it in the tool"
        )
    typed = column_value(item, value)
    if isinstance(typed, list):
        try:
            typed = fill_keys(item, typed)
        except ClaimlogError as error:
            raise UsageError(str(error)) from error
    if flaw := code_flaw(item, typed, suggestions):
        raise UsageError(f"{flaw}; say in the mapping what {text[:40]!r} stands for")
    return typed


def _set(table: Table, columns: Row, name: str, value: Any, losses: LossReport, where: str) -> None:
    """Set a column; lists are joined, and of two other values the first stays."""
    before = columns.get(name)
    if before is None or before == value:
        columns[name] = value
    elif table.by_name[name].type == "array" and isinstance(value, list):
        if len(before) >= JOINED_VALUES:
            losses.add_loss(f"values of {name} beyond {JOINED_VALUES} of a passage", where)
            return
        known = {*map(text_value, before)}
        columns[name] = before + [part for part in value if text_value(part) not in known]
    else:
        other, given = (part[:80] if isinstance(part, str) else part for part in (before, value))
        losses.add_loss(f"{name} {given!r}, because it is {other!r} for the same passage", where)


def _coder(
    table: Table,
    mapping: ImportMapping,
    annotation: ForeignAnnotation,
    columns: Row,
    fixed: Mapping[str, Any],
    losses: LossReport,
    where: str,
) -> Row | None:
    """Add who coded, as the mapping names them; None if they are left out."""
    if annotation.coder is None:
        return columns
    if "coder" not in table.names or "coder" in fixed:
        said = f"that {annotation.coder!r} made it"
        if annotation.coder != fixed.get("coder"):
            losses.add_loss(said, where)
        return columns
    coder = _meaning(mapping.coders, annotation.coder, "coder")
    if coder is None:
        losses.add_loss(f"coder {annotation.coder!r}, to whom the mapping says null", where)
        return None
    return {**columns, "coder": coder}


def _merge(
    table: Table,
    alike: list[_Passage],
    columns: Row,
    annotation: ForeignAnnotation,
    losses: LossReport,
    described: str,
) -> None:
    """Add what an annotation says to a row of the same passage, or make a row of its own."""
    where = annotation_name(annotation)
    for passage in alike[:PASSAGE_ROWS]:
        shared = [name for name in columns if passage.columns.get(name) is not None]
        if all(passage.columns[name] == columns[name] for name in shared):
            if len(shared) == len(columns):
                losses.add_loss("an annotation that says what another one says", where)
            passage.columns |= columns
            passage.numbers.append(annotation.number)
            return
    key = table.natural_key
    if alike and key and set(key.columns) <= PLACE:
        # the stream has one row for a passage of a coder
        for name, value in columns.items():
            _set(table, alike[0].columns, name, value, losses, where)
        alike[0].numbers.append(annotation.number)
        return
    alike.append(_Passage(columns, described, [annotation.number]))


def require_one_coder(project: Project, fixed: Mapping[str, Any]) -> None:
    """Refuse to put the work of several people under the name of one coder.

    Raises
    ------
    UsageError
        If the files are of several, and the user named one for all.
    """
    names = {annotation.coder for _, annotation in project.annotations() if annotation.coder}
    if "coder" in fixed and len(names) > 1:
        listed = ", ".join(sorted(names)[:5])
        raise UsageError(
            f"{project.shown}: is the work of {len(names)} people ({listed}); leave out --coder, "
            "and say in the mapping who each of them is"
        )


def registered_coders(log: Log) -> list[str]:
    """Return the identifiers of the coders that are registered; none without a register."""
    if "coders" not in log.definition.streams:
        return []
    return log.live("coders").select(pl.col("coder_id")).to_series().to_list()
