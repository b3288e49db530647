"""Correcting the text of a source: its passages are carried over, all of them or none."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

import polars as pl

from claimlog.edit.add_amend_retract import Row, make_writer
from claimlog.edit.append_lines import append_streams
from claimlog.edit.entity_history import find_entity
from claimlog.edit.find_quote import find_quote
from claimlog.edit.log_lock import locked_log
from claimlog.edit.row_writer import Writer, as_lines, text_identity
from claimlog.errors import ClaimlogError, UsageError
from claimlog.limits import PASSAGES_CHARACTERS
from claimlog.package import Package
from claimlog.sources.anchor import SeveralPlacesError, anchor
from claimlog.sources.carried_spans import carry_passages
from claimlog.sources.placement_outcome import MEANINGS, Outcome, Placement, Span
from claimlog.sources.text import Text, Texts, read_text
from claimlog.validate.anchors import ANCHORED

NOTHING = "nothing was corrected"
FURNITURE = "furniture"
T = TypeVar("T")
CARRIED = (Outcome.FOUND, Outcome.MOVED)
"""Outcomes with which a passage has the same words in the corrected text."""


@dataclass(frozen=True)
class Decisions:
    """What becomes of passages that the corrected text does not hold with the same words.

    Attributes
    ----------
    quotes
        By identifier the words of the corrected text that the row is anchored at from now on.
    occurrences
        By identifier which of several places of those words is meant, 1-based.
    drop
        Rows that are retracted, and page furniture (``furniture:1``) that is left out.
    drops_all
        Whether everything else that is not carried is dropped too.
    takes_changed
        Whether a passage that has other words now is carried to them.
    """

    quotes: Mapping[str, str] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    drops_all: bool = False
    takes_changed: bool = False
    occurrences: Mapping[str, int] = field(default_factory=dict)

    def of_passages(self, passages: Sequence[Passage]) -> Decisions:
        """Return these with the bare identifier of a passage that is named STREAM/IDENTIFIER.

        Raises
        ------
        UsageError
            If two are about one passage.
        """
        bare = {f"{one.stream}/{one.identifier}": one.identifier for one in passages}
        quotes = by_identifier("--quote", self.quotes.items(), bare)
        drop = frozenset(bare.get(name, name) for name in self.drop)
        if both := sorted(quotes.keys() & drop):
            raise UsageError(f"--drop {both[0]}: has a --quote too; give one of both; {NOTHING}")
        occurrences = by_identifier("--occurrence", self.occurrences.items(), bare)
        if loose := sorted(occurrences.keys() - quotes.keys()):
            raise UsageError(
                f"--occurrence {loose[0]}: has no --quote; give its words, too; {NOTHING}"
            )
        return replace(self, quotes=quotes, occurrences=occurrences, drop=drop)


def by_identifier(
    option: str, given: Iterable[tuple[str, T]], bare: Mapping[str, str] = {}
) -> dict[str, T]:
    """Return what an option gives of each row, by its identifier.

    Parameters
    ----------
    bare
        Identifiers by other names of the rows.

    Raises
    ------
    UsageError
        If it gives two for one.
    """
    found: dict[str, T] = {}
    for name, value in given:
        identifier = bare.get(name, name)
        if identifier in found:
            raise UsageError(f"{option} {identifier}: is given twice; give one of both; {NOTHING}")
        found[identifier] = value
    return found


@dataclass(frozen=True)
class Passage:
    """A passage of the source, and where it stands in the corrected text.

    ``stream`` is `FURNITURE` for a range of page furniture.
    """

    stream: str
    identifier: str
    span: Span
    placement: Placement

    @property
    def is_carried(self) -> bool:
        return self.placement.outcome in CARRIED

    def __str__(self) -> str:
        start, end = self.span
        why = self.placement.reason or MEANINGS[self.placement.outcome]
        place = "" if self.placement.span is None else " (now {}-{})".format(*self.placement.span)
        return f"{self.identifier} at {start}-{end}: {self.placement.outcome.value}{place}: {why}"


@dataclass(frozen=True)
class Correction:
    """What correcting did: the passages, and the new rows by stream."""

    passages: Sequence[Passage]
    rows: Mapping[str, Sequence[Row]]

    def count(self, action: str) -> int:
        """Return how many rows do something: ``amend`` or ``retract``."""
        return sum(row["action"] == action for rows in self.rows.values() for row in rows)


class UndecidedError(ClaimlogError):
    """Passages that are not carried, and of which nobody said what becomes of them."""

    def __init__(self, source: str, passages: Sequence[Passage]) -> None:
        self.passages = [*passages]
        number = len(self.passages)
        which = f"{number} passage{'s are' if number > 1 else ' is'}"
        super().__init__(
            f"{source}: {which} not carried to the corrected text; say of each what becomes of it: "
            f"--quote ID=WORDS, --drop ID, --drop all, or --changed for other words; {NOTHING}"
        )


def correct(
    package: Package,
    source: str,
    path: Path,
    texts: Texts,
    decisions: Decisions,
    reason: str,
    recorded_by: str,
    today: date | None = None,
) -> Correction:
    """Amend a source to a corrected text, and whatever is anchored in it to the places there.

    Parameters
    ----------
    path
        The file of the corrected text.
    texts
        Holds the corrected text and the one that was coded.

    Raises
    ------
    UndecidedError
        With every passage that is not carried and that no decision is about.
    ClaimlogError
        If the source or a text is not there, or a decision is about no such passage.
    FindingsError
        If the log would break a rule.
    """
    with locked_log(package) as sealed:
        writer = make_writer(sealed, texts, recorded_by, today)
        before = _live_source(writer, source)
        coded, corrected = _coded_text(before, texts), _corrected_text(path, before, texts)
        anchored = {name: _anchored_rows(writer, name, source) for name in ANCHORED}
        passages = [*_passages(writer, before, anchored, coded, corrected)]
        decisions = decisions.of_passages(passages)
        _refuse_undecided(source, passages, decisions)
        plan = _Plan(writer, corrected, source, passages, decisions, reason)
        rows = plan.rows(before, path)
        lines = {name: as_lines(listed) for name, listed in rows.items()}
        append_streams(sealed, lines, texts, outcome=NOTHING)
    return Correction(passages, rows)


def _live_source(writer: Writer, source: str) -> Row:
    rows = writer.log.live("sources").filter(pl.col("source_id") == source)
    if rows.is_empty():
        writer.retraction("sources", source, "")  # says what the source is instead
    return rows.to_dicts()[0]


def _coded_text(before: Row, texts: Texts) -> Text:
    sha256 = before["text_sha256"]
    if sha256 is None:
        raise ClaimlogError(
            f"{before['source_id']} has no text to correct; give it one: "
            f"claimlog amend source {shlex.quote(before['source_id'])} --text FILE "
            f'--reason "…"; {NOTHING}'
        )
    text = texts.get(sha256)
    if text is None:
        raise ClaimlogError(
            f"{texts.folder}: no text has the SHA-256 {sha256[:12]}… of {before['source_id']}; "
            f"put the text that was coded there, because it is aligned with; {NOTHING}"
        )
    return text


def _corrected_text(path: Path, before: Row, texts: Texts) -> Text:
    text = read_text(path)
    if text.sha256 == before["text_sha256"]:
        raise UsageError(f"{path}: is the text of {before['source_id']} already; {NOTHING}")
    if texts.get(text.sha256) is None:
        raise UsageError(
            f"{path}: is not below {texts.folder}; put a copy there, beside the text that was "
            f"coded, so that anchors can be checked against both; {NOTHING}"
        )
    return text


def _anchored_rows(writer: Writer, stream: str, source: str) -> list[Row]:
    if stream not in writer.log.section_tables:
        return []
    table = writer.log.definition.streams[stream]
    rows = writer.log.live(stream).filter(pl.col("source_id") == source).sort("start", table.id)
    return rows.select(table.names).to_dicts()


def _passages(
    writer: Writer,
    before: Row,
    anchored: Mapping[str, Sequence[Row]],
    coded: Text,
    corrected: Text,
) -> Iterator[Passage]:
    """Yield every passage of a source with its place, those of page furniture last."""
    places = [
        (stream, row[writer.log.definition.streams[stream].id], (row["start"], row["end"]))
        for stream, rows in anchored.items()
        for row in rows
    ]
    places += [
        (FURNITURE, f"{FURNITURE}:{number}", (part["start"], part["end"]))
        for number, part in enumerate(before["furniture"] or (), 1)
    ]
    if sum(end - start for _, _, (start, end) in places) > PASSAGES_CHARACTERS:
        raise ClaimlogError(
            f"{before['source_id']}: its passages have more than {PASSAGES_CHARACTERS:,} "
            "characters together, more than are looked for in a corrected text; retract those that "
            f"are none first; {NOTHING}"
        )
    placed = carry_passages(coded, corrected, [span for _, _, span in places])
    for stream, identifier, span in places:
        yield Passage(stream, identifier, span, placed[span])


def _refuse_undecided(source: str, passages: Sequence[Passage], decisions: Decisions) -> None:
    names = {one.identifier for one in passages}
    if unknown := [name for name in decisions.quotes if name not in names]:
        raise UsageError(f"--quote {unknown[0]}: is no passage of {source}; {NOTHING}")
    undecided = [
        one
        for one in passages
        if not one.is_carried
        and not (decisions.takes_changed and one.placement.outcome is Outcome.CHANGED)
        and one.identifier not in {*decisions.quotes, *decisions.drop}
        and not decisions.drops_all
    ]
    if undecided:
        raise UndecidedError(source, undecided)


@dataclass(frozen=True)
class _Plan:
    """Makes the rows of a correction, once everything that is not carried is decided."""

    writer: Writer
    text: Text
    source: str
    passages: Sequence[Passage]
    decisions: Decisions
    reason: str

    def rows(self, before: Row, path: Path) -> dict[str, list[Row]]:
        """Return the new rows by stream; what stands where it stood has none."""
        rows: dict[str, list[Row]] = {}
        ranges: list[Row] = []
        for stream in {one.stream for one in self.passages} - {FURNITURE}:
            named = (one.identifier for one in self.passages if one.stream == stream)
            self.writer.last.read(stream, named)
        for one in self.passages:
            if one.stream == FURNITURE:
                span = self._span(one)
                part = before[FURNITURE][int(one.identifier.partition(":")[2]) - 1]
                ranges += [{**part, "start": span[0], "end": span[1]}] if span else []
            elif row := self._row(one):
                rows.setdefault(one.stream, []).append(row)
        for name in sorted(self.decisions.drop - {one.identifier for one in self.passages}):
            stream, identifier, _ = find_entity(self.writer.log, name)
            if (stream, identifier) == ("sources", self.source):
                raise UsageError(
                    f"--drop {name}: is the source that is corrected; to retract it and what is "
                    f"anchored in it is another thing than to correct it; {NOTHING}"
                )
            rows.setdefault(stream, []).append(self._retraction(stream, identifier))
        given = text_identity(path) | ({FURNITURE: ranges} if before[FURNITURE] else {})
        amended = self.writer.amendment("sources", self.source, given, self.reason)
        return {**rows, "sources": [amended, *rows.get("sources", [])]}

    def _row(self, one: Passage) -> Row | None:
        span = self._span(one)
        if span is None:
            return self._retraction(one.stream, one.identifier)
        found = anchor(self.text, *span)
        return self.writer.reanchoring(one.stream, one.identifier, found, self.reason)

    def _retraction(self, stream: str, identifier: str) -> Row:
        return self.writer.retraction(stream, identifier, self.reason)

    def _span(self, one: Passage) -> Span | None:
        """Return the new place of a passage; None if it is dropped."""
        if quote := self.decisions.quotes.get(one.identifier):
            return self._quoted(one.identifier, quote)
        if one.identifier in self.decisions.drop:
            return None
        is_taken = self.decisions.takes_changed and one.placement.outcome is Outcome.CHANGED
        return one.placement.span if one.is_carried or is_taken else None

    def _quoted(self, identifier: str, quote: str) -> Span:
        """Return where a quote stands in the corrected text; whose it is, an error says."""
        occurrence = self.decisions.occurrences.get(identifier)
        shown = f"--quote {identifier}"
        try:
            found = find_quote(self.text, quote, occurrence, shown)
        except SeveralPlacesError as error:
            raise ClaimlogError(
                f"{error.places}; say which with --occurrence {identifier}=N, or quote more of it; "
                f"{NOTHING}"
            ) from error
        except ClaimlogError as error:
            raise type(error)(f"{error}; {NOTHING}") from error
        return found.start, found.end
