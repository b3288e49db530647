"""The shipped descriptor: it lists each stream's files and no others, and names nothing else.

Programs that read a Data Package follow what its descriptor names: another schema, a dialect, a
profile, a database, an archive. Ours may name its own schemas and files, so that reading a copy of
it reaches nothing but that copy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from claimlog.errors import Finding
from claimlog.escaping import short_line, web_address
from claimlog.log.batch import IN_COLUMNS, absent_file_remedy, listing, unlisted_file_remedy
from claimlog.log.event_log import Log
from claimlog.package import DESCRIPTOR
from claimlog.schema.definition import PAST
from claimlog.schema.flaws import OFFICIAL, REFERENCES
from claimlog.validate.report import Report

FOLLOWED = (
    *("basepath", "checklist", "compression", "control", "data", "detector", "dialect"),
    *("encodings", "extrapaths", "innerpath", "jsonschema", "layout", "normpath", "package"),
    *("pipelines", "profiles", "remote", "resource", "scheme", "transform", "url", *REFERENCES),
)
"""Properties by which a program is led to other files, other ways of reading, or elsewhere."""

PLAIN_PROFILES = ("data-package", "data-resource", "tabular-data-package", "tabular-data-resource")
LOCAL = re.compile(r"(?![./~])(?!.*/\.\./)[^\s:\\]+")
"""A path that stays in the package, as Data Package allows it for licences and sources."""

FORMATS = {".ndjson": "ndjson", ".parquet": "parquet"}


def check_descriptor(log: Log, report: Report) -> None:
    """Check what the descriptor lists and names, by the rule ``descriptor``."""
    report.count("descriptor", 0)
    for message, remedy in (*_references(log), *_unsafe_addresses(log), *_listing(log)):
        report.fail(Finding("descriptor", DESCRIPTOR, message, remedy=remedy))


def _references(log: Log) -> Iterator[tuple[str, str]]:
    """Yield what the descriptor names beside its own schemas and files, with the remedy."""
    about = log.definition.descriptor
    places = [("", about, tuple(key for key in FOLLOWED if key != "resource"))]
    for number, resource in enumerate(about.get("resources", []), 1):
        place = f"resource {number} ({_shown_json(resource.get('name'))}): "
        places.append((place, resource, (*FOLLOWED, "resources")))
        yield from ((f"{place}{message}", remedy) for message, remedy in _values(log, resource))
    for place, given, followed in places:
        for key in followed:
            if key in given and not (key == "data" and _is_header(log, given)):
                stated = _shown_json(given[key])
                said = f'{place}names "{key}" ({stated}), which other programs follow'
                yield said, "take it out"
        for key in ("$schema", "profile"):
            value = given.get(key)
            plain = key == "profile" and value in PLAIN_PROFILES
            if value is not None and not plain and not _is_official(value):
                said = (
                    f"{place}{key} is {_shown_json(value)}, which is no profile of datapackage.org"
                )
                yield said, "take it out"


def _is_header(log: Log, resource: Mapping[str, Any]) -> bool:
    """Whether a resource holds the names of a stream's columns, and neither rows nor a file."""
    table = log.definition.streams.get(str(resource.get("name")))
    data = resource.get("data")
    if table is None or "path" in resource or not isinstance(data, list) or len(data) != 1:
        return False
    return isinstance(data[0], list) and set(map(str, data[0])) == set(table.names)


def _unsafe_addresses(log: Log) -> Iterator[tuple[str, str]]:
    """Yield what people follow in the descriptor and leads neither to the web nor to a file."""
    for place, value, local in _addresses(log.definition.descriptor):
        if web_address(value) or (local and isinstance(value, str) and LOCAL.fullmatch(value)):
            continue
        kinds = "an address of http or https" + (", or a path in the package" if local else "")
        yield f'"{place}" is {_shown_json(value)}, expected {kinds}', "mend it, or leave it out"


def _addresses(descriptor: Mapping[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    """Yield every address of a descriptor with its place, and whether it may be a path."""
    for name in ("homepage", "image"):
        if name in descriptor:
            yield name, descriptor[name], name == "image"
    for name in ("licenses", "sources", "contributors"):
        listed = descriptor.get(name, ())
        for number, item in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(item, Mapping) and "path" in item:
                yield f"{name}/{number}/path", item["path"], name != "contributors"


def _is_official(value: object) -> bool:
    return isinstance(value, str) and OFFICIAL.fullmatch(value) is not None


def _values(log: Log, resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the properties of a resource that say otherwise than its files are.

    Its schema is the present one, or that of its rows until there are some of the present.
    """
    stream = str(resource.get("name")).removesuffix(IN_COLUMNS)
    versions = log.versions(stream) if stream in log.definition.streams else ()
    paths = resource.get("path")
    first = paths[0] if isinstance(paths, list) and paths else paths
    wanted = {
        "schema": (f"schemas/{stream}.json", *(f"{PAST}/{stream}.{one}.json" for one in versions)),
        "type": ("table", None),
        "format": (FORMATS.get(PurePosixPath(str(first)).suffix), None),
        "encoding": ("utf-8", "utf8", "UTF-8", None),
    }
    for key, allowed in wanted.items():
        value = resource.get(key)
        if value not in allowed:
            yield (
                f"{key} is {_shown_json(value)}, expected {_shown_json(allowed[0])}",
                "restore it from git",
            )


def _shown_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=True)[:80]


def _listing(log: Log) -> Iterator[tuple[str, str]]:
    """Yield which files the resources list and should not, or should and do not."""
    listed: dict[str, list[str]] = {}
    for resource in log.definition.descriptor.get("resources", []):
        paths, name = resource.get("path", []), str(resource.get("name"))
        if name in listed:
            yield f"lists the resource {_shown_json(name)} twice", "merge the two"
        listed[name] = [paths] if isinstance(paths, str) else paths
    present = listing([batch for batch in log.batches if batch.sealed])
    for name, paths in listed.items():
        for path in sorted(set(paths) - set(present.get(name, []))):
            message = (
                f"resource {_shown_json(name)} lists {short_line(path)}, which is no file of a "
                "sealed batch"
            )
            yield message, absent_file_remedy(log.package)
        if name.removesuffix(IN_COLUMNS) not in log.definition.streams:
            yield f"resource {_shown_json(name)} is no stream of the log", "remove it"
    for name, paths in present.items():
        for path in sorted(set(paths) - set(listed.get(name, []))):
            message = f"resource {_shown_json(name)} does not list {path}"
            yield message, unlisted_file_remedy(log.package)
