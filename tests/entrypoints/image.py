"""The Dockerfile's steps, done in an empty folder with a virtual environment in place of the base image."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# What a folder cannot have: a base, an account, a signal.
NOT_DONE = {"FROM", "USER", "STOPSIGNAL"}


def instructions(context: Path) -> list[tuple[str, str]]:
    """The Dockerfile's instructions and what they are given, in order."""
    text = re.sub(r"^\s*#.*\n", "", (context / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines if line.strip()]


def the_one(name: str, context: Path) -> str:
    """What the only instruction of this name is given."""
    (given,) = (given for found, given in instructions(context) if found == name)
    return given


@dataclass(frozen=True, kw_only=True, slots=True)
class FreshEnvironment:
    """What the image holds: its working folder, its Python, its variables, its entry point; nothing else."""

    folder: Path
    binaries: Path
    entrypoint: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(
        self, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the entry point with `arguments` and no variables but the image's and these."""
        return self.command(*self.entrypoint, *arguments, variables=variables)

    def command(
        self, *command: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as the image would; `python` is its own."""
        path = {"PATH": f"{self.binaries}:/usr/bin:/bin"}
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**path, **self.variables, **(variables or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


def described(context: Path, root: Path) -> FreshEnvironment:
    """The image of this Dockerfile, as it will be below `root`."""
    pairs = (pair for name, given in instructions(context) if name == "ENV" for pair in shlex.split(given))
    return FreshEnvironment(
        folder=root / the_one("WORKDIR", context).lstrip("/"),
        binaries=root / "venv" / "bin",
        entrypoint=tuple(json.loads(the_one("ENTRYPOINT", context))),
        variables=dict(pair.split("=", 1) for pair in pairs),
    )


def build(context: Path, root: Path) -> None:
    """Do the Dockerfile's steps below `root`."""
    image = described(context, root)
    subprocess.run([sys.executable, "-m", "venv", str(root / "venv")], check=True)
    for name, given in instructions(context):
        if name == "WORKDIR":
            image.folder.mkdir(parents=True, exist_ok=True)
        elif name == "COPY":
            *sources, target = given.split()
            for source in sources:
                _copy(context, source, image.folder / target)
        elif name == "RUN":
            _run(given, image)
        elif name not in NOT_DONE | {"ENV", "ENTRYPOINT"}:
            raise NotImplementedError(name)


def _run(script: str, image: FreshEnvironment) -> None:
    # Of the machine's own variables pip may need those of its index and proxy.
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))
    }
    path = {"PATH": f"{image.binaries}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", script], cwd=image.folder, env=ours | image.variables | path, check=True)


def _copy(context: Path, source: str, target: Path) -> None:
    """Copy a file into a folder, or what a folder holds; never what .dockerignore keeps out."""
    top = context / source
    for path in [top] if top.is_file() else sorted(top.rglob("*")):
        if path.is_file() and not ignored(path.relative_to(context).as_posix(), ignore_patterns(context)):
            copy = target / (path.name if top.is_file() else path.relative_to(top))
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)


def ignore_patterns(context: Path) -> list[str]:
    """The patterns of .dockerignore, in order."""
    lines = (line.strip() for line in (context / ".dockerignore").read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def ignored(path: str, patterns: list[str]) -> bool:
    """Whether Docker keeps `path` out: the last pattern that matches it, or a folder above it, decides."""
    answer = False
    for pattern in patterns:
        if re.fullmatch(_regex(pattern.removeprefix("!")), path):
            answer = not pattern.startswith("!")
    return answer


def _regex(pattern: str) -> str:
    return "".join(_pieces(pattern.strip("/"))) + "(/.*)?"


def _pieces(pattern: str) -> Iterator[str]:
    meanings = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    for piece in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", pattern):
        yield meanings.get(piece, re.escape(piece))
