"""Comparing two runs, or a commit with the working tree."""
