"""The matrix of measures as a package defines it: its columns, its words, and its groups.

Which columns of claims hold a measure and its status is the package's to say, and so is which kinds
of measures belong together and whose own measures are told apart.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from claimlog.site.page import PageNotFound
from claimlog.site.store import Codes, Row, Store
from claimlog.site.topic import Topic, read_topic

WORDS = ("measure", "title", "label", "row", "lead", "counting", "own_words", "question")
"""What the template takes of the package's words."""

OTHER_SIGN = "•"
"""Sign of a status to which the package gives none."""

DOER_TYPES = (("state", "States"), ("alliance", "Alliances"), ("", "Groups and others"))


@dataclass(frozen=True)
class Matrix:
    """The columns and words of the matrix of measures, as the package gives them."""

    words: Row
    topic: Topic

    @property
    def columns(self) -> tuple[str, str]:
        """Return the columns of a measure and of its status."""
        return self.words["measure"], self.words["status"]

    @property
    def codelist(self) -> str:
        return self.topic.columns[self.words["measure"]].codelist or ""

    @property
    def status_codelist(self) -> str:
        return self.topic.columns[self.words["status"]].codelist or ""

    @property
    def account_codelist(self) -> str:
        if "account" not in self.words:
            return ""
        return self.topic.columns[self.words["account"]].codelist or ""

    @property
    def template_words(self) -> Row:
        """The package's words for the pages, those that it has."""
        return {key: self.words[key] for key in WORDS if key in self.words}

    def position(self, status: str) -> int:
        """Return the position of a status in a cell; one without a sign of its own comes last."""
        return [*self.words["signs"], status].index(status)

    @property
    def account_label(self) -> str:
        """What the column of the account is called on pages, empty where there is none."""
        column = self.words.get("account")
        labels = {item["column"]: item.get("label") for item in self.topic.filters}
        return labels.get(column) or self.topic.columns[column].label if column else ""

    @property
    def groups(self) -> list[Row]:
        """Kinds of measures that belong together, each with a label."""
        return [*self.words.get("groups", ())]

    @property
    def apart(self) -> Row:
        """States and groups whose measures are told apart, with a label for them."""
        return self.words.get("apart") or {"label": "", "in": []}

    @property
    def section_labels(self) -> list[str]:
        """The labels of the groups in order, then of other kinds, then of those told apart."""
        other = "Other measures" if self.groups else ""
        labels = [*(group["label"] for group in self.groups), other, self.apart["label"]]
        return [*dict.fromkeys(labels)]

    def group_position(self, kind: str) -> int:
        """Return the position of the group that a kind of measure is in; others come last."""
        found = (at for at, group in enumerate(self.groups) if kind in group["in"])
        return next(found, len(self.groups))

    def section_of(self, kind: str, states: Collection[str]) -> str:
        """Return the label of the section for a measure of a kind that some states take."""
        if states and set(self.apart["in"]).issuperset(states):
            return str(self.apart["label"])
        return self.section_labels[self.group_position(kind)]


async def read_matrix(store: Store) -> Matrix:
    """Return the definition of the matrix; without one there is no such page."""
    topic = await read_topic(store)
    if topic.presentation.measures is None:
        raise PageNotFound("The claims of this dataset are not coded for measures.")
    return Matrix(topic.presentation.measures, topic)


def code_entry(codes: Codes, codelist: str, code: str) -> Row:
    """Return a code with its label and definition."""
    entry = codes.entry(codelist, code)
    return {key: entry[key] for key in ("code", "label", "definition")}


def status_entry(matrix: Matrix, codes: Codes, code: str) -> Row:
    """Return a status with its label, definition and sign."""
    sign = matrix.words["signs"].get(code, OTHER_SIGN)
    return {**code_entry(codes, matrix.status_codelist, code), "symbol": sign}
