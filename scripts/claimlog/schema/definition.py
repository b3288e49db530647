"""The definition of a package: what its files under ``schemas/`` say, read and checked once.

`read_definition` is the only place that opens them. What validates, folds, writes and draws is
given the value that it returns.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.limits import SCHEMA_FILES, TABLES, TABLES_AND_INDEXES
from claimlog.package import DESCRIPTOR, Package
from claimlog.schema.codebook import Codebook, Row, read_codebook
from claimlog.schema.codebook_flaws import codebook_flaw
from claimlog.schema.constraint_compatibility import compatibility_flaw
from claimlog.schema.deprecations import Deprecation, read_deprecations
from claimlog.schema.expansion import Codes, fill_codes, project_tables
from claimlog.schema.filled_column_flaws import filled_column_flaw
from claimlog.schema.flaws import folding_flaw, is_reserved_table, name_flaw, schema_flaw
from claimlog.schema.json_schemas import COMPILED, STREAM, shape_flaw
from claimlog.schema.measure_takers_flaw import kinds_flaw, takers_flaw
from claimlog.schema.query_files import read_query_files
from claimlog.schema.registers import (
    Junction,
    compiled_tables,
    dataset_name_flaw,
    junctions_of,
    register_flaw,
    registers_of,
    with_envelope,
)
from claimlog.schema.requirements import Requirement, read_requirements
from claimlog.schema.site_config import FILE as PRESENTATION_FILE
from claimlog.schema.site_config import Presentation, read_presentation, uncoded_flaw
from claimlog.schema.sound_values import digest_of, is_sound, note_sound
from claimlog.schema.table_schema import (
    REQUIRED_STREAMS,
    Field,
    Table,
    Tables,
    coded_columns,
    display,
    in_log_order,
    measured_columns,
)
from claimlog.schema.thresholds import Thresholds, read_thresholds
from claimlog.schema.topic_pages import pages_flaw
from claimlog.schema.upcast_steps import (
    UpcastStep,
    Versions,
    present_name,
    read_upcast_steps,
    steps_after,
)
from claimlog.untrusted_files import parse_json

PAST = "schemas/past"
"""Folder of the Table Schemas of earlier versions, as ``STREAM.VERSION.json``."""

RULES = "schemas/rules.csv"
RULE_COLUMNS = ("id", "layer", "streams", "severity", "sentence", "reason")


@dataclass(frozen=True)
class Definition:
    """What a package says that its rows are, must be, and become.

    Attributes
    ----------
    descriptor
        ``datapackage.json``: the only home of name, version and licence.
    streams
        The present schema of each stream of the log, in the order in which rows are numbered.
    earlier
        Table Schemas of earlier versions, by stream and version.
    upcast_steps
        The operations that lead from one version to the next, oldest first.
    tables
        Compiled tables by name, in the order of their ``order`` property.
    requirements
        Rules between two columns of a row.
    stated_rules
        The rules that the package's ``schemas/rules.csv`` states; none if it has no such file.
    presentation
        What the site shows of the topic's columns.
    query_files
        The text of each canned query of the package, by the name of its file.
    """

    descriptor: Mapping[str, Any]
    streams: Mapping[str, Table]
    earlier: Versions
    upcast_steps: tuple[UpcastStep, ...]
    tables: Mapping[str, Table]
    codebook: Codebook
    thresholds: Thresholds
    requirements: tuple[Requirement, ...]
    stated_rules: frozenset[str]
    deprecations: tuple[Deprecation, ...]
    presentation: Presentation
    query_files: Mapping[str, str]

    @property
    def registers(self) -> dict[str, Table]:
        """The streams that the package adds to the required ones."""
        return {name: self.streams[name] for name in registers_of(self.streams)}

    @property
    def junctions(self) -> tuple[Junction, ...]:
        """The tables of lists by which a register refers or is referred to."""
        return junctions_of(self.streams)

    def schema_of(self, stream: str, version: int) -> Table:
        """Return the Table Schema that rows of a version were written by.

        Raises
        ------
        ClaimlogError
            If it was not kept.
        """
        now = self.streams[stream]
        if version >= now.version:
            return now
        if (stream, version) not in self.earlier:
            raise ClaimlogError(
                f"{PAST}/{stream}.{version}.json: is missing, and rows of that version are in the "
                "log; restore it from git"
            )
        return self.earlier[stream, version]

    def steps_after(self, stream: str, version: int) -> list[UpcastStep]:
        """Return the operations that a row of a version goes through."""
        return steps_after(self.upcast_steps, stream, version)

    def judging_schema(self, stream: str, version: int) -> Table:
        """Return the schema that rows of a version are judged by: their own, under present names.

        So what a later version demands of a column holds from that version on, and no older row is
        judged by it.
        """
        now = self.streams[stream]
        then = self.schema_of(stream, version)
        if then is now:
            return now
        steps = self.steps_after(stream, version)
        fields = [
            {**spec, "name": present_name(spec["name"], steps)} for spec in then.spec["fields"]
        ]
        keys = [
            {**key, "fields": [present_name(name, steps) for name in key["fields"]]}
            for key in then.spec.get("foreignKeys", ())
        ]
        return Table(stream, {**now.spec, "fields": fields, "foreignKeys": keys})

    @property
    def codable(self) -> dict[str, Field]:
        """What a variable can be coded in, by name: columns of the claims, and of links.

        A column that coders no longer fill is that of the table, which may derive its values.
        """
        tabled, coded = self.tables["claims"].by_name, self.streams["claims"].by_name
        return {
            **{f"links.{name}": item for name, item in self.streams["links"].by_name.items()},
            **coded,
            **tabled,
            **{name: item for name, item in coded.items() if not item.retired},
        }

    def columns(self, variable: Row) -> list[Field]:
        """Return the columns that hold a variable of the codebook."""
        fields = self.codable
        return [fields[name] for name in variable["columns"].split()]


def read_definition(package: Package) -> Definition:
    """Read and check every file of a package's definition.

    Raises
    ------
    ClaimlogError
        If a file cannot be read or is not as it must be; with the file, and the line of a CSV file.
        Also if a command was cut off that writes several of them.
    """
    note = package.replacement_note
    if os.access(note, os.F_OK, effective_ids=True):  # what may not be looked at is none
        raise ClaimlogError(
            f"{package.relative(note)}: a command that changes several files of the "
            "definition was cut off, or has not ended; run it again, which first puts back what "
            "was there"
        )
    codebook = read_codebook(package)
    streams = read_streams(package, codebook.codes)
    earlier = dict(_read_earlier(package, streams, codebook.codes))
    for (name, _), then in earlier.items():
        if flaw := compatibility_flaw(streams[name], then):
            raise ClaimlogError(f"schemas/{name}.json: {flaw}")
    definition = Definition(
        descriptor=package.descriptor,
        streams=streams,
        earlier=earlier,
        upcast_steps=read_upcast_steps(package, streams, earlier),
        tables=_read_tables(package, codebook.codes),
        codebook=codebook,
        thresholds=read_thresholds(package),
        requirements=read_requirements(package, streams),
        stated_rules=_read_stated_rules(package),
        deprecations=(),
        presentation=read_presentation(package),
        query_files=read_query_files(package),
    )
    tables = project_tables(definition)
    _refuse_many_tables(len(tables))
    _refuse_many_indexes(tables.values(), "schemas")
    for table in tables.values():
        if flaw := _target_flaw(table, tables) or filled_column_flaw(table, streams):
            place = _file_of(table, definition)
            label = "" if place.endswith(f"/{table.name}.json") else f"in the table {table.name}, "
            raise ClaimlogError(f"{place}: {label}{flaw}; restore it from git")
    presentation = definition.presentation
    if flaw := (
        uncoded_flaw(
            presentation,
            coded_columns(tables["claims"]),
            coded_columns(tables["codings"]),
            measured_columns(tables["claims"]),
        )
        or takers_flaw(presentation, streams)
        or kinds_flaw(presentation, tables["claims"])
        or pages_flaw(presentation.pages, streams, codebook.codes)
    ):
        raise ClaimlogError(f"{PRESENTATION_FILE}: {flaw}")
    definition = replace(definition, tables=tables)
    if flaw := codebook_flaw(codebook, definition.codable, tables):
        raise ClaimlogError(flaw)
    return replace(definition, deprecations=read_deprecations(package, tables))


def read_streams(package: Package, codes: Codes) -> dict[str, Table]:
    """Read the present schemas of the streams alone, for what needs no more of a definition.

    Parameters
    ----------
    codes
        The code lists of the package, which fill in what a schema does not repeat of them.

    Raises
    ------
    ClaimlogError
        If one is absent, is no Table Schema of a stream, or refers to what is no stream or code
        list; or if a register or the dataset has the name of something else.
    """
    streams = {
        name: _read_table(package, name, f"schemas/{name}.json", is_stream=True)
        for name in in_log_order({*REQUIRED_STREAMS, *_register_names(package)})
    }
    for name, table in streams.items():
        if flaw := folding_flaw(table.spec):
            raise ClaimlogError(f"schemas/{name}.json: {_with_remedy(flaw)}")
        _refuse_unknown_codelists(table, f"schemas/{name}.json", codes)
        _refuse_unknown_targets(table, f"schemas/{name}.json", streams)
    compiled = compiled_tables(streams)
    counts = Counter(chain.from_iterable(compiled.values()))
    _refuse_many_tables(counts.total())  # before any is made
    for name in registers_of(streams):
        flaw = register_flaw(streams[name], streams, compiled[name], counts)
        if name == package.descriptor.get("name"):
            flaw = f"has the name of the package, {name}, whose tables lie there; rename its file"
        if flaw:
            raise ClaimlogError(f"schemas/{name}.json: {flaw}")
    if flaw := dataset_name_flaw(str(package.descriptor.get("name"))):
        raise ClaimlogError(f"{DESCRIPTOR}: {flaw}")
    return {name: _fill(table, codes, all_codes=False) for name, table in streams.items()}


def _register_names(package: Package) -> Iterator[str]:
    """Yield the names of the Table Schemas in ``schemas/`` that are of no required stream.

    Any other JSON file there, such as that of the site, has no columns and no entity.
    """
    paths = sorted(package.schemas.glob("*.json"))
    if len(paths) > SCHEMA_FILES:
        raise ClaimlogError(
            f"schemas: holds {len(paths):,} JSON files, more than {SCHEMA_FILES}; take out what is "
            "no stream"
        )
    for path in paths:
        if path.stem not in REQUIRED_STREAMS:
            spec = package.json(f"schemas/{path.name}")
            if "entity" in spec or "fields" in spec:
                yield path.stem


def _refuse_unknown_targets(table: Table, shown: str, streams: Mapping[str, Table]) -> None:
    """Refuse a reference to what is no stream, or to another column than its identifier."""
    for target, reference in _referred_streams(table, streams):
        if target not in streams:
            raise ClaimlogError(
                f"{shown}: refers to {target[:80]!r}, which is no stream; restore it from git"
            )
        if reference != streams[target].id:
            raise ClaimlogError(
                f"{shown}: refers to {target}.{reference[:80]}, which is not the identifier of "
                f"{target}; name {streams[target].id}"
            )


def _fill(table: Table, codes: Codes, all_codes: bool) -> Table:
    """Return a stream with its codes, its columns in the order of a row's keys."""
    ordered = sorted(table.spec["fields"], key=lambda spec: str(spec["name"]))
    fields = [fill_codes(spec, codes, all_codes) for spec in ordered]
    return Table(table.name, {**table.spec, "fields": fields})


def _read_earlier(
    package: Package, streams: Mapping[str, Table], codes: Codes
) -> Iterator[tuple[tuple[str, int], Table]]:
    for path in sorted((package.root / PAST).glob("*.json")):
        shown = f"{PAST}/{path.name}"
        named = re.fullmatch(r"(?P<stream>\w+)\.(?P<version>[1-9][0-9]{0,5})\.json", path.name)
        if named is None or named["stream"] not in streams:
            raise ClaimlogError(
                f"{display(shown)}: is no STREAM.VERSION.json; rename it, or take it out"
            )
        name, version = named["stream"], int(named["version"])
        table = _read_table(package, name, shown, is_stream=True)
        if table.version != version or version >= streams[name].version:
            raise ClaimlogError(
                f"{shown}: says schemaVersion {table.version}, expected {version}, which comes "
                f"before {streams[name].version} of schemas/{name}.json; restore it from git"
            )
        _refuse_unknown_targets(table, shown, streams)
        yield (name, version), _fill(table, codes, all_codes=True)


def _read_tables(package: Package, codes: Codes) -> Tables:
    """Read the schemas of the compiled tables, in the order of their ``order`` property."""
    paths = sorted((package.schemas / "tables").glob("*.json"))
    loaded = [
        _read_table(package, path.stem, f"schemas/tables/{path.name}", is_stream=False)
        for path in paths
    ]
    for table in loaded:
        _refuse_unknown_codelists(table, f"schemas/tables/{table.name}.json", codes)
    _refuse_many_indexes(loaded, "schemas/tables")
    ordered = sorted(loaded, key=lambda table: int(table.spec["order"]))
    return Tables((table.name, table) for table in ordered)


def _refuse_many_tables(number: int) -> None:
    if number > TABLES:
        raise ClaimlogError(
            f"schemas: makes {number:,} tables, more than {TABLES}; take out what is no table, "
            "register or list of references"
        )


def _refuse_many_indexes(tables: Collection[Table], place: str) -> None:
    """Refuse too many tables and indexes together; registers have an index for each reference."""
    number = sum(1 + len(table.spec.get("indexes", ())) for table in tables)
    if number > TABLES_AND_INDEXES:
        raise ClaimlogError(
            f"{place}: gives {number:,} tables and indexes, more than the "
            f"{TABLES_AND_INDEXES:,} that are made; take out what nobody needs"
        )


def _read_table(package: Package, name: str, shown: str, is_stream: bool) -> Table:
    if flaw := name_flaw(name, "a table"):
        raise ClaimlogError(f"{display(shown)}: {flaw}; restore it from git")
    return _parse_table_schema(package.data(shown), name, shown, is_stream)


@lru_cache(maxsize=512)
def _parse_table_schema(data: bytes, name: str, shown: str, is_stream: bool) -> Table:
    """Read a Table Schema; a process that reads a definition again parses no file of it twice."""
    spec = parse_json(data, shown)
    if is_stream:
        spec = with_envelope(spec)
    digest = digest_of("stream" if is_stream else "table", data)
    if not is_sound(digest):
        shape = STREAM if is_stream else COMPILED
        if flaw := shape_flaw(spec, shape) or schema_flaw(spec, is_stream):
            raise ClaimlogError(f"{display(shown)}: {_with_remedy(flaw)}")
        note_sound(digest)
    return Table(name, spec)


def _with_remedy(flaw: str) -> str:
    """Return a flaw with what to do, where it does not say so itself behind a semicolon."""
    return flaw if ";" in flaw else f"{flaw}; restore it from git"


def _read_stated_rules(package: Package) -> frozenset[str]:
    if not (package.root / RULES).exists():
        return frozenset()
    return frozenset(row["id"] for row in package.table(RULES, RULE_COLUMNS))


def _referred_streams(table: Table, streams: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
    """Yield the streams that a stream's rows refer to, and by which column of theirs."""
    for key in table.foreign_keys:
        yield key.table, key.reference
    for item in table.fields:
        for part in (item.item, *item.fields):
            if part is not None and part.references:
                target = part.references
                yield target, streams[target].id if target in streams else ""


def _refuse_unknown_codelists(table: Table, place: str, codes: Codes) -> None:
    for codelist in _codelists(table):
        if codelist not in codes:
            raise ClaimlogError(
                f"{place}: names the code list {codelist[:80]!r}, which schemas/codebook/codes/ "
                "does not have; add it or mend the name"
            )


def _codelists(table: Table) -> Iterator[str]:
    """Yield the names of the code lists of a table's columns, and of fields within its lists."""
    for item in table.fields:
        for part in (item, *item.fields):
            if part.codelist is not None:
                yield part.codelist


def _target_flaw(table: Table, tables: Tables) -> str | None:
    """Say which table or column a foreign key names that is not there, or that names collide."""
    for key in table.foreign_keys:
        if key.table not in tables:
            return f"refers to the table {key.table[:80]!r}, which does not exist"
        if key.reference not in tables[key.table].by_name:
            return f"refers to {key.table}.{key.reference[:80]}, which does not exist"
    owner, found, _ = table.name.partition("_fts")
    if is_reserved_table(table.name) or (found and owner in tables):
        return "its name is one that SQLite or an index of ours has; give it another"
    if "search" in table.spec and f"{table.name}_fts" in table.by_name:
        return f'the column "{table.name}_fts" has the name of the search index; rename it'
    return None


def _file_of(table: Table, definition: Definition) -> str:
    """Return the file that a compiled table comes from: its own, or that of its register."""
    if table.name in definition.tables:
        return f"schemas/tables/{table.name}.json"
    stream = table.spec.get("stream", table.name)
    return f"schemas/{stream}.json" if stream in definition.streams else "schemas"
