"""Compiling: from a log and a cutoff to every table, and to the files that describe them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import chain
from typing import Any

import narwhals as nw
import polars as pl

from claimlog.build_notes import write_fingerprint
from claimlog.export.definition_tables import definition_tables
from claimlog.export.descriptor import FileHashes, descriptor_of_build, dump_json
from claimlog.export.metadata import datasette_metadata, inspect_data
from claimlog.export.table_types import conform, conform_lazily, empty_table
from claimlog.fold import (
    ClaimSummary,
    Cutoff,
    FoldContext,
    bearing_links,
    fold_claims,
    fold_other_tables,
    fold_rows,
    fold_support,
    referenced_claims,
    stream_prefixes,
    summarize_claims,
)
from claimlog.fold.row_versions import Frame
from claimlog.fold.tables import Frames
from claimlog.log.coder_kinds import coder_kinds
from claimlog.log.event_log import Log
from claimlog.log.release_index import release_marks
from claimlog.log.sections import claim_ranges, envelope_ranges
from claimlog.package import VALIDATION
from claimlog.schema.table_schema import fitting
from claimlog.validate import Report

NamedFrames = Iterator[tuple[str, pl.DataFrame]]


class Compiler:
    """Folds a log up to a cutoff, step by step.

    Attributes
    ----------
    others
        The rows of every stream but the claims.
    referenced
        The claims that tables of the other streams need.
    summary
        What those tables need of the rows that `accumulate` was given.
    """

    def __init__(self, log: Log, cut: Cutoff) -> None:
        self.log = log
        self.cut = cut
        self.context = fold_context(log, cut)
        lazy = {name: log.rows(name).lazy() for name in log.beside_claims}
        self.others = stream_prefixes(lazy, cut.size)
        self.referenced = referenced_claims(self.others, log.definition)
        self.summary = ClaimSummary()
        self.links = bearing_links(self.others, log.definition)
        self.support = self._support()

    def _support(self) -> Frame | None:
        """Fold the linked claims by themselves: what they say of each other goes to all of them."""
        with fitting("tables of claims"):
            ids = pl.Series("claim_id", sorted(self.links.claims), dtype=pl.String)
            linked = stream_prefixes({"claims": self.log.claims_of(ids).lazy()}, self.cut.size)
            support = fold_support(linked["claims"], self.others, self.log.definition)
            return None if support is None else support.collect().lazy()

    def claim_tables(self, claims: pl.DataFrame) -> NamedFrames:
        """Yield the tables of some claims, of which `claims` holds every row."""
        with fitting("tables of claims"):
            rows = stream_prefixes({"claims": claims.lazy()}, self.cut.size)["claims"]
            yield from self._collect(
                fold_claims(rows, self.others, self.log.definition, self.support, self.context)
            )

    def row_tables(self, stretch: Mapping[str, pl.DataFrame]) -> NamedFrames:
        """Yield the tables that have a row for each row of the log, for some of its rows."""
        with fitting("tables of all rows"):
            lazy = {name: frame.lazy() for name, frame in stretch.items()}
            rows = stream_prefixes(lazy, self.cut.size)
            yield from self._collect(fold_rows(rows, self.log.definition, self.context))

    def accumulate(self, name: str, rows: pl.LazyFrame) -> None:
        """Add to the summary what `other_tables` needs of some rows of a table."""
        with fitting(f"tables made of {name}"):
            if name == "claims":
                self.summary.add(summarize_claims(nw.from_native(rows), self.referenced))
            elif name == "changes":
                self.summary.count_changes(nw.from_native(rows))

    def other_tables(self) -> NamedFrames:
        """Yield every other table, once all claims and changes were accumulated."""
        definition = self.log.definition
        with fitting("tables of the other streams"):
            yield from self._collect(
                fold_other_tables(self.others, self.summary, definition, self.context)
            )
        constant = {**definition_tables(definition), "batches": batches_table(self.log, self.cut)}
        for name, frame in constant.items():
            if name in definition.tables:
                with fitting(f"schemas/tables/{name}.json"):
                    yield name, conform(frame.lazy(), definition.tables[name])

    def _collect(self, tables: Frames) -> NamedFrames:
        """Yield folded tables, conformed; computed together, because they share most of it."""
        schemas = self.log.definition.tables
        names = [name for name in tables if name in schemas]
        lazy = [conform_lazily(tables[name].to_native(), schemas[name]) for name in names]
        try:
            frames = pl.collect_all(lazy)
        except pl.exceptions.PolarsError:
            for name, one in zip(names, lazy, strict=True):  # which of them is it?
                with fitting(f"schemas/tables/{name}.json"):
                    one.collect()
            raise
        for name in names:
            yield name, frames.pop(0)


def compile_tables(log: Log, cut: Cutoff) -> NamedFrames:
    """Yield every table by name, conformed to its schema, one at a time.

    Of a log in sections, tables of claims and of all rows come in pieces, in the order of their
    keys.
    """
    compiler = Compiler(log, cut)
    for pieces in chain(
        (compiler.claim_tables(claims) for claims in claim_ranges(log)),
        (compiler.row_tables(stretch) for stretch in envelope_ranges(log)),
    ):
        for name, frame in pieces:
            compiler.accumulate(name, frame.lazy())
            yield name, frame
    yield from compiler.other_tables()


def fold_context(log: Log, cut: Cutoff) -> FoldContext:
    """Return what the fold of a log up to a cutoff needs beside the rows."""
    root = (log.trees[cut.batches - 1][1] if cut.batches else log.root).hex()
    return FoldContext(
        log.codebooks,
        release_marks(log.releases, log.definition.descriptor, cut.size, root),
    )


def batches_table(log: Log, cut: Cutoff) -> pl.DataFrame:
    """Return the batches that begin within a prefix, as their manifests describe them."""
    table = log.definition.tables["batches"]
    rows = []
    for batch in log.batches[: cut.batches]:
        tree = batch.manifest["tree"]
        own = {"tree_size": tree["size"], "root": tree["root"]}
        rows.append({name: own.get(name, batch.manifest.get(name)) for name in table.names})
    return pl.DataFrame(rows, schema=empty_table(table).schema)


def describe_build(
    log: Log,
    state: Mapping[str, Any],
    report: Report,
    hashes: FileHashes,
    fingerprint: str,
    rows: Mapping[str, int],
) -> None:
    """Write what describes the tables of a build: report, descriptor and Datasette's metadata.

    Parameters
    ----------
    state
        The part of the log that was folded (`log_state`).
    fingerprint
        The fingerprint of the inputs.
    rows
        Number of rows by table.
    """
    folder, definition = hashes.folder, log.definition
    paged = [str(entry.version) for entry in log.releases if entry.has_pages]
    (folder / VALIDATION).write_bytes(report.dump())
    descriptor = descriptor_of_build(definition, rows, state, hashes)
    (folder / "datapackage.json").write_bytes(dump_json(descriptor))
    (folder / "datasette").mkdir()
    for name, value in (
        ("metadata.json", datasette_metadata(definition, state, paged, log.added_columns)),
        ("inspect.json", inspect_data(descriptor)),
    ):
        (folder / "datasette" / name).write_bytes(dump_json(value))
    write_fingerprint(folder, fingerprint)


def log_state(log: Log, cut: Cutoff) -> dict[str, Any]:
    """Return the part of the log that was folded, as the descriptor of a build gives it."""
    kinds = coder_kinds(log, cut.size)
    taken = [{"row": seq, **asdict(row)} for seq, row in log.taken_rows.items() if seq < cut.size]
    return {
        "tree_size": cut.size,
        "batches": cut.batches,
        "root": log.trees[cut.batches - 1][1].hex() if _ends_with_batch(log, cut) else None,
        "as_of": cut.label,
        **({"coders": kinds} if kinds else {}),
        **({"taken_down": taken} if taken else {}),
    }


def _ends_with_batch(log: Log, cut: Cutoff) -> bool:
    return cut.batches > 0 and log.trees[cut.batches - 1][0] == cut.size
