"""``export`` from end to end: the same fits from what was written, and no file half-written or written over."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.cli.main import cli
from bptt_bench.errors import FitError, StoreError
from bptt_bench.store.frame import load
from bptt_bench.text.units import SECOND
from bptt_bench.workflows.export import Export, export, write_atomically
from bptt_bench.workflows.fit import select_subject
from click.testing import CliRunner, Result

REFERENCE = Path(__file__).resolve().parents[3] / "results" / "reference"
FAMILY = REFERENCE.parent / "family"
LAW, OVERHEAD = "T*H*V + T*H*d + T*H**2", "1 + T"


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def coefficients(data: Path | pd.DataFrame, **how: Any) -> dict[str, float]:
    frame = load(data) if isinstance(data, Path) else data
    found = fit(select_subject(frame, "naive"), LAW, overhead=OVERHEAD, **how)
    return {term.term: value for term, value in zip(found.terms, found.coefficients.tolist(), strict=True)}


def toy(**more: Any) -> pd.DataFrame:
    """Four points of two subjects, three samples each, some of which no fit would see."""
    n = np.repeat([1, 2, 4, 8], 3)
    both = pd.concat([pd.DataFrame({"subject": name, "n": n, "seconds_per_eval": n * 1e-3}) for name in ("a", "b")])
    stage = np.where(both["n"] == 8, "beyond", "sweep")
    made = both.reset_index(drop=True).assign(below_floor=(both["n"] == 1).to_numpy(), stage=stage, **more)
    made.attrs = {"factors": ["n"]}
    return made


# --- the same fit -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def swept() -> pd.DataFrame:
    """The sweep of the reference run."""
    frame = load(REFERENCE)
    return frame[frame["stage"] == "sweep"]


@pytest.mark.parametrize(("to", "suffix"), [("csv", "csv"), ("parquet", "parquet")])
def test_a_table_gives_the_same_fit_to_the_last_bit(to: Any, suffix: str, tmp_path: Path, swept: pd.DataFrame) -> None:
    path = tmp_path / f"x.{suffix}"
    export(REFERENCE, to).write(path)
    back = load(path)
    assert len(back) == len(load(REFERENCE)) > 7000
    assert coefficients(back[back["stage"] == "sweep"]) == coefficients(swept)
    assert coefficients(back[back["stage"] == "sweep"], block="block") == coefficients(swept, block="block")


def test_extra_p_gives_the_same_fit_as_samples_without_times_of_day(tmp_path: Path, swept: pd.DataFrame) -> None:
    path = tmp_path / "x.jsonl"
    export(REFERENCE, "extra-p", subjects=["naive"]).write(path)
    bare = swept[["subject", "V", "d", "H", "T", "seconds_per_eval"]].dropna()
    assert coefficients(path) == coefficients(bare)


def test_pyperf_gives_a_fit_of_the_same_points(tmp_path: Path, swept: pd.DataFrame) -> None:
    path = tmp_path / "x.json"
    export(REFERENCE, "pyperf", subjects=["naive", "forward"]).write(path)
    back = load(path)
    ours = swept[swept["subject"] == "naive"].dropna(subset="seconds_per_eval")
    theirs = back[back["subject"] == "naive"]
    names = ["V", "d", "H", "T", "seconds_per_eval"]
    assert sorted(map(tuple, theirs[names].to_numpy().tolist())) == sorted(map(tuple, ours[names].to_numpy().tolist()))
    bare = [table[["subject", *names]].sort_values(names) for table in (back, ours)]
    assert coefficients(bare[0]) == pytest.approx(coefficients(bare[1]), rel=1e-6)


# --- which rows -------------------------------------------------------------------------------------------------------


def test_tables_have_every_row_and_the_others_what_a_fit_would_see() -> None:
    table = export(toy(), "csv")
    assert (len(table.frame), table.left_out) == (24, 0)
    for to in ("extra-p", "pyperf"):
        found = export(toy(), to)
        assert (len(found.frame), found.left_out) == (12, 12)
        assert set(found.frame["n"]) == {2, 4}


def test_subjects_are_chosen() -> None:
    assert set(export(toy(), "csv", subjects=["b"]).frame["subject"]) == {"b"}
    assert set(export(toy(), "csv", subjects=["b", "a"]).frame["subject"]) == {"a", "b"}


def test_a_response_is_chosen() -> None:
    found = export(FAMILY, "csv", subjects=["fused"], response="scratch_bytes")
    assert 0 < len(found.frame) == found.frame["scratch_bytes"].notna().sum()
    weighed = export(FAMILY, "extra-p", subjects=["fused"], response="scratch_bytes")
    assert len(weighed.frame) == len(found.frame)


def test_factors_of_a_plain_table_are_what_comes_back() -> None:
    frame = toy(k=2, colour="x", host="h", dtype=["f", "d"] * 12).drop(columns=["stage", "below_floor"])
    frame.attrs = {}
    assert export(frame, "extra-p").factors == ("n", "k", "dtype")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"subjects": ["nobody"]}, "--subject 'nobody': unknown; the subjects are a, b"),
        ({"response": "latency"}, "--response 'latency': no such column; the columns are subject, n"),
        ({"response": "stage"}, "--response 'stage': is not a column of numbers"),
        ({"response": "empty"}, "response 'empty': was not measured; the data have 'seconds_per_eval'"),
    ],
)
def test_what_cannot_be_used_is_one_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError) as error:
        export(toy(empty=np.nan), "extra-p", **arguments)
    assert message in str(error.value)


def test_where_no_fit_would_see_a_sample_it_is_said() -> None:
    with pytest.raises(FitError, match="every row is below the signal floor or tests predictions"):
        export(toy().query("n == 8"), "pyperf")


def test_data_without_subjects_have_none_to_choose() -> None:
    with pytest.raises(FitError, match="the data have no column 'subject'"):
        export(toy().drop(columns="subject"), "csv", subjects=["a"])


# --- factors and units of a plain table -------------------------------------------------------------------------------


def once(**more: Any) -> pd.DataFrame:
    """A table in which each row is a point of its own, as people make them by hand."""
    n = np.arange(1, 9)
    return pd.DataFrame({"n": n, "dtype": ["f", "d"] * 4, "seconds_per_eval": n * 1.25e-3, **more})


def test_a_plain_table_keeps_its_factors() -> None:
    found = export(once(rss_MB=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], residual=np.linspace(0.1, 0.2, 8)), "pyperf")
    assert found.factors == ("n", "dtype")
    assert found.notes == ("factors: n, dtype; --factors names others",)
    document = json.loads("".join(found.text()))
    assert [one["metadata"]["name"] for one in document["benchmarks"]][:2] == ["n=1 dtype=f", "n=2 dtype=d"]
    assert len(document["benchmarks"]) == 8


def test_factors_that_are_none_or_are_left_out_are_named() -> None:
    for name, what in (("seconds_per_eval", "the response"), ("subject", "the subject")):
        with pytest.raises(FitError, match=f"--factors {name!r}: is {what}, and cannot be a factor as well"):
            export(toy(), "pyperf", factors=["n", name])
    known = once(m=[1, 2] * 4)
    known.attrs["factors"] = ["n", "m"]
    said = "--factors leaves out m, at different levels of which samples make one point"
    assert said in export(known, "pyperf", factors=["n"]).notes
    assert said not in export(known, "csv", factors=["n"]).notes
    assert said not in export(known, "pyperf", factors=["n", "m"]).notes


def test_values_that_pyperf_does_not_take_are_named() -> None:
    found = export(once().assign(seconds_per_eval=[0.0, 1e-9, *[1.0] * 6]), "pyperf")
    assert found.notes[-1] == "values that are not above 0 are left out, 1 of 8: pyperf takes no others"
    assert len(json.loads("".join(found.text()))["benchmarks"]) == 7
    assert len(export(once(), "pyperf").notes) == 1


def test_factors_that_nothing_tells_are_named() -> None:
    shares = once().drop(columns=["n", "dtype"]).assign(x=np.linspace(0.1, 0.9, 8))
    for to in ("pyperf", "extra-p"):
        with pytest.raises(FitError, match="--factors: required, because no column has levels; the columns are x"):
            export(shares, to)
    assert export(shares, "pyperf", factors=["x"]).factors == ("x",)
    with pytest.raises(FitError, match="--factors 'y': no such column; the columns are seconds_per_eval, x"):
        export(shares, "pyperf", factors=["y"])


def test_the_unit_of_a_response_is_read_from_its_name_or_stated(tmp_path: Path) -> None:
    for name, unit in (("wall (ms)", None), ("wall", "ms")):
        document = json.loads("".join(export(once(**{name: 4.0}), "pyperf", response=name, unit=unit).text()))
        assert document["metadata"]["unit"] == "second"
        assert document["benchmarks"][0]["runs"][0]["values"] == [0.004]
    with pytest.raises(StoreError, match="pyperf: needs the unit of 'wall', which nothing tells; --unit states it"):
        "".join(export(once(wall=4.0), "pyperf", response="wall").text())
    export(once(wall=4.0), "csv", response="wall", unit="ms").write(tmp_path / "x.csv")
    assert load(tmp_path / "x.csv")["wall_ms"].tolist() == [4.0] * 8


def test_values_are_converted_to_the_unit_that_their_name_states() -> None:
    found = export(once(), "csv", unit="ms")
    assert found.unit == SECOND
    assert found.frame["seconds_per_eval"].tolist() == pytest.approx((once()["seconds_per_eval"] * 1e-3).tolist())
    with pytest.raises(
        FitError, match="--unit: must be a unit that s, which seconds_per_eval states, can be converted to, got 'MB'"
    ):
        export(once(), "csv", unit="MB")


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_file_that_is_there_stays_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(StoreError, match=r"x\.csv: is there already; --force replaces it"):
        export(toy(), "csv").write(path)
    assert path.read_text(encoding="utf-8") == "mine"
    export(toy(), "csv").write(path, force=True)
    assert len(load(path)) == 24
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize("force", [False, True])
def test_nothing_but_a_regular_file_is_ever_replaced(force: bool, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(StoreError, match="is not a regular file"):
            export(toy(), "csv").write(path, force=force)
    assert (tmp_path / "pipe").is_fifo()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    export(toy(), "csv").write(tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert len(load(tmp_path / "real.csv")) == 24


class Torn(Export):
    """An export that ends in the middle."""

    __slots__ = ()
    error: BaseException = OSError()

    def text(self) -> Iterator[str]:
        yield "half"
        raise self.error


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(28, "No space left on device", "partial"), StoreError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (ValueError(), ValueError),
    ],
)
def test_nothing_half_written_is_left(
    error: BaseException, raised: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = export(toy(), "csv")
    torn = Torn(**{name: getattr(made, name) for name in Export.__slots__})
    monkeypatch.setattr(Torn, "error", error)
    (tmp_path / "x.csv").write_text("mine", encoding="utf-8")
    for path in (tmp_path / "x.csv", tmp_path / "new.csv"):
        with pytest.raises(raised, match=r"\.csv: cannot be written: No space left" if raised is StoreError else None):
            torn.write(path, force=True)
    assert [one.name for one in tmp_path.iterdir()] == ["x.csv"]
    assert (tmp_path / "x.csv").read_text(encoding="utf-8") == "mine"


def test_the_file_is_under_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    with write_atomically(tmp_path / "x", force=False) as partial:
        partial.write_text("all of it", encoding="utf-8")
        assert not (tmp_path / "x").exists()
        assert partial.parent == tmp_path
    assert (tmp_path / "x").read_text(encoding="utf-8") == "all of it"
    assert not partial.exists()


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    export(toy(), "csv").write(tmp_path / "toy.csv")
    return tmp_path / "toy.csv"


def test_text_goes_to_standard_output(csv: Path) -> None:
    again = invoke("export", csv, "--to", "csv")
    assert (again.exit_code, again.stdout) == (0, csv.read_text(encoding="utf-8"))
    lines = invoke("export", csv, "--to", "extra-p", "--subject", "a")
    assert [json.loads(line)["params"]["n"] for line in lines.stdout.splitlines()] == [2, 2, 2, 4, 4, 4]
    assert lines.stderr == "note: factors: n; --factors names others\n6 samples left out that no fit would see\n"
    assert json.loads(invoke("export", csv, "--to", "pyperf").stdout)["version"] == "1.0"


def test_a_file_is_reported_as_one_document(csv: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.parquet"
    result = invoke("export", csv, "--to", "parquet", "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {
        "file": str(out), "format": "parquet", "rows": 24, "factors": ["n"], "response": None, "unit": None,
        "left_out": 0, "notes": ["factors: n; --factors names others"],
    }  # fmt: skip
    assert load(out).attrs["factors"] == ["n"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "parquet"], "--to parquet: needs --out, because it is a binary format"),
        (["--to", "csv", "--json"], "--json: needs --out, for standard output cannot hold both"),
        (["--to", "xml"], "'xml' is not one of 'csv', 'parquet', 'extra-p', 'pyperf'"),
        ([], "Missing option '--to'"),
        (["--to", "csv", "--subject", "c"], "--subject 'c': unknown"),
        (["--to", "csv", "--out", "no/folder/x.csv"], "no/folder/x.csv: cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_used_ends_in_one_line(arguments: list[str], message: str, csv: Path) -> None:
    result = invoke("export", csv, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_nothing_there_ends_in_one_line(tmp_path: Path) -> None:
    result = invoke("export", tmp_path / "nothing", "--to", "csv")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_a_column_that_counts_the_rows_is_no_factor_beside_one_with_levels() -> None:
    n = [size for size in (10, 20, 40) for _ in range(4)]
    frame = pd.DataFrame({"run_id": range(12), "n": n, "time_ms": [0.5 * one for one in n]})
    assert export(frame, "extra-p").factors == ("n",)
    alone = frame.drop(columns="n")
    assert export(alone, "extra-p").factors == ("run_id",)  # with nothing else it may well be the size
    drawn = frame.assign(run_id=[7, 3, 19, 2, 5, 11, 13, 17, 23, 29, 31, 37])
    assert export(drawn, "extra-p").factors == ("run_id", "n")
