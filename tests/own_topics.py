"""Three invented datasets of other topics, each with columns, codes, a rule and a register.

All texts, people and substances are invented.
"""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claimlog.release.generated_package_files import stale_files
from claimlog.schema.codebook import CODES
from claimlog.sources.text import Text
from claimlog.start.example import remove_example
from claimlog.start.new_package import make_package
from claimlog.start.package_choices import PackageChoices
from conftest import World
from test_registers import column, key, register

GIT = ("git", "-c", "user.name=Tester", "-c", "user.email=tester@example.org")
Rows = list[dict[str, Any]]
CODED = {"voice": "author", "modality": "actual", "topic": "main"}
COMMON = {**CODED, "origin_basis": "unknown", "coder_confidence": "high", "source_id": "S001"}


@dataclass(frozen=True)
class OwnTopic:
    """What somebody adds to a new package, and the rows that follow.

    Attributes
    ----------
    columns, keys
        Columns and foreign keys of claims.
    codes
        Code lists, each code with its label.
    register, stream
        Schema of the register, and its name.
    requirement
        A line of the requirements, and a claim that breaks it.
    rows
        New rows by stream, in their order; the text of the source is `text`.
    search
        Words that the search finds, and the claim or row that it finds by them.
    links
        Relations of claims.
    source_word
        What pages call a source; if nothing, a text.
    """

    choices: PackageChoices
    text: str
    columns: Rows
    keys: Rows
    codes: Mapping[str, Mapping[str, str]]
    stream: str
    register: dict[str, Any]
    requirement: Sequence[str]
    breaks: dict[str, Any]
    rows: Mapping[str, Rows]
    search: Mapping[str, str]
    language: str = "en"
    links: Rows = field(default_factory=list)
    source_word: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> dict[str, Any]:
        """The text as a source that is registered."""
        text = Text(self.text)
        return {
            "source_id": "S001",
            "kind": "copy",
            "title": self.text.splitlines()[0],
            "publisher": "The Example Gazette",
            "language": self.language,
            "rights": "Invented.",
            "reliability": "F",
            "reliability_rationale": "Invented.",
            "text_sha256": text.sha256,
            "text_length": len(text.content),
        }

    def begin(self, root: Path) -> World:
        """Make a package of this topic without a row, with its text beside it."""
        world = World(make_package(root, self.choices), root / "texts")
        remove_example(world.package)
        self.declare(root)
        for path, _, text in [*stale_files(world.package)]:
            world.package.write(path, text.encode())
        (world.texts / "text.txt").write_text(self.text, "utf-8")
        return world

    def add(self, world: World, *without: str) -> None:
        """Add the source, coders, and the rows of every stream but those left out."""
        coders = [
            {"coder_id": name, "kind": "person", "description": "Invented."}
            for name in ("coder-1", "coder-2", "adjudicator")
        ]
        every = {"sources": [self.source], "coders": coders, **self.rows, "links": self.links}
        for stream, rows in every.items():
            if stream not in without:
                world.add(stream, rows)

    def declare(self, root: Path) -> None:
        """Write columns, codes, register and requirement into the schemas of a package."""
        schemas = root / "schemas"
        claims = json.loads((schemas / "claims.json").read_text("utf-8"))
        claims["fields"] += self.columns
        claims["foreignKeys"] += self.keys
        (schemas / "claims.json").write_text(json.dumps(claims), "utf-8")
        if self.source_word:
            site = json.loads((schemas / "site.json").read_text("utf-8"))
            (schemas / "site.json").write_text(
                json.dumps({**site, "source_word": self.source_word}), "utf-8"
            )
        (schemas / f"{self.stream}.json").write_text(json.dumps(self.register), "utf-8")
        for name, labels in self.codes.items():
            path = schemas / "codebook" / "codes" / f"{name}.csv"
            with path.open("w", newline="", encoding="utf-8") as handle:
                writer = csv.writer(handle, lineterminator="\n")
                writer.writerow(CODES)
                for code, label in labels.items():
                    said = (f"{label}: defined.", "What it is.", "What it is not.", f"{label}!")
                    writer.writerow((code, label, *said, "", "", "1.0.0"))
        if not self.requirement:
            return
        with (schemas / "requirements.csv").open("a", newline="", encoding="utf-8") as handle:
            csv.writer(handle, lineterminator="\n").writerow(self.requirement)


def commit(root: Path) -> None:
    for words in (["add", "-A"], ["commit", "-qm", "More"]):
        subprocess.run([*GIT, *words], cwd=root, check=True, timeout=60)


def claim(quote: str, statement: str, **given: Any) -> dict[str, Any]:
    return {**COMMON, "quote": quote, "statement": statement, **given}


def said(by: str, verb: str = "say") -> dict[str, Any]:
    hop = {"actor_id": by, "verb": verb, "anonymity": "named"}
    return {"voice": "paraphrased", "attributions": [hop]}


DOSES = OwnTopic(
    choices=PackageChoices(
        "lumerol", "Lumerol", "what the invented substance lumerol does", "CC0-1.0", ("en",)
    ),
    text="""Lumerol: what the ward saw

In the Alder study, patients took 2.5 mg of lumerol every eight hours. Their fever fell within
three days. At 40 µg/kg nobody slept better.

Dr. Vera Invented warns that more than 10 mg a day may cause hiccups. The maker denies it.
""",
    columns=[
        column("dose_value", "number", constraints={"minimum": 0}, unit="see dose_unit"),
        column("dose_unit", codelist="dose_unit"),
        column("dose_hours", "integer", unit="hour", constraints={"minimum": 1, "maximum": 168}),
        column("effect", codelist="effect"),
        column("study_id"),
    ],
    keys=[key("study_id", "studies", "study_id")],
    codes={
        "dose_unit": {"mg": "Milligram", "ug_per_kg": "Microgram per kilogram"},
        "effect": {"helps": "Helps", "harms": "Harms", "no_effect": "Has no effect"},
        "study_kind": {"trial": "Trial", "series": "Series of cases"},
    },
    stream="studies",
    register=register(
        "study",
        "^T[0-9]{3,}$",
        "Studies",
        [
            column("title", constraints={"required": True, "maxLength": 100}, freeText=True),
            column("kind", codelist="study_kind", constraints={"required": True}),
            column("begun", edtf=True),
            column("patients", "integer", unit="person"),
            column("run_by", "array", items={"type": "string", "references": "actors"}),
        ],
    ),
    requirement=(
        *("dose-has-unit", "claims", "dose_value", "set", "dose_unit", "set", "error"),
        *("A dose has a unit.", "Ten of what?"),
    ),
    breaks=claim("Their fever fell", "Fever went down in all patients.", dose_value=10),
    rows={
        "actors": [
            {"actor_id": "vera-invented", "name": "Vera Invented", "actor_type": "person"},
            {"actor_id": "alder-ward", "name": "Alder Ward", "actor_type": "organization"},
            {"actor_id": "lumerol-maker", "name": "The maker", "actor_type": "organization"},
        ],
        "studies": [
            {
                "title": "Alder study",
                "kind": "trial",
                "begun": "2031-02",
                "patients": 12,
                "run_by": ["alder-ward"],
            }
        ],
        "claims": [
            claim(
                "patients took 2.5 mg of lumerol every eight hours",
                "Patients of one study got 2.5 mg three times a day.",
                dose_value=2.5,
                dose_unit="mg",
                dose_hours=8,
                study_id="T001",
            ),
            claim("Their fever fell", "Fever went down.", effect="helps", study_id="T001"),
            claim(
                "At 40 µg/kg nobody slept better",
                "A dose by weight did nothing for sleep.",
                dose_value=40,
                dose_unit="ug_per_kg",
                effect="no_effect",
                modality="negated",
            ),
            claim(
                "more than 10 mg a day may cause hiccups",
                "A daily dose above 10 mg could bring on hiccups.",
                dose_value=10,
                dose_unit="mg",
                dose_hours=24,
                effect="harms",
                **{**said("vera-invented", "warn"), "modality": "hypothetical"},
            ),
            claim(
                "The maker denies it",
                "The company says that the substance brings on no hiccups.",
                effect="harms",
                dyad_from=["lumerol-maker"],
                **said("lumerol-maker", "deny"),
            ),
        ],
    },
    links=[
        {
            "from_claim_id": "C001-005",
            "relation": "disputes",
            "to_claim_id": "C001-004",
            "basis": "The maker denies what the doctor warns of.",
        }
    ],
    search={"hiccups": "/claims/C001-004", "Alder study": "/studies/T001"},
)

TESTIMONY = OwnTopic(
    choices=PackageChoices(
        "pear-trial", "The pear trial", "who stole the pears", "CC-BY-SA-4.0", ("en",)
    ),
    text="""Second day of the pear trial

The gardener, Otto Beispiel, told the court that he saw the baker at the tree before dawn. He
pointed at a ladder, exhibit B.

The baker, Lisa Muster, swore that she was asleep until seven. She does not remember owning a
ladder. “I have never liked pears,” she said.
""",
    columns=[
        column("stance", codelist="stance"),
        column("under_oath", codelist="oath"),
        column("exhibits", "array", items={"type": "string", "references": "exhibits"}),
        column("doubt", ownWords=True, freeText=True),
        column("hearsay", "boolean"),
    ],
    keys=[],
    codes={
        "stance": {"affirms": "Affirms", "denies": "Denies", "forgets": "Does not recall"},
        "oath": {"yes": "Under oath", "no": "Not under oath"},
        "exhibit_kind": {"object": "Object", "paper": "Paper"},
    },
    stream="exhibits",
    register=register(
        "exhibit",
        "^[a-z][a-z0-9-]*$",
        "Exhibits",
        [
            column("name", constraints={"required": True}, freeText=True),
            column("kind", codelist="exhibit_kind", constraints={"required": True}),
            column("shown_by"),
            column("returned", "boolean"),
            column("like", "array", items={"type": "string", "references": "exhibits"}),
        ],
        key("shown_by", "actors", "actor_id"),
    ),
    requirement=(
        *("oath-has-stance", "claims", "under_oath", "set", "stance", "set", "error"),
        *("Who swears takes a stance.", "An oath is on something."),
    ),
    breaks=claim("He\npointed at a ladder", "The witness showed a ladder.", under_oath="yes"),
    rows={
        "actors": [
            {"actor_id": "otto-beispiel", "name": "Otto Beispiel", "actor_type": "person"},
            {"actor_id": "lisa-muster", "name": "Lisa Muster", "actor_type": "person"},
        ],
        "exhibits": [
            {"exhibit_id": "shoe", "name": "Shoe", "kind": "object", "returned": True},
            {
                "exhibit_id": "ladder",
                "name": "Ladder, exhibit B",
                "kind": "object",
                "shown_by": "otto-beispiel",
                "returned": False,
                "like": ["shoe"],
            },
        ],
        "claims": [
            claim(
                "he saw the baker at the tree before dawn",
                "The gardener puts the baker at the tree early in the day.",
                stance="affirms",
                hearsay=False,
                dyad_from=["lisa-muster"],
                **said("otto-beispiel", "tell"),
            ),
            claim(
                "He\npointed at a ladder",
                "The gardener showed a ladder to the court.",
                exhibits=["ladder"],
            ),
            claim(
                "she was asleep until seven",
                "The baker says that she slept at that time.",
                stance="affirms",
                under_oath="yes",
                dyad_from=["lisa-muster"],
                **said("lisa-muster", "swear"),
            ),
            claim(
                "She does not remember owning a\nladder",
                "The baker cannot say whether she has a ladder.",
                stance="forgets",
                hearsay=True,
                under_oath="yes",
                exhibits=["ladder", "shoe"],
                doubt="A ladder is hard to forget.",
            ),
            claim(
                "I have never liked pears",
                "The baker has no taste for pears.",
                stance="denies",
                under_oath="no",
                **{**said("lisa-muster"), "voice": "quoted"},
            ),
        ],
    },
    links=[
        {
            "from_claim_id": "C001-003",
            "relation": "disputes",
            "to_claim_id": "C001-001",
            "basis": "Nobody is asleep and at a tree.",
        }
    ],
    source_word={"one": "testimony", "many": "testimonies"},
    search={"hard to forget": "/claims/C001-004", "exhibit B": "/exhibits/ladder"},
)

SCRIPTS = OwnTopic(
    choices=PackageChoices(
        "two-scripts",
        "نقوش ونصوص",
        "inscriptions in two scripts",
        "CC-BY-4.0",
        ("arz", "th", "sr-latn"),
    ),
    text="""نقش على باب المدينة

قال الحارس إن الباب أُغلق قبل ألف عام. ولا يعرف أحد من كتب النقش.

ยามบอกว่าประตูถูกปิดเมื่อพันปีก่อน ไม่มีใครรู้ว่าใครเขียนจารึก
""",
    columns=[
        column("script", codelist="script", constraints={"required": True}),
        column("reading", ownWords=True, freeText=True),
        column("inscription_id"),
    ],
    keys=[key("inscription_id", "inscriptions", "inscription_id")],
    codes={"script": {"arab": "العربية", "thai": "อักษรไทย"}},
    stream="inscriptions",
    register=register(
        "inscription",
        "^N[0-9]{3,}$",
        "Inscriptions",
        [
            column("label", constraints={"required": True}, freeText=True),
            column("script", codelist="script", constraints={"required": True}),
        ],
    ),
    requirement=(
        *("reading-has-inscription", "claims", "reading", "set", "inscription_id", "set", "error"),
        *("A reading is of an inscription.", "Else it reads nothing."),
    ),
    breaks=claim("الباب أُغلق", "كان الباب مغلقا في ذلك الزمن.", script="arab", reading="قراءة"),
    rows={
        "actors": [{"actor_id": "guard", "name": "حارس الباب", "actor_type": "person"}],
        "inscriptions": [{"label": "نقش الباب", "script": "arab"}],
        "claims": [
            claim(
                "الباب أُغلق قبل ألف عام",
                "لم يعد الباب مفتوحا منذ عشرة قرون.",
                script="arab",
                inscription_id="N001",
                **said("guard"),
            ),
            claim(
                "ولا يعرف أحد من كتب النقش",
                "كاتب هذه الكلمات مجهول.",
                script="arab",
                reading="مدخل السوق",
                inscription_id="N001",
            ),
            claim(
                "ประตูถูกปิดเมื่อพันปีก่อน",
                "ทางเข้านี้ไม่เปิดมาแล้วสิบศตวรรษ",
                script="thai",
                **said("guard"),
            ),
            claim("ไม่มีใครรู้ว่าใครเขียนจารึก", "ผู้สลักคำเหล่านี้ยังไม่เป็นที่รู้จัก", script="thai"),
        ],
    },
    links=[
        {
            "from_claim_id": "C001-003",
            "relation": "same_fact",
            "to_claim_id": "C001-001",
            "basis": "The sentence is told in both scripts.",
        }
    ],
    search={"مجهول": "/claims/C001-002", "نقش الباب": "/inscriptions/N001"},
    language="arz",
)

TOPICS = {topic.choices.name: topic for topic in (DOSES, TESTIMONY, SCRIPTS)}
