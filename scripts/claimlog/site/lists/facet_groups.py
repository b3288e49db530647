"""The filters of a list as a page shows them: values with counts, and what is chosen."""

from __future__ import annotations

from collections.abc import Mapping

from claimlog.site.lists.filters import (
    ANY,
    NONE,
    CodeFilter,
    Filter,
    ListDefinition,
    NumberFilter,
    PeriodFilter,
    period_of_month,
    period_of_year,
)
from claimlog.site.lists.list_index import SelectedRows
from claimlog.site.lists.number_ranges import number_text
from claimlog.site.lists.selection import Choices, Selection, value_label
from claimlog.site.store import Codes, Row

CODES, ENTITIES = 60, 12
"""Values of a filter that a page lists: of a code list or years, and of anything else."""

VALUES_IN_ALL = 1_000
"""Values of all filters that a page lists, but for those that are chosen."""

IN_SIGHT = 6
"""Values of a filter that a page shows without scrolling; of more, the chosen ones come first."""

Listed = Mapping[str, frozenset[str]]
"""By filter, the codes that a page lists of those that exist, where it does not list all."""

Counts = dict[str, int]


def facet_groups(
    definition: ListDefinition,
    selection: Selection,
    selected: SelectedRows,
    choices: Choices,
    listed: Listed,
) -> list[Row]:
    """Return every filter with its values and how many rows have each."""
    groups = []
    left = VALUES_IN_ALL
    for item in definition.filters:
        chosen = selection.chosen.get(item.name, [])
        extent = None
        if isinstance(item, NumberFilter):
            counts, extent = selected.number_counts(item.name, chosen)
            codes = [ANY, NONE] if item.optional else []
            present = counts[ANY]
        else:
            counts, codes, present = _counted(
                item, chosen, selected, choices, listed.get(item.name)
            )
        room = min(left, CODES if _is_ordered(item) else ENTITIES)
        first = chosen if len(codes) > IN_SIGHT else []
        shown = [*dict.fromkeys((*first, *codes[:room], *chosen))]
        left = max(0, left - len(shown))
        is_period = isinstance(item, PeriodFilter)
        values = [
            {
                "code": code,
                "label": value_label(item, code, choices),
                "count": counts.get(code, 0),
                "chosen": code in chosen,
                "within": is_period and "-" in code,
            }
            for code in shown
        ]
        groups.append(
            {
                "name": item.name,
                "label": item.label,
                "description": item.description,
                "chosen": chosen,
                "choices": values,
                "more": len(codes) - len(codes[:room]),
                "is_period": is_period,
                "is_number": isinstance(item, NumberFilter),
                "extent": extent and [*map(number_text, extent)],
                "offered": not isinstance(item, PeriodFilter) or item.is_counted,
                # where no row has a value, to choose none of them chooses nothing
                "useful": bool(
                    chosen or (present and (extent or any(one["count"] for one in values)))
                ),
            }
        )
    return groups


def _is_ordered(item: Filter) -> bool:
    """Whether the values of a filter have an order of their own, and are few."""
    return isinstance(item, PeriodFilter) or bool(
        isinstance(item, CodeFilter) and (item.codelist or item.labels)
    )


def _counted(
    item: Filter,
    chosen: list[str],
    selected: SelectedRows,
    choices: Choices,
    among: frozenset[str] | None,
) -> tuple[Counts, list[str], int]:
    """Return the counts of a filter's values, those in the order of the page, and of rows with any.

    Codes of a list are there even if no row has them.
    """
    if isinstance(item, PeriodFilter):
        return _periods(item, chosen, selected) if item.is_counted else ({}, [], 0)
    assert isinstance(item, CodeFilter)
    counts, present, absent = selected.code_counts(item.name)
    labels = choices[item.name]
    if _is_ordered(item):
        codes = [code for code in labels if code in counts or code not in (ANY, NONE)]
    else:
        codes = [code for code in counts if code in labels and (among is None or code in among)]
        codes.sort(key=lambda code: (-counts[code], labels[code]))
    if item.optional:
        shares = {ANY: present, NONE: absent}
        offered = [code for code in shares if code not in codes]
        counts, codes = {**shares, **counts}, [*offered, *codes]
    return counts, codes, present


def _periods(
    item: PeriodFilter, chosen: list[str], selected: SelectedRows
) -> tuple[Counts, list[str], int]:
    """Return the counts of years and months; years, latest first, with the months of those chosen.

    A quarter is not counted, but a month in it shows its year.
    """
    opened = {int(code[:4]) for code in chosen if code not in (ANY, NONE)}
    years, months, dated, undated = selected.period_counts(item.name, opened)
    counts = {period_of_year(year): number for year, number in years.items()}
    counts |= {period_of_month(month): number for month, number in months.items()}
    counts |= {ANY: dated, NONE: undated}
    within: dict[int, set[str]] = {year: set() for year in opened}
    for code in (*map(period_of_month, months), *chosen):
        if "-" in code:
            within[int(code[:4])].add(code)
    codes = [ANY, NONE]
    for year in sorted({*years, *opened}, reverse=True):
        codes += [period_of_year(year), *sorted(within.get(year, ()))]
    return counts, codes, dated


def chosen_parts(
    definition: ListDefinition, selection: Selection, choices: Choices, codes: Codes
) -> list[Row]:
    """Return what is chosen: for each filter its values, what they mean, and how to take each away.

    Values of one filter are alternatives; all filters hold.
    """
    parts: list[Row] = []
    if selection.text:
        value = {"code": selection.text, "label": f"“{selection.text}”", "definition": ""}
        value["remove"] = selection.address(q=[])
        parts.append({"name": "q", "label": "Words", "description": "", "values": [value]})
    for item in definition.filters:
        chosen = selection.chosen.get(item.name)
        if not chosen:
            continue
        codelist = item.codelist if isinstance(item, CodeFilter) else None
        values = [
            {
                "code": code,
                "label": value_label(item, code, choices),
                "definition": codes.entry(codelist, code)["definition"] if codelist else "",
                "remove": selection.address(**{item.name: [one for one in chosen if one != code]}),
            }
            for code in chosen
        ]
        about = {"name": item.name, "label": item.label, "description": item.description}
        parts.append({**about, "values": values})
    return parts
