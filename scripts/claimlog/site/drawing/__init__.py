"""Drawings of the pages as numbers: places and paths, which the templates write as SVG."""
