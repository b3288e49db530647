"""Starting a dataset with `claimlog new`, taking its example out, and upgrading it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import claimlog.start.example
from claimlog.build import build
from claimlog.checkout import Checkout
from claimlog.errors import ClaimlogError, UsageError
from claimlog.git import CheckoutError
from claimlog.interrupt_handler import begin_command, outcome
from claimlog.log.batch import sealed_batches
from claimlog.log.read_log import read
from claimlog.package import DESCRIPTOR, STAMP, Package
from claimlog.release.descriptors.plain_yaml import load_yaml
from claimlog.release.generated_package_files import stale_files
from claimlog.schema.definition import read_definition
from claimlog.schema.table_schema import REQUIRED_STREAMS
from claimlog.start import template_files, upgrade
from claimlog.start.example import remove_example
from claimlog.start.language_tags import PATTERN, language_tag
from claimlog.start.new_package import make_package, require_place
from claimlog.start.next_schema_version import begin_next_version
from claimlog.start.package_choices import PackageChoices, licences
from claimlog.start.upgrade import apply_upgrade, plan_upgrade
from claimlog.validate import validate
from conftest import ROOT, World, asking
from own_topics import commit
from test_topic import change_json

CHOICES = PackageChoices("bells", "Bells", "the bells of a town", "CC-BY-4.0", ("de", "en"))


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A package as `claimlog new` leaves it; nobody changes it."""
    root = tmp_path_factory.mktemp("new") / "bells"
    make_package(root, CHOICES)
    return World(Package(root), root / "texts")


@pytest.fixture
def bells(pristine: World, tmp_path: Path) -> World:
    """A copy of a new package."""
    root = tmp_path / "bells"
    shutil.copytree(pristine.root, root)
    return World(Package(root), root / "texts")


def test_a_new_package_holds_every_rule_and_nothing_that_is_stale(pristine: World) -> None:
    log = read(pristine.package)
    assert validate(log, pristine.supplied).findings == []
    assert [*stale_files(pristine.package)] == []
    assert log.live_count("claims") == 5
    assert [batch.path.name for batch in sealed_batches(pristine.package, [])] == ["0001-example"]
    assert not pristine.package.state.exists()
    for name in ("README.md", "Makefile", "CITATION.cff", "LICENSE-DATA", "docs/codebook.md"):
        assert CHOICES.title in (pristine.root / name).read_text("utf-8") or name == "Makefile"
    assert "/texts/" in (pristine.root / ".gitignore").read_text("utf-8").splitlines()


def test_a_new_package_builds_and_every_page_of_it_is_answered(bells: World) -> None:
    build(bells.package, bells.package.build)
    get = asking(bells.package.build)
    for page in ("/", "/claims", "/claims/C001-002", "/sources/S001", "/codebook", "/coders"):
        assert (page, get(page).status_code) == (page, 200)
    assert 'class="k-1"' in get("/sources/S001").text


@pytest.mark.slow
def test_the_makefile_of_a_new_package_tests_it_with_another_claimlog(bells: World) -> None:
    done = subprocess.run(
        ["make", "test", f"CLAIMLOG={Path(sys.executable).parent / 'claimlog'}"],
        cwd=bells.root,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "5 of 5 anchors checked, all exact" in done.stdout
    assert not (bells.root / ".venv").exists()


def test_the_tool_of_a_new_package_is_the_claimlog_that_made_it(pristine: World) -> None:
    tool = pristine.root / "tool"
    assert {path.name for path in tool.iterdir()} == {
        f"claimlog-{claimlog.__version__}-py3-none-any.whl",
        "requirements.txt",
    }
    made = pristine.package.descriptor[STAMP]
    for path, digest in made["files"].items():
        assert template_files.digest((pristine.root / path).read_bytes()) == digest


def test_the_generic_tables_are_those_of_this_dataset() -> None:
    ours = read_definition(Package(ROOT)).tables
    for path, data in template_files.template_schemas().items():
        if path.startswith("schemas/tables/"):
            spec, own = json.loads(data), ours[Path(path).stem]
            for field in spec["fields"]:
                if "from" not in field:
                    same = next(f for f in own.spec["fields"] if f["name"] == field["name"])
                    changed = ("description", "constraints", "example")
                    kept = [{k: v for k, v in f.items() if k not in changed} for f in (field, same)]
                    assert kept[0] == kept[1], (path, field["name"])


def test_languages_are_a_code_list_with_that_of_the_example(pristine: World) -> None:
    codes = read_definition(pristine.package).codebook.codes["language"]
    assert [(row["code"], row["label"]) for row in codes] == [("de", "German"), ("en", "English")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Bells!"}, "--name 'Bells!': name: "),
        ({"name": "claims"}, "--name 'claims': \"name\" is claims, the address of a page"),
        ({"title": " "}, "--title ' ': expected some words in one line"),
        ({"topic": "a\nb"}, "--topic 'a\\nb': expected some words in one line"),
        (
            {"authors": ("Ada\nExample",)},
            "--author 'Ada\\nExample': expected some words in one line",
        ),
        ({"authors": ("A" * 201,)}, "--author: has 201 characters, at most 200"),
        ({"licence": "CC-BY-40"}, "--licence 'CC-BY-40': is not known; did you mean"),
        (
            {"languages": ("english",)},
            "--language 'english': is no language tag; expected one",
        ),
        ({"languages": ("xx",)}, "--language 'xx': is no language tag"),
    ],
)
def test_a_choice_that_cannot_be_is_one_line_and_makes_nothing(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    choices = PackageChoices(**{**CHOICES.__dict__, **change})
    with pytest.raises(UsageError) as raised:
        make_package(tmp_path / "bells", choices)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("licence", [row["name"] for row in licences()])
def test_every_licence_has_an_address_and_a_title(licence: str) -> None:
    head = PackageChoices("a", "A", "a", licence, ()).head()
    [stated] = head["licenses"]
    assert stated["path"].startswith("https://")
    assert stated["title"]


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda place: (place / "x").mkdir(parents=True), "is not empty; name a new directory"),
        (lambda place: place.write_text("", "utf-8"), "is no directory; name another place"),
        (lambda place: place.symlink_to("elsewhere"), "is no directory; name another place"),
        (lambda place: place.parent.rmdir(), "its parent is no directory; make that first"),
    ],
)
def test_a_place_that_is_taken_stays_as_it_is(
    prepare: Callable[[Path], Any], message: str, tmp_path: Path
) -> None:
    place = tmp_path / "parent" / "bells"
    place.parent.mkdir()
    prepare(place)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match=message):
        make_package(place, CHOICES)
    assert sorted(tmp_path.rglob("*")) == before


def test_nothing_is_left_of_a_package_that_could_not_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ClaimlogError("no room")

    monkeypatch.setattr("claimlog.start.new_package.refresh_generated_files", fail)
    with pytest.raises(ClaimlogError, match="no room"):
        make_package(tmp_path / "bells", CHOICES)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.slow
def test_the_command_says_what_is_missing_and_what_comes_next(tmp_path: Path) -> None:
    world = World(Package(tmp_path), tmp_path)
    lacking = world.run("new", "bells")
    assert (lacking.returncode, lacking.stdout) == (2, "")
    assert lacking.stderr == "claimlog: --topic: say in some words what the claims are about\n"
    done = world.run("new", "Old Bells", "--topic", "old bells")
    assert done.returncode == 0, done.stderr
    made = Package(tmp_path / "Old Bells").descriptor
    assert (made["name"], made["title"]) == ("old-bells", "Old bells")
    assert "make serve" in done.stdout


def test_the_example_is_taken_out_and_leaves_an_empty_log(bells: World) -> None:
    change_json(  # also where the schemas were changed before
        bells.root / "schemas" / "claims.json",
        lambda spec: spec["fields"].append(
            {"name": "pitch", "type": "string", "description": "How high it rings."}
        ),
    )
    done = bells.run("drop", "--example")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "removed events/0001-example\nremoved texts/example.txt\n"
    package = Package(bells.root)
    assert [*package.events.iterdir()] == []
    assert "example" not in package.descriptor[STAMP]
    assert bells.run("schemas", "--write").returncode == 0
    assert validate(read(package), None).findings == []
    build(package, package.build)
    again = bells.run("drop", "--example")
    assert again.returncode == 1
    assert "names no example in this log; nothing was removed" in again.stderr


@pytest.mark.slow
@pytest.mark.parametrize("cut", ["rename", "remove", "unlink", "write"])
def test_an_example_that_is_taken_out_half_is_taken_out_by_the_same_command(
    cut: str, bells: World
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    place = {"remove": claimlog.start.example, "write": Package}.get(cut, Path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(place, cut, stop)
        with pytest.raises(KeyboardInterrupt):
            remove_example(bells.package)
    validated = bells.run("validate")
    if cut == "rename":
        assert validated.returncode == 0, validated.stdout
    else:
        assert "run claimlog drop --example, which ends one" in validated.stdout
        assert "from git" not in validated.stdout + validated.stderr
        bells.add("actors", [{"actor_id": "own", "name": "Own", "actor_type": "person"}])
    assert bells.run("drop", "--example").stdout == (
        "removed events/0001-example\nremoved texts/example.txt\n"
    )
    assert bells.run("validate").returncode == 0
    assert not (bells.root / "texts" / "example.txt").exists()
    assert [*bells.package.state.glob("staging-*")] == []


@pytest.mark.parametrize(
    ("stage", "message"),
    [("open", "the open batch holds rows"), ("sealed", "was followed by other batches")],
)
def test_an_example_that_something_was_built_on_stays(
    stage: str, message: str, bells: World
) -> None:
    bells.add("actors", [{"actor_id": "own", "name": "Own", "actor_type": "person"}])
    if stage == "sealed":
        bells.seal("own")
    with pytest.raises(ClaimlogError, match=message):
        remove_example(bells.package)
    assert (bells.root / "events" / "0001-example" / "claims.ndjson").is_file()
    assert (bells.root / "texts" / "example.txt").is_file()


def test_drop_takes_the_example_or_rows_and_not_both(bells: World) -> None:
    both = bells.run("drop", "--example", "C001-001")
    neither = bells.run("drop")
    assert (both.returncode, neither.returncode) == (2, 2)
    assert "--example goes alone" in both.stderr
    assert "name the rows" in neither.stderr


def test_a_package_starts_from_the_codebook_of_another(tmp_path: Path) -> None:
    package = make_package(tmp_path / "next", CHOICES, Package(ROOT))
    definition = read_definition(package)
    ours = read_definition(Package(ROOT))
    assert [*definition.streams] == [*ours.streams]
    assert {table.version for table in definition.streams.values()} == {1}
    assert definition.codebook.codes == ours.codebook.codes
    about = package.json("schemas/codebook/codebook.json")
    before = Package(ROOT).json("schemas/codebook/codebook.json")
    assert about == {**before, "title": about["title"], "description": about["description"]}
    assert (about["title"], "the bells of a town" in about["description"]) == (
        "Codebook of Bells",
        True,
    )
    manual = (package.root / "docs" / "codebook.md").read_text("utf-8")
    assert about["title"] in manual
    assert before["title"] not in manual
    assert [*definition.tables] == [*ours.tables]
    assert (definition.earlier, definition.upcast_steps) == ({}, ())
    assert {requirement.since for requirement in definition.requirements} == {1}
    assert package.descriptor["name"] == "bells"
    assert "logOrigin" not in package.descriptor
    assert [*package.events.iterdir()] == []
    assert [*stale_files(package)] == []
    assert validate(read(package), None).findings == []
    assert "drop --example" not in (package.root / "README.md").read_text("utf-8")


@pytest.mark.parametrize("place", ["next", "texts/next", "../link/next"])
def test_a_package_is_not_made_inside_another_one(bells: World, place: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(bells.root / "schemas")
    done = bells.run("new", place, "--from", ".", "--topic", "boats")
    assert done.returncode == 2
    assert f"{place}: lies inside the package {bells.root}" in done.stderr
    assert done.stderr.endswith("make it beside that one: ../next\n")
    assert not (bells.root / place).exists()


def test_without_a_terminal_a_new_package_needs_its_directory(bells: World) -> None:
    done = bells.run("new", "--topic", "boats")
    assert done.returncode == 2
    assert "name the directory to make: claimlog new DIR" in done.stderr


def typed(folder: Path, *words: str, answers: list[str]) -> tuple[int, str]:
    """Run claimlog on a terminal, typing lines; return its exit status and what it printed."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "claimlog", *words],
        cwd=folder, stdin=end, stdout=end, stderr=end, start_new_session=True,
        env={**os.environ, "NO_COLOR": "1", "TERM": "dumb"},
    )  # fmt: skip
    os.close(end)
    os.write(terminal, "".join(f"{answer}\n" for answer in answers).encode())
    printed = b""
    with contextlib.suppress(OSError):  # which is how the end of a terminal reads
        while data := os.read(terminal, 65536):
            printed += data
    os.close(terminal)
    return process.wait(60), printed.decode()


@pytest.mark.slow
def test_on_a_terminal_every_answer_is_judged_before_the_next_question(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    answers = ["taken", "bells", "No Name", "bells", "Bells", "the bells of a town"]
    answers += ["A" * 201, "Ada Example", "CC-BY-5.0", "CC-BY-4.0", "xx", "en"]
    status, printed = typed(tmp_path, "new", answers=answers)
    assert status == 0, printed
    refused = re.findall(r"Error: (\S+?):? ", printed)
    assert refused == ["taken", "--name", "--author", "--licence", "--language"]
    about = json.loads((tmp_path / "bells" / DESCRIPTOR).read_text("utf-8"))
    assert (about["name"], about["title"]) == ("bells", "Bells")
    assert about["contributors"] == [{"title": "Ada Example", "roles": ["author"]}]


AUTHORS = (
    *('{"a": *b} # x: - !!python/object', "yes", "1.0", "~", "'", "- a", "a: b", "${topic}"),
    "<script>alert(1)</script>[x](javascript:alert(1))",
)


def test_an_author_is_words_whatever_they_mean_in_yaml(tmp_path: Path) -> None:
    package = make_package(tmp_path / "bells", replace(CHOICES, authors=AUTHORS))
    citation = load_yaml((package.root / "CITATION.cff").read_text("utf-8"))
    assert citation["authors"] == [{"name": author} for author in AUTHORS]
    assert not {*AUTHORS}.intersection((package.root / "README.md").read_text("utf-8").splitlines())


@pytest.mark.slow
def test_authors_are_whom_a_citation_names(tmp_path: Path) -> None:
    make_package(tmp_path / "bells", replace(CHOICES, authors=("Ada Example", "Example Society")))
    cited = (tmp_path / "bells" / "CITATION.cff").read_text("utf-8")
    assert re.findall(r"name: (.*)", cited) == ["Ada Example", "Example Society"]


def test_a_place_that_cannot_be_is_refused_before_any_question(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the path is not UTF-8"):
        require_place(tmp_path / os.fsdecode(b"p\xff"))
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    status, printed = typed(tmp_path, "new", "taken", answers=[])
    assert status == 2
    assert "taken: is not empty; name a new directory" in printed
    assert len(printed.splitlines()) == 1


def test_nothing_but_the_definition_is_taken_of_another_package(
    bells: World, tmp_path: Path
) -> None:
    schemas = bells.root / "schemas"
    strange = (".git/config", ".git/refs/heads/main", "HEAD", "config", "conftest.py", "a\x1b.csv")
    for name in (*strange, "objects/ab/cd", "codebook/.git/config", "queries/Makefile"):
        (schemas / name).parent.mkdir(parents=True, exist_ok=True)
        (schemas / name).write_text("[core]\n\tfsmonitor = touch ran\n", "utf-8")
    package = make_package(tmp_path / "next", CHOICES, bells.package)
    found = [path for path in package.schemas.rglob("*") if path.is_file()]
    assert {path.suffix for path in found} == {".json", ".csv"}
    assert not [path for path in package.schemas.rglob("*") if path.name.startswith(".")]
    assert validate(read(package), None).findings == []


@pytest.mark.parametrize("names", [["loud"], ["loud", "old"]])
def test_a_column_that_sealed_rows_lack_is_one_finding_for_all_of_them(
    bells: World, names: list[str]
) -> None:
    columns = [{"name": name, "type": "string", "description": "Own."} for name in names]
    change_json(bells.root / "schemas" / "claims.json", lambda spec: spec["fields"].extend(columns))
    findings = [one for one in read(Package(bells.root)).findings if one.rule == "keys"]
    assert [(one.message, one.line) for one in findings] == [
        (f'missing key "{name}", and so in 4 more rows of claims', 1) for name in names
    ]
    assert {one.path for one in findings} == {"events/0001-example/claims.ndjson"}
    assert "--next-version" in str(findings[0])
    done = bells.run("schemas", "--write")
    assert done.returncode == 1
    assert done.stderr.count("--next-version") == len(names)


def test_what_older_rows_need_not_meet_a_new_package_demands(tmp_path: Path) -> None:
    package = make_package(tmp_path / "next", CHOICES, Package(ROOT))
    for name in REQUIRED_STREAMS:
        spec = package.json(f"schemas/{name}.json")
        assert not any("currentConstraints" in field for field in spec["fields"])
    claims = read_definition(package).streams["claims"]
    assert claims.by_name["time_frame"].required


def test_a_pattern_with_a_slip_is_one_line_and_makes_nothing(bells: World, tmp_path: Path) -> None:
    change_json(
        bells.root / "schemas" / "claims.json",
        lambda spec: spec["fields"][0].update(codelist="nothing"),
    )
    with pytest.raises(ClaimlogError, match="names the code list 'nothing'"):
        make_package(tmp_path / "next", CHOICES, bells.package)
    assert not (tmp_path / "next").exists()


def restate(world: World, **made: Any) -> None:
    """Change what a package says that it was made with."""
    path = world.root / DESCRIPTOR
    about = json.loads(path.read_text("utf-8"))
    about[STAMP] |= made
    path.write_text(json.dumps(about), "utf-8")
    world.package.__dict__.pop("descriptor", None)


def test_a_new_package_has_nothing_to_upgrade(bells: World) -> None:
    assert plan_upgrade(bells.package) == []
    done = bells.run("upgrade")
    assert done.returncode == 0
    assert done.stdout.startswith("nothing to upgrade: the package was made with claimlog")


@pytest.fixture
def older(bells: World) -> World:
    """A package that an older claimlog made: with other files, fewer columns, and older rules."""
    files = bells.package.descriptor[STAMP]["files"]
    [wheel] = (path for path in files if path.endswith(".whl"))
    (bells.root / wheel).rename(bells.root / "tool" / "claimlog-0.2.9-py3-none-any.whl")
    digests = {path: digest for path, digest in files.items() if path != wheel}
    digests["tool/claimlog-0.2.9-py3-none-any.whl"] = files[wheel]
    for name in ("Makefile", ".gitattributes"):
        (bells.root / name).write_text("# of an older claimlog\n", "utf-8")
        digests[name] = template_files.digest(b"# of an older claimlog\n")
    (bells.root / ".gitignore").write_text("/mine/\n", "utf-8")
    (bells.root / ".github" / "workflows" / "dataset.yml").unlink()
    restate(bells, version="0.2.9", files=digests)
    change_json(
        bells.root / "schemas" / "tables" / "claims.json",
        lambda spec: spec.update(
            fields=[item for item in spec["fields"] if item["name"] != "independent_origins"]
        ),
    )
    rules = bells.root / "schemas" / "rules.csv"
    rules.write_text("".join(rules.read_text("utf-8").splitlines(True)[:-1]), "utf-8")
    return bells


def test_an_upgrade_shows_what_it_would_do_and_does_nothing(older: World) -> None:
    before = {path: path.read_bytes() for path in older.root.rglob("*") if path.is_file()}
    done = older.run("upgrade")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        ".gitattributes: renewed",
        ".github/workflows/dataset.yml: was removed here, and stays away",
        ".gitignore: was changed here, and stays",
        "Makefile: renewed",
        "tool/claimlog-0.2.9-py3-none-any.whl: removed",
        f"tool/claimlog-{claimlog.__version__}-py3-none-any.whl: new",
        "schemas/tables/claims.json: gets the columns independent_origins",
        "schemas/rules.csv: renewed from the codebook and the code",
        "datapackage.json: says what the package is made with",
        f"the package was made with claimlog 0.2.9, this is {claimlog.__version__}; nothing was "
        "changed, --apply does it",
    ]
    after = {
        path: path.read_bytes()
        for path in older.root.rglob("*")
        if path.is_file() and ".claimlog" not in path.parts
    }
    assert after == before


def test_an_upgrade_renews_what_nobody_changed_and_no_row(older: World, pristine: World) -> None:
    rows = [path.read_bytes() for path in sorted(older.package.events.rglob("*"))[1:]]
    done = older.run("upgrade", "--apply")
    assert done.returncode == 0, done.stderr
    assert [path.read_bytes() for path in sorted(older.package.events.rglob("*"))[1:]] == rows
    for name in ("Makefile", ".gitattributes", "schemas/rules.csv"):
        assert (older.root / name).read_bytes() == (pristine.root / name).read_bytes()
    assert (older.root / ".gitignore").read_text("utf-8") == "/mine/\n"
    assert not (older.root / ".github" / "workflows" / "dataset.yml").exists()
    assert len([*(older.root / "tool").glob("*.whl")]) == 1
    package = Package(older.root)
    assert "independent_origins" in read_definition(package).tables["claims"].names
    assert package.descriptor[STAMP]["version"] == claimlog.__version__
    assert package.descriptor[STAMP]["example"] == "0001-example"
    assert [change for change in plan_upgrade(package) if not change.is_kept] == []


@pytest.mark.parametrize("change", [apply_upgrade, remove_example])
def test_what_another_process_wrote_into_the_descriptor_before_the_lock_was_free_stays(
    change: Callable[[Package], object], older: World
) -> None:
    assert "version" in older.package.descriptor  # which the command has read already
    change_json(older.root / DESCRIPTOR, lambda about: about.update(version="7.0.0"))
    change(older.package)
    assert Package(older.root).descriptor["version"] == "7.0.0"


@pytest.mark.parametrize("change", [apply_upgrade, remove_example])
def test_a_command_that_is_interrupted_once_it_removed_something_does_not_say_nothing_was(
    change: Callable[[Package], object], older: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_: Package, path: Path, __: bytes) -> None:
        if path.name == DESCRIPTOR:
            raise KeyboardInterrupt

    monkeypatch.setattr(Package, "write", write)
    begin_command()
    with pytest.raises(KeyboardInterrupt):
        change(older.package)
    assert outcome() == "look whether it was done before you run it again"


def test_a_newer_claimlog_builds_an_older_package_as_it_is(older: World) -> None:
    done = older.run("build")
    assert done.returncode == 0, done.stderr
    assert (older.package.build / "bells.db").is_file()


@pytest.mark.parametrize("command", ["validate", "build", "upgrade", "log"])
def test_an_older_claimlog_says_in_one_line_that_it_cannot(command: str, bells: World) -> None:
    restate(bells, version="9.1.0", schemas=2)
    done = bells.run(command)
    assert done.returncode == 1
    assert done.stderr == (
        "claimlog: datapackage.json: needs claimlog '9.1.0' or newer (its schemas are of version "
        f"2, and this is claimlog {claimlog.__version__}, which reads up to 1); install the wheel "
        "in its tool/ or in its last release, or run make there\n"
    )


def test_a_package_that_states_no_version_is_given_one_and_no_files(world: World) -> None:
    changes = plan_upgrade(world.package)
    assert [change.path for change in changes if not change.is_kept] == [DESCRIPTOR]
    apply_upgrade(world.package)
    assert Package(world.root).descriptor[STAMP]["files"] == {}
    assert not (world.root / "Makefile").exists()


def test_an_upgrade_makes_the_directories_of_files_that_are_new(bells: World) -> None:
    shutil.rmtree(bells.root / ".github")
    written = {
        path: digest
        for path, digest in bells.package.descriptor[STAMP]["files"].items()
        if not path.startswith(".github/")
    }
    restate(bells, version="0.2.9", files=written)
    done = bells.run("upgrade", "--apply")
    assert done.returncode == 0, done.stderr
    assert (bells.root / ".github" / "workflows" / "dataset.yml").is_file()


def test_an_upgrade_removes_nothing_that_a_package_calls_written(bells: World) -> None:
    [batch] = (path.name for path in bells.package.events.iterdir())
    names = (f"events/{batch}/claims.ndjson", "README.md", "tool/../README.md", "tool/mine.whl")
    (bells.root / "tool" / "mine.whl").write_bytes(b"a wheel of somebody else")
    held = {name: (bells.root / name).read_bytes() for name in names}
    files = bells.package.descriptor[STAMP]["files"]
    digests = {name: template_files.digest(data) for name, data in held.items()}
    restate(bells, files={**files, **digests})
    done = bells.run("upgrade", "--apply")
    assert done.returncode == 0, done.stderr
    for name, data in held.items():
        assert f"{name}: is no file that claimlog writes, and stays" in done.stdout
        assert (bells.root / name).read_bytes() == data
        assert name not in bells.package.json(DESCRIPTOR)[STAMP]["files"]


def test_the_example_is_removed_through_no_link(bells: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (bells.root / "texts").rename(outside)
    (bells.root / "texts").symlink_to(outside)
    done = bells.run("drop", "--example")
    assert done.returncode == 1
    assert "is a symbolic link" in done.stderr
    assert (outside / "example.txt").is_file()
    assert [*bells.package.events.iterdir()]


def test_an_upgrade_writes_through_no_link(older: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (older.root / "tool").rename(outside)
    (older.root / "tool").symlink_to(outside)
    before = sorted(outside.iterdir())
    with pytest.raises(ClaimlogError, match="leads out of the package"):
        apply_upgrade(older.package)
    assert sorted(outside.iterdir()) == before


def test_a_package_without_contributors_is_one_finding(bells: World) -> None:
    path = bells.root / DESCRIPTOR
    about = json.loads(path.read_text("utf-8"))
    del about["contributors"]
    path.write_text(json.dumps(about), "utf-8")
    done = bells.run("validate")
    assert done.returncode == 1
    assert "datapackage.json: 'contributors' is a required property" in done.stdout + done.stderr


def test_the_files_that_claimlog_writes_are_those_of_the_template() -> None:
    names = {path.name for path in (ROOT / "scripts/claimlog/start/template/files").iterdir()}
    assert {*template_files.RENEWED.values()} <= names
    assert upgrade.TABLES == "schemas/tables"


@pytest.mark.slow
def test_a_language_without_a_code_of_two_letters_is_a_code_of_the_package(tmp_path: Path) -> None:
    choices = replace(CHOICES, languages=("prs", "ARZ", "sr-latn", "zh-hant-tw"))
    definition = read_definition(make_package(tmp_path / "made", choices))
    codes = [row["code"] for row in definition.codebook.codes["language"]]
    assert codes == ["prs", "arz", "sr-Latn", "zh-Hant-TW", "en"]
    pattern = definition.streams["sources"].by_name["language"].constraints["pattern"]
    assert pattern == PATTERN


@pytest.mark.parametrize("text", ["english", "en_GB", "-en", "en-", "x", "e", "en-x", "zh--Hant"])
def test_what_is_no_language_tag_is_told_from_one(text: str) -> None:
    assert language_tag(text) is None


def test_the_next_version_of_a_schema_begins_with_the_one_that_rows_have(bells: World) -> None:
    schema = bells.root / "schemas" / "claims.json"
    before = schema.read_text("utf-8")
    done = bells.run("schemas", "--next-version", "claims")
    assert done.returncode == 0, done.stderr
    assert "version 2; each column that it adds has a line" in done.stdout
    kept = bells.root / "schemas" / "past" / "claims.1.json"
    assert kept.read_text("utf-8") == before
    assert json.loads(schema.read_text("utf-8")) == {**json.loads(before), "schemaVersion": 2}
    change_json(schema, lambda spec: spec["fields"].append({"name": "own", "type": "string"}))
    upcasts = bells.root / "schemas" / "upcasts.csv"
    upcasts.write_text(upcasts.read_text("utf-8") + "claims,2,add,own,null\n", "utf-8")
    assert bells.run("schemas", "--write").returncode == 0
    assert validate(read(Package(bells.root)), bells.supplied).findings == []


def test_a_next_version_that_was_cut_off_is_begun_by_doing_it_again(bells: World) -> None:
    schema = bells.root / "schemas" / "claims.json"
    before = schema.read_bytes()
    assert bells.run("schemas", "--next-version", "claims").returncode == 0
    schema.write_bytes(before)  # as if the copy had been written and nothing else
    assert bells.run("schemas", "--next-version", "claims").returncode == 0
    assert read_definition(Package(bells.root)).streams["claims"].version == 2


def test_a_next_version_may_begin_when_its_column_was_added_already(bells: World) -> None:
    subprocess.run(["git", "init", "-q"], cwd=bells.root, check=True)
    commit(bells.root)
    schema = bells.root / "schemas" / "claims.json"
    committed = schema.read_text("utf-8")
    change_json(schema, lambda spec: spec["fields"].append({"name": "own", "type": "string"}))
    done = bells.run("validate")
    assert "claimlog schemas --next-version claims" in done.stdout + done.stderr
    assert bells.run("schemas", "--next-version", "claims").returncode == 0
    assert (bells.root / "schemas" / "past" / "claims.1.json").read_text("utf-8") == committed
    upcasts = bells.root / "schemas" / "upcasts.csv"
    upcasts.write_text(upcasts.read_text("utf-8") + "claims,2,add,own,null\n", "utf-8")
    assert bells.run("schemas", "--write").returncode == 0
    assert validate(read(Package(bells.root)), bells.supplied).findings == []


@pytest.mark.parametrize("way", ["git fails", "no git"])
def test_no_next_version_begins_where_git_does_not_say_what_rows_were_written_by(
    way: str, bells: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "init", "-q"], cwd=bells.root, check=True)
    commit(bells.root)
    schema = bells.root / "schemas" / "claims.json"
    change_json(schema, lambda spec: spec["fields"].append({"name": "own", "type": "string"}))
    edited = schema.read_bytes()
    if way == "no git":
        monkeypatch.setattr("claimlog.git.shutil.which", lambda _: None)
    else:

        def failing(*_: object) -> None:
            raise CheckoutError("git ls-tree failed: it gave no reason")

        monkeypatch.setattr(Checkout, "read", failing)
    with pytest.raises(ClaimlogError, match="git does not say what was committed of it"):
        begin_next_version(Package(bells.root), "claims")
    assert schema.read_bytes() == edited
    assert not (bells.root / "schemas" / "past" / "claims.1.json").exists()


def test_a_next_version_is_refused_where_its_beginning_is_not_known(bells: World) -> None:
    def refused(stream: str) -> str:
        done = bells.run("schemas", "--next-version", stream)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        return done.stderr

    for stream in ("nothing", "../claims", "tables/claims", "Claims"):
        assert "no stream is called" in refused(stream)
    subprocess.run(["git", "init", "-q"], cwd=bells.root, check=True)
    commit(bells.root)
    schema = bells.root / "schemas" / "claims.json"
    committed = schema.read_bytes()
    kept = bells.root / "schemas" / "past" / "claims.1.json"
    kept.parent.mkdir()
    kept.write_text("{}", "utf-8")
    assert "is there already, and is not what schemas/claims.json was" in refused("claims")
    assert schema.read_bytes() == committed
