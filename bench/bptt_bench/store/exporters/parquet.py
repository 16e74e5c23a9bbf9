"""Parquet: the tidy frame with what is known of the run in the metadata of its schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bptt_bench.errors import StoreError
from bptt_bench.store.importers.formats.parquet import METADATA

if TYPE_CHECKING:
    import pandas as pd


def write_parquet(frame: pd.DataFrame, path: Path, *, factors: Sequence[str], run: Mapping[str, Any]) -> None:
    """Write the frame; truth as 1 and 0, like the numbers beside it.

    The schema's metadata has, as JSON under the key ``bptt_bench``, the factors and the record of the run: its
    experiment, profile, seed and environment.

    Raises
    ------
    StoreError : pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise StoreError("parquet: needs pyarrow, which is not installed: pip install 'bptt-bench[parquet]'") from None
    columns = {
        str(name): frame[name].astype(int) if frame[name].dtype.kind == "b" else frame[name] for name in frame.columns
    }
    arrays = [
        pa.array(column.tolist() if column.dtype.kind == "O" else column.to_numpy(), from_pandas=True)
        for column in columns.values()
    ]
    # a column of text without any row stays text: a column without a type could not be read back
    arrays = [array.cast(pa.string()) if pa.types.is_null(array.type) else array for array in arrays]
    table = pa.Table.from_arrays(arrays, names=list(columns))
    about = {"factors": list(factors), "run": dict(run)}
    with path.open("wb") as file:  # opened here, so that an error is the system's own
        pq.write_table(table.replace_schema_metadata({METADATA: json.dumps(about).encode()}), file)
