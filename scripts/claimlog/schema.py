"""Table Schemas and code lists: the one home of every column's type, constraints and meaning.

The files under ``schemas/`` are plain Table Schemas that any tool can read. Two properties keep
each fact in one place: ``codelist`` names the code list that a column's ``enum`` is taken from,
and ``from`` names the column that another one repeats. ``ownWords`` marks free text, which must
not repeat a source's wording. `expand` fills both in, and
``claimlog schemas`` checks that the files on disk are expanded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from claimlog.codebook import Codebook, Row
from claimlog.errors import ClaimlogError
from claimlog.package import Package, read_json
from claimlog.shapes import COMPILED, STREAM, shape_flaw

STREAMS = ("sources", "actors", "incidents", "claims", "links", "codings")
"""The streams of the log, in the order in which a batch's rows are numbered."""


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
            description=spec.get("description", ""),
            constraints=spec.get("constraints", {}),
            unit=spec.get("unit"),
            example=spec.get("example"),
            codelist=spec.get("codelist"),
            references=spec.get("references"),
            edtf=spec.get("edtf", False),
            own_words=spec.get("ownWords", False),
            ordered=spec.get("categoriesOrdered", False),
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
        return {item.name: item for item in self.fields}

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


class Schemas:
    """All schemas and code lists of a package."""

    def __init__(self, package: Package) -> None:
        self.folder = package.schemas
        self.package = package

    @cached_property
    def streams(self) -> dict[str, Table]:
        return {name: self._load(self.folder / f"{name}.json", STREAM) for name in STREAMS}

    @cached_property
    def tables(self) -> dict[str, Table]:
        """Compiled tables by name, in the order of their ``order`` property."""
        paths = sorted((self.folder / "tables").glob("*.json"))
        loaded = [self._load(path, COMPILED) for path in paths]
        return {table.name: table for table in sorted(loaded, key=lambda t: t.spec["order"])}

    @cached_property
    def codebook(self) -> Codebook:
        return Codebook(self.package)

    def columns(self, variable: Row) -> list[Field]:
        """Return the columns of the claims that hold a variable of the codebook."""
        fields = {**self.tables["claims"].by_name, **self.streams["claims"].by_name}
        return [fields[name] for name in variable["columns"].split()]

    def _load(self, path: Path, shape: dict[str, Any]) -> Table:
        shown = self.package.relative(path)
        table = Table(path.stem, read_json(path, shown))
        flaw = shape_flaw(table.spec, shape) or _name_flaw(table)
        if flaw:
            raise ClaimlogError(f"{shown}: {flaw}; restore it from git")
        return table

    def expanded(self) -> Iterator[tuple[Path, str]]:
        """Yield every schema file with the text that it should hold once expanded."""
        for folder, tables in ((self.folder, self.streams), (self.folder / "tables", self.tables)):
            for table in tables.values():
                fields = [self._expand(item) for item in table.spec["fields"]]
                yield folder / f"{table.name}.json", dump({**table.spec, "fields": fields})

    def _expand(self, spec: dict[str, Any]) -> dict[str, Any]:
        if "from" in spec:
            spec = self._follow(spec)
        if "codelist" in spec:
            enum = self._codes(spec["codelist"])
            spec = {**spec, "constraints": {**spec.get("constraints", {}), "enum": enum}}
        if "fields" in spec.get("items", {}):
            fields = [self._expand(item) for item in spec["items"]["fields"]]
            spec = {**spec, "items": {**spec["items"], "fields": fields}}
        return spec

    def _follow(self, spec: dict[str, Any]) -> dict[str, Any]:
        stream, _, name = spec["from"].partition(".")
        home = next(
            (f for f in self.streams[stream].spec["fields"] if f["name"] == name)
            if stream in self.streams
            else iter(()),
            None,
        )
        if home is None:
            raise ClaimlogError(
                f'schemas: "from" names {spec["from"]}, which is no column of a stream'
            )
        own = {"name": spec["name"], "from": spec["from"], **spec.get("override", {})}
        if "override" in spec:
            own["override"] = spec["override"]
        return {**self._expand(home), **own}

    def _codes(self, name: str) -> list[str]:
        if name not in self.codebook.codes:
            raise ClaimlogError(
                f"schemas/codebook/codes/{name}.csv: no such code list; add it or mend the name"
            )
        return [row["code"] for row in self.codebook.codes[name]]


def _name_flaw(table: Table) -> str | None:
    """Say which column a table names and does not have, or has twice; None if all is well."""
    spec = table.spec
    keys = [name for key in spec.get("foreignKeys", ()) for name in key["fields"]]
    columns = [name for columns in spec.get("indexes", ()) for name in columns]
    named = [*table.primary_key, *keys, *columns, *spec.get("search", ()), *spec.get("facets", ())]
    if len(table.by_name) < len(table.names):
        return "two columns have one name"
    absent = [name for name in named if name not in table.by_name]
    return f'names the column "{absent[0]}", which it does not have' if absent else None


def dump(spec: dict[str, Any]) -> str:
    """Return a schema file's text."""
    return json.dumps(spec, ensure_ascii=False, indent=2) + "\n"
