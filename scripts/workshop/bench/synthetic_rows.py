"""The invented rows of a synthetic log: sources with their texts, actors, claims, corrections.

All words are invented: those of texts end in a consonant and those of statements in a vowel, so
that no statement repeats its text.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, combinations, pairwise
from pathlib import Path
from typing import Any

from claimlog.schema.definition import Definition
from claimlog.schema.edtf import bounds
from claimlog.sources.text import digest

Row = dict[str, Any]

CODERS = ("coder-1", "coder-2")
MEASURES = 200  # registered
FIRST_ARTICLE = 2005  # year from which on articles appeared; before it, the works
FACT_SIZES = (2, 2, 2, 3, 4)  # claims that state one fact
BATCH_CLAIMS = 50_000  # rows of claims in a batch, at most
SOURCE_CLAIMS = (200, 2000)  # claims of a source, from and to
AMENDED_SHARE, RETRACTED_SHARE, LINKED_SHARE = 0.05, 0.01, 0.03  # shares of claims
CODED_SHARE = 0.1  # share of claims in articles whose codings are kept
DISAGREED_SHARE = 0.1  # share of codings that differ from the claim
WORK_LINEAGE_SHARE, COPY_LINEAGE_SHARE = (
    0.5,
    0.6,
)  # shares of works and of articles that rest on a work
VOCABULARY_SIZE = 4000  # size of each vocabulary
PROFILE_COUNT = 5000  # codings of a claim to draw from
ROWS_A_SECOND = 10  # of the log's own clock
EPOCH = datetime(2026, 1, 1)


class RowGenerator:
    """Actors, incidents, sources and claims, all drawn from one seeded generator.

    With `codings`, two coders' codings of a part of the articles come last; the claims before them
    are the same.
    """

    def __init__(
        self, definition: Definition, texts: Path, seed: int, codings: bool = False
    ) -> None:
        self.rng = random.Random(seed)
        self.texts = texts
        self.codes = {
            name: [row["code"] for row in rows if not row["retired"]]
            for name, rows in definition.codebook.codes.items()
        }
        self.empty: dict[str, Row] = {
            name: {
                item.name: [] if item.type == "array" else None
                for item in sorted(table.fields, key=lambda item: item.name)
            }
            for name, table in definition.streams.items()
        }
        self.codings = codings
        self.rows = self.sources = self.links = 0
        self.time = ""
        self.text_words = _vocabulary(self.rng, "nrstlk")
        self.statement_words = _vocabulary(self.rng, "aeioué")
        # as in any language: few words are common, and most are rare (Zipf)
        self.word_weights = [*accumulate(1 / (rank + 10) for rank in range(VOCABULARY_SIZE))]
        self.actors = [f"actor-{number:03d}" for number in range(300)]
        self.actors[5] = "usa"  # a state that some queries ask for by name
        self.incidents = [f"incident-{number:02d}" for number in range(60)]
        self.measures = [f"measure-{number:03d}" for number in range(MEASURES)]
        self.work_folder = [f"S9{number:05d}" for number in range(40)]
        self.dates = _dates(self.rng)
        # nothing rests on what appeared later: works before articles, and one after the other
        starts = {date: first for date in self.dates if (first := bounds(date)[0]) is not None}
        self.article_dates = [date for date, first in starts.items() if first.year >= FIRST_ARTICLE]
        earlier = [date for date in starts if date not in self.article_dates]
        self.work_dates = sorted(
            self.rng.choices(earlier, k=len(self.work_folder)), key=starts.__getitem__
        )
        self.profiles = [self._profile() for _ in range(PROFILE_COUNT)]

    def batches(self, claims: int) -> Iterator[tuple[str, dict[str, list[Row]]]]:
        """Yield the slug and the rows of every batch, in order."""
        works = [
            self._source(
                name,
                kind="work",
                published=self.work_dates[at],
                lineage=self._edges(self.work_folder[:at], WORK_LINEAGE_SHARE),
            )
            for at, name in enumerate(self.work_folder)
        ]
        yield (
            "register",
            {
                "sources": works,
                "actors": [*self._actors()],
                "incidents": [*self._incidents()],
                "coders": [*self._coders()],
                "measures": [*self._measures()],
            },
        )
        later: list[Row] = []  # new states of the last batch's claims
        coded_claims: list[Row] = []  # claims whose codings are kept
        left = claims
        while left or later:
            slug = "claims" if left else "corrections"
            changed, later = [self._with_time(row) for row in later], []
            rows: dict[str, list[Row]] = {"sources": [], "claims": changed, "links": []}
            live: list[str] = []  # claims that nothing will retract
            while left:
                number = min(self.rng.randint(*SOURCE_CLAIMS), left)
                if len(rows["claims"]) + number > BATCH_CLAIMS:
                    break
                source, made = self._coded_source(number)
                rows["sources"].append(source)
                rows["claims"] += made
                left -= number
                if len(coded_claims) < self.codings * CODED_SHARE * claims:
                    coded_claims += made
                for row in made:
                    states = [*self._corrections(row)]
                    later += states
                    if not states or states[-1]["action"] != "retract":
                        live.append(row["claim_id"])
            rows["links"] = [*self._links(live)]
            yield slug, rows
        if coded_claims:
            yield (
                "codings",
                {"codings": [self._with_time(row) for row in self._codings(coded_claims)]},
            )

    def _with_time(self, row: Row) -> Row:
        """Give a row its time; the clock never runs backwards."""
        if self.rows % ROWS_A_SECOND == 0:
            now = EPOCH + timedelta(seconds=self.rows // ROWS_A_SECOND)
            self.time = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.rows += 1
        row["recorded_at"], row["recorded_by"] = self.time, "bench"
        return row

    def _row(self, stream: str, **given: Any) -> Row:
        return self._with_time({**self.empty[stream], "action": "assert", "version": 1, **given})

    def _actors(self) -> Iterator[Row]:
        kinds = ["alliance"] * 5 + ["state"] * 60 + ["agency"] * 100 + ["person"] * 135
        for number, (name, kind) in enumerate(zip(self.actors, kinds, strict=True)):
            state = kind == "state"
            member = {"alliance_id": self.actors[number % 5], "start": "1999", "end": None}
            yield self._row(
                "actors",
                actor_id=name,
                name=self._words(2).title(),
                actor_type=kind,
                iso3=self.codes["country"][number] if state else None,
                part_of=self.actors[5 + number % 60] if number >= 65 else None,
                memberships=[member] if state else [],
            )

    def _incidents(self) -> Iterator[Row]:
        for name in self.incidents:
            yield self._row(
                "incidents",
                incident_id=name,
                title=self._words(4).capitalize(),
                description=self._statement(),
                incident_type=self._code("incident_type"),
                occurred=self.rng.choice(self.dates),
                actors=self.rng.sample(self.actors, 2),
            )

    def _coders(self) -> Iterator[Row]:
        for name in CODERS:
            yield self._row("coders", coder_id=name, kind="program", description="Invented.")

    def _measures(self) -> Iterator[Row]:
        for name in self.measures:
            yield self._row(
                "measures",
                measure_id=name,
                title=self._words(4).capitalize(),
                kind=self._code("measure"),
                subject=self._words(2),
                takers=self.rng.sample(self.actors, self.rng.choice((1, 1, 2))),
                partners=self.rng.sample(self.actors, 1),
                since=self.rng.choice(self.dates),
            )

    def _source(self, identifier: str, **given: Any) -> Row:
        return self._row(
            "sources",
            source_id=identifier,
            title=self._words(6).capitalize(),
            publisher=self._words(2).title(),
            language="en",
            rights="Invented.",
            reliability=self._code("reliability"),
            reliability_rationale="Invented.",
            **given,
        )

    def _coded_source(self, number: int) -> tuple[Row, list[Row]]:
        """Write a text with a passage for each of `number` claims; return its source and them."""
        self.sources += 1
        identifier = f"S{self.sources:05d}"
        ends = [*accumulate(self.rng.choices(range(6, 25), k=number), initial=6)]
        words = self.rng.choices(self.text_words, k=ends[-1] + 4)
        parts = [" ".join(words[: ends[0]]).upper() + "\n\n"]
        at = heading = len(parts[0])
        profiles = self.rng.choices(self.profiles, k=number)
        claims = []
        for index, (first, last) in enumerate(pairwise(ends)):
            spoken = " ".join(words[first:last])
            passage = spoken.capitalize()
            row = {**self.empty["claims"], **profiles[index]}
            row["claim_id"] = f"C{identifier[1:]}-{index + 1:04d}"
            row["source_id"] = identifier
            row["start"], row["end"] = at, at + len(passage)
            row["quote_sha256"], row["words_sha256"] = digest(passage), digest(spoken)
            row["word_count"] = last - first
            row["before_sha256"] = digest(" ".join(words[first - 3 : first]))
            row["after_sha256"] = digest(" ".join(words[last : last + 3]))
            row["statement"] = self._statement()
            claims.append(self._with_time(row))
            parts.append(passage + ("\n\n" if index % 5 == 4 else ", "))
            at += len(parts[-1])
        text = "".join(parts) + " ".join(words[ends[-1] :]).upper()
        (self.texts / f"{identifier}.txt").write_bytes(text.encode("utf-8"))
        furniture = [
            {"start": 0, "end": heading - 2, "kind": "heading"},
            {"start": at, "end": len(text), "kind": "footer"},
        ]
        source = self._source(
            identifier,
            kind="copy",
            published=self.rng.choice(self.article_dates),
            text_sha256=digest(text),
            text_length=len(text),
            furniture=furniture,
            lineage=self._edges(self.work_folder, COPY_LINEAGE_SHARE),
        )
        return source, claims

    def _edges(self, works: Sequence[str], share: float) -> list[Row]:
        """Return what a source rests on: of most one work, of some nothing."""
        if not works or self.rng.random() > share:
            return []
        return [
            {
                "source_id": self.rng.choice(works),
                "relation": self._code("lineage_relation"),
                "certainty": self._code("certainty"),
                "evidence": "Invented.",
            }
        ]

    def _codings(self, claims: list[Row]) -> Iterator[Row]:
        """Yield how two coders coded the passages of claims: the second differs now and then."""
        number = 0
        for row in claims:
            common = {name: row[name] for name in self.empty["codings"] if name in row}
            for coder in CODERS:
                number += 1
                own = {"topic": self._code("topic")} if self.rng.random() < DISAGREED_SHARE else {}
                yield {
                    **self.empty["codings"],
                    **common,
                    **own,
                    "action": "assert",
                    "version": 1,
                    "coding_id": f"K{number:06d}",
                    "coder": coder,
                    "pass": 1,
                }

    def _corrections(self, row: Row) -> Iterator[Row]:
        """Yield the later states of a claim: for most, none."""
        if self.rng.random() < AMENDED_SHARE:
            row = {
                **row,
                "action": "amend",
                "version": row["version"] + 1,
                "reason": "A slip.",
                "statement": self._statement(),
            }
            yield row
        if self.rng.random() < RETRACTED_SHARE:
            version = row["version"] + 1
            yield {**row, "action": "retract", "version": version, "reason": "Said twice."}

    def _links(self, live: Sequence[str]) -> Iterator[Row]:
        """Yield links between claims; of those that state one fact, every two are linked."""
        unstated = self.rng.sample(live, len(live))  # claims that state no fact of others
        for _ in range(int(LINKED_SHARE * len(live))):
            relation = self.rng.choice(self.codes["relation"])
            if relation == "same_fact":
                size = self.rng.choice(FACT_SIZES)
                fact, unstated = unstated[:size], unstated[size:]
                pairs = [*combinations(fact, 2)]
            else:
                one, other = self.rng.sample(live, 2)
                pairs = [(one, other)]
            for one, other in pairs:
                yield self._link(one, relation, other)

    def _link(self, one: str, relation: str, other: str) -> Row:
        self.links += 1
        return self._row(
            "links",
            link_id=f"L{self.links:06d}",
            from_claim_id=one,
            relation=relation,
            to_claim_id=other,
            basis="Invented.",
        )

    def _profile(self) -> Row:
        """Return the coded columns of a claim; which are empty is as common as in real ones."""

        def share(part: float) -> bool:
            return self.rng.random() < part

        row: Row = {"action": "assert", "version": 1, "attributions": []}
        for column in ("content", "modality", "topic", "sharing_effect"):
            row[column] = self._code(column)
        row |= {"time_frame": self._code("time_frame"), "origin_basis": self._code("origin_basis")}
        row["coder_confidence"] = self._code("confidence")
        for column in ("dyad_from", "dyad_to"):
            row[column] = self.rng.sample(self.actors, self.rng.choice((0, 1, 1, 2)))
        row["voice"] = self._code("voice")
        if row["voice"] != "author":
            row["attributions"] = [self._hop() for _ in range(self.rng.choice((1, 1, 1, 2, 3)))]
        if share(0.4):
            row |= {"event_type": self._code("event_type"), "event_code": self._code("event_code")}
        if share(0.35):
            row["occurred"], row["occurred_basis"] = (
                self.rng.choice(self.dates),
                self._code("occurred_basis"),
            )
        if share(0.1):
            row["measure_id"] = self.rng.choice(self.measures)
            row["measure_status"] = self._code("measure_status")
            row["measure_account"] = self._code("measure_account")
        if share(0.15):
            row["flow_from"], row["flow_to"] = (self.rng.sample(self.actors, 1) for _ in range(2))
        if share(0.1):
            row |= {name: self._code(name) for name in ("trust_sign", "trust_course")}
            row["trust_object"] = self.rng.sample(self.actors, 1)
        if share(0.06):
            row["figure_value"] = self.rng.choice((2, 16, 40, 1500, 12.5, 0.25))
            row |= {"figure_unit": self._code("figure_unit"), "figure_population": self._words(3)}
            row["figure_qualifier"] = self._code("figure_qualifier")
            row["figure_currency"] = "EUR" if row["figure_unit"] == "money" else None
        if share(0.2):
            row["incident_id"] = self.rng.choice(self.incidents)
        if share(0.1):
            row["likelihood"] = self._code("likelihood")
        if share(0.03):
            row["analytic_confidence"] = self._code("confidence")
        if share(0.3):
            row["note"] = self._statement()
        return row

    def _hop(self) -> Row:
        known = self.rng.random() < 0.6
        return {
            **dict.fromkeys(("speaker_key", "said", "said_basis")),
            **{name: self._code(name) for name in ("side", "office", "number")},
            "actor_id": self.rng.choice(self.actors) if known else None,
            "anonymity": self._code("anonymity"),
            "description": None if known else self._words(3),
            "source_id": self.rng.choice(self.work_folder) if self.rng.random() < 0.1 else None,
            "verb": self.rng.choice(("say", "report", "deny", "warn")),
        }

    def _code(self, name: str) -> str:
        """Draw a code of a list; the first ones of it are the most common."""
        codes = self.codes[name]
        return self.rng.choices(codes, [1 / rank for rank in range(1, len(codes) + 1)])[0]

    def _words(self, number: int) -> str:
        return " ".join(self.rng.choices(self.statement_words, k=number))

    def _statement(self) -> str:
        """Return 8 to 20 words; some hold what JSON must escape."""
        number = self.rng.randint(8, 20)
        words = self.rng.choices(self.statement_words, cum_weights=self.word_weights, k=number)
        odd = self.rng.random()
        if odd < 0.04:
            words[3] = f'"{words[3]}"' if odd < 0.03 else f"{words[3]}\\{words[4]}"
        return f"{' '.join(words).capitalize()}."


def _vocabulary(rng: random.Random, endings: Sequence[str]) -> list[str]:
    """Return distinct invented words that end in one of `endings`."""
    words: dict[str, None] = {}
    while len(words) < VOCABULARY_SIZE:
        syllables = rng.choices("bdfgklmnprstvz", k=6), rng.choices("aaeeiioouåéöø", k=6)
        stem = "".join(a + b for a, b in zip(*syllables, strict=True))[: rng.choice((3, 3, 5, 7))]
        words[stem + rng.choice(endings)] = None
    return [*words]


def _dates(rng: random.Random) -> list[str]:
    """Return a few hundred dates of every form that EDTF level 1 gives."""
    dates = ["201X", "199X", "2004-XX", "2025-03-29/..", "../2019-06", "2001-21"]
    for _ in range(400):
        year, month, day = rng.randint(1990, 2025), rng.randint(1, 12), rng.randint(1, 28)
        span = f"{year}-{month:02d}-01/{year}-{month:02d}-{day:02d}"
        short, long = f"{year}-{month:02d}", f"{year}-{month:02d}-{day:02d}"
        dates.append(rng.choice((str(year), short, f"{short}~", long, f"{year}?", span)))
    return sorted(set(dates))
