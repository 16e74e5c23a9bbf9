"""Messages between a run and its measuring processes, the visits that they speak of, and the records of a run."""
