# ruff: noqa: RUF001, SIM905
"""Invented articles: paragraphs of varied sentences, with passages of them as claims."""

from __future__ import annotations

from random import Random

PLACES = (
    "Norland Sudmark Westhaven Ostria Calder Meriden Tolland Varn Esk Lorne Pell Harwick Dunmore "
    "Aldeny Rask Quillon Bressay Torvik Hale Ingram"
).split()
PEOPLE = (
    "minister spokesman admiral diplomat envoy analyst lawmaker engineer pilot clerk treasurer "
    "historian captain economist secretary inspector chancellor farmer archivist surveyor"
).split()
GROUPS = (
    "ministry council fleet office agency committee parliament union registry commission brigade "
    "bureau court exchange academy federation directorate workshop consortium delegation"
).split()
THINGS = (
    "pact harbour programme convoy satellite ledger file treaty corridor pipeline budget cable "
    "radar defence centre vessel map signal reactor railway archive tunnel licence bridge "
    "reservoir glacier lighthouse orchard telescope turbine granary quarry observatory canal "
    "barrier terminal depot frequency sensor blueprint manifest"
).split()
QUALITIES = (
    "joint secret northern disputed modern expensive fragile wintry parallel neutral confidential "
    "abandoned provisional coastal unfinished ceremonial foreign brittle municipal bilateral "
    "frozen temporary remote sealed unusual grey elaborate narrow official defective"
).split()
DEEDS = (
    "criticised suspended inspected organised rebuilt financed postponed measured photographed "
    "abolished copied recognised renamed flooded catalogued defended auctioned confirmed "
    "questioned ratified dismantled translated surveyed concealed repaired authorised borrowed "
    "neglected celebrated mislaid"
).split()
MANNERS = (
    "quietly|in haste|after a long quarrel|without any warning|for the third time|at great cost|"
    "under floodlights|by a narrow vote|on the advice of an ally|despite the weather|in two "
    "stages|almost by accident|with borrowed tools|behind closed doors|against all custom"
).split("|")
TIMES = (
    "in March {year}|last winter|on the {day}th of May|before dawn|{day} years ago|during the "
    "regatta of {year}|in {year}|after the {day}th harvest|within {day} weeks|at the height of "
    "the summer of {year}|on the eve of vote {day}|since {year}"
).split("|")
REASONS = (
    "because nobody trusts the {quality} figures of {place}|since the ice of {place} came early|"
    "although the {person} wasn't asked to|while the {group} of {place} can't agree on a {thing}|"
    "so that {quality} traffic could flow to {place}|as if the {thing} of {place} didn't matter|"
    "because the lease of the {thing} doesn't end|although the {group} hadn't met in {place}|"
    "until the offices of {place} are staffed|while its {quality} neighbour didn't object|"
    "since the {person}s of {place} won't share a {quality} map"
).split("|")


def invented_article(random: Random, paragraphs: int) -> list[str]:
    """Return the paragraphs of an article."""
    return [
        " ".join(_sentence(random) for _ in range(random.randint(2, 6))) for _ in range(paragraphs)
    ]


def _sentence(random: Random) -> str:
    pick = random.choice
    subject = pick(
        (
            f"the {pick(GROUPS)} of {pick(PLACES)}",
            f"a {pick(QUALITIES)} {pick(PEOPLE)} from {pick(PLACES)}",
            f"{pick(PLACES)}’s {pick(PEOPLE)}",
            f"the {pick(PEOPLE)} and the {pick(PEOPLE)}",
        )
    )
    thing = f"{pick(('the', 'a', 'its', 'every'))} {pick(QUALITIES)} {pick(THINGS)}"
    more = f"{pick(('of', 'near', 'for', 'beyond'))} {pick(PLACES)}"
    deed = f"{pick(DEEDS)} {thing} {more}"
    form = random.randrange(6)
    if form == 0:
        text = f"{subject} {deed} {pick(MANNERS)}"
    elif form == 1:
        text = f"{_time(random)}, {subject} {deed}, {_reason(random)}"
    elif form == 2:
        text = f"“{subject} {deed},” the {pick(PEOPLE)} said {_time(random)}"
    elif form == 3:
        number = random.randint(2, 90)
        text = f"{subject} — {pick(MANNERS)} — {deed} and {pick(DEEDS)} {number} of them"
    elif form == 4:
        text = f"{subject} {deed}; {_reason(random)}"
    else:
        text = f"{pick(MANNERS)}, {subject} {deed} {_time(random)}"
    at = 1 if text[0] == "“" else 0
    return text[:at] + text[at].upper() + text[at + 1 :] + "."


def _time(random: Random) -> str:
    return random.choice(TIMES).format(year=random.randint(1950, 2025), day=random.randint(4, 19))


def _reason(random: Random) -> str:
    return random.choice(REASONS).format(
        quality=random.choice(QUALITIES),
        place=random.choice(PLACES),
        person=random.choice(PEOPLE),
        group=random.choice(GROUPS),
        thing=random.choice(THINGS),
    )


def invented_passages(random: Random, text: str, count: int) -> list[tuple[int, int]]:
    """Return spans of a text that begin and end with a word inside one paragraph, in order."""
    spans: set[tuple[int, int]] = set()
    starts: list[tuple[int, int]] = []
    at = 0
    for paragraph in text.split("\n\n"):
        starts.append((at, at + len(paragraph)))
        at += len(paragraph) + 2
    while len(spans) < count:
        begin, end = random.choice(starts)
        sentences = _cuts(text, begin, end)
        first = random.randrange(len(sentences))
        start, stop = sentences[first]
        if random.random() < 0.15 and first + 1 < len(sentences):
            stop = sentences[first + 1][1]
        elif random.random() < 0.6:
            start, stop = _part(random, text, start, stop)
        while start < stop and not text[start].isalnum():
            start += 1
        while stop > start and not text[stop - 1].isalnum():
            stop -= 1
        if len(text[start:stop].split()) >= 3:
            spans.add((start, stop))
    return sorted(spans)


def _cuts(text: str, begin: int, end: int) -> list[tuple[int, int]]:
    cuts, at = [], begin
    while at < end:
        stop = text.find(". ", at, end)
        stop = end if stop < 0 else stop + 1
        cuts.append((at, stop))
        at = stop + 1
    return cuts


def _part(random: Random, text: str, start: int, stop: int) -> tuple[int, int]:
    spaces = [at for at in range(start, stop) if text[at] == " "]
    if len(spaces) < 5:
        return start, stop
    first = random.randrange(0, len(spaces) - 3)
    last = random.randrange(first + 3, len(spaces))
    return (spaces[first] + 1 if first else start), (
        spaces[last] if last + 1 < len(spaces) else stop
    )
