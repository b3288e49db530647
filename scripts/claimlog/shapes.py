"""What the JSON files that claimlog is led by must look like before anything can be read by them.

JSON Schemas of what the code takes from each file; what they do not name is free.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema
from jsonschema import ValidationError

TEXT = {"type": "string"}
NAMES = {"type": "array", "items": TEXT}
VERSION = {"type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+$"}
PLACE = {
    "type": "object",
    "required": ["resource", "fields"],
    "properties": {"resource": TEXT, "fields": {**NAMES, "minItems": 1}},
}
LENGTH = {"type": "integer", "minimum": 0}
CONSTRAINTS = {
    "type": "object",
    "properties": {
        "required": {"type": "boolean"},
        "enum": {**NAMES, "minItems": 1, "uniqueItems": True},
        "pattern": {"type": "string", "format": "regex"},
        "minLength": LENGTH,
        "maxLength": LENGTH,
        "minimum": {"type": "number"},
        "maximum": {"type": "number"},
    },
}
FIELD: dict[str, Any] = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "name": TEXT,
        "type": {"enum": ["string", "integer", "number", "boolean", "date", "datetime", "array"]},
        "description": TEXT,
        "constraints": CONSTRAINTS,
        "unit": TEXT,
        "codelist": TEXT,
        "references": TEXT,
        "from": TEXT,
        "override": {"type": "object"},
        "edtf": {"type": "boolean"},
        "ownWords": {"type": "boolean"},
        "categoriesOrdered": {"type": "boolean"},
        "items": {"type": "object"},
    },
}
PARTS = {
    "type": "object",
    "properties": {
        "type": {"const": "string"},
        "references": TEXT,
        "constraints": CONSTRAINTS,
        "fields": {"type": "array", "items": {**FIELD, "required": ["name", "type"]}},
    },
    "oneOf": [{"required": ["type"]}, {"required": ["fields"]}],
}
COLUMN = {
    **FIELD,
    "required": ["name", "type"],
    "properties": {**FIELD["properties"], "items": PARTS},
}
TABLE: dict[str, Any] = {
    "type": "object",
    "required": ["title", "description", "fields", "primaryKey"],
    "properties": {
        "title": TEXT,
        "description": TEXT,
        "fields": {"type": "array", "items": COLUMN, "minItems": 1},
        "primaryKey": {**NAMES, "minItems": 1},
        "foreignKeys": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["fields", "reference"],
                "properties": {"fields": {**NAMES, "minItems": 1}, "reference": PLACE},
            },
        },
        "order": {"type": "integer"},
        "label": TEXT,
        "search": NAMES,
        "facets": NAMES,
        "indexes": {"type": "array", "items": NAMES},
    },
}
STREAM = {
    **TABLE,
    "required": [*TABLE["required"], "entity", "schemaVersion"],
    "properties": {
        **TABLE["properties"],
        "entity": TEXT,
        "schemaVersion": {"type": "integer", "minimum": 1},
    },
}
COMPILED = {**TABLE, "required": [*TABLE["required"], "order"]}
CODEBOOK = {
    "type": "object",
    "required": ["title", "version", "description"],
    "properties": {"title": TEXT, "version": VERSION, "description": TEXT},
}
HEAD = {
    "type": "object",
    "required": ["name", "title", "description", "version", "licenses"],
    "properties": {
        "name": {"type": "string", "pattern": r"^[a-z0-9][a-z0-9_-]*$"},
        "title": TEXT,
        "description": TEXT,
        "version": VERSION,
        "homepage": TEXT,
        "created": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}"},
        "licenses": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name", "path", "title"],
                "properties": {"name": TEXT, "path": TEXT, "title": TEXT},
            },
        },
    },
}
"""The descriptor without its resources."""


def shape_error(value: Any, shape: Mapping[str, Any]) -> ValidationError | None:
    """Return the first way in which a value misses a shape, or None."""
    return next(iter(_checker()(shape, format_checker=FORMATS).iter_errors(value)), None)


def shape_flaw(value: Any, shape: Mapping[str, Any]) -> str | None:
    """Say how a value misses a shape and where, or return None."""
    error = shape_error(value, shape)
    if error is None:
        return None
    place = "/".join(map(str, error.absolute_path))
    return f"{place + ': ' if place else ''}{error.message[:200]}"


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """Match as JSON Schema does: Python's $ is also the place before a last line feed."""
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


@cache
def _checker() -> Any:
    return jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})


FORMATS = jsonschema.FormatChecker()
