"""What runs inside a measuring process."""
