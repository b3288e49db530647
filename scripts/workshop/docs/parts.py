"""Parts of the documentation derived from schemas, rules, commands, modules, log and releases."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from math import sqrt
from pathlib import Path
from typing import Any

import narwhals as nw

from claimlog.cli import cli
from claimlog.coder_wording import coding_statement
from claimlog.escaping import markdown
from claimlog.export.queries import available_queries
from claimlog.fold.link_agreement import (
    ALL_PAIRS,
    LINK_AGREEMENT,
    LINK_CODINGS,
    link_agreement,
)
from claimlog.log.coder_kinds import coder_kinds
from claimlog.log.event_log import Log
from claimlog.log.release_index import read_index
from claimlog.schema.table_schema import Field
from claimlog.validate.report import LAYERS, rules_of
from workshop.docs.codebook_lessons import (
    agreement_rows,
    codebook_size,
    flattered_variables,
    sharpened_variables,
)
from workshop.docs.desk_keys import desk_keys
from workshop.docs.markdown_table import markdown_table
from workshop.docs.migration import migration
from workshop.docs.template_codes import template_codes


def _state(log: Log) -> str:
    """Return what the log holds in a sentence, with its root and the last release."""
    live = {name: log.live(name) for name in log.streams}
    sources = live["sources"]
    texts = sources.filter(sources["text_sha256"].is_not_null()).height
    return (
        f"The log holds {log.size} events in {len(log.batches)} batches: "
        f"{live['claims'].height} claims, {texts} registered texts and "
        f"{sources.height - texts} works behind them, {live['actors'].height} actors, "
        f"{live['incidents'].height} incidents. Its root is `{log.root.hex()}`."
        f"{_last_release(log)}\n"
    )


def _sources(log: Log) -> str:
    """Return the registered texts, with the number of claims coded from each."""
    sources = log.live("sources")
    texts = sources.filter(sources["text_sha256"].is_not_null()).sort("source_id")
    claims = Counter(log.live("claims")["source_id"].to_list())
    return markdown_table(
        ("source", "title", "published", "reliability", "code points", "claims"),
        (
            (
                row["source_id"],
                markdown(f"{row['title']} ({row['publisher']})"),
                row["published"] or "not dated",
                row["reliability"],
                f"{row['text_length']:,}",
                claims.get(row["source_id"], 0) or "not coded yet",
            )
            for row in texts.iter_rows(named=True)
        ),
    )


def _last_release(log: Log) -> str:
    index = read_index(log.package)
    if not index:
        return ""
    last = index[-1]
    return (
        f" The last release is {last.version} of {last.date}, which holds the first {last.size} "
        "events."
    )


def _agreement(log: Log) -> str:
    """Return agreement over all sources: targets by variable, and passages, by pass."""
    spans, agreement = agreement_rows(log)
    text = markdown_table(
        ("pass", "codebook", "coded", "passages in both", "F1 of passages", "of characters"),
        (
            (
                row["pass"],
                row["codebook_version"],
                f"{row['first_codings']} and {row['second_codings']}",
                row["matched"],
                f"{row['f1_spans']:.3f}",
                f"{row['f1_characters']:.3f}",
            )
            for row in spans
        ),
    )
    order = {row["variable"]: at for at, row in enumerate(log.definition.codebook.variables)}
    text += "\n" + markdown_table(
        ("variable", "pass", "aim", "n", "alpha", "n filled", "alpha or F1 where filled"),
        (
            (
                row["variable"],
                row["pass"],
                row["target"] or "",
                row["units"],
                _interval(row, "alpha"),
                row["units_filled"],
                _interval(row, "f1", "F1 ") or _interval(row, "alpha_filled"),
            )
            for row in sorted(agreement, key=lambda row: (order[row["variable"]], row["pass"]))
        ),
    )
    return text + _agreement_on_links(log)


def _agreement_on_links(log: Log) -> str:
    """Return agreement on links over all pairs, by pass and relation; nothing without codings."""
    if LINK_CODINGS not in log.streams:
        return ""
    sources = dict(log.live("claims").select("claim_id", "source_id").iter_rows())
    codings = nw.from_native(log.live(LINK_CODINGS)).lazy()
    table = link_agreement(codings, sources, log.definition, log.codebooks)[LINK_AGREEMENT]
    return "\n" + markdown_table(
        ("links", "pass", "pairs", "of each", "of both", "F1", "links in random pairs"),
        (
            (
                row["relation"],
                row["pass"],
                row["pairs"],
                f"{row['first_links']} and {row['second_links']}",
                row["both_links"],
                _interval(row, "f1"),
                f"{row['random_links']} in {row['random_pairs']}",
            )
            for row in table.collect().rows(named=True)
            if row["scope"] == ALL_PAIRS
        ),
    )


def _coders(log: Log) -> str:
    kinds = coder_kinds(log, log.size)
    if not kinds:
        return "Nobody says yet who coded the rows: the register `coders` is empty.\n"
    return coding_statement(kinds, "the codebook") + "\n"


def _readings(log: Log) -> str:
    """Return the table of readings and of the errors that each found; empty without readings."""
    return markdown_table(
        (
            *("reading", "claims read", "with a definite error in what is coded", "share"),
            *("only in what is derived", "errors in links and registers"),
        ),
        (
            (
                markdown(reading["title"]),
                reading["claims_read"],
                len(kinds["coded"]),
                _share(len(kinds["coded"]), reading["claims_read"]),
                len(kinds["derived"] - kinds["coded"]),
                len(kinds.get("elsewhere", ())),
            )
            for reading, kinds in _findings_by_reading(log)
        ),
    )


def _error_rate(log: Log) -> str:
    """Return a sentence with the error rate of the data: what the last reading found."""
    readings = _findings_by_reading(log)
    if not readings:
        return (
            "Nobody has read the published rows against the texts yet, so no error rate is known.\n"
        )
    reading, kinds = readings[-1]
    wrong, read = len(kinds["coded"]), int(reading["claims_read"])
    return (
        f"**Error rate:** the last reading ({markdown(reading['title'])}) found a definite error "
        f"in what is coded in {wrong:,} of {read:,} claims: {_share(wrong, read)}.\n"
    )


def _findings_by_reading(log: Log) -> list[tuple[dict[str, Any], dict[str, set[str]]]]:
    """Return each reading with the claims and rows in which it found definite errors.

    What the build derives is what neither a claim's row fills nor an object in one of its lists.
    """
    if not {"readings", "findings"} <= set(log.streams):
        return []
    claims = set(log.ids("claims"))
    stream = log.definition.streams["claims"]
    coded = {*stream.in_use, *(part.name for item in stream.fields for part in item.fields)}
    derived = set(log.definition.tables["claims"].names) - coded
    found: dict[str, dict[str, set[str]]] = {}
    for row in log.live("findings").sort("finding_id").iter_rows(named=True):
        kinds = found.setdefault(row["reading_id"], {"coded": set(), "derived": set()})
        if row["weight"] != "definite":
            continue
        if row["target_id"] in claims and row["second_id"] is None:
            kinds["derived" if row["variable"] in derived else "coded"].add(row["target_id"])
        else:
            kinds.setdefault("elsewhere", set()).add(row["finding_id"])
    readings = {row["reading_id"]: row for row in log.live("readings").iter_rows(named=True)}
    return [(readings[name], kinds) for name, kinds in found.items()]


def _share(number: int, of: int) -> str:
    """Return a share with its interval of 95 % (Wilson's score interval, 1927)."""
    share, z = number / of, 1.96
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return f"{share:.1%} [{max(0.0, middle - half):.1%}, {middle + half:.1%}]"


def _interval(row: dict[str, Any], name: str, before: str = "") -> str:
    if row[name] is None:
        return ""
    return f"{before}{row[name]:.2f} [{row[f'{name}_low']:.2f}, {row[f'{name}_high']:.2f}]"


def _tables(log: Log) -> str:
    return markdown_table(
        ("table", "a row is", "key"),
        (
            (f"`{table.name}`", table.description, ", ".join(table.primary_key))
            for table in log.definition.tables.values()
        ),
    )


def _fields(log: Log) -> str:
    return markdown_table(
        ("column", "type", "meaning"),
        (
            (f"`{item.name}`", _type_label(item), item.description)
            for item in log.definition.tables["claims"].fields
        ),
    )


def _type_label(item: Field) -> str:
    label = f"code ({item.codelist})" if item.codelist else "EDTF" if item.edtf else item.type
    return f"{label}, {item.unit}" if item.unit else label


def _rules(log: Log) -> str:
    counts = Counter(rule.layer for rule in rules_of(log.definition).values())
    examples: dict[str, str] = {}
    for rule in rules_of(log.definition).values():
        examples.setdefault(rule.layer, rule.sentence)
    head = ("layer", "rules", "the first of them")
    return f"{sum(counts.values())} rules in {len(counts)} layers:\n\n" + markdown_table(
        head, ((layer, counts[layer], examples[layer]) for layer in LAYERS)
    )


def _queries(log: Log) -> str:
    name = log.package.descriptor["name"]
    queries = available_queries(log.definition)
    return "".join(f"- {query.title} (`/{name}/{key}`)\n" for key, query in queries.items())


def _commands(_: Log) -> str:
    """Return the commands of claimlog with the first sentence of their help."""
    return markdown_table(
        ("command", "what it does"),
        (
            (f"`claimlog {name}`", (command.help or "").partition("\n\n")[0])
            for name, command in cli.commands.items()
        ),
    )


def _rooms(_: Log) -> str:
    """Return the packages of claimlog and of the workshop, with their modules."""
    return "".join(
        markdown_table(
            ("room", "what it is", "modules"),
            (
                (f"`{name}`", _first_line(path), ", ".join(f"`{m}`" for m in _modules(path)))
                for name, path in packages
            ),
        )
        + "\n"
        for packages in (_packages("claimlog"), _packages("workshop"))
    ).removesuffix("\n")


def _packages(name: str) -> Iterator[tuple[str, Path]]:
    """Yield the packages of an installed package by their paths below scripts/, itself first."""
    top = Path(str(import_module(name).__file__)).parent
    for path in sorted([top / "__init__.py", *top.rglob("*/__init__.py")]):
        yield f"{path.parent.relative_to(top.parent).as_posix()}/", path.parent


def _modules(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("__"))


def _first_line(folder: Path) -> str:
    """Return the first line of a package's docstring."""
    tree = ast.parse((folder / "__init__.py").read_text("utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n")[0]


PARTS: dict[str, Callable[[Log], str]] = {
    "state": _state,
    "sources": _sources,
    "agreement": _agreement,
    "coders": _coders,
    "error-rate": _error_rate,
    "readings": _readings,
    "migration": migration,
    "tables": _tables,
    "queries": _queries,
    "fields": _fields,
    "rules": _rules,
    "commands": _commands,
    "rooms": _rooms,
    "desk-keys": desk_keys,
    "template-codes": template_codes,
    "codebook-size": codebook_size,
    "flattered-variables": flattered_variables,
    "sharpened-variables": sharpened_variables,
}
"""What makes each derived part, by the name in its markers."""
