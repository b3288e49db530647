"""The folded tables as partitioned Parquet that Spark, DuckDB and Trino read, and their content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from claimlog.export.content_hash import Content, frame_rows, line_hash
from claimlog.log.canonical import encode
from claimlog.log.merkle import CompactRange
from claimlog.schema.table_schema import Field, Table
from claimlog.spark.storage import literal_address

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.types import StructType

BUCKET = "bucket"
"""Column that partitions a table's directory and is in none of its files."""

BUCKETED_IDS = ("claim_id", "entity_id")
"""Tables with rows of every claim are partitioned by the bucket of one of these ids: b0 to bf, the
first digit of its MD5, which every engine can compute."""

FILE_ROWS = 5_000_000
"""Most rows of one file."""

SPARK_TYPES = {
    "integer": "bigint",
    "number": "double",
    "date": "date",
    "boolean": "boolean",
    "string": "string",
}


def typed_columns(frame: DataFrame, table: Table) -> DataFrame:
    """Return the table's columns in their order and types, each with its description."""
    return frame.select(*(_column(item) for item in table.fields))


def _column(item: Field) -> Column:
    from pyspark.sql import functions as F

    column = F.col(item.name)
    if item.derived_from is not None:
        column = F.coalesce(column, F.col(item.derived_from))
    if item.type == "datetime":
        column = F.to_timestamp(column, "yyyy-MM-dd'T'HH:mm:ssX")
    elif item.type in SPARK_TYPES:
        column = column.cast(SPARK_TYPES[item.type])
    return column.alias(item.name, metadata={"comment": item.description})


def bucketed_id(table: Table) -> str | None:
    """Return the column whose bucket partitions a table; None if the table is not partitioned."""
    first = table.primary_key[0]
    names = (first,) if first != "seq" else table.names
    return next((name for name in BUCKETED_IDS if name in names), None)


def write_table(frame: DataFrame, table: Table, address: str) -> StructType:
    """Write a folded table, sorted by its key within each file, and return its columns."""
    from pyspark.sql import functions as F

    rows, column = typed_columns(frame, table), bucketed_id(table)
    if column is None:
        rows.orderBy(*table.primary_key).write.parquet(address)
        return rows.schema
    bucket = F.concat(F.lit("b"), F.substring(F.md5(F.col(column).cast("binary")), 1, 1))
    (
        rows.withColumn(BUCKET, bucket)
        .repartition(BUCKET)
        .sortWithinPartitions(BUCKET, *table.primary_key)
        .write.option("maxRecordsPerFile", FILE_ROWS)
        .partitionBy(BUCKET)
        .parquet(address)
    )
    return rows.schema


def read_content(spark: SparkSession, table: Table, address: str, columns: StructType) -> Content:
    """Return the content of the table at an address, as it is read back in the order of its key.

    Tasks write the canonical lines and hash them; the driver builds the tree of the hashes.
    """
    names, keys = list(table.names), list(table.primary_key)

    def hash_lines(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)
            leaves = b"".join(line_hash(encode(row)) for row in frame_rows(frame, table))
            yield pa.RecordBatch.from_pydict({"leaves": [leaves]})

    # a table without a row has no file in any bucket that could say its columns
    frame = spark.read.schema(columns).parquet(literal_address(address))
    rows = frame.select(*names).orderBy(*keys)
    tree = CompactRange()
    for (hashes,) in rows.mapInArrow(hash_lines, "leaves binary").toLocalIterator():
        data = bytes(hashes)
        tree.extend([data[at : at + 32] for at in range(0, len(data), 32)])
    return Content(tree.size, tree.root().hex())
