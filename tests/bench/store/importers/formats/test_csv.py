"""A table from elsewhere: numbers as numbers, and each fault named with its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bptt_bench.errors import StoreError
from bptt_bench.store.frame import load


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
        ("n,t\n1\n", r"line 2: has 1 entry; 2 columns are named"),
        ("1,2\n3,4\n", "line 1: must name the columns, such as n,time_ms, got numbers alone"),
        ("n;t\n1,000;2\n", "holds '1,000', which may be a thousand or have a decimal comma; write numbers with"),
        ('n,t\n1000,"2,498"\n', "holds '2,498', which may be a thousand or have a decimal comma; write numbers with"),
        ("n;t\n1,000,000;2,5\n", "must have one kind of decimal mark, got '2,5' and '1,000,000'"),
        ("n;t\n1.000;2,5\n0.5;3,5\n", "must have one kind of decimal mark, got '2,5' and '1.000'"),
        ("n;t\n1.000;2,5\n1500;3,5\n", "holds '1.000' beside '1500', which may be a thousand or have a decimal point"),
        ('n,t\n1,"2\n', "is not a table: "),
        (b"\xff\xfe\x00\x01,\x80\n1,2\n", "is not UTF-8 text"),
    ],
)
def test_a_fault_is_one_line_that_names_it(tmp_path: Path, content: bytes | str, expected: str) -> None:
    path = table(tmp_path, content)
    with pytest.raises(StoreError, match=expected) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "n,t\n1000,0.5\n2000,1.5\n",
        "n;t\n1000;0.5\n2000;1.5\n",
        "n\tt\r\n1000\t0.5\r\n2000\t1.5\r\n",
        "n;t\n1000;0,5\n2000;1,5\n",
        "n;t\n1.000,0;0,5\n2.000,0;1,5\n",
        "n;t\n1.000;0,5\n2.000;1,5\n",
        "sep=;\nn;t\n1000;0,5\n2000;1,5\n",
        '\ufeff# a comment, with "quotes\n\nn,t\n1000,0.5\n# another\n2000,1.5\n',
        "# made on a Monday\n#n,t\n1000,0.5\n2000,1.5\n",
        "# n\tt\n1000\t0.5\n2000\t1.5\n",
        'n,t\n"1,000",0.5\n"2,000",1.5\n',
        'n,t,\n"1,000",0.5,\n"2,000",1.5,\n',
        "n,t\n1K,5e-1\n2k,1.5\n",
        "n,t\n1e3,0.5\n2E3,1.5\n",
        ",n,t\n0,1000,0.5\n1,2000,1.5\n",
        "n,t,\n1000,0.5,\n2000,1.5,\n",
    ],
)
def test_a_table_is_read_however_its_numbers_and_columns_are_written(tmp_path: Path, content: str) -> None:
    frame = load(table(tmp_path, content))
    assert {name: frame[name].tolist() for name in frame.columns} == {"n": [1000, 2000], "t": [0.5, 1.5]}


def test_commas_in_a_comma_separated_file_are_read_where_another_entry_settles_them(tmp_path: Path) -> None:
    assert load(table(tmp_path, 'n,t\n"1,000",2\n"1,000,000",3\n')).n.tolist() == [1000, 1_000_000]
    assert load(table(tmp_path, 'n,grid,t\n"1,000","8,16",2.5\n2,"4,8",3.5\n')).grid.tolist() == ["8,16", "4,8"]
    assert load(table(tmp_path, 'n,grid,t\n1,"2,498",3\n'), ignore=["grid"]).n.tolist() == [1]


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        ("n,t\n1,2\n", []),
        ("n,t\n1K,2\n2M,3\n", ["column 'n': numbers such as '1K' are read as 1000"]),
        (
            "n,t\n4K,2\n256K,3\n1M,4\n",
            ["column 'n': numbers such as '4K' are read as 4000; if 4096 is meant, write '4Ki'"],
        ),
        (
            "n,t\n1,1\n2,2\n3,timeout\n4,2\n",
            [
                (
                    "column 't': 1 of 4 entries is missing ('timeout'); with the limit in their place, and 1 in a "
                    "column that --censored names, they are lower bounds"
                )
            ],
        ),
        ("n,t\n2^10,2\n2048,3\n10**4,4\n", ["column 'n': numbers such as '2^10' are read as 1024"]),
        ("n,t\n2^10,2\n2^20 x,3\n", []),
        (
            "n;t\n500;0,5\n1.000;1,5\n1.000.000;1.234,5\n",
            [
                "column 'n': numbers such as '1.000' are read as 1000",
                "column 't': numbers such as '0,5' are read as 0.5",
            ],
        ),
        ("n,t\n1KiB,2\n", ["column 'n': numbers such as '1KiB' are read as 1024"]),
        ("n,t\n1,DNF\n2,NA\n3,\n4,0.5\n5,1\n6,2\n", ["column 't': 3 of 6 entries are missing ('DNF', 'NA', empty)"]),
        ("n,t\n1,2\n# x\n3,4\n", ["lines that begin with # are comments: 1 below the names of the columns"]),
        (",n\n0,1\n5,2\n", ["column 1 has no name and counts the rows: left out"]),
        (
            ",n\n7,1\n5,2\n",
            ["column 1 has no name: it is called column_1 here; --rename column_1=NAME or --ignore column_1"],
        ),
    ],
)
def test_what_is_read_otherwise_than_it_stands_there_is_noted(tmp_path: Path, content: str, notes: list[str]) -> None:
    assert load(table(tmp_path, content)).attrs["notes"] == notes


def test_a_name_that_stands_twice_gets_a_number(tmp_path: Path) -> None:
    frame = load(table(tmp_path, "n,Noise,t,Noise,Noise.2,Noise\n1,2,3,4,5,6\n"))
    assert list(frame.columns) == ["n", "Noise", "t", "Noise.3", "Noise.2", "Noise.4"]
    assert frame.iloc[0].tolist() == [1, 2, 3, 4, 5, 6]
    words = "names that stand twice get a number the second time: 'Noise.3', 'Noise.4'"
    assert frame.attrs["notes"] == [words]
    assert list(load(table(tmp_path, "n,Noise,Noise\n1,2,3\n"), ignore=["Noise"]).columns) == ["n", "Noise.2"]


def test_words_for_nothing_are_levels_in_a_column_of_text(tmp_path: Path) -> None:
    frame = load(table(tmp_path, "packing,t\nnone,1\ngzip,2\nnone,NA\n"))
    assert frame["packing"].tolist() == ["none", "gzip", "none"]
    assert frame.attrs["notes"] == ["column 't': 1 of 3 entries is missing ('NA')"]


def test_text_among_numbers_may_stand_in_a_column_that_is_ignored(tmp_path: Path) -> None:
    path = table(tmp_path, "n,t,state\n1,2,1\n3,4,broken\n5,6,1\n")
    with pytest.raises(StoreError, match="'broken' is not a number, as others are; --ignore state leaves"):
        load(path)
    assert list(load(path, ignore=["state"]).columns) == ["n", "t"]


def test_a_point_before_three_digits_is_never_read_without_a_word(tmp_path: Path) -> None:
    frame = load(table(tmp_path, "n;t\n100;1.413\n200;2.826\n"))
    assert frame.t.tolist() == [1.413, 2.826]
    words = "column 't': numbers such as '1.413' are read as 1.413, with a decimal point, not as thousands"
    assert frame.attrs["notes"] == [words]
    with pytest.raises(StoreError, match=r"column 'n': holds '1\.000' beside '100', which may be a thousand"):
        load(table(tmp_path, "n\tt\n100\t1.413\n1.000\t2.826\n"))
    assert load(table(tmp_path, "n;t\n100;1.413\n200;0.826\n")).attrs["notes"] == []  # 0.826 is not a thousand
    assert load(table(tmp_path, "n,t\n100,1.413\n200,2.826\n")).attrs["notes"] == []


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["1.1", "1.10"], "'1.10' and '1.1' are read as one number; text is written with a letter, such as 'v1.1'"),
        (
            ["3.9", "3.10", "3.11"] * 2,
            "'3.10' is read as the number 3.1; text is written with a letter, such as 'v3.9'",
        ),
        (["007", "7"], "'007' and '7' are read as one number; text is written with a letter, such as 'v007'"),
        (["A", "A "], "'A' with and without a blank behind are taken as one"),
    ],
)
def test_texts_that_become_one_level_are_noted(tmp_path: Path, cells: list[str], words: str) -> None:
    lines = "".join(f"{cell},{i}\n" for i, cell in enumerate(cells))
    assert load(table(tmp_path, f"id,t\n{lines}")).attrs["notes"] == [f"column 'id': {words}"]


@pytest.mark.parametrize(
    "cells", [["1.50", "2.25"], ["0.5", "1.25"], ["001", "002"], ["A ", "B "], ["1", "2.0"], ["12.5", "4.10"]]
)
def test_numbers_that_lose_nothing_have_no_note(tmp_path: Path, cells: list[str]) -> None:
    lines = "".join(f"{cell},{i}\n" for i, cell in enumerate(cells))
    assert load(table(tmp_path, f"id,t\n{lines}")).attrs["notes"] == []


def test_versions_are_told_from_amounts_by_the_name_of_a_column_and_by_their_use(tmp_path: Path) -> None:
    rows = "12.5,1\n4.10,2\n3.25,3\n4.1,4\n"
    alike = "column 'mean': '4.10' and '4.1' are read as one number; text is written with a letter, such as 'v12.5'"
    assert load(table(tmp_path, f"mean,n\n{rows}")).attrs["notes"] == [alike]
    assert load(table(tmp_path, f"seconds,n\n{rows}")).attrs["notes"] == []
    named = load(table(tmp_path, "python version,t\n3.9,1\n3.10,2\n"))
    words = "column 'python version': '3.10' is read as the number 3.1; text is written with a letter, such as 'v3.9'"
    assert named.attrs["notes"] == [words]


def test_decimals_with_a_comma_may_be_as_many_as_pandas_writes(tmp_path: Path) -> None:
    values = [0.010379725348982285, 0.00010379725348982285, 1.0379725348982285e-05, 0.5]
    path = tmp_path / "pandas.csv"
    pd.DataFrame({"n": range(4), "t": values}).to_csv(path, sep=";", decimal=",", index=False)
    assert load(path).t.tolist() == values
