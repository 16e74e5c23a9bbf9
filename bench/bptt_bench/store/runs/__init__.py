"""The append-only file of a run: records, lock and recovery."""
