"""Registering sources from rows that name documents: what is proposed fills the empty cells."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimlog.cli.output import line, lines
from claimlog.cli.source_document import (
    COPY,
    read_given_document,
    require_terminal,
    show_proposals,
)
from claimlog.errors import ClaimlogError, UsageError
from claimlog.limits import ADDED_DOCUMENTS, ADDED_DOCUMENTS_SECONDS, ADDED_TEXT_BYTES

LISTED_ADDRESSES = 40

if TYPE_CHECKING:
    from claimlog.edit.add_amend_retract import Entries
    from claimlog.package import Package
    from claimlog.schema.table_schema import Table
    from claimlog.sources.documents.extracted_text import ExtractedText
    from claimlog.sources.text import Texts


@contextmanager
def filled_by_documents(
    package: Package,
    table: Table,
    entries: Entries,
    texts: Texts | None,
    accepted: bool,
    factor: float,
) -> Iterator[Entries]:
    """Yield rows with what their documents say in empty cells; the texts go if the block fails.

    Every document is read before the first text is written.

    Parameters
    ----------
    accepted
        Whether what is proposed is taken without asking.
    factor
        By which the limits of time and memory are multiplied.

    Raises
    ------
    UsageError
        If there is nobody to ask, or a row says two things about its text.
    ClaimlogError
        If no text can be taken out of a document, or all take more than they may; the message
        names the row.
    """
    from claimlog.edit.add_amend_retract import locate_errors
    from claimlog.edit.document_registration import (
        PROPOSED,
        require_outside_repository,
        saved_text,
    )
    from claimlog.edit.row_inputs import DOCUMENT, row_inputs
    from claimlog.edit.row_writer import text_identity

    rows = [{**row} for row in entries.rows]
    if sum(bool(row.get(DOCUMENT)) for row in rows) > ADDED_DOCUMENTS:
        raise UsageError(
            f"more than {ADDED_DOCUMENTS:,} rows name a document; add them in parts, from files "
            "of fewer rows"
        )
    if not accepted:
        _ask_to_fetch([str(row.get(DOCUMENT) or "") for row in rows])
    documents = _Documents(table, factor)
    found: dict[int, ExtractedText] = {}
    paths: dict[int, Path] = {}
    proposed = False
    for index, row in enumerate(rows):
        document = row.pop(DOCUMENT, None)
        if not document:
            continue
        with locate_errors(entries, index):
            given = {name: value for name, value in row.items() if value not in (None, "", [])}
            if given.keys() & {"text_sha256", "text_length", *row_inputs(table)}:
                raise UsageError('"text" does not go with "document", whose text is taken out')
            if texts is None:
                raise UsageError(
                    "the text of a document is written into the directory of texts: name that with "
                    "--texts DIR or CLAIMLOG_TEXTS"
                )
            if not found:
                require_outside_repository(package, texts.folder)
            read, columns = documents.read(_beside(entries, document))
        rows[index] = {**row, "kind": COPY, **columns, **given}
        open_names = [name for name in PROPOSED if name in columns and name not in given]
        line(f"{entries.place(index)}: {document}")
        show_proposals(read, rows[index], open_names)
        found[index] = read
        proposed = proposed or bool(open_names)
    if not found and (accepted or factor != 1):
        raise UsageError("--yes and --limits are about documents, and no row names one")
    if proposed and not accepted:
        _confirm(
            "take what is proposed, and add the rows?",
            True,
            "nothing was added",
            "to take what is proposed, or fill the cells",
        )
    with ExitStack() as saved:
        for index, read in found.items():
            assert texts is not None
            name = str(rows[index].get("title") or Path(str(entries.rows[index][DOCUMENT])).stem)
            path = saved.enter_context(saved_text(package, texts, name, read.text))
            paths[index] = path
            with locate_errors(entries, index):
                rows[index] |= text_identity(path)
        yield replace(entries, rows=rows)
        for index, path in paths.items():
            line(f"the text of {entries.place(index)} lies in {path}")


class _Documents:
    """The documents of a sheet: each is read once, whatever rows name it."""

    def __init__(self, table: Table, factor: float) -> None:
        self.table, self.factor = table, factor
        self.size, self.seconds = 0, 0.0
        self._read: dict[str, tuple[ExtractedText, dict[str, Any]]] = {}

    def read(self, document: str) -> tuple[ExtractedText, dict[str, Any]]:
        """Return the text of a document and the columns that it proposes.

        Raises
        ------
        ClaimlogError
            If no text can be taken out of it, or all documents take more than they may.
        """
        from claimlog.edit.document_registration import propose_columns

        if document not in self._read:
            if self.seconds > ADDED_DOCUMENTS_SECONDS * self.factor:
                raise ClaimlogError(
                    f"the documents before it took longer than {ADDED_DOCUMENTS_SECONDS:,} seconds "
                    "times --limits; add the rows in parts, or give a larger --limits"
                )
            begun = time.monotonic()
            text, address = read_given_document(document, self.factor, is_named_by_file=True)
            self.seconds += time.monotonic() - begun
            self.size += len(text.text.encode())
            if self.size > ADDED_TEXT_BYTES:
                raise ClaimlogError(
                    f"the documents so far hold more than {ADDED_TEXT_BYTES:,} bytes of text; add "
                    "the rows in parts"
                )
            self._read[document] = text, propose_columns(self.table, text, address)
        return self._read[document]


def _beside(entries: Entries, document: Any) -> str:
    """Return the address or file of a row; a file lies beside the sheet, or below.

    The sheet may be a stranger's, who could name any file of the user.
    """
    from claimlog.sources.documents.fetch_document import is_address

    name = str(document)
    if is_address(name):
        return name
    sheet = entries.origin.name if entries.origin else ""
    folder = Path() if sheet == "<stdin>" else Path(sheet).parent
    try:
        is_below = (folder / name).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a NUL, a name too long, a circle of links
        is_below = False
    if not is_below:
        raise UsageError(
            f'"document" is {name[:80]!r}, which is not in the directory of the rows; put it '
            "there, or give an address"
        )
    return str(folder / name)


def _ask_to_fetch(documents: Sequence[str]) -> None:
    """Ask before an address is fetched that a sheet names, which may be a stranger's."""
    from claimlog.sources.documents.fetch_document import is_address
    from claimlog.web_origins import display_address

    addresses = [*filter(is_address, documents)]
    if not addresses:
        return
    shown = [*map(display_address, addresses[:LISTED_ADDRESSES])]
    left = len(addresses) - len(shown)
    lines([f"names {address}" for address in shown] + ([f"and {left:,} more"] if left else []))
    _confirm(
        "fetch these addresses?",
        False,
        "nothing was fetched or added",
        "to fetch these addresses and take what is proposed",
    )


def _confirm(question: str, default: bool, outcome: str, consent: str) -> None:
    """Ask, and refuse to go on without a yes; as `require_terminal` where nobody can be asked."""
    require_terminal(outcome, consent)
    if not click.confirm(question, default=default):
        raise UsageError(outcome)
