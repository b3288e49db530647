"""The engines side by side: the embedded one and Spark, on one log, with equal hashes."""
