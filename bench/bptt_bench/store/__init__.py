"""Store: samples on disk, and back again as a tidy DataFrame."""

from __future__ import annotations

from bptt_bench.store.runs.samples import SampleStore

__all__ = ["SampleStore"]
