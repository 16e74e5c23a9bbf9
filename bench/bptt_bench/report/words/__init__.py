"""Findings in sentences, for every output."""
