"""What the adjudicator is shown of a text: its codings compared, with what is decided of them.

Decisions are changed in `save_decisions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from claimlog.desk.blindness import finished_works
from claimlog.desk.comparison import ADDED, AGREED, Unit, compare
from claimlog.desk.corrected_text import require_text_of_work
from claimlog.desk.desk import Desk
from claimlog.desk.draft_findings import draft_findings
from claimlog.desk.draft_values import in_use
from claimlog.desk.entry_candidates import proposed_entries
from claimlog.desk.entry_merge import NewEntries
from claimlog.desk.journal import stale, state_digest
from claimlog.desk.latest_values import LatestValues
from claimlog.desk.places import Places
from claimlog.desk.request_error import ABSENT, CLOSED, RequestError
from claimlog.desk.row_references import CLAIMS
from claimlog.desk.save_drafts import CHANGED_ELSEWHERE, draft_view, findings_dict, state_dict
from claimlog.desk.saved_decisions import LEFT, PROPOSAL, RIGHT, SIDES, UNIT, Decisions
from claimlog.desk.work import COUNTED_BYTES, Work, require_draft_name

Row = dict[str, Any]
PROMPT_DRAFTS = 200
"""Drafts of two codings that are compared in some hundredths of a second."""

NEW_PREFIX = "new:"
"""Beginning of the names of passages that nobody marked."""


@dataclass(frozen=True)
class Adjudication:
    """The finished codings of a text with the decisions on them.

    Attributes
    ----------
    works
        All finished works.
    sides
        The one or two of them that are compared.
    sides_revision
        Revision of what is saved of the sides.
    basis
        What the comparison rests on; two that are equal have the same units.
    entries
        Their entries of registers.
    drafts
        Drafts of each side, with entries named as they are registered at last.
    latest_values
        What was computed of them.
    """

    desk: Desk
    source: str
    places: Places
    works: list[Work]
    sides: list[Work]
    decisions: Decisions
    sides_revision: int
    basis: tuple[Any, ...]
    entries: NewEntries
    drafts: list[dict[str, Row]]
    units: list[Unit]
    latest_values: LatestValues

    @classmethod
    def open(cls, desk: Desk, source: str, by: str = "") -> Adjudication:
        """Return the adjudication of a source.

        Parameters
        ----------
        by
            Who decides there; empty of who only reads.

        Raises
        ------
        RequestError
            If not all who began have finished, or nobody has, or the text is another since.
        UnpreparedError
            If long codings are not compared yet, and a prompt answer is made.
        """
        desk.log.source(source)
        sources = desk.log.entries("sources")
        works = finished_works(desk.work_folder, source)
        for work in works:
            require_text_of_work(desk.package, work, sources)
        decisions = desk.decisions(source)
        decisions.by = by
        sides_revision = decisions.journal.cell(SIDES).revision
        sides = _compared(desk, works, decisions)
        definition = desk.log.definition
        places = desk.log.require_places(source)
        basis = (
            [work.coder for work in sides],
            [(work.coder, work.commitment) for work in works],
            decisions.settled_entries(),
            decisions.entry_rows(),
            desk.log.definition_version,
        )

        def compare_sides() -> tuple[NewEntries, list[dict[str, Row]], list[Unit]]:
            entries = NewEntries(definition, works, decisions)
            drafts = [entries.drafts(work) for work in sides]
            right = drafts[1] if len(drafts) > 1 else {}
            return entries, drafts, compare(definition, drafts[0], right)

        values = desk.latest_values_of(source, (*works, decisions))
        is_long = (
            sum(work.draft_count for work in sides) > PROMPT_DRAFTS
            or sum(work.journal.value_bytes for work in sides) > COUNTED_BYTES
        )
        entries, drafts, units = values.get("comparison", basis, compare_sides, is_long)
        return cls(
            *(desk, source, places, works, sides, decisions),
            *(sides_revision, basis, entries, drafts, units, values),
        )

    @property
    def comparison_digest(self) -> str:
        """What tells whether a page shows these codings, of this text."""
        sides = [(work.coder, work.commitment) for work in self.sides]
        return state_digest(self.places.text.sha256, sides)

    def stale(self) -> RequestError:
        """Return the refusal of a change that was made on another state; it says what is there."""
        fresh = Adjudication.open(self.desk, self.source)
        return stale(CHANGED_ELSEWHERE, fresh.as_dict())

    def unit(self, name: str) -> Unit:
        """Return the passage of a name.

        Raises
        ------
        RequestError
            If there is none.
        """
        found = next((unit for unit in self.units if unit.name == name), None)
        if found is not None:
            return found
        if name.startswith(NEW_PREFIX):
            require_draft_name(name.removeprefix(NEW_PREFIX))
            return _added_unit(name, self._verdict(name))
        raise RequestError(ABSENT, f"there is no passage {name[:80]}")

    def all_units(self) -> list[Unit]:
        """Return the passages of the coders, and those that were added while deciding."""
        added = [
            _added_unit(name, verdict)
            for name, verdict in self.decisions.verdicts().items()
            if name.startswith(NEW_PREFIX) and verdict.get("take")
        ]
        return sorted([*self.units, *added], key=lambda unit: (unit.start, -unit.end, unit.name))

    def value_of(self, unit: Unit) -> Row | None:
        """Return the claim that was decided on for a passage; None for no claim, or no verdict."""
        verdict = self._verdict(unit.name) or {}
        take = verdict.get("take")
        value = verdict.get("value")
        if take == LEFT and unit.left:
            value = self.drafts[0][unit.left]
        elif take == RIGHT and unit.right:
            value = self.drafts[1][unit.right]
        return in_use(self.desk.log.definition.streams[CLAIMS], value) if value else None

    def _verdict(self, name: str) -> Row | None:
        return cast("Row | None", self.decisions.cell(f"{UNIT}{name}").value)

    def open_units(self) -> list[Unit]:
        verdicts = self.decisions.verdicts()
        return [unit for unit in self.units if not (verdicts.get(unit.name) or {}).get("take")]

    def as_dict(self) -> Row:
        """Return all of it as answers hold it."""
        return {
            "source_id": self.source,
            **state_dict(self.decisions.journal),
            "text_sha256": self.places.text.sha256,
            "sides": [work.coder for work in self.sides],
            "compared": self.comparison_digest,
            "finished": [work.coder for work in self.works],
            "committed": self.decisions.is_committed,
            "committing": self.decisions.is_committing,
            "claims": self.decisions.claims or None,
            "open": len(self.open_units()),
            "agreed": sum(unit.kind == AGREED for unit in self.units),
            "units": [self.unit_dict(unit) for unit in self.all_units()],
            "proposals": self.proposals(),
            "registered": [entry.as_dict() for entry in self.decisions.entries()],
        }

    def proposals(self) -> list[Row]:
        """Return what coders made for the registers; what each may be the same as is found once."""
        found = self.latest_values.get(
            "proposals",
            (self.basis, self.desk.log.version),
            lambda: [*proposed_entries(self.desk, self.works, self.decisions, self.entries)],
            is_long=True,
        )
        cell = self.decisions.journal.cell
        keys = [f"{PROPOSAL}{one['coder']}/{one['stream']}/{one['id']}" for one in found]
        return [{**one, "rev": cell(key).revision} for one, key in zip(found, keys, strict=True)]

    def unit_dict(self, unit: Unit) -> Row:
        """Return a passage as answers hold it, with both codings and the verdict."""
        cell = self.decisions.cell(f"{UNIT}{unit.name}")
        verdict = cell.value if cell.value and cell.value.get("take") else None
        start, end = unit.start, unit.end
        return {
            "unit": unit.name,
            "rev": cell.revision,
            "kind": unit.kind,
            "span": self.places.as_dict(start, end) if end else None,
            "quote": self.places.quote(start, end),
            "iou": unit.iou,
            "differs": list(unit.differs),
            "left": self._side(0, unit.left),
            "right": self._side(1, unit.right),
            "verdict": verdict,
            "note": (cell.value or {}).get("note"),
        }

    def _side(self, side: int, name: str | None) -> Row | None:
        if name is None:
            return None
        return draft_view(self.places, name, 0, self.drafts[side][name])


def _compared(desk: Desk, works: list[Work], decisions: Decisions) -> list[Work]:
    """Return the works that are compared: those that were chosen, else the first two.

    Raises
    ------
    RequestError
        If passages are decided of a coding that is not there any more.
    """
    names = decisions.chosen_sides or ()
    sides = [work for work in works if work.coder in names]
    if gone := decisions.gone_codings(works):
        path = desk.package.relative(decisions.journal.path)
        raise RequestError(
            CLOSED,
            f"{decisions.source} was decided by the coding of {', '.join(gone)}, which is not "
            f"here any more; put it back, or move {path} away and decide anew",
        )
    return sides if len(sides) == len(names) > 0 else works[:2]


def _added_unit(name: str, verdict: Row | None) -> Unit:
    """Return a passage that nobody marked; without a claim it stands nowhere."""
    value = (verdict or {}).get("value") or {"start": 0, "end": 0}
    return Unit(name, ADDED, None, None, None, value["start"], value["end"])


def decided_findings(adjudication: Adjudication) -> Row:
    """Return the findings of the claims that were decided on, by passage; they are found once."""
    log, source = adjudication.desk.log, adjudication.source
    claims, entries = decided_claims(adjudication), adjudication.entries.final
    return adjudication.latest_values.get(
        "findings of what is decided",
        (adjudication.places.text.sha256, claims, entries, log.version),
        lambda: findings_dict(draft_findings(log, source, claims, entries)),
    )


def decided_claims(adjudication: Adjudication) -> dict[str, Row]:
    """Return the claims that were decided on, by passage, in the order of the text."""
    return {
        unit.name: value
        for unit in adjudication.all_units()
        if (value := adjudication.value_of(unit)) is not None
    }


def verdicts_dict(adjudication: Adjudication) -> Row:
    """Return what coders see afterwards.

    Raises
    ------
    RequestError
        If it is not committed.
    """
    if not adjudication.decisions.is_committed:
        raise RequestError(CLOSED, "the verdicts are shown when all of them are made")
    whole = adjudication.as_dict()
    known = adjudication.desk.log.entries(CLAIMS)
    claims = {unit: name for unit, name in (whole["claims"] or {}).items() if name in known}
    return {
        "coders": whole["sides"],
        "units": [{**unit, "claim_id": claims.get(unit["unit"])} for unit in whole["units"]],
    }
