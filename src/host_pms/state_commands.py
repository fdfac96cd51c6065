"""Commands about past runs; they need the settings of the storage, and neither Host nor the ESB."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from host_pms.bootstrap import archive, policy
from host_pms.clock import Stop
from host_pms.command_options import NO_VALUE, STANDARD_OUTPUT, EnvFile, Quiet, log_as_set, write_json
from host_pms.config.logging import log_event
from host_pms.config.settings import ArchiveSettings, read_archive_settings
from host_pms.errors import UsageError
from host_pms.report.history import replay_report, runs_report, show_report
from host_pms.report.run_text import consequences, replayed, shown_run
from host_pms.services import dropping, replaying
from host_pms.services.archive import Archive
from host_pms.services.fleet import Outcome, exit_code, outcome_of
from host_pms.services.history import asked_run, find_run, known_hotels, runs_of_hotels
from host_pms.services.replaying import Verdict
from host_pms.services.transformation import Made
from host_pms.terminal import console, print_runs

INTERRUPTED = 130

RUNS_EPILOG = (
    "Examples:\n\n"
    "host-pms runs                             all hotels with runs\n\n"
    "host-pms runs --hotel LISBOA --last 100   one hotel, further back\n\n"
    "host-pms runs --json | jq '.hotels\\[].runs\\[] | select(.open)'"
)
SHOW_EPILOG = "Example:\n\nhost-pms show LISBOA 20240115T103045Z"
REPLAY_EPILOG = (
    "Examples:\n\n"
    "host-pms replay LISBOA 20240115T103045Z\n\n"
    "host-pms replay LISBOA 20240115T103045Z --out again   and keep the files\n\n"
    "Exit codes: 0 equal or nothing to compare, 6 different or damaged."
)
DROP_EPILOG = (
    "Examples:\n\n"
    "host-pms drop LISBOA 20240115T103045Z\n\n"
    "host-pms drop LISBOA 20240115T103045Z --yes   in a script\n\n"
    "Exit codes: 0 dropped, or not wanted after all; 5 a worker holds the hotel."
)

Hotel = Annotated[str, typer.Argument(metavar="HOTEL", help="The hotel's code.")]
Timestamp = Annotated[
    str, typer.Argument(metavar="TIMESTAMP", help="The run's, as host-pms runs lists it: 20240115T103045Z.")
]
AsJson = Annotated[
    bool, typer.Option("--json", metavar=NO_VALUE, help="Print JSON, for another program to read.")
]


def runs(
    *,
    hotel: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Only this hotel; may be given several times.")
    ] = None,
    last: Annotated[int, typer.Option(min=0, metavar="N", help="So many closed runs of each hotel.")] = 20,
    json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """List the runs of hotels, newest first: open ones, and how the closed ones ended."""
    settings, stores = _prepared(env_file, quiet=False)
    rules = policy(settings)
    codes = tuple(dict.fromkeys(hotel or known_hotels(stores, rules)))
    found = runs_of_hotels(codes, stores, rules, last=last, at_once=settings.max_concurrent_hotels)
    if json:
        write_json(STANDARD_OUTPUT, runs_report(found, stores.clock.now()))
    else:
        print_runs(found, stores.clock.now())
    faults = [next(iter(each.faults), None) for each in found]
    raise typer.Exit(exit_code([outcome_of(fault) if fault else Outcome.DONE for fault in faults]))


def show(hotel: Hotel, timestamp: Timestamp, *, json: AsJson = False, env_file: EnvFile = None) -> None:
    """Show all that is known of a run: window, answers, files, counts, books, rejected rows."""
    run = asked_run(hotel, timestamp)
    settings, stores = _prepared(env_file, quiet=False)
    known = find_run(run, stores, policy(settings))
    if json:
        write_json(STANDARD_OUTPUT, show_report(known))
    else:
        _print(*shown_run(known))


def replay(
    hotel: Hotel,
    timestamp: Timestamp,
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the files that are made to this empty folder.")
    ] = None,
    json: AsJson = False,
    quiet: Quiet = False,
    env_file: EnvFile = None,
) -> None:
    """Make a run's files again of its kept answers, and compare them; publishes and changes nothing."""
    run = asked_run(hotel, timestamp)
    if out is not None:
        _refuse_used(out)
    settings, stores = _prepared(env_file, quiet=quiet)
    rules = policy(settings)
    known = find_run(run, stores, rules)
    written: list[Path] = []

    def keep(made: Made) -> None:
        if out is not None:
            written.append(_write(made, out))

    result = replaying.replay(known, stores, rules, keep=keep)
    if json:
        write_json(STANDARD_OUTPUT, replay_report(known, result))
    elif not quiet:
        _print(*replayed(known, result), *(f"Written: {path}" for path in written))
    is_well = result.verdict in {Verdict.EQUAL, Verdict.NOTHING}
    raise typer.Exit((Outcome.DONE if is_well else Outcome.NEEDS_PERSON).value)


def drop(
    hotel: Hotel,
    timestamp: Timestamp,
    *,
    yes: Annotated[
        bool, typer.Option("--yes", metavar=NO_VALUE, help="Do not ask; needed where nobody can answer.")
    ] = False,
    quiet: Quiet = False,
    env_file: EnvFile = None,
) -> None:
    """Give up an open run that cannot be finished; nothing is lost, the next run reads anew."""
    run = asked_run(hotel, timestamp)
    if not yes and not sys.stdin.isatty():
        raise UsageError("Nobody can be asked here.", remedy="Give --yes to drop the run without a question.")
    settings, stores = _prepared(env_file, quiet=quiet)
    rules = policy(settings)
    known = find_run(run, stores, rules)
    dropping.refuse_what_is_done(known)
    if not yes and not _agreed(list(consequences(known))):
        _print("Nothing was changed.")
        return
    dropping.drop(run, stores, rules)
    if not quiet:
        _print(f"Dropped {run.hotel_code} {run.timestamp}; the next run reads anew.")


def _prepared(env_file: Path | None, *, quiet: bool) -> tuple[ArchiveSettings, Archive]:
    settings = read_archive_settings(env_file)
    log_as_set(settings, env_file, quiet=quiet)
    return settings, archive(settings, Stop(), log_event)


def _print(*lines: str) -> None:
    """Lines are folded already, where that is wanted; keys stay whole, to be copied."""
    out = console()
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def _agreed(lines: list[str]) -> bool:
    """Whether the person at the terminal says yes."""
    for line in lines:
        typer.echo(line, err=True)
    try:
        return typer.confirm("Drop it?", err=True)
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("\nNothing was changed.", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _refuse_used(folder: Path) -> None:
    """What is there must not be mixed with what is made.

    Raises:
        UsageError: there is something.
    """
    try:
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return
    except OSError as fault:
        raise UsageError(f"{folder} cannot be used: {fault.strerror}.") from fault
    raise UsageError(f"{folder} is no empty folder.", remedy="Name another with --out.")


def _write(made: Made, folder: Path) -> Path:
    path = folder / Path(made.file.key).name
    made.body.seek(0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            shutil.copyfileobj(made.body, file)
    except OSError as fault:
        raise UsageError(f"{path} cannot be written: {fault.strerror}.") from fault
    return path
