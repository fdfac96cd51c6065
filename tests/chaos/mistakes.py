"""Mistakes of design, each a small change of the product's text; the simulation must find every one.

    python tests/chaos/mistakes.py             plant each, and tell what the simulation says
    python tests/chaos/mistakes.py NAME ...    only these

A mistake is planted in a copy of the package. Its text must be there, once: one that cannot be planted
any more is an error, not a pass.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from chaos.campaign import WRONG

TESTS = Path(__file__).parents[1]
PACKAGE = TESTS.parent / "src" / "host_pms"


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """`right` in `module` becomes `wrong`; and so does what is in `also`."""

    module: str
    right: str
    wrong: str
    also: tuple[tuple[str, str], ...] = ()


MISTAKES: Mapping[str, Mistake] = {
    "the watermark is now, at the end": Mistake(
        module="services/loading.py",
        right="        plan = _plan(open_run)\n        self.journal.keep()\n        holds",
        wrong="        plan = _plan(open_run)\n"
        "        now = self.journal._clock.now().replace(tzinfo=None, microsecond=0)\n"
        "        plan = msgspec.structs.replace(\n"
        "            plan, watermark=now, cursors=type(plan.cursors)(reservations=now, postings=now)\n"
        "        )\n"
        "        holds",
    ),
    "no look-back": Mistake(
        module="services/window.py",
        right="max(cursor - lookback, earliest) if cursor",
        wrong="max(cursor, earliest) if cursor",
    ),
    "plain offset paging": Mistake(
        module="services/paging.py",
        right="            self.start = read_to - 1\n",
        wrong="            self.start = read_to\n            self._joins = lambda *_, **__: True\n",
    ),
    "a failed page is an empty one": Mistake(
        module="services/extraction.py",
        right="        finally:\n            pages.drop()\n",
        wrong="        except TransientError:\n            return dataset\n",
    ),
    "the watermark before the registrations": Mistake(
        module="services/loading.py",
        right="        plan = _plan(self.journal.open_run)\n        for file",
        wrong="        plan = _plan(self.journal.open_run)\n"
        "        if plan.watermark:\n"
        '            self.esb.move_watermark(self.run.hotel_code, plan.watermark, idempotency_key="early")\n'
        "        for file",
    ),
    "a 412 is taken for success": Mistake(
        module="services/journal.py",
        right="return found.version if found and self._trusted(found.body).put_id == put_id else None",
        wrong="return found.version if found else None",
    ),
    "a 412 is always taken for a loss": Mistake(
        module="services/journal.py",
        right="return found.version if found and self._trusted(found.body).put_id == put_id else None",
        wrong="return None if found and put_id else None",
    ),
    "a new timestamp on resume": Mistake(
        module="services/sync.py",
        right="    run = Run(hotel_code=journal.hotel_code, started=open_run.started)\n",
        wrong="    run = _begin(journal, world.clock)\n",
    ),
    "an open run is forgotten": Mistake(
        module="services/sync.py",
        right="        _finish_open_run(journal, policy, world)\n    work",
        wrong="        journal.record(open_run=None)\n    work",
    ),
    "a resumed run skips the trigger": Mistake(
        module="services/loading.py",
        right="        if self.journal.open_run.phase is Phase.TRIGGER:\n            self._trigger()\n",
        wrong="        if self.journal.open_run.phase is Phase.TRIGGER and self.journal.taken_over is None:\n"
        "            self._trigger()\n",
    ),
    "the lease is freed by deleting the head": Mistake(
        module="services/journal.py",
        right="        self.record(**changes)\n",
        wrong="        changes |= {\n"
        '            "open_run": None, "last_started": None, "watermarks": (), "fingerprint": "",\n'
        "        }\n"
        "        self.record(**changes)\n",
    ),
    "effects before their names": Mistake(
        module="services/journal.py",
        right="        self.record(open_run=msgspec.structs.replace(self.open_run, **changes))\n",
        wrong="        run = msgspec.structs.replace(self.open_run, **changes)\n"
        '        if run.phase in ("frozen", "staged"):\n'
        "            self.head = msgspec.structs.replace(self.head, open_run=run)\n"
        "        else:\n"
        "            self.record(open_run=run)\n",
        also=(
            (
                "        if self._clock.monotonic() - self._written >=",
                (
                    '        if getattr(self.head.open_run, "phase", "") not in ("frozen", "staged") and '
                    "self._clock.monotonic() - self._written >="
                ),
            ),
        ),
    ),
    "the list is not final": Mistake(
        module="services/sync.py",
        right="        work.staging.freeze(source.answers, extracted.rejected)\n",
        wrong="        pass\n",
    ),
    "raw keys without the epoch": Mistake(
        module="services/answers.py",
        right="None if epoch == self._opened_by else epoch)",
        wrong="None)",
    ),
    "a watermark that a person set is overwritten": Mistake(
        module="services/loading.py",
        right="plan.watermark is not None and holds in {open_run.window.held, plan.watermark}:",
        wrong="plan.watermark is not None:",
    ),
    "our own cursors count, whatever a person set": Mistake(
        module="services/window.py",
        right="head.cursors if held in head.watermarks else",
        wrong="head.cursors if head.watermarks else",
    ),
    "the timestamp is not remembered": Mistake(
        module="services/sync.py",
        right="run_timestamp(clock.now(), journal.head.last_started)",
        wrong="run_timestamp(clock.now()).replace(second=0)",
    ),
    "a trigger with another name on every repeat": Mistake(
        module="services/loading.py",
        right="        deduplication_id=run.deduplication_id,\n",
        wrong='        deduplication_id=f"{run.deduplication_id}{id(queue)}",\n',
    ),
    "a first import is not told as one": Mistake(
        module="services/loading.py",
        right="            complete=self.journal.open_run.window.complete,\n",
        wrong="            complete=False,\n",
    ),
}

RARE: Mapping[str, tuple[Mistake, str]] = {
    "a list that stayed incomplete is gone on with": (
        Mistake(
            module="services/extraction.py",
            right="            self.answers.forget_since(mark)\n",
            wrong="",
        ),
        "test_a_list_that_stayed_incomplete_is_read_from_its_start",
    ),
    "the seam of a page that was fetched ahead is taken for granted": (
        Mistake(
            module="services/extraction.py",
            right="                answer = self._page(dataset, partial(pages.answer",
            wrong="                joins = partial(type(scan)._joins, scan)\n"
            "                is_ahead = scan.start in pages._under_way\n"
            "                scan._joins = (lambda *_, **__: True) if is_ahead else joins\n"
            "                answer = self._page(dataset, partial(pages.answer",
        ),
        "test_no_row_is_lost_in_whatever_order_pages_are_fetched",
    ),
    "a run that was given up counts as read up to its watermark": (
        Mistake(
            module="services/closing.py",
            right="    if open_run.plan is None or open_run.phase not in TOLD:\n",
            wrong="    if open_run:\n",
        ),
        "test_what_a_dropped_run_put_does_not_count_as_read",
    ),
}
"""Only a rare history shows these, so a test in `test_directed.py` looks for each."""


def planted(mistake: Mistake, into: Path) -> None:
    """A copy of the package in `into`, with the mistake in it.

    Raises:
        ValueError: there is no one place for it.
    """
    shutil.copytree(PACKAGE, into / "host_pms", ignore=shutil.ignore_patterns("__pycache__"))
    module = into / "host_pms" / mistake.module
    text = module.read_text()
    for right, wrong in ((mistake.right, mistake.wrong), *mistake.also):
        if text.count(right) != 1:
            raise ValueError(f"{mistake.module} does not have, once: {right}")
        text = text.replace(right, wrong)
    module.write_text(text)


def simulated(package: Path, every: int) -> subprocess.CompletedProcess[str]:
    """The simulation on the package in this folder, up to the first history that is wrong."""
    return _python(package, str(TESTS / "chaos" / "campaign.py"), "--every", str(every), "--until-wrong")


def directed(package: Path, test: str) -> subprocess.CompletedProcess[str]:
    """One directed test on the package in this folder."""
    return _python(
        package, "-m", "pytest", "-p", "no:cacheprovider", f"{TESTS}/chaos/test_directed.py::{test}"
    )


def _python(package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=TESTS.parent,
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
    )


def looked_for(name: str, every: int) -> str:
    """What the simulation, or its own test, says of a mistake; empty where nobody notices it."""
    mistake, test = RARE.get(name) or (MISTAKES[name], None)
    with tempfile.TemporaryDirectory() as folder:
        planted(mistake, Path(folder))
        done = simulated(Path(folder), every) if test is None else directed(Path(folder), test)
    noticed = done.returncode == (WRONG if test is None else pytest.ExitCode.TESTS_FAILED)
    if not noticed and done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}{done.stdout[-2000:]}")
    lines = [line for line in done.stdout.splitlines() if line.startswith(("  ", "E  "))]
    return (lines or [""])[0].strip() if noticed else ""


def main() -> int:
    survived = 0
    for name in sys.argv[1:] or [*MISTAKES, *RARE]:
        found = looked_for(name, every=23)
        survived += not found
        print(f"{'found' if found else 'NOT FOUND'}: {name}: {found[:200]}", flush=True)  # noqa: T201 - a script
    return survived


if __name__ == "__main__":
    sys.exit(main())
