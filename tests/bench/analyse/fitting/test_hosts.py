"""Hosts: their speeds are recovered and taken out, disagreement about the shape is found and not invented."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.fitting.cautions import cautions
from bptt_bench.analyse.fitting.fit import Fit, fit
from bptt_bench.analyse.fitting.hosts import Host
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.plan import CostLaw
from bptt_bench.report.words.documents import fit_document
from bptt_bench.report.words.findings.fits import hosts_text

LAW = CostLaw("n*m + n*log(n)")
UNIT_COSTS = np.array([2e-9, 2e-8])
N, M = (grid.ravel() for grid in np.meshgrid([1e3, 1e4, 1e5, 1e6], [1.0, 10.0, 100.0]))
SPEEDS = {"a": 1.0, "b": 1.31, "c": 0.8}


def run(
    rng: np.random.Generator,
    hosts: str = "ab",
    *,
    visits: int = 2,
    processes: int = 3,
    slower: float = 1.0,
    noise: float = 0.01,
    misfit: float = 0.05,
) -> pd.DataFrame:
    """A run whose processes are dealt to hosts in turn; on host b ``n*m`` is ``slower`` times as long."""
    columns = LAW.columns({"n": N, "m": M})
    effects = misfit * rng.standard_normal(len(N))
    tables = []
    for process in range(processes * len(hosts)):
        host = hosts[process % len(hosts)]
        unit_costs = UNIT_COSTS * np.array([slower if host == "b" else 1.0, 1.0])
        log = np.log(columns @ unit_costs * SPEEDS[host]) + effects + 0.01 * rng.standard_normal()
        log += 0.005 * rng.standard_normal(len(N))
        for visit in range(visits):
            disturbed = (rng.random(len(N)) < 0.1) * rng.uniform(0.2, 1.0, len(N))
            seconds = np.exp(log + noise * rng.standard_normal(len(N)) + disturbed)
            where = {"host": host, "process": process, "block": process * visits + visit}
            tables.append(pd.DataFrame({"n": N, "m": M, **where, "seconds_per_eval": seconds}))
    frame = pd.concat(tables, ignore_index=True)
    frame.attrs["factors"] = ["n", "m"]
    return frame


def fitted(frame: pd.DataFrame) -> Fit:
    return fit(frame, LAW, overhead=(), block="block")


def test_a_host_has_the_factor_by_which_it_is_slower(rng: np.random.Generator) -> None:
    reference, b, c = fitted(run(rng, "aabc")).hosts
    assert reference.name == "a"
    assert reference.slowness is not None
    assert tuple(reference.slowness) == (1, 1, 1)
    for host in (b, c):
        assert host.slowness is not None
        assert host.slowness.low < SPEEDS[host.name] < host.slowness.high
        assert host.slowness.high / host.slowness.low < 1.1


def test_exact_samples_give_exact_speeds_and_unit_costs() -> None:
    exact = run(np.random.default_rng(0), noise=0.0, misfit=0.0)
    seconds = LAW.columns({"n": exact["n"], "m": exact["m"]}) @ UNIT_COSTS * exact["host"].map(SPEEDS).to_numpy()
    found = fitted(exact.assign(seconds_per_eval=seconds))
    assert found.coefficients == pytest.approx(UNIT_COSTS, rel=1e-6)
    assert found.hosts[1].slowness is not None
    assert found.hosts[1].slowness.estimate == pytest.approx(1.31, rel=1e-9)


def test_unit_costs_are_those_of_the_reference_whatever_the_others_took(rng: np.random.Generator) -> None:
    """Without the factors a host that is 3 times as slow would be noise, and its share of the samples would count."""
    alone = run(rng, "a")
    slow = alone.copy()
    slow["host"], slow["block"], slow["process"] = "b", slow["block"] + 100, slow["process"] + 100
    slow["seconds_per_eval"] *= 3.0
    frame = pd.concat([alone, slow[slow["block"] > 102]], ignore_index=True)
    frame.attrs["factors"] = ["n", "m"]
    assert fitted(frame).coefficients == pytest.approx(fitted(alone).coefficients, rel=0.02)


def test_one_host_changes_no_bit(rng: np.random.Generator) -> None:
    frame = run(rng, "a")
    with_host, without = fitted(frame), fitted(frame.drop(columns="host"))
    assert with_host.hosts == ()
    assert "hosts" not in fit_document(with_host)
    assert fit_document(with_host) == fit_document(without)


def test_a_term_slower_on_one_host_is_named(rng: np.random.Generator) -> None:
    found = fitted(run(rng, slower=1.3))
    about = [one for host in found.hosts for one in host.disagreements]
    assert about, hosts_text(found.hosts)
    assert "disagree about the shape: " in hosts_text(found.hosts)
    times = {one.terms: one.ratio.estimate for one in about}
    # which of the two terms moved cannot be said of one host against another: their ratio can
    assert times == pytest.approx({("n*m",): 1.3} if ("n*m",) in times else {("n*log(n)",): 1 / 1.3}, rel=0.05)


def test_hosts_of_other_speeds_seldom_disagree_about_the_shape() -> None:
    """Counted: at most 5 % are allowed; 10 of 100 would be seen by chance 3 times in 100 at 5 %."""
    rng = np.random.default_rng(7)
    frames = [run(rng, "ab" if i % 2 else "aabc") for i in range(100)]
    alarms = sum(any(host.disagreements for host in fitted(frame).hosts) for frame in frames)
    assert alarms <= 9


def test_intervals_hold_the_speed() -> None:
    rng = np.random.default_rng(8)
    held = 0
    for _ in range(60):
        slowness = fitted(run(rng)).hosts[1].slowness
        assert slowness is not None
        held += slowness.low <= SPEEDS["b"] <= slowness.high
    assert held >= 51  # 95 % nominal; fewer would be seen by chance once in 500


def test_disagreement_is_found() -> None:
    rng = np.random.default_rng(9)
    assert sum(bool(fitted(run(rng, slower=1.2)).hosts[1].disagreements) for _ in range(50)) >= 45


def with_steeper_host(frame: pd.DataFrame, exponent: float) -> pd.DataFrame:
    """The same, where time on host b grows by a further power of n."""
    power = np.where(frame["host"] == "b", exponent, 0.0)
    return frame.assign(seconds_per_eval=frame["seconds_per_eval"] * (frame["n"] / 1e4) ** power)


@pytest.mark.parametrize("law", [LAW, CostLaw("n*m")])
def test_time_that_grows_more_on_one_host_is_found_whatever_the_terms(law: CostLaw) -> None:
    """n goes from 1e3 to 1e6: the power of 0.05 makes 1.41 of it, and every term of these laws has it."""
    rng = np.random.default_rng(10)
    found, held = 0, 0
    for _ in range(30):
        frame = run(rng) if law is LAW else single(run(rng))
        about = fit(with_steeper_host(frame, 0.05), law, overhead=(), block="block").hosts[1].disagreements
        ratios = [one.ratio for one in about if one.growth == "n"]
        found += bool(about)
        held += any(ratio.low < 1000**0.05 < ratio.high for ratio in ratios)
    assert found >= 28
    assert held >= (26 if law is not LAW else 0)  # terms with unlike growth may say it in their own words


def single(frame: pd.DataFrame) -> pd.DataFrame:
    """The same, of a law of one term."""
    two = LAW.columns({"n": frame["n"], "m": frame["m"]}) @ UNIT_COSTS
    return frame.assign(seconds_per_eval=frame["seconds_per_eval"] / two * (frame["n"] * frame["m"] * UNIT_COSTS[0]))


def test_hosts_that_grow_alike_seldom_disagree_under_a_law_of_one_term() -> None:
    rng = np.random.default_rng(11)
    fits = [fit(single(run(rng)), "n*m", overhead=(), block="block") for _ in range(100)]
    assert sum(bool(one.hosts[1].disagreements) for one in fits) <= 9


def test_growth_is_named_with_its_factor(rng: np.random.Generator) -> None:
    found = fit(with_steeper_host(single(run(rng)), 0.1), "n*m", overhead=(), block="block")
    assert [(one.terms, one.growth) for one in found.hosts[1].disagreements] == [((), "n")]
    assert found.hosts[1].disagreements[0].ratio.estimate == pytest.approx(1000**0.1, rel=0.05)
    assert "hosts disagree about the shape: time grows " in hosts_text(found.hosts)
    assert hosts_text(found.hosts).endswith("with n on b")
    assert found.hosts[1].to_json()["disagreements"][0]["growth"] == "n"


def test_a_host_that_shares_no_point_has_no_speed(rng: np.random.Generator) -> None:
    frame = run(rng)
    apart = frame[(frame["host"] == "a") == (frame["n"] < 5e4)]
    found = fitted(apart)
    assert [host.slowness is None for host in found.hosts] == [False, True]
    expected = "host b shares no point with the others: its speed is taken to be that of host a"
    assert hosts_text(found.hosts) == expected
    assert cautions(found) == ()


def test_hosts_that_share_no_point_are_said_in_one_clause() -> None:
    apart = [Host(name=f"x{i}", n_samples=1, slowness=None) for i in range(1, 7)]
    reference = Host(name="a", n_samples=1, slowness=Interval(1, 1, 1))
    expected = "hosts x1, x2, x3 and 3 more share no point with the others: their speeds are taken to be that of host a"
    assert hosts_text([reference, *apart]) == expected
    known = Host(name="b", n_samples=6, slowness=Interval(2, 1.9, 2.1))
    assert hosts_text([reference, known, *apart[:1]]) == (
        "host b is 2.00 times as slow [1.90, 2.10] as host a; host x1 shares no point with the others: its speed is "
        "taken to be that of host a; they agree about the shape"
    )


def test_the_answer_names_hosts_as_data(rng: np.random.Generator) -> None:
    hosts = fit_document(fitted(run(rng)))["hosts"]
    assert [host["host"] for host in hosts] == ["a", "b"]
    assert set(hosts[1]["slowness"]) == {"estimate", "low", "high"}
    assert hosts[1]["disagreements"] == []
