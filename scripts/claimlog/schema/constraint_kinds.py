"""Constraints of Table Schema: of which columns, which rule they break, and which ask for less.

A column has up to two sets of them. ``constraints`` is asked of rows of every version, by any tool;
``currentConstraints`` is asked of rows of the present version besides, and can only ask for more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Constraints = Mapping[str, Any]


class Constraint(NamedTuple):
    """What is known of one constraint, whichever column has it.

    `rule` is broken by the values that it does not pass, and `is_looser` says whether one passes
    every value that another passes. Without `types` columns of every type can have it.
    """

    rule: str
    is_looser: Callable[[Any, Any], bool]
    types: tuple[str, ...] = ()


def _is_at_most(one: Any, other: Any) -> bool:
    return bool(one <= other)


def _is_at_least(one: Any, other: Any) -> bool:
    return bool(one >= other)


def _is_the_same(one: Any, other: Any) -> bool:
    return bool(one == other)


def _has_all(one: Any, other: Any) -> bool:
    return set(one) >= set(other)


CONSTRAINTS = {
    "required": Constraint("required", _is_at_most),
    "enum": Constraint("enum", _has_all, ("string",)),
    "pattern": Constraint("pattern", _is_the_same, ("string",)),
    "minimum": Constraint("range", _is_at_most, ("integer", "number")),
    "maximum": Constraint("range", _is_at_least, ("integer", "number")),
    "minLength": Constraint("length", _is_at_most, ("string", "array")),
    "maxLength": Constraint("length", _is_at_least, ("string", "array")),
}
"""Every constraint that a column can have, by its name in Table Schema.

`CONSTRAINTS_SHAPE` in `json_schemas` says what may stand in each; ``validate/column_constraints``,
``validate/frictionless`` and ``spark/column_constraints`` check them.
"""


def is_looser(key: str, one: Any, other: Any) -> bool:
    """Whether a constraint passes every value that another of the same name passes.

    >>> is_looser("minLength", 2, 5), is_looser("maxLength", 2, 5), is_looser("pattern", "a", "b")
    (True, False, False)
    """
    return (CONSTRAINTS[key].is_looser if key in CONSTRAINTS else _is_the_same)(one, other)


def rules_of(constraints: Constraints) -> set[str]:
    """Return the rules that values which break one of the constraints break."""
    return {CONSTRAINTS[key].rule for key in constraints if key in CONSTRAINTS}


def column_constraints(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return what rows of the present version meet: the constraints of a field, both sets."""
    return {**spec.get("constraints", {}), **spec.get("currentConstraints", {})}


def looser_constraint(spec: Mapping[str, Any]) -> str | None:
    """Return a constraint of the present version that asks for less than the one of all versions.

    None if there is none. Tools that read ``constraints`` alone would refuse rows that it passes.
    """
    asked = spec.get("constraints", {})
    present = spec.get("currentConstraints", {})
    return next(
        (key for key in present if key in asked and not is_looser(key, asked[key], present[key])),
        None,
    )
