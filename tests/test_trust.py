"""The page about trust says what the code does: its numbers, commands, rules and tests."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import forked
from claimlog import command_limits, git, web_client, web_connections
from claimlog import limits as definition
from claimlog.checkout import FILES, TAGS
from claimlog.cli import cli
from claimlog.desk import blindness
from claimlog.export import sqlite, table_csv
from claimlog.log import tiles
from claimlog.log.release_index import read_index
from claimlog.package import Package
from claimlog.release import (
    bibliography_reader,
    database_content,
    delta_process,
    prove,
    release_limits,
    served_rows,
)
from claimlog.release import signed_note as note
from claimlog.release.signing_key import verifier_key
from claimlog.site import source_texts
from claimlog.site.files import prepared_query, query_clock
from claimlog.site.lists import code_labels, selection
from claimlog.site.protection import reader_limits
from claimlog.site.server_command import SETTINGS
from claimlog.sql_process import GRACE_SECONDS
from conftest import ROOT

PAGE = (ROOT / "docs" / "trust.md").read_text("utf-8")
TEXT = " ".join(PAGE.split())
SECTIONS = {
    title: re.findall(r"^    (claimlog [^#\n]+?) *(?:#.*)?$", text, re.MULTILINE)
    for title, text in re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", PAGE, re.MULTILINE)
}
"""The commands of each section."""


def test_the_limits_that_are_stated_are_those_of_the_code() -> None:
    mib = 1 << 20
    assert 1024 * mib == release_limits.BASE_MEMORY
    for sentence in (
        f"{release_limits.BASE_SECONDS} seconds and {release_limits.SECONDS_PER_MB} more for each "
        "megabyte",
        f"more than {command_limits.MEMORY // mib // 1024} GiB of memory and "
        f"{command_limits.MEMORY_TIMES} times the log, texts and rows that it reads, or more than "
        f"{command_limits.SECONDS:,} seconds of the processor and {command_limits.SECONDS_EACH} "
        f"more for each megabyte of these",
        f"more than {command_limits.WRITTEN // mib // 1024} GiB to disks and "
        f"{command_limits.WRITTEN_TIMES:,} times these",
        f"at most {sqlite.FILE_BYTES // mib} MiB and {sqlite.FILE_TIMES} times the log",
        f"at most {definition.INDEXED_COLUMNS} columns in its indexes",
        f"after {command_limits.GRACE_SECONDS} seconds, or with a quarter more memory",
        f"within {command_limits.GRACE_SECONDS} more seconds",
        f"it may be up to {command_limits.MOST_FACTOR}, as `--limits` may",
        f"1 GiB of memory and {release_limits.MEMORY_PER_BYTE} times the archive's size",
        f"the archive and {release_limits.WRITTEN_BYTES // mib} MiB",
        f"directories at most {release_limits.MAX_DEPTH} deep and at most "
        f"{release_limits.MAX_FILES:,} files",
        f"may be wrong by a factor of {database_content.ROWS_FACTOR}",
        f"at most {reader_limits.WORKER_BYTES // 10**6} MB of address space",
        f"{SETTINGS['sql_time_limit_ms'] // 1000} seconds a query",
        f"There are at most {reader_limits.CONNECTIONS}, fewer",
        f"for {reader_limits.SEND_SECONDS:.0f} seconds in all",
        f"{reader_limits.HEAD_BYTES:,} bytes and {reader_limits.HEAD_LINES} lines for the head",
        f"take at most {reader_limits.ANSWER_BYTES // 10**6} MB as JSON",
        f"{reader_limits.JSON_PARTS:,} values of JSON",
        f"at {reader_limits.LEAST_RATE // 1000} kB a second",
        f"at most {reader_limits.SENDING_BYTES // 10**6} MB, "
        f"{reader_limits.PEER_SENDING_BYTES // 10**6} MB",
        f"All facets of a page show {reader_limits.PAGE_FACET_VALUES:,} values together",
        f"more than {reader_limits.FACET_BYTES // 10**6} MB",
        f"at most {git.MEMORY_BYTES >> 30} GiB of address space",
        f"a listing of more than {FILES:,} files is refused, as are more than {TAGS:,} tags",
        f"CITATION.cff are read up to {definition.DOCUMENT_BYTES // mib} MiB",
        f"a work has at most {definition.WORK_BYTES // mib} MiB",
        f"whose files have at most {blindness.COMPARED_BYTES // mib} MiB together",
        f"source texts up to {definition.TEXT_BYTES // mib} MiB each",
        f"differences of more than {definition.DIFF_LINES:,} lines",
        f"more than {definition.MARKS} combining marks",
        f"at most {definition.ENTRIES:,} entries and {definition.CITATIONS:,} citations of claims",
        f"and of its key, the first {definition.ENTRY_LENGTH:,} characters are read, and a key or "
        f"identifier is shown up to {bibliography_reader.NAME_LENGTH}",
        f"and {delta_process.GROWTH} times that of a delta alone",
        f"less than {web_connections.LEAST_SPEED // 1000} kB a second for "
        f"{web_connections.LEAST_SECONDS:.0f} seconds is cut off",
        f"What is fetched at the desk has {definition.DESK_FETCH_SECONDS} seconds with all tries",
        f"a regular file of at most {prove.PROOF_BYTES // mib} MiB",
        f"with a row of at most {tiles.ENTRY_BYTES:,} bytes",
        f"at most {definition.TILED_ROWS:,} rows and {definition.TILED_BYTES // mib:,} MiB",
        f"{prepared_query.STEPS // 10**6} million steps of SQLite each and until their rows have "
        f"{prepared_query.ROW_BYTES // 10**6} MB",
        f"within {prepared_query.PROCESSOR_SECONDS} seconds of the processor, "
        f"{reader_limits.WORKER_BYTES // 10**6} MB of memory, in which lies what they sort, and, "
        f"by the clock, {query_clock.PREPARED_SECONDS} seconds and "
        f"{query_clock.PREPARED_SECONDS_PER_MB} more "
        "for each megabyte of the database for all of them together",
        f"{query_clock.QUERY_SECONDS} seconds and {query_clock.QUERY_SECONDS_PER_MB} more for each "
        f"megabyte of the database, all of them together {query_clock.PAGES_SECONDS} and "
        f"{query_clock.PAGES_SECONDS_PER_MB} more",
        f"{definition.INTERCHANGE_SECONDS} seconds and {definition.INTERCHANGE_SECONDS_PER_MB} "
        f"more for each megabyte, {definition.INTERCHANGE_MEMORY // mib // 1024} GiB of memory and "
        f"{definition.INTERCHANGE_MEMORY_PER_BYTE} times the file's size, and what it holds, "
        f"written as JSON, no larger than {definition.INTERCHANGE_WRITTEN // mib} MiB and "
        f"{definition.INTERCHANGE_WRITTEN_PER_BYTE} times its size, of which "
        f"{definition.INTERCHANGE_UNPACKED_BYTES // mib} MiB count at most",
        f"more than {note.NOTE_BYTES:,} bytes or {note.SIGNATURES} signatures",
        f"more than {definition.PARQUET_BYTES_FREE // mib} MiB and {definition.PARQUET_EXPANSION} "
        f"times its bytes, where a row counts for {definition.PARQUET_ROW_BYTES} bytes and "
        f"{definition.PARQUET_CELL_BYTES} for each column of the schema that it was written by, "
        f"and a value of a list for {definition.PARQUET_ITEM_BYTES}",
        f"It may have {definition.PARQUET_PAGES:,} pages, two more for each column and one for "
        f"each {definition.PARQUET_VALUES_A_PAGE} values, and {definition.PARQUET_CODES:,} texts "
        "in a dictionary.",
    ):
        assert sentence in TEXT, sentence
    assert web_client.TRIES == 4, "four times at most"
    assert served_rows.SPARE_ROWS == 1000, "release states and a thousand"
    assert (reader_limits.READERS, reader_limits.WAITING) == (4, 8), (
        "Four readers' requests, eight may wait"
    )
    assert (reader_limits.PAGES, reader_limits.PEER_PAGES) == (6, 3), (
        "six at a time, three for one peer"
    )
    assert (reader_limits.HEAD_SECONDS, reader_limits.IDLE_SECONDS) == (10, 5), (
        "ten seconds, five between two"
    )
    assert (reader_limits.STREAMS, reader_limits.SENDING_SECONDS) == (2, 180), (
        "Two tables, for three minutes"
    )
    assert reader_limits.PAGE_CHARACTERS == 10**6, "about a megabyte of HTML"
    assert source_texts.PART_CHARACTERS == 100_000, "it shows 100,000 characters"
    assert table_csv.PIECE_BYTES == 10**6, "pieces of about a megabyte of text"
    assert (selection.EXPLAINED, code_labels.CANDIDATES) == (3, 200), "the first three, 200"
    assert GRACE_SECONDS == 0.5, "half a second later"


def test_every_test_module_that_is_named_exists() -> None:
    named = set(re.findall(r"`(test_\w+\.py)`", PAGE))
    assert len(named) > 10
    for name in named:
        assert (ROOT / "tests" / name).is_file(), name


def test_every_command_that_is_named_exists() -> None:
    for name in re.findall(r"\bclaimlog ([a-z]+(?:-[a-z]+)*)\b", PAGE):
        assert name in cli.commands or name in ("asks", "prints", "works", "has"), name


def test_the_root_to_keep_is_that_of_the_first_release() -> None:
    first = read_index(Package(ROOT))[0]
    assert f"--root {first.size}:{first.root}" in PAGE


def test_the_commands_about_a_kept_root_run_as_they_stand(tmp_path: Path) -> None:
    commands = SECTIONS["Keep a root outside, and prove consistency later"]
    assert len(commands) == 5
    assert "row" in run_commands(commands, ROOT, tmp_path)


def run_claimlog(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run claimlog in a directory and return what it printed."""
    done = forked.run(folder, words, os.environ, None, 120)
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def run_commands(commands: Sequence[str], package: Path, folder: Path) -> str:
    """Run commands as a page shows them; return what the last one printed."""
    for command in commands:
        words, _, target = command.partition(" > ")
        done = run_claimlog(folder, "--package", str(package), *shlex.split(words)[1:])
        assert done.returncode == 0, done.stderr
        if target:
            (folder / target.strip()).write_text(done.stdout)
    return done.stdout


def test_the_commands_about_following_the_log_run_as_they_stand(tmp_path: Path) -> None:
    commands = SECTIONS["Follow the log"]
    assert len(commands) == 4
    package = tmp_path / "package"
    for name in ("events", "schemas", "releases"):
        shutil.copytree(ROOT / name, package / name)
    shutil.copyfile(ROOT / "datapackage.json", package / "datapackage.json")
    who = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "All")):
        subprocess.run(["git", "-C", package, *who, *words], check=True)
    private = Ed25519PrivateKey.generate()
    key = tmp_path / "KEY.pem"
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    origin = Package(ROOT).descriptor["logOrigin"]
    (tmp_path / "log.vkey").write_text(verifier_key(origin, key), "utf-8")
    said = run_commands(commands, package, tmp_path)
    assert said.startswith("C004-004 version ")
    assert "signed with the key log.vkey" in said


@pytest.mark.parametrize("root", ["175:00", "x:y", "175", ":"])
def test_a_root_that_is_none_is_refused(root: str, tmp_path: Path) -> None:
    (tmp_path / "proof.json").write_text("{}")
    done = run_claimlog(tmp_path, "verify", "--proof", str(tmp_path / "proof.json"), "--root", root)
    assert done.returncode == 2
    assert "expected SIZE:ROOT" in done.stderr


def test_a_kept_root_that_is_another_is_told_apart(tmp_path: Path) -> None:
    first, second = read_index(Package(ROOT))[:2]
    here = ("--package", str(ROOT))
    proved = run_claimlog(
        tmp_path, *here, "prove", "consistency", str(first.version), str(second.version)
    )
    assert proved.returncode == 0, proved.stderr
    path = tmp_path / "proof.json"
    path.write_text(proved.stdout)
    right = f"{first.size}:{first.root}"
    for start, root, status, said in (
        ((), right, 0, f"hold it against a root that you kept: {second.size}:"),
        ((), f"{first.size}:{'0' * 64}", 1, "is about another tree"),
        ((), f"7:{'0' * 64}", 1, "is about trees of 175 and 2485 rows, not of 7"),
        (here, f"{first.size}:{'0' * 64}", 1, "one of the two was rewritten"),
        (here, right, 0, "begins with all 175 rows"),
    ):
        done = run_claimlog(tmp_path, *start, "verify", "--proof", str(path), "--root", root)
        assert (done.returncode, said in done.stdout + done.stderr) == (status, True), done
