"""The fold in plain Python, one row after the other: what the tables must say, told simply."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from claimlog.log.canonical import encode
from claimlog.log.merkle import leaf_hash
from histories import History, Row

DAYS: dict[str | None, tuple[date | None, date | None]] = {
    None: (None, None),
    "2019": (date(2019, 1, 1), date(2019, 12, 31)),
    "2020?": (date(2020, 1, 1), date(2020, 12, 31)),
    "2025-03~": (date(2025, 3, 1), date(2025, 3, 31)),
    "2019-06-01": (date(2019, 6, 1), date(2019, 6, 1)),
    "201X": (date(2010, 1, 1), date(2019, 12, 31)),
    "2004-XX": (date(2004, 1, 1), date(2004, 12, 31)),
    "2025-03-29/..": (date(2025, 3, 29), None),
    "../2019-06": (None, date(2019, 6, 30)),
    "2001-21": (date(2001, 3, 1), date(2001, 5, 31)),
    "2019-01-01/2019-02-01": (date(2019, 1, 1), date(2019, 2, 1)),
}
ENTITY = {
    "sources": "source_id",
    "actors": "actor_id",
    "incidents": "incident_id",
    "claims": "claim_id",
    "links": "link_id",
    "codings": "coding_id",
    "coders": "coder_id",
    "link_codings": "link_coding_id",
    "measures": "measure_id",
    "readings": "reading_id",
    "findings": "finding_id",
}
INNERMOST = ("anonymity", "side", "office", "number", "speaker_key", "said", "said_basis")
Tables = dict[str, list[Row]]
NO_CELLS = {
    *("seq", "event_id", "batch", "line", "stream", "action", "version", "reason"),
    *("recorded_at", "recorded_by", "valid_from_seq", "valid_to_seq"),
    *("quote_sha256", "words_sha256", "before_sha256", "after_sha256", "word_count"),
}
"""Columns about the event, and those that follow from the passage."""


def fold(history: History, size: int, marks: Iterable[tuple[str, str, int, str]] = ()) -> Tables:
    """Return what the first `size` rows say, by table; every row a dictionary.

    Parameters
    ----------
    marks
        The releases: version, date, size and root.
    """
    rows = []
    for seq, (stream, batch, line, row) in enumerate(history.rows()):
        if seq < size:
            time = datetime.strptime(row["recorded_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            place = {"seq": seq, "event_id": leaf_hash(encode(row)).hex()}
            place |= {"batch": batch, "line": line, "stream": stream}
            rows.append({**row, **place, "recorded_at": time})
    versions: dict[str, list[Row]] = {stream: [] for stream in ENTITY}
    live: dict[str, dict[str, Row]] = {stream: {} for stream in ENTITY}
    tables: Tables = {"events": [], "changes": [], "cell_changes": []}
    for row in rows:
        stream, name = row["stream"], row[ENTITY[row["stream"]]]
        if stream == "claims" and row["action"] == "amend":
            before = [it for it in versions["claims"] if it["claim_id"] == name][-1]
            tables["cell_changes"] += _cells(before, _change(row, marks))
        for earlier in versions[stream]:
            if earlier[ENTITY[stream]] == name and earlier["valid_to_seq"] is None:
                earlier["valid_to_seq"] = row["seq"]
        versions[stream].append({**row, "valid_from_seq": row["seq"], "valid_to_seq": None})
        live[stream].pop(name, None)
        if row["action"] != "retract":
            live[stream][name] = row
        tables["events"].append({**row, "entity_id": name})
        if stream == "claims":
            tables["changes"].append(_change(row, marks))
    for stream, found in versions.items():
        tables[f"{stream.removesuffix('s')}_versions"] = found
    tables["releases"] = _releases(tables["changes"], marks)
    for stream in ("links", "coders", "link_codings", "readings", "findings"):
        tables[stream] = [*live[stream].values()]
    tables["reading_readers"] = [
        {"reading_id": name, "coder_id": reader}
        for name, row in live["readings"].items()
        for reader in set(row["readers"])
    ]
    tables |= _sources(live["sources"])
    tables |= _actors(live["actors"])
    tables |= _claims(live["claims"], live["sources"], live["measures"])
    _grade(tables["claims"], live["links"], live["sources"], live["actors"])
    tables |= _facts(tables["claims"], live["links"], live["sources"])
    tables |= _incidents(live["incidents"], tables["claims"], live["sources"])
    tables |= _measures(live["measures"], tables["claims"], live["sources"])
    return tables


def _change(row: Row, marks: Iterable[tuple[str, str, int, str]]) -> Row:
    said = {"assert": "added", "amend": "amended", "retract": "retracted"}[row["action"]]
    release = next((version for version, _, size, _ in marks if row["seq"] < size), None)
    return {**row, "change": said, "release": release}


def _cells(before: Row, row: Row) -> list[Row]:
    def text(value: Any) -> Any:
        return value if value is None or isinstance(value, str) else encode({"": value})[4:-1]

    found = []
    for name in set(before) - NO_CELLS:
        old, new = text(before[name]), text(row[name])
        if old != new:
            old, new = (it.decode() if isinstance(it, bytes) else it for it in (old, new))
            found.append({**row, "column": name, "from_value": old, "to_value": new})
    return found


def _releases(changes: list[Row], marks: Iterable[tuple[str, str, int, str]]) -> list[Row]:
    found = []
    for version, day, size, root in marks:
        own = [change["change"] for change in changes if change["release"] == version]
        before = [change["change"] for change in changes if change["seq"] < size]
        found.append(
            {
                "version": version,
                "date": date.fromisoformat(day),
                "tree_size": size,
                "root": root,
                "claims": before.count("added") - before.count("retracted"),
                **{said: own.count(said) for said in ("added", "amended", "retracted")},
            }
        )
    return found


def _sources(sources: dict[str, Row]) -> Tables:
    tables: Tables = {"sources": [], "source_lineage": [], "source_furniture": []}
    for name, row in sources.items():
        first, last = DAYS[row["published"]]
        tables["sources"].append({**row, "published_start": first, "published_end": last})
        for edge in row["lineage"]:
            given = {**edge, "derived_from_id": edge["source_id"], "source_id": name}
            tables["source_lineage"].append(given)
        for part in row["furniture"]:
            tables["source_furniture"].append({**part, "source_id": name})
    return tables


def _actors(actors: dict[str, Row]) -> Tables:
    tables: Tables = {"actors": [], "alliance_members": []}
    for name, row in actors.items():
        at: Row | None = row
        while at is not None and at["actor_type"] != "state":
            at = actors.get(at["part_of"])
        tables["actors"].append({**row, "state_id": at["actor_id"] if at else None})
        for member in row["memberships"]:
            tables["alliance_members"].append({**member, "actor_id": name})
    return tables


def _claims(claims: dict[str, Row], sources: dict[str, Row], measures: dict[str, Row]) -> Tables:
    tables: Tables = {"claims": [], "attributions": [], "claim_actors": []}
    for name, row in claims.items():
        hops = row["attributions"]
        inner = hops[-1] if hops else dict.fromkeys(("actor_id", *INNERMOST))
        first, last = DAYS[row["occurred"]]
        about = measures.get(row["measure_id"], {"kind": None, "subject": None})
        tables["claims"].append(
            {
                **row,
                **{column: inner[column] for column in INNERMOST},
                "hops": len(hops),
                "speaker_id": inner["actor_id"],
                "origin_id": _origin_of(row, sources),
                "measure": about["kind"],
                "measure_subject": about["subject"],
                "occurred_start": first,
                "occurred_end": last,
            }
        )
        for number, hop in enumerate(hops, 1):
            tables["attributions"].append({**hop, "claim_id": name, "hop": number})
        roles = [("from", actor) for actor in row["dyad_from"]]
        roles += [("to", actor) for actor in row["dyad_to"]]
        roles += [("speaker", hop["actor_id"]) for hop in hops if hop["actor_id"]]
        tables["claim_actors"] += [
            {"claim_id": name, "role": role, "actor_id": actor} for role, actor in set(roles)
        ]
    return tables


def _origin_of(claim: Row, sources: dict[str, Row]) -> str | None:
    if claim["origin_basis"] == "added":
        return str(claim["source_id"])
    if claim["origin_basis"] == "unknown":
        return None
    hops = claim["attributions"]
    named = [hop["source_id"] for hop in hops if hop["source_id"]]
    if not named and hops and hops[-1]["anonymity"] == "generic":
        return None
    return origin(named[-1] if named else claim["source_id"], sources)


def _grade(
    claims: list[Row], links: dict[str, Row], sources: dict[str, Row], actors: dict[str, Row]
) -> None:
    """Add origins and grade to each claim, by the steps of the codebook."""
    known = {claim["claim_id"]: claim for claim in claims}
    pairs = {
        (link["relation"], *ends)
        for link in links.values()
        for ends in (
            (link["from_claim_id"], link["to_claim_id"]),
            (link["to_claim_id"], link["from_claim_id"]),
        )
        if link["relation"] != "implies" or ends[0] == link["from_claim_id"]
    }

    def joined(relation: str, names: set[str]) -> set[str]:
        return {one for kind, one, other in pairs if kind == relation and other in names}

    def origins(name: str) -> int:
        same = {name}
        while more := joined("same_fact", same) - same:
            same |= more
        there = [known[one] for one in same | joined("implies", same) if one in known]
        return independent({one["origin_id"] for one in there if one["origin_id"]}, sources)

    def side(actor: str | None) -> set[str]:
        above = set()
        while actor is not None and actor not in above:
            above.add(actor)
            actor = actors[actor]["part_of"] if actor in actors else None
        return above

    for name, claim in known.items():
        claim["independent_origins"] = origins(name)
        speaker, accused = side(claim["speaker_id"]), set(claim["dyad_from"])
        whole = {part for actor in accused for part in side(actor)}
        against = [
            origins(other)
            for other in joined("disputes", {name}) & known.keys()
            if known[other]["content"] in ("event", "state", "position")
            and not side(known[other]["speaker_id"]) & whole
        ]
        identified = claim["anonymity"] in ("named", "institution", "on_record_unnamed")
        if claim["content"] not in ("event", "state") or claim["modality"] == "hypothetical":
            grade = "6"
        elif any(count > claim["independent_origins"] for count in against):
            grade = "5"
        elif claim["independent_origins"] in against and claim["independent_origins"]:
            grade = "4"
        elif claim["independent_origins"] > 1:
            grade = "1"
        elif identified and speaker & accused:
            grade = "2"
        elif claim["origin_id"] and (identified or not claim["hops"]):
            grade = "3"
        else:
            grade = "6"
        claim["credibility"] = grade


def _measures(measures: dict[str, Row], claims: list[Row], sources: dict[str, Row]) -> Tables:
    tables: Tables = {"measures": [], "measure_takers": [], "measure_partners": []}
    for name, row in measures.items():
        days = {}
        for column in ("since", "until"):
            days[f"{column}_start"], days[f"{column}_end"] = DAYS[row[column]]
        about = [claim for claim in claims if claim["measure_id"] == name]
        tables["measures"].append({**row, **counted(about, sources), **days})
        for column in ("takers", "partners"):
            tables[f"measure_{column}"] += [
                {"measure_id": name, "actor_id": actor} for actor in set(row[column])
            ]
    return tables


def origin(name: str, sources: dict[str, Row]) -> str | None:
    """Return the work that a source ultimately comes from, None where that is not known."""
    if name not in sources:
        return None
    edges = [e for e in sources[name]["lineage"] if e["relation"] == "wasDerivedFrom"]
    if not edges:
        return name
    ends = {None if e["certainty"] == "unknown" else origin(e["source_id"], sources) for e in edges}
    return ends.pop() if len(ends) == 1 else None


def rests_on(name: str, sources: dict[str, Row]) -> set[str]:
    """Return a source and everything that it goes back to, by any relation."""
    found = {name}
    for edge in sources[name]["lineage"] if name in sources else ():
        found |= rests_on(edge["source_id"], sources)
    return found


def independent(origins: set[str], sources: dict[str, Row]) -> int:
    """Return how many groups origins fall into, if those are joined that share any work."""
    groups: list[set[str]] = []
    for name in origins:
        whole = rests_on(name, sources)
        for group in [g for g in groups if g & whole]:
            groups.remove(group)
            whole |= group
        groups.append(whole)
    return len(groups)


def counted(claims: list[Row], sources: dict[str, Row]) -> Row:
    origins = [claim["origin_id"] for claim in claims]
    return {
        "claims": len(claims),
        "articles": len({claim["source_id"] for claim in claims}),
        "independent_origins": independent({name for name in origins if name}, sources),
        "unknown_origins": origins.count(None),
    }


def _facts(claims: list[Row], links: dict[str, Row], sources: dict[str, Row]) -> Tables:
    known = {claim["claim_id"]: claim for claim in claims}
    groups: list[set[str]] = []
    for link in links.values():
        if link["relation"] == "same_fact":
            whole = {link["from_claim_id"], link["to_claim_id"]}
            for group in [g for g in groups if g & whole]:
                groups.remove(group)
                whole |= group
            groups.append(whole)
    tables: Tables = {"corroboration": [], "corroboration_claims": []}
    for group in groups:
        fact = min(group)
        there = [known[name] for name in sorted(group) if name in known]
        if not there:
            continue
        tables["corroboration_claims"] += [{**claim, "fact_id": fact} for claim in there]
        counts = counted(there, sources)
        told = {"fact_id": fact, "statement": known.get(fact, there[0])["statement"]}
        tables["corroboration"].append({**counts, **told})
    return tables


def _incidents(incidents: dict[str, Row], claims: list[Row], sources: dict[str, Row]) -> Tables:
    tables: Tables = {"incidents": [], "incident_actors": []}
    for name, row in incidents.items():
        about = [claim for claim in claims if claim["incident_id"] == name]
        first, last = DAYS[row["occurred"]]
        days = {"occurred_start": first, "occurred_end": last}
        tables["incidents"].append({**row, **counted(about, sources), **days})
        tables["incident_actors"] += [
            {"incident_id": name, "actor_id": actor} for actor in set(row["actors"])
        ]
    return tables


def projected(rows: list[Row], columns: tuple[str, ...], key: tuple[str, ...]) -> list[Any]:
    """Return rows as a table has them: these columns, in the order of the key."""
    cut = [{name: row[name] for name in columns} for row in rows]
    return sorted(cut, key=lambda row: tuple(row[name] for name in key))
