"""Templates of rows: a workbook with drop-down lists for codes, and a CSV file of the same columns.

What is filled in comes back by ``claimlog add ENTITY --from FILE``. Its words are those of a
package, which may be a stranger's: none of them is a formula.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claimlog.edit.attribution_columns import CHAIN, attribution_columns
from claimlog.edit.identifier_numbers import is_numbered
from claimlog.edit.resolve_names import name_column
from claimlog.edit.row_inputs import ANCHORED, DOCUMENT, row_inputs
from claimlog.escaping import printable
from claimlog.schema.codebook import Row
from claimlog.schema.table_schema import Field, Table
from claimlog.sources.anchor import COLUMNS as ANCHOR

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

Codes = Mapping[str, list[Row]]

LEADING = ("actor_id", "description", "verb", "anonymity")
"""Keys of a hop that come first: who speaks, by identifier or in words, and how."""

SPAN = ("start", "end")

HOPS = 2
"""Hops of a chain that a template has columns for; further ones are added by their number."""

WIDE, WIDEST_NAME, NARROW = 48, 40, 12
"""Widths of columns, in characters: for sentences, and for all else."""

ROWS = 1_000
"""Rows below the header that have drop-down lists."""

INPUT_MEANING = {
    "quote": "The passage, to the letter: gives the anchor; it is not stored.",
    "occurrence": "Which one, where the passage stands several times: 1, 2, 3 …",
    "text": "The text, a file below the directory of texts; it is not stored.",
    DOCUMENT: "Instead of a text: an HTML, PDF or DOCX file beside this one, or an address. Its "
    "text is taken out, and what it says fills cells that are empty.",
}


@dataclass(frozen=True)
class TemplateColumn:
    """A column of a template.

    Attributes
    ----------
    is_required
        Whether every new row has a value here.
    item
        The column or key of a row that it fills; None for what others are computed from.
    refers_to
        The stream whose rows it names, if it names any.
    """

    name: str
    meaning: str
    is_required: bool
    item: Field | None
    refers_to: str | None = None

    @property
    def is_quote(self) -> bool:
        return self.name == "quote" and self.item is None

    @property
    def holds_sentences(self) -> bool:
        return self.is_quote or (self.item is not None and self.item.own_words)


def template_columns(table: Table) -> list[TemplateColumn]:
    """Return the columns that a coder fills of a stream, the required ones first."""
    inputs = row_inputs(table)
    computed = ANCHOR if table.name in ANCHORED else ()
    if "quote" not in inputs:
        computed = tuple(name for name in computed if name not in SPAN)
    columns = [TemplateColumn(name, INPUT_MEANING[name], name == "quote", None) for name in inputs]
    for name in (table.id, *table.in_use):
        item = table.by_name[name]
        if name in computed:
            continue
        if name == CHAIN and item.fields:
            columns += _chain_columns(table)
            continue
        # an empty list is a value, and an identifier with a number is proposed
        is_left = item.type == "array" or (name == table.id and is_numbered(table))
        required = item.required and not is_left
        target = item.item.references if item.item else None
        target = next((key.table for key in table.foreign_keys if key.column == name), target)
        columns.append(TemplateColumn(name, item.description, required, item, target))
    return sorted(columns, key=_place)


def missing_columns(table: Table, present: Collection[str]) -> list[str]:
    """Return the required columns of a stream's new rows that are not among those present."""
    has_offsets = {*SPAN} <= {*present}
    return [
        column.name
        for column in template_columns(table)
        if column.is_required
        and column.name not in present
        and not (column.is_quote and has_offsets)
    ]


def _place(column: TemplateColumn) -> tuple[bool, bool, bool]:
    """Return by what columns are sorted: the required ones, of them the source and sentences."""
    is_late = column.is_required and not column.holds_sentences
    return not column.is_required, column.name != "source_id", is_late


def _chain_columns(table: Table) -> list[TemplateColumn]:
    """Return the columns of who speaks, hop by hop: who, in what words, then all else of it."""

    def place(entry: tuple[str, tuple[int, Field]]) -> tuple[int, int]:
        _, (hop, key) = entry
        return hop, LEADING.index(key.name) if key.name in LEADING else len(LEADING)

    return [
        TemplateColumn(
            name,
            f"Hop {hop + 1} of the attribution: {key.description}",
            *(False, key, key.references),
        )
        for name, (hop, key) in sorted(attribution_columns(table, HOPS).items(), key=place)
    ]


def csv_template(table: Table) -> bytes:
    """Return the header of a CSV file of new rows."""
    return (",".join(column.name for column in template_columns(table)) + "\n").encode()


def workbook_template(table: Table, codes: Codes, streams: Mapping[str, Table]) -> bytes:
    """Return a workbook for new rows of one of the streams: its sheet, definitions, and codes."""
    from openpyxl import Workbook

    columns = template_columns(table)
    book = Workbook()
    lists = _code_sheet(book.create_sheet("codes"), columns, codes)
    forms = [_form(column, streams) for column in columns]
    _definition_sheet(book.create_sheet("definitions", 0), columns, forms, codes)
    del book["Sheet"]
    sheet = book.create_sheet(table.name, 0)
    book.active = 0
    _entry_sheet(sheet, columns, lists)
    return _bytes_of(book)


def _entry_sheet(sheet: Worksheet, columns: list[TemplateColumn], lists: Mapping[str, str]) -> None:
    """Write the header, marked where a value is required, and drop-down lists below it."""
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    required = PatternFill("solid", fgColor="F4D06F")
    wrapped = Alignment(wrap_text=True, vertical="top")
    for index, column in enumerate(columns, 1):
        letter = get_column_letter(index)
        cell = _text_cell(sheet, 1, index, column.name)
        cell.font = Font(bold=True)
        lead = "Required. " if column.is_required else ""
        said = printable(f"{lead}{column.meaning}")
        cell.comment = Comment(said, "claimlog", height=140, width=280)
        if column.is_required:
            cell.fill = required
        named = max(NARROW, min(len(column.name) + 4, WIDEST_NAME))
        sheet.column_dimensions[letter].width = WIDE if column.holds_sentences else named
        cells = f"{letter}2:{letter}{ROWS + 1}"
        for (place,) in sheet[f"{letter}2:{letter}{ROWS + 1}"]:
            place.number_format = "@"  # else a date or a code such as 010 is read as a number
            place.alignment = wrapped
        codelist = column.item.codelist if column.item else None
        is_truth = column.item is not None and column.item.type == "boolean"
        if codelist is not None or is_truth:
            listed = lists[codelist] if codelist else '"yes,no"'
            choice = DataValidation("list", formula1=listed, allow_blank=True)
            wanted = f"a code of {codelist}; see the sheet definitions"
            choice.error = "yes or no" if is_truth else wanted
            choice.showErrorMessage = True
            choice.add(cells)
            sheet.add_data_validation(choice)
    sheet.freeze_panes = "A2"


def _code_sheet(sheet: Worksheet, columns: list[TemplateColumn], codes: Codes) -> dict[str, str]:
    """Write each code list into a column; return the cells of each by its name."""
    from openpyxl.utils import get_column_letter

    places = {}
    named = dict.fromkeys(c.item.codelist for c in columns if c.item and c.item.codelist)
    for index, name in enumerate((name for name in named if name), 1):
        usable = _usable(codes, name)
        letter = get_column_letter(index)
        _text_cell(sheet, 1, index, name)
        for number, row in enumerate(usable, 2):
            _text_cell(sheet, number, index, row["code"])
        places[name] = f"codes!${letter}$2:${letter}${len(usable) + 1}"
    return places


def _definition_sheet(
    sheet: Worksheet, columns: list[TemplateColumn], forms: list[str], codes: Codes
) -> None:
    """Write what each column means, and each code of it."""
    from openpyxl.styles import Alignment, Font

    head = ("column", "required", "meaning", "code", "label", "definition")
    rows: list[tuple[str, ...]] = [head]
    for column, form in zip(columns, forms, strict=True):
        mark = "required" if column.is_required else ""
        rows.append((column.name, mark, f"{column.meaning}{form}", "", "", ""))
        listed = column.item.codelist if column.item and not column.name.endswith("_2") else None
        rows += [
            (column.name, "", "", row["code"], row["label"], row["definition"])
            for row in (_usable(codes, listed) if listed else ())
        ]
    for number, values in enumerate(rows, 1):
        for index, value in enumerate(values, 1):
            cell = _text_cell(sheet, number, index, value)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if number == 1:
                cell.font = Font(bold=True)
    for letter, width in zip("ABCDEF", (22, 10, 60, 18, 26, 70), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"


def _text_cell(sheet: Worksheet, row: int, column: int, text: str) -> Cell:
    """Write words as words, whatever they begin with; what no sheet can hold is escaped."""
    cell: Cell = sheet.cell(row, column, printable(text) or None)
    if text:
        cell.data_type = "s"  # openpyxl takes what begins with = for a formula
    cell.number_format = "@"  # and a spreadsheet does, once such a cell is edited
    return cell


def _form(column: TemplateColumn, streams: Mapping[str, Table]) -> str:
    """Return what a cell of a column looks like, as a sentence after its meaning."""
    item = column.item
    if item is not None and item.type == "boolean":
        return " Yes or no."
    if item is not None and item.fields:
        return f" A JSON list of objects with {', '.join(part.name for part in item.fields)}."
    named = ""
    if column.refers_to is not None:
        or_name = name_column(streams[column.refers_to])
        named = f" An identifier{' or exact name' if or_name else ''} of {column.refers_to}."
    is_list = item is not None and item.type == "array"
    return f"{named} Several are separated by semicolons." if is_list else named


def _usable(codes: Codes, name: str) -> list[Row]:
    return [row for row in codes[name] if not row["retired"]]


def _bytes_of(book: Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()
