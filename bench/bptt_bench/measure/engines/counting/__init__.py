"""Processes that count what evaluations do, and time nothing."""
