"""The parts of the README that are projected from the schemas, the rules and the log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import narwhals as nw

from claimlog.errors import ClaimlogError
from claimlog.escaping import markdown, plain_line
from claimlog.export.metadata import queries
from claimlog.fold.claim_summary import Published
from claimlog.fold.reliability import ALL, reliability
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.log.release_index import read_index
from claimlog.package import Package
from claimlog.schema.table_schema import Field
from claimlog.validate.report import LAYERS, read_rules

CELL = re.compile(r"(?<!\\)\|")
"""What would end a cell of a Markdown table."""

MARKED = re.compile(
    r"(?P<open><!-- generated: (?P<name>[a-z]+) -->\n)(?P<body>(?:(?!<!-- generated: ).)*?)"
    r"(?P<close><!-- /generated -->)",
    re.DOTALL,
)
"""A part with its marks. It holds no other mark that opens one: else each of many that are never
closed would be followed to the end of the file."""


def generated(package: Package, text: str) -> str:
    """Return the README's text with every marked part projected anew.

    Raises
    ------
    ClaimlogError
        If a mark names a part that does not exist, or that stands there already.
    """
    named = [match["name"] for match in MARKED.finditer(text)]
    if not named:
        return text
    log = read(package)
    log.require_readable()
    if unknown := sorted(set(named) - set(PARTS)):
        raise ClaimlogError(
            f"README.md: there is no generated part {', '.join(unknown)}; "
            f"there are {', '.join(PARTS)}"
        )
    if twice := [name for name in PARTS if named.count(name) > 1]:
        raise ClaimlogError(f"README.md: the generated part {twice[0]} stands twice; keep one")
    return MARKED.sub(lambda m: f"{m['open']}{PARTS[m['name']](log)}{m['close']}", text)


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    cells = [[CELL.sub(r"\|", plain_line(cell)) for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def _state(log: Log) -> str:
    live = {name: log.live(name) for name in log.streams}
    sources = live["sources"]
    coded = sources.filter(sources["text_sha256"].is_not_null())
    by_source = Counter(live["claims"]["source_id"].to_list())
    rows = [
        (
            row["source_id"],
            markdown(f"{row['title']} ({row['publisher']})"),
            row["published"],
            row["reliability"],
            f"{row['text_length']:,}",
            by_source.get(row["source_id"], 0) or "not coded yet",
        )
        for row in coded.sort("source_id").iter_rows(named=True)
    ]
    sentence = (
        f"The log holds {log.size} events in {len(log.batches)} batches: "
        f"{live['claims'].height} claims, {len(rows)} registered texts and "
        f"{sources.height - len(rows)} works behind them, {live['actors'].height} actors, "
        f"{live['incidents'].height} incidents. Its root is `{log.root.hex()}`."
        f"{_last_release(log)}\n\n"
    )
    head = ("source", "title", "published", "reliability", "code points", "claims")
    return sentence + _table(head, rows)


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
    table = reliability(
        nw.from_native(log.live("codings")).lazy(),
        [Published(*row) for row in log.live("claims").select(Published._fields).rows()],
        log.schemas,
        log.codebooks,
    )
    spans, found = (
        [row for row in table[name].collect().rows(named=True) if row["scope"] == ALL]
        for name in ("span_agreement", "reliability")
    )
    text = _table(
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
    passes = sorted({row["pass"] for row in found})
    head = ("variable", "aim", *(f"alpha, pass {number} (n, agreement)" for number in passes))
    by_key = {(row["pass"], row["variable"]): row for row in found}
    variables = [row["variable"] for row in found if row["pass"] == passes[0]] if passes else []
    return f"{text}\n" + _table(
        head,
        (
            (
                name,
                by_key[passes[0], name]["target"] or "",
                *(_alpha(by_key[number, name]) for number in passes),
            )
            for name in variables
        ),
    )


def _alpha(row: dict[str, Any]) -> str:
    if row["alpha"] is None:
        return f"no variation ({row['units']})"
    return (
        f"{row['alpha']:.2f} [{row['alpha_low']:.2f}, {row['alpha_high']:.2f}] "
        f"({row['units']}, {row['percent_agreement']:.0f}%)"
    )


def _tables(log: Log) -> str:
    return _table(
        ("table", "a row is", "key"),
        (
            (f"`{table.name}`", table.description, ", ".join(table.primary_key))
            for table in log.schemas.tables.values()
        ),
    )


def _fields(log: Log) -> str:
    return _table(
        ("column", "type", "meaning"),
        (
            (f"`{item.name}`", _kind(item), item.description)
            for item in log.schemas.tables["claims"].fields
        ),
    )


def _kind(item: Field) -> str:
    kind = f"code ({item.codelist})" if item.codelist else "EDTF" if item.edtf else item.type
    return f"{kind}, {item.unit}" if item.unit else kind


def _rules(log: Log) -> str:
    counts = Counter(rule.layer for rule in read_rules(log.package).values())
    examples: dict[str, str] = {}
    for rule in read_rules(log.package).values():
        examples.setdefault(rule.layer, rule.sentence)
    head = ("layer", "rules", "the first of them")
    return f"{sum(counts.values())} rules in {len(counts)} layers:\n\n" + _table(
        head, ((layer, counts[layer], examples[layer]) for layer in LAYERS)
    )


def _queries(log: Log) -> str:
    name = log.package.descriptor["name"]
    return "".join(f"- {query['title']} (`/{name}/{key}`)\n" for key, query in queries().items())


PARTS: dict[str, Callable[[Log], str]] = {
    "state": _state,
    "agreement": _agreement,
    "tables": _tables,
    "queries": _queries,
    "fields": _fields,
    "rules": _rules,
}
