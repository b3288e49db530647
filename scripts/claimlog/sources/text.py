"""Texts of sources: their canonical form, and finding each by its hash."""

from __future__ import annotations

import re
import stat
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import regex

from claimlog.command_limits import allow_for
from claimlog.errors import ClaimlogError, UsageError
from claimlog.limits import DEPTH, TEXT_BYTES, TEXTS_BYTES, TEXTS_FILES
from claimlog.sources.characters import canonical_text, cluster_spans, kinds
from claimlog.sources.text_formats import bytes_flaw
from claimlog.sources.word_readings import Readings
from claimlog.sources.words import BROKEN, Token, tokenize, words
from claimlog.untrusted_files import RIGHT_FILE, files_below, read_regular

if TYPE_CHECKING:
    from claimlog.sources.place_index import PlaceIndex
    from claimlog.sources.word_signs import WordSigns

PLAIN = "\n -~\u00a0-\u02ff\u0370-\u0482\u048a-\u058f\u2010-\u2027\u2030-\u205e\u3400-\u9fff"
"""Characters of which two are never one grapheme cluster: Latin, Greek, Cyrillic, Armenian and Han,
and the punctuation of most scripts."""

CLUSTERED = re.compile(rf"(?:[^{PLAIN}]++[{PLAIN}]?+)++")
"""What is not plain, with the plain characters within it and behind it."""

GRAM = 8
"""Characters of a gram of the index: a quote has fifteen and more."""


def digest(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as hex."""
    return sha256(text.encode("utf-8")).hexdigest()


def canonical(data: bytes) -> str:
    """Return the canonical text of a file: UTF-8, no BOM, LF, NFC.

    Raises
    ------
    UnicodeDecodeError
        If the bytes are not UTF-8.
    ClaimlogError
        If more combining marks follow each other than any script has.
    """
    return canonical_text(data.decode("utf-8").removeprefix("\ufeff"))


@dataclass(frozen=True)
class Text:
    """The canonical text of one source."""

    content: str
    path: Path | None = None

    @cached_property
    def sha256(self) -> str:
        return digest(self.content)

    @cached_property
    def tokens(self) -> list[Token]:
        """Words with where each stands: (start, end, word), offsets in code points."""
        return tokenize(self.content)

    @cached_property
    def place_index(self) -> PlaceIndex:
        """Tells where many quotes stand without reading all of a long text for each."""
        from claimlog.sources.place_index import PlaceIndex  # numpy, which few commands need

        return PlaceIndex(self.content, GRAM)

    @cached_property
    def word_signs(self) -> WordSigns:
        """The words as one character each."""
        from claimlog.sources.word_signs import WordSigns

        return WordSigns(self.tokens)

    @cached_property
    def readings(self) -> Readings:
        """Every way in which the words can be read."""
        return Readings(self.content, self.tokens)

    def words_before(self, offset: int, count: int) -> list[str]:
        """Return the last `count` words before an offset."""
        last = bisect_left(self.tokens, (offset,))
        first = max(0, last - count)
        while 0 < first < last and self.tokens[first][0] == self.tokens[last - 1][0]:
            first -= 1
        before = [word for _, _, word in self.tokens[first:last]]
        if last and self.tokens[last - 1][1] > offset:
            # of a word that is broken at a line end before the offset
            start = self.tokens[last - 1][0]
            before = [word for at, _, word in self.tokens[first:last] if at < start]
            before += words(self.content[start:offset])
        return before[-count:]

    def words_after(self, offset: int, count: int) -> list[str]:
        """Return the first `count` words after an offset."""
        first = bisect_left(self.tokens, (offset,))
        after = [word for _, _, word in self.tokens[first : first + count]]
        if first and self.tokens[first - 1][1] > offset:
            after = words(self.content[offset : self.tokens[first - 1][1]]) + after
        return after[:count]

    def splits_cluster(self, offset: int) -> bool:
        """Whether `offset` lies inside a grapheme cluster (UAX 29)."""
        return self.cluster_around(offset) != (offset, offset)

    def cluster_around(self, offset: int) -> tuple[int, int]:
        """Return the grapheme cluster inside which `offset` lies; `offset` twice if in none."""
        starts, ends = self._clusters
        before = bisect_left(starts, offset) - 1
        if before < 0 or ends[before] <= offset:
            return offset, offset
        return starts[before], ends[before]

    @cached_property
    def _clusters(self) -> tuple[array[int], array[int]]:
        """Starts and ends of clusters of several code points: two plain characters are two."""
        starts, ends = array("L"), array("L")
        reached = 0
        for part in CLUSTERED.finditer(self.content):
            first = max(reached, part.start() - 1)  # a plain one before may be of the cluster
            reached = part.end()
            for start, end in cluster_spans(self.content[first:reached]):
                if end - start > 1:
                    starts.append(first + start)
                    ends.append(first + end)
        return starts, ends

    def splits_word(self, offset: int) -> bool:
        """Whether `offset` lies inside a word; a hyphen at a line end divides one in two."""
        before = bisect_left(self.tokens, (offset,)) - 1
        if before < 0 or self.tokens[before][1] <= offset:
            return False
        starts, ends = self._divisions
        gap = bisect_right(starts, offset) - 1
        return gap < 0 or ends[gap] < offset

    @cached_property
    def _divisions(self) -> tuple[array[int], array[int]]:
        """Starts and ends of the hyphens at line ends, with what stands beside them in the word."""
        starts, ends = array("L"), array("L")
        for gap in BROKEN.finditer(kinds(self.content)):
            if "-" in gap.group():
                starts.append(gap.start())
                ends.append(gap.end())
        return starts, ends

    def index_offsets(self) -> None:
        """Compute what is asked of offsets, so that it is at hand: a long text takes seconds."""
        _ = self.tokens, self._clusters, self._divisions

    def line_of(self, offset: int) -> int:
        """Return the 1-based line on which `offset` lies."""
        return bisect_left(self._line_ends, offset) + 1

    @cached_property
    def _line_ends(self) -> array[int]:
        return array("L", (match.start() for match in regex.finditer("\n", self.content)))


def read_text(path: Path) -> Text:
    """Return the canonical text of a file that somebody named.

    Raises
    ------
    ClaimlogError
        If it is no regular file, cannot be read, is too large, not UTF-8, or no text.
    """
    data = read_regular(path, str(path), TEXT_BYTES, remedy=RIGHT_FILE)
    try:
        return Text(canonical(data), path)
    except UnicodeDecodeError as error:
        raise ClaimlogError(f"{path}: {bytes_flaw(data)}") from error
    except ClaimlogError as error:
        said = str(error).removeprefix(f"{path}: ")
        raise ClaimlogError(f"{path}: {said}") from error


class Texts:
    """The source texts in a directory of the user's, by the hash of their canonical form.

    Attributes
    ----------
    taken_numbers
        Numbers up to which the names of files that begin alike are taken, by that beginning.
    are_untracked
        Whether git is known to track no file in the directory.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such directory of texts; name one with --texts DIR")
        self.folder = folder
        self.by_hash: dict[str, Text] = {}
        self.unreadable: list[Path] = []
        self.taken_numbers: dict[str, int] = {}
        self.are_untracked = False
        try:
            paths = files_below(folder, TEXTS_FILES)
        except OSError as error:
            raise ClaimlogError(f"{folder}: cannot be read ({error.strerror})") from error
        if paths is None or not self._read(paths):
            raise ClaimlogError(
                f"{folder}: holds more than {TEXTS_FILES:,} files or {TEXTS_BYTES:,} bytes of "
                f"text, or directories more than {DEPTH} deep; name a directory of texts alone"
            )

    def _read(self, paths: Iterable[Path]) -> bool:
        """Read each file once, whatever its names; say whether all had room, refused ones too."""
        room = TEXTS_BYTES
        read: dict[tuple[int, int], Text | None] = {}
        for path in paths:
            try:
                state = path.stat()
            except OSError:
                continue  # a link to nothing
            if not stat.S_ISREG(state.st_mode) or path.name.startswith("."):
                continue
            file = (state.st_dev, state.st_ino)
            if file not in read:
                room -= state.st_size if state.st_size <= TEXT_BYTES else 0
                if room < 0:
                    return False
                allow_for("texts", TEXTS_BYTES - room)
                try:
                    read[file] = read_text(path)
                except ClaimlogError:
                    read[file] = None
            if text := read[file]:
                self.by_hash[text.sha256] = text if text.path == path else replace(text, path=path)
            else:
                self.unreadable.append(path)
        return True

    def get(self, sha256: str | None) -> Text | None:
        return self.by_hash.get(sha256 or "")

    def named(self, name: str) -> Text | None:
        """Return the text of the file with a name, whatever its ending; the first of several."""
        named = (text for text in self.by_hash.values() if text.path and text.path.stem == name)
        return min(named, key=lambda text: str(text.path), default=None)
