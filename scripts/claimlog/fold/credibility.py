"""Credibility of claims in the Admiralty code, derived from support, speaker and anonymity."""

from __future__ import annotations

import narwhals as nw

from claimlog.fold.actor_sides import part_of_edges, side_ranges
from claimlog.fold.row_versions import Frame, frame_like, items_of_list

HYPOTHETICAL = "hypothetical"
"""Modality of claims that are not judged."""

UNJUDGED = "6"
"""The grade "cannot be judged"."""


def with_credibility(claims: Frame, actors: Frame) -> Frame:
    """Return claims with ``credibility``, derived by the steps that stand in the codebook.

    Parameters
    ----------
    claims
        What `with_support` returns, with ``speaker_id``, ``anonymity`` and ``hops``.
    actors
        Live rows.
    """
    part_of = part_of_edges(actors)
    ranges = side_ranges(part_of)
    speakers = frame_like(
        {"speaker_id": list(part_of), "number": [ranges[name][0] for name in part_of]},
        {"speaker_id": nw.String(), "number": nw.Int64()},
        actors,
    )
    sides = frame_like(
        {
            "side": list(ranges),
            "first": [first for first, _ in ranges.values()],
            "last": [last for _, last in ranges.values()],
        },
        {"side": nw.String(), "first": nw.Int64(), "last": nw.Int64()},
        actors,
    )
    speaking = claims.filter(~nw.col("speaker_id").is_null()).select("claim_id", "speaker_id")
    own = (
        speaking.join(speakers, on="speaker_id", how="inner")
        .join(items_of_list(claims, "claim_id", "dyad_from", "side"), on="claim_id", how="inner")
        .join(sides, on="side", how="inner")
        .filter((nw.col("first") <= nw.col("number")) & (nw.col("number") <= nw.col("last")))
        .select("claim_id")
        .unique()
        .with_columns(speaks_of_itself=nw.lit(True))
    )
    joined = claims.join(own, on="claim_id", how="left")
    has_origin = ~nw.col("origin_id").is_null()
    identified = nw.col("anonymity").is_in(("named", "institution", "on_record_unnamed"))
    return joined.with_columns(
        nw.when(~nw.col("content").is_in(("event", "state")) | (nw.col("modality") == HYPOTHETICAL))
        .then(nw.lit(UNJUDGED))
        .otherwise(
            nw.when(~nw.col("link_grade").is_null())
            .then(nw.col("link_grade"))
            .otherwise(
                nw.when(nw.col("speaks_of_itself").fill_null(value=False) & identified)
                .then(nw.lit("2"))
                .otherwise(
                    nw.when(has_origin & ((nw.col("hops") == 0) | identified))
                    .then(nw.lit("3"))
                    .otherwise(nw.lit(UNJUDGED))
                )
            )
        )
        .alias("credibility")
    )
