"""Publishing a release: at Zenodo, at GitHub, in a directory; each can be run again after a fault.

What is there already is found by name and checksum, nothing is made twice, and what is public is
never changed. Without being told to publish, everything stops at a draft.
"""
