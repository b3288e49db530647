"""Rows of ours as files for other tools, and what is lost on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from claimlog.errors import ClaimlogError, UsageError, suggest
from claimlog.file_names import distinct_files
from claimlog.interchange.loss_report import LossReport
from claimlog.interchange.uima_cas import JSON_FORMAT, XMI_FORMAT
from claimlog.interchange.uima_cas_writer import TYPE_SYSTEM, CasWriter
from claimlog.interchange.web_annotation import annotation_page, content_annotation
from claimlog.interchange.web_annotation_reader import FORMAT as WEB_ANNOTATION
from claimlog.log.event_log import Log
from claimlog.schema.table_schema import Table
from claimlog.sources.anchor import COLUMNS as ANCHOR
from claimlog.sources.text import Text, Texts

FORMATS = (WEB_ANNOTATION, JSON_FORMAT, XMI_FORMAT)
STREAMS = ("claims", "codings")
"""Streams whose rows have a passage."""

LOSSES = "losses.json"
Row = dict[str, Any]


@dataclass
class Export:
    """Files to write, by name, and what is in none of them."""

    files: dict[str, bytes] = field(default_factory=dict)
    losses: LossReport = field(default_factory=LossReport)
    number: int = 0
    holds_words: bool = False


def exported_rows(
    log: Log,
    stream: str,
    name: str,
    texts: Texts | None,
    only: Mapping[str, Any],
) -> Export:
    """Return files with the live rows of a stream.

    Parameters
    ----------
    name
        The format, one of `FORMATS`.
    texts
        Texts of sources, where the user has them; words are in the files only then.
    only
        Columns and the value that a row must have there to be exported.

    Raises
    ------
    ClaimlogError
        If there is no such row, or a format that holds the text is asked for without it.
    """
    table = log.definition.streams[stream]
    rows = _rows(log, table, only)
    listed = log.live("sources").select("source_id", "language", "text_sha256").to_dicts()
    sources = {source["source_id"]: source for source in listed}
    export = Export(number=len(rows))
    hashes = {name: source["text_sha256"] for name, source in sources.items()}
    at_hand = {
        source: text
        for source in dict.fromkeys(row["source_id"] for row in rows)
        if texts is not None and (text := texts.get(hashes.get(source)))
    }
    _note_losses(log, table, rows, export.losses)
    if name == WEB_ANNOTATION:
        _add_annotations(export, table, rows, sources, at_hand)
    else:
        _add_documents(export, table, rows, sources, at_hand, name)
    export.files[LOSSES] = export.losses.as_json()
    return export


def _rows(log: Log, table: Table, only: Mapping[str, Any]) -> list[Row]:
    frame = log.live(table.name)
    for column, value in only.items():
        if column not in frame.columns:
            raise UsageError(f"{table.name} have no column {column}; leave the option out")
        known = tuple(str(part) for part in frame[column].unique().drop_nulls())
        frame = frame.filter(pl.col(column) == value)
        if frame.is_empty():
            raise ClaimlogError(
                f'no row of {table.name} has {column} "{value}"{suggest(str(value), known)}; '
                "nothing was written"
            )
    if frame.is_empty():
        raise ClaimlogError(f"there are no {table.name}; nothing was written")
    return frame.sort("source_id", "start", "end", "seq").to_dicts()


def _content(table: Table, row: Row) -> Row:
    """Return what a row says beside its place, without what is empty."""
    names = (table.id, *table.content)
    left = {*ANCHOR, "source_id"}
    return {name: row[name] for name in names if name not in left and row[name] not in (None, [])}


def _note_losses(log: Log, table: Table, rows: list[Row], losses: LossReport) -> None:
    for row in rows:
        if row["version"] > 1:
            losses.add_loss("earlier versions of a row, and the reasons of changes", row[table.id])
    losses.add_loss(
        "who recorded a row and its place in the log, which only the log can prove",
        f"{len(rows):,} {table.name if len(rows) > 1 else table.entity}",
    )
    if table.name == "claims" and "links" in log.definition.streams:
        exported = {row[table.id] for row in rows}
        links = log.live("links").select("link_id", "from_claim_id", "to_claim_id")
        for link, *ends in links.iter_rows():
            if exported & set(ends):
                losses.add_loss("a link between claims", link)


def _add_annotations(
    export: Export,
    table: Table,
    rows: list[Row],
    sources: Mapping[str, Row],
    texts: Mapping[str, Text],
) -> None:
    annotations = []
    for row in rows:
        source = row["source_id"]
        text = texts.get(source)
        if text is None:
            export.losses.add_loss(
                f"the words of passages in {source}, because its text is not at hand",
                row[table.id],
            )
        content = _content(table, row)
        annotations.append(content_annotation(row, content, sources.get(source), text))
    export.files[f"{table.name}.jsonld"] = annotation_page(annotations, table.title)
    export.holds_words = bool(texts)


def _add_documents(
    export: Export,
    table: Table,
    rows: list[Row],
    sources: Mapping[str, Row],
    texts: Mapping[str, Text],
    name: str,
) -> None:
    if not texts:
        raise UsageError(
            f"{name}: holds the text itself, and no text of these {table.name} is at hand; name "
            "the directory of texts with --texts DIR or CLAIMLOG_TEXTS"
        )
    contents = [(row, _content(table, row)) for row in rows]
    columns = dict.fromkeys(name for _, content in contents for name in content)
    writer = CasWriter(table, columns, name)
    files = distinct_files(texts, writer.ending, (LOSSES, TYPE_SYSTEM))
    for source, text in texts.items():
        passages = [
            (row["start"], row["end"], content)
            for row, content in contents
            if row["source_id"] == source
        ]
        language = str(sources[source]["language"])
        export.files[files[source]] = writer.document(text, language, passages)
    if name == XMI_FORMAT:
        export.files[TYPE_SYSTEM] = writer.type_system_file()
    for row in rows:
        if row["source_id"] not in texts:
            export.number -= 1
            export.losses.add_loss(
                f"rows of {row['source_id']}, because its text is not at hand", row[table.id]
            )
    export.holds_words = True
