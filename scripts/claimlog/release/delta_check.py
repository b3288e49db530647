"""Check the delta of a release: it must be what the release's own log gives, and nothing else.

Its files must be those of ``log/`` that the release before did not have, to the byte; its rows
those of the log from the one size to the other; and ``delta.json`` what comparing the two states
says. All of it is made again from the log, so that no statement of the delta is believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from claimlog.errors import ClaimlogError, Finding, is_of_the_machine
from claimlog.export.content_hash import SLICE_ROWS, Content, frame_rows, line_hash, parquet_rows
from claimlog.export.descriptor import dump_json
from claimlog.log.canonical import encode
from claimlog.log.event_log import Log
from claimlog.log.merkle import CompactRange
from claimlog.log.release_index import ReleaseEntry, read_index, require_agreement
from claimlog.package import LOG
from claimlog.release.checksums import MAX_LISTED
from claimlog.release.dataset_state import DatasetState
from claimlog.release.delta import (
    DELTA,
    DELTA_FILE,
    CarriedFiles,
    delta_document,
    rows_between,
    rows_path,
    streams_between,
    version_table,
)
from claimlog.release.diff import compare_states
from claimlog.release.parquet_rewriting import ParquetRewriting
from claimlog.release.release_copy import ReleaseCopy
from claimlog.release.release_verdict import Verdict
from claimlog.release.served_rows import SPARE_ROWS
from claimlog.release.walk_release import GET_AGAIN

RULE = "release-delta"


def check_delta(copy: ReleaseCopy, verdict: Verdict) -> None:
    """Compare ``delta/`` with what the log of the release, and the release before it, give."""
    digests = copy.digests
    present = {name: digest for name, digest in digests.items() if name.startswith(f"{DELTA}/")}
    base = _base(copy)
    if base is None:
        if present:
            message = "is there, and no release before this one that it could begin with"
            verdict.findings.append(Finding(RULE, min(present), message, remedy=GET_AGAIN))
        return
    log = copy.readable_log()
    require_agreement(base, log)
    findings = [*_file_flaws(present, base, digests, log)]
    verdict.findings += findings[:MAX_LISTED]
    if findings:
        return
    rows = 0
    for stream in streams_between(log, base.size, log.size):
        rows += _check_rows(copy, log, stream, base.size, verdict)
    old = DatasetState.of_entry(base)
    new = DatasetState.of_head(log, str(copy.summary["version"]))
    diff = compare_states(log, old, new, log.definition.deprecations)
    name = str(log.definition.descriptor["name"])
    expected = delta_document(diff, base, copy.summary, name, digests)
    _check_document(copy, expected, verdict)
    if not verdict.vouchers:
        verdict.omissions.append(
            f"whether release {base.version}, with which the delta begins, held the files that "
            f"{LOG}/{base.display_path} states"
        )
    verdict.checks.append(
        f"the delta from {base.version}: {len(present)} files, {rows} rows of the log between, "
        "and what changed, made again from the log"
    )


def _base(copy: ReleaseCopy) -> ReleaseEntry | None:
    """Return the entry of the release before, if this one should have a delta from it.

    Releases up to 0.2.0 hold neither claimlog nor a delta.
    """
    index = read_index(copy.package)
    return index[-1] if index and copy.tool_version is not None else None


def _file_flaws(
    present: Mapping[str, str], base: ReleaseEntry, digests: Mapping[str, str], log: Log
) -> Iterator[Finding]:
    """Yield the files of the delta that are missing, too many, or not those of the release."""
    files = CarriedFiles.between(base, digests)
    own = {f"{DELTA}/{name}": digest for name, digest in files.digests.items()}
    streams = streams_between(log, base.size, log.size)
    rows = {rows_path(version_table(log, stream)) for stream in streams}
    for name in sorted({*own, *rows, DELTA_FILE, *present}):
        if name not in present:
            message = f"is missing from the delta of {base.version} and this release"
        elif name in own and own[name] != present[name]:
            message = f"is not {name.removeprefix(f'{DELTA}/')} of this release"
        elif name not in own and name not in rows and name != DELTA_FILE:
            message = f"is not among what this release has and {base.version} had not"
        else:
            continue
        yield Finding(RULE, name, message, remedy=GET_AGAIN)


def _check_rows(copy: ReleaseCopy, log: Log, stream: str, start: int, verdict: Verdict) -> int:
    """Compare the Parquet file of a stream's new rows with the log; return how many it has."""
    table = version_table(log, stream)
    name = rows_path(table)
    path = copy.folder / name
    bounds = copy.has_code_bounds
    rewriting = None if verdict.vouchers else ParquetRewriting(path, table, bounds)
    tree = CompactRange()
    for frame in rows_between(log, stream, start, log.size):
        for piece in frame.iter_slices(SLICE_ROWS):
            tree.extend([line_hash(encode(row)) for row in frame_rows(piece, table)])
        if rewriting is not None:
            rewriting.add(frame)
    root = tree.root().hex()
    flaws, is_complete = ([], True) if rewriting is None else rewriting.flaws(root)
    try:
        served = Content.of_rows(parquet_rows(path, table, tree.size + SPARE_ROWS))
        if served != Content(tree.size, root):
            flaws = [f"has other rows than the log from row {start} on", *flaws]
    except ClaimlogError as error:
        if is_of_the_machine(error):
            raise
        flaws = [str(error)]
    verdict.findings += [Finding(RULE, name, flaw, remedy=GET_AGAIN) for flaw in flaws]
    if not is_complete:
        verdict.omissions.append(f"the pages of {name}: another version of the library wrote them")
    return tree.size


def _check_document(copy: ReleaseCopy, expected: Mapping[str, Any], verdict: Verdict) -> None:
    """Compare ``delta.json``, to the byte, with what it should say."""
    path, data = copy.folder / DELTA_FILE, dump_json(expected)
    # not read where it is longer: what it should say is known
    if path.stat().st_size != len(data) or path.read_bytes() != data:
        message = "does not say what the log of this release gives of the changes"
        verdict.findings.append(Finding(RULE, DELTA_FILE, message, remedy=GET_AGAIN))
