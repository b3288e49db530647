"""Addresses that Spark's own file systems know: ``file:``, ``hdfs:``, ``s3a:`` and their like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimlog.errors import ClaimlogError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*):/")


def is_address(text: str) -> bool:
    """Whether a text names a file system, rather than a path of this machine."""
    return SCHEME.match(text) is not None


def local_path(text: str) -> Path | None:
    """Return the path of this machine that `text` names, None for one elsewhere.

    >>> local("file:///tmp/x"), local("s3a://bucket/x")
    (PosixPath('/tmp/x'), None)
    """
    match = SCHEME.match(text)
    if match is None:
        return Path(text).absolute()
    return Path("/" + text[match.end() :].lstrip("/")) if match["scheme"] == "file" else None


@dataclass(frozen=True)
class DirectoryEntry:
    """A file or directory at an address: its path below the place, and where it lies."""

    name: str
    address: str
    is_directory: bool


class StorageDirectory:
    """A directory at an address.

    Raises
    ------
    ClaimlogError
        If Spark has no connector for it, or it cannot be reached.
    """

    def __init__(self, spark: SparkSession, address: str) -> None:
        self.address = address.rstrip("/")
        self._jvm: Any = spark._jvm
        with self._reached():
            self._path = self._jvm.org.apache.hadoop.fs.Path(self.address)
            configuration = spark._jsc.hadoopConfiguration()
            self._system = self._path.getFileSystem(configuration)

    def exists(self, name: str = "") -> bool:
        with self._reached():
            return bool(self._system.exists(self._at(name)))

    def entries(self, name: str = "") -> Iterator[DirectoryEntry]:
        """Yield what a directory holds, in order of name."""
        with self._reached():
            found = self._system.listStatus(self._at(name))
        for status in sorted(found, key=lambda status: str(status.getPath().getName())):
            path = status.getPath()
            shown = f"{name}/{path.getName()}".lstrip("/")
            yield DirectoryEntry(shown, str(path.toString()), bool(status.isDirectory()))

    def read(self, name: str) -> bytes:
        """Return a small file's bytes."""
        with self._reached():
            stream = self._system.open(self._at(name))
            try:
                return bytes(stream.readAllBytes())
            finally:
                stream.close()

    def write(self, name: str, data: bytes) -> None:
        with self._reached():
            stream = self._system.create(self._at(name), True)
            try:
                stream.write(bytearray(data))
            finally:
                stream.close()

    def remove(self, name: str = "") -> None:
        with self._reached():
            self._system.delete(self._at(name), True)

    def rename(self, other: StorageDirectory) -> None:
        """Move the directory to where `other` is."""
        with self._reached():
            if not self._system.rename(self._path, other._path):
                raise ClaimlogError(f"{other.address}: cannot be written; nothing was replaced")

    def _at(self, name: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(f"{self.address}/{name}") if name else self._path

    def _reached(self) -> _Reached:
        return _Reached(self.address, self._jvm)


class _Reached:
    """Turns what a file system throws into a message about the address."""

    def __init__(self, address: str, jvm: Any) -> None:
        self.address = address
        self._jvm = jvm

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from py4j.protocol import Py4JError

        if not isinstance(error, Py4JError):
            return
        said = str(error)
        match = SCHEME.match(self.address)
        scheme = match["scheme"] if match else "file"
        if "No FileSystem for scheme" in said or "ClassNotFoundException" in said:
            version = self._jvm.org.apache.hadoop.util.VersionInfo.getVersion()
            raise ClaimlogError(
                f"{self.address}: this Spark has no connector for {scheme}: addresses; name one, "
                f"for s3a: --spark spark.jars.packages=org.apache.hadoop:hadoop-aws:{version}"
            ) from error
        lines = [line for line in said.splitlines() if "Exception" in line]
        reason = (lines or said.splitlines() or ["no reason given"])[-1].strip()
        reason = reason.removeprefix("Caused by: ").removeprefix(": ")[:200]
        raise ClaimlogError(
            f"{self.address}: cannot be reached ({reason}); check the address and what may read it"
        ) from error
