"""pytest and notebooks."""
