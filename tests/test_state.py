"""A clone can bring a ``.claimlog``; nothing outside of the package is written or removed by it."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
import shutil
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

import claimlog.fingerprint
import claimlog.log.cache
from claimlog.build import build
from claimlog.cli import cli
from claimlog.directory_swap import recover_directory
from claimlog.edit.batch_files import recover
from claimlog.edit.log_lock import log_lock
from claimlog.errors import ClaimlogError
from claimlog.limits import NOTE_BYTES
from claimlog.log.cache import open_cache
from claimlog.log.stream_parts import write_part
from claimlog.package_state import FILES, FOLDERS, open_lock, state_folder
from claimlog.release.release_lock import release_lock
from claimlog.schema.definition import read_definition
from claimlog.state_notes import read_note, write_note
from conftest import World


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Somebody's directory, with names that claimlog removes or empties in its own."""
    folder = tmp_path / "home"
    for name in ("staging-area", "parts", "0001-precious", ".gone-1"):
        (folder / name).mkdir(parents=True)
        (folder / name / "letter.txt").write_text("Dear reader")
    for name in ("lock", "state.json", "builds.json", "claims.ndjson", "0001-a-claims-7-0.parquet"):
        (folder / name).write_text("mine")
    return folder


def everything(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def link(path: Path, victim: Path, is_folder: bool) -> None:
    path.symlink_to(os.path.relpath(victim if is_folder else victim / "lock", path.parent))


def fifo(path: Path, _: Path, __: bool) -> None:
    os.mkfifo(path)


def other_kind(path: Path, _: Path, is_folder: bool) -> None:
    if is_folder:
        path.write_text("")
    else:
        path.mkdir()


PLACES = [(".", True), *((name, True) for name in FOLDERS), *((name, False) for name in FILES)]


@pytest.mark.slow
@pytest.mark.parametrize("place", [link, fifo, other_kind])
@pytest.mark.parametrize(("name", "is_folder"), PLACES)
def test_state_that_is_none_of_ours_is_refused_in_a_line(
    name: str,
    is_folder: bool,
    place: Callable[[Path, Path, bool], None],
    world: World,
    victim: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(claimlog.fingerprint, "MEMORY_BYTES", -1)
    state = world.package.state
    shutil.rmtree(state, ignore_errors=True)
    path = state / name
    path.parent.mkdir(parents=True, exist_ok=True)
    place(path, victim, is_folder)
    before = everything(victim)
    shown = f".claimlog/{name}".removesuffix("/.")
    with pytest.raises(ClaimlogError, match=rf"^{shown}: is (a symbolic link|no ).*remove it"):
        build(world.package, world.package.build)
    with pytest.raises(ClaimlogError, match=rf"^{shown}: is "), log_lock(world.package):
        pass
    with pytest.raises(ClaimlogError, match=rf"^{shown}: is "), open_cache(world.package):
        pass
    assert everything(victim) == before
    assert not world.package.build.exists()


def test_a_fifo_for_the_state_gives_a_line_and_no_hang(world: World) -> None:
    shutil.rmtree(world.package.state, ignore_errors=True)
    os.mkfifo(world.package.state)
    for words in (
        ("build",),
        ("validate",),
        ("seal", "--slug", "more", "--title", "x", "--method", "y"),
    ):
        done = world.run(*words)
        assert done.returncode == 1
        assert [*done.stderr.splitlines()][-1].startswith("claimlog: .claimlog: is no directory")
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("place", [link, fifo, other_kind])
def test_what_is_no_file_in_the_open_batch_is_refused(
    place: Callable[[Path, Path, bool], None], world: World, victim: Path
) -> None:
    folder = world.package.state / "open"
    folder.mkdir(parents=True)
    place(folder / "claims.ndjson", victim, False)
    with pytest.raises(ClaimlogError, match=r"^\.claimlog/open/claims\.ndjson: is "):
        world.amend("claims", "C001-002", note="One more.")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["claims.parquet", "claims.ndjson.bak", "Claims.ndjson", "notes"])
def test_a_file_in_the_open_batch_that_holds_no_open_rows_is_neither_sealed_nor_removed(
    name: str, world: World
) -> None:
    world.amend("claims", "C001-002", note="One more.")
    path = world.package.state / "open" / name
    path.write_bytes(b"Mine.")
    for words in (
        ("open",),
        ("drop", "claims:1"),
        ("rebase",),
        ("seal", "--slug", "more", "--title", "x", "--method", "y"),
    ):
        done = world.run(*words)
        assert done.returncode == 1
        assert f"claimlog: .claimlog/open/{name}: is no file of open rows" in done.stderr
    assert path.read_bytes() == b"Mine."
    path.rename(path.with_name(".DS_Store"))
    world.seal("more")


@pytest.mark.slow
def test_rows_that_change_while_they_are_sealed_are_not_sealed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.amend("claims", "C001-002", note="One more.")
    original = shutil.copyfile

    def changed(here: Path, there: Path) -> None:
        original(here, there)
        there.write_bytes(there.read_bytes() + b"{}\n")

    monkeypatch.setattr("claimlog.edit.seal.shutil.copyfile", changed)
    with pytest.raises(ClaimlogError, match="was changed while it was sealed; nothing was sealed"):
        world.seal("more")
    monkeypatch.undo()
    assert world.seal("more").number == 4


def test_a_lock_is_not_emptied(world: World) -> None:
    with open_lock(world.package):
        pass
    (world.package.state / "lock").write_text("kept")
    with log_lock(world.package), open_lock(world.package):
        pass
    assert (world.package.state / "lock").read_text() == "kept"


@contextmanager
def bound_by_permissions() -> Iterator[None]:
    """Have root meet the permissions of files as anybody else does (Linux, of this thread)."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3
    held = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, held) == 0
    bound = (ctypes.c_uint32 * 6)(*held)
    bound[0] &= ~0b110  # effective: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    assert libc.capset(header, bound) == 0
    try:
        yield
    finally:
        assert libc.capset(header, held) == 0


@pytest.mark.slow
@pytest.mark.parametrize("kept", [".claimlog", ".claimlog/open", ".claimlog/cache"])
def test_state_that_another_user_keeps_to_himself_hinders_nobody_from_reading(
    kept: str, world: World
) -> None:
    for name in ("cache", "open"):
        (world.package.state / name).mkdir(exist_ok=True)
    (world.package.state / "cache" / "sound.json").touch()
    (world.root / kept).chmod(0)
    words = (("validate",), ("log",), ("show", "C001-001"), ("schemas",), ("open",))
    try:
        with bound_by_permissions():
            done = {
                name: CliRunner().invoke(cli, ["--package", str(world.root), name, *more])
                for name, *more in words
            }
    finally:
        (world.root / kept).chmod(0o700)
    listed = done.pop("open")
    assert {name: one.exception for name, one in done.items()} == dict.fromkeys(done)
    if kept == ".claimlog/cache":
        assert listed.output == "the open batch is empty; claimlog add begins one\n"
    else:
        assert isinstance(listed.exception, ClaimlogError)
        assert str(listed.exception).startswith(f"{kept}: is another user's, and you may not read")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_no_other_command_that_is_waited_for(
    number: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    for lock in (log_lock, release_lock):
        with pytest.raises(ClaimlogError, match="put the package on a file system") as error:
            lock(world.package).__enter__()
        assert re.match(r"\.claimlog/(release/)?lock: cannot be locked \(", str(error.value))
    with open_cache(world.package) as cache:  # what reads goes on without
        assert cache.folder != world.package.state / "cache"


@pytest.mark.slow
def test_only_parts_are_removed_from_the_folder_of_parts(
    world: World, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claimlog.fingerprint, "MEMORY_BYTES", -1)
    monkeypatch.setattr(claimlog.log.cache, "PART_SECONDS", 0)
    build(world.package, world.package.build)
    parts = world.package.state / "cache" / "parts"
    stale = parts / "0001-register-actors-77-0.parquet"
    stale.write_bytes(b"")
    waiting = parts / "0001-a-claims-7-0.parquet"
    waiting.symlink_to(victim / waiting.name)
    folder = parts / "0001-a-claims-8-0.parquet"
    folder.mkdir()
    (parts / "letter.txt").write_text("mine")
    (parts / "elsewhere").symlink_to(victim)
    before = everything(victim)
    build(world.package, world.package.build)
    assert not stale.exists()
    assert not waiting.is_symlink()
    assert (folder.is_dir(), (parts / "letter.txt").read_text()) == (True, "mine")
    assert (parts / "elsewhere").is_symlink()
    assert everything(victim) == before


def test_a_part_is_not_written_through_a_link_that_waits_for_it(
    world: World, victim: Path, tmp_path: Path
) -> None:
    from claimlog.log.read_log import read

    log = read(world.package)
    path = tmp_path / "0001-a-claims-7-0.parquet"
    path.symlink_to(victim / path.name)
    write_part(log.rows("actors"), read_definition(world.package).streams["actors"], path)
    assert not path.is_symlink()
    assert (victim / path.name).read_text() == "mine"


@pytest.mark.parametrize("name", ["foo", "0001-register", "foo.", ".0001-register", "a.precious"])
def test_what_no_rebase_took_out_is_not_put_back(name: str, world: World) -> None:
    for folder in ("rebase-in", "rebase-out"):
        path = world.package.state / folder / name
        path.mkdir(parents=True)
        before = everything(world.package.events)
        with pytest.raises(ClaimlogError, match="no rebase made this"):
            recover(world.package)
        assert everything(world.package.events) == before
        shutil.rmtree(path.parent)


def test_nothing_is_taken_out_of_where_a_link_for_events_leads(world: World, victim: Path) -> None:
    shutil.rmtree(world.package.events)
    world.package.events.symlink_to(victim)
    (world.package.state / "rebase-in" / "0001-a.0001-precious").mkdir(parents=True)
    before = everything(victim)
    with pytest.raises(ClaimlogError, match="events: is a symbolic link"):
        recover(world.package)
    assert everything(victim) == before


def test_what_a_clone_has_beside_a_build_is_not_followed(world: World, victim: Path) -> None:
    target = world.package.build
    (world.root / ".build-old-4194305-0000000b").symlink_to(victim)
    (world.root / f".build-new-{'9' * 30}-0000000b").mkdir()
    (world.root / ".build-new-4194305-0000000b").symlink_to(victim)
    before = everything(victim)
    recover_directory(target)
    assert not target.exists()
    assert not [*world.root.glob(".build-new-*")]
    assert everything(victim) == before


@pytest.mark.slow
def test_a_build_that_is_a_link_is_not_replaced(world: World, tmp_path: Path) -> None:
    build(world.package, tmp_path / "elsewhere")
    world.package.build.symlink_to(tmp_path / "elsewhere")
    before = everything(tmp_path / "elsewhere")
    with pytest.raises(ClaimlogError, match="build: is a symbolic link"):
        build(world.package, world.package.build)
    assert everything(tmp_path / "elsewhere") == before


def test_a_note_that_changed_in_place_is_refused_in_a_line(world: World) -> None:
    write_note(world.package, "cache/valid.json", {"size": 12, "code": "é"})
    assert read_note(world.package, "cache/valid.json") == {"size": 12, "code": "é"}
    path = world.package.state / "cache" / "valid.json"
    path.write_bytes(path.read_bytes().replace(b"12", b"13"))
    with pytest.raises(
        ClaimlogError, match=r"^\.claimlog/cache/valid\.json: is not what was saved$"
    ):
        read_note(world.package, "cache/valid.json")


@pytest.mark.parametrize(("part", "count"), [("[],", 700_000), ('"x",', NOTE_BYTES // 4)])
def test_a_note_that_would_take_much_memory_is_none_of_ours(
    part: str, count: int, world: World
) -> None:
    path = state_folder(world.package, "cache") / "valid.json"
    note = f'{{"a":[{part * count}1]}}'
    path.write_text(note, "utf-8")
    tracemalloc.start()
    try:
        with pytest.raises(ClaimlogError, match=r"^\.claimlog/cache/valid\.json: "):
            read_note(world.package, "cache/valid.json")
        assert tracemalloc.get_traced_memory()[1] < 2 * len(note)
    finally:
        tracemalloc.stop()
