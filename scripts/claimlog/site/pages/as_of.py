"""The page of the claims as they stood at a time, by the batches that were sealed by then."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from claimlog.site.page import PageRequest
from claimlog.site.pagination import Pagination
from claimlog.site.store import Row, Store

TIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})([T ](?P<clock>[0-9]{2}:[0-9]{2}(:[0-9]{2})?)Z?)?",
    re.ASCII,
)
NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
EXPECTED = "Give a day, as 2026-11-21, a UTC time, as 2026-11-21T18:00:00Z, or a batch number."

BATCHES = 200
"""Batches that the page lists: the last ones; the table batches holds all."""

LIVE_CLAIMS = """
select coalesce(sum(case action when 'assert' then 1 when 'retract' then -1 else 0 end), 0) as n
from events where stream = 'claims' and action in ('assert', 'retract') and +seq < :size
"""
"""A claim lives from its assertion to its retraction, and may be asserted again.

The sign keeps ``seq`` out of the search of the index: behind ``in``, SQLite 3.40 reads one row too
many with it.
"""

LISTED = """
select v.claim_id, v.version, v.statement, v.source_id, v.recorded_at, v.batch,
  case when v.valid_to_seq is null then null else
    (select n.action from claim_versions n where n.claim_id = v.claim_id
      and n.valid_from_seq = v.valid_to_seq) end as then_came
from claim_versions v
where v.valid_from_seq < :size and (v.valid_to_seq is null or v.valid_to_seq >= :size)
  and v.action <> 'retract'
order by v.claim_id, v.version limit :most offset :skip
"""


async def as_of(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return the claims as they stood at the end of a day, at a time, or after a batch."""
    text = (request.query.get("date") or request.query.get("batch") or "").strip()
    batches = await store.memoize("batches", _batches)
    data: Row = {
        "title": "Claims as they stood",
        "date": text[:60],
        "problem": None,
        "at": None,
        "total": 0,
        "claims": [],
        "part": Pagination(1, 0).links({}),
        "batches": batches[-BATCHES:],
        "batches_total": len(batches),
    }
    if not text:
        return data
    batch, problem = batch_at(text, batches)
    if batch is None:
        return {**data, "problem": problem}
    size = batch["tree_size"]
    pagination = Pagination.of(request, await store.count(LIVE_CLAIMS, size=size))
    return {
        **data,
        "at": batch,
        "total": pagination.total,
        "claims": await store.rows(LISTED, size=size, most=pagination.size, skip=pagination.offset),
        "part": pagination.links({"date": text[:60]}),
    }


async def _batches(store: Store) -> list[Row]:
    return await store.rows(
        "select number, title, sealed_at, tree_size, root from batches order by number"
    )


def batch_at(text: str, batches: list[Row]) -> tuple[Row | None, str]:
    """Return the last batch that was sealed by then, or why there is none.

    >>> batch_at("1", [])
    (None, 'There is no batch yet.')
    >>> batch_at("soon", [{"number": 1}])[1].startswith("“soon” is neither a day")
    True
    """
    if not batches:
        return None, "There is no batch yet."
    first, last = batches[0], batches[-1]
    if NUMBER.fullmatch(text):
        return next((row for row in batches if row["number"] == int(text)), None), (
            f"There is no batch {int(text)}; they go from {first['number']} to {last['number']}."
        )
    moment = _moment(text)
    if moment is None:
        return None, f"“{text[:60]}” is neither a day nor a time nor a batch number. {EXPECTED}"
    sealed = [row for row in batches if row["sealed_at"] <= moment]
    return sealed[-1] if sealed else None, (
        f"Nothing was recorded by then; the first batch is of {first['sealed_at'][:10]}, "
        f"{first['sealed_at'][11:19]} UTC."
    )


def _moment(text: str) -> str | None:
    """Return the last second that a day or a time means.

    >>> _moment("2026-11-21"), _moment("2026-11-21 18:00"), _moment("2026-02-30")
    ('2026-11-21T23:59:59Z', '2026-11-21T18:00:59Z', None)
    """
    match = TIME.fullmatch(text)
    if match is None:
        return None
    clock = match["clock"] or "23:59:59"
    moment = f"{match['day']}T{clock if len(clock) == 8 else f'{clock}:59'}"
    try:
        datetime.fromisoformat(moment)
    except ValueError:
        return None
    return f"{moment}Z"
