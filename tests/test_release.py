"""Releases: which version the changes demand, what is written, and making one again."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import claimlog.command_limits
import claimlog.release.rebuild
from claimlog import __version__
from claimlog.build import build
from claimlog.checkout import Checkout
from claimlog.cli import cli
from claimlog.errors import ClaimlogError, FindingsError, UsageError
from claimlog.export.content_hash import parquet_content, sqlite_content
from claimlog.files import lock_temporary, temporary_path
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.log.release_index import ReleaseEntry, Version, find_entry, read_index
from claimlog.package import Package
from claimlog.release import generated_package_files
from claimlog.release.changelog import remove_entry
from claimlog.release.checksums import sha256_of_file
from claimlog.release.coding_manual import PAGE, coding_manual
from claimlog.release.dataset_state import DatasetState, table_shapes
from claimlog.release.diff import Diff, compare_states
from claimlog.release.make import (
    make_release,
    plan_release,
    require_clean_commit,
    require_next_version,
    sign_release,
)
from claimlog.release.rebuild import (
    RebuildComparison,
    compare_bytes,
    rebuild_archive,
    rebuild_tables,
    release_commit,
)
from claimlog.release.release_lock import release_lock
from claimlog.release.tool_wheel import refuse_development_tool
from claimlog.release.verify import verify_copy
from claimlog.release.write_release_folder import ReleasePlan, write_release_folder
from claimlog.schema.definition import read_definition
from claimlog.schema.deprecations import Deprecation
from claimlog.schema.json_schemas import HEAD, shape_flaw
from claimlog.schema.table_schema import dump
from claimlog.site.files.release_pages import draw_release_site
from claimlog.site.pages.releases import NET_CHANGES
from claimlog.validate import validate
from conftest import ROOT, World, asking, claim
from repositories import DAY, Repo, repository

QUOTE = "About forty pilots signed a letter"


@pytest.fixture(scope="module")
def released(once_released: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Two releases: 0.1.0 of the first two batches, 0.1.1 with the corrections."""
    repo = once_released.copy(tmp_path_factory.mktemp("released"))
    repo.release("0.1.1", draw_site=draw_release_site)  # as the command does
    return repo


@pytest.fixture(scope="module")
def remade() -> dict[tuple[str, ...], Any]:
    """What was made again, by the log and the plan."""
    return {}


@pytest.fixture
def remade_once(
    remade: dict[tuple[str, ...], Any],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is made again from the same log by the same plan is made once, and only compared."""
    write = claimlog.release.rebuild.write_release

    def write_once(package: Package, log: Any, plan: Any, _: Path, progress: Any) -> Any:
        key = (log.root.hex(), str(plan.version), str(plan.date), str(plan.batches))
        if key not in remade:
            out = tmp_path_factory.mktemp("remade")
            remade[key] = write(package, log, plan, out, progress)
        return remade[key]

    monkeypatch.setattr(claimlog.release.rebuild, "write_release", write_once)


@pytest.fixture
def repo(checked_in: Repo, tmp_path: Path) -> Repo:
    return checked_in.copy(tmp_path)


@pytest.fixture
def once(once_released: Repo, tmp_path: Path) -> Repo:
    """A copy of the checkout with release 0.1.0 of its first two batches."""
    return once_released.copy(tmp_path)


@pytest.fixture
def released_whole(tiny_release: Package, tmp_path: Path) -> Repo:
    """A copy of the checkout with release 0.1.0 of all its batches."""
    return Repo(World(tiny_release, tiny_release.root.parent / "texts")).copy(tmp_path)


def refused(repo: Repo, version: str, **given: Any) -> str:
    """Return why a release is refused, and check that nothing was written."""
    before = {path: path.read_bytes() for path in repo.root.rglob("*") if path.is_file()}
    with pytest.raises(ClaimlogError) as error:
        make_release(repo.package, version, DAY, repo.root / "dist", **given)
    after = {path: path.read_bytes() for path in repo.root.rglob("*") if path.is_file()}
    index = repo.root / ".git" / "index"  # git status refreshes it
    assert {k: v for k, v in after.items() if k != index} == {
        k: v for k, v in before.items() if k != index
    }
    return str(error.value)


@pytest.mark.slow
def test_a_release_holds_the_log_the_tables_and_all_that_describes_them(released: Repo) -> None:
    folder = released.root / "dist" / "tiny-0.1.1"
    names = {path.relative_to(folder).parts[0] for path in folder.rglob("*")}
    assert names == {
        *(
            "delta",
            "site",
            "parquet",
            "csv",
            "tiny.db",
            "log",
            "validation.json",
            "CHANGES.md",
            "checkpoint",
        ),
        *("SHA256SUMS", "release.json", "datapackage.json", "croissant.json", "README.md"),
        *("ro-crate-metadata.json", "datacite.json", "CITATION.cff", ".zenodo.json"),
        *(
            "dataset.jsonld",
            f"claimlog-{claimlog.__version__}-py3-none-any.whl",
            "requirements.txt",
        ),
    }
    assert {path.name for path in (folder / "log").iterdir()} == {
        *("datapackage.json", "events", "schemas", "releases"),
    }
    done = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder)
    assert done.returncode == 0


def test_an_entry_of_the_index_says_what_was_released(released: Repo) -> None:
    first, second = read_index(released.package)
    assert (str(first.version), str(second.version)) == ("0.1.0", "0.1.1")
    log = read(released.package)
    assert [(entry.size, entry.root) for entry in (first, second)] == [
        (log.trees[1][0], log.trees[1][1].hex()),
        (log.size, log.root.hex()),
    ]
    folder = released.root / "dist" / "tiny-0.1.1"
    archive = second.data["archive"]
    assert sha256_of_file(folder.parent / archive["path"]) == archive["sha256"]
    assert {name: sha256_of_file(folder / name) for name in second.data["files"]} == second.data[
        "files"
    ]
    assert len(second.data["commit"]) == 40
    assert second.data["tables"]["claims"]["rows"] == 5


def test_parquet_and_sqlite_have_the_logical_hash_of_the_index(released: Repo) -> None:
    folder = released.root / "dist" / "tiny-0.1.1"
    entry = find_entry(read_index(released.package), "0.1.1", "tiny")
    for name, table in read_definition(Package(folder / "log")).tables.items():
        said = entry.data["tables"][name]["hash"]
        assert parquet_content(folder / "parquet" / f"{name}.parquet", table).root == said
        assert sqlite_content(folder / "tiny.db", table).root == said


def test_the_log_inside_a_release_is_a_package_of_its_own(released: Repo) -> None:
    inner = released.root / "dist" / "tiny-0.1.0" / "log"
    world = World(Package(inner), released.world.texts)
    done = world.run("validate")
    assert done.returncode == 0, done.stdout
    assert "2 batches" in done.stdout


def test_claims_are_joined_to_the_release_that_first_held_them(released: Repo) -> None:
    with sqlite3.connect(released.root / "dist" / "tiny-0.1.1" / "tiny.db") as db:
        changes = db.execute("select claim_id, change, release from changes").fetchall()
        rows = db.execute(
            "select version, claims, added, amended, retracted from releases order by version"
        ).fetchall()
    assert ("C001-001", "added", "0.1.0") in changes
    assert ("C001-003", "amended", "0.1.1") in changes
    assert ("C001-004", "retracted", "0.1.1") in changes
    assert rows == [("0.1.0", 6, 6, 0, 0), ("0.1.1", 5, 0, 1, 1)]


def test_changes_after_the_last_release_are_in_none(once: Repo) -> None:
    assert once.world.run("build").returncode == 0
    with sqlite3.connect(once.root / "build" / "tiny.db") as db:
        rows = db.execute("select release, count(*) from changes group by release").fetchall()
    assert dict(rows) == {None: 2, "0.1.0": 6}


def test_the_changelog_says_what_changed_why_and_whether_to_act(released: Repo) -> None:
    text = (released.root / "CHANGELOG.md").read_text("utf-8")
    newest, first = text.index("## 0.1.1 (2026-11-21)"), text.index("## 0.1.0 (2026-11-21)")
    assert newest < first
    assert "- C001-003 (note): The letter says pilots of the port." in text
    assert "- C001-004: The text does not say so." in text
    assert (
        "**Do I need to do anything?** Only if you cite or count one of the claims that were "
        "amended (1) or retracted (1); code that reads the tables goes on working." in text
    )
    own = (released.root / "dist" / "tiny-0.1.1" / "CHANGES.md").read_text("utf-8")
    assert own in text


def test_the_archive_is_the_same_whenever_it_is_written(released: Repo, tmp_path: Path) -> None:
    from claimlog.release import archive

    folder = released.root / "dist" / "tiny-0.1.1"
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy, copy_function=shutil.copyfile)  # other times and modes
    archive.write_archive(copy, tmp_path / "again.zip")
    assert sha256_of_file(tmp_path / "again.zip") == sha256_of_file(
        folder.with_name("tiny-0.1.1.zip")
    )
    with zipfile.ZipFile(tmp_path / "again.zip") as found:
        assert {info.compress_type for info in found.infolist()} == {zipfile.ZIP_STORED}


def planned(repo: Repo, version: str) -> Diff:
    """Return the changes of a release of a version, which they allow."""
    diff, _ = plan_release(read(repo.package), read_index(repo.package), version, None)
    return diff


def test_corrections_only_demand_a_patch(once: Repo) -> None:
    once.version("0.2.0")
    once.commit()
    assert refused(once, "0.2.0") == (
        "0.2.0: the changes since 0.1.0 demand a patch version, 0.1.1 "
        "(2 amendments and retractions only)"
    )


def test_new_claims_demand_a_minor_version(released_whole: Repo) -> None:
    released_whole.world.add(
        "claims", [claim(QUOTE, "Some pilots wrote once more.", topic="opinion")]
    )
    released_whole.world.seal("more")
    released_whole.version("0.1.1")
    released_whole.commit()
    assert "demand a minor version, 0.2.0 (new: claims (1))" in refused(released_whole, "0.1.1")
    released_whole.version("0.2.0")
    assert planned(released_whole, "0.2.0").level == "minor"


def test_a_column_that_is_gone_demands_a_major_version(released_whole: Repo) -> None:
    path = released_whole.root / "schemas" / "tables" / "incidents.json"
    spec = json.loads(path.read_text("utf-8"))
    spec["fields"] = [field for field in spec["fields"] if field["name"] != "note"]
    path.write_text(dump(spec), "utf-8")
    released_whole.version("0.2.0")
    released_whole.commit()
    assert "demand a major version, 1.0.0 (the column incidents.note is gone)" in refused(
        released_whole, "0.2.0"
    )
    released_whole.version("1.0.0")
    assert planned(released_whole, "1.0.0").breaks


def test_without_a_change_there_is_nothing_to_release(released_whole: Repo) -> None:
    released_whole.version("0.1.1")
    released_whole.commit()
    assert "nothing changed since 0.1.0" in refused(released_whole, "0.1.1")


@pytest.mark.parametrize(
    ("level", "wanted", "next_one"),
    [("major", "1.0.0", "2.0.0"), ("minor", "1.2.3", "1.3.0"), ("patch", "1.2.3", "1.2.4")],
)
def test_the_next_version_resets_what_comes_after_its_level(
    level: str, wanted: str, next_one: str
) -> None:
    assert str(Version.parse(wanted).after(level)) == next_one


def test_versions_are_ordered_as_numbers() -> None:
    assert Version.parse("0.10.0") > Version.parse("0.9.9")


def test_the_first_version_is_one_of_two(repo: Repo) -> None:
    repo.version("0.3.0")
    repo.commit()
    assert "the first version is 0.1.0 or 1.0.0" in refused(repo, "0.3.0")


@pytest.mark.parametrize("wrong", ["1.0", "v1.0.0", "1.0.0-rc1", "01.0.0", "latest", "\u0661.0.0"])
def test_a_malformed_version_is_a_usage_error(wrong: str, repo: Repo) -> None:
    with pytest.raises(UsageError, match="expected three numbers"):
        make_release(repo.package, wrong, DAY, repo.root / "dist")


def test_a_version_is_released_once(released: Repo) -> None:
    assert "0.1.0 was released already and never changes" in refused(released, "0.1.0")


def test_uncommitted_changes_are_named(repo: Repo) -> None:
    (repo.root / "notes.txt").write_text("x")
    assert "not committed: notes.txt" in refused(repo, "0.1.0")


def test_a_package_outside_git_is_refused(world: World) -> None:
    with pytest.raises(ClaimlogError, match="is no git checkout"):
        make_release(world.package, "0.1.0", DAY, world.root / "dist")


def test_the_descriptor_must_say_the_version(repo: Repo) -> None:
    assert '"version" is 0.1.0; set it to 1.0.0' in refused(repo, "1.0.0")


def test_a_log_with_findings_is_refused(repo: Repo) -> None:
    repo.world.rewrite("claims", lambda rows: rows[0].update(topic="weather"), 1)
    repo.commit()
    with pytest.raises(FindingsError, match="nothing was released"):
        make_release(repo.package, "0.1.0", DAY, repo.root / "dist")
    assert not (repo.root / "releases").exists()


def test_an_empty_log_is_refused(bare: World) -> None:
    repo = repository(bare)
    assert "the log is empty" in refused(repo, "0.1.0")


def test_a_release_ends_with_a_batch(repo: Repo) -> None:
    event = read(repo.package).rows("claims")["event_id"][0]
    assert "a release ends with a batch" in refused(repo, "0.1.0", as_of=event)


def test_a_log_that_does_not_extend_the_last_release_is_refused(once: Repo) -> None:
    once.world.rewrite("claims", lambda rows: rows[0].update(note="Rewritten."), 1)
    once.version("0.1.1")
    once.commit()
    assert "does not extend release 0.1.0" in refused(once, "0.1.1")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("0.1.0.json", {"version": "0.1.9"}, "says version 0.1.9"),
        ("0.1.0.json", {"tree": {"size": 0, "root": "x"}}, "tree/"),
        ("notes.txt", {}, "expected VERSION.json, move it out of releases/"),
        ("0.0.9.json", {"version": "0.0.9"}, "does not extend that of 0.0.9"),
        ("0.1.0.json", {"log_origin": "a.example/log"}, "0.1.1.json: its log_origin is not a.exa"),
        ("0.1.0.json", {"date": "2026-99-99"}, "date: '2026-99-99' is not a 'date'"),
        ("0.1.0.json", {"log_origin": "a.example/.."}, "log_origin: "),
        ("0.1.0.json", {"codebook_version": "1.0\n\x1b[31m"}, "codebook_version: "),
        ("0.1.0.json", {"files": {}}, "files: 'SHA256SUMS' is a required property"),
        *(
            ("0.1.0.json", {"archive": {"path": path, "bytes": 1, "sha256": "0" * 64}}, "path: ")
            for path in ("../d/tiny-0.1.0.zip", "/tiny-0.1.0.zip", "tiny-0.1.1.zip", "..", "")
        ),
    ],
)
def test_an_index_that_cannot_be_trusted_is_named(
    name: str, change: dict[str, Any], message: str, released: Repo, tmp_path: Path
) -> None:
    root = tmp_path / "package"
    shutil.copytree(released.root, root, ignore=shutil.ignore_patterns("dist", ".git"))
    data = json.loads((root / "releases" / "0.1.0.json").read_text("utf-8"))
    if name == "0.0.9.json":
        data["archive"]["path"] = "tiny-0.0.9.zip"
        data = {**data, "tree": {"size": data["tree"]["size"] + 1, "root": "0" * 64}}
    (root / "releases" / name).write_text(json.dumps({**data, **change}), "utf-8")
    with pytest.raises(ClaimlogError, match=message):
        read_index(Package(root))


@pytest.mark.parametrize("limit", ["RELEASES", "RELEASES_BYTES", "RELEASES_VALUES"])
def test_releases_without_number_are_one_line(
    limit: str, released: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links count as what they lead to, and files that we never finished as others do."""
    root = tmp_path / "package"
    shutil.copytree(released.root, root, ignore=shutil.ignore_patterns("dist", ".git"))
    first = root / "releases" / "0.1.0.json"
    for number in range(3):
        (root / "releases" / f".0.1.{number}.json").symlink_to(first.name)
    values = sum(path.read_bytes().count(b",") for path in root.glob("releases/[0-9]*.json"))
    most = {"RELEASES": 5, "RELEASES_BYTES": 5 * first.stat().st_size, "RELEASES_VALUES": values}
    monkeypatch.setattr(f"claimlog.log.release_index.{limit}", 2 * most[limit])
    assert len(read_index(Package(root))) == 2
    monkeypatch.setattr(f"claimlog.log.release_index.{limit}", most[limit] - 1)
    with pytest.raises(ClaimlogError, match=r"releases: .*more than") as error:
        read_index(Package(root))
    assert "\n" not in str(error.value)
    shutil.rmtree(root / "releases")
    assert read_index(Package(root)) == []
    (root / "releases").symlink_to("nowhere")
    with pytest.raises(ClaimlogError, match=r"releases: cannot be read \("):
        read_index(Package(root))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tree": {"size": 9, "root": "0" * 64}}, "release 0.1.1 held 9 rows in 3 batches"),
        ({"batches": 2}, "the log does not begin with them"),
        ({"batches": 10**9}, "the log does not begin with them"),
        ({"log_origin": "other.example/log"}, "is of the log other.example/log"),
    ],
)
def test_an_entry_that_disagrees_with_the_log_is_used_for_nothing(
    change: dict[str, Any], said: str, released: Repo, tmp_path: Path
) -> None:
    for name in ("events", "schemas"):
        shutil.copytree(released.root / name, tmp_path / name)
    shutil.copyfile(released.root / "datapackage.json", tmp_path / "datapackage.json")
    entry = tmp_path / "releases" / "0.1.1.json"
    entry.parent.mkdir()
    data = json.loads((released.root / "releases" / entry.name).read_text("utf-8"))
    entry.write_text(json.dumps({**data, **change}), "utf-8")
    [finding] = validate(read(Package(tmp_path)), None).findings
    assert (finding.rule, finding.path) == ("released-roots", "releases/0.1.1.json")
    assert said in finding.message
    words = "diff 0.1.1 head", "prove consistency 0.1.1 head", "cite", "cite --release 0.1.1"
    for given in words:
        with pytest.raises(ClaimlogError, match=r"^releases/0\.1\.1\.json: ") as error:
            cli.main(["--package", str(tmp_path), *given.split()], standalone_mode=False)
        assert said in str(error.value)


def test_an_unknown_version_lists_those_that_are_known(released: Repo) -> None:
    with pytest.raises(UsageError, match=r"known are 0\.1\.0, 0\.1\.1"):
        find_entry(read_index(released.package), "0.9.0", "tiny")


def test_signatures_lie_beside_the_archive_and_change_nothing_in_it(tiny_release: Package) -> None:
    folder = tiny_release.root / "dist" / "tiny-0.1.0"
    signature, checkpoint = (
        folder.with_name(f"tiny-0.1.0.{kind}") for kind in ("signature", "checkpoint")
    )
    plain = (folder / "checkpoint").read_text("utf-8")
    assert checkpoint.read_text("utf-8").startswith(f"{plain}\n\N{EM DASH} tiny ")
    sums = sha256_of_file(folder / "SHA256SUMS")
    text = f"claimlog release 1\ntiny 0.1.0\nSHA256SUMS {sums}\ntree "
    assert signature.read_text("utf-8").startswith(text)


@pytest.mark.slow
def test_an_earlier_release_is_made_again_with_the_same_content(released: Repo) -> None:
    index = read_index(released.package)
    for entry in index:
        result = rebuild_tables(released.package, index, entry, lambda _: None)
        assert result.different == []
        assert result.same == result.compared == 2 * len(entry.data["tables"]) > 50


@pytest.mark.slow
@pytest.mark.usefixtures("remade_once")
def test_a_release_whose_content_cannot_be_made_again_is_named(released: Repo) -> None:
    index = read_index(released.package)
    tables = {**index[0].data["tables"]}
    tables["claims"] = {**tables["claims"], "hash": "0" * 64}
    entry = ReleaseEntry({**index[0].data, "tables": tables}, index[0].display_path)
    result = rebuild_tables(released.package, index, entry, lambda _: None)
    assert [line.split(":")[0] for line in result.different] == ["claims", "claims"]
    assert result.same == result.compared - 2


@pytest.mark.slow
@pytest.mark.usefixtures("remade_once")
def test_an_entry_that_names_a_part_of_a_table_is_not_the_same(released: Repo) -> None:
    """Its hash is right for the columns that it names."""
    index = read_index(released.package)
    entry = index[0]
    claims = entry.data["tables"]["claims"]
    for change, said in (
        ({"columns": {"claim_id": "string"}}, "names other columns of claims than"),
        ({"columns": {**claims["columns"], "start": "string"}}, "columns of claims than"),
        ({"key": ["statement"]}, "names another key of claims than its definition has"),
        ({"rows": claims["rows"] + 1}, "the release had"),
    ):
        tables = {**entry.data["tables"], "claims": {**claims, **change}}
        false = ReleaseEntry({**entry.data, "tables": tables}, entry.display_path)
        result = rebuild_tables(released.package, index, false, lambda _: None)
        assert any(said in line for line in result.different), said


@pytest.mark.slow
def test_an_entry_that_names_nothing_to_compare_is_not_the_same(released: Repo) -> None:
    index = read_index(released.package)
    false = {"tables": {}, "codebook_version": "9.9.9", "date": "2020-01-01"}
    entry = ReleaseEntry({**index[0].data, **false}, index[0].display_path)
    result = rebuild_tables(released.package, index, entry, lambda _: None)
    assert result.compared == 0
    assert "releases/0.1.0.json: names no table claims, which is made" in result.different
    assert any("codebook_version is 9.9.9, not " in line for line in result.different)
    entry = ReleaseEntry({**index[0].data, "batches": 10**9}, index[0].display_path)
    with pytest.raises(ClaimlogError, match="the log does not begin with them"):
        rebuild_tables(released.package, index, entry, lambda _: None)


def test_a_release_is_compared_with_no_other_archive_than_the_one_that_was_made(
    released: Repo, tmp_path: Path
) -> None:
    """An entry may name any path and hash; its own bytes were not made by anybody's code."""
    [_, entry] = read_index(released.package)
    folder = released.root / "dist" / "tiny-0.1.1"
    made = folder.with_name(f"{folder.name}.zip")
    forged = tmp_path / "tiny-0.1.1.zip"
    forged.write_bytes(b"forged")
    for path in (str(forged), "tiny-0.1.1.zip"):
        about = {"path": path, "bytes": 6, "sha256": sha256_of_file(forged)}
        false = ReleaseEntry({**entry.data, "archive": about}, entry.display_path)
        assert compare_bytes(folder, made, false).different
    assert compare_bytes(folder, made, entry).different == []
    for change in ({"log_origin": "other.example/log"}, {"tables": {}}, {"date": "2020-01-01"}):
        false = ReleaseEntry({**entry.data, **change}, entry.display_path)
        [line] = compare_bytes(folder, made, false).different
        assert f"states another {next(iter(change))} than release.json" in line


@pytest.mark.slow
def test_a_release_is_made_again_byte_for_byte_by_its_own_code_also_of_a_development_version(
    released: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLAIMLOG_DEVELOPMENT_TOOL")
    index = read_index(released.package)
    said: list[str] = []
    result = rebuild_archive(released.package, index[1], said.append)
    assert result.different == []
    assert result.compared == len(index[1].data["files"]) + 1
    assert said == ["make it again"]  # the lock file is this environment's


def test_a_commit_that_git_does_not_have_is_named(released: Repo) -> None:
    index = read_index(released.package)
    entry = ReleaseEntry({**index[0].data, "commit": "1" * 40}, "releases/0.0.1.json")
    with pytest.raises(ClaimlogError, match="git does not have the commit 111111111111"):
        rebuild_tables(released.package, index, entry, lambda _: None)


def test_of_all_releases_each_is_made_again_although_one_cannot_be(
    released: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def some(
        _package: Package, index: list[ReleaseEntry], entry: ReleaseEntry, _step: Any
    ) -> RebuildComparison:
        if entry == index[0]:
            raise ClaimlogError("git does not have the commit")
        return RebuildComparison(2, 2)

    monkeypatch.setattr(claimlog.release.rebuild, "rebuild_tables", some)
    monkeypatch.setattr(claimlog.command_limits, "_times", 1)
    words = ["--package", str(released.root), "release", "--rebuild", "all"]
    done = CliRunner().invoke(cli, words, standalone_mode=False)
    assert done.return_value == 1
    assert "0.1.0: not made again: git does not have the commit" in done.stderr
    assert "0.1.1: 2 of 2 tables in Parquet and in SQLite are the same" in done.stdout
    assert claimlog.command_limits._times == len(read_index(released.package)) == 2


@pytest.mark.slow
def test_a_release_is_found_by_its_entry_where_history_was_rewritten(released: Repo) -> None:
    index = read_index(released.package)
    entry = ReleaseEntry({**index[1].data, "commit": "1" * 40}, index[1].display_path)
    assert rebuild_tables(released.package, index, entry, lambda _: None).different == []


@pytest.mark.slow
def test_a_release_is_made_of_no_commit_that_was_only_fetched(
    checked_in: Repo, tmp_path: Path
) -> None:
    """A proposal of somebody else lies in git as soon as one looks at it; its code would run."""
    repo = checked_in.copy(tmp_path)
    repo.release("0.1.0")
    own = read_index(repo.package)[0]
    checkout = Checkout.of(repo.package)
    assert release_commit(checkout, own) == own.data["commit"]
    repo.git("switch", "-q", "-c", "proposal", str(own.data["commit"]))
    (repo.root / "added.py").write_text("raise SystemExit\n")
    repo.commit()
    proposal = checkout.head()
    repo.git("switch", "-q", "-")
    entry = ReleaseEntry({**own.data, "commit": proposal}, own.display_path)
    assert release_commit(checkout, entry) == own.data["commit"]


def test_two_releases_are_compared_claim_by_claim_and_field_by_field(released: Repo) -> None:
    done = released.world.run("diff", "0.1.0", "0.1.1", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["level"], found["schema"]) == ("patch", [])
    changes = {item["claim_id"]: item for item in found["claims"]}
    assert set(changes) == {"C001-003", "C001-004"}
    assert changes["C001-003"]["fields"] == {"note": {"old": None, "new": "Port pilots."}}
    assert changes["C001-003"]["reasons"] == ["The letter says pilots of the port."]
    assert changes["C001-004"]["change"] == "retracted"
    text = released.world.run("diff", "0.1.0", "head").stdout
    assert "~ C001-003 v2" in text
    assert "    note: empty -> Port pilots." in text
    assert "- C001-004 v2" in text


def test_a_comparison_in_the_wrong_order_is_a_usage_error(released: Repo) -> None:
    done = released.world.run("diff", "0.1.1", "0.1.0")
    assert done.returncode == 2
    assert "0.1.1 is later than 0.1.0; swap them" in done.stderr


def test_a_renamed_column_is_no_break_while_a_view_keeps_its_name(released: Repo) -> None:
    log = read(released.package)
    before = table_shapes(log.definition)
    before["incidents"]["columns"]["remark"] = before["incidents"]["columns"].pop("note")
    old, new = DatasetState("1.0.0", log.size, before), DatasetState.of_head(log, "1.1.0")
    kept = [Deprecation("incidents", "remark", "note", "1.1.0", "1.2.0")]
    assert compare_states(log, old, new, []).level == "major"
    found = compare_states(log, old, new, kept)
    assert found.level == "minor"
    assert "was renamed; a view keeps the old name" in found.schema[0].text
    require_next_version(Version(1, 1, 0), [released_as("1.0.0", released)], found)


def released_as(version: str, released: Repo) -> ReleaseEntry:
    entry = read_index(released.package)[-1]
    return ReleaseEntry({**entry.data, "version": version}, f"releases/{version}.json")


@pytest.mark.slow
def test_the_view_of_a_renamed_column_has_its_old_name_and_the_rows(world: World) -> None:
    (world.root / "schemas" / "deprecations.csv").write_text(
        "table,column,renamed_to,since,until\nincidents,remark,note,1.1.0,1.2.0\n"
    )
    assert world.run("build").returncode == 0
    with sqlite3.connect(world.root / "build" / "tiny.db") as db:
        names = [row[1] for row in db.execute("pragma table_info(incidents_before_1_1_0)")]
        count = db.execute("select count(remark) from incidents_before_1_1_0").fetchone()
    assert "remark" in names
    assert "note" not in names
    assert count is not None


def test_a_deprecation_of_what_does_not_exist_is_named(world: World) -> None:
    (world.root / "schemas" / "deprecations.csv").write_text(
        "table,column,renamed_to,since,until\nincidents,remark,notes,1.1.0,1.2.0\n"
    )
    done = world.run("build")
    assert done.returncode == 1
    assert "schemas/deprecations.csv:2: incidents.remark is said to be notes now" in done.stderr


def test_an_older_row_is_upcast_when_read_and_its_line_is_not_changed(world: World) -> None:
    """A later schema renames a column and adds one; the sealed rows stay as they are."""
    before = read(world.package)
    schemas = world.root / "schemas"
    shutil.copyfile(schemas / "links.json", schemas / "past" / "links.2.json")
    spec = json.loads((schemas / "links.json").read_text("utf-8"))
    for field in spec["fields"]:
        if field["name"] == "note":
            field["name"] = "remark"
    spec["fields"].append({"name": "weight", "type": "integer", "description": "A new one."})
    spec["fields"].sort(key=lambda field: field["name"])
    (schemas / "links.json").write_text(json.dumps({**spec, "schemaVersion": 3}), "utf-8")
    with (schemas / "upcasts.csv").open("a", encoding="utf-8") as upcasts:
        upcasts.write("links,3,rename,remark,note\nlinks,3,add,weight,7\n")
    after = read(Package(world.root))
    assert after.findings == []
    assert after.root == before.root
    [old], [new] = before.rows("links").to_dicts(), after.rows("links").to_dicts()
    assert (new["remark"], new["weight"]) == (old["note"], 7)
    assert "note" not in new
    line = world.file("links", 1).read_bytes().rstrip(b"\n")
    assert after.line_of("links", new, new["batch"]) == line


def test_every_release_of_this_project_still_folds_to_what_it_was() -> None:
    """The sealed batches are the golden inputs; today's code must give yesterday's tables."""
    package = Package(ROOT)
    index = read_index(package)
    assert len(index) >= 2
    shallow = ["git", "-C", str(ROOT), "rev-parse", "--is-shallow-repository"]
    if subprocess.run(shallow, capture_output=True, text=True).stdout.strip() == "true":
        pytest.skip("NOT RUN: this clone is shallow; git fetch --unshallow")
    for entry in index:
        result = rebuild_tables(package, index, entry, lambda _: None)
        assert result.different == []


@pytest.mark.slow
def test_the_command_prints_how_to_tag_and_tags_nothing_and_needs_no_gitignore_for_its_lock(
    repo: Repo,
) -> None:
    ignored = repo.world.root / ".gitignore"
    if ignored.exists():
        ignored.unlink()
        repo.commit()
    done = repo.world.run("release", "0.1.0", "--date", DAY)
    assert done.returncode == 0, done.stderr
    assert "git tag -a v0.1.0 -m 'A tiny package 0.1.0'" in done.stdout
    assert repo.git("tag") == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("release", "0.1.0", "--date", DAY),
        ("release", "--published", "0.1.0", "--sign", "key.pem"),
        ("reissue", "0.1.0"),
        ("publish", "directory", "public", "--publish"),
    ],
)
def test_one_release_is_made_at_a_time_and_rows_are_added_meanwhile(
    words: tuple[str, ...], repo: Repo
) -> None:
    repo.world.limit(lock_seconds=0)
    with release_lock(repo.world.package):
        done = repo.world.run(*words)
        repo.world.amend("claims", "C001-002", note="One more.")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        "claimlog: another claimlog is making, signing or publishing a release of this package; "
        "wait for it and run this again"
    )
    assert not (repo.world.root / "dist").exists()


def test_a_development_version_of_the_tool_releases_only_if_that_is_meant(repo: Repo) -> None:
    words = ("release", "0.1.0", "--date", DAY)
    done = repo.world.run(*words, CLAIMLOG_DEVELOPMENT_TOOL="")
    assert (done.returncode == 0) == (".dev" not in __version__), done.stderr
    with pytest.raises(ClaimlogError, match=r"is a development version.*--development-tool"):
        refuse_development_tool("0.4.0.dev0")
    refuse_development_tool("0.4.0")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "name the version to release"),
        (("0.1.0", "--rebuild", "0.1.0"), "name the version to release"),
        (("0.1.0", "--exact"), "--exact goes with --rebuild"),
        (("0.1.0", "--date", "21.11.2026"), "is no day"),
        (("--rebuild", "9.9.9"), "is no release of tiny; known are none"),
    ],
)
def test_wrong_words_of_the_command_are_usage_errors(
    words: tuple[str, ...], message: str, repo: Repo
) -> None:
    done = repo.world.run("release", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


# what is left in order


def cited(repo: Repo) -> None:
    """Give the package the files that repeat other facts, as this project has them."""
    (repo.root / "CITATION.cff").write_text("version: 0.0.0\n")
    (repo.root / PAGE).parent.mkdir()
    (repo.root / PAGE).write_text("# An old manual\n")
    repo.commit()


def printed_steps(out: str) -> list[str]:
    steps = [line.strip() for line in out.splitlines() if line.startswith("  git ")]
    assert [step.split()[1] for step in steps] == ["add", "commit", "tag", "push"]
    return steps


@pytest.mark.slow
def test_the_printed_steps_leave_a_tag_whose_files_say_its_version(
    repo: Repo, tmp_path: Path
) -> None:
    about = json.loads((repo.root / "datapackage.json").read_text("utf-8"))
    about["title"] = 'It\'s a $(touch pwned) "tiny" `package`'
    (repo.root / "datapackage.json").write_text(json.dumps(about), "utf-8")
    cited(repo)
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", str(origin)], check=True)
    repo.git("remote", "add", "origin", str(origin))
    repo.git("push", "-q", "-u", "origin", "HEAD")
    for name, value in (("user.name", "Tester"), ("user.email", "tester@example.org")):
        repo.git("config", name, value)
    assert repo.world.run("release", "0.1.0", "--as-of", "2", "--date", DAY).returncode == 0
    repo.git("checkout", "-q", ".")  # as if the steps had been forgotten once
    repo.git("clean", "-qfdx", "releases", "dist")
    done = repo.world.run("release", "0.1.0", "--as-of", "2", "--date", DAY)
    assert done.returncode == 0, done.stderr
    for step in printed_steps(done.stdout):
        subprocess.run(["sh", "-c", step], cwd=repo.root, check=True, capture_output=True)
    assert repo.git("status", "--porcelain") == ""
    assert not list(repo.root.rglob("pwned"))
    bare = ("git", "-C", str(origin), "show")
    shown = {
        name: subprocess.run(
            [*bare, f"v0.1.0:{name}"], check=True, capture_output=True, text=True
        ).stdout
        for name in ("CITATION.cff", PAGE, "CHANGELOG.md", "releases/0.1.0.json")
    }
    assert "version: 0.1.0\n" in shown["CITATION.cff"]
    assert f"date-released: '{DAY}'" in shown["CITATION.cff"]
    assert shown[PAGE] == coding_manual(read_definition(repo.package))
    assert f"## 0.1.0 ({DAY})" in shown["CHANGELOG.md"]
    assert repo.world.run("schemas").returncode == 0


def test_a_seal_leaves_the_generated_files_in_order(repo: Repo) -> None:
    cited(repo)
    repo.world.add("actors", [{"actor_id": "quay", "name": "Quay", "actor_type": "agency"}])
    done = repo.world.run("seal", "--slug", "quay", "--title", "A quay", "--method", "By a test.")
    assert done.returncode == 0, done.stderr
    assert f"commit it together with datapackage.json, {PAGE}\n" in done.stdout
    assert repo.world.run("schemas").returncode == 0


def test_a_seal_mends_a_generated_file_that_is_no_text(repo: Repo) -> None:
    cited(repo)
    (repo.root / PAGE).write_bytes(b"\xff")
    repo.world.add("actors", [{"actor_id": "quay", "name": "Quay", "actor_type": "agency"}])
    done = repo.world.run("seal", "--slug", "quay", "--title", "A quay", "--method", "By a test.")
    assert done.returncode == 0, done.stderr
    assert (repo.root / PAGE).read_text("utf-8") == coding_manual(read_definition(repo.package))


def test_what_was_done_holds_when_a_generated_file_cannot_be_written(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    cited(repo)
    monkeypatch.setattr("claimlog.package.write_durably", failing)
    with pytest.raises(
        ClaimlogError, match=r"^events/0004-quay is sealed, but .*; run claimlog schemas --write$"
    ):
        generated_package_files.refresh_generated_files(repo.package, "events/0004-quay is sealed")


def test_a_readme_is_left_alone_whatever_is_in_it(repo: Repo) -> None:
    text = "<!-- generated: harbour -->\n<!-- /generated -->\n"
    (repo.root / "README.md").write_text(text)
    assert repo.world.run("schemas", "--write").returncode == 0
    assert (repo.root / "README.md").read_text() == text


@pytest.mark.slow
def test_a_release_that_would_serve_other_rows_than_its_log_is_not_made(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(package: Package, log: Log, plan: ReleasePlan, folder: Path, progress: Any) -> None:
        write_release_folder(package, log, plan, folder, progress)
        with closing(sqlite3.connect(folder / "tiny.db")) as database, database:
            database.execute("update actor_versions set note = 'Another.'")

    monkeypatch.setattr("claimlog.release.make.write_release_folder", write)
    with pytest.raises(ClaimlogError, match=r"^tiny\.db: .*; nothing was made\. .*report it$"):
        repo.release("0.1.0")
    assert not [*repo.root.glob("releases/0.1.0.json"), *repo.root.glob("dist/*")]


@pytest.mark.slow
def test_what_the_build_of_a_release_left_is_in_no_archive_where_it_cannot_be_removed(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = shutil.rmtree

    def refused_at_state(path: str | Path, ignore_errors: bool = False, **given: Any) -> None:
        if Path(path).name != ".claimlog":
            remove(path, ignore_errors, **given)
        elif not ignore_errors:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "rmtree", refused_at_state)
    with pytest.raises(
        ClaimlogError, match=r": writing failed \(No space .*; nothing was replaced$"
    ):
        repo.release("0.1.0")
    monkeypatch.undo()
    assert not [*repo.root.glob("releases/0.1.0.json"), *repo.root.glob("dist/*.zip")]


def test_stale_schemas_are_not_released(repo: Repo) -> None:
    path = repo.root / "schemas" / "claims.json"
    path.write_text(path.read_text("utf-8").rstrip("\n"))
    repo.commit()
    assert refused(repo, "0.1.0") == (
        "schemas/claims.json: is stale; run claimlog schemas --write, commit that, and run this "
        "again"
    )


@pytest.mark.parametrize("name", ["payload.csv", "package.json", "modules/evil/package.json"])
def test_a_file_that_the_definition_does_not_name_is_not_released(name: str, repo: Repo) -> None:
    path = repo.root / "schemas" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    repo.commit()
    assert refused(repo, "0.1.0") == (
        f"schemas/{name}: is no stream, table, code list, query or other file of the definition, "
        "and would be published with it; take it out of schemas/, commit that, and run this again"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["material", "te xts", "täxte"])
def test_a_directory_of_texts_is_never_something_to_commit(repo: Repo, name: str) -> None:
    shutil.copytree(repo.world.texts, repo.root / name / "deep")
    (repo.root / "notes.txt").write_text("x")
    said = refused(repo, "0.1.0")
    assert said == (
        f"{name}/: holds source texts, which are never committed: move it out of the checkout or "
        "list it in .gitignore, commit that, and run this again"
    )
    (repo.root / ".gitignore").write_text(f"/{name}/\n/dist/\n/.claimlog/\nnotes.txt\n")
    repo.commit()
    assert not any(name in path for path in repo.git("ls-files").splitlines())
    assert require_clean_commit(repo.package)
    if name == "te xts":
        assert make_release(repo.package, "0.1.0", DAY, repo.root / "dist").entry.size


@pytest.mark.parametrize("name", ["texts", "my-texts"])
def test_the_directories_of_texts_that_are_named_to_users_are_ignored(
    repo: Repo, name: str
) -> None:
    shutil.copytree(repo.world.texts, repo.root / name)
    assert repo.git("status", "--porcelain") == ""


def test_unknown_files_are_not_advised_to_be_committed_without_a_word_on_texts(repo: Repo) -> None:
    (repo.root / "unregistered").mkdir()
    (repo.root / "unregistered" / "article.txt").write_text("Not registered yet.")
    assert "a directory of source texts is never committed" in refused(repo, "0.1.0")


@pytest.mark.slow
def test_counts_of_changes_agree_and_say_what_they_count(once: Repo) -> None:
    world = once.world
    world.add("claims", [claim(QUOTE, "Added, and soon retracted.")])
    world.retract("C001-007", "Coded twice.")
    world.amend("claims", "C001-001", note="Once.")
    world.amend("claims", "C001-001", note="Twice.")
    world.amend("claims", "C001-002", note="Amended, then retracted.")
    world.retract("C001-002", "Not in the text.")
    world.add("claims", [claim("nobody noticed", "It went unseen, a text says.")])
    world.seal("more")
    made = once.release("0.2.0")
    diff = made.diff
    net = {change: len(diff.of(change)) for change in ("added", "amended", "retracted")}
    assert net == {"added": 1, "amended": 2, "retracted": 2}
    build(once.package, once.package.build)
    with sqlite3.connect(once.package.build / "tiny.db") as database:
        database.row_factory = sqlite3.Row
        became = dict(database.execute(NET_CHANGES, {"version": "0.2.0"}).fetchone())
        table = dict(database.execute("select * from releases where version = '0.2.0'").fetchone())
    assert became == {
        "new_claims": net["added"],
        "amended_claims": net["amended"],
        "gone_claims": net["retracted"],
        "in_between": 1,
    }
    events = {action: diff.rows["claims"][action] for action in ("assert", "amend", "retract")}
    assert [table[name] for name in ("added", "amended", "retracted")] == list(events.values())
    assert table["claims"] == 6 + net["added"] - net["retracted"] == 6 + 2 - 3
    sentence = (
        "Claims, by what became of each since 0.1.0: 1 added, 2 amended, 2 retracted. Events of "
        "claims in the log: 2 added, 4 amended, 3 retracted; a claim that was added and retracted "
        "in between is among these only."
    )
    assert diff.counts == sentence
    assert sentence in (once.root / "CHANGELOG.md").read_text("utf-8")
    assert sentence in once.world.run("diff", "0.1.0", "0.2.0").stdout
    assert diff.why == "new: claims (1)"
    get = asking(once.package.build)
    page = " ".join(get("/releases/0.2.0").text.split())
    assert "do: 1 added, 2 amended, 2 retracted; 1 more was added and retracted" in page


def test_a_changelog_that_is_committed_in_another_encoding_is_left_alone(
    once: Repo,
) -> None:
    """It holds no entry of ours to take back."""
    path = once.root / "CHANGELOG.md"
    text = path.read_text("utf-8")
    path.write_bytes("Änderungen\n".encode("latin-1"))
    once.commit()
    path.write_text(f"{text}\n## 9.9.9 (2027-01-01)\n", "utf-8")
    before = path.read_bytes()
    remove_entry(once.package, "9.9.9")
    assert path.read_bytes() == before


def test_the_changelog_of_this_project_says_what_it_counts() -> None:
    log = read(Package(ROOT))
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    points = [None, *(DatasetState.of_entry(entry) for entry in read_index(log.package))]
    for old, new in itertools.pairwise(points):
        assert new is not None
        assert compare_states(log, old, new, []).counts in text


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["file", "link"])
@pytest.mark.parametrize("name", ["schemas/x.csv", "schemas/codebook/d", "events/x", "releases/x"])
def test_what_git_ignores_is_in_no_release(
    name: str, kind: str, repo: Repo, tmp_path: Path
) -> None:
    """Git says nothing of it, and it would be published."""
    exclude = repo.root / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text(f"{name}\n")
    path = repo.root / name
    path.parent.mkdir(exist_ok=True)
    if kind == "link":
        (tmp_path / "outside").mkdir()
        path.symlink_to(tmp_path / "outside")
    else:
        path.write_text("private")
    assert repo.git("status", "--porcelain") == ""
    with pytest.raises(ClaimlogError, match=f"{name}: not in the commit, because git ignores it"):
        require_clean_commit(repo.package)


def test_nothing_is_removed_where_a_link_leads_that_is_not_committed(
    repo: Repo, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / ".d-new-4194305-0a1b2c3d").mkdir(parents=True)
    (elsewhere / ".notes-new-4194305-0a1b2c3d").write_text("mine")
    (repo.root / "extra").symlink_to(elsewhere)
    with pytest.raises(ClaimlogError, match="not committed: extra"):
        require_clean_commit(repo.package)
    assert len([*elsewhere.iterdir()]) == 2


def test_a_build_replaces_no_release(released_whole: Repo) -> None:
    folder = released_whole.root / "dist" / "tiny-0.1.0"
    before = sorted(folder.rglob("*"))
    assert before
    done = released_whole.world.run("build", "--out", "dist/tiny-0.1.0")
    assert "dist/tiny-0.1.0: exists and is no build of ours" in done.stderr
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("name", ["signed-checkpoints.json", "releases/0.1.0.json", "docs/a.md"])
def test_what_a_killed_run_left_in_the_checkout_does_not_have_to_be_committed(
    name: str, repo: Repo
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    place = repo.root / name
    place.parent.mkdir(exist_ok=True)
    unfinished = temporary_path(place)
    live = unfinished.name
    dead = place.with_name(live.replace(f"-{os.getpid()}-", f"-{ended.pid}-"))
    dead.touch()
    assert require_clean_commit(repo.package)
    assert not dead.exists()
    unfinished.touch()
    with lock_temporary(unfinished), pytest.raises(ClaimlogError, match="not committed: "):
        require_clean_commit(repo.package)
    assert unfinished.exists()


@pytest.mark.parametrize(
    "change",
    [
        *({"logOrigin": f"tiny.example/{path}"} for path in ("..", ".", "a/../b", ".x", "", "a\n")),
        *({"created": f"2026-{day}"} for day in ("99-99", "00-10", "13-01", "01-32", "1-1")),
    ],
    ids=str,
)
def test_an_origin_is_no_path_to_elsewhere_and_a_day_is_one(
    change: dict[str, str], made: World
) -> None:
    descriptor = {**made.package.descriptor, "logOrigin": "tiny.example/a.b/~c"}
    assert shape_flaw(descriptor, HEAD) is None
    [name] = change
    assert f"{name}: " in str(shape_flaw({**descriptor, **change}, HEAD))


@pytest.mark.slow
def test_a_log_has_one_origin_from_the_release_that_names_it_on(repo: Repo, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    key, public = tmp_path / "key.pem", tmp_path / "key.pub"
    private = Ed25519PrivateKey.generate()
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    first = repo.release("0.1.0", as_of="2")
    assert (first.folder / "checkpoint").read_text("utf-8").startswith("tiny\n")
    assert "log_origin" not in first.entry.data
    path = repo.root / "datapackage.json"

    def name_origin(origin: str) -> None:
        about = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**about, "logOrigin": origin}), "utf-8")

    name_origin("https://tiny.example/log")
    assert "datapackage.json: logOrigin: " in repo.world.run("validate").stdout
    name_origin("tiny.example/log")
    made = repo.release("0.1.1", key=key)
    assert (made.folder / "checkpoint").read_text("utf-8").startswith("tiny.example/log\n")
    assert made.entry.data["log_origin"] == "tiny.example/log"
    note = made.archive.with_suffix(".checkpoint").read_text("utf-8")
    assert "\N{EM DASH} tiny.example/log " in note
    assert verify_copy(made.archive, key=public).findings == []
    made.archive.with_suffix(".signature").unlink()
    verdict = verify_copy(made.archive, key=public)
    assert verdict.findings == []
    assert any("over size and root of the log only" in check for check in verdict.checks)
    repo.world.amend("actors", "nor", note="In the north.")
    repo.world.seal("north")
    name_origin("other.example/log")
    repo.version("0.1.2")
    repo.commit()
    assert "the log of release 0.1.1 is tiny.example/log" in refused(repo, "0.1.2")
    # an earlier release that is signed afterwards keeps the origin that it has
    first_entry = read_index(repo.package)[0]
    _, later = sign_release(read(repo.package), first_entry, key, tmp_path / "signed")
    assert later.read_text("utf-8").startswith("tiny\n")
