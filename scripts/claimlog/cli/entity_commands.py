"""Commands with an option for every column of a kind of entity: add and amend."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import click

from claimlog.cli.base import Context, by_option, texts_option, today_option
from claimlog.edit.row_inputs import INPUTS, OWN_OPTIONS, column_option, row_inputs
from claimlog.errors import ClaimlogError, UsageError
from claimlog.schema.table_schema import REQUIRED_STREAMS, Field, Table

FORMATS = ["ndjson", "csv", "xlsx"]
"""Formats of files of rows."""

COLUMN = "COLUMN_"
"""What the parameters of columns begin with: columns are in lower case, as are all others."""

LISTED_CODES = 40
"""Codes of a column that its help lists."""

ENTITIES = tuple(name.removesuffix("s") for name in REQUIRED_STREAMS)


class FieldsCommand(click.Command):
    """A command with an option for every column that a coder may set."""

    def __init__(self, *args: Any, entity: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entity = entity

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        table = schema_of(ctx.ensure_object(Context), self.entity)
        gone = {*INPUTS.get(table.name, ())}.difference(row_inputs(table))
        own = [param for param in super().get_params(ctx) if param.name not in gone]
        return [*own, *(_option(table, name) for name in (table.id, *table.in_use))]


def _code_list(item: Field) -> str:
    """Return the codes of a column; of a long list its first ones, and where the rest is."""
    codes = item.enum or []
    if len(codes) <= LISTED_CODES:
        return ", ".join(codes)
    listed = ", ".join(codes[:LISTED_CODES])
    return f"{listed}, … ({len(codes)} of schemas/codebook/codes/{item.codelist}.csv)"


def _option(table: Table, name: str) -> click.Option:
    """Return the option that sets a column; that of a reference also goes without ``-id``."""
    item = table.by_name[name]
    codes = f" Codes: {_code_list(item)}." if item.enum else ""
    names = [column_option(name), f"{COLUMN}{name}"]
    short = name.removesuffix("_id")
    taken = {*table.by_name, *row_inputs(table), *OWN_OPTIONS}
    if short not in taken and any(key.column == name for key in table.foreign_keys):
        names.insert(0, names[0].removesuffix("-id"))  # --source S004 reads better
    metavar = "[yes|no]" if item.type == "boolean" else None
    return click.Option(names, metavar=metavar, help=item.description + codes)


def schema_of(context: Context, entity: str) -> Table:
    """Return the schema of the stream whose rows describe an entity of that kind."""
    return _by_entity(context)[entity]


def entity_names(context: Context) -> tuple[str, ...]:
    """Return the kinds of entities that a package keeps."""
    return tuple(_by_entity(context))


def _by_entity(context: Context) -> dict[str, Table]:
    return {table.entity: table for table in context.streams.values()}


class EntityGroup(click.Group):
    """A group with a command for each kind of entity, those of the package's registers included."""

    def __init__(
        self, *args: Any, make_command: Callable[[str], click.Command], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.make_command = make_command
        for entity in ENTITIES:
            self.add_command(make_command(entity))

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
                    self.add_command(self.make_command(cmd_name))
        return super().get_command(ctx, cmd_name)


def given_values(table: Table, options: dict[str, Any]) -> dict[str, Any]:
    """Return the values that were given, typed; keys that are no column stay as they are."""
    from claimlog.edit.cell_values import parse_cell

    given = {key.removeprefix(COLUMN): value for key, value in options.items() if value is not None}
    return {
        name: parse_cell(table.by_name[name], value) if name in table.by_name else value
        for name, value in given.items()
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


def add_common_options(command: click.Command, entity: str) -> None:
    """Give a command --by, --texts and --today, and what columns of the entity are computed from.

    They stand after the command's own options.
    """

    def bare() -> None: ...

    for option in (by_option, texts_option, today_option):
        option(bare)
    command.params += reversed(getattr(bare, "__click_params__", []))
    command.params += _input_options(entity)
