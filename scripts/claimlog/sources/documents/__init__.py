"""Documents that sources come in (HTML, PDF, DOCX), and taking the text of a source out of one.

A text is taken out once, when its source is registered. What is coded and anchored is that text,
which the user keeps; nothing is taken out of a document again, because the libraries that do it
differ from version to version.
"""
