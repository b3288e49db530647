"""The coded corpus: what this release answers to the questions that people ask of it."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from claimlog.build import build
from claimlog.export.queries import available_queries
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.codebook import read_codebook
from claimlog.schema.definition import read_definition
from claimlog.sources.text import Texts, words
from conftest import ROOT

QUERIES = available_queries(read_definition(Package(ROOT)))

Row = dict[str, Any]
Ask = Callable[..., list[Row]]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    out = tmp_path_factory.mktemp("corpus") / "build"
    build(Package(ROOT), out)
    connection = sqlite3.connect(f"file:{out / 'allied-trust.db'}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    yield connection
    connection.close()


@pytest.fixture
def ask(corpus: sqlite3.Connection) -> Ask:
    """Run a canned query, or SQL, with parameters; absent ones are empty, as on the page."""

    def run(name: str, **given: str) -> list[Row]:
        sql = QUERIES[name].sql if name in QUERIES else name
        parameters = dict.fromkeys(re.findall(r":([a-z_]+)", sql), "") | given
        return [dict(row) for row in corpus.execute(sql, parameters)]

    return run


def test_all_five_articles_are_coded_clause_by_clause(ask: Ask) -> None:
    rows = ask("select source_id, count(*) as claims from claims group by source_id")
    counts = {row["source_id"]: row["claims"] for row in rows}
    assert set(counts) == {"S000", "S001", "S002", "S003", "S004"}
    assert 430 <= sum(counts.values()) <= 470


def test_no_prose_of_an_article_is_left_uncoded_but_attribution_and_connectives(
    ask: Ask, real_texts: Path
) -> None:
    texts = Texts(real_texts)
    for source in ask("select source_id, text_sha256 from sources where text_sha256 is not null"):
        text = texts.get(source["text_sha256"])
        assert text is not None
        left = set(range(len(text.content)))
        spans = f"where source_id = '{source['source_id']}'"
        for row in ask(f"select start, end from claims {spans}") + ask(
            f"select start, end from source_furniture {spans}"
        ):
            left -= set(range(row["start"], row["end"]))
        bare = "".join(char if at in left else " " for at, char in enumerate(text.content))
        assert len(words(bare)) / len(words(text.content)) < 0.16, source["source_id"]


def test_who_withheld_what_from_whom_when_on_whose_word_and_was_it_done(ask: Ask) -> None:
    rows = {row["claim_id"]: row for row in ask("who_restricted_what")}
    british = rows["C004-004"]
    assert (british["measure"], british["measure_status"]) == ("stop_subject", "taken")
    assert (british["who"], british["from_whom"]) == ("United Kingdom", "United States")
    assert (british["occurred"], british["on_whose_word"]) == ("2025-11~", "CNN")
    considered = rows["C002-002"]
    assert (considered["measure"], considered["measure_status"]) == ("scale_back", "considered")
    assert considered["on_whose_word"] == "the article itself"
    assert rows["C001-125"]["measure_status"] == "denied"
    assert rows["C001-083"]["measure_status"] == "ruled_out"
    done = Counter(row["measure_status"] for row in rows.values())
    assert done["considered"] > done["taken"] > done["ruled_out"] >= 2
    assert done["denied"] >= 2


def test_every_protective_measure_of_the_five_articles_is_found(ask: Ask) -> None:
    rows = ask("select distinct measure from claims where measure is not null")
    assert {row["measure"] for row in rows} == {
        *("withhold", "limit_distribution", "read_in_person", "no_new_operations", "scale_back"),
        *("review_agreement", "leave_agreement", "stop_subject", "stop_all", "refuse_use"),
        *("supply_false", "build_own", "turn_to_others", "cut_off", "declassify"),
    }


def test_incidents_are_reported_by_so_many_independent_origins(ask: Ask) -> None:
    rows = {row["incident_id"]: row for row in ask("incidents_and_origins")}
    disclosure = rows["israeli-source-2017"]
    assert (disclosure["articles"], disclosure["independent_origins"]) == (3, 3)
    assert disclosure["unknown_origins"] == 1
    assert rows["ukraine-cutoff-2025"]["independent_origins"] == 2
    assert rows["florida-documents"]["independent_origins"] == 2
    # a retold report and the report that it rests on are one
    signal = rows["signal-chat-2025"]
    assert signal["origin_ids"] == "S101,S102"
    assert signal["independent_origins"] == 1
    for name in (
        *("manchester-name-2017", "manchester-photos-2017", "submarines-2017", "iran-photo-2019"),
        *("transcripts-taken-home", "snowden-leaks", "london-agent-2025", "printed-guns-2025"),
        "nsa-report-recall-2025",
    ):
        assert rows[name]["claims"] >= 1, name


def test_which_statements_rest_on_anonymous_sources_only(ask: Ask) -> None:
    rows = {row["claim_id"]: row for row in ask("only_anonymous")}
    assert rows["C001-124"]["anonymity"] == "described"
    assert rows["C001-126"]["anonymity"] == "generic"
    # told as unnamed reports, but two other articles state it in their own voice
    assert "C003-018" not in rows
    assert {row["source_id"] for row in rows.values()} >= {"S000", "S001", "S003", "S004"}


def test_what_is_disputed_by_whom(ask: Ask) -> None:
    rows = [row for row in ask("disputes") if row["relation"] == "disputes"]
    found = {(row["disputed_by"], row["disputing_claim"], row["disputed_claim"]) for row in rows}
    assert ("White House", "C001-009", "C001-008") in found
    assert ("Peter Navarro", "C001-125", "C001-126") in found
    assert ("the article itself", "C001-161", "C001-159") in found
    assert ("Allies of the United States", "C002-005", "C002-002") in found
    assert ("Keir Starmer", "C001-151", "C001-041") in found
    assert ("Dan Shapiro", "C000-062", "C002-061") in found
    assert ("the article itself", "C004-053", "C003-040") in found
    assert all(row["basis"] for row in rows)


def test_every_figure_has_its_population(ask: Ask) -> None:
    rows = {row["claim_id"]: row for row in ask("figures")}
    figures = {(row["figure_value"], row["figure_unit"]) for row in rows.values()}
    assert figures >= {
        *((16, "percent"), (0.75, "share"), (79, "percent"), (2, "vessels"), (20000, "persons")),
        *((12, "persons"), (24, "states"), (80, "years"), (5, "states")),
    }
    assert all(row["figure_population"] for row in rows.values())
    assert "Germans" in rows["C000-050"]["figure_population"]
    assert rows["C001-039"]["figure_qualifier"] == "at_least"


def test_the_position_of_an_ally_and_how_it_changed_over_time(ask: Ask) -> None:
    rows = ask("ally_positions", ally="gbr")
    assert {row["ally"] for row in rows} == {"United Kingdom"}
    dated = [row["occurred"] for row in rows if row["occurred"]]
    assert dated[0].startswith("2017-05")
    assert dated[-1] == "2025-11~"
    everyone = ask("ally_positions")
    assert {"Canada", "Germany", "Netherlands", "Colombia"} <= {row["ally"] for row in everyone}
    assert "United States" not in {row["ally"] for row in everyone}


def test_which_ally_took_which_measure(ask: Ask) -> None:
    rows = {(r["ally"], r["measure"], r["measure_status"]) for r in ask("measures_by_ally")}
    assert {
        ("Colombia", "stop_all", "taken"),
        ("Netherlands", "scale_back", "taken"),
        ("Canada", "refuse_use", "taken"),
        ("United Kingdom", "stop_subject", "taken"),
        ("United States", "cut_off", "taken"),
    } <= rows
    assert "Ukraine" not in {ally for ally, _, _ in rows}  # it judges the American cut-off


def test_two_articles_that_take_from_one_report_count_once(ask: Ask) -> None:
    rows = {row["fact_id"]: row for row in ask("same_fact")}
    weighing = rows["C002-002"]
    assert (weighing["articles"], weighing["independent_origins"]) == (2, 1)
    assert weighing["unknown_origins"] == 1  # told as unnamed reports
    disclosure = rows["C001-063"]
    assert (disclosure["articles"], disclosure["independent_origins"]) == (3, 3)
    assert disclosure["claim_ids"].split() == ["C001-063", "C003-018", "C003-024", "C004-039"]
    members = rows["C001-115"]
    assert (members["articles"], members["independent_origins"]) == (3, 3)
    assert rows["C001-012"]["independent_origins"] == 2


def test_the_claims_of_an_aggregator_trace_to_one_origin(ask: Ask) -> None:
    rows = ask("traced_to_origin")
    by_article: dict[str, dict[str | None, int]] = {}
    for row in rows:
        by_article.setdefault(row["source_id"], {})[row["origin_id"]] = row["claims"]
    assert set(by_article["S002"]) == {"S104"}
    assert set(by_article["S003"]) == {"S104", None}
    assert set(by_article["S004"]) == {"S105", "S106", "S107", "S108"}
    assert by_article["S000"]["S101"] > by_article["S000"]["S102"] == 2


def test_what_the_texts_say_happened_on_a_day(ask: Ask) -> None:
    clash = ask("happened_between", since="2025-02-28", until="2025-02-28")
    named = {row["claim_id"] for row in clash}
    assert {"C001-001", "C001-157"} <= named  # on the day
    assert "C001-137" in named  # in that month
    assert "C001-133" in named  # an open interval since
    assert "C001-011" not in named  # three days later
    assert "C004-004" not in named


def test_memberships_of_five_eyes_and_nato_are_registered(ask: Ask) -> None:
    rows = ask(
        "select m.alliance_id, a.iso3 from alliance_members m join actors a using (actor_id)"
    )
    members = {(row["alliance_id"], row["iso3"]) for row in rows}
    assert {iso for alliance, iso in members if alliance == "five-eyes"} == {
        *("USA", "GBR", "CAN", "AUS", "NZL"),
    }
    assert {"USA", "GBR", "CAN", "DEU", "FRA", "NLD", "PRT"} == {
        iso for alliance, iso in members if alliance == "nato"
    }
    states = ask("select actor_id from actors where actor_type = 'state' and iso3 is null")
    assert states == []


def test_alpha_reaches_the_codebooks_aim_in_every_pass(ask: Ask) -> None:
    rows = [row for row in ask("agreement") if row["target"] is not None]
    assert {row["pass"] for row in rows} == {1, 2}
    assert {row["variable"] for row in rows} == {
        *("content", "voice", "modality", "topic", "anonymity"),
    }
    for row in rows:
        assert row["alpha"] >= row["target"] == 0.8, row
        assert row["alpha_low"] <= row["alpha"] <= row["alpha_high"]
        assert row["units"] > 400


def test_nearly_every_double_coded_passage_became_a_published_claim(ask: Ask) -> None:
    [row] = ask(
        "select count(*) as pairs, count(a.claim_id) as first, count(b.claim_id) as second "
        "from coding_pairs p join codings a on a.coding_id = p.first_coding_id "
        "join codings b on b.coding_id = p.second_coding_id where p.pass = 2"
    )
    assert row["pairs"] > 400
    assert min(row["first"], row["second"]) / row["pairs"] > 0.95


def test_corrections_are_amendments_and_retractions_with_reasons(ask: Ask) -> None:
    rows = ask("amendments")
    assert Counter(row["action"] for row in rows)["amend"] > 50
    assert Counter(row["action"] for row in rows)["retract"] >= 5
    assert all(len(row["reason"]) > 10 for row in rows)
    assert ask("select * from claims where claim_id = 'C004-009'") == []
    history = ask("claim_history", claim_id="C004-009")
    assert [row["action"] for row in history] == ["assert", "retract"]


def test_every_batch_of_codings_and_claims_says_that_no_person_coded(ask: Ask) -> None:
    rows = ask("select number, method, recorded_by from batches")
    assert len(rows) >= 11
    for row in rows[1:]:
        assert "language model" in row["method"], row["number"]
        assert "not by " in row["method"]


def test_codings_followed_the_codebook_that_their_batch_names() -> None:
    log = read(Package(ROOT))
    passes = log.live("codings").select("pass", "batch").unique().sort("pass").rows()
    versions = [log.codebooks[batch] for _, batch in passes]
    assert versions == ["0.2.0", "0.3.0"]
    assert read_codebook(Package(ROOT)).version >= versions[-1]
