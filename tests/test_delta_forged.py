"""Deltas of whoever rewrote the log: what comes of one goes on from the base that a reader has."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from claimlog.cli import cli
from claimlog.errors import ClaimlogError
from claimlog.export.descriptor import dump_json
from claimlog.log.lines import without_lines
from claimlog.log.read_log import read
from claimlog.log.takedowns import TakedownRecord, TakenRow, dump_takedowns
from claimlog.release.checksums import sha256_of_files
from claimlog.release.delta import DELTA, is_carried
from claimlog.release.delta_apply import apply_delta
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


@pytest.mark.slow
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


def changed_delta(repo: Repo, folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The delta to 0.2.0 with another ``delta.json``."""
    shutil.copytree(release_of(repo, "0.2.0") / DELTA, folder / DELTA)
    path = folder / DELTA / "delta.json"
    document = json.loads(path.read_text("utf-8"))
    change(document)
    path.write_bytes(dump_json(document))
    return folder / DELTA


@pytest.mark.slow
@pytest.mark.parametrize("kind", CLAIMS)
def test_a_delta_that_says_of_the_changes_what_its_files_do_not_is_named(
    kind: str, genuine: Repo, tmp_path: Path
) -> None:
    delta = changed_delta(genuine, tmp_path, CLAIMS[kind])
    done = applied(release_of(genuine, "0.1.0"), delta, tmp_path / "out")
    assert done.return_value == 1, done.output
    assert "delta.json does not say what base and delta give of the changes" in done.output


# rows that a delta says were taken down ----------------------------------------------------------


@pytest.fixture(scope="module")
def retracted(checked_in: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """C001-004 is retracted in 0.1.0; 0.2.0 has one claim more."""
    repo = checked_in.copy(tmp_path_factory.mktemp("retracted"))
    repo.release("0.1.0")
    repo.world.add("claims", [claim(QUOTE, "Some pilots wrote once more.", topic="opinion")])
    repo.world.seal("more")
    repo.release("0.2.0")
    return repo


def without_row(repo: Repo, folder: Path, action: str, claim_id: str) -> Path:
    """The delta to 0.2.0 that takes a row of 0.1.0 down, and calls it an action."""
    log = read(repo.package)
    [row] = log.rows("claims").filter(claim_id=claim_id, action=action).to_dicts()
    name = log.by_number[row["batch"]].shown_file("claims")
    data, _ = without_lines((repo.root / name).read_bytes(), {bytes.fromhex(row["event_id"])})
    gone = TakenRow(
        **{key: row[key] for key in ("batch", "line", "version")},
        stream="claims",
        leaf_hash=row["event_id"],
        id=claim_id,
        action="amend" if action == "retract" else action,
        taken_down="2026-11-28",
        by="maintainer",
        reason="Court order 1/2027.",
    )
    left = {name: {"bytes": len(data), "sha256": sha256(data).hexdigest()}}
    record = dump_takedowns(TakedownRecord((gone,), left))
    shutil.copytree(release_of(repo, "0.2.0") / DELTA, folder / DELTA)
    document = json.loads((folder / DELTA / "delta.json").read_text("utf-8"))
    for path, content in ((f"log/{name}", data), ("log/takedowns.json", record)):
        (folder / DELTA / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / DELTA / path).write_bytes(content)
        document["files"]["carried"][path] = sha256(content).hexdigest()
    (folder / DELTA / "delta.json").write_bytes(dump_json(document))
    return folder / DELTA


@pytest.mark.slow
def test_a_retraction_of_the_base_is_not_taken_down_by_another_name(
    retracted: Repo, tmp_path: Path
) -> None:
    delta = without_row(retracted, tmp_path, "retract", "C001-004")
    said = (
        r"takedowns\.json: calls 'claims C001-004 2 amend' what is 'claims C001-004 2 retract' in"
    )
    with pytest.raises(ClaimlogError, match=said):
        apply_delta(release_of(retracted, "0.1.0"), delta, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def applied(base: Path, delta: Path, out: Path, *words: str) -> Any:
    said = [*words, "delta", "apply", str(base), str(delta), "--out", str(out)]
    return CliRunner().invoke(cli, said, standalone_mode=False)


@pytest.mark.slow
def test_a_row_of_the_base_that_is_missing_is_named_and_nobody_vouches_for_why(
    retracted: Repo, tmp_path: Path
) -> None:
    delta = without_row(retracted, tmp_path, "assert", "C001-004")
    done = applied(release_of(retracted, "0.1.0"), delta, tmp_path / "out")
    assert done.return_value == 1, done.output
    said = 'claims C001-004 version 1 was taken down on 2026-11-28 by maintainer: "Court order 1/'
    assert said in done.output
    assert "for that nobody vouches; run this in a checkout of the dataset" in done.output


@pytest.mark.slow
def test_a_delta_does_not_choose_by_which_rules_its_log_is_judged(
    retracted: Repo, tmp_path: Path
) -> None:
    rules = (release_of(retracted, "0.2.0") / "log/schemas/rules.csv").read_text("utf-8")
    fewer = "".join(rules.splitlines(keepends=True)[:10]).encode()
    digests = {"log/schemas/rules.csv": sha256(fewer).hexdigest()}
    delta = changed_delta(retracted, tmp_path, lambda it: it["files"]["carried"].update(digests))
    (delta / "log/schemas").mkdir(parents=True)
    (delta / "log/schemas/rules.csv").write_bytes(fewer)
    done = applied(release_of(retracted, "0.1.0"), delta, tmp_path / "out")
    assert done.return_value == 1, done.output
    assert " rules not checked, because schemas/rules.csv does not state them: " in done.output
    assert "for that nobody vouches" in done.output


@pytest.mark.slow
def test_an_index_of_another_dataset_denies_no_release_of_the_same_version(
    retracted: Repo, tmp_path: Path
) -> None:
    other = retracted.copy(tmp_path / "other")
    entry = other.root / "releases" / "0.2.0.json"
    entry.write_text(entry.read_text("utf-8").replace("tiny-0.2.0.zip", "small-0.2.0.zip"), "utf-8")
    delta = release_of(retracted, "0.2.0") / DELTA
    words = ("--package", str(other.root))
    done = applied(release_of(retracted, "0.1.0"), delta, tmp_path / "out", *words)
    assert (done.return_value, done.exception) == (0, None), done.output
    assert "releases/0.2.0.json" not in done.output


@pytest.mark.slow
@pytest.mark.parametrize("known", [["0.1.0"], ["0.1.0", "0.2.0"]])
def test_a_base_and_its_delta_of_a_rewritten_log_are_not_believed_beside_an_index(
    known: list[str], genuine: Repo, rewritten: Repo, tmp_path: Path
) -> None:
    """Both come from whoever rewrote the log, so that they agree about every row."""
    mine = genuine.copy(tmp_path / "mine")
    for path in (mine.root / "releases").glob("*.json"):
        if path.stem not in known:
            path.unlink()
    got = tmp_path / "got"
    shutil.copytree(release_of(rewritten, "0.1.0"), got / "tiny-0.1.0")
    shutil.copytree(release_of(rewritten, "0.2.0") / DELTA, got / DELTA)
    words = ("--package", str(mine.root))
    done = applied(got / "tiny-0.1.0", got / DELTA, tmp_path / "out", *words)
    assert isinstance(done.exception, ClaimlogError), done.output
    assert "are not those of releases/0.1.0.json; somebody rewrote it" in str(done.exception)
    assert not (tmp_path / "out" / "tiny-0.2.0").exists()


def test_a_release_between_two_that_an_index_knows_is_none(genuine: Repo, tmp_path: Path) -> None:
    """It goes on from the one, and ends before the rows of the other are reached."""
    mine = genuine.copy(tmp_path / "mine")
    path = mine.root / "releases" / "0.2.0.json"
    entry = json.loads(path.read_text("utf-8"))
    path.unlink()
    tree = {"size": entry["tree"]["size"] + 9, "root": "0" * 64}
    later = mine.root / "releases" / "0.3.0.json"
    archive = {**entry["archive"], "path": "tiny-0.3.0.zip"}
    later.write_bytes(dump_json({**entry, "version": "0.3.0", "tree": tree, "archive": archive}))
    words = ("--package", str(mine.root))
    delta = release_of(genuine, "0.2.0") / DELTA
    done = applied(release_of(genuine, "0.1.0"), delta, tmp_path / "out", *words)
    assert isinstance(done.exception, ClaimlogError), done.output
    assert "leads to 0.2.0, which the index that holds releases/0.3.0.json does not know" in str(
        done.exception
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("version", ["0.5.0; curl x | sh", "0.5.0\n", "latest", ""])
def test_a_version_of_the_tool_that_is_none_is_not_repeated_as_part_of_a_command(
    version: str, genuine: Repo, tmp_path: Path
) -> None:
    delta = changed_delta(genuine, tmp_path, lambda it: it["release"].update(tool_version=version))
    with pytest.raises(ClaimlogError, match=r"release/tool_version: .* does not match"):
        apply_delta(release_of(genuine, "0.1.0"), delta, tmp_path / "out")


@pytest.mark.parametrize("version", ["0.0.1", "0.1.0", f"{'9' * 5000}.0.0"])
def test_a_delta_leads_to_a_later_version(version: str, genuine: Repo, tmp_path: Path) -> None:
    delta = changed_delta(genuine, tmp_path, lambda it: it["release"].update(version=version))
    with pytest.raises(ClaimlogError, match=r"^delta/delta\.json: .*; get the delta") as error:
        apply_delta(release_of(genuine, "0.1.0"), delta, tmp_path / "out")
    assert len(str(error.value)) < 500
    assert not (tmp_path / "out").exists()
