"""Entries of registers that coders made, with those that may be the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from claimlog.desk.decisions import PROPOSAL, Decisions
from claimlog.desk.desk import Desk
from claimlog.desk.entry_merge import NewEntries
from claimlog.desk.lookup import label_of, names_of
from claimlog.desk.row_references import references
from claimlog.desk.saved_work import Entry
from claimlog.desk.work import Work
from claimlog.sources.words import words

Row = dict[str, Any]
MOST_ALIKE = 5


def proposed_entries(
    desk: Desk, works: Sequence[Work], decisions: Decisions, entries: NewEntries
) -> Iterator[Row]:
    """Yield the entries that coders made, as answers hold them, with those called alike."""
    definition = desk.log.definition
    same_as = decisions.same_as()
    for work in works:
        for entry in work.entries():
            key = f"{work.coder}/{entry.stream}/{entry.identifier}"
            target = (entry.stream, entry.identifier)
            yield {
                **entry.as_dict(),
                "coder": work.coder,
                "rev": decisions.cells.cell(f"{PROPOSAL}{key}").revision,
                "same_as": same_as.get(key),
                "registered_as": entries.final_name(work.coder, *target),
                "used_by": [
                    name
                    for name, value in work.drafts().items()
                    if target in references(definition, "claims", value)
                ],
                "alike": _alike(desk, works, work.coder, entry),
            }


def _alike(desk: Desk, works: Sequence[Work], coder: str, entry: Entry) -> list[Row]:
    """Return entries of the register, and of other coders, that share a word of a name."""
    definition, stream = desk.log.definition, entry.stream
    own = {word for one in names_of(definition, stream, entry.value) for word in words(one)}
    candidates: list[tuple[str | None, str, Row]] = [
        (None, other, row) for other, row in desk.log.entries(stream).items()
    ]
    candidates += [
        (work.coder, other.identifier, other.value)
        for work in works
        if work.coder != coder
        for other in work.entries()
        if other.stream == stream
    ]
    scored = []
    for owner, name, row in candidates:
        theirs = {word for one in names_of(definition, stream, row) for word in words(one)}
        share = len(own & theirs) / max(1, len(own | theirs))
        if share > 0 or name == entry.identifier:
            label = label_of(definition, stream, row) or name
            scored.append((share, {"id": name, "label": label, "coder": owner}))
    scored.sort(key=lambda one: (-one[0], one[1]["id"]))
    return [row for _, row in scored[:MOST_ALIKE]]
