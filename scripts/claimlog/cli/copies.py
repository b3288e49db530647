"""The option --copy of `verify`: where the claims of a source stand in other copies of its text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimlog.cli.base import Context, load_texts
from claimlog.cli.output import json_block, line
from claimlog.errors import UsageError

if TYPE_CHECKING:
    from claimlog.sources.places_in_copy import PlacedClaims


def verify_copies(
    context: Context, copies: tuple[str, ...], texts: Path | None, json_out: bool
) -> int:
    """Print where claims stand in copies named as SOURCE=FILE; 1 unless all of them are found."""
    from claimlog.log.read_log import read
    from claimlog.sources.anchor import Anchor
    from claimlog.sources.places_in_copy import place_claims
    from claimlog.sources.text import read_text

    log = read(context.package)
    log.require_readable()
    sources = {row["source_id"]: row for row in log.live("sources").iter_rows(named=True)}
    claims = log.live("claims")
    coded = load_texts(texts)
    reports: list[dict[str, Any]] = []
    are_all_found = True
    for pair in copies:
        source, _, name = pair.partition("=")
        rows = claims.filter(claims["source_id"] == source).to_dicts()
        if not name or not rows:
            raise UsageError(f"--copy {pair}: expected SOURCE=FILE with a source that has claims")
        sha256 = sources[source]["text_sha256"]
        placed = place_claims(
            read_text(Path(name)),
            [Anchor.of_row(row) for row in rows],
            sha256,
            coded.get(sha256) if coded else None,
        )
        are_all_found = are_all_found and placed.are_all_found
        names = [str(row["claim_id"]) for row in rows]
        if json_out:
            reports.append(_as_dict(source, name, names, placed))
        else:
            _print(source, names, placed)
    if json_out:
        json_block(reports)
    return 0 if are_all_found else 1


def _print(source: str, names: list[str], placed: PlacedClaims) -> None:
    """Print a line for each claim, and the tally to standard error."""
    from claimlog.sources.placement_outcome import MEANINGS
    from claimlog.sources.places_in_copy import WAYS

    for name, one in zip(names, placed.placements, strict=True):
        if one.span is None:
            line(f"{name}\t{one.outcome.value}: {one.reason or MEANINGS[one.outcome]}")
        else:
            line(f"{name}\t{one.outcome.value}\t{one.span[0]}\t{one.span[1]}")
    tally = placed.tally()
    found = tally.pop("found", 0)
    others = "".join(f", {count} {outcome}" for outcome, count in tally.items())
    line(f"{source}: {found} of {len(names)} claims found{others} ({WAYS[placed.way]})", err=True)


def _as_dict(source: str, copy: str, names: list[str], placed: PlacedClaims) -> dict[str, Any]:
    return {
        "source_id": source,
        "copy": copy,
        "way": placed.way.value,
        "outcomes": placed.tally(),
        "claims": [
            {
                "claim_id": name,
                "outcome": one.outcome.value,
                "start": one.span[0] if one.span else None,
                "end": one.span[1] if one.span else None,
                "reason": one.reason or None,
            }
            for name, one in zip(names, placed.placements, strict=True)
        ],
    }
