"""The commands of claimlog by what one wants to do, in the order in which they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module

import click

SENTENCE = 200
"""Characters that are enough for the first sentence of every command's help."""

Sections = Mapping[str, Mapping[str, str]]
"""By title of a section and name of a command, where that is: ``module:function``."""


class CommandModules(MutableMapping[str, click.Command]):
    """Commands by name; the module of one is imported when that command is looked up.

    Parameters
    ----------
    places
        Where each command is, by its name: ``module:function`` in this package.
    """

    def __init__(self, places: Mapping[str, str]) -> None:
        self._commands: dict[str, str | click.Command] = dict(places)

    def __getitem__(self, name: str) -> click.Command:
        found = self._commands[name]
        if isinstance(found, str):
            module, _, function = found.partition(":")
            found = getattr(import_module(f"claimlog.cli.{module}"), function)
            self._commands[name] = found
        return found

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._commands[name] = command

    def __delitem__(self, name: str) -> None:
        del self._commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)


class SectionedGroup(click.Group):
    """A group of commands whose help lists them in sections, with their whole first sentence."""

    def __init__(self, sections: Sections, **kwargs: object) -> None:
        places = {name: place for part in sections.values() for name, place in part.items()}
        super().__init__(commands=CommandModules(places), **kwargs)  # type: ignore[arg-type]
        self.sections = sections

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        widest = max(map(len, self.list_commands(ctx)))
        for title, names in self.sections.items():
            with formatter.section(title):
                formatter.write_dl(
                    [
                        (name.ljust(widest), self.commands[name].get_short_help_str(SENTENCE))
                        for name in names
                    ]
                )
