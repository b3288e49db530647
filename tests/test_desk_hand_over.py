"""Two machines: a coding is committed to before it is handed over, and checked when it comes."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claimlog.desk import work
from claimlog.desk.carried_values import EARLIER
from claimlog.desk.coding_commitment import commitment_of, read_coding, write_coding
from claimlog.desk.hand_over import (
    expect_coding,
    export_coding,
    finished_work,
    import_coding,
)
from claimlog.desk.work_folder import WorkFolder
from claimlog.errors import ClaimlogError
from claimlog.package import Package
from conftest import World, copied
from desk_client import Opened, claim_value

SOURCE = "S102"


def finished_at(world: World, role: str, words: str) -> Package:
    opened = Opened.of(world.package, world.texts)
    path = f"work/{SOURCE}/registered/actors/keepers-{role}"
    opened.take(role, "PUT", path, base=0, value={"name": "Keepers", "actor_type": "group"})
    value = claim_value(words, "The beam was made weaker.", dyad_from=[f"keepers-{role}"])
    opened.put(role, SOURCE, "d1", value)
    opened.finish(role, SOURCE)
    opened.close()
    return world.package


def exported(world: World, file: Path) -> str:
    """Export a finished coding of coder-2, and return the commitment to it."""
    package = finished_at(world, "coder-2", "has dimmed the lamp")
    export_coding(package, "coder-2", SOURCE, file, alone=True)
    return str(finished_work(package, "coder-2", SOURCE).commitment)


def test_codings_are_exchanged_after_their_commitments(registered: World, tmp_path: Path) -> None:
    here, there = (copied(registered, tmp_path / name) for name in ("here", "there"))
    mine = finished_at(here, "coder-1", "dimmed the lamp")
    theirs = finished_at(there, "coder-2", "has dimmed the lamp")
    file = tmp_path / "coder-2.json"
    value = str(finished_work(theirs, "coder-2", SOURCE).commitment)
    with pytest.raises(ClaimlogError, match="no commitment of another coder"):
        export_coding(theirs, "coder-2", SOURCE, file, alone=False)
    assert not file.exists()
    own = str(finished_work(mine, "coder-1", SOURCE).commitment)
    expect_coding(theirs, "coder-1", SOURCE, own)
    export_coding(theirs, "coder-2", SOURCE, file, alone=False)
    with pytest.raises(ClaimlogError, match="no commitment of coder-2"):
        import_coding(mine, file, here.texts)
    expect_coding(mine, "coder-2", SOURCE, value)
    with pytest.raises(ClaimlogError, match="another commitment"):
        expect_coding(mine, "coder-2", SOURCE, "0" * 64)

    changed = json.loads(file.read_bytes())
    changed["content"]["drafts"][0]["value"]["topic"] = "law"
    other = tmp_path / "changed.json"
    other.write_text(json.dumps(changed))
    with pytest.raises(ClaimlogError, match="not the coding that coder-2 committed to"):
        import_coding(mine, other, here.texts)
    for data in (b"{}", b"[]", b"\xff", b'{"format": "claimlog-coding/1"}'):
        other.write_bytes(data)
        with pytest.raises(ClaimlogError):
            import_coding(mine, other, here.texts)

    assert import_coding(mine, file, here.texts).is_finished
    import_coding(mine, file, here.texts)  # again is no second time
    opened = Opened.of(mine, here.texts)
    found = opened.take("adjudicator", "GET", f"adjudication/{SOURCE}")
    assert [unit["kind"] for unit in found["units"]] == ["span"]
    assert [one["coder"] for one in found["proposals"]] == ["coder-1", "coder-2"]
    opened.close()


def test_nothing_is_taken_while_somebody_here_still_codes(
    registered: World, tmp_path: Path
) -> None:
    here, there = (copied(registered, tmp_path / name) for name in ("here", "there"))
    theirs = finished_at(there, "coder-2", "has dimmed the lamp")
    file = tmp_path / "coding.json"
    export_coding(theirs, "coder-2", SOURCE, file, alone=True)
    with pytest.raises(ClaimlogError, match="name a new file"):
        export_coding(theirs, "coder-2", SOURCE, file, alone=True)
    value = str(finished_work(theirs, "coder-2", SOURCE).commitment)
    expect_coding(here.package, "coder-2", SOURCE, value)
    opened = Opened.of(here.package, here.texts)
    opened.put("coder-1", SOURCE, "a", claim_value("dimmed the lamp", "Its beam is weaker."))
    with pytest.raises(ClaimlogError, match="has not finished"):
        import_coding(here.package, file, here.texts)
    with pytest.raises(ClaimlogError, match="has not finished"):
        finished_work(here.package, "coder-1", SOURCE)
    opened.finish("coder-1", SOURCE)
    assert import_coding(here.package, file, here.texts).coder == "coder-2"
    opened.close()


def refuse(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_commitments_are_to_the_codings_of_a_pass(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = (copied(registered, tmp_path / name) for name in ("here", "there"))
    mine = finished_at(here, "coder-1", "dimmed the lamp")
    file = tmp_path / "coding.json"
    value = exported(there, file)
    expect_coding(mine, "coder-2", SOURCE, value)
    expect_coding(mine, "coder-2", "S001", "0" * 64)
    folder = WorkFolder(mine)
    with monkeypatch.context() as patch:  # as if it was cut off
        patch.setattr(Path, "rename", refuse)
        with pytest.raises(ClaimlogError, match="cannot be written"):
            folder.set_aside(SOURCE)
    assert not [*folder.expected_commitments().items(f"{SOURCE}/")]
    (mine.root / ".claimlog/desk/done" / f"{SOURCE}.7").mkdir()
    assert folder.set_aside(SOURCE).name == f"{SOURCE}.8"
    finished_at(here, "coder-1", "ships will founder")
    with pytest.raises(ClaimlogError, match="no commitment of coder-2"):
        import_coding(mine, file, here.texts)
    with pytest.raises(ClaimlogError, match="no commitment of another coder"):
        export_coding(mine, "coder-1", SOURCE, tmp_path / "mine.json", alone=False)
    expect_coding(mine, "coder-2", SOURCE, "1" * 64)
    assert {name: cell.value for name, cell in folder.expected_commitments().items("")} == {
        "S001/coder-2": "0" * 64,
        f"{SOURCE}/coder-2": "1" * 64,
    }


@pytest.mark.slow
def test_a_coding_is_taken_though_its_entries_are_registered_meanwhile(
    registered: World, tmp_path: Path
) -> None:
    here, there = (copied(registered, tmp_path / name) for name in ("here", "there"))
    file = tmp_path / "coding.json"
    value = exported(there, file)
    expect_coding(here.package, "coder-2", SOURCE, value)
    opened = Opened.of(here.package, here.texts)
    actor = {"actor_id": "keepers-coder-2", "name": "Keepers", "actor_type": "group"}
    opened.take("adjudicator", "POST", "registers/actors", value=actor)
    # what was begun and taken back is in no way
    opened.put("coder-2", SOURCE, "a", claim_value("dimmed the lamp", "Its beam is weaker."))
    opened.take("coder-2", "POST", f"work/{SOURCE}/undo", state=1)
    assert import_coding(here.package, file, here.texts).is_finished
    lines = WorkFolder(here.package).work("coder-2", SOURCE).journal.path.read_bytes().split(b"\n")
    assert len(lines) == 2  # one line: all of it, or nothing
    state = opened.take("adjudicator", "GET", f"adjudication/{SOURCE}")["state"]
    path = f"adjudication/{SOURCE}"
    state = opened.take("adjudicator", "POST", f"{path}/take-all", state=state)["state"]
    assert opened.take("adjudicator", "POST", f"{path}/commit", state=state)["committed"]
    opened.close()


def test_the_commands_say_what_to_do(registered: World, tmp_path: Path) -> None:
    world = copied(registered, tmp_path)
    finished_at(world, "coder-1", "dimmed the lamp")
    said = world.run("desk", "commitment", SOURCE, "--coder", "coder-1")
    assert len(said.stdout.strip()) == 64
    file = str(tmp_path / "out.json")
    refused = world.run("desk", "export", SOURCE, file, "--coder", "coder-1")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert world.run("desk", "expect", SOURCE, "xyz", "--coder", "coder-2").returncode == 2
    assert world.run("desk").returncode == 2


def words_of(column: str) -> Callable[[dict[str, Any]], None]:
    """Return what adds words of a column to a coding."""
    return lambda content: content["drafts"][0]["value"].update({f"{column}{EARLIER}": "x"})


NO_QUESTIONS = ("version", "reason", "claim_id", "source_id", "start", "quote_sha256", "hue")


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        *map(words_of, NO_QUESTIONS),
        lambda content: content.update(drafts=content["drafts"] * 2),
        lambda content: content.update(drafts=[]),
        lambda content: content.update(more=[[]]),
        lambda content: content.pop("registered"),
        lambda content: content["registered"][0].update(id="../elsewhere"),
        lambda content: content["registered"][0].update(id=7),
        lambda content: content["registered"][0].update(id=[]),
        lambda content: content["registered"][0].update(stream=[]),
        lambda content: content["drafts"][0]["value"].update(start=None),
        lambda content: content["registered"][0]["value"].update(note=None),
        lambda content: content["drafts"][0]["value"].pop("topic"),
        lambda content: content.update(coder="adjudicator"),
    ],
)
def test_a_coding_that_the_desk_would_not_save_is_not_taken_though_committed_to(
    change: Any, registered: World, tmp_path: Path
) -> None:
    here, there = (copied(registered, tmp_path / name) for name in ("here", "there"))
    file = tmp_path / "coding.json"
    exported(there, file)
    forged = json.loads(file.read_bytes())
    change(forged["content"])
    file.write_text(json.dumps(forged))
    value = commitment_of(forged["content"], forged["nonce"])

    def take() -> None:
        expect_coding(here.package, forged["content"]["coder"], SOURCE, value)
        import_coding(here.package, file, here.texts)

    with pytest.raises(ClaimlogError):
        take()
    assert not WorkFolder(here.package).summaries(SOURCE)


def test_a_coding_is_taken_once_the_log_can_be_read(registered: World, tmp_path: Path) -> None:
    here, there = (copied(registered, tmp_path / name) for name in ("here", "there"))
    file = tmp_path / "coding.json"
    expect_coding(here.package, "coder-2", SOURCE, exported(there, file))
    row = here.root / ".claimlog/open/claims.ndjson"
    row.parent.mkdir(exist_ok=True)
    row.write_text("{}\n", "utf-8")
    with pytest.raises(ClaimlogError, match="run claimlog validate"):
        import_coding(here.package, file, here.texts)
    assert not WorkFolder(here.package).summaries(SOURCE)
    row.unlink()
    assert import_coding(here.package, file, here.texts).is_finished


def test_a_coding_that_its_missing_keys_make_longer_than_a_work_is_not_taken(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = (copied(registered, tmp_path / name) for name in ("here", "there"))
    content = finished_work(finished_at(there, "coder-2", "the lamp"), "coder-2", SOURCE).content()
    content["drafts"][0]["value"]["attributions"] = [{}] * 200
    monkeypatch.setattr(work, "WORK_BYTES", 20_000)
    file, nonce = tmp_path / "coding.json", "0" * 64
    write_coding(file, content, nonce)
    assert file.stat().st_size < work.WORK_BYTES
    expect_coding(here.package, "coder-2", SOURCE, commitment_of(content, nonce))
    with pytest.raises(ClaimlogError, match="with all keys of the objects in its lists"):
        import_coding(here.package, file, here.texts)
    assert not [*WorkFolder(here.package).summaries(SOURCE)]


@pytest.mark.parametrize(
    "data", [b'{"content":[' + b"[]," * 700_000 + b"1]}", b'{"format":"x"}'], ids=["dense", "other"]
)
def test_a_file_that_is_no_coding_is_refused_in_a_line(data: bytes, tmp_path: Path) -> None:
    """One of small lists would take thirty times its size."""
    path = tmp_path / "S102.coder-1.json"
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(ClaimlogError, match="is no coding that claimlog desk export wrote"):
            read_coding(path)
        assert tracemalloc.get_traced_memory()[1] < 2 * len(data) + (1 << 20)
    finally:
        tracemalloc.stop()
