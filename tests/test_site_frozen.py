"""Releases of a stranger's checkout that are to be served: rows only, whole, and nowhere else."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from claimlog.errors import ClaimlogError
from claimlog.package import Package
from claimlog.site.release_databases import place_releases
from repositories import Repo


@pytest.fixture(scope="module")
def released(once_released: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    return once_released.copy(tmp_path_factory.mktemp("strange"))


def elsewhere(released: Repo, tmp_path: Path) -> tuple[Package, Path]:
    """Return a copy of the package with its release, and an empty place for databases."""
    root = tmp_path / "package"
    ignored = shutil.ignore_patterns("build", ".git", "scripts")
    shutil.copytree(released.root, root, ignore=ignored)
    return Package(root), tmp_path / "out"


COMPUTING = {
    "a view in place of a table": "alter table claims rename to rows; "
    "create view claims as select instr(hex(zeroblob(9)), 'b') as claim_id from rows",
    "a view beside": 'create view "a" as select count(*) from claims',
    "a view of a view": 'create view "a" as select "claim_id" from "claims"; '
    'create view "b" as select "claim_id" from "a"',
    "a trigger": "create trigger a after insert on claims begin select 1; end",
    "a computed column": "alter table claims add column a int as (length(statement))",
    "an index on an expression": "create index a on claims (length(statement))",
    "a partial index": "create index a on claims (topic) where length(statement) > 1",
    "another virtual table": "create virtual table a using fts4(b)",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", COMPUTING)
def test_a_database_that_computes_is_not_served_whoever_names_it(
    kind: str, released: Repo, tmp_path: Path
) -> None:
    package, out = elsewhere(released, tmp_path)
    database = package.root / "dist" / "tiny-0.1.0" / "tiny.db"
    with closing(sqlite3.connect(database)) as opened:
        opened.executescript(COMPUTING[kind])
    named_anew(package, database)
    with pytest.raises(ClaimlogError, match=r"comput|trigger|fts4|cannot be read"):
        place_releases(package, out, "0.1.0")
    assert not [path for path in out.rglob("*") if path.is_file()]


def root_page(database: Path, name: str) -> int:
    with closing(sqlite3.connect(database)) as opened:
        (page,) = opened.execute(
            "select rootpage from sqlite_master where name = ?", (name,)
        ).fetchone()
    return int(page)


def share_leaves(database: Path) -> None:
    """Have every branch of a table's root lead to the same page, so that its rows come again."""
    with closing(sqlite3.connect(database)) as opened:
        opened.execute("create table doubled (a text)")
        opened.executemany("insert into doubled values (?)", [("x" * 3000,)] * 200)
        opened.commit()
    size = int.from_bytes(database.read_bytes()[16:18], "big")
    start = (root_page(database, "doubled") - 1) * size
    data = bytearray(database.read_bytes())
    assert data[start] == 5, "the root of the table is no leaf"
    cells = int.from_bytes(data[start + 3 : start + 5], "big")
    places = [
        start + int.from_bytes(data[start + 12 + 2 * at : start + 14 + 2 * at], "big")
        for at in range(cells)
    ]
    first = data[places[0] : places[0] + 4]
    for place in places:
        data[place : place + 4] = first
    database.write_bytes(data)


def share_overflow(database: Path) -> None:
    """Have the pages of a long value lead in a circle."""
    with closing(sqlite3.connect(database)) as opened:
        opened.execute("create table doubled (a text)")
        opened.execute("insert into doubled values (?)", ("x" * 100_000,))
        opened.commit()
    data = bytearray(database.read_bytes())
    size = int.from_bytes(data[16:18], "big")
    pages = [
        at for at in range(0, len(data), size) if data[at + 4 : at + size] == b"x" * (size - 4)
    ]
    assert len(pages) > 5
    data[pages[3] : pages[3] + 4] = data[pages[1] : pages[1] + 4]
    database.write_bytes(data)


@pytest.mark.parametrize("share", [share_leaves, share_overflow])
def test_a_database_whose_parts_share_pages_is_not_served(
    share: Callable[[Path], None], released: Repo, tmp_path: Path
) -> None:
    package, out = elsewhere(released, tmp_path)
    database = package.root / "dist" / "tiny-0.1.0" / "tiny.db"
    share(database)
    named_anew(package, database)
    with pytest.raises(ClaimlogError, match=r"tiny\.db: its pages are damaged \(.*get "):
        place_releases(package, out, "0.1.0")
    assert not [path for path in out.rglob("*") if path.is_file()]


def test_a_database_with_other_rows_than_the_index_says_is_not_served(
    released: Repo, tmp_path: Path
) -> None:
    package, out = elsewhere(released, tmp_path)
    database = package.root / "dist" / "tiny-0.1.0" / "tiny.db"
    with closing(sqlite3.connect(database)) as opened:
        opened.execute("delete from codebook where rowid = 1")
        opened.commit()
    named_anew(package, database)
    with pytest.raises(ClaimlogError, match=r"has [0-9,]+ rows in codebook, and .*0\.1\.0\.json"):
        place_releases(package, out, "0.1.0")


def test_a_database_that_takes_too_long_to_check_is_not_served(
    released: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, out = elsewhere(released, tmp_path)
    monkeypatch.setattr("claimlog.site.sound_database.SECONDS", -1.0)
    monkeypatch.setattr("claimlog.site.sound_database.SECONDS_PER_BYTE", 0.0)
    monkeypatch.setattr("claimlog.sql_process.GRACE_SECONDS", 1.001)
    with pytest.raises(ClaimlogError, match="cannot be checked within"):
        place_releases(package, out, "0.1.0")


def test_former_names_of_columns_may_be_served(released: Repo, tmp_path: Path) -> None:
    package, out = elsewhere(released, tmp_path)
    database = package.root / "dist" / "tiny-0.1.0" / "tiny.db"
    with closing(sqlite3.connect(database)) as opened:
        opened.execute(
            'CREATE VIEW "claims_before_0_1_0" AS SELECT "claim_id" AS "id", "topic" FROM "claims"'
        )
    named_anew(package, database)
    assert place_releases(package, out, "0.1.0")[0].is_file()


def named_anew(package: Package, database: Path) -> None:
    """Have the index name a database as it is, as in a checkout that a stranger made."""
    path = package.root / "releases" / "0.1.0.json"
    entry = json.loads(path.read_text("utf-8"))
    entry["files"]["tiny.db"] = sha256(database.read_bytes()).hexdigest()
    path.write_text(json.dumps(entry), "utf-8")


def forged(package: Package, how: str) -> Path:
    """Put something in the place of a release's archive or database, and return where."""
    folder = package.root / "dist" / "tiny-0.1.0"
    database, archive = folder / "tiny.db", folder.with_name("tiny-0.1.0.zip")
    archive.unlink(missing_ok=True)
    if how.startswith("database"):
        database.unlink()
        match how.partition(": ")[2]:
            case "a hole":
                with database.open("wb") as file:
                    file.truncate(1 << 40)
            case "a link":
                database.symlink_to(package.root / "datapackage.json")
            case "a pipe":
                os.mkfifo(database)
            case "a directory":
                database.mkdir()
        return database
    shutil.rmtree(folder)
    method = zipfile.ZIP_DEFLATED if "deflated" in how else zipfile.ZIP_STORED
    with zipfile.ZipFile(archive, "w", method) as file:
        file.writestr("tiny-0.1.0/tiny.db", b"a" * 100_000)
    data = bytearray(archive.read_bytes())
    directory = data.rindex(b"PK\x01\x02")
    if "encrypted" in how:
        data[6] |= 1
        data[directory + 8] |= 1
    elif "unknown" in how:
        data[8] = data[directory + 10] = 97
    elif "corrupt" in how:
        data[200:260] = b"\xff" * 60
    elif "pipe" in how:
        archive.unlink()
        os.mkfifo(archive)
        return archive
    archive.write_bytes(data)
    return archive


@pytest.mark.parametrize(
    "how",
    [
        *("database: a hole", "database: a link", "database: a pipe", "database: a directory"),
        *("archive: deflated", "archive: deflated, corrupt", "archive: stored, corrupt"),
        *("archive: encrypted", "archive: unknown method", "archive: a pipe"),
    ],
)
def test_a_forged_release_is_refused_in_a_line_and_leaves_nothing(
    how: str, released: Repo, tmp_path: Path
) -> None:
    package, out = elsewhere(released, tmp_path)
    forged(package, how)
    started = time.perf_counter()
    with pytest.raises(ClaimlogError) as error:
        place_releases(package, out, "0.1.0")
    assert "\n" not in str(error.value)
    assert "fault of claimlog" not in str(error.value)
    assert time.perf_counter() - started < 20
    assert not [path for path in out.rglob("*") if path.is_file()]


def test_an_index_without_the_database_is_named(released: Repo, tmp_path: Path) -> None:
    package, out = elsewhere(released, tmp_path)
    path = package.root / "releases" / "0.1.0.json"
    entry = json.loads(path.read_text("utf-8"))
    del entry["files"]["tiny.db"]
    path.write_text(json.dumps(entry), "utf-8")
    with pytest.raises(ClaimlogError, match=r"0\.1\.0\.json: .*tiny\.db"):
        place_releases(package, out, "0.1.0")


@pytest.mark.parametrize("place", ["datasette", "datasette/releases"])
def test_databases_are_not_put_where_a_link_leads(
    place: str, released: Repo, tmp_path: Path
) -> None:
    package, out = elsewhere(released, tmp_path)
    other = tmp_path / "other"
    (other / "releases").mkdir(parents=True)
    kept = [other / "tiny-0_1_0.db", other / "releases" / "tiny-0_1_0.db"]
    for path in kept:
        path.write_text("precious")
    link = out / place
    link.parent.mkdir(parents=True)
    link.symlink_to(other)
    with pytest.raises(ClaimlogError, match="is a link"):
        place_releases(package, out, "0.1.0")
    assert [path.read_text() for path in kept] == ["precious"] * 2
