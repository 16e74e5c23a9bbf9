"""The command line ``bptt-bench``.

Every command answers on standard output, as text or, with ``--json``, as one JSON document; progress and errors go to
standard error. Exit status: 0 fine, 1 a claim refuted and nothing else, 2 unusable arguments or data (one line, no
traceback), 70 an internal error (one line that asks for a report; ``--traceback`` shows all), 130 interrupted.

Only click is imported here: ``--help`` must answer at once, and each command imports what it needs.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from bptt_bench import __version__
from bptt_bench.cli.compare import compare
from bptt_bench.cli.derive import derive
from bptt_bench.cli.doctor import doctor
from bptt_bench.cli.export import export
from bptt_bench.cli.fit import fit
from bptt_bench.cli.foresee import foresee
from bptt_bench.cli.new import new
from bptt_bench.cli.predict import predict
from bptt_bench.cli.race import race
from bptt_bench.cli.report import report
from bptt_bench.cli.run import run
from bptt_bench.cli.selftest import selftest
from bptt_bench.cli.verdict import verdict
from bptt_bench.errors import EXIT_FAULT, EXIT_FINE, EXIT_INTERRUPTED, EXIT_UNUSABLE, BenchError

TRACEBACK = "bptt_bench.traceback"
EXIT_BROKEN_PIPE = 141  # what a shell shows for a program that SIGPIPE ended: 1 would mean a refuted claim


class CommandLine(click.Group):
    """The commands, with our exit statuses instead of click's."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click hands it over
        """Return the commands in the order in which a user comes to need them."""
        return list(self.commands)

    def main(  # type: ignore[override]  # never returns, whatever standalone_mode says
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **_: Any
    ) -> NoReturn:
        """Run a command and exit."""
        try:
            status = self._run(list(sys.argv[1:] if args is None else args), prog_name or "bptt-bench")
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader has gone. The interpreter flushes once more at exit: redirect that to nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = EXIT_BROKEN_PIPE
        except OSError as error:  # standard output itself: a full disk
            status = _report_unusable(_os_error_message(error))
        sys.exit(status)  # the only exit: what a command raises has a status of its own, and never that of a verdict

    def _run(self, args: list[str], prog_name: str) -> int:
        context: click.Context | None = None
        try:
            with self.make_context(prog_name, args) as context:
                return self.invoke(context) or EXIT_FINE
        except BrokenPipeError:
            raise
        except click.exceptions.Exit as request:  # --help and --version
            return request.exit_code
        except click.ClickException as error:
            return _report_usage(error)
        except (KeyboardInterrupt, click.Abort) as error:
            return _report_interrupt(error)
        except (OSError, BenchError) as error:
            return _report_known(error)
        except BaseException as error:  # noqa: BLE001  # SystemExit too: no status but ours leaves this program
            return _report_fault(error, with_traceback=context is not None and context.meta.get(TRACEBACK, False))


def _report_usage(error: click.ClickException) -> int:
    """Print the help where no command is named, else what is wrong with the arguments."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message())
        return EXIT_FINE
    message = _range_message(error) if isinstance(error, click.BadParameter) else ""
    return _report_unusable(message or error.format_message())


def _report_known(error: OSError | BenchError) -> int:
    """Print the line of an error that the user can mend, or of an interruption."""
    if isinstance(error, OSError):  # no file, no permission, no space: the message names the file
        return _report_unusable(_os_error_message(error))
    if error.exit_status == EXIT_UNUSABLE:
        return _report_unusable(str(error))
    return _report_interrupt(error)


def _range_message(error: click.BadParameter) -> str:
    """Return what an option for numbers must be and what it got; empty for other errors."""
    kind = None if error.param is None else error.param.type
    if error.param is None or not isinstance(kind, click.IntRange | click.FloatRange):
        return ""
    got = error.message.partition(" is not ")[0].strip("'")
    whole = "whole " if isinstance(kind, click.IntRange) else ""
    return f"{error.param.opts[0]}: must be a {whole}number from {kind.min}, got {got}"


def _os_error_message(error: OSError) -> str:
    reason = error.strerror or str(error)
    return reason if error.filename is None else f"{error.filename}: {reason}"


def _report_interrupt(error: BaseException) -> int:
    """Say that a signal came, and what goes on from there."""
    click.echo("; ".join([str(error) or "interrupted", *getattr(error, "__notes__", ())]), err=True)
    return EXIT_INTERRUPTED


def _report_unusable(message: str) -> int:
    from bptt_bench.text.wording import one_line

    click.echo(f"error: {one_line(message)}", err=True)
    return EXIT_UNUSABLE


def _report_fault(error: BaseException, *, with_traceback: bool) -> int:
    """Say in one line that an error is ours; in full where it was asked for."""
    from bptt_bench.text.wording import one_line

    if with_traceback:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    words = f"{type(error).__name__}: {one_line(str(error))}".removesuffix(": ")
    hint = "please report it" if with_traceback else "please report it with what --traceback shows"
    click.echo(f"error: {words}; this is a bug in bptt-bench, {hint}", err=True)
    return EXIT_FAULT


def _set_traceback(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        context.meta[TRACEBACK] = True  # contexts of a group and its command share it


def traceback_option() -> click.Option:
    """Return the option ``--traceback``, which every command has."""
    return click.Option(
        ["--traceback"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_set_traceback,
        help="Show the traceback of an internal error.",
    )


@click.group(cls=CommandLine, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="bptt-bench")
def cli() -> None:
    """Test whether measured cost follows the law that was derived for it.

    \b
    Example: bptt-bench run --profile quick --out results/today
             bptt-bench verdict results/today
    """


def main() -> NoReturn:
    """Run ``bptt-bench`` or ``python -m bptt_bench``."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a letter that a terminal lacks must not end the program
    cli.main()


for command in (new, run, verdict, report, derive, fit, predict, compare, foresee, race, export, doctor, selftest):
    cli.add_command(command)
for anywhere in (cli, *cli.commands.values()):
    anywhere.params.append(traceback_option())
