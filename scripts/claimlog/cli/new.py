"""The command `new`: start a dataset of one's own."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from claimlog.cli.base import example
from claimlog.cli.output import line, lines
from claimlog.errors import ClaimlogError, UsageError

LICENCE, LANGUAGE = "CC-BY-4.0", "en"


@click.command(
    "new",
    epilog=example(
        'claimlog new bells --title "Bells" --topic "the bells of a town" --author "Your Name"',
        "claimlog new bells --from ../other-dataset",
    ),
)
@click.argument("folder", type=click.Path(path_type=Path), metavar="[DIR]", required=False)
@click.option("--name", help="Name of the dataset; by default that of DIR.")
@click.option("--title", help="Title of the dataset; by default its name.")
@click.option("--topic", help='What the claims are about: "the bells of a town".')
@click.option(
    "--author",
    "authors",
    multiple=True,
    help="Whose work it is, for citations; may be given again. By default its maintainers.",
)
@click.option(
    "--licence", metavar="SPDX", help=f"Licence of the data, as {LICENCE} (which it is by default)."
)
@click.option(
    "--language",
    "languages",
    multiple=True,
    metavar="CODE",
    help=f"Language of sources (BCP 47: en, prs, zh-Hant), by default {LANGUAGE}; may be given "
    "again.",
)
@click.option(
    "--from",
    "pattern",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="A package to take the codebook of: schemas, code lists, rules, and no rows.",
)
def new(
    folder: Path | None,
    name: str | None,
    title: str | None,
    topic: str | None,
    authors: tuple[str, ...],
    licence: str | None,
    languages: tuple[str, ...],
    pattern: Path | None,
) -> None:
    """Make a new dataset package in DIR: it builds, tests, serves and releases at once.

    On a terminal it asks for what no option says.
    """
    from claimlog.package import Package
    from claimlog.start.new_package import make_package, require_place
    from claimlog.start.package_choices import PackageChoices

    plain = PackageChoices("plain", "Plain", "plain", LICENCE, (LANGUAGE,))

    def choice(key: str, given: str | None, question: str, default: str) -> str:
        """Return what was given or is answered for a choice, once it is valid."""

        def require_valid(value: str) -> None:
            chosen: dict[str, Any] = {key: value}
            replace(plain, **chosen).require_valid()

        if given:
            require_valid(given)
        return given or _answer(question, default, require_valid)

    if folder is None:
        answer = _answer("Directory to make", "", lambda value: require_place(Path(value)))
        folder = Path(answer) if answer else None
    if folder is None:
        raise UsageError("name the directory to make: claimlog new DIR")
    require_place(folder)
    own_name = re.sub(r"[^a-z0-9_-]+", "-", folder.absolute().name.lower()).strip("-")
    name = choice("name", name, "Name (lower-case letters, digits, hyphens)", own_name)
    title = choice("title", title, "Title", name.replace("-", " ").capitalize())
    topic = choice("topic", topic, "Topic: the claims are about", "")
    if not authors:
        default = replace(plain, title=title).contributors[0]["title"]
        answer = _answer(
            "Author, for citations",
            default,
            lambda value: replace(plain, authors=(value,)).require_valid(),
        )
        authors = () if answer == default else (answer,)
    licence = choice("licence", licence, "Licence of the data", LICENCE)
    if not languages and pattern is None:
        question = "Languages of the sources (BCP 47: en, prs, zh-Hant)"
        answer = _answer(
            question, LANGUAGE, lambda value: replace(plain, languages=_tags(value)).require_valid()
        )
        languages = _tags(answer)
    if not topic:
        raise UsageError("--topic: say in some words what the claims are about")
    choices = PackageChoices(name, title, topic, licence, languages, authors)
    made = make_package(folder, choices, Package.find(pattern) if pattern else None)
    line(f"made {folder}, with claimlog in {made.root.name}/tool")
    lines(
        (
            "next:",
            f"  cd {folder}",
            "  make serve                      # the site, with the five claims of the example"
            if pattern is None
            else "  make test",
            "  git init && git add --all && git commit --message Start",
        )
    )


def _tags(answer: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^,\s]+", answer))


def _answer(question: str, default: str, require_valid: Callable[[str], None]) -> str:
    """Ask on a terminal until the answer is valid; elsewhere return the default."""
    if not sys.stdin.isatty():
        return default

    def checked(value: str) -> str:
        try:
            require_valid(value)
        except ClaimlogError as error:
            raise click.UsageError(str(error)) from error  # said, and asked again
        return value

    return str(click.prompt(question, default=default or None, err=True, value_proc=checked))
