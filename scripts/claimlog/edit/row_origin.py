"""Where new rows came from, so that a message about one of them can say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from claimlog.errors import Finding


@dataclass(frozen=True)
class RowOrigin:
    """What new rows were read from.

    Attributes
    ----------
    name
        The file; empty if the rows were typed as options of a command.
    places
        Of each row its line, or in words what it is and where it stands.
    """

    name: str
    places: Sequence[int | str]

    @property
    def is_file(self) -> bool:
        return bool(self.name)

    def of(self, indexes: Sequence[int]) -> RowOrigin:
        """Return where some of the rows came from."""
        return RowOrigin(self.name, [self.places[index] for index in indexes])

    def place(self, index: int) -> str:
        """Return where a row came from."""
        place = self.places[index]
        if not self.is_file:
            return str(place)
        return f"{self.name}:{place}" if isinstance(place, int) else f"{self.name}: {place}"

    def locate(self, finding: Finding, index: int) -> Finding:
        """Return a finding about a row with where that row came from."""
        place = self.places[index]
        if isinstance(place, int):
            return replace(finding, path=self.name, line=place)
        return replace(finding, path=self.place(index), line=None)
