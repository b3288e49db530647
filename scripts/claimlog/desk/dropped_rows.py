"""Dropping rows of the open batch that saved work at the desk rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from functools import partial

from claimlog.desk.coding_rows import CODINGS, Added
from claimlog.desk.corrected_text import decisions_of
from claimlog.desk.decisions import DROPPED, Decisions
from claimlog.desk.row_references import CLAIMS
from claimlog.desk.saved_cells import StaleError
from claimlog.desk.work_folder import WorkFolder, has_desk
from claimlog.edit.drop import Drop, drop
from claimlog.edit.open_batch import read_with_open
from claimlog.edit.open_rows import OpenRow
from claimlog.errors import ClaimlogError
from claimlog.package import Package


def _refuse_coded_sources(package: Package, rows: Iterable[OpenRow]) -> None:
    """Refuse to drop the row of a source that is coded at the desk: its number is given anew.

    Raises
    ------
    ClaimlogError
        If somebody has coded one.
    """
    dropped = [row for row in rows if row.stream == "sources" and row.version == 1]
    if not dropped or not has_desk(package):
        return
    work_folder = WorkFolder(package)
    for row in dropped:
        source = str(row.identifier)
        works = work_folder.of_source(source)
        decisions = Decisions(source, work_folder.decisions_path(source))
        decisions.cells.refresh()
        saved = [*works, *([] if decisions.is_empty else [decisions])]
        if saved:
            who = (
                f"{', '.join(work.coder for work in works)} coded it" if works else "it is decided"
            )
            paths = ", ".join(package.relative(one.cells.path) for one in saved)
            raise ClaimlogError(
                f"{source}: {who} at the desk; what is saved is taken back there first, or "
                f"{paths} moved away; nothing was dropped"
            )


def drop_rows(package: Package, names: Sequence[str], with_references: bool) -> Drop:
    """Drop rows of the open batch; decisions whose rows they were are open again.

    Raises
    ------
    ClaimlogError, FindingsError
        As `claimlog.edit.drop.drop` does; or if somebody has coded a source whose row would go.
    """
    refuse, note = (partial(then, package) for then in (_refuse, _note_dropped))
    # who begins to code a text waits: its source may be going
    with WorkFolder(package).works_lock() if has_desk(package) else nullcontext():
        return drop(package, names, with_references, refuse, note)


def _refuse(package: Package, rows: Sequence[OpenRow]) -> None:
    _refuse_coded_sources(package, rows)
    for source in _coded_sources(package, rows):  # what cannot be read says so before rows go
        Decisions(source, WorkFolder(package).decisions_path(source)).cells.refresh()


def _note_dropped(package: Package, rows: Iterable[OpenRow]) -> None:
    """Note with decisions that their rows were dropped: others may add rows like them."""
    sources = _coded_sources(package, rows)
    if not sources:
        return
    added = Added.of(read_with_open(package))
    for source in sources:
        decisions = decisions_of(package, source, added)
        if not decisions.rows_are_gone:
            continue
        try:
            decisions.cells.set_marks({DROPPED: True}, decisions.cells.state)
        except StaleError:
            pass  # they were changed meanwhile, and so are open already
        except ClaimlogError as error:
            path = package.relative(decisions.cells.path)
            raise ClaimlogError(
                f"the rows are dropped, and {path} does not say so ({error}); before others add "
                f"rows of {source}, change a decision on it at the desk"
            ) from error


def _coded_sources(package: Package, rows: Iterable[OpenRow]) -> list[str]:
    """Return the sources that claims or codings among some rows are of, if there is a desk."""
    own = (row for row in rows if row.stream in (CLAIMS, CODINGS))
    sources = sorted({str(row.content.get("source_id")) for row in own})
    return sources if sources and has_desk(package) else []
