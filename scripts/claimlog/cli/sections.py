"""The commands of claimlog by what one wants to do, in the order in which they are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

SENTENCE = 200
"""Characters that are enough for the first sentence of every command's help."""


class SectionedGroup(click.Group):
    """A group of commands whose help lists them in sections, with their whole first sentence.

    Parameters
    ----------
    sections
        The commands of each section, by its title.
    """

    def __init__(self, sections: Mapping[str, Sequence[click.Command]], **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.sections = sections
        for commands in sections.values():
            for command in commands:
                self.add_command(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        widest = max(map(len, self.list_commands(ctx)))
        for title, commands in self.sections.items():
            with formatter.section(title):
                formatter.write_dl(
                    [
                        (str(one.name).ljust(widest), one.get_short_help_str(SENTENCE))
                        for one in commands
                    ]
                )
