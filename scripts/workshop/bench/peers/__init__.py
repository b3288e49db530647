"""The suite that builds a log, and beside it does the same with what one would use instead."""
