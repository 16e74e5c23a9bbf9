"""Clocks, samples, phases and memory of one evaluation."""
