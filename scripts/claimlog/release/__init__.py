"""Releases: made, described, verified, compared, rebuilt and cited."""
