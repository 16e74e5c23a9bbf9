"""Commands with a module of their own; ``bptt_bench.cli`` puts them together."""
