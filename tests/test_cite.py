"""Citations: every format is read back by a parser of its own and says what the facts say."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from claimlog.errors import UsageError
from claimlog.escaping import UNPRINTABLE, plain_line
from claimlog.release.cite import FORMATS, ClaimVersion, cite
from claimlog.release.metadata import ReleaseMetadata

ROOT = "ab" * 32
HEAD = {
    "name": "harbour-claims",
    "title": "Harbour claims: tides & pilots",
    "description": "Claims about an invented harbour.",
    "keywords": ["tides", "pilots"],
    "licenses": [
        {
            "name": "CC-BY-4.0",
            "path": "https://creativecommons.org/licenses/by/4.0/",
            "title": "Creative Commons Attribution 4.0",
        }
    ],
    "contributors": [{"title": "Harbour maintainers", "roles": ["maintainer"]}],
}
FACTS = ReleaseMetadata(
    head=HEAD,
    version="0.2.0",
    date="2026-11-02",
    tables={},
    rows={},
    files=(),
    tree_size=2485,
    root=ROOT,
    codebook_version="0.3.1",
)
TIDES = ClaimVersion(
    claim_id="C900-001",
    version=2,
    event_id="0f" * 32,
    statement="Norland no longer passes on its tide tables.",
    source_id="S900",
    source_title="Harbour news",
    source_publisher="Example Gazette",
    source_published="2025-11~",
    retracted=False,
)
LETTER = replace(
    TIDES,
    claim_id="C900-002",
    version=3,
    event_id="1e" * 32,
    statement="Some forty pilots put their names to a letter.",
    source_published=None,
    retracted=True,
)
HARD = r"50% of A&B paid $3 for #1 a_b {x } ~y ^z \n “né” {{"
DOI = "10.5555/a_b(c)"  # 10.5555 is the prefix for tests
HOMEPAGE = "https://example.org/harbour?a=1&b=2"


def with_head(**given: object) -> ReleaseMetadata:
    return replace(FACTS, head={**HEAD, **given})


FOUND = with_head(id=f"https://doi.org/{DOI}", homepage=HOMEPAGE)

# -- readers, written from the formats' own descriptions ------------------------------------------

TEX = {
    r"\textbackslash{}": "\\",
    r"\textbraceleft{}": "{",
    r"\textbraceright{}": "}",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    **{f"\\{character}": character for character in "&%$#_"},
}
VERBATIM = ("doi", "url")


def untex(text: str) -> str:
    """Read escaped text; a special character that is not escaped fails."""
    found = ""
    while text:
        command = next((command for command in TEX if text.startswith(command)), None)
        if command is None:
            assert text[0] not in "\\~^&%$#_", text
            found += "" if text[0] in "{}" else text[0]
        else:
            found += TEX[command]
        text = text[len(command or "x") :]
    return found


def braced(text: str, start: int) -> int:
    """Return where the group that opens at `start` ends, counting braces as BibTeX does."""
    depth = 0
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return place + 1
    raise AssertionError("a brace is left open")


def read_bibtex(text: str) -> list[dict[str, str]]:
    """Read a strict BibTeX: entries apart by white space, fields braced or a name."""
    entries, place = [], 0
    while text[place:].strip():
        opening = re.compile(r"\s*@(misc)\{([A-Za-z0-9._-]+),\s*").match(text, place)
        assert opening, text[place:]
        entry = {"entry": opening[1], "key": opening[2]}
        place = opening.end()
        while text[place] != "}":
            field = re.compile(r"([a-z]+) = ").match(text, place)
            assert field, text[place:]
            assert field[1] not in entry
            place = field.end()
            if text[place] == "{":
                end = braced(text, place)
                value = text[place + 1 : end - 1]
                entry[field[1]] = value if field[1] in VERBATIM else untex(value)
            else:
                end = text.index(",", place)
                assert re.fullmatch("[a-z]{3}", text[place:end])
                entry[field[1]] = text[place:end]
            comma = re.compile(r",\s*").match(text, end)
            assert comma, text[end:]
            place = comma.end()
        place += 1
        entries.append(entry)
    return entries


def read_ris(text: str) -> list[dict[str, str]]:
    assert text.endswith("\r\n")
    records: list[dict[str, str]] = []
    is_open = False
    for line in text.removesuffix("\r\n").split("\r\n"):
        match = re.fullmatch(r"([A-Z][A-Z0-9])  - ([^\r\n]*)", line)
        assert match, line
        tag, value = match.groups()
        assert (tag == "TY") is not is_open, line
        if tag == "TY":
            records.append({})
            is_open = True
        if tag == "ER":
            assert value == ""
            is_open = False
        assert tag == "AU" or tag not in records[-1], line
        records[-1][tag] = f"{records[-1][tag]}; {value}" if tag in records[-1] else value
    assert not is_open
    return records


TEXT = {"type": "string", "minLength": 1}
# what csl-data.json of the CSL project asks of the fields that a citation of ours may have
CSL: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["id", "type", "title", "author", "issued", "version", "publisher", "note"],
        "additionalProperties": False,
        "properties": {
            **dict.fromkeys(["id", "title", "container-title", "version", "publisher"], TEXT),
            **dict.fromkeys(["note", "DOI", "URL"], TEXT),
            "type": {"const": "dataset"},
            "author": {
                "type": "array",
                "items": {"properties": {"literal": TEXT}, "additionalProperties": False},
            },
            "issued": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "date-parts": {
                        "type": "array",
                        "maxItems": 2,
                        "items": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": 3,
                            "items": {"type": "integer"},
                        },
                    }
                },
            },
        },
    },
}


def read_csl(text: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(text)
    Draft7Validator(CSL).validate(items)
    return items


def objects(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required or properties),
        "additionalProperties": False,
    }


def some(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "uniqueItems": True, "items": item}


YEAR = {"type": "string", "pattern": "^[0-9]{4}$"}
CREATORS = some(objects({"name": TEXT, "nameType": {"const": "Organizational"}}))
TITLES = some(objects({"title": TEXT}))
# names and nesting of DataCite 4.5, as far as a citation of ours goes
DATACITE = objects(
    {
        "schemaVersion": {"const": "http://datacite.org/schema/kernel-4"},
        "doi": {"type": "string", "pattern": "^10[.][0-9]{4,9}/[-._;()/:a-z0-9A-Z]+$"},
        "types": objects(
            {"resourceTypeGeneral": {"enum": ["Dataset", "Other"]}, "resourceType": {}}
        ),
        "creators": CREATORS,
        "titles": TITLES,
        "publisher": objects({"name": TEXT}),
        "publicationYear": YEAR,
        "dates": some(objects({"date": TEXT, "dateType": {"const": "Issued"}})),
        "version": TEXT,
        "subjects": some(objects({"subject": TEXT})),
        "rightsList": some(
            objects(
                dict.fromkeys(
                    ["rights", "rightsUri", "rightsIdentifier", "rightsIdentifierScheme"], TEXT
                )
            )
        ),
        "descriptions": some(
            objects(
                {"description": TEXT, "descriptionType": {"enum": ["Abstract", "TechnicalInfo"]}}
            )
        ),
        "alternateIdentifiers": some(
            objects({"alternateIdentifier": TEXT, "alternateIdentifierType": TEXT})
        ),
        "relatedItems": some(
            objects(
                {
                    "relationType": {"const": "IsPartOf"},
                    "relatedItemType": {"const": "Dataset"},
                    "relatedItemIdentifier": objects(
                        {
                            "relatedItemIdentifier": TEXT,
                            "relatedItemIdentifierType": {"enum": ["DOI", "URL"]},
                        }
                    ),
                    "titles": TITLES,
                    "creators": CREATORS,
                    "publicationYear": YEAR,
                    "edition": TEXT,
                    "publisher": TEXT,
                },
                "relationType",
                "relatedItemType",
                "titles",
            )
        ),
    },
    "schemaVersion",
    "types",
    "creators",
    "titles",
    "publisher",
    "publicationYear",
)


def read_datacite(text: str) -> list[dict[str, Any]]:
    """Return what is described, as a list in both forms."""
    given = json.loads(text)
    items: list[dict[str, Any]] = given if isinstance(given, list) else [given]
    for item in items:
        Draft7Validator(DATACITE).validate(item)
    return items


# -- the release ----------------------------------------------------------------------------------

NOTE = f"Released on 2026-11-02: log of 2485 events, root {ROOT}; permalink path /releases/0.2.0."


def test_bibtex_of_a_release_says_what_the_facts_say() -> None:
    assert read_bibtex(cite(FACTS, [], "bibtex")) == [
        {
            "entry": "misc",
            "key": "harbour-claims-0.2.0",
            "author": "Harbour maintainers",
            "title": HEAD["title"],
            "year": "2026",
            "month": "nov",
            "howpublished": "Data set, version 0.2.0",
            "version": "0.2.0",
            "publisher": "Harbour maintainers",
            "copyright": "CC-BY-4.0",
            "note": NOTE,
        }
    ]


def test_bibtex_braces_keep_the_title_and_the_organization_as_they_are() -> None:
    text = cite(FACTS, [], "bibtex")
    assert "author = {{Harbour maintainers}}," in text
    assert r"title = {{Harbour claims: tides \& pilots}}," in text


def test_ris_of_a_release_says_what_the_facts_say() -> None:
    assert read_ris(cite(FACTS, [], "ris")) == [
        {
            "TY": "DATA",
            "ID": "harbour-claims-0.2.0",
            "AU": "Harbour maintainers",
            "PY": "2026",
            "DA": "2026/11/02",
            "TI": HEAD["title"],
            "ET": "0.2.0",
            "PB": "Harbour maintainers",
            "N1": NOTE,
            "ER": "",
        }
    ]


def test_csl_json_of_a_release_says_what_the_facts_say() -> None:
    assert read_csl(cite(FACTS, [], "csl-json")) == [
        {
            "id": "harbour-claims-0.2.0",
            "type": "dataset",
            "title": HEAD["title"],
            "author": [{"literal": "Harbour maintainers"}],
            "issued": {"date-parts": [[2026, 11, 2]]},
            "version": "0.2.0",
            "publisher": "Harbour maintainers",
            "note": NOTE,
        }
    ]


def test_apa_of_a_release_reads_as_apa_cites_a_data_set() -> None:
    assert cite(FACTS, [], "apa") == (
        "Harbour maintainers. (2026). Harbour claims: tides & pilots (Version 0.2.0) [Data set]. "
        f"{NOTE}\n"
    )


def test_datacite_of_a_release_is_one_object_that_says_what_the_facts_say() -> None:
    text = cite(FACTS, [], "datacite")
    assert isinstance(json.loads(text), dict)
    [item] = read_datacite(text)
    assert item["types"] == {"resourceTypeGeneral": "Dataset", "resourceType": "Dataset"}
    assert (item["version"], item["publicationYear"]) == ("0.2.0", "2026")
    assert item["dates"] == [{"date": "2026-11-02", "dateType": "Issued"}]
    assert item["rightsList"][0]["rightsIdentifier"] == "CC-BY-4.0"
    assert [subject["subject"] for subject in item["subjects"]] == ["tides", "pilots"]
    assert [text["description"] for text in item["descriptions"]] == [HEAD["description"], NOTE]
    assert item["alternateIdentifiers"] == [
        {"alternateIdentifier": "/releases/0.2.0", "alternateIdentifierType": "permalink path"}
    ]


@pytest.mark.parametrize("claims", [[], [TIDES]], ids=["release", "claim"])
@pytest.mark.parametrize("format", FORMATS)
def test_no_doi_and_no_address_is_invented(format: str, claims: list[ClaimVersion]) -> None:
    text = cite(FACTS, claims, format).replace("http://datacite.org/schema/kernel-4", "")
    text = text.replace("https://creativecommons.org/licenses/by/4.0/", "")
    assert "http" not in text
    assert not re.search(r"doi|10[.]\d{4}|url", text, re.IGNORECASE)


def test_a_release_with_doi_and_homepage_gives_both_as_they_are() -> None:
    [bibtex] = read_bibtex(cite(FOUND, [], "bibtex"))
    [ris] = read_ris(cite(FOUND, [], "ris"))
    [csl] = read_csl(cite(FOUND, [], "csl-json"))
    [datacite] = read_datacite(cite(FOUND, [], "datacite"))
    assert (bibtex["doi"], bibtex["url"]) == (DOI, HOMEPAGE)
    assert (ris["DO"], ris["UR"]) == (DOI, HOMEPAGE)
    assert (csl["DOI"], csl["URL"]) == (DOI, HOMEPAGE)
    assert datacite["doi"] == DOI
    assert datacite["alternateIdentifiers"][-1]["alternateIdentifier"] == HOMEPAGE
    assert cite(FOUND, [], "apa").endswith(f" https://doi.org/{DOI}\n")


def test_a_release_with_a_homepage_only_gives_that() -> None:
    facts = with_head(homepage=HOMEPAGE)
    assert read_csl(cite(facts, [], "csl-json"))[0]["URL"] == HOMEPAGE
    assert cite(facts, [], "apa").endswith(f" {HOMEPAGE}\n")
    for format in FORMATS:
        assert "doi" not in cite(facts, [], format).lower()


def test_an_identifier_that_is_no_doi_is_not_given_as_one() -> None:
    for format in FORMATS:
        assert "ark:" not in cite(with_head(id="ark:/12345/x"), [], format)


def test_braces_in_an_address_do_not_leave_a_bibtex_entry_open() -> None:
    [entry] = read_bibtex(cite(with_head(homepage="https://example.org/{x"), [], "bibtex"))
    assert entry["url"] == "https://example.org/%7Bx/releases/0.2.0/"


SITE = "https://claims.example/harbour/"


@pytest.mark.parametrize("doi", [{}, {"id": f"https://doi.org/{DOI}"}], ids=["homepage", "both"])
def test_below_a_homepage_a_citation_leads_to_the_claim_in_the_version_cited(
    doi: dict[str, str],
) -> None:
    facts = with_head(homepage=SITE, **doi)
    for claims, path in (([], ""), ([TIDES], "claims/C900-001/")):
        address = f"https://claims.example/harbour/releases/0.2.0/{path}"
        [bibtex] = read_bibtex(cite(facts, claims, "bibtex"))
        [ris] = read_ris(cite(facts, claims, "ris"))
        [csl] = read_csl(cite(facts, claims, "csl-json"))
        datacite = json.loads(cite(facts, claims, "datacite"))
        [datacite] = datacite if claims else [datacite]
        identifiers = {it["alternateIdentifier"] for it in datacite["alternateIdentifiers"]}
        assert {bibtex["url"], ris["UR"], csl["URL"]} == {address}
        assert address in identifiers
        last = address if claims or not doi else f"https://doi.org/{DOI}"
        assert cite(facts, claims, "apa").endswith(f" {last}\n")


@pytest.mark.parametrize("format", FORMATS)
def test_without_an_address_a_citation_says_which_file_of_the_archive_shows_it(format: str) -> None:
    facts = replace(FACTS, has_pages=True)
    said = note(format, cite(facts, [TIDES], format))[0]
    place = "harbour-claims-0.2.0/site/claims/C900-001/index.html"
    assert f", in the archive harbour-claims-0.2.0.zip the file {place}." in said
    said = note(format, cite(facts, [], format))[0]
    assert "the file harbour-claims-0.2.0/site/index.html." in said
    assert "in the archive" not in note(format, cite(FACTS, [TIDES], format))[0]


def test_several_organizations_and_a_publisher_are_told_apart() -> None:
    facts = with_head(
        contributors=[
            {"title": "Pilots and Sons", "roles": ["maintainer"]},
            {"title": "Tide Office"},
            {"title": "Harbour Press", "roles": ["publisher"]},
        ]
    )
    bibtex = cite(facts, [], "bibtex")
    assert "author = {{Pilots and Sons} and {Tide Office} and {Harbour Press}}," in bibtex
    [ris] = read_ris(cite(facts, [], "ris"))
    assert ris["AU"] == "Pilots and Sons; Tide Office; Harbour Press"
    [csl] = read_csl(cite(facts, [], "csl-json"))
    assert [name["literal"] for name in csl["author"]][:2] == ["Pilots and Sons", "Tide Office"]
    [datacite] = read_datacite(cite(facts, [], "datacite"))
    assert len(datacite["creators"]) == 3
    found = [ris["PB"], csl["publisher"], datacite["publisher"]["name"]]
    assert [read_bibtex(bibtex)[0]["publisher"], *found] == ["Harbour Press"] * 4
    apa = cite(facts, [], "apa")
    assert apa.startswith("Pilots and Sons, Tide Office, & Harbour Press. (2026). ")
    assert " [Data set]. Harbour Press. Released on " in apa


# -- claims ---------------------------------------------------------------------------------------


def note(format: str, text: str) -> list[str]:
    """Return what every entry says about itself in words."""
    match format:
        case "bibtex":
            return [entry["note"] for entry in read_bibtex(text)]
        case "ris":
            return [record["N1"] for record in read_ris(text)]
        case "csl-json":
            return [item["note"] for item in read_csl(text)]
        case "datacite":
            return [item["descriptions"][-1]["description"] for item in read_datacite(text)]
    return text.splitlines()


def title(format: str, text: str) -> list[str]:
    match format:
        case "bibtex":
            return [entry["title"] for entry in read_bibtex(text)]
        case "ris":
            return [record["TI"] for record in read_ris(text)]
        case "csl-json":
            return [item["title"] for item in read_csl(text)]
        case "datacite":
            return [item["titles"][0]["title"] for item in read_datacite(text)]
    return [line.split(" In Harbour")[0].split("(2026). ")[1] for line in text.splitlines()]


@pytest.mark.parametrize("format", FORMATS)
def test_a_claim_names_itself_its_event_its_path_and_that_the_source_states_it(format: str) -> None:
    [text] = note(format, cite(FACTS, [TIDES], format))
    assert (
        f"Claim C900-001, claim version 2, event {TIDES.event_id}, in the log of 2485 events "
        f"with root {FACTS.root}; permalink path /releases/0.2.0/claims/C900-001. "
        "It says that source S900, “Harbour news” "
        "(Example Gazette, dated about November 2025), states it, never that it is so."
    ) in text


def test_a_claim_that_a_source_reports_names_who_says_so_and_whose_work_the_source_copies() -> None:
    row = {
        "claim_id": "C900-001",
        "version": 2,
        "event_id": "0f" * 32,
        "source_id": "S900",
        "statement": TIDES.statement,
        "action": "amend",
        "attributions": [
            {"actor_id": "gazette", "description": None},
            {"actor_id": None, "description": "a harbour pilot"},
        ],
    }
    source = {"title": "Harbour news", "publisher": "Example Gazette", "published": "2025-11-02"}
    version = ClaimVersion.of(row, source, {"gazette": "Tide Wire"}, ["Tide Wire"])
    assert (
        "(Example Gazette, dated 2 November 2025; derived from a work of Tide Wire), reports that "
        "“a harbour pilot” says so (by way of Tide Wire), never that it is so."
    ) in cite(FACTS, [version], "apa")


def test_a_claim_that_its_own_speaker_denies_is_ascribed_to_him() -> None:
    hop = {"actor_id": "ada", "description": None}
    told = {"actor_id": None, "description": "Reports"}
    row = {
        "claim_id": "C900-001",
        "version": 1,
        "event_id": "0f" * 32,
        "source_id": "S900",
        "statement": "A.",
        "action": "assert",
        "attributions": [told, hop],
    }
    source = {"title": "Harbour news", "publisher": "Example Gazette", "published": None}
    for denials, said in (
        ([{"attributions": [hop]}], "ascribes it to Ada, who denies it (by way of “Reports”)"),
        ([{"attributions": [told]}, {"attributions": []}], "reports that Ada says so"),
    ):
        version = ClaimVersion.of(row, source, {"ada": "Ada"}, disputing=denials)
        assert said in cite(FACTS, [version], "apa")
    nameless = ClaimVersion.of(
        {**row, "attributions": [told]}, source, disputing=[{"attributions": [told]}]
    )
    assert not nameless.denied


@pytest.mark.parametrize("format", FORMATS)
def test_a_retracted_claim_says_so_in_its_title_and_other_claims_do_not(format: str) -> None:
    text = cite(FACTS, [TIDES, LETTER], format)
    holds, gone = title(format, text)
    assert "retracted" not in holds
    assert "retracted" in gone
    assert "C900-002" in gone
    assert "Some forty pilots put their names to a letter" in gone
    notes = note(format, text)
    assert "Retracted" not in notes[0]
    assert "Retracted: it was read as what source S900" in notes[1]
    assert "undated" in notes[1]


@pytest.mark.parametrize(
    "name",
    ["C1, title = {\\input{/etc/passwd}}, note = {", "C1}, @misc{smith-2024,", "a b", "é", "%"],
)
def test_a_key_is_one_word_of_plain_signs_whatever_identifiers_consist_of(name: str) -> None:
    claim = replace(TIDES, claim_id=name)
    (head, *_) = cite(FACTS, [claim], "bibtex").splitlines()
    assert re.fullmatch(r"@misc\{harbour-claims-0\.2\.0-[A-Za-z0-9_.:-]+,", head)
    assert cite(FACTS, [claim], "bibtex").count("\n@") == 0
    assert len(read_bibtex(cite(FACTS, [claim, TIDES], "bibtex"))) == 2


def test_claims_are_parts_of_the_release_with_keys_of_their_own() -> None:
    claims = [LETTER, TIDES]
    keys = ["harbour-claims-0.2.0-C900-002", "harbour-claims-0.2.0-C900-001"]
    container = f"{HEAD['title']} (version 0.2.0)"
    bibtex = read_bibtex(cite(FACTS, claims, "bibtex"))
    assert [entry["key"] for entry in bibtex] == keys
    assert {entry["howpublished"] for entry in bibtex} == {
        f"In: {HEAD['title']}, version 0.2.0. Data set"
    }
    ris = read_ris(cite(FACTS, claims, "ris"))
    assert [record["ID"] for record in ris] == keys
    assert {record["T2"] for record in ris} == {container}
    csl = read_csl(cite(FACTS, claims, "csl-json"))
    assert [item["id"] for item in csl] == keys
    assert {item["container-title"] for item in csl} == {container}
    assert [item["title"] for item in csl] == [
        "C900-002 [retracted]: Some forty pilots put their names to a letter.",
        "C900-001: Norland no longer passes on its tide tables.",
    ]
    for versions in (
        [entry["version"] for entry in bibtex],
        [record["ET"] for record in ris],
        [item["version"] for item in csl],
    ):
        assert versions == ["3", "2"]


def test_apa_of_claims_is_a_line_each() -> None:
    first, second = cite(FACTS, [TIDES, LETTER], "apa").splitlines()
    assert first.startswith(
        "Harbour maintainers. (2026). C900-001 (claim version 2) [Norland no longer passes on its "
        "tide tables]. In Harbour claims: tides & pilots (Version 0.2.0) [Data set]. Claim C900-001"
    )
    assert second.startswith(
        "Harbour maintainers. (2026). C900-002 (claim version 3, retracted) [Some forty"
    )


def test_datacite_of_claims_is_an_array_of_parts_of_the_release() -> None:
    [item] = json.loads(cite(FACTS, [TIDES], "datacite"))
    assert item["types"] == {"resourceTypeGeneral": "Other", "resourceType": "Dataset part"}
    assert item["version"] == "2"
    [release] = item["relatedItems"]
    assert release["relationType"] == "IsPartOf"
    assert release["edition"] == "0.2.0"
    assert "relatedItemIdentifier" not in release
    assert {
        one["alternateIdentifierType"]: one["alternateIdentifier"]
        for one in item["alternateIdentifiers"]
    } == {
        "permalink path": "/releases/0.2.0/claims/C900-001",
        "claim id": "C900-001",
        "event id": TIDES.event_id,
        "log root": f"{FACTS.tree_size}:{FACTS.root}",
    }


def test_a_claim_does_not_take_the_doi_of_its_release_for_its_own() -> None:
    link = f"https://doi.org/{DOI}"
    [bibtex] = read_bibtex(cite(FOUND, [TIDES], "bibtex"))
    [ris] = read_ris(cite(FOUND, [TIDES], "ris"))
    [csl] = read_csl(cite(FOUND, [TIDES], "csl-json"))
    [datacite] = read_datacite(cite(FOUND, [TIDES], "datacite"))
    assert {"doi", "DO", "DOI"}.isdisjoint({*bibtex, *ris, *csl, *datacite})
    assert [bibtex["url"], ris["UR"], csl["URL"]] == [link] * 3
    assert cite(FOUND, [TIDES], "apa").endswith(f" {link}\n")
    assert datacite["relatedItems"][0]["relatedItemIdentifier"] == {
        "relatedItemIdentifier": DOI,
        "relatedItemIdentifierType": "DOI",
    }


def test_a_claim_of_a_release_with_a_homepage_only_gives_that() -> None:
    facts = with_head(homepage=HOMEPAGE)
    assert read_bibtex(cite(facts, [TIDES], "bibtex"))[0]["url"] == HOMEPAGE
    [item] = read_datacite(cite(facts, [TIDES], "datacite"))
    assert item["relatedItems"][0]["relatedItemIdentifier"] == {
        "relatedItemIdentifier": HOMEPAGE,
        "relatedItemIdentifierType": "URL",
    }


@pytest.mark.parametrize("format", FORMATS)
def test_special_characters_survive(format: str) -> None:
    facts = with_head(title=HARD, contributors=[{"title": f"Office {HARD}"}])
    claim = replace(TIDES, statement=HARD, source_title=HARD, source_publisher=HARD)
    assert HARD in note(format, cite(facts, [claim], format))[0]
    assert HARD in title(format, cite(facts, [claim], format))[0]
    for claims in ([], [claim]):
        text = cite(facts, claims, format)
        match format:
            case "bibtex":
                assert read_bibtex(text)[0]["author"] == f"Office {HARD}"
            case "ris":
                assert read_ris(text)[0]["AU"] == f"Office {HARD}"
            case "csl-json":
                assert read_csl(text)[0]["author"] == [{"literal": f"Office {HARD}"}]
            case "datacite":
                assert read_datacite(text)[0]["creators"][0]["name"] == f"Office {HARD}"
            case "apa":
                assert f"{HARD} (Version 0.2.0) [Data set]" in text
        assert "“né”" in text


@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028", "\x85", "\t"])
@pytest.mark.parametrize("format", FORMATS)
def test_line_ends_in_a_text_do_not_break_a_format(format: str, end: str) -> None:
    claim = replace(TIDES, statement=f"One{end}ER  - {end}two.", source_title=f"A{end}b")
    assert cite(FACTS, [claim], format) == cite(
        FACTS, [replace(TIDES, statement="One ER - two.", source_title="A b")], format
    )


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_facts_give_the_same_text_whatever_the_order_of_their_keys(format: str) -> None:
    turned = replace(FOUND, head=dict(reversed(list(FOUND.head.items()))))
    assert cite(turned, [], format) == cite(FOUND, [], format)
    assert cite(turned, [TIDES, LETTER], format) == cite(FOUND, [TIDES, LETTER], format)


@pytest.mark.parametrize("format", FORMATS)
def test_a_claim_that_is_given_twice_is_cited_once(format: str) -> None:
    assert cite(FACTS, [TIDES, LETTER, TIDES], format) == cite(FACTS, [TIDES, LETTER], format)


def test_two_versions_of_one_claim_would_share_a_key_and_are_refused() -> None:
    with pytest.raises(UsageError, match="C900-001 is given in 2 versions"):
        cite(FACTS, [TIDES, replace(TIDES, version=1)], "ris")


@pytest.mark.parametrize("claims", [[], [TIDES]], ids=["release", "claim"])
def test_an_unknown_format_is_refused_with_the_names_of_the_formats(
    claims: list[ClaimVersion],
) -> None:
    with pytest.raises(UsageError) as caught:
        cite(FACTS, claims, "endnote")
    assert str(caught.value) == (
        'unknown format "endnote"; expected one of bibtex, ris, csl-json, apa, datacite'
    )


# -- whatever is cited, one record ----------------------------------------------------------------

ANY = st.text(
    st.one_of(
        st.sampled_from("\\{}@%&$#_~^\"',;=-: \n\r\t\x1b\x00\x85\u2028\u2029\u202e\u200b\u200dé"),
        st.characters(exclude_categories=("Cs",)),
    ),
    min_size=1,
    max_size=40,
).map(lambda text: f"x{text}")


@settings(max_examples=60, deadline=None)
@given(title=ANY, author=ANY, statement=ANY, source=ANY, homepage=ANY, licence=ANY)
@example(*["x\r\nER  - \r\nTY  - DATA\r\nTI  - forged"] * 6)
@example(*["x}},\n}\n@misc{forged,\n title = {{"] * 6)
def test_whatever_is_cited_is_one_record(
    title: str, author: str, statement: str, source: str, homepage: str, licence: str
) -> None:
    facts = with_head(
        title=title,
        contributors=[{"title": author, "roles": ["maintainer"]}],
        homepage=homepage,
        licenses=[{"name": licence, "title": licence, "path": licence}],
    )
    claim = replace(TIDES, statement=statement, source_title=source, source_publisher=source)
    for cited, words in (([], title), ([claim], f"C900-001: {statement}")):
        [bibtex] = read_bibtex(cite(facts, cited, "bibtex"))
        [ris] = read_ris(cite(facts, cited, "ris"))
        [csl] = read_csl(cite(facts, cited, "csl-json"))
        assert bibtex["title"] == ris["TI"] == csl["title"] == plain_line(words)
        assert ris["AU"] == plain_line(author)
        assert csl["author"] == [{"literal": plain_line(author)}]
        assert {"url", "UR", "URL"}.isdisjoint({*bibtex, *ris, *csl})  # no address of the web
        [line] = cite(facts, cited, "apa").splitlines()
        assert UNPRINTABLE.search(line) is None
        found = json.loads(cite(facts, cited, "datacite"))
        assert len(found) == 1 if cited else found["titles"] == [{"title": plain_line(title)}]
