"""Roles in which people open the desk: coders of the register, and those who decide."""

from __future__ import annotations

import re
from dataclasses import dataclass

from claimlog.errors import UsageError

NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
DECIDING = re.compile(r"adjudicator(-[a-z0-9-]+)?")
DEFAULT_NAMES = ("coder-1", "coder-2", "adjudicator")


@dataclass(frozen=True)
class Role:
    """A role by its name in the register of coders."""

    name: str

    @property
    def decides(self) -> bool:
        """Whether it compares and decides; every other role codes."""
        return DECIDING.fullmatch(self.name) is not None


def named_role(name: str) -> Role:
    """Return the role of a name.

    Raises
    ------
    UsageError
        If it is no name of a coder.
    """
    if NAME.fullmatch(name) is None:
        raise UsageError(f"--role {name[:80]!r}: expected the name of a role, as coder-1")
    return Role(name)
