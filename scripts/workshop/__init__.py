"""What keeps this checkout: its environments and the licences in them; never part of the wheel."""
