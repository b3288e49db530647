"""Reading the log: every file of every batch, once, into parts and into the tree.

A log of a megabyte is read into memory. Of a larger one the parts lie in the cache, so that the
next command reads only the files that are new, and only the rows that it needs.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from hashlib import sha256
from itertools import islice, takewhile
from pathlib import Path
from threading import Thread
from typing import IO, Any, TypeVar

import polars as pl

from claimlog import fingerprint
from claimlog.command_limits import (
    LOG,
    allow_for,
    allow_writing,
    how_to_raise,
    keep_command_limits,
)
from claimlog.errors import ClaimlogError, Finding, reason
from claimlog.limits import PARQUET_BYTES_FREE, PARQUET_EXPANSION
from claimlog.log.batch import (
    RESTORE,
    Batch,
    batches_to_read,
    descriptor_findings,
    without_undeclared,
)
from claimlog.log.cache import Cache, FileRecord, TreeRecord, open_cache
from claimlog.log.event_log import Log
from claimlog.log.merkle import CompactRange
from claimlog.log.missing_column_findings import by_missing_column
from claimlog.log.read_file import FileRows, read_file, written_as
from claimlog.log.stream_file import Lines
from claimlog.log.stream_parts import (
    CachedPart,
    MemoryPart,
    Part,
    PartFile,
    place_in_log,
    write_part,
)
from claimlog.log.takedowns import TakenRow, with_taken
from claimlog.package import Package
from claimlog.schema.definition import Definition, read_definition
from claimlog.schema.table_schema import Table
from claimlog.sound_notes import note_sound_values, recall_sound_values
from claimlog.untrusted_files import disk_bytes_together, stated_bytes_together

READING_WORKERS = 2
"""Files read at once."""

READ_AHEAD = READING_WORKERS + 1
"""Files that are read, or were and wait for those before them."""

PROCESS_BYTES = 256 << 20
"""Bytes to read below which starting processes costs more than it gains."""

Progress = Callable[[str], None]
Place = tuple[int, str]
FilePlace = tuple[Batch, str]
Frames = FileRows[pl.DataFrame]
Files = FileRows[PartFile]
P = TypeVar("P")
T = TypeVar("T")


def read(
    package: Package,
    pending: Iterable[Batch] = (),
    sealed: bool = True,
    progress: Progress = lambda _: None,
    fresh: bool = False,
    code: str | None = None,
    definition: Definition | None = None,
) -> Log:
    """Read the sealed batches of a package, and `pending` ones as if they came next.

    Nothing is raised for bad data: it is listed in ``findings``, and a file that cannot be read
    adds no rows.

    Parameters
    ----------
    sealed
        If false, `pending` alone is read as the whole log.
    progress
        Called with the name of each file once it is read.
    fresh
        Whether to read every file again, whatever the cache holds.
    code
        The fingerprint of the code, if it is known already.
    definition
        The package's, if it is read already.

    Raises
    ------
    ClaimlogError
        If the definition cannot be read, or parts cannot be written.
    """
    recall_sound_values(package)
    findings: list[Finding] = [*descriptor_findings(package)] if sealed else []
    batches = [*batches_to_read(package, findings)] if sealed else []
    log = Log(package, definition or read_definition(package), findings=findings, code=code)
    _add(log, batches, progress, fresh)
    _add(log, [*pending], progress, fresh)
    log.findings[:] = by_missing_column(log.findings)
    note_sound_values(package)
    return log


def extend(log: Log, batches: Sequence[Batch]) -> Log:
    """Return the log with batches after it; of those alone anything is read.

    Bad data is listed in ``findings``, as by `read`.
    """
    longer = replace(
        log,
        batches=[*log.batches],
        parts={stream: [*parts] for stream, parts in log.parts.items()},
        files={**log.files},
        trees=[*log.trees],
        tree=CompactRange(log.tree.size, log.tree.peaks),
        findings=[*log.findings],
        _collected={},
    )
    _add(longer, batches)
    return longer


def _add(
    log: Log, batches: Sequence[Batch], progress: Progress = lambda _: None, fresh: bool = False
) -> None:
    """Read batches to the end of a log: a megabyte into memory, more into the cache."""
    if not batches:
        return
    streams = log.definition.streams
    batches = [without_undeclared(batch, streams, log.findings) for batch in batches]
    places = [(batch, stream) for batch in batches for stream in batch.streams]
    paths = [batch.file(stream) for batch, stream in places]
    states = [path.stat() for path in paths]
    _allow(disk_bytes_together(states), stated_bytes_together(paths))
    if sum(state.st_size for state in states) <= fingerprint.MEMORY_BYTES:
        _read_into_memory(log, batches, places, progress)
        return
    code = "" if log.package.archived else log.code_fingerprint
    with open_cache(log.package, code, fresh) as cache:
        if cache.why_empty:
            progress(cache.why_empty)
        if cache.scratch:
            log.scratch.append(cache.scratch)
        _read_into_cache(log, batches, places, cache, progress)
        if not cache.save():
            progress("the cache cannot be written: the next command may read all again")


def _read_into_memory(
    log: Log, batches: Sequence[Batch], places: Sequence[FilePlace], progress: Progress
) -> None:
    # parsing leaves the interpreter for C, hashing does not: two threads use two cores
    with ThreadPoolExecutor(READING_WORKERS) as pool:
        tasks = _tasks(log, places, read_file, _kept_in_memory)
        reading: Iterator[Frames] = _in_order(pool, tasks)
        for batch in batches:
            for stream in batch.streams:
                found = next(reading)
                end = log.tree.size + found.lines.rows
                parts = [*_in_place(found.parts, log.tree.size, end, batch)]
                log.tree.extend(found.lines.leaves)
                _enter(log, batch, stream, found.lines, parts, progress)
            _close(log, batch)
    _release_memory()
    for stream, all_parts in log.parts.items():
        frames = [part.frame for part in all_parts if isinstance(part, MemoryPart)]
        if len(frames) == len(all_parts) > 1:
            # one piece: the many pieces of parsed files make every later step slower
            log.parts[stream] = [MemoryPart(pl.concat(frames, rechunk=True))]


def _tasks(
    log: Log, places: Iterable[FilePlace], read: Callable[..., FileRows[P]], *how: Any
) -> Iterator[Callable[[], FileRows[P]]]:
    """Yield what is to be done to read files, of each when it is about to be read."""
    for batch, stream in places:
        if batch.in_columns(stream) and _is_full(log):
            yield partial(_unread, batch, stream)
        else:
            yield partial(read, log.definition, batch, stream, *how)


def _unread(batch: Batch, stream: str) -> FileRows[Any]:
    return FileRows(Lines(findings=[_too_much(batch, stream)]))


def _is_full(log: Log) -> bool:
    """Whether the files that were read unpack to all that those of a log may together."""
    return sum(file.excess for file in log.files.values()) > PARQUET_BYTES_FREE


def _too_much(batch: Batch, stream: str) -> Finding:
    message = f"with files before it unpacks to more than {PARQUET_EXPANSION} times their bytes"
    return Finding("bytes", batch.shown_file(stream), message, remedy=RESTORE)


def _in_order(pool: Executor, tasks: Iterable[Callable[[], T]]) -> Iterator[T]:
    """Yield what tasks return, in their order; few of them are under way or wait to be taken.

    Each one may take as much memory as all of them may together (`limits.PARQUET_BYTES_FREE`).
    """
    rest = iter(tasks)
    begun = deque(pool.submit(task) for task in islice(rest, READ_AHEAD))
    while begun:
        yield begun.popleft().result()
        begun.extend(pool.submit(task) for task in islice(rest, 1))


def _kept_in_memory(rows: pl.DataFrame, _: int) -> pl.DataFrame:
    return rows


def _in_place(
    frames: Sequence[pl.DataFrame], first: int, end: int, batch: Batch
) -> Iterator[MemoryPart]:
    """Yield the parts of a file in memory whose rows have the ``seq`` `first` to `end`."""
    for frame in frames:
        rows = frame.with_columns(place_in_log(first, batch.number))
        yield MemoryPart(rows, first, end)


def _enter(
    log: Log, batch: Batch, stream: str, lines: Lines, parts: Sequence[Part], progress: Progress
) -> None:
    lines.leaves = []  # they are in the parts now
    log.findings += lines.findings
    log.files[batch.shown_file(stream)] = lines
    if lines.excess and _is_full(log):
        log.findings.append(_too_much(batch, stream))
        parts = ()
    log.parts.setdefault(stream, []).extend(parts)
    progress(batch.shown_file(stream))


def _close(log: Log, batch: Batch) -> None:
    """Enter a batch whose files were entered."""
    log.batches.append(batch)
    log.trees.append((log.tree.size, log.tree.root()))


def _read_into_cache(
    log: Log,
    batches: Sequence[Batch],
    places: Sequence[FilePlace],
    cache: Cache,
    progress: Progress,
) -> None:
    """Read what the cache does not know; the tree goes on from the last batch that it knows.

    What was read is kept by the hash of the bytes that were read: a file may have changed since it
    was looked for in the cache. Of files that hold the same, one is read: a stranger can give one
    hundreds of names.

    Raises
    ------
    ClaimlogError
        If a file changed that was to be read for others, too.
    """
    keys = _keys(log, places)
    is_begin = not log.batches
    wanted = ([keys[batch.index, stream] for stream in batch.streams] for batch in batches)
    of_known = takewhile(lambda names: all(name in cache.files for name in names), wanted)
    records = cache.trees_of(of_known) if is_begin else []
    known = len(records)
    tree = records[-1].tree() if records else log.tree
    first = log.tree.size
    new: dict[str, Place] = {}
    for place, key in keys.items():
        if key not in cache.files:
            new.setdefault(key, place)
    flawed: dict[str, Lines] = {}
    with _reading(log, batches, new.values(), cache) as result:
        for number, batch in enumerate(batches):
            for stream in batch.streams:
                key, shown = keys[batch.index, stream], batch.shown_file(stream)
                if new.get(key) == (batch.index, stream):
                    lines, record = result(batch, stream)
                    if lines.findings:
                        flawed[key] = lines
                    key = keys[batch.index, stream] = _key(log, batch, stream, record.sha256)
                elif key in cache.files:
                    record = cache.files[key]
                    lines = record.lines()
                elif key in flawed:
                    same = [replace(finding, path=shown) for finding in flawed[key].findings]
                    lines = replace(flawed[key], findings=same)
                    record = FileRecord.of(lines, ())
                else:
                    raise ClaimlogError(
                        f"{shown}: a file that held the same was changed while it was read; run "
                        "this again"
                    )
                parts = _in_cache(cache, record, first, batch)
                if not lines.findings:
                    cache.files[key] = record
                if number >= known:
                    tree.extend(lines.leaves or _leaves(parts, batch.taken.get(stream, ())))
                _enter(log, batch, stream, lines, parts, progress)
                first += lines.rows
            if number >= known:
                names = tuple(keys[batch.index, stream] for stream in batch.streams)
                records.append(TreeRecord(names, tree.size, tree.peaks))
            log.tree = records[number].tree()
            _close(log, batch)
    if new:
        _release_memory()
    cache.used = {*keys.values()} if is_begin else {*cache.files}
    if is_begin:
        cache.trees = [] if log.findings else records


def _release_memory() -> None:
    """Give back what parsing took, once it is over: the tables need the memory."""
    if pyarrow := sys.modules.get("pyarrow"):  # which few rows are read without
        pyarrow.default_memory_pool().release_unused()


def _in_cache(cache: Cache, record: FileRecord, first: int, batch: Batch) -> list[Part]:
    end = first + record.rows
    return [
        CachedPart(file, cache.parts / file.name, batch.number, first, end) for file in record.parts
    ]


def _leaves(parts: Sequence[Part], taken: Sequence[TakenRow]) -> list[bytes]:
    if not parts:
        return with_taken([], taken)
    rows = pl.concat(part.scan(("seq", "event_id")) for part in parts)
    leaves = rows.sort("seq").collect()["event_id"].str.decode("hex").to_list()
    return with_taken(leaves, taken)


def _keys(log: Log, places: Sequence[FilePlace]) -> dict[Place, str]:
    """Return what each file is known by: its hash, as what it is read, and what was taken of it."""
    digests = fingerprint.package_digests(log.package)
    keys = {
        (batch.index, stream): _key(log, batch, stream, digests.of(batch.file(stream)))
        for batch, stream in places
    }
    digests.save()
    return keys


def _key(log: Log, batch: Batch, stream: str, digest: str) -> str:
    taken = _taken_key(batch.taken.get(stream, ()))
    return f"{digest}:{stream}:{written_as(batch, stream, log.definition)}{taken}"


def _taken_key(taken: Sequence[TakenRow]) -> str:
    """Return what tells rows that were taken out of a file from others."""
    rows = "".join(f":{row.line} {row.leaf_hash}" for row in taken)
    return f":{sha256(rows.encode()).hexdigest()}" if rows else ""


def _allow(on_disk: int, stated: int) -> None:
    """Allow this process what a log takes, of so many bytes on disk and as its files state."""
    allow_for(LOG, on_disk)
    allow_writing(LOG, stated)


Result = Callable[[Batch, str], tuple[Lines, FileRecord]]


@contextmanager
def _reading(
    log: Log, batches: Sequence[Batch], places: Collection[Place], cache: Cache
) -> Iterator[Result]:
    """Yield a function that returns what reading a file gave: it is asked for all, in order."""
    by_index = {batch.index: batch for batch in batches}
    paths = [by_index[index].file(stream) for index, stream in places]
    size = disk_bytes_together(path.stat() for path in paths)
    if size < PROCESS_BYTES or log.package.archived:  # verifying starts no process
        pool: Executor = ThreadPoolExecutor(READING_WORKERS)
    else:
        pool = _reader_processes(size, stated_bytes_together(paths), cache.lock)
    shown = log.package.relative(cache.parts)
    with pool:
        new = ((by_index[index], stream) for index, stream in places)
        tasks = _tasks(log, new, read_into_parts, cache.parts, shown)
        reading: Iterator[Files] = _in_order(pool, tasks)

        def result(batch: Batch, stream: str) -> tuple[Lines, FileRecord]:
            try:
                found = next(reading)
            except BrokenExecutor as error:
                raise ClaimlogError(
                    f"{batch.shown_file(stream)}: the process that read it was killed; "
                    "is there too little memory, or does it take more than a command may? "
                    f"nothing was built; {how_to_raise()}"
                ) from error
            return found.lines, FileRecord.of(found.lines, found.parts)

        try:
            yield result
        finally:
            pool.shutdown(cancel_futures=True)


def _reader_processes(size: int, stated: int, lock: IO[bytes] | None) -> Executor:
    import multiprocessing  # few logs are so large, and the import takes its time
    from concurrent.futures import ProcessPoolExecutor

    # a forked child of a threaded process can hang in a library that holds a lock
    context = multiprocessing.get_context("spawn")
    given = (size, stated, None if lock is None else SharedLock(lock.fileno()))
    return ProcessPoolExecutor(READING_WORKERS, context, _begin_process, given)


class SharedLock:
    """A lock on the cache that a reader process is given, so that it holds the lock too.

    It is free once all have ended, so that nobody takes a cache for his own that one still writes.
    """

    def __init__(self, number: int) -> None:
        self._number = number

    def __reduce__(self) -> Any:
        from multiprocessing.reduction import DupFd

        return _received_lock, (DupFd(self._number),)


def _received_lock(descriptor: Any) -> SharedLock:
    return SharedLock(descriptor.detach())


def _begin_process(size: int, stated: int, _: SharedLock | None) -> None:
    """Prepare a reader process: Ctrl-C is left to its parent, and it ends when its parent does.

    It may take what reading so many bytes takes.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    _allow(size, stated)
    keep_command_limits(says_so=False)


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def read_into_parts(
    definition: Definition, batch: Batch, stream: str, folder: Path, shown: str
) -> Files:
    """Read a file of a batch and write its rows as parts into `folder`; runs in any process.

    Parameters
    ----------
    shown
        The folder as messages name it.

    Raises
    ------
    ClaimlogError
        If a part cannot be written.
    """
    stem = f"{batch.number:04d}-{stream}-{secrets.token_hex(8)}"  # that no other reading has
    write = partial(_write, definition.streams[stream], stem, folder, shown)
    return read_file(definition, batch, stream, write)


def _write(
    table: Table,
    stem: str,
    folder: Path,
    shown: str,
    rows: pl.DataFrame,
    number: int,
) -> PartFile:
    path = folder / f"{stem}-{number}.parquet"
    try:
        return write_part(rows, table, path)
    except OSError as error:
        raise ClaimlogError(
            f"{shown}: cannot be written ({reason(error)}); "
            "make room, or give write permission; nothing was replaced"
        ) from error
