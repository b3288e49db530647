"""All that is said of one registered measure: claims by status, accounts, reasons, disputes."""

from __future__ import annotations

from claimlog.schema.link_relations import DISPUTES
from claimlog.site.claim_entries import claim_entries
from claimlog.site.claim_reasons import reasons_of_claims
from claimlog.site.lineage import count_origins
from claimlog.site.measure_matrix import Matrix, code_entry, status_entry
from claimlog.site.origin_groups import origins_by_group
from claimlog.site.store import Row, Store, json_list
from claimlog.site.topic import read_topic

CLAIMS, DISPUTING = 200, 200
"""Claims that the page of a measure lists, and those that dispute one of them."""


async def measure_progress(store: Store, register: str, name: str) -> Row | None:
    """Return what claims say of a measure; None for a row of another register.

    Claims that count come first, by status; then those that take the measure for granted.
    """
    topic = await read_topic(store)
    if topic.register is None or topic.register.name != register or not topic.presentation.measures:
        return None
    matrix = Matrix(topic.presentation.measures, topic)
    codes = await store.codes()
    _, status = matrix.columns
    account = matrix.words.get("account")
    rows = await store.rows(
        f"select claim_id, {status} as status, {account or 'null'} as account, origin_id, "
        f"{topic.counts} as counts from claims where {matrix.words['register']} = :name "
        "order by counts desc, claim_id",
        name=name,
    )
    origins = await count_origins(
        origins_by_group, ((_group(row), row["origin_id"]) for row in rows), store
    )
    listed = rows[:CLAIMS]
    claims = await claim_entries(store, [row["claim_id"] for row in listed])
    reasons = await reasons_of_claims(store, claims)
    disputes = await _disputes(store, [row["claim_id"] for row in listed])
    groups: dict[str | None, list[Row]] = {}
    for row in listed:
        claim = claims[row["claim_id"]]
        claim |= {
            "account": row["account"],
            "account_label": codes.label(matrix.account_codelist, row["account"]),
            "said_status": codes.label(matrix.status_codelist, row["status"]),
            "reasons": reasons.get(row["claim_id"], []),
        }
        groups.setdefault(_group(row), []).append(claim)
    steps = [step for step in groups if step is not None]
    presupposed = groups.get(None, [])
    accounts = dict.fromkeys(row["account"] for row in presupposed if row["account"])
    return {
        "account_label": matrix.account_label,
        "statuses": [
            {
                **status_entry(matrix, codes, step),
                "independent_origins": origins[step],
                "rows": groups[step],
            }
            for step in sorted(steps, key=matrix.position)
        ],
        "presupposed": presupposed,
        "presupposed_origins": origins.get(None, 0),
        "accounts": [code_entry(codes, matrix.account_codelist, one) for one in accounts],
        "disputes": disputes[:DISPUTING],
        "has_more_disputes": len(disputes) > DISPUTING,
    }


def _group(row: Row) -> str | None:
    """Return the status of a claim that counts; None of one that takes the measure for granted."""
    return str(row["status"]) if row["counts"] else None


async def _disputes(store: Store, claims: list[str]) -> list[Row]:
    """Return claims that dispute some claims, each with the one that it disputes.

    There is one more than are listed, if there are more.
    """
    rows = await store.rows(
        "select from_claim_id as claim_id, to_claim_id as disputed_id, basis from links "
        "where relation = :disputes and to_claim_id in (select value from json_each(:ids)) "
        "order by from_claim_id, to_claim_id limit :most",
        disputes=DISPUTES,
        ids=json_list(claims),
        most=DISPUTING + 1,
    )
    disputing = await claim_entries(store, [row["claim_id"] for row in rows])
    return [
        {**disputing[row["claim_id"]], "disputed_id": row["disputed_id"], "basis": row["basis"]}
        for row in rows
    ]
