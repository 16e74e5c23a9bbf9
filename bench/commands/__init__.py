"""Commands with a module of their own; ``bench.cli`` puts them together."""
