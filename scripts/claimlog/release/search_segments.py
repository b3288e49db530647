"""Read an FTS5 index record by record, and refuse what SQLite would not write.

A search is led by a list of pages to a word, by what pages say of themselves past other words, and
by an index of a long list of documents to its parts; whoever lists all words follows none of them.
So each is compared with the words and documents that lie in the pages. Where a page ends is left to
the version of SQLite that wrote it. All of it is stored as ``fts5_index.c`` of SQLite describes.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator
from itertools import accumulate, count, dropwhile, pairwise
from typing import NamedTuple

from claimlog.export.sqlite import sql_identifier

AVERAGES, STRUCTURE = 1, 10
"""Records of an index that are no page of words: sums for the whole index, and its segments."""

SEGMENT_BITS, LIST_INDEX_BIT, LEVEL_BIT = 37, 36, 31
"""Where the identifier of a record has the number of its segment, whether it is an index of a long
list of documents, and of which level; the rest is its page."""

LIST_INDEX_LEVELS = 1 << LIST_INDEX_BIT - LEVEL_BIT

SEGMENTS, PAGES = 2_000, 1 << 30
"""Most segments of an index, and levels of them; above every page. Where a page is doubled SQLite
reads 32 bits of it, so that what needs more would be another page there than here."""

LEFT_BEHIND = 16
"""Most bytes of what was merged and is left behind for each byte that is read: SQLite merges so
many segments at once."""

HEADER = 4
"""Bytes before the words of a page, two for each number: where the first document begins of a list
that goes on there, or 0, and where the words end; behind these lie the places of the words."""

COUNTER = 4
"""Bytes before the list of segments, which count changes of settings."""

WORD = b"0"
"""How the key of a word begins; other keys are of beginnings of words, which no release indexes."""

VARINT_BYTES = 8
"""Most bytes of a number; SQLite has nine for such as no row has."""


class Posting(NamedTuple):
    """Places of a word in a document, in bytes of FTS5."""

    word: bytes
    rowid: int
    size: int
    positions: bytes


class ListPart(NamedTuple):
    """What a page holds of the documents of a word.

    `first_row` is where in the page a document begins, if the list began on an earlier one.
    """

    page: int
    first_row: int
    content: bytes


class SearchSegments:
    """The records of an FTS5 index.

    Parameters
    ----------
    schema
        Where the index lies: ``main``, or the name of a file that is attached.
    name
        The name of the virtual table.
    """

    def __init__(self, database: sqlite3.Connection, schema: str, name: str) -> None:
        self._database = database
        self._data, self._idx = (
            f"{schema}.{sql_identifier(f'{name}_{part}')}" for part in ("data", "idx")
        )
        self._read = self._read_bytes = self._left_bytes = 0

    def postings(self) -> Iterator[Posting]:
        """Yield the documents of each word, in order.

        Raises
        ------
        ValueError
            If a record is not as SQLite writes it, or is of no segment.
        """
        # the length of a text is not that of its bytes
        _require(not self._count(f"{self._data} WHERE typeof(block) <> 'blob'"))
        self._block(AVERAGES)
        segments = _segments(self._block(STRUCTURE))
        # of a segment that is merged whole no page is read
        first_pages = {number: first or PAGES for number, first, _ in segments}
        for segment, key, page in self._database.execute(
            f"SELECT segid, term, pgno FROM {self._idx}"
        ):
            _require(segment in first_pages and type(key) is bytes and type(page) is int)
            _require(2 <= page < 2 * PAGES)
            if page >> 1 < first_pages[segment]:
                self._left_bytes += len(key)
        yield from heapq.merge(*(self._postings(*segment) for segment in segments))
        _require(self._count(self._data) == self._read)
        # what was merged is in the others too, where each word of several stands once
        _require(self._left_bytes <= LEFT_BEHIND * self._read_bytes)

    def _block(self, record: int) -> bytes:
        query = f"SELECT block FROM {self._data} WHERE id = ?"
        [block] = self._database.execute(query, (record,)).fetchone() or (None,)
        if not isinstance(block, bytes):
            raise ValueError(f"has no record {record}")
        self._read += 1
        self._read_bytes += len(block) if record > STRUCTURE else 0
        return block

    def _records(self, begin: int, end: int) -> str:
        """Return the records from one number to before another, as what a query reads from."""
        return f"{self._data} WHERE id >= {begin} AND id < {end}"

    def _leave(self, records: str) -> None:
        """Pass over records that a merge has left behind."""
        query = f"SELECT count(*), coalesce(sum(length(block)), 0) FROM {records}"
        number, size = self._database.execute(query).fetchone()
        self._read += number
        self._left_bytes += size

    def _postings(self, segment: int, first: int, last: int) -> Iterator[Posting]:
        pages, after = (number << SEGMENT_BITS for number in (segment, segment + 1))
        if not first:  # what was merged whole is left behind
            self._leave(self._records(pages + 1, after))
            return
        for word, parts, is_indexed in self._lists(segment, first, last):
            yield from _documents(word, parts)
            if is_indexed:
                self._check_list_index(segment, parts)
        if first > 1:  # indexes of lists that were merged are left behind
            list_indexes = self._records(pages | 1 << LIST_INDEX_BIT, after)
            self._leave(f"{list_indexes} AND id & {(1 << LEVEL_BIT) - 1} < {first}")

    def _count(self, rows: str) -> int:
        return int(self._database.execute(f"SELECT count(*) FROM {rows}").fetchone()[0])

    def _lists(
        self, segment: int, first: int, last: int
    ) -> Iterator[tuple[bytes, list[ListPart], bool]]:
        """Yield each word of a segment with its list, and whether that has an index."""
        leads = self._leads(segment, first)
        word, parts, is_indexed = b"", list[ListPart](), False
        for page in range(first, last + 1):
            block = self._block(segment << SEGMENT_BITS | page)
            first_row, end = (int.from_bytes(block[at : at + 2]) for at in (0, 2))
            _require(HEADER <= end <= len(block))
            places = [*accumulate(_varints(block[end:]))]
            parts.append(ListPart(page, first_row, block[HEADER : places[0] if places else end]))
            for begin, stop in pairwise([*places, end]):
                if word:
                    yield word, parts, is_indexed
                else:
                    _require(parts == [(first, 0, b"")])
                shared, at = (0, begin) if begin == places[0] else _varint(block, begin)
                length, at = _varint(block, at)
                former, word = word, word[:shared] + block[at : at + length]
                at += length
                _require(former < word and word.startswith(WORD) and HEADER <= begin < at <= stop)
                if begin == places[0]:
                    key, number = next(leads, (b"", 0))
                    if page > first:
                        is_key = former < key and word.startswith(key)
                    else:  # that of a page whose former ones were merged is of an earlier word
                        is_key = key <= word if page > 1 else not key
                    _require(is_key and number >> 1 == page)
                else:
                    # a search passes over words by how much they share
                    shares_most = former[: shared + 1] != word[: shared + 1]
                    _require(shared <= len(former) and shares_most)
                parts = [ListPart(page, 0, block[at:stop])]
                is_indexed = number % 2 == 1 and stop == end
        _require(next(leads, None) is None)
        yield word, parts, is_indexed

    def _leads(self, segment: int, first: int) -> Iterator[tuple[bytes, int]]:
        """Yield from which key on a search goes to which page, less those to pages now merged.

        The number of a page is doubled, and odd where the list of its last word has an index.
        """
        query = f"SELECT term, pgno FROM {self._idx} WHERE segid = ? ORDER BY term"
        leads = self._database.execute(query, (segment,))
        yield from dropwhile(lambda lead: lead[1] >> 1 < first, leads)

    def _check_list_index(self, segment: int, parts: list[ListPart]) -> None:
        """Require that the index of a list leads to each page on which a document begins.

        Where it has several records, each level above leads to those of the one below.
        """
        start = parts[0].page
        rows = [
            (part.page, _varint(part.content, part.first_row - HEADER)[0])
            for part in parts[1:]
            if part.first_row
        ]
        for level in count():
            _require(bool(rows) and level < LIST_INDEX_LEVELS)
            base = segment << SEGMENT_BITS | 1 << LIST_INDEX_BIT | level << LEVEL_BIT
            found, records, above = list[tuple[int, int]](), list[tuple[int, int]](), set[int]()
            while len(found) < len(rows):
                number = start + len(records)
                has_above, page, row, *steps = _varints(self._block(base | number))
                records.append((number, row))
                above.add(has_above)
                # a step of nothing is a page on which no document begins
                found += [
                    (page + at, reached)
                    for at, (step, reached) in enumerate(
                        zip([1, *steps], accumulate([row, *steps]), strict=True)
                    )
                    if step
                ]
            _require(found == rows and above == {int(len(records) > 1)})
            if len(records) == 1:
                return
            rows = records


def _documents(word: bytes, parts: list[ListPart]) -> Iterator[Posting]:
    """Yield the documents of a list.

    Each is numbered by its distance from the one before; the first of a page from 0.
    """
    rowid, size, positions, missing = 0, 0, b"", 0
    for number, (_, first_row, content) in enumerate(parts):
        rest = content[:missing]
        at = len(rest)
        positions, missing = positions + rest, missing - at
        if rest and not missing:
            yield Posting(word, rowid, size, positions)
        if number:
            _require(first_row == (HEADER + at if at < len(content) else 0))
            rowid = 0 if first_row else rowid
        while at < len(content):
            step, at = _varint(content, at)
            size, at = _varint(content, at)
            rowid += step
            positions = content[at : at + (size >> 1)]
            at += len(positions)
            missing = (size >> 1) - len(positions)
            if not missing:
                yield Posting(word, rowid, size, positions)
        # no number is cut in two
        _require(not missing or not positions or positions[-1] < 0x80)
    _require(not missing)


def _segments(record: bytes) -> list[tuple[int, int, int]]:
    """Return number, first page and last page of each segment, as FTS5's record of them says.

    Both pages are 0 of one that is merged whole while others of its level still are merged.
    """
    levels, segments, _, *rest = _varints(record[COUNTER:])
    # a form of the record that newer versions know begins like one of more levels
    _require(levels <= SEGMENTS)
    found: list[tuple[int, int, int]] = []
    merged_below = 0
    for _ in range(levels):
        [merged, size], rest = rest[:2], rest[2:]
        _require(merged <= size and 3 * size <= len(rest) and (size > 0 or not merged_below))
        for at in range(size):
            number, first, last = rest[3 * at : 3 * at + 3]
            is_left_behind = at < merged and first == last == 0
            _require(0 < number <= SEGMENTS and (is_left_behind or 0 < first <= last < PAGES))
            found.append((number, first, last))
        merged_below, rest = merged, rest[3 * size :]
    # a merge writes into the level above
    _require(not rest and not merged_below)
    _require(len({number for number, _, _ in found}) == len(found) == segments)
    return found


def _varints(data: bytes) -> list[int]:
    """Return the numbers that bytes hold.

    >>> _varints(bytes([1, 0x81, 0]))
    [1, 128]
    """
    numbers, at = [], 0
    while at < len(data):
        number, at = _varint(data, at)
        numbers.append(number)
    return numbers


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at a place as SQLite writes it, seven bits a byte, and where it ends.

    Raises
    ------
    ValueError
        If there is none, or one with more bytes than it needs: readers take these differently.
    """
    number = 0
    for end, byte in enumerate(data[at : at + VARINT_BYTES], at + 1):
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, end
        if not number:
            break
    raise ValueError(f"has no number at {at}")


def _require(is_as_written: bool) -> None:
    if not is_as_written:
        raise ValueError("has records that SQLite does not write")
