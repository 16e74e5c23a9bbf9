"""Fingerprints of the code that is measured and of the code that measures: every host of a run must have the same.

The experiment's is taken over all sources of the outermost package that its module lies in, or over the file alone of a
module without a package: what is measured often lies beside the experiment, in modules that it imports. The harness's
is taken over ``bptt_bench.plan`` and ``bptt_bench.measure``, not over its version number, which does not change with
every edit.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable
from pathlib import Path

from bptt_bench.measure.worker.loading import one_line

HARNESS, EXPERIMENT = "the harness", "the experiment"
NOT_THERE = "cannot be imported: "  # begins the fingerprint of what a host lacks
MEASURING = ("plan", "measure")  # the parts of the harness that decide what a sample is


def fingerprints(module: str | None) -> dict[str, str]:
    """Return the sha256 of the harness, and of an experiment unless it is shipped (None), by what it is of."""
    package = Path(__file__).resolve().parents[2]
    harness = (path for part in MEASURING for path in (package / part).rglob("*.py"))
    found = {HARNESS: _digest(package, harness)}
    if module is not None:
        found[EXPERIMENT] = _of_module(module)
    return found


def _of_module(module: str) -> str:
    try:
        spec = importlib.util.find_spec(module)
    except Exception as error:  # noqa: BLE001  # packages above it are imported, and may raise anything
        return NOT_THERE + one_line(error)
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        return f"{NOT_THERE}no module {module!r}"
    origin = Path(spec.origin).resolve()
    folder = origin.parent
    if not (folder / "__init__.py").is_file():
        return _digest(folder, [origin])
    while (folder.parent / "__init__.py").is_file():
        folder = folder.parent
    return _digest(folder, folder.rglob("*.py"))


def _digest(folder: Path, files: Iterable[Path]) -> str:
    """Return the sha256 of names and contents, in an order that does not depend on the file system."""
    digest = hashlib.sha256()
    for path in sorted(files):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
