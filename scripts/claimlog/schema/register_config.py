"""What the site must know of a package's registers, as the build writes it for the plugin."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from claimlog.schema.definition import Definition
from claimlog.schema.registers import label_column, referring_columns
from claimlog.schema.table_schema import NUMBERS, Field, Table

COUNTS = ("claims", "articles", "independent_origins", "unknown_origins")
"""Columns that count the claims about a row."""


@dataclass(frozen=True)
class RegisterConfig:
    """A register as its pages are made from it.

    Attributes
    ----------
    name, entity, title, description
        As its Table Schema says them.
    label
        The column by which its rows are called, if there is one.
    columns
        The columns of a row's state, in the order of its page.
    codes
        The code list of each coded column.
    dates
        Columns that are EDTF dates.
    numbers
        The unit of each column of numbers, empty where it has none.
    truths
        Columns of yes and no.
    references
        The stream that a column, or each part of a list, refers to.
    claims, claim_lists
        Columns of claims that refer to a row, and that hold lists which do.
    about
        Columns that hold the identifier of a row of whichever stream: what its rows are about.
    """

    name: str
    entity: str
    title: str
    description: str
    label: str | None
    columns: tuple[str, ...]
    codes: Mapping[str, str]
    dates: tuple[str, ...]
    references: Mapping[str, str]
    claims: tuple[str, ...]
    claim_lists: tuple[str, ...]
    about: tuple[str, ...]
    numbers: Mapping[str, str] = field(default_factory=dict)
    truths: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Column that identifies a row."""
        return f"{self.entity}_id"

    @property
    def has_claims(self) -> bool:
        """Whether claims refer to it; others say how the dataset was made."""
        return bool(self.claims or self.claim_lists)

    def limited_to(self, tables: Mapping[str, Set[str]]) -> Self | None:
        """Return the register as a database has it, or None where it has none such.

        Parameters
        ----------
        tables
            The columns of each table of the database, which may be of an earlier release.
        """
        rows, versions = tables.get(self.name, set()), tables.get(f"{self.entity}_versions", set())
        if self.id not in rows & versions:
            return None
        both = rows & versions  # lists are in the versions alone
        counted = rows >= set(COUNTS)
        claims = tables.get("claims", set()) if counted else set()
        return replace(
            self,
            label=self.label if self.label in both else None,
            columns=tuple(name for name in self.columns if name in versions),
            codes={name: codes for name, codes in self.codes.items() if name in both},
            dates=tuple(name for name in self.dates if name in both),
            numbers={name: unit for name, unit in self.numbers.items() if name in both},
            truths=tuple(name for name in self.truths if name in both),
            references={name: to for name, to in self.references.items() if name in versions},
            claims=tuple(name for name in self.claims if name in claims),
            claim_lists=tuple(
                name
                for name in self.claim_lists
                if counted and self.id in tables.get(f"claim_{name}", set())
            ),
            about=tuple(name for name in self.about if name in both),
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return what the build wrote."""
        parts: dict[str, Any] = {
            key: tuple(part) if isinstance(part, list) else part for key, part in value.items()
        }
        return cls(**parts)


def register_configs(definition: Definition) -> list[dict[str, Any]]:
    """Return the registers of a package as JSON objects, in their order."""
    counted = referring_columns(definition.tables["claims"], definition.streams)
    return [
        asdict(_config(definition.tables[name], table, counted.get(name, ())))
        for name, table in definition.registers.items()
    ]


def references_of(table: Table) -> dict[str, str]:
    """Return the stream that a column of a stream, or each part of a list in it, refers to."""
    references = {key.column: key.table for key in table.foreign_keys}
    for item in table.fields:
        if item.item is not None and item.item.references:
            references[item.name] = item.item.references
    return references


def _config(compiled: Table, table: Table, referring: tuple[Field, ...]) -> RegisterConfig:
    # in the order of its table, in which the lists of references are not
    order = dict.fromkeys((*compiled.names, *table.content))
    return RegisterConfig(
        table.name,
        table.entity,
        table.title,
        table.description,
        label_column(table),
        tuple(name for name in order if name in table.content),
        {item.name: item.codelist for item in table.fields if item.codelist},
        tuple(item.name for item in table.fields if item.edtf),
        references_of(table),
        tuple(item.name for item in referring if item.type != "array"),
        tuple(item.name for item in referring if item.type == "array"),
        tuple(item.name for item in table.fields if item.any_row),
        {
            item.name: item.unit or ""
            for item in table.fields
            if item.type in NUMBERS and item.name in table.content
        },
        tuple(item.name for item in table.fields if item.type == "boolean"),
    )
