"""Predictions from the readings of a probe."""
