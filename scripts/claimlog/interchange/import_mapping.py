"""Mapping file: which columns and codes of ours the labels and attributes of a tool stand for.

It is YAML that the first import writes and that people edit. Every name that occurs in the files is
a key. Its value says what it stands for, ``null`` that it has no counterpart, and ``?`` that nobody
has decided yet, which an import refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from claimlog.edit.cell_values import parse_cell
from claimlog.errors import ClaimlogError, Suggestions, UsageError, suggest
from claimlog.interchange.annotations import UNITS
from claimlog.release.descriptors.plain_yaml import MAX_CHARACTERS, load_yaml
from claimlog.schema.table_schema import Field, Table
from claimlog.sources.anchor import COLUMNS as ANCHOR
from claimlog.untrusted_files import read_regular

UNDECIDED = "?"
HEADER = """\
# What the names in another tool's files stand for here: claimlog import reads this.
# documents, coders: the source and the coder that each one is.
# labels: columns and codes that each one sets, as {column: code}; {} keeps the passage alone.
# attributes: the column that each one fills, and what its values stand for.
# constants: columns that every row has, as {column: code}.
# "?" is to be decided; null has no counterpart and is named in the loss report.
# unit: what offsets count, code-point or utf-16. crlf: whether they count a CRLF as two or as one.
"""
CRLF = ("two", "one")
KEYS = ("stream", "unit", "crlf", "documents", "coders", "constants", "labels", "attributes")


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # the library ships no types
    """Writes names with line breaks and what does not print in escapes, so that they come back."""

    def represent_text(self, text: str) -> Any:
        style = None if text.isprintable() else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _Dumper.represent_text)


@dataclass(frozen=True)
class AttributeRule:
    """The column that an attribute fills, and what its values stand for, where they differ."""

    column: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass
class ImportMapping:
    """What the names in the files of another tool stand for; see the module's docstring."""

    stream: str
    unit: str
    crlf: str = CRLF[0]
    documents: dict[str, str | None] = field(default_factory=dict)
    coders: dict[str, str | None] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)

    def undecided(self) -> Iterator[str]:
        """Yield the names that nobody has decided on."""
        for group in ("documents", "coders", "labels"):
            for name, value in getattr(self, group).items():
                if value == UNDECIDED:
                    yield f"{group.removesuffix('s')} {name!r}"
        for name, rule in self.attributes.items():
            if rule == UNDECIDED or (isinstance(rule, AttributeRule) and rule.column == UNDECIDED):
                yield f"attribute {name!r}"
            elif isinstance(rule, AttributeRule):
                for value, code in rule.values.items():
                    if code == UNDECIDED:
                        yield f"value {value!r} of attribute {name!r}"

    def dump(self) -> bytes:
        """Return the mapping as a file."""
        rules = {
            name: {"column": rule.column, **({"values": rule.values} if rule.values else {})}
            if isinstance(rule, AttributeRule)
            else rule
            for name, rule in self.attributes.items()
        }
        content = {name: getattr(self, name) for name in KEYS} | {"attributes": rules}
        text: str = yaml.dump(
            content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100
        )
        # the library leaves what turns the direction of a line as it is, in quotes
        shown = "".join(
            one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode()
            for one in text
        )
        return (HEADER + shown).encode()


def mapped_columns(table: Table) -> tuple[str, ...]:
    """Return the columns that a mapping may fill: all of a new row but its place."""
    return tuple(
        name for name in (table.id, *table.in_use) if name not in ANCHOR and name != "source_id"
    )


def read_mapping(path: Path, table: Table) -> ImportMapping:
    """Read a mapping file for rows of a stream.

    Raises
    ------
    ClaimlogError
        If it is none, names a column that the stream does not have, or holds what is undecided.
    """
    shown = str(path)
    data = read_regular(path, shown, 4 * MAX_CHARACTERS, remedy="write it anew: move it away")
    try:
        value = load_yaml(data.decode("utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())[:160]
        raise ClaimlogError(f"{shown}: not the YAML of a mapping: {said}; mend it") from error
    try:
        mapping = _mapping(value, table)
    except UsageError as error:
        raise ClaimlogError(f"{shown}: {error}") from error
    if waiting := list(mapping.undecided()):
        more = f" and {len(waiting) - 5} more" if len(waiting) > 5 else ""
        raise ClaimlogError(
            f"{shown}: undecided is what {', '.join(waiting[:5])}{more} stands for; say it in "
            'place of "?", or null for what has no counterpart'
        )
    return mapping


def _mapping(value: Any, table: Table) -> ImportMapping:
    if not isinstance(value, dict):
        raise UsageError(f"expected a mapping with {', '.join(KEYS)}")
    for key in value:
        if key not in KEYS:
            raise UsageError(f'unknown key "{str(key)[:80]}"{suggest(str(key)[:80], KEYS)}')
    if value.get("stream", table.name) != table.name:
        raise UsageError(
            f"is for {str(value['stream'])[:80]}, and {table.name} are imported; name another "
            "file with --mapping"
        )
    groups = {}
    for name in ("documents", "coders", "constants", "labels", "attributes"):
        group = value.get(name) or {}
        if not isinstance(group, dict):
            raise UsageError(f'"{name}" is no mapping of names')
        groups[name] = {str(key): part for key, part in group.items()}
    unit, crlf = value.get("unit"), value.get("crlf", CRLF[0])
    for name, given, known in (("unit", unit, UNITS), ("crlf", crlf, CRLF)):
        if given not in known:
            raise UsageError(f'"{name}" is {str(given)[:40]!r}, expected {" or ".join(known)}')
    for name in ("documents", "coders"):
        for key, given in groups[name].items():
            if not isinstance(given, str | None):
                raise UsageError(f'"{name}": {key[:80]!r} is no identifier; put it in quotes')
    groups["constants"] = _columns(table, groups["constants"], "constants")
    groups["labels"] = {
        label: given if given in (None, UNDECIDED) else _columns(table, given, f"label {label!r}")
        for label, given in groups["labels"].items()
    }
    groups["attributes"] = {
        name: _rule(table, name, given) for name, given in groups["attributes"].items()
    }
    return ImportMapping(table.name, str(unit), crlf, **groups)


def _columns(table: Table, given: Any, where: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise UsageError(f"{where[:100]}: expected columns as {{column: code}}, null or ?")
    known = mapped_columns(table)
    return {
        _known_column(str(name), known, where): column_value(table.by_name[str(name)], value)
        for name, value in given.items()
    }


def _known_column(name: str, known: tuple[str, ...], where: str) -> str:
    if name not in known:
        raise UsageError(
            f'{where[:100]}: there is no column "{name[:80]}" to fill{suggest(name[:80], known)}'
        )
    return name


def column_value(item: Field, value: Any) -> Any:
    """Return what a mapping or a file gives for a column, typed.

    Raises
    ------
    UsageError
        If it is no such value.
    """
    if isinstance(value, str):
        return parse_cell(item, value)
    if (item.type == "string" and value is not None) or not _is_json(value):
        raise UsageError(
            f'"{item.name}": {str(value)[:40]} is no text in YAML; put it in quotes, as it was '
            "meant to be read"
        )
    return value


def _is_json(value: Any) -> bool:
    """Whether a value can be one of a row; YAML has dates besides."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(part) for key, part in value.items())
    if isinstance(value, list):
        return all(map(_is_json, value))
    return isinstance(value, str | int | float | None)


def code_flaw(item: Field, value: Any, suggestions: Suggestions) -> str | None:
    """Return what is wrong with a value of a column that holds codes; None if nothing is."""
    coded = item if item.item is None else item.item
    codes = coded.enum
    if codes is None or value is None:
        return None
    for part in value if isinstance(value, list) else [value]:
        if part not in codes:
            said = str(part)[:80]
            near = suggestions.nearest(said, lambda: codes or ())
            return f'"{item.name}" is "{said}", which is no code of {coded.codelist}{near}'
    return None


def mapping_flaws(mapping: ImportMapping, table: Table) -> Iterator[str]:
    """Yield what is wrong with the codes of a mapping, one sentence for each of its lines."""
    suggestions = Suggestions()
    named = [(f"label {name!r}", given) for name, given in mapping.labels.items()]
    for where, columns in (("constants", mapping.constants), *named):
        for name, value in columns.items() if isinstance(columns, dict) else ():
            if flaw := code_flaw(table.by_name[name], value, suggestions):
                yield f"{where[:100]}: {flaw}"
    for name, rule in mapping.attributes.items():
        for value, code in rule.values.items() if isinstance(rule, AttributeRule) else ():
            if code == UNDECIDED:
                continue
            if flaw := code_flaw(table.by_name[rule.column], code, suggestions):
                yield f"attribute {name[:60]!r}, value {value[:60]!r}: {flaw}"


def _rule(table: Table, name: str, given: Any) -> Any:
    where = f"attribute {name!r}"
    if given is None or given == UNDECIDED:
        return given
    if isinstance(given, str):
        given = {"column": given}
    if not isinstance(given, dict) or set(given) - {"column", "values"} or "column" not in given:
        raise UsageError(f"{where[:100]}: expected column and values, null or ?")
    column, values = str(given["column"]), given.get("values") or {}
    if column == UNDECIDED:
        return UNDECIDED
    item = table.by_name[_known_column(column, mapped_columns(table), where)]
    if not isinstance(values, dict):
        raise UsageError(f'{where[:100]}: "values" is no mapping of values')
    meant = {
        str(key): code if code in (None, UNDECIDED) else column_value(item, code)
        for key, code in values.items()
    }
    return AttributeRule(column, meant)
