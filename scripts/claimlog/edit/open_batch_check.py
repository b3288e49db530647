"""What verifying finds of the open batch, which is no part of the log or of a release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from claimlog.count_wording import number_and_noun
from claimlog.edit.append_lines import check_open
from claimlog.edit.open_batch import with_open
from claimlog.errors import Finding
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.sources.text import Texts
from claimlog.validate.anchors import ANCHORED


@dataclass(frozen=True)
class OpenVerdict:
    """The open batch as it would be sealed: its rows, live anchors, and what is wrong with it.

    Attributes
    ----------
    checked
        How many of the anchors are of a text that is at hand.
    """

    path: str
    rows: int
    anchors: int
    checked: int
    findings: Sequence[Finding]

    def __str__(self) -> str:
        rows = number_and_noun(self.rows, "row")
        found = number_and_noun(len(self.findings), "finding") if self.findings else "no finding"
        return (
            f"the open batch ({self.path}), {rows}, is not sealed and in no release: "
            f"{self.checked} of {self.anchors} anchors checked, {found}"
        )


def verify_open(package: Package, texts: Texts) -> OpenVerdict | None:
    """Check the open batch as it would be sealed, with texts its anchors; None if there is none.

    Raises
    ------
    ClaimlogError
        If the log cannot be read.
    """
    sealed = read(package)
    log = with_open(sealed)
    if log is sealed:
        return None
    report = check_open(sealed, log, texts)
    own = log.batches[-1]
    anchored = [row for name in ANCHORED for row in _live_rows(log, name, own.number)]
    hashes = dict(log.live("sources").select("source_id", "text_sha256").iter_rows())
    checked = sum(texts.get(hashes.get(source)) is not None for source in anchored)
    findings = [one for one in report.findings if one.path.startswith(f"{own.shown}/")]
    return OpenVerdict(
        own.shown, log.size - sealed.size, len(anchored), checked, findings or report.findings
    )


def _live_rows(log: Log, stream: str, batch: int) -> list[str]:
    """Return the source of every live row of a stream that a batch holds the last version of."""
    if stream not in log.section_tables:
        return []
    rows = log.live(stream).filter(pl.col("batch") == batch)
    return [str(source) for source in rows["source_id"]]
