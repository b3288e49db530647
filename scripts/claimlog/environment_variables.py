"""Environment variables that claimlog sets for itself, and the environment without them."""

from __future__ import annotations

import os

_before: dict[str, str | None] = {}


def set_own_variable(name: str, value: str) -> None:
    """Set a variable for this process and those that it starts of its own."""
    _before.setdefault(name, os.environ.get(name))
    os.environ[name] = value


def user_environment() -> dict[str, str]:
    """Return the environment as the user gave it, for a program of the user's."""
    given = {name: value for name, value in os.environ.items() if name not in _before}
    return given | {name: value for name, value in _before.items() if value is not None}
