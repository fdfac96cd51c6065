"""What only a rare history shows."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import msgspec
import pytest
from fake_pms import HOTEL, POLICY, FakePms, World, reservation
from fakes import Shuffled

from host_pms.errors import IncompleteListError, TransientError
from host_pms.models.head import Phase
from host_pms.models.run import Run
from host_pms.ports import Wanted
from host_pms.services.closing import Closing
from host_pms.services.journal import holding
from host_pms.services.lookahead import Ahead
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


@dataclass
class ChangingList(FakePms):
    """Pages of 10 rows; now and then a row goes, changes or comes while one is asked for."""

    page_rows: int = 10
    chance: Random = field(default_factory=Random)
    touched: set[int] = field(default_factory=set)

    def ahead(self, wanted: Wanted) -> "ChangingList":
        assert wanted()
        return self

    def reservations(self, hotel_code: str, update_from: datetime, start: int) -> bytes:
        if self.chance.random() < 0.3:
            row = self.rows.pop(self.chance.randrange(len(self.rows)))
            self.touched.add(row["ResId"])
            if self.chance.random() < 0.5:
                self.rows.append({**row, "LastUpdate": f"2024-01-15T09:00:{len(self.calls) % 60:02}"})
            if self.chance.random() < 0.3:
                new = reservation(ResId=1000 + len(self.calls))
                self.rows.insert(self.chance.randrange(len(self.rows)), new)
        return super().reservations(hotel_code, update_from, start)


@pytest.mark.parametrize("seed", range(8))
def test_no_row_is_lost_in_whatever_order_pages_are_fetched(seed: int) -> None:
    """S7, with pages that were answered before those in front of them, or long after they were asked for."""
    chance = Random(seed)
    pms = ChangingList(rows=[reservation(ResId=number) for number in range(200)], chance=chance)
    found = World(pms=pms, ahead=Ahead(threads=Shuffled(chance), answers=4))
    found.sync()
    published = {int(night["reservationId"]) for night in _first_published(found)}
    assert set(range(200)) - pms.touched - published == set()
    starts = [start for name, _, start in pms.calls if name == "Reservations"]
    assert starts != sorted(starts)


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
