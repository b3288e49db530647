"""The sample of slow tests: the same for a commit, and in time all of them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conftest import ROOT
from slow_tests import ONE_IN, commit_of, is_in_sample, left_out

NAMES = [f"tests/test_harbour.py::test_a_pact_holds[{number}]" for number in range(2_000)]
COMMITS = [f"{number:040x}" for number in range(300)]


def test_a_commit_has_always_the_same_sample_of_about_one_in_twenty() -> None:
    samples = {commit: [n for n in NAMES if is_in_sample(n, commit)] for commit in COMMITS[:20]}
    assert len({tuple(sample) for sample in samples.values()}) == 20
    for commit, sample in samples.items():
        assert [name for name in NAMES if is_in_sample(name, commit)] == sample
        assert 0.5 < len(sample) * ONE_IN / len(NAMES) < 1.5


def test_every_slow_test_is_in_the_sample_of_some_commit() -> None:
    assert all(any(is_in_sample(name, commit) for commit in COMMITS) for name in NAMES[:200])


def test_what_is_not_slow_is_never_left_out() -> None:
    def item(name: str, *marks: str) -> Any:
        return SimpleNamespace(nodeid=name, get_closest_marker=lambda mark: mark in marks)

    quick, slow = [item(name) for name in NAMES], [item(name, "slow") for name in NAMES]
    assert not left_out(quick, COMMITS[0])
    left = left_out([*quick, *slow], COMMITS[0])
    assert [each.nodeid for each in slow if each not in left] == [
        name for name in NAMES if is_in_sample(name, COMMITS[0])
    ]


def test_outside_of_git_there_is_a_sample_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_of(tmp_path) == ""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(ROOT) == ""
    assert any(is_in_sample(name, "") for name in NAMES)


def test_a_run_of_a_sample_says_which_it_was_and_what_runs_all(tmp_path: Path) -> None:
    command = [".venv/bin/python", "-m", "pytest", "--slow=sample", "tests/test_slow_tests.py"]
    told = subprocess.run(
        [*command, "-k", "what_is_not_slow", "-p", "no:cacheprovider", f"--basetemp={tmp_path}/b"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "1 passed" in told.stdout, told.stdout
    assert f"of slow tests one in {ONE_IN} ran" in told.stdout
    assert "make test-all runs all" in told.stdout
