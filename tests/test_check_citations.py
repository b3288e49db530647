"""Which cited claims changed since: bibliographies as we write them, and as people leave them."""

from __future__ import annotations

import json
import re
import time
import tracemalloc
from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlog.errors import ClaimlogError
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.log.release_index import ReleaseEntry
from claimlog.log.version_changes import changed_cells
from claimlog.release import bibliography_reader
from claimlog.release.bibliography_reader import ClaimCitation, read_citations
from claimlog.release.check_citations import CheckedCitation, as_lines, check_citations
from claimlog.release.cite import ClaimVersion, cite
from claimlog.release.cited_names import (
    ADDRESS_NAME,
    KEY_NAME,
    address_name,
    identifier_in_address,
    identifier_in_key,
    key_name,
)
from claimlog.release.metadata import ReleaseMetadata
from claimlog.schema.table_schema import Table
from conftest import World
from test_cite import FACTS, HEAD, read_bibtex

TINY: ReleaseMetadata = replace(FACTS, head={**HEAD, "name": "tiny"}, version="0.1.0")
FORMATS = ("bibtex", "ris", "csl-json")


@pytest.fixture(scope="module")
def log(made: World) -> Log:
    """A log in which C001-003 was amended and C001-004 retracted since release 0.1.0."""
    found = read(made.package)
    size, root = found.trees[1]
    tree = {"size": size, "root": root.hex()}
    data = {"version": "0.1.0", "date": "2026-11-20", "batches": 2, "tree": tree}
    found.releases = [ReleaseEntry(data, "releases/0.1.0.json")]
    return found


def cited(log: Log, *names: str, version: int = 1) -> list[ClaimVersion]:
    """Return versions of claims as a release that held them cites them."""
    sources = log.rows("sources").sort("version").rows_by_key("source_id", named=True)
    found = []
    for name in names:
        row = log.history("claims", name).row(version - 1, named=True)
        found.append(ClaimVersion.of(row, sources[row["source_id"]][-1]))
    return found


def written(folder: Path, text: str, name: str = "cited.bib") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def without_release(text: str) -> str:
    """Return entries that name claims, their versions and events alone."""
    return text.replace("0.1.0", "none")


def checked(log: Log, path: Path) -> list[CheckedCitation]:
    return check_citations(log, read_citations(path, "tiny"))


@pytest.mark.parametrize("form", FORMATS)
def test_what_cite_writes_is_checked_whatever_its_format(
    form: str, log: Log, tmp_path: Path
) -> None:
    claims = cited(log, "C001-001", "C001-003", "C001-004")
    path = written(tmp_path, cite(TINY, claims, form))
    same, changed, retracted = checked(log, path)
    assert (same.status, same.version, same.latest) == ("unchanged", 1, 1)
    assert same.citation.release == "0.1.0"
    assert changed.status == "changed"
    assert changed.fields == {"note": (None, "Port pilots.")}
    [(event, release)] = changed.events
    assert (event.recorded_by, event.reason) == ("coder-1", "The letter says pilots of the port.")
    assert release is None
    assert (retracted.status, retracted.fields, retracted.latest) == ("retracted", {}, 2)
    assert retracted.events[0][0].reason == "The text does not say so."


SET_OTHERWISE = {
    "in one line": (lambda text: text.replace("\n", " "), "bibtex"),
    "with carriage returns alone": (lambda text: text.replace("\n", "\r"), "bibtex"),
    "with a line of RIS in an abstract": (
        lambda text: text + "\n@misc{x,\n abstract = {\nTY  - of old\n}}\n" + text,
        "bibtex",
    ),
    "with a line of RIS in a remark": (
        lambda text: text + "\n@comment{\nTY  -\n}\n",
        "bibtex",
    ),
    "indented": (lambda text: "See also\n" + text.replace("TY  -", "  TY  -"), "ris"),
    "behind two byte order marks": (lambda text: "\ufeff\ufeff" + text, "bibtex"),
    "as RIS behind two byte order marks": (lambda text: "\ufeff\u200b\ufeff" + text, "ris"),
    "as CSL-JSON behind two byte order marks": (lambda text: "\ufeff\ufeff" + text, "csl-json"),
    "behind per cent signs": (lambda text: text.replace("@", "%@"), "bibtex"),
    "behind words": (lambda text: text.replace("@", "Claims:@"), "bibtex"),
    "behind brackets": (lambda text: text.replace("@", "(see @"), "bibtex"),
    "with blanks behind the sign": (lambda text: text.replace("@", "@\n "), "bibtex"),
    "with kinds of other signs": (lambda text: text.replace("@misc", "@my-kind.x+"), "bibtex"),
    "with entries in a remark": (lambda text: "@comment{" + text + "}", "bibtex"),
    "with entries in a string": (lambda text: "@string(x = " + text + ")", "bibtex"),
    "as a remark": (lambda text: text.replace("@misc", "@comment"), "bibtex"),
    "without an entry": (lambda text: text.replace("@", "at "), "bibtex"),
    "with one blank in a tag": (lambda text: text.replace("  -", " -"), "ris"),
    "with other blanks and small tags": (
        lambda text: text.replace("TY  -", "\u00a0ty\t\u2013").replace("ID  -", "id -"),
        "ris",
    ),
    "with no tag that says where one begins": (lambda text: text.replace("TY  -", "KIND"), "ris"),
    "with controls around what begins one": (
        lambda text: text.replace("@", "\x1a@\x00").replace("{", "{\x0b", 1),
        "bibtex",
    ),
    "with its items below another name": (lambda text: f'{{"works": {{"a": {text}}}}}', "csl-json"),
    "with its items in a list": (lambda text: f"[{text}]", "csl-json"),
    "with an entry of BibTeX among its words": (
        lambda text: text.replace("ER  -", "N1  - as\n@misc{x,\nER  -", 1),
        "ris",
    ),
}


@pytest.mark.parametrize("kind", SET_OTHERWISE)
def test_no_citation_is_passed_over_however_the_file_is_set(
    kind: str, log: Log, tmp_path: Path
) -> None:
    change, form = SET_OTHERWISE[kind]
    text = cite(TINY, cited(log, "C001-001", "C001-003"), form)
    found = [one.status for one in checked(log, written(tmp_path, change(text)))]
    assert found[:2] == ["unchanged", "changed"]


ODD = (
    "C1.2",
    "C1:2.",
    "a b",
    "{x}, @book{y",
    "C_7b",
    "C%41~^\\",
    "C-1.2.3-4",
    "ä/ö",
    "C4-",
    "C(1)#?&",
    "C" * 5_000,
    "C" * 200 + "…",
)
"""Identifiers that a package may allow."""


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ODD)
def test_a_claim_of_any_identifier_is_read_back_from_what_cite_writes(
    name: str, form: str, log: Log, tmp_path: Path
) -> None:
    [claim] = cited(log, "C001-001")
    below = replace(TINY, head={**TINY.head, "homepage": "https://claims.example/data/"})
    for metadata in (TINY, below):
        text = cite(metadata, [replace(claim, claim_id=name)], form)
        home = metadata.head.get("homepage")
        [found] = read_citations(written(tmp_path, text), "tiny", home)
        assert (found.claim_id, found.release) == (name, "0.1.0")
        assert (found.version, found.event_id) == (claim.version, claim.event_id)
    if form == "bibtex":  # as managers of references keep it: the key alone, or the address
        [entry] = read_bibtex(text)
        assert entry["key"].startswith("tiny-0.1.0-")
        for part in (f"@misc{{{entry['key']}}}", f"@misc{{x, url = {{{entry['url']}}}}}"):
            [found] = read_citations(written(tmp_path, part), "tiny", home)
            assert (found.claim_id, found.release) == (name, "0.1.0"), part
        assert [*map(str, read_bibtex(f"{text}\n{text}"))] == [str(entry)] * 2


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1))
def test_an_identifier_is_read_back_from_an_address_and_from_a_key(name: str) -> None:
    address, key = address_name(name), key_name(name)
    assert re.fullmatch(ADDRESS_NAME, address)
    assert re.fullmatch(KEY_NAME, key)
    assert identifier_in_address(address) == name
    assert identifier_in_key(key) == name


def test_each_claim_that_an_entry_cites_is_checked(log: Log, tmp_path: Path) -> None:
    text = cite(TINY, cited(log, "C001-001"), "bibtex")
    more = text.replace("0.1.0-C001-001,", "0.1.0-C001-004,", 1)
    more = more.replace(
        "permalink path ", "permalink path /releases/0.1.0/claims/C001-003 permalink path ", 1
    )
    assert more.count("C001-003") == more.count("C001-004") == 1
    found = checked(log, written(tmp_path, more))
    assert {one.citation.claim_id: one.status for one in found} == {
        "C001-001": "unchanged",
        "C001-003": "changed",
        "C001-004": "retracted",
    }


def test_the_last_version_of_a_claim_is_unchanged(log: Log, tmp_path: Path) -> None:
    claims = cited(log, "C001-003", "C001-004", version=2)
    text = without_release(cite(TINY, claims, "bibtex"))
    [one, other] = checked(log, written(tmp_path, text))
    assert (one.status, other.status) == ("unchanged", "unchanged")
    assert (one.problem, other.problem) == (None, None)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("form", FORMATS)
def test_a_release_that_is_not_known_is_named_whatever_else_is_cited(
    form: str, version: int, log: Log, tmp_path: Path
) -> None:
    unknown = replace(TINY, version="9.9.9")
    text = cite(unknown, cited(log, "C001-003", version=version), form)
    for entry in (text, re.sub(r"\b[0-9a-f]{64}\b", "", text)):
        [one] = checked(log, written(tmp_path, entry))
        assert (one.status, one.problem) == ("unknown", "there is no release 9.9.9 here")
        assert "there is no release 9.9.9 here" in "".join(as_lines([one]))


def test_a_release_that_does_not_hold_the_cited_version_is_named(log: Log, tmp_path: Path) -> None:
    text = cite(TINY, cited(log, "C001-003", version=2), "bibtex")
    [one] = checked(log, written(tmp_path, text))
    assert one.problem == "release 0.1.0 does not hold version 2 of C001-003"
    assert one.problem in "".join(as_lines([one]))


def test_lines_say_which_entry_what_changed_by_whom_and_why(log: Log, tmp_path: Path) -> None:
    text = "% mine\n\n" + cite(TINY, cited(log, "C001-003"), "bibtex")
    first, cell, event = as_lines(checked(log, written(tmp_path, text)))
    assert first == (
        "tiny-0.1.0-C001-003 (line 3): C001-003 was changed since; "
        "version 1 is cited, 2 is the last"
    )
    assert cell == "    note: empty -> Port pilots."
    assert event.endswith("in no release yet because: The letter says pilots of the port.")
    assert " by coder-1, event " in event


def test_a_file_that_was_edited_by_hand_is_met_with_patience(log: Log, tmp_path: Path) -> None:
    [claim] = cited(log, "C001-003")
    own = cite(TINY, [claim], "bibtex")
    others = [
        "@string{gaz = {The Example Gazette}}",
        "@comment{/releases/0.1.0/claims/C001-001 is not cited}",
        "@article{smith, title = {Harbours {and braces}, note = {never closed,}",
        "Some words between entries.",
        "@misc{tiny-0.1.0, title = {The whole release}, note = {permalink path /releases/0.1.0.}}",
        "@misc{other-set-0.1.0-C001-001, title = {Of another dataset}}",
    ]
    renamed = own.replace("@misc{tiny-0.1.0-C001-003", "@Online (mine:2026").replace(
        "claim version", "claim\n    version"
    )
    path = written(tmp_path, "\r\n".join([*others, renamed.replace("\n", "\r\n"), *others]))
    [one] = checked(log, path)
    assert (one.citation.key, one.citation.claim_id, one.status) == (
        *("mine:2026", "C001-003", "changed"),
    )


def test_a_key_alone_is_enough_if_the_release_is_known(made: World, tmp_path: Path) -> None:
    text = "@misc{tiny-0.1.0-C001-003, title = {A}}\n@comment{x@misc{tiny-9.0.0-C001-001,}\n"
    log = read(made.package)
    # as the log inside a release, which says its own version and day
    about = {**log.definition.descriptor, "created": "2026-11-21T00:00:00Z"}
    log = replace(log, definition=replace(log.definition, descriptor=about))
    one, other = checked(log, written(tmp_path, text))
    assert (one.status, one.version) == ("unchanged", 2)
    assert (other.status, other.problem) == ("unknown", "there is no release 9.0.0 here")


def test_what_the_log_does_not_have_is_named(log: Log) -> None:
    known = ClaimCitation("k", 1, "C001-003", "0.1.0", 1, log.history("claims", "C001-003")[0, 1])
    event = str(log.history("claims", "C001-003").sort("version")["event_id"][0])
    for citation, problem in (
        (replace(known, claim_id="C999-001"), "the log has no claim C999-001"),
        (replace(known, event_id="0" * 64), "no version of C001-003 has the event 0000"),
        (replace(known, event_id=None, version=7), "C001-003 has no version 7"),
    ):
        [one] = check_citations(log, [citation])
        assert one.status == "unknown"
        assert problem in str(one.problem)
        assert problem in "".join(as_lines([one]))
    [one] = check_citations(log, [replace(known, event_id=event, version=2)])
    assert one.status == "changed"
    assert one.problem == "its event is that of version 1, not 2"


def test_an_address_counts_below_the_homepage_of_the_dataset_alone(tmp_path: Path) -> None:
    texts = {
        "https://other.example/releases/0.1.0/claims/C001-001": 0,
        "https://tiny.example.evil/releases/0.1.0/claims/C001-001": 0,
        "https://tiny.example/data/releases/0.1.0/claims/C001-001/": 1,
        "permalink path /releases/0.1.0/claims/C001-001": 1,
    }
    for text, count in texts.items():
        path = written(tmp_path, f"@misc{{mine, url = {{{text}}}}}")
        assert len(read_citations(path, "tiny", "https://tiny.example/data/")) == count, text
    assert read_citations(written(tmp_path, "@misc{mine, url = {" + [*texts][2]), "tiny") == []


def test_long_names_are_shown_short_and_no_claim_is_called_so(log: Log, tmp_path: Path) -> None:
    name = "C" * 1_000_000
    path = written(tmp_path, f"@misc{{tiny-0.1.0-{name}, title = {{x}}}}")
    [one] = checked(log, path)
    assert one.status == "unknown"
    assert len("".join(as_lines([one]))) < 600
    assert len(json.dumps(one.as_dict())) < 2_000


@pytest.mark.slow
def test_entries_are_held_one_at_a_time(tmp_path: Path) -> None:
    path = written(tmp_path, "@a{x\n" * 190_000 + "@b{y, " + "word " * 200_000)
    tracemalloc.start()
    assert read_citations(path, "tiny") == []
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * path.stat().st_size


def test_an_entry_of_the_index_that_the_log_contradicts_is_refused(
    log: Log, tmp_path: Path
) -> None:
    path = written(tmp_path, "@misc{tiny-0.1.0-C001-003, title={x}}")
    [entry] = log.releases
    false = replace(entry, data={**entry.data, "tree": {"size": log.size, "root": "0" * 64}})
    lying = copy(log)
    lying.releases = [false]
    with pytest.raises(ClaimlogError, match=r"releases/0\.1\.0\.json: release 0\.1\.0 held"):
        checked(lying, path)
    assert [one.status for one in checked(log, path)] == ["changed"]


def test_a_bibliography_of_other_works_cites_nothing(log: Log, tmp_path: Path) -> None:
    for text in ("", "@book{x, title={Ports}}", "TY  - BOOK\nER  - \n", "[]", '{"items": [1]}'):
        assert checked(log, written(tmp_path, text)) == []


def test_texts_inside_of_lists_cost_the_same_at_any_depth() -> None:
    value: Any = ["last"]
    for _ in range(50_000):
        value = [value, "first"]
    texts = [*bibliography_reader._texts({"a": "begin", "b": value})]
    assert (texts[0], texts[1], len(texts)) == ("begin", "last", 50_002)


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    [
        "@",
        "@ ",
        "@a",
        "@a ",
        "@{",
        "TY ",
        "\nTY ",
        "\nTY - ",
        " ",
        "\n",
        "tiny-1.1.1-",
        "\ufeff",
        "-",
    ],
)
def test_what_could_begin_an_entry_costs_the_same_however_often_it_stands_there(
    piece: str, tmp_path: Path
) -> None:
    path = written(tmp_path, "@" + piece * (1_000_000 // len(piece)))
    begun = time.process_time()
    with suppress(ClaimlogError):  # of more citations than are checked
        read_citations(path, "tiny")
    assert time.process_time() - begun < 20


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfe@misc", "is no UTF-8"),
        (b'[{"id": "x"', "is no JSON that can be read"),
        (b'[{"id": 1, "id": 2}]', "occurs twice"),
        (b"[" * 100_000, "is no JSON that can be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.bib"
    path.write_bytes(data)
    with pytest.raises(ClaimlogError, match=said):
        read_citations(path, "tiny")
    with pytest.raises(ClaimlogError, match="cannot be read"):
        read_citations(tmp_path / "absent.bib", "tiny")


def test_a_bibliography_is_bounded(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, cite(TINY, cited(log, "C001-001", "C001-003"), "bibtex"))
    monkeypatch.setattr(bibliography_reader, "CITATIONS", 1)
    with pytest.raises(ClaimlogError, match="cites more than 1 claims"):
        read_citations(path, "tiny")
    monkeypatch.setattr(bibliography_reader, "DOCUMENT_BYTES", 10)
    with pytest.raises(ClaimlogError, match="is larger than 10 bytes"):
        read_citations(path, "tiny")


@pytest.mark.parametrize(
    "text", ["@a{one,}\n@a{tiny-0.1.0-%s,}", '[{"id": "one"}, {"id": "tiny-0.1.0-%s"}]']
)
def test_a_key_is_read_as_far_as_an_entry_and_entries_as_far_as_a_file_has_them(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bibliography_reader, "ENTRY_LENGTH", 1_000)
    path = written(tmp_path, text.replace("%s", "C" * 5_000))
    [citation] = read_citations(path, "tiny")
    assert citation.claim_id == "C" * (1_000 - len("tiny-0.1.0-"))
    monkeypatch.setattr(bibliography_reader, "ENTRIES", 1)
    with pytest.raises(ClaimlogError, match=r"has more than 1 entries; check it in parts$"):
        read_citations(path, "tiny")


def test_citations_of_many_versions_read_a_claim_once_and_list_its_last_events(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    def counted(table: Table, *rows: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        compared.append(rows[0]["claim_id"])
        return changed_cells(table, *rows)

    monkeypatch.setattr("claimlog.release.check_citations.changed_cells", counted)
    text = cite(TINY, cited(log, "C001-003", "C001-004"), "bibtex")
    path = written(tmp_path, text * 50)
    found = checked(log, path)
    assert [one.status for one in found] == ["changed", "retracted"] * 50
    assert compared == ["C001-003"]
    assert len({id(event) for one in found for event, _ in one.events}) == len(
        [event for one in found[:2] for event, _ in one.events]
    )
    monkeypatch.setattr("claimlog.release.check_citations.CITED_EVENTS", 0)
    short = checked(log, path)
    assert [one.events for one in short] == [()] * 100
    assert [one.earlier_events for one in short] == [len(one.events) for one in found]
    assert "    1 earlier events are not listed" in as_lines(short)


def test_the_command_prints_lines_or_json_and_says_by_its_status(
    made: World, log: Log, tmp_path: Path
) -> None:
    text = without_release(cite(TINY, cited(log, "C001-001", "C001-004"), "bibtex"))
    path = written(tmp_path, text)
    done = made.run("check-citations", str(path))
    assert done.returncode == 1
    assert "C001-004 was retracted since; version 1 is cited, 2 is the last" in done.stdout
    assert "cited.bib: 2 cited claims: 1 retracted, 1 unchanged" in done.stdout
    done = made.run("check-citations", str(path), "--json")
    assert done.returncode == 1
    one, other = json.loads(done.stdout)
    assert (one["status"], other["status"]) == ("unchanged", "retracted")
    assert other["events"][0]["reason"] == "The text does not say so."
    path = written(tmp_path, without_release(cite(TINY, cited(log, "C001-001"), "ris")), "good.ris")
    assert made.run("check-citations", str(path)).returncode == 0
