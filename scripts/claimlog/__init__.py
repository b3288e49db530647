"""claimlog keeps an event-sourced dataset of claims.

Claims are appended as immutable event rows, validated, folded into current tables, compiled to
Parquet and SQLite, and served by Datasette. The import contract in pyproject.toml holds the
direction in which its modules read each other.
"""

__version__ = "0.3.0"
"""Version of the tool. The dataset that it keeps has its own, in ``datapackage.json``."""
