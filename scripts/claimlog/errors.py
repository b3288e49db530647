"""What can go wrong, said once: one exception root, and the finding that validation returns."""

from __future__ import annotations

import difflib
import errno
import re
from bisect import bisect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

from claimlog.count_wording import number_and_noun


class ClaimlogError(Exception):
    """Something the user can mend: the message says where, what was expected and what to do.

    The command line prints it as one line and exits with ``exit_status``.
    """

    exit_status = 1


class UsageError(ClaimlogError):
    """The command was called in a way that cannot work; nothing was read or written."""

    exit_status = 2


class UnfitRowsError(ClaimlogError):
    """Rows are not as the schema of the table says that is to hold them."""


class UnconfirmedError(ClaimlogError):
    """What was to be done is done, but the disk does not confirm that it will last."""


MACHINE = (
    *(errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS),
    *(errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ESTALE),
)
"""What the system says when it failed itself, whatever the file holds."""


FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the system says where there is no room, of bytes or of files."""

FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
"""What the system says where one may not write."""

OUT_OF_MEMORY = (
    *("memory allocation of", "bad_alloc", "out of memory", "MemoryError"),
    *("Cannot allocate memory", "failed to map segment", "can't start new thread"),
)
"""What libraries and the system say where there is no more memory."""


OTHER_TMPDIR = "name another directory with TMPDIR"
"""The remedy where a directory for temporary files cannot be used as it is."""

MAKE_ROOM = f"make room there, or {OTHER_TMPDIR}"
"""The remedy where a directory for temporary files is full."""

COMPARED_LENGTH = 100
"""Characters of a word beyond which no other is offered for it: comparing takes their square."""

COMPARISONS = 100_000
"""Known words that the words of one file are compared with, each for up to a millisecond."""

COMPARED_WORDS = 2_000
"""Known words that one word is compared with: of more, those nearest to it in the alphabet."""

SHOWN_LENGTH = 80
"""Characters of an identifier that was not found which a message repeats."""


READ_CHARACTERS = 50_000_000
"""Characters of texts that are read to say what the quotes of one file nearly are."""


def reason(error: OSError) -> str:
    """Return what the system said, in a line; copying a directory wraps it in a list.

    >>> reason(OSError([("a", "b", "[Errno 28] No space left on device: 'a' -> 'b'")]))
    'No space left on device'
    """
    if error.strerror:
        return error.strerror
    listed = error.args[0] if error.args else error
    said = str(listed[-1][-1] if isinstance(listed, list) and listed else listed)
    return re.sub(r"^\[Errno [0-9]+\] (.*?)(: '.*)?$", r"\1", said, flags=re.DOTALL)


def write_remedy(error: OSError) -> str:
    """Return what to do, by what the system said, where a file or directory cannot be written."""
    within = re.search(r"\[errno ([0-9]+)\]", str(error), re.IGNORECASE)  # as libraries cite it
    number = error.errno or (int(within[1]) if within else None)
    if number in FULL:
        return "make room there"
    if number in FORBIDDEN:
        return "give write permission there"
    if number == errno.EFBIG:
        return "allow larger files (ulimit -f)"
    return "look after the disk"


def is_of_the_machine(error: BaseException) -> bool:
    """Whether the machine failed (a bad disk, no room, no memory), and not the data.

    What an error was raised from is looked at too. Libraries raise OSError without a number for a
    file that they cannot read as theirs.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            return True
        if isinstance(cause, OSError) and cause.errno in MACHINE:
            return True
        cause = cause.__cause__
    return False


def is_out_of_memory(error: BaseException) -> bool:
    """Whether there was no more memory, however the library or the system says it.

    A directory that cannot be listed, a module that cannot be mapped and a thread that cannot begin
    are errors of other kinds.
    """
    return isinstance(error, MemoryError) or any(words in str(error) for words in OUT_OF_MEMORY)


def suggest(word: str, known: Iterable[str], nearness: float = 0.6) -> str:
    """Return a question that offers the nearest known word, as the end of a message, or nothing.

    Parameters
    ----------
    nearness
        How alike they must be, from 0 to 1, as `difflib` reckons.
    """
    if len(word) > COMPARED_LENGTH:
        return ""
    candidates = _neighbours(word, [*known])
    near = difflib.get_close_matches(word, candidates, n=1, cutoff=nearness)
    return f'; did you mean "{near[0]}"?' if near else ""


def _neighbours(word: str, known: list[str]) -> list[str]:
    """Return the known words that a word is compared with: all, or as many around its place.

    An identifier that is mistyped in a log of a million mostly begins as the one that was meant.
    """
    if len(known) <= COMPARED_WORDS:
        return known
    known.sort(key=str.casefold)
    place = bisect(known, word.casefold(), key=str.casefold)
    first = min(max(0, place - COMPARED_WORDS // 2), len(known) - COMPARED_WORDS)
    return known[first : first + COMPARED_WORDS]


class Suggestions:
    """What `suggest` offers to the many rows of a file, which may be a stranger's.

    Comparing each unknown word with each known one takes hours where there are many of both, so
    that after `COMPARISONS` nothing is offered, and after `READ_CHARACTERS` of texts nothing is
    said of a quote but that it does not occur. Only the first faults of a file are listed anyway.
    """

    def __init__(self, comparisons: int = COMPARISONS) -> None:
        self.left = comparisons
        self.characters_left = READ_CHARACTERS

    def may_read(self, characters: int) -> bool:
        """Whether so many characters may still be read, which are counted then; the first may."""
        is_left = self.characters_left > 0
        self.characters_left -= characters
        return is_left

    def nearest(self, word: str, known: Callable[[], Iterable[str]], nearness: float = 0.6) -> str:
        """Return what `suggest` does, or nothing; `known` is called only while something is."""
        if self.left <= 0 or len(word) > COMPARED_LENGTH:
            return ""
        words = _neighbours(word, [*known()])[: self.left]
        self.left -= len(words)
        return suggest(word, words, nearness)


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where the data breaks one rule.

    ``line`` is 1-based, ``None`` where the finding is about a whole file or directory.
    """

    rule: str
    path: str
    message: str
    line: int | None = None
    entity: str | None = None
    remedy: str | None = None
    severity: str = "error"

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        subject = f"{self.entity} " if self.entity else ""
        todo = f"; {self.remedy}" if self.remedy else ""
        return f"{where}: {subject}{self.message}{todo} [{self.rule}]"

    def as_dict(self) -> dict[str, object]:
        """Return the finding as a JSON object."""
        return asdict(self)


class FindingsError(ClaimlogError):
    """The data has findings; every one of them is carried along."""

    def __init__(self, findings: Sequence[Finding], what: str) -> None:
        self.findings = list(findings)
        super().__init__(f"{number_and_noun(len(self.findings), 'finding')} in the log: {what}")
