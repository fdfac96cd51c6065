"""`kill -9` of `host-pms sync`, a few of what `make chaos-kills` does: in the end nothing shows of it."""

from pathlib import Path

from kills.attempts import Attempts, Suffered
from kills.aws import AwsServer
from kills.books import check_books
from kills.hotels import LARGE, SMALL, Hotels
from kills.moments import Usual
from kills.places import Disk
from kills.proof import Proof, Result
from kills.resumed import asked_again
from kills.traps import AtCall, Trap

from host_pms.services.answers import RECORD_PAGES

NONE_BEFORE = Suffered()
USUAL = Usual(seconds=0.8, calls=67, requests=150, hotels=SMALL.hotels)
PROBABLE = {SMALL: {True: USUAL, False: USUAL}}
"""What a sync takes undisturbed, near enough for moments that come."""


def figures(result: Result) -> tuple[bool, bool]:
    """Whether hotels were cut off, and whether nights were compared: else it shows nothing."""
    return result.resumed > 0, result.verdict.nights > 0


def test_six_kills_on_disk_leave_what_an_undisturbed_twin_leaves(tmp_path: Path) -> None:
    result = Proof(tmp_path, Trap(), server=None, usual=PROBABLE).history(
        SMALL, seed=11, kills=6, before=NONE_BEFORE
    )
    assert result.faults == []
    assert result.suffered.kills >= 6
    assert figures(result) == (True, True)


def test_three_kills_on_s3_leave_what_an_undisturbed_twin_leaves(tmp_path: Path) -> None:
    trap = Trap()
    with AwsServer(trap) as server:
        result = Proof(tmp_path, trap, server, usual=PROBABLE).history(
            SMALL, seed=12, kills=3, before=NONE_BEFORE
        )
    assert result.faults == []
    assert result.suffered.kills >= 3
    assert figures(result) == (True, True)


def test_a_long_reading_that_is_killed_goes_on_behind_what_was_recorded(tmp_path: Path) -> None:
    trap = Trap()
    hotels = Hotels(size=LARGE, seed=13, place=Disk(tmp_path), folder=tmp_path, trap=trap)
    attempts = Attempts(hotels, trap)
    with hotels.simulator:
        attempts.lone(AtCall(of="simulator", number=2 * RECORD_PAGES + 30, answered=True))
        assert attempts.undisturbed() == {"HOTEL001": "done"}
    (cut,) = attempts.suffered.cuts
    again = asked_again(cut, hotels.simulator.calls)
    assert again is not None
    assert (again.recorded, again.first, again.aligned) == (2 * RECORD_PAGES, None, True)
    assert check_books(hotels, {(cut.hotel, cut.timestamp)}).faults == []
    assert attempts.suffered.faults == []
