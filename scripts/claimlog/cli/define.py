"""The command `define`: a variable or a register of one's own, in every file that says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from claimlog.cli.base import Context, example, pass_context
from claimlog.cli.output import line

if TYPE_CHECKING:
    from claimlog.start.define import Addition

STEP = "--step"


class StepCommand(click.Command):
    """A command whose option --step takes a question, and a code if one follows."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [*_with_every_code(args)])


def _with_every_code(words: Sequence[str]) -> list[str]:
    """Return the words of a command line with an empty code behind each step that gives none."""
    completed: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        completed.append(word)
        if word == STEP and waiting:
            completed.append(waiting.pop(0))
            has_code = bool(waiting) and not waiting[0].startswith("-")
            completed.append(waiting.pop(0) if has_code else "")
    return completed


@click.group()
def define() -> None:
    """Define what you code: a variable, or a register of what the topic has besides claims.

    It writes the schemas, code lists and codebook; where there are rows already, it begins the next
    version of each. Nothing is written if anything is refused. To take it back: git.
    """


@define.command(
    cls=StepCommand,
    epilog=example(
        'claimlog define variable pitch --definition "How the bell is said to sound." \\',
        '  --code low "The text calls the sound low." --code high "It calls it high." \\',
        '  --step "Does the text call it deep or dark?" low --step "Otherwise leave it empty."',
        "claimlog define variable weight --type number --unit kilogram --minimum 0 \\",
        '  --definition "Weight that the text gives."',
        "claimlog define variable bell --register bells",
        'claimlog define variable cast_in --in bells --type date --definition "When it was cast."',
    ),
)
@click.argument("name")
@click.option(
    "--in",
    "stream",
    metavar="STREAM",
    default="claims",
    show_default=True,
    help="Whose rows have it: claims, a register, or another stream.",
)
@click.option("--definition", default="", help="What it holds, in a sentence.")
@click.option(
    "--code",
    "codes",
    nargs=2,
    multiple=True,
    metavar="CODE DEFINITION",
    help="A code that it can have, and what that means; may be given again.",
)
@click.option(
    "--type",
    "kind",
    type=click.Choice(["text", "number", "integer", "yes-no", "date"]),
    help="What it holds instead of codes; a date may be a year, a month or a span (EDTF).",
)
@click.option(
    "--register",
    metavar="REGISTER",
    help="What it refers to instead, as bells; the column ends in _id.",
)
@click.option("--many", is_flag=True, help="It can refer to several rows of --register.")
@click.option(
    STEP,
    "steps",
    nargs=2,
    multiple=True,
    metavar="QUESTION [CODE]",
    help="How a coder decides it: the first step that holds gives the code; may be given again.",
)
@click.option("--unit", default="", help="Unit of its numbers, as kilogram.")
@click.option("--minimum", type=float, metavar="NUMBER", help="The least number that it can be.")
@click.option("--maximum", type=float, metavar="NUMBER", help="The greatest.")
@click.option("--label", default="", help="What pages call it; by default its name.")
@click.option("--exclude", default="", metavar="TEXT", help="What does not count.")
@click.option("--example", "shown", default="", metavar="TEXT", help="An invented example.")
@click.option(
    "--agreement",
    type=float,
    metavar="NUMBER",
    help="Agreement that coders have to reach (Krippendorff's alpha), as 0.8; whoever codes a "
    "second time codes it then too.",
)
@pass_context
def variable(
    context: Context,
    name: str,
    stream: str,
    definition: str,
    codes: tuple[tuple[str, str], ...],
    kind: str | None,
    register: str | None,
    many: bool,
    steps: tuple[tuple[str, str], ...],
    unit: str,
    minimum: float | None,
    maximum: float | None,
    label: str,
    exclude: str,
    shown: str,
    agreement: float | None,
) -> None:
    """Define a variable: its column, its codes or type, and the steps by which it is decided."""
    from claimlog.start.define_variable import Variable
    from claimlog.start.variable_choices import VariableChoices

    choices = VariableChoices(
        name=name,
        stream=stream,
        type=kind,
        definition=definition,
        label=label,
        codes=codes,
        steps=steps,
        unit=unit,
        minimum=minimum,
        maximum=maximum,
        register=register,
        many=many,
        exclude=exclude,
        example=shown,
        agreement=agreement,
    )
    _define(context, Variable(choices))


@define.command(
    epilog=example(
        'claimlog define register bell --title Bells --definition "Bells that claims speak of."',
        'claimlog add bell --bell-id gloria --name "Gloria" --by coder-1',
    )
)
@click.argument("name")
@click.option("--title", help="What many of them are called: by default the name with an s.")
@click.option("--definition", help="What it holds, in a sentence.")
@pass_context
def register(context: Context, name: str, title: str | None, definition: str | None) -> None:
    """Define a register: rows of what the topic has besides claims (bells, treaties).

    NAME is what one row is about, as commands name it: claimlog add bell. Each row has an
    identifier and a name; define variable --in adds what else is said of it.
    """
    from claimlog.start.define_register import Register

    words = name.replace("_", " ")
    title = title if title is not None else f"{words[:1].upper()}{words[1:]}s"
    _define(context, Register(name, title, definition or f"{title} that claims speak of."))


def _define(context: Context, addition: Addition) -> None:
    from claimlog.start.define import define as run

    written = run(context.package, addition)
    for one in written:
        if not one.generated:
            line(f"wrote {one.path}: {one.note}")
    generated = [one.path for one in written if one.generated]
    if generated:
        line(f"wrote {', '.join(generated)}: what follows from that")
