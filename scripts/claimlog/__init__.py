"""claimlog keeps an event-sourced dataset of claims.

Claims are appended as immutable event rows, validated, folded into current tables, compiled to
Parquet and SQLite, and served by Datasette. The modules read in one direction::

    cli -> bench | site -> release -> ledger | pipeline | readme | manual
    -> validate | fold | export -> events -> schema | edtf | inputs -> codebook -> package
    -> errors | ijson
"""
