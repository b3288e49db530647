"""Check that the tables of a release are what folding its log gives, in Parquet and in SQLite.

The log is folded again, piece by piece, and each piece compared with the rows of both files and
with the bytes of Parquet. No table is held in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import polars as pl

from claimlog.compile import compile_tables
from claimlog.errors import ClaimlogError, Finding, is_of_the_machine
from claimlog.export.content_hash import SLICE_ROWS, Content, Row, frame_rows, line_hash
from claimlog.fold import FOLD_VERSION, FOLD_VERSION_UNNAMED, cutoff
from claimlog.log.canonical import encode
from claimlog.log.event_log import Log
from claimlog.log.merkle import CompactRange
from claimlog.package import RELEASE
from claimlog.release.delta import rows_between, version_table
from claimlog.release.parquet_footers import footer_flaws
from claimlog.release.parquet_rewriting import ParquetRewriting, readable_schema, type_flaws
from claimlog.release.release_copy import ReleaseCopy
from claimlog.release.release_verdict import Verdict
from claimlog.release.served_row_comparison import MAX_LISTED, RULE, RowComparison
from claimlog.release.served_rows import SPARE_ROWS, parquet_path, row_readers
from claimlog.release.walk_release import GET_AGAIN
from claimlog.schema.table_schema import Table

PARQUET = "release-parquet"


def check_tables(copy: ReleaseCopy, verdict: Verdict) -> None:
    """Compare the tables in Parquet and SQLite with those that the log folds to.

    Another version of the fold may rightly give other tables: then Parquet and SQLite are only
    compared with each other and with ``release.json``. Where nobody vouches for them, the verdict
    is on the log alone.
    """
    version = copy.summary.get("fold_version", FOLD_VERSION_UNNAMED)
    is_known = type(version) is int and 1 <= version <= FOLD_VERSION
    folded = f"version {str(version)[:20]} of the fold, this is {FOLD_VERSION}"
    if not is_known and not verdict.vouchers:
        remedy = "verify it with a newer claimlog, or in a checkout whose releases/ you trust"
        message = f"was folded by {folded}"
        verdict.findings.append(Finding("release-fold", RELEASE, message, remedy=remedy))
    elif version != FOLD_VERSION:
        if verdict.vouchers:
            what = "the tables"
            remedy = f"checked by: claimlog release --rebuild {verdict.version} --exact"
        else:
            verdict.derived_tables_checked = False
            what = f"the derived tables ({', '.join(_derived_tables(copy.readable_log()))})"
            remedy = "verify it with a claimlog of that fold, or where somebody vouches for it"
        verdict.omissions.append(f"{what} against the log: they were folded by {folded}; {remedy}")
    log = copy.readable_log()
    tables = log.definition.tables
    if is_known and version == FOLD_VERSION:
        _check_against_log(copy, tables, compile_tables(log, cutoff(log, None)), verdict)
        return
    derived = tables
    if not verdict.vouchers:
        derived = {name: tables[name] for name in _derived_tables(log)}
        versions = {name: table for name, table in tables.items() if name not in derived}
        _check_against_log(copy, versions, _version_frames(log), verdict)
    _check_among_themselves(copy, derived, verdict)


def _derived_tables(log: Log) -> list[str]:
    """Return the names of the tables that do not hold the rows of the log themselves."""
    of_log = {version_table(log, stream).name for stream in log.definition.streams}
    return sorted({*log.definition.tables} - of_log)


def _version_frames(log: Log) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the tables of versions, a piece at a time: they are the same in every fold."""
    for stream in log.definition.streams:
        for frame in rows_between(log, stream, 0, log.size):
            yield version_table(log, stream).name, frame


class _TableComparison:
    """Compares one table of a release with the same one folded anew, piece by piece."""

    def __init__(self, copy: ReleaseCopy, table: Table, bytewise: bool) -> None:
        self.table = table
        self.tree = CompactRange()
        self.files = [
            RowComparison(table, display_path, served)
            for display_path, served in _served_tables(copy, table)
        ]
        path = parquet_path(copy, table)
        self.parquet = (
            ParquetRewriting(path, table, copy.has_code_bounds)
            if bytewise and path.is_file()
            else None
        )

    def add(self, frame: pl.DataFrame) -> None:
        """Compare the next rows of the table."""
        for piece in frame.iter_slices(SLICE_ROWS):
            lines = [(row, encode(row)) for row in frame_rows(piece, self.table)]
            self.tree.extend([line_hash(line) for _, line in lines])
            for file in self.files:
                file.add(lines)
        if self.parquet is not None:
            self.parquet.add(frame)


def _check_against_log(
    copy: ReleaseCopy,
    tables: Mapping[str, Table],
    frames: Iterable[tuple[str, pl.DataFrame]],
    verdict: Verdict,
) -> None:
    """Compare Parquet and SQLite with tables as the log gives them.

    Where somebody vouches for the release, its Parquet files are those that were published, and are
    not written anew.

    Parameters
    ----------
    frames
        Pieces of these tables in order, each with the table's name.
    """
    comparisons: dict[str, _TableComparison] = {}
    for name, frame in frames:
        if name not in comparisons:
            bytewise = not verdict.vouchers
            comparisons[name] = _TableComparison(copy, tables[name], bytewise)
        comparisons[name].add(frame)
    for name in sorted({*tables} - {*comparisons}):
        message = "is a table of the definition that nothing folds"
        verdict.findings.append(Finding(RULE, name, message, remedy=GET_AGAIN))
    compared = 0
    for name, comparison in comparisons.items():
        for file in comparison.files:
            file.finish()
            verdict.findings += file.findings
            compared += file.rows
        content = Content(comparison.tree.size, comparison.tree.root().hex())
        _agree_with_summary(copy, name, content, verdict)
    verdict.checks.append(f"{compared} rows of {len(tables)} tables, folded anew")
    if not verdict.vouchers:
        _report_rewriting([*comparisons.values()], verdict)


def _report_rewriting(comparisons: Sequence[_TableComparison], verdict: Verdict) -> None:
    """Report which Parquet files are, to the byte, what their tables give."""
    partly, same = [], 0
    for comparison in comparisons:
        if comparison.parquet is None:
            continue
        display_path = f"parquet/{comparison.table.name}.parquet"
        flaws, is_complete = comparison.parquet.flaws(comparison.tree.root().hex())
        verdict.findings += [Finding(PARQUET, display_path, it, remedy=GET_AGAIN) for it in flaws]
        same += is_complete
        partly += [] if is_complete else [display_path]
    verdict.checks.append(f"{same} Parquet files, byte for byte as their tables are written anew")
    if partly:
        verdict.omissions.append(
            f"the pages of {len(partly)} Parquet files, {partly[0]} first, and their indexes: "
            "another version of the library wrote them; checked are their rows as two libraries "
            "read them, columns, places and statistics"
        )


def _check_among_themselves(
    copy: ReleaseCopy, tables: Mapping[str, Table], verdict: Verdict
) -> None:
    """Compare Parquet and SQLite with each other by the hashes in ``release.json``."""
    compared = 0
    for table in tables.values():
        for display_path, rows in _served_tables(copy, table):
            try:
                content = Content.of_rows(rows)
            except ClaimlogError as error:
                if is_of_the_machine(error):
                    raise
                verdict.findings.append(Finding(RULE, display_path, str(error), remedy=GET_AGAIN))
            else:
                _agree_with_summary(copy, table.name, content, verdict)
                compared += content.rows
    verdict.checks.append(f"{compared} rows of {len(tables)} tables, against each other")
    if not verdict.vouchers:
        _check_footers(copy, tables, verdict)


def _check_footers(copy: ReleaseCopy, tables: Mapping[str, Table], verdict: Verdict) -> None:
    """Compare types and footers of Parquet files with tables and the rows that Arrow reads."""
    for table in tables.values():
        path = parquet_path(copy, table)
        flaws = type_flaws(readable_schema(path), table) or footer_flaws(
            path, table, copy.has_code_bounds
        )
        display_path = f"parquet/{table.name}.parquet"
        verdict.findings += [
            Finding(PARQUET, display_path, flaw, remedy=GET_AGAIN)
            for flaw in islice(flaws, MAX_LISTED)
        ]
    verdict.omissions.append(
        f"the pages of {len(tables)} Parquet files against their tables, folded anew"
    )


def _served_tables(copy: ReleaseCopy, table: Table) -> Iterator[tuple[str, Iterator[Row]]]:
    """Yield the rows of a table as each file serves it, with the file's name.

    At most the number of rows that ``release.json`` states, and `SPARE_ROWS`, are read.
    """
    stated = copy.summary["tables"].get(table.name, {}).get("rows", 0)
    path = parquet_path(copy, table)
    # a row takes a byte at least
    most = min(int(stated), path.stat().st_size if path.is_file() else 0) + SPARE_ROWS
    for place, rows in row_readers(copy).items():
        display_path = f"{place}{table.name}.parquet" if place.endswith("/") else place
        yield display_path, rows(table, most)


def _agree_with_summary(copy: ReleaseCopy, name: str, content: Content, verdict: Verdict) -> None:
    copy.contents[name] = content
    if copy.summary["tables"].get(name, {}).get("hash") != content.root:
        message = f"the logical hash of {name} is not the one that its rows have"
        verdict.findings.append(Finding(RULE, RELEASE, message, remedy=GET_AGAIN))
