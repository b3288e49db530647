"""What commands share: the package, the texts, progress, and examples in their help."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from claimlog.cli.output import inner_stream, line
from claimlog.command_limits import MOST_FACTOR
from claimlog.errors import UsageError
from claimlog.escaping import printable_line
from claimlog.package import Package

if TYPE_CHECKING:
    from claimlog.schema.table_schema import Table
    from claimlog.sources.text import Texts

F = TypeVar("F", bound=Callable[..., Any])

SECONDS_BEFORE_PROGRESS = 2


class Context:
    """The package that a command works on, found when it is first asked for.

    ``is_named`` says whether the user named it, or it is only where the command was run.
    """

    def __init__(self, folder: Path, is_named: bool = False) -> None:
        self.folder = folder
        self.is_named = is_named

    @cached_property
    def package(self) -> Package:
        return Package.find(self.folder)

    @cached_property
    def streams(self) -> dict[str, Table]:
        """The present schema of each stream, which options and help are made of."""
        from claimlog.schema.codebook import read_codes
        from claimlog.schema.definition import read_streams
        from claimlog.sound_notes import recall_sound_values

        recall_sound_values(self.package)
        return read_streams(self.package, read_codes(self.package))


pass_context = click.make_pass_decorator(Context)


def refuse_options(mode: str, *names: str) -> None:
    """Refuse options, by parameter name, that were given and that a mode would not honour.

    Raises
    ------
    UsageError
        Naming the first of them.
    """
    current = click.get_current_context()
    for option in current.command.params:
        source = current.get_parameter_source(option.name or "")
        if option.name in names and source is ParameterSource.COMMANDLINE:
            raise UsageError(f"{option.opts[0]} does not go with {mode}")


def package_option(function: F) -> F:
    """Add --package, whose value is the parameter `folder`."""
    option = click.option(
        "--package",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(),
        metavar="DIR",
        help="The dataset package; by default the one that the current directory is in.",
    )
    return option(function)


def texts_option(function: F) -> F:
    """Add --texts."""
    option = click.option(
        "--texts",
        type=click.Path(path_type=Path),
        envvar="CLAIMLOG_TEXTS",
        metavar="DIR",
        help="Directory of source texts, found by hash whatever their names. [env: CLAIMLOG_TEXTS]",
    )
    return option(function)


def json_option(function: F) -> F:
    """Add --json."""
    option = click.option("--json", "json_out", is_flag=True, help="Print JSON.")
    return option(function)


class Role(click.types.StringParamType):
    """The role that records rows."""

    def get_missing_message(self, *_: object, **__: object) -> str:
        return (
            "Say who records it: --by coder-1, or once for this terminal: "
            "export CLAIMLOG_BY=coder-1"
        )


def by_option(function: F) -> F:
    """Add --by."""
    option = click.option(
        "--by",
        "recorded_by",
        envvar="CLAIMLOG_BY",
        required=True,
        metavar="ROLE",
        type=Role(),
        help="Role that records this, as coder-1; not a person's name. [env: CLAIMLOG_BY]",
    )
    return option(function)


def today_option(function: F) -> F:
    """Add --today."""
    option = click.option(
        "--today",
        callback=parse_day,
        envvar="CLAIMLOG_TODAY",
        metavar="DAY",
        help="The day (UTC), to confirm a clock that is far ahead of the log's last time.",
    )
    return option(function)


def parse_day(_: click.Context, __: click.Parameter, value: str | None) -> date | None:
    """Parse the value of an option that names a day."""
    if value is None:
        return None
    try:
        return datetime.strptime(value, "%Y-%m-%d").date()
    except ValueError:
        raise click.BadParameter(f"{value} is no day; expected it as 2026-11-21") from None


def say_lateness(recorded: str) -> None:
    """Say it if rows were recorded at a time that the clock has not reached."""
    from claimlog.edit.clock import future_time_note

    if note := future_time_note(recorded):
        line(note, err=True)


def load_texts(folder: Path | None) -> Texts | None:
    """Return the texts in a directory, None where none was named."""
    from claimlog.sources.text import Texts

    return Texts(folder) if folder else None


def example(*lines: str) -> str:
    """Return an epilog that click leaves as it is."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def require_number(_: click.Context, option: click.Parameter, value: float) -> float:
    """Refuse what is not a number, which is in every range of click's."""
    if value != value:
        limits = option.type
        assert isinstance(limits, click.FloatRange)
        raise UsageError(f"{option.opts[0]}: expected a number from {limits.min} to {limits.max}")
    return value


def limits_option(what: str) -> Callable[[F], F]:
    """Return the option that multiplies the limits of a process for a stranger's files."""

    return click.option(
        "--limits",
        type=click.FloatRange(min=0.01, max=MOST_FACTOR),
        default=1,
        show_default=True,
        metavar="FACTOR",
        callback=require_number,
        help=f"Multiply the time and memory that {what} may take; they grow with its size.",
    )


@contextmanager
def progress(title: str, steps: int) -> Iterator[Callable[[str], None]]:
    """Show a bar on a terminal once the work has taken two seconds; stay silent elsewhere."""
    from tqdm import tqdm

    quiet = True if os.environ.get("CI") else None  # None: only on a terminal
    with tqdm(
        total=steps,
        desc=title,
        delay=SECONDS_BEFORE_PROGRESS,
        disable=quiet,
        leave=False,
        bar_format="{desc} {bar:24} {n_fmt}/{total_fmt} {postfix} {elapsed}",
        file=inner_stream(sys.stderr),
    ) as bar:

        def step(name: str) -> None:
            bar.set_postfix_str(printable_line(name), refresh=False)
            bar.update()

        yield step
