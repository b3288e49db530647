"""The command `amend`: new versions of live entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from claimlog.cli.base import Context, example, load_texts, pass_context, say_lateness
from claimlog.cli.entity_commands import (
    FORMATS,
    EntityGroup,
    FieldsCommand,
    add_common_options,
    given_values,
    schema_of,
)
from claimlog.cli.output import line
from claimlog.errors import UsageError
from claimlog.schema.table_schema import Table


def _command(entity: str) -> click.Command:
    """Return the command that amends entities of a kind."""

    @pass_context
    def run_amend(
        context: Context,
        /,
        identifier: str | None,
        reason: str | None,
        recorded_by: str,
        texts: Path | None,
        today: date | None,
        rows_from: str | None,
        row_format: str | None,
        **options: Any,
    ) -> None:
        from claimlog.desk.corrected_text import with_new_text, without_drafts
        from claimlog.edit.add_amend_retract import amend, amend_all
        from claimlog.edit.append_lines import NOTHING_AMENDED
        from claimlog.edit.file_columns import with_absent_columns
        from claimlog.edit.row_files import read_entries

        table = schema_of(context, entity)
        given = given_values(table, options)
        given.pop(table.id, None)
        if rows_from:
            if given or identifier:
                raise UsageError("--from reads what changes, by identifier; leave out all of it")
            read = read_entries(table, rows_from, row_format, NOTHING_AMENDED)
            entries = with_absent_columns(table, read, amends=True)
            supplied = load_texts(texts)
            package = context.package
            corrected = with_new_text(table, entries.rows)
            with without_drafts(package, corrected, NOTHING_AMENDED):
                rows = amend_all(package, table.name, entries, reason, recorded_by, supplied, today)
            say_amendments(table, rows, len(entries.rows))
            return
        lacking = [
            *([f"which {entity} ({table.id}, before the options)"] if identifier is None else []),
            *([] if given else ["what changes (an option for each column)"]),
            *([] if reason else ["why (--reason)"]),
        ]
        if identifier is None or not given or not reason:
            many = "; many at once are read with --from FILE" if identifier is None else ""
            raise UsageError(f"say {' and '.join(lacking)}{many}")
        supplied = load_texts(texts)
        package = context.package
        corrected = with_new_text(table, [{table.id: identifier, **given}])
        with without_drafts(package, corrected, NOTHING_AMENDED):
            row = amend(
                package, table.name, identifier, given, reason, recorded_by, supplied, today
            )
        say_lateness(row["recorded_at"])
        line(f"amended {identifier}, version {row['version']}, in the open batch")

    command = FieldsCommand(
        entity,
        entity=entity,
        callback=run_amend,
        help=f"Amend a live {entity}.",
        epilog=example(f'claimlog amend {entity} ID --note "…" --reason "Why." --by coder-1'),
    )
    command.params = [
        click.Argument(["identifier"], metavar="[ID]", required=False),
        click.Option(["--reason"], help="Why it is amended."),
        click.Option(
            ["--from", "rows_from"],
            metavar="FILE",
            help="Read what changes from a file, or from standard input with -; each row has the "
            "identifier, the columns that change, and a reason unless --reason is for all.",
        ),
        click.Option(["--format", "row_format"], type=click.Choice(FORMATS)),
    ]
    add_common_options(command, entity)
    return command


@click.group("amend", cls=EntityGroup, make_command=_command)
def amend() -> None:
    """Amend a live entity: what is not given stays as it was."""


def say_amendments(table: Table, rows: Sequence[Mapping[str, Any]], asked: int) -> None:
    """Print how many entities were amended, and how many are as they are to be already."""
    if rows:
        say_lateness(rows[0]["recorded_at"])
        what = table.entity if len(rows) == 1 else table.name.replace("_", " ")
        line(f"amended {len(rows)} {what} in the open batch; claimlog seal makes it final")
    if same := asked - len(rows):
        nothing = "" if rows else "; nothing was amended"
        line(f"{same} {'is' if same == 1 else 'are'} as given already{nothing}")
