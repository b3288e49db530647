"""The bench of the coding desk: keys a claim takes, and how soon a key is seen."""
