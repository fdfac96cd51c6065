"""The one environment of this folder that is built from nothing."""

import fcntl
from pathlib import Path

import pytest
from image import FreshEnvironment, build, described

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def fresh_environment(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> FreshEnvironment:
    """What the image holds: `requirements.txt` installed, `src/` copied, nothing else.

    It takes half a minute, so xdist's workers share it: the first builds, the others wait at the lock.
    """
    root = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        root = root.parent
    built = root / "image" / ".built"
    with (root / "image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            build(PROJECT, root / "image")
            built.touch()
    return described(PROJECT, root / "image")
