"""The directory of the desk's saved works and decisions, and setting some of them aside."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path

from claimlog.desk.file_memo import FileMemo
from claimlog.desk.journal import Journal
from claimlog.desk.request_error import BUSY, RequestError
from claimlog.desk.roles import NAME, named_role
from claimlog.desk.saved_work import PresentRow, as_saved
from claimlog.desk.weighted_cache import WeightedCache
from claimlog.desk.work import Work, WorkSummary
from claimlog.errors import ClaimlogError
from claimlog.file_names import file_segment
from claimlog.limits import WORK_BYTES
from claimlog.package import Package
from claimlog.package_state import (
    DESK,
    REMEDY,
    acquire_lock,
    open_lock,
    require_own_state,
    state_folder,
)

ENDING = ".ndjson"
BEGIN_SECONDS = 0.2
"""Seconds that who begins to code or to decide waits, and others of the desk behind it; a page asks
again by itself."""

HELD_BYTES = 3 * WORK_BYTES
"""Bytes of the files of works that are held read: two long codings that are compared, and one that
somebody goes on with."""

WORKS, DECIDED = "works", "decisions"
SET_ASIDE_DECISIONS = f"_decisions{ENDING}"
"""Where decisions lie among works that were set aside: no coder can be called so."""


def saved_file(source: str) -> str:
    """Return the name of the file that holds what a role has saved of a source."""
    return f"{file_segment(source)}{ENDING}"


def has_desk(package: Package) -> bool:
    """Whether anything was ever saved at the desk of a package."""
    return (require_own_state(package) / DESK).is_dir()


class WorkFolder:
    """Journals of coders and of who decides, one a role and source, in the state directory.

    Parameters
    ----------
    present_row
        Brings a saved row to the present definition, for who reads rows.
    """

    def __init__(self, package: Package, present_row: PresentRow = as_saved) -> None:
        self.package = package
        self.present_row = present_row
        self._works = WeightedCache[tuple[str, str], Work](HELD_BYTES)
        self._summaries = FileMemo[WorkSummary]()
        self._unlinked: Journal | None = None
        self._folders: dict[tuple[str, ...], list[Path]] = {}
        """Each directory that was found to be one, with those that it lies in."""

    def folder(self, *below: str) -> Path:
        """Return a directory of the desk that only its user can read; it is made if need be.

        Raises
        ------
        ClaimlogError
            If it is a link, or cannot be written.
        """
        known = self._folders.get(below)
        if known is not None and all(map(_is_directory, known)):
            return known[-1]
        path = state_folder(self.package, DESK)
        made = [path.parent]
        for name in ("", *below):
            path = path / name if name else path
            shown = self.package.relative(path)
            try:
                path.mkdir(mode=0o700, exist_ok=True)
            except OSError as error:
                raise ClaimlogError(f"{shown}: cannot be used ({error.strerror})") from error
            if not _is_directory(path):
                raise ClaimlogError(f"{shown}: is no directory; {REMEDY}")
            made.append(path)
        path.chmod(0o700)
        self._folders[below] = made
        return path

    def work(self, coder: str, source: str) -> Work:
        """Return the work of a coder on a source, as it is now; nothing is written.

        Raises
        ------
        UsageError
            If the coder's is no name of a role.
        UnpreparedError
            If much of it is not read yet, and a prompt answer is made.
        """
        path = self.work_path(coder, source)
        work = self._works.use(
            (coder, source), lambda known: known or Work(coder, source, path, self.present_row)
        )
        work.refresh()
        return work

    def work_path(self, coder: str, source: str) -> Path:
        """Return where the work of a coder on a source is saved."""
        return self.folder(WORKS, named_role(coder).name) / saved_file(source)

    def forget_read(self) -> None:
        """Have works read again: what they hold is brought to the definition."""
        self._works.clear()

    def decisions_path(self, source: str) -> Path:
        """Return where the decisions on a source are saved."""
        return self.folder(DECIDED) / saved_file(source)

    def summaries(self, source: str) -> list[WorkSummary]:
        """Return how far the works on a source are that hold anything, by the names of the coders.

        Only those that were changed are read.

        Raises
        ------
        UnpreparedError
            As `work` does.
        ClaimlogError
            If one cannot be read.
        """
        found = (self._summaries.get(*self._summarizing(coder, source)) for coder in self.coders())
        return [one for one in found if one is not None and one.state is not None]

    def require_summaries(self, sources: Iterable[str]) -> None:
        """Have the works on many sources read for `summaries`; raises as `FileMemo.require`."""
        coders = self.coders()
        self._summaries.require(
            dict(self._summarizing(coder, source) for source in sources for coder in coders)
        )

    def _summarizing(self, coder: str, source: str) -> tuple[Path, Callable[[], WorkSummary]]:
        """Return the file of a work, and what summarizes it."""
        return self.work_path(coder, source), lambda: self.work(coder, source).summary()

    def coders(self) -> list[str]:
        """Return the coders who began a work, by name."""
        folder = self.folder(WORKS)
        return sorted(
            path.name
            for path in folder.iterdir()
            if NAME.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
        )

    def expected_commitments(self) -> Journal:
        """Return the commitments of other machines' coders, by ``SOURCE/CODER``, as they are now.

        They are to the codings of a pass, and go with it.
        """
        journal = Journal(self.folder() / f"expected{ENDING}")
        journal.refresh()
        return journal

    def unlinked_pairs(self) -> Journal:
        """Return the pairs of claims that are not linked, by both identifiers, as they are now.

        They are about claims of the log, and stay when a text is coded anew.
        """
        if self._unlinked is None:
            path = self.folder() / f"unlinked{ENDING}"
            self._unlinked = Journal(path, is_unlinked)
        self._unlinked.refresh()
        return self._unlinked

    @contextmanager
    def works_lock(self, seconds: float = inf) -> Iterator[None]:
        """Hold the lock under which a work begins and a commit does, so that it knows all works.

        A text is corrected, and the row of a source dropped, under it too.

        Raises
        ------
        RequestError
            If another holds it for so long.
        ClaimlogError
            If it cannot be written, or is no file of ours.
        """
        self.folder(DECIDED)  # where no coder's name is that of a file
        with open_lock(self.package, DESK, DECIDED) as file:  # which gives the lock back
            if not acquire_lock(file, seconds):
                raise RequestError(
                    BUSY, "rows of coded texts are being changed by a command; try again after it"
                )
            yield

    def forget(self, work: Work) -> None:
        """Remove the file of an empty work, if any, with what was taken back.

        Raises
        ------
        ClaimlogError
            If it cannot be removed.
        """
        try:
            work.journal.path.unlink(missing_ok=True)
        except OSError as error:
            shown = self.package.relative(work.journal.path)
            raise ClaimlogError(f"{shown}: cannot be removed ({error.strerror})") from error
        work.journal.refresh()

    def set_aside(self, source: str) -> Path:
        """Move the works and decisions on a source away, so that it can be coded anew.

        What was expected of other machines is forgotten first, then the works go: decisions without
        them are as committed as before, and a second call goes on with what is left.

        Raises
        ------
        ClaimlogError
            If they cannot be moved.
        """
        expected = self.expected_commitments()
        expected.change(
            {f"{source}/{coder}": None for coder, _ in expected.items(f"{source}/")}, {}
        )
        paths = [
            (self.work_path(coder, source), f"{coder}{ENDING}")
            for coder in self.coders()
            if self.work(coder, source).is_begun
        ]
        decisions = self.decisions_path(source)
        if decisions.exists():
            paths.append((decisions, SET_ASIDE_DECISIONS))
        done = self.folder("done")
        name = file_segment(source)
        numbers = (path.name.removeprefix(f"{name}.") for path in done.iterdir())
        number = 1 + max((int(number) for number in numbers if number.isdecimal()), default=0)
        target = self.folder("done", f"{name}.{number}")
        try:
            for path, file in paths:
                path.rename(target / file)
        except OSError as error:
            raise ClaimlogError(f"{target.name}: cannot be written ({error.strerror})") from error
        return target


def _is_directory(path: Path) -> bool:
    """Whether a path is a directory and no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def is_unlinked(_key: str, value: object) -> bool:
    """Whether a pair of claims can have been noted so; earlier versions noted an object."""
    return value is True or isinstance(value, dict)
