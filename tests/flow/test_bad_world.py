"""Every fault of a gateway, a network and an ESB, over real HTTP: one hotel has it, the other has not.

A case says how the disturbed hotel's run ends. If it fails, it has published nothing, its watermark has not
moved, and the next run, undisturbed, publishes what it would have. If it does not, it has published the same
as without the fault.
"""

import re
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fakes import FakeClock
from pydantic import SecretStr

from host_pms.bootstrap import application
from host_pms.clients.limits import Limits
from host_pms.clock import Stop
from host_pms.config.settings import given_settings
from host_pms.events import Event
from host_pms.services.fleet import HotelResult, Outcome, sync_fleet
from host_pms.services.window import Asked
from host_pms.simulator.server import Simulator

ILL, WELL = "HOTEL001", "HOTEL002"
ILL_KEY = "the-ill-hotels-own-key"
DONE, TRANSIENT, PERSON = Outcome.DONE, Outcome.TRANSIENT, Outcome.NEEDS_PERSON
BOOKINGS = 500  # four pages of reservations at ILL


@dataclass
class Disturbed:
    """Two hotels on a simulator, and a connector on disk whose waits take no time."""

    simulator: Simulator
    root: Path
    call_seconds: float = 20.0
    clock: FakeClock = field(default_factory=FakeClock)
    events: list[Event] = field(default_factory=list)
    told: list[list[str]] = field(default_factory=list)

    def sync(self) -> dict[str, HotelResult]:
        self.clock.sleep(1)
        settings = given_settings(
            storage="local",
            local_root=self.root,
            host_api_base_url=self.simulator.host_url,
            host_api_subscription_key=SecretStr(self.simulator.host_key),
            # A key of its own, so that a spent quota is the disturbed hotel's alone.
            host_api_subscription_keys={ILL: SecretStr(ILL_KEY)},
            host_api_rate_limit=0,
            esb_base_url=self.simulator.esb_url,
            esb_api_key=SecretStr(self.simulator.esb_key),
            inventory_horizon_days=20,
            import_lookback="0h",
        )
        with application(
            settings,
            Stop(),
            self.events.append,
            dry_run=False,
            clock=self.clock,
            limits=Limits(call_seconds=self.call_seconds),
        ) as wired:
            results = sync_fleet((ILL, WELL), Asked(), wired.policy, wired.world, at_once=2)
        self.told += [traceback.format_exception(result.error) for result in results if result.error]
        return {result.hotel_code: result for result in results}

    def assert_tells_no_secret(self) -> None:
        """Neither keys nor guests, in what was told of the runs or in any exception behind it."""
        told = repr((self.events, self.told))
        for secret in (self.simulator.host_key, self.simulator.esb_key, ILL_KEY, "example.org", "Guest,"):
            assert secret not in told

    def published(self, hotel: str) -> Sequence[bytes]:
        """The hotel's published files, oldest first; names aside, they are what a run makes."""
        folders = ("dev-pms-hotel-configs", "dev-pms-segments", "dev-pms-reservations")
        return [path.read_bytes() for name in folders for path in sorted(self.root.glob(f"{name}/{hotel}/*"))]

    def registered(self, hotel: str) -> int:
        return sum(1 for found in self.simulator.esb.registrations if found.body["hotelCode"] == hotel)

    def triggers(self) -> int:
        return len(list(self.root.glob("queues/*/*.json")))


@contextmanager
def disturbed(root: Path, *faults: str) -> Iterator[Disturbed]:
    with Simulator(hotels=2, seed=3, bookings=BOOKINGS, faults=faults, host_keys={ILL: ILL_KEY}) as simulator:
        # A server that dawdles is waited for in earnest, so not for long.
        dawdles = any(fault.startswith(("drip", "no-answer")) for fault in faults)
        yield Disturbed(simulator=simulator, root=root, call_seconds=0.7 if dawdles else 20.0)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Sequence[bytes]:
    with disturbed(tmp_path_factory.mktemp("undisturbed")) as world:
        assert all(result.outcome is DONE for result in world.sync().values())
        return world.published(ILL)


AT_ILL = f"hotel={ILL}"

CASES: list[tuple[str, Outcome, str]] = [
    # The gateway and the server behind it.
    (f"status=500@{AT_ILL}", TRANSIENT, "500"),
    (f"status=502@{AT_ILL},path=Revenue", TRANSIENT, "reading revenue from Host: the server answered 502"),
    (f"status=503@{AT_ILL},path=Inventory", TRANSIENT, "reading the inventory grid from Host: .* 503"),
    (f"status=504@{AT_ILL},path=Reservation,call=3-", TRANSIENT, "504"),
    (f"status=408@{AT_ILL},call=2", DONE, ""),
    (f"status=503@{AT_ILL},call=2-4", DONE, ""),
    (f"status=400@{AT_ILL},path=Reservation", PERSON, "400"),
    (f"status=401@{AT_ILL}", PERSON, "refused the key"),
    (f"status=403@{AT_ILL}", PERSON, "refused the key"),
    (f"status=404@{AT_ILL},path=Config", PERSON, "404"),
    (f"quota=01:23:45@{AT_ILL},path=Revenue", TRANSIENT, "quota is spent"),
    (f"throttle=5s@{AT_ILL},call=2", DONE, ""),
    (f"inner-status=401@{AT_ILL}", PERSON, "refused the key"),
    (f"inner-status=503@{AT_ILL},call=3", DONE, ""),
    # Bodies.
    (f"html@{AT_ILL}", TRANSIENT, "HTML"),
    (f"html@{AT_ILL},call=2", DONE, ""),
    (f"empty@{AT_ILL},path=Reservation", TRANSIENT, "empty"),
    (f"empty@{AT_ILL},call=1", DONE, ""),
    (f"bad-gzip@{AT_ILL}", TRANSIENT, "gzip"),
    (f"bad-gzip@{AT_ILL},call=3", DONE, ""),
    (f"gzip-bomb@{AT_ILL},path=Revenue", PERSON, "gzip bomb|over 16,777,216 bytes"),
    # The network.
    (f"truncate@{AT_ILL},path=Reservation", TRANSIENT, "broke off|cut"),
    (f"truncate@{AT_ILL},call=2", DONE, ""),
    (f"reset@{AT_ILL}", TRANSIENT, "connection|broke off"),
    (f"reset@{AT_ILL},call=4", DONE, ""),
    (f"drip@{AT_ILL},path=Config", TRANSIENT, "too long"),
    (f"drip-headers@{AT_ILL},call=1", DONE, ""),
    (f"no-answer@{AT_ILL},call=1", DONE, ""),
    # Lists.
    (f"duplicate-page@{AT_ILL},path=Reservation,call=2", DONE, ""),
    (f"duplicate-page@{AT_ILL},path=Reservation,call=2-", TRANSIENT, "stays incomplete"),
    (f"shifted-page=20@{AT_ILL},path=Reservation,call=2", DONE, ""),
    (f"shifted-page=-20@{AT_ILL},path=Reservation,call=2", DONE, ""),
    (f"shifted-page=20@{AT_ILL},path=Revenue,call=2", DONE, ""),
    (f"page-cap=50@{AT_ILL}", DONE, ""),
    (f"page-cap=1@{AT_ILL}", TRANSIENT, "too many calls"),
    (f"no-total-rows@{AT_ILL}", TRANSIENT, "no TotalRows"),
    (f"no-total-rows@{AT_ILL},path=Reservation,call=1", DONE, ""),
    (f"total-rows=+100@{AT_ILL}", TRANSIENT, "stays incomplete"),
    (f"total-rows=-10@{AT_ILL}", TRANSIENT, "more rows than its TotalRows"),
    (f"total-rows=40@{AT_ILL}", TRANSIENT, "more rows than its TotalRows"),
    # The hotel.
    (f"hotel-code=OTHER@{AT_ILL}", PERSON, "another hotel's configuration"),
    # The ESB; its paths name the hotel only where they read.
    (f"status=500@path={ILL}/parameters", TRANSIENT, "reading import parameters"),
    (f"html@path={ILL}/parameters", TRANSIENT, "HTML"),
    (f"empty@path={ILL}/parameters", TRANSIENT, "empty"),
    (f"status=401@path={ILL}/parameters", PERSON, "refused the key"),
    (f"reset@path={ILL}/parameters,call=1", DONE, ""),
]


@pytest.mark.parametrize(("fault", "outcome", "reason"), CASES, ids=[fault for fault, _, _ in CASES])
def test_a_fault_harms_one_run_of_one_hotel_at_most(
    fault: str, outcome: Outcome, reason: str, tmp_path: Path, undisturbed: Sequence[bytes]
) -> None:
    with disturbed(tmp_path, fault) as world:
        results = world.sync()
        assert world.simulator.faults.happened
        assert results[WELL].outcome is DONE
        assert results[ILL].outcome is outcome, results[ILL].reason
        if outcome is not DONE:
            assert re.search(reason, results[ILL].reason), results[ILL].reason
            assert (world.published(ILL), world.registered(ILL), world.triggers()) == ([], 0, 1)
            assert ILL not in world.simulator.esb.watermarks
            world.simulator.faults.clear()
            assert world.sync()[ILL].outcome is DONE
        assert world.published(ILL) == undisturbed
        assert world.registered(ILL) == 3
        world.assert_tells_no_secret()


EFFECTS = [
    # Of the first seven tries of two hotels, four are one hotel's: all that it has.
    ("status=500@path=register,call=1-7", TRANSIENT),
    ("status=503@path=register,call=2", DONE),
    ("reset@path=register,call=1", DONE),
    ("truncate@path=register,call=2", DONE),
    ("status=409@path=register", DONE),
    (f"status=503@path={ILL}/import-dates,call=1-4", TRANSIENT),
    (f"reset@path={ILL}/import-dates,call=1", DONE),
]


@pytest.mark.parametrize(("fault", "outcome"), EFFECTS, ids=[fault for fault, _ in EFFECTS])
def test_a_fault_in_what_is_told_to_the_esb_loses_nothing(
    fault: str, outcome: Outcome, tmp_path: Path, undisturbed: Sequence[bytes]
) -> None:
    """A run that fails after its files are stored leaves them; the next one publishes the same again."""
    with disturbed(tmp_path, fault) as world:
        outcomes = {result.outcome for result in world.sync().values()}
        assert outcomes == {DONE, outcome}
        world.simulator.faults.clear()
        assert all(result.outcome is DONE for result in world.sync().values())
        bodies = set(world.published(ILL))
        assert set(undisturbed) <= bodies
        urls = [found.body["fileUrl"] for found in world.simulator.esb.registrations]
        assert len(urls) == len(set(urls))
        world.assert_tells_no_secret()


@pytest.mark.parametrize(("skew", "expected"), [("10m", "10:40:45"), ("-10m", "10:20:45")])
def test_the_watermark_goes_by_the_hotels_clock(skew: str, expected: str, tmp_path: Path) -> None:
    with disturbed(tmp_path, f"clock-skew={skew}@{AT_ILL}") as world:
        assert world.sync()[ILL].outcome is DONE
        assert world.simulator.esb.watermarks[ILL] == f"2024-01-15T{expected}"


@pytest.mark.parametrize(
    ("held", "outcome", "reason"),
    [
        (None, DONE, ""),
        ("", DONE, ""),
        ("1900-01-01T00:00:00", DONE, ""),
        ("0001-01-01T00:00:00", DONE, ""),
        ("2024-01-15T10:30:45+05:00", DONE, ""),
        ("2999-01-01T00:00:00", PERSON, "more than a day after the hotel's clock"),
        ("yesterday", PERSON, "lastImportDate of HOTEL001 is no date-time"),
        ("2024-02-30T00:00:00", PERSON, "lastImportDate of HOTEL001 is no date-time"),
    ],
)
def test_what_the_esb_holds_is_read_or_refused(
    held: str | None, outcome: Outcome, reason: str, tmp_path: Path
) -> None:
    with disturbed(tmp_path) as world:
        world.simulator.esb.watermarks[ILL] = held  # type: ignore[assignment]
        results = world.sync()
        assert (results[ILL].outcome, results[WELL].outcome) == (outcome, DONE)
        assert reason in results[ILL].reason
        if outcome is not DONE:
            assert (world.published(ILL), world.registered(ILL)) == ([], 0)
            assert world.simulator.esb.watermarks[ILL] == held
