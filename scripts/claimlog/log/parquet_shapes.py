"""What structs of parquet.thrift have to be, so that every reader finds the same in them.

Those of a batch may have further fields, which are passed over, and whose lists would cost a reader
memory; those of a table have what our writers fill in, and nothing else.
"""

from __future__ import annotations

from claimlog.limits import PARQUET_CHUNKS, PARQUET_NOTES, PARQUET_SHORT_LIST
from claimlog.log.thrift_compact import BINARY, BOOL, I16, I32, I64, LIST, STRUCT, Shape

PAGE_STATISTICS, IS_SORTED = 5, 3
"""Fields of the details of a page of data, by which programs pass over it, and of those of a
dictionary, by which they may look codes up."""


def _passed_over(of: int, most: int = PARQUET_SHORT_LIST) -> Shape:
    return Shape(LIST, of, most=most, kept=False)


SIZES = {2: _passed_over(I64), 3: _passed_over(I64)}
AREA = {2: _passed_over(I32)}
STATISTICS = {number: Shape(BINARY if number in (1, 2, 5, 6) else I64) for number in range(1, 7)}
PAGES = {number: Shape(I32) for number in (1, 2, 3)}
COLUMN = {
    1: Shape(I32),
    2: Shape(LIST, I32, most=PARQUET_SHORT_LIST),
    3: Shape(LIST, BINARY, most=PARQUET_SHORT_LIST),
    4: Shape(I32),
    **{number: Shape(I64) for number in (5, 6, 7, 9, 10, 11, 14)},
    8: _passed_over(STRUCT),
    12: Shape(STRUCT, fields=STATISTICS),
    13: Shape(LIST, STRUCT, PAGES, PARQUET_SHORT_LIST),
    16: Shape(STRUCT, fields=SIZES, kept=False),
    17: Shape(STRUCT, fields=AREA, kept=False),
}
CHUNK = {1: Shape(BINARY), 3: Shape(STRUCT, fields=COLUMN), 4: Shape(I64), 6: Shape(I64)}
MEMBER = Shape(STRUCT, fields={number: Shape() for number in range(1, 16)})
LOGICAL = Shape(STRUCT, fields=dict.fromkeys(range(1, 32), MEMBER))
ELEMENT = {
    **{number: Shape(I32) for number in (1, 2, 3, 5, 6, 7, 8, 9)},
    4: Shape(BINARY),
    10: LOGICAL,
}
NOTE = {1: Shape(BINARY), 2: Shape(BINARY)}
VALUE_ORDER = {1: Shape(STRUCT)}
"""What is read of the structs of parquet.thrift (Statistics, PageEncodingStats, ColumnMetaData,
ColumnChunk, SchemaElement, KeyValue, ColumnOrder), and each list inside of them: SizeStatistics and
GeospatialStatistics among them."""

HEADER = {
    **{number: Shape(I32) for number in range(1, 5)},
    5: Shape(
        STRUCT,
        fields={
            **{number: Shape(I32) for number in range(1, 5)},
            PAGE_STATISTICS: Shape(STRUCT, fields=STATISTICS),
        },
    ),
    7: Shape(STRUCT, fields={1: Shape(I32), 2: Shape(I32), IS_SORTED: Shape()}),
    8: Shape(STRUCT, fields={number: Shape(I32) for number in range(1, 7)}),
}
"""What is read of a PageHeader. Of a page of version 2 no more is: no batch has one."""


def footer_of_batch(elements: int) -> dict[int, Shape]:
    """Return what is read of FileMetaData, and each list inside of it, for such a schema."""
    columns = 2 * elements  # so that a column too many is named
    group = {
        1: Shape(LIST, STRUCT, CHUNK, columns),
        **{number: Shape(I64) for number in (2, 3, 5, 6)},
        4: Shape(LIST, STRUCT, most=columns),
        7: Shape(),
    }
    return {
        2: Shape(LIST, STRUCT, ELEMENT, columns),
        3: Shape(I64),
        4: Shape(LIST, STRUCT, group, PARQUET_CHUNKS // elements),
        5: Shape(LIST, STRUCT, NOTE, PARQUET_NOTES),
        6: Shape(BINARY),
        7: Shape(LIST, STRUCT, VALUE_ORDER, columns),
    }


COLUMN_FIELDS = {*range(1, 8), 9, 11, 12, 13, 16}
COLUMN_OF_TABLE = {number: shape for number, shape in COLUMN.items() if number in COLUMN_FIELDS}
CHUNK_OF_TABLE = {
    2: Shape(I64),
    3: Shape(STRUCT, fields=COLUMN_OF_TABLE),
    4: Shape(I64),
    5: Shape(I32),
    6: Shape(I64),
    7: Shape(I32),
}
SORTING_COLUMN = {1: Shape(I32), 2: Shape(BOOL), 3: Shape(BOOL)}
GROUP_OF_TABLE = {
    1: Shape(LIST, STRUCT, CHUNK_OF_TABLE),
    **{number: Shape(I64) for number in (2, 3, 5, 6)},
    4: Shape(LIST, STRUCT, SORTING_COLUMN),
    7: Shape(I16),
}
FOOTER_OF_TABLE = {
    1: Shape(I32),
    2: Shape(LIST, STRUCT, ELEMENT),
    3: Shape(I64),
    4: Shape(LIST, STRUCT, GROUP_OF_TABLE),
    5: Shape(LIST, STRUCT, NOTE),
    6: Shape(BINARY),
    7: Shape(LIST, STRUCT, VALUE_ORDER),
}
"""What our writers fill in of the structs of parquet.thrift: ColumnMetaData, ColumnChunk,
SortingColumn, RowGroup, FileMetaData. Notes of a column in a row group, filters, and what is
encrypted are not among them."""
