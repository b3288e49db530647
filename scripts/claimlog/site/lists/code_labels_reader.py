"""Reading what the codes of a filter are called, from the tables of a database."""

from __future__ import annotations

from collections.abc import Container, Sequence

from claimlog.site.lists.code_labels import CodeLabels
from claimlog.site.lists.filters import ANY, NONE, CodeFilter, OtherNames
from claimlog.site.store import LABEL_CHARACTERS, Store


async def read_code_labels(store: Store, item: CodeFilter, values: Sequence[str]) -> CodeLabels:
    """Return the labels of all codes that exist for a filter, or that a row has.

    A page repeats codes and labels, so those that are too long are left out, or cut.
    """
    labels: dict[str, str]
    if item.labels is not None:
        labels = dict(item.labels)
    elif item.codelist:
        codes = await store.codes()
        labels = {code: row["label"] for code, row in codes.get(item.codelist, {}).items()}
    elif item.choices:
        labels = {row["code"]: row["label"] for row in await store.rows(item.choices)}
    else:
        labels = {}
    labels |= {value: value for value in values if value not in labels}
    named = {
        code: str(label or code)[:LABEL_CHARACTERS]
        for code, label in labels.items()
        if len(code) <= LABEL_CHARACTERS
    }
    shares = {ANY: "any", NONE: item.none} if item.optional else {}
    return CodeLabels({**shares, **named}, await _other_names(store, item.other_names, named))


async def _other_names(
    store: Store, names: OtherNames | None, codes: Container[str]
) -> dict[str, list[str]]:
    """Return the other names of codes; the tables of older releases may have fewer of them."""
    there = (await store.tables()).get(names.table, frozenset()) if names else frozenset()
    columns = [name for name in names.columns if name in there] if names else []
    found: dict[str, list[str]] = {}
    if not names or not columns:
        return found
    cells = ", ".join(f'"{name}"' for name in columns)
    for row in await store.rows(f'select "{names.key}" as code, {cells} from "{names.table}"'):
        values = [row[name] for name in columns if row[name]]
        others = [one for value in values for one in (value if type(value) is list else [value])]
        short = [str(one) for one in others if len(str(one)) <= LABEL_CHARACTERS]
        if short and row["code"] in codes:
            found[row["code"]] = short
    return found
