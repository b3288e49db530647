"""The bench: suites that measure a synthetic log, and their tables for docs/."""
