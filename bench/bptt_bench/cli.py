"""The command line: ``bptt-bench``, installed also as ``bptt-bench``.

Every command answers on standard output, as text or, with ``--json``, as one JSON document; progress and errors go to
standard error. Exit status: 0 fine, 1 a claim refuted, 2 unusable arguments or data (one line, no traceback), 130
interrupted.

Only click is imported here: ``--help`` must answer at once, and each command imports what it needs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from bptt_bench import __version__
from bptt_bench.commands.compare import compare
from bptt_bench.commands.doctor import doctor
from bptt_bench.commands.export import export
from bptt_bench.commands.fit import fit
from bptt_bench.commands.foresee import foresee
from bptt_bench.commands.new import new
from bptt_bench.commands.predict import predict
from bptt_bench.commands.race import race
from bptt_bench.commands.run import run
from bptt_bench.commands.selftest import selftest
from bptt_bench.commands.shared import document, json_option, show, status_of

EXIT_FINE, EXIT_UNUSABLE, EXIT_INTERRUPTED = 0, 2, 130
EXIT_BROKEN_PIPE = 141  # what a shell shows for a program that SIGPIPE ended: 1 would mean a refuted claim


class CommandLine(click.Group):
    """The commands, with our exit statuses instead of click's."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click hands it over
        """In the order in which one comes to need them."""
        return list(self.commands)

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
            if not type(error).__module__.startswith("bptt_bench."):
                raise  # a bug of ours: its traceback is wanted
            if type(error).__name__ == "Interrupted":
                click.echo(str(error) or "interrupted", err=True)
                return EXIT_INTERRUPTED
            return _unusable(str(error))


def _what_failed(error: OSError) -> str:
    reason = error.strerror or str(error)
    return reason if error.filename is None else f"{error.filename}: {reason}"


def _unusable(message: str) -> int:
    from bptt_bench.store.importers.text import one_line

    click.echo(f"error: {one_line(message)}", err=True)
    return EXIT_UNUSABLE


@click.group(cls=CommandLine, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="bptt-bench")
def cli() -> None:
    """Does measured cost follow the law that was derived for it?

    \b
    Example: bptt-bench run --profile quick --out results/today
             bptt-bench verdict results/today
    """


def main() -> NoReturn:
    """Entry point of ``bptt-bench`` and ``python -m bptt_bench``."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # experiments of the current folder, as with python -m
    cli.main()


folder_argument = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))


@click.command()
@folder_argument
@json_option
def verdict(folder: Path, as_json: bool) -> int:
    """The claims, judged on the samples of a run.

    \b
    Example: bptt-bench verdict results/reference --json
    """
    from bptt_bench.api import analysis_of

    analysis = analysis_of(folder)
    if as_json:
        document([one.to_json() for one in analysis.verdicts])
    else:
        show(analysis)
    return status_of(analysis.verdicts)


@click.command(short_help="Write the report of a run: a page, its text, all figures.")
@folder_argument
@json_option
def report(folder: Path, as_json: bool) -> int:
    """Write the report of a run into its folder: report.html, report.md, figures/*.png and *.svg.

    \b
    Example: bptt-bench report results/today
    """
    from bptt_bench.api import write_report

    files = write_report(folder)
    if as_json:
        document({"files": [str(path) for path in files]})
    else:
        for path in files:
            click.echo(str(path))
    return EXIT_FINE


for command in (new, run, verdict, report, fit, predict, compare, foresee, race, export, doctor, selftest):
    cli.add_command(command)
