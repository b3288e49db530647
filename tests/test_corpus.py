"""The coded corpus: what this release answers to the questions that people ask of it."""

from __future__ import annotations

import html
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from claimlog.export.queries import available_queries
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.release.dataset_state import DatasetState
from claimlog.release.diff import compare_states
from claimlog.schema.codebook import read_codebook
from claimlog.schema.definition import read_definition
from claimlog.sources.text import Texts, words
from conftest import ROOT, Get, asking
from searches import SEARCHES, check_search

QUERIES = available_queries(read_definition(Package(ROOT)))

Row = dict[str, Any]
Ask = Callable[..., list[Row]]


@pytest.fixture(scope="module")
def get(corpus_build: Path) -> Get:
    return asking(corpus_build)


@pytest.fixture(scope="module")
def corpus(corpus_build: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{corpus_build / 'allied-trust.db'}?mode=ro", uri=True)
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
    assert british["measure_account"] == "third_party"  # CNN says so, Britain does not
    assert (british["who"], british["from_whom"]) == ("United Kingdom", "United States")
    assert (british["occurred"], british["on_whose_word"]) == ("2025-11~", "CNN")
    considered = rows["C002-002"]
    assert (considered["measure"], considered["measure_status"]) == ("scale_back", "considered")
    assert considered["on_whose_word"] == "the article itself"
    assert considered["measure_account"] == "author"
    # Navarro denies a part in it, not that it is weighed
    assert "C001-125" not in rows
    assert (rows["C002-005"]["measure_status"], rows["C002-005"]["measure_account"]) == (
        "denied",
        "taker",
    )
    ruled_out = [row for row in rows.values() if row["measure_status"] == "ruled_out"]
    assert [(row["claim_id"], row["measure_account"]) for row in ruled_out] == [
        ("C001-083", "taker")
    ]
    done = Counter(row["measure_status"] for row in rows.values())
    assert done["considered"] > done["taken"] > done["conjectured"] > done["denied"] == 1


def test_a_forecast_of_an_outsider_is_nobodys_decision(ask: Ask) -> None:
    shapiro = next(row for row in ask("who_restricted_what") if row["claim_id"] == "C000-062")
    assert (shapiro["measure_status"], shapiro["measure_account"]) == ("conjectured", "third_party")
    assert (shapiro["side"], shapiro["office"]) == ("us", "former")
    by_ally = {
        (row["ally"], row["measure_status"]): row["accounts"] for row in ask("measures_by_ally")
    }
    assert by_ally["Allies of the United States", "ruled_out"] == "taker"


def test_since_when_under_which_condition_and_why_a_measure_is_taken(ask: Ask) -> None:
    rows = {row["claim_id"]: row for row in ask("who_restricted_what")}
    cut = rows["C001-012"]
    assert (cut["who"], cut["from_whom"]) == ("United States", "Ukraine")
    assert (cut["measure_status"], cut["measure_account"]) == ("taken", "author")
    assert cut["since"] == "2025-03~"
    assert "peace plan" in cut["condition"]
    assert cut["independent_origins"] == 1  # the other article that states it tells no origin
    assert "strikes" in rows["C004-004"]["reasons"]
    dutch = rows["C004-021"]["reasons"]
    assert "human rights" in dutch
    assert "politics" in dutch
    assert rows["C001-096"]["until"] is None  # until the outcome, which no text dates
    assert "outcome of the election" in rows["C001-096"]["condition"]
    assert rows["C001-082"]["independent_origins"] == 1  # the report of January is another measure


def test_every_claim_of_a_measure_says_how_far_it_came_and_on_whose_word(ask: Ask) -> None:
    rows = ask(
        "select claim_id, measure, measure_subject, measure_status, measure_account "
        "from claims where measure_id is not null"
    )
    assert len(rows) > 50
    assert [row for row in rows if None in row.values()] == []
    told = ask("select sum(claims) as claims, min(claims) as least from measures")
    assert told == [{"claims": len(rows), "least": 1}]


def test_whose_trust_in_whom_fell_and_for_which_reason(ask: Ask) -> None:
    rows = {row["claim_id"]: row for row in ask("trust_in_whom", course="falling")}
    assert rows["C000-049"]["holder"] == "Germany"
    assert rows["C000-049"]["object"] == "United States"
    assert "Signal" in rows["C000-004"]["statement"]
    assert rows["C000-004"]["reasons"]
    loyalists = rows["C004-036"]
    assert (loyalists["holder"], loyalists["object"]) == (
        "Allies of the United States",
        "United States",
    )
    assert "loyalists" in loyalists["reasons"]
    lost = {row["claim_id"] for row in ask("trust_in_whom", course="lost")}
    assert lost == {"C002-051", "C002-063"}
    everything = {row["claim_id"]: row["trust_sign"] for row in ask("trust_in_whom")}
    assert everything["C001-151"] == "trust"  # Starmer, against the article


def test_american_and_allied_voices_serving_and_former_are_told_apart(ask: Ask) -> None:
    rows = {(row["side"], row["office"]): row for row in ask("voices")}
    assert rows["us", "former"]["claims"] > rows["us", "leader"]["claims"] > 0
    assert rows["ally", "official"]["claims"] > 0
    assert rows["ally", "official"]["anonymous"] > rows["ally", "official"]["identified"]
    [former] = ask(
        "select side, office, anonymity from claims where speaker_id = 'dan-shapiro' limit 1"
    )
    assert former == {"side": "us", "office": "former", "anonymity": "named"}


def test_why_something_is_so_is_a_link_within_one_article(ask: Ask) -> None:
    rows = ask("reasons")
    found = {(row["reason_id"], row["claim_id"]) for row in rows if row["relation"] == "reason_for"}
    assert {("C002-003", "C002-002"), ("C004-005", "C004-004"), ("C003-016", "C003-003")} <= found
    assert all(row["reason_id"][:4] == row["claim_id"][:4] for row in rows)
    boats = ask("reasons", measure_id="uk-boats-halt-2025")
    assert [row["reason_id"] for row in boats] == ["C004-005", "C004-083"]
    assert {row["topic"] for row in ask("reasons", topic="trust")} == {"trust"}


def test_what_an_article_adds_of_its_own_counts_as_its_own(ask: Ask) -> None:
    rows = ask("select origin_basis, source_id, origin_id from claims")
    assert {row["origin_id"] for row in rows if row["origin_basis"] == "unknown"} == {None}
    assert all(
        row["origin_id"] == row["source_id"] for row in rows if row["origin_basis"] == "added"
    )
    # a text set before the election of 2024 takes nothing from a report of March 2025
    assert {row["origin_id"] for row in rows if row["source_id"] == "S003"} == {"S003", None}


def test_credibility_rises_with_origins_and_falls_with_disputes(ask: Ask) -> None:
    rows = {
        row["claim_id"]: row
        for row in ask("select claim_id, credibility, independent_origins, content from claims")
    }
    assert rows["C001-063"] == {
        "claim_id": "C001-063",
        "credibility": "1",
        "independent_origins": 2,
        "content": "event",
    }
    assert rows["C001-165"]["credibility"] == "4"  # as many say otherwise
    assert rows["C004-021"]["credibility"] == "2"  # the Dutch heads of themselves
    assert rows["C004-004"]["credibility"] == "3"
    for row in rows.values():
        if row["content"] not in ("event", "state"):
            assert row["credibility"] == "6"
        if row["credibility"] == "1":
            assert row["independent_origins"] > 1


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
    # of the third article it cannot be told where it has it from
    assert (disclosure["articles"], disclosure["independent_origins"]) == (3, 2)
    assert disclosure["unknown_origins"] == 3
    assert rows["ukraine-cutoff-2025"]["independent_origins"] == 1  # of the other it is unknown
    assert rows["florida-documents"]["independent_origins"] == 1  # of the other it is unknown
    assert rows["florida-documents"]["articles"] == 2
    # a retold report and the report that it rests on are one
    signal = rows["signal-chat-2025"]
    assert signal["origin_ids"] == "S000,S101,S102"
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
    assert rows["C003-004"]["anonymity"] == "generic"
    # told as unnamed reports, but another article says more than that in its own voice
    assert "C003-018" not in rows
    assert {row["source_id"] for row in rows.values()} >= {"S000", "S001", "S003", "S004"}


def test_what_is_disputed_by_whom(ask: Ask) -> None:
    rows = [row for row in ask("disputes") if row["relation"] == "disputes"]
    found = {(row["disputed_by"], row["disputing_claim"], row["disputed_claim"]) for row in rows}
    assert ("White House", "C001-009", "C001-008") in found
    assert ("Peter Navarro", "C001-125", "C001-126") in found
    assert ("the text itself", "C001-163", "C001-159") in found
    assert ("US intelligence agencies", "C001-165", "C001-166") in found
    assert ("Allies of the United States", "C002-005", "C002-002") in found
    # others than Starmer find the United States unreliable: that is no dispute, but their trust is
    assert "C001-151" not in {row["disputing_claim"] for row in rows}
    assert all(row["basis"] for row in rows)


def test_every_figure_has_its_population(ask: Ask) -> None:
    rows = {row["claim_id"]: row for row in ask("figures")}
    figures = {(row["figure_value"], row["figure_unit"]) for row in rows.values()}
    assert figures >= {
        *((16, "percent"), (75, "percent"), (79, "percent"), (2, "vessels"), (20000, "persons")),
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
    answers = ask("measures_by_ally")
    rows = {(r["ally"], r["measure"], r["measure_status"]) for r in answers}
    assert {
        ("Colombia", "stop_all", "taken"),
        ("Netherlands", "scale_back", "taken"),
        ("Canada", "refuse_use", "taken"),
        ("United Kingdom", "stop_subject", "taken"),
        ("United States", "cut_off", "taken"),
    } <= rows
    assert "Ukraine" not in {ally for ally, _, _ in rows}  # it judges the American cut-off
    own = {(r["ally"], r["measure"], r["measure_status"]): r["on_own_word"] for r in answers}
    assert own["Netherlands", "scale_back", "taken"] == 1
    assert own["United Kingdom", "stop_subject", "taken"] == 0  # CNN says so, Britain does not
    # an author imagines that four states leave: none of them has said so
    assert own["Australia", "leave_agreement", "conjectured"] == 0
    assert all("presupposed" not in row["accounts"] for row in answers)


def test_what_is_said_of_a_measure_is_counted_by_independent_origins(ask: Ask) -> None:
    rows = {(r["ally_id"], r["measure"], r["measure_status"]): r for r in ask("measures_by_ally")}
    # two works tell of it, but one names the other for it
    expelling = rows["usa", "leave_agreement", "considered"]
    assert (expelling["claims"], expelling["measures"]) == (3, 1)
    assert expelling["independent_origins"] == 1
    cut = rows["us-allies", "scale_back", "taken"]
    assert (cut["claims"], cut["measures"], cut["independent_origins"]) == (3, 3, 2)
    assert rows["usa", "cut_off", "taken"]["earliest"] == "2025-03-01"


def test_two_articles_are_two_origins_only_if_both_tell_where_they_have_it_from(ask: Ask) -> None:
    rows = {row["fact_id"]: row for row in ask("same_fact")}
    disclosure = rows["C001-063"]
    assert (disclosure["articles"], disclosure["independent_origins"]) == (2, 2)
    assert disclosure["claim_ids"].split() == ["C001-063", "C004-039"]
    members = rows["C001-115"]
    assert (members["articles"], members["independent_origins"]) == (2, 2)
    assert (rows["C001-012"]["independent_origins"], rows["C001-012"]["unknown_origins"]) == (1, 1)


def test_a_list_of_members_is_not_the_fact_of_one_of_them(ask: Ask) -> None:
    rows = ask("select from_claim_id, to_claim_id from links where relation = 'implies'")
    implied = {(row["from_claim_id"], row["to_claim_id"]) for row in rows}
    assert {("C003-030", "C001-115"), ("C003-030", "C001-116")} <= implied
    facts = {row["fact_id"]: row["claim_ids"].split() for row in ask("same_fact")}
    assert facts["C001-115"] == ["C001-115", "C004-025"]
    assert not any("C001-116" in claims for claims in facts.values())
    # what is told with less detail is supported by what is told with more
    [vague] = ask("select independent_origins from claims where claim_id = 'C003-018'")
    assert vague["independent_origins"] == 2


def test_the_claims_of_an_aggregator_trace_to_one_origin(ask: Ask) -> None:
    rows = ask("traced_to_origin")
    by_article: dict[str, dict[str | None, int]] = {}
    for row in rows:
        by_article.setdefault(row["source_id"], {})[row["origin_id"]] = row["claims"]
    assert set(by_article["S002"]) == {"S104", "S002", None}
    assert set(by_article["S003"]) == {"S003", None}
    assert set(by_article["S004"]) == {"S105", "S106", "S107", "S108"}
    assert by_article["S000"]["S000"] > by_article["S000"]["S101"] > by_article["S000"]["S102"] == 2


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


def test_agreement_reaches_the_codebooks_aim_in_the_last_pass_that_coded_a_variable(
    ask: Ask,
) -> None:
    rows = [row for row in ask("agreement") if row["target"] is not None]
    assert {row["pass"] for row in rows} == {1, 2, 3, 4, 5}
    last = {row["variable"]: row for row in rows}  # passes come in order
    aimed = [row["variable"] for row in read_codebook(Package(ROOT)).variables if row["target"]]
    assert set(last) == {*aimed} - {"relation"}
    assert {name: row["aim"] for name, row in last.items()} == dict.fromkeys(last, "reached")
    for row in last.values():
        assert row["units_filled"] >= 20
        if row["f1"] is None:
            assert row["alpha_filled_low"] <= row["alpha_filled"] <= row["alpha_filled_high"]
        else:
            assert row["f1_low"] <= row["f1"] <= row["f1_high"]
    # what fell short is reported too
    missed = {(row["pass"], row["variable"]) for row in rows if row["aim"] == "missed"}
    assert missed == {
        *((1, "measure_status"), (3, "speaker_key"), (3, "trust_holder"), (4, "speaker_key")),
    }


def test_coders_agree_on_links_and_nothing_was_found_in_random_pairs(ask: Ask) -> None:
    rows = [row for row in ask("agreement_on_links") if row["scope"] == "all"]
    found = {row["relation"]: row for row in rows}
    assert found["any"]["f1"] >= 0.8
    assert (found["any"]["random_pairs"], found["any"]["random_links"]) == (130, 0)
    assert {"same_fact", "implies", "disputes", "reason_for"} <= set(found)
    assert all(row["f1"] >= 0.8 for row in rows)


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
        assert re.search(r"not (by )?(a person|people)", row["method"]), row["number"]


def test_codings_followed_the_codebook_that_their_batch_names() -> None:
    log = read(Package(ROOT))
    passes = log.live("codings").select("pass", "batch").unique().sort("pass").rows()
    versions = [log.codebooks[batch] for _, batch in passes]
    assert versions == ["0.2.0", "0.3.0", "1.0.0", "1.0.0", "1.0.0"]
    assert read_codebook(Package(ROOT)).version >= versions[-1]


def test_the_last_reading_found_fewer_than_one_claim_in_a_hundred_wrong(ask: Ask) -> None:
    *earlier, last = ask("error_rate")
    assert last["reading"] == "third-reading"
    assert last["claims_read"] == ask("select count(*) as n from claims")[0]["n"]
    assert last["claims_with_errors"] < last["claims_read"] / 100
    assert all(row["claims_with_errors"] > last["claims_with_errors"] for row in earlier)
    page = (ROOT / "docs" / "coding.md").read_text("utf-8")
    for row in (*earlier, last):
        (line,) = re.findall(rf"^\| {row['title']} \| (.*) \|$", page, re.MULTILINE)
        read_claims, coded, share, derived, elsewhere = line.split(" | ")
        assert [read_claims, coded, derived, elsewhere] == [
            str(row[name])
            for name in (
                *("claims_read", "claims_with_errors"),
                *("claims_derived_wrong", "errors_elsewhere"),
            )
        ]
        assert share.startswith(f"{row['percent']:.1f}%")


def test_every_finding_says_what_its_reader_found(ask: Ask, get: Get) -> None:
    assert ask("select finding_id from findings where note is null") == []
    page = get("/claims/C004-017").text
    assert '<a href="/findings/F0769">F0769</a>' in page
    (row,) = ask("select note from findings where finding_id = 'F0769'")
    assert row["note"] in html.unescape(page)


def test_the_page_of_a_release_counts_what_changed_as_the_diff_does(get: Get) -> None:
    log = read(Package(ROOT))
    old, new = (DatasetState.of_name(log, version) for version in ("0.2.0", "0.3.0"))
    found = compare_states(log, old, new, log.definition.deprecations)
    data = get("/releases/0.3.0.json").json()
    assert 0 < len(found.filled_claims) == data["filled"]
    assert len(found.filled_claims) < len(found.of("amended")) == data["became"]["amended_claims"]
    assert f"(in {data['filled']} of them {data['filled_words']})" in found.counts
    # what changed besides is told apart, although the reason speaks of new variables alone
    assert "C004-088" not in {claim.row_id for claim in found.filled_claims}


def test_what_an_amendment_changed_beside_its_reason_is_said_since(ask: Ask) -> None:
    rows = ask(
        "select distinct c.claim_id from cell_changes c where reason like '%new variables only.' "
        "and \"column\" in ('statement', 'event_code', 'figure_value') and not exists (select 1 "
        "from claim_versions v where v.claim_id = c.claim_id and v.reason like "
        "'%gave new variables only as its reason, and also changed%')"
    )
    assert rows == []


def test_every_finding_is_about_a_row_that_is_or_was_there(ask: Ask) -> None:
    known = {row["id"] for row in ask("select distinct entity_id as id from events")}
    targets = {row["target_id"] for row in ask("select target_id from findings")}
    # rows that readers found missing are named by the identifiers that they would have had
    missing = targets - known
    rows = ask("select target_id, variable from findings")
    assert {row["variable"] for row in rows if row["target_id"] in missing} <= {
        *("measure_id", "incident_id"),
    }


def test_no_measure_stands_on_the_word_of_one_who_denies_it(ask: Ask, get: Get) -> None:
    denied = ask(
        "select t.claim_id, t.measure_account from links l join claims f on "
        "f.claim_id = l.from_claim_id join claims t on t.claim_id = l.to_claim_id "
        "where l.relation = 'disputes' and f.speaker_id = t.speaker_id"
    )
    assert "C001-126" in {row["claim_id"] for row in denied}
    assert "taker" not in {row["measure_account"] for row in denied}
    page = get("/claims/C001-126").text
    assert "Ascribed to Peter Navarro (named person), who denies it, by “Reports that" in page
    assert "Peter Navarro" not in get("/measures").text


def test_why_a_measure_is_taken_is_a_reason_or_its_purpose_and_no_evidence(get: Get) -> None:
    steps = [
        step
        for section in get("/measures.json").json()["sections"]
        for status in section["statuses"]
        for step in status["steps"]
    ]
    assert {reason["relation"] for step in steps for reason in step["reasons"]} == {"reason_for"}
    [canada] = [step for step in steps if step["measure_id"] == "canada-expulsion-2025"]
    assert (canada["reasons"], "security and trade" in canada["purpose"]) == ([], True)


def test_what_is_taken_from_a_work_has_an_origin_and_what_has_none_is_not_taken(ask: Ask) -> None:
    differing = "(origin_basis = 'unknown') <> (origin_id is null)"
    assert ask(f"select claim_id from claims where {differing}") == []


def test_every_finding_says_what_became_of_it_and_why(ask: Ask, get: Get) -> None:
    rows = ask("select finding_id, outcome, answer from findings")
    assert all(row["outcome"] for row in rows)
    assert [row for row in rows if (row["outcome"] == "open") == bool(row["answer"])] == []
    page = get("/claims/C001-126").text
    assert "Version 3 (batch 20) changed “attributions”." in page
    assert "Declined" in page


def test_a_search_for_an_actor_finds_the_claims_that_have_it_in_a_column(
    ask: Ask, get: Get
) -> None:
    rows = ask("select claim_id from claim_actors where actor_id = 'gbr'")
    data = get("/search.json?q=UK&kind=claims").json()["claims"]
    found = {row["claim_id"] for row in data["results"]}
    assert "C004-017" in found
    assert {row["claim_id"] for row in rows} <= found
    assert len(found) == data["count"]


def test_at_least_fifty_searches_have_a_right_answer() -> None:
    texts = [one["q"] for one in SEARCHES["corpus"]]
    assert len(set(texts)) == len(texts) >= 50


@pytest.mark.parametrize("expected", SEARCHES["corpus"], ids=lambda one: str(one["q"])[:40])
def test_a_search_finds_first_what_its_reader_wants(expected: Row, get: Get) -> None:
    check_search(get, expected)
