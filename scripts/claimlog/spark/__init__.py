"""The distributed engine: the same fold and the same rules on PySpark.

A log of many files, in a directory or an object store, is read by Spark's tasks with our own
reader, checked, folded by `claimlog.fold`, and written as partitioned Parquet. Spark does all
shuffling and scheduling. Nothing outside of this package imports PySpark.
"""
