"""Parquet: types that become numbers or text, those that do not, and footers that promise too much."""

from __future__ import annotations

import decimal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pa = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq  # noqa: E402  # where there is not a pyarrow there is nothing to test
from bptt_bench.errors import StoreError  # noqa: E402
from bptt_bench.store.frame import load  # noqa: E402
from bptt_bench.store.importers.formats import parquet  # noqa: E402


def written(folder: Path, columns: dict[str, Any], **options: Any) -> Path:
    path = folder / "data"
    metadata = options.pop("metadata", None)
    table = pa.table(columns)
    pq.write_table(table.replace_schema_metadata(metadata) if metadata else table, path, **options)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        load(path)
    assert str(caught.value).isprintable()
    return str(caught.value).removeprefix(f"{path}: ")


def test_numbers_text_and_truth_are_read_and_other_types_named(tmp_path: Path) -> None:
    columns = {
        "n": pa.array([1, None, 3]),
        "half": pa.array(np.array([1, 2, 3], dtype=np.float16)),
        "kind": pa.array(["a", None, "\x1b[31m"]).dictionary_encode(),
        "large": pa.array(["x", "y", "z"], pa.large_string()),
        "hot": pa.array([True, False, None]),
        "when": pa.array([1, 2, 3], pa.timestamp("ms")),
        "nested": pa.array([[1], [2], []]),
        "price": pa.array([decimal.Decimal("1.5"), None, decimal.Decimal(-3)]),
        "wide": pa.array([decimal.Decimal("1e60")] * 3),
    }
    frame = load(written(tmp_path, columns, row_group_size=2, compression="zstd"))
    assert frame.columns.tolist() == ["n", "half", "kind", "large", "hot", "price", "wide"]
    np.testing.assert_equal(frame["n"].to_numpy(), [1.0, np.nan, 3.0])
    assert frame["half"].tolist() == [1.0, 2.0, 3.0]
    assert frame["kind"].fillna("?").tolist() == ["a", "?", "\\x1b[31m"]
    assert frame["hot"].fillna("?").tolist() == ["True", "False", "?"]
    np.testing.assert_equal(frame["price"].to_numpy(), [1.5, np.nan, -3.0])
    assert frame["wide"].tolist() == pytest.approx([1e60] * 3)
    assert frame.attrs["notes"] == [
        "columns left out, neither numbers nor text: 'when' (timestamp[ms]), 'nested' (list<element: int64>)",
        "column 'n': 1 of 3 entries is missing",
        "column 'price': 1 of 3 entries is missing",
    ]


def test_factors_are_those_that_our_own_export_names(tmp_path: Path) -> None:
    path = written(tmp_path, {"n": [1], "m": [2], "t": [0.5]}, metadata={b"bptt_bench": b'{"factors": ["n"]}'})
    assert load(path).attrs["factors"] == ["n"]
    assert "factors" not in load(written(tmp_path, {"n": [1]}, metadata={b"other": b"x"})).attrs


@pytest.mark.parametrize("metadata", [b"", b"{}", b'{"factors": "n"}', b'{"factors": ["x"]}', b"[" * 9000, b"\xff"])
def test_metadata_that_name_no_columns_are_refused(tmp_path: Path, metadata: bytes) -> None:
    path = written(tmp_path, {"n": [1]}, metadata={b"bptt_bench": metadata})
    assert refusal(path) == "metadata 'bptt_bench' does not name its factors as columns"


def test_a_footer_that_promises_too_much_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, {"n": np.zeros(1000), "m": np.zeros(1000)})
    monkeypatch.setattr(parquet, "MOST_VALUES", 1999)
    assert refusal(path) == "must have at most 1999 values, got 2000"
    monkeypatch.setattr(parquet, "MOST_VALUES", 2000)
    assert len(load(path)) == 1000
    monkeypatch.setattr(parquet, "MOST_DECOMPRESSED_BYTES", 10)
    assert refusal(path).startswith("must have at most 10 bytes when decompressed, got ")


def test_a_long_text_in_many_rows_is_kept_once(tmp_path: Path) -> None:
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(200_000, dtype=np.int32)), pa.array(["z" * 1_000_000]))
    frame = load(written(tmp_path, {"kind": texts, "t": np.ones(200_000)}))  # 200 GB, were it spelled out
    assert len(frame["kind"].unique()) == 1
    assert len(frame["kind"].iloc[0]) == 160


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, "has no column of numbers or text (no column at all)"),
        ({"when": [[1]]}, "has no column of numbers or text (when)"),
        ({"n": pa.array([], pa.int64())}, "has no rows"),
        ({"": [1]}, "a column has no name"),
    ],
)
def test_tables_without_data_are_refused(tmp_path: Path, columns: dict[str, Any], expected: str) -> None:
    assert refusal(written(tmp_path, columns)) == expected


def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["n", "n"]), tmp_path / "data")
    assert refusal(tmp_path / "data") == "names column 'n' twice"


def test_a_file_that_was_cut_off_is_broken(tmp_path: Path) -> None:
    path = written(tmp_path, {"n": list(range(100))})
    path.write_bytes(path.read_bytes()[:-20])
    assert refusal(path).startswith("is broken Parquet: ")


def test_without_pyarrow_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, {"n": [1]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert refusal(path) == "is Parquet, which needs pyarrow: pip install 'bptt-bench[parquet]'"


def test_an_index_without_a_name_and_gaps_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    frame = pd.DataFrame({"n": [1, 2, 3], "seconds": [0.5, None, 1.5]}, index=[2, 5, 7])
    frame.to_parquet(path)
    found = load(path)
    assert found.columns.tolist() == ["n", "seconds"]
    assert found.attrs["notes"] == [
        "column '__index_level_0__' counts the rows: left out",
        "column 'seconds': 1 of 3 entries is missing",
    ]
