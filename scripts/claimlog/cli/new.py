"""The command `new`: start a dataset of one's own."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from claimlog.cli.base import example
from claimlog.cli.output import line, lines
from claimlog.errors import UsageError

LICENCE, LANGUAGE = "CC-BY-4.0", "en"


@click.command(
    "new",
    epilog=example(
        'claimlog new bells --title "Bells" --topic "the bells of a town"',
        "claimlog new bells --from ../other-dataset",
    ),
)
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--name", help="Name of the dataset; by default that of DIR.")
@click.option("--title", help="Title of the dataset; by default its name.")
@click.option("--topic", help='What the claims are about: "the bells of a town".')
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
    folder: Path,
    name: str | None,
    title: str | None,
    topic: str | None,
    licence: str | None,
    languages: tuple[str, ...],
    pattern: Path | None,
) -> None:
    """Make a new dataset package in DIR: it builds, tests, serves and releases at once.

    On a terminal it asks for what no option says.
    """
    from claimlog.package import Package
    from claimlog.start.new_package import make_package
    from claimlog.start.package_choices import PackageChoices

    own_name = re.sub(r"[^a-z0-9_-]+", "-", folder.absolute().name.lower()).strip("-")
    name = name or _answer("Name (lower-case letters, digits, hyphens)", own_name)
    title = title or _answer("Title", name.replace("-", " ").capitalize())
    topic = topic or _answer("Topic: the claims are about", "")
    licence = licence or _answer("Licence of the data", LICENCE)
    if not languages and pattern is None:
        answer = _answer("Languages of the sources (BCP 47: en, prs, zh-Hant)", LANGUAGE)
        languages = tuple(re.findall(r"[^,\s]+", answer))
    if not topic:
        raise UsageError("--topic: say in some words what the claims are about")
    choices = PackageChoices(name, title, topic, licence, languages)
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


def _answer(question: str, default: str) -> str:
    """Ask on a terminal, again where there is no default; elsewhere return the default."""
    if not sys.stdin.isatty():
        return default
    return str(click.prompt(question, default=default or None, err=True))
