"""Sampling where it counts against a fixed design: the same interval widths, in how much of its time?

    python -m tests.scaling.adaptive --profile standard --out results/adaptive.json
    python -m tests.scaling.adaptive --fixed results/reference
    python -m tests.scaling.adaptive --simulated 20

A run of fixed length is made, or taken from a folder; then an adaptive one is asked for the same half-width of every
timing claim, in at most half of that time (``--share``). Printed for each claim: both half-widths and their ratio; and
the time that each run used, from its first record to the end of its last sample. ``--simulated`` does the same on a
simulated clock with many seeds, where nothing but the two designs differs.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from bptt_bench.analyse.adaptive.interval_targets import half_widths, interval_targets, required_fits
from bptt_bench.analyse.evidence.evidence import fit_all
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import Claim, Experiment
from bptt_bench.plan.experiment.stopping_rule import StoppingRule
from bptt_bench.store import SampleStore
from bptt_bench.store.frame import load
from bptt_bench.workflows import adaptive
from bptt_bench.workflows.adaptive import AdaptiveSampler
from bptt_bench.workflows.run import measure_run
from bptt_bench.workflows.settings import DEFAULT_EXPERIMENT, Settings, experiment_of

from tests.bench.measure.fakes import FakeEngine
from tests.scaling import simulated

SHARE = 0.5  # of the time of the fixed run that the adaptive one may take
AS_NARROW = 1.05  # widths are estimates themselves: one this little wider counts as the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two runs: seconds that each took, and half-widths by claim (None where a run has no interval)."""

    fixed_seconds: float
    adaptive_seconds: float
    fixed: dict[str, float]
    adaptive: dict[str, float | None]

    @property
    def ratios(self) -> dict[str, float]:
        """Adaptive over fixed half-width, of the claims that have both."""
        return {claim: width / self.fixed[claim] for claim, width in self.adaptive.items() if width is not None}

    @property
    def met(self) -> bool:
        """Whether every interval is as narrow, in at most the time allowed."""
        every = len(self.ratios) == len(self.fixed) and all(ratio <= AS_NARROW for ratio in self.ratios.values())
        return every and self.adaptive_seconds <= SHARE * self.fixed_seconds * AS_NARROW

    def lines(self) -> list[str]:
        """The comparison as a table."""
        wide = max(len(claim) for claim in ("claim", *self.fixed))
        rows = [f"{'claim':{wide}}  {'fixed':>9}  {'adaptive':>9}  ratio"]
        for claim, width in self.fixed.items():
            other = self.adaptive[claim]
            shown = "        -      -" if other is None else f"±{other:8.4f}  {other / width:5.2f}"
            rows.append(f"{claim:{wide}}  ±{width:8.4f}  {shown}")
        share = self.adaptive_seconds / self.fixed_seconds
        narrow = sum(ratio <= AS_NARROW for ratio in self.ratios.values())
        rows.append(
            f"{self.adaptive_seconds:.1f} s of {self.fixed_seconds:.1f} s ({share:.0%}); "
            f"{narrow} of {len(self.fixed)} intervals as narrow or narrower, "
            f"median ratio of half-widths {statistics.median(self.ratios.values() or [math.nan]):.2f}"
        )
        return rows


def widths(frame: pd.DataFrame, experiment: Experiment) -> dict[str, float]:
    """Half-width of every timing claim of a run that has an interval."""
    targets, _ = interval_targets(fit_all(frame, experiment, only=required_fits(experiment.claims)), experiment.claims)
    return half_widths(targets)


def seconds_of(frame: pd.DataFrame) -> float:
    """From the first record of a run to the end of its last sample; checks, probe and thinking included."""
    each = frame["seconds_per_eval"]
    if "instrumented_seconds_per_eval" in frame.columns:
        each = each.fillna(frame["instrumented_seconds_per_eval"])
    return float((frame["started_at"] + frame["evaluations"] * each).max() - frame.attrs["run"]["started_at"])


def compared(fixed: pd.DataFrame, adapted: pd.DataFrame, experiment: Experiment) -> Compared:
    """The widths and times of two runs of an experiment."""
    narrow = widths(adapted, experiment)
    wanted = widths(fixed, experiment)
    return Compared(
        fixed_seconds=seconds_of(fixed),
        adaptive_seconds=seconds_of(adapted),
        fixed=wanted,
        adaptive={claim: narrow.get(claim) for claim in wanted},
    )


def on_a_simulated_clock(
    seed: int,
    folder: Path,
    *,
    claims: tuple[Claim, ...] = simulated.CLAIMS,
    noise: simulated.Noise | None = None,
) -> Compared:
    """Both runs with fake processes on fake clocks; thinking costs nothing there."""
    frames = list[pd.DataFrame]()
    experiment = simulated.experiment(FakeClock(), seed, claims=claims, noise=noise)
    for name in ("fixed", "adaptive"):
        clock = FakeClock()
        experiment = simulated.experiment(clock, seed, claims=claims, noise=noise)
        engine = FakeEngine(experiment, clock, start_up_seconds=simulated.START_UP_SECONDS)
        further, measured = None, experiment
        with SampleStore.create(folder / name) as store:
            if frames:
                measured = adaptive.first_blocks(experiment, "standard")
                rule = StoppingRule(budget_seconds=SHARE * seconds_of(frames[0]), targets=widths(frames[0], experiment))
                further = AdaptiveSampler(
                    experiment,
                    "standard",
                    rule,
                    seed=seed,
                    read=lambda: load(folder / "adaptive"),
                    append=store.append,
                    seconds_used=clock.now,
                )
            run(
                measured,
                module="simulated",
                profile="standard",
                seed=seed,
                threads=1,
                sink=store,
                engine=engine,
                clock=clock,
                describe_environment=dict,
                next_blocks=further,
                probe=False,
            )
        frames.append(load(folder / name))
    return compared(frames[0], frames[1], experiment)


def on_this_machine(
    settings: Settings, folder: Path, *, fixed: Path | None, share: float
) -> tuple[Compared, list[str]]:
    """Both runs for real, one after the other, and what the adaptive one said on its way."""
    experiment = experiment_of(settings)
    if fixed is None:
        fixed = folder / "fixed"
        measure_run(settings, fixed)
    frame, said = load(fixed), list[str]()
    rule = StoppingRule(budget_seconds=share * seconds_of(frame), targets=widths(frame, experiment))
    adaptive.measure_adaptively(settings, rule, folder / "adaptive", say=said.append)
    return compared(frame, load(folder / "adaptive"), experiment), said


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scaling.adaptive", description=__doc__.split("\n")[0])
    parser.add_argument("--experiment", default=DEFAULT_EXPERIMENT, help="module [%(default)s]")
    parser.add_argument("--profile", default="standard", help="the fixed design [%(default)s]")
    parser.add_argument("--fixed", type=Path, metavar="DIR", help="a stored run of that profile, instead of a new one")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="for the runs; a temporary one by default")
    parser.add_argument("--share", type=float, default=SHARE, help="of the fixed run's time [%(default)s]")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--simulated", type=int, metavar="N", help="N pairs of runs on a simulated clock instead")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures as JSON")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        if chosen.simulated is not None:
            pairs = [on_a_simulated_clock(seed, folder / str(seed)) for seed in range(chosen.simulated)]
        else:
            settings = Settings(experiment=chosen.experiment, profile=chosen.profile, seed=chosen.seed)
            pair, said = on_this_machine(settings, folder, fixed=chosen.fixed, share=chosen.share)
            pairs = [pair]
            print("\n".join(said))
    for pair in pairs:
        print("\n".join(pair.lines()))
    if len(pairs) > 1:
        shares = [pair.adaptive_seconds / pair.fixed_seconds for pair in pairs]
        ratios = [ratio for pair in pairs for ratio in pair.ratios.values()]
        print(
            f"{len(pairs)} pairs: median share of the time {statistics.median(shares):.0%}, median ratio of "
            f"half-widths {statistics.median(ratios):.2f}; {sum(ratio <= AS_NARROW for ratio in ratios)} of "
            f"{len(ratios)} as narrow"
        )
    if chosen.out is not None:
        document = [{**asdict(pair), "ratios": pair.ratios, "met": pair.met} for pair in pairs]
        chosen.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
