"""Searching and browsing claims."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claimlog.export.acts import ACT
from claimlog.site.kept import kept
from claimlog.site.overview import bounds
from claimlog.site.pages import Asked, page
from claimlog.site.paging import SIZE, Part
from claimlog.site.store import Row, Store

WORDS = 20
"""Words of a search that are looked for."""

CHOOSABLE = 300
"""Longest list to choose from; beyond it the code is typed."""

PERIOD = re.compile(r"[0-9]{4}(-Q[1-4])?", re.ASCII)
ANY, NONE = "any", "none"


@dataclass(frozen=True)
class Filter:
    """A column of claims by which they can be chosen; `optional` ones can be any or none."""

    name: str
    label: str
    column: str
    codelist: str | None = None
    optional: bool = False
    none: str = "none"


FILTERS = (
    Filter("source", "Article", "source_id"),
    Filter("topic", "Topic", "topic", "topic"),
    Filter("content", "Content", "content", "content"),
    Filter("voice", "Voice", "voice", "voice"),
    Filter("modality", "Modality", "modality", "modality"),
    Filter("anonymity", "Speaker", "anonymity", "anonymity", True, "nobody: its own voice"),
    Filter("sharing_effect", "Effect on sharing", "sharing_effect", "sharing_effect"),
    Filter("measure", "Measure", "measure", "measure", True),
    Filter("measure_status", "Status of the measure", "measure_status", "measure_status"),
    Filter("ally", "State or group: who", "claim_id"),
    Filter("act", "Act or view", "content"),
    Filter("origin", "Origin", "origin_id", None, True, "unknown"),
    Filter("incident", "Incident", "incident_id", None, True),
)

CHOICES = {
    "act": "select 'yes' as code, 'acts: done, planned or denied' as label "
    "union all select 'no', 'views, verdicts, questions, demands'",
    "source": "select source_id as code, source_id || ' · ' || publisher as label from sources "
    "where exists (select 1 from claims c where c.source_id = sources.source_id) order by 1",
    "origin": "select source_id as code, source_id || ' · ' || publisher as label from sources "
    "where exists (select 1 from claims c where c.origin_id = sources.source_id) order by 1",
    "incident": "select incident_id as code, title as label from incidents order by title",
    "ally": "select actor_id as code, name as label from actors where actor_id in "
    "(select coalesce(a.state_id, a.actor_id) from actors a where exists (select 1 from "
    "claim_actors m where m.actor_id = a.actor_id and m.role = 'from')) order by name",
}

ACTS = (
    "claim_id in (select m.claim_id from actors a join claim_actors m on m.actor_id = a.actor_id "
    "and m.role = 'from' where a.state_id = :ally or (a.state_id is null and a.actor_id = :ally))"
)
WITHIN = (
    "((occurred_start between :first and :last{ends}) or (occurred_start is null and incident_id "
    "in (select incident_id from incidents where occurred_start between :first and :last{ends})))"
)
ENDS = " and occurred_end <= :last"
INDEXED = "from claims_fts where claims_fts match :words"
FOUND = f"rowid in (select rowid {INDEXED})"

ORDERS = ("source_id, start, rowid", "source_id desc, start desc, rowid desc")
"""The order of the articles, and back: what is after the middle is sooner found from the end."""

LISTED = """
with found as (
  select rowid as id from claims {where} order by {order} limit :size offset :skip
)
select c.claim_id, c.statement, c.source_id, s.publisher, c.topic, c.anonymity, c.speaker_id,
  coalesce(a.name, (select h.description from attributions h where h.claim_id = c.claim_id
    order by h.hop desc limit 1)) as speaker
from found join claims c on c.rowid = found.id
join sources s on s.source_id = c.source_id
left join actors a on a.actor_id = c.speaker_id
order by c.source_id, c.start, c.rowid
"""


@page(r"/claims", "claimlog_claims.html", in_releases=True)
async def claims(store: Store, asked: Asked) -> Mapping[str, Any]:
    """Return one page of the claims that a request asks for, in the order of the articles."""
    choices = await kept(store, "choices", choose)
    notes: list[str] = []
    where: list[str] = []
    given: dict[str, Any] = {}
    keep: dict[str, str] = {}
    text = asked.query.get("q", "").strip()
    if text:
        keep["q"] = text
        given["words"] = wanted(text)
        where.append(FOUND if given["words"] else "0")
        if not given["words"]:
            notes.append("The search holds no word to look for.")
    for item in FILTERS:
        value = asked.query.get(item.name, "").strip()
        if not value:
            continue
        if value not in choices[item.name]:
            notes.append(f"There is no {item.label.lower()} “{value[:60]}”; that was ignored.")
            continue
        keep[item.name] = value
        where.append(_condition(item, value))
        given[item.name] = value
    period = asked.query.get("period", "").strip()
    if period and PERIOD.fullmatch(period):
        keep["period"] = period
        given["first"], given["last"] = bounds(period)
        where.append(WITHIN.format(ends=ENDS if "Q" in period else ""))
    elif period:
        notes.append(
            f"“{period[:60]}” is no period; expected a year or a quarter, as 2025 or 2025-Q1."
        )
    clause = f"where {' and '.join(where)}" if where else ""
    # the index has every claim, so what it finds needs no looking up to be counted
    chosen = INDEXED if where == [FOUND] else f"from claims {clause}"
    counted = await store.row(f"select count(*) as n {chosen}", **given)
    part = Part.of(asked, counted["n"] if counted else 0)
    rest = part.total - part.skip
    size = min(SIZE, rest)
    back = part.skip > rest
    listed = LISTED.format(where=clause, order=ORDERS[back])
    rows = await store.rows(listed, **given, size=size, skip=rest - size if back else part.skip)
    book = await kept(store, "codes", Store.codes)
    for row in rows:
        for column in ("topic", "anonymity"):
            found = book.get(column, {}).get(row[column] or "")
            row[f"{column}_label"] = found["label"] if found else row[column]
    return {
        "title": f"Claims with “{text[:60]}”" if text else "Claims",
        "q": text,
        "period": keep.get("period", ""),
        "filters": [
            {
                "name": item.name,
                "label": item.label,
                "chosen": keep.get(item.name, ""),
                "choices": _shown(choices[item.name]),
            }
            for item in FILTERS
        ],
        "filtered": bool(keep),
        "narrowed": bool(set(keep) - {"q"}),
        "notes": notes,
        "claims": rows,
        "part": part.shown(keep),
    }


async def choose(store: Store) -> dict[str, dict[str, str]]:
    """Return the label of every code that can be chosen, by filter."""
    book = await store.codes()
    found: dict[str, dict[str, str]] = {}
    for item in FILTERS:
        if item.codelist:
            rows = list(book.get(item.codelist, {}).values())
        else:
            rows = await store.rows(CHOICES[item.name])
        extra = {ANY: "any", NONE: item.none} if item.optional else {}
        found[item.name] = extra | {row["code"]: row["label"] for row in rows}
    return found


def _shown(labels: Mapping[str, str]) -> list[Row] | None:
    """Return what a list to choose from shows; None if it would be too long to read."""
    if len(labels) > CHOOSABLE:
        return None
    return [{"code": code, "label": label} for code, label in labels.items()]


def _condition(item: Filter, value: str) -> str:
    if item.name == "ally":
        return ACTS
    if item.name == "act":
        return ACT if value == "yes" else f"not {ACT}"
    if item.optional and value in (ANY, NONE):
        return f"{item.column} is {'not ' if value == ANY else ''}null"
    return f"{item.column} = :{item.name}"


def wanted(text: str) -> str:
    """Return a search as FTS5 reads it: every word must occur; what is in quotes is a phrase.

    >>> wanted('trust "the US" OR -x*'), wanted("*** “”")
    ('"trust" "the US" "OR" "-x*"', '')
    """
    plain = re.sub("[“”„«»]", '"', text.replace("\0", " "))
    pieces = re.findall(r'"([^"]*)"|([^\s"]+)', plain)
    spoken = [phrase or word for phrase, word in pieces]
    found = [f'"{piece}"' for piece in spoken if re.search(r"[^\W_]", piece)]
    return " ".join(found[:WORDS])
