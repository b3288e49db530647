"""The coder's manual (docs/codebook.md), projected from the codebook and the Table Schemas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from claimlog.errors import ClaimlogError
from claimlog.escaping import printable
from claimlog.limits import DOCUMENT_BYTES
from claimlog.schema.codebook import Row
from claimlog.schema.definition import Definition

PAGE = "docs/codebook.md"
OTHER_CODES = "Other codes"

MOST_LISTED = 60
"""Codes of a list that the manual has; of longer ones it names the file."""


def coding_manual(definition: Definition) -> str:
    """Return the manual as Markdown.

    Raises
    ------
    ClaimlogError
        If it would be longer than a page can be: each variable has all codes of its lists.
    """
    lines, size = [], 0
    for line in map(_one_line, _lines(definition)):
        lines.append(line)
        size += len(line) + 1
        if size > DOCUMENT_BYTES:
            raise ClaimlogError(
                f"{PAGE}: would be longer than {DOCUMENT_BYTES:,} characters; take variables that "
                "share a long code list out of schemas/codebook/variables.csv"
            )
    return "\n".join(lines).rstrip() + "\n"


def _one_line(text: str) -> str:
    """Return a line as one, whatever cells it was made of: a line feed in one ends a table."""
    return printable(" ".join(text.splitlines()))


def _lines(definition: Definition) -> Iterator[str]:
    book = definition.codebook
    yield f"# {book.about['title']}"
    yield ""
    yield f"Version {book.version}. {book.about['description']}"
    yield ""
    yield (
        "This page is generated from `schemas/codebook/`; change it there and run "
        "`claimlog schemas --write`."
    )
    yield ""
    for variable in book.variables:
        yield f"- [{variable['label']}](#{_heading_anchor(variable['label'])})"
    yield f"- [{OTHER_CODES}](#{_heading_anchor(OTHER_CODES)})"
    yield "- [Decisions](#decisions)"
    steps: dict[str, list[Row]] = {}
    for row in book.steps:
        steps.setdefault(row["variable"], []).append(row)
    for variable in book.variables:
        yield from _variable(definition, variable, steps.get(variable["variable"], []))
    yield from _other_codes(definition)
    yield from _decisions(book.decisions)


def _variable(definition: Definition, variable: Row, steps: list[Row]) -> Iterator[str]:
    fields = definition.columns(variable)
    yield from ("", f"## {variable['label']}", "")
    names = ", ".join(f"`{item.name}`" for item in fields)
    yield f"{names}. {' '.join(item.description for item in fields)}"
    yield ""
    yield f"- Include: {variable['include']}"
    yield f"- Exclude: {variable['exclude']}"
    yield f"- Example: {variable['example']}"
    if variable["scheme"]:
        yield f"- Scheme: {variable['scheme']}"
    for item in (item for item in fields if item.unit):
        yield f"- Unit: {item.unit}"
    if steps:
        chosen = any(row["code"] for row in steps)
        lead = "Take the first step that holds:" if chosen else "Rules:"
        yield from ("", lead, "")
        for row in steps:
            yield f"{row['step']}. {row['rule']}" + (f" **{row['code']}**" if row["code"] else "")
    for name in dict.fromkeys(item.codelist for item in fields if item.codelist):
        yield from ("", f"Codes (`{name}`):", "")
        yield from _codes(definition, name)


def _codes(definition: Definition, codelist: str) -> Iterator[str]:
    return _table(
        ("code", "label", "definition", "include", "exclude", "example", "scheme"),
        (
            (
                f"`{row['code']}`",
                *(row[key] for key in ("label", "definition", "include", "exclude", "example")),
                f"{row['scheme']} {row['scheme_code']}".strip(),
            )
            for row in definition.codebook.codes[codelist]
        ),
    )


def _other_codes(definition: Definition) -> Iterator[str]:
    """Yield the codes of columns that are no variables, as those of actors and sources."""
    codes = definition.codebook.codes
    told = {
        item.codelist
        for variable in definition.codebook.variables
        for item in definition.columns(variable)
    }
    places: dict[str, list[str]] = {}
    for stream, table in definition.streams.items():
        for item in (item for item in table.fields if item.name in table.content):
            for name in dict.fromkeys((item.codelist, *(part.codelist for part in item.fields))):
                if name is not None and name in codes and name not in told:
                    places.setdefault(name, []).append(f"`{stream}.{item.name}`")
    yield from ("", f"## {OTHER_CODES}", "", "Of columns that no coder decides by steps.")
    for name, columns in places.items():
        yield from ("", f"### {name.replace('_', ' ').capitalize()}", "")
        yield f"{', '.join(dict.fromkeys(columns))}."
        yield ""
        if len(codes[name]) > MOST_LISTED:
            yield f"{len(codes[name]):,} codes: `schemas/codebook/codes/{name}.csv`."
        else:
            yield from _codes(definition, name)


def _decisions(decisions: list[Row]) -> Iterator[str]:
    yield from ("", "## Decisions", "", "Questions on which careful coders differed, and rulings.")
    for row in decisions:
        yield from ("", f"### {row['number']}. {row['title']}", "")
        yield f"{row['question']} {row['ruling']}"
        yield from ("", f"Example: {row['example']}")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for line in (head, tuple("---" for _ in head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |"


def _heading_anchor(title: str) -> str:
    return title.lower().replace(" ", "-")
