"""The fuzzer: ``python -m tests.fuzz --cases 100000 --seed 0``.

Every case is a seed. Cases run in processes of their own with bounded memory, so that a crash of native code is seen,
counted and named by its seed; ``--only SEED`` repeats one case here and shows what came of it.
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.bases import bases, small
from tests.fuzz.case import Outcome, outcome
from tests.fuzz.processes import all_outcomes

SHOWN_FAILURES = 10


def main() -> int:
    """Run the cases; 1 if any of them crashed, hung or failed."""
    parser = argparse.ArgumentParser(description="Mutated files of all formats, loaded and fitted.")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="number of the first case")
    parser.add_argument("--only", type=int, metavar="SEED", help="repeat one case")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.only is not None:
        with tempfile.TemporaryDirectory() as name:
            print(outcome(asked.only, [base for base in bases() if small(base)], Path(name)))
        return 0
    found = report(all_outcomes(asked.seed, asked.cases))
    print(json.dumps(found, indent=2) if asked.json else as_text(found))
    return 1 if found["bad"] else 0


def report(outcomes: Iterator[tuple[int, Outcome]]) -> dict[str, object]:
    """Counts by format and result, what went wrong, and the slowest case."""
    counts: dict[str, collections.Counter[str]] = {}
    bad: list[dict[str, object]] = []
    slowest, slowest_seed, start = 0.0, -1, time.monotonic()
    for number, (seed, one) in enumerate(outcomes, 1):
        counts.setdefault(one.kind, collections.Counter())[one.result] += 1
        if one.result not in {"loaded", "fitted", "refused"}:
            bad.append({"seed": seed, "kind": one.kind, "result": one.result, "words": one.words})
            print(f"seed {seed} ({one.kind}): {one.result}", file=sys.stderr, flush=True)
        if one.seconds > slowest:
            slowest, slowest_seed = one.seconds, seed
        if number % 5000 == 0:
            print(f"{number} cases, {len(bad)} bad, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return {
        "cases": sum(sum(counter.values()) for counter in counts.values()),
        "by_format": {kind: dict(counter) for kind, counter in sorted(counts.items())},
        "bad": bad,
        "slowest": {"seed": slowest_seed, "seconds": round(slowest, 3)},
    }


def as_text(found: dict[str, object]) -> str:
    """The report for people."""
    by_format, bad = found["by_format"], found["bad"]
    assert isinstance(by_format, dict)
    assert isinstance(bad, list)
    rows = [
        f"  {kind:18} " + ", ".join(f"{n} {what}" for what, n in sorted(one.items())) for kind, one in by_format.items()
    ]
    shown = [f"seed {one['seed']} ({one['kind']}): {one['result']}\n{one['words']}" for one in bad[:SHOWN_FAILURES]]
    totals = {what: sum(one["result"] == what for one in bad) for what in ("crash", "hang", "failed")}
    return "\n".join(
        [
            f"{found['cases']} cases: {totals['crash']} crashes, {totals['hang']} hangs, {totals['failed']} failures",
            *rows,
            f"slowest: {found['slowest']}",
            *shown,
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
