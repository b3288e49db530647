"""Directories at addresses that Spark's file systems know: ``file:``, ``hdfs:``, ``s3a:`` …"""

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
PATTERN = re.compile(r"[\\*?\[\]{}]")
"""Characters that Hadoop reads as part of a pattern; after a backslash they are plain ones."""


def local_path(text: str) -> Path | None:
    """Return the path of this machine that `text` names, None for one elsewhere.

    >>> local_path("file:///tmp/x"), local_path("s3a://bucket/x")
    (PosixPath('/tmp/x'), None)
    """
    match = SCHEME.match(text)
    if match is None:
        return Path(text).absolute()
    return Path("/" + text[match.end() :].lstrip("/")) if match["scheme"] == "file" else None


def local_address(path: Path) -> str:
    """Return a path of this machine as an address, not percent-encoded: Hadoop decodes nothing.

    >>> local_address(Path("/tmp/a b"))
    'file:///tmp/a b'
    """
    return f"file://{path.absolute()}"


def literal_address(address: str) -> str:
    r"""Return an address for what Spark reads, which would take it for a pattern (a glob).

    >>> print(literal_address("file:///tmp/data[1]/x"))
    file:///tmp/data\[1\]/x
    """
    return PATTERN.sub(r"\\\g<0>", address)


@dataclass(frozen=True)
class DirectoryEntry:
    """A file or directory: its path below a `StorageDirectory`, and its address."""

    name: str
    address: str
    is_directory: bool


class StorageDirectory:
    """A directory at an address; `name` is always a path below it.

    Raises
    ------
    ClaimlogError
        If Spark has no connector for it, or it cannot be reached.
    """

    def __init__(self, spark: SparkSession, address: str) -> None:
        self.address = address.rstrip("/")
        self._jvm: Any = spark._jvm
        with self._translate_errors():
            self._path = self._jvm.org.apache.hadoop.fs.Path(self.address)
            configuration = spark._jsc.hadoopConfiguration()
            self._system = self._path.getFileSystem(configuration)

    def exists(self, name: str = "") -> bool:
        with self._translate_errors():
            return bool(self._system.exists(self._path_of(name)))

    def entries(self, name: str = "") -> Iterator[DirectoryEntry]:
        """Yield what a directory holds, in order of name."""
        with self._translate_errors():
            statuses = self._system.listStatus(self._path_of(name))
        for status in sorted(statuses, key=lambda status: str(status.getPath().getName())):
            path = status.getPath()
            below = f"{name}/{path.getName()}".lstrip("/")
            yield DirectoryEntry(below, str(path.toString()), bool(status.isDirectory()))

    def read(self, name: str) -> bytes:
        """Return a small file's bytes."""
        with self._translate_errors():
            stream = self._system.open(self._path_of(name))
            try:
                return bytes(stream.readAllBytes())
            finally:
                stream.close()

    def write(self, name: str, data: bytes) -> None:
        with self._translate_errors():
            stream = self._system.create(self._path_of(name), True)
            try:
                stream.write(bytearray(data))
            finally:
                stream.close()

    def remove(self, name: str = "") -> None:
        with self._translate_errors():
            self._system.delete(self._path_of(name), True)

    def rename(self, other: StorageDirectory) -> None:
        """Move the directory to where `other` is."""
        with self._translate_errors():
            if not self._system.rename(self._path, other._path):
                raise ClaimlogError(f"{other.address}: cannot be written; nothing was replaced")

    def _path_of(self, name: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(f"{self.address}/{name}") if name else self._path

    def _translate_errors(self) -> _ErrorTranslation:
        return _ErrorTranslation(self.address, self._jvm)


class _ErrorTranslation:
    """Context that turns what a file system throws into a message about the address."""

    def __init__(self, address: str, jvm: Any) -> None:
        self.address = address
        self._jvm = jvm

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from py4j.protocol import Py4JError

        if not isinstance(error, Py4JError):
            return
        message = str(error)
        match = SCHEME.match(self.address)
        scheme = match["scheme"] if match else "file"
        if "No FileSystem for scheme" in message or "ClassNotFoundException" in message:
            version = self._jvm.org.apache.hadoop.util.VersionInfo.getVersion()
            raise ClaimlogError(
                f"{self.address}: this Spark has no connector for {scheme}: addresses; name one, "
                f"for s3a: --spark spark.jars.packages=org.apache.hadoop:hadoop-aws:{version}"
            ) from error
        lines = [line for line in message.splitlines() if "Exception" in line]
        reason = (lines or message.splitlines() or ["no reason given"])[-1].strip()
        reason = reason.removeprefix("Caused by: ").removeprefix(": ")[:200]
        raise ClaimlogError(
            f"{self.address}: cannot be reached ({reason}); check the address and what may read it"
        ) from error
