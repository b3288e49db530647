"""A coder at the coding desk who uses keys alone, and counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from claimlog.errors import ClaimlogError

if TYPE_CHECKING:
    from playwright.sync_api import Page

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""Letters above words, in their order (``text_labels.js``)."""

OWN_WORDS = ("statement", "note")
"""Columns whose letters are words that a coder writes, not keys of the desk."""

LISTS = ("attributions",)
"""Columns whose items have fields of their own."""

MOST_KEYS = 400
OFFERS = (
    "() => [...document.querySelectorAll('#entries [data-key], .entries [data-key]')].map("
    "e => ({key: e.dataset.key, id: e.dataset.id, whole: e.dataset.whole, value: e.dataset.value}))"
)
OPEN = (
    "() => { const record = claimlogDesk.record; const slot = document.activeElement && "
    "document.activeElement.closest('#panel') && record.slot(record.active); "
    "return slot ? {key: slot.key, column: slot.field.column, kind: slot.field.kind, "
    "beside: slot.field.variable ? record.slots.filter(one => one !== slot && "
    "one.item === slot.item && one.field.variable === slot.field.variable)"
    ".map(one => one.field.column) : [], "
    "list: slot.list ? slot.list.column : null, item: slot.item ?? null, "
    "digits: slot.field.kind === 'objects' || slot.field.kind === 'code' && "
    "slot.field.codes.every(code => /^[0-9]$/.test(code.key))} : null }"
)

Row = Mapping[str, Any]


@dataclass
class DeskDriver:
    """The keyboard of a page on which a text is coded.

    Attributes
    ----------
    keys
        Keys pressed, by what for; letters of `OWN_WORDS` are not counted.
    columns
        Keys pressed, by the column that was open.
    """

    page: Page
    keys: Counter[str] = field(default_factory=Counter)
    columns: Counter[str] = field(default_factory=Counter)
    column: str = ""

    def press(self, key: str, what: str) -> None:
        self.page.keyboard.press(key)
        self.keys[what] += 1
        self.columns[self.column] += 1
        if self.keys.total() > MOST_KEYS * 1000:
            raise ClaimlogError("the desk's driver presses keys without end")

    def code_claim(self, words: tuple[int, int], row: Row) -> int:
        """Choose a passage by its first and last word, answer everything, and count the keys."""
        before, self.column = self.keys.total(), "passage"
        self.choose(*words)
        for _ in range(MOST_KEYS):
            slot = self.open_question()
            if slot is None:
                break
            self.column = slot["column"]
            wanted = self._left_in_item(row, slot) if slot["list"] else None
            if slot["column"] == self.last_column:
                wanted = self._next_optional(row)
            if wanted:
                self._jump(wanted, slot)
                continue
            self._answer(slot, row)
        else:
            wanted = self._next_optional(row)
            raise ClaimlogError(f"the desk asks without end: {self.open_question()} {wanted}")
        return self.keys.total() - before

    def choose(self, first: int, last: int) -> None:
        """Choose words by the labels above them: a clause by one key, others by two."""
        for _ in range(MOST_KEYS):
            labels = self._labels()
            if [first, last] in labels["clauses"]:
                self.press(str(labels["clauses"].index([first, last]) + 1), "passage")
                return
            if first in labels["words"]:
                self.press(LETTERS[labels["words"].index(first)], "passage")
                break
            ahead = bool(labels["words"]) and first > labels["words"][0]
            self.press(" " if ahead else "Backspace", "passage")
        for _ in range(MOST_KEYS):
            labels = self._labels()
            ends = [end for _, end in labels["clauses"]]
            if last in labels["words"]:
                self.press(LETTERS[labels["words"].index(last)], "passage")
                return
            if last in ends:
                self.press(str(ends.index(last) + 1), "passage")
                return
            self.press(" ", "passage")
        raise ClaimlogError(f"no label comes to words {first} to {last}")

    def _labels(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate(
            "() => { const {labelled, clauses} = claimlogDesk.cursor.labels; "
            "return {words: labelled, clauses} }"
        )
        return found

    def open_question(self) -> dict[str, Any] | None:
        """Return the question that has the focus; none, if the text has it."""
        found: dict[str, Any] | None = self.page.evaluate(OPEN)
        return found

    @property
    def last_column(self) -> str:
        """The last column that must be answered: beside it the optional ones are gone to."""
        found: str = self.page.evaluate(
            "() => claimlogDesk.record.fields.filter(one => one.required).at(-1).column"
        )
        return found

    def _next_optional(self, row: Row) -> str | None:
        """Return the letter of a column that the row has and nobody asked for."""
        wanted = {
            name: len(value) if isinstance(value, list) and value and name in LISTS else 1
            for name, value in row.items()
            if value not in (None, "", []) and name != self.last_column
        }
        found: str | None = self.page.evaluate(
            "wanted => { const record = claimlogDesk.record; const one = record.fields.find("
            "({column}) => wanted[column] && record.jumps.has(column) && record.slot(column) && "
            "(record.row[column] === null || record.row[column] === undefined || "
            "(record.row[column].length ?? 1) < wanted[column])); "
            "return one ? record.jumps.get(one.column) : null }",
            wanted,
        )
        return found

    def _left_in_item(self, row: Row, slot: Row) -> str | None:
        """Return the letter of a column of the item that nobody will ask for."""
        if not slot["digits"]:
            return None
        item = row[slot["list"]][slot["item"]]
        found: str | None = self.page.evaluate(
            "wanted => { const record = claimlogDesk.record; "
            "const here = record.slot(record.active); const one = record.slots.find("
            "slot => slot.list === here.list && slot.item === here.item && "
            "wanted.includes(slot.field.column) && slot !== here && record.letter(slot) && "
            "!record.row[slot.list.column][slot.item][slot.field.column] && "
            "!record.walk.isOpen(slot, record.row)); return one ? record.letter(one) : null }",
            [name for name, value in item.items() if value not in (None, "", [])],
        )
        return found

    def _jump(self, letter: str, slot: Row) -> None:
        if not slot["digits"]:
            self.press(".", "way")
        self.press(letter, "way")

    def _answer(self, slot: Row, row: Row) -> None:
        if slot["list"]:
            item = row[slot["list"]][slot["item"]]
            self._give(slot, item.get(slot["column"]), item)
        elif slot["kind"] == "objects":
            self._give_items(slot, row.get(slot["column"]) or [])
        else:
            self._give(slot, row.get(slot["column"]), row)

    def _give(self, slot: Row, value: Any, row: Row) -> None:
        """Answer the question that is open with a value."""
        if value in (None, "", []):
            more = slot["beside"] and any(row.get(name) for name in slot["beside"])
            self.press("Enter" if more else " ", "nothing")
        elif slot["kind"] == "code":
            key = self.page.get_attribute(f'#panel [data-code="{value}"]', "data-key")
            self.press(str(key), "code")
        elif slot["kind"] in ("reference", "references"):
            self._look_up(value if isinstance(value, list) else [value], row)
        elif slot["column"] in OWN_WORDS:
            self.page.keyboard.insert_text(str(value))
            self.press("Enter", "own words")
        else:
            self._type(str(value))

    def _type(self, text: str) -> None:
        offers = [one for one in self.page.evaluate(OFFERS) if one.get("value") == text]
        if offers:
            self.press(offers[0]["key"], "as before")
            return
        for letter in text:
            self.page.keyboard.insert_text(letter)
            self.keys["typed"] += 1
            self.columns[self.column] += 1
        self.press("Enter", "typed")

    def _give_items(self, slot: Row, items: list[Row]) -> None:
        """Take a list that was given before, or begin its next item."""
        import json

        clean = [_filled_cells(item) for item in items]
        given = self.page.evaluate("c => claimlogDesk.record.row[c] ?? []", slot["column"])
        if not given:
            for offer in self.page.evaluate(OFFERS):
                whole = json.loads(offer.get("value") or "[]")
                if clean and [_filled_cells(item) for item in whole] == clean:
                    self.press(offer["key"], "as before")
                    return
        self.press("Enter" if len(given) < len(items) else " ", "item")

    def _look_up(self, ids: list[str], row: Row) -> None:
        import json

        for offer in self._offers():
            whole = json.loads(offer.get("whole") or "{}")
            if whole and all((row.get(name) or []) == value for name, value in whole.items()):
                self.press(offer["key"], "as before")
                return
        for number, identifier in enumerate(ids):
            self._pick(identifier, number == len(ids) - 1)

    def _pick(self, identifier: str, is_last: bool) -> None:
        """Take an entry by its key, after as many letters as that needs."""
        key = self._key(identifier)
        if not is_last and key.isalpha():
            self.press(f"Shift+{key.upper()}", "looked up")
            self.keys["looked up"] += 1  # two keys go down
            self.columns[self.column] += 1
        elif not is_last or not self._take(identifier):
            if not self.page.evaluate("() => document.activeElement.matches('#panel input')"):
                self.press("0", "looked up")
            for letter in identifier:
                self.press(letter, "looked up")
                if is_last and self._take(identifier):
                    return
                if not is_last and self._key(identifier) == "1":
                    break
            self.press("Enter" if is_last else ",", "looked up")

    def _key(self, identifier: str) -> str:
        return next((one["key"] for one in self._offers() if one.get("id") == identifier), "")

    def _take(self, identifier: str) -> bool:
        key = self._key(identifier)
        if key:
            self.press(key, "looked up")
        return bool(key)

    def _offers(self) -> list[dict[str, str]]:
        self.page.wait_for_selector("#entries:not([aria-busy])", state="attached")
        found: list[dict[str, str]] = self.page.evaluate(OFFERS)
        return [one for one in found if one.get("key")]


def _filled_cells(item: Row) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value not in (None, "", [])}
