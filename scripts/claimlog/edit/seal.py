"""Sealing the open batch into the log."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from hashlib import file_digest
from pathlib import Path
from typing import Any

import polars as pl

from claimlog.edit.batch_files import (
    leave_out_known,
    move_in,
    recover,
    staging,
    sync_descriptor,
)
from claimlog.edit.clock import last_time, now, refuse_doubtful_clock
from claimlog.edit.open_batch import discard, open_batch
from claimlog.edit.open_upcast import refuse_outdated
from claimlog.errors import ClaimlogError, FindingsError, UnconfirmedError, UsageError
from claimlog.files import confirm_rename
from claimlog.interrupt_handler import hold_interrupts
from claimlog.limits import PARQUET_BYTES_FREE, SLUG_LENGTH
from claimlog.log.batch import (
    COLUMNS,
    LINES,
    MANIFEST,
    NAME,
    Batch,
    dump_manifest,
    manifest_flaw,
)
from claimlog.log.columnar import write_readable_rows
from claimlog.log.event_log import Log
from claimlog.log.merkle import CompactRange
from claimlog.log.read_log import extend, read
from claimlog.package import DESCRIPTOR, Package
from claimlog.sources.text import Texts
from claimlog.validate import Report, validate
from claimlog.validate.free_text import is_free_text
from claimlog.validate.validate_appended import note_valid

LISTED = 5
"""Rows that are named of an author in a stream."""


def seal(
    package: Package,
    slug: str,
    title: str,
    method: str,
    recorded_by: str,
    texts: Texts | None,
    in_columns: bool = False,
    today: date | None = None,
    say: Callable[[str], None] = lambda _: None,
    tell: Callable[[Sequence[str]], None] = lambda _: None,
) -> tuple[Batch, Report]:
    """Validate the open batch and move it into events/ atomically. The caller holds the lock.

    Parameters
    ----------
    in_columns
        Whether to hold the rows as Parquet, for batches too large to be read by eye. They have the
        same leaf hashes.
    today
        The day (UTC), which a clock far ahead of the log's last time must be confirmed by.
    say
        Takes a line about the rows of each author in each stream.
    tell
        Takes what ends a run that was cut off, once it is done: the batch may be refused then.

    Raises
    ------
    FindingsError
        If the log with the batch would break a rule; nothing was moved.
    UsageError
        If what is said of the batch does not fit a batch.json.
    ClaimlogError
        If there is no open batch, the clock is in doubt, or the batch cannot be moved.
    """
    done = recover(package, tell)
    log = read(package)
    done += leave_out_known(log, tell)
    batch = open_batch(package)
    if batch is None:
        if done and log.batches and log.batches[-1].slug == slug:
            return log.batches[-1], validate(log, texts)  # this finished the seal that was cut off
        also = f" (an interrupted run was finished: {'; '.join(done)})" if done else ""
        if log.batches and log.batches[-1].slug == slug:
            also += f"; {log.batches[-1].shown} is sealed"
        raise ClaimlogError(f"there is no open batch to seal; claimlog add makes one{also}")
    refuse_outdated(batch.path, batch.shown, log.definition)
    if NAME.fullmatch(f"0001-{slug}") is None or len(slug) > SLUG_LENGTH:
        raise UsageError(
            f'--slug "{slug[:SLUG_LENGTH]}": expected lower-case words joined by hyphens, '
            f"{SLUG_LENGTH} characters at most"
        )
    log = extend(log, [batch])
    report = validate(log, texts)
    if report.error_count:
        raise FindingsError(report.findings, "nothing was sealed")
    refuse_doubtful_clock(last_time(log), today)
    manifest = make_manifest(log, batch, slug, title, method, recorded_by)
    if flaw := manifest_flaw(manifest):
        raise UsageError(f"batch.json would not be valid: {flaw}; nothing was sealed")
    for option, text in (("--title", title), ("--method", method.replace("\n", " "))):
        if not is_free_text(text):
            raise UsageError(
                f"{option}: has nothing visible, or controls, line breaks or what turns the "
                "direction of text; type it anew; nothing was sealed"
            )
    for text in _contents(log, batch):
        say(text)
    name = f"{batch.number:04d}-{slug}"
    room = PARQUET_BYTES_FREE - sum(lines.excess for lines in log.files.values())
    with staging(package) as folder:
        place = folder / name
        place.mkdir()
        for stream in batch.streams:
            if in_columns:
                file = place / f"{stream}{COLUMNS}"
                room -= _write_columns(log, batch, stream, file, room)
                _refuse_changed(batch, stream, batch.file(stream), manifest)
                listed = manifest["files"].pop(f"{stream}{LINES}")
                size = file.stat().st_size
                manifest["files"][file.name] = {**listed, "bytes": size, "sha256": _sha256(file)}
            else:
                file = place / f"{stream}{LINES}"
                shutil.copyfile(batch.file(stream), file)
                _refuse_changed(batch, stream, file, manifest)
        (place / MANIFEST).write_bytes(dump_manifest(manifest))
        with hold_interrupts():
            move_in(package, place)
            confirm_rename(package.events, f"events/{name}")
            _tidy(package, name)
    note_valid(log)
    sealed = package.events / name
    return Batch(
        sealed, package.relative(sealed), batch.number, slug, batch.index, manifest
    ), report


def _refuse_changed(batch: Batch, stream: str, lines: Path, manifest: dict[str, Any]) -> None:
    """Refuse lines that are not those of which the log was read."""
    if _sha256(lines) != manifest["files"][f"{stream}{LINES}"]["sha256"]:
        raise ClaimlogError(
            f"{batch.shown_file(stream)}: was changed while it was sealed; nothing was sealed, run "
            "this again"
        )


def _write_columns(log: Log, batch: Batch, stream: str, path: Path, room: int) -> int:
    """Write a stream of the last batch of `log` as Parquet, and return the excess that it has.

    Raises
    ------
    ClaimlogError
        If it has more than `room`, or would not be read again for another reason.
    """
    rows = log.scan(stream).filter(pl.col("batch") == batch.number).collect().sort("seq")
    try:
        return write_readable_rows(
            rows,
            log.definition.streams[stream],
            path,
            rows["event_id"].str.decode("hex").to_list(),
            room,
            log.definition.thresholds["line_bytes"],
        )
    except ClaimlogError as error:
        raise ClaimlogError(
            f"{batch.shown_file(stream)}: {error}; nothing was sealed, seal without --parquet"
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return file_digest(handle, "sha256").hexdigest()


def _contents(log: Log, batch: Batch) -> Iterator[str]:
    """Yield a line about the rows of each author in each stream of the last batch of `log`."""
    for stream in batch.streams:
        key = log.definition.streams[stream].id
        own = log.scan(stream).filter(pl.col("batch") == batch.number)
        rows = own.select("recorded_by", key).collect()
        for (author,), part in rows.group_by("recorded_by", maintain_order=True):
            names = part[key].head(LISTED).to_list()
            more = f" and {part.height - LISTED:,} more" if part.height > LISTED else ""
            yield f"{stream} by {author}: {', '.join(names)}{more}"


def _tidy(package: Package, name: str) -> None:
    """List the sealed files and remove the open batch; the next run can do it as well."""
    try:
        sync_descriptor(package)
        discard(package)
    except OSError as error:
        raise ClaimlogError(
            f"{DESCRIPTOR}: cannot be written ({error.strerror}); {name} is sealed all the same, "
            "run claimlog seal again to finish"
        ) from error
    except UnconfirmedError as error:
        raise UnconfirmedError(f"{name} is sealed, but {error}") from error


def make_manifest(
    log: Log, batch: Batch, slug: str, title: str, method: str, recorded_by: str
) -> dict[str, Any]:
    """Return the manifest of the last batch of `log`."""
    size, root = log.trees[-2] if len(log.trees) > 1 else (0, CompactRange().root())
    last = log.batches[-2] if len(log.batches) > 1 else None
    # a clock that went back must not seal a batch before the last one, or before its rows
    times = [now(), *([last.manifest["sealed_at"]] if last else [])]
    times += [log.last_time] if log.last_time else []
    files = {}
    for stream in batch.streams:
        lines = log.files[batch.shown_file(stream)]
        files[f"{stream}{LINES}"] = {
            "rows": lines.rows,
            "bytes": lines.size,
            "sha256": lines.sha256,
            "schema_version": log.definition.streams[stream].version,
        }
    return {
        "number": batch.number,
        "slug": slug,
        "title": title,
        "method": method,
        "recorded_by": recorded_by,
        "sealed_at": max(times),
        "codebook_version": log.definition.codebook.version,
        "previous_sha256": last.manifest_sha256 if last else None,
        "files": files,
        "tree": {
            "size_before": size,
            "root_before": root.hex(),
            "size": log.size,
            "root": log.root.hex(),
        },
    }


__all__ = ["make_manifest", "seal", "sync_descriptor"]
