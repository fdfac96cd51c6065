"""A run without temporary space tells nobody anything, and the next one goes on with what it read."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from fake_pms import HOTEL, POLICY, FakePms, World, posting, reservation

from host_pms.errors import TransientError
from host_pms.models.head import Phase
from host_pms.services.journal import head_key, trusted_head
from host_pms.services.temporary import SPARE, Temporary
from host_pms.services.window import BEGINNING


def world() -> World:
    return World(
        pms=FakePms(rows=[reservation(ResId=number) for number in range(150)], postings=[posting(ResId=7)])
    )


def less_and_less(looks: int) -> Callable[[], int]:
    """Enough for so many looks, and then nothing."""
    left = iter([SPARE] * looks)
    return lambda: next(left, 0)


@pytest.mark.parametrize(
    ("temporary", "phase"),
    [
        (Temporary(in_memory=10, free=lambda: 0), Phase.EXTRACT),
        (Temporary(in_memory=10, free=less_and_less(1)), Phase.EXTRACT),  # a file is begun, not written
        (Temporary(in_memory=10, free=less_and_less(2)), Phase.FROZEN),  # rows are written, not records
        (Temporary(free=lambda: 1_000), Phase.FROZEN),
    ],
)
def test_a_run_without_space_is_finished_by_the_next_one(temporary: Temporary, phase: Phase) -> None:
    found = world()
    with pytest.raises(TransientError, match="set TMPDIR to a larger disk"):
        found.sync(policy=replace(POLICY, temporary=temporary))
    assert (found.esb.registrations, found.esb.watermarks, found.queue.sent) == ([], [], [])
    assert not [key for bucket, key in found.store.objects if bucket.startswith("out-")]
    assert stands(found) is phase
    asked = len(found.pms.calls)
    found.sync()
    undisturbed = world()
    undisturbed.sync()
    assert outputs(found)[0] == outputs(undisturbed)[0]
    assert ("Reservations", BEGINNING, 0) not in found.pms.calls[asked:]


def stands(found: World) -> Phase | None:
    body, _, _ = found.heads.heads["raw-hotel-configs", head_key(HOTEL)]
    open_run = trusted_head(body, "raw-hotel-configs", HOTEL).open_run
    return open_run.phase if open_run else None


def outputs(found: World) -> list[bytes]:
    """The files of reservations, in the order in which they were put."""
    return [body for (bucket, _), body in found.store.objects.items() if bucket == "out-reservations"]
