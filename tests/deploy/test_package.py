"""The function's zip: the same files give the same bytes, wherever and whenever they were written."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest

PACKAGE = Path(__file__).parents[2] / "deploy" / "package.py"
FILES = {
    "boto3/__init__.py": "import botocore",
    "botocore/data/endpoints.json": "{}",
    "botocore/data/s3/2006-03-01/service-2.json": "{}",
    "httpx2-2.16.2.dist-info/METADATA": "Name: httpx2",
    "src/main.py": "from host_pms.lambda_handler import lambda_handler",
}
LEFT_OUT = {
    "bin/host": "#!/home/somebody/.venv/bin/python",
    "botocore/data/ec2/2016-11-15/service-2.json": "{}",
    "httpx2-2.16.2.dist-info/RECORD": "../../bin/host",
    "httpx2-2.16.2.dist-info/INSTALLER": "pip",
}


@pytest.fixture(scope="module")
def package() -> ModuleType:
    spec = importlib.util.spec_from_file_location("package", PACKAGE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _written(folder: Path, names: list[str], *, mode: int, age: int) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((FILES | LEFT_OUT)[name])
        path.chmod(mode)
        os.utime(path, (age, age))
    return folder


def test_the_same_files_give_the_same_bytes(package: ModuleType, tmp_path: Path) -> None:
    names = [*FILES, *LEFT_OUT]
    for target, order, mode, age in (("a", names, 0o600, 10**9), ("b", names[::-1], 0o755, 15 * 10**8)):
        package._zip(_written(tmp_path / target, order, mode=mode, age=age), tmp_path / f"{target}.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_it_holds_what_runs_and_nothing_of_this_machine(package: ModuleType, tmp_path: Path) -> None:
    package._zip(_written(tmp_path / "a", [*FILES, *LEFT_OUT], mode=0o600, age=10**9), tmp_path / "a.zip")
    with ZipFile(tmp_path / "a.zip") as packed:
        assert packed.namelist() == sorted(FILES)
        assert {entry.external_attr >> 16 for entry in packed.infolist()} == {0o644}
