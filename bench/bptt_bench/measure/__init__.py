"""Measure: evaluations in, seconds per evaluation out. Knows no store, no fit and no figure."""
