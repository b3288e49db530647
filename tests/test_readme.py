"""The README is true: its snippets and commands are run here, its numbers are generated."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from claimlog.build import build
from claimlog.edit.clock import last_seal, now, refuse_doubtful_clock
from claimlog.errors import ClaimlogError
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.readme import MARKED, PARTS, generated
from conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git tracks, as a newcomer's clone, with a build."""
    folder = tmp_path_factory.mktemp("clone") / "allied-trust"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    build(Package(folder), folder / "build")
    return folder


@pytest.mark.parametrize("code", [code for kind, code in BLOCKS if kind == "python"])
def test_python_snippet_runs_and_prints_rows(code: str, checkout: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") > 5


@pytest.mark.parametrize("code", [code for kind, code in BLOCKS if kind == "sql"])
def test_sql_snippet_runs_and_returns_rows(code: str, checkout: Path) -> None:
    with sqlite3.connect(checkout / "build" / "allied-trust.db") as database:
        assert len(database.execute(code).fetchall()) > 3


def test_there_are_snippets_for_duckdb_polars_pandas_r_and_sql() -> None:
    text = "\n".join(code for _, code in BLOCKS)
    for word in ("import duckdb", "import polars", "import pandas", "library(arrow)", "select "):
        assert word in text


def confirmed_day() -> dict[str, str]:
    """Confirm the clock if the log has rested for a year, as a newcomer would be asked to."""
    last = last_seal(Package(ROOT))
    try:
        refuse_doubtful_clock(last, None)
    except ClaimlogError:
        return {"CLAIMLOG_TODAY": now()[:10]}
    return {}


def test_a_newcomer_can_add_amend_and_retract_a_claim_by_the_readme_alone(checkout: Path) -> None:
    script = "\n".join(code for kind, code in BLOCKS if kind == "sh")
    # the environment is the one that runs the tests; the README makes its own
    script = script.replace(". .venv/bin/activate", "")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=checkout,
        env={**os.environ, "PATH": path, "CI": "1", **confirmed_day()},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "added C900-001 to the open batch" in done.stdout
    assert "retracted C900-002, version 2" in done.stdout
    assert "topic: sharing -> partnership" in done.stdout
    log = read(Package(ROOT))
    anchors = log.live("claims").height + log.live("codings").height + 5
    assert f"5 of {anchors} anchors checked, all exact" in done.stdout
    assert "added 4 codings" in done.stdout
    last = len(log.batches)
    assert sorted(p.name for p in (checkout / "events").iterdir())[-2:] == [
        f"{last + 1:04}-harbour",
        f"{last + 2:04}-harbour-corrections",
    ]


def test_the_generated_parts_are_what_the_schemas_rules_and_log_give() -> None:
    assert generated(Package(ROOT), README) == README, "run make schemas"


def test_a_part_stands_once() -> None:
    part = "<!-- generated: tables -->\nold\n<!-- /generated -->\n"
    with pytest.raises(ClaimlogError, match=r"^README\.md: the generated part tables stands twice"):
        generated(Package(ROOT), 2 * part)


def test_marks_that_are_never_closed_are_each_followed_to_the_next_alone() -> None:
    text = "<!-- generated: tables -->\n" * 60_000
    assert generated(Package(ROOT), text) == text


def test_every_generated_part_stands_in_the_readme() -> None:
    assert {match["name"] for match in MARKED.finditer(README)} == set(PARTS)


def test_every_make_target_that_is_named_exists_and_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"(?:`|^    )make ([a-z-]+)\b", README, re.MULTILINE))
    for target in named | {"serve", "build", "check", "test", "bench", "clean", "help"}:
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE), target


def test_every_claimlog_command_that_is_named_exists() -> None:
    from claimlog.cli import cli

    for name in re.findall(r"\bclaimlog ([a-z]+)\b", README):
        assert name in cli.commands or name in ("is",), name


def test_make_help_lists_every_target() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("serve", "build", "check", "test", "verify", "bench", "clean"):
        assert f"make {target}" in done.stdout


def test_no_tracked_file_names_an_index_or_a_path_of_this_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path.suffix in (".txt", ".toml", ".json", ".md", ".csv", ""):
            text = path.read_text("utf-8")
            assert "/simple" not in text or name.endswith("test_readme.py"), name
            assert str(ROOT.parent) + "/" not in text, name


def test_the_lock_files_pin_every_dependency_with_hashes() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        pins = re.findall(r"^[a-z0-9][\w.-]*(?:\[[\w,]+\])?==\S+", text, re.MULTILINE)
        blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
        assert len(pins) == len(blocks) > 50
        assert all("--hash=sha256:" in block for block in blocks)
        assert "index-url" not in text
