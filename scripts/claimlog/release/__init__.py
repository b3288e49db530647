"""Releases: making, describing, verifying, comparing, rebuilding and citing them."""
