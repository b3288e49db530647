"""Table Schemas and code lists: the one home of every column's type, constraints and meaning.

The files under ``schemas/`` are plain Table Schemas that any tool can read. Two properties keep
each fact in one place: ``codelist`` names the code list that a column's ``enum`` is taken from,
and ``from`` names the column that another one repeats. ``ownWords`` marks free text, which must
not repeat a source's wording. `expand` fills both in, and
``claimlog schemas`` checks that the files on disk are expanded.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.limits import FILE_BYTES
from claimlog.package import Package
from claimlog.schema.codebook import Codebook, Row
from claimlog.schema.config_files import COLUMN, COMPILED, STREAM, shape_flaw
from claimlog.schema.flaws import name_flaw, schema_flaw
from claimlog.schema.projection import project_columns

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


class Schemas:
    """All schemas and code lists of a package."""

    def __init__(self, package: Package) -> None:
        self.folder = package.schemas
        self.package = package

    @cached_property
    def streams(self) -> dict[str, Table]:
        streams = {name: self.stream(name, f"{name}.json") for name in STREAMS}
        for name, table in streams.items():
            for codelist in _codelists(table):
                if not (self.codebook.folder / "codes" / f"{codelist}.csv").is_file():
                    raise ClaimlogError(
                        f"schemas/{name}.json: names the code list {codelist[:80]!r}, which "
                        "schemas/codebook/codes/ does not have; add it or mend the name"
                    )
            for target in _referred(table):
                if target not in streams:
                    raise ClaimlogError(
                        f"schemas/{name}.json: refers to {target[:80]!r}, which is no stream; "
                        "restore it from git"
                    )
        return streams

    def stream(self, name: str, file: str) -> Table:
        """Read the Table Schema of a stream, or of an earlier version of it.

        Raises
        ------
        ClaimlogError
            If it cannot be read, or is no Table Schema of a stream.
        """
        table = self._load(name, self.folder / file, STREAM)
        # in the order of a row's keys: Frictionless takes them by their place
        ordered = sorted(table.spec["fields"], key=lambda spec: str(spec["name"]))
        fields = [*map(self._with_codes, ordered)]
        return Table(name, {**table.spec, "fields": fields})

    @cached_property
    def tables(self) -> dict[str, Table]:
        """Compiled tables by name, in the order of their ``order`` property."""
        paths = sorted((self.folder / "tables").glob("*.json"))
        files = [self._load(path.stem, path, COMPILED) for path in paths]
        repeated = {item.get("from") for table in files for item in table.spec["fields"]}
        loaded = [self._project(table, repeated) for table in files]
        ordered = sorted(loaded, key=lambda table: int(table.spec["order"]))
        tables = Tables((table.name, table) for table in ordered)
        for table in loaded:
            if flaw := _target_flaw(table, tables):
                shown = f"schemas/tables/{table.name}.json"
                raise ClaimlogError(f"{shown}: {flaw}; restore it from git")
        return tables

    @cached_property
    def codebook(self) -> Codebook:
        return Codebook(self.package)

    def columns(self, variable: Row) -> list[Field]:
        """Return the columns of the claims that hold a variable of the codebook."""
        fields = {**self.tables["claims"].by_name, **self.streams["claims"].by_name}
        names = variable["columns"].split()
        for name in names:
            if name not in fields:
                raise ClaimlogError(
                    f"schemas/codebook/variables.csv: {variable['variable'][:80]!r} is coded in "
                    f"{name[:80]!r}, which is no column of the claims; mend the name"
                )
        return [fields[name] for name in names]

    def _load(self, name: str, path: Path, shape: dict[str, Any]) -> Table:
        shown = self.package.relative(path)
        flaw = name_flaw(name, "a table")
        if flaw is None:
            table = Table(name, self.package.json(shown))
            flaw = shape_flaw(table.spec, shape) or schema_flaw(table.spec, shape is STREAM)
        if flaw:
            raise ClaimlogError(f"{display(shown)}: {flaw}; restore it from git")
        return table

    def _project(self, table: Table, repeated: Collection[str | None]) -> Table:
        """Return a compiled table with the columns of its stream that no table repeats yet."""
        stream = table.spec.get("stream", table.name)
        if stream not in self.streams:
            return table
        columns = {spec["name"]: spec for spec in self.streams[stream].spec["fields"]}
        spec = project_columns(table.spec, stream, columns, repeated)
        if spec is table.spec:
            return table
        if flaw := schema_flaw(spec, False):
            raise ClaimlogError(f"schemas/{stream}.json: in the table {table.name}, {flaw}")
        return Table(table.name, spec)

    def _with_codes(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Return a column with the codes of its list, where its file does not repeat them yet."""
        if "codelist" in spec and "enum" not in spec.get("constraints", {}):
            return self._expand({key: spec[key] for key in spec if key != "from"})
        return spec

    def expanded(self) -> Iterator[tuple[Path, str]]:
        """Yield every schema file with the text that it should hold once expanded."""
        size = 0
        for folder, tables in ((self.folder, self.streams), (self.folder / "tables", self.tables)):
            for table in tables.values():
                fields = [self._expand(item) for item in table.spec["fields"]]
                text = dump({**table.spec, "fields": fields})
                size = max(size, len(text))
                if size > FILE_BYTES:  # a long code list in many columns
                    raise ClaimlogError(
                        f"schemas: {table.name} would have more than {FILE_BYTES:,} bytes with its "
                        "code lists written out; shorten them"
                    )
                yield folder / f"{table.name}.json", text

    def _expand(self, spec: dict[str, Any], way: tuple[str, ...] = ()) -> dict[str, Any]:
        if "from" in spec:
            spec = self._follow(spec, way)
        if "codelist" in spec:
            enum = self._codes(spec["codelist"])
            spec = {**spec, "constraints": {**spec.get("constraints", {}), "enum": enum}}
        if "fields" in spec.get("items", {}):
            fields = [self._expand(item) for item in spec["items"]["fields"]]
            spec = {**spec, "items": {**spec["items"], "fields": fields}}
        return spec

    def _follow(self, spec: dict[str, Any], way: tuple[str, ...]) -> dict[str, Any]:
        if spec["from"] in way:
            raise ClaimlogError(
                f'schemas: "from" leads from {spec["from"]} back to itself; restore them from git'
            )
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
        whole = {**self._expand(home, (*way, spec["from"])), **own}
        if flaw := shape_flaw(whole, COLUMN):
            raise ClaimlogError(f"schemas: {spec['name']} from {spec['from']}: {flaw}; mend it")
        return whole

    def _codes(self, name: str) -> list[str]:
        if name not in self.codebook.codes:
            raise ClaimlogError(
                f"schemas/codebook/codes/{name}.csv: no such code list; add it or mend the name"
            )
        return [row["code"] for row in self.codebook.codes[name]]


def _referred(table: Table) -> Iterator[str]:
    """Yield the streams that a stream's rows refer to."""
    for key in table.foreign_keys:
        yield key.table
    for item in table.fields:
        for part in (item.item, *item.fields):
            if part is not None and part.references:
                yield part.references


def _codelists(table: Table) -> Iterator[str]:
    """Yield the code lists that a stream's columns name, parts of their lists included."""
    for item in table.fields:
        for part in (item, *item.fields):
            if part.codelist is not None:
                yield part.codelist


def _target_flaw(table: Table, tables: Tables) -> str | None:
    """Say which table or column a foreign key names that is not there, or that names collide."""
    for key in table.foreign_keys:
        if key.table not in tables:
            return f"refers to the table {key.table[:80]!r}, which does not exist"
        if key.reference not in tables[key.table].by_name:
            return f"refers to {key.table}.{key.reference[:80]}, which does not exist"
    owner, found, _ = table.name.partition("_fts")
    if table.name.startswith(("sqlite_", "idx_")) or (found and owner in tables):
        return "its name is one that SQLite or an index of ours has; give it another"
    return None


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
