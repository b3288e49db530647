"""The Datasette plugin: metadata projected from the schemas, and the canned queries."""
