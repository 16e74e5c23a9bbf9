"""Writes a module with an experiment on a function, which can be run and changed."""

from __future__ import annotations

import importlib.util
import keyword
from pathlib import Path

from bptt_bench.errors import ExperimentError

TEMPLATE = '''\
"""How does the time of a function grow?

    bptt-bench run {name}
"""

import random

import bptt_bench as bench


def prepare(point):
    """Build the inputs for one size, which is not timed, and return the call that is."""
    values = [random.random() for _ in range(point["n"])]  # seeded; called for several inputs at each size
    return lambda: sorted(values)  # must leave its input as it is, or state consumes=True below (for values.sort())


EXPERIMENT = bench.experiment(
    prepare,  # several ways to do the same: {{"one": prepare_one, "other": prepare_other}}; their results are compared
    n=[1_000, 100_000],  # a factor and its levels, with others between them; add m=[...], dtype=["float32", ...]
    # law="n log n",  # a claim to be judged; without one a run answers with the laws that fit
    # bound="upper",  # with a law: faster is also fine
)
'''


def write_module(name: str, folder: Path, *, force: bool = False) -> Path:
    """Write the module of that name into a folder and hand back its file.

    Raises
    ------
    ExperimentError : no name for a module, one that an installed module has, or a file that is there already.
    """
    name = name.removesuffix(".py")
    if keyword.iskeyword(name):
        raise ExperimentError(f"name {name!r}: is a keyword of Python; choose another, such as my_{name.lower()}")
    if not name.isidentifier() or not name.isascii():
        raise ExperimentError(
            "name must be that of a module (ASCII letters, digits and _, the first not a digit), such as my_join, "
            f"got {name!r}"
        )
    path = folder / f"{name}.py"
    if not force and (path.exists() or path.is_symlink()):
        raise ExperimentError(f"{path}: is there already; choose another name, or --force to overwrite it")
    if path.is_dir():
        raise ExperimentError(f"{path}: is a folder")
    taken = _existing_module(name, path)
    if taken:
        raise ExperimentError(
            f"name {name!r}: {taken} has it, and would be imported instead; choose another, such as my_{name}"
        )
    path.write_text(TEMPLATE.format(name=name), encoding="utf-8")
    return path


def _existing_module(name: str, path: Path) -> str:
    """Return what else would be imported under a name; empty if nothing."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # a module without a spec, such as __main__
        return "a module that is in use"
    if spec is None or (spec.origin and Path(spec.origin).resolve() == path.resolve()):
        return ""
    return "an installed module" if spec.origin else ""  # a folder without code gives way to a file
