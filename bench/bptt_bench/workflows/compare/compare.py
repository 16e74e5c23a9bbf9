"""Compares two runs: load, check that they are comparable, contrast, judge the claims."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bptt_bench.analyse.compare.compared import Comparison, changed_claims
from bptt_bench.errors import FitError, StoreError
from bptt_bench.plan import PLACEBO_SUFFIX
from bptt_bench.plan.machine.kernels import describe_library, libraries_of_run
from bptt_bench.store.runs.experiments import ExperimentRecord, unfinished

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.plan import Experiment

TOLERANCE = 0.02  # a fresh process is a percent or two faster or slower than another
PAIR = "pair"  # of the header of a run that was measured in turns with another
MUST_AGREE = ("experiment", "factors")
SHOULD_AGREE = ("profile", "threads", "corpus", "fault")
OF_THE_MACHINE = {
    "host": "machine",
    "cpu": "processor",
    "vector_instructions": "instructions",
    "instruction_counter": "counter of instructions",
    "python": "Python",
}
OF_PACKAGES = {
    "bptt-bench": "harness",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "numba": "Numba",
    "torch": "PyTorch",
    "jax": "JAX",
}


def compare(
    first: Path | str | pd.DataFrame,
    second: Path | str | pd.DataFrame,
    *,
    experiment: Experiment | None = None,
    tolerance: float = TOLERANCE,
    confidence: float = 0.95,
) -> Comparison:
    """Compare two runs of one experiment, claim by claim and coefficient by coefficient, second over first.

    Parameters
    ----------
    first, second : folders of runs, or their frames.
    experiment : with the laws and claims; by default those that the second run holds.
    tolerance : a cost per operation within a factor of 1 + this counts as the same.
    confidence : family-wise: that no cost per operation is reported as changed that has not changed.

    Raises
    ------
    StoreError, ExperimentError, FitError : what cannot be compared; one line each.

    Examples
    --------
    >>> compare("results/before", "results/after").regressions  # doctest: +SKIP
    """
    from bptt_bench.analyse.compare.changes import changes
    from bptt_bench.analyse.evidence.evidence import UnjudgedError
    from bptt_bench.analyse.verdicts.analysis import analyse
    from bptt_bench.report.words.reasons import clause_of
    from bptt_bench.store.runs.experiments import experiment_of_run

    if not isinstance(tolerance, int | float) or not (math.isfinite(tolerance) and tolerance >= 0):
        raise FitError(f"tolerance must be a number from 0, such as 0.02, got {tolerance!r}")
    if not isinstance(confidence, int | float) or not 0 < confidence < 1:
        raise FitError(f"confidence must be a number between 0 and 1, such as 0.95, got {confidence!r}")
    names = tuple(str(one) if isinstance(one, Path | str) else word for one, word in ((first, "A"), (second, "B")))
    frames = [_load(one) for one in (first, second)]
    headers = [_header(frame, name, experiment) for frame, name in zip(frames, names, strict=True)]
    for field in MUST_AGREE:
        values = [header.get(field) for header in headers]
        if values[0] != values[1]:
            raise FitError(
                f"{names[1]}: has {field} {values[1]!r}, and {names[0]} {values[0]!r}; they must be the same"
            )
    chosen = experiment_of_run(frames[1]) if experiment is None else experiment
    turns = lockstep_blocks(headers)
    try:
        found = changes(
            frames[0],
            frames[1],
            chosen,
            names=(names[0], names[1]),
            lockstep=turns,
            tolerance=tolerance,
            confidence=confidence,
        )
    except UnjudgedError as error:
        raise FitError(f"{error}: {clause_of(error.reason)}") from None
    judged = [analyse(frame, chosen, chosen.claims).verdicts for frame in frames]
    claims, count = changed_claims(*judged)
    return dataclasses.replace(found, claims=claims, n_claims=count, notes=tuple(find_differences(frames)))


def _load(run: Path | str | pd.DataFrame) -> pd.DataFrame:
    from bptt_bench.store.frame import as_samples

    return as_samples(run)


def _header(frame: pd.DataFrame, name: str, experiment: Experiment | None) -> Mapping[str, Any]:
    header = frame.attrs.get("run")
    if isinstance(header, Mapping) and "experiment" in header:
        return header
    if experiment is None:
        raise StoreError(f"{name}: is not a run; a comparison needs its experiment, with laws and claims")
    return {"experiment": experiment.name, "factors": [factor.name for factor in experiment.factors]}


def lockstep_blocks(headers: Sequence[Mapping[str, Any]]) -> list[int] | None:
    """Return the first blocks of the turns in which two runs were interleaved; ``None`` if they were not."""
    first, second = (header.get(PAIR) for header in headers)
    if not isinstance(first, Mapping) or not isinstance(second, Mapping):
        return None
    if first["id"] != second["id"] or first["side"] == second["side"]:
        return None
    return [int(block) for block in second["turns"]]


def find_differences(frames: Sequence[pd.DataFrame]) -> list[str]:
    """Return the differences between two runs: settings, machine, libraries and kernels."""
    first, second = (frame.attrs.get("run") or {} for frame in frames)
    found = [
        f"{name}: {first.get(name)!r} and {second.get(name)!r}"
        for name in SHOULD_AGREE
        if first.get(name) != second.get(name)
    ]
    machines = [measuring_conditions(frame.attrs) for frame in frames]
    for name, value in machines[0].items():
        other = machines[1].get(name, value)
        if value != other:
            found.append(f"another {name}" if name == "machine" else f"{name}: {value or 'none'} and {other or 'none'}")
    ends = zip(("first", "second"), frames, strict=True)
    found += [f"the {which} run is not finished" for which, frame in ends if unfinished(frame)]
    return [*found, *_law_differences(frames), *_timing_differences(frames), *_point_differences(frames)]


def _law_differences(frames: Sequence[pd.DataFrame]) -> Iterator[str]:
    """Yield the subjects that the runs state different laws for."""
    stated = [
        {subject.name: "none" if subject.law is None else subject.law.text for subject in record.experiment.subjects}
        for frame in frames
        if isinstance(record := frame.attrs.get("experiment"), ExperimentRecord)
    ]
    if len(stated) == len(frames):
        first, second = stated
        for subject in [name for name in first if name in second]:
            if first[subject] != second[subject]:
                yield f"law of {subject}: {first[subject]} and {second[subject]}"


def _point_differences(frames: Sequence[pd.DataFrame]) -> Iterator[str]:
    """Yield what only one run measured, for a comparison is made of what both have."""
    first, second = (_points(frame) for frame in frames)
    for subject, points in first.items():
        others = second.get(subject)
        if others is None:
            yield f"{subject}: measured in the first run alone"
        elif points != others:
            both = len(points & others)
            yield f"points of {subject}: {len(points)} and {len(others)}, of which {both} are in both and compared"


def _points(frame: pd.DataFrame) -> dict[str, set[tuple[Any, ...]]]:
    """Return the points of each subject that tests no prediction, without the placebo."""
    from bptt_bench.analyse.evidence.evidence import fitted_samples

    factors = frame.attrs.get("factors") or []
    if "subject" not in frame.columns or not factors:
        return {}
    cells = fitted_samples(frame)[["subject", *factors]].drop_duplicates()
    found: dict[str, set[tuple[Any, ...]]] = {}
    for subject, *levels in cells.itertuples(index=False):
        if not str(subject).endswith(PLACEBO_SUFFIX):
            found.setdefault(str(subject), set()).add(tuple(levels))
    return found


def _timing_differences(frames: Sequence[pd.DataFrame]) -> Iterator[str]:
    """Yield how evaluations were timed otherwise; runs that did not record it had single inputs, nothing subtracted."""
    subtracted = [bool(frame.attrs.get("subtracts_empty_call")) for frame in frames]
    if len(set(subtracted)) > 1:
        yield f"time of an empty call: {' and '.join('subtracted' if one else 'included' for one in subtracted)}"
    inputs = [frame.attrs.get("inputs") or {} for frame in frames]
    for subject in dict.fromkeys(name for one in inputs for name in one if not name.endswith(PLACEBO_SUFFIX)):
        several = [one.get(subject, (1, 1, False))[1] > 1 for one in inputs]
        if len(set(several)) > 1:
            yield f"inputs of {subject}: {' and '.join('several' if one else 'a single one' for one in several)}"


def measuring_conditions(attributes: Mapping[Any, Any]) -> dict[str, str]:
    """Return machine, versions and kernels of a run from the attributes of its frame, by name for a sentence.

    What the run did not record is absent.
    """
    environment = (attributes.get("run") or {}).get("environment") or {}
    packages = environment.get("packages") or {}
    libraries = libraries_of_run(attributes)
    variables = environment.get("kernel_variables") or {}
    found = {
        **{word: environment.get(name) for name, word in OF_THE_MACHINE.items()},
        **{word: packages.get(name) for name, word in OF_PACKAGES.items()},
        "BLAS": "; ".join(map(describe_library, libraries)) or None,
        "variables": ", ".join(f"{name}={value}" for name, value in variables.items()) if environment else None,
    }
    return {name: str(value) for name, value in found.items() if value is not None}
