"""Columns that are called as what scripts of pages have anyhow, at the desk in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from playwright.sync_api import Browser, expect

from browser import browser
from conftest import World, copied
from test_desk_browser import READY, SAVED, OtherPage, coding
from test_desk_browser_packages import CODED, MINE, ROLES, code, enter, windows
from test_evolution import raise_version
from workshop.bench.desk.desk_server import DeskServer, open_desk

__all__ = ["browser"]

OF_OBJECTS = ("constructor",)
OF_FORMS = ("append", "closest", "elements", "id", "submit", "target")
OF_LISTS = ("item", "length")


def add_columns(world: World, stream: str, names: Sequence[str]) -> None:
    columns = [{"name": one, "type": "string", "description": "Ours."} for one in names]
    upcasts = [f"add {one} null" for one in names]
    raise_version(world, lambda spec: spec["fields"].extend(columns), *upcasts, stream=stream)


@pytest.fixture(scope="module")
def desk(registered: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskServer]:
    """A desk of a package whose claims and actors have such columns."""
    world = copied(registered, tmp_path_factory.mktemp("desk"))
    add_columns(world, "actors", (*OF_OBJECTS, *OF_FORMS, *OF_LISTS))
    add_columns(world, "claims", OF_OBJECTS)
    answer = world.run("schemas", "--write")
    assert answer.returncode == 0, answer.stderr
    with open_desk(world.root, world.texts, ROLES) as server:
        yield server


@pytest.mark.slow
def test_an_entry_is_registered_whatever_its_columns_are_called(
    browser: Browser, desk: DeskServer
) -> None:
    names = (*OF_OBJECTS, *OF_FORMS, *OF_LISTS)
    with coding(browser, desk, "coder-1", CODED) as page:
        page.evaluate("() => { claimlogDesk.register('actors', 'Haus Menu'); }")
        for name in names:
            expect(page.locator(f"#entry-{name}")).to_have_value("")
            page.fill(f"#entry-{name}", f"a {name}")
        page.select_option("#entry-actor_type", "group")
        page.get_by_role("button", name="Register").click()
        expect(page.locator("dialog")).to_have_count(0)
        client = OtherPage(desk, CODED, "coder-1").client
        (entry,) = client.get(f"/coder-1/api/work/{CODED}").json()["registered"]
        assert {name: entry["value"][name] for name in names} == {one: f"a {one}" for one in names}


@pytest.mark.slow
def test_a_claim_has_nothing_in_a_column_that_nobody_answered_whatever_that_is_called(
    browser: Browser, desk: DeskServer
) -> None:
    with windows(browser) as context:
        page = enter(context, desk, "coder-1", f"code/{CODED}", READY)
        code(page)
        page.wait_for_function(SAVED)
        for name in OF_OBJECTS:
            expect(page.locator(f"#summary .blank [data-slot={name}]")).to_be_visible()
        client = OtherPage(desk, CODED, "coder-1").client
        (draft,) = client.get(f"/coder-1/api/work/{CODED}").json()["drafts"]
        assert draft["value"].items() - {"start": 0, "end": 18}.items() == {("statement", MINE)}
        page = enter(context, desk, "adjudicator", "claims/C001-001", "() => window.claimlogDesk")
        for name in OF_OBJECTS:
            expect(page.locator(f"#summary .blank [data-slot={name}]")).to_be_visible()
        expect(page.locator("#changes")).to_contain_text("Nothing is changed yet")
