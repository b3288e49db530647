"""Loss report: what an import or export leaves out because the other side has no place for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from claimlog.escaping import indented_json
from claimlog.limits import LOSS_KINDS, LOSS_PLACES

SHOWN_LOSSES = 200
"""Kinds of losses that are printed."""

SHOWN_PLACES = 5
"""Places of a loss that stand in its line; the report as JSON lists them."""


WHAT_LENGTH, WHERE_LENGTH = 400, 120
"""Characters of a kind of loss, and of a place: both may hold words of a file."""

BEGINNING = b'{\n  "refused": ['
"""How the report as a file begins, and no file of somebody else."""

OTHERS = "what has no counterpart, of further kinds"


@dataclass
class LossReport:
    """Losses by what is lost, in the order in which they were found, and what was refused.

    A loss is something that the other side has no counterpart for. What is refused has one, but
    is wrong: words that do not stand where it says.
    """

    losses: dict[str, list[str]] = field(default_factory=dict)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add_loss(self, what: str, where: str) -> None:
        """Note something that has no counterpart."""
        self._add(self.losses, what, where)

    def add_refusal(self, what: str, where: str) -> None:
        """Note an annotation that is wrong."""
        self._add(self.refusals, what, where)

    def _add(self, group: dict[str, list[str]], what: str, where: str) -> None:
        what = what[:WHAT_LENGTH]
        if what not in group and len(group) >= LOSS_KINDS:
            what = OTHERS
        places = group.setdefault(what, [])
        self.counts[what] = self.counts.get(what, 0) + 1
        if len(places) < LOSS_PLACES:
            places.append(where[:WHERE_LENGTH])

    def lines(self) -> Iterator[str]:
        """Yield a line for each loss and each refusal, up to `SHOWN_LOSSES`."""
        hidden = len(self.losses) + len(self.refusals) - SHOWN_LOSSES
        yield from islice(self._all_lines(), SHOWN_LOSSES)
        if hidden > 0:
            yield f"and {hidden:,} more kinds of losses; --report FILE lists all of them"

    def _all_lines(self) -> Iterator[str]:
        for verb, group in (("refused", self.refusals), ("lost", self.losses)):
            for what, places in group.items():
                number = self.counts[what]
                more = f" and {number - SHOWN_PLACES:,} more" if number > SHOWN_PLACES else ""
                yield f"{verb}: {what} ({', '.join(places[:SHOWN_PLACES])}{more})"

    def as_json(self) -> bytes:
        """Return the report as a JSON file."""
        return f"{indented_json(self._as_dict())}\n".encode()

    def _as_dict(self) -> dict[str, Any]:
        return {
            name: [
                {"what": what, "number": self.counts[what], "places": places}
                for what, places in group.items()
            ]
            for name, group in (("refused", self.refusals), ("lost", self.losses))
        }
