"""An FTS5 index of any version of SQLite is read, and one that leads searches astray is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import accumulate, pairwise

import pytest

from claimlog.release.search_segments import (
    AVERAGES,
    HEADER,
    LEFT_BEHIND,
    LIST_INDEX_BIT,
    SEGMENT_BITS,
    STRUCTURE,
    Posting,
    SearchSegments,
)

ROWS = 400
SETTINGS = {
    "another size of pages": {"pgsz": 1000},
    "lists with indexes of two levels": {"pgsz": 32},
    "several segments": {"hashsize": 3000},
    "segments of which a part is merged": {"hashsize": 3000, "pgsz": 50},
}
LIST_INDEXES = f"id >> {LIST_INDEX_BIT} & 1"


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.execute("CREATE TABLE rows (a, b)")
        values = [(f"word{row} of zulu", f"{'tune ' * (row % 40)}") for row in range(ROWS)]
        database.executemany("INSERT INTO rows VALUES (?, ?)", values)
        yield database


def make_index(database: sqlite3.Connection, **settings: int) -> None:
    database.execute("DROP TABLE IF EXISTS f")
    database.execute(
        "CREATE VIRTUAL TABLE f USING fts5(a, b, content=rows, tokenize='porter unicode61')"
    )
    for name, value in settings.items():
        database.execute("INSERT INTO f(f, rank) VALUES (?, ?)", (name, value))
    database.execute("INSERT INTO f(f) VALUES ('rebuild')")


def postings(database: sqlite3.Connection) -> list[Posting]:
    return [*SearchSegments(database, "main", "f").postings()]


@pytest.mark.parametrize("what", SETTINGS)
def test_an_index_is_read_alike_however_its_pages_are_cut(
    what: str, database: sqlite3.Connection
) -> None:
    make_index(database)
    expected = postings(database)
    assert len(expected) > 3 * ROWS
    make_index(database, **SETTINGS[what])
    assert postings(database) == expected
    levels = database.execute(f"SELECT max(id >> 31 & 31) FROM f_data WHERE {LIST_INDEXES}")
    if "levels" in what:
        assert levels.fetchone() == (1,)


@pytest.fixture
def merging(database: sqlite3.Connection) -> sqlite3.Connection:
    """An index of four segments, of which one is merged whole and the next in part."""
    database.execute("UPDATE rows SET a = printf('word%05d', rowid), b = ''")
    make_index(database, pgsz=50, automerge=0)
    database.execute("INSERT INTO f(f) VALUES ('delete-all')")
    for start in range(0, ROWS, ROWS // 4):
        part = "SELECT rowid, a, b FROM rows WHERE rowid > ? AND rowid <= ?"
        database.execute(f"INSERT INTO f(rowid, a, b) {part}", (start, start + ROWS // 4))
    for _ in range(2):
        database.execute("INSERT INTO f(f, rank) VALUES ('merge', 20)")
    [(segments,)] = database.execute(f"SELECT block FROM f_data WHERE id = {STRUCTURE}").fetchall()
    assert bytes([4, 4, 1, 0, 0, 2]) in segments
    return database


def test_what_was_merged_whole_before_others_is_passed_over(merging: sqlite3.Connection) -> None:
    found = postings(merging)
    make_index(merging)
    assert found == postings(merging)


MERGED = {
    "a page that no search is led to": (
        f"INSERT INTO f_data SELECT {1 << SEGMENT_BITS}, block FROM f_data WHERE id > 10 LIMIT 1"
    ),
    "what leads to no page": "UPDATE f_idx SET pgno = 0 WHERE segid = 1",
    "what leads to a page below 0": "UPDATE f_idx SET pgno = pgno + (1 << 31) WHERE segid = 1",
    "much that nobody reads": (
        f"INSERT INTO f_data SELECT ({1 << SEGMENT_BITS}) + 100000, zeroblob({LEFT_BEHIND} * "
        f"sum(length(block))) FROM f_data WHERE id >> {SEGMENT_BITS} <> 1"
    ),
    "much that nobody reads in what led to merged pages": (
        f"INSERT INTO f_data SELECT {2 << SEGMENT_BITS | 1 << LIST_INDEX_BIT | 1}, zeroblob("
        f"{LEFT_BEHIND} * sum(length(block))) FROM f_data WHERE id >> {SEGMENT_BITS} <> 1"
    ),
    "much that nobody reads, and as many zeros in the sums": (
        f"INSERT INTO f_data SELECT ({1 << SEGMENT_BITS}) + 100000, zeroblob({LEFT_BEHIND} * "
        f"sum(length(block))) FROM f_data WHERE id >> {SEGMENT_BITS} <> 1; "
        f"UPDATE f_data SET block = zeroblob(10000) WHERE id = {AVERAGES}"
    ),
    "long keys of what was merged whole": (
        f"INSERT INTO f_idx SELECT 1, zeroblob({LEFT_BEHIND} * sum(length(block))), 2 "
        f"FROM f_data WHERE id >> {SEGMENT_BITS} <> 1"
    ),
    "long keys that led to merged pages": (
        f"INSERT INTO f_idx SELECT 2, zeroblob({LEFT_BEHIND} * sum(length(block))), 2 "
        f"FROM f_data WHERE id >> {SEGMENT_BITS} <> 1"
    ),
    "a text whose length is not that of its bytes": (
        f"INSERT INTO f_data SELECT ({1 << SEGMENT_BITS}) + 100000, char(0) || hex(zeroblob(9999))"
    ),
    "a record of nothing": f"INSERT INTO f_data VALUES (({1 << SEGMENT_BITS}) + 100000, NULL)",
    "a segment that no merge has": (
        f"UPDATE f_data SET block = CAST(replace(block, x'040401', x'000401') AS BLOB) "
        f"WHERE id = {STRUCTURE}"
    ),
}


@pytest.mark.parametrize("what", MERGED)
def test_what_a_search_would_find_where_all_was_merged_is_refused(
    what: str, merging: sqlite3.Connection
) -> None:
    """Of such a segment, SQLite reads the page 0 if it is led there."""
    before = merging.total_changes
    merging.executescript(MERGED[what])
    assert merging.total_changes > before
    with pytest.raises(ValueError, match="does not write"):
        postings(merging)


def rewrite(database: sqlite3.Connection, where: str, edit: Callable[[bytes], bytes]) -> None:
    """Change the first record for which a condition holds and that an edit changes."""
    for record, block in database.execute(f"SELECT id, block FROM f_data WHERE {where}").fetchall():
        if (new := edit(block)) != block:
            database.execute("UPDATE f_data SET block = ? WHERE id = ?", (new, record))
            return
    pytest.fail("no record was changed")


def lead_past_words(database: sqlite3.Connection) -> None:
    """Lead the first word of a page to that page, and what it begins with to the next one."""
    rows = database.execute("SELECT term, pgno FROM f_idx ORDER BY term").fetchall()
    for (key, page), (_, after) in pairwise(rows[1:]):
        block = page_block(database, page // 2)
        place = block[int.from_bytes(block[2:HEADER])]
        word = block[place + 1 : place + 1 + block[place]]
        if len(word) > len(key) and page % 2 == after % 2 == 0:
            low = key[:-1] + bytes([key[-1] - 1, 0xFF])
            database.execute("UPDATE f_idx SET term = ? WHERE term = ?", (low, key))
            for term, number in ((key, after), (word, page)):
                database.execute("INSERT INTO f_idx VALUES (1, ?, ?)", (term, number))
            return
    pytest.fail("no page was led past")


def page_block(database: sqlite3.Connection, page: int) -> bytes:
    query = "SELECT block FROM f_data WHERE id = ?"
    return bytes(database.execute(query, (1 << SEGMENT_BITS | page,)).fetchone()[0])


def end_early(order: str) -> Callable[[sqlite3.Connection], None]:
    def forge(database: sqlite3.Connection) -> None:
        found = f"SELECT id FROM f_data WHERE {LIST_INDEXES} AND NOT id >> 31 & 31 "
        [(record,)] = database.execute(f"{found} ORDER BY id {order} LIMIT 1").fetchall()
        rewrite(database, f"id = {record}", lambda block: block[:-1])

    return forge


def share_less(block: bytes) -> bytes:
    """Write the second word of a page with a letter more of its own, where that fits."""
    end = int.from_bytes(block[2:HEADER])
    places = [*accumulate(block[end:])]
    if len(places) < 2 or max(block[end:]) > 0x7F or block[places[1]] < 3:
        return block
    first, second = places[:2]
    shared, length = block[second : second + 2]
    letter = block[first + shared : first + shared + 1]
    word = bytes([shared - 1, length + 1]) + letter
    steps = bytearray(block[end:])
    if len(steps) > 2:
        steps[2] += 1
    return (
        block[:2]
        + (end + 1).to_bytes(2)
        + block[HEADER:second]
        + word
        + block[second + 2 : end]
        + steps
    )


def number_at_length(block: bytes) -> bytes:
    """Write the last number of a page of nothing but numbers with a byte that says nothing."""
    end = int.from_bytes(block[2:HEADER])
    if end < len(block) or end < 20 or block[end - 2] > 0x7F:
        return block
    return block[:2] + (end + 1).to_bytes(2) + block[HEADER : end - 1] + b"\x80" + block[end - 1 :]


def varint(number: int, more: int = 0) -> bytes:
    former = varint(number >> 7, 0x80) if number > 0x7F else b""
    return former + bytes([number & 0x7F | more])


def lead_by_more_bits(database: sqlite3.Connection) -> None:
    """Have pages lie where only who reads more bits of their numbers than SQLite finds them.

    Their low bits are those of other pages, which SQLite reads.
    """
    database.execute("UPDATE rows SET b = ''")
    make_index(database, pgsz=1000)
    more = 1 << LIST_INDEX_BIT
    database.execute("INSERT INTO f_data SELECT id + ?, block FROM f_data WHERE id > 10", (more,))
    database.execute("UPDATE f_idx SET pgno = pgno + 2 * ?", (more,))
    rewrite(
        database,
        f"id = {STRUCTURE}",
        lambda block: block[:-2] + varint(more + block[-2]) + varint(more + block[-1]),
    )
    assert database.execute("SELECT count(*) FROM f('zulu')").fetchone() == (ROWS,)


FORGED: dict[str, Callable[[sqlite3.Connection], None]] = {
    "beginnings of words lead past them": lead_past_words,
    "the index of the last long list ends early": end_early("DESC"),
    "the index of the first long list ends early": end_early("ASC"),
    "an index of two levels leads elsewhere above": lambda database: rewrite(
        database, f"{LIST_INDEXES} AND id >> 31 & 31", lambda block: block[:-1]
    ),
    "a word shares less with the one before it": lambda database: rewrite(
        database, "id > 10", share_less
    ),
    "a number is longer than it is": lambda database: rewrite(
        database, "id > 10 AND NOT id >> 36 & 1", number_at_length
    ),
    "pages lie where SQLite reads others": lead_by_more_bits,
    "a page ends behind its end": lambda database: rewrite(
        database, "id > 10 AND NOT id >> 36 & 1", lambda block: block[:2] + b"\xff" + block[3:]
    ),
    "a page lies before the first": lambda database: rewrite(
        database, f"id = {STRUCTURE}", lambda block: block[:-3] + b"\x02" + block[-2:]
    ),
    "a page lies behind the last": lambda database: (
        database.execute(
            "INSERT INTO f_data SELECT max(id) + 1, block FROM f_data WHERE NOT id >> 36 & 1"
        )
        and None
    ),
}


@pytest.mark.parametrize("what", FORGED)
def test_an_index_that_leads_a_search_astray_is_refused(
    what: str, database: sqlite3.Connection
) -> None:
    make_index(database, pgsz=32 if "levels" in what else 64)
    FORGED[what](database)
    with pytest.raises(ValueError, match=r"does not write|has no (number|record)"):
        postings(database)


UNSEEN = (
    "beginnings of words lead past them",
    "the index of the last long list ends early",
    "a word shares less with the one before it",
)


@pytest.mark.parametrize("what", UNSEEN)
def test_what_is_refused_passes_the_check_of_fts5(what: str, database: sqlite3.Connection) -> None:
    make_index(database, pgsz=64)
    FORGED[what](database)
    database.execute("INSERT INTO f(f, rank) VALUES ('integrity-check', 1)")
    query = "SELECT count(*) FROM (SELECT rowid FROM f('zulu') ORDER BY rowid {})"
    found = [database.execute(query.format(order)).fetchone()[0] for order in ("ASC", "DESC")]
    assert found[0] == ROWS
    assert (found[1] < ROWS) is ("list" in what)
