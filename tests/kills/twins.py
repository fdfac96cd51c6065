"""What is there in the end, against what is there of an undisturbed twin."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kills.books import Table, Verdict, ended
from kills.hotels import Hotels

INVOICED = "revenueRoomInvoice"


@dataclass(frozen=True, kw_only=True)
class Tables:
    """A hotel's nights: where workers were killed, of its twin, and of a full import, if it counts."""

    hotel: str
    killed: Table
    twin: Table
    full: Table | None


def compare(killed: Hotels, twin: Hotels, full: Mapping[str, Table], *, late: bool) -> Verdict:
    """The nights of both, their last other files, and what stands in the ESB.

    `full` is a full import at the end, empty where every night must be the same in both. Else those in it
    must: bookings changed between a kill and what came after it, so that one of the two alone may have
    published nights that a booking has no longer. `late`: a run was gone on with on the next day, and may
    know postings that the twin's run, on the day before, could not know; those of the full import.
    """
    found = Verdict()
    for hotel in killed.codes:
        mine, other = ended(killed.place, hotel), ended(twin.place, hotel)
        tables = Tables(hotel=hotel, killed=mine.table(), twin=other.table(), full=full.get(hotel))
        _compare_nights(tables, found)
        found.different += _differing(tables, late=late)
        if not late:
            types = [kind for kind in ("config", "segments") if mine.last(kind) != other.last(kind)]
            found.different += [f"{hotel}: the last {kind} file differs" for kind in types]
        if killed.bookings(hotel) != twin.bookings(hotel):
            raise RuntimeError(f"the twin of {hotel} has other bookings: the comparison means nothing")
    if killed.simulator.esb.watermarks != twin.simulator.esb.watermarks:
        found.different.append("the watermarks differ")
    return found


def _compare_nights(tables: Tables, found: Verdict) -> None:
    wanted = tables.twin if tables.full is None else tables.full
    found.nights += len(wanted)
    found.lost += [f"{tables.hotel}: {night}" for night in sorted(wanted.keys() - tables.killed.keys())]
    if tables.full is None:
        more = sorted(tables.killed.keys() - tables.twin.keys())
        found.different += [f"{tables.hotel}: {night} is not the twin's" for night in more]


def _differing(tables: Tables, *, late: bool) -> Iterator[str]:
    for key in sorted(tables.killed.keys() & tables.twin.keys()):
        mine, other = tables.killed[key], tables.twin[key]
        full = other if tables.full is None else tables.full.get(key)
        fields = sorted(name for name in other if other[name] != mine[name])
        if not fields or full is None:
            continue
        if late and fields == [INVOICED] and mine[INVOICED] == full[INVOICED]:
            continue
        yield f"{tables.hotel}: {key} differs in {fields}"
