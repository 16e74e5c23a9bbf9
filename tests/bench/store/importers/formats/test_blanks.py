"""Tables that programs print in columns of blanks: names and numbers as they stand there, anything else in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from bptt_bench.errors import StoreError
from bptt_bench.store.frame import load

OSU = "# OSU MPI Latency Test v5.6.2\n# Size          Latency (us)\n8                1.23\n16               1.50\n"
IMB = (
    "#---------------------\n# Benchmarking PingPong\n# #processes = 2\n#---------------------\n"
    "       #bytes #repetitions      t[usec]   Mbytes/sec\n            8         1000         0.25        32.00\n"
    "           16         1000         0.50        32.00\n\n# All processes entering MPI_Finalize\n"
)


def table(folder: Path, text: str, name: str = "data.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "n t\n8 1.23\n16 1.5\n",
        "   n       t\n   8    1.23\n  16    1.50\n\n",
        "# n t\n8 1.23\n16 1.50\n",
        "% made by a program, version 2\n%\n%  n   t\n%=========\n   8  1.23\n# a remark\n  16  1.50\n",
        "n t\n8 1,23\n16 1,50\n",
    ],
)
@pytest.mark.parametrize("name", ["data.txt", "data.dat", "data.log", "data.out", "data.csv", "data"])
def test_columns_of_blanks_are_a_table(tmp_path: Path, text: str, name: str) -> None:
    frame = load(table(tmp_path, text, name))
    assert {column: frame[column].tolist() for column in frame.columns} == {"n": [8, 16], "t": [1.23, 1.5]}


def test_three_decimals_are_no_thousands_where_a_program_prints_them(tmp_path: Path) -> None:
    assert load(table(tmp_path, "n t\n8 1.230\n16 1.500\n")).attrs["notes"] == []


def test_names_with_blanks_are_parted_by_wider_gaps(tmp_path: Path) -> None:
    assert load(table(tmp_path, OSU)).to_dict("list") == {"Size": [8, 16], "Latency (us)": [1.23, 1.5]}
    found = load(table(tmp_path, IMB)).to_dict("list")
    assert found == {"bytes": [8, 16], "repetitions": [1000, 1000], "t[usec]": [0.25, 0.5], "Mbytes/sec": [32, 32]}


def test_quoted_text_may_have_blanks(tmp_path: Path) -> None:
    assert load(table(tmp_path, '"n" "kind"\n1 "of two"\n2 other\n'))["kind"].tolist() == ["of two", "other"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("n m t\n1 2 3\n4 5\n", "line 3: has 2 entries; 3 columns are named"),
        ("n t\n1 2\nLoop time of 3\n", "line 3: has 4 entries; 2 columns are named"),
        (IMB + IMB, "line 14: names columns again; keep one table in a file"),
        (OSU + OSU.replace("Latency (us)", "Bandwidth (MB/s)"), "line 6: names columns again"),
        ("1 2\n3 4\n", "is of no known kind"),
        ("some words\nand others\n", "is of no known kind"),
        ("One line\n", "is of no known kind"),
        ("n t\n1 2\n3 fast\n4 5\n", "line 3, column 't': 'fast' is not a number, as others are"),
    ],
)
def test_what_is_not_such_a_table_is_one_line(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(StoreError) as caught:
        load(table(tmp_path, text))
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_commas_and_blanks_are_commas(tmp_path: Path) -> None:
    for text in ("n, t\n1, 2\n3, 4\n", "# n, t\n1, 2\n3, 4\n"):
        assert load(table(tmp_path, text, "data.csv")).to_dict("list") == {"n": [1, 3], "t": [2, 4]}
