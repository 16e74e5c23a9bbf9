"""Loads experiments from modules that a notebook writes and changes."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bptt_bench.plan import Experiment


def ipython_shell() -> Any:
    """Return the IPython shell that runs this program; None outside of IPython."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def is_notebook() -> bool:
    """Return whether outputs go to a notebook, not to a terminal."""
    return hasattr(ipython_shell(), "kernel")


_READ: dict[str, str] = {}  # modules of experiments: a digest of the text that was read last


def load_current(module: str, load: Callable[[], Experiment]) -> Experiment:
    """Load the experiment of a module, which is imported again if its file has changed since.

    A notebook writes a module and changes it. Measuring processes read the file as it is then, and laws and claims must
    be of the same text. Elsewhere a module stays as it was imported.
    """
    digest = _digest(module)
    if digest is not None and _READ.get(module) != digest:
        importlib.invalidate_caches()
        importlib.reload(sys.modules[module])
    experiment = load()
    _READ[module] = _digest(module) or ""
    return experiment


def _digest(module: str) -> str | None:
    """Return the digest of a module that a cell of this notebook may have written; None for any other."""
    loaded = sys.modules.get(module)
    file = getattr(loaded, "__file__", None)
    if loaded is None or file is None or not is_notebook() or hasattr(loaded, "__path__"):
        return None
    path = Path(file).resolve()
    if not path.is_relative_to(Path.cwd()) or not path.is_file():
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest()
