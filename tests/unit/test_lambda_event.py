"""What an event asks for; and that a misspelt one asks for nothing."""

from dataclasses import dataclass
from typing import Any

import pytest

from host_pms.errors import UsageError
from host_pms.lambda_event import (
    MOST_HOPS,
    AllHotels,
    ListHotels,
    OneHotel,
    TooManyHopsError,
    read_event,
    seconds_left,
)

SCHEDULED = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.scheduler",
    "account": "123456789012",
    "time": "2024-01-15T10:30:00Z",
    "region": "eu-west-1",
    "resources": ["arn:aws:scheduler:eu-west-1:123456789012:schedule/default/hourly"],
    "detail": "{}",
}


@pytest.mark.parametrize(
    ("event", "asked"),
    [
        ({}, AllHotels()),
        (SCHEDULED, AllHotels()),
        ({**SCHEDULED, "replay-name": "again"}, AllHotels()),
        ({"action": "list"}, ListHotels()),
        ({"hotelCode": "H"}, OneHotel(hotel_code="H", hop=0)),
        ({"hotelCode": "H", "hop": 0}, OneHotel(hotel_code="H", hop=0)),
        ({"hotelCode": "H", "hop": 100}, OneHotel(hotel_code="H", hop=100)),
    ],
    ids=str,
)
def test_what_an_event_asks_for(event: Any, asked: object) -> None:
    assert read_event(event) == asked


@pytest.mark.parametrize(
    "event",
    [
        None,
        "HOTEL001",
        7,
        ["HOTEL001"],
        {"hotel": "HOTEL001"},
        {"HotelCode": "HOTEL001"},
        {"hotelCode": None},
        {"hotelCode": 1},
        {"hotelCode": ["HOTEL001"]},
        {"hotelCode": ""},
        {"hotelCode": "../x"},
        {"hotelCode": "A" * 6_000_000},
        {"hotelCode": "HOTEL001", "full": True},
        {"hotelCode": "HOTEL001", "hop": None},
        {"hotelCode": "HOTEL001", "hop": "1"},
        {"hotelCode": "HOTEL001", "hop": True},
        {"hotelCode": "HOTEL001", "hop": 1.0},
        {"hotelCode": "HOTEL001", "hop": -1},
        {"hop": 1},
        {"action": "List"},
        {"action": "sync"},
        {"action": "list", "hotelCode": "HOTEL001"},
        {"id": "53dc4d37"},
        {"source": "aws.events"},
        {**SCHEDULED, "hotelcode": "HOTEL001"},
        {str(number): number for number in range(100_000)},
    ],
    ids=lambda event: str(event)[:60],
)
def test_what_is_not_understood_starts_nothing(event: Any) -> None:
    with pytest.raises(UsageError) as refused:
        read_event(event)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize("hop", [MOST_HOPS + 1, 10**30])
def test_a_hotel_that_is_called_for_again_and_again_is_told_of(hop: int) -> None:
    with pytest.raises(TooManyHopsError, match=r"^Hotel H is not done after 100 hops\. "):
        read_event({"hotelCode": "H", "hop": hop})


@dataclass
class Context:
    """The platform's context; `left` is what it answers."""

    left: Any

    def get_remaining_time_in_millis(self) -> Any:
        return self.left


@dataclass
class Bare:
    """A context whose fields are all None."""

    get_remaining_time_in_millis: None = None


def test_how_much_time_is_left() -> None:
    assert seconds_left(None) is None
    assert seconds_left(Context(900_000)) == 900
    assert seconds_left(Context(0)) == 0


@pytest.mark.parametrize("context", [Context(None), Context("900000"), Bare(), object()])
def test_a_context_that_cannot_tell_the_time_is_refused(context: Any) -> None:
    with pytest.raises(UsageError, match="does not tell how much time is left") as refused:
        seconds_left(context)
    assert "\n" not in str(refused.value)
