"""Releases: which version the changes demand, what is written, and making one again."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from claimlog.errors import ClaimlogError, FindingsError, UsageError
from claimlog.events.log import read
from claimlog.events.releases import Entry, Version, find, read_index
from claimlog.export.deprecations import Deprecation
from claimlog.export.logical import of_parquet, of_sqlite
from claimlog.package import Package
from claimlog.release.diff import Point, compare, shapes
from claimlog.release.layout import digest
from claimlog.release.make import Made, make, refuse_wrong
from claimlog.release.rebuild import rebuild, rebuild_exactly
from claimlog.schema import Schemas
from conftest import ROOT, World, claim, copied

DAY = "2026-11-21"
QUOTE = "About forty pilots signed a letter"


@dataclass
class Repo:
    """A tiny package in a git checkout of its own."""

    world: World

    @property
    def root(self) -> Path:
        return self.world.root

    @property
    def package(self) -> Package:
        return Package(self.root)

    def git(self, *words: str) -> str:
        who = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")
        command = ["git", "-C", str(self.root), *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", "Change")

    def version(self, version: str) -> None:
        path = self.root / "datapackage.json"
        about = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**about, "version": version}), "utf-8")

    def release(self, version: str, **given: Any) -> Made:
        """Set the version, commit, release, commit the index."""
        self.version(version)
        if self.git("status", "--porcelain"):
            self.commit()
        made = make(self.package, version, DAY, self.root / "dist", **given)
        self.commit()
        return made


def repository(world: World) -> Repo:
    shutil.copyfile(ROOT / ".gitignore", world.root / ".gitignore")
    code = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "scripts", world.root / "scripts", ignore=code)
    shutil.copyfile(ROOT / "requirements.txt", world.root / "requirements.txt")
    repo = Repo(world)
    repo.git("init", "-q")
    repo.version("0.1.0")
    repo.commit()
    return repo


@pytest.fixture(scope="module")
def released(made: World, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Two releases: 0.1.0 of the first two batches, 0.1.1 with the corrections."""
    repo = repository(copied(made, tmp_path_factory.mktemp("released")))
    repo.release("0.1.0", as_of="2")
    repo.release("0.1.1")
    return repo


@pytest.fixture
def repo(world: World) -> Repo:
    return repository(world)


def refused(repo: Repo, version: str, **given: Any) -> str:
    """Return why a release is refused, and check that nothing was written."""
    before = {path: path.read_bytes() for path in repo.root.rglob("*") if path.is_file()}
    with pytest.raises(ClaimlogError) as error:
        make(repo.package, version, DAY, repo.root / "dist", **given)
    after = {path: path.read_bytes() for path in repo.root.rglob("*") if path.is_file()}
    index = repo.root / ".git" / "index"  # git status refreshes it
    assert {k: v for k, v in after.items() if k != index} == {
        k: v for k, v in before.items() if k != index
    }
    return str(error.value)


def test_a_release_holds_the_log_the_tables_and_all_that_describes_them(released: Repo) -> None:
    folder = released.root / "dist" / "tiny-0.1.1"
    names = {path.relative_to(folder).parts[0] for path in folder.rglob("*")}
    assert names == {
        *("parquet", "tiny.db", "log", "validation.json", "CHANGES.md", "checkpoint"),
        *("SHA256SUMS", "release.json", "datapackage.json", "croissant.json", "README.md"),
        *("ro-crate-metadata.json", "datacite.json", "CITATION.cff", ".zenodo.json"),
        "dataset.jsonld",
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
    assert digest(folder.parent / archive["path"]) == archive["sha256"]
    assert {name: digest(folder / name) for name in second.data["files"]} == second.data["files"]
    assert len(second.data["commit"]) == 40
    assert second.data["tables"]["claims"]["rows"] == 5


def test_parquet_and_sqlite_have_the_logical_hash_of_the_index(released: Repo) -> None:
    folder = released.root / "dist" / "tiny-0.1.1"
    entry = find(read_index(released.package), "0.1.1", released.package)
    for name, table in Schemas(Package(folder / "log")).tables.items():
        said = entry.data["tables"][name]["hash"]
        assert of_parquet(folder / "parquet" / f"{name}.parquet", table).root == said
        assert of_sqlite(folder / "tiny.db", table).root == said


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


def test_changes_after_the_last_release_are_in_none(repo: Repo) -> None:
    repo.release("0.1.0", as_of="2")
    assert repo.world.run("build").returncode == 0
    with sqlite3.connect(repo.root / "build" / "tiny.db") as db:
        rows = db.execute("select release, count(*) from changes group by release").fetchall()
    assert dict(rows) == {None: 2, "0.1.0": 6}


def test_the_changelog_says_what_changed_why_and_whether_to_act(released: Repo) -> None:
    text = (released.root / "CHANGELOG.md").read_text("utf-8")
    newest, first = text.index("## 0.1.1 (2026-11-21)"), text.index("## 0.1.0 (2026-11-21)")
    assert newest < first
    assert "- C001-003 (note): The letter says pilots of the port." in text
    assert "- C001-004: The text does not say so." in text
    assert "**Do I need to do anything?** Only if you cite or count one of the 1 amended" in text
    own = (released.root / "dist" / "tiny-0.1.1" / "CHANGES.md").read_text("utf-8")
    assert own in text


def test_the_archive_is_the_same_whenever_it_is_written(released: Repo, tmp_path: Path) -> None:
    from claimlog.release import archive

    folder = released.root / "dist" / "tiny-0.1.1"
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy, copy_function=shutil.copyfile)  # other times and modes
    archive.write(copy, tmp_path / "again.zip")
    assert digest(tmp_path / "again.zip") == digest(folder.with_name("tiny-0.1.1.zip"))
    with zipfile.ZipFile(tmp_path / "again.zip") as found:
        assert {info.compress_type for info in found.infolist()} == {zipfile.ZIP_STORED}


def test_corrections_only_demand_a_patch(repo: Repo) -> None:
    repo.release("0.1.0", as_of="2")
    repo.version("0.2.0")
    repo.commit()
    assert refused(repo, "0.2.0") == (
        "0.2.0: the changes since 0.1.0 demand a patch version, 0.1.1 "
        "(2 amendments and retractions only)"
    )


def test_new_claims_demand_a_minor_version(repo: Repo) -> None:
    repo.release("0.1.0")
    repo.world.add("claims", [claim(QUOTE, "Some pilots wrote once more.", topic="opinion")])
    repo.world.seal("more")
    repo.version("0.1.1")
    repo.commit()
    assert "demand a minor version, 0.2.0 (new: 1 claims)" in refused(repo, "0.1.1")
    assert repo.release("0.2.0").diff.level == "minor"


def test_a_column_that_is_gone_demands_a_major_version(repo: Repo) -> None:
    repo.release("0.1.0")
    path = repo.root / "schemas" / "tables" / "incidents.json"
    spec = json.loads(path.read_text("utf-8"))
    spec["fields"] = [field for field in spec["fields"] if field["name"] != "note"]
    path.write_text(json.dumps(spec), "utf-8")
    repo.version("0.2.0")
    repo.commit()
    assert "demand a major version, 1.0.0 (the column incidents.note is gone)" in refused(
        repo, "0.2.0"
    )
    assert repo.release("1.0.0").diff.breaks


def test_without_a_change_there_is_nothing_to_release(repo: Repo) -> None:
    repo.release("0.1.0")
    repo.version("0.1.1")
    repo.commit()
    assert "nothing changed since 0.1.0" in refused(repo, "0.1.1")


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
        make(repo.package, wrong, DAY, repo.root / "dist")


def test_a_version_is_released_once(released: Repo) -> None:
    assert "0.1.0 was released already and never changes" in refused(released, "0.1.0")


def test_uncommitted_changes_are_named(repo: Repo) -> None:
    (repo.root / "notes.txt").write_text("x")
    assert "not committed: notes.txt" in refused(repo, "0.1.0")


def test_a_package_outside_git_is_refused(world: World) -> None:
    with pytest.raises(ClaimlogError, match="is no git checkout"):
        make(world.package, "0.1.0", DAY, world.root / "dist")


def test_the_descriptor_must_say_the_version(repo: Repo) -> None:
    assert '"version" is 0.1.0; set it to 1.0.0' in refused(repo, "1.0.0")


def test_a_log_with_findings_is_refused(repo: Repo) -> None:
    repo.world.rewrite("claims", lambda rows: rows[0].update(topic="weather"), 1)
    repo.commit()
    with pytest.raises(FindingsError, match="nothing was released"):
        make(repo.package, "0.1.0", DAY, repo.root / "dist")
    assert not (repo.root / "releases").exists()


def test_an_empty_log_is_refused(bare: World) -> None:
    repo = repository(bare)
    assert "the log is empty" in refused(repo, "0.1.0")


def test_a_release_ends_with_a_batch(repo: Repo) -> None:
    event = read(repo.package).frames["claims"]["event_id"][0]
    assert "a release ends with a batch" in refused(repo, "0.1.0", as_of=event)


def test_a_log_that_does_not_extend_the_last_release_is_refused(repo: Repo) -> None:
    repo.release("0.1.0", as_of="2")
    repo.world.rewrite("claims", lambda rows: rows[0].update(note="Rewritten."), 1)
    repo.version("0.1.1")
    repo.commit()
    assert "does not extend release 0.1.0" in refused(repo, "0.1.1")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("0.1.0.json", {"version": "0.1.9"}, "says version 0.1.9"),
        ("0.1.0.json", {"tree": {"size": 0, "root": "x"}}, "tree/"),
        ("notes.txt", {}, "does not belong in the index"),
        ("0.0.9.json", {"version": "0.0.9"}, "does not extend that of 0.0.9"),
    ],
    ids=["misnamed", "malformed", "stray", "shrinking"],
)
def test_an_index_that_cannot_be_trusted_is_named(
    name: str, change: dict[str, Any], message: str, released: Repo, tmp_path: Path
) -> None:
    root = tmp_path / "package"
    shutil.copytree(released.root, root, ignore=shutil.ignore_patterns("dist", ".git"))
    data = json.loads((root / "releases" / "0.1.0.json").read_text("utf-8"))
    if name == "0.0.9.json":
        data = {**data, "tree": {"size": data["tree"]["size"] + 1, "root": "0" * 64}}
    (root / "releases" / name).write_text(json.dumps({**data, **change}), "utf-8")
    with pytest.raises(ClaimlogError, match=message):
        read_index(Package(root))


def test_an_unknown_version_lists_those_that_are_known(released: Repo) -> None:
    with pytest.raises(UsageError, match=r"known are 0\.1\.0, 0\.1\.1"):
        find(read_index(released.package), "0.9.0", released.package)


def test_signatures_lie_beside_the_archive_and_change_nothing_in_it(
    repo: Repo, tmp_path: Path
) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = tmp_path / "key.pem"
    key.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
    )
    made = repo.release("0.1.0", as_of="2", key=key)
    signature, checkpoint = made.signed
    assert signature == made.archive.with_suffix(".signature")
    assert checkpoint == made.archive.with_suffix(".checkpoint")
    plain = (made.folder / "checkpoint").read_text("utf-8")
    assert checkpoint.read_text("utf-8").startswith(f"{plain}\n\N{EM DASH} tiny ")
    sums = digest(made.folder / "SHA256SUMS")
    text = f"claimlog release 1\ntiny 0.1.0\nSHA256SUMS {sums}\ntree "
    assert signature.read_text("utf-8").startswith(text)


def test_an_earlier_release_is_made_again_with_the_same_content(released: Repo) -> None:
    index = read_index(released.package)
    for entry in index:
        result = rebuild(released.package, index, entry, lambda _: None)
        assert result.different == []
        assert result.compared == 2 * len(entry.data["tables"]) > 50


def test_a_release_whose_content_cannot_be_made_again_is_named(released: Repo) -> None:
    index = read_index(released.package)
    tables = {**index[0].data["tables"]}
    tables["claims"] = {**tables["claims"], "hash": "0" * 64}
    entry = Entry({**index[0].data, "tables": tables}, index[0].shown)
    result = rebuild(released.package, index, entry, lambda _: None)
    assert [line.split(":")[0] for line in result.different] == ["claims", "claims"]


def test_a_release_is_made_again_byte_for_byte_by_its_own_code(released: Repo) -> None:
    index = read_index(released.package)
    said: list[str] = []
    result = rebuild_exactly(released.package, index[1], said.append)
    assert result.different == []
    assert result.compared == len(index[1].data["files"]) + 1
    assert said == ["make it again"]  # the lock file is this environment's


def test_a_commit_that_git_does_not_have_is_named(released: Repo) -> None:
    index = read_index(released.package)
    entry = Entry({**index[0].data, "commit": "1" * 40}, "releases/0.0.1.json")
    with pytest.raises(ClaimlogError, match="git does not have the commit 111111111111"):
        rebuild(released.package, index, entry, lambda _: None)


def test_a_release_is_found_by_its_entry_where_history_was_rewritten(released: Repo) -> None:
    index = read_index(released.package)
    entry = Entry({**index[1].data, "commit": "1" * 40}, index[1].shown)
    assert rebuild(released.package, index, entry, lambda _: None).different == []


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
    assert "    note: None -> 'Port pilots.'" in text
    assert "- C001-004 v2" in text


def test_a_comparison_in_the_wrong_order_is_a_usage_error(released: Repo) -> None:
    done = released.world.run("diff", "0.1.1", "0.1.0")
    assert done.returncode == 2
    assert "0.1.1 is later than 0.1.0; swap them" in done.stderr


def test_a_renamed_column_is_no_break_while_a_view_keeps_its_name(released: Repo) -> None:
    log = read(released.package)
    before = shapes(log.schemas)
    before["incidents"]["columns"]["remark"] = before["incidents"]["columns"].pop("note")
    old, new = Point("1.0.0", log.size, before), Point.of_head(log, "1.1.0")
    kept = [Deprecation("incidents", "remark", "note", "1.1.0", "1.2.0")]
    assert compare(log, old, new, []).level == "major"
    found = compare(log, old, new, kept)
    assert found.level == "minor"
    assert "was renamed; a view keeps the old name" in found.schema[0].text
    refuse_wrong(Version(1, 1, 0), [released_as("1.0.0", released)], found)


def released_as(version: str, released: Repo) -> Entry:
    entry = read_index(released.package)[-1]
    return Entry({**entry.data, "version": version}, f"releases/{version}.json")


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
    assert "schemas/deprecations.csv: incidents.remark is said to be notes now" in done.stderr


def test_an_older_row_is_upcast_when_read_and_its_line_is_not_changed(world: World) -> None:
    """A later schema renames a column and adds one; the sealed rows stay as they are."""
    before = read(world.package)
    schemas = world.root / "schemas"
    (schemas / "past").mkdir()
    shutil.copyfile(schemas / "links.json", schemas / "past" / "links.1.json")
    spec = json.loads((schemas / "links.json").read_text("utf-8"))
    for field in spec["fields"]:
        if field["name"] == "note":
            field["name"] = "remark"
    spec["fields"].append({"name": "weight", "type": "integer", "description": "A new one."})
    spec["fields"].sort(key=lambda field: field["name"])
    (schemas / "links.json").write_text(json.dumps({**spec, "schemaVersion": 2}), "utf-8")
    (schemas / "upcasts.csv").write_text(
        "stream,to_version,operation,column,given\nlinks,2,rename,remark,note\nlinks,2,add,weight,7\n"
    )
    after = read(Package(world.root))
    assert after.findings == []
    assert after.root == before.root
    [old], [new] = before.frames["links"].to_dicts(), after.frames["links"].to_dicts()
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
        result = rebuild(package, index, entry, lambda _: None)
        assert result.different == []


def test_the_command_prints_how_to_tag_and_tags_nothing(repo: Repo) -> None:
    done = repo.world.run("release", "0.1.0", "--date", DAY)
    assert done.returncode == 0, done.stderr
    assert "git tag -a v0.1.0 -m 'A tiny package 0.1.0'" in done.stdout
    assert repo.git("tag") == ""


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
