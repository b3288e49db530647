"""Sealed bulk batches that hold Parquet: the same rows, the same leaves, and what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from claimlog.errors import FindingsError
from claimlog.events.log import read
from claimlog.export.logical import of_parquet
from claimlog.pipeline import build
from claimlog.validate import validate
from conftest import World


def sealed_twice(world: World, tmp_path: Path) -> World:
    """Seal the same open batch as lines in one package and as columns in a copy of it."""
    odd = 'Odd: "said" a\\b é \U0001f600 \x7f\u2028.'
    world.amend("claims", "C001-001", note=odd)
    world.amend("claims", "C001-002", note="Of 5e-7.")
    other = World(type(world.package)(tmp_path / "copy"), world.texts)
    shutil.copytree(world.root, other.root)
    world.seal("more")
    done = other.run(
        *("seal", "--slug", "more", "--title", "Batch more", "--method", "Made by a test."),
        *("--parquet", "--texts", str(world.texts)),
    )
    assert done.returncode == 0, done.stderr
    return other


def test_a_batch_in_columns_has_the_root_of_the_same_batch_in_lines(
    world: World, tmp_path: Path
) -> None:
    other = sealed_twice(world, tmp_path)
    assert other.file("claims").name == "claims.parquet"
    lines, columns = read(world.package), read(other.package)
    assert columns.root == lines.root
    assert columns.frames["claims"].equals(lines.frames["claims"])
    assert not validate(columns).errors
    assert {r["name"] for r in other.package.descriptor["resources"]} >= {"claims-in-columns"}


def test_a_log_in_columns_builds_the_same_tables(world: World, tmp_path: Path) -> None:
    other = sealed_twice(world, tmp_path)
    for made in (world, other):
        build(made.package, made.package.build)
    for name, table in read(world.package).schemas.tables.items():
        one, two = (
            of_parquet(made.package.build / "parquet" / f"{name}.parquet", table).root
            for made in (world, other)
        )
        assert one == two or name == "batches", name  # the manifests differ in their files


def _without(table: pa.Table) -> pa.Table:
    return table.drop_columns(["statement"])


def _retyped(table: pa.Table) -> pa.Table:
    at = table.schema.get_field_index("start")
    return table.set_column(at, "start", table["start"].cast(pa.string()))


def _with_more(table: pa.Table) -> pa.Table:
    return table.append_column("vlaue", pa.nulls(table.num_rows, pa.string()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without, 'missing column "statement"'),
        (_retyped, 'column "start" is string, expected int64'),
        (_with_more, 'unknown column "vlaue"'),
    ],
)
def test_a_parquet_batch_with_other_columns_is_refused(
    world: World, tmp_path: Path, change: Callable[[pa.Table], pa.Table], message: str
) -> None:
    other = sealed_twice(world, tmp_path)
    path = other.file("claims")
    pq.write_table(change(pq.read_table(path)), path)
    done = other.run("validate")
    assert done.returncode == 1
    assert f"events/0004-more/claims.parquet: {message}" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("size", [0, 3, 100, -1])
def test_a_truncated_parquet_batch_is_refused(world: World, tmp_path: Path, size: int) -> None:
    other = sealed_twice(world, tmp_path)
    path = other.file("claims")
    path.write_bytes(path.read_bytes()[:size])
    findings = read(other.package).findings
    assert [(f.rule, f.path) for f in findings] == [("bytes", "events/0004-more/claims.parquet")]
    assert "cannot be read as Parquet" in findings[0].message
    with pytest.raises(FindingsError):
        build(other.package, other.package.build)


def test_a_changed_cell_in_a_parquet_batch_breaks_the_root(world: World, tmp_path: Path) -> None:
    other = sealed_twice(world, tmp_path)
    path = other.file("claims")
    table = pq.read_table(path)
    at = table.schema.get_field_index("coder_confidence")
    values = pa.array(["low"] * table.num_rows)
    pq.write_table(table.set_column(at, "coder_confidence", values), path)
    rules = {finding.rule for finding in validate(read(other.package)).findings}
    assert {"file-hash", "tree-root"} <= rules


def test_a_stream_in_both_formats_is_refused(world: World, tmp_path: Path) -> None:
    other = sealed_twice(world, tmp_path)
    path = other.file("claims")
    path.with_suffix(".ndjson").write_bytes(b"")
    (finding,) = [f for f in read(other.package).findings if f.rule == "batch-files"]
    assert "stands beside claims.parquet" in finding.message
