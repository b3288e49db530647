"""Web Annotations of claims, held against the definitions of the W3C's test suite."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT4

from claimlog.interchange.web_annotation import CONTENT_TYPE, annotation
from claimlog.package import Package
from conftest import TEXT, Get, asking
from peer_files import peer_files
from test_cite import FACTS, with_head

FORMATS = FormatChecker([])


@FORMATS.checks("date-time", ValueError)
def is_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("uri")
def is_absolute(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme)


WHOLE = (
    *("annotations#annotationTypeValueFound", "annotations#motivationRecognizedIfPresent"),
    *("annotations#motivationSingularIfPresent", "annotations#bodyValueValidIfPresent"),
    "id#idValueFound",
    *(f"otherProperties#{name}ValidIfPresent" for name in ("created", "modified", "rights")),
    *(f"otherProperties#{name}ValidIfPresent" for name in ("canonical", "via", "creator")),
)
"""Definitions that an annotation has to pass."""

PARTS = {"target": ("bodyTarget#targetResourcesFound",), "body": ("bodyTarget#bodyResourcesFound",)}
"""Those that each of its targets and bodies has to pass."""


@pytest.fixture(scope="module")
def missed() -> Callable[[Any, Sequence[str]], list[str]]:
    """Says which of some definitions of the W3C a value misses."""
    paths = peer_files("w3c-web-annotation", "definitions/*.json", 7)
    registry = Registry().with_resources(
        (path.name, DRAFT4.create_resource(json.loads(path.read_text()))) for path in paths
    )

    def names_of(value: Any, definitions: Sequence[str]) -> list[str]:
        found = []
        for definition in definitions:
            file, _, name = definition.partition("#")
            schema = {"$ref": f"{file}.json#/definitions/{name}"}
            checker = Draft4Validator(schema, registry=registry, format_checker=FORMATS)
            found += [] if checker.is_valid(value) else [definition]
        return found

    return names_of


@pytest.fixture(scope="module")
def flaws(missed: Callable[..., list[str]]) -> Callable[[Any], list[str]]:
    """Says which definitions an annotation or one of its parts misses."""

    def of(value: Any) -> list[str]:
        found = missed(value, WHOLE)
        context = value.get("@context") if isinstance(value, dict) else None
        array = "InArray" if isinstance(context, list) else ""
        found += missed(context, [f"annotations#contextValue{array}Found"])
        for key, definitions in PARTS.items():
            parts = value.get(key, []) if isinstance(value, dict) else []
            for part in parts if isinstance(parts, list) else [parts]:
                # a set of resources, of which each has to pass
                for item in part.get("items", [part]) if isinstance(part, dict) else [part]:
                    found += missed(item, definitions)
        return found

    return of


@pytest.fixture(scope="module")
def get(tiny_release: Package) -> Get:
    return asking(tiny_release.build)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["C001-001", "C001-002", "C001-004", "C001-005"])
def test_the_annotation_of_a_claim_passes_the_definitions_of_the_w3c(
    name: str, get: Get, flaws: Any, missed: Any
) -> None:
    answer = get(f"/claims/{name}.jsonld")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == CONTENT_TYPE
    value = answer.json()
    assert value["@context"] == "http://www.w3.org/ns/anno.jsonld"
    assert flaws(value) == []
    selector = "specificResource#textPositionSelectorDetected"
    assert missed(value["target"]["selector"], [selector]) == []


def test_the_definitions_tell_correct_samples_from_incorrect_ones(flaws: Any) -> None:
    for path in peer_files("w3c-web-annotation", "correct/anno*.json", 41):
        assert flaws(json.loads(path.read_text())) == [], path.name
    refused = 0
    for path in peer_files("w3c-web-annotation", "incorrect/anno*.json", 39):
        try:
            refused += bool(flaws(json.loads(path.read_text())))
        except ValueError:  # no JSON, as some are
            refused += 1
    assert refused == 39


def test_an_annotation_says_where_and_never_which_words(get: Get) -> None:
    value = get("/claims/C001-003.jsonld").json()
    selector = value["target"]["selector"]
    words = TEXT[selector["start"] : selector["end"]]
    assert words == "About forty pilots signed a letter"
    assert words not in json.dumps(value)
    assert selector["type"] == "TextPositionSelector"
    assert "The letter says pilots of the port." not in value["body"][0]["value"]
    source = value["target"]["source"]["id"]
    assert source.startswith("ni:///sha-256;")
    digest = source.partition(";")[2].partition("?")[0]
    page = get("/sources/S001.json").json()
    assert base64.urlsafe_b64decode(f"{digest}=").hex() == page["source"]["text_sha256"]


def test_a_retracted_claim_says_so_and_one_that_is_not_there_is_not_found(get: Get) -> None:
    bodies = get("/claims/C001-004.jsonld").json()["body"]
    assert bodies[1]["value"] == "Retracted: The text does not say so."
    assert get("/claims/C009-009.jsonld").status_code == 404
    assert get("/releases/9.9.9/claims/C001-001.jsonld").status_code == 404


def test_the_page_of_a_claim_leads_to_its_annotation(get: Get) -> None:
    assert get("/claims/C001-001").text.count('href="/claims/C001-001.jsonld"') == 2


def test_below_a_homepage_an_annotation_has_an_address_and_the_same_name(flaws: Any) -> None:
    row = {
        "claim_id": "C900-001",
        "source_id": "S900",
        "event_id": "0f" * 32,
        "action": "add",
        "reason": None,
        "statement": "Norland waits.",
        "recorded_at": "2026-11-02T00:00:00Z",
        "start": 3,
        "end": 9,
    }
    alone = annotation(row, None, FACTS)
    below = annotation(row, None, with_head(homepage="https://claims.example/a"))
    assert below["id"] == alone["id"]
    assert below["canonical"] == ("https://claims.example/a/releases/0.2.0/claims/C900-001.jsonld")
    assert "canonical" not in alone
    assert flaws(below) == flaws(alone) == []
