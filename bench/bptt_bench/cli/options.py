"""Options that commands share, and how commands answer."""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from bptt_bench.errors import EXIT_FINE, EXIT_INTERRUPTED, EXIT_REFUTED

if TYPE_CHECKING:
    from bptt_bench.analyse.predict.inverse import LargestLevel
    from bptt_bench.analyse.predict.predictor import PointPrediction
    from bptt_bench.analyse.verdicts.analysis import Analysis
    from bptt_bench.analyse.verdicts.verdict import Verdict
    from bptt_bench.measure.engines.settings import EngineSettings
    from bptt_bench.plan import Experiment
    from bptt_bench.workflows.fit import FitReport
    from bptt_bench.workflows.settings import Settings


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
strict_option = click.option("--strict", is_flag=True, help="Exit status 1 unless every prediction is graded sound.")
unit_option = click.option(
    "--unit",
    metavar="UNIT",
    help="Unit of the response, such as ms, MB, B/s or instructions.  [default: from its format or name]",
)
rename_option = click.option(
    "--rename",
    multiple=True,
    metavar="OLD=NEW",
    help="Another name for a column, such as 'Hidden Units=H': a law can name words alone. Repeatable.",
)
ignore_option = click.option("--ignore", multiple=True, metavar="COLUMN", help="Leave a column out. Repeatable.")
seed_option = click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", help="Seed of the order of measuring.  [default: 0]"
)
threads_option = click.option(
    "--threads", type=click.IntRange(min=1), metavar="N", help="BLAS threads of a worker.  [default: 1]"
)
claims_option = click.option(
    "--claims",
    metavar="MODULE",
    help="Judge by this module or file, which is imported.  [default: what the run holds]",
)
force_option = click.option(
    "--force", is_flag=True, help="With --resume: continue although the code has changed; the report says so."
)

resume_option = click.option(
    "--resume", type=click.Path(path_type=Path), metavar="DIR", help="Continue the interrupted run in this folder."
)
folder_argument = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))


Command = TypeVar("Command", bound=Callable[..., Any])


def _add(options: Sequence[Callable[[Command], Command]], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def out_option(folder: str, help_text: str = "Folder for the run.") -> Callable[[Command], Command]:
    """Return the option ``--out`` of a command whose runs go to a folder of that name by default."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help=f"{help_text}  [default: results/{folder}-<time>]",
    )


def fitting_options(command: Command) -> Command:
    """Give a command the options for fitting a law; it takes them as keyword arguments for ``read_fitting``."""
    return _add(_FITTING, command)


def read_fitting(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options for fitting a law as keyword arguments of a workflow."""
    names = options["names"]
    return {**options, "names": [] if names is None else [name.strip() for name in names.split(",")]}


def run_settings(resume: Path | None, out: Path | None, given: Mapping[str, Any], **defaults: Any) -> Settings:
    """Return the settings of a new run, or of the one to be resumed, with the options that were given.

    Raises
    ------
    UsageError : two folders are named.
    ExperimentError, StoreError : there is no default experiment, or no such run.
    """
    from bptt_bench.workflows.settings import Settings, resumed_settings

    if resume is not None and out is not None:
        raise click.UsageError("--out and --resume: name one folder, not two")
    chosen = {name: value for name, value in given.items() if value is not None}
    return Settings(**{**defaults, **chosen}) if resume is None else resumed_settings(resume, chosen)


def check_force(force: bool, resume: object) -> bool:
    """Return whether a run goes on though it was measured with other code.

    Raises
    ------
    UsageError : no run is resumed.
    """
    if force and resume is None:
        raise click.UsageError("--force: goes with --resume")
    return force


def find_experiments_here() -> None:
    """Let modules of the current folder be imported, as ``python -m`` does.

    Only commands that import an experiment do so: a folder of results may be somebody else's.
    """
    here = str(Path.cwd())
    if "" not in sys.path and here not in sys.path:
        sys.path.insert(0, here)


def load_claims(module: str | None) -> Experiment | None:
    """Load the experiment that the user names to judge by; None if the stored one is used.

    Raises
    ------
    ExperimentError : no such module, or it has no experiment.
    """
    from bptt_bench.measure.worker.loading import load_experiment
    from bptt_bench.workflows.settings import with_laws

    if module is None:
        return None
    find_experiments_here()
    return with_laws(load_experiment(module), module)


def print_json(found: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print one JSON document to standard output."""
    click.echo(json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False))


def exit_status(verdicts: Sequence[Verdict]) -> int:
    """Return 1 if a claim is refuted; neither an inconclusive verdict nor a detail of a law is a failure."""
    failed = any(one.verdict == "refuted" and one.kind != "detail" for one in verdicts)
    return EXIT_REFUTED if failed else EXIT_FINE


def strict_status(predictions: Sequence[PointPrediction] | Sequence[LargestLevel], *, strict: bool) -> int:
    """Return 1 if predictions must be sound and one is not, or could not be made."""
    return EXIT_REFUTED if strict and any(one.grade != "sound" for one in predictions) else EXIT_FINE


def print_tables(shown: FitReport) -> None:
    """Print the tables of a fit to standard output."""
    from bptt_bench.report.terminal import tables as terminal

    terminal.show(shown)


def print_analysis(analysis: Analysis, folder: Path, *given: str) -> None:
    """Print the verdicts on a run to standard output, with the command, and what was given, for a reason in full."""
    from bptt_bench.report.terminal import tables as terminal

    terminal.show(analysis, verdict_command=shlex.join(["bptt-bench", "verdict", str(folder), *given]))


def print_reasons(analysis: Analysis) -> None:
    """Print each verdict with its whole reason to standard output."""
    from bptt_bench.report.terminal import tables as terminal
    from bptt_bench.report.terminal.console import on_screen
    from bptt_bench.report.words.content import verdict_rows

    for row in verdict_rows(analysis):
        terminal.print_reason(on_screen(), row)


# options that a run does not store, so that going on with it takes them again
REPEATED = ("probe", "force", "engine", "scheduler", "tls_ca_file", "tls_cert", "tls_key", "workers", "wait", "as_json")


@contextlib.contextmanager
def note_resume_command(folder: Path) -> Iterator[None]:
    """Note on what interrupts the block with which command the run in a folder goes on."""
    try:
        yield
    except BaseException as error:
        is_interrupt = isinstance(error, KeyboardInterrupt) or getattr(error, "exit_status", None) == EXIT_INTERRUPTED
        if is_interrupt and _holds_run(folder):
            error.add_note(f"go on with: {shlex.join(_resume_command(click.get_current_context(), folder))}")
        raise


def _holds_run(folder: Path) -> bool:
    from bptt_bench.store.runs.samples import SAMPLES

    file = folder / SAMPLES
    return file.is_file() and file.stat().st_size > 0


def _resume_command(context: click.Context, folder: Path) -> Iterator[str]:
    """Yield the words of the command that goes on with a run."""
    yield from ("bptt-bench", str(context.info_name), "--resume", str(folder))
    for option in context.command.params:
        name = str(option.name)
        if name not in REPEATED or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        if isinstance(value, bool):
            yield option.opts[0] if value else option.secondary_opts[0]
        else:
            yield from (option.opts[0], str(value))


_FILE = click.Path(path_type=Path)
_FITTING = (
    click.option(
        "--overhead",
        metavar="TERMS",
        help="Terms beside the law, such as '1 + T', or auto.  [default: those of a run for its own law, else auto]",
    ),
    unit_option,
    click.option("--block", metavar="NAME", help="Column of the blocks, whose common drift is removed."),
    click.option(
        "--censored",
        metavar="NAME",
        help="Column of 0 and 1: where it is 1, the response is a lower bound (a timeout).",
    ),
    click.option(
        "--standard-error", metavar="NAME", help="Column of the standard error of each response, which weights it."
    ),
    click.option(
        "--names", metavar="NAMES", help="Names of arguments that another tool's file only numbers, such as n,m."
    ),
    click.option(
        "--where",
        multiple=True,
        metavar="NAME=LEVEL",
        help="Rows of one level, such as dtype=float32; several levels of a name select the rows of any. Repeatable.",
    ),
    rename_option,
    ignore_option,
)
_ENGINE = (
    click.option(
        "--engine",
        metavar="local|dask",
        help="Where to measure: here, or block by block on the hosts of a dask.distributed cluster, one measurement at "
        "a time on each.  [default: local]",
    ),
    click.option(
        "--scheduler",
        metavar="URL",
        help="Address of the cluster, such as tcp://host:8786.  [default: start a local cluster]",
    ),
    click.option("--tls-ca-file", type=_FILE, metavar="FILE", help="Certificate authority of a tls:// scheduler."),
    click.option("--tls-cert", type=_FILE, metavar="FILE", help="Our certificate for it."),
    click.option("--tls-key", type=_FILE, metavar="FILE", help="The key of that certificate."),
    click.option("--workers", type=int, metavar="N", help="Workers of the local cluster.  [default: 1]"),
    click.option(
        "--wait", metavar="TIME", help="How long to wait while there is no worker, such as 5min.  [default: 300]"
    ),
)


def engine_options(command: Command) -> Command:
    """Give a command the options; it takes them as one mapping of keyword arguments."""
    return _add(_ENGINE, command)


def make_engine(options: Mapping[str, Any]) -> EngineSettings:
    """Return the engine that the options name.

    Raises
    ------
    MeasureError : they contradict each other, or name something that does not exist.
    TextError : the time to wait is not a duration.
    """
    from bptt_bench.measure.engines.settings import EngineSettings
    from bptt_bench.text.quantities import parse_duration

    chosen = {"name" if name == "engine" else name: value for name, value in options.items() if value is not None}
    if "wait" in chosen:
        chosen["wait_seconds"] = parse_duration("--wait", chosen.pop("wait"), least=0.0, bare=True)
    return EngineSettings(**chosen)
