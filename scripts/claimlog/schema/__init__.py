"""Schemas of a package: Table Schemas, codebook, code lists, and what may be wrong with them."""
