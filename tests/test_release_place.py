"""Where a release is written: what claimlog made there before gives way, and all else stays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from claimlog.errors import ClaimlogError
from claimlog.log.read_log import read
from claimlog.log.release_index import ReleaseEntry, read_index
from claimlog.package import DESCRIPTOR, SUMS
from claimlog.release.archive import write_archive
from claimlog.release.checkpoint import Checkpoint
from claimlog.release.checksums import dump_sums, sha256_of_files
from claimlog.release.make import make_release, sign_published
from claimlog.release.rebuild import rebuild_archive
from claimlog.release.release_place import require_own_release, require_same_issue
from claimlog.release.release_statement import ReleaseStatement
from repositories import DAY, Repo
from test_tiles import contents, secret

__all__ = ["secret"]

MINE = b"# the user's own"
STEM = "tiny-0.1.0"
Change = Callable[[Path], None]


@pytest.fixture
def out(once_released: Repo, tmp_path: Path) -> Path:
    """Release 0.1.0 as it was made, in a directory that others write to as well."""
    shutil.copytree(once_released.root / "dist", tmp_path / "shared")
    return tmp_path / "shared"


@pytest.fixture
def entry(once_released: Repo) -> ReleaseEntry:
    return read_index(once_released.package)[0]


@pytest.fixture
def statement(entry: ReleaseEntry) -> ReleaseStatement:
    return ReleaseStatement.of_entry("tiny", entry)


def folder_of_mine(out: Path) -> None:
    shutil.rmtree(out / STEM)
    (out / STEM / "thesis").mkdir(parents=True)
    (out / STEM / "thesis" / "ch1.txt").write_bytes(MINE)


def file_of_mine_in_it(out: Path) -> None:
    (out / STEM / "notes.txt").write_bytes(MINE)


def link_of_mine_in_it(out: Path) -> None:
    (out / STEM / "README.md").rename(out / "mine.md")
    (out / STEM / "README.md").symlink_to(out / "mine.md")


def edited_by_me(out: Path) -> None:
    with (out / STEM / "README.md").open("ab") as readme:
        readme.write(MINE)


def archive_of_mine(out: Path) -> None:
    (out / f"{STEM}.zip").write_bytes(MINE)


def file_of_mine_in_the_archive(out: Path) -> None:
    file_of_mine_in_it(out)
    write_archive(out / STEM, out / f"{STEM}.zip")
    (out / STEM / "notes.txt").unlink()


def archive_edited_by_me(out: Path) -> None:
    edited_by_me(out)
    write_archive(out / STEM, out / f"{STEM}.zip")
    shutil.rmtree(out / STEM)


def archive_of_another_log(out: Path) -> None:
    path = out / STEM / DESCRIPTOR
    about = json.loads(path.read_bytes())
    path.write_text(json.dumps({**about, "log": {**about["log"], "root": "0" * 64}}))
    (out / STEM / SUMS).unlink()
    (out / STEM / SUMS).write_text(dump_sums(sha256_of_files(out / STEM)))
    write_archive(out / STEM, out / f"{STEM}.zip")


def folder_in_place_of_the_archive(out: Path) -> None:
    (out / f"{STEM}.zip").unlink()
    (out / f"{STEM}.zip").mkdir()


def releases_of_another_version(out: Path) -> None:
    for suffix in ("", ".zip"):
        (out / f"{STEM}{suffix}").rename(out / f"tiny-0.2.0{suffix}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "version", "named", "said"),
    [
        (folder_of_mine, "0.1.0", STEM, "is no"),
        (file_of_mine_in_it, "0.1.0", f"{STEM}/notes.txt", "is no file of"),
        (link_of_mine_in_it, "0.1.0", f"{STEM}/README.md", "is no file of"),
        (edited_by_me, "0.1.0", f"{STEM}/README.md", "was changed after release 0.1.0"),
        (archive_of_mine, "0.1.0", f"{STEM}.zip", "is no"),
        (file_of_mine_in_the_archive, "0.1.0", f"{STEM}.zip/notes.txt", "is no file of"),
        (archive_edited_by_me, "0.1.0", f"{STEM}.zip/README.md", "was changed after release 0.1.0"),
        (folder_in_place_of_the_archive, "0.1.0", f"{STEM}.zip", "is no"),
        (releases_of_another_version, "0.2.0", "tiny-0.2.0", "is no"),
    ],
)
def test_what_is_no_such_release_is_named_and_stays(
    change: Change, version: str, named: str, said: str, once_released: Repo, out: Path
) -> None:
    trees = read(once_released.package).trees
    require_own_release(once_released.package, "tiny", version, out, trees)
    change(out)
    with pytest.raises(ClaimlogError) as error:
        require_own_release(once_released.package, "tiny", version, out, trees)
    assert str(error.value).startswith(f"{out / named}: {said} ")
    assert str(error.value).endswith(
        ", so it stays; name another directory with --out, or move it away"
    )


def test_a_signature_or_an_entry_of_another_issue_stays(
    once_released: Repo, out: Path, entry: ReleaseEntry, statement: ReleaseStatement, secret: Path
) -> None:
    other = replace(statement, sums="0" * 64)
    others = {
        ".signature": other.sign(secret),
        ".checkpoint": Checkpoint("tiny", statement.size, bytes(32)).note(secret),
        ".json": json.dumps({**entry.data, "files": {SUMS: other.sums}}),
    }
    own = {
        ".signature": statement.sign(secret),
        ".checkpoint": Checkpoint("tiny", entry.size, bytes.fromhex(entry.root)).note(secret),
        ".json": json.dumps(entry.data),
    }
    for suffix, data in others.items():
        path = out / f"{STEM}{suffix}"
        for text in (data, "mine") if suffix != ".json" else (data,):
            path.write_text(text, "utf-8")
            with pytest.raises(ClaimlogError, match=rf"{STEM}{suffix}: is not of this issue of"):
                require_same_issue(once_released.package, out, statement)
        path.write_text(own[suffix], "utf-8")
        require_same_issue(once_released.package, out, statement)
    # made again without a row, a release takes the place of its first issue
    require_same_issue(once_released.package, out, other, [statement.sums])


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["", ".zip", ".signature"])
def test_a_release_replaces_nothing_that_claimlog_did_not_make(
    suffix: str, checked_in: Repo, tmp_path: Path
) -> None:
    repo, out = checked_in.copy(tmp_path), tmp_path / "work"
    place = out / f"{STEM}{suffix}"
    (place if suffix else place / "mine").parent.mkdir(parents=True)
    (place if suffix else place / "mine").write_bytes(MINE)
    before = contents(out)
    with pytest.raises(
        ClaimlogError, match=f"{STEM}{suffix}: .*, so it stays; name another directory"
    ):
        make_release(repo.package, "0.1.0", DAY, out)
    assert contents(out) == before
    assert not (repo.root / "releases").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["", ".zip"])
def test_a_release_replaces_none_that_another_checkout_made_of_another_log(
    kept: str, checked_in: Repo, tmp_path: Path
) -> None:
    out = tmp_path / "shared"
    theirs, ours = (checked_in.copy(tmp_path / name) for name in ("theirs", "ours"))
    for repo, note in ((theirs, "Theirs."), (ours, "Ours.")):
        repo.world.amend("claims", "C001-001", note=note)
        repo.world.seal("more")
        repo.commit()
    make_release(theirs.package, "0.1.0", DAY, out)
    if kept:
        shutil.rmtree(out / STEM)
    else:
        (out / f"{STEM}.zip").unlink()
    before = contents(out)
    message = f"{STEM}{kept}: is of release 0.1.0 of another log, which this one does not continue"
    with pytest.raises(ClaimlogError, match=message):
        make_release(ours.package, "0.1.0", DAY, out)
    assert contents(out) == before


@pytest.mark.slow
def test_a_release_that_was_taken_back_is_replaced_by_the_next_one(
    once_released: Repo, tmp_path: Path
) -> None:
    repo = once_released.copy(tmp_path)
    for name in ("releases/0.1.0.json", "CHANGELOG.md"):
        (repo.root / name).unlink()
    repo.commit()
    before = contents(repo.root / "dist")
    made = make_release(repo.package, "0.1.0", "2026-11-22", repo.root / "dist")
    assert made.archive.read_bytes() != before[made.archive.name]


def test_an_archive_that_is_made_again_replaces_no_other_issue(
    once_released: Repo, out: Path, entry: ReleaseEntry
) -> None:
    def refused(entry: ReleaseEntry) -> str:
        before = contents(out)
        with pytest.raises(ClaimlogError) as error:
            rebuild_archive(once_released.package, entry, lambda _: None, out)
        assert contents(out) == before
        return str(error.value)

    first = {**entry.data, "files": {SUMS: "0" * 64}}
    reissued = replace(entry, data={**first, "reissues": [entry.data]})
    assert f"{STEM}.zip: is another issue of 0.1.0 by the index, so it stays" in refused(reissued)
    archive_of_another_log(out)
    assert f"{STEM}.zip: is of release 0.1.0 of another log" in refused(entry)
    archive_of_mine(out)
    assert f"{STEM}.zip: is no archive of release 0.1.0 of tiny, so it stays" in refused(entry)


@pytest.mark.slow
def test_a_signature_replaces_no_file_of_another_kind(
    once_released: Repo, out: Path, entry: ReleaseEntry, secret: Path
) -> None:
    (out / f"{STEM}.signature").write_bytes(MINE)
    before = contents(out)
    with pytest.raises(ClaimlogError, match=rf"{STEM}\.signature: is not of this issue of 0\.1\.0"):
        sign_published(once_released.package, [entry], entry, secret, out)
    assert contents(out) == before
