"""The demonstration: embedded parts only, from an empty folder to published files."""

import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console

from host_pms.bootstrap import Application, application
from host_pms.clock import Stop
from host_pms.config.settings import Settings, given_settings
from host_pms.errors import UsageError
from host_pms.report.summary import hotel_line
from host_pms.services.fleet import HotelResult, exit_code, sync_fleet
from host_pms.services.window import Asked
from host_pms.signals import EXIT_CODE_OF_SIGNALS, stopped_by_signals
from host_pms.terminal import console, hotel_table, print_failures, progress

try:
    from host_pms.simulator.command import SimulatorOptions, asked_simulator
    from host_pms.simulator.server import Simulator
except ModuleNotFoundError as missing:
    raise UsageError(
        f"The simulator needs {missing.name}, which is not installed.",
        remedy="Install it with: pip install 'host-pms-connector[simulator]'",
    ) from missing

__all__ = ["SimulatorOptions", "run", "simulate"]

MARKER = ".host-pms-demo"
"""A folder that holds this file was made by the demo, so the demo may empty it."""


def run(into: Path) -> int:
    """Three hotels, a first import and an increment a day later; returns the exit code.

    Raises:
        UsageError: `into` holds something that the demo did not write.
    """
    _make_empty(into)
    stop = Stop()
    out = console()
    with stopped_by_signals(stop) as signals, Simulator(hotels=3, seed=1) as simulator:
        settings = _settings(simulator, into)
        with progress() as notify, application(settings, stop, notify, dry_run=False) as wired:
            first = _sync(wired, simulator)
            out.print(
                hotel_table([hotel_line(result) for result in first], "First import: the whole history")
            )
            out.print()
            simulator.clock.advance(timedelta(days=1))
            second = _sync(wired, simulator)
            _print(out, second, "A day later: what changed")
    if signals:
        return EXIT_CODE_OF_SIGNALS + signals[0]
    print_failures((*first, *second))
    _say_where(into, second, settings)
    return exit_code([result.outcome for result in (*first, *second)])


def simulate(options: SimulatorOptions) -> None:
    """Serve hotels until Ctrl-C.

    Raises:
        UsageError: an option is not understood, or the port is taken.
    """
    try:
        with asked_simulator(options) as simulator:
            console().print(_how_to_use(simulator), markup=False, soft_wrap=True)
            simulator.serve_forever()
    except KeyboardInterrupt:
        console(error=True).print("Stopped.")
    except ValueError as fault:
        raise UsageError(f"{fault}.", remedy="See host-pms simulate --help.") from fault
    except OSError as fault:
        raise UsageError(
            f"Port {options.port} cannot be used: {fault.strerror}.",
            remedy="Try another, or --port 0 for any.",
        ) from fault


def _sync(wired: Application, simulator: Simulator) -> Sequence[HotelResult]:
    hotels = wired.world.esb.hotels()
    return sync_fleet(hotels, Asked(), wired.policy, wired.world, at_once=len(simulator.hotels))


def _print(out: Console, results: Sequence[HotelResult], title: str) -> None:
    out.print(hotel_table([hotel_line(result) for result in results], title))
    out.print()


def _settings(simulator: Simulator, into: Path) -> Settings:
    return given_settings(
        environment="dev",
        storage="local",
        local_root=into,
        host_api_base_url=simulator.host_url,
        host_api_subscription_key=SecretStr(simulator.host_key),
        host_api_rate_limit=0,
        esb_base_url=simulator.esb_url,
        esb_api_key=SecretStr(simulator.esb_key),
    )


def _make_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = list(folder.iterdir())
        if held and not (folder / MARKER).is_file():
            raise UsageError(
                f"{folder} holds something that the demo did not write.", remedy="Name another with --into."
            )
        for path in held:
            _remove(path)
        (folder / MARKER).write_text("Written by `host-pms demo`, which empties this folder.\n")
    except OSError as fault:
        raise UsageError(
            f"{folder} cannot be used: {fault.strerror}.", remedy="Name another with --into."
        ) from fault


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _say_where(into: Path, results: Sequence[HotelResult], settings: Settings) -> None:
    out = console()
    files = [file for result in results if result.published for file in result.published.files]
    if not files:
        return
    out.print(f"The files are below {into}/:", markup=False)
    out.print(f"  {settings.buckets.raw_prefix}*  what Host answered, byte for byte", markup=False)
    out.print(f"  {settings.buckets.processed_prefix}*      what Climber takes", markup=False)
    out.print(f"  queues/{settings.queue_name}  the triggers", markup=False)
    out.print("Look at one, for instance the newest reservation nights:", markup=False)
    out.print(f"  head -3 {into / files[-1].bucket / files[-1].key}", markup=False, soft_wrap=True)


def _how_to_use(simulator: Simulator) -> str:
    count, codes = len(simulator.hotels), ", ".join(list(simulator.hotels)[:5])
    return (
        f"Serving {count} hotel{'s' if count > 1 else ''} ({codes}{', …' if count > 5 else ''}) "  # noqa: PLR2004
        f"at {simulator.url} until Ctrl-C.\n"
        "Sync them from another terminal:\n\n"
        f"  export HOST_API_BASE_URL={simulator.host_url} HOST_API_SUBSCRIPTION_KEY={simulator.host_key}\n"
        f"  export ESB_BASE_URL={simulator.esb_url} ESB_API_KEY={simulator.esb_key}\n"
        "  export STORAGE=local LOCAL_ROOT=./data\n"
        "  host-pms sync\n\n"
        "Move the hotels' clock by a day:\n\n"
        f"""  curl -X POST {simulator.url}/simulator/clock -d '{{"advance": "1d"}}'"""
    )
