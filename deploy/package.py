"""The function's zip: the runtime lock's wheels for Lambda's Python, and our source. Same input, same bytes.

python deploy/package.py dist/host-pms-lambda.zip
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

PROJECT = Path(__file__).parents[1]
PYTHON = "3.12"
"""Lambda's runtime; deploy/template.yaml and the Dockerfile say the same."""

# x86_64, since what is tried on a developer's machine and in CI is then what runs. Amazon Linux
# 2023, the base of that runtime, has glibc 2.34; pip wants each older one named.
_PLATFORMS = (
    "manylinux_2_34_x86_64",
    "manylinux_2_28_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
)

# What pip writes about its own work: it names this machine's folders, and nothing reads it there.
_OF_PIP = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})

# botocore describes 400 services in two thirds of all bytes, and a cold start unpacks them.
_SERVICES = frozenset({"dynamodb", "s3", "secretsmanager", "sqs", "sts"})
_LIMIT = 250 * 1024 * 1024
_OLDEST_DATE = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16


def main() -> None:
    """Make the zip that the command line names.

    Raises:
        SystemExit: no path was given, or Lambda would refuse the zip as too big.
    """
    if len(sys.argv) != 2:  # noqa: PLR2004 -- the command and its one argument
        raise SystemExit(__doc__)
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        _install(folder)
        shutil.copytree(
            PROJECT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
        size = sum(path.stat().st_size for path in _files(folder))
        if size > _LIMIT:
            raise SystemExit(f"{size:,} bytes unpacked are more than Lambda takes ({_LIMIT:,}).")
        target.parent.mkdir(parents=True, exist_ok=True)
        _zip(folder, target)
    print(f"{target}: {target.stat().st_size:,} bytes, {size:,} unpacked")


def _install(folder: Path) -> None:
    """Put the lock's wheels into `folder`, each checked by its hash; nothing is built."""
    platforms = [option for name in _PLATFORMS for option in ("--platform", name)]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    wheels = ["--only-binary", ":all:", "--implementation", "cp", "--python-version", PYTHON, *platforms]
    lock = ["--require-hashes", "--no-deps", "--requirement", str(PROJECT / "requirements.txt")]
    subprocess.run([*pip, "--no-compile", "--target", str(folder), *wheels, *lock], check=True)  # noqa: S603


def _files(folder: Path) -> Iterator[Path]:
    """What goes into the zip, in an order that is the same everywhere."""
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        if path.is_file() and not _left_out(path.relative_to(folder)):
            yield path


def _left_out(path: Path) -> bool:
    of_pip = path.parent.name.endswith(".dist-info") and path.name in _OF_PIP
    service = path.parts[2] if path.parts[:2] == ("botocore", "data") and len(path.parts) > 3 else None  # noqa: PLR2004 -- a folder of that one
    return of_pip or path.parts[0] == "bin" or (service is not None and service not in _SERVICES)


def _zip(folder: Path, target: Path) -> None:
    """Write the files with one date and one mode: a file's own are this machine's."""
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for path in _files(folder):
            entry = ZipInfo(path.relative_to(folder).as_posix(), _OLDEST_DATE)
            entry.external_attr = _READABLE
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())


if __name__ == "__main__":
    main()
