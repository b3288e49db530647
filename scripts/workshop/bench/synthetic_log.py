"""A synthetic log of any size that obeys every rule, and the texts that its claims point at.

The same number of claims and seed give the same bytes. All words are invented: those of texts end
in a consonant and those of statements in a vowel, so that no statement repeats its text. Rows are
made and sealed batch by batch; memory holds one batch, whatever the size of the log.
"""

from __future__ import annotations

import shutil
import sys
from hashlib import sha256
from pathlib import Path

import orjson

from claimlog.export.descriptor import dump_json
from claimlog.log.batch import MANIFEST, dump_manifest, resources, sealed_batches
from claimlog.log.canonical import encode
from claimlog.log.merkle import CompactRange, leaf_hash
from claimlog.package import DESCRIPTOR, Package
from claimlog.schema.definition import read_definition
from workshop.bench.synthetic_rows import Row, RowGenerator

SEED = 1
CHECKED_EVERY = 1000  # of every so many rows, one is encoded the slow and exact way as well


def make_log(
    package: Package, folder: Path, claims: int, seed: int = SEED, codings: bool = False
) -> Package:
    """Make a package of `claims` claims in ``folder/package`` and their texts in ``folder/texts``.

    Parameters
    ----------
    package
        Where schemas, code lists and the descriptor's head are copied from.
    claims
        Number of claims asserted; amendments and retractions add about 6 % more rows.
    codings
        Whether codings of a part of the articles are added, which the peers do not know.
    """
    root = folder / "package"
    shutil.copytree(package.schemas, root / "schemas")
    about = {**package.descriptor, "name": "bench", "title": "A synthetic log", "resources": []}
    (root / DESCRIPTOR).write_bytes(dump_json(about))
    (folder / "texts").mkdir()
    synthetic = Package(root)
    sealer = Sealer(synthetic)
    for slug, rows in RowGenerator(sealer.definition, folder / "texts", seed, codings).batches(
        claims
    ):
        sealer.seal(slug, rows)
        rows.clear()  # freed before the next batch is made
    about["resources"] = resources(synthetic, sealed_batches(synthetic, []))
    (root / DESCRIPTOR).write_bytes(dump_json(about))
    return Package(root)


class Sealer:
    """Writes batches whose manifests, chain and tree are right."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.definition = read_definition(package)
        self.tree = CompactRange()
        self.number = 0
        self.previous: str | None = None

    def seal(self, slug: str, rows: dict[str, list[Row]]) -> None:
        """Write one batch."""
        self.number += 1
        folder = self.package.events / f"{self.number:04d}-{slug}"
        folder.mkdir(parents=True)
        before = {"size_before": self.tree.size, "root_before": self.tree.root().hex()}
        streams = [name for name in self.definition.streams if rows.get(name)]
        manifest = {
            "number": self.number,
            "slug": slug,
            "title": f"Batch {self.number} of a synthetic log",
            "method": "Drawn at random by the bench of claimlog; it says nothing about the world.",
            "recorded_by": "bench",
            "sealed_at": max(rows[name][-1]["recorded_at"] for name in streams),
            "codebook_version": self.definition.codebook.version,
            "previous_sha256": self.previous,
            "files": {f"{name}.ndjson": self._write(folder, name, rows[name]) for name in streams},
            # after the files: writing them extends the tree
            "tree": {**before, "size": self.tree.size, "root": self.tree.root().hex()},
        }
        data = dump_manifest(manifest)
        (folder / MANIFEST).write_bytes(data)
        self.previous = sha256(data).hexdigest()

    def _write(self, folder: Path, stream: str, rows: list[Row]) -> Row:
        lines = [orjson.dumps(row, option=orjson.OPT_SORT_KEYS) for row in rows]
        for index in range(0, len(rows), CHECKED_EVERY):
            assert lines[index] == encode(rows[index]), "orjson does not write canonical JSON"
        self.tree.extend([leaf_hash(line) for line in lines])
        data = b"\n".join(lines) + b"\n"
        (folder / f"{stream}.ndjson").write_bytes(data)
        return {
            "rows": len(lines),
            "bytes": len(data),
            "sha256": sha256(data).hexdigest(),
            "schema_version": self.definition.streams[stream].version,
        }


if __name__ == "__main__":
    make_log(Package(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3]))
