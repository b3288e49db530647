"""Making a delta beside what a stranger's checkout may hold: entries of the index, archives."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claimlog.errors import ClaimlogError
from claimlog.release.delta_reader import Delta
from conftest import claim
from repositories import Repo
from test_release import QUOTE

SHA = "0" * 64


@pytest.fixture(scope="module")
def once(checked_in: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A repository with a first release, and rows for a second one."""
    repo = checked_in.copy(tmp_path_factory.mktemp("delta-making"))
    repo.release("0.1.0", as_of="2")
    repo.world.add("claims", [claim(QUOTE, "Some pilots wrote once more.", topic="opinion")])
    repo.world.seal("more")
    repo.version("0.2.0")
    repo.commit()
    return repo


@pytest.fixture
def repo(once: Repo, tmp_path: Path) -> Repo:
    return once.copy(tmp_path)


def change_entry(repo: Repo, change: Callable[[dict[str, Any]], Any]) -> None:
    path = repo.root / "releases" / "0.1.0.json"
    entry = json.loads(path.read_text("utf-8"))
    change(entry)
    path.write_text(json.dumps(entry), "utf-8")
    repo.commit()


def refusal(repo: Repo) -> str:
    """Return the line with which the second release is refused, which leaves nothing behind."""
    with pytest.raises(ClaimlogError) as caught:
        repo.release("0.2.0")
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 600
    left = {path.name for path in (repo.root / "dist").iterdir()}
    assert not [name for name in left if ".zip." in name or name.startswith(".")]
    assert not (repo.root / "releases" / "0.2.0.json").exists()
    return said


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "log/events/../../../etc/passwd",
        "log/events/0001-a/claims.ndjson\n",
        f"log/\x1b]{'a' * 9_000}",
    ],
)
def test_an_entry_that_names_what_no_log_has_gives_no_delta(name: str, repo: Repo) -> None:
    change_entry(repo, lambda entry: entry["files"].update({name: SHA}))
    said = refusal(repo)
    assert said.startswith("releases/0.1.0.json: names ")
    assert "restore the entry from git" in said


def reissue_with_a_name(entry: dict[str, Any]) -> None:
    about = {key: entry[key] for key in ("date", "commit", "archive", "files")}
    entry["reissues"] = [{**about, "files": {**entry["files"], "log/../x": SHA}, "rows": [1]}]


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry["tree"].update(size=2**60),
        lambda entry: entry["tree"].update(root="f" * 64),
        lambda entry: entry.update(batches=2**40),
        lambda entry: entry["archive"].update(path="../../x-0.1.0.zip"),
        lambda entry: entry["files"].update({"log/datapackage.json": "x"}),
        lambda entry: entry.update(files=[]),
        reissue_with_a_name,
    ],
)
def test_an_entry_that_is_another_one_gives_no_delta(
    change: Callable[[dict[str, Any]], Any], repo: Repo
) -> None:
    change_entry(repo, change)
    refusal(repo)


def as_pipe(path: Path) -> None:
    os.mkfifo(path)


def as_hole(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def as_link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def as_folder(path: Path) -> None:
    path.mkdir()
    (path / "mine.txt").write_text("Mine.", "utf-8")


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


@pytest.mark.slow
def test_a_delta_is_made_of_the_log_and_the_index_whatever_lies_where_the_archive_was(
    repo: Repo,
) -> None:
    dist = repo.root / "dist"
    remove(dist / "tiny-0.1.0")
    remove(dist / "tiny-0.1.0.zip")
    as_pipe(dist / "tiny-0.1.0")
    as_hole(dist / "tiny-0.1.0.zip")
    for name in ("tiny-0.2.0", "tiny-0.2.0.zip"):
        as_link(dist / name)  # replaced, and what it leads to is not
    made = repo.release("0.2.0")
    delta = Delta.read(made.folder / "delta")
    assert delta.document["base"]["version"] == "0.1.0"
    assert delta.document["rows"]
    assert made.archive.is_file()
    assert not made.archive.is_symlink()


def test_a_directory_where_an_archive_is_written_to_is_refused_in_a_line(repo: Repo) -> None:
    as_folder(repo.root / "dist" / "tiny-0.2.0.zip")
    refusal(repo)
    assert (repo.root / "dist" / "tiny-0.2.0.zip" / "mine.txt").is_file()
