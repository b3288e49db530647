"""What is appended to a valid log: it is checked wherever it can break a rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import claimlog.edit.append_lines
import claimlog.fingerprint
from claimlog.edit.open_batch import with_open
from claimlog.errors import FindingsError
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.sources.text import Texts
from claimlog.validate import validate
from claimlog.validate.report import Report
from claimlog.validate.validate_appended import is_valid, note_valid, validate_appended
from conftest import TEXT, World, actor, copied, source, text

Change = Callable[[World], object]

BREAKS: dict[str, tuple[str, Change]] = {
    "an actor that a claim names is retracted": (
        "live-reference",
        lambda world: world.retract("ada-example"),
    ),
    "an actor that an actor is part of is retracted": (
        "live-reference",
        lambda world: world.retract("harbour-ministry"),
    ),
    "a claim that is linked is retracted": (
        "live-reference",
        lambda world: world.retract("C001-006"),
    ),
    "a source that another is derived from is retracted": (
        "live-reference",
        lambda world: world.retract("S101"),
    ),
    "an incident that a measure names is retracted": (
        "live-reference",
        lambda world: world.retract("lost-chart"),
    ),
    "a link leads to nothing": (
        "foreign-key",
        lambda world: world.amend("links", "L0001", to_claim_id="C001-099"),
    ),
    "an actor becomes part of itself through another": (
        "membership-acyclic",
        lambda world: world.amend("actors", "nor", part_of="harbour-ministry"),
    ),
    "an alliance with members becomes a state": (
        "membership-acyclic",
        lambda world: world.amend("actors", "pact", actor_type="state"),
    ),
    "a source is derived from itself through another": (
        "lineage-acyclic",
        lambda world: world.amend(
            "sources",
            "S101",
            lineage=[
                {
                    "source_id": "S001",
                    "relation": "wasDerivedFrom",
                    "certainty": "strong",
                    "evidence": "Invented.",
                }
            ],
        ),
    ),
    "a new member joins what is no alliance": (
        "membership-acyclic",
        lambda world: world.add(
            "actors", [actor("far", "state", memberships=[{"alliance_id": "sud"}])]
        ),
    ),
    "a new source holds a text that another holds": (
        "text-once",
        lambda world: world.add(
            "sources", [source("S002", text_sha256=text.sha256, text_length=len(TEXT))]
        ),
    ),
    "a claim names an actor that was never registered": (
        "foreign-key",
        lambda world: world.amend("claims", "C001-001", dyad_to=["nobody"]),
    ),
    "a value is no code": (
        "enum",
        lambda world: world.amend("claims", "C001-001", topic="weather"),
    ),
}


@pytest.fixture(scope="module")
def once_valid(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = copied(made, tmp_path_factory.mktemp("valid"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(claimlog.fingerprint, "MEMORY_BYTES", 0)
        log = read(world.package)
        assert validate(log).findings == []
        note_valid(log)
        assert is_valid(log, log.size)
    return world


@pytest.fixture
def valid(once_valid: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A package whose log is cached and known to be valid."""
    monkeypatch.setattr(claimlog.fingerprint, "MEMORY_BYTES", 0)
    return copied(once_valid, tmp_path / "valid")


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Report, Report]]:
    """Of each time that appended rows alone are checked: that report, and one of all rows."""
    reports: list[tuple[Report, Report]] = []

    def both(log: Log, size: int, texts: Texts | None) -> Report:
        reports.append((validate_appended(log, size, texts), validate(log, texts, False)))
        return reports[-1][0]

    monkeypatch.setattr(claimlog.edit.append_lines, "validate_appended", both)
    return reports


@pytest.mark.slow
@pytest.mark.parametrize("case", BREAKS)
def test_what_breaks_a_rule_anywhere_is_found(
    case: str, valid: World, checked: list[tuple[Report, Report]]
) -> None:
    rule, change = BREAKS[case]
    with pytest.raises(FindingsError):
        change(valid)
    ((appended, whole),) = checked
    assert {finding.rule for finding in appended.findings} >= {rule}
    assert appended.findings == whole.findings


SOUND: dict[str, Change] = {
    "an actor is added": lambda world: world.add("actors", [actor("far", "state", iso3="FIN")]),
    "an actor is amended": lambda world: world.amend("actors", "sud", name="Sudland"),
    "a claim is amended": lambda world: world.amend("claims", "C001-001", coder_confidence="low"),
    "a source is amended": lambda world: world.amend("sources", "S101", title="A wire report"),
    "a link is retracted": lambda world: world.retract("L0001"),
    "a claim that nothing refers to is retracted": lambda world: world.retract("C001-005"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", SOUND)
def test_what_breaks_no_rule_is_added(
    case: str, valid: World, checked: list[tuple[Report, Report]]
) -> None:
    SOUND[case](valid)
    ((appended, whole),) = checked
    assert (appended.findings, whole.findings) == ([], [])
    assert sum(appended.counts().values()) < sum(whole.counts().values())


def test_of_an_added_actor_no_other_stream_is_looked_at_but_the_sources(
    valid: World, checked: list[tuple[Report, Report]]
) -> None:
    SOUND["an actor is added"](valid)
    counts = checked[0][0].counts()
    assert counts["membership-acyclic"] == counts["membership-dates"] == 7
    assert counts["lineage-acyclic"] == 2
    assert counts["link-ends"] == counts["hop-speaker"] == counts["span-order"] == 0


def test_the_first_addition_notes_that_the_log_before_it_is_valid_and_the_next_checks_it_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claimlog.fingerprint, "MEMORY_BYTES", 0)
    sealed = read(world.package)
    whole: list[int] = []

    def counted(log: Log, *rest: object, **named: object) -> Report:
        whole.append(log.size)
        return validate(log, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(claimlog.edit.append_lines, "validate", counted)
    world.amend("claims", "C001-001", coder_confidence="low")
    assert whole == [sealed.size]
    assert is_valid(read(world.package), sealed.size)
    world.amend("claims", "C001-001", coder_confidence="high")
    assert whole == [sealed.size]


@pytest.mark.slow
def test_a_row_that_mends_an_invalid_log_is_added_and_the_log_before_it_stays_invalid(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.rewrite(
        "actors",
        lambda rows: [
            row.update(part_of="harbour-ministry") for row in rows if row["actor_id"] == "nor"
        ],
        batch=0,
    )
    monkeypatch.setattr(claimlog.fingerprint, "MEMORY_BYTES", 0)
    sealed = read(world.package)
    assert {one.rule for one in validate(sealed).findings} == {"membership-acyclic"}
    with pytest.raises(FindingsError, match="nothing was amended"):
        world.amend("claims", "C001-001", coder_confidence="low")
    world.amend("actors", "nor", part_of=None)
    assert not is_valid(sealed, sealed.size)
    assert validate(with_open(sealed)).findings == []
