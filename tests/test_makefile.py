"""The Makefile: what a caller says is a value that arrives whole, and never a command."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import ROOT

HOSTILE = [
    "a b",
    "it's",
    'a "b" c',
    "$(touch pwned)",
    "$(shell touch pwned)",
    "$$(touch pwned)",
    "${HOME}",
    "`touch pwned`",
    "x; touch pwned",
    "x && touch pwned || touch pwned",
    "x\ntouch pwned",
    "x\n\ttouch pwned",
    "* ? [a] ~ # \\ | > pwned",
    "--help",
    "$(eval $(shell touch pwned))",
]
STUB = """#!/bin/sh
printf '%s\\0' "$@" '' >> "$STUB_LOG"
"""
SAYING = {
    "serve": ("TEXTS", "--texts={}"),
    "build": ("TEXTS", "--texts={}"),
    "check": ("TEXTS", "--texts={}"),
    "verify": ("TEXTS", "--texts={}"),
    "release": ("VERSION", "{}"),
    "faults": ("EACH", "--each={}"),
    "fuzz": ("SECONDS", "{}"),
    "bench": ("GROWTH", "--claims={}"),
    "test-spark": ("CLAIMS", "--claims={}"),
}
"""A target, a variable of it, and the word of a command that it becomes."""


@pytest.fixture(params=["checkout", 'it\'s a "$(touch pwned)" `checkout`; touch pwned'])
def checkout(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A directory with the Makefile, in which every program only notes its words."""
    folder = tmp_path / request.param
    for environment in (".venv", ".venv/spark"):
        (folder / environment / "bin").mkdir(parents=True)
        for name in ("claimlog", "python", "frictionless", "ruff", "mypy", "lint-imports", "uv"):
            path = folder / environment / "bin" / name
            path.write_text(STUB)
            path.chmod(0o755)
    shutil.copyfile(ROOT / "Makefile", folder / "Makefile")
    return folder


def make(folder: Path, *words: str, **env: str) -> list[list[str]]:
    """Run make and return the words of every command that a stub was asked to run."""
    log = folder.parent / "log"
    log.unlink(missing_ok=True)
    whole = {**os.environ, "STUB_LOG": str(log), **env}
    done = subprocess.run(["make", *words], cwd=folder, env=whole, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    commands: list[list[str]] = [[]]
    for word in log.read_bytes().decode().split("\0")[:-1]:
        if word:
            commands[-1].append(word)
        else:
            commands.append([])
    return commands


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.parent.rglob("*")}


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_arrives_whole_and_nothing_in_it_is_run(checkout: Path, value: str) -> None:
    before = files(checkout)
    words = (f"TEXTS={value}", f"RELEASES={value}", f"PORT={value}")
    for commands in (
        make(checkout, "serve", *words),
        make(checkout, "serve", TEXTS=value, RELEASES=value, PORT=value),
    ):
        built, served = commands[-3:-1]
        assert built == ["build", f"--texts={value}"]
        assert served == ["serve", f"--port={value}", f"--texts={value}", f"--releases={value}"]
    assert files(checkout) <= before | {"log"}


@pytest.mark.parametrize("target", SAYING)
def test_every_target_takes_what_it_is_told_as_a_value(checkout: Path, target: str) -> None:
    before = files(checkout)
    name, word = SAYING[target]
    value = "1 $(shell touch pwned) `touch pwned`; touch pwned"
    for commands in (
        make(checkout, target, f"{name}={value}"),
        make(checkout, target, **{name: value}),
    ):
        assert any(word.format(value) in command for command in commands), commands
    assert files(checkout) <= before | {"log"}


def test_a_variable_that_the_makefile_does_not_know_is_not_run_either(checkout: Path) -> None:
    before = files(checkout)
    hostile = "$(shell touch pwned); touch pwned"
    names = ("FOO", "VENV", "BIN", "CLAIMLOG", "PIN", "OURS", "SAID", "ENVIRONMENTS", "name")
    names += ("TEXTS_OPTION", "FUZZ_SECONDS", "MAKECMDGOALS")
    make(checkout, "build", "lock", *(f"{name}={hostile}" for name in names))
    make(checkout, "build", **dict.fromkeys(names, hostile))
    assert files(checkout) <= before | {"log"}


def test_an_option_without_a_value_is_left_out(checkout: Path) -> None:
    [*_, built, served, rest] = make(checkout, "serve", TEXTS="", RELEASES="")
    assert (built, served, rest) == (["build"], ["serve", "--port=8001"], [])


def test_an_empty_value_of_the_environment_leaves_what_the_makefile_says(
    checkout: Path, new_package: Path
) -> None:
    empty = dict.fromkeys(("PYTHON", "PORT", "TEXTS", "OUT", "RELEASES", "CLAIMLOG"), "")
    assert make(checkout, "serve", **empty)[-2] == ["serve", "--port=8001"]
    assert make(new_package, "serve", **empty)[-2] == ["serve", "--port=8001"]
    (new_package / "texts").mkdir()
    (new_package / "texts" / "S001.txt").touch()
    assert make(new_package, "test", **empty)[-2] == ["verify", "--texts=texts"]
    assert make(new_package, "site", **empty)[-2] == ["site", "--out=public"]


@pytest.mark.parametrize("name", ["a python; touch pwned", "it's $(touch pwned)/python"])
def test_a_python_whose_path_has_spaces_or_quotes_makes_the_environment(
    checkout: Path, name: str
) -> None:
    (checkout / ".venv" / "bin" / "python").unlink()
    python = checkout.parent / "own" / name
    python.parent.mkdir(parents=True)
    python.write_text(STUB)
    python.chmod(0o755)
    before = files(checkout)
    commands = make(checkout, "build", f"PYTHON={python}")
    assert ["scripts/workshop/environment.py", "run"] in commands
    assert files(checkout) <= before | {"log"}


def test_a_python_that_is_not_there_is_named_in_one_line(checkout: Path) -> None:
    (checkout / ".venv" / "bin" / "python").unlink()
    done = subprocess.run(
        ["make", "build", "PYTHON=no such $(touch pwned)"],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (
        "make: there is no program no such $(touch pwned); name one: make PYTHON=python3.12"
    )
    assert not (checkout / "pwned").exists()


def test_a_release_refreshes_the_documentation_after_it(checkout: Path) -> None:
    commands = make(checkout, "release", "VERSION=0.3.0")
    assert commands[-3:-1] == [["release", "--", "0.3.0"], ["-m", "workshop.docs"]]


def test_a_release_without_a_version_asks_for_it(checkout: Path) -> None:
    done = subprocess.run(
        ["make", "release"],
        cwd=checkout,
        env={**os.environ, "STUB_LOG": os.devnull, "VERSION": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("make: name it: make release VERSION=")


NEW_PACKAGE = ROOT / "scripts" / "claimlog" / "start" / "template" / "files" / "Makefile"


@pytest.fixture(params=["package", 'it\'s a "$(touch pwned)" `package`; touch pwned'])
def new_package(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A directory with the Makefile of a new package, whose environment only notes its words."""
    folder = tmp_path / request.param
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("claimlog", "pip"):
        path = folder / ".venv" / "bin" / name
        path.write_text(STUB)
        path.chmod(0o755)
    (folder / ".venv" / "whole").touch()
    shutil.copyfile(NEW_PACKAGE, folder / "Makefile")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("value", HOSTILE)
def test_a_new_package_takes_what_it_is_told_as_values_too(new_package: Path, value: str) -> None:
    (new_package / value).mkdir()
    (new_package / value / "text.txt").touch()
    before = files(new_package)
    given = {"TEXTS": value, "OUT": value, "RELEASES": value, "PORT": value, "VERSION": value}
    words = [f"{name}={text}" for name, text in given.items()]
    for target, wanted in (
        ("serve", ["serve", f"--port={value}", f"--texts={value}"]),
        ("site", ["site", f"--out={value}", f"--releases={value}"]),
        ("test", ["verify", f"--texts={value}"]),
        ("release", ["release", "--", value]),
    ):
        assert make(new_package, target, *words)[-2] == wanted
        assert make(new_package, target, **given)[-2] == wanted
    make(new_package, "build", f"tool={value}", f"with_texts={value}", f"name={value}")
    assert files(new_package) <= before | {"log"}


def test_a_new_package_whose_environment_was_cut_off_makes_it_anew(new_package: Path) -> None:
    (new_package / ".venv" / "whole").unlink()
    python = new_package.parent / "python"
    python.write_text(STUB)
    python.chmod(0o755)
    commands = make(new_package, "build", f"PYTHON={python}")
    assert commands[0] == ["-m", "venv", "--clear", ".venv"]
    assert [command[0] for command in commands[1:3]] == ["install", "install"]
    assert (new_package / ".venv" / "whole").exists()
    assert make(new_package, "build")[0] == ["build"]
