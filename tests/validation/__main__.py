"""How often fits and verdicts are wrong, for us and for other tools on the very same simulated measurements.

    python -m tests.validation [--trials N] [--out DIR] [--peers PYTHON] [--read]

The table comes on standard output, progress on standard error; DIR gets validation.json, .md, .html and all
outcomes. It can be stopped and started again: what is there is not computed twice. `make validate` prepares
the environment of Extra-P and big_O; without --peers the table says that they are not installed.
"""

from __future__ import annotations

import os

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))  # before NumPy is imported: two processes share two cores

import argparse  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from importlib import metadata  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from bptt_bench.report.page.validation import write_page  # noqa: E402

from tests.validation.cells import PUBLISHED_SEED, TRIALS  # noqa: E402
from tests.validation.document import document, markdown  # noqa: E402
from tests.validation.driver import run  # noqa: E402
from tests.validation.peers.client import PeerError, Server  # noqa: E402
from tests.validation.records import Records, RecordsError, fingerprint, read  # noqa: E402
from tests.validation.table import Trials  # noqa: E402

UNUSABLE, INTERRUPTED = 2, 130  # exit statuses


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _main(options)
    except (RecordsError, PeerError) as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED


def _main(options: argparse.Namespace) -> int:
    started = time.monotonic()
    if options.read:
        header, outcomes = read(options.out)
        spent = None
    else:
        python, versions = _peers(options.peers)
        header = _header(options.seed, versions)
        records = Records(options.out, header)
        had = len(records.outcomes)
        run(records, trials=options.trials, seed=options.seed, python=python, progress=sys.stderr, now=time.monotonic)
        outcomes = list(records.outcomes.values())
        spent = None if had else time.monotonic() - started
        records.pack()
    result = document(header, Trials.of(outcomes), spent)
    text = markdown(result)
    (options.out / "validation.json").write_text(
        json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (options.out / "validation.md").write_text(text, encoding="utf-8")
    write_page(options.out)
    print(text, end="")
    return 0


def _header(seed: int, peers: dict[str, str] | None) -> dict[str, Any]:
    versions = {"python": platform.python_version(), **{name: metadata.version(name) for name in ("numpy", "scipy")}}
    return {"seed": seed, "source": fingerprint(), "versions": versions, "peers": peers}


def _peers(python: Path | None) -> tuple[Path | None, dict[str, str] | None]:
    """The interpreter of the peers and their versions; neither if it is not there."""
    if python is None:
        return None, None
    try:
        with Server(python) as server:
            return python, server.versions
    except PeerError as error:
        print(f"Extra-P and big_O are left out: {error}", file=sys.stderr)
        return None, None


def _parser() -> argparse.ArgumentParser:
    first, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m tests.validation",
        description=first,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--trials", type=_positive, default=TRIALS, help=f"of each cell (default {TRIALS})")
    parser.add_argument("--out", type=Path, default=Path("results/validation"), help="folder (default %(default)s)")
    parser.add_argument("--seed", type=int, default=PUBLISHED_SEED, help="development takes seeds below 10000")
    parser.add_argument("--peers", type=Path, help="Python of an environment that has Extra-P and big_O")
    parser.add_argument("--without-peers", dest="peers", action="store_const", const=None, help="leave those two out")
    parser.add_argument("--read", action="store_true", help="compute nothing; tables from the outcomes that are in DIR")
    return parser


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed are whole numbers from 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
