"""Reading a large log into parts, by two processes, going on from what the cache knows."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

import polars as pl

from claimlog.errors import ClaimlogError, Finding
from claimlog.fingerprint import digests_of
from claimlog.log.batch import Batch, batches_to_read, descriptor_findings
from claimlog.log.cache import Cache, Verified
from claimlog.log.event_log import READERS, positioned, written_as
from claimlog.log.lines import Lines, empty_frame
from claimlog.log.merkle import CompactRange
from claimlog.log.parts import Kept, Placed, keep
from claimlog.log.sections import CLAIMS, StoredLog
from claimlog.package import Package
from claimlog.schema.table_schema import Schemas

ALONE = 16 << 20
"""Bytes to read below which starting processes costs more than it gains."""

Read = tuple[Lines, Kept | None]
Place = tuple[int, str]


def read_stored(
    package: Package, cache: Cache, progress: Callable[[str], None] = lambda _: None
) -> StoredLog:
    """Read the sealed batches of a package into parts, and return the log that they make.

    Files that the cache knows are not read again, and the tree goes on from the last batch whose
    files, and those of all before it, are known. Nothing is raised for bad data: it is listed in
    ``findings``.
    """
    schemas = Schemas(package)
    findings: list[Finding] = [*descriptor_findings(package)]
    batches = batches_to_read(package, findings)
    keys = _keys(batches, schemas)
    verified = cache.known([[keys[batch.index, s] for s in batch.streams] for batch in batches])
    log = StoredLog(package, schemas, batches, {}, {}, [], findings)
    tree = verified[-1].tree() if verified else CompactRange()
    first, kept_files = 0, dict[str, Kept]()
    placed: dict[str, list[Placed]] = {name: [] for name in schemas.streams}
    new = [place for place, key in keys.items() if key not in cache.files]
    with _reading(package, batches, new, cache) as results:
        for batch in batches:
            for stream in batch.streams:
                shown = batch.shown_file(stream)
                key = keys[batch.index, stream]
                kept = cache.files.get(key)
                if kept is None:
                    lines, kept = results(batch.index, stream)
                    findings += lines.findings
                else:
                    lines = kept.lines()
                if kept is not None:
                    kept_files[key] = kept
                    end = first + kept.rows
                    here = [
                        Placed(part, cache.parts / part.name, batch.number, first, end)
                        for part in kept.parts
                    ]
                    placed[stream] += here
                    if batch.index >= len(verified):
                        tree.extend(lines.leaves or _leaves(here))
                lines.leaves = []
                log.files[shown] = lines
                first += lines.rows
                progress(shown)
            if batch.index >= len(verified):
                used = tuple(keys[batch.index, stream] for stream in batch.streams)
                verified.append(Verified(used, tree.size, tree.peaks))
    log.trees = [(found.size, found.tree().root()) for found in verified]
    log.parts = placed.pop(CLAIMS)
    none = {
        name: positioned(Lines(frame=empty_frame(table)), 0, 0)
        for name, table in schemas.streams.items()
    }
    log.frames = {**none, **{name: _whole(parts, none[name]) for name, parts in placed.items()}}
    cache.files = kept_files
    cache.verified = [] if findings else verified
    return log


def _keys(batches: list[Batch], schemas: Schemas) -> dict[Place, str]:
    """Return what each file is known by: its hash, and as what it is read."""
    digests = digests_of(schemas.package)
    keys = {
        (batch.index, stream): f"{digests.of(batch.file(stream))}:{stream}:"
        f"{written_as(batch, stream, schemas)}"
        for batch in batches
        for stream in batch.streams
    }
    digests.save()
    return keys


@contextmanager
def _reading(
    package: Package, batches: list[Batch], places: list[Place], cache: Cache
) -> Iterator[Callable[[int, str], Read]]:
    """Yield a function that returns what reading a file gave, in whatever order it is read."""
    size = sum(batches[index].file(stream).stat().st_size for index, stream in places)
    if size < ALONE:
        yield lambda index, stream: keep(package.root, batches[index], stream, cache.parts)
        return
    # a forked child of a threaded process can hang in a library that holds a lock
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(READERS, context, initializer=_deaf) as pool:
        futures: dict[Place, Future[Read]] = {
            (index, stream): pool.submit(keep, package.root, batches[index], stream, cache.parts)
            for index, stream in places
        }

        def result(index: int, stream: str) -> Read:
            try:
                return futures.pop((index, stream)).result()
            except BrokenProcessPool as error:
                raise ClaimlogError(
                    f"{batches[index].shown_file(stream)}: the process that read it was killed; "
                    "is there too little memory? nothing was built"
                ) from error

        try:
            yield result
        finally:
            pool.shutdown(cancel_futures=True)


def _deaf() -> None:
    """Leave Ctrl-C to the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _leaves(parts: list[Placed]) -> list[bytes]:
    if not parts:
        return []
    rows = pl.concat(placed.scan().select("seq", "event_id") for placed in parts)
    return rows.sort("seq").collect()["event_id"].str.decode("hex").to_list()


def _whole(parts: list[Placed], none: pl.DataFrame) -> pl.DataFrame:
    rows = pl.concat([none.lazy(), *(placed.scan().select(none.columns) for placed in parts)])
    return rows.collect().sort("seq").rechunk()
