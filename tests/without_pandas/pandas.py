"""Stands in for pandas in programs that tests start: users need not have it, and see none either.

Where there is one, pandera imports it, which takes half of the time in which a command starts.
"""

raise ModuleNotFoundError("No module named 'pandas'", name="pandas")
