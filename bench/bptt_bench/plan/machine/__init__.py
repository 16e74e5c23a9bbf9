"""Values that describe a machine and the work that it does."""
