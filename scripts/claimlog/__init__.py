"""claimlog keeps an event-sourced dataset of claims.

Claims are appended as immutable event rows, validated, folded into current tables, compiled to
Parquet and SQLite, and served by Datasette. The modules read in one direction::

    cli -> bench -> ledger | pipeline | readme -> validate | fold | export | site -> events
    -> schema | edtf | inputs -> package -> errors | ijson
"""
