"""Commands with a module of their own; ``bptt_bench.cli.main`` puts them together."""
