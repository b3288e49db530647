"""When a column of a form applies, must be empty, or must be filled.

It follows from ``schemas/requirements.csv``: of two columns that belong together, the one that the
codebook decides first lets the other apply.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from claimlog.desk.row_references import CLAIMS
from claimlog.schema.requirements import Requirement, stated_values
from claimlog.schema.table_schema import Table
from claimlog.validate.report import code_rules


class FormConditions:
    """When columns of a stream apply, must be empty, or must be filled."""

    def __init__(
        self, requirements: Sequence[Requirement], table: Table, order: Sequence[str]
    ) -> None:
        self.rules = [
            rule
            for rule in requirements
            if rule.stream == table.name
            and rule.severity == "error"
            and not {rule.when_column, rule.then_column} & {"action", "reason"}
        ]
        self.table = table
        self.rank = {name: number for number, name in enumerate(order)}

    def of(self, column: str, within: str | None) -> dict[str, list[dict[str, Any]]]:
        """Return ``needs``, ``absent_when`` and ``required_when`` of a column.

        Those of an object's column in a list are about the object.
        """
        found: dict[str, list[dict[str, Any]]] = {
            "needs": [],
            "absent_when": [],
            "required_when": [],
        }
        if within is not None:
            if (self.table.name, within, column) == (CLAIMS, "attributions", "description"):
                sentence = code_rules()["hop-speaker"].sentence
                found["required_when"].append(
                    {"column": "actor_id", "is": "null", "sentence": sentence}
                )
            return found
        for rule in self.rules:
            demands = rule.then not in ("null", "empty")
            if rule.then_column == column and not demands:
                found["absent_when"].append(self._condition(rule.when_column, rule.when, rule))
            elif rule.then_column == column and not self._gates(rule):
                found["required_when"].append(self._condition(rule.when_column, rule.when, rule))
            elif rule.when_column == column and demands and self._gates(rule):
                found["needs"].append(self._condition(rule.then_column, rule.then, rule))
        return found

    def _gates(self, rule: Requirement) -> bool:
        """Whether the column that is demanded is decided before the one that demands it."""
        late = len(self.rank)
        is_earlier = self.rank.get(rule.then_column, late) < self.rank.get(rule.when_column, late)
        return rule.when in ("set", "nonempty") and is_earlier

    def _condition(self, column: str, state: str, rule: Requirement) -> dict[str, Any]:
        is_named = state in ("set", "null", "empty", "nonempty")
        return {
            "column": column,
            "is": state if is_named else stated_values(self.table.by_name[column], state),
            "sentence": rule.sentence,
        }
