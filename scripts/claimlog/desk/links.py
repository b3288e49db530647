"""Links of the claims of a text: proposed, and decided."""

from __future__ import annotations

from typing import Any

from claimlog.desk.choice_keys import coded_keys, codes_in_use
from claimlog.desk.decisions import LINK
from claimlog.desk.desk import Desk
from claimlog.desk.link_proposals import propose_links
from claimlog.desk.request_error import CLOSED, INVALID, RequestError
from claimlog.desk.roles import Role
from claimlog.desk.row_references import CLAIMS
from claimlog.edit.add_amend_retract import Entries, add

LINKS = "links"
Row = dict[str, Any]


def links_dict(desk: Desk, source: str) -> Row:
    """Return proposed pairs of claims with what was decided on them."""
    desk.log.source(source)
    definition = desk.log.definition
    rows = {row["claim_id"]: row for row in desk.log.entries(CLAIMS).values()}
    decisions = desk.decisions(source)
    known = _known_links(desk)
    proposals = []
    for pair in propose_links(definition, [*rows.values()], source):
        names = frozenset((pair["from"], pair["to"]))
        cell = decisions.cells.cell(_key(*sorted(names)))
        decision: Row | None = known.get(names)
        if decision is None and cell.value is not None:
            decision = {"relation": None, "link_id": None}
        ends = {end: claim_dict(desk, rows[pair[end]]) for end in ("from", "to")}
        proposals.append({**pair, **ends, "decision": decision})
    item = definition.streams[LINKS].by_name["relation"]
    relations = coded_keys(codes_in_use(definition.codebook, item.codelist or ""))
    return {"proposals": proposals, "relations": relations}


def _known_links(desk: Desk) -> dict[frozenset[str], Row]:
    return {
        frozenset((row["from_claim_id"], row["to_claim_id"])): {
            name: row[name] for name in ("relation", "link_id", "from_claim_id", "to_claim_id")
        }
        for row in desk.log.entries(LINKS).values()
    }


def _key(first: str, second: str) -> str:
    return f"{LINK}{first}/{second}"


def claim_dict(desk: Desk, row: Row) -> Row:
    """Return a claim as lists hold it, with its words if its text is at hand."""
    table = desk.log.definition.streams[CLAIMS]
    places = desk.log.places(row["source_id"])
    coded = {
        item.name: row[item.name] for item in table.fields if item.codelist and not item.retired
    }
    return {
        "claim_id": row["claim_id"],
        "source_id": row["source_id"],
        "statement": row["statement"],
        "quote": places.quote(row["start"], row["end"]) if places else None,
        "codes": {name: code for name, code in coded.items() if code and name != "action"},
    }


def decide_link(desk: Desk, source: str, role: Role, given: Row) -> Row:
    """Add a link to the open batch, or note that two claims have none.

    Raises
    ------
    RequestError
        If a claim is not there, or the link is.
    FindingsError
        If the link would break a rule.
    """
    first, second = given["from_claim_id"], given["to_claim_id"]
    known = desk.log.entries(CLAIMS)
    if first not in known or second not in known or first == second:
        raise RequestError(INVALID, "a link joins two claims that are there")
    desk.log.source(source)
    if given["relation"] is None:
        key = _key(*sorted((first, second)))
        decisions = desk.decisions(source)
        if desk.work_folder.of_source(source) and not decisions.is_committed:
            raise RequestError(CLOSED, f"{source} is not decided yet; its links come after that")
        cells = decisions.cells
        cells.change({key: {"relation": None}}, {})
        return {"link_id": None}
    row = {name: given[name] for name in ("from_claim_id", "relation", "to_claim_id", "basis")}
    addition = add(desk.package, LINKS, Entries([row]), role.name, None)
    name = addition.rows[0]["link_id"] if addition.rows else addition.duplicates[0].identifier
    return {"link_id": name}
