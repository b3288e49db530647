"""One mutant for every rule: a small edit of the good tiny package that breaks that rule alone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

from claimlog.log.batch import dump_manifest
from conftest import TEXT, World, coder

Mutant = Callable[[World], None]
MUTANTS: dict[str, Mutant] = {}


def mutant(rule: str) -> Callable[[Mutant], Mutant]:
    def enter(function: Mutant) -> Mutant:
        assert rule not in MUTANTS
        MUTANTS[rule] = function
        return function

    return enter


def setting(stream: str, batch: int, index: int, **values: Any) -> Mutant:
    """Return a mutant that sets values of one row and seals everything anew."""

    def edit(world: World) -> None:
        world.rewrite(stream, lambda rows: rows[index].update(values), batch)

    return edit


def splicing(old: bytes, new: bytes, stream: str = "claims", batch: int = 1) -> Mutant:
    """Return a mutant that replaces bytes of a file once and seals everything anew."""

    def edit(world: World) -> None:
        path = world.file(stream, batch)
        data = path.read_bytes()
        assert old in data
        path.write_bytes(data.replace(old, new, 1))
        world.reseal()

    return edit


def git(world: World, *words: str) -> None:
    who = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")
    subprocess.run(["git", "-C", str(world.root), *who, *words], check=True, capture_output=True)


# layer: log -------------------------------------------------------------------------------------


@mutant("batch-name")
def _(world: World) -> None:
    (world.root / "events" / "notes.txt").write_text("stray")


@mutant("batch-files")
def _(world: World) -> None:
    (world.file("claims", 1).parent / "draft.txt").write_text("stray")


@mutant("batch-number")
def _(world: World) -> None:
    folder = world.file("claims", 2).parent
    manifest = json.loads((folder / "batch.json").read_text())
    (folder / "batch.json").write_bytes(dump_manifest({**manifest, "number": 5}))
    folder.rename(folder.with_name("0005-corrections"))


@mutant("manifest")
def _(world: World) -> None:
    path = world.file("claims", 2).parent / "batch.json"
    manifest = json.loads(path.read_text())
    path.write_bytes(dump_manifest({**manifest, "title": ""}))


# layer: line ------------------------------------------------------------------------------------

MUTANTS["bytes"] = splicing(b"\n", b"\r\n")
MUTANTS["json"] = splicing(b'"content":"event"', b'"content":"event","content":"event"')
MUTANTS["keys"] = splicing(b'"content":', b'"contend":')
MUTANTS["type"] = splicing(b'"version":1', b'"version":"1"')
MUTANTS["canonical"] = splicing(b'"version":1', b'"version": 1')

# layer: schema ----------------------------------------------------------------------------------


@mutant("descriptor")
def _(world: World) -> None:
    path = world.root / "datapackage.json"
    about = json.loads(path.read_text())
    about["resources"][0]["path"].append("events/0009-gone/sources.ndjson")
    path.write_text(json.dumps(about))


MUTANTS["required"] = setting("claims", 1, 0, statement=None)
MUTANTS["enum"] = setting("claims", 1, 0, topic="sharking")
MUTANTS["pattern"] = setting("claims", 1, 0, quote_sha256="abc")
MUTANTS["range"] = setting("claims", 1, 0, start=-1)
MUTANTS["length"] = setting("claims", 1, 0, statement="Short.")

# layer: rows ------------------------------------------------------------------------------------


@mutant("primary-key")
def _(world: World) -> None:
    # two coders amended version 1: the same version with other words
    def double(rows: list[dict[str, Any]]) -> None:
        rows.insert(1, {**rows[0], "reason": "Another slip.", "note": "Pilots of the port."})

    world.rewrite("claims", double, 2)


@mutant("duplicate-event")
def _(world: World) -> None:
    world.rewrite("claims", lambda rows: rows.insert(1, rows[0]), 2)


MUTANTS["version-sequence"] = setting("claims", 2, 0, version=3)


@mutant("live-entity")
def _(world: World) -> None:
    def revive(rows: list[dict[str, Any]]) -> None:
        last = next(row for row in rows if row["action"] == "retract")
        rows.append({**last, "action": "amend", "version": 3, "note": "Back again."})

    world.rewrite("claims", revive, 2)


@mutant("amend-changes")
def _(world: World) -> None:
    world.rewrite("claims", lambda rows: rows[0].update(note=None), 2)


@mutant("retract-keeps")
def _(world: World) -> None:
    world.rewrite("claims", lambda rows: rows[1].update(note="And changed."), 2)


MUTANTS["recorded-order"] = setting("claims", 2, 0, recorded_at="2001-01-01T00:00:00Z")


@mutant("recorded-at")
def _(world: World) -> None:
    def spell(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["recorded_at"] = row["recorded_at"].replace("Z", "+00:00")

    world.rewrite("claims", spell, 2)


MUTANTS["edtf"] = setting("claims", 1, 0, occurred="2025-13")
MUTANTS["free-text"] = setting("claims", 1, 0, note="Typed \u202ebackwards.")
MUTANTS["foreign-key"] = setting("claims", 1, 5, incident_id="lost-map")


@mutant("live-reference")
def _(world: World) -> None:
    def retract(rows: list[dict[str, Any]]) -> None:
        more = {"action": "retract", "version": 2, "reason": "Wrong."}
        first = rows[0]
        rows[0] = {**first, "incident_id": "lost-chart", "note": "Amended."}
        del more

    world.rewrite("claims", retract, 2)
    incident = world.rows("incidents", 1)[0]
    tombstone = {**incident, "action": "retract", "version": 2, "reason": "Wrong."}
    tombstone["recorded_at"] = world.rows("claims", 2)[-1]["recorded_at"]
    from claimlog.log.canonical import encode

    (world.file("claims", 2).parent / "incidents.ndjson").write_bytes(encode(tombstone) + b"\n")
    world.reseal()


MUTANTS["span-order"] = setting("claims", 1, 0, start=300, end=299)
MUTANTS["span-inside"] = setting("claims", 1, 0, end=len(TEXT) + 1, start=len(TEXT) - 1)
MUTANTS["span-source"] = setting("claims", 1, 0, source_id="S101")
MUTANTS["span-furniture"] = setting("claims", 1, 0, start=3, end=9)
MUTANTS["furniture-ranges"] = setting(
    "sources",
    0,
    1,
    furniture=[
        {"start": 0, "end": 22, "kind": "navigation"},
        {"start": 20, "end": 23, "kind": "navigation"},
    ],
)
MUTANTS["hop-speaker"] = setting(
    "claims",
    1,
    1,
    attributions=[
        {
            "actor_id": None,
            "description": None,
            "source_id": None,
            "verb": "say",
            "anonymity": "generic",
            "side": "none",
            "office": "public",
            "number": "unknown",
            "speaker_key": None,
            "said": None,
            "said_basis": None,
        }
    ],
)
MUTANTS["lineage-acyclic"] = setting(
    "sources",
    0,
    0,
    lineage=[
        {
            "source_id": "S001",
            "relation": "wasDerivedFrom",
            "certainty": "strong",
            "evidence": "Turned round.",
        }
    ],
)
MUTANTS["lineage-dates"] = setting("sources", 0, 0, published="2050")


def _one_text_twice(world: World) -> None:
    """Give two sources one text, and take the lineage that joins them."""

    def change(rows: list[Any]) -> None:
        work, copy = rows[:2]
        copy["lineage"] = []
        work.update({name: copy[name] for name in ("kind", "text_sha256", "text_length")})

    world.rewrite("sources", change, 0)


MUTANTS["text-once"] = _one_text_twice
MUTANTS["membership-acyclic"] = setting("actors", 0, 1, part_of="ada-example")
MUTANTS["membership-dates"] = setting(
    "actors", 0, 1, memberships=[{"alliance_id": "pact", "start": "1999", "end": "1998"}]
)
MUTANTS["repeated-part"] = setting(
    "actors",
    0,
    1,
    memberships=[{"alliance_id": "pact", "start": y, "end": None} for y in ("1999", "2001")],
)


@mutant("fact-closed")
def _(world: World) -> None:
    def grow(rows: list[dict[str, Any]]) -> None:
        rows.append({**rows[0], "link_id": "L0002", "to_claim_id": "C001-002"})

    world.rewrite("links", grow, 1)


@mutant("pass-coders")
def _(world: World) -> None:
    names = [f"human-{number}" for number in range(33)]
    entry = {
        "pass": 1,
        "source_id": "S001",
        "quote": "About forty pilots signed a letter",
        "content": "event",
        "voice": "author",
        "modality": "actual",
        "topic": "sharing",
        "sharing_effect": "none",
    }
    world.add("coders", [coder(name, "person") for name in names])
    world.add("codings", [{**entry, "coder": name} for name in names[:32]])
    world.seal("coded")

    def join_in(rows: list[dict[str, Any]]) -> None:
        rows.append({**rows[-1], "coding_id": "K0033", "coder": names[32]})

    world.rewrite("codings", join_in)


MUTANTS["link-ends"] = setting("links", 1, 0, to_claim_id="C001-006")

MUTANTS["reason-given"] = setting("claims", 2, 0, reason=None)
MUTANTS["reason-first"] = setting("claims", 1, 0, reason="For no reason.")
MUTANTS["copy-has-text"] = setting("sources", 0, 1, text_sha256=None)
MUTANTS["work-has-no-text"] = setting("sources", 0, 0, text_sha256="0" * 64)
MUTANTS["state-has-code"] = setting("actors", 0, 1, iso3=None)
MUTANTS["code-is-state"] = setting("actors", 0, 3, iso3="NOR")
MUTANTS["author-has-no-hop"] = setting("claims", 1, 1, voice="author")
MUTANTS["speech-has-hop"] = setting("claims", 1, 0, voice="quoted")
MUTANTS["figure-has-unit"] = setting(
    "claims", 1, 5, figure_value=4, figure_population="x", figure_qualifier="exact"
)
MUTANTS["figure-has-population"] = setting(
    "claims", 1, 5, figure_value=4, figure_unit="days", figure_qualifier="exact"
)
MUTANTS["figure-has-qualifier"] = setting(
    "claims", 1, 5, figure_value=4, figure_unit="days", figure_population="x"
)
MUTANTS["unit-has-figure"] = setting("claims", 1, 5, figure_unit="days")
MUTANTS["population-has-figure"] = setting("claims", 1, 5, figure_population="pilots")
MUTANTS["qualifier-has-figure"] = setting("claims", 1, 5, figure_qualifier="exact")
KEPT = "tide-tables-stopped"
MUTANTS["measure-has-status-of"] = setting(
    "claims", 1, 5, measure_id=KEPT, measure_account="author"
)
MUTANTS["measure-has-account"] = setting("claims", 1, 5, measure_id=KEPT, measure_status="taken")
MUTANTS["status-has-measure-id"] = setting("claims", 1, 5, measure_status="taken")
MUTANTS["account-has-measure"] = setting("claims", 1, 5, measure_account="author")
MUTANTS["trust-has-course"] = setting("claims", 1, 5, trust_sign="trust")
MUTANTS["course-has-trust"] = setting("claims", 1, 5, trust_course="lost")
MUTANTS["money-has-currency"] = setting(
    "claims",
    1,
    5,
    figure_value=4,
    figure_unit="money",
    figure_population="x",
    figure_qualifier="exact",
)
MUTANTS["currency-is-money"] = setting("claims", 1, 5, figure_currency="EUR")
MUTANTS["occurred-has-basis"] = setting("claims", 1, 5, occurred="2019")
MUTANTS["basis-has-occurred"] = setting("claims", 1, 5, occurred_basis="stated")
MUTANTS["code-has-type"] = setting("claims", 1, 5, event_code="1214")
MUTANTS["type-has-code"] = setting("claims", 1, 5, event_type="REJECT")


@mutant("copy-has-length")
def _(world: World) -> None:
    def strip(rows: list[dict[str, Any]]) -> None:
        rows[0].update(kind="copy", text_sha256="0" * 64)

    world.rewrite("sources", strip, 0)


# layer: integrity -------------------------------------------------------------------------------


def manifest_edit(batch: int, change: Callable[[dict[str, Any]], None]) -> Mutant:
    """Return a mutant that edits a batch.json and nothing else."""

    def edit(world: World) -> None:
        path = world.file("claims", batch).parent / "batch.json"
        manifest = json.loads(path.read_text())
        change(manifest)
        path.write_bytes(dump_manifest(manifest))

    return edit


MUTANTS["tree-size"] = manifest_edit(2, lambda m: m["tree"].update(size=m["tree"]["size"] + 1))
MUTANTS["tree-root"] = manifest_edit(2, lambda m: m["tree"].update(root="0" * 64))
MUTANTS["batch-chain"] = manifest_edit(2, lambda m: m.update(previous_sha256="0" * 64))
MUTANTS["file-hash"] = manifest_edit(
    2, lambda m: m["files"]["claims.ndjson"].update(sha256="0" * 64)
)
MUTANTS["schema-version"] = manifest_edit(
    2, lambda m: m["files"]["claims.ndjson"].update(schema_version=99)
)


@mutant("released-batches")
def _(world: World) -> None:
    git(world, "init", "-q")
    git(world, "add", ".")
    git(world, "commit", "-qm", "release")
    git(world, "tag", "v0.1.0")
    # everything agrees with itself, but not with what was released
    world.rewrite("claims", lambda rows: rows[0].update(note="Rewritten."), 1)


@mutant("released-roots")
def _(world: World) -> None:
    entry = {
        "version": "0.1.0",
        "date": "2026-01-01",
        "commit": "0" * 40,
        "codebook_version": "0.1.0",
        "batches": 1,
        "tree": {"size": 9, "root": "0" * 64},
        "archive": {"path": "tiny-0.1.0.zip", "bytes": 1, "sha256": "0" * 64},
        "files": {"SHA256SUMS": "0" * 64, "release.json": "0" * 64},
        "tables": {},
    }
    (world.root / "releases").mkdir()
    (world.root / "releases" / "0.1.0.json").write_text(json.dumps(entry), "utf-8")


# layer: text ------------------------------------------------------------------------------------

MUTANTS["text-identity"] = setting("sources", 0, 1, text_length=len(TEXT) + 5)
MUTANTS["quote-hash"] = setting("claims", 1, 0, quote_sha256="0" * 64)
MUTANTS["anchor-words"] = setting("claims", 1, 0, after_sha256="0" * 64)
MUTANTS["own-words"] = setting(
    "claims", 1, 0, statement="The harbour ministry of Norland stopped sharing tide tables."
)


@mutant("word-boundary")
def _(world: World) -> None:
    from claimlog.sources.anchor import anchor
    from claimlog.sources.text import Text

    def shorten(rows: list[dict[str, Any]]) -> None:
        row = rows[0]
        row.update(anchor(Text(TEXT), row["start"] + 2, row["end"]).as_row())

    world.rewrite("claims", shorten, 1)
