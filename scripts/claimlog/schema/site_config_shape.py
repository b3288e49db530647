"""JSON Schema of ``schemas/site.json``; every part may be absent."""

from __future__ import annotations

from claimlog.limits import CHARTS, TOPIC_PAGES

TEXT = {"type": "string", "maxLength": 2_000, "pattern": r"^[^\x00-\x08\x0b-\x1f\x7f]*$"}
"""No control characters: codes become part of SQL, which ends at the first NUL."""

LIST = {"type": "array", "maxItems": 100}
COLUMN = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$"}
WORDS = {"type": "object", "maxProperties": 100, "additionalProperties": TEXT}
ITEM = {
    "type": "object",
    "required": ["column"],
    "properties": {
        "column": COLUMN,
        "label": TEXT,
        "none": TEXT,
        "optional": {"type": "boolean"},
        "unless": TEXT,
        "words": WORDS,
    },
    "additionalProperties": False,
}
CONDITION = {
    "type": "object",
    "required": ["column"],
    "properties": {"column": COLUMN, "in": {**LIST, "minItems": 1, "items": TEXT}},
    "additionalProperties": False,
}
CONDITIONS = {**LIST, "minItems": 1, "items": CONDITION}
ITEMS = {**LIST, "items": ITEM}
CODES = {**LIST, "minItems": 1, "items": TEXT}
NOUN = {"type": "string", "minLength": 1, "maxLength": 40, "pattern": r"^\S[^\x00-\x1f\x7f]*$"}
NAME = {"type": "string", "pattern": "^[a-z][a-z-]{0,30}$"}
PAGE_TEXTS = dict.fromkeys(
    ("label", "title", "lead", "from_label", "to_label", "rest", "unnamed"), TEXT
)
PAGE = {
    "type": "object",
    "required": ["kind", "name", "label", "title", "lead"],
    "properties": {
        "kind": {"enum": ["links", "pairs", "groups"]},
        "name": NAME,
        **PAGE_TEXTS,
        "relations": CODES,
        "column": COLUMN,
        "from": COLUMN,
        "to": COLUMN,
        "sign": COLUMN,
        "course": COLUMN,
        "modality": COLUMN,
        "columns": {"type": "array", "minItems": 1, "maxItems": 3, "items": COLUMN},
        "split": COLUMN,
        "order": CODES,
        "split_order": CODES,
        "course_words": WORDS,
        "modality_words": WORDS,
        "speakers": {"type": "boolean"},
        "periods": {"type": "boolean"},
    },
    "allOf": [
        {
            "if": {"properties": {"kind": {"const": kind}}},
            "then": {"required": required},
        }
        for kind, required in (
            ("links", ["relations"]),
            ("pairs", ["from", "to", "sign", "from_label", "to_label"]),
            ("groups", ["columns"]),
        )
    ],
    "additionalProperties": False,
}
GROUP = {
    "type": "object",
    "required": ["label", "in"],
    "properties": {"label": TEXT, "in": CODES},
    "additionalProperties": False,
}
CHART = {
    "type": "object",
    "required": ["kind", "name", "title", "text"],
    "properties": {
        "kind": {"enum": ["periods", "doers", "column", "sources"]},
        "name": NAME,
        "title": TEXT,
        "text": TEXT,
        "series": TEXT,
        "column": COLUMN,
        "order": {**LIST, "items": TEXT},
    },
    "if": {"properties": {"kind": {"enum": ["column", "sources"]}}},
    "then": {"required": ["column"]},
    "additionalProperties": False,
}
SHAPE = {
    "type": "object",
    "properties": {
        "act": {
            "type": "object",
            "required": ["label", "yes", "no", "when"],
            "properties": {
                "label": TEXT,
                "yes": TEXT,
                "no": TEXT,
                "reason": TEXT,
                "when": CONDITIONS,
                "unless": CONDITIONS,
            },
            "additionalProperties": False,
        },
        "filters": ITEMS,
        "not_filters": {**LIST, "items": COLUMN},
        "claim_codes": ITEMS,
        "claim_texts": ITEMS,
        "claim_line": ITEMS,
        "actor_line": ITEMS,
        "passage_colour": COLUMN,
        "passage_line": ITEMS,
        "codings": ITEMS,
        "measures": {
            "type": "object",
            "required": ["measure", "status", "title", "label", "row", "lead", "signs"],
            "properties": {
                "measure": COLUMN,
                "status": COLUMN,
                "subject": COLUMN,
                "register": COLUMN,
                "takers": COLUMN,
                "unless": CONDITIONS,
                "account": COLUMN,
                "own": TEXT,
                "own_words": TEXT,
                "counting": TEXT,
                "title": TEXT,
                "label": TEXT,
                "row": TEXT,
                "lead": TEXT,
                "example": TEXT,
                "question": TEXT,
                "details": {**LIST, "items": ITEM},
                "purpose": COLUMN,
                "groups": {**LIST, "items": GROUP},
                "apart": GROUP,
                "signs": {
                    "type": "object",
                    "maxProperties": 100,
                    "additionalProperties": {"type": "string", "maxLength": 4},
                },
            },
            "dependentRequired": {
                "register": ["takers"],
                "takers": ["register"],
                "unless": ["register"],
                "counting": ["register"],
                "question": ["register"],
                "details": ["register"],
                "purpose": ["register"],
                "account": ["register", "own", "own_words"],
                "own": ["account"],
                "own_words": ["account"],
            },
            "additionalProperties": False,
        },
        "charts": {"type": "array", "maxItems": CHARTS, "items": CHART},
        "pages": {"type": "array", "maxItems": TOPIC_PAGES, "items": PAGE},
        "coders": {
            "type": "object",
            "properties": {
                "details": {"type": "object", "maxProperties": 100, "additionalProperties": TEXT}
            },
            "additionalProperties": False,
        },
        "actor_example": TEXT,
        "choices": TEXT,
        "source_word": {
            "type": "object",
            "required": ["one", "many"],
            "properties": {"one": NOUN, "many": NOUN},
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
