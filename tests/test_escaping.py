"""What strangers wrote, on terminals, pages, in files: it is words, whatever it holds."""

from __future__ import annotations

import ast
import csv
import html
import io
import json
import re
import sys
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from claimlog.build import build
from claimlog.cli import SECTIONS, output
from claimlog.cli.base import progress
from claimlog.escaping import (
    MESSAGE_LENGTH,
    UNPRINTABLE,
    from_markdown,
    json_text,
    markdown,
    plain_line,
    printable,
    printable_line,
    web_address,
)
from claimlog.export.metadata import datasette_metadata
from claimlog.export.table_csv import csv_of
from claimlog.package import Package
from claimlog.release.diff import Diff, RowChange
from claimlog.release.diff_report import as_markdown
from claimlog.release.schema_changes import SchemaChange
from claimlog.schema.definition import read_definition
from conftest import ROOT, SOURCES, Get, World, asking, claim, empty_world, hop, source
from repositories import Repo, repository

TRICKS = (
    "\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b1A\x7f\r\u202eesrever\u2066\u200b\u2028\x85</script>"
    "<b onclick='x'>&#x202e;[a](javascript:b)|`*_#\n## FORGED\nER  - \nTY  - FORGED\n- FORGED: 1"
)
"""Sequences for terminals, controls of direction, separators of lines, markup, forged records."""

THEIRS = ("/-/", "/tiny", "/downloads/")
"""Beginnings of addresses that are no pages of ours."""

SCHEMA_KINDS = ((True, True), (False, True), (False, False))
"""Whether a change of the schema breaks, and whether it adds something."""

FORMULA = "=HYPERLINK(1)"
FORGED = re.compile(r"^(## FORGED|TY  - FORGED|ER  - [^\r]|- FORGED: 1)", re.MULTILINE)


def hostile(text: str) -> str:
    return f"{text} {TRICKS}"


def raw(text: str) -> list[str]:
    """Return what of a text does not print as itself."""
    return [hex(ord(found)) for found in UNPRINTABLE.findall(text)]


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A package in which every free text is hostile, with a release and a build."""
    world = empty_world(tmp_path_factory.mktemp("strange"))
    # a stranger's schemas need not ask that a free text holds no control
    for path in (world.root / "schemas").rglob("*.json"):
        spec = path.read_text("utf-8")
        path.write_text(spec.replace('"freeText": true', '"freeText": false'), "utf-8")
    path = world.root / "datapackage.json"
    about = json.loads(path.read_text("utf-8"))
    about |= {
        "title": hostile("A title"),
        "description": hostile("A description"),
        "keywords": [hostile("a word")],
        "contributors": [{"title": hostile("Somebody")}],
    }
    about["licenses"][0]["title"] = hostile("A licence")
    path.write_text(json.dumps(about), "utf-8")
    names = ({"actor_id": "nor", "name": hostile("Norland"), "actor_type": "group"},)
    world.add("actors", [*names, {**names[0], "actor_id": "sud", "name": FORMULA}])
    world.add(
        "sources",
        [
            source("S101", title=hostile("Wire"), publisher=hostile("Agency")),
            {
                **SOURCES[1],
                "title": hostile("A source"),
                "publisher": hostile("Gazette"),
                "publisher_id": None,
                "authors": [hostile("An author"), "B"],
                "note": FORMULA,
            },
        ],
    )
    world.add(
        "claims",
        [
            claim(
                "never liked the pact",
                hostile("A statement"),
                voice="quoted",
                note=hostile("A note"),
                dyad_from=["nor"],
                attributions=[hop(description=hostile("someone"), anonymity="described")],
            ),
            claim("About forty pilots signed a letter", FORMULA),
        ],
    )
    world.seal("first")
    world.amend("claims", "C001-001", reason=hostile("A reason"), dyad_from=["nor", "sud"])
    world.seal("second")
    repo = repository(world)
    repo.release("0.1.0")
    build(world.package, world.package.build)
    return repo


# terminals and pipes ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        *(["validate"], ["show", "C001-001"], ["show", "nor"], ["show", "S001"], ["log"]),
        *(["diff", "0.1.0", "head"], ["schemas", "--help"], ["add", "claim", "--help"]),
        *(["cite", "--format", one] for one in ("bibtex", "ris", "apa")),
        *(["cite", "C001-001", "--format", one] for one in ("bibtex", "ris", "apa")),
        *(["verify", "dist/tiny-0.1.0"], ["show", hostile("nothing")], [hostile("no-command")]),
        *(["add", "claim", "--from", "no\x1b[31m\nfile"], ["verify", "no\x1b[2J\nrelease"]),
    ],
    ids=lambda words: " ".join(map(repr, words))[:60],
)
def test_no_command_prints_what_a_terminal_would_obey(words: list[str], strange: Repo) -> None:
    done = strange.world.run(*words)
    said = done.stdout + done.stderr
    assert said.strip()
    assert "Traceback" not in said
    assert raw(said) == []
    if words[:1] != [hostile("no-command")]:  # click says what was typed, as it was typed
        assert not FORGED.search(said), said


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        *(["validate", "--json"], ["show", "C001-001", "--json"], ["log", "--json"]),
        *(["diff", "0.1.0", "head", "--json"], ["prove", "inclusion", "C001-001"]),
        *(["cite", "C001-001", "--format", one] for one in ("csl-json", "datacite")),
    ],
    ids=" ".join,
)
def test_json_stays_json_and_is_safe_to_print(words: list[str], strange: Repo) -> None:
    done = strange.world.run(*words)
    assert done.returncode == 0, done.stderr
    assert raw(done.stdout) == []
    assert json.loads(done.stdout) is not None


def test_a_forged_file_name_cannot_forge_a_finding(world: World) -> None:
    name = "0009-\x1b[31m\u202e\nevents/0001-x: all is well [bytes]"
    (world.package.events / name.replace("/", "_")).mkdir()
    done = world.run("validate")
    assert done.returncode == 1
    assert raw(done.stdout + done.stderr) == []
    assert not re.search("^events_0001-x", done.stdout, re.MULTILINE)
    assert r"\x1b[31m\u202e\nevents_0001-x" in done.stdout


def test_a_message_repeats_no_more_of_a_file_than_can_be_read(world: World) -> None:
    """Its end, which says what to do, stays."""
    long = "x" * 50_000
    rows = world.root / "rows.ndjson"
    link = {"from_claim_id": long, "to_claim_id": "C001-001", "relation": "supports"}
    rows.write_text(json.dumps(link) + "\n", "utf-8")
    added = world.run("add", "link", "--from", str(rows), "--by", "me")
    schema = world.root / "schemas" / "claims.json"
    schema.write_text(schema.read_text("utf-8").replace('"topic"', f'"{long}"'), "utf-8")
    for done in (added, world.run("validate")):
        assert done.returncode == 1
        assert 100 < max(map(len, done.stderr.splitlines())) < MESSAGE_LENGTH + 100


def test_json_that_is_printed_holds_the_very_values(strange: Repo) -> None:
    rows = json.loads(strange.world.run("show", "C001-001", "--json").stdout)
    assert rows[0]["statement"] == hostile("A statement")


def test_styles_of_our_own_stay_and_those_of_data_do_not() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "stdout", output.EscapedStream(terminal))
        output.line(("good\x1b[31m", "green"), " and\nplain\x07")
    assert terminal.getvalue() == "\x1b[32mgood\\x1b[31m\x1b[0m and\\nplain\\x07\n"


def test_what_other_code_prints_is_escaped_too() -> None:
    stream = io.StringIO()
    guarded = output.EscapedStream(stream)
    print("a\x1b[2Jb", "c\u202e", sep="\n", file=guarded)
    assert stream.getvalue() == "a\\x1b[2Jb\nc\\u202e\n"
    assert not hasattr(guarded, "buffer")
    with pytest.raises(TypeError):
        guarded.write(b"\x1b")  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_help_that_a_schema_brings_is_escaped(encoding: str, world: World) -> None:
    path = world.package.schemas / "claims.json"
    about = json.loads(path.read_text("utf-8"))
    next(one for one in about["fields"] if one["name"] == "note")["description"] = TRICKS
    path.write_text(json.dumps(about), "utf-8")
    done = world.run("add", "claim", "--help", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert r"\x1b]0;owned\x07" in done.stdout
    assert raw(done.stdout) == []


def test_a_progress_bar_shows_names_escaped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "")
    monkeypatch.setattr("claimlog.cli.base.SECONDS_BEFORE_PROGRESS", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress("validate", 2) as step:
        step("events/\x1b]0;owned\x07\n")
        time.sleep(0.15)
        step("events/\x1b]0;owned\x07\n")
    said = capsys.readouterr().err
    assert r"events/\x1b]0;owned\x07\n" in said
    assert "\x1b]" not in said


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "scripts" / "claimlog" / "cli").glob("*.py")),
    ids=lambda path: path.stem,
)
def test_commands_print_through_one_module_only(path: Path) -> None:
    if path.stem == "output":
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("print", "click.echo", "click.secho", "click.style"), (
                f"{path.name}:{node.lineno}: {called} is not escaped; use claimlog.cli.output"
            )


OFFERED = re.compile(
    rf"(?:\bclaimlog (?:{'|'.join(name for section in SECTIONS.values() for name in section)})"
    r"|\bgit (?:add|branch|config|fetch|push|rm|tag)|(?:^|\n) *cd)(?: [^\s;,()]+)*? [^\s;,()]*$"
)
"""A command of ours, of git's or the shell's, as far as the word that is being written."""

HARMLESS = {
    "entity": "the pattern of a schema's entity",
    "table.entity": "the pattern of a schema's entity",
    "version": "three numbers",
    "entry.version": "three numbers",
    "verdict.version": "three numbers",
    "self.tag": "v and three numbers",
    "coder": "the pattern of a role",
    "also": "words of ours after a sentence that names a command",
}
"""What stands in a command unquoted, and what lets nobody choose it."""

ROOMS = [
    pytest.param(room, id=room.name)
    for room in sorted({path.parent for path in (ROOT / "scripts" / "claimlog").rglob("*.py")})
]


def unquoted(source: str) -> list[str]:
    """Return what stands in commands that f-strings of a module offer, and is not quoted."""
    found = []
    for node in ast.walk(ast.parse(source)):
        before = ""
        for part in node.values if isinstance(node, ast.JoinedStr) else ():
            if isinstance(part, ast.Constant):
                before += str(part.value)
                continue
            assert isinstance(part, ast.FormattedValue)
            said = ast.unparse(part.value)
            is_quoted = said.startswith(("shlex.quote(", "shlex.join("))
            if OFFERED.search(before) and not is_quoted and said not in HARMLESS:
                found.append(f"line {part.lineno}: {said}")
            before += "…"
    return found


@pytest.mark.parametrize(
    "text",
    [
        'f"change it: claimlog amend actor {name}"',
        'f"change it (claimlog amend {table.entity} {name}); nothing was added"',
        'f"wrote it; claimlog verify --proof {shlex.quote(a)} --key {b!r}"',
        'f"at last: git tag -m x{name}"',
        'f"  cd {folder}"',
    ],
)
def test_a_name_in_a_command_that_is_not_quoted_is_found(text: str) -> None:
    assert len(unquoted(text)) == 1
    assert not unquoted(re.sub(r"\{(name|b!r|folder)\}", "{shlex.quote(x)}", text))


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_a_name_in_a_command_that_a_message_offers_is_quoted_for_the_shell(room: Path) -> None:
    found = {path.name: unquoted(path.read_text("utf-8")) for path in room.glob("*.py")}
    assert not {name: places for name, places in found.items() if places}


# the escapes themselves -------------------------------------------------------------------------

NASTY = st.text(
    st.one_of(
        st.sampled_from(
            "\x1b\x07\x9b\x7f\r\n\t\u202e\u2066\u2028\u2029\x85\u200b\u200d\ufe0f\ufeff"
        ),
        st.sampled_from("@\\{}%$&#_~^\"'`*[]()<>|!+-=:;,. \u00ad\U000e0041aé世👩1"),
        st.characters(exclude_categories=("Cs",)),
    ),
    max_size=60,
)


@given(NASTY)
@example("a\u200b\u200dé")
def test_what_is_printed_prints_as_itself(text: str) -> None:
    for said in (printable(text), printable_line(text), plain_line(text)):
        assert raw(said) == []
        for character in said.replace("\r\n", "\n"):
            assert character in "\n\t" or unicodedata.category(character) not in ("Cc", "Zl", "Zp")
    assert "\n" not in printable_line(text) + plain_line(text)


CHAINS = st.text(
    st.sampled_from("\u200c\u200d\ufe00\U000e0101\u20e3\u200b\x9b\r\na1é👩"), max_size=40
)


@given(CHAINS)
@example("\ufe00\u200d" * 20)
@example("é\u200d\u200d\ufe00é")
@example("1\ufe0f\u200b\u20e3")
def test_what_is_escaped_once_is_escaped_for_good(text: str) -> None:
    for escaped in (printable, printable_line, plain_line, markdown):
        said = escaped(text)
        assert raw(said) == []
        if escaped is not markdown:  # which escapes its own backslashes
            assert escaped(said) == said
    assert raw(json_text(text)) == []
    assert json.loads(json_text(text)) == text


@pytest.mark.slow
@pytest.mark.parametrize(
    "part",
    ["\ufe00\u200d", "\u200d", "\ufe0f", "é\u200d", "\u200d\u200b", "\x1b", "\r", "1\ufe0f\u20e3"],
)
def test_escaping_takes_time_in_proportion_to_the_text(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Counted:
        looks = 0

        def match(self, *given: Any) -> Any:
            Counted.looks += 1
            return UNPRINTABLE.match(*given)

    text = part * (50_000 // len(part))
    monkeypatch.setattr("claimlog.escaping.UNPRINTABLE", Counted())
    for escaped in (printable, plain_line, json_text):
        Counted.looks = 0
        started = time.perf_counter()
        said = escaped(text)
        assert Counted.looks <= len(text)
        assert time.perf_counter() - started < 20  # twice through the text took hours
        assert raw(said) == []


def test_what_never_prints_is_escaped_without_a_look_at_what_is_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("claimlog.escaping.UNPRINTABLE", None)
    assert printable("é\u202e\u202e\x1b\r\nb\r\u200b") == "é\\u202e\\u202e\\x1b\r\nb\\r\\u200b"
    assert json_text("\u202e" * 2) == r'"\u202e\u202e"'
    assert plain_line("a\u200b\u200bb") == "ab"


@pytest.mark.slow
@given(st.recursive(NASTY, lambda inner: st.lists(inner) | st.dictionaries(NASTY, inner)))
def test_json_text_is_the_same_value(value: Any) -> None:
    assert json.loads(json_text(value)) == value
    assert raw(json_text(value)) == []


@given(NASTY)
@example("# x")
@example("12. x")
def test_markdown_gives_the_words_back_and_no_markup(text: str) -> None:
    said = markdown(text)
    assert from_markdown(said) == plain_line(text)
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "x", said)
    assert not re.search(r"[`*\[\]<>|]|&#|^[#+=-]|^[0-9]+[.)]", bare)


@pytest.mark.parametrize(
    "text", ["👨‍👩‍👧", "1️⃣", "❤️‍🔥", "نمی‌خواهم", "क्‍ष", "葛󠄀城", "“né” — …", "a\tb\nc"]
)
def test_text_of_any_script_is_left_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,x", "vbscript:x", "file:///etc"),
        *("//example.org", "https:/x", "https://", "https://[", "http://a b", "https://a\nb", ""),
        *(" https://example.org", "https://ex\u202eample.org", "https://a\\@b", None, 3),
    ],
)
def test_only_addresses_of_the_web_become_links(address: object) -> None:
    assert web_address(address) is None


def test_an_address_of_the_web_stays_as_it_is() -> None:
    for address in ("https://example.org/a?b=c&d=(e)#f", "HTTP://example.org", "https://é.example"):
        assert web_address(address) == address


# what a release writes --------------------------------------------------------------------------


def test_the_changelog_and_the_card_hold_no_heading_or_link_of_data(strange: Repo) -> None:
    release = strange.root / "dist" / "tiny-0.1.0"
    for path in (
        strange.root / "CHANGELOG.md",
        release / "README.md",
        release / "CHANGES.md",
    ):
        text = path.read_text("utf-8")
        page = text.split("---\n", 2)[2] if text.startswith("---\n") else text
        assert raw(text) == [], path.name
        assert not FORGED.search(page), path.name
        bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", page)
        assert "](javascript:" not in bare
        assert "<b " not in bare


def test_the_changelog_takes_no_name_of_data_for_markup() -> None:
    """Identifiers and columns of a stranger's schema need not have patterns."""
    fields = {hostile("column"): (1, 2)}
    claims = [
        RowChange(
            "claims", hostile("C1"), change, 2, (hostile("Why."),), fields, hostile("S1"), "Said."
        )
        for change in ("added", "amended", "retracted")
    ]
    others = [RowChange("coders", TRICKS, "amended", 2, (TRICKS,), fields)]
    schema = [SchemaChange("t", hostile("the table"), *kind) for kind in SCHEMA_KINDS]
    rows = {"claims": {"assert": 1}, hostile("coders"): {"assert": 1}}
    diff = Diff(hostile("0.1.0"), "0.2.0", (*schema,), (*claims,), (*others,), rows)
    text = as_markdown(diff, "0.2.0")
    assert not FORGED.search(text)
    assert raw(text) == []
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "## 0.2.0", "### Added", "### Corrected", "### Retracted", "### Schema"
    ]  # fmt: skip
    assert text.count("javascript:") == text.count(r"\](javascript:") > 10
    assert not re.search(r"(?<!\\)<b ", text)


@pytest.mark.parametrize(
    "name", ["CITATION.cff", "croissant.json", "ro-crate-metadata.json", "datacite.json"]
)
def test_descriptors_are_parsed_to_lines_of_words(name: str, strange: Repo) -> None:
    data = (strange.root / "dist" / "tiny-0.1.0" / name).read_text("utf-8")
    assert raw(data) == []
    value = yaml.safe_load(data) if name.endswith(".cff") else json.loads(data)
    texts = [text for text in texts_of(value) if "owned" in text]
    assert texts
    for text in texts:
        assert raw(text) == []
        assert "\n" not in text or name == "croissant.json"  # citeAs is BibTeX


def texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else ():
        yield from texts_of(part)
    for part in value if isinstance(value, list) else ():
        yield from texts_of(part)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("homepage", "javascript:alert(1)", '"homepage" is "javascript:alert(1)"'),
        ("homepage", "LICENSE", '"homepage" is "LICENSE"'),
        ("contributors", [{"title": "A", "path": "data:x"}], '"contributors/0/path" is "data:x"'),
        ("sources", [{"title": "A", "path": "../x"}], '"sources/0/path" is "../x"'),
        ("sources", [{"title": "A", "path": "a/../../x"}], '"sources/0/path" is "a/../../x"'),
    ],
)
def test_an_address_that_is_none_of_the_web_is_a_finding(
    key: str, value: object, said: str, world: World
) -> None:
    done = validated(world, **{key: value})
    assert done.returncode == 1
    assert f"datapackage.json: {said}, expected an address of http or https" in done.stdout


def test_the_licence_may_be_a_file_of_the_package_but_no_script(world: World) -> None:
    licence = {"name": "CC-BY-4.0", "title": "CC BY", "path": "LICENSE-DATA"}
    (world.root / "LICENSE-DATA").write_text("Ours.")
    assert validated(world, licenses=[licence]).returncode == 0
    done = validated(world, licenses=[{**licence, "path": "javascript:x"}])
    assert '"licenses/0/path" is "javascript:x", expected an address' in done.stdout


def validated(world: World, **given: object) -> Any:
    path = world.root / "datapackage.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **given}), "utf-8")
    return world.run("validate")


def test_datasette_is_told_no_address_that_is_none_of_the_web(world: World) -> None:
    licence = {"name": "X", "title": "X", "path": "javascript:x"}
    world.package.descriptor.update(homepage="data:x", licenses=[licence])
    state = {"tree_size": 1, "root": "00"}
    text = json.dumps(
        {
            key: value
            for key, value in datasette_metadata(read_definition(world.package), state).items()
            if key != "plugins"
        }
    )
    assert "javascript:x" not in text
    assert "data:x" not in text


# pages and their twins --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def get(strange: Repo) -> Get:
    return asking(strange.package.build)


@pytest.fixture(scope="module")
def pages(get: Get) -> dict[str, str]:
    """Every page of ours that can be reached from the first one, by path."""
    found: dict[str, str] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        answer = get(path)
        assert answer.status_code == 200, path
        found[path] = answer.text
        for link in re.findall(r'href="([^"]+)"', answer.text):
            to = urlsplit(html.unescape(link))
            theirs = not to.path.startswith("/") or to.path.startswith(THEIRS)
            if not (
                theirs or to.netloc or to.query or to.path.endswith((".json", ".jsonld", ".csv"))
            ):
                waiting.append(to.path)
    kinds = {path.split("/")[1] for path in found}
    assert kinds >= {"claims", "sources", "actors", "codebook", "quality", "releases", "as-of"}
    return found


@pytest.mark.slow
def test_no_page_holds_what_turns_or_hides_what_is_read(pages: dict[str, str]) -> None:
    for path, text in pages.items():
        assert raw(html.unescape(text.replace("&amp;#x202e;", ""))) == [], path


def test_no_page_takes_data_for_markup_or_links_to_what_is_no_page(pages: dict[str, str]) -> None:
    shown = 0
    for path, text in pages.items():
        shown += "owned" in text
        assert "<b onclick" not in text, path
        for link in re.findall(r'(?:href|src|action)="([^"]*)"', text):
            scheme = urlsplit(html.unescape(link)).scheme
            assert scheme in ("", "http", "https"), (path, link)
        for script in re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL):
            assert script == "" or json.loads(script)
    assert shown > 5


@pytest.mark.parametrize("table", ["claims", "sources", "claim_versions", "actors"])
def test_pages_of_tables_and_queries_escape_cells_too(table: str, get: Get) -> None:
    for path in (f"/tiny/{table}", f"/tiny?sql=select+*+from+{table}"):
        text = get(path).text
        assert "owned" in text
        assert raw(html.unescape(text.replace("&amp;#x202e;", ""))) == []
        assert "<b onclick" not in text


def test_a_query_with_line_ends_of_a_form_stays_a_query(get: Get) -> None:
    page = get("/tiny?sql=select+1%0D%0Aas+one")
    assert page.status_code == 200
    asked = re.search(r"<textarea[^>]*>(.*?)</textarea>", page.text, re.DOTALL)
    assert asked is not None
    assert asked[1] == "select 1\r\nas one"


def test_no_twin_of_a_page_holds_json_in_a_text(pages: dict[str, str], get: Get) -> None:
    """Lists and objects are values, in every page of this package and of every kind."""
    for path in pages:
        answer = get(f"{path if path != '/' else '/index'}.json")
        assert answer.status_code == 200, path
        assert raw(answer.text) == [], path
        for text in texts_of(answer.json()):
            try:
                value = json.loads(text)
            except ValueError:
                continue
            assert not isinstance(value, list | dict), (path, text[:80])


def test_a_twin_holds_lists_as_lists_and_the_very_text(get: Get) -> None:
    data = get("/claims/C001-001.json").json()
    assert data["claim"]["dyad_from"] == ["nor", "sud"]
    assert data["claim"]["statement"] == hostile("A statement")
    assert data["claim"]["attributions"][0]["description"] == hostile("someone")
    changed = {row["column"]: row for row in data["versions"][1]["changed"]}
    assert (changed["dyad_from"]["old"], changed["dyad_from"]["new"]) == (["nor"], ["nor", "sud"])
    assert get("/sources/S001.json").json()["source"]["authors"] == [hostile("An author"), "B"]
    assert "nor; sud" in get("/claims/C001-001").text


def test_a_column_holds_lists_in_every_table_or_in_none() -> None:
    """The pages know a list by the name of its column."""
    kinds: dict[str, set[bool]] = {}
    for table in read_definition(Package(ROOT)).tables.values():
        for item in table.fields:
            kinds.setdefault(item.name, set()).add(item.type == "array")
    assert [name for name, found in kinds.items() if len(found) > 1] == []


# spreadsheets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["claims", "actors", "sources", "batches", "links"])
def test_csv_for_spreadsheets_begins_no_cell_like_a_formula(
    table: str, get: Get, strange: Repo
) -> None:
    answer = get(f"/downloads/{table}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{table}.csv"'
    header, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    stored = pq.read_table(strange.package.build / "parquet" / f"{table}.parquet")
    assert header == stored.column_names
    assert len(rows) == stored.num_rows
    for row in rows:
        for name, cell in zip(header, row, strict=True):
            assert not re.match(r"[=+@\t\r]", cell), (name, cell)
    if table == "actors":
        assert [row[header.index("name")] for row in rows][1] == f"'{FORMULA}"


def test_numbers_below_zero_stay_numbers_and_texts_that_begin_like_one_do_not() -> None:
    frame = pl.DataFrame({"n": [-1], "t": ["-1"], "f": ["\uff1d1"], "l": [["=1"]]})
    assert csv_of(frame) == '-1,\'-1,\'\uff1d1,"[""=1""]"\n'


def test_the_page_of_downloads_says_what_spreadsheets_do(get: Get) -> None:
    page = get("/downloads")
    assert "/downloads/claims.csv" in page.text
    assert "compute a cell" in " ".join(page.text.split())
    assert get("/downloads/nothing.csv").status_code == 404
