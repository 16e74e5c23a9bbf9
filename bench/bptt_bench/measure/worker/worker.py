"""A measuring process: loads an experiment, checks its threads, and answers requests, one JSON line each.

Started as ``python -m bptt_bench.measure.worker.worker`` with the thread variables already in its environment. Requests
come on standard input, replies leave on standard output; whatever the experiment prints goes to standard error, which
the run takes for a file of its own. The process ends when standard input does, even in the middle of an evaluation, so
that it never outlives the run that started it.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from typing import BinaryIO

from bptt_bench.measure.protocol.messages import decode, encode
from bptt_bench.measure.timing.clock import WallClock
from bptt_bench.measure.worker.output import flush_all
from bptt_bench.measure.worker.request_handler import RequestHandler


def serve(requests: BinaryIO, replies: BinaryIO, handler: RequestHandler) -> None:
    """Handle requests until they end; ends the process then, whatever it is doing."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_until_end, args=(requests, lines.put), daemon=True).start()
    while True:
        reply = encode(handler.handle(decode(lines.get())))
        flush_all()
        try:
            replies.write(reply)
            replies.flush()
        except BrokenPipeError:
            os._exit(0)


def _read_until_end(requests: BinaryIO, put: Callable[[bytes], None]) -> None:
    """Hand lines on; blocked in a read it holds no lock, so it costs the evaluations nothing."""
    for line in requests:
        put(line)
    os._exit(0)


def main() -> None:
    """Keep the two pipes for the protocol, point standard output at standard error, and serve."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    serve(requests, replies, RequestHandler(WallClock()))


if __name__ == "__main__":
    main()
