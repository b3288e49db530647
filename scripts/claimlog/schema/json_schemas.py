"""JSON Schemas of the files that configure claimlog, checked before anything is read by them.

JSON Schemas of what the code takes from each file; what they do not name is free. They are the
code's own: a package says what its columns are, never what a schema, a manifest or an entry of the
index is. Nothing is fetched to check them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from claimlog.limits import (
    CODES,
    COLUMNS,
    DESCRIPTION_LENGTH,
    KEYS,
    KEYWORDS,
    LENGTH,
    LICENCES,
    NAME,
    PEOPLE,
    SLUG_LENGTH,
    TITLE_LENGTH,
    WRITTEN_FILES,
)
from claimlog.schema.sound_values import digest_of, is_sound, note_sound

if TYPE_CHECKING:
    from jsonschema import ValidationError

MOST_SAID = 200
"""Characters of what is said of a flaw: it may repeat the whole value."""

TEXT = {"type": "string"}
TITLE = {"type": "string", "maxLength": TITLE_LENGTH}
DESCRIPTION = {"type": "string", "maxLength": DESCRIPTION_LENGTH}
FLAG = {"type": "boolean"}
# the number of parts comes first: then no more than that are looked at
NAMES = {"type": "array", "maxItems": COLUMNS, "items": TEXT, "uniqueItems": True}
NOTHING_MISSING = {"enum": [[], [""]]}
"""Values that are read as missing: claimlog serves all but the empty one, and no other program may
leave one out."""

READ_AS_WRITTEN = {
    "format": {"enum": ["default"]},
    "trueValues": {"enum": [["true", "True", "TRUE", "1"]]},
    "falseValues": {"enum": [["false", "False", "FALSE", "0"]]},
    "decimalChar": {"enum": ["."]},
    "groupChar": {"enum": [""]},
    "bareNumber": {"enum": [True]},
    "missingValues": NOTHING_MISSING,
    "arrayItem": {"enum": [{}]},  # a field in itself, by which Frictionless reads what lists hold
}
"""Properties of a field by which programs change or leave out values that claimlog serves as they
are; each may have the value by which Table Schema means that nothing changes."""

KEY = {**NAMES, "minItems": 1, "maxItems": KEYS}
RELEASE_VERSION = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})")
"""The version of a release: three numbers without leading zeros."""

NAMED = {"type": "string", "pattern": NAME}
VERSION = {"type": "string", "pattern": r"^[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}$"}
DAY = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
PLACE = {
    "type": "object",
    "required": ["resource", "fields"],
    "properties": {"resource": TEXT, "fields": KEY, "package": {"enum": [""]}},
}
SIZE = {"type": "integer", "minimum": 0, "maximum": LENGTH}
CONSTRAINTS_SHAPE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "required": {"type": "boolean"},
        "enum": {**NAMES, "minItems": 1, "maxItems": CODES},
        "pattern": TEXT,
        "minLength": SIZE,
        "maxLength": SIZE,
        "minimum": {"type": "number"},
        "maximum": {"type": "number"},
    },
}
FIELD: dict[str, Any] = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "name": NAMED,
        "type": {"enum": ["string", "integer", "number", "boolean", "date", "datetime", "array"]},
        "description": DESCRIPTION,
        "constraints": CONSTRAINTS_SHAPE,
        "currentConstraints": CONSTRAINTS_SHAPE,
        "unit": TEXT,
        "codelist": TEXT,
        "references": TEXT,
        "from": TEXT,
        "override": {"type": "object"},
        "edtf": FLAG,
        "ownWords": FLAG,
        "freeText": FLAG,
        "categoriesOrdered": FLAG,
        "retired": FLAG,
        "derivedFrom": TEXT,
        "lookup": TEXT,
        "identity": FLAG,
        "anyRow": FLAG,
        "items": {"type": "object"},
        "categories": {"enum": [[]]},  # those of a list of codes are written where they are served
        **READ_AS_WRITTEN,
    },
}
PARTS = {
    "type": "object",
    "properties": {
        "type": {"const": "string"},
        "description": DESCRIPTION,
        "freeText": FLAG,
        "references": TEXT,
        "constraints": CONSTRAINTS_SHAPE,
        "currentConstraints": CONSTRAINTS_SHAPE,
        "fields": {
            "type": "array",
            "minItems": 1,
            "maxItems": COLUMNS,
            "items": {**FIELD, "required": ["name", "type"]},
        },
    },
    "oneOf": [{"required": ["type"]}, {"required": ["fields"]}],
    # a part is read as a column is: what its shape does not hold would be read unchecked
    "additionalProperties": False,
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
        "title": TITLE,
        "description": DESCRIPTION,
        "fields": {"type": "array", "minItems": 1, "maxItems": COLUMNS, "items": COLUMN},
        "primaryKey": KEY,
        "missingValues": NOTHING_MISSING,
        "foreignKeys": {
            "type": "array",
            "maxItems": KEYS,
            "items": {
                "type": "object",
                "required": ["fields", "reference"],
                "properties": {"fields": KEY, "reference": PLACE},
            },
        },
        "order": {"type": "integer"},
        "label": TEXT,
        "sort": TEXT,
        "sort_desc": TEXT,
        "stream": TEXT,
        "hidden": FLAG,
        "bridge": FLAG,
        "search": {**NAMES, "minItems": 1},
        "facets": NAMES,
        "indexes": {"type": "array", "maxItems": KEYS, "items": KEY, "uniqueItems": True},
    },
}
NATURAL_KEY = {
    "type": "object",
    "required": ["fields"],
    "properties": {
        "fields": KEY,
        "symmetric": {
            "type": "object",
            "required": ["fields", "column", "codes"],
            "properties": {"fields": KEY, "column": TEXT, "codes": {**NAMES, "maxItems": CODES}},
        },
    },
}
STREAM = {
    **TABLE,
    "required": [*TABLE["required"], "entity", "schemaVersion"],
    "properties": {
        **TABLE["properties"],
        "entity": NAMED,
        "schemaVersion": {"type": "integer", "minimum": 1, "maximum": 999_999},
        "naturalKey": NATURAL_KEY,
    },
}
COMPILED = {**TABLE, "required": [*TABLE["required"], "order"]}
CODEBOOK = {
    "type": "object",
    "required": ["title", "version", "description"],
    "properties": {"title": TITLE, "version": VERSION, "description": DESCRIPTION},
}
HEAD = {
    "type": "object",
    "required": ["name", "title", "description", "version", "licenses", "contributors"],
    "properties": {
        "name": {"type": "string", "pattern": r"^[a-z0-9][a-z0-9_-]*$", "maxLength": SLUG_LENGTH},
        "title": TITLE,
        "description": DESCRIPTION,
        "version": VERSION,
        "homepage": DESCRIPTION,
        "logOrigin": {
            "type": "string",
            "pattern": r"^[a-z0-9][a-z0-9.-]*[a-z0-9](/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$",
            "maxLength": TITLE_LENGTH,
        },
        "keywords": {"maxItems": KEYWORDS, "items": {"maxLength": TITLE_LENGTH}},
        "contributors": {
            "type": "array",
            "minItems": 1,
            "maxItems": PEOPLE,
            "items": {
                "type": "object",
                "required": ["title"],
                "properties": {
                    "title": {"maxLength": TITLE_LENGTH},
                    "path": {"maxLength": DESCRIPTION_LENGTH},
                },
            },
        },
        "created": {"type": "string", "pattern": DAY},
        "claimlog": {
            "type": "object",
            "required": ["version", "schemas", "files"],
            "properties": {
                "version": {"type": "string", "maxLength": 40},
                "schemas": {"type": "integer", "minimum": 1, "maximum": 999_999},
                "files": {
                    "type": "object",
                    "maxProperties": WRITTEN_FILES,
                    "additionalProperties": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                },
                "example": {"type": "string", "pattern": r"^[0-9]{4}-[a-z0-9-]+$"},
            },
        },
        "licenses": {
            "type": "array",
            "minItems": 1,
            "maxItems": LICENCES,
            "items": {
                "type": "object",
                "required": ["name", "path", "title"],
                "properties": {"name": TITLE, "path": DESCRIPTION, "title": TITLE},
            },
        },
    },
}
"""The descriptor without its resources."""


_KINDS: dict[int, tuple[Mapping[str, Any], str]] = {}
"""Shapes, each with what it is called in the digests of values that have it, by their number."""


def shape_error(value: Any, shape: Mapping[str, Any]) -> ValidationError | None:
    """Return the first way in which a value misses a shape, or None."""
    try:
        written = repr(value)  # tells a list from a tuple, and 1 from 1.0 and from true
    except RecursionError:
        return _shape_error(value, shape)
    digest = digest_of(_kind_of(shape), written.encode("utf-8", "surrogatepass"))
    if is_sound(digest):
        return None
    error = _shape_error(value, shape)
    if error is None:
        note_sound(digest)
    return error


def _kind_of(shape: Mapping[str, Any]) -> str:
    """Return what a shape is called in digests: the same in every process."""
    if id(shape) not in _KINDS:
        # held, so that no other shape has its number
        _KINDS[id(shape)] = shape, digest_of("shape", repr(shape).encode("utf-8"))
    return _KINDS[id(shape)][1]


def _shape_error(value: Any, shape: Mapping[str, Any]) -> ValidationError | None:
    import jsonschema  # here and below: to know what is sound already takes less than importing it
    import referencing

    formats = jsonschema.FormatChecker(["date"])
    formats.checks("date-time")(lambda value: not isinstance(value, str) or is_time(value))
    checker = _checker()(shape, registry=referencing.Registry(), format_checker=formats)
    return next(iter(checker.iter_errors(value)), None)


@cache
def own_shape(name: str) -> dict[str, Any]:
    """Return a JSON Schema that lies in ``claimlog/formats/``, as readers have it too.

    Parameters
    ----------
    name
        ``batch`` for the manifest of a batch, ``release`` for an entry of the releases index.
    """
    found: dict[str, Any] = json.loads(
        (files("claimlog") / "formats" / f"{name}.json").read_bytes()
    )
    return found


def shape_flaw(value: Any, shape: Mapping[str, Any]) -> str | None:
    """Say how a value misses a shape and where, or return None."""
    error = shape_error(value, shape)
    if error is None:
        return None
    place = "/".join(map(str, error.absolute_path))
    message = error.message
    if error.validator == "maxLength":  # the message would begin with the whole text
        message = f"has {len(error.instance):,} characters, at most {error.validator_value:,}"
    elif error.validator == "maxItems":
        message = f"has {len(error.instance):,} items, at most {error.validator_value:,}"
    return f"{place + ': ' if place else ''}{message[:MOST_SAID]}"


def is_time(text: str) -> bool:
    """Whether a text is a time in UTC to the second, as all times of ours are."""
    try:
        return bool(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")) and text.endswith("Z")
    except ValueError:
        return False


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """Match as JSON Schema does: Python's $ is also the place before a last line feed."""
    from jsonschema import ValidationError

    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _is_integer(_: Any, value: Any) -> bool:
    """Whether a value is written as an integer: JSON Schema takes 2.0 for one, and 1e300."""
    return type(value) is int


@cache
def _checker() -> Any:
    import jsonschema

    base = jsonschema.Draft202012Validator
    types = base.TYPE_CHECKER.redefine("integer", _is_integer)
    return jsonschema.validators.extend(base, {"pattern": _pattern}, type_checker=types)
