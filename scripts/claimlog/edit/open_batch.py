"""The open batch: rows that are not part of the log yet, kept outside events/."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from claimlog.checkout import Checkout
from claimlog.edit.open_upcast import carry_over, refuse_outdated
from claimlog.edit.row_faults import RowFaults, independent_findings
from claimlog.edit.row_input import Input
from claimlog.errors import ClaimlogError, Finding, FindingsError
from claimlog.files import remove
from claimlog.git import CheckoutError
from claimlog.log.batch import NAME, Batch
from claimlog.log.event_log import Log
from claimlog.log.read_file import read_bytes
from claimlog.log.read_log import extend, read
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.schema.thresholds import read_thresholds
from claimlog.sources.text import Texts
from claimlog.state import acquire_lock, open_lock, require_own_state
from claimlog.swap import publish_directory, recover_directory
from claimlog.validate import Report, validate
from claimlog.validate.appended_rows import (
    findings_of_open_rows,
    is_valid,
    validate_appended,
)


@contextlib.contextmanager
def log_lock(package: Package) -> Iterator[int]:
    """Hold the lock that every change of the log takes.

    Yields how many open rows were from before a schema changed and have been carried over.

    Raises
    ------
    ClaimlogError
        As `package_lock` does.
    """
    with package_lock(package):
        yield _carry_over(package)


@contextlib.contextmanager
def package_lock(package: Package) -> Iterator[None]:
    """Hold the lock of the log for what leaves the open batch as it is.

    Raises
    ------
    ClaimlogError
        If another process holds it for longer than the threshold ``lock_seconds``, or the state of
        the package is none of ours or was committed.
    """
    _refuse_committed(package)
    handle = open_lock(package)
    try:
        if not acquire_lock(handle, read_thresholds(package)["lock_seconds"]):
            raise ClaimlogError(
                "another claimlog is changing this log; wait for it and run this again"
            )
        recover_directory(open_folder(package))
        for pattern in ("staging-*", ".gone-*", ".open-new-*"):
            for path in package.state.glob(pattern):
                remove(path)  # left by a run that was cut off: who holds the lock is alone here
        yield
    finally:
        with contextlib.suppress(OSError):
            handle.close()  # which gives the lock back, and has nothing to write


def carry_open_batch_over(package: Package) -> int:
    """Rewrite open rows from before a schema changed by the present one; return how many."""
    with log_lock(package) as carried:
        return carried


def _carry_over(package: Package) -> int:
    place = open_folder(package)
    if not place.is_dir():
        return 0
    return carry_over(place, package.relative(place), read_definition(package))


def _refuse_committed(package: Package) -> None:
    """Refuse a state directory that came with a clone: its open batch is somebody else's rows."""
    try:
        committed = Checkout.of(package).tracks(package.relative(package.state))
    except CheckoutError:
        return  # no checkout, or none that git answers about
    if committed:
        name = package.relative(package.state)
        raise ClaimlogError(
            f"{name}: is committed, so that it holds rows that you did not add; look at it, take "
            f"it out with git rm -r --cached {name}, remove it, and run this again"
        )


def open_folder(package: Package) -> Path:
    """Return where the open batch lies, once `state.require_own_state` finds nothing foreign."""
    return require_own_state(package) / "open"


def open_batch(package: Package, folder: Path | None = None) -> Batch | None:
    """Return the open batch as the one that would come next, or None if there is none.

    `folder` is where its files lie; messages name it as ``.claimlog/open`` all the same.
    """
    place = open_folder(package)
    folder = folder or place
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    numbers = [
        int(match["number"])
        for path in (package.events.iterdir() if package.events.is_dir() else ())
        if (match := NAME.fullmatch(path.name))
    ]
    number = max(numbers, default=0) + 1
    return Batch(folder, package.relative(place), number, "open", number - 1)


def read_with_open(package: Package, progress: Callable[[str], None] = lambda _: None) -> Log:
    """Read the log with the open batch as if it were sealed already."""
    return with_open(read(package, progress=progress))


def with_open(sealed: Log, folder: Path | None = None) -> Log:
    """Return a log with the open batch, whose files may lie in another `folder`, after it.

    Raises
    ------
    ClaimlogError
        If the open batch has rows from before a schema changed.
    """
    batch = open_batch(sealed.package, folder)
    if batch and folder is None:
        refuse_outdated(batch.path, batch.shown, sealed.definition)
    return extend(sealed, [batch]) if batch else sealed


NOTHING_ADDED, NOTHING_AMENDED = "nothing was added", "nothing was amended"
"""What a message says of the open batch where a new row is refused."""


def append(
    sealed: Log,
    stream: str,
    lines: Sequence[bytes],
    texts: Texts | None,
    origin: Input | None = None,
    outcome: str = NOTHING_ADDED,
    faults: RowFaults | None = None,
) -> Report:
    """Add canonical lines of one stream to the open batch, all of them or none.

    Parameters
    ----------
    origin
        Where each line came from; what is wrong with the lines is said by it, in whole.
    faults
        What is known to be wrong with them; then nothing is added.

    Raises
    ------
    ClaimlogError
        As `append_streams`, with all faults.
    """
    if origin is None:
        return append_streams(sealed, {stream: lines}, texts, outcome)
    faults = RowFaults() if faults is None else faults
    path = f"{sealed.package.relative(open_folder(sealed.package))}/{stream}.ndjson"
    with _staged(sealed, {stream: lines}) as (log, offsets):
        report = check_open(sealed, log, texts)
        if not report.error_count and not faults:
            return report
        findings = [*report.findings, *findings_of_open_rows(log, sealed.size, texts, report)]
        own: list[tuple[int, Finding]] = []
        others: dict[Finding, None] = {}
        for one in findings:
            if one.severity != "error":
                continue
            if one.path == path and one.line is not None and one.line > offsets[stream]:
                index = one.line - offsets[stream] - 1
                own.append((faults.indexes[index] if faults.indexes else index, one))
            else:
                others[one] = None
        judged = independent_findings(own, faults, log.definition)
        raise faults.error(origin, outcome, judged, [*others])


def append_streams(
    sealed: Log,
    lines: Mapping[str, Sequence[bytes]],
    texts: Texts | None,
    outcome: str = NOTHING_ADDED,
) -> Report:
    """Add canonical lines to the open batch, all of them or none.

    The caller holds the lock, and has read the log without the open batch.

    Parameters
    ----------
    lines
        By stream.
    outcome
        What the error says of the open batch.

    Raises
    ------
    FindingsError
        If the log with the new rows would break a rule; the open batch stays as it was.
    """
    with _staged(sealed, lines) as (log, _):
        report = check_open(sealed, log, texts)
        if report.error_count:
            raise FindingsError(report.findings, outcome)
    return report


@contextlib.contextmanager
def _staged(
    sealed: Log, lines: Mapping[str, Sequence[bytes]]
) -> Iterator[tuple[Log, Mapping[str, int]]]:
    """Yield the log with lines added to the open batch, which they are if the block succeeds.

    With it come the lines that each file of the open batch had before.
    """
    package = sealed.package
    place = open_folder(package)
    offsets: dict[str, int] = {}
    with publish_directory(place, package.relative(place)) as folder:
        if place.is_dir():
            shutil.copytree(place, folder, dirs_exist_ok=True)
        for stream, own in lines.items():
            path = folder / f"{stream}.ndjson"
            before = read_bytes(path, path.name) if path.exists() else b""
            offsets[stream] = before.count(b"\n")
            path.write_bytes(before + b"".join(line + b"\n" for line in own))
        yield with_open(sealed, folder), offsets


def check_open(sealed: Log, log: Log, texts: Texts | None = None) -> Report:
    """Check a log with the open batch, without Frictionless; only what is open if that suffices."""
    if is_valid(log, sealed.size):
        return validate_appended(log, sealed.size, texts)
    return validate(log, texts, frictionless=False)


def drop_known(package: Package, known: set[bytes]) -> int:
    """Remove rows of the open batch that the log already holds; return how many.

    They are there after a crash between the sealing rename and the clean-up, or when the same rows
    came in by a merge.
    """
    from claimlog.log.merkle import leaf_hash

    place = open_folder(package)
    kept: dict[str, list[bytes]] = {}
    dropped = 0
    batch = open_batch(package)
    if batch is None:
        return 0
    for stream in batch.streams:
        lines = batch.file(stream).read_bytes().split(b"\n")[:-1]
        kept[stream] = [line for line in lines if leaf_hash(line) not in known]
        dropped += len(lines) - len(kept[stream])
    if dropped:
        if any(kept.values()):
            with publish_directory(place, package.relative(place)) as folder:
                for stream, lines in kept.items():
                    if lines:
                        data = b"".join(line + b"\n" for line in lines)
                        (folder / f"{stream}.ndjson").write_bytes(data)
        else:
            discard(package)
    return dropped


def discard(package: Package) -> None:
    """Remove the open batch."""
    place = open_folder(package)
    if place.exists():
        gone = place.with_name(f".gone-{os.getpid()}")
        place.rename(gone)
        remove(gone)
