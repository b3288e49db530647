"""Descriptors of a release: other people's validators accept them, and all say the same."""

from __future__ import annotations

import dataclasses
import importlib.resources
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from dplib.models import Package as DataPackage

from claimlog.escaping import UNPRINTABLE
from claimlog.package import Package
from claimlog.release.descriptors import PACKAGE, PARSERS, WRITERS, descriptors, find_disagreements
from claimlog.release.metadata import DataFile, ReleaseMetadata
from claimlog.release.tool_wheel import LOCK, wheel_name
from claimlog.schema.definition import read_definition
from conftest import ROOT, World, copied, environment_with_pandas

MEDIATYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".db": "application/vnd.sqlite3",
    ".json": "application/json",
    ".csv": "text/csv",
    ".ndjson": "application/x-ndjson",
    ".sql": "application/sql",
    ".txt": "text/plain",
    ".whl": "application/zip",
}
DOI = "10.1234/tiny.example"
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
"""Nobody listens there: a validator that wanted the network would fail."""

SEED = """
import io, json, sys
from importlib.resources import files
from requests.adapters import HTTPAdapter
from rocrate_validator.utils.http import HttpRequester
from urllib3 import HTTPResponse

context = (files("rocrate") / "data" / "ro-crate.jsonld").read_bytes()

class Installed(HTTPAdapter):
    def send(self, request, **_):
        kind = {"Content-Type": "application/ld+json"}
        body = HTTPResponse(io.BytesIO(context), kind, 200, preload_content=False)
        return self.build_response(request, body)

session = HttpRequester.initialize_cache(cache_path=sys.argv[1]).session
session.mount("https://", Installed())
session.get(json.loads(context)["@id"]).raise_for_status()
"""
"""Puts the context of RO-Crate 1.1 into the cache, as the installed package rocrate carries it."""

# it leaves without the interpreter's farewell: threads of the libraries that loaded the files may
# still run then, and end the process with a signal after everything was said
LOAD = """
import json, mlcroissant, os, sys
dataset = mlcroissant.Dataset(jsonld="croissant.json")
loaded = {found.id: list(dataset.records(found.id)) for found in dataset.metadata.record_sets}
print(json.dumps({
    "rows": {name: len(rows) for name, rows in loaded.items()},
    "claims": [row["claims/claim_id"].decode() for row in loaded["claims"]],
    "memberships": [row["actor_versions/memberships"] for row in loaded["actor_versions"]],
}, default=bytes.decode))
sys.stdout.flush()
os._exit(0)
"""
SCHEMA = """
from importlib.resources import files
print((files("datacite") / "schemas" / "datacite-v4.5.json").read_text())
"""


@dataclasses.dataclass(frozen=True)
class Release:
    """A directory with data files and descriptors."""

    folder: Path
    facts: ReleaseMetadata
    datapackage: dict[str, Any]

    @property
    def files(self) -> dict[str, bytes]:
        return {name: (self.folder / name).read_bytes() for name in PARSERS}

    def json(self, name: str) -> dict[str, Any]:
        return json.loads((self.folder / name).read_bytes())


def release(world: World, folder: Path, tool: str | None = None, **head: Any) -> Release:
    """Lay out data files as a release has them, and write the descriptors beside them."""
    built = world.package.build
    shutil.copytree(built / "parquet", folder / "parquet")
    for name in ("tiny.db", "validation.json"):
        shutil.copy(built / name, folder)
    for name in ("events", "schemas"):
        shutil.copytree(world.root / name, folder / "log" / name)
    datapackage = {**json.loads((built / PACKAGE).read_text("utf-8")), **head}
    if tool is not None:
        (folder / wheel_name(tool)).write_bytes(b"a wheel")
        (folder / LOCK).write_bytes(b"a lock file")
    facts = facts_of(folder, world.package, datapackage, head, tool)
    for name, data in descriptors(facts, datapackage).items():
        (folder / name).write_bytes(data)
    return Release(folder, facts, datapackage)


def facts_of(
    folder: Path,
    package: Package,
    datapackage: dict[str, Any],
    head: dict[str, Any],
    tool: str | None,
) -> ReleaseMetadata:
    rows = {item["name"]: item["rows"] for item in datapackage["resources"] if "rows" in item}
    tables = read_definition(package).tables
    return ReleaseMetadata(
        head={key: package.descriptor[key] for key in package.descriptor if key != "resources"}
        | head,
        version=datapackage["version"],
        date="2026-11-21",
        tables={name: tables[name] for name in rows},
        rows=rows,
        files=tuple(data_files(folder)),
        tree_size=datapackage["log"]["tree_size"],
        root=datapackage["log"]["root"],
        codebook_version="0.3.1",
        coders=("program",),
        tool_version=tool,
        fold_version=tool and 7,
    )


def data_files(folder: Path) -> list[DataFile]:
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        found.append(DataFile(name, len(data), sha256(data).hexdigest(), MEDIATYPES[path.suffix]))
    return found


@pytest.fixture(scope="module")
def built(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = copied(made, tmp_path_factory.mktemp("built"))
    done = world.run("build")
    assert done.returncode == 0, done.stderr
    return world


@pytest.fixture(scope="module")
def plain(built: World, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release without a DOI, as nobody has minted one."""
    return release(built, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def minted(built: World, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The same with a DOI, a homepage and the claimlog that made it."""
    given = {"id": f"https://doi.org/{DOI}", "homepage": "https://example.org/tiny"}
    return release(built, tmp_path_factory.mktemp("minted"), tool="0.3.0", **given)


@pytest.fixture(scope="module", params=["plain", "minted"])
def either(request: pytest.FixtureRequest) -> Release:
    return request.getfixturevalue(request.param)


# other people's validators ----------------------------------------------------------------------
Validator = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Validator:
    """Run a program of the validators' environment, without network."""
    folder = Path(os.environ.get("CLAIMLOG_VALIDATORS", ROOT / ".venv" / "validators")) / "bin"
    if not (folder / "python").exists():
        pytest.skip(f"NOT RUN: make test sets up the validators (there is no {folder}/python)")
    home = tmp_path_factory.mktemp("home")
    # upper and lower case: libraries differ in which they read
    offline = NO_NETWORK | {name.upper(): value for name, value in NO_NETWORK.items()}
    variables = environment_with_pandas()
    known = {name: value for name, value in variables.items() if name.lower() != "no_proxy"}
    own = {"HOME": str(home), "CROISSANT_CACHE": str(home / "croissant")}

    def run(program: str, *words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [folder / program, *words],
            cwd=cwd,
            env=known | offline | own,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.mark.slow
def test_mlcroissant_finds_no_error(either: Release, validator: Validator) -> None:
    done = validator("mlcroissant", "validate", "--jsonld", "croissant.json", cwd=either.folder)
    assert done.returncode == 0, done.stderr
    assert not re.search("error|warning", done.stderr, re.IGNORECASE), done.stderr


@pytest.mark.slow
def test_every_record_set_loads_with_the_rows_of_its_table(
    plain: Release, validator: Validator
) -> None:
    done = validator("python", "-c", LOAD, cwd=plain.folder)
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    assert loaded["rows"] == plain.facts.rows
    assert loaded["claims"] == ["C001-001", "C001-002", "C001-003", "C001-005", "C001-006"]
    parts = "actor_versions/memberships/"
    assert [
        {f"{parts}alliance_id": "pact", f"{parts}end": None, f"{parts}start": "1999"}
    ] in loaded["memberships"]


@pytest.fixture(scope="module")
def crate(validator: Validator, tmp_path_factory: pytest.TempPathFactory) -> Validator:
    """Validate a directory as an RO-Crate, with the context from the validators' environment."""
    folder = tmp_path_factory.mktemp("crate")
    seeded = validator("python", "-c", SEED, folder / "cache", cwd=folder)
    assert seeded.returncode == 0, seeded.stderr

    def run(path: Path) -> subprocess.CompletedProcess[str]:
        words = "--no-interactive --disable-color validate --offline --no-paging -v -l recommended"
        cache = ("--cache-path", folder / "cache")
        return validator("rocrate-validator", *words.split(), *cache, path, cwd=folder)

    return run


@pytest.mark.slow
def test_roc_validator_finds_every_requirement_and_recommendation_met(
    minted: Release, crate: Validator
) -> None:
    done = crate(minted.folder)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_without_an_address_only_that_of_the_makers_is_wanting(
    plain: Release, crate: Validator
) -> None:
    done = crate(plain.folder)
    failed = set(re.findall(r"\[ (ro-crate-1\.1_[0-9]+\.[0-9]+) \]", done.stdout))
    assert failed == {"ro-crate-1.1_31.2"}, done.stdout


@pytest.mark.slow
def test_roc_validator_refuses_a_crate_whose_file_is_gone(
    plain: Release, crate: Validator, tmp_path: Path
) -> None:
    broken = shutil.copytree(plain.folder, tmp_path / "broken")
    (broken / "parquet" / "claims.parquet").unlink()
    done = crate(broken)
    assert done.returncode == 1
    assert "claims.parquet" in done.stdout


def test_cffconvert_accepts_the_citation_file(either: Release, validator: Validator) -> None:
    done = validator("cffconvert", "--validate", "-i", "CITATION.cff", cwd=either.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "valid" in done.stdout


def test_datacite_json_meets_the_schema_that_the_package_datacite_carries(
    either: Release, validator: Validator
) -> None:
    """Schema 4.5 does not require a DOI, so a release without one is checked by all of it.

    The package's own validate() runs on a jsonschema too old for the schema's draft 2019-09 and
    passes over unevaluatedProperties; ours does not.
    """
    schema = json.loads(validator("python", "-c", SCHEMA, cwd=either.folder).stdout)
    assert "doi" not in schema["required"]
    checker = jsonschema.Draft201909Validator(schema)
    found = either.json("datacite.json")
    assert [error.message for error in checker.iter_errors(found)] == []
    assert list(checker.iter_errors({**found, "titles": []}))


def test_dplib_accepts_the_data_package(either: Release) -> None:
    loaded = DataPackage.from_dict(either.json(PACKAGE))
    assert [item.name for item in loaded.resources[:2]] == ["sources", "source_lineage"]
    folder = importlib.resources.files("dplib") / "profiles" / "2.0"
    schema = json.loads((folder / "datapackage.json").read_text("utf-8"))
    checker = jsonschema.validators.validator_for(schema)(schema)
    assert list(checker.iter_errors(either.json(PACKAGE))) == []


# what they say ----------------------------------------------------------------------------------
def test_the_descriptors_are_these_files(plain: Release) -> None:
    assert set(plain.files) == {
        *("datapackage.json", "croissant.json", "ro-crate-metadata.json", "datacite.json"),
        *("CITATION.cff", ".zenodo.json", "dataset.jsonld", "README.md"),
    }
    assert set(PARSERS) == {PACKAGE, *WRITERS}


def test_the_given_data_package_descriptor_is_returned_unchanged(plain: Release) -> None:
    assert plain.json(PACKAGE) == plain.datapackage


def test_the_descriptors_agree(either: Release) -> None:
    assert find_disagreements(either.files, either.facts) == []


def test_same_facts_give_same_bytes(plain: Release) -> None:
    again = dataclasses.replace(plain.facts, head=json.loads(json.dumps(plain.facts.head)))
    assert descriptors(again, plain.datapackage) == plain.files


@pytest.mark.parametrize("name", PARSERS)
def test_no_descriptor_mentions_a_path_of_this_machine(name: str, plain: Release) -> None:
    text = plain.files[name].decode()
    for path in (plain.folder, ROOT, Path.home(), Path.cwd()):
        assert not re.search(rf"(?<!\w){re.escape(str(path))}\b", text)
    assert not re.search(r"(?<![\w.:/])/(tmp|home|root|work|Users)/", text)


@pytest.mark.parametrize("name", PARSERS)
def test_a_doi_is_given_where_one_was_minted_and_nowhere_else(
    name: str, plain: Release, minted: Release
) -> None:
    assert DOI in minted.files[name].decode()
    assert not re.search(r"10\.\d{4,9}/|doi\.org", plain.files[name].decode())


def test_no_descriptor_has_an_address_of_a_homepage_that_the_package_lacks(plain: Release) -> None:
    for name in (".zenodo.json", "croissant.json", "dataset.jsonld", "datacite.json"):
        assert "url" not in plain.json(name), name
    assert "url" not in yaml.safe_load(plain.files["CITATION.cff"])


def test_croissant_has_a_field_for_every_column_a_key_and_the_references(plain: Release) -> None:
    sets = {item["@id"]: item for item in plain.json("croissant.json")["recordSet"]}
    assert list(sets) == list(plain.facts.tables)
    for name, table in plain.facts.tables.items():
        assert [item["name"] for item in sets[name]["field"]] == list(table.names)
        assert sets[name]["key"] == [{"@id": f"{name}/{part}"} for part in table.primary_key]
    claims = {item["name"]: item for item in sets["claims"]["field"]}
    assert claims["dyad_from"]["isArray"]
    assert claims["occurred_start"]["dataType"] == "sc:Date"
    assert claims["recorded_at"]["dataType"] == "sc:DateTime"
    assert claims["source_id"]["references"] == {
        "fileObject": {"@id": "parquet/sources.parquet"},
        "extract": {"column": "source_id"},
    }


def test_every_data_file_is_in_the_crate_and_every_table_in_the_distributions(
    plain: Release,
) -> None:
    crate = {item["@id"]: item for item in plain.json("ro-crate-metadata.json")["@graph"]}
    assert {part["@id"] for part in crate["./"]["hasPart"]} == {
        item.path for item in plain.facts.files
    }
    expected = {"tiny.db", *(f"parquet/{name}.parquet" for name in plain.facts.tables)}
    for name in ("croissant.json", "dataset.jsonld"):
        found = {item["contentUrl"] for item in plain.json(name)["distribution"]}
        assert found == expected


def test_the_card_has_a_config_for_every_table_and_claims_is_the_default(plain: Release) -> None:
    front = yaml.safe_load(plain.files["README.md"].decode().split("---\n")[1])
    assert {item["config_name"] for item in front["configs"]} == set(plain.facts.tables)
    assert [item["config_name"] for item in front["configs"] if item.get("default")] == ["claims"]
    for item in front["configs"]:
        assert (plain.folder / item["data_files"]).is_file()
    assert (front["license"], front["size_categories"]) == ("cc-by-4.0", ["n<1K"])


def test_the_size_category_follows_the_number_of_claims(plain: Release) -> None:
    for rows, expected in ((999, "n<1K"), (1_000, "1K<n<10K"), (2_000_000, "1M<n<10M")):
        facts = dataclasses.replace(plain.facts, rows={**plain.facts.rows, "claims": rows})
        card = descriptors(facts, plain.datapackage)["README.md"].decode()
        assert yaml.safe_load(card.split("---\n")[1])["size_categories"] == [expected]


def test_the_card_says_what_it_is_not_who_coded_and_how_to_check_and_cite(
    plain: Release, minted: Release
) -> None:
    page = " ".join(plain.files["README.md"].decode().split())
    for words in (
        "programs that followed the codebook (version 0.3.1), not by people",
        "no fact check",
        "| `claims` | 5 |",
        "sha256sum -c SHA256SUMS claimlog verify",
        "No DOI has been minted",
        plain.facts.root,
    ):
        assert words in page
    assert "No DOI has been minted" not in minted.files["README.md"].decode()


@pytest.mark.parametrize(
    "name", ["README.md", "datacite.json", ".zenodo.json", "ro-crate-metadata.json"]
)
def test_descriptors_name_dataset_tool_and_fold_where_the_release_does(
    name: str, plain: Release, minted: Release
) -> None:
    sentence = "Version 0.1.0 of the dataset was made by claimlog 0.3.0, by version 7 of its fold."
    assert sentence in minted.files[name].decode()
    assert "claimlog 0" not in plain.files[name].decode()


def test_the_crate_says_which_file_made_the_release(plain: Release, minted: Release) -> None:
    crate = {item["@id"]: item for item in minted.json("ro-crate-metadata.json")["@graph"]}
    action = crate[crate["./"]["mentions"]["@id"]]
    tool = crate[action["instrument"]["@id"]]
    assert (action["@type"], action["result"]) == ("CreateAction", {"@id": "./"})
    assert tool["name"] == "claimlog-0.3.0-py3-none-any.whl"
    assert (tool["softwareVersion"], "SoftwareApplication" in tool["@type"]) == ("0.3.0", True)
    assert "mentions" not in str(plain.json("ro-crate-metadata.json"))


def test_the_citation_file_refers_to_the_tool(plain: Release, minted: Release) -> None:
    [reference] = yaml.safe_load(minted.files["CITATION.cff"])["references"]
    assert (reference["title"], reference["version"]) == ("claimlog", "0.3.0")
    assert "references" not in yaml.safe_load(plain.files["CITATION.cff"])


def test_the_card_says_how_the_tool_is_installed(plain: Release, minted: Release) -> None:
    page = minted.files["README.md"].decode()
    assert "pip install --no-deps -r requirements.txt\n" in page
    assert "pip install --no-deps claimlog-0.3.0-py3-none-any.whl\n" in page
    assert "Install claimlog" not in plain.files["README.md"].decode()


@pytest.mark.parametrize(
    ("kinds", "words", "creators"),
    [
        (("model",), "not by people. Agreement between language models", ["machine-generated"]),
        (("person",), "made by people who followed the codebook (version", ["expert-generated"]),
        (
            ("mixed",),
            "people together with machines who",
            ["expert-generated", "machine-generated"],
        ),
        (
            ("model", "person"),
            "by people and language models that followed",
            ["expert-generated", "machine-generated"],
        ),
        (("oracle", "program"), "made by programs and oracle that", ["machine-generated"]),
        ((), "The codings follow version 0.3.1 of the codebook.", None),
    ],
)
def test_who_coded_is_what_the_register_says_and_nothing_where_there_is_none(
    kinds: tuple[str, ...], words: str, creators: list[str] | None, plain: Release
) -> None:
    facts = dataclasses.replace(plain.facts, coders=kinds)
    files = descriptors(facts, plain.datapackage)
    for name in ("README.md", "datacite.json", "dataset.jsonld", ".zenodo.json"):
        assert words in files[name].decode()
    front = yaml.safe_load(files["README.md"].decode().split("---\n")[1])
    assert front.get("annotations_creators") == creators


@pytest.mark.parametrize("library", ["duckdb", "polars"])
def test_the_code_on_the_card_runs_in_the_directory(
    library: str, plain: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(plain.folder)
    blocks = re.findall(r"```python\n(.*?)```", plain.files["README.md"].decode(), re.DOTALL)
    (code,) = [block for block in blocks if f"import {library}" in block]
    exec(code, {})


# disagreement -----------------------------------------------------------------------------------
CAN_CHANGE = {
    "title": dict.fromkeys(PARSERS, ("A tiny package", "Another package")),
    "version": dict.fromkeys(PARSERS, ("0.1.0", "0.1.1")),
    "licence": {
        **dict.fromkeys(PARSERS, ("CC-BY-4.0", "CC0-1.0")),
        **dict.fromkeys(("croissant.json", "dataset.jsonld"), ("/by/4.0/", "/by-sa/4.0/")),
        ".zenodo.json": ("cc-by-4.0", "cc0-1.0"),
    },
    "date": {
        name: ("2026-11-21", "2026-11-22")
        for name in PARSERS
        if name != PACKAGE  # it has no place for the day of the release
    },
    "creators": dict.fromkeys(PARSERS, ("Allied Trust maintainers", "Somebody else")),
    "keywords": dict.fromkeys(PARSERS, ("Five Eyes", "Six Eyes")),
}
FLAWS = [(what, name) for what, changes in CAN_CHANGE.items() for name in changes]
LISTING = (PACKAGE, "croissant.json", "ro-crate-metadata.json", "dataset.jsonld")


@pytest.mark.parametrize(("what", "name"), FLAWS, ids=lambda value: value)
def test_a_descriptor_that_says_something_else_is_reported(
    what: str, name: str, plain: Release
) -> None:
    old, new = CAN_CHANGE[what][name]
    text = plain.files[name].decode()
    assert old in text
    found = find_disagreements(plain.files | {name: text.replace(old, new).encode()}, plain.facts)
    assert any(line.startswith(f"{name} gives as {what} ") for line in found), found
    assert all(line.startswith(f"{name} ") for line in found)


@pytest.mark.parametrize("name", LISTING)
def test_another_hash_size_or_name_of_a_file_is_reported(name: str, plain: Release) -> None:
    text = plain.files[name].decode()
    claims = next(item for item in plain.facts.files if item.path == "parquet/claims.parquet")

    def found(old: str, new: str) -> list[str]:
        assert old in text
        return find_disagreements(
            plain.files | {name: text.replace(old, new).encode()}, plain.facts
        )

    altered = "0" * 64
    assert found(claims.sha256, altered) == [
        f'{name} gives as SHA-256 of {claims.path} "{altered}", and the release has '
        f'"{claims.sha256}".'
    ]
    size = re.search(rf'"(bytes|contentSize)": "?{claims.bytes}\b', text)
    assert size is not None
    larger = found(size[0], f"{size[0]}1")
    assert any(line.startswith(f"{name} gives as size of {claims.path} ") for line in larger)
    renamed = found(claims.path, "parquet/claim.parquet")
    assert f"{name} does not list {claims.path}." in renamed
    assert f"{name} lists parquet/claim.parquet, which is no data file of the release." in renamed


@pytest.mark.parametrize("name", PARSERS)
def test_a_doi_that_the_release_does_not_have_is_reported(
    name: str, plain: Release, minted: Release
) -> None:
    found = find_disagreements(plain.files | {name: minted.files[name]}, plain.facts)
    assert without_tool(name, found) == [f'{name} gives as DOI "{DOI}", and the release has none.']
    found = find_disagreements(minted.files | {name: plain.files[name]}, minted.facts)
    assert without_tool(name, found) == [f'{name} gives as DOI none, and the release has "{DOI}".']


def without_tool(name: str, found: list[str]) -> list[str]:
    """Leave out what is said of the two files of the tool, which one of both releases has."""
    of_tool = [line for line in found if " list" in line and ("whl" in line or ".txt" in line)]
    assert len(of_tool) == (2 if name == "ro-crate-metadata.json" else 0)
    return [line for line in found if line not in of_tool]


@pytest.mark.slow
@pytest.mark.parametrize("name", PARSERS)
def test_a_descriptor_that_is_missing_or_damaged_is_reported(name: str, plain: Release) -> None:
    without = {key: value for key, value in plain.files.items() if key != name}
    assert find_disagreements(without, plain.facts) == [f"{name} is missing."]
    for data in (b"", b"\xff\xfe", b"[]", b"{", b"{}", b"[" * 100_000, plain.files[name][:200]):
        (line,) = find_disagreements(plain.files | {name: data}, plain.facts)
        assert line.startswith(f"{name} cannot be read (")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PARSERS if name.endswith((".json", ".jsonld"))])
def test_a_value_of_another_type_is_reported_and_never_raises(name: str, plain: Release) -> None:
    def variants(value: Any) -> list[Any]:
        """Return copies of `value`, each with one value at any depth of another type."""
        changed: list[Any] = [7, None, ["x"], {"x": []}]
        if isinstance(value, dict):
            for key in value:
                changed += [{**value, key: other} for other in variants(value[key])]
        return changed

    top = plain.json(name)
    for found in variants({key: top[key] for key in top if key != "@context"}):
        find_disagreements(plain.files | {name: json.dumps(found).encode()}, plain.facts)
    for key in ("name", "title", "titles", "version", "@graph"):
        if key in top and not (name == PACKAGE and key == "name"):
            data = json.dumps({**top, key: 7}).encode()
            assert find_disagreements(plain.files | {name: data}, plain.facts), key


# whatever the descriptor says -------------------------------------------------------------------

FORGED = (
    "x\nlicense: forged",
    "x\r\n---\r\n# Forged",
    "x\u2028- forged: 1\x85# Forged",
    "x\n\nVersion 9.9.9, released on 2001-01-01.\nMade by Forger.",
    "x](javascript:a) <b> `c` | d **e** &#x202e; \\",
    "x\x1b[31m\u202e\x00",
    "x {facts} {0} %s {{",
    "'\": [x, {y: z}] # & * ! | > ? @",
)


@pytest.mark.slow
@pytest.mark.parametrize("text", FORGED, ids=[ascii(text) for text in FORGED])
def test_whatever_the_descriptor_says_the_others_say_in_words(text: str, plain: Release) -> None:
    given = {
        "title": text,
        "description": text,
        "keywords": [text],
        "contributors": [{"title": text.replace(";", "")}],
    }
    facts = dataclasses.replace(plain.facts, head={**plain.facts.head, **given})
    files = descriptors(facts, {**plain.datapackage, **given})
    assert find_disagreements(files, facts) == []
    front, page = files["README.md"].decode().split("---\n", 2)[1:]
    assert set(yaml.safe_load(front)) == set(
        yaml.safe_load(plain.files["README.md"].split(b"---\n", 2)[1])
    )
    assert page.count("\n#") == plain.files["README.md"].decode().count("\n#")
    cff = yaml.safe_load(files["CITATION.cff"])
    assert set(cff) == set(yaml.safe_load(plain.files["CITATION.cff"]))
    for name, data in files.items():
        assert UNPRINTABLE.search(data.decode()) is None, name


def test_a_licence_and_a_homepage_that_are_none_of_the_web_are_words(plain: Release) -> None:
    licence = {"name": "Ours-1.0", "title": "Our [licence](x)", "path": "javascript:alert(1)"}
    given = {"homepage": "data:text/html,x", "licenses": [licence]}
    facts = dataclasses.replace(plain.facts, head={**plain.facts.head, **given})
    files = descriptors(facts, {**plain.datapackage, **given})
    assert find_disagreements(files, facts) == []
    for name, data in files.items():
        if name != PACKAGE:
            assert b"javascript:" not in data, name
            assert b"data:text" not in data, name
