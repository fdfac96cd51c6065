"""A folder that cannot be written: one clear line, the right exit code, nothing told to the ESB."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import BARE, SCRIPTS, log_lines, variables

from host_pms.simulator.server import Simulator


def a_file(folder: Path) -> str:
    (folder / "taken").write_text("here first")
    return str(folder / "taken")


def a_file_in_the_way_of_a_bucket(folder: Path) -> str:
    (folder / "data").mkdir()
    (folder / "data" / "dev-pms-raw-hotel-configs").write_text("here first")
    return str(folder / "data")


def a_folder(folder: Path) -> str:
    return str(folder / "data")


def a_read_only_file_system(_folder: Path) -> str:
    if not Path("/sys/kernel").is_dir():
        pytest.skip("there is no /sys here, the one file system on which even root may not make a folder")
    return "/sys/kernel/host-pms"


CASES: dict[str, tuple[Callable[[Path], str], str, int, str]] = {
    "a file": (a_file, "true", 6, "Move away what is in the way"),
    "a file for a bucket": (a_file_in_the_way_of_a_bucket, "true", 6, "Move away what is in the way"),
    "read-only": (a_read_only_file_system, "true", 6, "Give this user the right to write there"),
    # The shell bounds what a process may write, which the process sees as a disk that is full.
    "full": (a_folder, "ulimit -f 16", 4, "Free space there"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_folder_that_cannot_be_written_is_named(name: str, tmp_path: Path) -> None:
    make_root, limit, exit_code, remedy = CASES[name]
    with Simulator(hotels=1, bookings=200) as simulator:
        given = variables(simulator, LOCAL_ROOT=make_root(tmp_path))
        ended = subprocess.run(
            ["/bin/bash", "-c", f"{limit}; exec {SCRIPTS / 'host-pms'} sync"],
            cwd=tmp_path,
            env={**BARE, **given},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ended.returncode == exit_code, ended.stderr
        (failed,) = (line for line in log_lines(ended.stderr) if line["level"] == "ERROR")
        assert remedy in failed["message"]
        assert given["LOCAL_ROOT"] in failed["message"]
        assert simulator.esb.registrations == []
        assert [call for call in simulator.calls if call.method != "GET"] == []
