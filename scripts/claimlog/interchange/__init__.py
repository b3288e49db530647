"""Interchange: annotations from and for other tools, and a report of what is lost on the way."""
