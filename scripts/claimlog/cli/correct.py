"""The command `correct`: give a source a corrected text, and carry its passages over."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimlog.cli.base import (
    Context,
    by_option,
    example,
    json_option,
    load_texts,
    pass_context,
    say_lateness,
    texts_option,
    today_option,
)
from claimlog.cli.output import json_block, line
from claimlog.errors import UsageError

if TYPE_CHECKING:
    from claimlog.edit.correct import Decisions, Passage

ALL = "all"


@click.command(
    epilog=example(
        "claimlog correct S004 --text texts/corrected.txt --texts texts \\",
        '  --reason "The publisher corrected it." --by coder-1',
        'claimlog correct S004 … --quote "C004-017=the words now" --drop C004-020',
    )
)
@click.argument("source", metavar="SOURCE")
@click.option(
    "--text",
    "path",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The corrected text, in the directory of texts; it is not stored.",
)
@click.option("--reason", required=True, help="Why, for every row that is amended or retracted.")
@click.option(
    "--quote",
    "quotes",
    multiple=True,
    metavar="ID=WORDS",
    help="The words of the corrected text that a row is anchored at from now on.",
)
@click.option(
    "--occurrence",
    "occurrences",
    multiple=True,
    metavar="ID=N",
    help="Which one, where the words of --quote stand several times: 1, 2, 3 …",
)
@click.option(
    "--drop",
    multiple=True,
    metavar="ID|all",
    help="Retract a row; leave out furniture:N. All: whatever is not carried otherwise.",
)
@click.option("--changed", is_flag=True, help="Carry passages that have other words now, too.")
@texts_option
@json_option
@by_option
@today_option
@pass_context
def correct(
    context: Context,
    source: str,
    path: Path,
    reason: str,
    quotes: tuple[str, ...],
    occurrences: tuple[str, ...],
    drop: tuple[str, ...],
    changed: bool,
    texts: Path | None,
    json_out: bool,
    recorded_by: str,
    today: date | None,
) -> None:
    """Amend SOURCE to a corrected text, and carry over every claim, coding and page furniture.

    Nothing is written while a passage is not carried and no option says what becomes of it.
    """
    from claimlog.desk.corrected_text import without_drafts
    from claimlog.edit.correct import UndecidedError
    from claimlog.edit.correct import correct as run

    supplied = load_texts(texts)
    if supplied is None:
        raise UsageError(
            "the corrected text is aligned with the one that was coded: name the directory of "
            "texts that holds both with --texts DIR or CLAIMLOG_TEXTS"
        )
    decisions = _decisions(quotes, occurrences, drop, changed)
    package = context.package
    try:
        with without_drafts(package, [source], "nothing was corrected"):
            done = run(package, source, path, supplied, decisions, reason, recorded_by, today)
    except UndecidedError as error:
        _say_passages(error.passages, json_out)
        raise
    _say_passages([one for one in done.passages if not one.is_carried], json_out)
    say_lateness(done.rows["sources"][0]["recorded_at"])
    amended, retracted = done.count("amend"), done.count("retract")
    line(
        f"{source} has its corrected text in the open batch: {amended} rows amended, "
        f"{retracted} retracted; claimlog seal makes it final",
        err=json_out,
    )


def _decisions(
    quotes: tuple[str, ...], occurrences: tuple[str, ...], drop: tuple[str, ...], changed: bool
) -> Decisions:
    from claimlog.edit.correct import Decisions, by_identifier

    given = by_identifier("--quote", map(_quoted, quotes))
    numbers = by_identifier("--occurrence", map(_numbered, occurrences))
    return Decisions(given, frozenset({*drop} - {ALL}), ALL in drop, changed, numbers)


def _quoted(pair: str) -> tuple[str, str]:
    name, _, words = pair.partition("=")
    if not name or not words.strip():
        raise UsageError(f"--quote {pair[:40]}: expected ID=WORDS, as C004-017=the words now")
    return name, words


def _numbered(pair: str) -> tuple[str, int]:
    name, _, number = pair.partition("=")
    if not name or not re.fullmatch("[1-9][0-9]{0,8}", number):
        raise UsageError(f"--occurrence {pair[:40]}: expected ID=N, as C004-017=2")
    return name, int(number)


def _say_passages(passages: list[Passage], json_out: bool) -> None:
    """Print what is not carried, to standard output."""
    if not json_out:
        for one in passages:
            line(str(one))
        return
    json_block(
        [
            {
                "stream": one.stream,
                "id": one.identifier,
                "outcome": one.placement.outcome.value,
                "start": one.span[0],
                "end": one.span[1],
                "place": one.placement.span,
                "reason": one.placement.reason or None,
            }
            for one in passages
        ]
    )
