"""A program as a coder: it reads a text and the codebook, and writes rows with quotes.

Any program, or what asks a language model, can be one. It is given one JSON object on its standard
input and writes one JSON object a line, with the columns of a claim and the quote of its passage.
What it codes is checked by the rules that a person's coding is checked by, and is compared alike.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claimlog.desk.coding_commitment import new_nonce
from claimlog.desk.desk import Desk
from claimlog.desk.draft_findings import coding_findings
from claimlog.desk.draft_values import clean_values, in_use
from claimlog.desk.forms import form
from claimlog.desk.overview import coder_of
from claimlog.desk.places import Places
from claimlog.desk.program_process import NOTHING, command_words, run_program
from claimlog.desk.request_error import RequestError
from claimlog.desk.row_references import CLAIMS, SPAN, on_the_spot_streams
from claimlog.desk.work import BEGUN, DRAFT, MOST_DRAFTS, Work, require_few_passages
from claimlog.edit.find_quote import find_quote
from claimlog.edit.quote_places import QuotePlaces
from claimlog.edit.row_inputs import row_inputs
from claimlog.errors import ClaimlogError, Finding, FindingsError, UsageError
from claimlog.escaping import json_text
from claimlog.files import write_durably
from claimlog.log.canonical import encode_value
from claimlog.sources.anchor import COLUMNS as ANCHOR
from claimlog.strict_json import decode_object

FORMAT = "claimlog-code/1"
SECONDS = 600
"""Seconds that a program may take, unless more are given."""

PERSON = "person"
Row = dict[str, Any]


@dataclass(frozen=True)
class Coding:
    """What a program wrote of a text, of which the SHA-256 is given."""

    text_sha256: str
    rows: Sequence[CodedRow]


@dataclass(frozen=True)
class CodedRow:
    """A row that a program wrote: its line, what it wrote, and the draft that it means."""

    line: int
    given: Mapping[str, Any]
    value: Row


def code_with_program(
    desk: Desk, command: str, source: str, coder: str, seconds: float = SECONDS
) -> Coding:
    """Have a program code a text, and check what it wrote.

    Parameters
    ----------
    command
        The program and its arguments, parted as a shell parts them; no shell runs it.

    Raises
    ------
    UsageError
        If there is no such program or coder, or the coder is a person.
    ClaimlogError
        If it takes too long, writes too much, fails, or writes what is no row.
    FindingsError
        If rows break rules.
    """
    _require_program_coder(desk, coder)
    _require_quotes(desk)
    places = desk.log.require_places(source)
    words = command_words(command)
    given = encode_value(program_input(desk, source, places))
    output = run_program(words, given, seconds)
    rows = [*_rows(desk, places, source, words[0], output)]
    if not rows:
        raise ClaimlogError(f"{words[0]}: wrote no row; {NOTHING}")
    names = {f"p{number:05d}": row for number, row in enumerate(rows, 1)}
    drafts = {name: row.value for name, row in names.items()}
    require_few_passages(drafts.values())
    shown = f"<{Path(words[0]).name}>"
    findings = [
        Finding(one["rule"], shown, one["message"], names[name].line, None, one["remedy"], "error")
        for name, own in coding_findings(desk.log, source, drafts, {}).items()
        for one in own
        if one["severity"] == "error"
    ]
    if findings:
        raise FindingsError(findings, NOTHING)
    return Coding(places.text.sha256, rows)


def save_as_work(desk: Desk, coding: Coding, source: str, coder: str) -> Work:
    """Save what a program wrote as the finished work of a coder.

    Raises
    ------
    ClaimlogError
        If the coder has begun that text already, or it was corrected while the program ran.
    """
    work = desk.work_folder.work(coder, source)
    values: Row = {f"{DRAFT}p{number:05d}": row.value for number, row in enumerate(coding.rows, 1)}
    with desk.beginning_anew(work, coding.text_sha256) as marks:
        work.save_finished(values, marks.marks[BEGUN], new_nonce())
    return work


def write_rows(coding: Coding, source: str, path: Path) -> None:
    """Write what a program wrote as a file for ``claimlog add claim --from``.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    lines = [encode_value({**row.given, "source_id": source}) + b"\n" for row in coding.rows]
    write_durably(path, b"".join(lines))


def program_input(desk: Desk, source: str, places: Places) -> Row:
    """Return what a program is given on its standard input."""
    definition = desk.log.definition
    return {
        "format": FORMAT,
        "source": desk.log.source(source),
        "text": places.text.content,
        "furniture": places.furniture,
        "form": form(desk.log.sealed_log),
        "registers": {
            stream: [*desk.log.entries(stream).values()]
            for stream in on_the_spot_streams(definition)
        },
    }


def _require_program_coder(desk: Desk, coder: str) -> None:
    entry = coder_of(desk, coder)
    if entry is None:
        raise UsageError(
            f"{coder} is not in the register of coders; add it first: claimlog add coder "
            f"--coder-id {shlex.quote(coder)} --kind program --description …"
        )
    if entry["kind"] == PERSON:
        raise UsageError(f"{coder} is a person by the register of coders; name the program")


def _require_quotes(desk: Desk) -> None:
    if "quote" not in row_inputs(desk.log.definition.streams[CLAIMS]):
        raise UsageError(
            'claims have a column "quote", and by that name a program says which words it means; '
            f"rename the column in schemas/{CLAIMS}.json, as a new version of it"
        )


def _rows(
    desk: Desk, places: Places, source: str, program: str, output: bytes
) -> Iterator[CodedRow]:
    """Yield the rows that a program wrote, each with its passage found in the text.

    Raises
    ------
    ClaimlogError
        Naming the line, if one is no row or its quote is no passage.
    """
    name = Path(program).name
    lines = output.split(b"\n")
    count = 0
    quotes = QuotePlaces()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        count += 1
        if count > MOST_DRAFTS:
            raise ClaimlogError(f"{name}: wrote more than {MOST_DRAFTS:,} rows; {NOTHING}")
        try:
            given = decode_object(line.decode("utf-8"))
            yield CodedRow(number, given, _draft_of(desk, places, quotes, source, given))
        except (ValueError, ClaimlogError) as error:
            raise ClaimlogError(f"<{name}>:{number}: {error}; {NOTHING}") from error


def _draft_of(
    desk: Desk, places: Places, quotes: QuotePlaces, source: str, given: Mapping[str, Any]
) -> Row:
    table = desk.log.definition.streams[CLAIMS]
    inputs = row_inputs(table)
    quote = given.get("quote")
    occurrence = given.get("occurrence") if "occurrence" in inputs else None
    if not isinstance(quote, str):
        raise RequestError("malformed", 'has no "quote", the words of the passage')
    if occurrence is not None and type(occurrence) is not int:
        raise RequestError("malformed", '"occurrence" is no number')
    if given.get("source_id") not in (None, source):
        raise RequestError("malformed", f"is of another source than {source}")
    found = find_quote(places.text, quote, occurrence, source, places=quotes)
    beside = {*inputs, *SPAN, *ANCHOR, "source_id"}
    rest = {key: value for key, value in given.items() if key not in beside}
    values = clean_values(table, rest)
    if values != in_use(table, values):
        raise RequestError("malformed", "fills a key of a list that is retired; leave it out")
    return {**values, "start": found.start, "end": found.end}


def describe_input(desk: Desk, source: str) -> str:
    """Return what a program would be given, as JSON for people to look at."""
    return json_text(program_input(desk, source, desk.log.require_places(source)), 1)
