"""Making a new package: staged whole beside its place, and put there by one rename."""

from __future__ import annotations

import json
import os
import shutil
from functools import partial
from pathlib import Path

from claimlog.directory_swap import publish_directory
from claimlog.edit.add_amend_retract import Entries, add
from claimlog.edit.log_lock import log_lock
from claimlog.edit.seal import seal
from claimlog.errors import UsageError
from claimlog.export.descriptor import dump_json
from claimlog.package import DESCRIPTOR, STAMP, Package, require_utf_8_path
from claimlog.release.coding_manual import PAGE
from claimlog.release.descriptors.plain_yaml import dump_yaml
from claimlog.release.generated_package_files import CITATION, refresh_generated_files
from claimlog.schema.definition import read_definition
from claimlog.sources.text import Text, Texts
from claimlog.start.codebook_copy import codebook_copy
from claimlog.start.package_choices import PackageChoices, language_codes
from claimlog.start.template_files import (
    digest,
    filled_template,
    renewed_files,
    stamp,
    template_bytes,
    template_schemas,
)

CODEBOOK = "schemas/codebook/codebook.json"
TEXTS, EXAMPLE_TEXT = "texts", "texts/example.txt"
EXAMPLE_ARTICLE = "example/article.txt"
EXAMPLE_SLUG, EXAMPLE_CODER = "example", "example"
"""Name of the batch that holds the example, and the role that recorded it."""


def make_package(folder: Path, choices: PackageChoices, pattern: Package | None = None) -> Package:
    """Make a package that builds, tests, serves and, once it is committed, releases.

    Parameters
    ----------
    folder
        Where it will lie; empty or not there yet.
    pattern
        A package whose codebook it starts from. Without one it gets a generic codebook, and a
        batch of five claims of an invented article.

    Raises
    ------
    UsageError
        If a choice is not valid, or `folder` holds something.
    ClaimlogError
        If the codebook of `pattern` cannot be read, or the package cannot be written.
    """
    choices.require_valid()
    target = folder.absolute()
    require_place(folder)
    schemas = _copied_schemas(pattern, choices) if pattern else _generic_schemas(choices)
    written = renewed_files()
    with publish_directory(target, str(folder), partial(require_place, folder)) as staged:
        package = Package(staged)
        about = choices.head()
        contents = {
            **schemas,
            **written,
            **_owned_files(choices, has_example=pattern is None),
            DESCRIPTOR: dump_json(
                {
                    **about,
                    STAMP: stamp({path: digest(data) for path, data in written.items()}),
                    "resources": [],
                }
            ),
        }
        for path, data in contents.items():
            place = staged / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        for name in ("events", "releases", TEXTS):
            (staged / name).mkdir(exist_ok=True)
        refresh_generated_files(package, "the package is made")
        read_definition(package)
        if pattern is None:
            _seal_example(package)
        shutil.rmtree(package.state, ignore_errors=True)
    return Package(target)


def require_place(folder: Path) -> None:
    """Refuse a place that holds something, that cannot be made, or that lies inside a package.

    Raises
    ------
    UsageError
        Naming another place.
    """
    target = folder.absolute()
    require_utf_8_path(target)
    if not target.parent.is_dir():
        raise UsageError(f"{folder}: its parent is no directory; make that first")
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir()):
        raise UsageError(f"{folder}: is no directory; name another place")
    if target.is_dir() and next(target.iterdir(), None) is not None:
        raise UsageError(f"{folder}: is not empty; name a new directory")
    try:
        around = Package.find(target.resolve().parent).root
    except UsageError:
        return  # there is no package around it
    beside = os.path.relpath(around.parent / target.name)
    raise UsageError(
        f"{folder}: lies inside the package {around}, whose git would take it in; make it beside "
        f"that one: {beside}"
    )


def _copied_schemas(pattern: Package, choices: PackageChoices) -> dict[str, bytes]:
    """Return the definition of another package, of which the codebook is called as the new one."""
    found = codebook_copy(pattern)
    named = {**choices.codebook(), "version": pattern.json(CODEBOOK)["version"]}
    return {**found, CODEBOOK: dump_json({**pattern.json(CODEBOOK), **named})}


def _generic_schemas(choices: PackageChoices) -> dict[str, bytes]:
    return {
        **template_schemas(),
        CODEBOOK: dump_json(choices.codebook()),
        "schemas/codebook/codes/language.csv": language_codes(choices.languages),
    }


def _owned_files(choices: PackageChoices, has_example: bool) -> dict[str, bytes]:
    """Return the files that people read, and edit as theirs."""
    head = choices.head()
    [licence] = head["licenses"]
    values = {
        "title": choices.title,
        "topic": choices.topic,
        "licence": choices.licence,
        "licence_title": licence["title"],
        "licence_path": licence["path"],
        "example": template_bytes("files/example.md").decode() if has_example else "",
    }
    citation = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it with the version that you used.",
        "type": "dataset",
        "title": choices.title,
        "abstract": head["description"],
        "authors": [{"name": person["title"]} for person in head["contributors"]],
        "license": choices.licence,
        "keywords": head["keywords"],
    }
    example = {EXAMPLE_TEXT: template_bytes(EXAMPLE_ARTICLE)} if has_example else {}
    return {
        "README.md": filled_template("files/README.md", values),
        "LICENSE-DATA": filled_template("files/LICENSE-DATA", values),
        CITATION: dump_yaml(citation).encode(),
        PAGE: b"",  # filled from the codebook, as every generated file
        **example,
    }


def _seal_example(package: Package) -> None:
    """Add the rows of the example and seal them as the first batch, of which the stamp speaks."""
    texts = Texts(package.root / TEXTS)
    text = Text(template_bytes(EXAMPLE_ARTICLE).decode())
    rows = json.loads(template_bytes("example/rows.json"))
    rows["sources"][0] |= {"text_sha256": text.sha256, "text_length": len(text.content)}
    for stream, entries in rows.items():
        add(package, stream, Entries(entries), EXAMPLE_CODER, texts)
    with log_lock(package):
        batch, _ = seal(
            package,
            EXAMPLE_SLUG,
            "Example",
            "Five claims of an invented text, to look at and to take out: claimlog drop --example.",
            EXAMPLE_CODER,
            texts,
        )
    about = package.descriptor
    made = {**about[STAMP], "example": batch.path.name}
    (package.root / DESCRIPTOR).write_bytes(dump_json({**about, STAMP: made}))
