"""The list of claims: what it is filtered and sorted by, from the topic of a database."""

from __future__ import annotations

from claimlog.schema.table_schema import LOOKED_UP, RETIRED
from claimlog.site.drawing.home_charts import TAKER
from claimlog.site.entity_links import stream_labels
from claimlog.site.lists.column_filters import (
    RESERVED,
    actor_filter,
    number_filter,
    reference_filter,
    truth_filter,
)
from claimlog.site.lists.filters import (
    PERIOD_RULE,
    CodeFilter,
    Filter,
    ListDefinition,
    PeriodFilter,
    Sort,
)
from claimlog.site.plugin_config import dataset_metadata
from claimlog.site.store import Store
from claimlog.site.topic import Topic, read_topic

PLACED_REFERENCES = frozenset(("source_id", "incident_id", "origin_id", "dyad_from", "dyad_to"))
"""Columns that refer to rows elsewhere and have a filter of another name."""

SOURCES = "select source_id as code, source_id || ' · ' || publisher as label from sources"
INCIDENTS = "select incident_id as code, title as label from incidents"
STATES_AND_GROUPS = "select distinct coalesce(state_id, actor_id) as code from actors"
OF_ROLE = (
    "select c.rowid as row, m.actor_id as id from claim_actors m "
    "join claims c on c.claim_id = m.claim_id where m.role = '{role}'"
)
LISTED_IN = 'select claims.rowid as row, j.value as id from claims, json_each(claims."{column}") j'
TAKERS = (
    "select c.rowid as row, t.actor_id as id from ({takers}) t "
    "join claims c on c.claim_id = t.claim_id union select rowid, null from claims where {counts}"
)
OWN_OR_INCIDENT = (
    "case when {known} is not null then claims.{column} else (select i.{column} "
    "from incidents i where i.incident_id = claims.incident_id) end"
)
"""A column of a claim's date, or where the claim has none, of its incident's."""


def own_or_incident(column: str, known: str = "occurred") -> str:
    """Return SQL for a column of a claim's date, or of its incident's if `known` is null."""
    return OWN_OR_INCIDENT.format(column=column, known=known)


OCCURRED = PeriodFilter(
    "occurred",
    "Date",
    f"By the claim's date, or else its incident's. {PERIOD_RULE}",
    own_or_incident("occurred_start"),
    own_or_incident("occurred_end"),
    f"coalesce({own_or_incident('occurred')} like '%/%', 0)",
)
PERIOD = PeriodFilter(
    "period",
    "Begins in",
    "The year in which it began, or the quarter or month in which it began and ended, as the "
    "charts count it; a claim without a date has that of its incident.",
    own_or_incident("occurred_start", "occurred_start"),
    own_or_incident("occurred_end", "occurred_start"),
)
"""The filter that charts lead to; the parameter is an address that readers rely on."""

FIRST_DAY = OCCURRED.first
SORTS = (
    Sort("source", "as in the texts", "source_id, start, rowid"),
    Sort("date", "earliest first", f"{FIRST_DAY} is null, {FIRST_DAY}, source_id, start, rowid"),
    Sort("-date", "latest first", f"{FIRST_DAY} is null, {FIRST_DAY} desc, source_id, start"),
    Sort("id", "by identifier", "claim_id"),
    Sort(
        "origins",
        "most independent origins first",
        "independent_origins is null, independent_origins desc, source_id, start, rowid",
        frozenset(("independent_origins",)),
    ),
    Sort("recorded", "last recorded first", "seq desc", frozenset(("seq",))),
)


def claim_list(
    topic: Topic,
    references: dict[str, str] | None = None,
    labels: dict[str, tuple[str, str]] | None = None,
    columns: frozenset[str] = frozenset(),
) -> ListDefinition:
    """Return the list of claims of a topic.

    Parameters
    ----------
    references
        The stream that a column of claims, or each part of a list in it, refers to.
    labels
        By stream, its identifier and the column by which its rows are called.
    columns
        The columns of the table of claims in the database.
    """
    word = topic.presentation.source_noun.one
    source = CodeFilter("source", word[:1].upper() + word[1:], column="source_id", choices=SOURCES)
    origin = CodeFilter(
        "origin",
        "Origin",
        "The work that a claim goes back to, as far as it is known.",
        column="origin_id",
        choices=SOURCES,
        optional=True,
        none="unknown",
    )
    incident = CodeFilter(
        "incident", "Incident", column="incident_id", choices=INCIDENTS, optional=True
    )
    fixed = (source, *_actor_filters(topic), *_act_filter(topic), origin, incident)
    dates = (OCCURRED, PERIOD)
    taken = {item.name for item in (*fixed, *dates)} | RESERVED
    declared = [item for item in _declared_filters(topic) if item.name not in taken]
    taken |= {item.name for item in declared}
    referring = [
        item
        for item in _reference_filters(topic, references or {}, labels or {}, columns)
        if item.name not in taken
    ]
    filters = (fixed[0], *declared, *fixed[1:-2], *referring, *fixed[-2:], *dates)
    return ListDefinition("claims", "claim_id", SORTS, filters, "claims_fts")


def _declared_filters(topic: Topic) -> list[Filter]:
    """Return the filters by columns that the package declares, of codes, numbers or yes and no."""
    filters: list[Filter] = []
    for item in topic.filters:
        column = topic.columns[item["column"]]
        label = item.get("label", column.label)
        # the table may derive its values
        meaning = column.description.partition(LOOKED_UP)[0].removesuffix(RETIRED)
        optional = item.get("optional", not column.required)
        none = item.get("none", "none")
        own: Filter
        if column.is_number:
            own = number_filter(column.name, label, meaning, column.unit, optional, none)
        elif column.is_truth:
            own = truth_filter(column.name, label, meaning, optional, none)
        else:
            own = CodeFilter(
                column.name,
                label,
                meaning,
                column=column.name,
                codelist=column.codelist,
                optional=optional,
                none=none,
            )
        filters.append(own)
    return filters


def _actor_filters(topic: Topic) -> list[CodeFilter]:
    """Return the filters by who acts towards whom, who says so, and whose measure it is."""

    def by_role(name: str, label: str, meaning: str, role: str, listed: str = "") -> CodeFilter:
        return actor_filter(name, label, meaning, OF_ROLE.format(role=role), listed)

    filters = [
        by_role(
            "ally",
            "Who acts",
            "Who acts, or holds the attitude.",
            "from",
            STATES_AND_GROUPS,
        ),
        by_role(
            "towards",
            "Towards whom",
            "Towards whom somebody acts, or holds the attitude.",
            "to",
            STATES_AND_GROUPS,
        ),
        by_role("speaker", "Who says so", "Who is said to say so, at any remove.", "speaker"),
    ]
    if topic.register:
        takers = TAKERS.format(takers=topic.takers_query(), counts=topic.counts)
        meaning = "Whose measure a claim counts for, by the register of measures."
        label = "Who takes the measure"
        filters.append(actor_filter(TAKER, label, meaning, takers, STATES_AND_GROUPS))
    return filters


def _act_filter(topic: Topic) -> list[CodeFilter]:
    act = topic.presentation.act
    if not act:
        return []
    labels = {code: act[code] for code in ("yes", "no")}
    column = f"case when {topic.act} then 'yes' else 'no' end"
    return [CodeFilter("act", act["label"], act.get("reason", ""), column=column, labels=labels)]


def _reference_filters(
    topic: Topic,
    references: dict[str, str],
    labels: dict[str, tuple[str, str]],
    columns: frozenset[str],
) -> list[CodeFilter]:
    """Return filters for the columns that refer to actors, or to a register of the package."""
    left_out = {*PLACED_REFERENCES, *topic.presentation.not_filters}
    filters = []
    for name, stream in references.items():
        column = topic.columns.get(name)
        if name in left_out or column is None or stream not in labels or name not in columns:
            continue
        pairs = LISTED_IN.format(column=name) if column.is_list else ""
        filters.append(
            reference_filter(name, column.label, column.description, stream, labels[stream], pairs)
        )
    return filters


async def read_claim_list(store: Store) -> ListDefinition:
    """Return the list of claims of a database, read once."""
    return await store.memoize("claim list", _read_claim_list)


async def _read_claim_list(store: Store) -> ListDefinition:
    references = dataset_metadata(store.datasette).get("claim_references", {})
    columns = frozenset((await store.tables()).get("claims", ()))
    return claim_list(await read_topic(store), references, await stream_labels(store), columns)
