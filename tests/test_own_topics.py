"""Datasets of other topics, begun with `claimlog new` and taken through everything to a release."""

from __future__ import annotations

import csv
import re
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from claimlog.build import build
from claimlog.errors import FindingsError
from claimlog.log.read_log import read
from claimlog.release.generated_package_files import stale_files
from claimlog.validate import validate
from conftest import Get, World, asking
from own_topics import GIT, SCRIPTS, TESTIMONY, TOPICS, OwnTopic, commit

RELEASED = (TESTIMONY.choices.name, SCRIPTS.choices.name)
"""Topics with a release: of yes and no, and of letters and names that are not those of ASCII."""

LATER = "Said more plainly in a second reading."


@dataclass(frozen=True)
class Begun:
    """A dataset of a topic: sealed, built, and amended since; some were released as 0.1.0."""

    topic: OwnTopic
    world: World
    get: Get

    @property
    def archive(self) -> Path:
        return self.world.root / "dist" / f"{self.topic.choices.name}-0.1.0.zip"


@pytest.fixture(scope="module", params=TOPICS)
def begun(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Begun:
    topic = TOPICS[request.param]
    root = tmp_path_factory.mktemp("begun") / topic.choices.name
    world = topic.begin(root)
    topic.add(world)
    world.seal("first")
    if request.param in RELEASED:
        subprocess.run([*GIT, "init", "-q"], cwd=root, check=True, timeout=60)
        commit(root)
        done = world.run("release", "0.1.0")
        assert done.returncode == 0, done.stderr
        commit(root)
    world.amend("claims", "C001-001", LATER, note=LATER)
    world.seal("second")
    build(world.package, world.package.build)
    return Begun(topic, world, asking(world.package.build))


@pytest.mark.slow
def test_every_rule_and_every_passage_holds(begun: Begun) -> None:
    report = validate(read(begun.world.package), begun.world.supplied)
    assert report.findings == []
    done = begun.world.run("verify", "--texts", str(begun.world.texts))
    count = len(begun.topic.rows["claims"])
    assert f"{count} of {count} anchors checked, all exact" in done.stdout, done.stderr
    assert [*stale_files(begun.world.package)] == []


@pytest.mark.slow
def test_a_requirement_of_its_own_holds(begun: Begun) -> None:
    with pytest.raises(FindingsError) as raised:
        begun.world.add("claims", [begun.topic.breaks])
    assert [finding.rule for finding in raised.value.findings] == [begun.topic.requirement[0]]


def test_own_columns_and_the_register_are_tables(begun: Begun) -> None:
    folder = begun.world.package.build
    for table, columns in (
        ("claims", begun.topic.columns),
        (begun.topic.stream, begun.topic.register["fields"]),
    ):
        frame = pl.read_parquet(folder / "parquet" / f"{table}.parquet")
        lists = {item["name"] for item in columns if item["type"] == "array"}
        own = {item["name"] for item in columns} - lists - {"action", "reason"}
        assert own <= set(frame.columns)
        rows = begun.topic.rows[table]
        assert frame.height == len(rows)
        for name in own & set(rows[0]):
            assert rows[0][name] in frame[name].to_list()
    with closing(sqlite3.connect(folder / f"{begun.topic.choices.name}.db")) as connection:
        assert connection.execute("pragma foreign_key_check").fetchall() == []
        assert connection.execute("select count(*) from links").fetchone() == (1,)


PAGES = (
    *("/", "/claims", "/claims/C001-001", "/claims/C001-003", "/sources", "/sources/S001"),
    *("/actors", "/incidents", "/disputes", "/facts", "/origins", "/codebook"),
    *("/codebook/topic", "/quality", "/releases", "/downloads", "/as-of", "/coders", "/search"),
)


def test_every_page_is_answered(begun: Begun) -> None:
    name = begun.topic.choices.name
    for page in (*PAGES, f"/{begun.topic.stream}", f"/{name}", f"/{name}/claims", "/docs"):
        assert (page, begun.get(page).status_code) == (page, 200)


def test_pages_show_own_codes_by_their_labels_and_offer_them_as_filters(begun: Begun) -> None:
    coded = next(item for item in begun.topic.columns if "codelist" in item)
    first = next(row for row in begun.topic.rows["claims"] if coded["name"] in row)
    code = first[coded["name"]]
    label = begun.topic.codes[coded["codelist"]][code]
    number = begun.topic.rows["claims"].index(first) + 1
    assert label in begun.get(f"/claims/C001-{number:03d}").text
    chosen = begun.get(f"/claims.json?{coded['name']}={code}").json()
    expected = [row for row in begun.topic.rows["claims"] if row.get(coded["name"]) == code]
    assert chosen["part"]["total"] == len(expected)


def test_own_numbers_filter_pages_and_files_by_ranges_that_name_their_unit(begun: Begun) -> None:
    rows = begun.topic.rows["claims"]
    for item in begun.topic.columns:
        if item["type"] not in ("integer", "number"):
            continue
        name, known = item["name"], [row[item["name"]] for row in rows if item["name"] in row]
        data = begun.get(f"/claims.json?{name}={min(known)}..").json()
        assert data["part"]["total"] == len(known) > 0
        group = next(one for one in data["filters"] if one["name"] == name)
        assert f"({item['unit']})" in group["label"]
        assert [*map(float, group["extent"])] == [min(known), max(known)]
        for query, count in (
            (f"..{min(known)}", known.count(min(known))),
            ("none", len(rows) - len(known)),
        ):
            found = begun.get(f"/claims.csv?{name}={query}").text
            assert len([*csv.DictReader(found.splitlines())]) == count
            assert len(begun.get(f"/claims.json?{name}={query}&rows=all").json()) == count
        row = next(row for row in rows if name in row)
        number = rows.index(row) + 1
        page = begun.get(f"/claims/{row.get('claim_id', f'C001-{number:03d}')}").text
        assert re.search(rf"<dt>[^<]* \({item['unit']}\)</dt><dd>{row[name]:g}</dd>", page)
        wrong = begun.get(f"/claims?{name}=many")
        assert (wrong.status_code, "“many” is no number or range" in wrong.text) == (400, True)


@pytest.mark.parametrize("begun", [TESTIMONY.choices.name], indirect=True)
def test_yes_and_no_are_kept_apart_from_what_is_not_said(begun: Begun) -> None:
    [name] = [item["name"] for item in begun.topic.columns if item["type"] == "boolean"]
    rows = begun.topic.rows["claims"]
    values = [row.get(name) for row in rows]
    for code, value in (("yes", True), ("no", False), ("none", None)):
        data = begun.get(f"/claims.json?{name}={code}").json()
        assert data["part"]["total"] == values.count(value) > 0
        whole = begun.get(f"/claims.json?{name}={code}&rows=all").json()
        assert {row[name] for row in whole} == {value}
        table = csv.DictReader(begun.get(f"/claims.csv?{name}={code}").text.splitlines())
        assert {row[name] for row in table} == {"" if value is None else str(value).lower()}
    group = next(one for one in data["filters"] if one["name"] == name)
    assert [one["label"] for one in group["choices"]] == ["any", "none", "yes", "no"]
    claim = begun.get(f"/claims/C001-{values.index(False) + 1:03d}")
    assert f"<dt>{name.capitalize()}</dt><dd>no</dd>" in claim.text
    assert begun.get("/exhibits.json?returned=no").json()["rows"][0]["id"] == "ladder"
    assert ">no</dd>" in begun.get("/exhibits/ladder").text
    frame = pl.read_parquet(begun.world.package.build / "parquet" / "claims.parquet")
    assert frame.schema[name] == pl.Boolean
    with closing(sqlite3.connect(begun.world.package.build / "pear-trial.db")) as connection:
        found = connection.execute(f"select {name}, typeof({name}) from claims").fetchall()
        assert {*found} == {(1, "integer"), (0, "integer"), (None, "null")}
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            connection.execute(f"update claims set {name} = 2")


def test_the_search_finds_claims_and_rows_of_the_register(begun: Begun) -> None:
    for words, address in begun.topic.search.items():
        found = begun.get(f"/search?q={words}").text
        assert f'href="{address}"' in found, (words, address)


def test_a_row_of_the_register_shows_the_claims_about_it(begun: Begun) -> None:
    row = next(path for path in begun.topic.search.values() if not path.startswith("/claims"))
    page = begun.get(row).text
    assert "/claims/C001-00" in page
    label = next(iter(begun.topic.rows[begun.topic.stream][-1].values()))
    assert label in begun.get(f"/{begun.topic.stream}").text


@pytest.mark.slow
@pytest.mark.parametrize("begun", RELEASED, indirect=True)
def test_the_release_is_verified_and_compared_with_what_came_after(begun: Begun) -> None:
    done = begun.world.run("--package", ".", "verify", str(begun.archive))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "whole and unaltered" in done.stdout
    told = begun.world.run("diff", "0.1.0", "head")
    assert told.returncode == 0, told.stderr
    assert "C001-001" in told.stdout
    assert LATER in told.stdout


@pytest.mark.parametrize("begun", RELEASED, indirect=True)
def test_the_release_holds_its_pages_as_files(begun: Begun) -> None:
    site = begun.world.root / "dist" / f"{begun.topic.choices.name}-0.1.0" / "site"
    page = (site / "claims" / "C001-001" / "index.html").read_text("utf-8")
    assert begun.topic.rows["claims"][0]["statement"] in page
    assert (site / begun.topic.stream / "index.html").is_file()


def test_contradiction_is_a_dispute_between_its_speakers(begun: Begun) -> None:
    [link] = begun.topic.links
    page, facts = begun.get("/disputes").text, begun.get("/facts").text
    for end in (link["from_claim_id"], link["to_claim_id"]):
        assert (end in page) == (link["relation"] == "disputes")
        assert (end in facts) == (link["relation"] == "same_fact")


def test_pages_call_a_source_what_the_package_calls_it(begun: Begun) -> None:
    for page in (*PAGES, "/claims/C001-002", f"/{begun.topic.stream}"):
        shown = re.sub(r"<[^>]*>", " ", begun.get(page).text)  # tags and what they link to
        assert re.findall(r"\b(?:articles?|news)\b", shown, re.IGNORECASE) == [], page
    word = begun.topic.source_word.get("many", "texts")
    assert f"{word.capitalize()} that were coded" in begun.get("/sources").text
