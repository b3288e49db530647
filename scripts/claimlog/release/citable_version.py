"""The version of a claim that a release holds, and a note for readers about later ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CitableVersion:
    """The version of a claim in a release, compared with the log as it stands.

    Attributes
    ----------
    release
        Version of the release.
    version
        Version of the claim in the release; None if there is none.
    latest
        Last version of the claim in the log.
    retracted
        Whether that last version is a retraction.
    since
        The first release with its last version, or with any if this one holds none; None if there
        is none.
    """

    claim_id: str
    release: str
    version: int | None
    latest: int
    retracted: bool
    since: str | None = None

    @classmethod
    def of(
        cls, versions: Iterable[Mapping[str, Any]], release: str, since: str | None = None
    ) -> CitableVersion:
        """Return the version of a claim in a release.

        Parameters
        ----------
        versions
            The claim's rows of the log, oldest first; ``is_released`` says of each whether the
            release holds it.
        """
        rows = list(versions)
        released = [int(row["version"]) for row in rows if row["is_released"]]
        return cls(
            claim_id=str(rows[-1]["claim_id"]),
            release=release,
            version=max(released, default=None),
            latest=int(rows[-1]["version"]),
            retracted=rows[-1]["action"] == "retract",
            since=since,
        )

    @property
    def has_newer(self) -> bool:
        """Whether the log has a version after the one in the release."""
        return self.version is not None and self.latest > self.version

    @property
    def note(self) -> str | None:
        """Note to who cites the claim; None if the release holds its last version.

        >>> CitableVersion("C001-001", "0.2.0", 2, 3, False).note
        'Release 0.2.0 holds version 2 of C001-001; version 3 is newer and not released yet.'
        >>> CitableVersion("C001-001", "0.2.0", 1, 2, True, "0.3.0").note
        'Release 0.2.0 holds version 1 of C001-001; version 2 retracts it since release 0.3.0.'
        """
        if self.version is None:
            first = f"in release {self.since}" if self.since else "in no release yet"
            return f"Release {self.release} does not hold {self.claim_id}, which is {first}."
        if not self.has_newer:
            return None
        holds = f"Release {self.release} holds version {self.version} of {self.claim_id}"
        if self.retracted:
            when = f"since release {self.since}" if self.since else "and is not released yet"
            return f"{holds}; version {self.latest} retracts it {when}."
        when = f", since release {self.since}" if self.since else " and not released yet"
        return f"{holds}; version {self.latest} is newer{when}."
