"""Names of processes that tell, on the machine they were made on, whether their process is gone.

A name is `{host}.{boot}.{PID namespace}.{time namespace}.{pid}.{start}`, as Linux's /proc tells them; see
proc(5). The host is for people. Where /proc does not tell (macOS), a name is `{host}.{pid}`, and its
process is never called gone.
"""

import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")

_NAME = re.compile(
    r"[\w-]*\.(?P<kernel>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[0-9]+\.[0-9]+)"
    # So many digits fit the system's calls; Linux has no pid over 4,194,304.
    r"\.(?P<pid>[1-9][0-9]{0,8})\.(?P<start>[0-9]{1,20})"
)
# Fields 3, 20 and 22. The command, field 2, may hold spaces and parentheses; no field after it does.
_STAT = re.compile(rb".*\) (?P<state>\S)(?: \S+){16} (?P<threads>\d+) \S+ (?P<start>\d+) ", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class _Stat:
    """A process as /proc has it; `start` is in clock ticks since the boot."""

    ended: bool
    start: int


def this_process(*, proc: Path = _PROC) -> str:
    """A name that no other process has, now or later, here or elsewhere; without `/` and spaces.

    Where /proc does not tell, another process may get it once this one is gone.
    """
    host = re.sub(r"[^\w-]", "-", socket.gethostname(), flags=re.ASCII)
    kernel, stat = _kernel(proc), _stat(proc / "self")
    name = f"{host}.{kernel}.{os.getpid()}.{stat.start if stat else None}"
    return name if _NAME.fullmatch(name) else f"{host}.{os.getpid()}"


def is_gone(process: str, *, proc: Path = _PROC) -> bool:
    """Whether it is certain that the process of a name has ended; a stopped one has not.

    False for a name of another machine, boot or namespace, and for what is no name. Virtual machines that
    were resumed from one snapshot pass for one machine.
    """
    name = _NAME.fullmatch(process)
    if name is None or name["kernel"] != _kernel(proc):
        return False
    stat = _stat(proc / name["pid"])
    if stat is None:
        return not _exists(int(name["pid"]))
    return stat.ended or stat.start != int(name["start"])


def _kernel(proc: Path) -> str | None:
    """The boot and the namespaces by which pids and start times count; None where `proc` does not tell."""
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii", errors="replace").strip()
        status = (proc / "self/status").read_bytes()
        pids, times = _inode(proc / "self/ns/pid"), _time_namespace(proc)
    except OSError:
        return None
    # A /proc of an outer namespace (after `unshare --pid --fork`) lists our pid there as well, and what it
    # has under our own pids are other processes.
    if b"\nNSpid:\t%d\n" % os.getpid() not in status:
        return None
    return f"{boot}.{pids}.{times}"


def _time_namespace(proc: Path) -> str:
    """The namespace whose offset the start times have that we read; 0 on kernels without (before 5.6)."""
    try:
        return _inode(proc / "self/ns/time")
    except FileNotFoundError:
        return "0"


def _inode(namespace: Path) -> str:
    """The number in a link such as `pid:[4026531836]`; no two namespaces that are in use share one."""
    return str(namespace.readlink()).partition("[")[2].removesuffix("]")


def _stat(folder: Path) -> _Stat | None:
    """None where there is no such process, or it is hidden (the mount option `hidepid`)."""
    try:
        found = _STAT.match((folder / "stat").read_bytes())
    except OSError:
        return None
    if found is None:
        return None
    # The state is the first thread's: a zombie with more threads than that one is still at work.
    ended = found["state"] in b"ZXx" and int(found["threads"]) <= 1
    return _Stat(ended=ended, start=int(found["start"]))


def _exists(pid: int) -> bool:
    """Whether there is such a process; signal 0 is not sent, and a refusal is an answer too."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
