"""The benchmark: a synthetic log, our stages on it, and beside them what one would use instead."""
