"""docs/new.md, followed to the letter: every block is run or written as it stands."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.validate import validate
from conftest import ROOT, World, asking

BLOCK = re.compile(r"^```(\w+)(?: (\S+)(?: (\w+))?)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GIT = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")


@dataclass(frozen=True)
class Block:
    """A block of the page: commands, or a file with what becomes of its content."""

    kind: str
    path: str
    use: str
    text: str


BLOCKS = [Block(*found) for found in BLOCK.findall((ROOT / "docs" / "new.md").read_text("utf-8"))]


def put(root: Path, block: Block) -> None:
    """Write a file of the page, or change one: lines at its end, items of a list, or a value."""
    path = root / block.path
    if block.use == "append":
        path.write_text(path.read_text("utf-8") + block.text, "utf-8")
    elif block.use:
        whole: dict[str, Any] = json.loads(path.read_text("utf-8"))
        given = json.loads(block.text)
        whole[block.use] = given if isinstance(given, str) else whole[block.use] + given
        path.write_text(json.dumps(whole), "utf-8")
    else:
        path.write_text(block.text, "utf-8")


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The package that the page makes."""
    here = World(Package(tmp_path_factory.mktemp("followed")), Path())
    for block in BLOCKS:
        if block.kind != "sh":
            put(here.root, block)
            continue
        for line in block.text.splitlines():
            program, *words = shlex.split(line)
            if program == "cd":
                here = World(Package(here.root / words[0]), here.root / words[0] / "texts")
            elif program == "claimlog":
                done = here.run(*words)
                assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            else:
                options = GIT if program == "git" else ()
                subprocess.run([program, *options, *words], cwd=here.root, check=True, timeout=60)
    return here


def test_the_page_makes_a_released_dataset_with_ten_claims(followed: World) -> None:
    package = Package(followed.root)
    log = read(package)
    assert validate(log, followed.supplied).findings == []
    assert log.live_count("claims") == 10
    assert log.live_count("bells") == 3
    assert {path.name for path in (followed.root / "dist").glob("*.zip")} == {
        "town-bells-0.1.0.zip",
        "town-bells-0.2.0.zip",
    }
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=followed.root, capture_output=True, check=True
    )
    assert status.stdout == b""


def test_the_site_of_the_page_opens_from_disk(followed: World) -> None:
    home = (followed.root / "public" / "index.html").read_text("utf-8")
    assert "Bells" in home
    bell = (followed.root / "public" / "bells" / "gloria" / "index.html").read_text("utf-8")
    assert "Gloria dates from 1623." in bell


def test_own_variables_of_the_page_are_filters_and_columns(followed: World) -> None:
    get = asking(followed.root / "build")
    for_sale = get("/claims.json?for_sale=yes").json()
    assert [row["claim_id"] for row in for_sale["claims"]] == ["C001-007"]
    found = get("/claims.json?pitch=high").json()
    assert [row["claim_id"] for row in found["claims"]] == ["C001-005"]
    assert "2000" in get("/claims/C001-003").text
    assert "Convert to kilograms" in get("/docs/codebook").text
