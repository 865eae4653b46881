"""Which process this is, and whether another one of this machine is provably gone.

A process is named `kernel/namespace:pid:started`: the boot of the kernel, the namespace in which
its number counts (a container has one of its own), the number, and when it began, in clock ticks
since that boot, because numbers are used again. Only a process of the same boot and namespace can
be looked up; of any other nobody here can say that it is gone.
"""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")
_STATE, _STARTED = 0, 19
"""Places in /proc/PID/stat after the name, which may itself hold blanks and brackets: proc(5)."""
_ENDED = ("Z", "X", "x")


def this_process() -> str | None:
    """The name of this process, or None where the system does not tell (it has no /proc)."""
    here, stat = _here(), _stat(os.getpid())
    return None if here is None or stat is None else f"{here}:{os.getpid()}:{stat[_STARTED]}"


def is_gone(process: str | None) -> bool:
    """Whether this process has ended for certain; False wherever that cannot be known."""
    here = _here()
    if process is None or here is None:
        return False
    where, number, started = process.rsplit(":", 2)
    if where != here:
        return False
    if not _exists(int(number)):
        return True
    stat = _stat(int(number))
    return stat is not None and (stat[_STARTED] != started or stat[_STATE] in _ENDED)


def _here() -> str | None:
    """The kernel's boot and the namespace of process numbers; None where there is no /proc."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink().name}"
    except OSError:
        return None


def _exists(number: int) -> bool:
    """Whether there is a process of this number, visible in /proc or not."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


def _stat(number: int) -> list[str] | None:
    """What the system says of a process after its name; None for one that does not show."""
    try:
        text = (_PROC / str(number) / "stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except ProcessLookupError:  # it ended while it was read
        return None
    return text.rpartition(")")[2].split()
