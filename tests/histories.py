"""Random histories of a log without an error, and writing one as a whole sealed package.

A history is made by a `Maker`, which asks for one choice after the other; Hypothesis makes the
choices in `histories`, so that a history that fails is shrunk to a small one. Every batch leaves a
log that is valid by itself: a history can be written up to any batch and continued later.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from claimlog.export.descriptor import dump_json
from claimlog.log.batch import MANIFEST, dump_manifest, resources, sealed_batches
from claimlog.log.canonical import encode
from claimlog.log.merkle import CompactRange, leaf_hash
from claimlog.package import DESCRIPTOR, Package
from claimlog.schema.definition import read_definition
from claimlog.sources.anchor import anchor
from claimlog.sources.text import Text

Row = dict[str, Any]
Pick = Callable[[int], int]
"""Returns a number from 0 up to, and without, the one given; 0 is the plainest choice."""
Key = tuple[str, str]
"""Stream and identifier of an entity."""

ROOT = Path(__file__).resolve().parents[1]
EPOCH = datetime(2026, 1, 1)
PACKAGE = Package(ROOT)
SCHEMAS = read_definition(PACKAGE)
STREAMS = tuple(SCHEMAS.streams)
CODES = {
    name: [row["code"] for row in rows if not row["retired"]]
    for name, rows in SCHEMAS.codebook.codes.items()
}
EMPTY: dict[str, Row] = {
    name: {item.name: [] if item.type == "array" else None for item in table.fields}
    for name, table in SCHEMAS.streams.items()
}

WORKS = ("S101", "S102", "S103")
COPIES = ("S001", "S002", "S003")
SOURCES = (*WORKS, *COPIES)  # one can be derived from those before it
ACTORS = (  # one can belong to those before it
    *(("pact", "alliance"), ("union", "alliance"), ("nor", "state"), ("sud", "state")),
    *(("ministry", "agency"), ("gazette", "media"), ("ada", "person"), ("bo", "person")),
)
INCIDENTS = ("lost-chart", "shut-door")
MEASURES = ("tides-stopped", "pact-review", "charts-copied")  # one can be part of those before it
CODERS = ("ann", "ben", "cem")
READINGS = ("first-reading", "second-reading")
LETTERS = {"links": "L", "codings": "K", "link_codings": "J", "findings": "F"}
CHANGES = (  # the plainest first, and what is likelier more often
    *("claims",) * 4,
    *("links", "codings", "link_codings") * 2,
    *("findings", "sources", "actors", "amend", "amend", "retract", "restate"),
)
DATES = ("2019", "2025-03~", "2019-06-01", "201X", "2004-XX", "2025-03-29/..", "../2019-06")
DATES += ("2001-21", "2019-01-01/2019-02-01", "2020?")
# dates of sources: every two of works have a day in common, and of copies, as lineage asks
WORK_DATES = ("2019", "201X", "2019-06-01", "../2019-06")
COPY_DATES = ("2025-03~", "2025-03-29/..")
NUMBERS = (40, 0, 0.1, -3, 12.5, 1e21, 5e-7, 2**53 - 1, 0.30000000000000004)
# what JSON must escape, what it must not, and what sorts differently in UTF-16; no free text holds
# a control
ODD = (
    "",
    ' "said"',
    " a\\b",
    " é",
    " \U0001f600",
    " \u200b\u00ad",
    " \u00a0",
    " \uffee",
    " /\u0301",
)
WORDS = ("aru", "belo", "cato", "dime", "ero", "fasi", "gulu", "hane", "iko", "jota", "kelu")


@dataclass(frozen=True)
class History:
    """The rows of every batch by stream; `released` are the numbers of batches then released."""

    batches: tuple[dict[str, list[Row]], ...]
    released: tuple[int, ...] = ()

    def rows(self) -> Iterator[tuple[str, int, int, Row]]:
        """Yield every row in the order of the log: stream, batch, line of its file, row."""
        for number, batch in enumerate(self.batches, 1):
            for stream in STREAMS:
                for line, row in enumerate(batch.get(stream, ()), 1):
                    yield stream, number, line, row

    def until(self, batches: int) -> History:
        """Return the first batches of the history."""
        kept = tuple(number for number in self.released if number <= batches)
        return replace(self, batches=self.batches[:batches], released=kept)


@cache
def text_of(source: str) -> Text:
    """Return the text of a copy: a heading, forty words, a footer; its words end in consonants."""
    number = COPIES.index(source)
    body = [f"{word}{ending}" for word in WORDS[:10] for ending in ("n", "r", "st", "lk")]
    body = body[number:] + body[:number]
    lines = [" ".join(body[at : at + 9]) for at in range(0, 36, 9)]
    return Text("HEAD WORDS\n\n" + ",\n".join(lines) + ".\n\nFOOT WORDS")


@cache
def passage(source: str, first: int, count: int) -> Row:
    """Return the anchor of some words of a text, counted behind its heading."""
    text = text_of(source)
    words = text.tokens[2 + first : 2 + first + count]
    return anchor(text, words[0][0], words[-1][1]).as_row()


class Maker:
    """Makes a history by asking `pick` for every choice."""

    def __init__(self, pick: Pick) -> None:
        self.pick = pick
        self.live: dict[Key, Row] = {}
        self.last: dict[Key, Row] = {}
        self.batch: dict[str, list[Row]] = {}
        self.clock = EPOCH
        self.made = {"claims": 0, **dict.fromkeys(LETTERS, 0)}

    def history(self, batches: int, changes: int, released: bool = True) -> History:
        """Return a history of at most so many batches, each of at most so many changes."""
        done = []
        releases = []
        for number in range(1, 2 + self.pick(batches)):
            self.batch = {}
            self.clock += timedelta(minutes=self.pick(3) * 700)
            for _ in range(1 + self.pick(changes)):
                self.change()
            if not self.batch:  # nothing came of the changes
                self.assert_new(("claims", ""))
            done.append(self.batch)
            if released and self.pick(3) == 2:
                releases.append(number)
        return History(tuple(done), tuple(releases))

    def change(self) -> None:
        """Make one change, and the others that it cannot be without."""
        kind = self.one(CHANGES)
        if kind == "sources":
            self.ensure((kind, self.one(SOURCES)))
        elif kind == "actors":
            self.ensure((kind, self.one(ACTORS)[0]))
        elif kind == "amend" and self.live:
            self.amend(self.one(sorted(self.live)))
        elif kind == "retract" and self.live:
            self.retract(self.one(sorted(self.live)))
        elif kind == "restate" and (dead := sorted(set(self.last) - set(self.live))):
            self.assert_new(self.one(dead))
        elif kind in self.made:
            self.assert_new((kind, ""))

    def one(self, values: Any) -> Any:
        return values[self.pick(len(values))]

    def ensure(self, key: Key) -> None:
        if key not in self.live:
            self.assert_new(key)

    def assert_new(self, key: Key) -> None:
        stream, name = key
        row = self.content(stream, name)
        if not name:
            name = self.name(stream, row)
        self.append(stream, name, {**row, "action": "assert", "reason": None})

    def amend(self, key: Key) -> None:
        stream, name = key
        row = self.content(stream, name)
        before = self.live[key]
        if stream in ("claims", "codings") and row["source_id"] != before["source_id"]:
            row |= {  # it may be read again, not moved to another text
                column: before[column]
                for column in row
                if column in ("source_id", "start", "end", "word_count") or "sha256" in column
            }
        if all(before[column] == row[column] for column in SCHEMAS.streams[stream].content):
            row["note"] = f"Note {before['version']}."
        self.append(stream, name, {**row, "action": "amend", "reason": "A slip."})

    def retract(self, key: Key) -> None:
        """Retract an entity; what refers to it goes first, or else it stays."""
        users = [other for other, row in self.live.items() if key in references(other[0], row)]
        if users and self.pick(3) != 2:
            return
        for user in users:
            if user in self.live:
                self.retract_all(user)
        self.append(*key, {**self.live[key], "action": "retract", "reason": "Said twice."})

    def retract_all(self, key: Key) -> None:
        for other in [o for o, row in self.live.items() if key in references(o[0], row)]:
            if other in self.live:
                self.retract_all(other)
        if key in self.live:
            self.append(*key, {**self.live[key], "action": "retract", "reason": "Follows."})

    def append(self, stream: str, name: str, given: Row) -> None:
        """Append a row; what it refers to stands in the same batch, before it or after it."""
        key = (stream, name)
        version = self.last[key]["version"] + 1 if key in self.last else 1
        row = {**given, SCHEMAS.streams[stream].id: name, "version": version}
        wanted = [] if row["action"] == "retract" else references(stream, row)
        self.last[key] = row  # first: what it needs may look for a free name
        if row["action"] == "retract":
            del self.live[key]
        else:
            self.live[key] = row
        missing = [other for other in wanted if other not in self.live]
        first = bool(missing) and self.pick(2) == 0
        for other in missing if first else ():
            self.ensure(other)
        self.clock += timedelta(seconds=self.pick(2))
        row["recorded_at"] = self.clock.strftime("%Y-%m-%dT%H:%M:%SZ")
        row["recorded_by"] = "coder-1"
        self.batch.setdefault(stream, []).append(row)
        for other in () if first else missing:
            self.ensure(other)

    def name(self, stream: str, row: Row) -> str:
        self.made[stream] += 1
        number = self.made[stream]
        if stream == "claims":
            return f"C{row['source_id'][1:]}-{number:03d}"
        return f"{LETTERS[stream]}{number:04d}"

    # what an entity says ------------------------------------------------------------------------

    def content(self, stream: str, name: str) -> Row:
        """Return a new state of an entity; what it cannot be without is asserted first."""
        seed = self.pick(1 << 12)
        filler = Filler(seed)
        return {
            **EMPTY[stream],
            "note": filler.note(),
            **getattr(self, f"_{stream}")(name, filler),
        }

    def _sources(self, name: str, filler: Filler) -> Row:
        index = SOURCES.index(name)
        lineage = [
            {
                "source_id": SOURCES[self.pick(index)],
                "relation": filler.code("lineage_relation"),
                "certainty": filler.code("certainty"),
                "evidence": filler.words(2),
            }
            for _ in range(self.pick(3) if index else 0)
        ]
        given: Row = {"kind": "work"}
        if name in COPIES:
            text = text_of(name)
            end = len(text.content)
            furniture = [
                {"start": 0, "end": 10, "kind": "heading"},
                {"start": end - 10, "end": end, "kind": "footer"},
            ]
            given = {
                "kind": "copy",
                "text_sha256": text.sha256,
                "text_length": end,
                "furniture": furniture[: self.pick(3)],
            }
        return {
            "title": filler.words(3),
            "publisher": filler.words(1),
            "publisher_id": self.one((None, None, "gazette")),
            "authors": [filler.words(1)] * filler.number(3),
            "published": filler.maybe(COPY_DATES if name in COPIES else WORK_DATES),
            "language": "en",
            "rights": "Invented.",
            "reliability": filler.code("reliability"),
            "reliability_rationale": "Invented.",
            "url": filler.maybe(("https://example.org/a",)),
            "lineage": distinct(lineage, "source_id", "relation"),
            **given,
        }

    def _actors(self, name: str, filler: Filler) -> Row:
        index = next(at for at, actor in enumerate(ACTORS) if actor[0] == name)
        kind = ACTORS[index][1]
        memberships = [
            {
                "alliance_id": ("pact", "union")[self.pick(min(index, 2))],
                "start": filler.maybe(("1999", "2001-05")),
                "end": filler.maybe(("2020", "2021~")),
            }
            for _ in range(self.pick(3) if index else 0)
        ]
        above = self.pick(index + 1)
        return {
            "name": name.title() + filler.odd(),
            "actor_type": kind,
            "iso3": {"nor": "NOR", "sud": "SWE"}[name] if kind == "state" else None,
            "part_of": ACTORS[above - 1][0] if above else None,
            "memberships": distinct(memberships, "alliance_id"),
            "description": filler.maybe(("Of old.",)),
        }

    def _incidents(self, _: str, filler: Filler) -> Row:
        return {
            "title": filler.words(3),
            "description": filler.words(5),
            "incident_type": filler.code("incident_type"),
            "occurred": filler.maybe(DATES),
            **{role: self.some_actors() for role in ("actors", "responsible", "affected")},
        }

    def some_actors(self) -> list[str]:
        return [self.one(ACTORS)[0] for _ in range(self.pick(3))]

    def _measures(self, name: str, filler: Filler) -> Row:
        above = self.pick(MEASURES.index(name) + 1)
        return {
            "title": filler.words(2),
            "kind": filler.code("measure"),
            "subject": filler.words(2),
            "takers": self.some_actors(),
            "partners": self.some_actors(),
            "part_of": MEASURES[above - 1] if above else None,
            "incident_id": self.one((None, None, *INCIDENTS)),
            "since": filler.maybe(DATES),
            "until": filler.maybe(DATES),
            "frequency": filler.maybe(CODES["frequency"]),
            "condition": filler.maybe(("Unless it rains.",)),
        }

    def _coders(self, _: str, filler: Filler) -> Row:
        return {"kind": filler.code("coder_kind"), "description": filler.words(3)}

    def _claims(self, name: str, filler: Filler) -> Row:
        source = self.one(COPIES) if not name else self.last["claims", name]["source_id"]
        spoken = self.pick(2) == 1
        measure = self.one((None, None, *MEASURES))
        told = {"measure_id": measure}
        if measure:
            told |= {n: filler.code(n) for n in ("measure_status", "measure_account")}
        return {
            **passage(source, self.pick(24), 3 + filler.number(6)),
            "source_id": source,
            "statement": filler.words(6) + ".",
            "attributions": [self._hop(filler) for _ in range(1 + self.pick(3))] if spoken else [],
            "voice": filler.one(("quoted", "paraphrased")) if spoken else "author",
            "dyad_from": [self.one(ACTORS)[0] for _ in range(filler.number(3))],
            "dyad_to": [self.one(ACTORS)[0] for _ in range(filler.number(3))],
            "flow_from": self.some_actors(),
            "trust_holder": self.some_actors(),
            "incident_id": self.one((None, None, *INCIDENTS)),
            **complete({**filler.claim(), **filler.coding()}),
            **told,
        }

    def _hop(self, filler: Filler) -> Row:
        actor = self.one((None, *ACTORS))
        return {
            "actor_id": actor[0] if actor else None,
            "description": None if actor else filler.words(2),
            "anonymity": filler.code("anonymity"),
            "source_id": self.one((None, None, *SOURCES)),
            "verb": filler.one(("say", "deny")),
            **{name: filler.code(name) for name in ("side", "office", "number")},
            "speaker_key": filler.maybe(("a-pilot", "a-clerk")),
            "said": filler.maybe(DATES),
            "said_basis": filler.maybe(CODES["occurred_basis"]),
        }

    def claims(self, count: int) -> list[str]:
        """Return the live claims, at least so many."""
        while True:
            names = sorted(name for stream, name in self.live if stream == "claims")
            if len(names) >= count:
                return names
            self.assert_new(("claims", ""))

    def other_decision(self, stream: str) -> Row | None:
        """Return what a coder decided that another one may decide on as well."""
        names = sorted(name for kind, name in self.live if kind == stream)
        name = self.one((None, *names))
        return self.live[stream, name] if name else None

    def _links(self, _: str, filler: Filler) -> Row:
        claims = self.claims(2)
        first = self.one(claims)
        return {
            "from_claim_id": first,
            "to_claim_id": self.one([name for name in claims if name != first]),
            "relation": self.one(("same_fact", "same_fact", *CODES["relation"])),
            "basis": filler.words(2),
        }

    def _link_codings(self, name: str, filler: Filler) -> Row:
        other = None if name else self.other_decision("link_codings")
        link = other or self._links("", filler)
        one, two = link["from_claim_id"], link["to_claim_id"]
        turned = self.pick(3) == 2
        return {
            "from_claim_id": two if turned else one,
            "to_claim_id": one if turned else two,
            "relation": self.one((link["relation"], None, "implies")),
            "sample": filler.code("link_sample"),
            **self._coder(other),
        }

    def _codings(self, name: str, filler: Filler) -> Row:
        other = self.last["codings", name] if name else self.other_decision("codings")
        source = other["source_id"] if other else self.one(COPIES[:2])
        span = passage(source, self.pick(4), 4 + filler.number(2))
        return {
            **{column: span[column] for column in ("start", "end", "quote_sha256")},
            "source_id": source,
            **self._coder(None if name else other),
            "voice": filler.code("voice"),
            "anonymity": filler.maybe(CODES["anonymity"]),
            "measure": filler.maybe(CODES["measure"]),
            "measure_key": filler.maybe(MEASURES),
            "speaker_key": filler.maybe(("a-pilot", "a-clerk")),
            **filler.coding(),
        }

    def _coder(self, other: Row | None) -> Row:
        """Return who codes in which pass: where another decided, someone else in the same pass."""
        if other is None:
            return {"coder": self.one(CODERS), "pass": 1 + self.pick(2)}
        coder = self.one([name for name in CODERS if name != other["coder"]])
        return {"coder": coder, "pass": other["pass"]}

    def _readings(self, _: str, filler: Filler) -> Row:
        return {
            "title": filler.words(3),
            "claims_read": 1 + filler.number(50),
            "method": filler.words(4),
            "readers": list(CODERS[: 1 + self.pick(len(CODERS))]),
        }

    def _findings(self, _: str, filler: Filler) -> Row:
        claims = self.claims(1)
        return {
            "reading_id": self.one(READINGS),
            "target_id": self.one(claims),
            "second_id": filler.maybe(claims),
            "variable": filler.one(("relation", "topic", "occurred")),
            "weight": filler.code("finding_weight"),
        }


class Filler:
    """Cells that nothing refers to, from one number; 0 gives the plainest."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed).random if seed else float

    def number(self, size: int) -> int:
        return int(self.draw() * size)

    def one(self, values: Any) -> Any:
        return values[int(self.draw() * len(values))]

    def maybe(self, values: Any) -> Any:
        return None if self.draw() < 0.6 else self.one(values)

    def code(self, name: str) -> str:
        return str(self.one(CODES[name]))

    def odd(self) -> str:
        return "" if self.draw() < 0.7 else str(self.one(ODD))

    def words(self, count: int) -> str:
        return " ".join(self.one(WORDS) for _ in range(count)).capitalize() + self.odd()

    def note(self) -> str | None:
        return None if self.draw() < 0.7 else self.words(2)

    def coding(self) -> Row:
        """Return the cells that claims and codings share."""
        row: Row = {name: self.code(name) for name in ("content", "modality", "topic")}
        row |= {name: self.code(name) for name in ("sharing_effect", "origin_basis", "time_frame")}
        row["occurred"] = self.maybe(DATES)
        if self.draw() > 0.6:
            row |= {"event_type": self.code("event_type"), "event_code": self.code("event_code")}
        if self.draw() > 0.6:
            row |= {name: self.code(name) for name in ("trust_sign", "trust_course")}
        return row

    def claim(self) -> Row:
        row: Row = {
            "coder_confidence": self.code("confidence"),
            "analytic_confidence": self.maybe(CODES["confidence"]),
            "likelihood": self.maybe(CODES["likelihood"]),
        }
        if self.draw() > 0.6:
            row |= {"figure_value": self.one(NUMBERS), "figure_unit": self.code("figure_unit")}
            row |= {"figure_population": self.words(1)}
            row |= {"figure_qualifier": self.code("figure_qualifier")}
            row |= {"figure_currency": "EUR" if row["figure_unit"] == "money" else None}
        return row


def complete(claim: Row) -> Row:
    """Return a claim's cells with those that others ask for."""
    return {**claim, "occurred_basis": "stated" if claim["occurred"] else None}


def distinct(parts: list[Row], *names: str) -> list[Row]:
    """Return the parts of a list without those that repeat another one's key."""
    return list({tuple(part[name] for name in names): part for part in parts}.values())


def references(stream: str, row: Row) -> list[Key]:
    """Return the entities that a row refers to."""
    found: list[Key] = []
    for item, target in _referring(stream):
        value = row[item[0]]
        parts = value if isinstance(value, list) else [value]
        names = [part[item[1]] if item[1] else part for part in parts if part is not None]
        found += [(target, name) for name in names if name is not None]
    return list(dict.fromkeys(found))


@cache
def _referring(stream: str) -> list[tuple[tuple[str, str], str]]:
    table = SCHEMAS.streams[stream]
    found = [((key.column, ""), key.table) for key in table.foreign_keys]
    for item in table.fields:
        if item.item is not None and item.item.references:
            found.append(((item.name, ""), item.item.references))
        found += [
            ((item.name, inner.name), inner.references) for inner in item.fields if inner.references
        ]
    return found


numbers = cache(lambda below: st.integers(0, below - 1))


@st.composite
def histories(
    draw: st.DrawFn, batches: int = 4, changes: int = 8, released: bool = True
) -> History:
    """Draw a history of at most so many batches, each of at most so many changes."""
    maker = Maker(lambda below: draw(numbers(below)) if below > 1 else 0)
    return maker.history(batches, changes, released)


def random_history(seed: int, batches: int = 4, changes: int = 8) -> History:
    """Return a history without Hypothesis."""
    return Maker(random.Random(seed).randrange).history(batches, changes)


def telling_history(batches: int = 4, changes: int = 12) -> History:
    """Return the first drawn history with a release, rows of every stream and some lineage."""
    drawn = (random_history(seed, batches, changes) for seed in range(100))
    return next(
        history
        for history in drawn
        if history.released
        and {stream for stream, *_ in history.rows()} == {*STREAMS}
        and any(stream == "sources" and row["lineage"] for stream, *_, row in history.rows())
    )


def files(history: History) -> dict[str, bytes]:
    """Return the bytes of every file of a history's batches and releases, by path."""
    found: dict[str, bytes] = {}
    tree = CompactRange()
    previous = None
    for number, batch in enumerate(history.batches, 1):
        folder = f"events/{number:04d}-drawn"
        before = {"size_before": tree.size, "root_before": tree.root().hex()}
        listed = {}
        for stream in STREAMS:
            if not batch.get(stream):
                continue
            lines = [encode(row) for row in batch[stream]]
            tree.extend([leaf_hash(line) for line in lines])
            data = b"".join(line + b"\n" for line in lines)
            found[f"{folder}/{stream}.ndjson"] = data
            listed[f"{stream}.ndjson"] = {
                "rows": len(lines),
                "bytes": len(data),
                "sha256": sha256(data).hexdigest(),
                "schema_version": SCHEMAS.streams[stream].version,
            }
        size, root = tree.size, tree.root().hex()
        last = max(row["recorded_at"] for rows in batch.values() for row in rows)
        manifest = {
            "number": number,
            "slug": "drawn",
            "title": f"Batch {number}",
            "method": "Drawn at random.",
            "recorded_by": "coder-1",
            "sealed_at": last,
            "codebook_version": SCHEMAS.codebook.version,
            "previous_sha256": previous,
            "files": listed,
            "tree": {**before, "size": size, "root": root},
        }
        data = dump_manifest(manifest)
        found[f"{folder}/{MANIFEST}"] = data
        previous = sha256(data).hexdigest()
        if number in history.released:
            version = f"0.{number}.0"
            entry = {
                "version": version,
                "date": last[:10],
                "commit": "0" * 40,
                "codebook_version": SCHEMAS.codebook.version,
                "batches": number,
                "tree": {"size": size, "root": root},
                "archive": {"path": f"drawn-{version}.zip", "bytes": 1, "sha256": "0" * 64},
                "files": {"SHA256SUMS": "0" * 64, "release.json": "0" * 64},
                "tables": {},
            }
            found[f"releases/{version}.json"] = dump_json(entry)
    return found


def write(history: History, folder: Path, texts: Path | None = None) -> Package:
    """Write a history as a sealed package, or append to one that holds its first batches.

    Parameters
    ----------
    texts
        Where to put the texts that the claims point at.
    """
    fresh = not (folder / "schemas").exists()
    if fresh:
        (folder / "events").mkdir(parents=True)
        shutil.copytree(ROOT / "schemas", folder / "schemas")
    about = {**PACKAGE.descriptor, "name": "drawn", "title": "Drawn", "version": "0.9.0"}
    about["resources"] = []
    for name, data in files(history).items():
        path = folder / name
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
    (folder / DESCRIPTOR).write_bytes(dump_json(about))
    package = Package(folder)
    about["resources"] = resources(package, sealed_batches(package, []))
    (folder / DESCRIPTOR).write_bytes(dump_json(about))
    for name in COPIES if texts else ():
        assert texts is not None
        (texts / f"{name}.txt").write_bytes(text_of(name).content.encode("utf-8"))
    return Package(folder)
