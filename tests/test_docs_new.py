"""docs/new.md and docs/define.md, followed to the letter: every block is run or written."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from claimlog.build import build
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.release.generated_package_files import stale_files
from claimlog.schema.definition import read_definition
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


PAGES = ("new.md", "define.md")
"""Pages in the order in which they are followed, in one package and one terminal."""

BLOCKS = [
    Block(*found)
    for page in PAGES
    for found in BLOCK.findall((ROOT / "docs" / page).read_text("utf-8"))
]


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
    """The package that the pages make."""
    said: dict[str, str] = {}
    here = World(Package(tmp_path_factory.mktemp("followed")), Path())
    for block in BLOCKS:
        if block.kind != "sh":
            put(here.root, block)
            continue
        for line in block.text.replace("\\\n", "").splitlines():
            program, *words = shlex.split(line)
            if program == "cd":
                here = World(Package(here.root / words[0]), here.root / words[0] / "texts")
            elif program == "export":
                said |= dict(word.split("=", 1) for word in words)
            elif program == "claimlog":
                done = here.run(*words, **said)
                assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            else:
                options = GIT if program == "git" else ()
                subprocess.run([program, *options, *words], cwd=here.root, check=True, timeout=60)
    return here


def test_the_pages_make_a_released_dataset_with_ten_claims(followed: World) -> None:
    package = Package(followed.root)
    log = read(package)
    assert validate(log, followed.supplied).findings == []
    assert [log.live_count(name) for name in ("claims", "bells", "links", "towers")] == [
        10,
        3,
        1,
        1,
    ]
    assert {path.name for path in (followed.root / "dist").glob("*.zip")} == {
        "town-bells-0.1.0.zip",
        "town-bells-0.2.0.zip",
    }
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=followed.root, capture_output=True, check=True
    )
    assert status.stdout == b""


def test_what_is_typed_on_the_way_to_a_release_is_read_in_a_few_minutes() -> None:
    page = (ROOT / "docs" / "new.md").read_text("utf-8")
    path = page.partition("## More")[0]
    # the table of codes is looked things up in, instead of the whole codebook
    before, _, table = path.partition("<!-- generated: template-codes -->")
    codes, _, after = table.partition("<!-- /generated -->")
    assert len(before + after) < 8500  # characters: five minutes, at 250 words each
    assert 0 < len(codes) < 2500


@pytest.mark.parametrize("place", ["public", "dist/town-bells-0.1.0/site"])
def test_the_site_of_the_page_opens_from_disk(place: str, followed: World) -> None:
    home = (followed.root / place / "index.html").read_text("utf-8")
    assert "Bells" in home
    bell = (followed.root / place / "bells" / "gloria" / "index.html").read_text("utf-8")
    assert "Gloria dates from 1623." in bell


@pytest.mark.slow
def test_what_is_defined_by_hand_has_the_form_of_what_the_command_writes(followed: World) -> None:
    package = Package(followed.root)
    definition = read_definition(package)
    assert [*stale_files(package)] == []
    claims = definition.streams["claims"]
    assert (claims.version, definition.codebook.version) == (3, "1.2.0")
    shapes = [
        {key: spec[key] for key in spec if key not in ("name", "description")}
        for spec in claims.spec["fields"]
        if spec["name"] in ("bell_id", "tower_id")
    ]
    assert shapes[0] == shapes[1]
    bells, towers = (package.json(f"schemas/{name}.json") for name in ("bells", "towers"))
    assert [*bells] == [*towers]
    renamed = {"tower_id": "bell_id", "built_in": "cast_in"}
    names = {renamed.get(item["name"], item["name"]) for item in towers["fields"]}
    assert {item["name"] for item in bells["fields"]} == names


def test_own_variables_of_the_page_are_filters_and_columns(followed: World) -> None:
    build(followed.package, followed.root / "build")
    get = asking(followed.root / "build")
    for_sale = get("/claims.json?for_sale=yes").json()
    assert [row["claim_id"] for row in for_sale["claims"]] == ["C001-007"]
    found = get("/claims.json?pitch=high").json()
    assert [row["claim_id"] for row in found["claims"]] == ["C001-005"]
    loud = get("/claims.json?loudness=loud").json()
    assert [row["claim_id"] for row in loud["claims"]] == ["C001-006"]
    assert "2000" in get("/claims/C001-003").text
    codebook = get("/docs/codebook").text
    assert "Does it call it bright, shrill or high?" in codebook
    assert "Does the text call it loud, or say whom it wakes?" in codebook
