"""The event log: canonical lines, anchors, the Merkle tree, batches, and appending to them."""
