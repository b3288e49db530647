"""Builds that a stranger made, opened in Python: one error of claimlog's, whatever they say."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import claimlog
from claimlog.errors import ClaimlogError
from conftest import World

INFINITE = "an infinite number"
VALUES: tuple[Any, ...] = (
    *(None, True, -1, 1.5, INFINITE, "", "x" * 300, "a\x00b", "..", "/etc/hostname", "\x1b[31m"),
    *([], [1], [[]], {}, {"a": 1}, 10**400, "sha256:"),
)


@pytest.fixture
def build(tiny_build: World, tmp_path: Path) -> Path:
    """A build that may be changed, whose descriptor has two tables."""
    folder = tmp_path / "build"
    shutil.copytree(tiny_build.package.build, folder)
    about = descriptor(folder)
    names = ("claims", "codebook")
    about["resources"] = [it for it in about["resources"] if it["name"] in names]
    for resource in about["resources"]:
        fields = resource["schema"]["fields"]
        chosen = [it for it in fields if it["name"] == "topic"]
        resource["schema"]["fields"] = chosen + [it for it in fields if "items" in it][:1]
    describe(folder, about)
    return folder


def descriptor(folder: Path) -> dict[str, Any]:
    about: dict[str, Any] = json.loads((folder / "datapackage.json").read_bytes())
    return about


def describe(folder: Path, about: dict[str, Any]) -> None:
    text = json.dumps(about).replace(json.dumps(INFINITE), "1e999")
    (folder / "datapackage.json").write_text(text, "utf-8")


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where each value of a descriptor stands."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in pairs:
        yield (*at, key)
        if isinstance(part, dict | list):
            yield from places(part, (*at, key))


def changed(about: dict[str, Any], at: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return a descriptor with another value in a place."""
    copy: Any = json.loads(json.dumps(about))
    part = copy
    for key in at[:-1]:
        part = part[key]
    part[at[-1]] = value
    result: dict[str, Any] = copy
    return result


def require_one_line(error: ClaimlogError) -> None:
    assert "\n" not in str(error)


def read_all(folder: Path) -> int:
    """Do all that can be done with a build; return how often it was refused."""
    refused = 0
    try:
        data = claimlog.open(folder)
    except ClaimlogError as error:
        require_one_line(error)
        return 1
    assert repr(data).isprintable()
    for ask in (
        lambda: data.citation,
        lambda: data.labels("topic"),
        lambda: data.labels("topic", "claims"),
        *(lambda name=name: data.table(name) for name in data.tables),
    ):
        try:
            ask()
        except ClaimlogError as error:
            require_one_line(error)
            refused += 1
    return refused


@pytest.mark.slow
def test_whatever_a_descriptor_says_of_a_build_is_read_or_refused_in_a_line(build: Path) -> None:
    about = descriptor(build)
    assert not read_all(build)
    refused = 0
    used = ("name", "title", "version", "resources", "log")
    for at in places({name: about[name] for name in used if name in about}):
        # one resource is as another
        if at[:1] == ("resources",) and ("constraints" in at or (at[1:] and at[1] > 2)):
            continue
        for value in VALUES:
            describe(build, changed(about, at, value))
            refused += bool(read_all(build))
    assert refused > 100


def test_a_path_that_is_none_is_one_error() -> None:
    for name in ("x" * 300, "x" * 10_000, "a\x00b", "", "\udcff"):
        with pytest.raises(ClaimlogError):
            claimlog.open(f"/tmp/{name}/none")


def test_files_of_a_build_that_are_no_files_are_not_waited_for(build: Path) -> None:
    for name in ("parquet/claims.parquet", "datapackage.json"):
        (build / name).unlink()
        os.mkfifo(build / name)
        assert read_all(build)


def parquet(table: pa.Table) -> bytes:
    target = io.BytesIO()
    pq.write_table(table, target)
    return target.getvalue()


def cut(data: bytes) -> bytes:
    return data[:-30] + data[-8:]


@pytest.mark.parametrize("library", ["polars", "pandas", "arrow"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PAR1PAR1",
        b"PAR1" * 100,
        cut(parquet(pa.table({"a": [1]}))),
        parquet(pa.table({"a": [1]}).replace_schema_metadata({"pandas": "{"})),
        parquet(pa.table({"a": pa.array([1 << 62], pa.timestamp("us"))})),
        parquet(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])),
    ],
)
def test_a_table_that_is_none_is_one_error_in_every_library(
    data: bytes, library: str, build: Path
) -> None:
    about = descriptor(build)
    (build / "parquet" / "claims.parquet").write_bytes(data)
    for resource in about["resources"]:
        if resource["name"] == "claims":
            resource |= {"hash": f"sha256:{sha256(data).hexdigest()}", "bytes": len(data)}
    describe(build, about)
    try:
        table = claimlog.open(build).table("claims", library)
    except ClaimlogError as error:
        require_one_line(error)
    else:
        assert len(table) == 1


def test_a_codebook_without_codes_is_one_error(build: Path) -> None:
    about = descriptor(build)
    target = io.BytesIO()
    pl.DataFrame({"a": [1]}).write_parquet(target)
    data = target.getvalue()
    for resource in about["resources"]:
        if resource["name"] == "codebook":
            (build / resource["path"]).write_bytes(data)
            resource |= {"hash": f"sha256:{sha256(data).hexdigest()}", "bytes": len(data)}
    describe(build, about)
    with pytest.raises(ClaimlogError, match="its codebook is no table of codes"):
        claimlog.open(build).labels("topic")
