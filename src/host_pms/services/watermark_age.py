"""How far a hotel's watermark lies behind its clock at the end of a run, however the run ended."""

from datetime import datetime, timedelta

from host_pms.events import Event, EventName, Notify
from host_pms.models.head import Head, Phase
from host_pms.models.run import TIMESTAMP

_LOOKED_AGAIN = frozenset({Phase.TRIGGER, Phase.CLOSED})


class Heard:
    """Hands a hotel's events on, and keeps what they tell of its watermark and its clock."""

    def __init__(self, notify: Notify) -> None:
        self._notify = notify
        self._told = False
        self._watermark: datetime | None = None
        self._ahead_of_utc = timedelta()

    def __call__(self, event: Event) -> None:
        """Take an event, from the thread of the hotel."""
        if "watermark" in event.context:
            self._told, self._watermark = True, _moment(event.context["watermark"])
        if event.name is EventName.CONFIG_READ:
            self._set_clock(event)
        self._notify(event)

    def age(self, head: Head, now: datetime) -> timedelta | None:
        """By what the run told, else by the `head`; None where neither knows a watermark. Never negative."""
        watermark = self._watermark if self._told else _held(head)
        if watermark is None:
            return None
        return max(now.replace(tzinfo=None) + self._ahead_of_utc - watermark, timedelta())

    def _set_clock(self, event: Event) -> None:
        """A kept answer tells the hotel's time of when its run began, so only its distance to UTC holds."""
        local_time = _moment(event.context["local_time"])
        if local_time is not None and event.timestamp is not None:
            self._ahead_of_utc = local_time - datetime.strptime(event.timestamp, TIMESTAMP)  # noqa: DTZ007 - a difference of two without a zone


def _held(head: Head) -> datetime | None:
    """What the ESB most likely holds: what it held when the open run began, or what was last put there."""
    open_run = head.open_run
    if open_run is None:
        return min(head.watermarks, default=None)
    if open_run.plan is not None and open_run.phase in _LOOKED_AGAIN:
        return open_run.plan.holds
    return open_run.window.held


def _moment(written: object) -> datetime | None:
    return datetime.fromisoformat(str(written)) if written else None
