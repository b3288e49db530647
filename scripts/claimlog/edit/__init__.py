"""Changing the log: open batches, new rows, sealing and rebasing."""
