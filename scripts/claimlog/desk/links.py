"""Links of the claims of a text: proposed, and decided."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from claimlog.desk.choice_keys import coded_keys, codes_in_use
from claimlog.desk.desk import Desk
from claimlog.desk.journal import require_same_state, stale, state_digest
from claimlog.desk.link_proposals import propose_links
from claimlog.desk.request_error import CLOSED, INVALID, RequestError
from claimlog.desk.review import rows_digest
from claimlog.desk.roles import Role
from claimlog.desk.row_references import CLAIMS
from claimlog.edit.add_amend_retract import ChangedMeanwhileError, Entries, add
from claimlog.edit.open_rows import open_rows

LINKS = "links"
CHANGED = "these two claims, or what is decided of them, are others now; look at them"
Row = dict[str, Any]


def links_dict(desk: Desk, source: str) -> Row:
    """Return proposed pairs of claims with what was decided on them."""
    desk.log.source(source)
    definition = desk.log.definition
    rows = {row["claim_id"]: row for row in desk.log.entries(CLAIMS).values()}
    decided = _DecidedLinks(desk)
    proposals = []
    pairs = desk.computed.get(
        "pairs of claims",
        (source, desk.log.version),
        lambda: propose_links(definition, [*rows.values()], source),
    )
    for pair in pairs:
        ends = {end: claim_dict(desk, rows[pair[end]]) for end in ("from", "to")}
        proposals.append({**pair, **ends, **decided.of(rows[pair["from"]], rows[pair["to"]])})
    item = definition.streams[LINKS].by_name["relation"]
    relations = coded_keys(codes_in_use(definition.codebook, item.codelist or ""))
    return {"proposals": proposals, "relations": relations}


class _DecidedLinks:
    """What was decided of pairs of claims, as it is now."""

    def __init__(self, desk: Desk) -> None:
        columns = ("relation", "link_id", "from_claim_id", "to_claim_id")
        self.unlinked = desk.work_folder.unlinked_pairs()
        rows = open_rows(desk.package, desk.log.definition.streams)
        digests = {row.identifier: rows_digest(row) for row in rows if row.stream == LINKS}
        self.known: dict[frozenset[str], Row] = {
            frozenset((row["from_claim_id"], row["to_claim_id"])): {
                **{name: row[name] for name in columns},
                "digest": digests.get(row["link_id"]),
            }
            for row in desk.log.entries(LINKS).values()
        }

    def of(self, one: Row, other: Row) -> Row:
        """Return what was decided of two claims, and the digest of all that is shown of them."""
        first, second = sorted((one, other), key=lambda row: str(row["claim_id"]))
        names = (first["claim_id"], second["claim_id"])
        decision = self.known.get(frozenset(names))
        if decision is None and self.unlinked.cell(_key(*names)).value is not None:
            decision = {"relation": None, "link_id": None}
        return {"decision": decision, "digest": state_digest(first, second, decision)}


def _key(first: str, second: str) -> str:
    if "/" in f"{first}{second}":  # the keys of all others have one slash
        return f"{quote(first, safe='')}//{quote(second, safe='')}"
    return f"{first}/{second}"


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


def decide_link(desk: Desk, source: str, role: Role, given: Row, shown: str | None = None) -> Row:
    """Add a link to the open batch, or note that two claims have none, or are open again.

    Parameters
    ----------
    given
        The identifiers of the claims, ``relation`` and ``basis``; without a relation, whether the
        pair is open again (``is_open``).
    shown
        ``digest`` of the two claims, and of what is decided of them, as the page shows them; None
        of who takes whatever is there.

    Raises
    ------
    RequestError
        If a claim is not there, or the pair is another by now.
    FindingsError
        If the link would break a rule.
    """
    first, second = given["from_claim_id"], given["to_claim_id"]
    known = desk.log.entries(CLAIMS)
    if first not in known or second not in known or first == second:
        raise RequestError(INVALID, "a link joins two claims that are there")
    desk.log.source(source)
    ends = known[first], known[second]

    def pair() -> Row:
        return _DecidedLinks(desk).of(*ends)

    now = pair()
    require_same_state(shown, now["digest"], CHANGED, now)
    if given["relation"] is None:
        decisions = desk.decision_summary(source)
        is_open = not decisions.is_committed(desk.coded_rows)
        if is_open and desk.work_folder.summaries(source):
            raise RequestError(CLOSED, f"{source} is not decided yet; its links come after that")
        _note_unlinked(desk, first, second, not given["is_open"])
        return {"link_id": None, **pair()}
    row = {name: given[name] for name in ("from_claim_id", "relation", "to_claim_id", "basis")}
    versions = {(CLAIMS, end["claim_id"]): end["version"] for end in ends}
    try:
        entries, today = Entries([row]), desk.today
        addition = add(desk.package, LINKS, entries, role.name, None, today, versions=versions)
    except ChangedMeanwhileError as error:
        raise stale(f"{error}; {CHANGED}", pair()) from error
    _note_unlinked(desk, first, second, False)  # else taking the link back would say so again
    name = addition.rows[0]["link_id"] if addition.rows else addition.duplicates[0].identifier
    return {"link_id": name, **pair()}


def _note_unlinked(desk: Desk, first: str, second: str, is_unlinked: bool) -> None:
    """Note whether two claims are said to have no link."""
    key, unlinked = _key(*sorted((first, second))), desk.work_folder.unlinked_pairs()
    if is_unlinked != (unlinked.cell(key).value is not None):
        unlinked.change({key: True if is_unlinked else None}, {})
