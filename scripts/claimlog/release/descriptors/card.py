"""README.md: a dataset card as Hugging Face reads it, and the page that people read first."""

from __future__ import annotations

import re
from typing import Any

from claimlog.escaping import from_markdown, markdown
from claimlog.release.cite import cite
from claimlog.release.descriptors.plain_yaml import dump_yaml, load_yaml
from claimlog.release.descriptors.schemaorg import MAIN
from claimlog.release.descriptors.told import Told, given, parquet, resolver, without_resolver
from claimlog.release.descriptors.wording import (
    CHECK_ALL,
    CHECK_SUMS,
    LANGUAGE,
    coders,
    root,
)
from claimlog.release.metadata import Facts

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
RELEASED = re.compile(r"^Version (\S+), released on (\S+)\.", re.MULTILINE)
MAKERS = re.compile(r"^Made by (.+)\.$", re.MULTILINE)
LICENCE = re.compile(r"^Licence: .+, (\S+)\.$", re.MULTILINE)
DOI = re.compile(r"^DOI: <(.+)>$", re.MULTILINE)
HEADING = re.compile(r"^# (.+)$", re.MULTILINE)

PAGE = """
# {title}

{description}

Version {version}, released on {date}.
Made by {creators}.
Licence: {licence}, {licence_name}.
{doi}

{coders}

It is no fact check: a row says what a source says, whether or not it is so. It is no sample of
anything beyond its sources, and it holds no text of theirs.

## What the directory holds

| table | rows | a row is |
| --- | --: | --- |
{tables}

Every table is a file `parquet/<table>.parquet`, and all of them are in `{name}.db` (SQLite).
`datapackage.json` describes every column.

## Load it

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

{main} = load_dataset("./{facts.stem}", "{main}", split="train")
```

## Check it

```sh
{check_sums}
{check_all}
```

The first checks every file against its checksum, the second the log, the tables and these
descriptors. {root}:
`{facts.root}`.

## Cite it

{citation}
"""
UNMINTED = """
No DOI has been minted for this release; to mint one, deposit the zip of this directory at an
archive such as Zenodo and put the DOI into `datapackage.json` as `id`."""


def describe(facts: Facts) -> bytes:
    """Return ``README.md``."""
    return f"{FENCE}{dump_yaml(_front(facts))}{FENCE}{_page(facts)}".encode()


def read(data: bytes) -> Told:
    """Return what ``README.md`` tells, in its front matter and on the page."""
    _, front, page = data.decode().split(FENCE, 2)
    found = load_yaml(front)
    version, date = _found(RELEASED, page).groups()
    titles = {found["pretty_name"], from_markdown(_found(HEADING, page)[1])}
    doi = DOI.search(page)
    return Told(
        title=" / ".join(sorted(titles)),
        version=version,
        date=date,
        licences=(found["license"], from_markdown(_found(LICENCE, page)[1])),
        creators=tuple(map(from_markdown, _found(MAKERS, page)[1].split("; "))),
        keywords=tuple(found.get("tags", ())),
        doi=without_resolver(doi and doi[1]),
    )


def _found(pattern: re.Pattern[str], page: str) -> re.Match[str]:
    match = pattern.search(page)
    if match is None:
        raise ValueError(f"no line is like {pattern.pattern}")
    return match


def _front(facts: Facts) -> dict[str, Any]:
    return given(
        {
            "license": facts.licence["name"].lower(),
            "language": [LANGUAGE],
            "pretty_name": facts.title,
            "tags": facts.head.get("keywords"),
            "annotations_creators": ["machine-generated"],
            "size_categories": [_size(facts.rows[MAIN])],
            "configs": [_config(name) for name in facts.tables],
        }
    )


def _size(rows: int) -> str:
    return next((name for limit, name in SIZES if rows < limit), LARGEST)


def _config(name: str) -> dict[str, Any]:
    default = {"default": True} if name == MAIN else {}
    return {"config_name": name, "data_files": parquet(name), **default}


def _page(facts: Facts) -> str:
    doi = resolver(facts)
    return PAGE.format(
        facts=facts,
        name=facts.name,
        title=markdown(facts.title),
        description=markdown(facts.head["description"]),
        version=facts.version,
        date=facts.date,
        creators="; ".join(map(markdown, facts.creators)),
        licence=_licence(facts),
        licence_name=markdown(facts.licence["name"]),
        doi=f"DOI: <{doi}>" if doi else UNMINTED,
        coders=coders(facts),
        tables="\n".join(
            f"| `{name}` | {facts.rows[name]:,} | {markdown(table.description)} |"
            for name, table in facts.tables.items()
        ),
        main=MAIN,
        main_path=parquet(MAIN),
        check_sums=CHECK_SUMS,
        check_all=CHECK_ALL,
        root=root(facts),
        citation=markdown(cite(facts, (), "apa")),
    )


def _licence(facts: Facts) -> str:
    title, address = markdown(facts.licence["title"]), facts.licence_address
    # a parenthesis would end the address early
    return f"[{title}]({address.replace('(', '%28').replace(')', '%29')})" if address else title
