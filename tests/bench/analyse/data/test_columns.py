"""Which columns of a table are the response, factors and categories, and what is said of the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.data.columns import (
    add_roles,
    choose_response,
    column_roles,
    find_factors,
    less_clear_times,
    with_noise_columns,
)
from bptt_bench.analyse.evidence.by_category import fit_by
from bptt_bench.analyse.evidence.evidence import fitted_samples
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.errors import FitError
from bptt_bench.store.frame import load
from bptt_bench.text.units import unit_of


def table(**columns: Any) -> pd.DataFrame:
    """Two samples of n nanoseconds at six points of n."""
    n = [size for size in (10, 20, 40, 80, 160, 320) for _ in range(2)]
    return pd.DataFrame({"n": n, "seconds": [1e-9 * one for one in n], **columns})


@pytest.mark.parametrize(
    "name",
    [
        *(
            "seconds",
            "time",
            "wall_time",
            "elapsed",
            "duration",
            "runtime",
            "real_time",
            "time_ms",
            "Time (ms)",
            "ns/op",
        ),
        *("seconds_per_call", "wallTime", "latency_us", "t_s", "mean_time", "milliseconds", "CPU time [s]"),
    ],
)
def test_the_only_column_that_is_called_a_time_is_the_response(name: str) -> None:
    frame = table(time_step=1, bytes_per_second=2.0, stddev_seconds=0.1, T=3.0).rename(columns={"seconds": name})
    assert choose_response(frame, None, ["n"]) == name
    assert fit(frame, "n", overhead="1").response == name


@pytest.mark.parametrize("name", ["s", "us", "ms", "ns", "hours", "size_s", "runtime_threads", "forward_ms"])
@pytest.mark.parametrize("time", ["seconds", "time_ms", "mean_ms", "latency_us", "ns/op"])
def test_a_column_that_may_be_a_time_is_a_factor_beside_a_clearer_one(name: str, time: str) -> None:
    frame = table(**{name: [1, 2, 3] * 4}).rename(columns={"seconds": time})
    assert choose_response(frame, None) == time
    assert less_clear_times(frame, time) == [name]
    assert find_factors(frame, [time]) == ["n", name]
    assert choose_response(frame.drop(columns=time), None, ["n"]) == name
    with pytest.raises(FitError, match=rf"'{name}', 's2_s' are times; .*such as --response "):
        choose_response(frame.drop(columns=time).assign(s2_s=1), None, ["n"])


@pytest.mark.parametrize("name", ["s", "ms", "hours", "size_s", "runtime_threads"])
def test_sizes_in_a_column_that_may_be_a_time_are_a_factor(name: str, rng: np.random.Generator) -> None:
    times = {"time_ms": rng.uniform(1, 9, 12), "setup_ms": rng.uniform(1, 9, 12), "std_ms": rng.uniform(1, 9, 12)}
    scattered = pd.DataFrame({name: rng.permutation(np.arange(7, 91, 7)), **times})
    assert find_factors(scattered, ["time_ms"]) == [name]
    assert find_factors(scattered.assign(b=[1, 2, 4] * 4), ["time_ms"]) == [name, "b"]
    assert find_factors(scattered[["std_ms", "time_ms"]], ["time_ms"]) == ["std_ms"]


@pytest.mark.parametrize("name", ["std_ms", "se", "stddev", "sem", "Std Err", "stdev", "stderr (ms)", "time_sd"])
def test_a_column_that_may_be_a_standard_error_is_noted_with_its_option(name: str) -> None:
    frame = table(**{name: [0.1 * i for i in range(12)]})
    quoted = f"'{name}'" if " " in name else name
    note = f"{name!r} is not used; if it is the standard error of the response, --standard-error {quoted} weights by it"
    assert column_roles(frame, ["n"], ["seconds"]).notes == (note,)
    assert column_roles(table(**{name: table()["n"]}), ["n"], ["seconds"]).notes == (note,)
    assert column_roles(with_noise_columns(frame, standard_error=name), ["n"], ["seconds"]).notes == ()
    assert note not in column_roles(frame, ["n"], [name]).notes


@pytest.mark.parametrize("name", ["n", "seconds_per_eval"])
def test_a_response_that_the_law_names_is_refused(name: str) -> None:
    frame = table(seconds_per_eval=1.0)
    stated = name if name == "n" else None
    with pytest.raises(FitError, match=f"response '{name}': must be a column that no law names, for it would explain"):
        choose_response(frame, stated, ["n**2", name])


def test_a_stated_response_is_taken_and_a_column_named_by_the_law_is_not_one() -> None:
    assert choose_response(table(), "n") == "n"
    assert choose_response(table(seconds_per_eval=1.0), None) == "seconds_per_eval"
    assert choose_response(table(time=1.0), None, ["time*n"]) == "seconds"


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (
            table(cpu_time=1.0),
            "times; the columns are n, seconds, cpu_time; say which is meant, such as --response seconds",
        ),
        (table().rename(columns={"seconds": "cost"}), "say which is meant, such as --response cost"),
        (pd.DataFrame({"kind": ["a"]}), "response: no column is named as a time; the columns are kind"),
    ],
)
def test_where_none_or_several_could_be_meant_the_message_says_what_to_type(frame: pd.DataFrame, expected: str) -> None:
    with pytest.raises(FitError) as caught:
        choose_response(frame, None)
    assert str(caught.value).endswith(expected)


def test_durations_are_no_response_since_their_unit_is_not_told() -> None:
    frame = table(took=pd.to_timedelta(np.arange(12), unit="s"))
    with pytest.raises(FitError, match=r"column 'took': holds durations .*total_seconds"):
        choose_response(frame, "took")


def test_a_factor_that_is_called_like_a_function_is_told_how_to_be_renamed() -> None:
    frame = table(max=np.tile([4, 8], 6))
    with pytest.raises(FitError, match=r"column 'max': is a function in laws; .*--rename max=m"):
        column_roles(frame, ("n",), {"seconds"})


def scattered(rng: np.random.Generator, **columns: Any) -> pd.DataFrame:
    """Three samples at each of twenty points that share no level of n; columns by functions of n."""
    n = np.repeat(np.exp(rng.uniform(3, 8, 20)).round(), 3)
    return pd.DataFrame({"n": n, **{name: of(n) for name, of in columns.items()}, "seconds": 1e-9 * n})


def test_factors_without_a_recurring_level_are_no_twins(rng: np.random.Generator) -> None:
    other = np.repeat(np.exp(rng.uniform(3, 8, 20)).round(), 3)
    frame = scattered(rng, m=lambda n: other)
    found = column_roles(frame, (), ["seconds"])
    assert (found.factors, found.notes) == (("n", "m"), ())
    assert find_factors(frame, ["seconds"]) == ["n", "m"]


@pytest.mark.parametrize(
    "of",
    [
        lambda n: 8 * n,
        lambda n: 1e6 / n,
        lambda n: n + 1000,
        lambda n: n * (1 + 1e-4 * (n % 7)),
        lambda n: [f"n = {one:g}" for one in n],
    ],
)
def test_columns_that_rise_or_fall_together_are_twins(of: Any, rng: np.random.Generator) -> None:
    found = column_roles(scattered(rng, m=of), (), ["seconds"])
    assert (found.factors, found.categories) == (("n",), ())
    assert found.notes == ("column 'm' changes only together with 'n': not used",)


def test_constant_text_and_twins_of_factors_are_not_used_and_are_noted() -> None:
    n = table()["n"]
    frame = table(
        run_id="r1",
        label=[f"n={one}" for one in n],
        kilobytes=n * 8,
        kind=["a", "b"] * 6,
        d=[1, 1, 2, 2] * 3,
        digest=[f"{i:x}" for i in range(12)],
        holes=[1, None, 2] * 4,
    )
    found = column_roles(frame, ["n"], ["seconds"])
    assert (found.factors, found.categories) == (("d",), ("kind",))
    assert found.notes == (
        "column 'kilobytes' changes only together with 'n': not used",
        "column 'label' changes only together with 'n': not used",
        "column 'holes' has gaps, and the law does not name it: not used",
        "the same in every row, and not used: 'run_id'",
        "another value in nearly every row, and not used: 'digest'",
    )
    described = add_roles(frame, ["n"], response="seconds")
    assert described.attrs["factors"] == ["d", "n", "kind"]
    assert described.attrs["notes"][-1] == (
        "the law does not name 'd', which varies (1, 2); --where selects, --ignore d takes all as one"
    )
    assert frame.attrs == {}


def test_a_label_that_goes_with_other_factors_than_the_laws_is_none_either() -> None:
    d = [1, 1, 2, 2] * 3
    assert column_roles(table(d=d, size=["small", "small", "large", "large"] * 3), ["n"], ["seconds"]).categories == ()


def test_a_category_that_shares_its_levels_among_those_of_a_factor_is_one() -> None:
    assert column_roles(table(kind=["a"] * 6 + ["b"] * 6), ["n"], ["seconds"]).categories == ("kind",)


def test_a_column_that_is_called_as_ours_and_means_something_else_is_a_category() -> None:
    frame = table(stage=["train", "infer"] * 6, timing=["whole"] * 12)
    assert column_roles(frame, ["n"], ["seconds"]).categories == ("stage",)
    assert len(fitted_samples(frame)) == len(frame)
    assert [str(levels) for levels in fit_by(frame, "n", overhead="1")] == ["stage=infer", "stage=train"]
    ours = table(stage=["sweep", "beyond"] * 6)
    assert column_roles(ours, ["n"], ["seconds"]).categories == ()
    assert len(fitted_samples(ours)) == len(frame) / 2


def test_a_factor_of_a_run_or_a_tool_that_the_law_does_not_name_is_noted() -> None:
    frame = table(m=[1, 2] * 6)
    frame.attrs["factors"] = ["n", "m"]
    assert add_roles(frame, ["n"], response="seconds").attrs["notes"] == [
        "the law does not name 'm', which varies (1, 2); --where selects, --ignore m takes all as one"
    ]
    assert add_roles(frame, ["n*m"], response="seconds").attrs["notes"] == []
    assert add_roles(frame, ["n"], response="seconds", chosen=["m"]).attrs["notes"] == []


def test_a_renamed_column_keeps_the_unit_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("n,Time (ms)\n" + "".join(f"{n},{2 * n}\n" for n in (1, 2, 4, 8)), encoding="utf-8")
    frame = load(tmp_path / "x.csv", rename=["Time (ms)=t"])
    assert choose_response(frame, None, ["n"]) == "t"
    found = fit(frame, "n")
    assert (found.response, found.unit) == ("t", unit_of("ms"))


@pytest.mark.parametrize("name", ["date", "timestamp", "seed", "run", "repeat", "repetition", "block", "host", "low"])
def test_a_column_that_is_no_factor_by_its_name_is_noted(name: str) -> None:
    varying = table(**{name: [*range(12)]})
    assert column_roles(varying, ["n"], ["seconds"]).notes == (
        f"set aside by name: '{name}'; --rename {name}={name}_ makes one a factor",
    )
    assert column_roles(table(**{name: 3}), ["n"], ["seconds"]).notes == ()
    assert column_roles(varying, ["n", name], ["seconds"]).notes == ()


def test_names_of_hosts_are_used_and_not_said_to_be_set_aside() -> None:
    assert column_roles(table(host=["a", "b"] * 6), ["n"], ["seconds"]).notes == ()


def test_a_run_notes_none_of_its_own_columns() -> None:
    assert column_roles(table(timing="whole", block=[*range(12)]), ["n"], ["seconds"]).notes == ()


def test_a_column_called_as_one_of_a_run_may_be_the_factor_or_the_time() -> None:
    assert find_factors(table(timing=[*range(12)])[["timing", "seconds"]], ["seconds"]) == ["timing"]
    assert choose_response(table().rename(columns={"seconds": "first_seconds"}), None, ["n"]) == "first_seconds"


def test_the_response_that_is_suggested_has_a_unit_and_no_levels() -> None:
    frame = table().drop(columns="seconds").assign(instructions=[*range(1000, 1012)])
    with pytest.raises(FitError, match=r"such as --response instructions$"):
        choose_response(frame, None)
    with pytest.raises(FitError, match=r"such as --response peak_bytes$"):
        choose_response(frame[["n"]].assign(peak_bytes=1.0), None, ["n"])


def test_the_time_of_a_step_is_the_response_if_its_values_are_measured() -> None:
    measured = [0.1 * i for i in range(1, 13)]
    frame = table().drop(columns="seconds")
    assert choose_response(frame.assign(step_s=measured), None) == "step_s"
    assert choose_response(frame.assign(step_s=measured, time_ms=measured), None) == "time_ms"
    for other in ({"step_s": [0.1, 0.2] * 6}, {"step_s": measured, "back_step_s": measured}):
        with pytest.raises(FitError, match="say which is meant, such as --response "):
            choose_response(frame.assign(**other), None)


def test_a_rate_is_not_taken_for_the_response_and_said_to_be_one() -> None:
    frame = table().drop(columns="seconds").assign(samples_per_s=[0.5 * i for i in range(1, 13)])
    with pytest.raises(FitError, match=r"named as a time, and 'samples_per_s' is a rate; .*--response samples_per_s$"):
        choose_response(frame, None)


@pytest.mark.parametrize("cell", ["12.3 ms", "0:00:01"])
def test_a_time_with_its_unit_in_the_cells_is_reported(cell: str) -> None:
    with pytest.raises(FitError, match=f"column 'time': holds text, such as '{cell}'; a response must be numbers"):
        choose_response(table(time=cell).drop(columns="seconds"), None, ["n"])


def test_of_numbers_as_text_the_first_other_text_is_quoted() -> None:
    frame = table(seconds=["0.5", None, "-", *["1.5"] * 8, "x"])
    with pytest.raises(FitError, match="column 'seconds': holds text, such as '-'; a response must be numbers"):
        choose_response(frame, None, ["n"])
    with pytest.raises(FitError, match="column 'seconds': '-' in data row 3; allowed are numbers above 0"):
        fit(frame, "n", response="seconds")


def test_the_column_that_is_meant_by_a_time_without_its_unit_is_named() -> None:
    frame = table().rename(columns={"seconds": "cpu_seconds_per_eval"})
    with pytest.raises(FitError, match="did you mean cpu_seconds_per_eval"):
        fit(frame, "n", response="cpu_time")


def run_without_time(*counts: str) -> pd.DataFrame:
    return pd.DataFrame({"n": [1, 2], "seconds_per_eval": [np.nan] * 2, **{name: [3.0, 4.0] for name in counts}})


def test_the_only_response_of_a_run_without_time_is_taken() -> None:
    assert choose_response(run_without_time("operations_count"), None, ["n"]) == "operations_count"


@pytest.mark.parametrize("stated", [None, "seconds_per_eval"])
def test_several_responses_of_a_run_without_time_are_named(stated: str | None) -> None:
    frame = run_without_time("instructions_count", "operations_count")
    with pytest.raises(FitError, match=r"the data have 'instructions_count', 'operations_count'.* --response inst"):
        choose_response(frame, stated, ["n"])


@pytest.mark.parametrize(("name", "is_named"), [("timed_out", True), ("Timeout", True), ("ok", False)])
def test_a_column_that_may_say_what_was_cut_off_is_named(name: str, is_named: bool) -> None:
    frame = pd.DataFrame({"n": [1, 2, 4, 8], "seconds": [1.0, 2.0, 4.0, 5.0], name: [False, False, False, True]})
    note = f"{name!r} is taken as a category; with --censored {name} its samples are lower bounds instead"
    assert (note in add_roles(frame, ["n"], response="seconds").attrs["notes"]) == is_named


def test_sizes_that_hardly_recur_are_factors_beside_others() -> None:
    random = np.random.default_rng(0)
    rows = 40
    table = pd.DataFrame(
        {
            "b": np.tile([1, 2, 4, 8], rows // 4),
            "k": random.permutation(np.arange(3, 3 + 5 * rows, 5)),
            "number": np.arange(1, rows + 1),
            "branch_misses": random.permutation(np.arange(100, 100 + 9 * rows, 9)),
            "peak_MB": random.permutation(np.arange(10, 10 + 3 * rows, 3)),
            "energy": random.uniform(1, 9, rows),
            "seconds": random.uniform(1, 9, rows),
        }
    )
    assert find_factors(table, {"seconds"}) == ["b", "k"]
