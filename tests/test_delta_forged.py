"""Deltas of whoever rewrote the log: what comes of one goes on from the base that a reader has."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from claimlog.cli import cli
from claimlog.errors import ClaimlogError
from claimlog.export.descriptor import dump_json
from claimlog.release.delta import DELTA, is_carried
from claimlog.release.delta_apply import apply_delta
from claimlog.release.layout import sha256_of_files
from conftest import claim
from repositories import Repo
from test_release import QUOTE


def finished(repo: Repo) -> Repo:
    repo.release("0.1.0", as_of="2")
    repo.world.add("claims", [claim(QUOTE, "Some pilots wrote once more.", topic="opinion")])
    repo.world.seal("more")
    repo.release("0.2.0")
    return repo


@pytest.fixture(scope="module")
def genuine(checked_in: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    return finished(checked_in.copy(tmp_path_factory.mktemp("genuine")))


@pytest.fixture(scope="module")
def rewritten(checked_in: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """The same history, but for what the first claim said from the beginning."""
    repo = checked_in.copy(tmp_path_factory.mktemp("rewritten"))
    repo.world.rewrite("claims", lambda rows: rows[0].update(statement="The reverse of it."), 1)
    repo.commit()
    return finished(repo)


def release_of(repo: Repo, version: str) -> Path:
    return repo.root / "dist" / f"tiny-{version}"


def forged_delta(genuine: Repo, rewritten: Repo, folder: Path) -> Path:
    """A delta that leads from the genuine base to the rewritten log, and says so of every file."""
    base = sha256_of_files(release_of(genuine, "0.1.0"))
    shutil.copytree(release_of(rewritten, "0.2.0"), folder / "made")
    made = folder / "made"
    entry = made / "log/releases/0.1.0.json"
    theirs = json.loads(entry.read_text("utf-8"))
    ours = json.loads((genuine.root / "releases/0.1.0.json").read_text("utf-8"))
    entry.write_bytes(dump_json({**theirs, "files": ours["files"], "archive": ours["archive"]}))
    digests = {name: one for name, one in sha256_of_files(made).items() if is_carried(name)}
    carried = {name: one for name, one in digests.items() if base.get(name) != one}
    delta = folder / DELTA
    for name in carried:
        (delta / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made / name, delta / name)
    document = json.loads((made / DELTA / "delta.json").read_text("utf-8"))
    document["files"] = {"carried": carried, "removed": []}
    (delta / "delta.json").write_bytes(dump_json(document))
    return delta


def test_a_delta_that_rewrites_the_log_of_its_base_is_not_applied(
    genuine: Repo, rewritten: Repo, tmp_path: Path
) -> None:
    delta = forged_delta(genuine, rewritten, tmp_path)
    with pytest.raises(ClaimlogError, match=r"0\.1\.0\.json: states another tree than rel"):
        apply_delta(release_of(genuine, "0.1.0"), delta, tmp_path / "out")
    assert not (tmp_path / "out").exists()


CLAIMS: dict[str, Any] = {
    "an amendment that is kept secret": lambda it: it["claims"].update(amended=[]),
    "another reason": lambda it: it["claims"]["amended"][0]["events"][0].update(reason="A lie."),
    "fewer rows": lambda it: it.update(rows={}),
    "another day of the base": lambda it: it["base"].update(date="2001-01-01"),
    "a change of the tables": lambda it: it["schema"].append(
        {"table": "claims", "column": "topic", "change": "column_removed", "breaks": True}
    ),
}


@pytest.mark.parametrize("kind", CLAIMS)
def test_a_delta_that_says_of_the_changes_what_its_files_do_not_is_named(
    kind: str, genuine: Repo, tmp_path: Path
) -> None:
    shutil.copytree(release_of(genuine, "0.2.0") / DELTA, tmp_path / DELTA)
    path = tmp_path / DELTA / "delta.json"
    document = json.loads(path.read_text("utf-8"))
    CLAIMS[kind](document)
    path.write_bytes(dump_json(document))
    words = ["delta", "apply", str(release_of(genuine, "0.1.0")), str(tmp_path / DELTA)]
    done = CliRunner().invoke(cli, [*words, "--out", str(tmp_path / "out")], standalone_mode=False)
    assert done.return_value == 1, done.output
    assert "delta.json does not say what base and delta give of the changes" in done.output


@pytest.mark.parametrize("version", ["0.0.1", "0.1.0", f"{'9' * 5000}.0.0"])
def test_a_delta_leads_to_a_later_version(version: str, genuine: Repo, tmp_path: Path) -> None:
    shutil.copytree(release_of(genuine, "0.2.0") / DELTA, tmp_path / DELTA)
    path = tmp_path / DELTA / "delta.json"
    document = json.loads(path.read_text("utf-8"))
    document["release"]["version"] = version
    path.write_bytes(dump_json(document))
    with pytest.raises(ClaimlogError, match=r"^delta/delta\.json: .*; get the delta") as error:
        apply_delta(release_of(genuine, "0.1.0"), tmp_path / DELTA, tmp_path / "out")
    assert len(str(error.value)) < 500
    assert not (tmp_path / "out").exists()
