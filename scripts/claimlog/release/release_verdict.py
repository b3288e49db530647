"""The verdict on a release: what was checked, what was not, and who vouches for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from claimlog.count_wording import number_and_noun
from claimlog.errors import ClaimlogError, Finding
from claimlog.escaping import short_line
from claimlog.release.release_statement import STATEMENT_SUFFIX

FILES, LOG = "files", "log"

MOST_FINDINGS = 1_000
"""Findings that are listed: of what somebody forged there may be one for each line."""

FINDING_LENGTH = 1_000
"""Characters of a finding's message that are shown: the longest of ours have some hundreds."""

NAMED_ROWS = 10
"""Rows that a sentence names; the findings name all."""


@dataclass
class Verdict:
    """The outcome of a verification.

    Attributes
    ----------
    name, version
        Name of the dataset and version of the release, as it states them.
    sums
        SHA-256 of the list of checksums that every file was held against, hex.
    checks, omissions
        Checks that were made, and those that were not and why, a line each.
    vouchers
        What vouches for every file of the release: an entry of an index, a signature.
    signed
        What the user's key signed: `FILES`, each of them, or the `LOG` alone; empty if nothing.
    kept_root_rows
        Rows of the log, from the first on, that have the roots which the user kept.
    log_rows
        Rows of the log; 0 where it could not be read.
    derived_tables_checked
        Whether a release for which nobody vouches was folded as this code folds. Else it can say
        anything in its derived tables.
    undrawn_pages
        Files of the pages of a release for which nobody vouches, and which this claimlog can draw.
    unvouched_rows
        Places of rows that a release for which nobody vouches says were taken down.
    """

    version: str = ""
    name: str = ""
    sums: str = ""
    checks: list[str] = field(default_factory=list)
    omissions: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    vouchers: list[str] = field(default_factory=list)
    signed: str = ""
    kept_root_rows: int = 0
    log_rows: int = 0
    derived_tables_checked: bool = True
    undrawn_pages: int = 0
    unvouched_rows: list[int] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """The outcome in a sentence, which says no more than was checked."""
        if self.findings:
            return f"{number_and_noun(len(self.findings), 'finding')}{self._missing}"
        release = f"release {self.version} of {self.name}"
        if self.vouchers:
            return f"{release} is whole and unaltered, by {' and '.join(self.vouchers)}"
        consistent = f"{release} is consistent with itself"
        if not self.derived_tables_checked:
            consistent = (
                f"the log of {release} is consistent, its derived tables not checked against it"
            )
        known = [self._kept_rows] if self.kept_root_rows else []
        give = "give the maintainers' key with --key"
        if self.signed == LOG:
            known.append("its log is the one that the holder of the key signed")
            give = f"get {self.name}-{self.version}{STATEMENT_SUFFIX} from where it was published"
        if known:
            consistent = f"{consistent}; {'; '.join(known)}; the rest"
        return (
            f"{consistent}, by nobody's word; run this in a checkout whose releases/ you trust, or "
            f"{give}"
        )

    @property
    def _kept_rows(self) -> str:
        """What the roots that the user kept vouch for."""
        if self.kept_root_rows == self.log_rows:
            return f"its log, all {self.log_rows} rows of it, is the one whose root you kept"
        return (
            f"the first {self.kept_root_rows} of the {self.log_rows} rows of its log are those "
            "whose root you kept"
        )

    @property
    def _missing(self) -> str:
        """What the sentence says of rows that are missing by nobody's word."""
        places = self.unvouched_rows
        if not places:
            return ""
        named = ", ".join(map(str, places[:NAMED_ROWS]))
        more = f" and {len(places) - NAMED_ROWS} more" if len(places) > NAMED_ROWS else ""
        return (
            f"; {'row' if len(places) == 1 else 'rows'} {named}{more} of its log "
            f"{'is' if len(places) == 1 else 'are'} missing, for which nobody vouches"
        )

    def require_signature(self, name: str, outcome: str) -> None:
        """Refuse a release of which a key did not sign every file.

        Parameters
        ----------
        name
            The release as the message names it.
        outcome
            What does not happen: ``nothing was read``.

        Raises
        ------
        ClaimlogError
            If the signature over every file is not beside it.
        """
        if self.signed != FILES:
            statement = f"{self.name}-{self.version}{STATEMENT_SUFFIX}"
            raise ClaimlogError(
                f"{name}: {statement} is not beside it, and what is there signs its log alone; "
                f"get it from where the release was published; {outcome}"
            )

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as a JSON object; its findings are of bounded number and length."""
        return {**asdict(self), "findings": [*map(asdict, _listed_findings(self.findings))]}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Return the verdict that `as_dict` wrote."""
        return cls(**{**data, "findings": [Finding(**found) for found in data["findings"]]})


def _listed_findings(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield the first findings, each cut as a terminal can show it, and how many there are more."""
    for finding in findings[:MOST_FINDINGS]:
        yield replace(
            finding,
            path=short_line(finding.path),
            message=short_line(finding.message, FINDING_LENGTH),
            entity=None if finding.entity is None else short_line(finding.entity),
        )
    if (rest := len(findings) - MOST_FINDINGS) > 0:
        yield Finding(findings[-1].rule, "", f"{rest:,} more are not listed")
