"""Lines staged for the open batch: checked with the log, and added all together or not at all."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence

from claimlog.directory_swap import publish_directory
from claimlog.edit.open_batch import open_folder, with_open
from claimlog.edit.row_faults import RowFaults, independent_findings
from claimlog.edit.row_origin import RowOrigin
from claimlog.errors import Finding, FindingsError
from claimlog.fingerprint import is_cached
from claimlog.log.event_log import Log
from claimlog.log.read_file import read_bytes
from claimlog.sources.text import Texts
from claimlog.validate import Report, validate
from claimlog.validate.validate_appended import (
    findings_of_open_rows,
    is_valid,
    note_valid,
    validate_appended,
)

NOTHING_ADDED, NOTHING_AMENDED = "nothing was added", "nothing was amended"
"""What a message says of the open batch where a new row is refused."""


def append(
    sealed: Log,
    stream: str,
    lines: Sequence[bytes],
    texts: Texts | None,
    origin: RowOrigin | None = None,
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
    """Check a log with the open batch, without Frictionless; only what is open if that suffices.

    The sealed log is checked alone first if nobody knows that it is valid, so that the next command
    does. Where it is not, an open row may be what mends it, and all is checked together; so it is
    at once for a log so small that nothing is noted of it.
    """
    if is_valid(log, sealed.size) or (is_cached(sealed.package) and _is_found_valid(sealed)):
        return validate_appended(log, sealed.size, texts)
    return validate(log, texts, frictionless=False)


def _is_found_valid(sealed: Log) -> bool:
    is_found = not validate(sealed, frictionless=False).error_count
    if is_found:
        note_valid(sealed)
    return is_found
