"""What only heads in a folder have: crashes, processes, paths, and the file system's clock."""

import io
import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from host_pms.errors import NeedsPersonError, VersionMismatchError
from host_pms.local.disk import DiskStore
from host_pms.local.head import DiskHeads
from host_pms.ports import HeldHead

KEY = "H1/_state/head.json"
DAY = 86_400 * 10**9


def held(root: Path) -> HeldHead:
    head = DiskHeads(root).read("bucket", KEY)
    assert head is not None
    return head


def files_under(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_a_head_is_the_file_of_its_bucket_and_key_and_an_object(tmp_path: Path) -> None:
    version = DiskHeads(tmp_path).swap("bucket", KEY, b"first", expected=None)
    DiskHeads(tmp_path).swap("bucket", KEY, b"second", expected=version)
    assert [name for name in files_under(tmp_path) if "/locks/" not in name] == [f"bucket/{KEY}"]
    assert (tmp_path / "bucket" / KEY).stat().st_mode & 0o077 == 0
    store = DiskStore(tmp_path)
    assert store.keys("bucket", "") == (KEY,)
    with store.read("bucket", KEY) as stream:
        assert stream.read() == b"second"


def test_an_object_is_a_head(tmp_path: Path) -> None:
    DiskStore(tmp_path).put_new("bucket", KEY, io.BytesIO(b"first"))
    DiskHeads(tmp_path).swap("bucket", KEY, b"second", expected=held(tmp_path).version)
    assert held(tmp_path).body == b"second"


def test_a_look_for_a_head_leaves_nothing_behind(tmp_path: Path) -> None:
    assert DiskHeads(tmp_path / "data").read("bucket", KEY) is None
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_come_back_are_another_version(tmp_path: Path) -> None:
    heads, bodies = DiskHeads(tmp_path), [b"A", b"B", b"A", b"A"]
    versions: list[str] = []
    for body in bodies:
        versions.append(heads.swap("bucket", KEY, body, expected=versions[-1] if versions else None))
    assert len(set(versions)) == 4
    with pytest.raises(VersionMismatchError):
        heads.swap("bucket", KEY, b"C", expected=versions[0])


@pytest.mark.parametrize("shift", [-DAY, DAY], ids=["forward", "back"])
def test_versions_need_no_clock_that_goes_forward(tmp_path: Path, shift: int) -> None:
    """A clock that jumps by a day, as the head written before it sees it."""
    heads, path = DiskHeads(tmp_path), tmp_path / "bucket" / KEY
    first = heads.swap("bucket", KEY, b"A", expected=None)
    os.utime(path, ns=(0, path.stat().st_mtime_ns + shift))
    assert held(tmp_path).version == first
    assert heads.swap("bucket", KEY, b"A", expected=first) != first
    assert held(tmp_path).age < 3600


def test_the_count_of_writes_begins_again_after_a_million(tmp_path: Path) -> None:
    heads, path = DiskHeads(tmp_path), tmp_path / "bucket" / KEY
    heads.swap("bucket", KEY, b"A", expected=None)
    os.utime(path, ns=(0, DAY + 999_999))
    last = held(tmp_path).version
    assert last.endswith("-999999")
    assert heads.swap("bucket", KEY, b"A", expected=last).endswith("-0")
    assert held(tmp_path).version.endswith("-0")


def test_a_head_from_the_future_is_new(tmp_path: Path) -> None:
    DiskHeads(tmp_path).swap("bucket", KEY, b"A", expected=None)
    path = tmp_path / "bucket" / KEY
    os.utime(path, ns=(0, path.stat().st_mtime_ns + DAY))
    assert held(tmp_path).age == 0


# --- crashes: what of a swap is done before the process is killed, and what is there then ---

CRASH = """
import io, os, signal, sys
from pathlib import Path
from host_pms.local.files import whole
from host_pms.local.head import DiskHeads, _count, _replace

root = Path(sys.argv[1])
path = root / "bucket" / sys.argv[2]
with DiskHeads(root)._alone(path), whole(io.BytesIO(b"second"), root) as file:
    {steps}
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("steps", "there"),
    [
        ("pass", b"first"),
        ("_count(file, 0)", b"first"),
        ("os.link(file, f'{file}.head')", b"first"),
        ("_replace(file, path)", b"second"),
    ],
)
def test_a_crash_leaves_the_old_or_the_new_head_whole_and_no_lock(
    tmp_path: Path, steps: str, there: bytes
) -> None:
    first = DiskHeads(tmp_path).swap("bucket", KEY, b"first", expected=None)
    script = CRASH.format(steps=steps)
    crashed = subprocess.run([sys.executable, "-c", script, str(tmp_path), KEY], check=False)
    assert crashed.returncode == -signal.SIGKILL
    assert held(tmp_path).body == there
    assert (held(tmp_path).version == first) == (there == b"first")
    DiskHeads(tmp_path).swap("bucket", KEY, b"third", expected=held(tmp_path).version)
    assert held(tmp_path).body == b"third"
    assert DiskStore(tmp_path).keys("bucket", "") == (KEY,)


def increment(root: Path) -> int:
    """Ten increments; how often another process was first."""
    lost = done = 0
    while done < 10:
        head = held(root)
        try:
            DiskHeads(root).swap("bucket", KEY, b"%d" % (int(head.body) + 1), expected=head.version)
            done += 1
        except VersionMismatchError:
            lost += 1
    return lost


def test_of_four_processes_no_increment_is_lost(tmp_path: Path) -> None:
    DiskHeads(tmp_path).swap("bucket", KEY, b"0", expected=None)
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as processes:
        list(processes.map(increment, [tmp_path] * 4))
    assert held(tmp_path).body == b"40"


# --- paths ---


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/x", "a//x", "a/./x", "a/", "", "..", "a\0b"])
def test_a_key_cannot_leave_its_bucket(tmp_path: Path, key: str) -> None:
    heads = DiskHeads(tmp_path / "data")
    with pytest.raises(ValueError, match="part of a path"):
        heads.swap("bucket", key, b"", expected=None)
    with pytest.raises(ValueError, match="part of a path"):
        heads.read("bucket", key)
    assert files_under(tmp_path) == []


@pytest.mark.parametrize("bucket", ["..", ".", "", "a/b", "/", "queues", ".partial"])
def test_a_bucket_is_one_folder_of_its_own(tmp_path: Path, bucket: str) -> None:
    with pytest.raises(ValueError, match=r"is no bucket|part of a path"):
        DiskHeads(tmp_path).read(bucket, KEY)


@pytest.mark.parametrize("in_the_way", ["folder", "file above"])
def test_what_is_no_head_asks_a_person(tmp_path: Path, in_the_way: str) -> None:
    path = tmp_path / "bucket" / KEY
    if in_the_way == "folder":
        path.mkdir(parents=True)
    else:
        path.parent.parent.mkdir(parents=True)
        path.parent.write_bytes(b"")
    with pytest.raises(NeedsPersonError, match="Move away") as caught:
        DiskHeads(tmp_path).read("bucket", KEY)
    assert str(path) in caught.value.message
    with pytest.raises(NeedsPersonError, match="Move away"):
        DiskHeads(tmp_path).swap("bucket", KEY, b"", expected=None)
