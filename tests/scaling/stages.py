"""Load, fit and report a stored run, one after the other, and say what each took.

    python -m tests.scaling.stages DIR

One process does what ``bptt-bench report DIR`` does. Prints JSON: seconds of each stage, with the imports that it
is the first to need, and the peak memory of the process. Writes the report into the folder.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_bytes() -> int:
    """Largest memory that this process has held at once.

    Of this program alone where the system says so: ``ru_maxrss`` counts what the process was before it became this
    program, a copy of its parent.
    """
    if STATUS.exists():
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(folder: Path) -> None:
    """Print what the stages took."""
    times = [time.perf_counter()]
    from bptt_bench.store.frame import load
    from bptt_bench.workflows.judge import analyse_run

    frame = load(folder)
    times.append(time.perf_counter())
    analysis = analyse_run(frame)
    times.append(time.perf_counter())
    from bptt_bench.report.page.page import write_report

    write_report(analysis, folder)
    times.append(time.perf_counter())
    took = {
        name: after - before for name, before, after in zip(("load", "fit", "report"), times, times[1:], strict=False)
    }
    print(json.dumps({**took, "samples": len(frame), "peak_bytes": peak_bytes()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
