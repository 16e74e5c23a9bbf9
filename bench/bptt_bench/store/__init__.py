"""Store: samples on disk, and back again as a tidy DataFrame."""

from __future__ import annotations

from bptt_bench.store.samples import SampleStore, StoreError

__all__ = ["SampleStore", "StoreError"]
