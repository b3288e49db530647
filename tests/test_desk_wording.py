"""What the desk marks while a text is typed is what the rule `own-words` refuses."""

from __future__ import annotations

import time

import pytest

from claimlog.desk.places import Places
from claimlog.desk.request_error import RequestError
from claimlog.desk.shared_wording import shared_runs
from claimlog.sources.text import Text, canonical, digest
from claimlog.validate.anchors import borrowed_runs

LIMIT = 8
SOURCE = (
    "The keeper of the light-\nhouse at Cape Sorrow has been counting the passing her-\n"
    "ring boats since spring.[12] “Nobody ever asked us³ for a well-being report of ours”, "
    "he said in the year 1890.\n\n"
    "Die Leuchtturmwärter zählen dort seit dem Frühjahr jedes einzelne Boot.\n"
    "灯塔看守人从春天开始清点经过的渔船\n"
    "שומר המגדלור סופר את הסירות שעוברות ליד החוף מאז האביב\n"
)
TYPED = {
    "a word that a line end broke, whole": "the keeper of the lighthouse at cape sorrow has",
    "the same in two": "the keeper of the light house at cape sorrow",
    "the same with a hyphen": "keeper of the light-house at Cape Sorrow has been",
    "both broken words": "house at cape sorrow has been counting the passing herring boats",
    "a note mark passed over": "passing herring boats since spring nobody ever asked us for",
    "a note mark that became a digit": "nobody ever asked us3 for a well being report",
    "a compound written together": "ever asked us for a wellbeing report of ours he said",
    "marks apart from their letters": "die leuchtturmwa\u0308rter za\u0308hlen dort "
    "seit dem fru\u0308hjahr jedes",
    "an emoji before it, and marks apart": "🗼🗼 Die Leuchtturmwa\u0308rter za\u0308hlen dort "
    "seit dem Fru\u0308hjahr jedes Boot",
    "letters without spaces": "据说, 灯塔看守人从春天开始清点经过的渔",
    "too few letters without spaces": "灯塔看守人从春天",
    "from right to left": "סופר את הסירות שעוברות ליד החוף מאז האביב",
    "seven words": "the passing herring boats since spring nobody",
    "its own words": "He has kept a tally of fishing vessels for months.",
    "nothing": "",
    "line ends of another system": "keeper of the lighthouse\r\nat Cape Sorrow has been counting",
    "soft hyphens": "the keep\u00ader of the light\u00adhouse at Cape Sor\u00adrow has",
    "broken in the typed text": "the keeper of the lighthouse at Cape Sor-\nrow has been",
}
FEW = {"too few letters without spaces", "seven words", "its own words", "nothing"}


@pytest.fixture(scope="module")
def source() -> Text:
    return Text(canonical(SOURCE.encode()))


@pytest.mark.parametrize("name", TYPED)
def test_the_marks_and_the_rule_agree(source: Text, name: str) -> None:
    typed = TYPED[name]
    runs = {digest(run) for run in source.readings.runs(LIMIT)}
    findings = [*borrowed_runs([("statement", typed)], runs, LIMIT)]
    marks = shared_runs(Places(source), typed, LIMIT)
    assert bool(marks) == bool(findings) == (name not in FEW)
    units = typed.encode("utf-16-le")
    for mark in marks:
        start, end = mark["utf16"]
        marked = units[2 * start : 2 * end].decode("utf-16-le")
        assert canonical(marked.encode()) == mark["words"]
        assert [*borrowed_runs([("statement", marked)], runs, LIMIT)]


def test_what_cannot_be_compared_is_refused_by_both(source: Text) -> None:
    piled = "a" + "\u0301" * 200
    assert [*borrowed_runs([("statement", piled)], set(), LIMIT)]
    with pytest.raises(RequestError, match="combining marks"):
        shared_runs(Places(source), piled, LIMIT)


def test_marks_come_soon_whatever_is_typed(source: Text) -> None:
    run = "Die Leuchtturmwa\u0308rter za\u0308hlen dort seit dem Fru\u0308hjahr jedes Boot, ach, "
    begun = time.monotonic()
    assert len(shared_runs(Places(source), run * 120, LIMIT)) == 120
    assert time.monotonic() - begun < 5
