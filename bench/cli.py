"""The command line: ``python -m bench``, installed also as ``bptt-bench``.

Every command answers on standard output, as text or, with ``--json``, as one JSON document; progress and errors go to
standard error. Exit status: 0 fine, 1 a claim refuted, 2 unusable arguments or data (one line, no traceback), 130
interrupted.

Only click is imported here: ``--help`` must answer at once, and each command imports what it needs.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from bench import __version__
from bench.commands.doctor import doctor
from bench.commands.foresee import foresee
from bench.commands.race import race
from bench.commands.selftest import selftest
from bench.commands.shared import document, json_option

if TYPE_CHECKING:
    from bench.analyse.analysis import Analysis
    from bench.analyse.verdict import Verdict
    from bench.fitting import Answer

EXIT_FINE, EXIT_REFUTED, EXIT_UNUSABLE, EXIT_INTERRUPTED = 0, 1, 2, 130
EXIT_BROKEN_PIPE = 141  # what a shell shows for a program that SIGPIPE ended: 1 would mean a refuted claim
PREDICTION = "V=10000,d=100,H=100,T=35"


class CommandLine(click.Group):
    """The commands, with our exit statuses instead of click's."""

    def main(  # type: ignore[override]  # never returns, whatever standalone_mode says
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **_: Any
    ) -> NoReturn:
        """Run a command and exit."""
        try:
            status = self._run(list(sys.argv[1:] if args is None else args), prog_name or "bptt-bench")
            sys.stdout.flush()
        except BrokenPipeError:
            # Nobody reads any more. The interpreter flushes once again on its way out: let it flush into nothing.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = EXIT_BROKEN_PIPE
        except OSError as error:  # standard output itself: a full disk
            status = _unusable(_what_failed(error))
        sys.exit(status)

    def _run(self, args: list[str], prog_name: str) -> int:
        try:
            with self.make_context(prog_name, args) as context:
                return self.invoke(context) or EXIT_FINE
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            return EXIT_FINE
        except click.exceptions.Exit as request:  # --help and --version
            return request.exit_code
        except click.ClickException as error:
            return _unusable(error.format_message())
        except (KeyboardInterrupt, click.Abort):
            click.echo("interrupted", err=True)
            return EXIT_INTERRUPTED
        except BrokenPipeError:
            raise
        except OSError as error:  # no file, no permission, no space: the message names the file
            return _unusable(_what_failed(error))
        except Exception as error:
            if not type(error).__module__.startswith("bench."):
                raise  # a bug of ours: its traceback is wanted
            if type(error).__name__ == "Interrupted":
                click.echo(str(error) or "interrupted", err=True)
                return EXIT_INTERRUPTED
            return _unusable(str(error))


def _what_failed(error: OSError) -> str:
    reason = error.strerror or str(error)
    return reason if error.filename is None else f"{error.filename}: {reason}"


def _unusable(message: str) -> int:
    click.echo(f"error: {' '.join(message.split())}", err=True)
    return EXIT_UNUSABLE


@click.group(cls=CommandLine, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="bptt-bench")
def cli() -> None:
    """Does measured cost follow the law that was derived for it?

    \b
    Example: python -m bench run --profile quick --out results/today
             python -m bench verdict results/today
    """


def main() -> NoReturn:
    """Entry point of ``python -m bench`` and ``bptt-bench``."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # experiments of the current folder, as with python -m
    cli.main()


folder_argument = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))


@cli.command()
@click.argument("experiment", required=False)
@click.option("--profile", metavar="quick|standard|full", help="How much to measure.  [default: quick]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for the run.  [default: results/<profile>-<time>]",
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Seed of the order of measuring.  [default: 0]")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="BLAS threads of a worker.  [default: 1]")
@click.option(
    "--resume", type=click.Path(path_type=Path), metavar="DIR", help="Measure what an interrupted run still lacks."
)
@click.option(
    "--corpus", type=click.Path(path_type=Path), metavar="FILE", help="UTF-8 text instead of the default one."
)
@click.option("--probe/--no-probe", default=None, help="Probe the machine first.  [default: if subjects declare works]")
@click.option(
    "--budget",
    metavar="TIME",
    help="Two blocks of the profile, then what narrows the intervals of undecided claims most per second, and what "
    "is left of the time for all of them. TIME, such as 60s or 5m, counts from the start, probe and checks included.",
)
@click.option(
    "--until",
    metavar="WIDTH",
    help="The same, until the half-width of each interval is at most WIDTH, such as 2%, or its claim decided with room "
    "to spare: relative for ratios, crossovers and shares, absolute for exponents (2%: ±0.02).",
)
@json_option
def run(
    experiment: str | None,
    profile: str | None,
    out: Path | None,
    seed: int | None,
    threads: int | None,
    resume: Path | None,
    corpus: Path | None,
    probe: bool | None,
    budget: str | None,
    until: str | None,
    as_json: bool,
) -> int:
    """Measure an experiment, then judge its claims.

    EXPERIMENT is a module with EXPERIMENT and CLAIMS, or the path of its file; by default rnn.experiment.

    \b
    Example: python -m bench run --profile quick --out results/today
             python -m bench run --resume results/today
             python -m bench run --budget 60s --until 2%
    """
    from bench import adaptive, api, session

    given: dict[str, Any] = {
        "experiment": experiment,
        "profile": profile,
        "seed": seed,
        "threads": threads,
        "corpus": corpus,
        "probe": probe,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    if resume is not None and out is not None:
        raise click.UsageError("--out and --resume: name one folder, not two")
    settings = api.Settings(**chosen) if resume is None else dataclasses.replace(api.settings_of(resume), **chosen)
    outcome = session.run(
        settings,
        resume or out or api.new_folder(settings.profile),
        resume=resume is not None,
        say=lambda line: click.echo(line, err=as_json),
        demand=adaptive.demanded(budget, until, resume),
    )
    if as_json:
        document(outcome.to_json())
    else:
        _show(outcome.analysis)
    return status_of(outcome.analysis.verdicts)


@cli.command()
@folder_argument
@json_option
def verdict(folder: Path, as_json: bool) -> int:
    """The claims, judged on the samples of a run.

    \b
    Example: python -m bench verdict results/reference --json
    """
    from bench.api import analysis_of

    analysis = analysis_of(folder)
    if as_json:
        document([one.to_json() for one in analysis.verdicts])
    else:
        _show(analysis)
    return status_of(analysis.verdicts)


@cli.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--law", required=True, help="Terms in the factors, such as 'T*H*V + T*H**2'.")
@click.option(
    "--overhead", default="auto", metavar="TERMS", help="Terms beside the law, such as '1 + T'.  [default: auto]"
)
@click.option(
    "--response", default="seconds_per_eval", show_default=True, metavar="NAME", help="Column to be explained."
)
@click.option("--block", metavar="NAME", help="Column of the blocks, whose common drift is taken out.")
@click.option("--subject", metavar="NAME", help="Which subject, when the data hold several.")
@click.option(
    "--predict", multiple=True, metavar="POINT", help=f"Predict at a point, such as {PREDICTION}. Repeatable."
)
@click.option("--versus", multiple=True, metavar="LAW", help="Compare with another law. Repeatable.")
@json_option
def fit(
    data: Path,
    law: str,
    overhead: str,
    response: str,
    block: str | None,
    subject: str | None,
    predict: tuple[str, ...],
    versus: tuple[str, ...],
    as_json: bool,
) -> int:
    """Fit a law to samples: the folder of a run, a CSV, or another tool's file.

    A CSV has one column per factor, the response, and optionally block; several rows of a point are repetitions.

    \b
    Example: python -m bench fit times.csv --law "n*log(n)" --versus "n**2" --predict n=1000000
             python -m bench fit results/today --subject aggregated --law "T*H*V + T*H*d + T*H**2"
    """
    from bench.fitting import answer

    result = answer(
        data,
        law,
        overhead=overhead,
        response=response,
        block=block,
        subject=subject,
        predict=predict,
        versus=versus,
    )
    if as_json:
        document(result.to_json())
    else:
        _show(result)
    return EXIT_FINE


@cli.command()
@folder_argument
@json_option
def report(folder: Path, as_json: bool) -> int:
    """Write the report of a run into its folder: report.html, report.md, figures/*.png and *.svg.

    \b
    Example: python -m bench report results/today
    """
    from bench.api import write_report

    files = write_report(folder)
    if as_json:
        document({"files": [str(path) for path in files]})
    else:
        for path in files:
            click.echo(str(path))
    return EXIT_FINE


def status_of(verdicts: Sequence[Verdict]) -> int:
    """1 when a claim is refuted; inconclusive is no failure, and no pass."""
    return EXIT_REFUTED if any(one.verdict == "refuted" for one in verdicts) else EXIT_FINE


def _show(shown: Analysis | Answer) -> None:
    """Tables on standard output."""
    from bench.report import terminal

    terminal.show(shown)


cli.add_command(doctor)
cli.add_command(foresee)
cli.add_command(race)
cli.add_command(selftest)
