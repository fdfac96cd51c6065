"""One run of one hotel: every name, key and id it makes derives from this value."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_HOTEL_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", re.ASCII)


def is_hotel_code(code: str) -> bool:
    """Whether `code` can be a hotel's: it becomes part of keys, so it is checked once, where it comes in."""
    return _HOTEL_CODE.fullmatch(code) is not None


def run_timestamp(now: datetime, last: datetime | None = None) -> datetime:
    """S4: the greater of `now` (UTC, whole seconds) and one second after the hotel's last run."""
    moment = now.astimezone(UTC).replace(microsecond=0)
    return moment if last is None else max(moment, last + timedelta(seconds=1))


def state_of(hotel_code: str) -> str:
    """Where a hotel's state is, in the raw hotel-configs bucket."""
    return f"{hotel_code}/_state/"


def manifests_of(hotel_code: str) -> str:
    """Where the manifests of a hotel's closed runs are."""
    return f"{state_of(hotel_code)}runs/"


TIMESTAMP = "%Y%m%dT%H%M%SZ"
"""A run's timestamp as it stands in names: `20240115T103045Z`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Buckets:
    """The six buckets, by their two prefixes."""

    raw_prefix: str
    processed_prefix: str

    @property
    def raw_configs(self) -> str:
        """Config and inventory answers."""
        return self.raw_prefix + "hotel-configs"

    @property
    def raw_segments(self) -> str:
        """The Config items that the segments were made from."""
        return self.raw_prefix + "segments"

    @property
    def raw_reservations(self) -> str:
        """Reservation and revenue answers, and what was rejected of them."""
        return self.raw_prefix + "reservations"

    @property
    def configs(self) -> str:
        """Published room inventory."""
        return self.processed_prefix + "hotel-configs"

    @property
    def segments(self) -> str:
        """Published segments."""
        return self.processed_prefix + "segments"

    @property
    def reservations(self) -> str:
        """Published reservation nights."""
        return self.processed_prefix + "reservations"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of one hotel; `started` is S4's timestamp."""

    hotel_code: str
    started: datetime

    @property
    def timestamp(self) -> str:
        """As it stands in names: `20240115T103045Z`."""
        return f"{self.started:{TIMESTAMP}}"

    @property
    def record_date(self) -> str:
        """As it stands in the registrations: `2024-01-15T10:30:45Z`."""
        return f"{self.started:%Y-%m-%dT%H:%M:%SZ}"

    def key(self, kind: str) -> str:
        """`kind`'s object in its bucket."""
        return f"{self.hotel_code}/{kind}-{self.timestamp}.json"

    def raw_key(self, kind: str, number: int | None, taken_over: int | None) -> str:
        """A raw answer's object; `taken_over` is the epoch of who went on with a run that another opened."""
        suffix = "" if number is None else f"-{number:05}"
        epoch = "" if taken_over is None else f"-e{taken_over}"
        return f"{self.hotel_code}/{kind}-{self.timestamp}{suffix}{epoch}.json"

    @property
    def manifest_key(self) -> str:
        """What is known of the run once it is closed."""
        return f"{manifests_of(self.hotel_code)}{self.timestamp}.json"

    def answers_key(self, taken_over: int | None) -> str:
        """The final list of its raw answers."""
        epoch = "" if taken_over is None else f"-e{taken_over}"
        return f"{state_of(self.hotel_code)}answers/{self.timestamp}{epoch}.json"

    def reservations_key(self, part: int) -> str:
        """The published reservations' `part`, from 1; the first one's name has no number."""
        suffix = "" if part == 1 else f"-{part:04}"
        return f"{self.hotel_code}/reservation-{self.timestamp}{suffix}.json"

    @property
    def deduplication_id(self) -> str:
        """The trigger's, the same on every repeat."""
        return hashlib.sha256(f"{self.hotel_code}/{self.timestamp}".encode()).hexdigest()

    def idempotency_key(self, effect: str) -> str:
        """One effect of this run, the same on every repeat."""
        return hashlib.sha256(f"{self.hotel_code}/{self.timestamp}/{effect}".encode()).hexdigest()
