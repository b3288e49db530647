"""How answers reach readers: from memory, compressed, in parts, or not at all if unchanged."""
