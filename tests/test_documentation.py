"""README.md and docs/ are true: their snippets and commands are run here, numbers are generated."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import forked
from claimlog.cli import cli
from claimlog.cli.base import Context
from claimlog.edit.clock import last_seal, now, refuse_doubtful_clock
from claimlog.errors import ClaimlogError
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.release.coding_manual import PAGE
from claimlog.site.markdown_page import heading_anchor
from conftest import ROOT, World, environment_with_pandas
from workshop.bench.__main__ import bench
from workshop.docs import refresh
from workshop.docs.markers import (
    documentation_pages,
    fill_parts,
    page_of_part,
    part_names,
    read_page,
    write_part,
)
from workshop.docs.parts import PARTS
from workshop.docs.refresh import MEASURED, stale_pages

PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in documentation_pages(ROOT)
}
TEXT = "\n".join(PAGES.values())
FOLLOWED = ("docs/new.md", "docs/define.md")
"""Pages that are run whole, in a package that they make themselves: by test_docs_new."""

SNIPPETS = "\n".join(text for name, text in PAGES.items() if name not in FOLLOWED)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def blocks(kind: str) -> list[Any]:
    """Return the code blocks of a kind of all pages, each as a parameter named by its page."""
    found = [
        (name, code)
        for name, text in PAGES.items()
        for sort, code in BLOCK.findall(text)
        if sort == kind and name not in FOLLOWED
    ]
    return [pytest.param(code, id=f"{name}-{number}") for number, (name, code) in enumerate(found)]


def commands() -> Iterator[tuple[str, str]]:
    """Yield the lines of pages that are indented as commands, without their comments.

    A line that ends with a backslash goes on in the next one.
    """
    for name, text in PAGES.items():
        for line in re.findall(
            r"^    (\S.*)$", BLOCK.sub("", text).replace("\\\n", " "), re.MULTILINE
        ):
            yield name, re.sub(r"\s+#.*", "", line)


@pytest.fixture(scope="module")
def checkout(corpus_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
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
    shutil.copytree(corpus_build, folder / "build")
    return folder


@pytest.mark.parametrize("code", blocks("python"))
def test_a_python_snippet_runs_and_prints_rows(code: str, checkout: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=checkout,
        env=environment_with_pandas(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") > 5


@pytest.mark.parametrize("code", blocks("sql"))
def test_an_sql_snippet_runs_and_returns_rows(code: str, checkout: Path) -> None:
    with sqlite3.connect(checkout / "build" / "allied-trust.db") as database:
        assert len(database.execute(code).fetchall()) > 3


def test_there_are_snippets_for_duckdb_polars_pandas_r_and_sql() -> None:
    code = "\n".join(code for _, code in BLOCK.findall(SNIPPETS))
    for word in ("import duckdb", "import polars", "import pandas", "library(arrow)", "select "):
        assert word in code


def test_only_languages_that_are_run_here_stand_in_snippets() -> None:
    assert {kind for kind, _ in BLOCK.findall(SNIPPETS)} == {"python", "sql", "sh", "r"}
    # fences of another form would be run by nobody
    assert SNIPPETS.count("```") == 2 * len(BLOCK.findall(SNIPPETS))


def confirmed_day() -> dict[str, str]:
    """Confirm the clock if the log has rested for a year, as a newcomer would be asked to."""
    last = last_seal(Package(ROOT))
    try:
        refuse_doubtful_clock(last, None)
    except ClaimlogError:
        return {"CLAIMLOG_TODAY": now()[:10]}
    return {}


def test_a_newcomer_can_add_amend_and_retract_a_claim_by_the_pages_alone(
    checkout: Path, tmp_path: Path
) -> None:
    pages = [name for name, text in PAGES.items() if "```sh" in text and name not in FOLLOWED]
    assert pages == ["docs/coding.md", "docs/interchange.md"]
    script = "\n".join(code for kind, code in BLOCK.findall(SNIPPETS) if kind == "sh")
    # the environment is the one that runs the tests; the page uses that of the checkout
    script = script.replace(". .venv/bin/activate", "")
    forked.write_program(tmp_path)
    path = os.pathsep.join((str(tmp_path), str(Path(sys.executable).parent), os.environ["PATH"]))
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
    assert "the text lies in my-texts/pact-renewed.txt" in done.stdout
    assert "retracted C900-002, version 2" in done.stdout
    assert "topic: sharing -> partnership" in done.stdout
    log = read(Package(ROOT))
    anchors = log.live("claims").height + log.live("codings").height + 6
    assert f"6 of {anchors} anchors checked, all exact" in done.stdout
    assert "added 4 codings" in done.stdout
    assert "Hard one: '?'" in done.stdout
    assert "added 2 codings to the open batch" in done.stdout
    assert "wrote 2 codings to ../exchange (codings.jsonld, losses.json)" in done.stdout
    assert "wrote 1 claim to ../cas (S900.xmi, TypeSystem.xml, losses.json)" in done.stdout
    last = len(log.batches)
    assert sorted(p.name for p in (checkout / "events").iterdir())[-3:] == [
        f"{last + 1:04}-harbour",
        f"{last + 2:04}-harbour-corrections",
        f"{last + 3:04}-harbour-text",
    ]
    assert "merged norland into nor in the open batch: no rows amended" in done.stdout
    assert "in the open batch: 6 rows amended, 0 retracted" in done.stdout


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    assert PAGES["README.md"].count("\n") <= 150
    for name in PAGES:
        assert name == "README.md" or f"]({name})" in PAGES["README.md"], name


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_one_title_and_leads_to_what_exists(name: str) -> None:
    text = BLOCK.sub("", PAGES[name])
    assert re.findall(r"^# ", text, re.MULTILINE) == ["# "]
    assert text.startswith("# ")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        page = (ROOT / name).parent / path if path else ROOT / name
        assert page.is_file(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
            assert anchor in {heading_anchor(title) for title in titles}, target


@pytest.mark.parametrize("name", PAGES)
def test_a_path_of_this_repository_that_a_page_names_exists(name: str) -> None:
    for path in re.findall(
        r"`((?:scripts|tests|schemas|docs|releases|\.ci)/[\w./-]*)`", PAGES[name]
    ):
        assert (ROOT / path).exists() or "VERSION" in path, path


def test_commands_are_found_on_the_pages() -> None:
    programs = {line.split()[0].rpartition("/")[2] for _, line in commands()}
    assert {"claimlog", "make"} <= programs


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=f"{name}: {line}") for name, line in commands()]
)
def test_a_command_of_a_page_takes_the_words_that_it_is_given(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAIMLOG_BY", "coder-1")  # as the pages say to begin with
    words = shlex.split(line.partition(" > ")[0])
    match words:
        case ["claimlog", *rest] | [".venv/bin/claimlog", *rest]:
            parse(cli, rest)
        case ["make", target, *values]:
            assert re.search(rf"^{target}:.*## ", MAKEFILE, re.MULTILINE), target
            for value in values:
                assert f"$${{{value.partition('=')[0]}" in MAKEFILE, value


def parse(command: click.Command, words: list[str]) -> None:
    """Parse the words of a command as it would, and run nothing."""
    with command.make_context(command.name, [*words], obj=Context(ROOT)) as context:
        words = [*context._protected_args, *context.args]
        if isinstance(command, click.Group) and (words or not command.invoke_without_command):
            _, inner, rest = command.resolve_command(context, words)
            assert inner is not None
            parse(inner, rest)


def test_a_command_with_an_option_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(click.NoSuchOption):
        parse(cli, ["cite", "--formats", "apa"])


def test_the_generated_parts_are_what_schemas_rules_log_and_releases_give() -> None:
    assert [page.name for page in stale_pages(Package(ROOT))] == [], "run make docs"


def test_every_generated_part_stands_on_one_page() -> None:
    assert sorted(part_names(TEXT)) == sorted({*PARTS, *MEASURED})


def test_the_coders_manual_is_generated_by_the_package_itself() -> None:
    assert PAGE in PAGES
    assert part_names(PAGES[PAGE]) == []


def test_every_make_target_and_command_that_is_named_in_prose_exists() -> None:
    for target in re.findall(r"`make ([a-z-]+)\b", TEXT):
        assert re.search(rf"^{target}:.*## ", MAKEFILE, re.MULTILINE), target
    for name in re.findall(r"`claimlog ([a-z][a-z-]*)", TEXT):
        assert name in cli.commands, name
    for suite in re.findall(r"`python -m workshop.bench ([a-z-]+)", TEXT):
        parse(bench, [suite])


@pytest.mark.parametrize("line", re.findall(r"`python -m workshop.bench ([^`]+)`", TEXT))
def test_a_command_of_the_bench_takes_the_words_that_it_is_given(line: str) -> None:
    parse(bench, line.split())


def test_make_help_lists_every_target() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^  make ([a-z-]+) ", done.stdout, re.MULTILINE)
    assert {"serve", "build", "check", "test", "verify", "docs", "bench", "clean"} <= {*listed}
    assert listed == re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)


# generated parts


PART = "<!-- generated: state -->\nold\n<!-- /generated -->\n"


@pytest.fixture
def documented(bare: World) -> World:
    """A package with a README and a page, each with a generated part."""
    (bare.root / "README.md").write_text(f"# Tiny\n\n{PART}\nAfter.\n", "utf-8")
    (bare.root / "docs").mkdir()
    measured = PART.replace("state", "bench-peers")
    (bare.root / "docs" / "speed.md").write_text(f"# How fast?\n\n{measured}", "utf-8")
    return bare


def run_docs(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    return world.run(*words, module="workshop.docs")


def test_derived_parts_are_refreshed_and_the_rest_stays(documented: World) -> None:
    before = (documented.root / "docs" / "speed.md").read_bytes()
    checked = run_docs(documented, "--check")
    assert checked.returncode == 1
    assert checked.stderr == "claimlog: README.md: generated parts are stale; run make docs\n"
    done = run_docs(documented)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("commit them too: git add README.md\n")
    text = (documented.root / "README.md").read_text("utf-8")
    assert text.startswith(
        "# Tiny\n\n<!-- generated: state -->\nThe log holds 0 events in 0 batches"
    )
    assert text.endswith("<!-- /generated -->\n\nAfter.\n")
    assert (documented.root / "docs" / "speed.md").read_bytes() == before
    again = run_docs(documented, "--check")
    assert (again.returncode, again.stdout) == (0, "")


def test_a_release_is_named_by_the_state_after_it(
    documented: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = documented.package
    assert "The last release" not in stale_pages(package)[documented.root / "README.md"]
    monkeypatch.setattr(refresh, "read", lambda _: read(Package(ROOT)))
    [text] = stale_pages(package).values()
    assert re.search(r"The last release is \d+\.\d+\.\d+ of \d{4}-\d\d-\d\d, which holds", text)


def test_pages_without_parts_are_left_alone(bare: World) -> None:
    (bare.root / "README.md").write_text("# Of somebody else\n", "utf-8")
    assert stale_pages(bare.package) == {}


def test_a_part_that_does_not_exist_is_named_with_those_that_do(documented: World) -> None:
    page = documented.root / "README.md"
    page.write_text(page.read_text().replace("state", "harbour"))
    with pytest.raises(
        ClaimlogError, match=r"^README.md: there is no generated part harbour; there are .*tables"
    ):
        stale_pages(documented.package)


@pytest.mark.parametrize(
    "text",
    [
        "<!-- generated: state -->\n",
        "<!-- /generated -->\n",
        "<!-- /generated -->\n<!-- generated: state -->\n",
        "<!-- generated: state -->\n<!-- generated: tables -->\n<!-- /generated -->\n",
        "<!-- generated: State -->\n<!-- /generated -->\n",
    ],
    ids=["no end", "no start", "wrong order", "nested", "no name"],
)
def test_a_marker_without_a_partner_is_refused(text: str, documented: World) -> None:
    (documented.root / "docs" / "speed.md").write_text(text)
    with pytest.raises(
        ClaimlogError, match=r"^docs/speed.md: the marker <!-- /?generated.* has no"
    ):
        stale_pages(documented.package)


@pytest.mark.parametrize("places", [0, 2])
def test_a_measured_part_has_one_place_on_one_page(places: int, documented: World) -> None:
    page = documented.root / "docs" / "speed.md"
    text = page.read_text("utf-8")
    page.write_text(text * places, "utf-8")
    with pytest.raises(
        ClaimlogError, match=rf"in one place of .* found them in {places}; put them"
    ):
        page_of_part(documented.root, "bench-peers")
    page.write_text(text, "utf-8")
    assert write_part(documented.root, "bench-peers", "| new |") == page
    assert read_page(documented.root, page) == fill_parts(text, {"bench-peers": "| new |\n"})
    assert "| new |" in page.read_text("utf-8")


def test_a_page_that_is_no_text_is_named(documented: World) -> None:
    (documented.root / "docs" / "speed.md").write_bytes(b"\xff")
    with pytest.raises(ClaimlogError, match=r"^docs/speed.md: cannot be read as UTF-8 text"):
        stale_pages(documented.package)


# files of the repository


def test_no_tracked_file_names_an_index_or_a_path_of_this_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path.suffix in (".txt", ".toml", ".json", ".md", ".csv", ""):
            text = path.read_text("utf-8")
            assert "/simple" not in text or name.endswith("test_documentation.py"), name
            assert str(ROOT.parent) + "/" not in text, name


def test_the_lock_files_pin_every_dependency_with_hashes() -> None:
    least = {"requirements.txt": 50, "requirements-dev.txt": 50, "requirements-build.txt": 2}
    for name, count in least.items():
        text = (ROOT / name).read_text()
        pins = re.findall(r"^[a-z0-9][\w.-]*(?:\[[\w,]+\])?==\S+", text, re.MULTILINE)
        blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
        assert len(pins) == len(blocks) > count
        assert all("--hash=sha256:" in block for block in blocks)
        assert "index-url" not in text
