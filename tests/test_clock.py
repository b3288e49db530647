"""A clock that is far from the log's last time is a question, not a fact."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import claimlog.edit.clock
from claimlog.cli import cli
from claimlog.desk.desk import Desk
from claimlog.edit.clock import FORMAT, MOST_AHEAD, last_seal
from claimlog.errors import ClaimlogError, UsageError
from claimlog.log.batch import MANIFEST, dump_manifest, sealed_batches
from conftest import World, actor, copied
from desk_client import Opened
from test_ledger import snapshot

ADD = ("add", "actor", "--actor-id", "port", "--name", "Port", "--actor-type", "agency")
COMMANDS = {
    "add": ADD,
    "amend": ("amend", "claim", "C001-001", "--note", "Changed.", "--reason", "A slip."),
    "retract": ("retract", "C001-006", "--reason", "Said twice."),
    "seal": ("seal", "--slug", "late", "--title", "Late", "--method", "Made by a test."),
}
"""Whatever stamps rows or batches, but rebase, which needs a batch that lost a race."""


def clock_of(time: datetime) -> type[datetime]:
    """Return a class of times by which it is always one time."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return time.replace(tzinfo=tz)

    return Clock


@pytest.fixture
def at(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A way to run a command of the package at another time than that of the log."""
    monkeypatch.chdir(world.root)
    monkeypatch.setenv("CLAIMLOG_BY", "coder-1")
    monkeypatch.delenv("CLAIMLOG_TODAY", raising=False)

    def run(time: datetime, *words: str) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(claimlog.edit.clock, "datetime", clock_of(time))
            cli.main(["--package", str(world.root), *words], standalone_mode=False)

    return run


def ready(world: World, command: str) -> datetime:
    """Make the package ready for a command and return its last time."""
    if command == "retract":
        world.retract("L0001")
    if command == "seal":
        world.add("actors", [actor("quay", "agency")])
    return last(world)


def last(world: World) -> datetime:
    return datetime.strptime(str(last_seal(world.package)), FORMAT)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_clock_of_2099_is_refused_in_one_line_and_nothing_is_recorded(
    world: World, at: Any, command: str
) -> None:
    ready(world, command)
    before = snapshot(world)
    with pytest.raises(ClaimlogError) as caught:
        at(datetime(2099, 1, 2, 3, 4, 5), *COMMANDS[command])
    assert str(caught.value).startswith(
        "the clock says 2099-01-02T03:04:05Z, more than a year after the log's last time, "
    )
    assert str(caught.value).endswith("say so: --today 2099-01-02")
    assert "\n" not in str(caught.value)
    assert snapshot(world) == before


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_log_that_has_rested_for_years_goes_on_once_the_day_is_confirmed(
    world: World, at: Any, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ready(world, command)
    at(datetime(2099, 1, 2, 3, 4, 5), *COMMANDS[command], "--today", "2099-01-02")
    if command != "seal":
        at(datetime(2099, 1, 2, 3, 4, 5), *COMMANDS["seal"])  # asked once
    assert last(world) == datetime(2099, 1, 2, 3, 4, 5)
    assert "note: " not in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_day_that_the_clock_does_not_say_confirms_nothing(
    world: World, at: Any, command: str
) -> None:
    ready(world, command)
    before = snapshot(world)
    with pytest.raises(UsageError, match=r"^--today 2026-01-01: the clock says 2099-01-02T"):
        at(datetime(2099, 1, 2), *COMMANDS[command], "--today", "2026-01-01")
    assert snapshot(world) == before


def test_less_than_a_year_is_no_question(world: World, at: Any) -> None:
    at(last(world) + MOST_AHEAD, *ADD)
    with pytest.raises(ClaimlogError):
        at(last(world) + MOST_AHEAD + timedelta(days=400), *COMMANDS["seal"])


def test_a_log_that_is_in_the_future_says_so_whenever_something_is_recorded(
    at: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    at(datetime(2099, 1, 2), *ADD, "--today", "2099-01-02")
    capsys.readouterr()
    for words in (COMMANDS["amend"], COMMANDS["seal"]):
        at(datetime(2026, 11, 27), *words)
        assert capsys.readouterr().err.startswith(
            "note: recorded at 2099-01-02T00:00:00Z, the log's last time, because the clock is "
            "behind it (2026-11-27T00:00:00Z)"
        )


def test_a_first_row_has_no_time_to_be_far_from(bare: World) -> None:
    assert last_seal(bare.package) is None
    assert bare.run(*ADD).returncode == 0


@pytest.mark.parametrize(
    ("time", "where"), [("2099-01-02", "more than a year after"), ("1999-01-02", "before")]
)
def test_a_release_on_a_doubtful_day_asks_for_the_day(
    world: World, at: Any, time: str, where: str
) -> None:
    before = snapshot(world)
    with pytest.raises(ClaimlogError, match=f"^the clock says {time}T00:00:00Z, {where} the log"):
        at(datetime.fromisoformat(time), "release", "0.1.0")
    with pytest.raises(ClaimlogError, match="is no git checkout"):  # the next thing that is asked
        at(datetime.fromisoformat(time), "release", "0.1.0", "--date", "2026-11-27")
    assert snapshot(world) == before


def test_the_day_can_be_confirmed_by_the_environment(world: World) -> None:
    done = world.run(*ADD, CLAIMLOG_TODAY="2001-01-01")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("claimlog: --today 2001-01-01: the clock says ")
    done = world.run(*ADD, "--today", "tomorrow")
    assert done.returncode == 2
    assert "tomorrow is no day; expected it as 2026-11-21" in done.stderr


def test_the_clock_is_asked_in_one_place_only() -> None:
    folder = Path(claimlog.edit.clock.__file__).parents[1]
    asking = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if "datetime.now(" in path.read_text("utf-8")
    ]
    assert asking == ["edit/clock.py"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "time", ["2027-99-99T99:99:99Z", "2027-02-31T10:00:00Z", "2027-02-01T10:00:60Z"]
)
def test_a_seal_at_a_time_that_is_none_is_named_and_no_batch_is_sealed_on_top_of_it(
    time: str, world: World
) -> None:
    world.add("actors", [actor("far", "state", iso3="FIN")])
    path = sealed_batches(world.package, [])[-1].path / MANIFEST
    manifest = json.loads(path.read_text("utf-8"))
    path.write_bytes(dump_manifest({**manifest, "sealed_at": time}))
    done = world.run("validate", "--sealed")
    assert done.returncode == 1
    assert f"sealed_at: '{time}' is not a 'date-time'" in done.stdout
    done = world.run("seal", "--slug", "more", "--title", "More", "--method", "None.")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(list(world.package.events.iterdir())) == 3


def test_a_clock_is_confirmed_for_as_long_as_the_desk_runs(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = copied(registered, tmp_path)
    monkeypatch.setattr(claimlog.edit.clock, "datetime", clock_of(datetime(2099, 1, 2, 3, 4, 5)))
    given = ("adjudicator", "POST", "registers/actors")
    port = {"actor_id": "port", "name": "Port", "actor_type": "agency"}
    opened = Opened.of(own.package, own.texts)
    refused = opened.ask(*given, value=port)
    assert refused.json()["error"]["message"].endswith("say so: --today 2099-01-02")
    opened.close()
    with pytest.raises(UsageError, match=r"^--today 2026-01-01: the clock says 2099-01-02T"):
        Desk(own.package, own.texts, today=date(2026, 1, 1))
    opened = Opened.of(own.package, own.texts, today=date(2099, 1, 2))
    opened.take(*given, value=port)
    monkeypatch.setattr(claimlog.edit.clock, "datetime", clock_of(datetime(2199, 1, 2, 3, 4, 5)))
    later = opened.ask(*given, value={**port, "actor_id": "quay"})
    assert later.json()["error"]["message"].endswith("say so: --today 2199-01-02")
    opened.close()
