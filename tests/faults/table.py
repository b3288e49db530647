"""The results as text, and as the table in docs/."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from faults.calls import GROUPS
from faults.injection import KINDS, Outcome
from faults.writers import Race
from workshop.bench.tables import markdown_table, text_table


@dataclass
class Results:
    """Results of a run. `calls` counts the calls of each scene by group."""

    seed: int
    calls: dict[str, Counter[str]] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    races: list[Race] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def injections(self) -> int:
        """Faults that struck, those of second runs and of writers among them."""
        first = sum(1 for outcome in self.outcomes if outcome.ending != "missed")
        again = sum(outcome.again for outcome in self.outcomes)
        return first + again + sum(race.killed for race in self.races)

    @property
    def failures(self) -> list[str]:
        """Everything that did not hold, a line each."""
        listed = [f"{o.fault}: {what}" for o in self.outcomes for what in o.problems]
        listed += [
            f"{race.writers} writers: {what}" for race in self.races for what in race.problems
        ]
        return listed + self.others


def _outcome_cells(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the cells that count the outcomes of injections."""
    ended = Counter(outcome.ending for outcome in outcomes)
    good = sum(1 for o in outcomes if o.ending != "missed" and not o.problems)
    failed = sum(1 for o in outcomes if o.problems)
    return [
        f"{sum(outcome.again for outcome in outcomes):,}",
        f"{ended['refused']:,}",
        f"{ended['done']:,}",
        f"{good:,}",
        f"{failed:,}",
    ]


OUTCOME_HEAD = ("second run killed", "told in a line", "done all the same", "recovered", "failed")


def _rows(results: Results) -> Iterable[list[str]]:
    """Yield a row for each call of each command."""
    for scene, counts in results.calls.items():
        for group in (name for name in GROUPS if counts[name]):
            mine = [
                o
                for o in results.outcomes
                if (o.scene, o.group) == (scene, group) and o.ending != "missed"
            ]
            kinds = Counter(outcome.kind for outcome in mine)
            tried = [f"{kinds[kind]:,}" for kind in KINDS]
            yield [f"{scene} {group}", f"{counts[group]:,}", *tried, *_outcome_cells(mine)]


def text_report(results: Results) -> str:
    """Return the results as text: a line for each call of each command, and what failed."""
    lines = [text_table(("command, call", "calls", *KINDS, *OUTCOME_HEAD), _rows(results)), ""]
    lines += [_race_sentence(race) for race in results.races]
    lines += [f"{results.injections:,} faults injected (seed {results.seed})"]
    lines += [f"{len(results.failures):,} failures", *results.failures]
    return "\n".join(lines)


def _race_sentence(race: Race) -> str:
    return (
        f"{race.writers} writers at once: {race.runs} commands, {race.killed} killed, "
        f"{race.acknowledged} rows acknowledged, {len(race.problems)} failures"
    )


def markdown_report(results: Results, command: str) -> str:
    """Return the table in docs/: a row for each command."""
    groups = [name for name in GROUPS if any(c[name] for c in results.calls.values())]
    rows = []
    for scene in results.calls:
        mine = [o for o in results.outcomes if o.scene == scene and o.ending != "missed"]
        struck = Counter(outcome.group for outcome in mine)
        rows.append(
            [f"`{scene}`", *(f"{struck[name]:,}" for name in groups), *_outcome_cells(mine)]
        )
    raced = "; ".join(_race_sentence(race) for race in results.races)
    return (
        f"`{command}` made this table: {results.injections:,} faults (EIO, ENOSPC, SIGKILL), "
        f"{len(results.failures):,} failures. {raced}.\n\n"
        + markdown_table(("command", *groups, *OUTCOME_HEAD), rows)
    )
