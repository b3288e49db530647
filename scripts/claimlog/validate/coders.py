"""Rule on coders: how many of them one pass may have."""

from __future__ import annotations

import polars as pl

from claimlog.limits import PASS_CODERS
from claimlog.log.event_log import Log
from claimlog.validate.report import Report

RULE = "pass-coders"


def check_coders(log: Log, report: Report) -> None:
    """Check that no pass has more coders than can be compared, in passages and in links."""
    # early logs have codings and no register of coders
    for stream in log.present_streams("coders", "codings", "link_codings"):
        report.count(RULE, log.live_count(stream))
    for stream in log.present_streams("codings", "link_codings"):
        key = log.definition.streams[stream].id
        rows = log.live(stream).select(key, "batch", "line", "pass", "coder")
        # by the first row of each
        coders = rows.unique(["pass", "coder"], keep="first", maintain_order=True).with_columns(
            pl.int_range(1, pl.len() + 1).over("pass").alias("place"),
            pl.len().over("pass").alias("coders"),
        )
        report.fail_rows(
            RULE,
            stream,
            coders.filter(pl.col("place") == PASS_CODERS + 1),
            lambda row: (
                f"{row['coder']} is one more than the {PASS_CODERS} coders that are compared "
                f"in a pass; pass {row['pass']} has {row['coders']}"
            ),
            "put the others into passes of their own",
        )
