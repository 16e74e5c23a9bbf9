"""Exact laws of counts: interpolation over the rational numbers, confirmed at further points."""
