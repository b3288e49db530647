"""The environments that make sets up: whole after any kill, and one process at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import ROOT
from workshop.environment import ENVIRONMENTS, LOCK, STAMP, SetupError, is_whole, set_up_environment

PYTHON = """#!/bin/sh
# stands for Python: makes environments of itself, and notes what would be installed into them
point() {
  printf x >> "$STUB/points"
  if [ "$(wc -c < "$STUB/points")" -eq "${KILL_AT:-0}" ]; then
    kill -9 "$PPID"
    [ -n "$ORPHAN" ] || kill -9 $$
    sleep 0.3
  fi
}
point
if [ "$2" = venv ]; then
  for last; do :; done
  rm -rf "$last"
  mkdir -p "$last/bin"
  point
  cp "$STUB/python" "$last/bin/python"
else
  printf 'begin ' >> "$(dirname "$0")/../installed"
  [ -z "$SLOW" ] || sleep "$SLOW"
  until [ -z "$AFTER" ] || [ -e "$AFTER" ]; do sleep 0.05; done
  point
  for last; do :; done
  printf '%s\\n' "$last" >> "$(dirname "$0")/../installed"
fi
point
"""
DRIVER = """
import sys
from pathlib import Path
from workshop.environment import set_up_environment
set_up_environment(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
"""
POINTS = 12
"""Places of the stub at which a set-up of "run" can be killed: three of venv, and of each pip."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "a check-out"
    folder.mkdir()
    for environment in ENVIRONMENTS.values():
        for name in environment.files:
            (folder / name).write_text(f"{name}\n")
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    return folder


def started(checkout: Path, name: str = "run", **env: str) -> subprocess.Popen[str]:
    stub = checkout.parent
    (stub / "points").unlink(missing_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(checkout), name, str(stub / "python")],
        env={**os.environ, "STUB": str(stub), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(checkout: Path, name: str = "run", **env: str) -> tuple[int, str]:
    process = started(checkout, name, **env)
    out, err = process.communicate(timeout=60)
    return process.returncode, out + err


def contents(checkout: Path, folder: str = ".venv") -> list[str]:
    return (checkout / folder / "installed").read_text().splitlines()


BUILD = ["begin requirements-build.txt", "begin ."]
RUN = ["begin requirements.txt", *BUILD]
DEV = ["begin requirements.txt", "begin requirements-dev.txt", *BUILD]


def test_an_environment_is_made_once(checkout: Path) -> None:
    assert not is_whole(checkout, "run")
    assert run(checkout) == (0, "installing pinned dependencies into .venv\n")
    assert contents(checkout) == RUN
    assert is_whole(checkout, "run")
    assert run(checkout) == (0, "")
    assert contents(checkout) == RUN


@pytest.mark.slow
@pytest.mark.parametrize("orphan", ["", "1"], ids=["with its child", "alone"])
@pytest.mark.parametrize("point", range(1, POINTS + 1))
def test_a_set_up_that_was_killed_heals(checkout: Path, point: int, orphan: str) -> None:
    status, _ = run(checkout, KILL_AT=str(point), ORPHAN=orphan)
    assert status == -9
    assert not is_whole(checkout, "run")
    assert run(checkout)[0] == 0
    assert contents(checkout) == RUN
    assert is_whole(checkout, "run")


@pytest.mark.slow
@pytest.mark.parametrize("point", range(1, 7))
def test_an_addition_to_an_environment_that_was_killed_heals(checkout: Path, point: int) -> None:
    assert run(checkout)[0] == 0
    assert run(checkout, "dev", KILL_AT=str(point))[0] == -9
    assert not is_whole(checkout, "run")  # nobody knows what is in it
    assert run(checkout, "dev")[0] == 0
    assert contents(checkout) == DEV
    assert is_whole(checkout, "run")
    assert is_whole(checkout, "dev")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["validators", "spark"])
@pytest.mark.parametrize("point", [2, 5])
def test_the_environments_that_live_apart_heal_too(checkout: Path, name: str, point: int) -> None:
    assert run(checkout)[0] == 0
    assert run(checkout, name, KILL_AT=str(point))[0] == -9
    assert is_whole(checkout, "run")
    assert not is_whole(checkout, name)
    assert run(checkout, name)[0] == 0
    assert contents(checkout, ENVIRONMENTS[name].folder)[0] == f"begin requirements-{name}.txt"
    assert is_whole(checkout, name)


def test_of_two_at_once_the_second_waits_and_has_nothing_to_do(checkout: Path) -> None:
    both = [started(checkout, SLOW="0.2") for _ in range(2)]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert contents(checkout) == RUN
    assert "".join(out for out, _ in said).count("installing") == 1


def test_who_comes_after_a_kill_waits_for_the_pip_that_goes_on(checkout: Path) -> None:
    end = checkout.parent / "end"
    killed = started(checkout, AFTER=str(end))
    while not (checkout / ".venv" / "installed").exists():
        assert killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    killed.wait(60)
    other = started(checkout)
    assert other.stdout is not None
    said = other.stdout.readline()
    end.touch()
    assert said == "waiting for another make, which sets up an environment\n"
    other.communicate(timeout=60)
    assert other.returncode == 0
    assert contents(checkout) == RUN


def test_a_changed_lock_file_is_installed_into_what_is_there(checkout: Path) -> None:
    assert run(checkout, "dev")[0] == 0
    (checkout / "requirements.txt").write_text("new\n")
    assert not is_whole(checkout, "run")
    assert run(checkout)[0] == 0
    assert contents(checkout) == [*DEV, *RUN]
    assert is_whole(checkout, "dev")


def test_a_checkout_that_was_moved_gets_an_environment_of_its_own(checkout: Path) -> None:
    assert run(checkout)[0] == 0
    moved = checkout.rename(checkout.with_name("moved"))
    assert not is_whole(moved, "run")
    assert run(moved)[0] == 0
    assert contents(moved) == RUN


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Path) -> None:
    assert run(checkout)[0] == 0
    (checkout / ".venv" / "bin" / "python").unlink()
    assert run(checkout)[0] == 0
    assert contents(checkout) == RUN


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": []}', '{"files": {}}', "\udcff"])
def test_a_stamp_that_says_nothing_is_none(checkout: Path, text: str) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").touch()
    (checkout / ".venv" / STAMP).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert not is_whole(checkout, "run")


def test_a_program_that_fails_leaves_no_stamp_and_one_line(checkout: Path) -> None:
    (checkout.parent / "python").write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(SetupError, match=r"^-m venv --clear failed; mend what it says"):
        set_up_environment(checkout, "run", str(checkout.parent / "python"))
    assert not is_whole(checkout, "run")


@pytest.mark.parametrize("name", ['a"b', "a$b", "a`b", "a\\b", "a\nb", "a:b"])
def test_a_path_that_no_environment_can_have_is_refused_in_one_line(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(SetupError, match=r"^the path of this checkout holds [^\n]+$"):
        set_up_environment(tmp_path / name, "run", sys.executable)
    assert list((tmp_path / name).iterdir()) == []


def test_the_lock_the_environments_and_texts_are_ignored_by_git() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {f"/{LOCK}", "/.venv/", "/texts/", "/my-texts/"} <= set(ignored)
