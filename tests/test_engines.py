"""Choosing an engine on the command line, where Spark is absent or asked for wrongly."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from conftest import World

HAS_SPARK = importlib.util.find_spec("pyspark") is not None


@pytest.mark.skipif(HAS_SPARK, reason="PySpark is installed here")
def test_pyspark_missing_is_said_with_what_to_install(made: World, tmp_path: Path) -> None:
    done = made.run("build", "--engine", "spark", "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "install the extra claimlog[spark]" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--engine", "spark", "--texts", "."), "checks no anchors"),
        (("--batches", "x"), "are for --engine spark"),
        (("--engine", "hadoop"), "is not one of"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    made: World, words: tuple[str, ...], said: str
) -> None:
    done = made.run("build", *words)
    assert done.returncode == 2
    assert said in done.stderr
