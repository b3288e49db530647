"""What somebody chooses who starts a dataset: name, title, topic, licence, languages."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from claimlog.errors import UsageError, suggest
from claimlog.limits import TITLE_LENGTH
from claimlog.schema.codebook import CODES
from claimlog.schema.json_schemas import HEAD, shape_flaw
from claimlog.schema.registers import dataset_name_flaw
from claimlog.start.language_tags import language_tag
from claimlog.start.option_lines import line_flaw
from claimlog.start.template_files import template_rows

CODEBOOK_VERSION, FIRST_VERSION = "1.0.0", "0.1.0"
"""Version of a codebook and of a dataset that nobody has released yet."""

EXAMPLE_LANGUAGE = "en"


@dataclass(frozen=True)
class PackageChoices:
    """What a new package is called, is about, and is licensed under.

    Attributes
    ----------
    name
        Lower-case letters, digits, hyphens: names files, and the database.
    topic
        What the claims are about, as it follows "claims about".
    licence
        SPDX identifier.
    languages
        Tags (BCP 47) of the languages that sources are written in.
    authors
        Names of people or bodies whose work it is.
    """

    name: str
    title: str
    topic: str
    licence: str
    languages: tuple[str, ...]
    authors: tuple[str, ...] = ()

    @property
    def contributors(self) -> list[dict[str, Any]]:
        """Whose work it is, whom a citation names; its maintainers where nobody is named."""
        people = [{"title": author, "roles": ["author"]} for author in self.authors]
        return people or [{"title": f"{self.title} maintainers", "roles": ["maintainer"]}]

    def require_valid(self) -> None:
        """Refuse what a package cannot be called or cannot say.

        Raises
        ------
        UsageError
            Naming the option.
        """
        named = (("--author", author) for author in self.authors)
        for option, value in (("--title", self.title), ("--topic", self.topic), *named):
            if flaw := line_flaw(option, value, TITLE_LENGTH):
                raise UsageError(flaw)
        if flaw := dataset_name_flaw(self.name) or shape_flaw(self.head(), HEAD):
            raise UsageError(
                f"--name {self.name!r}: {flaw}; expected lower-case letters, digits and hyphens"
                if flaw.startswith(("name", '"name"'))
                else flaw
            )
        _require_known("--licence", self.licence, [row["name"] for row in licences()])
        for language in self.languages:
            _require_language(language)

    def head(self) -> dict[str, Any]:
        """Return the descriptor, without what it was made with and without its resources."""
        licence = next((row for row in licences() if row["name"] == self.licence), None)
        return {
            "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
            "name": self.name,
            "title": self.title,
            "description": f"A dataset of claims about {self.topic}. Every claim is "
            "an immutable event row that points at a passage of a source text by offsets and "
            "hashes. A claim's presence says that a source says it, never that it is so. No "
            "source text is included.",
            "version": FIRST_VERSION,
            "keywords": [self.topic, "claims", "event sourcing"],
            "licenses": [licence or {"name": self.licence, "path": "", "title": ""}],
            "contributors": self.contributors,
        }

    def codebook(self) -> dict[str, str]:
        """Return what is said of the codebook as a whole."""
        return {
            "title": f"Codebook of {self.title}",
            "version": CODEBOOK_VERSION,
            "description": f"What a claim about {self.topic} is, what is coded of it, and how a "
            "coder decides.",
        }


def licences() -> list[dict[str, str]]:
    """Return the licences that a new package can be under: name (SPDX), path, title."""
    return template_rows("licences.csv")


def language_codes(languages: Sequence[str]) -> bytes:
    """Return the code list of languages, called as ISO 639-1 calls them where it has them."""
    names = {row["code"]: row["label"] for row in template_rows("languages.csv")}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CODES)
    tags = [language_tag(language) or language for language in languages]
    for code in dict.fromkeys((*tags, EXAMPLE_LANGUAGE)):
        writer.writerow(_language_row(code, names))
    return text.getvalue().encode()


def _language_row(code: str, names: Mapping[str, str]) -> list[str]:
    primary, _, rest = code.partition("-")
    label = names.get(primary, primary).partition(";")[0] + (f" ({rest})" if rest else "")
    named = code in names
    meaning = f"{label}, as ISO 639-1 names it." if named else f"The language with the tag {code}."
    return [
        *(code, label, meaning, "Texts that are written in it.", "Texts that only quote it."),
        *(f"A text in {label}.", "ISO 639-1" if named else "BCP 47", code, CODEBOOK_VERSION),
    ]


def _require_language(text: str) -> None:
    tag = language_tag(text)
    names = [row["code"] for row in template_rows("languages.csv")]
    if tag is None or (len(tag) == 2 and tag not in names):
        near = suggest(text, tuple(names))
        raise UsageError(
            f"--language {text!r}: is no language tag{near}; expected one of BCP 47, as en, prs, "
            "sr-Latn or zh-Hant"
        )


def _require_known(option: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        few = f"; expected one of {', '.join(known)}" if len(known) < 20 else ""
        near = suggest(value, tuple(known)) or few
        raise UsageError(f"{option} {value!r}: is not known{near}")
