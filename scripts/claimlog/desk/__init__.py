"""The coding desk: people code texts in a browser, independently of each other, and decide.

A coder's work on a text is a journal of its own (`saved_cells`, `work`), of which another coder
sees nothing until it is decided (`works`). Where all who began have finished, who decides compares
(`comparison`), decides (`adjudication`) and has the rows added to the open batch together
(`commit`), by the functions that the command line adds them by. `web` serves it on this machine.
"""
