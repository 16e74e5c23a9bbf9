"""``doctor``: is this machine fit to measure on, and what can it do?"""

from __future__ import annotations

import click

from bptt_bench.commands.shared import document, json_option


@click.command()
@click.option(
    "--seconds",
    type=click.FloatRange(min=0),
    metavar="S",
    help="Time for probing what the machine can do; 0: leave it out.  [default: 8]",
)
@json_option
def doctor(seconds: float | None, as_json: bool) -> int:
    """Is this machine fit to measure on, and what can it do?

    \b
    Example: bptt-bench doctor
    """
    from bptt_bench.doctor import examine, of_machine, probed
    from bptt_bench.measure.clock import WallClock
    from bptt_bench.measure.probe import PROBE_SECONDS

    clock = WallClock()
    found = []
    for reading in examine(clock):
        found.append(reading)
        if not as_json:
            click.echo(f"{reading.judgement:8} {reading.name:28} {reading.shown}: {reading.remark}")
    seconds = PROBE_SECONDS if seconds is None else seconds
    if seconds:
        click.echo(f"probing the machine for about {seconds:g} s", err=True)
        readings = probed(clock, seconds)
        if as_json:
            found += of_machine(readings)
        else:
            from bptt_bench.report.console import on_screen
            from bptt_bench.report.terminal import print_readings

            print_readings(on_screen(), readings)
    if as_json:
        document([reading.to_json() for reading in found])
    return 0
