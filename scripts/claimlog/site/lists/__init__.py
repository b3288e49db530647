"""Lists that are filtered, sorted, counted by facet, and sent whole."""
