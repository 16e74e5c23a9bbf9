"""``doctor``: checks whether a machine is fit to measure on, and probes it."""

from __future__ import annotations

import click

from bptt_bench.cli.options import json_option, print_json


@click.command()
@click.option(
    "--seconds",
    metavar="TIME",
    help="For probing what the machine can do, such as 8 or 1min; 0: leave it out.  [default: 8]",
)
@json_option
def doctor(seconds: str | None, as_json: bool) -> int:
    """Check whether this machine is fit to measure on, and measure what it can do.

    \b
    Example: bptt-bench doctor
    """
    from bptt_bench.measure.probe.probe import PROBE_SECONDS
    from bptt_bench.measure.timing.clock import WallClock
    from bptt_bench.text.quantities import parse_duration
    from bptt_bench.workflows.doctor import examine, machine_findings, probe_machine

    probing = PROBE_SECONDS if seconds is None else parse_duration("--seconds", seconds, least=0.0, bare=True)
    clock = WallClock()
    found = []
    for reading in examine(clock):
        found.append(reading)
        if not as_json:
            click.echo(f"{reading.judgement:8} {reading.name:28} {reading.shown}: {reading.remark}")
    if probing:
        click.echo(f"probing the machine for about {probing:g} s", err=True)
        readings = probe_machine(clock, probing)
        if as_json:
            found += machine_findings(readings)
        else:
            from bptt_bench.report.terminal.console import on_screen
            from bptt_bench.report.terminal.tables import print_readings

            print_readings(on_screen(), readings)
    if as_json:
        print_json([reading.to_json() for reading in found])
    return 0
