"""Filters and the search of the page of claims: the SQL conditions that a query of it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from claimlog.site.drawing.home_charts import TAKER, period_bounds
from claimlog.site.search.query import Alternatives, match_expression, search_terms
from claimlog.site.store import Row, Store
from claimlog.site.topic import Topic, read_topic

LONGEST_CHOICE = 300
"""Longest list to choose from; beyond it the code is typed."""

CHOICES_IN_ALL = 3_000
"""Choices of all lists of a page; those of the filters beyond it are typed."""

PERIOD = re.compile(r"[0-9]{4}(-Q[1-4])?", re.ASCII)
ANY, NONE = "any", "none"


@dataclass(frozen=True)
class Filter:
    """A column of claims that the page filters by.

    Attributes
    ----------
    optional
        Whether claims may have no value there, so that any or none can be asked for.
    none
        How "none" is called on the page.
    """

    name: str
    label: str
    column: str
    codelist: str | None = None
    optional: bool = False
    none: str = "none"


SOURCE = Filter("source", "Article", "source_id")
DOER = Filter("ally", "State or group: who", "claim_id")
"""Whose act or attitude a claim is; the parameter is an address that readers rely on."""

BY_TAKER = Filter(TAKER, "State or group: who takes the measure", "claim_id")
"""Whose measure a claim counts for, by the register of measures."""

ORIGIN = Filter("origin", "Origin", "origin_id", None, True, "unknown")
INCIDENT = Filter("incident", "Incident", "incident_id", None, True)
ACT = "act"

CHOICES = {
    "source": "select source_id as code, source_id || ' · ' || publisher as label from sources "
    "where exists (select 1 from claims c where c.source_id = sources.source_id) order by 1",
    "origin": "select source_id as code, source_id || ' · ' || publisher as label from sources "
    "where exists (select 1 from claims c where c.origin_id = sources.source_id) order by 1",
    "incident": "select incident_id as code, title as label from incidents order by title",
    "ally": "select actor_id as code, name as label from actors where actor_id in "
    "(select coalesce(a.state_id, a.actor_id) from actors a where exists (select 1 from "
    "claim_actors m where m.actor_id = a.actor_id and m.role = 'from')) order by name",
}
"""Codes and labels of the filters that have no code list."""

BY_DOER = (
    "claim_id in (select m.claim_id from actors a join claim_actors m on m.actor_id = a.actor_id "
    "and m.role = 'from' where a.state_id = :ally or (a.state_id is null and a.actor_id = :ally))"
)
TAKEN_BY = (
    "claim_id in (select t.claim_id from ({takers}) t join actors a on a.actor_id = t.actor_id "
    "where a.state_id = :taker or (a.state_id is null and a.actor_id = :taker))"
)
TAKERS = (
    "select actor_id as code, name as label from actors where actor_id in "
    "(select coalesce(a.state_id, a.actor_id) from ({takers}) t join actors a using (actor_id)) "
    "order by name"
)
WITHIN = (
    "((occurred_start between :first and :last{ends}) or (occurred_start is null and incident_id "
    "in (select incident_id from incidents where occurred_start between :first and :last{ends})))"
)
ENDS = " and occurred_end <= :last"
INDEX_HITS = "from claims_fts where claims_fts match :words"
SEARCHED = f"rowid in (select rowid {INDEX_HITS})"

Choices = Mapping[str, Mapping[str, str]]


def filters_of(topic: Topic) -> tuple[Filter, ...]:
    """Return the filters of a database: those of every dataset, and its coded columns."""
    coded = []
    for item in topic.filters:
        column = topic.columns[item["column"]]
        coded.append(
            Filter(
                column.name,
                item.get("label", column.label),
                column.name,
                column.codelist,
                item.get("optional", False),
                item.get("none", "none"),
            )
        )
    takers = [BY_TAKER] if topic.register else []
    act = topic.presentation.act
    acts = [Filter(ACT, act["label"], "claim_id")] if act else []
    fixed = {item.name for item in (SOURCE, DOER, *takers, ORIGIN, INCIDENT)}
    coded = [item for item in coded if item.name not in {*fixed, ACT, "q", "period", "page"}]
    return (SOURCE, *coded, DOER, *takers, *acts, ORIGIN, INCIDENT)


@dataclass
class Selection:
    """The claims that a query selects.

    Attributes
    ----------
    text
        The words that are searched for, as they were given.
    conditions, parameters
        SQL conditions over claims, all of which hold, and the values in them.
    query
        The parameters of the address that were understood.
    notes
        What a reader is told of the others.
    """

    text: str
    conditions: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"where {' and '.join(self.conditions)}" if self.conditions else ""

    @property
    def count_source(self) -> str:
        """What a query that counts the claims counts from: for a mere search, its index alone."""
        return INDEX_HITS if self.conditions == [SEARCHED] else f"from claims {self.where}"


def select_claims(
    query: Mapping[str, str],
    topic: Topic,
    choices: Choices,
    alternatives: Alternatives = lambda _: (),
) -> Selection:
    """Return which claims the parameters of an address select.

    Parameters
    ----------
    alternatives
        Gives the names of an actor by one of them, which are searched for together.
    """
    selection = Selection(query.get("q", "").strip())
    if selection.text:
        _search(selection, alternatives)
    for item in filters_of(topic):
        value = query.get(item.name, "").strip()
        if not value:
            continue
        if value not in choices[item.name]:
            selection.notes.append(
                f"There is no {item.label.lower()} “{value[:60]}”; that was ignored."
            )
            continue
        selection.query[item.name] = value
        selection.conditions.append(_condition(item, value, topic))
        selection.parameters[item.name] = value
    period = query.get("period", "").strip()
    if period and PERIOD.fullmatch(period):
        selection.query["period"] = period
        first, last = period_bounds(period)
        selection.parameters |= {"first": first, "last": last}
        selection.conditions.append(WITHIN.format(ends=ENDS if "Q" in period else ""))
    elif period:
        selection.notes.append(
            f"“{period[:60]}” is no period; expected a year or a quarter, as 2025 or 2025-Q1."
        )
    return selection


def _search(selection: Selection, alternatives: Alternatives) -> None:
    words = match_expression(search_terms(selection.text), alternatives)
    selection.query["q"] = selection.text
    selection.parameters["words"] = words
    selection.conditions.append(SEARCHED if words else "0")
    if not words:
        selection.notes.append("The search holds no word to look for.")


def _condition(item: Filter, value: str, topic: Topic) -> str:
    if item is DOER:
        return BY_DOER
    if item is BY_TAKER:
        return topic.counts if value == ANY else TAKEN_BY.format(takers=topic.takers_query())
    if item.name == ACT:
        return topic.act if value == "yes" else f"not {topic.act}"
    if item.optional and value in (ANY, NONE):
        return f"{item.column} is {'not ' if value == ANY else ''}null"
    return f"{item.column} = :{item.name}"


async def filter_choices(store: Store) -> dict[str, dict[str, str]]:
    """Return the label of every code that can be chosen, by filter."""
    codes = await store.codes()
    topic = await read_topic(store)
    act = topic.presentation.act or {}
    choices: dict[str, dict[str, str]] = {}
    for item in filters_of(topic):
        if item.name == ACT:
            rows = [{"code": code, "label": act[code]} for code in ("yes", "no")]
        elif item is BY_TAKER:
            any_taker = {"code": ANY, "label": "any"}
            takers = await store.rows(TAKERS.format(takers=topic.takers_query()))
            rows = [any_taker, *(row for row in takers if row["code"] != ANY)]
        elif item.codelist:
            rows = list(codes.get(item.codelist, {}).values())
        else:
            rows = await store.rows(CHOICES[item.name])
        extra = {ANY: "any", NONE: item.none} if item.optional else {}
        choices[item.name] = extra | {row["code"]: row["label"] for row in rows}
    return choices


def _listed_filters(topic: Topic, choices: Choices) -> set[str]:
    """Return the filters whose choices a page lists, in their order as long as there is room."""
    listed: set[str] = set()
    left = CHOICES_IN_ALL
    for item in filters_of(topic):
        number = len(choices[item.name])
        if number <= min(LONGEST_CHOICE, left):
            listed.add(item.name)
            left -= number
    return listed


def filter_form(topic: Topic, choices: Choices, query: Mapping[str, str]) -> list[Row]:
    """Return what the form of filters shows; a list too long to read is None."""
    listed = _listed_filters(topic, choices)
    return [
        {
            "name": item.name,
            "label": item.label,
            "chosen": query.get(item.name, ""),
            "choices": [
                {"code": code, "label": label} for code, label in choices[item.name].items()
            ]
            if item.name in listed
            else None,
        }
        for item in filters_of(topic)
    ]
