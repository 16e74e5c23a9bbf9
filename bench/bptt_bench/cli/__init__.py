"""The commands, a module each; ``bptt_bench.cli.main`` is their group."""
