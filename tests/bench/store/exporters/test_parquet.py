"""Parquet: read back with its factors, and one line where pyarrow is not installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bptt_bench.errors import StoreError
from bptt_bench.store.exporters.parquet import write_parquet
from bptt_bench.store.frame import load

FRAME = pd.DataFrame(
    {
        "subject": pd.Series(["=a", "é"] * 3, dtype="str"),
        "dtype": ["float32", None, "float64"] * 2,
        "n": [1, 2, 4, 8, 16, 32],
        "seconds_per_eval": [0.1, np.nan, 0.3, 1e-300, 5e300, 0.7],
        "below_floor": [True, False] * 3,
    }
)
RUN = {"experiment": "toy", "environment": {"cpu": "é"}}


def test_it_is_read_back_as_it_was(tmp_path: Path) -> None:
    write_parquet(FRAME, tmp_path / "x.parquet", factors=("n", "dtype"), run=RUN)
    back = load(tmp_path / "x.parquet")
    assert back.attrs["factors"] == ["n", "dtype"]
    assert list(back.columns) == list(FRAME.columns)
    assert back["n"].dtype == FRAME["n"].dtype
    assert back["subject"].tolist() == FRAME["subject"].tolist()
    assert back["dtype"].isna().tolist() == FRAME["dtype"].isna().tolist()
    assert np.array_equal(back["seconds_per_eval"], FRAME["seconds_per_eval"], equal_nan=True)
    assert back["below_floor"].tolist() == [1, 0] * 3  # truth as numbers: the text "False" would be true


@pytest.mark.parametrize("dtype", ["str", "object"])
def test_a_category_that_none_of_the_rows_has_is_read_back(tmp_path: Path, dtype: str) -> None:
    made = FRAME.assign(kind=pd.Series([None] * 6, dtype=dtype))
    write_parquet(made, tmp_path / "x.parquet", factors=("n", "kind"), run=RUN)
    back = load(tmp_path / "x.parquet")
    assert back.attrs["factors"] == ["n", "kind"]
    assert back["kind"].isna().all()


def test_the_schema_knows_the_run(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    write_parquet(FRAME, tmp_path / "x.parquet", factors=("n",), run=RUN)
    metadata = pq.read_schema(tmp_path / "x.parquet").metadata
    assert json.loads(metadata[b"bptt_bench"]) == {"factors": ["n"], "run": RUN}


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(StoreError, match=r"parquet: needs pyarrow, which is not installed: pip install 'bptt-bench"):
        write_parquet(FRAME, tmp_path / "x.parquet", factors=("n",), run=RUN)
    assert list(tmp_path.iterdir()) == []
