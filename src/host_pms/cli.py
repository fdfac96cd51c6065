"""The command line: parses, prints, sets the exit code."""

import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from host_pms import __version__
from host_pms.bootstrap import application
from host_pms.clock import Stop
from host_pms.command_options import NO_VALUE, STANDARD_OUTPUT, EnvFile, Quiet, log_as_set, write_json
from host_pms.config.logging import is_configured, log_event
from host_pms.config.settings import Settings, read_settings
from host_pms.errors import ConnectorError, UsageError
from host_pms.events import Event, EventName, Notify
from host_pms.report.summary import hotel_line, run_report
from host_pms.services.fleet import HotelResult, chosen_hotels, exit_code, sync_fleet
from host_pms.services.window import Asked
from host_pms.signals import EXIT_CODE_OF_SIGNALS, stopped_by_signals
from host_pms.simulate_command import SIMULATE_EPILOG, simulate
from host_pms.state_commands import (
    DROP_EPILOG,
    REPLAY_EPILOG,
    RUNS_EPILOG,
    SHOW_EPILOG,
    drop,
    replay,
    runs,
    show,
)
from host_pms.terminal import console, file_table, hotel_table, print_failures, progress

app = typer.Typer(
    name="host-pms",
    help="Moves each hotel's reservations, revenue and inventory from Host PMS to Climber.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"host-pms {__version__}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version",
        metavar=NO_VALUE,
        callback=_print_version,
        is_eager=True,
        help="Print the version and exit.",
    ),
]


@app.callback()
def _root(_version: Version = False) -> None:
    pass


@app.command(
    epilog="Examples:\n\n"
    "host-pms sync                                  all hotels that the ESB lists\n\n"
    "host-pms sync --hotel LISBOA --hotel PORTO     two hotels\n\n"
    "host-pms sync --hotel LISBOA --dry-run         what would be published\n\n"
    "host-pms sync --since 2024-01-15T02:00:00      everything changed since then\n\n"
    "Exit codes: 0 well, 2 usage or settings, 3 some hotels failed, 4 try again, 5 busy, 6 needs a person."
)
def sync(
    hotel: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Only this hotel; may be given several times.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
            metavar="DATETIME",
            help="Read what changed since then, hotel time (2024-01-15T02:00:00).",
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", metavar=NO_VALUE, help="Import the whole history again.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", metavar=NO_VALUE, help="Read and transform, but write and send nothing."),
    ] = False,
    json: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the run's report as JSON; - is standard output."),
    ] = None,
    quiet: Quiet = False,
    env_file: EnvFile = None,
    _version: Version = False,
) -> None:
    """Publish what changed at the hotels since their watermarks."""
    if full and since is not None:
        raise UsageError("--full and --since exclude each other.", remedy="Give one of them.")
    if json is not None and json != STANDARD_OUTPUT and (json.is_dir() or not json.parent.is_dir()):
        raise UsageError(f"The report cannot be written to {json}.", remedy="Name a file in a folder.")
    settings = _settings(env_file, quiet=quiet)
    if settings.metrics == "emf" and json == STANDARD_OUTPUT:
        raise UsageError("METRICS=emf and --json - both write to standard output.", remedy="Name a file.")
    stop = Stop()
    with (
        stopped_by_signals(stop) as signals,
        _telling(settings, quiet=quiet) as notify,
        application(settings, stop, notify, dry_run=dry_run, metrics=settings.metrics == "emf") as wired,
    ):
        hotels = chosen_hotels(hotel or (), wired.world.esb)
        asked = Asked(full=full, since=since)
        results = sync_fleet(hotels, asked, wired.policy, wired.world, at_once=wired.at_once)
        report = run_report(results, wired.calls, dry_run=dry_run)
    if json is not None:
        write_json(json, report)
    if not quiet and json != STANDARD_OUTPUT:
        _print_results(results, dry_run=dry_run)
    if _shows_bars(settings, quiet=quiet):
        print_failures(results)
    if settings.debug:
        _print_tracebacks(results)
    raise typer.Exit(
        EXIT_CODE_OF_SIGNALS + signals[0] if signals else exit_code([r.outcome for r in results])
    )


@app.command()
def hotels(quiet: Quiet = False, env_file: EnvFile = None) -> None:
    """List the active hotels that the ESB knows, one a line."""
    settings = _settings(env_file, quiet=quiet)
    with application(settings, Stop(), log_event, dry_run=True) as wired:
        for code in wired.world.esb.hotels():
            typer.echo(code)


app.command(epilog=RUNS_EPILOG)(runs)
app.command(epilog=SHOW_EPILOG)(show)
app.command(epilog=REPLAY_EPILOG)(replay)
app.command(epilog=DROP_EPILOG)(drop)
app.command(epilog=SIMULATE_EPILOG)(simulate)


@app.command(name="demo")
def demo_command(
    into: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go; emptied first.")] = Path(
        ".demo"
    ),
) -> None:
    """Three invented hotels: a first import, then the next day's increment; all on this machine."""
    from host_pms import demo  # noqa: PLC0415 - needs the simulator, which is an extra

    raise typer.Exit(demo.run(into))


def _settings(env_file: Path | None, *, quiet: bool) -> Settings:
    settings = read_settings(env_file)
    log_as_set(settings, env_file, quiet=quiet)
    return settings


@contextmanager
def _telling(settings: Settings, *, quiet: bool) -> Iterator[Notify]:
    if not _shows_bars(settings, quiet=quiet):
        yield log_event
        return
    with progress() as notify:
        yield notify


def _shows_bars(settings: Settings, *, quiet: bool) -> bool:
    """Bars on a terminal; log lines otherwise, and where somebody asked for them."""
    wants_lines = settings.log_format == "json" or settings.debug or settings.log_level == "DEBUG"
    return sys.stderr.isatty() and not quiet and not wants_lines


def _print_results(results: Sequence[HotelResult], *, dry_run: bool) -> None:
    out = console()
    out.print(hotel_table([hotel_line(result) for result in results], "Dry run" if dry_run else "Result"))
    if dry_run:
        out.print(file_table(results))
        out.print("Nothing was written, registered or sent.")


def _print_tracebacks(results: Sequence[HotelResult]) -> None:
    for result in results:
        if result.error is not None:
            traceback.print_exception(result.error)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with the code that `services.fleet` gives."""
    try:
        app(args=arguments, prog_name="host-pms")
    except ConnectorError as error:
        _tell_failure(str(error))
        sys.exit(error.exit_code)
    sys.exit(0)


def _tell_failure(reason: str) -> None:
    """One line for a person; where logs are written for a machine, a log line."""
    if is_configured() and not sys.stderr.isatty():
        log_event(Event(name=EventName.COMMAND_FAILED, source=__name__, message=reason))
    else:
        console(error=True).print(f"host-pms: {reason}", markup=False, soft_wrap=True)
