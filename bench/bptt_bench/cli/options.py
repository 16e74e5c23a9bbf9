"""What commands share: their options, and how they answer."""

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
    from bptt_bench.analyse.verdicts.analysis import Analysis
    from bptt_bench.analyse.verdicts.verdict import Verdict
    from bptt_bench.measure.engines.settings import EngineSettings
    from bptt_bench.plan import Experiment
    from bptt_bench.workflows.fit import FitReport


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
unit_option = click.option(
    "--unit",
    metavar="UNIT",
    help="Of the response, such as ms, MB, B/s or instructions.  [default: as its format or its name states it]",
)
rename_option = click.option(
    "--rename",
    multiple=True,
    metavar="OLD=NEW",
    help="Another name for a column, such as 'Hidden Units=H': a law can name words alone. Repeatable.",
)
ignore_option = click.option("--ignore", multiple=True, metavar="COLUMN", help="Leave a column out. Repeatable.")
claims_option = click.option(
    "--claims",
    metavar="MODULE",
    help="Judge by this module or file, which is imported.  [default: what the run holds]",
)
force_option = click.option(
    "--force", is_flag=True, help="With --resume: go on though the code has changed since; the report says so."
)

folder_argument = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))


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

    Only commands that import an experiment do so: where results are looked at, the folder may be somebody else's.
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

    if module is None:
        return None
    find_experiments_here()
    return load_experiment(module)


def print_json(found: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print one JSON document to standard output."""
    click.echo(json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False))


def exit_status(verdicts: Sequence[Verdict]) -> int:
    """Return 1 if a claim is refuted; an inconclusive verdict is neither a failure nor a pass."""
    return EXIT_REFUTED if any(one.verdict == "refuted" for one in verdicts) else EXIT_FINE


def print_tables(shown: Analysis | FitReport) -> None:
    """Print tables to standard output."""
    from bptt_bench.report.terminal import tables as terminal

    terminal.show(shown)


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


Command = TypeVar("Command", bound=Callable[..., Any])
_FILE = click.Path(path_type=Path)
_OPTIONS = (
    click.option(
        "--engine",
        metavar="local|dask",
        help="Where to measure: here, or block by block on the hosts of a dask.distributed cluster, one measurement at "
        "a time on each.  [default: local]",
    ),
    click.option(
        "--scheduler",
        metavar="URL",
        help="Of the cluster, such as tcp://host:8786.  [default: a local cluster is started and ended]",
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
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make_engine(options: Mapping[str, Any]) -> EngineSettings:
    """Return the engine that the options name.

    Raises
    ------
    MeasureError : they do not go together, or name what there is not.
    TextError : what to wait is not a time.
    """
    from bptt_bench.measure.engines.settings import EngineSettings
    from bptt_bench.text.quantities import parse_duration

    chosen = {"name" if name == "engine" else name: value for name, value in options.items() if value is not None}
    if "wait" in chosen:
        chosen["wait_seconds"] = parse_duration("--wait", chosen.pop("wait"), least=0.0, bare=True)
    return EngineSettings(**chosen)
