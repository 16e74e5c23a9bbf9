"""How a response grows, beside how its law does."""
