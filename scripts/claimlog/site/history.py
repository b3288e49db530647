"""Pages about what changed: the releases, and the claims as they stood at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from claimlog.site.citing import written
from claimlog.site.kept import kept
from claimlog.site.known import facts_of, releases
from claimlog.site.pages import Asked, Missing, page
from claimlog.site.paging import SIZE, Part
from claimlog.site.store import Row, Store

TIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})([T ](?P<clock>[0-9]{2}:[0-9]{2}(:[0-9]{2})?)Z?)?",
    re.ASCII,
)
NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
EXPECTED = "Give a day, as 2026-11-21, a UTC time, as 2026-11-21T18:00:00Z, or a batch number."

# by what became of each claim, as claimlog diff and the changelog count
BECAME = """
select sum(added and not retracted) as new_claims,
  sum(not added and not retracted) as amended_claims,
  sum(retracted and not added) as gone_claims, sum(added and retracted) as in_between
from (
  select max(change = 'added') as added, max(change = 'retracted') as retracted
  from changes where release is :version group by claim_id
)
"""

# a claim lives from its assertion to its retraction, and may be asserted again
LIVING = """
select coalesce(sum(case action when 'assert' then 1 when 'retract' then -1 else 0 end), 0) as n
from events where stream = 'claims' and action in ('assert', 'retract') and seq < :size
"""
STOOD = """
select v.claim_id, v.version, v.statement, v.source_id, v.recorded_at, v.batch,
  case when v.valid_to_seq is null then null else
    (select n.action from claim_versions n where n.claim_id = v.claim_id
      and n.valid_from_seq = v.valid_to_seq) end as then_came
from claim_versions v
where v.valid_from_seq < :size and (v.valid_to_seq is null or v.valid_to_seq >= :size)
  and v.action <> 'retract'
order by v.claim_id, v.version limit :most offset :skip
"""


@page(r"/releases", "claimlog_releases.html")
async def listing(store: Store, _asked: Asked) -> Mapping[str, Any]:
    """Return every release, newest first, and what has changed since the last."""
    known = await releases(store)
    since = await store.row(
        "select count(*) as n, count(distinct claim_id) as claims from changes "
        "where release is null"
    )
    return {
        "title": "Releases",
        "releases": [
            {**row, "served": Store.of_release(store.datasette, row["version"]) is not None}
            for row in known
        ],
        "unreleased": since["n"] if since else 0,
        "unreleased_claims": since["claims"] if since else 0,
    }


@page(r"/releases/(?P<version>[^/]+?)", "claimlog_release.html")
async def release(store: Store, asked: Asked) -> Mapping[str, Any]:
    """Return a release: what it holds, how to cite it, and what it changed and why."""
    version = asked.parts["version"]
    known = await releases(store)
    found = next((row for row in known if row["version"] == version), None)
    if found is None:
        names = ", ".join(row["version"] for row in known[:5]) or "none yet"
        raise Missing(f"There is no release {version[:60]}. Known are {names}.")
    facts = await facts_of(store)
    cited = facts and replace(
        facts,
        head={**facts.head, "version": version},
        version=version,
        date=found["date"],
        tree_size=found["tree_size"],
        root=found["root"],
    )
    changed = await kept(store, f"changed in {version}", _changed_in(version))
    part = Part.of(asked, len(changed))
    return {
        "title": f"Release {version}",
        "release": found,
        "became": await store.row(BECAME, version=version),
        "newest": known[0]["version"],
        "served": Store.of_release(store.datasette, version) is not None,
        "citations": written(cited, []) if cited else [],
        "changes": await _with_statements(store, changed[part.skip : part.skip + SIZE]),
        "part": part.shown({}),
    }


def _changed_in(version: str) -> Callable[[Store], Awaitable[list[Row]]]:
    """Return what reads the amendments and retractions that a release was the first to hold."""

    async def read(store: Store) -> list[Row]:
        return await store.rows(
            "select claim_id, version, change, reason from changes "
            "where release = :version and change <> 'added' order by seq",
            version=version,
        )

    return read


async def _with_statements(store: Store, changes: list[Row]) -> list[Row]:
    """Add to each change the statement of its version of the claim."""
    found = await store.rows(
        "select v.claim_id, v.version, v.statement from json_each(:wanted) w "
        "join claim_versions v on v.claim_id = w.value ->> 0 and v.version = w.value ->> 1",
        wanted=json.dumps([[row["claim_id"], row["version"]] for row in changes]),
    )
    said = {(row["claim_id"], row["version"]): row["statement"] for row in found}
    return [{**row, "statement": said.get((row["claim_id"], row["version"]))} for row in changes]


@page(r"/as-of", "claimlog_asof.html")
async def as_of(store: Store, asked: Asked) -> Mapping[str, Any]:
    """Return the claims as they stood at the end of a day, at a time, or after a batch."""
    text = (asked.query.get("date") or asked.query.get("batch") or "").strip()
    batches = await store.rows(
        "select number, title, sealed_at, tree_size, root from batches order by number"
    )
    data: Row = {
        "title": "Claims as they stood",
        "date": text[:60],
        "problem": None,
        "at": None,
        "total": 0,
        "claims": [],
        "part": Part(1, 0).shown({}),
        "batches": batches,
    }
    if not text:
        return data
    at, problem = find(text, batches)
    if at is None:
        return {**data, "problem": problem}
    living = await store.row(LIVING, size=at["tree_size"])
    part = Part.of(asked, int(living["n"]) if living else 0)
    rows = await store.rows(STOOD, size=at["tree_size"], most=SIZE, skip=part.skip)
    return {
        **data,
        "at": at,
        "total": part.total,
        "claims": rows,
        "part": part.shown({"date": text[:60]}),
    }


def find(text: str, batches: list[Row]) -> tuple[Row | None, str]:
    """Return the last batch that was sealed by then, or why there is none.

    >>> find("1", [])
    (None, 'There is no batch yet.')
    >>> find("soon", [{"number": 1}])[1].startswith("“soon” is neither a day")
    True
    """
    if not batches:
        return None, "There is no batch yet."
    first, last = batches[0], batches[-1]
    if NUMBER.fullmatch(text):
        found = next((row for row in batches if row["number"] == int(text)), None)
        return found, (
            f"There is no batch {int(text)}; they go from {first['number']} to {last['number']}."
        )
    moment = _moment(text)
    if moment is None:
        return None, f"“{text[:60]}” is neither a day nor a time nor a batch number. {EXPECTED}"
    found = None
    for row in batches:
        if row["sealed_at"] > moment:
            break
        found = row
    return found, (
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
