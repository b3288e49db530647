"""Generated parts of this repository's documentation: README.md and docs/."""
