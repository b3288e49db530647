"""Reading files that somebody else may have made: regular, inside a directory, of bounded size."""

from __future__ import annotations

import csv
import errno
import io
import os
import re
import stat
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import accumulate
from math import inf
from pathlib import Path
from typing import Any, BinaryIO

from claimlog.errors import ClaimlogError
from claimlog.limits import CELL, DEPTH
from claimlog.strict_json import decode_object

RIGHT_FILE = "check that it is the right file, or copy it to a regular one"
"""What to do about a file that the user named."""

DENSE_BYTES = 1 << 20
"""Size in bytes from which on the memory of JSON is estimated before it is parsed."""

VALUE_BYTES = {b"{": 190, b"[": 70, b",": 90}
"""Memory in bytes of a JSON object, a list and any other value in Python, by the sign that each has
in a file; measured of the smallest."""

KEY_BYTES = 165
"""Further memory of a key that no object before had: Python keeps each one once."""

SHORT_KEY = re.compile(rb'[{,](?=\s*+"([^"\\]{0,24}+(?=")|(?:[^"\\]|\\.){0,24}+)"\s*+:)', re.DOTALL)
"""A key of JSON that, with a value, takes more than `MOST_GROWTH` times its characters."""

CUT = re.compile(rb"\s*+(.{0,50}+\s*+:?)", re.DOTALL)
"""Place at which JSON is cut into pieces: blanks, and as much behind them as a short key that
begins before may take, with its quotation marks and colon."""

MOST_GROWTH = 12
"""Largest estimated memory of parsed JSON, as a multiple of its size: that of our rows is six."""

PIECE_BYTES = 1 << 20
"""Bytes of a file that are copied or searched in one step; other threads run between two steps."""

BLOCK, SPARSE, SPARE = 512, 16, 64 << 20
"""A file of more than so many times the bytes that it takes on the disk has holes."""


def read_regular(
    path: Path,
    shown: str,
    most: int,
    root: Path | None = None,
    remedy: str = "restore it from git",
) -> bytes:
    """Return the bytes of a regular file.

    Parameters
    ----------
    shown
        The file as messages name it.
    most
        How many bytes it may have.
    root
        A directory that it must lie in once symbolic links are followed; None for no such limit.
    remedy
        What messages tell the user to do about a file that is no regular one, or too large.

    Raises
    ------
    ClaimlogError
        If it is absent, cannot be read, is no regular file, leads out of `root`, or is larger.
    """
    try:
        with open_regular(path, shown, root, remedy) as file:
            size = os.fstat(file.fileno()).st_size
            # as much memory is taken at once, and none for what is too large
            data = file.read(size + 1) if size <= most else b""
            if size < len(data) <= most:  # it grows, or states no size
                data += file.read(most + 1 - len(data))
    except OSError as error:
        raise _unreadable(shown, error) from error
    if max(size, len(data)) > most:
        raise ClaimlogError(
            f"{shown}: is larger than {most:,} bytes, more than such a file ever has; {remedy}"
        )
    return data


def copy_regular(path: Path, shown: str, target: Path, root: Path, remedy: str) -> str:
    """Copy a regular file that lies in `root` to a new one; return its SHA-256, hex.

    It is hashed as it is copied, so that no other file can take its place in between.

    Raises
    ------
    ClaimlogError
        As `read_regular` does, or if it is larger than this process may write.
    OSError
        If the copy cannot be written.
    """
    digest = sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_regular(path, shown, root, remedy) as file, target.open("xb") as copy:
        try:
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
                copy.write(piece)
        except OSError as error:
            if error.errno != errno.EFBIG:
                raise
            message = "is larger than a file may be here"
            raise ClaimlogError(f"{shown}: {message}; {remedy}") from error
    return digest.hexdigest()


def open_regular(path: Path, shown: str, root: Path | None, remedy: str) -> BinaryIO:
    """Open a regular file for reading; `read_regular` says what the parameters are.

    Raises
    ------
    ClaimlogError
        If it is absent, cannot be read, is no regular file, or leads out of `root`.
    """
    try:
        if root is not None and not _lies_in(path, root):
            raise ClaimlogError(
                f"{shown}: leads out of the package; put the file itself there, not a link to it"
            )
        # a FIFO would keep a reader waiting for ever
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise ClaimlogError(f"{shown}: is no regular file; {remedy}")
        return os.fdopen(handle, "rb")
    except (OSError, ValueError, RuntimeError) as error:  # a NUL in the name, a loop of links
        raise _unreadable(shown, error) from error


def _lies_in(path: Path, root: Path) -> bool:
    """Whether a path lies in a directory once symbolic links are followed.

    Where it is written as one below the directory, only what is below it is looked at: a command
    reads hundreds of files.
    """
    above, place = f"{root}{os.sep}", str(path)
    if place.startswith(above):
        names = place.removeprefix(above).split(os.sep)  # noqa: PTH206  (a Path takes as long)
        ends = accumulate(names, lambda before, name: f"{before}{os.sep}{name}")
        if ".." not in names and not any(map(os.path.islink, map(above.__add__, ends))):
            return True
    return path.resolve().is_relative_to(root.resolve())


def is_regular(path: Path, most: int) -> bool:
    """Whether a path is a regular file, no link to one, of at most so many bytes."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size <= most


def leads_to_file(path: Path) -> bool:
    """Whether a path leads to a file; no path is too long to ask, as it is for `Path.is_file`."""
    return os.path.isfile(path)  # noqa: PTH113


def _unreadable(shown: str, error: Exception) -> ClaimlogError:
    said = getattr(error, "strerror", None) or error
    return ClaimlogError(f"{shown}: cannot be read ({said})")


def files_below(folder: Path, most: int) -> list[Path] | None:
    """Return what lies below a directory and is no directory, in order; links are not followed.

    Returns
    -------
    list or None
        None if it holds more than `most` files and directories, or is nested deeper than
        `limits.DEPTH`.

    Raises
    ------
    OSError
        If a directory cannot be read.
    """
    found: list[Path] = []
    seen = 0
    waiting = [(folder, 0)]
    while waiting:
        place, depth = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                seen += 1
                if seen > most or depth > DEPTH:
                    return None
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((Path(entry.path), depth + 1))
                else:
                    found.append(Path(entry.path))
    return sorted(found)


def disk_bytes(state: os.stat_result) -> int:
    """Return the bytes that a file takes on disk: a sparse one could state any size."""
    return min(state.st_size, BLOCK * state.st_blocks)


def disk_bytes_together(states: Iterable[os.stat_result]) -> int:
    """Return the bytes that files take on disk; one with several hard links counts once."""
    return sum({(state.st_dev, state.st_ino): disk_bytes(state) for state in states}.values())


def stated_bytes_together(paths: Iterable[Path]) -> int:
    """Return the sum of the sizes that files state; one with several hard links counts once.

    Some file systems count no bytes on disk for a while, or never. A file that consists of holes
    counts as nothing.
    """
    states = [(path, path.stat()) for path in paths]
    return sum(
        {
            (state.st_dev, state.st_ino): state.st_size
            for path, state in states
            if not consists_of_holes(path, state)
        }.values()
    )


def is_sparse(state: os.stat_result) -> bool:
    """Whether a file is sparse: it states far more bytes than it takes on disk.

    A file system that compresses may keep text in a sixteenth of its bytes.
    """
    return state.st_size > SPARSE * disk_bytes(state) + SPARE


def consists_of_holes(path: Path, state: os.stat_result) -> bool:
    """Whether a regular file is sparse, of whatever size.

    Of a small one it is asked where its bytes lie: some file systems count no blocks for what they
    have not written yet or keep beside its name, or never.
    """
    if state.st_size <= SPARSE * disk_bytes(state):
        return False
    return is_sparse(state) or _has_less_data(path, state.st_size // SPARSE)


def _has_less_data(path: Path, size: int) -> bool:
    """Whether what lies between the holes of a file is less than so many bytes."""
    found = end = 0
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        while found < size:
            start = os.lseek(handle, end, os.SEEK_DATA)
            end = os.lseek(handle, start, os.SEEK_HOLE)
            found += end - start
    except OSError as error:
        if error.errno != errno.ENXIO:  # there is no more
            raise
    finally:
        os.close(handle)
    return found < size


def hole_flaw(state: os.stat_result) -> str | None:
    """Say that a file is sparse, or return None."""
    if not is_sparse(state):
        return None
    return f"says {state.st_size:,} bytes and consists of holes"


def parse_json(data: bytes, shown: str) -> dict[str, Any]:
    """Read bytes that are one I-JSON object, not nested deeper than `limits.DEPTH`.

    What would take many times its size in memory is refused before it is parsed.

    Raises
    ------
    ClaimlogError
        If they are not.
    """
    try:
        if is_dense(data):
            raise ValueError("has more keys, lists and objects for its size than any file of ours")
        value = decode_object(data.decode("utf-8"))
        if is_deeper(value, DEPTH):
            raise ValueError(f"nested more than {DEPTH} levels deep")
    except ValueError as error:
        raise ClaimlogError(
            f"{shown}: not valid JSON: {error}; mend it or restore it from git"
        ) from error
    return value


def is_dense(data: bytes) -> bool:
    """Whether JSON of more than `DENSE_BYTES` bytes grows much when it is parsed."""
    return len(data) > DENSE_BYTES and grows_much(data)


def grows_much(data: bytes) -> bool:
    """Whether JSON is estimated to take more than `MOST_GROWTH` times its size when parsed."""
    room = memory_room(data)
    most = room // KEY_BYTES
    return room < 0 or (data.count(b":") > most and len(short_keys(data, most)) > most)


def memory_room(data: bytes) -> int:
    """Return how much memory, in bytes, parsed JSON may take for its keys, beside its values.

    Of JSON in pieces it is the sum of theirs; negative where values alone take too much.
    """
    taken = sum(size * data.count(sign) for sign, size in VALUE_BYTES.items())
    return MOST_GROWTH * len(data) - taken


def short_keys(data: bytes, most: float = inf) -> set[bytes]:
    """Return the distinct keys of JSON that, parsed, take more than `MOST_GROWTH` times their size.

    Parameters
    ----------
    most
        Number of them after which no further ones are looked for.
    """
    keys: set[bytes] = set()
    start = 0
    while start < len(data) and len(keys) <= most:
        cut = CUT.match(data, start + PIECE_BYTES)
        assert cut is not None  # as it matches nothing, too
        keys.update(SHORT_KEY.findall(data, start, cut.end()))
        start = cut.start(1)
    return keys


def is_deeper(value: Any, depth: int) -> bool:
    """Whether a JSON value is nested more than `depth` levels deep."""
    level: list[Any] = [value]
    for _ in range(depth + 1):
        if not level:
            return False
        level = [
            part
            for whole in level
            if isinstance(whole, dict | list)
            for part in (whole.values() if isinstance(whole, dict) else whole)
        ]
    return bool(level)


def parse_table(
    data: bytes, shown: str, columns: Sequence[str], optional: Sequence[str] = ()
) -> list[dict[str, str]]:
    """Read bytes that are a CSV file with exactly these columns.

    Raises
    ------
    ClaimlogError
        If they are not a CSV file in UTF-8 with these columns.
    """
    try:
        text = io.StringIO(data.decode("utf-8"), newline="")
        header, *lines = [row for row in csv.reader(text, strict=True) if row] or [[]]
    except (csv.Error, UnicodeDecodeError) as error:
        if "field limit" in str(error):  # of Python's reader, which is larger than ours
            raise ClaimlogError(
                f"{shown}: has a cell of more than {CELL:,} characters; shorten it"
            ) from error
        raise ClaimlogError(
            f"{shown}: not a CSV file in UTF-8: {error}; mend it or restore it from git"
        ) from error
    if header == [*columns, *optional]:
        columns = header
    if header != list(columns):
        raise ClaimlogError(
            f"{shown}: its columns are {', '.join(header)[:200] or 'none'}, expected "
            f"{', '.join(columns)}; restore it from git"
        )
    for number, row in enumerate(lines, 1):
        if len(row) != len(columns):
            raise ClaimlogError(
                f"{shown}: row {number} has {len(row)} cells, expected {len(columns)}; "
                "quote a cell that holds a comma, or restore the file from git"
            )
        if max(map(len, row)) > CELL:
            raise ClaimlogError(
                f"{shown}: row {number} has a cell of more than {CELL:,} characters; shorten it"
            )
    absent = dict.fromkeys(optional, "")
    return [{**absent, **dict(zip(columns, row, strict=True))} for row in lines]
