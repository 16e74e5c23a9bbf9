"""Count what this process executes with the performance counters of the processor, which the kernel of Linux lends.

Counting slows nothing down. Many kernels do not lend the counters: those of most virtual machines have none, and
containers and ``/proc/sys/kernel/perf_event_paranoid`` may forbid the call.

Source: ``perf_event_open(2)`` of the Linux manual, with the first published layout of its attributes (64 bytes).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
from dataclasses import dataclass
from typing import Self

CALLS = {"x86_64": 298, "AMD64": 298, "aarch64": 241, "riscv64": 241, "ppc64le": 319, "s390x": 331}  # by processor
INHERIT, PINNED, DISABLED = 1 << 1, 1 << 2, 1 << 0
USER_SPACE_ONLY = 1 << 5 | 1 << 6  # neither the kernel nor a hypervisor
CLOSE_ON_EXEC = 8
ENABLE, DISABLE, RESET = 0x2400, 0x2401, 0x2403
ATTRIBUTES = struct.Struct("=IIQQQQQIIQ")  # type, size, number, period, sample, format, flags, and more
COUNT = struct.Struct("=Q")


@dataclass(frozen=True, slots=True)
class Event:
    """An event that the kernel counts.

    Attributes
    ----------
    kind, number : as the kernel's header has them, ``perf_type_id`` and the identifier among those of its type.
    """

    kind: int
    number: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.number}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the event that ``str`` of an event names."""
        kind, _, number = text.partition(":")
        return cls(int(kind), int(number))


INSTRUCTIONS = Event(0, 1)  # PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS


class EventCounter:
    """Counts an event in the thread that makes it, and in threads that are started later; in user space only.

    The event is pinned: it is counted all the time or not at all, never in turns with others.

    Raises
    ------
    OSError : the kernel does not count this event, or not for us.
    """

    def __init__(self, event: Event) -> None:
        number = CALLS.get(platform.machine()) if sys.platform == "linux" else None
        if number is None:
            raise OSError(f"perf_event_open: not known on {sys.platform}, {platform.machine()}")
        flags = DISABLED | INHERIT | PINNED | USER_SPACE_ONLY
        packed = ATTRIBUTES.pack(event.kind, ATTRIBUTES.size, event.number, 0, 0, 0, flags, 0, 0, 0)
        attributes = ctypes.create_string_buffer(packed, len(packed))
        library = ctypes.CDLL(None, use_errno=True)
        this_process, any_core, no_group = 0, -1, -1
        self._file = library.syscall(number, attributes, this_process, any_core, no_group, CLOSE_ON_EXEC)
        if self._file < 0:
            code = ctypes.get_errno()
            raise OSError(code, f"perf_event_open: {os.strerror(code)}")
        self._control = library.ioctl

    def start(self) -> None:
        """Begin to count, from 0."""
        self._control(self._file, RESET, 0)
        self._control(self._file, ENABLE, 0)

    def stop(self) -> int:
        """End counting, and return the events since the start.

        Raises
        ------
        OSError : the counter was taken away in between.
        """
        self._control(self._file, DISABLE, 0)
        read = os.read(self._file, COUNT.size)
        if len(read) != COUNT.size:
            raise OSError("perf_event_open: the counter was taken away while it counted")
        return int(COUNT.unpack(read)[0])

    def close(self) -> None:
        """Give the counter back."""
        with contextlib.suppress(OSError):
            os.close(self._file)


def counts_here(event: Event) -> bool:
    """Return whether the kernel counts an event of this process, and more than none while Python does something."""
    try:
        counter = EventCounter(event)
    except OSError:
        return False
    try:
        counter.start()
        sum(range(1000))
        return counter.stop() > 0
    except OSError:
        return False
    finally:
        counter.close()
