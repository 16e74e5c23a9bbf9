"""Text to values and back: one parser and one printer for each quantity, below all stages."""
