"""Replaying a history to its live claims: our fold, and the `eventsourcing` library.

Both get the rows of the first claims of the log in memory, and only the replay is timed: from the
events to every claim's last state, without the retracted ones. What takes a tenth of a second is
timed several times.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from claimlog.package import Package
from claimlog.strict_json import decode_object
from workshop.bench.peers.duckdb_script import log_files

REPLAYED_CLAIMS = 200_000
"""Claims whose history is replayed, about: the library takes ten seconds and more for them."""

FOLD_RUNS = 5
"""Our fold takes a tenth of a second: the median of so many says more than one of them."""

Result = dict[str, Any]


def replay_with_claimlog(package: Package, _: Path) -> Result:
    """Fold the rows; the whole log, because that is how it is folded."""
    import narwhals as nw

    from claimlog.fold.row_versions import live_rows
    from claimlog.log.read_log import read

    rows = _first_claims(read(package).rows("claims"))
    seconds = []
    for _turn in range(FOLD_RUNS):
        started = perf_counter()
        live = live_rows(nw.from_native(rows.lazy()), "claim_id").collect().to_native()
        seconds.append(perf_counter() - started)
    return {"rows": rows.height, "live": live.height, "seconds": median(seconds)}


def _first_claims(rows: Any) -> Any:
    import polars as pl

    names = rows.select(pl.col("claim_id").unique().sort().head(REPLAYED_CLAIMS))["claim_id"]
    return rows.filter(pl.col("claim_id").is_in(names.implode())).sort("seq")


def replay_with_eventsourcing(package: Package, _: Path) -> Result:
    """Save the events of an aggregate for each claim, then get every aggregate again."""
    from eventsourcing.application import Application
    from eventsourcing.domain import Aggregate, event

    class Claim(Aggregate):
        state: dict[str, Any]
        live: bool

        @event("Asserted")
        def __init__(self, state: dict[str, Any]) -> None:
            self.state = state
            self.live = True

        @event("Amended")
        def amend(self, state: dict[str, Any]) -> None:
            self.state = state

        @event("Retracted")
        def retract(self, state: dict[str, Any]) -> None:
            self.state = state
            self.live = False

    rows = sorted(_claim_rows(package), key=lambda row: (row["claim_id"], row["version"]))
    claims: Application[Any] = Application()
    ids, count = [], 0
    for number, (_name, history) in enumerate(groupby(rows, key=lambda row: row["claim_id"])):
        if number == REPLAYED_CLAIMS:
            break
        first, *later = history
        claim = Claim(first)
        for row in later:
            (claim.amend if row["action"] == "amend" else claim.retract)(row)
        count += 1 + len(later)
        claims.save(claim)
        ids.append(claim.id)
    started = perf_counter()
    live = sum(claims.repository.get(name).live for name in ids)
    return {"rows": count, "live": live, "seconds": perf_counter() - started}


def _claim_rows(package: Package) -> list[dict[str, Any]]:
    return [
        decode_object(line)
        for _, _, path in log_files(package, "claims")
        for line in path.read_text("utf-8").splitlines()
    ]
