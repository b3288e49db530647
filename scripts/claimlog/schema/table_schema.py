"""Table Schemas and code lists: the one home of every column's type, constraints and meaning.

The files under ``schemas/`` are plain Table Schemas that any tool can read. Two properties keep
each fact in one place: ``codelist`` names the code list that a column's ``enum`` is taken from,
and ``from`` names the column that another one repeats. ``ownWords`` marks free text, which must
not repeat a source's wording, ``freeText`` what people write, which must hold something visible
and nothing that hides; ``naturalKey`` says by what two entities of a stream are the same one
(Table Schema's ``uniqueKeys`` would be broken by the versions of one entity).
`schema.expansion` fills the first two in, and ``claimlog schemas`` checks that the files on disk
are expanded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.escaping import indented_json
from claimlog.schema.constraint_kinds import column_constraints

REQUIRED_STREAMS = ("sources", "actors", "incidents", "claims", "links", "codings")
"""The streams that every package has, because tables are computed from them by name. All others are
registers (`schema.registers`); which there are, `Definition.streams` says."""


ENVELOPE = {
    "action": "string",
    "version": "integer",
    "recorded_at": "datetime",
    "recorded_by": "string",
    "reason": "string",
}
"""Columns of every stream beside its identifier, and their types: the code reads them by name."""

POSITION = ("seq", "event_id", "batch", "line")
"""Columns that a row gets from its place in the log and no stream declares: position (0-based leaf
index of the tree), leaf hash (hex), batch number, and 1-based line of its file."""


def in_log_order(streams: Iterable[str]) -> list[str]:
    """Return streams in the order in which a batch's rows are numbered.

    First the required ones, then registers by name. A batch that was sealed before a register was
    declared holds no rows of it, so no row that has a number gets another one.
    """
    return sorted(streams, key=lambda name: (_place(name), name))


def _place(stream: str) -> int:
    is_required = stream in REQUIRED_STREAMS
    return REQUIRED_STREAMS.index(stream) if is_required else len(REQUIRED_STREAMS)


RETIRED = " Retired: rows written since then leave it empty."
"""What the description of a retired column ends with."""

LOOKED_UP = " Coders no longer fill it: the build looks it up as "
"""What it ends with in a table that fills the column by looking it up; the place follows."""


@dataclass(frozen=True)
class Field:
    """One column: a Table Schema field and the properties we add to it.

    Its constraints are those that rows of the schema's own version meet (``constraints``, which
    older rows meet too, and ``currentConstraints``, see `schema.compatibility`).
    """

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
    free_text: bool = False  # what people write: something visible, nothing that hides or turns
    ordered: bool = False  # codes that are a scale, in its order; others are in none
    retired: bool = False  # kept in older rows, null in those of the schema that says so
    derived_from: str | None = None  # column of the same table that says what is null here
    lookup: str | None = None  # COLUMN.OTHER: what the row that COLUMN refers to has as OTHER
    identity: bool = False  # a name of the coder's own, that says which rows mean the same thing
    any_row: bool = False  # holds the identifier of a row of whichever stream
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
            description=f"{spec.get('description', '')}{_retirement(spec)}",
            constraints=column_constraints(spec),
            unit=spec.get("unit"),
            example=spec.get("example"),
            codelist=spec.get("codelist"),
            references=spec.get("references"),
            edtf=spec.get("edtf", False),
            own_words=spec.get("ownWords", False),
            free_text=spec.get("freeText", False),
            ordered=spec.get("categoriesOrdered", False),
            retired=spec.get("retired", False),
            derived_from=spec.get("derivedFrom"),
            lookup=spec.get("lookup"),
            identity=spec.get("identity", False),
            any_row=spec.get("anyRow", False),
            item=cls.load({"name": spec["name"], **items}) if items and "type" in items else None,
            fields=tuple(cls.load(item) for item in items["fields"])
            if items and "fields" in items
            else (),
        )


def _retirement(spec: Mapping[str, Any]) -> str:
    """Return what a description says of a column that coders no longer fill.

    A table that derives its values says so in a description of its own.
    """
    if not spec.get("retired") or "description" in spec.get("override", {}):
        return ""
    return f"{LOOKED_UP}{spec['lookup']}." if "lookup" in spec else RETIRED


@dataclass(frozen=True)
class ForeignKey:
    column: str
    table: str
    reference: str


@dataclass(frozen=True)
class NaturalKey:
    """Columns of a stream in which no two live entities are alike.

    Attributes
    ----------
    columns
        Columns of the key; a row that lacks one of them has no key.
    exchangeable
        Columns of the key of which the values may change places, in a symmetric row.
    kind, symmetric
        A row is symmetric if its column `kind` holds one of the codes `symmetric`.
    """

    columns: tuple[str, ...]
    exchangeable: tuple[str, ...] = ()
    kind: str | None = None
    symmetric: frozenset[str] = frozenset()

    @classmethod
    def load(cls, spec: dict[str, Any]) -> NaturalKey:
        if "symmetric" not in spec:
            return cls(tuple(spec["fields"]))
        either = spec["symmetric"]
        return cls(
            tuple(spec["fields"]),
            tuple(either["fields"]),
            either["column"],
            frozenset(either["codes"]),
        )

    def sort_ends(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row with its exchangeable values in order, if it is symmetric."""
        if self.kind is None or row[self.kind] not in self.symmetric:
            return dict(row)
        ends = sorted((row[name] for name in self.exchangeable), key=str)
        return {**row, **dict(zip(self.exchangeable, ends, strict=True))}


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

    @cached_property
    def natural_key(self) -> NaturalKey | None:
        """Columns by which two entities of a stream are the same one; None if not declared."""
        return NaturalKey.load(self.spec["naturalKey"]) if "naturalKey" in self.spec else None

    @cached_property
    def content(self) -> tuple[str, ...]:
        """Columns that hold the entity's state: all but the envelope."""
        envelope = {"action", self.id, "version", "recorded_at", "recorded_by", "reason"}
        return tuple(name for name in self.names if name not in envelope)

    @cached_property
    def in_use(self) -> tuple[str, ...]:
        """Columns of the entity's state that new rows may fill: all but the retired ones."""
        return tuple(name for name in self.content if not self.by_name[name].retired)

    @cached_property
    def retired_columns(self) -> tuple[str, ...]:
        """Columns of the entity's state that are retired: new rows leave them empty."""
        return tuple(name for name in self.content if self.by_name[name].retired)


def empty_retired(item: Field, value: Any) -> Any:
    """Return a value as a new row holds it: nothing in columns and keys that are retired."""
    if item.retired:
        return [] if item.type == "array" else None
    retired = dict.fromkeys(inner.name for inner in item.fields if inner.retired)
    return [{**part, **retired} for part in value] if retired and value else value


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
    return f"{indented_json(spec)}\n"


NUMBERS = ("integer", "number")
"""Types whose values are numbers."""


TRUTHS = {"yes": True, "no": False}
"""What a column of yes and no holds, by what rules, steps and cells say."""


def truth_columns(table: Table) -> frozenset[str]:
    """Return the names of a table's columns that hold yes or no."""
    return frozenset(item.name for item in table.fields if item.type == "boolean")


def measured_columns(table: Table) -> frozenset[str]:
    """Return the names of a table's columns that hold numbers, or yes and no."""
    return frozenset(item.name for item in table.fields if item.type in NUMBERS) | truth_columns(
        table
    )


def column_words(name: str) -> str:
    """Return a column's name as words; one that refers to a row is called by what it refers to.

    >>> column_words("weight_kg"), column_words("bell_id")
    ('weight kg', 'bell')
    """
    return name.removesuffix("_id").replace("_", " ")


def with_unit(label: str, unit: str | None) -> str:
    """Return what a column is called, with the unit of its numbers.

    >>> with_unit("Weight", "kilogram"), with_unit("Minutes", "minutes"), with_unit("Age", None)
    ('Weight (kilogram)', 'Minutes', 'Age')
    """
    return f"{label} ({unit})" if unit and unit != label.lower() else label


def coded_columns(table: Table) -> dict[str, bool]:
    """Return the names of a table's columns, and whether each has a code list."""
    return {item.name: item.codelist is not None for item in table.fields}
