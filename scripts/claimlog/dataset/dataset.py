"""A release or build as a program sees it: tables by name, labels of codes, a citation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from hashlib import sha256
from tempfile import TemporaryDirectory
from typing import Any, Self

from claimlog.dataset.file_access import FileAccess
from claimlog.dataset.frames import frame_of
from claimlog.errors import ClaimlogError, UsageError
from claimlog.escaping import printable, printable_line
from claimlog.limits import FETCHED_BYTES
from claimlog.release.cite import cite
from claimlog.release.metadata import ReleaseMetadata
from claimlog.release.release_verdict import Verdict

CODEBOOK = "codebook"
"""The table of codes with their labels, by the name of their code list."""

OTHER_SHAPE = LookupError | TypeError | ValueError | ArithmeticError | AttributeError
"""What reading a descriptor raises that has other values than claimlog writes."""


class Dataset:
    """A release or build whose tables are read when they are asked for, each from its own file.

    `claimlog.open` makes one. A file that has not the checksum of the release's or build's own list
    is refused. Nothing is cached: a table that is asked for twice is read twice.

    Attributes
    ----------
    name, title, version : str
        Of the dataset, as its descriptor says.
    is_release : bool
        False for a build, which nobody can cite.
    verdict : Verdict or None
        What verifying a release gave, with the checks and omissions a line each, and
        ``verdict.sentence``; None if only checksums are checked, or it is a build.
    """

    def __init__(
        self,
        files: FileAccess,
        digests: Mapping[str, str],
        descriptor: Mapping[str, Any],
        summary: Mapping[str, Any] | None,
        verdict: Verdict | None = None,
        scratch: TemporaryDirectory[str] | None = None,
    ) -> None:
        self._files = files
        self._digests = digests
        self._descriptor = descriptor
        self._summary = summary
        self._scratch = scratch
        self.verdict = verdict
        self.is_release = summary is not None
        with self._readable():
            self.name = str(descriptor["name"])
            self.title = str(descriptor["title"])
            self.version = str((summary or descriptor)["version"])
            self._resources = {
                str(item["name"]): item
                for item in descriptor["resources"]
                if str(item["path"]).endswith(".parquet")
            }

    def __repr__(self) -> str:
        kind = "release" if self.is_release else "build"
        text = f"<{kind} {self.version} of {self.name}: {len(self.tables)} tables>"
        return printable_line(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was downloaded; it goes with the object too."""
        if self._scratch is not None:
            self._scratch.cleanup()

    @property
    def tables(self) -> list[str]:
        """Names of the tables."""
        return [*self._resources]

    def table(self, name: str, library: str = "polars") -> Any:
        """Return a table.

        Parameters
        ----------
        name : str
            One of `tables`.
        library : {"polars", "pandas", "arrow"}
            What it is a table of: `polars.DataFrame`, `pandas.DataFrame` or `pyarrow.Table`.

        Returns
        -------
        polars.DataFrame, pandas.DataFrame or pyarrow.Table
            Its rows in the order of the key. Codes are Enum, Categorical or dictionary, times are
            UTC, integers that may be absent stay integers.

        Raises
        ------
        ClaimlogError
            If there is no such table, or its file is not the one that the list names.
        """
        if name not in self._resources:
            known = ", ".join(self.tables)
            raise UsageError(f"{name}: is no table of {self.name} {self.version}; it has {known}")
        path = str(self._resources[name]["path"])
        return frame_of(self._read(path), library, path)

    def labels(self, column: str, table: str | None = None) -> dict[str, str]:
        """Return the label of each code of a column.

        Parameters
        ----------
        column : str
            Name of a coded column, as ``topic``.
        table : str, optional
            The table that has it, where columns of that name have different code lists.

        Returns
        -------
        dict of str to str
            Labels by code, in the order of the code list.

        Raises
        ------
        ClaimlogError
            If no such column is coded, or several are, by different lists.
        """
        lists = {str(field["codelist"]) for field in self._fields(column, table)}
        if len(lists) != 1:
            where = f" of {table}" if table else ""
            what = "is coded by " + " and ".join(sorted(lists)) if lists else "has no code list"
            more = "; name its table too" if lists and table is None else ""
            raise UsageError(f"{column}{where}: {what}{more}")
        codes = self.table(CODEBOOK)
        if not {"codelist", "code", "label"}.issubset(codes.columns):
            raise ClaimlogError(f"{self._files.display}: its {CODEBOOK} is no table of codes")
        chosen = lists.pop()
        rows = codes.select("codelist", "code", "label").iter_rows()
        return {code: label for codelist, code, label in rows if codelist == chosen}

    @property
    def citation(self) -> str:
        """A reference to what was opened, in the form of APA."""
        return self.cite("apa").strip()

    def cite(self, format: str = "bibtex") -> str:
        """Return a reference to the release.

        Parameters
        ----------
        format : {"bibtex", "ris", "csl-json", "apa", "datacite"}
            Its form; of a build there is only ``apa``, which says that it is none.
        """
        if self._summary is None:
            return self._build_citation(format)
        with self._readable():
            return cite(self._metadata(self._summary), (), format)

    def _metadata(self, summary: Mapping[str, Any]) -> ReleaseMetadata:
        return ReleaseMetadata(
            head={k: v for k, v in self._descriptor.items() if k not in ("resources", "log")},
            version=self.version,
            date=str(summary["date"]),
            tables={},
            rows={},
            files=(),
            tree_size=int(summary["tree"]["size"]),
            root=str(summary["tree"]["root"]),
            codebook_version=str(summary["codebook_version"]),
        )

    def _build_citation(self, format: str) -> str:
        if format != "apa":
            raise UsageError(f"{format}: a build is no release, and cannot be cited; open one")
        with self._readable():
            log = self._descriptor["log"]
            return printable(
                f"{self.title} [Data set]. Unreleased state of the log of {log['tree_size']} "
                f"events, root {log['root']}; cite a release instead.\n"
            )

    def _fields(self, column: str, table: str | None) -> Iterator[Mapping[str, Any]]:
        """Yield the coded columns of a name, keys of objects in lists among them."""
        with self._readable():
            for name, resource in self._resources.items():
                if table in (None, name):
                    for field in resource["schema"]["fields"]:
                        items = field.get("items") or {}
                        for part in (field, *items.get("fields", ())):
                            if part["name"] == column and "codelist" in part:
                                yield part

    def _read(self, path: str) -> bytes:
        """Return a file that has the checksum of the list."""
        digest = self._digests.get(path)
        # whatever the descriptor states
        most = min(self._sizes.get(path, FETCHED_BYTES), FETCHED_BYTES)
        try:
            data = self._files.read(path, most) if digest else None
        except MemoryError as error:
            raise ClaimlogError(
                f"{self._files.display}: there is no memory for {path}; open it where there is more"
            ) from error
        if data is None:
            raise ClaimlogError(f"{self._files.display}: has no {path}, which its descriptor names")
        if sha256(data).hexdigest() != digest:
            raise ClaimlogError(
                f"{self._files.display}: {path} is altered: its SHA-256 is not that of the list; "
                "get the release again from where it was published"
            )
        return data

    @cached_property
    def _sizes(self) -> Mapping[str, int]:
        """Bytes that the descriptor states of each table's file."""
        with self._readable():
            return {str(it["path"]): int(it["bytes"]) for it in self._resources.values()}

    def _readable(self) -> _Readable:
        return _Readable(self._files.display)


class _Readable:
    """Turns what a descriptor of another shape raises into one error."""

    def __init__(self, display: str) -> None:
        self.display = display

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: object, _: object) -> None:
        if kind is not None and issubclass(kind, OTHER_SHAPE):
            raise ClaimlogError(
                f"{self.display}: its descriptor is not as claimlog writes it ({error!r:.100}); "
                "get the release again from where it was published"
            )
