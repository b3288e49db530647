"""The web application of the desk: requests checked, told apart, and answered."""
