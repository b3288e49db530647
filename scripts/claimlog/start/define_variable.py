"""Edits of a definition's files that add a variable: its column, its codes, how coders decide it.

`define` writes them; what cannot be one is refused in `variable_flaws`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from claimlog.count_wording import number_and_noun
from claimlog.errors import UsageError
from claimlog.export.descriptor import dump_json
from claimlog.schema.codebook import CODES, FOLDER
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Table, column_words
from claimlog.start.define import add_column, raise_codebook_version
from claimlog.start.definition_texts import DefinitionTexts
from claimlog.start.next_schema_version import schema_file
from claimlog.start.stream_names import stream_named
from claimlog.start.variable_choices import CODED_IN, TYPES, VariableChoices
from claimlog.start.variable_flaws import variable_flaws

CODED_TWICE = "codings"
"""The stream of what coders say independently, by which their agreement is measured."""

PAGES = "schemas/site.json"
"""What pages show of variables, and where."""

ON_LINE, ON_FIRST_PAGE = 4, 5
"""Variables on a line of a list of claims, and charts of the first page, up to which `define` adds
one; its owner arranges them otherwise in `PAGES`."""

MOST_REFERENCES = 20
"""References that a list holds: as many as claims can have actors on a side."""

NOT_COUNTED, NO_EXAMPLE = "What the text does not say.", "None yet."
"""What the codebook says where nobody says what does not count, or gives no example."""


@dataclass(frozen=True)
class Variable:
    """A variable that is added to a definition."""

    choices: VariableChoices

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"variable {self.choices.name}"

    def edit(self, texts: DefinitionTexts, definition: Definition) -> None:
        """Add the column, and what the codebook says of it.

        Raises
        ------
        UsageError
            Naming the option that does not go with the definition.
        """
        choices = self.choices
        if flaw := next(variable_flaws(choices, definition), None):
            raise UsageError(f"{flaw}; nothing was written")
        table = stream_named(definition, choices.stream)
        target = stream_named(definition, choices.register) if choices.register else None
        coded = table.name == CODED_IN
        version = raise_codebook_version(texts) if coded or choices.codes else ""
        codelist = choices.name if coded else f"{table.entity}_{choices.name}"
        if choices.codes:
            rows = [
                (code, _words(code), meaning, "", "", "", "", "", version)
                for code, meaning in choices.codes
            ]
            note = number_and_noun(len(rows), "code")
            texts.append(f"{FOLDER}/codes/{codelist}.csv", [CODES, *rows], note)
        column = self._column(table, target, codelist)
        add_column(texts, table.name, column)
        if choices.agreement is not None and CODED_TWICE in definition.streams:
            origin = f"{table.name}.{choices.column}"
            repeated = {"name": choices.column, "type": column["type"], "from": origin}
            add_column(texts, CODED_TWICE, repeated)
        if target is not None and not choices.many:
            self._add_key(texts, table, target)
        if coded:
            self._add_to_codebook(texts, table, target, version)
            self._add_to_pages(texts, target)

    @property
    def _title(self) -> str:
        """What pages call it."""
        return self.choices.label or _words(self.choices.name)

    def _column(self, table: Table, target: Table | None, codelist: str) -> dict[str, Any]:
        choices = self.choices
        said: dict[str, Any] = {"description": self._definition(table, target)}
        if target is not None and choices.many:
            return {
                "name": choices.column,
                "type": "array",
                **said,
                "items": {"type": "string", "references": target.name},
                "constraints": {"maxLength": MOST_REFERENCES},
                "currentConstraints": {"required": True},
            }
        if target is not None:
            pattern = target.by_name[target.id].constraints.get("pattern")
            if pattern:
                said["constraints"] = {"pattern": pattern}
            return {"name": choices.column, "type": "string", **said}
        if choices.codes:
            return {"name": choices.column, "type": "string", "codelist": codelist, **said}
        bounds = {"minimum": choices.minimum, "maximum": choices.maximum}
        limits: dict[str, Any] = {
            key: _number(value) for key, value in bounds.items() if value is not None
        }
        return {
            "name": choices.column,
            **TYPES[choices.type or "text"],
            **({"unit": choices.unit} if choices.unit else {}),
            **said,
            **({"constraints": limits} if limits else {}),
        }

    def _definition(self, table: Table, target: Table | None) -> str:
        if self.choices.definition or target is None:
            return self.choices.definition
        what = target.title if self.choices.many else f"The {target.entity.replace('_', ' ')}"
        return f"{what} that the {table.entity.replace('_', ' ')} is about."

    def _add_key(self, texts: DefinitionTexts, table: Table, target: Table) -> None:
        shown = schema_file(table.name)
        spec = texts.json(shown)
        reference = {"resource": target.name, "fields": [target.id]}
        key = {"fields": [self.choices.column], "reference": reference}
        keys = [*spec.get("foreignKeys", ()), key]
        texts.put_schema(shown, {**spec, "foreignKeys": keys}, f"its key to {target.name}")

    def _add_to_codebook(
        self, texts: DefinitionTexts, table: Table, target: Table | None, version: str
    ) -> None:
        choices = self.choices
        agreement = "" if choices.agreement is None else str(_number(choices.agreement))
        row = (
            *(choices.name, self._title, choices.column),
            *(self._definition(table, target), choices.exclude or NOT_COUNTED),
            *(choices.example or NO_EXAMPLE, "", agreement, version),
        )
        texts.append(f"{FOLDER}/variables.csv", [row], "its definition")
        steps = [
            (choices.name, number, *step) for number, step in enumerate(choices.steps, start=1)
        ]
        if steps:
            texts.append(f"{FOLDER}/steps.csv", steps, number_and_noun(len(steps), "step"))

    def _add_to_pages(self, texts: DefinitionTexts, target: Table | None) -> None:
        """Have the variable on the lines of claims, and one with codes as a chart, for a while."""
        if target is not None or self.choices.type == "text" or not texts.exists(PAGES):
            return
        name = self.choices.name
        before = texts.json(PAGES)
        line, charts = before.get("claim_line", []), before.get("charts", [])
        site = {**before}
        if len(line) < ON_LINE:
            site["claim_line"] = [*line, {"column": name}]
        chart_name = _chart_name(name)
        is_new = chart_name not in ("", *(chart["name"] for chart in charts))
        if self.choices.codes and is_new and len(charts) < ON_FIRST_PAGE:
            chart = {
                "kind": "column",
                "name": chart_name,
                "column": name,
                "title": self._title,
                "text": self.choices.definition,
            }
            site["charts"] = [*charts, chart]
        if site != before:
            texts.put(PAGES, dump_json(site).decode(), "where pages show it")


def _chart_name(variable: str) -> str:
    """Return what an address calls the chart of a variable: small letters and hyphens.

    >>> _chart_name("colour_2_of_the_bell")
    'colour-of-the-bell'
    """
    return re.sub("[^a-z]+", "-", variable)[:31].strip("-")


def _words(name: str) -> str:
    words = column_words(name)
    return words[:1].upper() + words[1:]


def _number(value: float) -> int | float:
    """Return a number as people write it: 0 and not 0.0."""
    return int(value) if value == int(value) else value
