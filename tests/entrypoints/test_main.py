"""`python -m src.main`, with `requirements.txt` installed and a copy of `src/`, and nothing else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from commands import BARE, PATIENCE, files_below, log_lines, variables
from image import FreshEnvironment

from host_pms import __version__
from host_pms.simulator.server import Simulator

PROJECT = Path(__file__).parents[2]


def test_a_checkout_is_enough(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    script = "import src.main, host_pms; print(host_pms.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=BARE,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert Path(done.stdout.strip()) == tmp_path / "src" / "host_pms" / "__init__.py"


def test_it_is_the_sync_command(fresh_environment: FreshEnvironment, tmp_path: Path) -> None:
    done = fresh_environment.run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"host-pms {__version__}\n", "")

    with Simulator(hotels=2, bookings=20) as simulator:
        given = variables(simulator, LOCAL_ROOT=str(tmp_path))
        done = fresh_environment.run("--hotel", "HOTEL002", "--json", "-", variables=given)
    assert done.returncode == 0, done.stderr
    (report,) = json.loads(done.stdout)["hotels"]
    registered = [registration.body for registration in simulator.esb.registrations]
    assert [body["fileType"] for body in registered] == ["config", "segments", "reservation"]
    assert {body["hotelCode"] for body in registered} == {report["hotelCode"]} == {"HOTEL002"}
    assert {body["fileUrl"].removeprefix("s3://") for body in registered} <= set(files_below(tmp_path))
    assert {line["hotel_code"] for line in log_lines(done.stderr)} == {"HOTEL002"}


def test_without_the_extra_the_simulator_says_what_to_install(fresh_environment: FreshEnvironment) -> None:
    script = "import src.main; from host_pms.cli import main; main(['simulate', '--port', '0'])"
    done = fresh_environment.command("python", "-c", script)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'host-pms-connector[simulator]'" in done.stderr
    assert "Traceback" not in done.stderr
