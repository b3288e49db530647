"""Compiling: from a log and a cutoff to every table, and to the files that describe them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import narwhals as nw
import polars as pl

from claimlog.build_notes import write_mark
from claimlog.export.conform import conform, conformed, constant_tables, empty
from claimlog.export.descriptor import Hashed, describe, dump_json
from claimlog.export.metadata import inspect_data, metadata
from claimlog.fold import (
    Cutoff,
    Gathered,
    Outside,
    fold_claims,
    fold_rest,
    fold_rows,
    gathered,
    wanted,
)
from claimlog.fold import cut as rows_until
from claimlog.fold.tables import Frames
from claimlog.log.event_log import Log
from claimlog.log.release_index import marks
from claimlog.schema.table_schema import fitting
from claimlog.validate import Report

Tables = Iterator[tuple[str, pl.DataFrame]]


class Compiler:
    """Folds a log up to a cutoff, step by step; what it has seen of the claims is in ``kept``."""

    def __init__(self, log: Log, cut: Cutoff) -> None:
        self.log = log
        self.cut = cut
        root = (log.trees[cut.batches - 1][1] if cut.batches else log.root).hex()
        self.outside = Outside(log.codebooks, marks(log.package, cut.size, root))
        lazy = {name: log.rows(name).lazy() for name in log.beside_claims}
        self.others = rows_until(lazy, cut.size)
        self.wanted = wanted(self.others, log.definition)
        self.kept = Gathered()

    def of_claims(self, claims: pl.DataFrame) -> Tables:
        """Yield the tables of some claims, of which `claims` holds every row."""
        with fitting("tables of claims"):
            rows = rows_until({"claims": claims.lazy()}, self.cut.size)["claims"]
            yield from self._computed(fold_claims(rows, self.others, self.log.definition))

    def of_rows(self, stretch: Mapping[str, pl.DataFrame]) -> Tables:
        """Yield the tables that have a row for each row of the log, for some of its rows."""
        with fitting("tables of all rows"):
            lazy = {name: frame.lazy() for name, frame in stretch.items()}
            rows = rows_until(lazy, self.cut.size)
            yield from self._computed(fold_rows(rows, self.log.definition, self.outside))

    def saw(self, name: str, rows: pl.LazyFrame) -> None:
        """Keep of rows of a table what `rest` needs."""
        with fitting(f"tables made of {name}"):
            if name == "claims":
                self.kept.add(gathered(nw.from_native(rows), self.wanted))
            elif name == "changes":
                self.kept.count(nw.from_native(rows))

    def rest(self) -> Tables:
        """Yield every other table."""
        definition = self.log.definition
        with fitting("tables of the other streams"):
            yield from self._computed(fold_rest(self.others, self.kept, definition, self.outside))
        constant = {**constant_tables(definition), "batches": batches_table(self.log, self.cut)}
        for name, frame in constant.items():
            if name in definition.tables:
                with fitting(f"schemas/tables/{name}.json"):
                    yield name, conform(frame.lazy(), definition.tables[name])

    def _computed(self, tables: Frames) -> Tables:
        """Yield folded tables, conformed; computed together, because they share most of it."""
        schemas = self.log.definition.tables
        named = [name for name in tables if name in schemas]
        lazy = [conformed(tables[name].to_native(), schemas[name]) for name in named]
        try:
            found = pl.collect_all(lazy)
        except pl.exceptions.PolarsError:
            for name, one in zip(named, lazy, strict=True):  # which of them is it?
                with fitting(f"schemas/tables/{name}.json"):
                    one.collect()
            raise
        for name in named:
            yield name, found.pop(0)


def compiled(log: Log, cut: Cutoff) -> Tables:
    """Yield every table by name, conformed to its schema, one at a time.

    Of a log in sections, tables of claims and of all rows come in pieces, in the order of their
    keys.
    """
    compiler = Compiler(log, cut)
    for pieces in chain(
        (compiler.of_claims(claims) for claims in log.claims()),
        (compiler.of_rows(stretch) for stretch in log.stretches()),
    ):
        for name, frame in pieces:
            compiler.saw(name, frame.lazy())
            yield name, frame
    yield from compiler.rest()


def batches_table(log: Log, cut: Cutoff) -> pl.DataFrame:
    """Return the batches that begin within a prefix, as their manifests describe them."""
    table = log.definition.tables["batches"]
    rows = []
    for batch in log.batches[: cut.batches]:
        tree = batch.manifest["tree"]
        own = {"tree_size": tree["size"], "root": tree["root"]}
        rows.append({name: own.get(name, batch.manifest.get(name)) for name in table.names})
    return pl.DataFrame(rows, schema=empty(table).schema)


def complete(
    log: Log,
    cut: Cutoff,
    report: Report,
    hashed: Hashed,
    mark: str,
    rows: Mapping[str, int],
) -> None:
    """Write what describes the tables of a build; `mark` is the fingerprint of the inputs."""
    folder = hashed.folder
    (folder / "validation.json").write_bytes(report.dump())
    state = folded_state(log, cut)
    descriptor = describe(log.definition, rows, state, hashed)
    (folder / "datapackage.json").write_bytes(dump_json(descriptor))
    (folder / "datasette").mkdir()
    for name, value in (
        ("metadata.json", metadata(log.definition, state)),
        ("inspect.json", inspect_data(descriptor)),
    ):
        (folder / "datasette" / name).write_bytes(dump_json(value))
    write_mark(folder, mark)


def folded_state(log: Log, cut: Cutoff) -> dict[str, Any]:
    """Return what was folded, as the descriptor of a build says it."""
    return {
        "tree_size": cut.size,
        "batches": cut.batches,
        "root": log.trees[cut.batches - 1][1].hex() if _whole_batches(log, cut) else None,
        "as_of": cut.said,
    }


def _whole_batches(log: Log, cut: Cutoff) -> bool:
    return cut.batches > 0 and log.trees[cut.batches - 1][0] == cut.size
