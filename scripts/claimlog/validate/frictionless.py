"""Frictionless on the rows of a log, led by descriptors that are made here.

Frictionless follows what a descriptor names: it fetches a ``schema``, ``dialect`` or ``profile``
that is an address, opens archives, databases and buckets by ``scheme`` and ``format``, and matches
``pattern`` by Python's ``re``, which a nested quantifier keeps busy without end. So it is never
given a package's own descriptor or schemas, only what `check_descriptor` and the reading of the
schemas have let through, and no pattern: pandera checks those in linear time.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from functools import partial
from typing import Any

import polars as pl

from claimlog.limits import FRICTIONLESS_CODES
from claimlog.log.batch import resources
from claimlog.log.event_log import Log
from claimlog.log.upcast import downcast
from claimlog.schema.table_schema import Field, Table

Task = tuple[list[tuple[str, int]], list[Any], int]
"""Where each row read stands (file, line), the errors, and the number of rows."""

HEAD = (
    *("$schema", "name", "id", "title", "description", "version", "homepage", "created"),
    *("keywords", "licenses", "contributors", "sources"),
)
"""Properties of a descriptor that say what it is, and name nothing to read."""

RESOURCE = ("name", "type", "path", "format", "encoding", "title", "description")
"""The same of a resource. Its ``bytes`` and ``hash`` stand in the manifests, which prove more."""


def descriptor_of(log: Log) -> dict[str, Any]:
    """Return a log's descriptor, made of what is known to name nothing else to read.

    Schemas are left out: rows are given with theirs.
    """
    shipped = log.definition.descriptor
    head = {key: shipped[key] for key in HEAD if key in shipped}
    listed = [
        {key: resource[key] for key in RESOURCE if key in resource}
        for resource in resources(log.package, log.batches)
        if "path" in resource
    ]
    return {**head, "resources": listed}


def _constraints(item: Field) -> Iterator[tuple[str, Any]]:
    for key in ("required", "minimum", "maximum", "minLength", "maxLength"):
        if key in item.constraints:
            yield key, item.constraints[key]
    if item.enum is not None and len(item.enum) <= FRICTIONLESS_CODES:
        yield "enum", item.enum


def check_description(log: Log) -> Iterator[Task]:
    """Have Frictionless read the descriptor; what it says is of no row."""
    from frictionless import FrictionlessException, Package

    try:
        Package.from_descriptor(descriptor_of(log), basepath=str(log.package.root))
    except FrictionlessException as error:
        yield [], [error.error, *error.reasons], 0


def check_samples(log: Log, size: int) -> Iterator[Task]:
    """Run Frictionless on evenly spaced rows of every stream, on all of one that has no more.

    It gets them as the frame says them, which is what the file says: reading compared the two.
    """
    from frictionless import Detector, Resource

    samples = (
        (stream, version, log.sample(stream, size).filter(pl.col("batch").is_in(batches)))
        for stream in log.definition.streams
        for version, batches in sorted(log.versions(stream).items())
    )
    for stream, version, part in samples:
        if part.is_empty():
            continue
        table = log.definition.schema_of(stream, version)
        rows = [
            # in the order of the keys of a canonical line
            dict(sorted(downcast(row, log.definition, stream, version).items()))
            for row in part.iter_rows(named=True)
        ]
        lines = [log.file_and_line(stream, *place) for place in part.select("batch", "line").rows()]
        resource = Resource(
            # in lines it would first guess the types of a hundred rows, which the schema gives
            data=[[*rows[0]], *([*row.values()] for row in rows)],
            schema=_schema(table),
            name=stream,
            detector=Detector(sample_size=1),
        )
        task = resource.validate().tasks[0]
        yield lines, task.errors, _rows_read(task)


def _schema(table: Table) -> Any:
    """Return a stream's Table Schema as Frictionless is given it, without foreign keys.

    For those it would open every file again for each stream that refers to it; the rule
    ``foreign-key`` checks them, and those inside lists, which a Table Schema cannot state.

    It is made of fields, not of a descriptor, and they are copied as they are: what they say is
    validated once, with the rows, and not when it is read and for each copy as well.
    """
    from frictionless import Schema, system

    fields = [
        system.select_field_class(item.type)(name=item.name, constraints=dict(_constraints(item)))
        # in the order of the keys of a canonical line: Frictionless matches by position
        for item in sorted(table.fields, key=lambda item: item.name)
    ]
    for field in fields:
        vars(field)["to_copy"] = partial(_copy, field)
    return Schema(
        fields=fields,
        missing_values=table.spec.get("missingValues", [""]),
        primary_key=[*table.primary_key],
    )


def _copy(field: Any) -> Any:
    """Return a copy of a Frictionless field, with the attributes that `copy.copy` leaves out."""
    copied = copy(field)
    vars(copied).update(vars(field), metadata_assigned=set(field.metadata_assigned))
    return copied


def _rows_read(task: Any) -> int:
    """Return how many rows Frictionless says it read: a run that read nothing checked nothing."""
    return int(task.stats.get("rows", 0))
