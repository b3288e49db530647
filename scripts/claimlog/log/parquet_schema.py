"""The schema in the footer of a Parquet file, as programs other than Arrow read it.

An element names its type up to three times: how it is stored, the type that readers converted it
to before there were logical types, and its logical type. Readers differ in which they believe, and
in whether they find a column by its place or by its path. So all has to stand there as our writer
writes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from claimlog.log.parquet_pages import Chunk

STORED, REPETITION, NAME, CHILDREN, CONVERTED, LOGICAL = 1, 3, 4, 5, 6, 10
"""Fields of SchemaElement in parquet.thrift."""

REQUIRED, OPTIONAL, REPEATED = 0, 1, 2
TEXT = {STORED: 6, CONVERTED: 0, LOGICAL: {1: {}}}
DATE = {STORED: 1, CONVERTED: 6, LOGICAL: {6: {}}}
TIME = {STORED: 2, CONVERTED: 10, LOGICAL: {8: {1: True, 2: {2: {}}}}}
LIST = {CONVERTED: 3, LOGICAL: {3: {}}}
NUMBERS = {pa.bool_(): {STORED: 0}, pa.int64(): {STORED: 2}, pa.float64(): {STORED: 5}}
"""What an element says of a type: a physical type, a converted one, a logical one. Times are in
microseconds and in UTC."""

Element = Mapping[int, Any]


def schema_flaws(
    elements: Sequence[Element], groups: Iterable[Sequence[Chunk]], schema: pa.Schema
) -> Iterator[str]:
    """Yield where a footer says something else than the Arrow types that were read from it.

    Parameters
    ----------
    elements
        SchemaElements as they stand there, the root first.
    groups
        What it says of the columns of each row group.
    """
    root = {REPETITION: REQUIRED, NAME: b"schema", CHILDREN: len(schema)}
    expected = [root, *(element for field in schema for element in _elements(field, field.name))]
    if [*elements] != expected:
        differing = (
            given.get(NAME, b"").decode("utf-8", "replace")
            for given, own in zip(elements, expected, strict=False)
            if given != own
        )
        yield f"says otherwise of the type of {next(differing, 'its columns')} than our writer"
    own = [*_leaves(expected)]
    for number, chunks in enumerate(groups):
        if len(chunks) != len(own):
            yield f"has another number of columns in row group {number}"
        for chunk, (path, kind) in zip(chunks, own, strict=False):
            if chunk.path != path:
                yield f"has {chunk.path_in_schema} in place of another column"
            elif chunk.physical_type != kind:
                yield f"stores {chunk.path_in_schema} otherwise than its schema says"


def is_list(kind: pa.DataType) -> bool:
    """Whether a type is one of lists."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def has_inner_notes(kind: pa.DataType) -> bool:
    """Whether a type, or one inside of it, has notes, which ours never have."""
    inner = [kind.field(number) for number in range(kind.num_fields)]
    return isinstance(kind, pa.BaseExtensionType) or any(
        field.metadata or has_inner_notes(field.type) for field in inner
    )


def value_paths(field: pa.Field) -> list[tuple[str, ...]]:
    """Return the ``path_in_schema`` of each column of values that a column consists of."""
    elements = [{NAME: b"schema", CHILDREN: 1}, *_elements(field, field.name)]
    return [tuple(name.decode() for name in path) for path, _ in _leaves(elements)]


def _elements(field: pa.Field, name: str) -> Iterator[Element]:
    """Yield the elements of a column: its own, then those of its parts."""
    kind = field.type
    own = {REPETITION: OPTIONAL if field.nullable else REQUIRED, NAME: name.encode()}
    if is_list(kind):
        yield {**own, CHILDREN: 1, **LIST}
        yield {REPETITION: REPEATED, NAME: b"list", CHILDREN: 1}
        yield from _elements(kind.value_field, "element")
    elif pa.types.is_struct(kind):
        yield {**own, CHILDREN: kind.num_fields}
        for part in kind:
            yield from _elements(part, part.name)
    else:
        yield {**own, **_type(kind.value_type if pa.types.is_dictionary(kind) else kind)}


def _type(kind: pa.DataType) -> Element:
    if pa.types.is_date32(kind):
        return DATE
    if pa.types.is_timestamp(kind):
        return TIME
    return NUMBERS.get(kind, TEXT)


def _leaves(elements: Sequence[Element]) -> Iterator[tuple[tuple[bytes, ...], int]]:
    """Yield the ``path_in_schema`` and the physical type of each column of values."""
    above: list[tuple[tuple[bytes, ...], int]] = [((), 1)]  # and how many are still to come
    for number, element in enumerate(elements):
        path, left = above.pop()
        if left > 1:
            above.append((path, left - 1))
        inner = (*path, element[NAME]) if number else ()
        if CHILDREN in element:
            above.append((inner, element[CHILDREN]))
        else:
            yield inner, element[STORED]
