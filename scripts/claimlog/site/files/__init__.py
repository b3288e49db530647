"""The site as plain files: the server's pages at its addresses, with links that are relative."""
