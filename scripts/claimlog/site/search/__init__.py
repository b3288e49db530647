"""Search over everything that has a page: by name, by words, by address, and by what is near.

What is not a claim is few, so a `SearchIndex` of it is made from a database when it is first asked
for, and any database has one, those of old releases too. It is made of `SearchEntry` values, which
are JSON, so that a site of plain files can hold the same index. Claims are found by the full-text
index of their table.
"""
