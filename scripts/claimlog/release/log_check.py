"""Check the log of a release: whole, valid, with the named root, and the rows that are served."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from claimlog.errors import ClaimlogError, Finding, is_of_the_machine
from claimlog.escaping import short_line
from claimlog.log.event_log import Log
from claimlog.log.merkle import CompactRange, leaf_hash
from claimlog.log.read_file import read_bytes
from claimlog.log.takedowns import RECORD
from claimlog.log.version_changes import with_truths
from claimlog.package import LOG, RELEASE
from claimlog.release.checkpoint import Checkpoint, parse_checkpoint
from claimlog.release.prove import root_at
from claimlog.release.release_copy import ReleaseCopy
from claimlog.release.release_file_names import CHECKPOINT
from claimlog.release.release_verdict import Verdict
from claimlog.release.served_rows import SPARE_ROWS, RowReader, row_readers
from claimlog.release.walk_release import GET_AGAIN
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import truth_columns
from claimlog.strict_json import is_same_json
from claimlog.validate import validate
from claimlog.validate.report import code_rules

RULE = "release-root"
KEPT_ROOT_RULE = "release-kept-root"
TAKEDOWN_RULE = "release-takedown"
VOUCHER = (
    "run this in a checkout whose releases/ you trust, or give the maintainers' key with --key and "
    "get the .signature beside the archive"
)


def unstated_rules(definition: Definition, version: str) -> dict[str, str]:
    """Return the rules that a release does not state, because they are newer, with the reason."""
    unstated = {*code_rules()} - definition.stated_rules
    return dict.fromkeys(sorted(unstated), f"release {version} does not state it")


def check_log(copy: ReleaseCopy, verdict: Verdict) -> None:
    """Check that the log inside is valid, and has the root that the release names.

    A rule that the release does not state, because it is newer, is waived only if somebody vouches
    for the release: an archive must not choose by which rules it is judged.
    """
    log = copy.log
    waived = {}
    if verdict.vouchers:
        waived = unstated_rules(log.definition, str(verdict.version))
    report = validate(log, None, waived=waived)
    copy.report = report
    verdict.findings += [
        Finding(f.rule, f"{LOG}/{f.path}", f.message, f.line, f.entity, f.remedy)
        for f in report.findings
        if f.severity == "error"
    ]
    warnings = Counter(f.rule for f in report.findings if f.severity != "error")
    if warnings:
        warned = ", ".join(f"{rule} ({number})" for rule, number in warnings.items())
        verdict.checks.append(f"rules of the log; such as only warn find something: {warned}")
    verdict.omissions += [f"the rule {name}: {why}" for name, why in report.waived.items()]
    _check_missing_rows(log, verdict)
    tree = {"size": log.size, "root": log.root.hex()}
    _require_equal(verdict, RELEASE, "tree", copy.summary.get("tree"), tree)
    data = read_bytes(copy.folder / CHECKPOINT, CHECKPOINT)
    checkpoint, _ = parse_checkpoint(data, CHECKPOINT)
    _require_equal(verdict, CHECKPOINT, "size", checkpoint.size, log.size)
    _require_equal(verdict, CHECKPOINT, "root", checkpoint.root.hex(), log.root.hex())
    descriptor = log.definition.descriptor
    stated = descriptor.get("logOrigin")
    _require_equal(verdict, RELEASE, "log_origin", copy.summary.get("log_origin"), stated)
    origin = stated or descriptor["name"]
    _require_equal(verdict, CHECKPOINT, "origin", checkpoint.origin, origin)
    plain = Checkpoint(checkpoint.origin, checkpoint.size, checkpoint.root).text()
    if data != plain.encode("utf-8"):
        # a release is signed beside its archive, where the signature is checked
        message = "holds more than origin, size and root, which nobody vouches for"
        verdict.findings.append(Finding(RULE, CHECKPOINT, message, remedy=GET_AGAIN))
    rows = f"{log.size} rows of the log{_hashes_alone(log, log.size)}"
    verdict.checks.append(f"{rows}: root {log.root.hex()}")


def _check_missing_rows(log: Log, verdict: Verdict) -> None:
    """Name every row that was taken down; where nobody vouches for the release each is a finding.

    Who makes an archive writes its record of takedowns: a retraction that is called one makes a
    claim live again, and neither a root nor a signed checkpoint says anything against it.
    """
    for seq, row in sorted(log.taken_rows.items()):
        if verdict.vouchers:
            verdict.omissions.append(row.sentence_at(seq))
            continue
        later = log.history(row.stream, row.id)["version"]
        message = f"row {seq} of the log is missing, and nobody vouches for why: {row.sentence}"
        if max(later, default=0) < row.version:
            message += " (nothing later of it is here, so that the row may have been a retraction)"
        verdict.unvouched_rows.append(seq)
        verdict.findings.append(
            Finding(TAKEDOWN_RULE, f"{LOG}/{RECORD}", message, entity=row.id, remedy=VOUCHER)
        )


def _hashes_alone(log: Log, size: int) -> str:
    """Say how many of the first rows are there as hashes alone, if any."""
    number = sum(seq < size for seq in log.taken_rows)
    return f", {number} of them as {'a hash' if number == 1 else 'hashes'} alone," if number else ""


def _require_equal(verdict: Verdict, path: str, what: str, found: object, expected: object) -> None:
    if not is_same_json(found, expected):
        message = f"{what} is {short_line(found)}, the log gives {short_line(expected)}"
        verdict.findings.append(Finding(RULE, path, message, remedy=GET_AGAIN))


def check_kept_roots(copy: ReleaseCopy, kept_roots: Mapping[int, str], verdict: Verdict) -> None:
    """Check that the log begins with the rows whose roots the user kept, by size of the tree."""
    log = copy.readable_log()
    for size, root in kept_roots.items():
        found = root_at(log, size)
        if found is None:
            message = f"has {log.size} rows, less than the {size} whose root you kept"
            verdict.findings.append(Finding(KEPT_ROOT_RULE, LOG, message))
        elif found.hex() != root:
            message = (
                f"its first {size} rows have the root {found.hex()}, not the one that you kept: "
                "this is another log, or it was rewritten"
            )
            verdict.findings.append(Finding(KEPT_ROOT_RULE, LOG, message))
        else:
            rows = f"the first {size} rows of the log{_hashes_alone(log, size)}"
            verdict.checks.append(f"{rows} have the root that you kept")
            verdict.kept_root_rows = max(verdict.kept_root_rows, size)
    verdict.log_rows = log.size


def check_served_log(copy: ReleaseCopy, verdict: Verdict) -> None:
    """Check that the rows in Parquet and in SQLite give the root of the log."""
    log = copy.readable_log()
    taken = {seq: bytes.fromhex(row.leaf_hash) for seq, row in log.taken_rows.items()}
    for place, rows in row_readers(copy).items():
        try:
            served = [*_served_leaves(log, rows)]
            leaves = sorted([*taken.items(), *served])
        except ClaimlogError as error:
            if is_of_the_machine(error):
                raise
            verdict.findings.append(Finding("release-rows", place, str(error), remedy=GET_AGAIN))
            continue
        tree = CompactRange()
        tree.extend([leaf for _, leaf in leaves])
        # a position that occurs twice would show a row that the log does not have
        if tree.root() != log.root or [seq for seq, _ in leaves] != [*range(log.size)]:
            message = (
                f"the {len(served)} rows that it serves give the root {tree.root().hex()}, "
                f"the log has {log.size} rows and {log.root.hex()}"
            )
            verdict.findings.append(Finding(RULE, place, message, remedy=GET_AGAIN))
        verdict.checks.append(f"{len(served)} rows served by {place}: root {tree.root().hex()}")


def require_served_log(folder: Path) -> None:
    """Refuse a release that was just written, and whose rows are not those of its log.

    Raises
    ------
    ClaimlogError
        If the rows in Parquet or in SQLite give another root.
    """
    copy, verdict = ReleaseCopy(folder, folder), Verdict()
    copy.database_is_plain = True  # no stranger wrote it
    check_served_log(copy, verdict)
    if verdict.findings:
        finding = verdict.findings[0]
        raise ClaimlogError(
            f"{finding.path}: {finding.message}; nothing was made. This is a fault of "
            "claimlog: report it"
        )


def _served_leaves(log: Log, rows: RowReader) -> Iterator[tuple[int, bytes]]:
    """Yield position and leaf hash of every row of the log, read from the tables of versions."""
    for name, stream in log.definition.streams.items():
        table = log.definition.tables[f"{stream.entity}_versions"]
        truths = truth_columns(table)
        for row in rows(table, log.height(name) + SPARE_ROWS):
            line = log.line_of(name, with_truths(row, truths), row["batch"])
            yield row["valid_from_seq"], leaf_hash(line)
