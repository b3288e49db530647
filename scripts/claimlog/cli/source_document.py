"""Registering a source from a document: what is proposed is shown, asked for, and taken."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimlog.cli.output import line, lines
from claimlog.errors import UsageError
from claimlog.escaping import printable_line

if TYPE_CHECKING:
    from claimlog.package import Package
    from claimlog.schema.table_schema import Field, Table
    from claimlog.sources.documents.extracted_text import ExtractedText
    from claimlog.sources.text import Texts

LISTED_RANGES = 40
EXCERPT = 60
COPY = "copy"


def document_options() -> list[click.Parameter]:
    """Return the options of `add source` that are about a document."""
    return [
        click.Option(
            ["--document"],
            metavar="FILE_OR_ADDRESS",
            help="The text as it came: an HTML, PDF or DOCX file, or an address of https or "
            "http, which is fetched once. Its text is written into the directory of texts, and "
            "columns are proposed.",
        ),
        click.Option(
            ["--yes"],
            is_flag=True,
            help="Take what is proposed of a document, and fetch the addresses that rows name.",
        ),
    ]


@contextmanager
def given_by_document(
    package: Package,
    table: Table,
    document: str,
    given: Mapping[str, Any],
    texts: Texts | None,
    accepted: bool,
    factor: float,
) -> Iterator[dict[str, Any]]:
    """Yield the columns of a source that a document gives; its text goes if the block fails.

    Parameters
    ----------
    given
        Columns that were given by options, which hold whatever the document says.
    accepted
        Whether what is proposed is taken without asking.
    factor
        By which the limits of time and memory are multiplied.

    Raises
    ------
    UsageError
        If there is nobody to ask, or the options do not go together.
    ClaimlogError
        If no text can be taken out of the document.
    """
    from claimlog.edit.document_registration import (
        PROPOSED,
        propose_columns,
        require_outside_repository,
        saved_text,
    )
    from claimlog.edit.row_inputs import row_inputs
    from claimlog.edit.row_writer import text_identity

    if "text" in row_inputs(table) and given.get("text") is not None:
        raise UsageError("--text does not go with --document, whose text is taken out")
    if texts is None:
        raise UsageError(
            "--document writes the text into the directory of texts: name that with --texts DIR "
            "or CLAIMLOG_TEXTS"
        )
    require_outside_repository(package, texts.folder)
    found, address = read_given_document(document, factor)
    columns = propose_columns(table, found, address)
    row = {"kind": COPY, **columns, **given}
    open_names = [name for name in PROPOSED if name in columns and name not in given]
    show_proposals(found, row, open_names)
    if open_names and not accepted:
        names = ", ".join(open_names)
        require_terminal(
            "nothing was added", f"to take what is proposed, or with an option for each of {names}"
        )
        row |= _answers(table, row, given)
    name = str(row.get("title") or Path(document).stem)
    with saved_text(package, texts, name, found.text) as path:
        yield {**row, **text_identity(path)}
        line(f"the text lies in {path}")


def read_given_document(
    document: str, factor: float, is_named_by_file: bool = False
) -> tuple[ExtractedText, str | None]:
    """Return the text of a file or an address, and the address that it came from at the end."""
    from claimlog.sources.documents.fetch_document import fetch_document, is_address
    from claimlog.sources.documents.read_document import read_document
    from claimlog.web_origins import display_address

    if not is_address(document):
        return read_document(Path(document), factor=factor), None
    fetched = fetch_document(document, is_named_by_file=is_named_by_file)
    shown = display_address(document)
    return read_document(fetched.data, fetched.media_type, shown, factor), fetched.address


def is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def require_terminal(outcome: str, consent: str) -> None:
    """Refuse to go on where nobody can be asked.

    Parameters
    ----------
    outcome
        What was not done.
    consent
        What ``--yes`` is given for, and what may be given instead.

    Raises
    ------
    UsageError
        If this is no terminal.
    """
    if not is_terminal():
        raise UsageError(
            f"{outcome}, because this is no terminal and nobody could be asked: run it again with "
            f"--yes {consent}"
        )


def show_proposals(found: ExtractedText, row: Mapping[str, Any], open_names: list[str]) -> None:
    """Print what is proposed; what was given by options stands among it unmarked."""
    by = f" by {found.extractor}" if found.extractor else ""
    line(f"a text of {len(found.text):,} code points was taken out{by}")
    for name in ("title", "authors", "publisher", "published", "language", "url"):
        mark = " (proposed)" if name in open_names else ""
        line(f"  {name}: {_as_text(row.get(name)) or '-'}{mark}")
    ranges = row.get("furniture") or []
    mark = " (proposed)" if "furniture" in open_names else ""
    line(f"  page furniture: {len(ranges) or 'none'}{mark}")
    lines(
        [
            f"    {part['start']}-{part['end']} {part['kind']}: "
            f"{' '.join(found.text[part['start'] : part['end']].split())[:EXCERPT]}"
            for part in ranges[:LISTED_RANGES]
        ]
    )
    if len(ranges) > LISTED_RANGES:
        line(f"    and {len(ranges) - LISTED_RANGES:,} more")


def _as_text(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _answers(table: Table, row: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for every column that was not given: those proposed, and those that a source must have.

    Returns
    -------
    dict
        What was answered; an empty answer takes what is proposed, ``-`` leaves the column empty.
    """
    from claimlog.edit.cell_values import parse_cell

    line("an empty answer takes what stands in brackets, - leaves it empty")
    answers: dict[str, Any] = {}
    for item in _asked_columns(table, row, given):
        if item.enum and len(item.enum) <= LISTED_RANGES:
            line(f"{item.name}: {', '.join(item.enum)}")
        proposed = printable_line(_as_text(row.get(item.name)))
        default = None if item.required and not proposed else proposed
        typed = click.prompt(item.name, default=default, show_default=bool(proposed))
        if typed != proposed:
            answers[item.name] = parse_cell(item, "" if typed.strip() == "-" else str(typed))
    if row.get("furniture") and "furniture" not in given:
        take = click.confirm("take these ranges as page furniture?", default=True)
        answers |= {} if take else {"furniture": []}
    if not click.confirm("add it?", default=True):
        raise UsageError("nothing was added")
    return answers


def _asked_columns(
    table: Table, row: Mapping[str, Any], given: Mapping[str, Any]
) -> Iterator[Field]:
    from claimlog.edit.document_registration import PROPOSED

    for name in dict.fromkeys((*PROPOSED, *table.in_use)):
        item = table.by_name.get(name)
        if item is None or name in given or item.fields:
            continue
        if name in PROPOSED or (item.required and row.get(name) is None):
            yield item
