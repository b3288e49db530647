"""Constraints of Table Schema: when one passes all that another passes, and which of two holds.

A column has up to two sets of them. ``constraints`` is asked of rows of every version, by any tool;
``currentConstraints`` is asked of rows of the present version besides, and can only ask for more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Constraints = Mapping[str, Any]

LOOSER: dict[str, Callable[[Any, Any], bool]] = {
    "required": lambda one, other: one <= other,
    "minimum": lambda one, other: one <= other,
    "minLength": lambda one, other: one <= other,
    "maximum": lambda one, other: one >= other,
    "maxLength": lambda one, other: one >= other,
    "enum": lambda one, other: set(one) >= set(other),
}


def is_looser(key: str, one: Any, other: Any) -> bool:
    """Whether a constraint passes every value that another of the same name passes.

    >>> is_looser("minLength", 2, 5), is_looser("maxLength", 2, 5), is_looser("pattern", "a", "b")
    (True, False, False)
    """
    return LOOSER[key](one, other) if key in LOOSER else bool(one == other)


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
