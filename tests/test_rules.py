"""Every rule has a mutant, and the mutant trips that rule and no other."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import claimlog.validate
from claimlog.edit.open_batch import with_open
from claimlog.errors import FindingsError
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.definition import read_definition
from claimlog.validate import Report, anchors, validate
from claimlog.validate import report as report_module
from claimlog.validate.report import LAYERS, rules_of
from conftest import ACTORS, CLAIMS, ROOT, SOURCES, World, coder
from mutants import MUTANTS

RULES = rules_of(read_definition(Package(ROOT)))


def checked(world: World) -> Report:
    return validate(read(world.package), world.supplied)


def test_every_rule_has_a_mutant_and_every_mutant_a_rule() -> None:
    assert set(MUTANTS) == set(RULES)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_says_what_must_hold_and_why(rule: report_module.Rule) -> None:
    assert rule.layer in LAYERS
    assert rule.severity in ("error", "warning")
    assert rule.sentence.endswith(".")
    assert rule.reason.endswith((".", "?"))


def test_the_good_package_has_no_finding_and_every_rule_but_the_released_one_ran(
    made: World,
) -> None:
    report = checked(made)
    assert report.findings == []
    idle = {t.rule.id for t in report.tallies.values() if t.status == "not checked"}
    # the tiny package is no git checkout and was never released
    assert idle == {"released-batches", "released-roots"}
    assert all(t.checked > 0 for name, t in report.tallies.items() if name not in idle)


@pytest.mark.parametrize("rule", MUTANTS)
def test_mutant_trips_its_rule_and_no_other(rule: str, world: World) -> None:
    MUTANTS[rule](world)
    report = checked(world)
    assert {finding.rule for finding in report.findings} == {rule}, list(map(str, report.findings))
    assert report.tallies[rule].status == "failed"


def test_a_rule_that_checked_nothing_although_rows_exist_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = claimlog.validate.ENTITY_CHECKS
    rest = tuple(check for check in checks if check.__name__ != "check_hops")
    monkeypatch.setattr("claimlog.validate.ENTITY_CHECKS", rest)
    report = checked(world)
    assert [finding.rule for finding in report.findings] == ["hop-speaker"]
    assert "checked nothing although rows exist" in str(report.findings[0])


def test_a_rule_that_finds_nothing_to_check_among_the_rows_is_not_checked(bare: World) -> None:
    bare.add("sources", [SOURCES[0]])
    bare.seal("register")
    report = checked(bare)
    assert report.findings == []
    tally = report.tallies["text-identity"]  # a work has no text
    assert (tally.status, tally.note) == ("not checked", "no row holds what it checks")


def test_a_log_of_actors_alone_is_valid(bare: World) -> None:
    bare.add("actors", [ACTORS[0]])  # it has no membership, thus no date to check
    bare.seal("register")
    report = checked(bare)
    assert report.findings == []
    assert report.tallies["edtf"].note == "no row holds what it checks"


@pytest.mark.slow
def test_a_log_whose_claims_are_all_retracted_is_valid(bare: World) -> None:
    bare.add("actors", ACTORS)
    bare.add("sources", SOURCES)
    bare.add("claims", CLAIMS[2:3])
    bare.retract("C001-001")
    bare.seal("withdrawn")
    report = checked(bare)
    assert report.findings == []
    assert report.tallies["quote-hash"].note == "no row holds what it checks"


def test_without_texts_anchor_rules_are_not_checked_and_say_how_many(world: World) -> None:
    report = validate(read(world.package))
    assert report.findings == []
    for rule in ("text-identity", "quote-hash", "anchor-words", "word-boundary", "own-words"):
        tally = report.tallies[rule]
        assert (tally.status, tally.checked) == ("not checked", 0)
        assert tally.note == "no texts were supplied: 5 anchors not checked; use --texts DIR"
    assert report.as_dict()["summary"]["anchors_not_checked"] == 5


def test_a_missing_text_is_named_and_its_anchors_are_counted_as_skipped(
    world: World, tmp_path: Path
) -> None:
    other = tmp_path / "others"
    other.mkdir()
    (other / "a.txt").write_text("Another text.")
    world.texts = other
    report = checked(world)
    tally = report.tallies["quote-hash"]
    assert (tally.checked, tally.skipped) == (0, 5)
    assert tally.note == "no text supplied has the hash of S001: 5 anchors not checked"


def test_passages_beyond_the_room_for_all_are_not_checked_and_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of a few bytes can each mark all of a text."""
    rows = read(world.package).live("claims").to_dicts()
    lengths = [row["end"] - row["start"] for row in rows]
    monkeypatch.setattr(anchors, "CHECKED_CHARACTERS", sum(lengths[:2]))
    monkeypatch.setattr(anchors, "CHECKED_EACH", 0)
    report = checked(world)
    for rule in ("quote-hash", "anchor-words", "word-boundary"):
        assert (report.tallies[rule].checked, report.tallies[rule].skipped) == (2, len(rows) - 2)
        assert report.tallies[rule].note == (
            f"all passages have more than {sum(lengths[:2])} characters: "
            f"{len(rows) - 2} anchors not checked"
        )
    assert report.tallies["own-words"].skipped == 0
    assert report.anchors_unchecked == len(rows) - 2


def test_texts_are_found_by_hash_whatever_their_name_line_ends_or_bom(world: World) -> None:
    path = world.texts / "harbour.txt"
    text = path.read_text("utf-8")
    path.unlink()
    (world.texts / "sub").mkdir()
    dressed = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    (world.texts / "sub" / "renamed.bin").write_bytes(dressed)
    assert checked(world).tallies["quote-hash"].checked == 5


def test_all_findings_are_listed_with_file_line_entity_and_remedy(world: World) -> None:
    def spoil(rows: list[dict[str, object]]) -> None:
        rows[0]["topic"] = "sharking"
        rows[2]["statement"] = None

    world.rewrite("claims", spoil, 1)
    lines = [str(finding) for finding in checked(world).findings]
    assert len(lines) == 2
    assert lines[0] == (
        'events/0002-claims/claims.ndjson:3: C001-003 "statement" is null, expected a value; '
        "see schemas/claims.json [required]"
    )
    assert lines[1].startswith(
        'events/0002-claims/claims.ndjson:1: C001-001 "topic" is "sharking", expected a code of '
        "schemas/codebook/codes/topic.csv (opinion, trust, sharing,"
    )


def test_codes_inside_lists_are_checked_too(world: World) -> None:
    def spoil(rows: list[dict[str, object]]) -> None:
        rows[1]["attributions"][0]["anonymity"] = "secret"  # type: ignore[index]

    world.rewrite("claims", spoil, 1)
    (finding,) = checked(world).findings
    assert finding.rule == "enum"
    assert 'attributions: "anonymity" is "secret"' in finding.message


def test_coders_of_links_are_limited_by_pass_and_named_in_one_line(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.validate.coders.PASS_CODERS", 2)
    world.add("coders", [coder("human-1", "person")])
    entry = {"from_claim_id": "C001-001", "to_claim_id": "C001-002", "relation": None}
    names = ("coder-1", "coder-2", "human-1")
    codings = [{**entry, "pass": 1, "sample": "proposed", "coder": name} for name in names]
    world.add("link_codings", [*codings[:2], *({**codings[2], "pass": 2},)])
    with pytest.raises(FindingsError) as caught:
        world.add("link_codings", [codings[2]])
    [finding] = caught.value.findings
    assert finding.rule == "pass-coders"
    assert "human-1 is one more than the 2 coders that are compared in a pass" in str(finding)
    assert "pass 1 has 3" in str(finding)


def test_of_three_claims_of_one_fact_each_pair_must_be_linked(world: World) -> None:
    def link(one: str, other: str) -> dict[str, str]:
        return {
            "from_claim_id": one,
            "relation": "same_fact",
            "to_claim_id": other,
            "basis": "Said alike.",
        }

    world.add("links", [link("C001-002", "C001-001")])  # C001-006 and C001-001 are linked
    report = validate(with_open(read(world.package)), world.supplied)
    (finding,) = report.findings
    assert (finding.rule, finding.severity, report.error_count) == ("fact-closed", "warning", 0)
    assert "C001-002 and C001-006 through other claims" in str(finding)
    world.add("links", [link("C001-006", "C001-002")])
    world.seal("closed")
    assert checked(world).findings == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("work", "article", "found"),
    [
        ("2025-04", "2025-03~", 1),
        ("2025-03", "2025-03~", 0),
        ("2025", "2025-03~", 0),
        ("2025-01/..", "2024", 1),
        ("../2026", "2025-03~", 0),
        (None, "2025-03~", 0),
        ("2025-04", None, 0),
    ],
)
def test_a_text_rests_on_no_work_that_appeared_after_it(
    work: str | None, article: str | None, found: int, world: World
) -> None:
    def date(rows: list[dict[str, object]]) -> None:
        rows[0]["published"], rows[1]["published"] = work, article

    world.rewrite("sources", date, 0)
    findings = checked(world).findings
    assert [(one.rule, one.entity) for one in findings] == [("lineage-dates", "S001")] * found


def test_frictionless_finds_what_pandera_finds_and_it_is_reported_once(world: World) -> None:
    world.rewrite("claims", lambda rows: rows[0].update(topic="sharking"), 1)
    report = checked(world)
    assert [finding.rule for finding in report.findings] == ["enum"]
    alone = report.tallies["descriptor"].note
    assert alone == "Frictionless read every row of every stream (at most 5000 in each)"


def test_a_broken_reference_is_named_even_where_values_are_not_of_their_schema(
    world: World,
) -> None:
    def spoil(rows: list[dict[str, object]]) -> None:
        rows[0]["topic"] = "sharking"
        rows[5]["incident_id"] = "lost-map"
        rows[1]["trust_object"] = ["pakt"]

    world.rewrite("claims", spoil, 1)
    report = checked(world)
    assert report.stopped_after == "schema"
    assert [str(one) for one in report.findings if one.rule != "enum"] == [
        f"events/0002-claims/claims.ndjson:{line}: {said} in this batch or before, or mend the "
        "identifier [foreign-key]"
        for line, said in (
            (6, 'C001-006 incident_id "lost-map" is not in incidents; assert it in incidents'),
            (2, 'C001-002 trust_object "pakt" is not in actors; assert it in actors'),
        )
    ]


def test_what_only_frictionless_finds_is_reported_under_the_rule_it_is_about(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimlog.validate.column_constraints.check_constraints", lambda *_: None)
    world.rewrite("claims", lambda rows: rows[0].update(topic="sharking"), 1)
    findings = [f for f in checked(world).findings if f.message.startswith("Frictionless")]
    assert [(f.rule, f.path, f.line) for f in findings] == [
        ("enum", "events/0002-claims/claims.ndjson", 1)
    ]


def test_above_the_limit_frictionless_reads_a_stated_sample_and_pandera_every_row(
    world: World,
) -> None:
    world.limit(frictionless_rows=3, frictionless_sample=2)
    world.rewrite("claims", lambda rows: rows[1].update(topic="sharking"), 1)
    report = checked(world)
    assert [finding.rule for finding in report.findings] == ["enum"]
    note = report.tallies["descriptor"].note
    assert note is not None
    assert note.endswith("2 rows of each stream from all over it, not all (more than 3 rows)")
    assert report.tallies["enum"].checked > 8


def test_a_broken_hash_is_named_even_where_rows_are_wrong_too(world: World) -> None:
    path = world.file("claims", 1)
    path.write_bytes(path.read_bytes().replace(b'"topic":"sharing"', b'"topic":"sharks!"', 1))
    rules = {finding.rule for finding in checked(world).findings}
    assert {"enum", "file-hash", "tree-root"} <= rules


def test_the_report_gives_checked_skipped_and_failed_for_every_rule(world: World) -> None:
    rules = checked(world).as_dict()["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    assert all({"checked", "skipped", "failed", "status", "note"} <= set(rule) for rule in rules)


def test_a_large_number_of_failures_is_counted_in_full_and_listed_in_part(world: World) -> None:
    world.limit(findings_listed=2)
    world.rewrite("claims", lambda rows: [row.update(topic="sharking") for row in rows], 1)
    report = checked(world)
    assert len(report.findings) == 2
    assert report.tallies["enum"].failed == 6


def test_claims_of_the_real_log_are_anchored_in_the_real_texts(real_texts: Path) -> None:
    from claimlog.package import Package
    from claimlog.sources.text import Texts

    log = read(Package(ROOT))
    report = validate(log, Texts(real_texts))
    assert report.findings == []
    claims = log.live("claims").filter(pl.col("source_id") == "S004")
    assert claims.height >= 75
    assert report.tallies["quote-hash"].checked >= claims.height
    assert report.tallies["quote-hash"].skipped == 0
    assert report.tallies["text-identity"].checked == 5
