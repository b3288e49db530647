"""The coder's manual (docs/codebook.md), projected from the codebook and the Table Schemas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from claimlog.schema.codebook import Row
from claimlog.schema.definition import Definition

PAGE = "docs/codebook.md"


def coding_manual(definition: Definition) -> str:
    """Return the manual as Markdown."""
    return "\n".join(_lines(definition)).rstrip() + "\n"


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
    yield "- [Decisions](#decisions)"
    for variable in book.variables:
        yield from _variable(definition, variable)
    yield from _decisions(book.decisions)


def _variable(definition: Definition, variable: Row) -> Iterator[str]:
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
    own = [row for row in definition.codebook.steps if row["variable"] == variable["variable"]]
    if own:
        chosen = any(row["code"] for row in own)
        lead = "Take the first step that holds:" if chosen else "Rules:"
        yield from ("", lead, "")
        for row in own:
            yield f"{row['step']}. {row['rule']}" + (f" **{row['code']}**" if row["code"] else "")
    lists = dict.fromkeys(item.codelist for item in fields if item.codelist)
    for name in lists:
        yield from ("", f"Codes (`{name}`):", "")
        yield from _table(
            ("code", "label", "definition", "include", "exclude", "example", "scheme"),
            (
                (
                    f"`{row['code']}`",
                    *(row[key] for key in ("label", "definition", "include", "exclude", "example")),
                    f"{row['scheme']} {row['scheme_code']}".strip(),
                )
                for row in definition.codebook.codes[name]
            ),
        )


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
