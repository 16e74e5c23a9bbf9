"""What is raised for text that names no quantity."""

from __future__ import annotations

from bptt_bench.errors import BenchError


class TextError(BenchError, ValueError):
    """Text that is not what it should be; one line names the option, its value and the allowed form."""
