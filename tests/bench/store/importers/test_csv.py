"""A table from elsewhere: numbers as numbers, and each fault named with its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bptt_bench.store.frame import load
from bptt_bench.store.samples import StoreError


def table(folder: Path, content: bytes | str) -> Path:
    path = folder / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_columns_of_numbers_are_numbers_and_others_text(tmp_path: Path) -> None:
    frame = load(table(tmp_path, "n, block ,seconds\n1,a,2e-3\n2,b,.5\n"))
    assert list(frame.columns) == ["n", "block", "seconds"]
    assert frame.n.tolist() == [1, 2]
    assert frame.n.dtype.kind == "i"
    assert frame.block.tolist() == ["a", "b"]
    assert frame.seconds.tolist() == [0.002, 0.5]


def test_missing_entries_are_nan_and_empty_lines_nothing(tmp_path: Path) -> None:
    frame = load(table(tmp_path, "n,seconds\r\n\r\n1,\r\n2,nan\r\n,,\r\n"[:-4] + "3,4\r\n"))
    assert frame.n.tolist() == [1, 2, 3]
    np.testing.assert_equal(frame.seconds.to_numpy(), [np.nan, np.nan, 4.0])


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert list(load(table(tmp_path, b"\xef\xbb\xbfn,t\n1,2\n")).columns) == ["n", "t"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("n,t\n", "has no rows below the names of its columns"),
        ("n,t\n1,2\n\n3,fast\n", r"line 4, column 't': 'fast' is not a number"),
        ("n,t\n1,2\n3,4,5\n", r"line 3: has 3 entries; 2 columns are named"),
        ("n,t\n1\n", r"line 2: has 1 entries; 2 columns are named"),
        ("n,n\n1,2\n", r"line 1: names column 'n' twice"),
        ("n,\n1,2\n", r"line 1: column 2 has no name"),
        ("n;t\n1;0,5\n", "line 1: separates columns by semicolons; allowed are commas"),
        ("\nn\tt\n1\t0.5\n", "line 2: separates columns by tabs; allowed are commas"),
        ('n,t\n1,"2\n', "is no table: "),
        (b"\xff\xfe\x00\x01,\x80\n1,2\n", "is not UTF-8 text"),
    ],
)
def test_a_fault_is_one_line_that_names_it(tmp_path: Path, content: bytes | str, expected: str) -> None:
    path = table(tmp_path, content)
    with pytest.raises(StoreError, match=expected) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
