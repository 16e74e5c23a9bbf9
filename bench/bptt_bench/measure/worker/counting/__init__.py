"""Processes that count what evaluations do, in which nothing is timed."""
