"""The coding desk: people code texts in a browser, independently of each other, and decide.

A coder's work on a text is a journal of its own (`journal`, `work`), of which another coder
sees nothing until it is decided (`work_folder`). Where all who began have finished, the adjudicator
compares (`comparison`), decides (`adjudication`) and has the rows added to the open batch together
(`commit_decisions`), by the functions that the command line adds them by. `web` serves it on this
machine.
"""
