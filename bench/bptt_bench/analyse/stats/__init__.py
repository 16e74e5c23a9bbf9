"""Statistics without any knowledge of benchmarks."""
