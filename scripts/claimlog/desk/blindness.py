"""Who sees what of a coding: nobody sees another's before all who began the text have finished.

Who may ask at an address of the desk stands there (`Route.who` in `web/router`); what shows a
coding to anybody asks here.
"""

from __future__ import annotations

from collections.abc import Iterable

from claimlog.desk.journal import FILE_BYTES
from claimlog.desk.request_error import ABSENT, BLIND, LARGE, UNFINISHED, RequestError
from claimlog.desk.roles import Role
from claimlog.desk.work import Work, WorkSummary
from claimlog.desk.work_folder import WorkFolder

COMPARED_BYTES = 2 * FILE_BYTES
"""Bytes of the files of all codings of a text: two that are as long as may be."""


def all_finished(works: Iterable[WorkSummary]) -> bool:
    """Whether all who began a text have finished it, so that their codings may be compared."""
    return all(work.is_finished for work in works)


def finished_summaries(folder: WorkFolder, source: str) -> list[WorkSummary]:
    """Return how far the works on a source are, all of which are finished.

    Raises
    ------
    RequestError
        If somebody has not finished: nobody sees anything of a coding before that.
    """
    works = folder.summaries(source)
    if not works:
        raise RequestError(ABSENT, f"nobody has coded {source}")
    if not all_finished(works):
        states = [{"coder": work.coder, "state": work.state} for work in works]
        raise RequestError(
            UNFINISHED,
            f"{source} is compared when all who began it have finished",
            coders=states,
        )
    return works


def finished_works(folder: WorkFolder, source: str) -> list[Work]:
    """Return the finished works on a source.

    Raises
    ------
    RequestError
        As `finished_summaries` does; or if they are longer than `COMPARED_BYTES`.
    """
    works = finished_summaries(folder, source)
    if sum(work.weight for work in works) > COMPARED_BYTES:
        longest = max(works, key=lambda work: work.weight).coder
        path = folder.package.relative(folder.work_path(longest, source))
        raise RequestError(
            LARGE,
            f"codings of a text with at most {COMPARED_BYTES >> 20} MiB in all are compared, and "
            f"the {len(works)} of {source} have more; move some away, as the longest, {path}",
        )
    return [folder.work(work.coder, source) for work in works]


def require_own_finished(folder: WorkFolder, role: Role, source: str) -> None:
    """Refuse what a coder sees only of a text that he has coded to its end.

    Raises
    ------
    RequestError
        If he has not.
    """
    if not folder.work(role.name, source).is_finished:
        raise RequestError(BLIND, "this is shown to coders who have finished the text")


def require_deciding(role: Role) -> None:
    """Refuse what a role that codes must not see.

    Raises
    ------
    RequestError
        If the role does not decide.
    """
    if not role.decides:
        raise RequestError(
            BLIND, "this shows what others coded; it is for the role that adjudicates"
        )
