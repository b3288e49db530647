"""Compiling folded tables: Parquet, SQLite and the descriptor, published together or not at all."""
