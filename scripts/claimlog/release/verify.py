"""Verifying a release: its files, its log, and that every served row is what the log gives.

Checksums say that the files are those that were published together; the rest does not take their
word for it. The root is computed from the log, and again from the rows of the Parquet and of the
SQLite files; every table is folded anew and compared row by row with both; the descriptors must
agree; and where an index is at hand, everything must be what it says.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from claimlog.compiling import compiled
from claimlog.errors import ClaimlogError, Finding
from claimlog.events.log import Log, read
from claimlog.events.merkle import EMPTY_ROOT, CompactRange, leaf_hash
from claimlog.events.releases import Entry, Version
from claimlog.export.logical import Content, of_frame, of_parquet, of_sqlite
from claimlog.fold import cutoff
from claimlog.package import DESCRIPTOR, read_json
from claimlog.release import archive
from claimlog.release.bounded_file import read_bounded_file
from claimlog.release.checkpoint import check_signature, parse
from claimlog.release.descriptors import READERS, agreement
from claimlog.release.layout import (
    AGAIN,
    CHANGES,
    CHECKPOINT,
    LOG,
    RELEASE,
    SUMS,
    check_sums,
    digest,
    digests,
    log_of,
    paths,
)
from claimlog.release.note import NOTE_BYTES
from claimlog.release.staging import Plan, facts_of, summary
from claimlog.schema import STREAMS, Table
from claimlog.validate import validate

MOST = 20
"""Differences of one table that are listed; past that the number says enough."""


@dataclass
class Verdict:
    """What was checked, a line each, and what was found."""

    version: str = ""
    checked: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    log: Log | None = None


@contextmanager
def opened(target: Path) -> Iterator[Path]:
    """Yield the directory of a release: `target` itself, or what the archive `target` holds.

    Raises
    ------
    ClaimlogError
        If there is neither.
    """
    if target.is_dir():
        yield target
        return
    if not target.is_file():
        raise ClaimlogError(f"{target}: is neither the directory nor the zip of a release")
    with tempfile.TemporaryDirectory(prefix="claimlog-") as scratch:
        yield archive.extract(target, Path(scratch))


def verify(target: Path, index: list[Entry] | None = None, key: Path | None = None) -> Verdict:
    """Check a release's directory or archive.

    Parameters
    ----------
    index
        Entries of an index to hold it against, from a checkout that you trust.
    key
        PEM file of the public key that should have signed the checkpoint.

    Raises
    ------
    ClaimlogError
        If it is no release, or a zip that is refused.
    """
    with opened(target) as folder:
        if not (folder / RELEASE).is_file() and not (folder / SUMS).is_file():
            raise ClaimlogError(
                f"{target.name}: holds neither {RELEASE} nor {SUMS}; name the directory or the zip "
                "of a release"
            )
        verdict = Verdict()
        verdict.findings += check_sums(folder)
        verdict.checked.append(f"{len(paths(folder))} files against {SUMS}")
        if verdict.findings:
            return _with_rows(folder, verdict)
        for check in (_log, _served, _tables, _described):
            _run(check, folder, verdict)
        _signed(folder, target, key, verdict)
        if index is not None:
            archived = target if target.is_file() else None
            _indexed(folder, index, archived, verdict)
        return verdict


def _with_rows(folder: Path, verdict: Verdict) -> Verdict:
    """Add which rows differ, where the files can still be read, to findings about files."""
    for check in (_served, _tables):
        _run(check, folder, verdict)
    return verdict


def _run(check: Callable[[Path, Verdict], None], folder: Path, verdict: Verdict) -> None:
    """Run a check; what makes it impossible is a finding like any other.

    The files may hold anything, and libraries raise anything on what they did not expect.
    """
    try:
        check(folder, verdict)
    except Exception as error:
        reason = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        verdict.findings.append(
            Finding("release-readable", LOG, f"cannot be read further: {reason}", remedy=AGAIN)
        )


def _log(folder: Path, verdict: Verdict) -> None:
    """The log inside is whole and valid, and its root is the one that the release names."""
    inner = log_of(folder)
    log = verdict.log = read(inner)
    report = validate(log, None)
    verdict.findings += [
        Finding(f.rule, f"{LOG}/{f.path}", f.message, f.line, f.entity, f.remedy)
        for f in report.findings
    ]
    said = read_json(folder / RELEASE, RELEASE)
    verdict.version = str(said.get("version"))
    _agree(verdict, RELEASE, "tree", said.get("tree"), {"size": log.size, "root": log.root.hex()})
    noted, _ = parse((folder / CHECKPOINT).read_bytes(), CHECKPOINT)
    _agree(verdict, CHECKPOINT, "size", noted.size, log.size)
    _agree(verdict, CHECKPOINT, "root", noted.root.hex(), log.root.hex())
    _agree(verdict, CHECKPOINT, "origin", noted.origin, inner.descriptor["name"])
    verdict.checked.append(f"{log.size} rows of the log: root {log.root.hex()}")


def _agree(verdict: Verdict, path: str, what: str, found: object, expected: object) -> None:
    if found != expected:
        message = f"{what} is {found}, the log gives {expected}"
        verdict.findings.append(Finding("release-root", path, message, remedy=AGAIN))


def _served(folder: Path, verdict: Verdict) -> None:
    """The root computed from the rows that are served, from Parquet and from SQLite."""
    log = _read(folder, verdict)
    tables = log.schemas.tables
    for shown, content in _readers(folder).items():
        leaves: dict[int, bytes] = {}
        try:
            for name in STREAMS:
                served = tables[f"{log.schemas.streams[name].entity}_versions"]
                for line in content(served).lines.values():
                    row = _decode(line)
                    leaves[row["valid_from_seq"]] = leaf_hash(log.line_of(name, row, row["batch"]))
        except ClaimlogError as error:
            verdict.findings.append(Finding("release-rows", shown, str(error), remedy=AGAIN))
            continue
        tree = CompactRange()
        tree.extend([leaf for _, leaf in sorted(leaves.items())])
        root = tree.root() if leaves else EMPTY_ROOT
        if root != log.root or sorted(leaves) != [*range(log.size)]:
            message = (
                f"the {len(leaves)} rows that it serves give the root {root.hex()}, "
                f"the log has {log.size} rows and {log.root.hex()}"
            )
            verdict.findings.append(Finding("release-root", shown, message, remedy=AGAIN))
        verdict.checked.append(f"{len(leaves)} rows served by {shown}: root {root.hex()}")


def _decode(line: bytes) -> dict[str, Any]:
    row: dict[str, Any] = orjson.loads(line)
    return row


def _tables(folder: Path, verdict: Verdict) -> None:
    """Every table, folded anew from the log, is the one that Parquet and SQLite hold."""
    log = _read(folder, verdict)
    said = read_json(folder / RELEASE, RELEASE)["tables"]
    compared = 0
    for name, frame in compiled(log, cutoff(log, None)):
        table = log.schemas.tables[name]
        expected = of_frame(frame, table)
        for place, content in _readers(folder).items():
            shown = f"{place}{name}.parquet" if place.endswith("/") else place
            try:
                found = content(table)
            except ClaimlogError as error:
                verdict.findings.append(Finding("release-rows", shown, str(error), remedy=AGAIN))
                continue
            verdict.findings += _different(shown, table, expected, found)
            compared += len(found.lines)
        if said.get(name, {}).get("hash") != expected.root:
            message = f"the logical hash of {name} is not the one that its rows have"
            verdict.findings.append(Finding("release-rows", RELEASE, message, remedy=AGAIN))
    verdict.checked.append(f"{compared} rows of {len(log.schemas.tables)} tables, folded anew")


def _different(shown: str, table: Table, expected: Content, found: Content) -> Iterator[Finding]:
    keys = {**expected.lines, **found.lines}
    differing = [k for k in keys if expected.lines.get(k) != found.lines.get(k)]
    for key in differing[:MOST]:
        if key not in found.lines:
            what = "is missing"
        elif key not in expected.lines:
            what = "is not in the log"
        else:
            old, new = _decode(expected.lines[key]), _decode(found.lines[key])
            columns = ", ".join(name for name in old if old[name] != new[name])
            what = f"differs from the log in {columns}"
        yield Finding(
            "release-rows", shown, f"row of {table.name} {what}", entity=key, remedy=AGAIN
        )
    if len(differing) > MOST:
        message = f"{len(differing)} rows of {table.name} differ in all"
        yield Finding("release-rows", shown, message, remedy=AGAIN)


def _described(folder: Path, verdict: Verdict) -> None:
    """The descriptors agree with each other and with the files."""
    inner = log_of(folder)
    said = read_json(folder / RELEASE, RELEASE)
    plan = Plan(
        Version.parse(str(said["version"])),
        str(said["date"]),
        int(said["batches"]),
        (folder / CHANGES).read_text(encoding="utf-8"),
        (),
    )
    described = read_json(folder / DESCRIPTOR, DESCRIPTOR)
    facts = facts_of(folder, inner, plan, described)
    files = {name: (folder / name).read_bytes() for name in READERS if (folder / name).is_file()}
    for sentence in agreement(files, facts):
        verdict.findings.append(Finding("release-descriptors", "", sentence, remedy=AGAIN))
    if summary(folder, inner, facts, plan.batches) != said:
        message = "does not say what the files hold"
        verdict.findings.append(Finding("release-descriptors", RELEASE, message, remedy=AGAIN))
    verdict.checked.append("descriptors against each other and the files")


def _signed(folder: Path, target: Path, key: Path | None, verdict: Verdict) -> None:
    """The checkpoint beside the release (or in it) is signed with a key, and is this release's."""
    if key is None:
        return
    beside = target.parent / f"{target.name.removesuffix('.zip')}.checkpoint"
    path = beside if beside.is_file() else folder / CHECKPOINT
    try:
        note = read_bounded_file(path, NOTE_BYTES, path.name)
        signed = check_signature(note, key, path.name)
    except ClaimlogError as error:
        message = str(error).removeprefix(f"{path.name}: ")
        verdict.findings.append(Finding("release-signature", path.name, message))
        return
    own, _ = parse((folder / CHECKPOINT).read_bytes(), CHECKPOINT)
    if signed != own:
        message = f"is signed, but for a tree of {signed.size} rows with another root"
        verdict.findings.append(Finding("release-signature", path.name, message, remedy=AGAIN))
    else:
        verdict.checked.append(f"signature of {path.name} with the key in {key.name}")


def _indexed(folder: Path, index: list[Entry], zipped: Path | None, verdict: Verdict) -> None:
    """The release is the one that the index of a trusted checkout holds."""
    entry = next((e for e in index if str(e.version) == verdict.version), None)
    if entry is None:
        known = ", ".join(str(e.version) for e in index) or "none"
        message = f"the index knows no release {verdict.version or '?'}; it has {known}"
        verdict.findings.append(Finding("release-index", RELEASE, message, remedy="git pull"))
        return
    found = {**digests(folder), SUMS: digest(folder / SUMS)}
    for name in sorted(set(found) | set(entry.data["files"])):
        if found.get(name) != entry.data["files"].get(name):
            message = f"is not the file that {entry.shown} names"
            verdict.findings.append(Finding("release-index", name, message, remedy=AGAIN))
    if zipped is not None and digest(zipped) != entry.data["archive"]["sha256"]:
        message = f"is not the archive that {entry.shown} names"
        verdict.findings.append(Finding("release-index", zipped.name, message, remedy=AGAIN))
    verdict.checked.append(f"every file against {entry.shown}")


def _read(folder: Path, verdict: Verdict) -> Log:
    """Return the log inside, read once for all checks."""
    if verdict.log is None:
        verdict.log = read(log_of(folder))
    verdict.log.require_readable()
    return verdict.log


def _readers(folder: Path) -> dict[str, Callable[[Table], Content]]:
    """Return how to read a table from each form in which a release serves it."""
    databases = sorted(folder.glob("*.db"))
    if len(databases) != 1:
        raise ClaimlogError(f"{len(databases)} SQLite files, expected one")
    database = databases[0]
    return {
        "parquet/": lambda table: of_parquet(folder / "parquet" / f"{table.name}.parquet", table),
        database.name: lambda table: of_sqlite(database, table),
    }


def row_of(log: Log, claim_id: str, version: int | None = None) -> dict[str, Any]:
    """Return a claim's row, its last version by default.

    Raises
    ------
    ClaimlogError
        If there is no such claim or version.
    """
    rows = log.frames["claims"].filter(pl.col("claim_id") == claim_id).sort("version")
    if version is not None:
        rows = rows.filter(pl.col("version") == version)
    if rows.is_empty():
        which = claim_id if version is None else f"{claim_id} version {version}"
        raise ClaimlogError(f"{which}: is no claim of the log; claimlog log lists its batches")
    return rows.row(-1, named=True)
