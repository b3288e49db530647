"""The command `add`: new entities for the open batch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimlog.cli.base import (
    Context,
    example,
    limits_option,
    load_texts,
    pass_context,
    say_lateness,
)
from claimlog.cli.entity_commands import (
    FORMATS,
    EntityGroup,
    FieldsCommand,
    add_common_options,
    given_values,
    schema_of,
)
from claimlog.cli.output import line, lines
from claimlog.cli.source_document import document_options, given_by_document
from claimlog.cli.source_sheet import filled_by_documents
from claimlog.errors import UsageError

if TYPE_CHECKING:
    from claimlog.edit.add_amend_retract import Addition, Entries
    from claimlog.package import Package
    from claimlog.schema.table_schema import Table

LISTED_DUPLICATES = 1000
"""Rows that were there already, of which each is listed up to this number."""

EXAMPLES = {
    "source": [
        'claimlog add source --kind copy --text harbour.txt --title "…" … --by coder-1',
        "claimlog add source --document harbour.html --rights … --reliability C \\",
        '  --reliability-rationale "…" --texts ../texts --by coder-1',
        "claimlog add source --from sources.csv --yes --texts ../texts --by coder-1",
    ],
    "actor": ["claimlog add actor --from actors.ndjson --by coder-1"],
    "incident": ["claimlog add incident --from incidents.csv --by coder-1"],
    "claim": [
        'claimlog add claim --source S004 --quote "…" --statement "…" \\',
        "  --voice author --modality actual … --texts ../texts --by coder-1",
        "claimlog add claim --from claims.csv --source S004 --modality actual \\",
        "  --texts ../texts --by coder-1",
    ],
    "link": [
        "claimlog add link --from-claim-id C004-001 --relation same_fact --to-claim-id \\",
        '  C004-002 --basis "…" --by coder-1',
    ],
    "coding": ["claimlog add coding --from codings.ndjson --texts ../texts --by coder-2"],
}


def _command(entity: str) -> click.Command:
    """Return the command that adds entities of a kind."""

    @pass_context
    def run_add(
        context: Context,
        /,
        recorded_by: str,
        texts: Path | None,
        today: date | None,
        rows_from: str | None,
        row_format: str | None,
        quotes: str = "letters",
        document: str | None = None,
        yes: bool = False,
        limits: float = 1,
        **options: Any,
    ) -> None:
        from claimlog.edit.add_amend_retract import Entries, add
        from claimlog.edit.file_columns import (
            filled_by_options,
            refuse_row_columns,
            with_absent_columns,
        )
        from claimlog.edit.row_files import read_entries
        from claimlog.edit.row_inputs import DOCUMENT, row_inputs
        from claimlog.edit.row_origin import RowOrigin

        table = schema_of(context, entity)
        given = given_values(table, options)
        if rows_from:
            refuse_row_columns(table, given | ({"document": document} if document else {}))
        if document is None and not rows_from and (yes or limits != 1):
            raise UsageError("--yes and --limits are about a document; name it with --document")
        supplied = load_texts(texts)
        package, by_words = context.package, quotes == "words"

        def add_entries(entries: Entries) -> None:
            addition = add(package, table.name, entries, recorded_by, supplied, today, by_words)
            say_addition(table, addition)

        def add_given(columns: Mapping[str, Any]) -> None:
            require_columns(table, columns)
            add_entries(Entries([columns], RowOrigin("", [f"the new {entity}"])))

        if not rows_from and document is None:
            add_given(given)
            return
        if rows_from:
            entries = filled_by_options(read_entries(table, rows_from, row_format), given)
            if DOCUMENT not in row_inputs(table):
                add_entries(with_absent_columns(table, entries))
                say_passages_kept(table, package, rows_from, entries)
                return
            with filled_by_documents(package, table, entries, supplied, yes, limits) as filled:
                add_entries(with_absent_columns(table, filled))
            return
        assert document is not None
        with given_by_document(package, table, document, given, supplied, yes, limits) as columns:
            add_given(columns)

    command = FieldsCommand(
        entity,
        entity=entity,
        callback=run_add,
        help=f"Add a new {entity}, or many with --from.",
        epilog=example(
            *EXAMPLES.get(entity, [f"claimlog add {entity} --from rows.csv --by coder-1"])
        ),
    )
    command.params = [
        click.Option(
            ["--from", "rows_from"],
            metavar="FILE",
            help="Read rows from a file, or from standard input with -; keys are column names. "
            "Options of columns fill what a row leaves empty.",
        ),
        click.Option(["--format", "row_format"], type=click.Choice(FORMATS)),
    ]
    if entity in ("claim", "coding"):
        how = "How a quote stands in the text: to the letter, or in its words alone."
        choice = click.Choice(["letters", "words"])
        command.params.append(click.Option(["--quotes"], type=choice, default="letters", help=how))
    if entity == "source":
        command.params += document_options()
        limits_option("reading a document")(command)
    add_common_options(command, entity)
    return command


@click.group("add", cls=EntityGroup, make_command=_command)
def add() -> None:
    """Add a new entity to the open batch, or many from NDJSON, CSV or XLSX."""


def require_columns(table: Table, columns: Mapping[str, Any]) -> None:
    """Refuse a new row that was given by options and lacks what every row has.

    Raises
    ------
    UsageError
        Naming all options that are missing.
    """
    from claimlog.edit.row_inputs import column_option
    from claimlog.edit.template import missing_columns

    filled = {name for name, value in columns.items() if value not in (None, "")}
    missing = [*map(column_option, missing_columns(table, filled))]
    if missing:
        article = "an" if table.entity[0] in "aeiou" else "a"
        raise UsageError(
            f"{article} {table.entity} needs {', '.join(missing)}; nothing was added "
            f"(claimlog add {table.entity} --help says what each is)"
        )


def say_passages_kept(table: Table, package: Package, rows_from: str, entries: Entries) -> None:
    """Say that a file of rows in the package holds passages, which git would publish with it."""
    from claimlog.edit.row_inputs import row_inputs

    holds_passages = "quote" in row_inputs(table) and any(row.get("quote") for row in entries.rows)
    inside = rows_from != "-" and Path(rows_from).resolve().is_relative_to(package.root.resolve())
    if inside and holds_passages:
        line(
            f"note: {rows_from} holds passages of texts and lies in the package: move it out, or "
            "have git ignore it, before you commit",
            err=True,
        )


def say_addition(table: Table, addition: Addition) -> None:
    """Print what was added, and where each row stands that was there already."""
    names = [row[table.id] for row in addition.rows]
    duplicates = addition.duplicates
    if names:
        say_lateness(addition.rows[0]["recorded_at"])
    if len(names) == 1:
        line(f"added {names[0]} to the open batch; claimlog seal makes it final")
    elif names:
        line(f"added {len(names)} {table.name} to the open batch ({names[0]} to {names[-1]})")
    if len(duplicates) == 1 and not names and duplicates[0].source is None:
        line(f"{duplicates[0]} is there already; nothing was added")
    elif duplicates:
        nothing = "" if names else "; nothing was added"
        verb = "row was" if len(duplicates) == 1 else "rows were"
        line(f"{len(duplicates)} {verb} there already{nothing}")
        lines(
            [f"  {duplicate.source} -> {duplicate}" for duplicate in duplicates[:LISTED_DUPLICATES]]
        )
        if len(duplicates) > LISTED_DUPLICATES:
            line(f"  and {len(duplicates) - LISTED_DUPLICATES:,} more")
    lines([f"note: {note}" for note in addition.notes], err=True)
    if any(duplicate.since for duplicate in duplicates):
        line(f"  what was changed since is said anew by claimlog amend, or with a new {table.id}")
