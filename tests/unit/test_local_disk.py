"""What only the folder has: crashes, processes, paths, and faults of the disk."""

import errno
import io
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from host_pms.errors import ConnectorError, DivergentObjectError, NeedsPersonError, TransientError
from host_pms.local.disk import DiskStore
from host_pms.local.files import translated

KEY = "H1/reservation-20240115T103045Z.json"


def put(store: DiskStore, body: bytes, key: str = KEY) -> None:
    store.put_new("bucket", key, io.BytesIO(body))


def files_under(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_an_object_is_the_file_of_its_bucket_and_key_and_nothing_else_stays(tmp_path: Path) -> None:
    put(DiskStore(tmp_path / "data"), b"bytes")
    put(DiskStore(tmp_path / "data"), b"bytes")
    assert files_under(tmp_path) == [f"data/bucket/{KEY}"]
    assert (tmp_path / "data/bucket" / KEY).read_bytes() == b"bytes"


def test_only_this_user_can_read_what_may_hold_guests(tmp_path: Path) -> None:
    put(DiskStore(tmp_path), b"bytes")
    assert (tmp_path / "bucket" / KEY).stat().st_mode & 0o077 == 0


def test_a_bucket_that_was_taken_away_is_made_again(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    put(store, b"bytes")
    shutil.rmtree(tmp_path / "bucket")
    put(store, b"others")
    assert (tmp_path / "bucket" / KEY).read_bytes() == b"others"


CRASHES = {
    "before the name": "whole(io.BytesIO(b'half-known'), root)",
    "in mid-write": "whole(Dying(b'x' * 300_000), root)",
}
CRASH = """
import io, os, signal, sys
from pathlib import Path
from host_pms.local.files import whole

class Dying(io.BytesIO):
    def read(self, size=-1):
        return super().read(size) if self.tell() == 0 else os.kill(os.getpid(), signal.SIGKILL)

root = Path(sys.argv[1])
with {step}:
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("step", CRASHES.values(), ids=CRASHES.keys())
def test_what_a_crash_leaves_is_no_object(tmp_path: Path, step: str) -> None:
    crashed = subprocess.run([sys.executable, "-c", CRASH.format(step=step), str(tmp_path)], check=False)
    assert crashed.returncode == -signal.SIGKILL
    (left,) = files_under(tmp_path)
    assert left.startswith(".partial/")
    store = DiskStore(tmp_path)
    assert store.keys("bucket", "") == ()
    with pytest.raises(FileNotFoundError):
        store.read("bucket", KEY)
    put(store, b"the next run's")
    assert store.keys("bucket", "") == (KEY,)


def test_a_crash_after_the_name_leaves_the_whole_object(tmp_path: Path) -> None:
    script = CRASH.format(step="whole(io.BytesIO(b'bytes'), root) as file").replace(
        "    os.kill(os.getpid(), signal.SIGKILL)\n",
        "    from host_pms.local.files import publish\n"
        f"    publish(file, root / 'bucket' / '{KEY}', root)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n",
    )
    crashed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert crashed.returncode == -signal.SIGKILL
    store = DiskStore(tmp_path)
    put(store, b"bytes")
    with store.read("bucket", KEY) as stream:
        assert stream.read() == b"bytes"
    assert store.keys("bucket", "") == (KEY,)


def race(root: Path, number: int) -> bool:
    try:
        put(DiskStore(root), b"%d" % number * 300_000)
    except DivergentObjectError:
        return False
    return True


def test_of_four_processes_exactly_one_creates_each_object(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as processes:
        won = list(processes.map(race, [tmp_path] * 8, range(8)))
    assert sum(won) == 1
    assert (tmp_path / "bucket" / KEY).read_bytes() == b"%d" % won.index(True) * 300_000


ESCAPES = ["../x", "a/../../x", "/etc/x", "a//x", "a/./x", "a/", "", "..", "a\0b"]


@pytest.mark.parametrize("key", ESCAPES)
def test_a_key_cannot_leave_its_bucket(tmp_path: Path, key: str) -> None:
    store = DiskStore(tmp_path / "data")
    with pytest.raises(ValueError, match="part of a path"):
        put(store, b"", key)
    with pytest.raises(ValueError, match="part of a path"):
        store.read("bucket", key)
    assert files_under(tmp_path) == []


@pytest.mark.parametrize("prefix", ["../", "/etc/", "a/../../b"])
def test_a_prefix_cannot_leave_its_bucket(tmp_path: Path, prefix: str) -> None:
    (tmp_path / "b.json").write_bytes(b"")
    with pytest.raises(ValueError, match="part of a path"):
        DiskStore(tmp_path / "data").keys("bucket", prefix)


@pytest.mark.parametrize("bucket", ["..", ".", "", "a/b", "/", "queues", ".partial"])
def test_a_bucket_is_one_folder_of_its_own(tmp_path: Path, bucket: str) -> None:
    store = DiskStore(tmp_path)
    with pytest.raises(ValueError, match=r"is no bucket|part of a path"):
        store.put_new(bucket, KEY, io.BytesIO())
    with pytest.raises(ValueError, match=r"is no bucket|part of a path"):
        store.keys(bucket, "")


def test_a_file_in_the_place_of_the_root_asks_a_person(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"")
    with pytest.raises(NeedsPersonError, match="LOCAL_ROOT") as caught:
        put(DiskStore(tmp_path / "data"), b"")
    assert str(tmp_path / "data/bucket" / KEY) in caught.value.message


def test_a_key_below_an_object_asks_a_person(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    put(store, b"", "H1/a")
    with pytest.raises(NeedsPersonError, match="in the way"):
        put(store, b"", "H1/a/b")


def test_a_name_too_long_for_the_disk_asks_a_person(tmp_path: Path) -> None:
    with pytest.raises(NeedsPersonError):
        put(DiskStore(tmp_path), b"", "x" * 300)
    with pytest.raises(NeedsPersonError):
        DiskStore(tmp_path).read("bucket", "x" * 300)


def test_a_full_disk_is_transient_and_says_which(tmp_path: Path) -> None:
    with (
        pytest.raises(TransientError, match="No space left on device") as caught,
        translated("Writing", tmp_path),
    ):
        Path("/dev/full").write_bytes(b"x")
    assert str(tmp_path) in caught.value.message
    assert "Free space" in caught.value.remedy


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, TransientError),
        (errno.EDQUOT, TransientError),
        (errno.EIO, TransientError),
        (errno.EMFILE, TransientError),
        (errno.EACCES, NeedsPersonError),
        (errno.EPERM, NeedsPersonError),
        (errno.EROFS, NeedsPersonError),
        (errno.ENOTDIR, NeedsPersonError),
        (errno.ENOTSUP, NeedsPersonError),
    ],
)
def test_a_fault_of_the_disk_goes_by_its_number(
    tmp_path: Path, number: int, kind: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as caught, translated("Writing", tmp_path):
        raise OSError(number, os.strerror(number))
    assert type(caught.value) is kind
    assert str(tmp_path) in caught.value.message
