"""Starting a dataset of one's own, and bringing one up to date with a newer claimlog."""
