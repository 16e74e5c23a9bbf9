"""Predictions of time from the readings of a probe."""
