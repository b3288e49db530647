"""The licences of what is installed to run claimlog."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import Distribution, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from conftest import ROOT
from workshop.licences import LOCKS, is_permissive, licence_text, licences, main


def test_everything_that_is_installed_to_run_is_listed_under_a_licence_that_lets_use_it() -> None:
    found = [licence for lock in LOCKS for licence in licences(lock)]
    assert len(found) > 50
    assert [licence for licence in found if licence.flaw] == []
    assert {"polars", "datasette", "frictionless"} <= {licence.name for licence in found}
    assert main(["--quiet"]) == 0


def test_what_the_extra_for_texts_installs_lets_use_it_too_and_is_no_part_of_what_runs() -> None:
    lock = ROOT / "requirements-texts.txt"
    found = [*licences(lock)]
    assert [licence for licence in found if licence.flaw] == []
    names = {licence.name for licence in found}
    extra = {"trafilatura", "htmldate", "pypdf", "lxml-html-clean"}
    assert extra | {"lxml"} <= names  # which writes annotations too
    text = (ROOT / "requirements.txt").read_text("utf-8")
    assert not re.search(rf"^({'|'.join(extra)})==", text, re.MULTILINE)
    for name in ("requirements-texts.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text("utf-8")
        assert "://" not in text, name  # no host of an index
        assert text.count("==") <= text.count("--hash=sha256:"), name


def test_pip_and_setuptools_are_not_installed_to_run() -> None:
    for name in (
        *("requirements.txt", "requirements-texts.txt", "requirements-dev.txt"),
        "requirements-spark.txt",
    ):
        text = (ROOT / name).read_text("utf-8")
        assert not re.search(r"^(pip|setuptools)\b", text, re.MULTILINE), name


def test_what_builds_the_package_is_pinned_apart_and_not_needed_to_run_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    building = {"hatchling", "editables"}
    named = {Requirement(text).name for text in project["dependencies"]}
    assert len(named) > 10
    assert not building & named
    pinned = {
        name: set(re.findall(r"^([a-z0-9-]+)(?:\[[^]]*])?==", (ROOT / name).read_text(), re.M))
        for name in ("requirements.txt", "requirements-dev.txt", "requirements-build.txt")
    }
    assert building <= pinned["requirements-build.txt"]
    assert not building & (pinned["requirements.txt"] | pinned["requirements-dev.txt"])


def test_claimlog_imports_neither_pip_nor_setuptools() -> None:
    for path in (ROOT / "scripts").rglob("*.py"):
        text = path.read_text("utf-8")
        assert not re.search(r"^\s*(import|from) (pip|setuptools|pkg_resources)\b", text, re.M), (
            path
        )


class Package(Distribution):
    """A package of which only the metadata exist."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines

    def read_text(self, filename: str) -> str | None:
        head = ("Metadata-Version: 2.1", "Name: harbour", "Version: 1")
        return "\n".join((*head, *self.lines)) if filename == "METADATA" else None

    def locate_file(self, path: object) -> Path:
        raise NotImplementedError


GPL = "License :: OSI Approved :: GNU General Public License v3 (GPLv3)"
MIT = "License :: OSI Approved :: MIT License"


@pytest.mark.parametrize(
    ("lines", "permissive"),
    [
        (["License-Expression: MIT"], True),
        (["License-Expression: MIT OR GPL-3.0-only"], True),
        (["License-Expression: MIT AND GPL-3.0-only"], False),
        (["License-Expression: AGPL-3.0-or-later"], False),
        (["License-Expression: GPL-3.0-only", f"Classifier: {MIT}"], False),
        (["License: Apache License, Version 2.0"], True),
        (["License: GPLv3"], False),
        (["License: UNKNOWN"], False),
        (["License: MIT", f"Classifier: {GPL}"], False),
        ([f"Classifier: {MIT}"], True),
        ([f"Classifier: {MIT}", f"Classifier: {GPL}"], False),
        (["Classifier: License :: OSI Approved"], False),
        (["Classifier: Programming Language :: Python"], False),
        ([], False),
    ],
)
def test_a_licence_is_read_from_the_metadata(lines: list[str], permissive: bool) -> None:
    assert is_permissive(licence_text(Package(*lines))) is permissive


def test_a_package_that_is_missing_old_or_under_the_gpl_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "no-such-harbour==1.0 \\\n    --hash=sha256:00\n    # via\n    #   claimlog\n"
        "click==0.1 \\\n    --hash=sha256:00\n"
        "only-there==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n"
        f"krippendorff=={version('krippendorff')}\n"
    )
    assert main(["--lock", str(lock)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"lock.txt: click 0.1 {version('click')} is installed; run make build"
    assert said[1].startswith(f"lock.txt: krippendorff {version('krippendorff')} is under ")
    assert said[2] == "lock.txt: no-such-harbour 1.0 is not installed; run make build"


def test_a_lock_file_that_names_nothing_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "lock.txt").write_text("# nothing\n")
    assert main(["--lock", str(tmp_path / "lock.txt")]) == 1
