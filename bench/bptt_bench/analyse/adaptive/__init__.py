"""Which cell is worth measuring next."""
