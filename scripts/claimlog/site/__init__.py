"""The Datasette plugin: metadata projected from the schemas, canned queries, and the style sheet.

Datasette finds it by its entry point and serves ``static/`` by itself.
"""

from datasette import hookimpl


@hookimpl  # type: ignore[untyped-decorator]  # Datasette ships no types
def extra_css_urls() -> list[str]:
    """Add our style sheet to every page."""
    return ["/-/static-plugins/claimlog/claimlog.css"]
