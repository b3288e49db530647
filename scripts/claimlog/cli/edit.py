"""Commands that change the log: add, amend, retract, seal, rebase."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimlog.cli.base import (
    Context,
    by_option,
    example,
    load_texts,
    pass_context,
    say_lateness,
    texts_option,
    today_option,
)
from claimlog.cli.output import line, lines
from claimlog.errors import ClaimlogError, UsageError
from claimlog.schema.codebook import read_codes
from claimlog.schema.definition import read_streams
from claimlog.schema.table_schema import REQUIRED_STREAMS, Table

if TYPE_CHECKING:
    from claimlog.edit.append import Addition

ENTITIES = tuple(name.removesuffix("s") for name in REQUIRED_STREAMS)


class FieldsCommand(click.Command):
    """A command with an option for every column that a coder may set."""

    def __init__(self, *args: Any, entity: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entity = entity

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        table = schema_of(ctx.ensure_object(Context), self.entity)
        own = super().get_params(ctx)
        taken = {param.name for param in own}
        columns = (table.id, *table.in_use)
        return [*own, *(_option(table, name) for name in columns if name not in taken)]


def _option(table: Table, name: str) -> click.Option:
    item = table.by_name[name]
    codes = f" Codes: {', '.join(item.enum)}." if item.enum else ""
    names = [f"--{name.replace('_', '-')}", name]
    short = name.removesuffix("_id")
    if short not in table.by_name and any(key.column == name for key in table.foreign_keys):
        names.insert(0, names[0].removesuffix("-id"))  # --source S004 reads better
    return click.Option(names, help=item.description + codes)


def schema_of(context: Context, entity: str) -> Table:
    """Return the schema of the stream whose rows describe an entity of that kind."""
    return _by_entity(context)[entity]


def _by_entity(context: Context) -> dict[str, Table]:
    streams = read_streams(context.package, read_codes(context.package))
    return {table.entity: table for table in streams.values()}


class EntityGroup(click.Group):
    """A group with a command for each kind of entity, those of the package's registers included."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        try:
            found = _by_entity(ctx.ensure_object(Context))
        except ClaimlogError:  # help is given outside of a package too
            found = {}
        return sorted({*super().list_commands(ctx), *found})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands:
            with contextlib.suppress(UsageError):  # there is no package here
                if cmd_name in _by_entity(ctx.ensure_object(Context)):
                    _make(cmd_name)
        return super().get_command(ctx, cmd_name)


@click.group("add", cls=EntityGroup)
def adding() -> None:
    """Add a new entity to the open batch, or many from NDJSON or CSV."""


@click.group("amend", cls=EntityGroup)
def amending() -> None:
    """Amend a live entity: what is not given stays as it was."""


def _given(table: Table, options: dict[str, Any]) -> dict[str, Any]:
    """Return the values that were given, typed; keys that are no column stay as they are."""
    from claimlog.edit.new_rows import parse

    return {
        name: parse(table.by_name[name], value)
        if name in table.by_name and isinstance(value, str)
        else value
        for name, value in options.items()
        if value is not None
    }


def _input_options(entity: str) -> list[click.Parameter]:
    """Return options for what is used to compute columns and never stored."""
    if entity == "source":
        words = "The text, a file: gives --text-sha256 and --text-length; it is not stored."
        return [click.Option(["--text"], metavar="FILE", help=words)]
    if entity in ("claim", "coding"):
        words = "The passage, to the letter: gives the anchor; it is not stored."
        which = "Which one, where the passage stands several times."
        return [
            click.Option(["--quote"], help=words),
            click.Option(["--occurrence"], type=click.IntRange(1), help=which),
        ]
    return []


def _make(entity: str) -> None:
    @pass_context
    def run_add(
        context: Context,
        /,
        recorded_by: str,
        texts: Path | None,
        today: date | None,
        rows_from: str | None,
        row_format: str | None,
        **options: Any,
    ) -> None:
        from claimlog.cli.entries import read_entries
        from claimlog.edit.append import Entries, add

        table = schema_of(context, entity)
        given = _given(table, options)
        if rows_from and given:
            raise UsageError(f"--from reads whole rows; leave out {', '.join(given)}")
        entries = read_entries(table, rows_from, row_format) if rows_from else Entries([given])
        supplied = load_texts(texts)
        say_addition(table, add(context.package, table.name, entries, recorded_by, supplied, today))

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
            help="Read rows from a file, or from standard input with -; keys are column names.",
        ),
        click.Option(["--format", "row_format"], type=click.Choice(["ndjson", "csv"])),
    ]
    _common(command, entity)
    adding.add_command(command)

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
        from claimlog.cli.entries import read_entries
        from claimlog.edit.append import amend, amend_all
        from claimlog.edit.open_batch import NOTHING_AMENDED

        table = schema_of(context, entity)
        given = _given(table, options)
        given.pop(table.id, None)
        if rows_from:
            if given or identifier:
                raise UsageError("--from reads what changes, by identifier; leave out all of it")
            entries = read_entries(table, rows_from, row_format, NOTHING_AMENDED)
            supplied = load_texts(texts)
            package = context.package
            rows = amend_all(package, table.name, entries, reason, recorded_by, supplied, today)
            say_amendments(table, rows, len(entries.rows))
            return
        if identifier is None or reason is None:
            raise UsageError("say which, and --reason; or give many with --from FILE")
        if not given:
            raise UsageError("say what changes, as --topic trust")
        supplied = load_texts(texts)
        package = context.package
        row = amend(package, table.name, identifier, given, reason, recorded_by, supplied, today)
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
        click.Option(["--format", "row_format"], type=click.Choice(["ndjson", "csv"])),
    ]
    _common(command, entity)
    amending.add_command(command)


def say_amendments(table: Table, rows: Sequence[Mapping[str, Any]], asked: int) -> None:
    """Print how many entities were amended, and how many are as they are to be already."""
    if rows:
        say_lateness(rows[0]["recorded_at"])
        what = table.entity if len(rows) == 1 else table.name.replace("_", " ")
        line(f"amended {len(rows)} {what} in the open batch; claimlog seal makes it final")
    if same := asked - len(rows):
        nothing = "" if rows else "; nothing was amended"
        line(f"{same} {'is' if same == 1 else 'are'} as given already{nothing}")


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
        lines([f"  {duplicate.source} -> {duplicate}" for duplicate in duplicates[:LISTED]])
        if len(duplicates) > LISTED:
            line(f"  and {len(duplicates) - LISTED:,} more")
    if any(duplicate.since for duplicate in duplicates):
        line(f"  what was changed since is said anew by claimlog amend, or with a new {table.id}")


LISTED = 1000
"""Rows that were there already of which each is listed."""

EXAMPLES = {
    "source": ['claimlog add source --kind copy --text harbour.txt --title "…" … --by coder-1'],
    "actor": ["claimlog add actor --from actors.ndjson --by coder-1"],
    "incident": ["claimlog add incident --from incidents.csv --by coder-1"],
    "claim": [
        'claimlog add claim --source S004 --quote "…" --statement "…" --content event \\',
        "  --voice author --modality actual --topic sharing … --texts ../texts --by coder-1",
        "claimlog add claim --from claims.ndjson --texts ../texts --by coder-1",
    ],
    "link": [
        "claimlog add link --from-claim-id C004-001 --relation same_fact --to-claim-id \\",
        '  C004-002 --basis "…" --by coder-1',
    ],
    "coding": ["claimlog add coding --from codings.ndjson --texts ../texts --by coder-2"],
}


def _common(command: click.Command, entity: str) -> None:
    def bare() -> None: ...

    for option in (by_option, texts_option, today_option):
        option(bare)
    command.params += reversed(getattr(bare, "__click_params__", []))
    command.params += _input_options(entity)


for _entity in ENTITIES:
    _make(_entity)


@click.command(epilog=example('claimlog retract C004-001 --reason "Says it twice." --by coder-1'))
@click.argument("identifier", metavar="ID")
@click.option("--reason", required=True, help="Why it is retracted.")
@by_option
@today_option
@pass_context
def retract(
    context: Context, identifier: str, reason: str, recorded_by: str, today: date | None
) -> None:
    """Retract a live entity: it leaves the current tables and keeps a tombstone."""
    from claimlog.edit.append import retract as run

    row = run(context.package, identifier, reason, recorded_by, today)
    say_lateness(row["recorded_at"])
    line(f"retracted {identifier}, version {row['version']}, in the open batch")


@click.command(
    epilog=example(
        'claimlog seal --slug corrections --title "Corrections" \\',
        '  --method "Found on rereading." --texts ../texts --by adjudicator',
    )
)
@click.option("--slug", required=True, help="Short name of the batch: lower-case, hyphens.")
@click.option("--title", required=True, help="What the batch adds or changes.")
@click.option("--method", required=True, help="How its rows were made, truthfully.")
@by_option
@click.option(
    "--parquet",
    "in_columns",
    is_flag=True,
    help="Hold the rows as Parquet, for a batch too large to be read by eye; same leaf hashes.",
)
@texts_option
@today_option
@pass_context
def seal(
    context: Context,
    slug: str,
    title: str,
    method: str,
    recorded_by: str,
    in_columns: bool,
    texts: Path | None,
    today: date | None,
) -> None:
    """Validate the open batch and move it into events/, atomically and for good."""
    from claimlog.cli.read import summarise
    from claimlog.edit.open_batch import log_lock
    from claimlog.edit.seal import seal as run
    from claimlog.release.generated_files import refresh_generated_files

    supplied = load_texts(texts)
    contents: list[str] = []
    with log_lock(context.package):
        batch, report = run(
            context.package,
            slug,
            title,
            method,
            recorded_by,
            supplied,
            in_columns,
            today,
            say=contents.append,
        )
        refreshed = refresh_generated_files(context.package, f"{batch.shown} is sealed")
    summarise(report, is_sealed=True)
    say_lateness(batch.manifest["sealed_at"])
    lines(contents)
    together = ", ".join(["datapackage.json", *refreshed])
    line(f"sealed {batch.shown}; commit it together with {together}")


@click.command(epilog=example("claimlog rebase 0008-my-batch"))
@click.argument("names", nargs=-1, required=True, metavar="BATCH...")
@today_option
@pass_context
def rebase(context: Context, names: tuple[str, ...], today: date | None) -> None:
    """Renumber batches that lost a race, so that they come after all others."""
    from claimlog.edit.open_batch import log_lock
    from claimlog.edit.rebase import rebase as run

    with log_lock(context.package):
        said = run(context.package, names, today)
    lines(said)
