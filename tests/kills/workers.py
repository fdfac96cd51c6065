"""`host-pms sync` as a process that can be killed, stopped and gone on with."""

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from commands import BARE, PATIENCE, SCRIPTS

WELL, BUSY = 0, 5


class Worker:
    """One process; its report and its log are files in `folder`."""

    def __init__(self, folder: Path, number: int, given: Mapping[str, str], more: Sequence[str]) -> None:
        self._report = folder / f"report-{number:04}.json"
        self._log = folder / f"log-{number:04}.jsonl"
        with self._report.open("wb") as report, self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [SCRIPTS / "host-pms", "sync", "--json", "-", *more],
                cwd=folder,
                env={**BARE, **given, "PYTHONFAULTHANDLER": "1"},
                stdout=report,
                stderr=log,
            )
        self.pid = self._process.pid

    @property
    def is_over(self) -> bool:
        """It has ended, or was killed."""
        return self._process.poll() is not None

    def strike(self, number: signal.Signals) -> None:
        """Send SIGKILL or SIGSTOP, and return when it has done its work; one that has ended stays so."""
        if self.is_over:
            return
        # Whoever waits for its end may be the one who fetches it; then there is nothing to wait for here.
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, number)
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)

    def go_on(self) -> None:
        """Let one that was stopped go on."""
        if not self.is_over:
            os.kill(self.pid, signal.SIGCONT)

    def finish(self) -> int:
        """Wait for its end; the exit code, or minus the signal that killed it."""
        try:
            return self._process.wait(PATIENCE)
        finally:
            if self._process.returncode is None:
                self._process.kill()
                self._process.wait()

    def outcomes(self) -> Mapping[str, str]:
        """How each hotel ended, by its report; of none where it was killed before that."""
        try:
            report = json.loads(self._report.read_text())
        except ValueError:
            return {}
        return {hotel["hotelCode"]: hotel["outcome"] for hotel in report["hotels"]}

    def last_words(self) -> str:
        """The last error of its log, else its last line."""
        lines = self._log.read_text().splitlines()
        return next((line for line in reversed(lines) if '"ERROR"' in line), "".join(lines[-1:]))
