"""Source texts: their canonical form, and anchors that point at places in them."""
