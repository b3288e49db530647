"""The event log: canonical lines, batches, the Merkle tree and proofs, reading, and the cache."""
