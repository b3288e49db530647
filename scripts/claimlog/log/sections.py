"""A log larger than memory: read once, kept in parts, checked and folded in sections.

Claims are many and everything else is few: every other stream is held whole, for looking up, and
the claims come in ranges of their ids, all versions of a claim in the same range.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from claimlog.log.event_log import POSITION, Log
from claimlog.log.parts import STEP, Placed
from claimlog.schema.table_schema import STREAMS

SECTION = 200_000
"""Rows of claims in a section, about; they and what is computed of them fill some 2 GB."""

CLAIMS = "claims"
OTHERS = tuple(name for name in STREAMS if name != CLAIMS)


@dataclass
class Section(Log):
    """All rows of the other streams, and those of some claims."""

    whole: Log | None = None

    def until(self, size: int) -> Section:
        """Return the section with its claims as they were after the first `size` rows."""
        claims = self.frames[CLAIMS].filter(pl.col("seq") < size)
        return replace(self, frames={**self.frames, CLAIMS: claims})

    def rows_of(self, stream: str, wanted: pl.Series, names: Sequence[str]) -> pl.DataFrame:
        if stream == CLAIMS and self.whole is not None:
            return self.whole.rows_of(stream, wanted, names)
        return super().rows_of(stream, wanted, names)


@dataclass
class StoredLog(Log):
    """The log of a package whose claims lie in parts.

    ``frames`` holds the other streams whole, and of the claims no row.
    """

    parts: list[Placed] = field(default_factory=list)

    def sections(self) -> Iterator[Log]:
        yield self.rest()
        for rows in self.claims():
            yield self._section((CLAIMS,), rows)

    def rest(self) -> Log:
        """Return the section of all streams but the claims."""
        return self._section(OTHERS, self.frames[CLAIMS])

    def touched(self, size: int) -> pl.Series:
        """Return the ids of the claims that rows after the first `size` are about."""
        late = [placed for placed in self.parts if placed.end > size]
        rows = self._scan(late).filter(pl.col("seq") >= size)
        return rows.select("claim_id").unique().collect()["claim_id"].sort()

    def section_of(self, wanted: pl.Series) -> Section:
        """Return the section of some claims."""
        known = pl.col("claim_id").is_in(wanted.implode())
        return self._section((CLAIMS,), self._claims(known).collect().sort("seq"))

    def _section(self, streams: tuple[str, ...], claims: pl.DataFrame) -> Section:
        return Section(
            self.package,
            self.schemas,
            self.batches,
            {**self.frames, CLAIMS: claims},
            self.files,
            self.trees,
            self.findings,
            streams,
            whole=self,
        )

    def claims(self) -> Iterator[pl.DataFrame]:
        # in no order: sorting fifty columns takes as long as reading them, and who needs the
        # order of the log sorts what is left after a filter
        bounds = self._bounds()
        for low, high in zip([None, *bounds], [*bounds, None], strict=True):
            chosen = [
                placed
                for placed in self.parts
                if (high is None or placed.part.low < high)
                and (low is None or placed.part.high >= low)
            ]
            inside = pl.lit(True)
            if low is not None:
                inside &= pl.col("claim_id") >= low
            if high is not None:
                inside &= pl.col("claim_id") < high
            if chosen or not self.parts:
                yield self._scan(chosen).filter(inside).collect().rechunk()

    def _bounds(self) -> list[str]:
        """Return the ids at which sections end, about `SECTION` rows apart."""
        # every part remembers the id of each of its rows number 0, STEP, 2 STEP …
        ids = sorted(name for placed in self.parts for name in placed.part.ids[:-1])
        return sorted(set(ids[SECTION // STEP :: SECTION // STEP]))

    def _claims(self, chosen: pl.Expr) -> pl.LazyFrame:
        return self._scan(self.parts).filter(chosen)

    def height(self, stream: str) -> int:
        if stream == CLAIMS:
            return sum(placed.part.rows for placed in self.parts)
        return super().height(stream)

    def columns(self, stream: str, names: Sequence[str]) -> pl.DataFrame:
        if stream == CLAIMS:
            return self._scan(self.parts).select(names).collect()
        return super().columns(stream, names)

    def rows_of(self, stream: str, wanted: pl.Series, names: Sequence[str]) -> pl.DataFrame:
        if stream == CLAIMS:
            known = pl.col("claim_id").is_in(wanted.implode())
            rows = self._scan(self.parts).select({*names, "claim_id"}).filter(known)
            return rows.select(names).collect()
        return super().rows_of(stream, wanted, names)

    def sample(self, stream: str, size: int) -> pl.DataFrame:
        if stream != CLAIMS:
            return super().sample(stream, size)
        each = -(-size // max(1, len(self.parts)))
        pieces = [self.frames[CLAIMS]]
        for placed in self.parts:
            # neighbours, because reading one row of a part costs as much as reading a row group
            some = placed.scan().slice(max(0, placed.part.rows // 2 - each), each)
            pieces.append(some.select(self.frames[CLAIMS].columns).collect())
        return pl.concat(pieces)

    def stretches(self, first: int = 0) -> Iterator[dict[str, pl.DataFrame]]:
        """Yield the rows from position `first` on, batch by batch."""
        if not self.batches:
            yield self.frames
        for batch, (end, _) in zip(self.batches, self.trees, strict=True):
            if end <= first:
                continue
            here = [placed for placed in self.parts if placed.batch == batch.number]
            yield {
                name: (
                    self._scan(here).select(self.envelope(name)).collect().sort("seq")
                    if name == CLAIMS
                    else frame.filter(pl.col("batch") == batch.number).select(self.envelope(name))
                ).filter(pl.col("seq") >= first)
                for name, frame in self.frames.items()
            }

    def _scan(self, parts: Sequence[Placed]) -> pl.LazyFrame:
        names = (*self.schemas.streams[CLAIMS].names, *POSITION)
        empty = self.frames[CLAIMS].lazy().select(names)
        return pl.concat([empty, *(placed.scan().select(names) for placed in parts)])
