"""Claims placed in copies of invented texts, by kind of copy and by way of looking."""
