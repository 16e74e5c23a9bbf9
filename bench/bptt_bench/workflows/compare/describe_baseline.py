"""Describes an experiment of another commit in JSON.

``python -m bptt_bench.workflows.compare.describe_baseline MODULE ROOT``

Runs in a process of its own, because a process can hold one version of a module only. ROOT is the working tree, from
which only the harness may come.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
from pathlib import Path
from typing import Any

from bptt_bench.errors import ExperimentError
from bptt_bench.measure.protocol.provenance import digest_sources
from bptt_bench.measure.worker.loading import load_experiment
from bptt_bench.plan import Experiment, Point

HARNESS = "bptt_bench"


def describe_experiment(experiment: Experiment) -> dict[str, Any]:
    """Return what two versions of an experiment must agree in to be compared."""
    return {
        "factors": [factor.name for factor in experiment.factors],
        "laws": {subject.name: sorted_terms(subject.law) for subject in experiment.subjects},
    }


def sorted_terms(law: Any) -> list[str] | None:
    """Return the terms of a law in sorted order; ``None`` without a law."""
    return None if law is None else sorted(str(term) for term in law.terms)


def evaluate_once(experiment: Experiment) -> None:
    """Evaluate each subject once at its smallest point: what is imported no sooner than then is imported now."""
    present = experiment.without(experiment.missing())
    names = present.subject_names
    cells = [cell for profile in present.profiles.values() for cell in profile.cells(names)]
    for subject in present.subjects:
        with contextlib.suppress(Exception, SystemExit):  # a failure is reported when the subject is measured
            subject.prepare(min((cell.point for cell in cells if cell.subject == subject.name), key=_size))()


def _size(point: Point) -> float:
    return math.prod(float(level) for level in point.values() if not isinstance(level, str))


def modules_within(root: Path) -> list[str]:
    """Return the modules that were imported from a folder, without the harness and installed packages."""
    found = []
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is None or name == HARNESS or name.startswith(HARNESS + "."):
            continue
        path = Path(file).resolve()
        if path.is_relative_to(root) and not {"site-packages", "dist-packages"} & set(path.parts):
            found.append(name)
    return found


def main(module: str, root: str) -> None:
    """Print what is asked for, or why there is nothing."""
    answer: dict[str, Any]
    try:
        experiment = load_experiment(module)
        answer = {**describe_experiment(experiment), "sources": digest_sources(module)}
        evaluate_once(experiment)
        from_here = [name for name in modules_within(Path(root)) if name != "__main__"]
        if from_here:
            answer = {"error": f"takes module {from_here[0]!r} from the working tree, not from the commit"}
    except (ExperimentError, OSError, ValueError) as error:
        answer = {"error": str(error)}
    print("\n" + json.dumps(answer))  # on a line of its own, whatever an experiment has printed


if __name__ == "__main__":
    main(*sys.argv[1:])
