"""Rules that need the texts: every anchor, and the wording of free text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from claimlog.count_wording import names_in_words
from claimlog.errors import ClaimlogError, Finding
from claimlog.limits import CHECKED_CHARACTERS, CHECKED_EACH
from claimlog.log.event_log import Log
from claimlog.log.sections import sections
from claimlog.schema.table_schema import Table
from claimlog.sources.anchor import COLUMNS, anchor, boundary_flaw
from claimlog.sources.text import Text, Texts, digest
from claimlog.sources.word_readings import Readings
from claimlog.validate.report import Report

ANCHORED = ("claims", "codings")
RULES = ("quote-hash", "anchor-words", "word-boundary", "own-words")

SOURCES_NAMED = 8
"""At most so many sources without a supplied text are named in a message."""


def check_anchors(
    log: Log, report: Report, texts: Texts | None, chosen: Iterable[Log] | None = None
) -> None:
    """Check live claims and codings against their texts, where these were supplied.

    Parameters
    ----------
    chosen
        The sections to check; all of the log by default.
    """
    sources = {row["source_id"]: row for row in log.live("sources").iter_rows(named=True)}
    coded = {name: row for name, row in sources.items() if row["text_sha256"]}
    if texts is None:
        anchors = sum(log.live_count(name) for name in ANCHORED)
        report.anchors_unchecked = anchors
        given = f"no texts were supplied: {anchors:,} anchors not checked; use --texts DIR"
        note = given if coded else None  # without a text there is nothing to supply
        report.count("text-identity", 0, len(coded), note)
        for rule in RULES:
            report.count(rule, 0, anchors, note)
        report.count("own-words", 0, sum(map(log.live_count, _worded_registers(log))), note)
        return
    found = {name: text for name, row in coded.items() if (text := texts.get(row["text_sha256"]))}
    sources_of: dict[str, list[str]] = {}
    for name in found:
        sources_of.setdefault(coded[name]["text_sha256"], []).append(name)
    coded_texts = [(found[names[0]], names) for names in sources_of.values()]
    absent = sorted(set(coded) - set(found))
    named = names_in_words(absent, SOURCES_NAMED)
    missing = f"no text supplied has the hash of {named}" if absent else None
    report.count("text-identity", len(found), len(absent), missing)
    for name, text in found.items():
        if len(text.content) != coded[name]["text_length"]:
            path, line = log.file_and_line("sources", coded[name]["batch"], coded[name]["line"])
            message = (
                f"text_length is {coded[name]['text_length']}, the text has {len(text.content)}"
            )
            report.fail(Finding("text-identity", path, message, line, name, "mend the length"))
    report.anchors_unchecked = 0
    room = PassageRoom(sum(log.live_count(name) for name in ANCHORED))
    for section in sections(log) if chosen is None else chosen:
        for stream in section.present_streams(*ANCHORED):
            frame = section.live(stream)
            for text, names in coded_texts:
                part = frame.filter(pl.col("source_id").is_in(names))
                if part.height:
                    report.anchors_unchecked += _check_stream(log, report, stream, part, text, room)
            skipped = frame.filter(~pl.col("source_id").is_in(list(found))).height
            report.anchors_unchecked += skipped
            for rule in RULES:
                report.count(rule, 0, skipped)
        for stream in section.present_streams(*_worded_registers(log)):
            every = [text for text, _ in coded_texts]
            _check_register(log, report, stream, section.live(stream), every)
    if report.anchors_unchecked:
        why = " and ".join(filter(None, (missing, room.why_spent)))
        for rule in ("text-identity", *RULES):
            report.count(rule, 0, 0, f"{why}: {report.anchors_unchecked:,} anchors not checked")


class PassageRoom:
    """How many more characters of passages may be compared with the texts."""

    def __init__(self, rows: int) -> None:
        self.most = self.left = CHECKED_CHARACTERS + CHECKED_EACH * rows

    @property
    def why_spent(self) -> str | None:
        """Why some passages were not compared; None where all were."""
        return None if self.left >= 0 else f"all passages have more than {self.most:,} characters"

    def holds(self, row: Mapping[str, Any], text: Text) -> bool:
        """Count a row's passage against the characters left; return whether they were enough."""
        start, end = row["start"], row["end"]
        if start is not None and end is not None:
            self.left -= len(text.content[start:end])
        return self.left >= 0


def _worded_registers(log: Log) -> list[str]:
    """Return the registers that have columns of free text in our own words."""
    return [
        name
        for name, table in log.definition.registers.items()
        if any(part.own_words for item in table.fields for part in (item, *item.fields))
    ]


def _check_register(
    log: Log, report: Report, stream: str, frame: pl.DataFrame, texts: Iterable[Text]
) -> None:
    """Check that free text of a register shares no long run of words with any source text."""
    report.count("own-words", frame.height)
    limit = log.definition.thresholds["shared_words"]
    runs = {digest(run) for text in texts for run in text.readings.runs(limit)}
    table = log.definition.streams[stream]
    for row in frame.iter_rows(named=True):
        path, line = log.file_and_line(stream, row["batch"], row["line"])
        for rule, message, remedy in borrowed_runs(free_texts(table, row), runs, limit):
            report.fail(Finding(rule, path, message, line, row[table.id], remedy))


def _check_stream(
    log: Log,
    report: Report,
    stream: str,
    frame: pl.DataFrame,
    text: Text,
    room: PassageRoom,
) -> int:
    """Check the rows of a stream against one text; return how many passages were left out."""
    claims = stream == "claims"
    skipped = 0
    limit = log.definition.thresholds["shared_words"]
    runs = {digest(run) for run in text.readings.runs(limit)}
    table = log.definition.streams[stream]
    for row in frame.iter_rows(named=True):
        path, line = log.file_and_line(stream, row["batch"], row["line"])
        is_held = room.holds(row, text)
        skipped += not is_held
        for rule, message, remedy in (
            *(_flaws(row, text, claims) if is_held else ()),
            *borrowed_runs(free_texts(table, row), runs, limit),
        ):
            report.fail(Finding(rule, path, message, line, row[table.id], remedy))
    report.count("own-words", frame.height)
    for rule in ("quote-hash", "word-boundary", *(("anchor-words",) if claims else ())):
        report.count(rule, frame.height - skipped, skipped)
    return skipped


def free_texts(table: Table, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the free texts of a row (column, text), those in lists included."""
    for item in table.fields:
        if item.own_words and row[item.name]:
            yield item.name, row[item.name]
        for inner in item.fields:
            for part in (row[item.name] if inner.own_words else None) or ():
                if part[inner.name]:
                    yield f"{item.name} {inner.name}", part[inner.name]


def borrowed_runs(
    texts: Iterable[tuple[str, str]], runs: set[str], limit: int
) -> Iterator[tuple[str, str, str]]:
    """Yield rule, message and remedy for each free text that has one of the runs of a source.

    Parameters
    ----------
    runs
        Hashes of all runs of `limit` words of the source, in every reading (`Readings.runs`).
    """
    for column, text in texts:
        try:
            readings = Readings.of(text)
        except ClaimlogError as error:
            yield "own-words", f"of the {column}: {error}", "amend it"
            continue
        for run in readings.runs(limit):
            if digest(run) in runs:
                message = f'the {column} shares {limit} words with the text: "{run}"'
                yield "own-words", message, "say it in our own words"
                break


def _flaws(row: Mapping[str, Any], text: Text, claims: bool) -> Iterator[tuple[str, str, str]]:
    start, end = row["start"], row["end"]
    if start is None or end is None:
        return  # of a row that is judged before it is whole
    again = "compute the anchor again: claimlog amend claim ID --quote"
    if digest(text.content[start:end]) != row["quote_sha256"]:
        yield "quote-hash", f"the passage at {start}-{end} has another hash", again
        return
    if flaw := boundary_flaw(text, start, end):
        yield "word-boundary", f"the passage at {start}-{end} {flaw}", again
    if not claims:
        return
    right = anchor(text, start, end).as_row()
    if wrong := [name for name in COLUMNS if row[name] != right[name]]:
        yield "anchor-words", f"{', '.join(wrong)} differ from those of the passage", again
