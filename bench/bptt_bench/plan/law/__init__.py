"""Cost laws: sums of named terms in the factors."""
