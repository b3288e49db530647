"""The suite that asks a served build for every page, table and query, and takes the time."""
