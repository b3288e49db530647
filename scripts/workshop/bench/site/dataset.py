"""The package that is served: a synthetic log with codings, two releases and a page of docs/.

``python -m workshop.bench.site.dataset PACKAGE FOLDER CLAIMS`` makes it, in a process of its own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from claimlog.build import build
from claimlog.log.batch import MANIFEST
from claimlog.log.release_index import FOLDER
from claimlog.package import RELEASE, SUMS, Package
from claimlog.release.checksums import sha256_of_file
from workshop.bench.synthetic_log import make_log

DAY = "2026-01-02"
DOCUMENT, IMAGE = "page", "plot.svg"
"""A page of documentation and an image that it shows."""
EARLIER_VERSION, LATER_VERSION = "0.1.0", "0.2.0"


def make_dataset(package: Package, folder: Path, claims: int) -> Package:
    """Make a log in `folder`, build it, and return its package.

    Release 0.1.0 ends in the middle of the log; 0.2.0 holds all but the last batch and lies in
    ``dist/``, so that it can be served beside the build.
    """
    synthetic = make_log(package, folder, claims, codings=True)
    manifests = [
        json.loads(path.read_bytes()) for path in sorted(synthetic.events.glob(f"*/{MANIFEST}"))
    ]
    _write_index_entry(synthetic, EARLIER_VERSION, manifests[len(manifests) // 2 - 1], {})
    last = manifests[-2]
    # the release's database lists the release, so the entry comes before the build
    _write_index_entry(synthetic, LATER_VERSION, last, {})
    target = synthetic.dist / f"{synthetic.descriptor['name']}-{LATER_VERSION}"
    target.parent.mkdir()
    build(synthetic, target, as_of=str(last["number"]))
    docs = synthetic.root / "docs"
    docs.mkdir()
    (docs / f"{DOCUMENT}.md").write_text(f"# A page\n\n![A plot]({IMAGE})\n", "utf-8")
    (docs / IMAGE).write_text('<svg xmlns="http://www.w3.org/2000/svg"/>\n', "utf-8")
    name = f"{synthetic.descriptor['name']}.db"
    _write_index_entry(synthetic, LATER_VERSION, last, {name: sha256_of_file(target / name)})
    build(synthetic, synthetic.build)
    return synthetic


def _write_index_entry(
    package: Package, version: str, last: dict[str, Any], files: dict[str, str]
) -> None:
    """Write the index entry of a release that ends with a batch; nobody rebuilds or fetches it."""
    name = f"{package.descriptor['name']}-{version}.zip"
    entry = {
        "version": version,
        "date": DAY,
        "commit": "0" * 40,
        "codebook_version": last["codebook_version"],
        "batches": last["number"],
        "tree": {"size": last["tree"]["size"], "root": last["tree"]["root"]},
        "archive": {"path": name, "bytes": 1, "sha256": "0" * 64},
        "files": {**dict.fromkeys((SUMS, RELEASE), "0" * 64), **files},
        "tables": {},
    }
    path = package.root / FOLDER / f"{version}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(entry, indent=2), "utf-8")


if __name__ == "__main__":
    make_dataset(Package(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3]))
