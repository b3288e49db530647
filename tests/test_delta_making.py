"""Making a delta beside what a stranger's checkout may hold: entries of the index, and ``dist/``."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claimlog.errors import ClaimlogError, FindingsError
from claimlog.release.delta_files import Delta
from conftest import claim
from repositories import DAY, Repo
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
    assert not isinstance(caught.value, FindingsError)
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 600
    left = {path.name for path in (repo.root / "dist").iterdir()}
    assert not [name for name in left if ".zip." in name or name.startswith(".")]
    assert not (repo.root / "releases" / "0.2.0.json").exists()
    return said


@pytest.mark.parametrize(
    "name",
    [
        *(
            "log/../../outside",
            "log/events/../../../etc/passwd",
            "log//etc/passwd",
            "log/.git/config",
        ),
        *(
            "log/events/0001-a/claims.ndjson\n",
            "log/\x1b]8;;x\x07",
            "log/\u202eb",
            f"log/{'a' * 9_000}",
        ),
    ],
)
@pytest.mark.parametrize("in_reissue", [False, True])
def test_an_entry_that_names_what_no_log_has_gives_no_delta(
    name: str, in_reissue: bool, repo: Repo
) -> None:
    def add(entry: dict[str, Any]) -> None:
        if in_reissue:
            about = {key: entry[key] for key in ("date", "commit", "archive", "files")}
            entry["reissues"] = [{**about, "files": {**entry["files"], name: SHA}, "rows": [1]}]
        else:
            entry["files"][name] = SHA

    change_entry(repo, add)
    said = refusal(repo)
    assert said.startswith("releases/0.1.0.json: ")
    assert "restore" in said


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry["tree"].update(size=2**60),
        lambda entry: entry["tree"].update(root="f" * 64),
        lambda entry: entry.update(batches=2**40),
        lambda entry: entry["archive"].update(path="../../x-0.1.0.zip"),
        lambda entry: entry["files"].update({"log/datapackage.json": "x"}),
        lambda entry: entry.update(files=[]),
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


@pytest.mark.parametrize("make", [as_pipe, as_hole, as_link, as_folder])
def test_a_delta_is_made_of_the_log_and_the_index_whatever_lies_where_the_archive_was(
    make: Callable[[Path], None], repo: Repo
) -> None:
    for name in ("tiny-0.1.0", "tiny-0.1.0.zip"):
        remove(repo.root / "dist" / name)
        make(repo.root / "dist" / name)
    made = repo.release("0.2.0")
    delta = Delta.read(made.folder / "delta")
    assert delta.document["base"]["version"] == "0.1.0"
    assert delta.document["rows"]


@pytest.mark.parametrize("make", [as_pipe, as_link, as_folder])
@pytest.mark.parametrize("name", ["tiny-0.2.0", "tiny-0.2.0.zip"])
def test_what_lies_where_a_release_is_written_to_is_replaced_or_refused_in_a_line(
    make: Callable[[Path], None], name: str, repo: Repo
) -> None:
    place = repo.root / "dist" / name
    make(place)
    try:
        made = repo.release("0.2.0")
    except ClaimlogError as error:
        assert "\n" not in str(error)
        assert not (repo.root / "releases" / "0.2.0.json").exists()
    else:
        assert not place.is_symlink()
        assert made.archive.is_file()
    assert Path("/etc/passwd").read_text("utf-8").startswith("root:")
    assert DAY
