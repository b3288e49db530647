"""The suite that writes the site of logs of growing size as plain files."""
