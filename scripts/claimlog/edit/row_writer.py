"""Making new rows: identifiers, versions, times and anchors."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from claimlog.edit.cell_values import TOO_LARGE, fill_keys
from claimlog.edit.clock import now
from claimlog.edit.find_quote import find_quote, occurrence_at, refuse_other_place
from claimlog.edit.identifier_numbers import (
    NumberedIdentifiers,
    UsedNumbers,
    numbered_claims_of,
    numbered_identifiers_of,
)
from claimlog.edit.last_versions import LastVersions
from claimlog.edit.quote_places import QuotePlaces
from claimlog.edit.resolve_names import EntityNames
from claimlog.edit.row_faults import PASSAGE, ColumnFault, UnfitRowError
from claimlog.edit.row_inputs import ANCHORED, DOCUMENT, passage_options, row_inputs
from claimlog.errors import ClaimlogError, Suggestions, UsageError
from claimlog.limits import PASSAGES_CHARACTERS
from claimlog.log.canonical import encode, type_flaw
from claimlog.log.event_log import Log
from claimlog.schema.table_schema import Table, empty_retired
from claimlog.sources.anchor import COLUMNS, Anchor, anchor
from claimlog.sources.documents.document_formats import is_document
from claimlog.sources.text import Text, Texts, read_text
from claimlog.sources.text_formats import text_flaw
from claimlog.strict_json import LARGEST_INTEGER

COLUMN_NEARNESS = 0.55
"""How alike a name must be to that of a column to be a slip of it: names of columns often share
their end (`_id`), and one that is wrongly offered does no harm."""


class Writer:
    """Makes rows that follow a log; every row it made counts for the ones after."""

    def __init__(
        self, log: Log, texts: Texts | None, recorded_by: str, by_words: bool = False
    ) -> None:
        self.log = log
        self.texts = texts
        self.by_words = by_words
        self.suggestions = Suggestions()
        self.places = QuotePlaces()
        self.names = EntityNames(log, self.suggestions)
        self.last = LastVersions(log)
        self.recorded_by = recorded_by
        self.used: dict[str, UsedNumbers] = {}
        self._passages: Counter[str] = Counter()
        # a clock that went back must not make the log run backwards
        self.recorded_at = max(now(), log.last_time or "")

    def content(self, stream: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the state of a new entity; its identifier is empty if none was given.

        Raises
        ------
        ClaimlogError
            If a key is unknown, a value has the wrong type, or the passage cannot be found.
        """
        return self._state(self.log.definition.streams[stream], given, {})

    def assertion(self, stream: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return the row that asserts a new entity of which `content` returned the state.

        Raises
        ------
        ClaimlogError
            If its identifier is taken, or it has none and cannot be given the next one.
        """
        table = self.log.definition.streams[stream]
        state = {**content}
        is_new = not state.get(table.id)
        if is_new:
            state[table.id] = self._next_id(stream, table, state)
        self._used(stream).take(state[table.id])
        before = None if is_new else self.last.of(stream, state[table.id])
        if before is not None and before["action"] == "retract":
            raise ClaimlogError(
                f"{state[table.id]} was retracted (version {before['version']}); an identifier is "
                f"never used again: leave out {table.id}, or give a new one"
            )
        if before is not None:
            raise ClaimlogError(
                f"{state[table.id]} exists already (version {before['version']}); "
                f"change it with claimlog amend {table.entity} {shlex.quote(str(state[table.id]))}"
            )
        return self._row(table, state, "assert", 1, None)

    def amendment(
        self, stream: str, identifier: str, given: Mapping[str, Any], reason: str
    ) -> dict[str, Any]:
        """Return the row that amends a live entity; what is not given stays.

        Raises
        ------
        ClaimlogError
            As for `content`, or if the entity is not live.
        """
        table = self.log.definition.streams[stream]
        before = self._live(stream, table, identifier)
        state = self._state(table, given, before)
        state[table.id] = identifier
        return self._row(table, state, "amend", before["version"] + 1, reason)

    def reanchoring(
        self, stream: str, identifier: str, place: Anchor, reason: str
    ) -> dict[str, Any] | None:
        """Return the row that gives a live entity another anchor, None where it is the same.

        Raises
        ------
        ClaimlogError
            If the entity is not live.
        """
        table = self.log.definition.streams[stream]
        before = self._live(stream, table, identifier)
        anchored = {k: value for k, value in place.as_row().items() if k in table.by_name}
        if all(before[name] == value for name, value in anchored.items()):
            return None
        return self._row(table, {**before, **anchored}, "amend", before["version"] + 1, reason)

    def changes(self, stream: str, row: Mapping[str, Any]) -> bool:
        """Whether an amendment says anything else than the state that it amends."""
        table = self.log.definition.streams[stream]
        before = self._live(stream, table, row[table.id])
        return any(row[name] != before[name] for name in table.in_use)

    def retraction(self, stream: str, identifier: str, reason: str) -> dict[str, Any]:
        """Return the row that retracts a live entity.

        Raises
        ------
        ClaimlogError
            If the entity is not live.
        """
        table = self.log.definition.streams[stream]
        before = self._live(stream, table, identifier)
        return self._row(table, before, "retract", before["version"] + 1, reason)

    def _row(
        self, table: Table, state: dict[str, Any], action: str, version: int, reason: str | None
    ) -> dict[str, Any]:
        return {
            **{
                name: empty_retired(table.by_name[name], state[name])
                for name in (table.id, *table.content)
            },
            "action": action,
            "version": version,
            "recorded_at": self.recorded_at,
            "recorded_by": self.recorded_by,
            "reason": reason,
        }

    def _state(
        self, table: Table, given: Mapping[str, Any], before: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the full content of a row from what is given and what was before.

        Raises
        ------
        UnfitRowError
            With all that is wrong with it.
        UsageError
            If the directory of texts is not named.
        """
        inputs = row_inputs(table)
        faults: list[ColumnFault] = []
        state = {
            item.name: before.get(item.name, [] if item.type == "array" else None)
            for item in table.fields
            if item.name in (table.id, *table.content)
        }
        for key, value in given.items():
            if key not in inputs or (key == DOCUMENT and value is not None):
                try:
                    state[key] = self._value(table, inputs, key, value)
                except ClaimlogError as error:
                    faults.append(ColumnFault((key,), error))
        wrong = {name for fault in faults for name in fault.columns}
        if table.name in ANCHORED and not wrong.intersection(PASSAGE):
            place = {name: given[name] for name in (*inputs, *COLUMNS) if name in given}
            try:
                state |= self._passage(table, state, place, before)
            except UsageError:
                raise  # of the directory of texts, not of the row
            except ClaimlogError as error:
                faults.append(ColumnFault(PASSAGE, error))
        try:
            if "text" in inputs and given.get("text") is not None:
                state |= text_identity(Path(str(given["text"])))
            if table.name == "sources" and before and state["text_sha256"] != before["text_sha256"]:
                self._refuse_loose_anchors(state, before)
        except ClaimlogError as error:
            faults.append(ColumnFault(("text_sha256", "text_length"), error))
        if faults:
            raise UnfitRowError(faults, state)
        return state

    def _value(self, table: Table, inputs: tuple[str, ...], key: str, value: Any) -> Any:
        """Return the value of a column as it is stored.

        Raises
        ------
        ClaimlogError
            If there is no such column, or it holds no such value.
        """
        allowed = (table.id, *table.in_use)
        if key in table.by_name and table.by_name[key].retired:
            raise ClaimlogError(
                f'"{key}" is retired, so that new rows leave it empty (schemas/{table.name}'
                ".json); take it out"
            )
        if key == DOCUMENT and key in inputs:
            raise ClaimlogError(
                '"document" is of new sources; correct the text of one with claimlog correct '
                "SOURCE --text FILE, and take the column out"
            )
        if key not in allowed:
            name = key[:80]
            near = self.suggestions.nearest(name, lambda: (*allowed, *inputs), COLUMN_NEARNESS)
            listed = f"; claimlog add {table.entity} --help lists the columns"
            raise ClaimlogError(f'unknown key "{name}"{near or listed} (schemas/{table.name}.json)')
        item = table.by_name[key]
        if isinstance(value, list):
            value = fill_keys(item, value)
        if value is None and item.type == "array":
            value = []
        if flaw := type_flaw(item, value):
            raise ClaimlogError(f"{flaw} (schemas/{table.name}.json)")
        if isinstance(value, float) and abs(value) > LARGEST_INTEGER:
            raise ClaimlogError(f'"{key}" is {value:g}, {TOO_LARGE}')
        return self.names.resolve(table, item, value)

    def _passage(
        self,
        table: Table,
        state: Mapping[str, Any],
        given: Mapping[str, Any],
        before: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return the anchor of a row, nothing where it stays as it was."""
        if any(given.get(key) is not None for key in ("quote", "start", "end")):
            return self._anchor(table, state, given)
        if before and state["source_id"] != before["source_id"]:
            return self._anchor_elsewhere(table, state, before)
        if not before and state["source_id"] is not None:
            words = '"quote", the words of the text to the letter, or '
            raise ClaimlogError(
                f"the {table.entity} has no passage: give "
                f'{words if "quote" in row_inputs(table) else ""}"start" and "end"'
            )
        return {}

    def _anchor_elsewhere(
        self, table: Table, state: Mapping[str, Any], before: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the anchor of an amended row in the text of its new source.

        Raises
        ------
        ClaimlogError
            If that text is not at hand, or another passage stands there.
        """
        source = state["source_id"]
        rows = self.log.live("sources").select("source_id", "text_sha256")
        hashes = dict(rows.iter_rows())
        if hashes.get(source) and hashes[source] == hashes.get(before["source_id"]):
            return {}
        if self.texts is None and source in hashes:
            raise UsageError(
                f"the anchor is of the text of {before['source_id']}: to amend source_id, give the "
                f"passage in {source} with {passage_options(table)}, and the directory of texts "
                "with --texts DIR"
            )
        text, shown = self._text(source)
        found = anchor(text, state["start"], state["end"])
        if found.quote_sha256 != before["quote_sha256"]:
            raise ClaimlogError(
                f"{shown}: another passage stands at {state['start']}-{state['end']} than in "
                f"{before['source_id']}; give the passage in {source} with {passage_options(table)}"
            )
        return {name: value for name, value in found.as_row().items() if name in table.by_name}

    def _refuse_loose_anchors(self, state: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """Refuse another text of a source whose anchors cannot be checked against it."""
        source = before["source_id"]
        anchored = sum(
            self.log.live(stream).filter(pl.col("source_id") == source).height
            for stream in ("claims", "codings")
        )
        sha256 = state["text_sha256"]
        if not anchored or (self.texts is not None and self.texts.get(sha256) is not None):
            return
        count = f"{anchored} anchor{'s are' if anchored > 1 else ' is'} of the text of {source}"
        if sha256 is None:
            raise ClaimlogError(f"{count}: retract what they anchor before you take the text out")
        raise ClaimlogError(
            f"{count}: put the new text (SHA-256 {sha256[:12]}…) into a directory of texts and "
            "name it with --texts DIR, so that they can be checked"
        )

    def _anchor(
        self, table: Table, state: Mapping[str, Any], given: Mapping[str, Any]
    ) -> dict[str, Any]:
        quote = given.get("quote")
        if quote is None and all(given.get(name) is not None for name in COLUMNS):
            return {}
        text, shown = self._text(state["source_id"])
        if quote is not None:
            occurrence = _occurrence(given.get("occurrence"))
            if occurrence is None:
                occurrence = occurrence_at(text, str(quote), given.get("start"), self.places)
            found = find_quote(
                text, str(quote), occurrence, shown, self.by_words, self.suggestions, self.places
            )
            refuse_other_place(found, given, shown)
        else:
            start, end = state["start"], state["end"]
            if not (isinstance(start, int) and isinstance(end, int)) or not (
                0 <= start < end <= len(text.content)
            ):
                raise ClaimlogError(
                    f"{shown}: start {start} and end {end} are no span of a text of "
                    f"{len(text.content)} code points"
                )
            self._passages[shown] += end - start
            if self._passages[shown] > PASSAGES_CHARACTERS:
                raise ClaimlogError(
                    f"{shown}: it and the passages before it that are given by start and end have "
                    f"more than {PASSAGES_CHARACTERS:,} characters; make two files of this one, or "
                    "mark less"
                )
            found = anchor(text, start, end)
        return {name: value for name, value in found.as_row().items() if name in table.by_name}

    def _text(self, source: str | None) -> tuple[Text, str]:
        if source is None:
            raise ClaimlogError('"source_id" is empty; name the source that the passage is in')
        rows = self.log.live("sources").filter(pl.col("source_id") == source)
        if rows.is_empty():
            near = self.suggestions.nearest(
                str(source), lambda: self.log.live("sources")["source_id"].to_list()
            )
            raise ClaimlogError(
                f'source "{str(source)[:80]}" is not registered{near}; '
                "add it first: claimlog add source"
            )
        if self.texts is None:
            raise UsageError(
                "a passage is found in the source's text: name the directory of texts with "
                "--texts DIR or CLAIMLOG_TEXTS"
            )
        sha256 = rows["text_sha256"][0]
        text = self.texts.get(sha256)
        if text is None:
            what = f"the SHA-256 {sha256[:12]}… of {source}" if sha256 else f"{source}: it has none"
            raise ClaimlogError(
                f"{self.texts.folder}: no text has {what}; supply the copy that was coded"
            )
        return text, str(source)

    def _live(self, stream: str, table: Table, identifier: str) -> dict[str, Any]:
        before = self.last.of(stream, identifier)
        if before is None:
            near = self.suggestions.nearest(identifier, lambda: self.log.ids(stream))
            raise ClaimlogError(f'there is no {table.entity} "{identifier[:80]}"{near}')
        if before["action"] == "retract":
            raise ClaimlogError(
                f"{identifier} was retracted (version {before['version']}: {before['reason']}); "
                "it cannot be changed; add a new one"
            )
        return before

    def _next_id(self, stream: str, table: Table, state: Mapping[str, Any]) -> str:
        numbered: NumberedIdentifiers | None
        if stream != "claims":
            numbered = numbered_identifiers_of(table)
        elif state["source_id"] is not None:
            numbered = numbered_claims_of(str(state["source_id"]))
        else:
            error = UsageError("a claim needs its source: --source-id S001")
            raise UnfitRowError([ColumnFault(("source_id",), error)], {**state})
        if numbered is None:
            raise UsageError(f"give the new {table.entity} an identifier: {table.id}")
        return self._used(stream).next_in(numbered)

    def _used(self, stream: str) -> UsedNumbers:
        if stream not in self.used:
            self.used[stream] = UsedNumbers(lambda: self.log.ids(stream))
        return self.used[stream]


def text_identity(path: Path) -> dict[str, Any]:
    """Return the columns that identify the text in a file.

    Raises
    ------
    ClaimlogError
        If it is no plain text, with what makes one of it.
    """
    try:
        text = read_text(path)
        if flaw := text_flaw(text.content):
            raise ClaimlogError(f"{path}: {flaw}")
    except ClaimlogError as error:
        if is_document(path):
            remedy = "or take the text out of it: claimlog add source --document FILE"
            raise ClaimlogError(f"{error}, {remedy}") from error
        raise
    return {"text_sha256": text.sha256, "text_length": len(text.content)}


def _occurrence(value: object) -> int | None:
    if value is None or value == "":
        return None
    try:
        return int(str(value))
    except ValueError as error:
        raise ClaimlogError(f'occurrence is "{str(value)[:40]}", expected 1, 2, 3 …') from error


def as_lines(rows: list[dict[str, Any]]) -> list[bytes]:
    """Return rows as canonical lines."""
    return [encode(row) for row in rows]
