"""The suite that builds logs of growing size, and updates one by what is appended."""
