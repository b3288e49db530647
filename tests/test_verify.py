"""Tamper evidence: copies of a release, proofs, checkpoints and signatures."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import chdir, closing, nullcontext
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import claimlog
from claimlog.cli import cli
from claimlog.errors import ClaimlogError, Finding
from claimlog.export import sqlite
from claimlog.export.descriptor import dump_json
from claimlog.export.parquet import ParquetFile
from claimlog.export.table_csv import csv_of
from claimlog.fold import FOLD_VERSION
from claimlog.log.event_log import Log
from claimlog.log.merkle import leaf_hash
from claimlog.log.proofs import consistency, extends, includes, inclusion, tree_root
from claimlog.log.read_log import read
from claimlog.log.release_index import ReleaseEntry, read_index
from claimlog.log.signed_trees import RECORD
from claimlog.package import SUMS, Package
from claimlog.release.authenticity import check_index, check_signatures
from claimlog.release.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from claimlog.release.checksums import check_sums, dump_sums, sha256_of_files
from claimlog.release.csv_tables import check_csv_tables
from claimlog.release.descriptor_check import check_descriptors
from claimlog.release.log_check import check_kept_roots, check_log, check_served_log
from claimlog.release.make import make_release, sign_published, sign_release
from claimlog.release.prove import leaf_hashes
from claimlog.release.release_copy import ReleaseCopy, open_copy
from claimlog.release.release_statement import ReleaseStatement
from claimlog.release.release_verdict import MOST_FINDINGS, Verdict
from claimlog.release.signing_key import key_id, verifier_key
from claimlog.release.table_check import check_tables
from claimlog.release.tool_wheel import wheel_name
from claimlog.release.verify import Check, check_database, check_tool, run_check, verify_copy
from claimlog.schema.definition import read_definition
from claimlog.validate.report import Report
from conftest import ROOT, World, copied
from repositories import DAY, Repo, drop_codebook_tables, repository
from thorough import TIMES

LEAVES = [leaf_hash(bytes([number])) for number in range(40)]


@pytest.fixture(scope="module")
def released(made: World, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A tiny release: SQLite in the smallest pages there are, and no tables about the codebook."""
    world = copied(made, tmp_path_factory.mktemp("verified"))
    drop_codebook_tables(world.root)
    repo = repository(world)
    settings = tuple(
        "PRAGMA page_size = 512" if "page_size" in setting else setting
        for setting in sqlite.SETTINGS
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite, "SETTINGS", settings)
        make_release(repo.package, "0.1.0", DAY, repo.root / "dist")
    repo.commit()
    return repo


@pytest.fixture
def folder(released: Repo, tmp_path: Path) -> Path:
    """A copy of the release to break."""
    target = tmp_path / "tiny-0.1.0"
    shutil.copytree(released.root / "dist" / "tiny-0.1.0", target)
    return target


def zipped(released: Repo) -> Path:
    return released.root / "dist" / "tiny-0.1.0.zip"


def resum(folder: Path) -> None:
    """Make the checksums agree with the files, as whoever tampers would."""
    (folder / SUMS).write_text(dump_sums(sha256_of_files(folder)), encoding="utf-8")


def found(folder: Path, released: Repo | None = None) -> list[str]:
    index = read_index(released.package) if released else None
    return [str(finding) for finding in verify_copy(folder, index).findings]


def checked(target: Path, *checks: Check) -> Verdict:
    """What some of the checks say of a copy of the release; the others were seen to pass it."""
    verdict = Verdict("0.1.0", "tiny")
    with open_copy(target) as copy:
        for check in checks:
            run_check(check, copy, verdict)
    return verdict


def signed_by(key: Path) -> Check:
    return lambda copy, verdict: check_signatures(copy, key, verdict)


# copies -----------------------------------------------------------------------------------------


def test_a_directory_and_its_archive_are_whole(released: Repo) -> None:
    index = read_index(released.package)
    for target in (zipped(released), zipped(released).with_suffix("")):
        verdict = verify_copy(target, index)
        assert verdict.findings == []
        assert verdict.version == "0.1.0"
        said = "\n".join(verdict.checks)
        log = read(released.package)
        assert said.count(f"root {log.root.hex()}") == 3  # the log, Parquet and SQLite
        assert "every file against releases/0.1.0.json" in said


@pytest.mark.slow
@pytest.mark.parametrize("name", ["log", "a link"])
def test_a_command_in_an_unpacked_release_leaves_nothing_in_it(
    name: str, folder: Path, released: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder / "log"
    if name != "log":
        place = folder.parent / name
        place.symlink_to(folder / "log")
    monkeypatch.setattr("claimlog.fingerprint.MEMORY_BYTES", 0)
    bibliography = folder.parent / "thesis.bib"
    bibliography.write_text("@misc{tiny-0.1.0-C001-001, title={x}}", encoding="utf-8")
    for words in (("check-citations", str(bibliography)), ("show", "C001-001"), ("log",)):
        done = CliRunner().invoke(cli, ["--package", str(place), *words], standalone_mode=False)
        assert done.exception is None, done.output
    assert verify_copy(folder, read_index(released.package)).findings == []


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("tiny.db", "remove", "tiny.db: is missing, SHA256SUMS lists it"),
        ("extra.txt", "add", "extra.txt: is not listed in SHA256SUMS"),
        ("parquet/claims.parquet", "truncate", "parquet/claims.parquet: is altered"),
        ("log/events/0002-claims/claims.ndjson", "alter", "claims.ndjson: is altered"),
        ("datacite.json", "alter", "datacite.json: is altered"),
        (SUMS, "remove", "SHA256SUMS: is missing"),
        (SUMS, "truncate", "SHA256SUMS"),
        (SUMS, "alter", "SHA256SUMS"),
        ("checkpoint", "link", "checkpoint: is a symbolic link"),
    ],
)
def test_a_missing_extra_truncated_or_altered_file_is_named(
    name: str, change: str, message: str, folder: Path
) -> None:
    path = folder / name
    if change in ("remove", "link"):
        data = path.read_bytes()
        path.unlink()
        if change == "link":
            (folder.parent / "elsewhere").write_bytes(data)
            path.symlink_to(folder.parent / "elsewhere")
    elif change == "add":
        path.write_text("x")
    elif change == "truncate":
        os.truncate(path, path.stat().st_size // 2)
    else:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    whole = change in ("truncate", "link") or name == SUMS
    with open_copy(folder) as copy:
        lines = found(folder) if whole else [str(one) for one in check_sums(folder, copy.digests)]
    assert any(message in line for line in lines)


@pytest.mark.parametrize("kind", ["parquet", "db", "log"])
def test_a_single_flipped_bit_anywhere_is_found(
    kind: str, folder: Path, record_property: Callable[[str, object], None]
) -> None:
    """A bit of every eighth byte of the log, of the Parquet files and of the database; if thorough,
    every bit of all.

    That a file whose hash is not the listed one is reported, the other tests show.
    """
    paths = {
        "parquet": sorted((folder / "parquet").glob("*.parquet")),
        "db": [folder / "tiny.db"],
        "log": sorted((folder / "log" / "events").rglob("*.*")),
    }[kind]
    listed = dict(
        reversed(line.split("  ")) for line in (folder / SUMS).read_text("utf-8").splitlines()
    )
    flipped = missed = 0
    for path in paths:
        data = path.read_bytes()
        expected = bytes.fromhex(listed[path.relative_to(folder).as_posix()])
        assert sha256(data).digest() == expected
        before = sha256()
        for at, byte in enumerate(data):
            rest = memoryview(data)[at + 1 :]
            for bit in range(8) if TIMES > 1 else [at // 8 % 8] if at % 8 == 0 else ():
                altered = before.copy()
                altered.update(bytes([byte ^ (1 << bit)]))
                altered.update(rest)
                flipped += 1
                missed += altered.digest() == expected
            before.update(bytes([byte]))
    record_property("bits_flipped", flipped)
    assert missed == 0
    sizes = [path.stat().st_size for path in paths]
    assert flipped == sum(8 * size if TIMES > 1 else -(-size // 8) for size in sizes) > 750


def shown(path: Path) -> object:
    """Return what readers are shown of a table in Parquet, or of a database and its searches."""
    if path.suffix == ".parquet":
        frame, table = pl.read_parquet(path), pq.read_table(path)
        rows = duckdb.sql(f"SELECT * FROM '{path}'").fetchall()
        return frame.schema, frame.to_dicts(), table.schema, table.to_pylist(), rows
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        objects = database.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
        searches = [name for _, name, sql in objects if "fts5" in (sql or "")]
        parts = tuple(f"{name}_" for name in searches)
        tables = [
            f'"{name}"'
            for kind, name, _ in objects
            if kind == "table" and not name.startswith(parts)
        ]
        for name in searches:
            words = f"temp.words_{name}"
            arguments = f"main, {name}, instance"
            database.execute(f"CREATE VIRTUAL TABLE {words} USING fts5vocab({arguments})")
            tables.append(words)
        rows = [repr(row) for table in tables for row in database.execute(f"SELECT * FROM {table}")]
    return objects, rows


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["*.db", "*.parquet"])
@pytest.mark.parametrize("seed", range(8 * TIMES))
def test_a_changed_byte_is_found_in_the_rows_even_if_every_hash_is_made_anew(
    seed: int, kind: str, folder: Path
) -> None:
    """Unless it lies where no reader looks, so that all that is shown is what it was."""
    chance = random.Random(seed)
    path = chance.choice(sorted(folder.rglob(kind)))
    data = bytearray(path.read_bytes())
    before = shown(path)
    at = chance.choice([at for at, byte in enumerate(data) if byte])  # most of a page is empty
    data[at] = chance.choice([byte for byte in range(256) if byte != data[at]])
    path.write_bytes(data)
    # without those that compare hashes
    if not checked(folder, check_database, check_served_log, check_tables).findings:
        assert shown(path) == before


def test_a_row_changed_in_parquet_is_named_although_all_checksums_agree(folder: Path) -> None:
    path = folder / "parquet" / "claims.parquet"
    frame = pl.read_parquet(path)
    changed = (
        pl.when(pl.col("claim_id") == "C001-002").then(pl.lit("Forged.")).otherwise("statement")
    )
    frame.with_columns(changed.alias("statement")).write_parquet(path)
    resum(folder)
    assert any(
        "parquet/claims.parquet: C001-002 row of claims differs from the log in statement" in line
        for line in map(str, checked(folder, check_tables).findings)
    )


@pytest.mark.slow
def test_a_row_changed_in_sqlite_is_named_although_all_checksums_agree(folder: Path) -> None:
    with sqlite3.connect(folder / "tiny.db") as db:
        db.execute("update claim_versions set statement = 'Forged.' where claim_id = 'C001-001'")
    db.close()
    resum(folder)
    lines = found(folder)
    assert any("tiny.db: C001-001 1 row of claim_versions differs" in line for line in lines)
    size = read(Package(folder / "log")).size
    told = f"tiny.db: the {size} rows that it serves give the root"
    assert any(told in line for line in lines)


@pytest.mark.slow
def test_a_row_removed_from_sqlite_is_named(folder: Path) -> None:
    with sqlite3.connect(folder / "tiny.db") as db:
        db.execute("delete from attributions where claim_id = 'C001-005' and hop = 2")
    db.close()
    resum(folder)
    assert any("C001-005 2 row of attributions is missing" in line for line in found(folder))


@pytest.mark.slow
def test_a_log_forged_from_end_to_end_is_found_by_the_index(
    released: Repo, made: World, tmp_path: Path
) -> None:
    """A release that agrees with itself throughout, but is not the one that was published."""
    other = copied(made, tmp_path)
    other.rewrite("claims", lambda rows: rows[0].update(note="Forged."), 1)
    drop_codebook_tables(other.root)
    repo = repository(other)
    forged = make_release(repo.package, "0.1.0", DAY, tmp_path / "dist")
    assert found(forged.folder) == []
    lines = found(forged.folder, released)
    assert any("is not the file that releases/0.1.0.json names" in line for line in lines)


@pytest.mark.slow
def test_a_release_that_the_index_does_not_know_is_said_so(released: Repo, tmp_path: Path) -> None:
    shutil.copytree(released.root / "dist" / "tiny-0.1.0", tmp_path / "copy")
    verdict = verify_copy(tmp_path / "copy", [])
    [finding] = verdict.findings
    assert "release.json: the index knows no release 0.1.0; it has none" in str(finding)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["a submodule", "no git"])
def test_an_index_vouches_for_no_copy_that_may_have_come_with_it(
    way: str, released: Repo, tmp_path: Path
) -> None:
    got = tmp_path / "got"
    parts = shutil.ignore_patterns(".git", "dist", "scripts", "build")
    shutil.copytree(released.root, got / "pkg", ignore=parts)
    (got / "dist").mkdir()
    shutil.copyfile(zipped(released), got / "dist" / "tiny-0.1.0.zip")
    if way != "no git":
        (got / ".git").mkdir()
        (got / "pkg" / ".git").write_text("gitdir: ../.git/modules/pkg\n")
    world = World(Package(got / "pkg"), tmp_path)
    done = world.run("verify", "../dist/tiny-0.1.0.zip")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "by nobody's word" in done.stdout
    doubt = "which is no git checkout" if way == "no git" else "which holds this copy"
    assert doubt in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("way", ["beside the package", "through a link", "elsewhere"])
def test_an_index_vouches_for_no_copy_of_its_own_git_checkout(
    way: str, released: Repo, tmp_path: Path
) -> None:
    got, store = tmp_path / "got", tmp_path / "store"
    parts = shutil.ignore_patterns(".git", "dist", "scripts", "build")
    shutil.copytree(released.root, got / "pkg", ignore=parts)
    (got / ".git").mkdir()
    store.mkdir()
    (got / "dist").mkdir()
    (got / "pkg" / "dist").symlink_to(store)
    for place in (store, got / "dist"):
        shutil.copyfile(zipped(released), place / "tiny-0.1.0.zip")
    place = {"beside the package": "../dist", "through a link": "dist"}.get(way, "../../store")
    world = World(Package(got / "pkg"), tmp_path)
    done = world.run("verify", f"{place}/tiny-0.1.0.zip")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("is whole and unaltered" in done.stdout) == (way == "elsewhere")
    assert ("which holds this copy" in done.stdout) == (way != "elsewhere")


@pytest.mark.slow
def test_the_command_names_what_it_checked_and_what_not(released: Repo, folder: Path) -> None:
    named = released.world.run("--package", str(released.root), "verify", str(zipped(released)))
    assert named.returncode == 0, named.stdout
    place = f"by releases/0.1.0.json of {released.root.resolve()}"
    assert f"release 0.1.0 of tiny is whole and unaltered, {place}" in named.stdout
    assert "not checked: a signature" in named.stdout
    # a stranger's directory may bring an index for the copy that it holds
    done = released.world.run("verify", str(zipped(released)))
    assert done.returncode == 0, done.stdout
    assert "by nobody's word" in done.stdout
    assert "which holds this copy: whoever made the one made the other" in done.stdout
    (folder / "tiny.db").unlink()
    done = released.world.run("verify", str(folder), "--alone")
    assert done.returncode == 1
    assert "tiny.db: is missing" in done.stdout
    assert "Traceback" not in done.stderr + done.stdout


# archives ---------------------------------------------------------------------------------------


def rewritten(source: Path, target: Path, change: Callable[[zipfile.ZipFile], None]) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for info in old.infolist():
            new.writestr(info, old.read(info))
        change(new)
    return target


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../escape.txt", "its name could lead out of the directory"),
        ("/etc/escape.txt", "its name could lead out of the directory"),
        ("tiny-0.1.0/../../escape.txt", "its name could lead out of the directory"),
        ("tiny-0.1.0\\escape.txt", "its name could lead out of the directory"),
        ("tiny-0.1.0/tiny.db", "it is there twice"),
        ("tiny-0.1.0/tiny.db/x", "bad.zip: member 'tiny-0.1.0/tiny.db' .* as in a directory"),
        (f"tiny-0.1.0/{'x' * 256}", "bad.zip: member 'tiny-0.1.0/xxx.* more than 255 bytes"),
    ],
)
def test_an_archive_with_a_dangerous_name_is_refused_and_nothing_is_written(
    name: str, reason: str, released: Repo, tmp_path: Path
) -> None:
    target = tmp_path / "in" / "bad.zip"
    target.parent.mkdir()
    doubled = pytest.warns(UserWarning, match="Duplicate name")
    with doubled if "twice" in reason else nullcontext():
        rewritten(zipped(released), target, lambda new: new.writestr(name, "x"))
    with pytest.raises(ClaimlogError, match=reason):
        verify_copy(target)
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "bad.zip"]


def test_an_archive_that_would_swell_is_refused(released: Repo, tmp_path: Path) -> None:
    def bomb(new: zipfile.ZipFile) -> None:
        new.writestr("tiny-0.1.0/bomb", bytes(50_000_000), zipfile.ZIP_DEFLATED)

    target = rewritten(zipped(released), tmp_path / "bomb.zip", bomb)
    with pytest.raises(ClaimlogError, match="it is compressed, which a release never is"):
        verify_copy(target)


def test_bytes_hidden_in_an_archive_are_found(released: Repo, tmp_path: Path) -> None:
    target = tmp_path / "comment.zip"
    shutil.copyfile(zipped(released), target)
    with zipfile.ZipFile(target, "a") as archive:
        archive.comment = b"hidden"
    with pytest.raises(ClaimlogError, match="not byte for byte as claimlog writes"):
        verify_copy(target)


@pytest.mark.parametrize("size", [0, 100, -200])
def test_a_truncated_archive_is_damaged(size: int, released: Repo, tmp_path: Path) -> None:
    target = tmp_path / "short.zip"
    target.write_bytes(zipped(released).read_bytes()[:size])
    with pytest.raises(ClaimlogError, match=r"short\.zip: is damaged or no zip"):
        verify_copy(target)


def test_what_is_no_release_is_said_so(released: Repo, tmp_path: Path) -> None:
    for target in (tmp_path, released.root):
        with pytest.raises(ClaimlogError, match="holds neither release"):
            verify_copy(target)
    with pytest.raises(ClaimlogError, match="there is no such file or directory; name the dir"):
        verify_copy(tmp_path / "absent")


# proofs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", range(1, 40))
def test_every_row_of_a_tree_is_proven_and_no_other(size: int) -> None:
    root = tree_root(LEAVES[:size])
    for index in range(size):
        path = inclusion(LEAVES[:size], index)
        assert includes(LEAVES[index], index, size, path, root)
        assert not includes(LEAVES[-1], index, size, path, root) or LEAVES[-1] == LEAVES[index]
        assert not includes(LEAVES[index], index, size, [*path, root], root)
        assert not includes(LEAVES[index], size, size, path, root)
        if path:
            assert not includes(LEAVES[index], index, size, path[1:], root)


@pytest.mark.parametrize("size", range(1, 40))
def test_every_tree_extends_its_beginnings_and_no_other(size: int) -> None:
    root = tree_root(LEAVES[:size])
    for first in range(1, size + 1):
        path = consistency(LEAVES[:size], first)
        start = tree_root(LEAVES[:first])
        assert extends(first, start, size, root, path)
        if first < size:
            forged = tree_root(LEAVES[1 : first + 1])
            assert not extends(first, forged, size, root, path)
            assert not extends(first, start, size, forged, path)
            assert not extends(first, start, size, root, path[:-1])


def test_there_is_no_proof_for_what_is_not_there() -> None:
    with pytest.raises(ValueError, match="no leaf 5"):
        inclusion(LEAVES[:5], 5)
    with pytest.raises(ValueError, match="does not begin"):
        consistency(LEAVES[:5], 6)
    assert not extends(3, LEAVES[0], 2, LEAVES[0], [])


def proof(released: Repo, tmp_path: Path, *words: str, **change: Any) -> Path:
    done = released.world.run("prove", *words)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "proof.json"
    path.write_text(json.dumps({**json.loads(done.stdout), **change}), "utf-8")
    return path


@pytest.mark.slow
def test_a_proof_of_inclusion_is_printed_and_checked(released: Repo, tmp_path: Path) -> None:
    path = proof(released, tmp_path, "inclusion", "C001-002")
    told = json.loads(path.read_text("utf-8"))
    assert leaf_hash(told["leaf"].encode()).hex() == told["leaf_hash"]
    assert json.loads(told["leaf"])["claim_id"] == "C001-002"
    done = released.world.run("verify", "--proof", str(path))
    assert done.returncode == 0, done.stderr
    assert f"is in the tree of {told['tree_size']} rows" in done.stdout


def test_a_proof_of_consistency_is_printed_and_checked(released: Repo, tmp_path: Path) -> None:
    path = proof(released, tmp_path, "consistency", "0.1.0", "head")
    done = released.world.run("verify", "--proof", str(path))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"leaf_index": 3}, "does not prove what it says"),
        ({"leaf": "{}"}, "does not prove what it says"),
        ({"path": []}, "does not prove what it says"),
        ({"root": "0" * 64}, "does not prove what it says"),
        ({"path": "x"}, '"path" is missing or malformed'),
        ({"root": "zz"}, '"root" is missing or malformed'),
        ({"leaf_index": True}, '"leaf_index" is missing or malformed'),
        ({"type": "other"}, '"type" inclusion or consistency'),
    ],
)
def test_an_altered_proof_is_refused(
    change: dict[str, Any], message: str, released: Repo, tmp_path: Path
) -> None:
    path = proof(released, tmp_path, "inclusion", "C001-002", **change)
    done = released.world.run("verify", "--proof", str(path))
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_proof_for_another_tree_is_refused(released: Repo, made: World, tmp_path: Path) -> None:
    other = copied(made, tmp_path / "other")
    other.rewrite("claims", lambda rows: rows[0].update(note="Another log."), 1)
    path = tmp_path / "proof.json"
    path.write_text(other.run("prove", "inclusion", "C001-002").stdout, "utf-8")
    done = released.world.run("verify", "--proof", str(path))
    assert done.returncode == 1
    assert "is about another tree" in done.stderr


def test_a_claim_that_is_not_in_the_log_cannot_be_proven(released: Repo) -> None:
    done = released.world.run("prove", "inclusion", "C009-001")
    assert done.returncode == 1
    assert "C009-001: is no claim of the log" in done.stderr


# checkpoints and signatures ---------------------------------------------------------------------


@pytest.fixture
def keys(tmp_path: Path) -> Callable[[str], tuple[Path, Path]]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    def make_pair(name: str) -> tuple[Path, Path]:
        private = Ed25519PrivateKey.generate()
        secret, public = tmp_path / f"{name}.pem", tmp_path / f"{name}.pub"
        secret.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public.write_bytes(
            private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
        return secret, public

    return make_pair


Keys = Callable[[str], tuple[Path, Path]]
POINT = Checkpoint("tiny", 21, bytes(range(32)))


def test_a_checkpoint_is_three_lines_and_reads_back() -> None:
    text = POINT.text()
    assert text == "tiny\n21\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    assert parse_checkpoint(text.encode(), "checkpoint") == (POINT, ())


@pytest.mark.parametrize("more", ["witnessed by a notary\n", "\n\u2014 witness.example AAAAAAAA\n"])
def test_the_checkpoint_in_a_release_holds_no_words_of_its_own(more: str, folder: Path) -> None:
    """Nobody checks a signature there, or vouches for lines of extensions."""
    path = folder / "checkpoint"
    path.write_text(path.read_text("utf-8") + more, "utf-8")
    verdict = Verdict("0.1.0", "tiny")
    check_log(ReleaseCopy(folder, folder), verdict)
    [finding] = verdict.findings
    assert "checkpoint: holds more than origin, size and root" in str(finding)


@pytest.mark.parametrize(
    "text",
    ["", "tiny\n21\n", "tiny\n021\nAAAA\n", "tiny\n21\nnot base64!\n", "tiny\n21\nAAAA\nmore\n"],
)
def test_what_is_no_checkpoint_is_said_so(text: str) -> None:
    with pytest.raises(ClaimlogError, match="is no checkpoint"):
        parse_checkpoint(text.encode(), "checkpoint")


def test_key_ids_are_those_of_the_signed_note_format() -> None:
    """The key of the example in the documentation of Go's sumdb/note."""
    import base64

    data = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    assert key_id("PeterNeumann", data[1:]).hex() == "c74f20a3"


def test_a_signature_holds_for_its_key_and_text_only(keys: Keys) -> None:
    (secret, public), (_, other) = keys("own"), keys("other")
    note = POINT.note(secret)
    assert verify_checkpoint(note.encode(), public, "checkpoint") == POINT
    with pytest.raises(ClaimlogError, match="not with the key in other"):
        verify_checkpoint(note.encode(), other, "checkpoint")
    with pytest.raises(ClaimlogError, match="does not fit the text"):
        verify_checkpoint(note.replace("21", "22").encode(), public, "checkpoint")
    with pytest.raises(ClaimlogError, match="is not signed"):
        verify_checkpoint(POINT.text().encode(), public, "checkpoint")
    with pytest.raises(ClaimlogError, match="a signature line is malformed"):
        verify_checkpoint((note + "forged\n").encode(), public, "checkpoint")
    name, identity, _ = verifier_key("tiny", secret).split("+", 2)
    assert name == "tiny"
    assert len(identity) == 8


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nx\n", b"\xff\xfe"])
def test_a_file_that_is_no_key_is_said_so(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    with pytest.raises(ClaimlogError, match="is no key in PEM form"):
        POINT.note(path)


def test_a_key_of_another_kind_is_said_so(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    path = tmp_path / "key.pem"
    key = generate_private_key(SECP256R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ClaimlogError, match="holds no Ed25519 private key"):
        POINT.note(path)


def test_the_signature_of_a_release_is_checked_with_the_right_key_only(
    released: Repo, keys: Keys, tmp_path: Path
) -> None:
    (secret, public), (_, other) = keys("own"), keys("other")
    target = tmp_path / "tiny-0.1.0.zip"
    shutil.copyfile(zipped(released), target)
    log = read(released.package)
    note = Checkpoint("tiny", log.size, log.root).note(secret)
    target.with_suffix(".checkpoint").write_text(note, "utf-8")
    verdict = verify_copy(target, key=public)
    assert verdict.findings == []
    assert any(line.startswith("signature of tiny-0.1.0.checkpoint") for line in verdict.checks)
    [finding] = checked(target, signed_by(other)).findings
    assert "not with the key in other.pub" in str(finding)
    wrong = Checkpoint("tiny", log.size - 1, bytes(32)).note(secret)
    target.with_suffix(".checkpoint").write_text(wrong, "utf-8")
    [finding] = checked(target, signed_by(public)).findings
    assert "is signed, but for a tree of" in str(finding)
    target.with_suffix(".checkpoint").unlink()
    [finding] = checked(target, signed_by(public)).findings
    assert "tiny-0.1.0.signature: is not beside the release" in str(finding)


@pytest.fixture(autouse=True)
def own_record(request: pytest.FixtureRequest) -> None:
    """Every test has keys of its own, so nothing that another one signed is on record."""
    if "released" in request.fixturenames:
        (request.getfixturevalue("released").root / RECORD).unlink(missing_ok=True)


def signed_copy(released: Repo, secret: Path, tmp_path: Path) -> Path:
    """A copy of the archive with a signature that was made from the index, afterwards."""
    target = tmp_path / "tiny-0.1.0.zip"
    shutil.copyfile(zipped(released), target)
    [entry] = read_index(released.package)
    sign_release(read(released.package), entry, secret, tmp_path)
    return target


def test_a_signature_vouches_for_every_file(released: Repo, keys: Keys, tmp_path: Path) -> None:
    (secret, public), (_, other) = keys("own"), keys("other")
    target = signed_copy(released, secret, tmp_path)
    verdict = verify_copy(target, key=public)
    assert verdict.findings == []
    assert verdict.vouchers == ["the signature in tiny-0.1.0.signature with the key in own.pub"]
    assert "whole and unaltered" in verdict.sentence
    [finding] = checked(target, signed_by(other)).findings
    assert "not with the key in other.pub" in str(finding)


@pytest.mark.slow
def test_a_forgery_of_anything_but_the_log_does_not_pass_as_signed(
    released: Repo, keys: Keys, tmp_path: Path
) -> None:
    """Definitions, licence and method reversed, checksums made anew, the signature kept."""
    secret, public = keys("own")
    signed_copy(released, secret, tmp_path)
    folder = tmp_path / "tiny-0.1.0"
    shutil.copytree(released.root / "dist" / "tiny-0.1.0", folder)
    for name in ("log/schemas/codebook/variables.csv", "LICENSE.txt", "README.md"):
        if (folder / name).is_file():
            text = (folder / name).read_text("utf-8")
            (folder / name).write_text(text.replace(" is ", " is not "), "utf-8")
    resum(folder)
    verdict = verify_copy(folder, key=public)
    assert any("is signed, but for another SHA256SUMS" in str(f) for f in verdict.findings)
    assert verdict.vouchers == []
    # by the signed checkpoint alone it would: so that is never called more than it is
    (tmp_path / "tiny-0.1.0.signature").unlink()
    verdict = verify_copy(folder, key=public)
    assert verdict.vouchers == []
    assert "by nobody's word" in verdict.sentence or verdict.findings
    assert any("tiny-0.1.0.signature is not here" in line for line in verdict.omissions)


@pytest.mark.slow
def test_only_what_is_whole_is_signed_afterwards(
    released: Repo, keys: Keys, tmp_path: Path
) -> None:
    """An entry of the index is a file that a patch can change."""
    secret, public = keys("own")
    index = read_index(released.package)
    out, copy = tmp_path / "out", tmp_path / "out" / "tiny-0.1.0.zip"

    def refused(entry: ReleaseEntry, *others: ReleaseEntry) -> str:
        with pytest.raises(ClaimlogError) as error:
            sign_published(released.package, [*others, entry], entry, secret, out)
        assert [*out.glob("*.signature"), *out.glob("*.checkpoint")] == []
        return str(error.value)

    assert "tiny-0.1.0.zip: is not there, and a release is checked" in refused(index[0])
    out.mkdir()
    shutil.copyfile(zipped(released), copy)
    for change, said in (
        ({"tree": {**index[0].data["tree"], "root": "0" * 64}}, "does not begin with them"),
        ({"tree": {**index[0].data["tree"], "size": index[0].size - 1}}, "does not begin with"),
        ({"log_origin": "other.example/log"}, "is of the log other.example/log"),
        ({"files": {**index[0].data["files"], SUMS: "0" * 64}}, "is not the file that"),
    ):
        false = ReleaseEntry({**index[0].data, **change}, index[0].display_path)
        assert said in refused(false)
    # an issue that was never made: what was verified is not what would be signed
    issue = {name: index[0].data[name] for name in ("date", "commit", "archive", "files")}
    forged_files = {**issue["files"], SUMS: "0" * 64}
    issues = [{**issue, "rows": [0], "files": forged_files}]
    false = ReleaseEntry({**index[0].data, "reissues": issues}, index[0].display_path)
    assert "is not the last issue of 0.1.0 that releases/0.1.0.json names" in refused(false)
    # an entry with whatever files, and a true archive of another release under its name
    shutil.copyfile(copy, out / "tiny-0.1.1.zip")
    forged = ReleaseEntry(
        {
            **index[0].data,
            "version": "0.1.1",
            "files": {**index[0].data["files"], SUMS: "0" * 64},
            "archive": {**index[0].data["archive"], "path": "tiny-0.1.1.zip"},
        },
        "releases/0.1.1.json",
    )
    assert "holds release 0.1.0 of tiny, not 0.1.1 of tiny" in refused(forged, index[0])
    words = ("release", "--published", "0.1.0", "--sign", str(secret), "--out", str(out))
    done = released.world.run(*words)
    assert done.returncode == 0, done.stderr
    verdict = checked(copy, signed_by(public))
    assert verdict.vouchers == ["the signature in tiny-0.1.0.signature with the key in own.pub"]


@pytest.mark.slow
def test_a_signature_of_another_release_is_not_taken_for_this_one(
    released: Repo, keys: Keys, tmp_path: Path
) -> None:
    secret, public = keys("own")
    target = signed_copy(released, secret, tmp_path)
    [entry] = read_index(released.package)
    own = ReleaseStatement.of_entry("tiny", entry)
    for change, said in (
        ({"version": "0.1.1"}, "another version"),
        ({"sums": "0" * 64}, "another SHA256SUMS"),
        ({"size": own.size + 1}, "a tree of"),
        ({"root": "0" * 64}, "a tree of"),
    ):
        note = replace(own, **change).sign(secret)
        target.with_suffix(".signature").write_text(note, "utf-8")
        [finding] = checked(target, signed_by(public)).findings
        assert f"is signed, but for {said}" in str(finding)
    # a signed checkpoint under the name of a statement says nothing about files
    shutil.copyfile(target.with_suffix(".checkpoint"), target.with_suffix(".signature"))
    verdict = verify_copy(target, key=public)
    [finding] = verdict.findings
    assert verdict.vouchers == []
    assert "is no statement about a release" in str(finding)


def test_without_an_index_or_a_signature_nobody_vouches(released: Repo) -> None:
    verdict = verify_copy(zipped(released))
    assert verdict.findings == []
    assert verdict.sentence.startswith(
        "release 0.1.0 of tiny is consistent with itself, by nobody's word"
    )
    assert "unaltered" not in verdict.sentence


WHEEL = wheel_name(claimlog.__version__)


def restated(folder: Path, **stated: Any) -> None:
    """Make release.json state something else, and the checksums agree with it."""
    path = folder / "release.json"
    path.write_bytes(dump_json({**json.loads(path.read_bytes()), **stated}))
    resum(folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tree", "log_origin", "version", "date", "\x1b[31m" * 100_000])
def test_findings_repeat_no_more_of_a_release_than_a_terminal_shows(
    name: str, folder: Path
) -> None:
    restated(folder, **{name: {"\x1b[31m": "long" * 100_000}})
    said = [str(Finding(**it)) for it in verify_copy(folder).as_dict()["findings"]]
    assert said
    assert max(map(len, said)) < 1_000
    assert all(line.isprintable() for line in said)


@pytest.mark.parametrize("name", ["README.md", "tiny.db", SUMS])
def test_holes_in_an_unpacked_release_are_named_and_not_read(name: str, folder: Path) -> None:
    os.truncate(folder / name, 4 << 40)
    said = f"{name}: says {4 << 40:,} bytes and consists of holes; it was not read"
    [line] = found(folder)
    assert line.startswith(said)
    with pytest.raises(ClaimlogError, match=re.escape(said)):
        claimlog.open(folder)


@pytest.mark.slow
def test_of_very_many_findings_the_first_are_listed(folder: Path) -> None:
    with (folder / SUMS).open("a", encoding="utf-8") as sums:
        sums.writelines(f"{number:064}  {number}{'x' * 400}\n" for number in range(5_000))
    findings = verify_copy(folder).as_dict()["findings"]  # one is that they are in no order
    assert len(findings) == MOST_FINDINGS + 1
    assert findings[-1]["message"] == f"{5_001 - MOST_FINDINGS:,} more are not listed"
    assert max(len(finding["path"]) for finding in findings) < 300


@pytest.mark.slow
def test_the_wheel_in_a_release_is_a_file_like_others_and_said_to_be_unread(folder: Path) -> None:
    (folder / WHEEL).write_bytes(b"no wheel at all")
    assert f"{WHEEL}: is altered" in found(folder)[0]
    resum(folder)
    verdict = verify_copy(folder)
    assert all("release-descriptors" in str(finding) for finding in verdict.findings)
    unread = f"what {WHEEL} and requirements.txt hold: they are files like others"
    assert any(line.startswith(unread) for line in verdict.omissions)


@pytest.mark.parametrize("name", [WHEEL, "requirements.txt"])
def test_a_release_that_names_a_tool_holds_it_with_its_lock_file(name: str, folder: Path) -> None:
    (folder / name).unlink()
    resum(folder)
    assert any(
        str(finding).startswith(f"{name}: is missing, release.json names claimlog")
        for finding in checked(folder, check_tool).findings
    )


@pytest.mark.slow
def test_a_wheel_that_the_release_does_not_name_is_no_file_of_it(folder: Path) -> None:
    shutil.copyfile(folder / WHEEL, folder / "claimlog-9.9-py3-none-any.whl")
    resum(folder)
    assert any("claimlog-9.9-py3-none-any.whl: is no file that" in line for line in found(folder))


@pytest.mark.parametrize("version", ["", "../0.3.0", "0.3.0/x", 3, ["0.3.0"]])
def test_a_version_of_the_tool_that_is_none_is_named(version: object, folder: Path) -> None:
    restated(folder, tool_version=version)
    [said] = map(str, checked(folder, check_tool).findings)
    assert "tool_version is no version of claimlog" in said
    if version == "":
        assert said in found(folder)


@pytest.mark.slow
def test_a_version_of_the_tool_that_is_left_out_is_named(folder: Path) -> None:
    restated(folder, tool_version=None)
    assert found(folder)


def test_a_release_names_dataset_tool_and_fold(released: Repo) -> None:
    [entry] = read_index(released.package)
    assert entry.data["version"] == "0.1.0"
    assert entry.data["tool_version"] == claimlog.__version__
    assert entry.data["fold_version"] == FOLD_VERSION
    assert WHEEL in entry.data["files"]


def test_a_published_release_is_consistent_with_itself() -> None:
    archive = ROOT.parent / "shared" / "releases" / "allied-trust-0.1.0.zip"
    if not archive.is_file():
        pytest.skip("NOT RUN: the published archives are not beside the checkout")
    verdict = verify_copy(archive)
    assert verdict.findings == []
    assert "names of the files against the definition" in verdict.checks
    told = "32 Parquet files, byte for byte as their tables are written anew"
    assert told in verdict.checks


@pytest.mark.slow
@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_a_published_release_stays_verifiable(version: str) -> None:
    archive = ROOT.parent / "shared" / "releases" / f"allied-trust-{version}.zip"
    if not archive.is_file():
        pytest.skip("NOT RUN: the published archives are not beside the checkout")
    verdict = verify_copy(archive, read_index(Package(ROOT)))
    assert verdict.findings == []
    assert verdict.vouchers == [f"releases/{version}.json of this checkout"]
    assert f"the rule repeated-part: release {version} does not state it" in verdict.omissions
    served = [line for line in verdict.checks if "rows served by" in line]
    assert len(served) == 2


@pytest.mark.slow
def test_an_archive_does_not_choose_the_rules_that_judge_it(folder: Path) -> None:
    """Rules left out of its own statement are checked unless somebody else vouches for it."""
    rules = folder / "log" / "schemas" / "rules.csv"
    kept = [line for line in rules.read_text("utf-8").splitlines() if "hop-speaker" not in line]
    rules.write_text("\n".join(kept) + "\n", "utf-8")
    resum(folder)
    copy = ReleaseCopy(folder, folder)
    unvouched, vouched = Verdict("0.1.0"), Verdict("0.1.0", vouchers=["an index"])
    check_log(copy, unvouched)
    check_log(copy, vouched)
    assert unvouched.omissions == []
    assert vouched.omissions == ["the rule hop-speaker: release 0.1.0 does not state it"]
    rules.unlink()
    everything = Verdict("0.1.0", vouchers=["an index"])
    check_log(ReleaseCopy(folder, folder), everything)
    assert not any("tree-root" in line or "file-hash" in line for line in everything.omissions)


def of_fold(folder: Path, version: object) -> None:
    path = folder / "release.json"
    said = json.loads(path.read_text("utf-8"))
    assert said["fold_version"] == FOLD_VERSION
    path.write_bytes(dump_json({**said, "fold_version": version}))
    resum(folder)


@pytest.mark.slow
def test_tables_of_another_fold_are_named_as_not_checked(
    released: Repo, folder: Path, keys: Keys
) -> None:
    secret, public = keys("own")
    of_fold(folder, FOLD_VERSION + 1)
    [entry] = read_index(released.package)
    own = ReleaseStatement.of_entry("tiny", entry)

    def sign() -> None:
        resum(folder)
        listed = sha256((folder / SUMS).read_bytes()).hexdigest()
        note = replace(own, sums=listed).sign(secret)
        folder.with_name("tiny-0.1.0.signature").write_text(note, "utf-8")

    sign()
    verdict = verify_copy(folder, key=public)
    assert verdict.findings == []
    [line] = verdict.omissions
    assert "claimlog release --rebuild 0.1.0 --exact" in line
    # they are still held against each other and against what the release says
    with sqlite3.connect(folder / "tiny.db") as database:
        database.execute("UPDATE claims SET statement = 'Another statement.'")
    database.close()
    sign()
    assert any("logical hash of claims" in str(f) for f in verify_copy(folder, key=public).findings)


@pytest.mark.slow
@pytest.mark.parametrize("version", [FOLD_VERSION + 1, 0, -1, "1", None, 1.5, True])
def test_a_fold_that_never_was_is_a_finding_if_nobody_vouches(
    version: object, folder: Path
) -> None:
    """By it a forger would choose that the tables are not held against the log."""
    of_fold(folder, version)
    [finding] = [f for f in checked(folder, check_tables).findings if f.rule == "release-fold"]
    assert f"was folded by version {version} of the fold" in str(finding)
    assert "newer claimlog" in str(finding)


@pytest.mark.slow
def test_tables_of_an_earlier_fold_are_not_called_consistent_if_nobody_vouches(
    released: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive cannot choose by an old fold that its tables are not held against the log."""
    archive = zipped(released)
    monkeypatch.setattr("claimlog.release.table_check.FOLD_VERSION", FOLD_VERSION + 1)
    verdict = verify_copy(archive)
    assert verdict.findings == []
    [line] = [line for line in verdict.omissions if "derived tables" in line]
    names = line.partition("(")[2].partition(")")[0].split(", ")
    assert {"claims", "sources", "corroboration"} <= {*names}
    assert not any(name.endswith("_versions") for name in names)
    assert f"folded by version {FOLD_VERSION} of the fold, this is {FOLD_VERSION + 1}" in line
    assert "consistent with itself" not in verdict.sentence
    assert "its derived tables not checked against it, by nobody's word" in verdict.sentence
    assert Verdict.load(verdict.as_dict()).sentence == verdict.sentence
    # with somebody's word it is what it was
    vouched = verify_copy(archive, read_index(released.package))
    assert "is whole and unaltered" in vouched.sentence
    assert any("claimlog release --rebuild 0.1.0 --exact" in line for line in vouched.omissions)


def test_a_row_beside_another_of_its_position_is_no_row_of_the_log(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two rows of one position the later was the one that the log has."""
    monkeypatch.setattr("claimlog.release.table_check.FOLD_VERSION", FOLD_VERSION + 1)
    path = folder / "parquet" / "claim_versions.parquet"
    table = read_definition(Package(folder / "log", archived=True)).tables["claim_versions"]
    rows = pl.read_parquet(path)
    invented = rows.head(1).with_columns(claim_id=pl.lit("C000-001"), statement=pl.lit("Invented."))
    file = ParquetFile(path, table)
    file.add(pl.concat([invented, rows]))
    file.close()
    size = ReleaseCopy(folder, folder).readable_log().size
    [served] = checked(folder, check_served_log).findings
    assert f"the {size + 1} rows that it serves" in str(served)
    assert "C000-001" in " ".join(map(str, checked(folder, check_tables).findings))


VERSION_COLUMNS = {
    "a column that no line has": {"valid_to_seq": pl.lit(0, pl.Int64)},
    "a column of the line": {"statement": pl.lit("Invented.")},
}


@pytest.mark.slow
@pytest.mark.parametrize("what", VERSION_COLUMNS)
def test_tables_of_versions_are_those_of_the_log_in_any_fold(
    what: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.release.table_check.FOLD_VERSION", FOLD_VERSION + 1)
    path = folder / "parquet" / "claim_versions.parquet"
    table = read_definition(Package(folder / "log", archived=True)).tables["claim_versions"]
    rows = pl.read_parquet(path).with_columns(**VERSION_COLUMNS[what])
    file = ParquetFile(path, table)
    file.add(rows)
    file.close()
    [column] = VERSION_COLUMNS[what]
    said = " ".join(map(str, checked(folder, check_tables).findings))
    assert f"row of claim_versions differs from the log in {column}" in said


def test_types_of_derived_tables_are_compared_in_any_fold(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.release.table_check.FOLD_VERSION", FOLD_VERSION + 1)
    path = folder / "parquet" / "links.parquet"
    rows = pq.read_table(path)
    at = rows.schema.get_field_index("version")
    column = rows.schema.field(at).with_type(pa.int32())
    pq.write_table(rows.set_column(at, column, rows.column(at).cast(pa.int32())), path)
    said = [str(it) for it in checked(folder, check_tables).findings]
    assert any("links.parquet: has version as int32" in it for it in said), said


@pytest.mark.slow
@pytest.mark.parametrize("number", ["true for 1", "3.0 for 3", "another number of batches"])
def test_numbers_of_a_release_are_whole_ones_as_they_were_counted(
    number: str, folder: Path
) -> None:
    """Python takes true for 1 and 3.0 for 3, and other readers do not."""
    summary = json.loads((folder / "release.json").read_bytes())
    if number == "true for 1":
        row = next(it for it in summary["tables"].values() if it["rows"] in (0, 1))
        row["rows"] = bool(row["rows"])
    else:
        summary["batches"] += 0.0 if number == "3.0 for 3" else 1
    restated(folder, **summary)
    copy, verdict = ReleaseCopy(folder, folder), Verdict("0.1.0", vouchers=["an index"])
    check_tables(copy, verdict)
    check_descriptors(copy, verdict)
    assert "does not say what the files hold" in " ".join(map(str, verdict.findings))


def test_an_index_of_another_dataset_is_told_apart(released: Repo) -> None:
    [entry] = read_index(released.package)
    other = ReleaseEntry(
        {**entry.data, "archive": {**entry.data["archive"], "path": "x-0.1.0.zip"}}, "x"
    )
    [finding] = checked(
        zipped(released), lambda copy, verdict: check_index(copy, [other], "this checkout", verdict)
    ).findings
    assert "is of tiny-0.1.0.zip, the index in this checkout of x-0.1.0.zip" in str(finding)


@pytest.mark.parametrize(
    "change",
    [
        {"tree": {"size": 21, "root": "0" * 64}},
        {"log_origin": "other.example/log"},
        {"date": "2020-01-01"},
        {"codebook_version": "9.9.9"},
        {"tables": {}},
        {"coders": ["person", "program"]},
        {"batches": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_index_vouches_for_no_copy_that_says_otherwise_than_its_entry(
    change: dict[str, Any], released: Repo
) -> None:
    """Its files are those of the entry, so that only what the entry says beside them is false."""
    [entry] = read_index(released.package)
    copy, verdict = ReleaseCopy(*[zipped(released).with_suffix("")] * 2), Verdict("0.1.0", "tiny")
    false = ReleaseEntry({**entry.data, **change}, entry.display_path)
    check_index(copy, [false], "here", verdict)
    [finding] = verdict.findings
    said = f"releases/0.1.0.json: states another {next(iter(change))} than release.json of 0.1.0"
    assert said in str(finding)
    assert verdict.vouchers == []
    check_index(copy, [entry], "here", verdict)
    assert verdict.vouchers == ["releases/0.1.0.json of here"]


@pytest.mark.parametrize("name", [".", "../tiny-0.1.0", "./", "../tiny-0.1.0/log/.."])
def test_a_release_is_found_by_any_name_of_its_directory(
    name: str, released: Repo, keys: Keys, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, public = keys("own")
    [entry] = read_index(released.package)
    sign_release(read(released.package), entry, secret, folder.parent)
    monkeypatch.chdir(folder)
    verdict = checked(Path(name), signed_by(public))
    assert verdict.findings == []
    assert verdict.vouchers


def test_a_release_cannot_list_no_findings(released: Repo, folder: Path) -> None:
    """Neither by a threshold nor by a count that only listed findings make."""
    path = folder / "log" / "schemas" / "thresholds.csv"
    text = path.read_text("utf-8")
    path.write_text(text.replace("findings_listed,1000", "findings_listed,0"), "utf-8")
    resum(folder)
    assert any(
        "findings_listed is 0, expected 1 to" in str(f) for f in verify_copy(folder).findings
    )
    report = Report(read(released.package))
    report.most = 0
    report.fail(Finding("tree-root", "events", "is wrong"))
    assert (report.findings, report.error_count) == ([], 1)


@pytest.mark.slow
def test_a_signed_release_of_another_name_is_no_answer(
    released: Repo, keys: Keys, tmp_path: Path
) -> None:
    """The same key may sign other datasets, and other versions."""
    secret, public = keys("own")
    target = signed_copy(released, secret, tmp_path)
    for suffix in (".zip", ".signature"):
        shutil.copyfile(target.with_suffix(suffix), tmp_path / f"other-set-0.1.0{suffix}")
    [finding] = verify_copy(tmp_path / "other-set-0.1.0.zip", key=public).findings
    assert "is the signed release tiny-0.1.0, not other-set-0.1.0" in str(finding)
    [entry] = read_index(released.package)
    note = replace(ReleaseStatement.of_entry("tiny", entry), name="other-set").sign(secret)
    target.with_suffix(".signature").write_text(note, "utf-8")
    [finding] = verify_copy(target, key=public).findings
    assert "is signed, but for another dataset" in str(finding)


@pytest.mark.slow
def test_a_release_is_held_against_a_root_that_was_kept(released: Repo) -> None:
    log = read(released.package)
    first = log.trees[0]
    kept = {log.size: log.root.hex(), first[0]: first[1].hex(), 1: tree_root_of(log, 1)}
    verdict = verify_copy(zipped(released), kept_roots=kept)
    assert verdict.findings == []
    assert sum("have the root that you kept" in line for line in verdict.checks) == 3
    assert (
        f"; its log, all {log.size} rows of it, is the one whose root you kept; the rest, by"
        in (verdict.sentence)
    )
    part = checked(zipped(released), check_log, held_against({1: tree_root_of(log, 1)}))
    assert f"the first 1 of the {log.size} rows of its log are those whose root" in part.sentence
    for wrong, said in (
        ({log.size: "0" * 64}, "not the one that you kept"),
        ({1: "0" * 64}, "not the one that you kept"),
        ({log.size + 1: "0" * 64}, "less than the"),
    ):
        [finding] = checked(zipped(released), held_against(wrong)).findings
        assert said in str(finding)
    assert [*map(str, verify_copy(zipped(released), kept_roots=wrong).findings)] == [str(finding)]


def held_against(kept: dict[int, str]) -> Check:
    return lambda copy, verdict: check_kept_roots(copy, kept, verdict)


def tree_root_of(log: Log, size: int) -> str:
    return tree_root(leaf_hashes(log)[:size]).hex()


ROOT_OF_TWO = f"2:{'0' * 64}"
UNHONOURED = [
    (("x.zip", "--proof", "p.json"), "--proof does not go with a RELEASE"),
    (("x.zip", "--copy", "S001=x"), "--copy does not go with a RELEASE"),
    (("x.zip", "--root", "garbage"), "expected SIZE:ROOT"),
    (
        ("--proof", "p.json", "--key", "k.pem"),
        "--key does not go with a proof that is no .tlog-proof",
    ),
    (("--proof", "p.json", "--texts", "t"), "--texts does not go with --proof"),
    (("--proof", "p.json", "--limits", "2"), "--limits does not go with --proof"),
    (("--copy", "S001=x", "--root", ROOT_OF_TWO), "--root does not go with --copy"),
    (("--texts", "t", "--key", "k.pem"), "--key does not go with --texts"),
    (("--root", ROOT_OF_TWO), "--root does not go with no RELEASE"),
    (
        ("--proof", "p.json", "--root", ROOT_OF_TWO, "--root", f"2:{'1' * 64}"),
        "two roots of 2 rows",
    ),
]


@pytest.mark.parametrize(("words", "said"), UNHONOURED)
def test_an_option_that_would_not_be_honoured_is_refused(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    with chdir(tmp_path):
        done = CliRunner().invoke(cli, ["verify", *words])
    assert done.exit_code != 0
    assert said in str(done.exception) + done.output


def test_a_proof_in_a_checkout_says_by_whose_word_its_root_is_known(
    released: Repo, tmp_path: Path
) -> None:
    path = proof(released, tmp_path, "inclusion", "C001-002")
    done = released.world.run("verify", "--proof", str(path))
    assert f"is the one in {released.root.resolve()}, by the word of that log" in done.stdout
    done = released.world.run("verify", "--proof", str(path), "--alone")
    assert "not known here" in done.stdout


# tables as CSV ----------------------------------------------------------------------------------


def test_every_table_is_there_as_csv_with_the_rows_of_its_parquet_file(released: Repo) -> None:
    folder = zipped(released).with_suffix("")
    tables = read_definition(released.package).tables
    assert {path.stem for path in (folder / "csv").iterdir()} == {*tables}
    for name in tables:
        rows = pl.read_parquet(folder / "parquet" / f"{name}.parquet")
        text = (folder / "csv" / f"{name}.csv").read_bytes().decode("utf-8")
        assert text == csv_of(rows, header=True)
    assert "csv/claims.csv" in (folder / "README.md").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.replace(b"letter", b"ladder", 1), "line 4 is not what"),
        (lambda data: data[:-5], "line 6 is not what"),
        (lambda data: data + b"C009-001\n", "goes on after line 6"),
        (None, "is missing"),
    ],
)
def test_a_forged_csv_file_is_named_though_its_checksum_is_right(
    change: Callable[[bytes], bytes] | None, message: str, folder: Path
) -> None:
    path = folder / "csv" / "claims.csv"
    if change is None:
        path.unlink()
    else:
        path.write_bytes(change(path.read_bytes()))
    resum(folder)
    assert any(
        line.startswith(f"csv/claims.csv: {message}") and "[release-csv]" in line
        for line in map(str, checked(folder, check_csv_tables).findings)
    )


@pytest.mark.slow
def test_what_was_left_out_as_a_whole_is_named(released: Repo, tmp_path: Path) -> None:
    """A README that says that it is there would be false, and no file says otherwise."""
    folder = shutil.copytree(released.root / "dist" / "tiny-0.1.0", tmp_path / "tiny-0.1.0")
    shutil.rmtree(folder / "csv")
    shutil.rmtree(folder / "site", ignore_errors=True)
    resum(folder)
    verdict = verify_copy(folder)
    said = [str(finding) for finding in verdict.findings]
    assert any(
        line.startswith("csv/claims.csv: is missing, and a release has all") for line in said
    )
    assert any(line.startswith("pages: it holds no site/") for line in verdict.omissions)


@pytest.mark.slow
def test_another_file_beside_the_csv_files_is_named(folder: Path) -> None:
    (folder / "csv" / "claims.xlsx").write_bytes(b"")
    resum(folder)
    assert "csv/claims.xlsx: is no file that a release" in "\n".join(found(folder))
