"""Entries of registers that coders made, with those that may be the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from claimlog.desk.desk import Desk
from claimlog.desk.entry_clashes import clashing_entries, free_identifiers
from claimlog.desk.entry_merge import NewEntries
from claimlog.desk.lookup import label_of, names_of
from claimlog.desk.row_references import CLAIMS, Name, references
from claimlog.desk.saved_decisions import SAME_AS, Decisions
from claimlog.desk.saved_work import Entry
from claimlog.desk.work import Work
from claimlog.sources.words import words

Row = dict[str, Any]
MOST_ALIKE, MOST_COMPARED = 5, 200
"""Entries that are shown as alike, and those that one is compared with to find them."""

LOOKS = 5
"""How often the same entry may be met again on the way, by another of its words."""

NAMES_CHARACTERS = 500
"""Characters of an entry's name and aliases, of which the words are compared: names are short."""


@dataclass(frozen=True)
class Candidate:
    """An entry that others may be the same as, of the register or of a coder.

    Attributes
    ----------
    owner
        The coder who made it; None of one that is registered.
    words
        Those of its names.
    """

    owner: str | None
    name: str
    row: Row
    words: frozenset[str]


class Candidates:
    """Entries of one stream by the words of their names: few of many share a rare word."""

    def __init__(self, desk: Desk, works: Sequence[Work], stream: str) -> None:
        self.definition, self.stream = desk.log.definition, stream
        found = [(None, name, row) for name, row in desk.log.entries(stream).items()]
        own = [
            (work.coder, entry.identifier, entry.value)
            for work in works
            for entry in work.entries()
            if entry.stream == stream
        ]
        self._by_word: dict[str, dict[str | None, list[Candidate]]] = {}
        self._by_name: dict[str, dict[str | None, Candidate]] = {}
        for owner, name, row in (*found, *own):
            candidate = Candidate(owner, name, row, self._words(row))
            self._by_name.setdefault(name, {})[owner] = candidate
            for word in candidate.words:
                self._by_word.setdefault(word, {}).setdefault(owner, []).append(candidate)

    def alike(self, coder: str, entry: Entry) -> list[Row]:
        """Return those of the register, and of other coders, that share a word or the name."""
        own = self._by_name[entry.identifier][coder].words
        scored = []
        for other in self._near(coder, entry.identifier, own):
            share = len(own & other.words) / max(1, len(own | other.words))
            label = label_of(self.definition, self.stream, other.row) or other.name
            scored.append((share, {"id": other.name, "label": label, "coder": other.owner}))
        scored.sort(key=lambda one: (-one[0], one[1]["id"]))
        return [row for _, row in scored[:MOST_ALIKE]]

    def _near(self, coder: str, name: str, own: frozenset[str]) -> Iterator[Candidate]:
        """Yield entries to compare with: of one name first, then by their rarest words."""
        named = [[it] for owner, it in self._by_name.get(name, {}).items() if owner != coder]
        sharing = [
            found
            for word in own
            for owner, found in self._by_word.get(word, {}).items()
            if owner != coder
        ]
        seen: set[tuple[str | None, str]] = set()
        every = chain.from_iterable((*named, *sorted(sharing, key=len)))
        for other in islice(every, LOOKS * MOST_COMPARED):
            if len(seen) == MOST_COMPARED:
                return
            if (other.owner, other.name) not in seen:
                seen.add((other.owner, other.name))
                yield other

    def _words(self, row: Row) -> frozenset[str]:
        text = " / ".join(names_of(self.definition, self.stream, row))
        return frozenset(words(text[:NAMES_CHARACTERS]))


def proposed_entries(
    desk: Desk, works: Sequence[Work], decisions: Decisions, entries: NewEntries
) -> Iterator[Row]:
    """Yield the entries that coders made, as answers hold them, with those called alike.

    One that clashes with others of its identifier has another that is free.
    """
    settled = decisions.settled_entries()
    clashing = clashing_entries(desk, entries, decisions)
    made = [(work, entry) for work in works for entry in work.entries()]
    clashing_now = {
        (entry.stream, entry.identifier)
        for work, entry in made
        if (entry.stream, entries.final_name(work.coder, entry.stream, entry.identifier))
        in clashing
    }
    free = free_identifiers(desk, entries, clashing_now)
    candidates: dict[str, Candidates] = {}
    for work in works:
        users = _users(desk, work)
        for entry in work.entries():
            key = f"{work.coder}/{entry.stream}/{entry.identifier}"
            target = (entry.stream, entry.identifier)
            final = entries.final_name(work.coder, *target)
            clashes = (entry.stream, final) in clashing
            if entry.stream not in candidates:
                candidates[entry.stream] = Candidates(desk, works, entry.stream)
            yield {
                **entry.as_dict(),
                "coder": work.coder,
                "same_as": settled.get(key, {}).get(SAME_AS),
                "clashes": clashes,
                "free_id": free.get(target) if clashes else None,
                "registered_as": final,
                "used_by": users.get(target, []),
                "alike": candidates[entry.stream].alike(work.coder, entry),
            }


def _users(desk: Desk, work: Work) -> dict[Name, list[str]]:
    """Return the drafts of a work that name an entry, by the entry."""
    found: dict[Name, list[str]] = {}
    for draft, value in work.drafts().items():
        for target in dict.fromkeys(references(desk.log.definition, CLAIMS, value)):
            found.setdefault(target, []).append(draft)
    return found
