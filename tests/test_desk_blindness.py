"""A coder reaches nothing of another's coding by any address, before all have finished and after.

Every address of the desk is asked with a coder's token, whatever addresses there are; so a new one
is tested on arrival. What the coder is answered must be the same whatever the other has coded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import httpx
import pytest

from claimlog.desk.work_folder import ENDING, WorkFolder
from claimlog.errors import UsageError
from conftest import World
from desk_client import ROLES, Opened, claim_value, desk_of

SOURCE = "S102"
SECRETS = ("zanzibar", "quixotic", "xylophone", "wombat")
PARTS = {
    "source": (SOURCE, "S001", "S101"),
    "stream": ("actors", "claims", "codings"),
    "draft": ("d1", "zanzibar"),
    "id": ("wombat-union", "nor"),
    "coder": ("coder-1", "coder-2"),
    "claim": ("C001-001", "C102-001"),
}
UNITS = ("unit/d1+e1", "d1+", "d1+e1", "new:a")


@pytest.fixture(scope="module")
def opened(registered: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    desk = desk_of(registered, tmp_path_factory.mktemp("blind"))
    value = claim_value("ships will founder", "Vessels may be lost: quixotic.", note="xylophone")
    desk.put("coder-1", SOURCE, "zanzibar", value)
    path = f"work/{SOURCE}/registered/actors/wombat-union"
    desk.take("coder-1", "PUT", path, base=0, value={"name": "Wombats", "actor_type": "group"})
    own = claim_value("ships will founder", "Vessels may sink.")
    desk.put("coder-2", SOURCE, "d1", own)
    desk.take("adjudicator", "POST", "preview")
    yield desk
    desk.close()


def addresses(opened: Opened) -> list[tuple[str, str]]:
    """Return method and path of every address below a role, with every part filled in."""
    found = [("GET", "preview/"), ("GET", "preview/claims"), ("GET", "start?token=abc")]
    for route in opened.app.routes:
        pattern = re.sub(r"\(\?P<unit>.*", "{unit}", route.pattern)
        pattern = re.sub(r"\(\?P<name>.*", "{name}", pattern)
        names = re.findall(r"\{(\w+)\}", pattern)
        options = {**PARTS, "unit": UNITS, "name": ("claims:1", "zanzibar")}
        for values in product(*(options[name] for name in names)):
            path = pattern.format(**dict(zip(names, values, strict=True)))
            found.append((route.method, path))
            if route.method == "GET":
                found.append((route.method, f"{path}?q=wom&source={SOURCE}&draft=zanzibar"))
    assert len(found) > 60
    return found


def crawl(opened: Opened, role: str) -> dict[tuple[str, str], httpx.Response]:
    """Ask every address as a role, those of other roles with its cookie included."""
    answers = {}
    for method, path in addresses(opened):
        for owner in ROLES:
            body = None if method == "GET" else b"{}"
            whole = f"/{owner}/{path}"
            answers[method, whole] = opened.send(method, whole, role, body)
    return answers


def test_a_coder_reaches_nothing_of_another_while_both_code(opened: Opened) -> None:
    answers = crawl(opened, "coder-2")
    for (method, path), answer in answers.items():
        said = f"{answer.text}{answer.headers}".lower()
        for secret in SECRETS:
            # an error may repeat what was asked for
            assert secret not in said.replace("wombat-union", "").replace("draft zanzibar", ""), (
                method,
                path,
            )
        if not path.startswith("/coder-2/"):
            assert answer.status_code == 401, path
        assert answer.status_code != 500, (method, path, answer.text)
    assert sum(answer.status_code == 200 for answer in answers.values()) > 15


@pytest.mark.slow
def test_what_a_coder_is_answered_does_not_depend_on_what_another_coded(opened: Opened) -> None:
    before = crawl(opened, "coder-2")
    value = claim_value("Sudland\nfears", "Something else altogether.", topic="law")
    opened.put("coder-1", SOURCE, "d7", value)
    path = f"work/{SOURCE}/registered/measures/other-measure"
    opened.take("coder-1", "PUT", path, base=0, value={"title": "Other", "kind": "withhold"})
    after = crawl(opened, "coder-2")
    assert {*before} == {*after}
    for key, answer in before.items():
        assert (answer.status_code, answer.content) == (
            after[key].status_code,
            after[key].content,
        ), key


@pytest.mark.slow
def test_who_finished_first_sees_nothing_before_the_other_has(opened: Opened) -> None:
    opened.finish("coder-2", SOURCE)
    for _, answer in crawl(opened, "coder-2").items():
        assert "quixotic" not in answer.text
        assert "xylophone" not in answer.text
    shown = opened.ask("adjudicator", "GET", f"adjudication/{SOURCE}")
    assert shown.json()["error"]["code"] == "unfinished"
    for _, answer in crawl(opened, "adjudicator").items():
        assert "quixotic" not in answer.text
    assert opened.ask("coder-2", "GET", f"verdicts/{SOURCE}").status_code == 409


def test_no_file_that_is_shared_holds_a_coding_that_is_not_committed(opened: Opened) -> None:
    root = opened.desk.package.root
    works = opened.desk.work_folder.folder("works", "coder-1")
    for path in root.rglob("*"):
        if path.is_file() and path.parent != works:
            assert b"quixotic" not in path.read_bytes(), path
    work: Path = works / f"{SOURCE}{ENDING}"
    assert work.stat().st_mode & 0o077 == 0
    assert works.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["../S9", "/S9", "a/b", ".", "x" * 300])
def test_each_works_on_a_source_of_whatever_name_in_a_file_of_its_own(
    name: str, world: World, tmp_path: Path
) -> None:
    name = str(tmp_path / "S9") if name == "/S9" else name
    works = WorkFolder(world.package)
    paths = [works.work(coder, name).journal.path for coder in ("coder-1", "coder-2")]
    paths.append(works.decisions_path(name))
    assert len(set(paths)) == len(paths)
    for path, folder in zip(paths, ("works/coder-1", "works/coder-2", "decisions"), strict=True):
        assert path.parent == world.package.state / "desk" / folder
        path.write_bytes(b"")
    assert works.set_aside(name).parent == world.package.state / "desk" / "done"


def test_whatever_a_coder_is_called_nothing_is_put_over_the_work(world: World) -> None:
    works = WorkFolder(world.package)
    coders = ("decisions", "works", "done", "lock")
    paths = [works.work(coder, "S9").journal.path for coder in coders]
    for path in (*paths, works.decisions_path("S9")):
        path.write_text('{"set":{"sides":["a"]}}\n', "utf-8")
    assert len([*works.set_aside("S9").iterdir()]) == len(paths) + 1


@pytest.mark.parametrize("name", ["../../esc", "/S9", "a/b", "A", "static", ""])
def test_no_work_lies_where_the_name_of_a_coder_leads(
    name: str, world: World, tmp_path: Path
) -> None:
    name = str(tmp_path / "S9") if name == "/S9" else name
    with pytest.raises(UsageError, match="--role"):
        WorkFolder(world.package).work(name, "S001")
    texts = ("--texts", str(world.texts))
    done = world.run("code", "--with", "true", "--coder", name or "A", "--source", "S001", *texts)
    assert done.returncode == 2
    assert "--coder" in done.stderr
    assert not (tmp_path / "S9").exists()
