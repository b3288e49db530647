"""What somebody chooses of a variable: its name and definition, its codes or type, its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CODED_IN = "claims"
"""Stream whose columns are variables of the codebook, which coders decide by steps."""

TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "freeText": True, "ownWords": True},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "yes-no": {"type": "boolean"},
    "date": {"type": "string", "edtf": True},
}
"""What the option ``--type`` can say, and what a schema says for it."""


@dataclass(frozen=True)
class VariableChoices:
    """What is chosen of a variable; what is empty is not said.

    Attributes
    ----------
    name
        Of the variable, and of its column.
    stream
        Whose rows have it: claims, a register, or another stream.
    type
        A key of `TYPES`; None for codes and for a reference.
    codes
        Each code with its definition.
    steps
        Each question or rule with the code that it gives, or with nothing.
    register
        The stream that it refers to.
    many
        Whether it is a list of references.
    exclude, example
        What does not count, and an example.
    agreement
        What coders have to reach (Krippendorff's alpha, from 0 to 1); None for what is not coded
        a second time.
    """

    name: str
    stream: str = CODED_IN
    type: str | None = None
    definition: str = ""
    label: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    steps: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    register: str | None = None
    many: bool = False
    exclude: str = ""
    example: str = ""
    agreement: float | None = None

    @property
    def column(self) -> str:
        """The column that holds it: that of one reference ends as the identifier does."""
        if self.register is None or self.many:
            return self.name
        return f"{self.name.removesuffix('_id')}_id"
