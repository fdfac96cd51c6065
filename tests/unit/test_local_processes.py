"""Names of processes: real children that are stopped, killed and reaped, and what /proc may tell."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_pms.local.processes import is_gone, this_process

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no Linux /proc")

BOOT = "0f7f2f0e-6a2c-4a57-9d6b-3f1c2b4a5d6e"
ANOTHER = 4_194_305  # the kernel gives no pid over 4,194,304

NAMED = """
import sys
from host_pms.local.processes import this_process
{before}
print(this_process(), flush=True)
sys.stdin.read()
"""


@contextmanager
def child(script: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that prints its name and then waits for its input to end; killed and reaped at the end."""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


@contextmanager
def named_child(before: str = "") -> Iterator[tuple[subprocess.Popen[str], str]]:
    with child(NAMED.format(before=before)) as (process, name):
        yield process, name


def kill_without_reaping(process: subprocess.Popen[str]) -> None:
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


def with_part(name: str, index: int, part: object) -> str:
    parts = name.split(".")
    parts[index] = str(part)
    return ".".join(parts)


# --- real processes ---


def test_a_process_is_not_gone_for_itself() -> None:
    assert this_process() == this_process()
    assert not is_gone(this_process())


def test_a_name_is_one_part_without_spaces() -> None:
    assert re.fullmatch(r"[\w.-]+", this_process(), re.ASCII)


def test_a_name_holds_the_host_and_the_pid_for_people() -> None:
    host = os.uname().nodename.replace(".", "-")
    assert this_process().startswith(f"{host}.")
    assert str(os.getpid()) in this_process().split(".")


@needs_proc
def test_a_child_is_gone_once_it_is_killed_reaped_or_not() -> None:
    with named_child() as (process, name):
        assert str(process.pid) in name.split(".")
        assert not is_gone(name)
        kill_without_reaping(process)
        assert is_gone(name)
        process.wait()
        assert is_gone(name)


@needs_proc
def test_a_child_that_ended_by_itself_is_gone() -> None:
    with named_child() as (process, name):
        process.communicate("")
        assert is_gone(name)


@needs_proc
def test_a_stopped_process_is_not_gone() -> None:
    with named_child() as (process, name):
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        assert not is_gone(name)


@needs_proc
@pytest.mark.parametrize("command", [") Z (x) 1 2 3", "a b) Z 0 0", "(((", ")))", "\\n) Z 1\\n"])
def test_the_command_of_a_process_cannot_be_taken_for_its_state(command: str) -> None:
    with named_child(f"open('/proc/self/comm', 'w').write('{command}')") as (process, name):
        assert not is_gone(name)
        kill_without_reaping(process)
        assert is_gone(name)


FIRST_THREAD_ENDS = """
import ctypes, os, sys, threading
from pathlib import Path
from host_pms.local.processes import this_process

def work():
    while ") Z " not in Path("/proc/self/stat").read_text():
        os.sched_yield()
    print(name, flush=True)
    sys.stdin.read()

name = this_process()
threading.Thread(target=work).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@needs_proc
def test_a_process_whose_first_thread_alone_has_ended_is_not_gone() -> None:
    with child(FIRST_THREAD_ENDS) as (process, name):
        assert ") Z " in Path(f"/proc/{process.pid}/stat").read_text()
        assert not is_gone(name)
        kill_without_reaping(process)
        assert is_gone(name)


@needs_proc
@pytest.mark.parametrize("later", [-1, 1])
def test_a_process_that_has_the_pid_now_is_another(later: int) -> None:
    start = int(this_process().split(".")[-1])
    assert is_gone(with_part(this_process(), -1, start + later))


@needs_proc
def test_a_pid_that_nobody_has_is_gone() -> None:
    assert is_gone(with_part(this_process(), -2, ANOTHER))


@needs_proc
@pytest.mark.parametrize("pid", [0, -1, 10**9, 2**31, 2**64, "9" * 5000, "1e3", "self", "", "٣"])
def test_what_is_no_pid_is_not_gone(pid: object) -> None:
    assert not is_gone(with_part(this_process(), -2, pid))


@needs_proc
@pytest.mark.parametrize(
    ("index", "part"),
    [(1, BOOT), (2, 1), (3, 1), (1, ""), (2, "None"), (3, "")],
    ids=["boot", "PID namespace", "time namespace", "no boot", "no PID namespace", "no time namespace"],
)
def test_of_another_machine_boot_or_namespace_nothing_is_known(index: int, part: object) -> None:
    with named_child() as (process, name):
        kill_without_reaping(process)
        assert is_gone(name)
        assert not is_gone(with_part(name, index, part))


@needs_proc
def test_the_host_is_for_people_only() -> None:
    with named_child() as (process, name):
        kill_without_reaping(process)
        assert is_gone(with_part(name, 0, "renamed"))


@needs_proc
@pytest.mark.parametrize("changed", ["{}/", "{}/0", " {}", "{}\n", "{}.1", "x.{}", "{}x", "{}\0"])
def test_what_is_nearly_a_name_is_not_gone(changed: str) -> None:
    with named_child() as (process, name):
        kill_without_reaping(process)
        assert is_gone(name)
        assert not is_gone(changed.format(name))


@pytest.mark.parametrize("name", ["", "host/17/0f", "host.17", ".....", "None.None.None.None.None.None"])
def test_what_is_no_name_is_not_gone(name: str) -> None:
    assert not is_gone(name)


@settings(max_examples=200, deadline=None)
@given(st.text() | st.from_regex(r"[\w.-]*\.[0-9a-f-]{36}(\.-?\d{1,30}){4}", fullmatch=True))
def test_no_text_of_elsewhere_is_gone(text: str) -> None:
    assert not is_gone(text)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 5), st.text() | st.integers().map(str))
def test_a_name_with_any_part_replaced_can_be_asked_about(index: int, part: str) -> None:
    """The answer depends on the part, but there is one."""
    parts = this_process().split(".")
    is_gone(with_part(this_process(), index % len(parts), part))


# --- what /proc may tell: as it is here, but for one file ---

STAT = "{pid} (python) {state} 1 1 1 0 -1 4194304 101 0 0 0 0 0 0 0 20 0 {threads} 0 {start} 3133440 407 0\n"


def proc_of(folder: Path, *, pid: int | None = None, start: int = 500) -> Path:
    """A /proc in which this process has a start time of 500, and so has the process `pid`."""
    me = folder / "self"
    (me / "ns").mkdir(parents=True)
    (folder / "sys/kernel/random").mkdir(parents=True)
    (folder / "sys/kernel/random/boot_id").write_text(f"{BOOT}\n")
    (me / "status").write_text(f"Name:\tpython\nPid:\t{os.getpid()}\nNSpid:\t{os.getpid()}\nThreads:\t1\n")
    (me / "ns/pid").symlink_to("pid:[4026531836]")
    (me / "ns/time").symlink_to("time:[4026531834]")
    (me / "stat").write_text(STAT.format(pid=os.getpid(), state="R", threads=1, start=start))
    if pid is not None:
        (folder / str(pid)).mkdir()
        put_stat(folder, pid)
    return folder


def put_stat(proc: Path, pid: int, *, state: str = "S", threads: int = 1) -> None:
    (proc / str(pid) / "stat").write_text(STAT.format(pid=pid, state=state, threads=threads, start=500))


def name_of(proc: Path, pid: int) -> str:
    return with_part(this_process(proc=proc), -2, pid)


def test_a_name_is_what_proc_tells(tmp_path: Path) -> None:
    _, *parts = this_process(proc=proc_of(tmp_path)).split(".")
    assert parts == [BOOT, "4026531836", "4026531834", str(os.getpid()), "500"]


@pytest.mark.parametrize(
    ("state", "threads", "gone"),
    [("Z", 1, True), ("X", 0, True), ("x", 0, True), ("Z", 2, False)]
    + [(state, 1, False) for state in "RSDTtIKWP"],
)
def test_only_a_zombie_without_threads_has_ended(
    tmp_path: Path, state: str, threads: int, *, gone: bool
) -> None:
    proc = proc_of(tmp_path, pid=ANOTHER)
    put_stat(proc, ANOTHER, state=state, threads=threads)
    assert is_gone(name_of(proc, ANOTHER), proc=proc) == gone


@pytest.mark.parametrize("stat", [None, "", "1 (python) S 1"])
def test_a_process_that_proc_hides_is_not_gone(tmp_path: Path, stat: str | None) -> None:
    """Process 1 is there wherever there are processes; who may not signal it is refused."""
    proc = proc_of(tmp_path, pid=1)
    (proc / "1/stat").unlink()
    if stat is not None:
        (proc / "1/stat").write_text(stat)
    assert not is_gone(name_of(proc, 1), proc=proc)
    assert is_gone(name_of(proc, ANOTHER), proc=proc)


def test_a_process_that_ends_while_it_is_read_is_gone(tmp_path: Path) -> None:
    """Then the system refuses to read what it has opened, as it does here with a folder."""
    proc = proc_of(tmp_path)
    (proc / str(ANOTHER) / "stat").mkdir(parents=True)
    assert is_gone(name_of(proc, ANOTHER), proc=proc)


def test_a_kernel_without_time_namespaces_will_do(tmp_path: Path) -> None:
    proc = proc_of(tmp_path)
    (proc / "self/ns/time").unlink()
    assert not is_gone(this_process(proc=proc), proc=proc)
    assert is_gone(name_of(proc, ANOTHER), proc=proc)


def assert_proc_tells_nothing(proc: Path, known: str) -> None:
    name = this_process(proc=proc)
    assert re.fullmatch(rf"[\w-]+\.{os.getpid()}", name, re.ASCII)
    assert not is_gone(name, proc=proc)
    assert not is_gone(name)
    assert not is_gone(known, proc=proc)


def test_where_there_is_no_proc_nobody_is_gone(tmp_path: Path) -> None:
    known = name_of(proc_of(tmp_path / "proc"), ANOTHER)
    assert is_gone(known, proc=tmp_path / "proc")
    assert_proc_tells_nothing(tmp_path / "none", known)


@pytest.mark.parametrize("file", ["sys/kernel/random/boot_id", "self/status", "self/ns/pid"])
def test_where_proc_lacks_a_file_nobody_is_gone(tmp_path: Path, file: str) -> None:
    proc = proc_of(tmp_path)
    known = name_of(proc, ANOTHER)
    (proc / file).unlink()
    assert_proc_tells_nothing(proc, known)


@pytest.mark.parametrize("boot", [b"", b"\n", b"unknown\n", b"a/b c\n", b"\xff\xfe\n"])
def test_a_boot_that_is_not_told_is_not_ours(tmp_path: Path, boot: bytes) -> None:
    proc = proc_of(tmp_path)
    known = name_of(proc, ANOTHER)
    (proc / "sys/kernel/random/boot_id").write_bytes(boot)
    assert_proc_tells_nothing(proc, known)
    assert not is_gone(known.replace(BOOT, boot.decode("latin-1").strip()), proc=proc)


@pytest.mark.parametrize("pids", ["20486\t{me}", "{me}\t{me}", "20486", ""])
def test_the_proc_of_another_namespace_tells_nothing(tmp_path: Path, pids: str) -> None:
    """With `unshare --pid --fork`, and without `--mount-proc`, its pids are not ours."""
    proc = proc_of(tmp_path)
    known = name_of(proc, ANOTHER)
    listed = pids.format(me=os.getpid()).encode()
    (proc / "self/status").write_bytes(b"Name:\t\xff\xfe\nNSpid:\t%s\nThreads:\t1\n" % listed)
    assert_proc_tells_nothing(proc, known)
