"""A Parquet file: a table like a CSV, with the factors in its metadata where we wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.store.samples import StoreError

if TYPE_CHECKING:
    import pandas as pd

MAGIC = b"PAR1"
METADATA = b"bptt_bench"  # key of the schema's metadata under which our own export says what is what


def read_parquet(path: Path) -> pd.DataFrame:
    raise StoreError(f"{path}: not yet")
