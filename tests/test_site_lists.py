"""The lists of the site: filters, facets, orders, chips, the form, and whole lists as files."""

from __future__ import annotations

import csv
import html
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest

from claimlog.site.lists import whole_list
from conftest import Get, World, asking, copied


@pytest.fixture(scope="module")
def get(tiny_build: World, tmp_path_factory: pytest.TempPathFactory) -> Get:
    world = copied(tiny_build, tmp_path_factory.mktemp("lists"))
    return asking(world.package.build)


def as_list(get: Get, query: str, key: str = "claims", name: str = "claim_id") -> list[str]:
    answer = get(f"/{key}.json?{query}")
    assert answer.status_code == 200, answer.json()["error"]
    return [row[name] for row in answer.json()[key]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("topic=trust&topic=sharing", ["C001-001", "C001-002", "C001-005", "C001-003", "C001-006"]),
        ("content=position&content=attitude", ["C001-002", "C001-005"]),
        ("content=position&content=attitude&topic=trust", ["C001-002"]),
        ("towards=sud", ["C001-001"]),
        ("towards=none&measure=any", ["C001-005"]),
        ("ally=harbour-ministry", ["C001-001"]),
        ("ally=NOR", ["C001-001"]),
        ("ally=kingdom+of+norland", ["C001-001"]),
        ("speaker=nor", ["C001-005"]),  # a state stands for its bodies and people
        ("speaker=ada-example", ["C001-005"]),
        ("trust_object=pact", ["C001-002"]),
        ("trust_holder=nor&trust_sign=distrust", ["C001-002"]),
        ("measure_id=pact-review", ["C001-005"]),
        ("occurred=2025-03", ["C001-001"]),
        ("occurred=2025-04&occurred=2019", []),
        ("occurred=any", ["C001-001"]),
        ("period=2025-03", ["C001-001"]),
        ("topic=&ally=", ["C001-001", "C001-002", "C001-003", "C001-006", "C001-005"]),
    ],
)
def test_claims_are_filtered_by_several_values_and_by_everybody_in_them(
    query: str, names: list[str], get: Get
) -> None:
    assert sorted(as_list(get, query)) == sorted(names)


def test_claims_are_listed_in_the_order_that_is_asked_for(get: Get) -> None:
    in_articles = as_list(get, "")
    assert in_articles == as_list(get, "sort=source") != sorted(in_articles)
    assert as_list(get, "sort=id") == sorted(in_articles)
    assert as_list(get, "sort=date")[0] == as_list(get, "sort=-date")[0] == "C001-001"
    rows = get("/tiny/claims.json?_shape=array&_size=100").json()
    origins = {row["claim_id"]: row["independent_origins"] for row in rows}
    counts = [origins[name] for name in as_list(get, "sort=origins")]
    assert counts == sorted(counts, reverse=True)
    recorded = {row["claim_id"]: row["seq"] for row in rows}
    assert as_list(get, "sort=recorded") == sorted(recorded, key=recorded.__getitem__)[::-1]
    assert "by identifier" in get("/claims?sort=id").text


@pytest.mark.slow
@pytest.mark.parametrize("query", ["", "topic=sharing", "topic=trust&topic=sharing&ally=none"])
@pytest.mark.parametrize("path", ["/claims", "/incidents", "/coders"])
def test_every_count_of_a_facet_is_that_of_the_list_it_leads_to(
    path: str, query: str, get: Get
) -> None:
    chosen = query if path == "/claims" else ""
    groups = get(f"{path}.json?{chosen}").json()["filters"]
    assert groups
    compared = 0
    for group in groups:
        others = [pair for pair in chosen.split("&") if not pair.startswith(f"{group['name']}=")]
        for value in group["choices"]:
            pairs = [*filter(None, others), urlencode({group["name"]: value["code"]})]
            data = get(f"{path}.json?{'&'.join(pairs)}").json()
            assert data["part"]["total"] == value["count"], (group["name"], value)
            compared += 1
    assert compared


def test_what_is_chosen_is_shown_with_its_meaning_and_can_be_taken_away(get: Get) -> None:
    query = "q=Norland&topic=sharing&topic=trust&towards=sud"
    parts = {part["name"]: part for part in get(f"/claims.json?{query}").json()["chosen"]}
    assert [*parts] == ["q", "topic", "towards"]
    sharing, trust = parts["topic"]["values"]
    codes = {row["code"]: row for row in get("/codebook/topic.json").json()["codes"]}
    assert trust["definition"] == codes["trust"]["definition"]
    assert sharing["remove"] == "?q=Norland&topic=trust&towards=sud"
    assert "A state stands for its bodies" in parts["towards"]["description"]
    page = get(f"/claims?{query}").text
    assert 'href="/claims?q=Norland&amp;topic=trust&amp;towards=sud"' in page
    assert f'aria-label="Take away Topic: {codes["sharing"]["label"]}"' in page
    assert trust["definition"] in html.unescape(page)


def test_a_filter_that_has_no_value_but_none_is_not_shown(get: Get) -> None:
    def legends(query: str) -> set[str]:
        found = re.findall("<legend>([^<]+)</legend>", get(f"/claims?{query}").text)
        return {*map(html.unescape, found)}

    groups = get("/claims.json").json()["filters"]
    [bare] = [group for group in groups if group["offered"] and not group["useful"]]
    assert {one["code"]: one["count"] for one in bare["choices"]} == {"any": 0, "none": 5}
    shown = {group["label"] for group in groups if group["useful"]}
    assert legends("") == shown
    assert len(shown) > 20
    # what is chosen is shown, and so is a code that says none of its own
    assert legends(f"{bare['name']}=none") == {*shown, bare["label"]}
    groups = get("/claims.json?trust_object=pact").json()["filters"]
    [effect] = [group for group in groups if group["name"] == "sharing_effect"]
    assert {one["code"] for one in effect["choices"] if one["count"]} == {"none"}
    assert effect["useful"]


class Form(HTMLParser):
    """What a browser without JavaScript would send of a form as it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[str, str]] = []
        self.labelled = 0
        self._inside = self._within_label = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form":
            self._inside = "facets" in given.get("class", "")
        if not self._inside:
            return
        self._within_label |= tag == "label"
        if tag == "select":
            self._select = given["name"]
        elif tag == "option" and "selected" in given:
            self.pairs.append((self._select, given["value"]))
        elif tag == "input":
            is_box = given.get("type") == "checkbox"
            self.labelled += is_box and self._within_label
            if not is_box or "checked" in given:
                self.pairs.append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self._within_label = False
        elif tag == "form":
            self._inside = False


@pytest.mark.slow
@pytest.mark.parametrize(
    "query", ["", "topic=sharing&topic=trust&sort=-date&q=Norland", "period=2025-Q1&occurred=2025"]
)
def test_the_form_asks_for_the_same_list_again_without_javascript(query: str, get: Get) -> None:
    form = Form()
    form.feed(get(f"/claims?{query}").text)
    sent = urlencode(form.pairs)
    data = get(f"/claims.json?{sent}").json()
    answer = get(f"/claims?{sent}")
    if "=&" in sent:  # empty fields: to the address without them
        assert answer.status_code == 302
        assert answer.headers["location"] == f"claims{data['query']}"
    assert data["query"] == get(f"/claims.json?{query}").json()["query"]
    assert (
        data["query"].removeprefix("?").split("&")
        == sorted(filter(None, query.split("&")), key=data["query"].index)
        or not query
    )
    assert form.labelled > 20
    assert get("/claims/?topic=&page=1").headers["location"] == "../claims?page=1"


@pytest.mark.slow
@pytest.mark.parametrize("rows", [2, 500])
def test_the_whole_list_is_sent_as_csv_like_that_of_the_downloads(
    rows: int, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_list, "ROWS", rows)
    answer = get("/claims.csv?sort=id")
    assert answer.text == get("/downloads/claims.csv").text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="claims-selected.csv"' in answer.headers["content-disposition"]
    some = get("/claims.csv?topic=trust&topic=sharing&content=position").text
    assert [row["claim_id"] for row in csv.DictReader(some.splitlines())] == ["C001-005"]
    none = get("/claims.csv?q=nothing").text
    assert none == answer.text.partition("\n")[0] + "\n"


@pytest.mark.parametrize("rows", [2, 500])
def test_the_whole_list_is_sent_as_json_with_every_column(
    rows: int, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_list, "ROWS", rows)
    answer = get("/claims.json?rows=all&sort=id")
    table = get("/downloads/claims.csv").text.partition("\n")[0].split(",")
    assert [*answer.json()[0]] == table
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert [row["claim_id"] for row in answer.json()] == as_list(get, "sort=id")
    assert answer.json()[0]["flow_from"] == ["nor"]
    assert get("/claims.json?rows=all&q=nothing").json() == []
    page = get("/claims?topic=trust").text
    for link in re.findall(r'href="(/claims\.(?:csv|json)\?[^"]+)"', page):
        assert "C001-002" in get(html.unescape(link)).text
        assert "C001-001" not in get(html.unescape(link)).text


def test_incidents_and_registers_are_filtered_sorted_and_sent_whole(get: Get) -> None:
    for query in ("occurred=2019", "incident_type=mishandling", "actor=nor&sort=claims"):
        assert as_list(get, query, "incidents", "incident_id") == ["lost-chart"]
    assert as_list(get, "occurred=2020", "incidents", "incident_id") == []
    assert "No incident fits all of that." in get("/incidents?occurred=2020").text
    coders = get("/coders.json?kind=program&sort=id").json()
    assert [row["id"] for row in coders["rows"]] == ["coder-1", "coder-2"]
    assert get("/coders.json?kind=person").json()["part"]["total"] == 0
    answer = get("/coders?kind=robot")
    assert (answer.status_code, "Kind: there is no “robot”." in answer.text) == (400, True)
    assert get("/coders.csv").text == get("/downloads/coders.csv").text
    assert get("/incidents.csv").text == get("/downloads/incidents.csv").text
    assert [row["coder_id"] for row in get("/coders.json?rows=all").json()] == [
        "coder-1",
        "coder-2",
    ]


def test_the_link_of_a_table_to_csv_leads_to_all_of_its_rows(get: Get) -> None:
    first = get("/tiny/claims?_size=2&content=event")
    following = re.search(r'href="([^"]+_next=[^"]+)"[^>]*>Next page', first.text)
    assert following
    pages: list[Any] = [first, get(html.unescape(following[1]).removeprefix("http://localhost"))]
    for page in pages:
        link = re.search(r'href="([^"]+)">CSV</a>', page.text)
        assert link
        rows = [*csv.DictReader(get(html.unescape(link[1])).text.splitlines())]
        assert [row["claim_id"] for row in rows] == ["C001-001", "C001-003", "C001-006"]
        assert "source_id_label" in rows[0]
        form = page.text.partition('class="advanced-export"')[2]
        assert '<input type="hidden" name="_stream" value="on">' in form
        assert "stream all rows" not in form
