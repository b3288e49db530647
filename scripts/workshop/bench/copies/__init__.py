"""Claims placed in copies of invented texts, by kind of copy, with hashes alone and with the text."""
