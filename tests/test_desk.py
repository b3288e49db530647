"""The coding desk: an article is coded by two roles, decided, sealed and built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from claimlog.build import build
from conftest import World
from desk_client import claim_value, desk_of

PILOT = {"anonymity": "described", "side": "ally", "office": "public", "number": "one"}


@pytest.mark.slow
def test_an_article_is_coded_by_two_roles_decided_sealed_and_built(
    registered: World, tmp_path: Path
) -> None:
    opened, source = desk_of(registered, tmp_path), "S102"
    take = opened.take
    # both code; each registers an actor of a different name for the same thing
    dimmed = "harbour ministry has dimmed the lamp at Cape Sorrow"
    keeper = {
        **PILOT,
        "verb": "say",
        "description": "who tends the lamp",
        "speaker_key": "keeper-1",
    }
    value = claim_value(dimmed, "The lamp at the cape gives less light by order of Norland.")
    value |= {"voice": "paraphrased", "attributions": [keeper], "dyad_from": ["harbour-ministry"]}
    assert opened.put("coder-1", source, "d1", value)["draft"]["quote"] == dimmed
    opened.put("coder-2", source, "e1", value)
    take("coder-1", "PUT", f"work/{source}/registered/actors/sudland-pilots", base=0,
         value={"name": "Pilots of Sudland", "actor_type": "group"})  # fmt: skip
    take("coder-2", "PUT", f"work/{source}/registered/actors/pilots-of-sudland", base=0,
         value={"name": "Sudland pilots", "actor_type": "group"})  # fmt: skip
    asked = claim_value(
        "We were never asked",
        "Pilots were not consulted.",
        topic="trust",
        voice="quoted",
        modality="negated",
        attributions=[{**keeper, "description": "a pilot", "speaker_key": None}],
    )
    opened.put("coder-1", source, "d2", {**asked, "dyad_from": ["sudland-pilots"]})
    other = {**asked, "dyad_from": ["pilots-of-sudland"], "topic": "diplomacy", "note": "Unsure."}
    opened.put("coder-2", source, "e2", other)
    boats = claim_value(
        "Some ninety boats\nuse the strait every week",
        "About 90 boats pass weekly.",
        content="state",
        time_frame="present",
        figure_value=90,
        figure_unit="items",
        figure_population="boats",
        figure_qualifier="approximate",
    )
    opened.put("coder-2", source, "e3", boats)
    assert len(opened.finish("coder-1", source)["commitment"]) == 64
    assert opened.ask("adjudicator", "GET", f"adjudication/{source}").status_code == 409
    opened.finish("coder-2", source)

    found = take("adjudicator", "GET", f"adjudication/{source}")
    kinds = {unit["unit"]: unit["kind"] for unit in found["units"]}
    assert kinds == {"d1+e1": "agreed", "d2+e2": "codes", "+e3": "right_only"}
    path = f"adjudication/{source}"
    found = take("adjudicator", "PUT", f"{path}/proposals/coder-2/actors/pilots-of-sudland",
                 base=0, same_as="coder-1/sudland-pilots")  # fmt: skip
    unit = next(one for one in found["units"] if one["unit"] == "d2+e2")
    assert unit["differs"] == ["topic", "note"] or set(unit["differs"]) == {"topic", "note"}
    assert unit["right"]["value"]["dyad_from"] == ["sudland-pilots"]
    agreement = take("adjudicator", "GET", f"{path}/agreement")["agreement"]
    assert agreement["spans"]["matched"] == 2
    found = take("adjudicator", "POST", f"{path}/accept-agreed", state=found["state"])
    assert found["open"] == 2
    take(
        "adjudicator", "PUT", f"{path}/units/d2+e2", base=0, take="left", note="It is about trust."
    )
    take("adjudicator", "PUT", f"{path}/units/+e3", base=0, take="right")
    assert take("adjudicator", "GET", f"{path}/findings")["errors"] == 0
    state = take("adjudicator", "GET", path)["state"]
    found = take("adjudicator", "POST", f"{path}/commit", state=state)
    assert sorted(found["claims"].values()) == [f"C{source[1:]}-00{n}" for n in (1, 2, 3)]

    verdicts = take("coder-2", "GET", f"verdicts/{source}")
    assert any(
        (unit["verdict"] or {}).get("note") == "It is about trust." for unit in verdicts["units"]
    )
    assert verdicts["agreement"] == agreement
    links = take("adjudicator", "GET", f"links/{source}")
    assert links["relations"]
    batch = take("adjudicator", "GET", "open")
    assert batch["errors"] == 0
    rows: dict[str, Any] = {}
    for row in batch["rows"]:
        rows.setdefault(row["stream"], []).append(row)
    assert [row["id"] for row in rows["actors"]] == ["sudland-pilots"]
    assert {row["recorded_by"] for row in rows["codings"]} == {"coder-1", "coder-2"}
    preview = take("adjudicator", "POST", "preview")["address"]
    page = opened.send("GET", f"{preview}claims/C{source[1:]}-001", "adjudicator")
    assert page.status_code == 200
    assert "less light" in page.text
    proposal = take("adjudicator", "GET", "seal")
    words = {name: proposal[name] for name in ("slug", "title", "method")}
    assert take("adjudicator", "POST", "seal", **words)["batch"].endswith(proposal["slug"])
    assert take("adjudicator", "GET", "desk")["open"]["rows"] == 0
    states = {one["source_id"]: one["state"] for one in take("coder-1", "GET", "desk")["sources"]}
    assert states[source] == "sealed"
    build(opened.desk.package, tmp_path / "build")
    claims = pl.read_parquet(tmp_path / "build" / "parquet" / "claims.parquet")
    coded = claims.filter(pl.col("source_id") == source)
    assert coded["statement"].to_list()[0].startswith("The lamp")
    spans = pl.read_parquet(tmp_path / "build" / "parquet" / "span_agreement.parquet")
    own = spans.filter(pl.col("scope") == source).to_dicts()
    assert {name: own[0][name] for name in agreement["spans"]} == agreement["spans"]
    opened.close()
