"""What only a rare history shows."""

from datetime import datetime, timedelta

import msgspec
import pytest
from fake_pms import HOTEL, POLICY, FakePms, World, reservation

from host_pms.errors import IncompleteListError, TransientError
from host_pms.models.head import Phase
from host_pms.models.run import Run
from host_pms.services.closing import Closing
from host_pms.services.journal import holding
from host_pms.services.sync import journal_of
from host_pms.services.telling import Teller


def test_a_list_that_stayed_incomplete_is_read_from_its_start() -> None:
    """Its pages are kept, and would come to the same end for ever: here, too many calls."""
    rows = [reservation(ResId=number) for number in range(150)]
    found = World(pms=FakePms(rows=rows, page_rows=1))
    with pytest.raises(IncompleteListError, match="too many calls"):
        found.sync()
    found.pms.page_rows = 100
    found.clock.sleep(60)
    found.sync()
    assert len({night["reservationId"] for night in _first_published(found)}) == 150


def _first_published(found: World) -> list[dict[str, str]]:
    key = min(key for bucket, key in found.store.objects if bucket == "out-reservations")
    nights: list[dict[str, str]] = msgspec.json.decode(found.store.objects["out-reservations", key])
    return nights


class LosesItsAnswer:
    """An ESB that moves the watermark and is not heard of again."""

    def __init__(self, found: World) -> None:
        self._esb = found.esb

    def __getattr__(self, name: str) -> object:
        return getattr(self._esb, name)

    def move_watermark(self, hotel_code: str, last_import: datetime, *, idempotency_key: str) -> None:
        self._esb.move_watermark(hotel_code, last_import, idempotency_key=idempotency_key)
        raise TransientError("the answer got lost")


def test_what_a_dropped_run_put_does_not_count_as_read() -> None:
    """The watermark had landed, and nobody had heard of it, when a person gave the run up."""
    found = World(pms=FakePms(rows=[reservation()]))
    began = found.sync().watermark
    assert began is not None
    found.clock.sleep(86_400)
    changed = reservation(LastUpdate="2024-01-16T08:00:00", Pax=1)
    later = b'"LocalTime":"2024-01-16T10:30:45"'
    found.pms.config_answer = found.pms.config_answer.replace(b'"LocalTime":"2024-01-15T10:30:45.123"', later)
    found.pms.rows = [changed]
    esb, found.esb = found.esb, LosesItsAnswer(found)  # type: ignore[assignment]
    with pytest.raises(TransientError):
        found.sync()
    found.esb = esb
    _drop(found)
    found.clock.sleep(3600)
    window = found.sync().window
    assert window.held == datetime(2024, 1, 16, 10, 30, 45)
    assert window.update_from == began - timedelta(hours=2)


def _drop(found: World) -> None:
    neighbours = found.neighbours()
    journal = journal_of(HOTEL, POLICY, neighbours)
    with holding(journal):
        assert journal.open_run.phase is Phase.WATERMARK
        run = Run(hotel_code=HOTEL, started=journal.open_run.started)
        Closing(
            run=run,
            journal=journal,
            store=found.store,
            buckets=POLICY.buckets,
            teller=Teller(run=run, notify=found.events.append),
        ).abandon("Dropped by an operator")
