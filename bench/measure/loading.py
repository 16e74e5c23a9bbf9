"""Find an experiment by the name of its module or the path of its file."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from bench.plan import Claim, Experiment, ExperimentError


def load_experiment(module: str, corpus: Path | None = None) -> Experiment:
    """The ``EXPERIMENT`` of a module, with the module's ``CLAIMS`` if it has any.

    Parameters
    ----------
    module : name of an importable module, or path of a ``.py`` file.
    corpus : handed to the module's ``configure(corpus)``, which gives the experiment on that text.

    Raises
    ------
    ExperimentError : no such module, it raises on import, it has no experiment, or it takes no corpus.
    """
    loaded = _import(module)
    experiment = getattr(loaded, "EXPERIMENT", None)
    if corpus is not None:
        configure = getattr(loaded, "configure", None)
        if configure is None:
            raise ExperimentError(f"corpus {str(corpus)!r}: experiment {module!r} takes no corpus")
        experiment = configure(corpus)
    if not isinstance(experiment, Experiment):
        raise ExperimentError(f"experiment {module!r}: the module has no EXPERIMENT of type bench.plan.Experiment")
    claims = tuple(getattr(loaded, "CLAIMS", ()))
    if not all(isinstance(claim, Claim) for claim in claims):
        raise ExperimentError(f"experiment {module!r}: CLAIMS must hold claims only")
    return dataclasses.replace(experiment, claims=claims) if claims and not experiment.claims else experiment


def _import(module: str) -> ModuleType:
    try:
        return _import_file(Path(module)) if module.endswith(".py") else importlib.import_module(module)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(error.name + ".")):
            raise ExperimentError(
                f"experiment {module!r}: no such module; give the name of a module or the path of a .py file"
            ) from None
        raise ExperimentError(f"experiment {module!r}: raises on import: {one_line(error)}") from error
    except BaseException as error:  # SystemExit too: a module may raise anything
        raise ExperimentError(f"experiment {module!r}: raises on import: {one_line(error)}") from error


def _import_file(path: Path) -> ModuleType:
    """Run a file as a module, with its own folder importable, as Python does for a script."""
    if not path.is_file():
        raise ExperimentError(f"experiment {str(path)!r}: no such file")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ExperimentError(f"experiment {str(path)!r}: cannot be read as a Python file")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = loaded  # data classes of the file look their module up here
    spec.loader.exec_module(loaded)
    return loaded


def one_line(error: BaseException) -> str:
    """Type and message of an exception on one line of bounded length."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
