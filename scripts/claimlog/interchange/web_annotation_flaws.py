"""What makes a JSON object no Web Annotation (W3C Web Annotation Data Model, sections 3 and 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from claimlog.interchange.web_annotation import CONTEXT

COMPOSITES = {"Choice", "Composite", "List", "Independents"}
DIRECTIONS = ("ltr", "rtl", "auto")
TIMES, AGENTS = ("created", "modified", "generated"), ("creator", "generator")
ADDRESSES = ("rights", "via", "canonical")
RELATIVE = re.compile(r"#\S+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""Names of annotations as browsers make them, which are relative to the file."""

OF_STRINGS = {"FragmentSelector", "CssSelector", "XPathSelector"}


def has_context(value: Any) -> bool:
    """Whether ``@context`` names the context of Web Annotations."""
    return CONTEXT in as_list(value)


def as_list(value: Any) -> list[Any]:
    """Return a value that may stand alone or in a list as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def annotation_flaws(value: Any) -> Iterator[str]:
    """Yield what is wrong with an annotation."""
    if not isinstance(value, dict):
        yield "is no object"
        return
    if "Annotation" not in as_list(value.get("type")):
        yield 'has no "type" Annotation'
    if not _is_address(value.get("id")) and not RELATIVE.fullmatch(str(value.get("id"))):
        yield '"id" is no address'
    for name in TIMES:
        if name in value and not _is_time(value[name]):
            yield f'"{name}" is no time'
    for name in AGENTS:
        if not all(
            isinstance(part, dict) or _is_address(part) for part in as_list(value.get(name))
        ):
            yield f'"{name}" is no agent'
    for name in ADDRESSES:
        if not all(_is_address(part) for part in as_list(value.get(name))):
            yield f'"{name}" is no address'
    if not _are_strings(as_list(value.get("motivation"))):
        yield '"motivation" is no text'
    if "bodyValue" in value and ("body" in value or not isinstance(value["bodyValue"], str)):
        yield '"bodyValue" is no text, or stands beside "body"'
    for part in as_list(value.get("body")):
        yield from _resource_flaws(part, "body")
    if not as_list(value.get("target")):
        yield 'has no "target"'
    for part in as_list(value.get("target")):
        yield from _resource_flaws(part, "target")


def _resource_flaws(value: Any, name: str) -> Iterator[str]:
    """Yield what is wrong with a body or a target."""
    if not isinstance(value, dict):
        if not _is_address(value):
            yield f"a {name} is neither an address nor an object"
        return
    kinds = set(as_list(value.get("type"))) if _are_strings(as_list(value.get("type"))) else {0}
    if 0 in kinds:
        yield f'"type" of a {name} is no text'
    if "id" in value and not _is_address(value["id"]):
        yield f'"id" of a {name} is no address'
    if "TextualBody" in kinds and not isinstance(value.get("value"), str):
        yield f'a {name} that is a TextualBody has no one "value"'
    for key in ("format", "language", "purpose"):
        if not _are_strings(as_list(value.get(key))):
            yield f'"{key}" of a {name} is no text'
    if "processingLanguage" in value and not isinstance(value["processingLanguage"], str):
        yield f'"processingLanguage" of a {name} is no text'
    if "textDirection" in value and value["textDirection"] not in DIRECTIONS:
        yield f'"textDirection" of a {name} is none'
    if "items" in value:
        if len(kinds & COMPOSITES) != 1 or not isinstance(value["items"], list):
            yield f"a {name} with items is no choice and no set of resources"
        for part in as_list(value["items"]):
            yield from _resource_flaws(part, name)
    if ("SpecificResource" in kinds or "selector" in value) and not as_list(value.get("source")):
        yield f'a {name} that is a part of something has no "source"'
    for part in as_list(value.get("source")):
        yield from _resource_flaws(part, name)
    for part in as_list(value.get("selector")):
        yield from _selector_flaws(part)


def _selector_flaws(value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        if not _is_address(value):
            yield "a selector is neither an address nor an object"
        return
    kind = value.get("type")
    if kind in ("TextPositionSelector", "DataPositionSelector"):
        offsets = [value.get("start"), value.get("end")]
        if not all(type(part) is int and part >= 0 for part in offsets):
            yield f"a {kind} has no start and end that are whole numbers"
    if kind == "TextQuoteSelector":
        if not isinstance(value.get("exact"), str):
            yield 'a TextQuoteSelector has no one "exact"'
        if not _are_strings([value.get(name, "") for name in ("prefix", "suffix")]):
            yield '"prefix" or "suffix" of a TextQuoteSelector is no text'
    if isinstance(kind, str) and kind in OF_STRINGS and not isinstance(value.get("value"), str):
        yield f'a {kind} has no one "value"'
    for part in as_list(value.get("refinedBy")):
        yield from _selector_flaws(part)


def _is_address(value: Any) -> bool:
    if not isinstance(value, str) or any(letter.isspace() for letter in value):
        return False
    try:
        return bool(urlsplit(value).scheme)
    except ValueError:
        return False


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _are_strings(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
