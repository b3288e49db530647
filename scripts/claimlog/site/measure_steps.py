"""How far each registered measure is said to have come: by whom, on whose account, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from claimlog.schema.link_relations import DISPUTES
from claimlog.site.attribution_chains import with_chains
from claimlog.site.claim_reasons import reasons_of_claims, why_relations
from claimlog.site.entity_links import entity_links
from claimlog.site.lineage import count_origins
from claimlog.site.measure_matrix import DOER_TYPES, Matrix, status_entry
from claimlog.site.origin_groups import origins_by_group
from claimlog.site.store import Row, Store, json_list
from claimlog.site.template_filters import speaker

CLAIMS = 20
"""Claims of a step whose speakers and reasons are looked up."""

TAKERS = 12
"""Of those who take the measure of a step, how many are named."""

FULL_SECTIONS = 3
"""Sections that list as many steps as one may; where there are more, they share what these have."""

Step = tuple[str, str]
"""A measure and a status that some claim gives it."""


async def measure_sections(store: Store, matrix: Matrix, most: int) -> list[Row]:
    """Return the steps of all measures, by the groups of the package, and within them by status.

    Parameters
    ----------
    most
        Steps that a section lists, fewer in more than `FULL_SECTIONS`; it says how many there are.

    Returns
    -------
    list of dict
        A section for each group of kinds, for measures of other kinds, and for the measures of
        those who are told apart; those without a step are left out.
    """
    register = matrix.topic.register
    if register is None:
        return []
    codes = await store.codes()
    takers = await _takers(store, matrix)
    sections: dict[str, list[Row]] = {label: [] for label in matrix.section_labels}
    for step in await _steps(store, matrix):
        doers = takers.get(step["measure_id"], [])
        step["takers"] = doers
        label = matrix.section_of(step["kind"], [doer["state"] for doer in doers])
        sections[label].append(step)
    result = []
    share = FULL_SECTIONS * most // max(FULL_SECTIONS, sum(map(bool, sections.values())))
    for label, members in sections.items():
        steps = sorted(members, key=lambda step: _rank(matrix, step))
        listed = await step_details(store, matrix, steps[: max(1, share)])
        if steps:
            result.append(
                {
                    "label": label,
                    "total": len(steps),
                    "listed": len(listed),
                    "statuses": [
                        {
                            **status_entry(matrix, codes, status),
                            "steps": [step for step in listed if step["status"] == status],
                        }
                        for status in dict.fromkeys(step["status"] for step in listed)
                    ],
                }
            )
    return result


def _rank(matrix: Matrix, step: Row) -> tuple[Any, ...]:
    """Order steps: by status, single states before groups, then by how widely they are reported."""
    types = [name for name, _ in DOER_TYPES]
    kinds = (doer["actor_type"] for doer in step["takers"])
    place = min((types.index(kind if kind in types else "") for kind in kinds), default=len(types))
    return (
        matrix.position(step["status"]),
        place,
        -step["independent_origins"],
        -step["claims"],
        step["measure_id"],
    )


async def _steps(store: Store, matrix: Matrix) -> list[Row]:
    """Return every step that a claim tells of, with its claims and independent origins."""
    measure, status = matrix.columns
    rows = await store.rows(
        f"select {matrix.words['register']} as measure_id, {measure} as kind, {status} as status, "
        f"origin_id, count(*) as claims from claims where {matrix.topic.counts} group by 1, 2, 3, 4"
    )
    origins = await count_origins(
        origins_by_group,
        (((row["measure_id"], row["status"]), row["origin_id"]) for row in rows),
        store,
    )
    steps: dict[Step, Row] = {}
    for row in rows:
        key = (row["measure_id"], row["status"])
        step = steps.setdefault(
            key,
            {
                "measure_id": row["measure_id"],
                "kind": row["kind"],
                "status": row["status"],
                "claims": 0,
                "unknown_origins": 0,
                "independent_origins": origins[key],
            },
        )
        step["claims"] += row["claims"]
        step["unknown_origins"] += row["claims"] if row["origin_id"] is None else 0
    return [*steps.values()]


async def _takers(store: Store, matrix: Matrix) -> Mapping[str, list[Row]]:
    """Return who takes each measure, with the state that each belongs to."""
    register = matrix.topic.register
    assert register is not None
    takers: dict[str, list[Row]] = {}
    for row in await store.rows(
        f'select m."{register.key}" as measure_id, a.actor_id, a.name, a.actor_type, '
        f'coalesce(a.state_id, a.actor_id) as state from "{register.takers}" m '
        "join actors a on a.actor_id = m.actor_id order by a.name, a.actor_id"
    ):
        takers.setdefault(row.pop("measure_id"), []).append(row)
    return takers


async def step_details(store: Store, matrix: Matrix, steps: Iterable[Row]) -> list[Row]:
    """Return steps with the measure's name, the accounts that each rests on, and the reasons."""
    register = matrix.topic.register
    assert register is not None
    steps = list(steps)
    names = dict.fromkeys(step["measure_id"] for step in steps)
    links = {link["id"]: link for link in await entity_links(store, register.name, names)}
    details = await _register_details(store, matrix, names)
    codes = await store.codes()
    claims = await _claims(store, matrix, names)
    claims_by_step = {
        (step["measure_id"], step["status"]): claims.get((step["measure_id"], step["status"]), [])
        for step in steps
    }
    reasons = await reasons_of_claims(
        store,
        (row["claim_id"] for rows in claims_by_step.values() for row in rows),
        await why_relations(store),
    )
    purposes = await _purposes(store, matrix, names)
    disputed = await _disputed(
        store, [row["claim_id"] for rows in claims_by_step.values() for row in rows]
    )
    return [
        {
            **step,
            "takers": step["takers"][:TAKERS],
            "takers_in_all": len(step["takers"]),
            "measure": links[step["measure_id"]],
            "kind_label": codes.label(matrix.codelist, step["kind"]),
            "details": details.get(step["measure_id"], []),
            "accounts": _accounts(matrix, codes, rows),
            "purpose": purposes.get(step["measure_id"]),
            "disputed": any(row["claim_id"] in disputed for row in rows),
            "reasons": _distinct(
                reason for row in rows for reason in reasons.get(row["claim_id"], [])
            ),
        }
        for step, rows in (
            (step, claims_by_step[step["measure_id"], step["status"]]) for step in steps
        )
    ]


async def _disputed(store: Store, claims: Iterable[str]) -> set[str]:
    """Return those of some claims that another disputes."""
    rows = await store.rows(
        "select distinct to_claim_id as id from links where relation = :disputes "
        "and to_claim_id in (select value from json_each(:claims))",
        disputes=DISPUTES,
        claims=json_list(claims),
    )
    return {row["id"] for row in rows}


async def _register_details(
    store: Store, matrix: Matrix, names: Iterable[str]
) -> Mapping[str, list[Row]]:
    """Return the columns of the register that are told beside a measure's name, where set."""
    register = matrix.topic.register
    assert register is not None
    known = (await store.tables()).get(register.name, frozenset())
    columns = [item for item in matrix.words.get("details", ()) if item["column"] in known]
    if not columns:
        return {}
    selected = ", ".join(f'"{item["column"]}"' for item in columns)
    rows = await store.rows(
        f'select "{register.key}" as id, {selected} from "{register.name}" '
        f'where "{register.key}" in (select value from json_each(:names))',
        names=json_list(names),
    )
    return {
        row["id"]: [
            {"label": item.get("label", item["column"]), "value": row[item["column"]]}
            for item in columns
            if row[item["column"]]
        ]
        for row in rows
    }


async def _purposes(store: Store, matrix: Matrix, names: Iterable[str]) -> Mapping[str, str]:
    """Return the purpose of each measure that has one in the register."""
    register, column = matrix.topic.register, matrix.words.get("purpose")
    assert register is not None
    if column not in (await store.tables()).get(register.name, frozenset()):
        return {}
    rows = await store.rows(
        f'select "{register.key}" as id, "{column}" as purpose from "{register.name}" '
        f'where "{column}" is not null and "{register.key}" in '
        "(select value from json_each(:names))",
        names=json_list(names),
    )
    return {row["id"]: row["purpose"] for row in rows}


async def _claims(store: Store, matrix: Matrix, names: Iterable[str]) -> dict[Step, list[Row]]:
    """Return the first claims of each step of some measures, with who says so."""
    account = matrix.words.get("account")
    _, status = matrix.columns
    rows = await store.rows(
        "select claim_id, measure_id, status, account, publisher from (select c.claim_id, "
        f"c.{matrix.words['register']} as measure_id, c.{status} as status, "
        f"{f'c.{account}' if account else 'null'} as account, s.publisher, row_number() over "
        f"(partition by c.{matrix.words['register']}, c.{status} order by c.claim_id) as place "
        f"from (select * from claims where {matrix.words['register']} in "
        f"(select value from json_each(:names)) and {matrix.topic.counts}) c "
        "join sources s on s.source_id = c.source_id) where place <= :most order by claim_id",
        names=json_list(names),
        most=CLAIMS,
    )
    claims: dict[Step, list[Row]] = {}
    for row in await with_chains(store, rows):
        claims.setdefault((row["measure_id"], row["status"]), []).append(row)
    return claims


def _accounts(matrix: Matrix, codes: Any, rows: Iterable[Row]) -> list[Row]:
    """Return the accounts that a step rests on, each with those who give it."""
    accounts: dict[str | None, Row] = {}
    for row in rows:
        account = accounts.setdefault(
            row["account"],
            {
                "code": row["account"],
                "own": row["account"] is not None and row["account"] == matrix.words.get("own"),
                "label": codes.label(matrix.account_codelist, row["account"]),
                "voices": [],
            },
        )
        # what its speaker denies stands on the word of those who report it
        chain = [hop for hop in row["chain"] if not hop.get("denied_in")]
        last = chain[-1] if chain else None
        voice = {
            "name": speaker(last) if last else row["publisher"],
            "through": [speaker(hop) for hop in reversed(chain[:-1])],
            "label": last["label"] if last else None,
            "publisher": row["publisher"],
        }
        if voice not in account["voices"]:
            account["voices"].append(voice)
    return [*accounts.values()]


def _distinct(reasons: Iterable[Row]) -> list[Row]:
    """Return reasons without those that were given before."""
    return [*{(row["claim_id"], row["relation"]): row for row in reasons}.values()]
