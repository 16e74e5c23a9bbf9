"""Findings of the analysis as values; sentences are made of them in ``bptt_bench.report.words`` alone."""
