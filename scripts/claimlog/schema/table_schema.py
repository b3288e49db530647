"""Table Schemas and code lists: the one home of every column's type, constraints and meaning.

The files under ``schemas/`` are plain Table Schemas that any tool can read. Two properties keep
each fact in one place: ``codelist`` names the code list that a column's ``enum`` is taken from,
and ``from`` names the column that another one repeats. ``ownWords`` marks free text, which must
not repeat a source's wording. `schema.expansion` fills both in, and ``claimlog schemas`` checks
that the files on disk are expanded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from claimlog.errors import ClaimlogError

STREAMS = ("sources", "actors", "incidents", "claims", "links", "codings")
"""The streams of the log, in the order in which a batch's rows are numbered."""


RETIRED = " Retired: rows written since then leave it empty."
"""What the description of a retired column ends with."""


@dataclass(frozen=True)
class Field:
    """One column: a Table Schema field and the properties we add to it."""

    name: str
    type: str
    description: str
    constraints: dict[str, Any] = field(default_factory=dict)
    unit: str | None = None
    example: Any = None
    codelist: str | None = None
    references: str | None = None
    edtf: bool = False
    own_words: bool = False
    ordered: bool = False  # codes that are a scale, in its order; others are in none
    retired: bool = False  # kept in older rows, null in those of the schema that says so
    derived_from: str | None = None  # column of the same table that says what is null here
    item: Field | None = None
    fields: tuple[Field, ...] = ()

    @property
    def required(self) -> bool:
        return bool(self.constraints.get("required"))

    @property
    def enum(self) -> list[str] | None:
        return self.constraints.get("enum")

    @classmethod
    def load(cls, spec: dict[str, Any]) -> Field:
        items = spec.get("items")
        return cls(
            name=spec["name"],
            type=spec["type"],
            description=f"{spec.get('description', '')}{RETIRED if spec.get('retired') else ''}",
            constraints=spec.get("constraints", {}),
            unit=spec.get("unit"),
            example=spec.get("example"),
            codelist=spec.get("codelist"),
            references=spec.get("references"),
            edtf=spec.get("edtf", False),
            own_words=spec.get("ownWords", False),
            ordered=spec.get("categoriesOrdered", False),
            retired=spec.get("retired", False),
            derived_from=spec.get("derivedFrom"),
            item=cls.load({"name": spec["name"], **items}) if items and "type" in items else None,
            fields=tuple(cls.load(item) for item in items["fields"])
            if items and "fields" in items
            else (),
        )


@dataclass(frozen=True)
class ForeignKey:
    column: str
    table: str
    reference: str


@dataclass(frozen=True)
class Table:
    """A Table Schema: a stream of the log or a compiled table."""

    name: str
    spec: dict[str, Any]

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        return tuple(Field.load(spec) for spec in self.spec["fields"])

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.fields)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return Columns(self.name, self.fields)

    @property
    def title(self) -> str:
        return str(self.spec["title"])

    @property
    def description(self) -> str:
        return str(self.spec["description"])

    @property
    def entity(self) -> str:
        """Singular name of what a stream's rows describe."""
        return str(self.spec["entity"])

    @property
    def id(self) -> str:
        """Column that identifies a stream's entity."""
        return f"{self.entity}_id"

    @property
    def version(self) -> int:
        return int(self.spec["schemaVersion"])

    @property
    def primary_key(self) -> tuple[str, ...]:
        return tuple(self.spec.get("primaryKey", ()))

    @cached_property
    def foreign_keys(self) -> tuple[ForeignKey, ...]:
        return tuple(
            ForeignKey(
                key["fields"][0], key["reference"]["resource"], key["reference"]["fields"][0]
            )
            for key in self.spec.get("foreignKeys", ())
        )

    @property
    def content(self) -> tuple[str, ...]:
        """Columns that hold the entity's state: all but the envelope."""
        envelope = {"action", self.id, "version", "recorded_at", "recorded_by", "reason"}
        return tuple(name for name in self.names if name not in envelope)

    @property
    def in_use(self) -> tuple[str, ...]:
        """Columns of the entity's state that new rows may fill: all but the retired ones."""
        return tuple(name for name in self.content if not self.by_name[name].retired)


class Tables(dict[str, Table]):
    """Compiled tables by name; one that the code asks for and that is not there is named."""

    def __missing__(self, name: str) -> Table:
        raise ClaimlogError(f"schemas/tables/{name}.json: is missing; restore it from git")


class Columns(dict[str, Field]):
    """Columns of a table by name; one that the code asks for and that is not there is named."""

    def __init__(self, table: str, fields: tuple[Field, ...]) -> None:
        super().__init__((item.name, item) for item in fields)
        self.table = table

    def __missing__(self, name: str) -> Field:
        raise ClaimlogError(
            f'schemas: {self.table} has no column "{name}", which is read by its name; '
            "restore the schema from git"
        )


@contextmanager
def fitting(what: str) -> Iterator[None]:
    """Say that a definition does not give what the code computes with, where Polars says so.

    Raises
    ------
    ClaimlogError
        If a column is absent, or of a type that cannot be computed with.
    """
    try:
        yield
    except Exception as error:
        # asked here only: the command line reads schemas for its --help
        from narwhals.exceptions import NarwhalsError
        from polars.exceptions import PolarsError

        if not isinstance(error, PolarsError | NarwhalsError):
            raise
        said = (str(error).splitlines() or [""])[0][:160]
        raise ClaimlogError(
            f"{what}: cannot be computed from the columns that schemas/ gives ({said}); "
            "restore it from git"
        ) from error


def display(path: str) -> str:
    """Return a file's name for a message in one line: it may be any name that a disk holds."""
    return path if path.isprintable() and len(path) < 200 else repr(path)[:200]


def dump(spec: dict[str, Any]) -> str:
    """Return a schema file's text."""
    return json.dumps(spec, ensure_ascii=False, indent=2) + "\n"


def coded_columns(table: Table) -> dict[str, bool]:
    """Return the names of a table's columns, and whether each has a code list."""
    return {item.name: item.codelist is not None for item in table.fields}
