"""The loop of a run: which visit is next, where it is made, and what is recorded of it."""
