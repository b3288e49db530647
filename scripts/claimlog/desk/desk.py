"""The desk of one package: its log, the work of its coders, and the roles that it is opened for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

from claimlog.desk.coding_rows import CodedRows
from claimlog.desk.desk_log import DeskLog
from claimlog.desk.file_memo import FileMemo
from claimlog.desk.journal import NO_MARKS, MarkChange
from claimlog.desk.latest_values import LatestValues
from claimlog.desk.places import require_same_text
from claimlog.desk.request_error import CLOSED, OUTDATED, RequestError
from claimlog.desk.roles import Role
from claimlog.desk.saved_decisions import Decisions, DecisionSummary
from claimlog.desk.saved_work import SavedWork
from claimlog.desk.upload import Uploads
from claimlog.desk.weighted_cache import WeightedCache
from claimlog.desk.work import BEGUN, Work
from claimlog.desk.work_folder import BEGIN_SECONDS, WorkFolder
from claimlog.edit.clock import MOST_AHEAD, now, refuse_other_day
from claimlog.edit.log_lock import log_lock
from claimlog.errors import ClaimlogError
from claimlog.limits import WORK_BYTES
from claimlog.log.sections import section_of_claims
from claimlog.package import Package
from claimlog.validate import check_section
from claimlog.validate.report import Report

DECISIONS_BYTES = WORK_BYTES
"""Bytes of the files of decisions that are held read."""

COMPUTED_BYTES = 2 * WORK_BYTES
"""Bytes of the codings and decisions of which it is held what was computed from them."""


class Desk:
    """What the pages of the desk work on.

    Parameters
    ----------
    texts
        Directory of texts; those that are registered at the desk are written there.
    today
        The day (UTC), which a clock far ahead of the log's last time must be confirmed by.

    Raises
    ------
    UsageError
        If the clock says another day.

    Attributes
    ----------
    uploads
        Texts that were read and are not confirmed as sources yet, the latest of them.
    """

    def __init__(
        self,
        package: Package,
        texts: Path,
        roles: tuple[Role, ...] = (),
        today: date | None = None,
    ) -> None:
        with log_lock(package):  # which refuses a state that came with a clone
            pass
        refuse_other_day(today)
        self._confirmed_day = today
        self.package = package
        self.log = DeskLog(package, texts)
        self.work_folder = WorkFolder(package, self.log.present_row)
        self.roles = {role.name: role for role in roles}
        self._decisions = WeightedCache[str, Decisions](DECISIONS_BYTES)
        self._decision_summaries = FileMemo[DecisionSummary]()
        self._definition: str | None = None
        """Version of the one by which what is held of the works was read."""
        self.computed = LatestValues()
        self._values_of_sources = WeightedCache[str, LatestValues](COMPUTED_BYTES)
        self.uploads = Uploads()

    @property
    def today(self) -> date | None:
        """The day (UTC) by which the clock was confirmed, as long as it goes on from that day.

        A clock that is far ahead of it is asked about anew.
        """
        if self._confirmed_day is None:
            return None
        day = date.fromisoformat(now()[:10])
        return day if day - self._confirmed_day <= MOST_AHEAD else None

    def look_at_definition(self) -> None:
        """Go on by the definition as it is now; what is saved is read again by another one."""
        self.log.look_at_definition()
        version = self.log.definition_version
        if self._definition != version:
            self.work_folder.forget_read()
            self._decisions.clear()
            self._values_of_sources.clear()
            self._definition = version

    def require_same_definition(self, shown: str | None) -> None:
        """Refuse a change from a page with forms of another definition.

        Parameters
        ----------
        shown
            Version of the one by which the page was made; None of who takes whatever is there.

        Raises
        ------
        RequestError
            If it is another one by now.
        """
        if shown not in (None, self.log.definition_version):
            raise RequestError(
                OUTDATED,
                "the codebook or a schema was changed since this page was opened; reload it",
            )

    def decisions(self, source: str) -> Decisions:
        """Return what is decided of a source, as it is now; nothing is written.

        Raises
        ------
        UnpreparedError
            If much of it is not read yet, and a prompt answer is made.
        """
        return self._read_decisions(source).as_of(self.coded_rows)

    def _read_decisions(self, source: str) -> Decisions:
        path = self.work_folder.decisions_path(source)
        decisions = self._decisions.use(
            source, lambda known: known or Decisions(source, path, self.log.present_row)
        )
        decisions.refresh()
        return decisions

    def decision_summary(self, source: str) -> DecisionSummary:
        """Return how far the decisions on a source are; they are read if they were changed."""
        found = self._decision_summaries.get(*self._summarizing(source))
        return found or DecisionSummary(source, False, {})

    def require_decision_summaries(self, sources: Iterable[str]) -> None:
        """Have decisions read for `decision_summary`; raises as `FileMemo.require`."""
        self._decision_summaries.require(dict(map(self._summarizing, sources)))

    def _summarizing(self, source: str) -> tuple[Path, Callable[[], DecisionSummary]]:
        """Return the file of the decisions on a source, and what summarizes it."""
        path = self.work_folder.decisions_path(source)
        return path, lambda: self._read_decisions(source).summary()

    def coded_rows(self) -> CodedRows:
        version, whole = self.log.version, self.log.whole
        return self.computed.get("coded rows", version, lambda: CodedRows.of(whole))

    def latest_values_of(self, source: str, saved: Collection[SavedWork]) -> LatestValues:
        """Return what was computed of what is saved of a source.

        Parameters
        ----------
        saved
            Works and decisions that it is computed from.
        """

        def with_saved(known: LatestValues | None) -> LatestValues:
            values = known or LatestValues()
            values.saved = saved
            return values

        return self._values_of_sources.use(source, with_saved)

    def require_undecided(self, source: str) -> None:
        """Refuse another coder of a text of which decisions were made: these would not hold.

        Raises
        ------
        RequestError
            If there are any.
        """
        decisions = self.decisions(source)
        is_decided = any(one.get("take") for one in decisions.verdicts().values())
        if is_decided and not self.work_folder.summaries(source):
            path = self.package.relative(decisions.journal.path)
            raise RequestError(
                CLOSED,
                f"{source} was decided by codings that are not here any more; put them back, or "
                f"move {path} away",
            )
        if is_decided or decisions.is_committed or decisions.is_committing:
            raise RequestError(CLOSED, f"{source} is decided already, by what others coded")

    def warm_up(self) -> None:
        """Read the log and load what checks drafts, so that nobody waits for it later."""
        with suppress(ClaimlogError):
            whole = self.log.whole
            for stream in whole.definition.streams:
                self.log.entries(stream)
            check_section(section_of_claims(whole, whole.live("claims").head(1)), Report(whole))

    @contextmanager
    def beginning(self, work: Work, text_sha256: str | None = None) -> Iterator[MarkChange]:
        """Yield what is noted with the first change of a work, its text and codebook.

        The change is made within: no commit begins meanwhile that knows nothing of this work. What
        was taken back altogether is forgotten if the source has another text since.

        Parameters
        ----------
        text_sha256
            Of the text in which the passages of the change were found, if it has any.

        Raises
        ------
        RequestError
            If the text is not at hand, is another one meanwhile, or is being decided without this
            work.
        """
        if not work.is_empty:
            yield NO_MARKS
            return
        with self.work_folder.works_lock(BEGIN_SECONDS):
            now = self._require_open_text(work.source, text_sha256)
            if work.begun_on not in (None, now):
                self.work_folder.forget(work)
            yield NO_MARKS if work.is_begun else self._first_marks(work)

    @contextmanager
    def beginning_anew(self, work: Work, text_sha256: str) -> Iterator[MarkChange]:
        """Yield what is noted with a work that is made elsewhere and saved here in one change.

        What was taken back altogether is forgotten. Raises as `beginning` does, and if anything of
        it is there.
        """
        with self.work_folder.works_lock():
            work.journal.refresh()
            if not work.is_empty:
                raise RequestError(
                    CLOSED, f"{work.coder} has coded {work.source} already; it stays as it is"
                )
            self._require_open_text(work.source, text_sha256)
            self.work_folder.forget(work)
            yield self._first_marks(work)

    def _require_open_text(self, source: str, text_sha256: str | None) -> str:
        """Return the SHA-256 of a text that nobody decided, and that is still the one meant."""
        self.require_undecided(source)
        now = str(self.log.source(source)["text_sha256"])
        if text_sha256 is not None:
            require_same_text(text_sha256, now)
        return now

    def _first_marks(self, work: Work) -> MarkChange:
        row = self.log.source(work.source)
        self.log.require_places(work.source)
        about = {
            "coder": work.coder,
            "source_id": work.source,
            "text_sha256": row["text_sha256"],
            "codebook": self.log.definition.codebook.version,
        }
        return MarkChange({BEGUN: about})
