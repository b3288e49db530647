"""Notes of what was found sound: whoever brings one along is not believed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import claimlog.fingerprint
from claimlog.cli.base import Context
from claimlog.errors import ClaimlogError
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.package_state import lock_mark
from claimlog.schema import json_schemas, sound_values
from claimlog.schema.sound_values import digest_of, is_sound, note_sound, used_digests
from claimlog.sound_notes import NOTE, note_sound_values, recall_sound_values
from claimlog.state_notes import read_note, write_note
from conftest import World
from repositories import Repo

pytestmark = pytest.mark.usefixtures("definitions_read_anew")


@pytest.fixture(autouse=True)
def cached_and_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every log for one that is cached, and this process for one that knows nothing."""
    monkeypatch.setattr(claimlog.fingerprint, "MEMORY_BYTES", 0)
    forget()


def forget() -> None:
    sound_values._USED.clear()
    sound_values._SOUND.clear()
    from claimlog.schema.definition import _parse_table_schema

    _parse_table_schema.cache_clear()


def count_of_checks(
    package: Package,
    monkeypatch: pytest.MonkeyPatch,
    command: Callable[[Package], object] = read,
) -> int:
    """Read a log as a process that knows nothing does, and count the shapes that it checks."""
    checked: list[object] = []
    original = json_schemas._shape_error
    with monkeypatch.context() as patch:
        patch.setattr(
            json_schemas, "_shape_error", lambda *words: checked.append(0) or original(*words)
        )
        forget()
        command(package)
    return len(checked)


def broken(package: Package) -> str:
    """Make a schema miss its shape, and return the digest by which it would be known as sound."""
    path = package.schemas / "actors.json"
    spec = json.loads(path.read_bytes())
    spec["fields"][0]["type"] = "nothing"
    path.write_text(json.dumps(spec))
    return digest_of("stream", path.read_bytes())


@pytest.mark.slow
def test_a_second_command_checks_no_file_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert count_of_checks(world.package, monkeypatch) > 20
    assert count_of_checks(world.package, monkeypatch) == 0


@pytest.mark.slow
def test_what_a_command_reads_before_the_log_and_after_it_is_noted_too(
    checked_in: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `amend` does: its options are those of the schemas, and rules look at the releases."""

    def amend(package: Package) -> None:
        assert Context(package.root).streams
        assert read(package).releases

    repo = checked_in.copy(tmp_path)
    repo.release("0.1.0")
    (repo.package.state / NOTE).unlink(missing_ok=True)
    assert count_of_checks(repo.package, monkeypatch, amend) > 20
    assert count_of_checks(repo.package, monkeypatch, amend) == 0


@pytest.mark.slow
def test_a_file_that_changed_is_checked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    count_of_checks(world.package, monkeypatch)
    broken(world.package)
    forget()
    with pytest.raises(ClaimlogError, match=r"schemas/actors\.json: .*nothing"):
        read(world.package)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["lock", "code"])
def test_a_note_of_another_place_or_of_other_code_is_not_believed(
    part: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_of_checks(world.package, monkeypatch)
    forged = broken(world.package)
    note = read_note(world.package, NOTE)
    note["sound"].append(forged)
    write_note(world.package, NOTE, {**note, part: "1 2"})
    forget()
    with pytest.raises(ClaimlogError, match=r"schemas/actors\.json"):
        read(world.package)
    write_note(world.package, NOTE, note)  # whoever writes here as you is believed
    forget()
    recall_sound_values(world.package)
    assert is_sound(forged)


@pytest.mark.slow
def test_a_copy_of_a_package_checks_for_itself(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = count_of_checks(world.package, monkeypatch)
    shutil.copytree(world.package.root, tmp_path / "copy")
    copy = Package(tmp_path / "copy")
    assert read_note(copy, NOTE) == read_note(world.package, NOTE)
    assert lock_mark(copy, "cache") != lock_mark(world.package, "cache")
    assert count_of_checks(copy, monkeypatch) == first
    assert count_of_checks(copy, monkeypatch) == 0


@pytest.mark.slow
@pytest.mark.parametrize("text", ["{}", "[", '{"sound": 3}', '{"sound": [[]], "code": 1}'])
def test_a_note_that_makes_no_sense_costs_time_only(
    text: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = count_of_checks(world.package, monkeypatch)
    (world.package.state / NOTE).write_text(text)
    assert count_of_checks(world.package, monkeypatch) == first


def test_a_small_log_leaves_no_note(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claimlog.fingerprint, "MEMORY_BYTES", 1 << 30)
    read(world.package)
    assert used_digests()
    note_sound_values(world.package)
    assert not (world.package.state / NOTE).exists()


def test_the_digest_that_was_longest_unused_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_values, "HELD", 3)
    for name in "abc":
        note_sound(name)
    assert is_sound("a")
    note_sound("d")
    assert [is_sound(name) for name in "abcd"] == [True, False, True, True]
    assert used_digests() == {"a", "c", "d"}
