"""Laws found in measurements: every one that the data do not exclude, with its weight."""
