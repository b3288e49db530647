"""Dropping rows of the open batch that saved work at the desk rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from claimlog.desk.coding_rows import CODINGS, CodedRows
from claimlog.desk.corrected_text import refuse_drafts
from claimlog.desk.journal import StaleError
from claimlog.desk.row_references import CLAIMS
from claimlog.desk.saved_decisions import DROPPED, Decisions
from claimlog.desk.work_folder import WorkFolder, has_desk
from claimlog.edit.drop import NOTHING, Drop, drop
from claimlog.edit.open_batch import read_with_open
from claimlog.edit.open_rows import OpenRow
from claimlog.errors import ClaimlogError
from claimlog.package import Package


def drop_rows(
    package: Package,
    names: Sequence[str],
    with_references: bool,
    refuse: Callable[[Sequence[OpenRow]], None] = lambda _: None,
) -> Drop:
    """Drop rows of the open batch; decisions whose rows they were are open again.

    Parameters
    ----------
    refuse
        As for `claimlog.edit.drop.drop`.

    Raises
    ------
    ClaimlogError, FindingsError
        As `claimlog.edit.drop.drop` does; or if somebody has coded a source whose row would go.
    """
    if not has_desk(package):
        return drop(package, names, with_references, refuse)
    work_folder = WorkFolder(package)

    def refuse_all(rows: Sequence[OpenRow]) -> None:
        refuse(rows)
        _refuse(work_folder, rows)

    note = partial(_note_dropped, work_folder)
    with work_folder.works_lock():  # who begins to code a text waits: its source may be going
        return drop(package, names, with_references, refuse_all, note)


def _refuse(work_folder: WorkFolder, rows: Sequence[OpenRow]) -> None:
    """Refuse to drop the row of a source that is coded at the desk: its number is given anew.

    What was saved and cannot be read says so before rows go that it rests on.
    """
    for row in rows:
        if row.stream == "sources" and row.version == 1:
            _refuse_coded_source(work_folder, str(row.identifier))
    for source in _sources_of_other_texts(work_folder.package, rows):
        refuse_drafts(work_folder, source, NOTHING)
    for source in _coded_sources(rows):
        Decisions.read(work_folder, source)


def _sources_of_other_texts(package: Package, rows: Sequence[OpenRow]) -> list[str]:
    """Return the sources that get back an earlier text where rows of theirs go."""
    corrections = {
        str(row.identifier): row.content.get("text_sha256")
        for row in sorted(rows, key=lambda row: row.version)
        if row.stream == "sources" and row.version > 1
    }
    if not corrections:
        return []
    gone = {(row.identifier, row.version) for row in rows if row.stream == "sources"}
    before: dict[str, str | None] = {}
    columns = read_with_open(package).rows("sources").select("source_id", "version", "text_sha256")
    for source, version, text in columns.sort("version").iter_rows():
        if (source, version) not in gone:
            before[source] = text
    return [name for name, text in corrections.items() if before.get(name) != text]


def _refuse_coded_source(work_folder: WorkFolder, source: str) -> None:
    coders = [work.coder for work in work_folder.summaries(source)]
    saved = [work_folder.work_path(coder, source) for coder in coders]
    decisions = Decisions.read(work_folder, source)
    if not decisions.is_empty:
        saved.append(decisions.journal.path)
    if saved:
        who = f"{', '.join(coders)} coded it" if coders else "it is decided"
        paths = ", ".join(map(work_folder.package.relative, saved))
        raise ClaimlogError(
            f"{source}: {who} at the desk; what is saved is taken back there first, or "
            f"{paths} moved away; nothing was dropped"
        )


def _note_dropped(work_folder: WorkFolder, rows: Sequence[OpenRow]) -> None:
    """Note with decisions that their rows were dropped: others may add rows like them."""
    sources = _coded_sources(rows)
    if not sources:
        return
    package = work_folder.package
    left = CodedRows.of(read_with_open(package))
    for source in sources:
        decisions = Decisions.read(work_folder, source).as_of(lambda: left)
        if not decisions.rows_are_gone:
            continue
        try:
            decisions.journal.set_marks({DROPPED: True}, decisions.journal.state)
        except StaleError:
            pass  # they were changed meanwhile, and so are open already
        except ClaimlogError as error:
            path = package.relative(decisions.journal.path)
            raise ClaimlogError(
                f"the rows are dropped, and {path} does not say so ({error}); before others add "
                f"rows of {source}, change a decision on it at the desk"
            ) from error


def _coded_sources(rows: Sequence[OpenRow]) -> list[str]:
    """Return the sources that claims or codings among some rows are of."""
    own = (row for row in rows if row.stream in (CLAIMS, CODINGS))
    return sorted({str(row.content.get("source_id")) for row in own})
