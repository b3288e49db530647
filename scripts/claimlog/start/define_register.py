"""A register added to a definition: rows of what the topic has besides claims."""

from __future__ import annotations

import re
from dataclasses import dataclass

from claimlog.errors import UsageError
from claimlog.limits import DESCRIPTION_LENGTH, TITLE_LENGTH
from claimlog.schema.definition import Definition
from claimlog.schema.flaws import is_reserved_table, name_flaw
from claimlog.schema.registers import (
    MACHINERY_ENTITIES,
    MACHINERY_TABLES,
    SITE_FOLDERS,
    SITE_PAGES,
)
from claimlog.start.definition_texts import DefinitionTexts
from claimlog.start.next_schema_version import schema_file
from claimlog.start.option_lines import line_flaw

NAME_LENGTH = 100
"""Characters that the name of a row may have."""

TAKEN = MACHINERY_TABLES | SITE_PAGES | SITE_FOLDERS
"""Names of tables, pages and folders that every dataset may have."""


@dataclass(frozen=True)
class Register:
    """A register that is added to a definition.

    Attributes
    ----------
    entity
        What one row is about, as commands name it: ``claimlog add bell``.
    title
        What many of them are called; by it the register is named.
    definition
        What it holds.
    """

    entity: str
    title: str
    definition: str

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"register {self.name}"

    @property
    def name(self) -> str:
        """Name of the register: that of its file, of its table and of its pages."""
        return re.sub(r"[^a-z0-9]+", "_", self.title.lower()).strip("_")

    def edit(self, texts: DefinitionTexts, definition: Definition) -> None:
        """Add the schema of the register, whose rows have a name.

        Raises
        ------
        UsageError
            Naming the option that does not go with the definition.
        """
        shown = schema_file(self.name)
        flaw = self._flaw(definition)
        if flaw is None and texts.exists(shown):
            flaw = f"--title {self.title[:80]!r}: {shown} is there already; give it another title"
        if flaw is not None:
            raise UsageError(f"{flaw}; nothing was written")
        name = {
            "name": "name",
            "type": "string",
            "description": "What it is called.",
            "freeText": True,
            "constraints": {"required": True, "maxLength": NAME_LENGTH},
        }
        spec = {
            "title": self.title,
            "description": self.definition,
            "entity": self.entity,
            "fields": [name],
        }
        texts.put_schema(shown, spec, f"the register {self.name}")

    def _flaw(self, definition: Definition) -> str | None:
        entities = {table.entity: table.name for table in definition.streams.values()}
        flaw = line_flaw("--title", self.title, TITLE_LENGTH) or line_flaw(
            "--definition", self.definition, DESCRIPTION_LENGTH
        )
        if flaw:
            return flaw
        if flaw := name_flaw(self.entity, "what one row is about"):
            return f"NAME: {flaw}"
        if self.entity in entities:
            rows = entities[self.entity]
            return f"NAME {self.entity!r}: rows of {rows} are called so; name it otherwise"
        if self.entity in MACHINERY_ENTITIES:
            return f"NAME {self.entity!r}: tables mean something else by it; name it otherwise"
        shown = f"--title {self.title[:80]!r}"
        if name_flaw(self.name, "a register"):
            return (
                f"{shown}: no name can be made of it; expected Latin letters, digits and spaces, "
                "with a letter first (pages can show another one: title in the schema)"
            )
        if self.name in {*definition.tables, *TAKEN, definition.descriptor["name"]}:
            return f"{shown}: there is a table or page {self.name} already; give it another title"
        if is_reserved_table(self.name):
            return f"{shown}: {self.name} means something else in SQL; give it another title"
        return None
