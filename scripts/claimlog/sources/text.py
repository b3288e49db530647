"""Texts of sources: their canonical form, and finding each by its hash."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import regex

from claimlog.errors import ClaimlogError, UsageError
from claimlog.limits import DEPTH, MARKS, TEXT_BYTES, TEXTS_BYTES, TEXTS_FILES
from claimlog.untrusted_files import RIGHT_FILE, files_below, read_regular

WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
SOFT_HYPHEN = "\u00ad"

MARK = r"[[^\p{ccc=0}]\u0f73\u0f75\u0f81\uff9e\uff9f]"
"""What normalising may move before another: marks, and signs that it takes apart into such."""

LONG_RUN = regex.compile(rf"(?V1)(?:{MARK}{SOFT_HYPHEN}*+){{{MARKS + 1}}}")
"""More marks than `limits.MARKS`; soft hyphens among them are dropped where words are read."""


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
    return unified(data.decode("utf-8").removeprefix("\ufeff"))


def unified(text: str) -> str:
    """Return `text` with LF line ends, in NFC; refuses marks as `canonical` does."""
    refuse_marks(text)
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def refuse_marks(text: str) -> None:
    """Refuse a text that cannot be normalised in a time that grows with its length.

    Raises
    ------
    ClaimlogError
        If more combining marks follow each other than any script has.
    """
    if LONG_RUN.search(text):
        raise ClaimlogError(
            f"more than {MARKS} combining marks follow each other, which no text has "
            "(UAX 15, Stream-Safe Text Format); take them out"
        )


def normalised(text: str) -> str:
    """Return `text` as words are read: NFKC, casefold, no soft hyphens.

    Raises
    ------
    ClaimlogError
        As `canonical` does.
    """
    refuse_marks(text)
    folded = unicodedata.normalize("NFKC", text.replace(SOFT_HYPHEN, "")).casefold()
    # folding can undo the composition
    return unicodedata.normalize("NFKC", folded)


def words(text: str) -> list[str]:
    """Return the words of a text: runs of letters (with their marks) and digits.

    >>> words("The “kit”, as THEY say\u2014co\u00adlocated")
    ['the', 'kit', 'as', 'they', 'say', 'colocated']
    """
    return list(WORD.findall(normalised(text)))


@dataclass(frozen=True)
class Text:
    """The canonical text of one source."""

    content: str
    path: Path | None = None

    @cached_property
    def sha256(self) -> str:
        return digest(self.content)

    @cached_property
    def tokens(self) -> list[tuple[int, int, str]]:
        """Words with where each stands: (start, end, word), offsets in code points."""
        # signs that NFKC turns into letters (™, ℃) are parts of words too
        signs = {sign for sign in set(self.content) if words(sign) and not WORD.fullmatch(sign)}
        part = rf"[\p{{L}}\p{{M}}\p{{N}}{regex.escape(''.join(sorted(signs)))}]"
        found = []
        # soft hyphens stand inside words and are dropped from them
        for match in regex.finditer(rf"{part}+(?:{SOFT_HYPHEN}+{part}+)*", self.content):
            found += [(match.start(), match.end(), word) for word in words(match.group())]
        return found

    @cached_property
    def boundaries(self) -> set[int]:
        """Offsets between grapheme clusters (UAX 29), the ends of the text included."""
        return {0, *(match.end() for match in regex.finditer(r"\X", self.content))}

    def splits_word(self, offset: int) -> bool:
        """Whether `offset` lies inside a word."""
        before = bisect_left(self.tokens, (offset,)) - 1
        return before >= 0 and self.tokens[before][1] > offset

    def line_of(self, offset: int) -> int:
        """Return the 1-based line on which `offset` lies."""
        return self.content.count("\n", 0, offset) + 1


def read_text(path: Path) -> Text:
    """Return the canonical text of a file that somebody named.

    Raises
    ------
    ClaimlogError
        If it is no regular file, cannot be read, is too large, not UTF-8, or no text.
    """
    try:
        return Text(canonical(read_regular(path, str(path), TEXT_BYTES, remedy=RIGHT_FILE)), path)
    except UnicodeDecodeError as error:
        raise ClaimlogError(f"{path}: not UTF-8; save the text as UTF-8") from error
    except ClaimlogError as error:
        said = str(error).removeprefix(f"{path}: ")
        raise ClaimlogError(f"{path}: {said}") from error


class Texts:
    """The texts that the user supplied, found by the hash of their canonical form, not by name."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such directory of texts; name one with --texts DIR")
        self.folder = folder
        self.by_hash: dict[str, Text] = {}
        self.unreadable: list[Path] = []
        try:
            paths = files_below(folder, TEXTS_FILES)
        except OSError as error:
            raise ClaimlogError(f"{folder}: cannot be read ({error.strerror})") from error
        room = TEXTS_BYTES
        for path in paths or ():
            if path.is_file() and not path.name.startswith("."):
                try:
                    text = read_text(path)
                except ClaimlogError:
                    self.unreadable.append(path)
                    continue
                self.by_hash[text.sha256] = text
                room -= len(text.content)
                if room < 0:
                    break
        if paths is None or room < 0:
            raise ClaimlogError(
                f"{folder}: holds more than {TEXTS_FILES:,} files or {TEXTS_BYTES:,} characters of "
                f"text, or directories more than {DEPTH} deep; name a directory of texts alone"
            )

    def get(self, sha256: str | None) -> Text | None:
        return self.by_hash.get(sha256 or "")
