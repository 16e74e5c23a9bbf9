"""Find an experiment by the name of its module or the path of its file."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import os
import sys
import sysconfig
import traceback
from pathlib import Path
from types import ModuleType

from bptt_bench.errors import ExperimentError
from bptt_bench.measure.worker.output import redirect_standard_output
from bptt_bench.plan import Claim, Experiment

NO_MODULE = "no such module; give the name of a module or the path of a .py file"
OURS = Path(__file__).resolve().parents[2]


# range(point), or point * 2: the function itself was given instead of one that prepares
POINT_AS_NUMBER = (
    "; what prepare is given is a point, its level of a factor n is point['n'], "
    "and it must return the call that is timed"
)


def load_experiment(module: str, corpus: Path | None = None) -> Experiment:
    """Return the ``EXPERIMENT`` of a module, with the module's ``CLAIMS`` if it has any.

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
        found = "" if experiment is None else f", got {type(experiment).__name__}"
        raise ExperimentError(
            f"experiment {module!r}: the module must assign EXPERIMENT = bench.experiment(...){found}; "
            "`bptt-bench new NAME` writes one to begin with"
        )
    claims = tuple(getattr(loaded, "CLAIMS", ()))
    if not all(isinstance(claim, Claim) for claim in claims):
        raise ExperimentError(f"experiment {module!r}: CLAIMS must hold claims only")
    return dataclasses.replace(experiment, claims=claims) if claims and not experiment.claims else experiment


def package_of(module: str) -> str:
    """Return the top-level package of an experiment's module; empty for a file.

    >>> package_of("bptt_rnn.experiment"), package_of("my_sort.py")
    ('bptt_rnn', '')
    """
    return "" if module.endswith(".py") else module.partition(".")[0]


def _import(module: str) -> ModuleType:
    path = Path(module) if module.endswith(".py") else None
    if path is not None and not path.is_file():
        raise ExperimentError(f"experiment {module!r}: no such file")
    if path is None and not all(part.isidentifier() for part in module.split(".")):
        raise ExperimentError(f"experiment {module!r}: {NO_MODULE}")
    if path is not None and _replaces_a_module(path):
        raise ExperimentError(
            f"experiment {module!r}: Python has a module {path.stem!r}, which the file would replace; give it another "
            f"name, such as my_{path.name}"
        )
    try:
        with redirect_standard_output():
            return importlib.import_module(module) if path is None else _import_file(path)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(error.name + ".")):
            raise ExperimentError(f"experiment {module!r}: {NO_MODULE}") from None
        raise ExperimentError(f"experiment {module!r}: raises on import: {describe_error(error)}") from error
    except BaseException as error:  # SystemExit too: a module may raise anything
        raise ExperimentError(f"experiment {module!r}: raises on import: {describe_error(error)}") from error


def _replaces_a_module(path: Path) -> bool:
    """Return whether a module of Python that is in use is called like a file."""
    loaded = sys.modules.get(path.stem)
    is_standard = path.stem in sys.stdlib_module_names
    return is_standard and loaded is not None and getattr(loaded, "__file__", None) != str(path)


def _import_file(path: Path) -> ModuleType:
    """Run a file as a module, with its own folder importable, as Python does for a script."""
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
    """Return type and message of an exception on one line of bounded length."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


def describe_error(error: BaseException) -> str:
    """Return type and message of an exception, with its place: the innermost code that is neither ours nor a library's.

    An error of our own names what it is about, and is left as it is.
    """
    if type(error).__module__.partition(".")[0] == OURS.name:
        return " ".join(str(error).split())
    libraries = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    others = ("<", *(f"{folder}{os.sep}" for folder in (OURS, *libraries)))
    places = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = [(file, line) for file, line in places if not file.startswith(others)]
    where = f" ({Path(own[-1][0]).name}, line {own[-1][1]})" if own else ""
    hint = POINT_AS_NUMBER if isinstance(error, TypeError) and "Point" in str(error) else ""
    return f"{one_line(error)}{where}{hint}"
