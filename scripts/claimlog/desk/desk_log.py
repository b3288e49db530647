"""The log as the desk reads it: kept in memory, and read anew when its files are others."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from claimlog.desk.carried_values import PresentRows
from claimlog.desk.journal import state_digest
from claimlog.desk.places import Places
from claimlog.desk.quick_answers import require_time
from claimlog.desk.request_error import ABSENT, RequestError
from claimlog.desk.weighted_cache import WeightedCache
from claimlog.edit.open_batch import open_folder, with_open
from claimlog.errors import ClaimlogError
from claimlog.limits import DEFINITION_FILES, DESK_WORDS
from claimlog.log.canonical import encode
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.package import DESCRIPTOR, Package
from claimlog.schema.definition import Definition
from claimlog.sources.text import Text, Texts
from claimlog.start.definition_texts import definition_files
from claimlog.untrusted_files import files_below

Row = dict[str, Any]
T = TypeVar("T")
PROMPT_CHARACTERS = 200_000
"""Characters of a text that is indexed in less than some tenths of a second."""

MOST_WEIGHT = 6 * DESK_WORDS
"""Words, and runs of words, of the texts that are held indexed: each takes some 200 bytes."""

OF_NO_FORM = re.compile(r"schemas/(?:past/|queries/|(?:site\.json|deprecations\.csv)\Z)")
"""Files of a definition from which neither a form follows nor anything that the desk computes: a
page goes on whatever becomes of them."""

Signature = tuple[tuple[str, int, int, int], ...]


class DeskLog:
    """A package's log with and without the open batch, its registers, and its texts."""

    def __init__(self, package: Package, texts: Path) -> None:
        self.package = package
        self.texts_folder = texts
        self._lock = threading.RLock()
        self._texts_lock = threading.Lock()
        """Reading texts takes seconds: who only asks for rows meanwhile does not wait."""
        self._schemas = _signature_below(package.schemas)
        self._sealed: tuple[Signature, tuple[Log, str]] | None = None
        self._open: tuple[Signature, Log] | None = None
        self._texts: tuple[Signature, Texts] | None = None
        self._registers: dict[str, dict[str, Row]] = {}
        self._present_rows: dict[str, PresentRows] = {}
        self._places = WeightedCache[str, Places](MOST_WEIGHT)
        self._of_thread = threading.local()

    def look_at_definition(self) -> None:
        """Have the definition read anew if its files are others: once a request, they are many."""
        self._schemas = _signature_below(self.package.schemas)

    @contextmanager
    def looked_at_once(self) -> Iterator[None]:
        """Let this thread take the files for what they are when it first looks at them.

        So an answer about each of many sources does not look at all files for each.
        """
        self._of_thread.seen = {}
        try:
            yield
        finally:
            del self._of_thread.seen

    def _look(self, what: str, look: Callable[[], T]) -> T:
        seen: dict[str, Any] | None = getattr(self._of_thread, "seen", None)
        if seen is None:
            return look()
        if what not in seen:
            seen[what] = look()
        found: T = seen[what]
        return found

    @property
    def sealed_log(self) -> Log:
        """The log without the open batch."""
        return self._look("sealed", self._look_at_sealed_log)[0]

    @property
    def definition_version(self) -> str:
        """What is another one once anything may be coded by another codebook, or in other forms."""
        return self._look("sealed", self._look_at_sealed_log)[1]

    @property
    def whole(self) -> Log:
        """The log with the open batch."""
        return self._look("whole", self._look_at_whole)

    @property
    def version(self) -> tuple[object, ...]:
        """What is another one once anything that is computed from rows may be."""
        whole = self.whole
        return whole.size, whole.root, (*whole.findings,), self.definition_version

    @property
    def texts(self) -> Texts:
        """The directory of texts."""
        return self._look("texts", self._look_at_texts)

    def _look_at_sealed_log(self) -> tuple[Log, str]:
        with self._lock:
            # what is sealed never changes, so that the directory alone says what is new
            events = _signature((self.package.events, self.package.root / DESCRIPTOR))
            signature = (*events, *self._schemas)
            if self._sealed is None or self._sealed[0] != signature:
                self._sealed = (signature, self._read())
                self._open = None
                self._present_rows = {}
            return self._sealed[1]

    def _read(self) -> tuple[Log, str]:
        """Return the sealed log, and the version of the definition by which it was read."""
        while True:
            package = Package(self.package.root)
            files = definition_files(package)
            log = read(package)
            if definition_files(package) == files:  # else they were written meanwhile
                digests = {
                    name: sha256(data).hexdigest()
                    for name, data in files.items()
                    if not OF_NO_FORM.match(name)
                }
                return log, state_digest(digests)

    def _look_at_whole(self) -> Log:
        with self._lock:
            if not self._is_latest(self.sealed_log):
                # what was open when this thread looked is sealed by now, and would be missing
                self._of_thread.seen["sealed"] = self._look_at_sealed_log()
            sealed = self.sealed_log
            folder = open_folder(self.package)
            signature = _signature(folder.iterdir() if folder.is_dir() else ())
            if self._open is None or self._open[0] != signature:
                self._open = (signature, with_open(sealed))
                self._registers = {}
            return self._open[1]

    def _is_latest(self, sealed: Log) -> bool:
        """Whether no other thread has seen another sealed log since this one looked."""
        return self._sealed is not None and self._sealed[1][0] is sealed

    @property
    def definition(self) -> Definition:
        return self.sealed_log.definition

    def _look_at_texts(self) -> Texts:
        with self._texts_lock:
            signature = _signature(self.texts_folder.rglob("*"))
            if self._texts is None or self._texts[0] != signature:
                self._texts = (signature, Texts(self.texts_folder))
            return self._texts[1]

    def entries(self, stream: str) -> Mapping[str, Row]:
        """Return the live rows of a stream by identifier, those of the open batch included."""
        with self._lock:
            log = self.whole
            is_latest = self._open is not None and self._open[1] is log
            own = dict[str, dict[str, Row]]
            registers = self._registers if is_latest else self._look("registers", own)
            if stream not in registers:
                table = log.definition.streams[stream]
                rows = log.live(stream).select(table.names).to_dicts()
                registers[stream] = {row[table.id]: row for row in rows}
            return registers[stream]

    def present_rows(self, stream: str) -> PresentRows:
        """Return what brings saved rows of a stream to the present definition.

        Raises
        ------
        ClaimlogError
            If there is no such stream.
        """
        with self._lock:
            definition = self.definition
            if stream not in definition.streams:
                name = f"{stream[:80]}"
                raise ClaimlogError(
                    f'an entry that was made for this text is of "{name}", which is no register of '
                    f"the package; put schemas/{name}.json back, or this file as it was"
                )
            is_latest = self._is_latest(self.sealed_log)
            own = dict[str, PresentRows]
            held = self._present_rows if is_latest else self._look("present rows", own)
            if stream not in held:
                held[stream] = PresentRows(definition, stream)
            return held[stream]

    def present_row(self, stream: str, row: Row) -> Row:
        """Return a saved row as the present definition has it; raises as `present_rows` does."""
        return self.present_rows(stream).of(row)

    def source(self, identifier: str) -> Row:
        """Return the row of a source.

        Raises
        ------
        RequestError
            If there is none of that identifier.
        """
        row = self.entries("sources").get(identifier)
        if row is None:
            raise RequestError(ABSENT, f"there is no source {identifier[:80]}")
        return row

    def text(self, identifier: str) -> Text | None:
        """Return the text of a source; None if it is not at hand."""
        return self.texts.get(self.source(identifier)["text_sha256"])

    def places(self, identifier: str) -> Places | None:
        """Return the text of a source with its furniture, indexed; None if it is not at hand.

        Raises
        ------
        UnpreparedError
            If it is a long one, is not indexed, and a prompt answer is made.
        """
        row, text = self.source(identifier), self.text(identifier)
        if text is None:
            return None
        furniture = row["furniture"] or []
        places = self._places.use(identifier, lambda known: _present(known, text, furniture))
        if not places.is_indexed:
            if len(text.content) > PROMPT_CHARACTERS:
                require_time(places.index)
            places.index()
        return places

    def require_places(self, identifier: str) -> Places:
        """Return the text of a source with its furniture.

        Raises
        ------
        RequestError
            If it is not at hand.
        UnpreparedError
            As `places` does.
        """
        places = self.places(identifier)
        if places is None:
            raise RequestError(
                ABSENT,
                f"{self.texts_folder.name} holds no file with the text of {identifier}; put the "
                "copy that was registered there",
            )
        return places

    def with_rows(self, rows: Mapping[str, Sequence[Row]]) -> Log:
        """Return the log with the open batch and rows that are in neither, by stream."""
        whole = self.whole
        lines = {
            stream: b"".join(encode(row) + b"\n" for row in own)
            for stream, own in rows.items()
            if own
        }
        if not lines:
            return whole
        with TemporaryDirectory(prefix="claimlog-desk-") as name:
            folder = Path(name)
            place = open_folder(self.package)
            if place.is_dir():
                shutil.copytree(place, folder, dirs_exist_ok=True)
            for stream, data in lines.items():
                with (folder / f"{stream}.ndjson").open("ab") as handle:
                    handle.write(data)
            return with_open(self.sealed_log, folder)


def _present(places: Places | None, text: Text, furniture: list[Row]) -> Places:
    """Return the places of a text with its furniture: those that are given, if they are these."""
    if places is None or places.text.sha256 != text.sha256:
        return Places(Text(text.content, text.path), furniture)
    return places if places.furniture == furniture else Places(places.text, furniture)


def _signature_below(folder: Path) -> Signature:
    try:
        return _signature(files_below(folder, DEFINITION_FILES) or ())
    except OSError:
        return ()  # reading it says what is wrong


def _signature(paths: Iterable[Path]) -> Signature:
    """Return what changes when files come, go or are replaced."""
    found = []
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            continue
        found.append((str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(sorted(found))
