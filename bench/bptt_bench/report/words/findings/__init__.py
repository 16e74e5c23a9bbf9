"""Findings in words, module by module as in ``bptt_bench.analyse.findings``; here all of them are registered."""

from bptt_bench.report.words.findings import estimates, fits, growth, obstacles, predictions, remarks

__all__ = ["estimates", "fits", "growth", "obstacles", "predictions", "remarks"]
