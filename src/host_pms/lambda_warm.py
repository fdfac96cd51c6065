"""The connector of a Lambda function: wired at a cold start, kept for the calls that follow."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from host_pms.bootstrap import Application, Kept, application
from host_pms.clock import Stop
from host_pms.config.logging import log_event
from host_pms.config.settings import Settings
from host_pms.errors import AccessDeniedError
from host_pms.services.fleet import HotelResult, sync_fleet
from host_pms.services.window import Asked


@dataclass(frozen=True, kw_only=True)
class Wired:
    """The connector, and what stops it."""

    settings: Settings
    application: Application
    stop: Stop

    def sync(self, hotel_codes: Sequence[str]) -> list[HotelResult]:
        """Sync these hotels; those that the time does not allow are not begun."""
        made = self.application
        return sync_fleet(hotel_codes, Asked(), made.policy, made.world, at_once=made.at_once)


class Warm:
    """Holds a connector from call to call: its connections, and what it knows of the keys and their pace.

    It is wired anew when a setting has changed, and after a key was refused: in a run, a secret is read again
    only once for each key. The platform makes one call at a time.
    """

    def __init__(self) -> None:
        self._held = ExitStack()
        self._kept = Kept()
        self._wired: Wired | None = None

    @contextmanager
    def call(self, settings: Settings, ends_at: float | None) -> Iterator[Wired]:
        """The connector as `settings` say, for one call that reads no new page after `ends_at`."""
        if self._wired is None or self._wired.settings != settings:
            self._wired = self._wire(settings)
        wired = self._wired
        stop = wired.stop
        stop.ends_at = ends_at
        stop.asked.clear()
        try:
            yield wired
        finally:
            # Pages on their way that nobody waits for any more are not to go on in the next call.
            stop.asked.set()
            wired.application.rest()

    def forget_refused(self, errors: Sequence[Exception | None]) -> None:
        """Wire anew at the next call if one of these is a refused key."""
        if any(isinstance(error, AccessDeniedError) for error in errors):
            self._wired = None

    def _wire(self, settings: Settings) -> Wired:
        self._held.close()
        stop = Stop()
        made = self._held.enter_context(
            application(settings, stop, log_event, dry_run=False, metrics=True, kept=self._kept)
        )
        return Wired(settings=settings, application=made, stop=stop)
