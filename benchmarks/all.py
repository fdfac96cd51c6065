"""Runs every benchmark and writes what came out to RESULTS.md beside this file.

python benchmarks/all.py
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
BENCHMARKS = ("transform", "paging", "resume", "fleet", "memory", "start", "shutdown")
HEAD = """# Results

Written by `make bench`. Each line is a figure against what it is held to in the same run, so that the
ratio means the same on every machine; `python benchmarks/NAME.py` measures one of them again.

| benchmark | figure | against | ratio | goal |
|---|---|---|---|---|
"""


def told(name: str) -> dict[str, Any]:
    """One benchmark's line."""
    command = [sys.executable, FOLDER / f"{name}.py"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603 - the files beside this one
    line: dict[str, Any] = json.loads(done.stdout)
    return line


def figures(name: str, line: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The figures of a line: its own, and those inside it."""
    if "ratio" in line:
        yield name, line
    for inner, value in line.items():
        if isinstance(value, dict) and "ratio" in value:
            yield f"{name}, {inner}", value


def table_row(name: str, figure: Mapping[str, Any]) -> str:
    """One figure, as a line of the table."""
    against = f"{figure['reference']} ({figure.get('against', 'the shorter history')})"
    return (
        f"| {name} | {figure['figure']} {figure['unit']} | {against} | {figure['ratio']} | {figure['goal']} |"
    )


def main() -> None:
    """Measure all."""
    lines = {name: told(name) for name in BENCHMARKS}
    for line in lines.values():
        print(json.dumps(line))
    rows = [table_row(*found) for name, line in lines.items() for found in figures(name, line)]
    machine = lines["transform"]["machine"]
    where = (
        f"Python {machine['python']}, {machine['system']}, {machine['cores']} cores, load {machine['load']}"
    )
    text = f"{HEAD}{chr(10).join(rows)}\n\n{datetime.now(UTC):%Y-%m-%d}, {where}.\n"
    (FOLDER / "RESULTS.md").write_text(text)


if __name__ == "__main__":
    main()
