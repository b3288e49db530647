"""README.md: a dataset card for Hugging Face, and the page that people read first."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from claimlog.coder_wording import PEOPLE
from claimlog.escaping import from_markdown, markdown
from claimlog.release.cite import cite
from claimlog.release.descriptors.plain_yaml import dump_yaml, load_yaml
from claimlog.release.descriptors.schemaorg import MAIN_TABLE
from claimlog.release.descriptors.stated_metadata import (
    StatedMetadata,
    bare_doi,
    csv_name,
    parquet_name,
    without_absent,
)
from claimlog.release.descriptors.wording import (
    LANGUAGE,
    SUMS_COMMAND,
    VERIFY_COMMAND,
    coding_method,
    compilation,
    root_label,
)
from claimlog.release.metadata import ReleaseMetadata
from claimlog.release.tool_wheel import LOCK, wheel_name

FENCE = "---\n"
SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)
LARGEST = "100M<n<1B"
VERSION_LINE = re.compile(r"^Version (\S+), released on (\S+)\.", re.MULTILINE)
CREATORS_LINE = re.compile(r"^Made by (.+)\.$", re.MULTILINE)
LICENCE_LINE = re.compile(r"^Licence: .+, (\S+)\.$", re.MULTILINE)
DOI_LINE = re.compile(r"^DOI: <(.+)>$", re.MULTILINE)
TITLE_LINE = re.compile(r"^# (.+)$", re.MULTILINE)

PAGE = """
# {title}

{entrance}{description}

Version {version}, released on {date}.
Made by {creators}.
Licence: {licence}, {licence_name}.
{doi}

{method}

It is no fact check: a row says what a source says, whether or not it is so. It is no sample of
anything beyond its sources, and it holds no text of theirs.

{parts}## The tables

| table | rows | a row is |
| --- | --: | --- |
{tables}

Every table is a file `parquet/<table>.parquet`, and all of them are in `{name}.db` (SQLite).
`datapackage.json` describes every column.

{csv}## Load it

DuckDB:

```python
import duckdb

print(duckdb.sql("select count(*) from '{main_path}'"))
```

Polars:

```python
import polars as pl

{main} = pl.read_parquet("{main_path}")
```

datasets, from the directory above this one and with the name of any table:

```python
from datasets import load_dataset

{main} = load_dataset("./{metadata.stem}", "{main}", split="train")
```

{tool}## Check it

```sh
{check_sums}
{check_all}
```

The first checks every file against its checksum, the second the log, the tables and these
descriptors. {root}:
`{metadata.root}`.

Without more they show that this copy is whole in itself, and not that it is what was published:
whoever makes a copy can make its checksums too. That takes something from elsewhere, as the root
above in a citation, the index of releases, a signature or the key of who published it:
`claimlog verify --help` says how each is given.

## Cite it

{citation}
"""
ENTRANCE = """Open `site/index.html` in a browser, without a server or a connection: it shows
the whole dataset, with a search and a page for every claim.

"""
PARTS = """## What the directory holds

- `site/`: pages for reading; `site/claims/ID/index.html` is the page of a claim.
- `{name}.db`: all tables, for SQLite.
- `parquet/`: every table as a Parquet file, with its types.
- `csv/`: the same tables for programs that read neither.
- `delta/`: what changed since the release before; absent where there is none.
- `log/`: the events that all else is made of, with their schemas and the codebook: a package, for
  `claimlog --package log`.
- `CHANGES.md`: what changed since the release before, in words.
- `release.json`: size and root of the log, and a hash for every table.
- `validation.json`: what was checked before the release.
{checkpoint}- `{wheel}`: the tool that made it, with `{lock}`.
- `SHA256SUMS`: a checksum for every file. The other files describe the dataset to catalogues and
  reference managers: `datapackage.json`, `CITATION.cff`, `croissant.json`, `datacite.json`,
  `dataset.jsonld` and `ro-crate-metadata.json`.

Whether the claims that a bibliography cites have changed since (claimlog is installed below):

```sh
claimlog --package log check-citations FILE
```

"""
CHECKPOINT = "- `checkpoint`: the same size and root in a form that other people's tools read.\n"
CSV = """## The same tables as CSV

`csv/<table>.csv` holds the rows of each table in UTF-8, with commas, a header and line feeds, for
programs that read neither Parquet nor SQLite. Types are not in it:

- A column of digits may be text, as in a code `010`: a program that guesses types drops the zero.
  Import every column as text, or with the types that `datapackage.json` gives, as in pandas
  `read_csv("csv/{main}.csv", dtype=str)`.
- Absent values are empty cells, lists are JSON, times are UTC, true and false are words. Dates of
  what happened are EDTF and may be a year or an interval: no spreadsheet's date.
- A spreadsheet program computes a text that begins with `=`, `+`, `-` or `@`. Such a text has an
  apostrophe before it here and nowhere else; numbers are as they are. Parquet and SQLite hold the
  text alone.

"""
TOOL = """## Install claimlog

{compilation}
`{wheel}` is that version, a wheel for Python 3.11 or newer, and `{lock}` pins the libraries
that it was tested with. They go into an environment outside of this directory:

```sh
python3 -m venv ../claimlog
../claimlog/bin/pip install --no-deps -r {lock}
../claimlog/bin/pip install --no-deps {wheel}
. ../claimlog/bin/activate
```

This copy of the tool comes from whoever made the release. To check a release that you do not trust,
use a claimlog that you have from elsewhere.

"""
BY_PEOPLE, BY_MACHINES = "expert-generated", "machine-generated"
"""Hugging Face's words for who coded."""

NO_DOI = """
No DOI has been minted for this release; to mint one, deposit the zip of this directory at an
archive such as Zenodo and put the DOI into `datapackage.json` as `id`."""


def describe(metadata: ReleaseMetadata) -> bytes:
    """Return ``README.md``."""
    return f"{FENCE}{dump_yaml(_front_matter(metadata))}{FENCE}{_page(metadata)}".encode()


def parse(data: bytes) -> StatedMetadata:
    """Return what ``README.md`` states, in its front matter and on the page."""
    front, page = split_page(data)
    fields = load_yaml(front)
    version, date = _require_match(VERSION_LINE, page).groups()
    titles = {fields["pretty_name"], from_markdown(_require_match(TITLE_LINE, page)[1])}
    doi = DOI_LINE.search(page)
    return StatedMetadata(
        title=" / ".join(sorted(titles)),
        version=version,
        date=date,
        licences=(fields["license"], from_markdown(_require_match(LICENCE_LINE, page)[1])),
        creators=tuple(map(from_markdown, _require_match(CREATORS_LINE, page)[1].split("; "))),
        keywords=tuple(fields.get("tags", ())),
        doi=bare_doi(doi and doi[1]),
    )


def split_page(data: bytes) -> tuple[str, str]:
    """Return front matter and page; other programs read a front matter at the very beginning."""
    text = data.decode()
    front, fence, page = text.removeprefix(FENCE).partition(f"\n{FENCE}")
    if not (text.startswith(FENCE) and fence):
        raise ValueError("it does not begin with a front matter")
    return f"{front}\n", page


def _require_match(pattern: re.Pattern[str], page: str) -> re.Match[str]:
    match = pattern.search(page)
    if match is None:
        raise ValueError(f"no line matches {pattern.pattern}")
    return match


def _front_matter(metadata: ReleaseMetadata) -> dict[str, Any]:
    return without_absent(
        {
            "license": metadata.licence["name"].lower(),
            "language": [LANGUAGE],
            "pretty_name": metadata.title,
            "tags": metadata.head.get("keywords"),
            "annotations_creators": _annotation_creators(metadata.coders),
            "size_categories": [_size(metadata.rows[MAIN_TABLE])],
            "configs": [_config(name) for name in metadata.tables],
        }
    )


def _annotation_creators(kinds: Collection[str]) -> list[str] | None:
    """Return who coded, in Hugging Face's words; None where no coder is registered."""
    people = [BY_PEOPLE] if PEOPLE.intersection(kinds) else []
    machines = [] if set(kinds) <= {"person"} else [BY_MACHINES]
    return [*people, *machines] or None


def _size(rows: int) -> str:
    return next((name for limit, name in SIZES if rows < limit), LARGEST)


def _config(name: str) -> dict[str, Any]:
    default = {"default": True} if name == MAIN_TABLE else {}
    return {"config_name": name, "data_files": parquet_name(name), **default}


def _page(metadata: ReleaseMetadata) -> str:
    doi = metadata.doi_address
    return PAGE.format(
        metadata=metadata,
        name=metadata.name,
        title=markdown(metadata.title),
        description=markdown(metadata.head["description"]),
        version=metadata.version,
        date=metadata.date,
        creators="; ".join(map(markdown, metadata.creators)),
        licence=_licence(metadata),
        licence_name=markdown(metadata.licence["name"]),
        doi=f"DOI: <{doi}>" if doi else NO_DOI,
        method=coding_method(metadata),
        entrance=ENTRANCE if metadata.tool_version else "",
        parts=_parts(metadata),
        csv=CSV.format(main=MAIN_TABLE) if _has_csv(metadata) else "",
        tool=_tool(metadata),
        tables="\n".join(
            f"| `{name}` | {metadata.rows[name]:,} | {markdown(table.description)} |"
            for name, table in metadata.tables.items()
        ),
        main=MAIN_TABLE,
        main_path=parquet_name(MAIN_TABLE),
        check_sums=SUMS_COMMAND,
        check_all=VERIFY_COMMAND,
        root=root_label(metadata),
        citation=markdown(cite(metadata, (), "apa")),
    )


def _has_csv(metadata: ReleaseMetadata) -> bool:
    """Whether the tables are there as CSV too; they are not in releases up to 0.2.0."""
    return csv_name(MAIN_TABLE) in {item.path for item in metadata.files}


def _tool(metadata: ReleaseMetadata) -> str:
    """Return the section about claimlog; empty for a release in which it does not lie."""
    if metadata.tool_version is None:
        return ""
    return TOOL.format(
        compilation=compilation(metadata), wheel=wheel_name(metadata.tool_version), lock=LOCK
    )


def _parts(metadata: ReleaseMetadata) -> str:
    """Return the section about the parts; empty for a release up to 0.2.0, which lacks some."""
    if metadata.tool_version is None:
        return ""
    return PARTS.format(
        name=metadata.name,
        wheel=wheel_name(metadata.tool_version),
        lock=LOCK,
        checkpoint=CHECKPOINT if metadata.log_origin else "",
    )


def _licence(metadata: ReleaseMetadata) -> str:
    title, address = markdown(metadata.licence["title"]), metadata.licence_address
    # a parenthesis would end the address early
    return f"[{title}]({address.replace('(', '%28').replace(')', '%29')})" if address else title
