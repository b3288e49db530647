"""Drafts of a text that is corrected: they are neither shifted nor left to another."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from claimlog.desk.coding_rows import CodedRows
from claimlog.desk.request_error import CLOSED, RequestError
from claimlog.desk.saved_decisions import Decisions
from claimlog.desk.work import Work
from claimlog.desk.work_folder import WorkFolder, has_desk, saved_file
from claimlog.edit.open_batch import read_with_open
from claimlog.edit.row_inputs import row_inputs
from claimlog.errors import ClaimlogError
from claimlog.package import Package
from claimlog.package_state import DESK
from claimlog.schema.table_schema import Table


def require_text_of_work(
    package: Package, work: Work, sources: Mapping[str, Mapping[str, Any]]
) -> None:
    """Refuse a work of passages of another text than its source has now.

    Parameters
    ----------
    sources
        All sources, by identifier, as they are now.

    Raises
    ------
    RequestError
        If it was.
    """
    begun_on = work.begun_on
    if work.is_empty or begun_on in (None, sources[work.source]["text_sha256"]):
        return
    path = package.relative(work.journal.path)
    for name, row in sources.items():
        is_free = not work.journal.path.with_name(saved_file(name)).exists()
        if row["text_sha256"] == begun_on and is_free:
            raise RequestError(
                CLOSED,
                f"{work.source} has another text since {work.coder} coded it: that text is of "
                f"{name} now; rename {path} to {saved_file(name)}, and whatever else is called "
                f"{saved_file(work.source)} below {package.relative(package.state)}/{DESK} alike",
            )
    if _is_committed(package, work.source):
        raise RequestError(
            CLOSED,
            f"{work.source} has another text since it was coded and committed, and its claims were "
            "carried over to it; to code the new text, begin a new pass: claimlog desk new-pass "
            f"{shlex.quote(work.source)}",
        )
    raise RequestError(
        CLOSED,
        f"{work.source} has another text since {work.coder} coded it ({path}), so that no "
        f"marked passage fits any more; give the source its text back, or move {path} away and "
        "code it anew",
    )


@contextmanager
def without_drafts(package: Package, sources: Collection[str], outcome: str) -> Iterator[None]:
    """Let sources get another text that nobody codes at the desk; who would begin meanwhile waits.

    What is committed does not stand in the way: its codings are in the log and are carried over.

    Parameters
    ----------
    outcome
        What an error says of the log.

    Raises
    ------
    ClaimlogError
        If somebody has drafts of it that are not committed.
    """
    if not sources or not has_desk(package):
        yield
        return
    work_folder = WorkFolder(package)
    with work_folder.works_lock():
        for source in sources:
            refuse_drafts(work_folder, source, outcome)
        yield


def with_new_text(table: Table, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the sources to which rows that amend give another text."""
    columns = ("text_sha256", *row_inputs(table))
    return [
        str(row["source_id"])
        for row in rows
        if table.name == "sources" and any(row.get(column) for column in columns)
    ]


def refuse_drafts(work_folder: WorkFolder, source: str, outcome: str) -> None:
    """Refuse another text for a source while there are drafts of it that are not committed.

    The caller holds the lock of works.

    Raises
    ------
    ClaimlogError
        If there are.
    """
    coders = [work.coder for work in work_folder.summaries(source)]
    if coders and not _is_committed(work_folder.package, source):
        raise ClaimlogError(
            f"{source}: {', '.join(coders)} coded it at the desk, and their drafts are of the text "
            f"as it is; commit them there first, or take them back; {outcome}"
        )


def _is_committed(package: Package, source: str) -> bool:
    """Whether the codings of a source are committed, and in the log or the open batch still."""
    decisions = Decisions.read(WorkFolder(package), source)
    return decisions.as_of(lambda: CodedRows.of(read_with_open(package))).is_committed
