"""Temporary files: checked before they are used, told when they fail, and gone with the process."""

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path

import pytest

from host_pms.errors import TransientError
from host_pms.services.parts import parts
from host_pms.services.temporary import SPARE, Temporary, TemporaryTable, free_bytes

SCHEMA = "CREATE TABLE line (text TEXT)"
INSERT = "INSERT INTO line VALUES (?)"


def table(temporary: Temporary | None = None) -> TemporaryTable:
    return TemporaryTable(SCHEMA, INSERT, temporary or Temporary())


def fill(lines: TemporaryTable, count: int) -> None:
    for _ in range(count):
        lines.add("x" * 200)


def test_the_space_is_that_of_the_folder_of_temporary_files() -> None:
    free = free_bytes()
    assert free > 0
    Temporary().check(0)
    with pytest.raises(TransientError, match=r"are needed in .*\. .*set TMPDIR"):
        Temporary(free=lambda: 999).check(1_000)


def test_no_table_is_begun_where_there_is_no_space() -> None:
    with pytest.raises(TransientError, match="67 MB of temporary space"):
        table(Temporary(free=lambda: SPARE - 1))


def test_a_table_is_not_filled_until_the_disk_is_full() -> None:
    looks = iter([SPARE, SPARE, SPARE - 1])
    lines = table(Temporary(free=lambda: next(looks)))
    with pytest.raises(TransientError, match="temporary space"):
        fill(lines, 1_000)


def test_an_index_is_not_begun_where_it_would_not_fit() -> None:
    free = [SPARE]
    lines = table(Temporary(free=lambda: free[0]))
    lines.add("x" * 100_000)
    with pytest.raises(TransientError, match="temporary space"):
        lines.add_index("CREATE INDEX by_text ON line (text)")


def test_a_disk_that_gets_full_all_the_same_is_told() -> None:
    lines = table()
    list(lines.read("PRAGMA max_page_count = 20"))
    with pytest.raises(TransientError, match=r"disk is full\. Nothing was published\. Free space"):
        fill(lines, 100_000)


def test_a_file_that_cannot_grow_is_told() -> None:
    """In a process that may write no file longer than 100,000 bytes."""
    code = (
        "import resource; from contextlib import ExitStack; from host_pms.services import parts, temporary\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "records = (b'x' * 100 for _ in range(2_000))\n"
        "with ExitStack() as room:\n"
        "    list(parts.parts(records, 9_999, room, temporary=temporary.Temporary(), about=1))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "TransientError: Writing to " in done.stderr
    assert "File too large" in done.stderr


def test_parts_are_not_begun_where_they_would_not_fit() -> None:
    records = 500 * [b"x" * 100]
    with ExitStack() as room, pytest.raises(TransientError, match="100 MB of temporary space"):
        list(parts(iter(records), 9, room, temporary=Temporary(free=lambda: 10**8 - 1), about=10**6))


def test_parts_that_fit_are_written() -> None:
    records = repeat(b"x" * 100, 600)
    with ExitStack() as room:
        (part,) = parts(records, 999, room, temporary=Temporary(free=lambda: 60_000), about=600)
        part.body.seek(0)
        assert part.body.read() == b"[\n" + b",\n".join(600 * [b"x" * 100]) + b"\n]\n"
        assert part.records == 600


def test_nothing_has_a_name_and_nothing_is_left(tmp_path: Path) -> None:
    """In a process that is killed while it has written more than the cache holds."""
    code = (
        "import os; from host_pms.services.temporary import Temporary, TemporaryTable\n"
        f"lines = TemporaryTable({SCHEMA!r}, {INSERT!r}, Temporary())\n"
        "for _ in range(40_000): lines.add('x' * 1_000)\n"
        "held = [os.readlink(f'/proc/self/fd/{fd}') for fd in os.listdir('/proc/self/fd')"
        " if os.path.lexists(f'/proc/self/fd/{fd}')]\n"
        "print([name for name in held if 'etilqs' in name], os.listdir(os.environ['TMPDIR']), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr
    if sys.platform == "linux":
        assert f"['{tmp_path}/etilqs" in done.stdout
    assert "] []" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_nobody_holds_gives_its_file_back() -> None:
    before = open_files()
    lines = table()
    fill(lines, 100_000)
    assert open_files() > before
    del lines
    assert open_files() == before


def open_files() -> int:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip(f"there is no {folder} on this system; {tempfile.gettempdir()} cannot be asked")
    return sum(1 for _ in folder.iterdir())
