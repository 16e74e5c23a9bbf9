"""Columns under other names, and without those that are not wanted."""

from __future__ import annotations

from pathlib import Path

import pytest
from bptt_bench.errors import StoreError
from bptt_bench.store.frame import load

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    path.write_text("Hidden Units,Param: dim,|V|,a=b,seconds\n1,2,3,4,5\n")
    return path


def test_columns_take_names_that_a_law_can_have(path: Path) -> None:
    new = {"Hidden Units": "H", "Param: dim": "d", "|V|": "V", "a=b": "ab"}
    assert load(path, rename=new).columns.tolist() == ["H", "d", "V", "ab", "seconds"]
    texts = [f"{old}={name}" for old, name in new.items()]
    assert load(path, rename=texts, ignore=["|V|"]).columns.tolist() == ["H", "d", "ab", "seconds"]
    assert load(path, rename={"Hidden Units": "x", "seconds": "seconds_per_eval"}).columns[0] == "x"


def test_factors_of_a_tools_file_are_renamed_and_left_out_as_factors() -> None:
    frame = load(FIXTURES / "google_benchmark" / "plain.json", rename={"arg0": "k", "arg1": "l"}, ignore=["threads"])
    assert {"k", "l"} <= set(frame.attrs["factors"])
    assert "threads" not in frame.attrs["factors"]
    assert frame.attrs["unnamed"] == []


@pytest.mark.parametrize(
    ("rename", "ignore", "expected"),
    [
        (["x=y"], [], "--rename 'x': no such column; the columns are 'Hidden Units', 'Param: dim', "),
        ([], ["x"], "--ignore 'x': no such column; the columns are "),
        (["x"], [], "--rename 'x': is not of the form OLD=NEW, such as 'Hidden Units=H'"),
        (["seconds=log"], [], "--rename: must be words that are not a column yet, got 'log'"),
        (["seconds=2n"], [], "--rename: must be words that are not a column yet, got '2n'"),
        (["|V|=v", "a=b=v"], [], "--rename: must be words that are not a column yet, got 'v'"),
        (["|V|=seconds"], [], "--rename: must be words that are not a column yet, got 'seconds'"),
    ],
)
def test_what_cannot_be_renamed_or_left_out_is_one_line(
    path: Path, rename: list[str], ignore: list[str], expected: str
) -> None:
    with pytest.raises(StoreError) as caught:
        load(path, rename=rename, ignore=ignore)
    assert str(caught.value).startswith(expected)
