"""Roles in which people open the desk: coders of the register, and those who decide."""

from __future__ import annotations

import re
from dataclasses import dataclass

from claimlog.errors import UsageError

NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
DECIDING = re.compile(r"adjudicator(-[a-z0-9-]+)?")
FILES = "static"
"""What addresses of the desk's own files begin with, as those of a role do with its name."""

DEFAULT_NAMES = ("coder-1", "coder-2", "adjudicator")


@dataclass(frozen=True)
class Role:
    """A role by its name in the register of coders."""

    name: str

    @property
    def decides(self) -> bool:
        """Whether it compares and decides; every other role codes."""
        return DECIDING.fullmatch(self.name) is not None


def named_role(name: str, option: str = "--role") -> Role:
    """Return the role of a name.

    Parameters
    ----------
    option
        Where it was given, for messages.

    Raises
    ------
    UsageError
        If it is no name of a coder, or that of other addresses.
    """
    if NAME.fullmatch(name) is None:
        raise UsageError(f"{option} {name[:80]!r}: expected the name of a role, as coder-1")
    if name == FILES:
        raise UsageError(
            f"{option} {name}: the desk's own files lie at /{name}/; name it otherwise"
        )
    return Role(name)
