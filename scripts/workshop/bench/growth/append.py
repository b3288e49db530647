"""Appending a batch to a synthetic log that was built: claims of every part of it, some corrected.

``python -m workshop.bench.growth.append PACKAGE EVENTS``; the build is read from ``out`` beside the
package.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from claimlog.export.descriptor import dump_json
from claimlog.log.batch import resources, sealed_batches
from claimlog.log.cache import open_cache
from claimlog.package import DESCRIPTOR, Package
from claimlog.parquet_scan import scan_one_file
from workshop.bench.synthetic_log import Sealer
from workshop.bench.synthetic_rows import Row

AMEND_EVERY, RETRACT_EVERY = 10, 100
"""Of so many events, one amends or retracts; the others assert."""

NUMBER_OFFSET = (
    5000  # added to the number of a claim, which gives one that its article does not have yet
)


def append_batch(root: str, events: str) -> None:
    """Append one batch of `events` rows, spread evenly over the claims."""
    package = Package(Path(root))
    tables = package.root.parent / "out" / "parquet"
    linked = pl.read_parquet(tables / "links.parquet", columns=["from_claim_id", "to_claim_id"])
    linked_claims = {name for column in linked for name in column}
    sealer = Sealer(package)
    names = [*sealer.definition.streams["claims"].names]
    last_state = pl.col("valid_to_seq").is_null() & (pl.col("action") != "retract")
    live = scan_one_file(tables / "claim_versions.parquet").filter(last_state).select(names)
    step = live.select(pl.len()).collect().item() // int(events)
    rows = live.gather_every(step).head(int(events)).collect()
    coded = [name for name, kind in rows.schema.items() if kind in (pl.Categorical, pl.Enum)]
    rows = rows.with_columns(pl.col(coded).cast(pl.String))
    last = sealed_batches(package, [])[-1]
    with open_cache(package) as cache:
        sealer.tree = cache.trees[-1].tree()
    sealer.number, sealer.previous = last.number, last.manifest_sha256
    time = last.manifest["sealed_at"]
    made = [
        _next_event({**row, "recorded_at": time, "recorded_by": "bench"}, number, linked_claims)
        for number, row in enumerate(rows.iter_rows(named=True))
    ]
    sealer.seal("appended", {"claims": made})
    about = {**package.descriptor}
    about["resources"] = resources(package, sealed_batches(package, []))
    (package.root / DESCRIPTOR).write_bytes(dump_json(about))


def _next_event(row: Row, number: int, linked_claims: set[str]) -> Row:
    """Return the event that a claim's last state becomes."""
    value = row["figure_value"]
    if value is not None and value.is_integer():
        row["figure_value"] = int(value)  # which is how a canonical line writes it
    again = {**row, "version": row["version"] + 1, "reason": "Read once more."}
    if number % RETRACT_EVERY == 0 and row["claim_id"] not in linked_claims:
        return {**again, "action": "retract"}
    if number % AMEND_EVERY == 0:
        return {**again, "action": "amend", "note": "Seen a second time."}
    source, _, count = row["claim_id"].rpartition("-")
    new = {"action": "assert", "version": 1, "reason": None}
    return {
        **row,
        **new,
        "claim_id": f"{source}-{int(count) + NUMBER_OFFSET}",
        "statement": "Once more.",
    }


if __name__ == "__main__":
    append_batch(*sys.argv[1:])
