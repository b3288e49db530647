"""Verifying a release: its files, its log, and that every served row is what the log gives.

Checksums say that the files are those that were published together; the rest does not take their
word for it. The root is computed from the log, and again from the rows of the Parquet and of the
SQLite files; every table is folded anew and compared row by row with both; the descriptors must
agree. Whether it is the release that was published is said by an index or a signature alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from claimlog.compile import compiled
from claimlog.errors import ClaimlogError, Finding, is_of_the_machine
from claimlog.export.compatibility_views import compatibility_views
from claimlog.export.content_hash import Content, of_frame, of_parquet, of_sqlite
from claimlog.fold import FOLD_VERSION, FOLD_VERSION_UNNAMED, cutoff
from claimlog.log.merkle import EMPTY_ROOT, CompactRange, leaf_hash
from claimlog.log.read_file import read_bytes
from claimlog.log.release_index import Entry, Version
from claimlog.package import DESCRIPTOR, read_json
from claimlog.release.checkpoint import parse
from claimlog.release.database_objects import check_objects
from claimlog.release.descriptors import READERS, agreement
from claimlog.release.file_names import check_names
from claimlog.release.layout import (
    AGAIN,
    CHANGES,
    CHECKPOINT,
    LINE_ENDS,
    LOG,
    RELEASE,
    SUMS,
    check_sums,
    is_plain,
    paths,
)
from claimlog.release.parquet_footers import footer_flaws
from claimlog.release.release_copy import ReleaseCopy, open_copy
from claimlog.release.stage import Plan, facts_of, summary
from claimlog.release.verdict import Verdict
from claimlog.release.vouchers import check_index, check_signatures
from claimlog.schema.table_schema import STREAMS, Table
from claimlog.validate import validate
from claimlog.validate.report import code_rules

MOST = 20
"""Differences of one table that are listed; past that the number says enough."""

SPARE_ROWS = 1000
"""Rows beyond those expected that are read of a table, so that each one too many is named."""

Reader = Callable[[Table, int], Content]
Check = Callable[[ReleaseCopy, Verdict], None]


def verify(
    target: Path,
    index: list[Entry] | None = None,
    key: Path | None = None,
    scratch: Path | None = None,
    place: str = "this checkout",
) -> Verdict:
    """Check a release's directory or archive.

    It is read without limits of time and memory: of a stranger's, `claimlog.release.sandbox`.

    Parameters
    ----------
    index
        Entries of an index to hold it against, from a checkout that you trust.
    key
        File of the public key that should have signed the release.
    scratch
        Directory in which an archive is unpacked; that of the system by default.
    place
        Where the index lies, for the verdict.

    Raises
    ------
    ClaimlogError
        If it is no release, or a zip that is refused.
    """
    with open_copy(target, scratch) as copy:
        verdict = Verdict()
        verdict.findings += check_sums(copy.folder, copy.digests)
        verdict.checked.append(f"{len(paths(copy.folder))} files against {SUMS}")
        if [finding.rule for finding in verdict.findings] == [LINE_ENDS]:
            return verdict  # what else differs has the same cause
        if not all(is_plain(copy.folder / name) for name in paths(copy.folder)):
            return verdict  # nothing is read through a link or a pipe
        if verdict.findings:
            # which rows differ, where the files can still be read
            for check in (_database, _served, _tables):
                _run(check, copy, verdict)
            return verdict
        _run(_named, copy, verdict)
        if index is not None:
            check_index(copy, index, place, verdict)
        if key is not None:
            _run(lambda copy, verdict: check_signatures(copy, key, verdict), copy, verdict)
        for check in (_names, check_log, _database, _served, _tables):
            _run(check, copy, verdict)
        if not any(finding.rule == "release-rows" for finding in verdict.findings):
            for check in (_described, _footers):  # which read the tables whole
                _run(check, copy, verdict)
        if verdict.findings:
            verdict.vouchers.clear()
        return verdict


def _run(check: Check, copy: ReleaseCopy, verdict: Verdict) -> None:
    """Run a check; what makes it impossible is a finding like any other.

    The files may hold anything, and libraries raise anything on what they did not expect. What the
    machine lacks (memory, room) is not the files' fault.
    """
    try:
        check(copy, verdict)
    except Exception as error:
        if is_of_the_machine(error):
            raise
        reason = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        verdict.findings.append(
            Finding("release-readable", LOG, f"cannot be read further: {reason}", remedy=AGAIN)
        )


def _named(copy: ReleaseCopy, verdict: Verdict) -> None:
    """The release says which version it is of."""
    verdict.version = str(Version.parse(str(copy.summary.get("version"))))


def _names(copy: ReleaseCopy, verdict: Verdict) -> None:
    """There is no file but those that a release of this definition holds.

    Where somebody vouches for the release, every file is one that was published.
    """
    if not verdict.vouchers:
        name = str(copy.package.descriptor["name"])
        verdict.findings += check_names(copy.folder, name, copy.log.definition.tables)
        verdict.checked.append("names of the files against the definition")


def check_log(copy: ReleaseCopy, verdict: Verdict) -> None:
    """The log inside is whole and valid, and its root is the one that the release names.

    A rule that the release does not state, because it is newer, is passed over only if somebody
    vouches for the release: an archive must not choose by which rules it is judged.
    """
    log = copy.log
    waived = {}
    if verdict.vouchers:
        unstated = {*code_rules()} - log.definition.stated_rules
        why = f"release {verdict.version} does not state it"
        waived = dict.fromkeys(sorted(unstated), why)
    report = validate(log, None, waived=waived)
    verdict.findings += [
        Finding(f.rule, f"{LOG}/{f.path}", f.message, f.line, f.entity, f.remedy)
        for f in report.findings
    ]
    verdict.unchecked += [f"the rule {name}: {why}" for name, why in report.waived.items()]
    _agree(
        verdict,
        RELEASE,
        "tree",
        copy.summary.get("tree"),
        {"size": log.size, "root": log.root.hex()},
    )
    noted, _ = parse(read_bytes(copy.folder / CHECKPOINT, CHECKPOINT), CHECKPOINT)
    _agree(verdict, CHECKPOINT, "size", noted.size, log.size)
    _agree(verdict, CHECKPOINT, "root", noted.root.hex(), log.root.hex())
    _agree(verdict, CHECKPOINT, "origin", noted.origin, copy.package.descriptor["name"])
    verdict.checked.append(f"{log.size} rows of the log: root {log.root.hex()}")


def _agree(verdict: Verdict, path: str, what: str, found: object, expected: object) -> None:
    if found != expected:
        message = f"{what} is {found}, the log gives {expected}"
        verdict.findings.append(Finding("release-root", path, message, remedy=AGAIN))


def _database(copy: ReleaseCopy, verdict: Verdict) -> None:
    """The SQLite file holds the tables of the definition, and nothing that a read would run."""
    tables = copy.log.definition.tables
    given = {*compatibility_views(copy.log.definition)}
    deep = not verdict.vouchers  # else it is the file that was published, to the byte
    found = [*check_objects(_database_of(copy), tables, given, deep)]
    verdict.findings += found
    copy.database_is_plain = not found
    verdict.checked.append("tables, indexes and views of the SQLite file")


def _served(copy: ReleaseCopy, verdict: Verdict) -> None:
    """The root computed from the rows that are served, from Parquet and from SQLite."""
    log = copy.readable_log()
    tables = log.definition.tables
    for shown, content in _readers(copy).items():
        leaves: dict[int, bytes] = {}
        try:
            for name in STREAMS:
                served = tables[f"{log.definition.streams[name].entity}_versions"]
                for line in content(served, log.height(name) + SPARE_ROWS).lines.values():
                    row = _decode(line)
                    leaves[row["valid_from_seq"]] = leaf_hash(log.line_of(name, row, row["batch"]))
        except ClaimlogError as error:
            if is_of_the_machine(error):
                raise
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


def _tables(copy: ReleaseCopy, verdict: Verdict) -> None:
    """Every table, folded anew from the log, is the one that Parquet and SQLite hold.

    Another version of the fold may rightly give other tables: then Parquet and SQLite are only
    held against each other and against ``release.json``.
    """
    version = copy.summary.get("fold_version", FOLD_VERSION_UNNAMED)
    known = type(version) is int and 1 <= version <= FOLD_VERSION
    if not known and not verdict.vouchers:
        message = f"was folded by version {str(version)[:20]} of the fold, this is {FOLD_VERSION}"
        remedy = "verify it with a newer claimlog, or in a checkout whose releases/ you trust"
        verdict.findings.append(Finding("release-fold", RELEASE, message, remedy=remedy))
    elif version != FOLD_VERSION:
        verdict.unchecked.append(
            f"the tables against the log: they were folded by version {version} of the fold, this "
            f"is {FOLD_VERSION}; checked by: claimlog release --rebuild {verdict.version} --exact"
        )
    if not known or version != FOLD_VERSION:
        _tables_among_themselves(copy, verdict)
        return
    log = copy.readable_log()
    compared = 0
    for name, frame in compiled(log, cutoff(log, None)):
        table = log.definition.tables[name]
        expected = of_frame(frame, table)
        for shown, found in _contents(copy, table, frame.height, verdict):
            verdict.findings += _different(shown, table, expected, found)
            compared += len(found.lines)
        _agree_with_summary(copy, table, expected, verdict)
    verdict.checked.append(f"{compared} rows of {len(log.definition.tables)} tables, folded anew")


def _tables_among_themselves(copy: ReleaseCopy, verdict: Verdict) -> None:
    """Parquet and SQLite hold the same rows, of which ``release.json`` gives the hash."""
    tables = copy.readable_log().definition.tables
    compared = 0
    for table in tables.values():
        said = copy.summary["tables"].get(table.name, {}).get("rows", 0)
        path = copy.folder / "parquet" / f"{table.name}.parquet"
        # a row takes a byte at least
        most = min(int(said), path.stat().st_size) if path.is_file() else 0
        for _, found in _contents(copy, table, most, verdict):
            _agree_with_summary(copy, table, found, verdict)
            compared += len(found.lines)
    verdict.checked.append(f"{compared} rows of {len(tables)} tables, against each other")


def _contents(
    copy: ReleaseCopy, table: Table, rows: int, verdict: Verdict
) -> Iterator[tuple[str, Content]]:
    """Yield a table as each file serves it; what cannot be read is a finding."""
    for place, content in _readers(copy).items():
        shown = f"{place}{table.name}.parquet" if place.endswith("/") else place
        try:
            yield shown, content(table, rows + SPARE_ROWS)
        except ClaimlogError as error:
            if is_of_the_machine(error):
                raise
            verdict.findings.append(Finding("release-rows", shown, str(error), remedy=AGAIN))


def _agree_with_summary(
    copy: ReleaseCopy, table: Table, content: Content, verdict: Verdict
) -> None:
    if copy.summary["tables"].get(table.name, {}).get("hash") != content.root:
        message = f"the logical hash of {table.name} is not the one that its rows have"
        verdict.findings.append(Finding("release-rows", RELEASE, message, remedy=AGAIN))


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


def _described(copy: ReleaseCopy, verdict: Verdict) -> None:
    """The descriptors agree with each other and with the files."""
    folder, said = copy.folder, copy.summary
    plan = Plan(
        Version.parse(str(said["version"])),
        str(said["date"]),
        int(said["batches"]),
        read_bytes(folder / CHANGES, CHANGES).decode("utf-8"),
        (),
    )
    described = read_json(folder / DESCRIPTOR, DESCRIPTOR)
    facts = facts_of(folder, copy.log.definition, plan, described, copy.digests)
    files = {name: read_bytes(folder / name, name) for name in READERS if (folder / name).is_file()}
    for sentence in agreement(files, facts):
        verdict.findings.append(Finding("release-descriptors", "", sentence, remedy=AGAIN))
    found = summary(folder, facts, plan.batches)
    if {**found, "fold_version": None} != {**said, "fold_version": None}:
        message = "does not say what the files hold"
        verdict.findings.append(Finding("release-descriptors", RELEASE, message, remedy=AGAIN))
    verdict.checked.append("descriptors against each other and the files")


def _footers(copy: ReleaseCopy, verdict: Verdict) -> None:
    """The Parquet files say of their rows what is so, by which a program skips some.

    Where somebody vouches for the release, they are the files that were published, to the byte.
    """
    if verdict.vouchers:
        return
    tables = copy.readable_log().definition.tables
    partly = []
    for table in tables.values():
        path = copy.folder / "parquet" / f"{table.name}.parquet"
        flaws, wholly = footer_flaws(path, table)
        shown = path.relative_to(copy.folder).as_posix()
        verdict.findings += [
            Finding("release-parquet", shown, flaw, remedy=AGAIN) for flaw in flaws[:MOST]
        ]
        partly += [] if wholly else [shown]
    verdict.checked.append(f"columns and statistics of {len(tables)} Parquet files")
    if partly:
        verdict.unchecked.append(
            f"the indexes of pages in {len(partly)} Parquet files, {partly[0]} first: another "
            "version of the library wrote them"
        )


def _database_of(copy: ReleaseCopy) -> Path:
    databases = sorted(copy.folder.glob("*.db"))
    if len(databases) != 1:
        raise ClaimlogError(f"{len(databases)} SQLite files, expected one")
    return databases[0]


def _readers(copy: ReleaseCopy) -> dict[str, Reader]:
    """Return how to read a table, and at most so many rows, from each form that is served.

    SQLite is read only where its objects were found to be plain tables.
    """
    parquet = copy.folder / "parquet"
    readers: dict[str, Reader] = {
        "parquet/": lambda table, most: of_parquet(parquet / f"{table.name}.parquet", table, most)
    }
    if copy.database_is_plain:
        database = _database_of(copy)
        readers[database.name] = lambda table, most: of_sqlite(database, table, most)
    return readers
