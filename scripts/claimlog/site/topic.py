"""The topic of a served database: the columns of its claims and how its package presents them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from claimlog.schema.measure_takers_flaw import ACTORS
from claimlog.schema.site_config import Presentation
from claimlog.schema.table_schema import NUMBERS, column_words, with_unit
from claimlog.site.entity_links import store_registers
from claimlog.site.memo import memo_value
from claimlog.site.plugin_config import dataset_metadata
from claimlog.site.store import Codes, Row, Store
from claimlog.site.template_filters import cell

PLACED = frozenset(
    (
        *("action", "claim_id", "version", "recorded_at", "recorded_by", "reason", "event_id"),
        *("seq", "batch", "line", "valid_from_seq", "valid_to_seq", "statement", "note"),
        *("source_id", "start", "end", "word_count", "quote_sha256", "words_sha256"),
        *("before_sha256", "after_sha256", "attributions", "hops", "speaker_id", "origin_id"),
        *("dyad_from", "dyad_to", "occurred", "occurred_start", "occurred_end"),
        *("occurred_basis", "figure_value", "figure_unit", "figure_population"),
        *("figure_qualifier", "incident_id"),
    )
)
"""Columns that the page of a claim shows in a place of their own, or not at all."""

ALWAYS = "true"
ORIGINS = "independent_origins"

COMPUTED_NUMBERS = frozenset(
    ("start", "end", "word_count", "version", "seq", "hops", ORIGINS),
)
"""Columns of numbers that say where a claim stands in its source and in the log, or count."""


@dataclass(frozen=True)
class ClaimColumn:
    """A column of claims as the data dictionary has it, and what it is called on pages."""

    name: str
    label: str
    codelist: str | None
    required: bool
    description: str
    type: str = "string"
    unit: str | None = None

    @property
    def label_with_unit(self) -> str:
        """What it is called, with the unit of its numbers."""
        return with_unit(self.label, self.unit)

    @property
    def is_list(self) -> bool:
        """Whether a cell holds a list."""
        return self.type == "array"

    @property
    def is_number(self) -> bool:
        """Whether a cell holds a number."""
        return self.type in NUMBERS

    @property
    def is_truth(self) -> bool:
        """Whether a cell holds yes or no."""
        return self.type == "boolean"


@dataclass(frozen=True)
class MeasureRegister:
    """The register of measures, and the table of who takes each of them.

    Attributes
    ----------
    name
        The register, whose rows have a page each.
    takers
        The table of takers, a row for each measure and actor.
    key
        Its column of measures; that of actors is ``actor_id``.
    """

    name: str
    takers: str
    key: str


@dataclass(frozen=True)
class Topic:
    """What a database's claims are coded for, and how pages show that.

    Attributes
    ----------
    columns
        The columns of claims by name, in the order of the table.
    presentation
        What the package says of them, without what speaks of columns that are not there.
    register
        Where it stands who takes a measure; if nowhere, it belongs to whoever acts.
    """

    columns: Mapping[str, ClaimColumn]
    presentation: Presentation
    register: MeasureRegister | None = None

    @property
    def _required(self) -> dict[str, bool]:
        return {name: column.required for name, column in self.columns.items()}

    @property
    def act(self) -> str:
        """SQL over claims: whether one tells of an act; always, where none is defined."""
        return self.presentation.act_condition(self._required) or ALWAYS

    @property
    def counts(self) -> str:
        """SQL over claims: whether one speaks of a measure and counts for those who take it."""
        measure = (self.presentation.measures or {})["measure"]
        taking = self.presentation.taking_condition(self._required)
        return f"{measure} > '' and {taking or self.act}"

    def takers_query(self, *columns: str, counted: bool = True) -> str:
        """Return SQL for who takes the measure of which claim, a row for each pair.

        Parameters
        ----------
        columns
            Columns of claims to have behind ``claim_id``, ``actor_id`` and ``own``, which is
            whether the claim rests on the taker's own word.
        counted
            Whether to give the claims that count, or those of measures that do not.
        """
        measures = self.presentation.measures or {}
        own = self.presentation.own_condition(self._required) or "0"
        register = self.register
        names = dict.fromkeys(
            ("claim_id", *columns, *((measures["register"],) if register else ()))
        )
        where = self.counts if counted else f"{measures['measure']} > '' and not ({self.counts})"
        claims = f"(select {', '.join(names)}, {own} as own from claims where {where})"
        selected = "".join(f", c.{name}" for name in columns)
        # crosswise in this order without a register, since most actors of claims take no measure
        joined = (
            f'join "{register.takers}" m on m."{register.key}" = c.{measures["register"]}'
            if register
            else "cross join claim_actors m on m.claim_id = c.claim_id and m.role = 'from'"
        )
        return f"select c.claim_id, m.actor_id, c.own{selected} from {claims} c {joined}"

    def independent_origins(self, table: str) -> str:
        """Return SQL for how many independent origins a claim has; an old release counts none."""
        return f"{table}.{ORIGINS}" if ORIGINS in self.columns else "null"

    @property
    def filters(self) -> list[Row]:
        """Columns to filter claims by: those that the package names, then its other ones.

        These are all that have codes, or hold numbers or yes and no.
        """
        named = [item["column"] for item in self.presentation.filters]
        known = {*named, *self.presentation.not_filters, "action", *COMPUTED_NUMBERS}
        measured = [
            item
            for item in self._own(known, coded=False)
            if self.columns[item["column"]].is_number or self.columns[item["column"]].is_truth
        ]
        return [*self.presentation.filters, *self._own(known, coded=True), *measured]

    @property
    def claim_codes(self) -> list[ClaimColumn]:
        """Coded columns in the order of a claim's page."""
        items = self.presentation.claim_codes
        own = self._own({item["column"] for item in items} | PLACED, coded=True)
        return [self.columns[item["column"]] for item in (*items, *own)]

    @property
    def claim_texts(self) -> list[Row]:
        """Columns of a claim's page that are shown as they are: column and label."""
        items = self.presentation.claim_texts
        own = self._own({item["column"] for item in items} | PLACED, coded=False)
        return [
            {
                "column": item["column"],
                "label": item.get("label") or self.columns[item["column"]].label_with_unit,
            }
            for item in (*items, *own)
        ]

    def labels_on_line(self, codes: Codes, columns: Iterable[str], row: Row) -> Row:
        """Return what a line of a list says of the cells of a row, each as ``COLUMN_label``.

        That is a code's label, a number and of what, and null for a text, which says it itself.
        """
        return {f"{name}_label": self._words_on_line(codes, name, row[name]) for name in columns}

    def _words_on_line(self, codes: Codes, column: str, value: Any) -> str | None:
        known = self.columns[column]
        if known.codelist:
            return codes.label(known.codelist, value)
        if value is None or known.type in ("string", "array"):
            return None
        shown = cell(bool(value) if known.is_truth else value)
        return f"{known.label_with_unit}: {shown}"

    def select(self, items: tuple[Row, ...], table: str) -> str:
        """Return the columns of some items, to be put behind others in a select."""
        return "".join(f", {table}.{item['column']}" for item in items)

    def _own(self, known: set[str] | frozenset[str], coded: bool) -> list[Row]:
        """Return items for the columns that nothing names, coded ones or others."""
        return [
            {"column": name, "optional": not column.required}
            for name, column in self.columns.items()
            if name not in known and (column.codelist is not None) == coded
        ]


def known_presentation(store: Store) -> Presentation:
    """Return what pages show of a database, as far as is known without asking it.

    A server reads the topic of every database before its first request; until then it is what the
    package says, whatever columns there are.
    """
    topic: Topic | None = memo_value(store.database, "topic")
    if topic is not None:
        return topic.presentation
    return Presentation.from_json(dataset_metadata(store.datasette).get("presentation", {}))


async def read_topic(store: Store) -> Topic:
    """Return the topic of a database, read once."""
    return await store.memoize("topic", _read_topic)


async def _read_topic(store: Store) -> Topic:
    rows = await store.rows(
        'select "table", "column", type, unit, codelist, required, description '
        "from data_dictionary "
        "where \"table\" in ('claims', 'codings') order by position"
    )
    labels: dict[str, str] = {}
    for row in await store.rows("select label, columns from codebook_variables order by position"):
        own = (row["columns"] or "").split()
        # a variable of several columns is called by none of them
        labels |= {name: row["label"] for name in own[:1] if len(own) == 1}
    columns = {
        row["column"]: ClaimColumn(
            row["column"],
            labels.get(row["column"], column_words(row["column"]).capitalize()),
            row["codelist"],
            bool(row["required"]),
            row["description"] or "",
            row["type"],
            row["unit"],
        )
        for row in rows
        if row["table"] == "claims"
    }
    config = dataset_metadata(store.datasette).get("presentation", {})
    codings = [row["column"] for row in rows if row["table"] == "codings" and row["codelist"]]
    coded = {name: column.codelist is not None for name, column in columns.items()}
    measured = {name for name, item in columns.items() if item.is_number or item.is_truth}
    presentation = Presentation.from_json(config).limited_to(coded, codings, measured)
    register = await _measure_register(store, presentation)
    return Topic(columns, presentation if register else presentation.without_register(), register)


async def _measure_register(store: Store, presentation: Presentation) -> MeasureRegister | None:
    """Return where a database says who takes a measure; a release may have no such table."""
    measures = presentation.measures or {}
    tables = await store.tables()
    for one in await store_registers(store):
        takers = f"{one.entity}_{measures.get('takers')}"
        if (
            measures.get("register") in one.claims
            and one.references.get(measures["takers"]) == ACTORS
            and tables.get(takers, frozenset()) >= {one.id, "actor_id"}
        ):
            return MeasureRegister(one.name, takers, one.id)
    return None
