"""Datasette is used by documented names; one module holds the others and says what ends them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from claimlog.site.datasette_internals import count_from_index, first_page_query, rowids_query
from conftest import ROOT

SITE = ROOT / "scripts" / "claimlog" / "site"
INTERNALS = "datasette_internals.py"

IMPORTED = {
    "datasette": {"Forbidden", "NotFound", "Response", "hookimpl"},
    "datasette.app": {"Datasette"},
    "datasette.utils": {"tilde_encode"},
}
"""What Datasette's documentation has plugins and tests import."""

ATTRIBUTES = {
    *("app", "client", "databases", "invoke_startup", "render_template", "setting"),
    "urls",
}
"""Documented attributes of the object that is passed to plugins as `datasette`."""


def imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield module and name of every import from Datasette."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "datasette":
            for alias in node.names:
                yield node.module or "", alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "datasette":
                    yield alias.name, ""


def attributes(tree: ast.Module) -> Iterator[str]:
    """Yield the attributes that are read from, or set on, an object called `datasette`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            if name == "datasette":
                yield node.attr


def test_only_one_module_uses_names_that_datasette_does_not_document() -> None:
    uses = 0
    for path in sorted(SITE.rglob("*.py")):
        if path.name == INTERNALS:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        for module, name in imports(tree):
            uses += 1
            assert name in IMPORTED.get(module, ()), f"{path.name} imports {module}.{name}"
        for name in attributes(tree):
            uses += 1
            assert name in ATTRIBUTES, f"{path.name} uses datasette.{name}"
    assert uses > 20


def test_each_page_has_a_template_and_each_template_of_ours_is_used() -> None:
    templates = SITE / "templates"
    sources = [*SITE.rglob("*.py"), *templates.glob("*.html")]
    text = {path: path.read_text("utf-8") for path in sources}
    ours = [path.name for path in templates.glob("claimlog_*.html")]
    assert len(ours) > 20
    for name in ours:
        assert any(f'"{name}"' in found for path, found in text.items() if path.name != name), name


SEARCH = "rowid in (select rowid from claims_fts where claims_fts match escape_fts(:search))"


@pytest.mark.parametrize(
    ("condition", "column", "hits"),
    [
        ('"topic" = :p0', "topic", None),
        (SEARCH, None, "from claims_fts where claims_fts match escape_fts(:search)"),
    ],
)
def test_a_first_page_is_recognized_and_asked_along_the_key(
    condition: str, column: str | None, hits: str | None
) -> None:
    page = first_page_query(
        f"select claim_id from claims where {condition} order by claim_id limit 21"
    )
    assert page is not None
    assert (page.table, page.key, page.size) == ("claims", "claim_id", 21)
    assert (page.column, page.hits) == (column, hits)
    assert page.along_key == (
        f"select claim_id from claims where +{condition} order by claim_id limit 21"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "select claim_id from claims order by claim_id limit 21",
        'select claim_id from claims where "topic" = :p0 and "voice" = :p1 order by a limit 21',
        'select claim_id from claims where "topic" = :p0 order by start desc limit 21',
        f"select claim_id from claims where {SEARCH} and x order by claim_id limit 21",
    ],
)
def test_any_other_query_is_left_as_it_is(sql: str) -> None:
    assert first_page_query(sql) is None
    assert count_from_index(sql) == sql


def test_rows_of_another_table_are_not_looked_for() -> None:
    assert rowids_query("select a from other where x ", "claims") is None
