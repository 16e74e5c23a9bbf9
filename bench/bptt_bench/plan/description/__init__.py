"""An experiment as plain data, and back."""
