"""The first place where two versions of a published file differ: the night and the field, never a value."""

import json
from io import BytesIO
from typing import Any

import pytest

from host_pms.services.differences import Difference, first_difference


def nights(*records: dict[str, Any]) -> BytesIO:
    """As the reservations file is written."""
    body = ",\n".join(json.dumps(record) for record in records)
    return BytesIO(f"[\n{body}\n]\n".encode() if records else b"[]\n")


def night(number: int, date: str = "2024-01-20", **more: Any) -> dict[str, Any]:
    return {"calendarDate": date, "reservationId": str(number), "rooms": 1, "revenueRoom": 100.00, **more}


def test_equal_files_do_not_differ() -> None:
    assert first_difference(nights(night(1), night(2)), nights(night(1), night(2))) is None
    assert first_difference(nights(), nights()) is None


def test_the_fields_of_the_first_night_that_differs_are_named() -> None:
    before = nights(night(1), night(2), night(3))
    now = nights(night(1), night(2, rooms=2, revenueRoom=99.5), night(3, rooms=2))
    assert first_difference(before, now) == Difference(
        place="record 2",
        before=("2", "2024-01-20"),
        now=("2", "2024-01-20"),
        fields=("rooms", "revenueRoom"),
    )


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ([night(1)], [], (("1", "2024-01-20"), ())),
        ([], [night(1)], ((), ("1", "2024-01-20"))),
        ([night(1), night(3)], [night(2), night(3)], (("1", "2024-01-20"), ("2", "2024-01-20"))),
        (
            [night(1)],
            [night(1, "2024-01-21")],
            (("1", "2024-01-20"), ("1", "2024-01-21")),
        ),
    ],
    ids=["gone", "new", "another one", "another date"],
)
def test_another_night_is_named_without_its_fields(
    before: list[dict[str, Any]], now: list[dict[str, Any]], expected: tuple[Any, Any]
) -> None:
    assert first_difference(nights(*before), nights(*now)) == Difference(
        place="record 1", before=expected[0], now=expected[1]
    )


def test_digits_are_compared_as_they_are_written() -> None:
    before, now = (
        BytesIO(b'[\n{"reservationId":"1","revenueFb":%s}\n]\n' % text) for text in (b"1.10", b"1.1")
    )
    difference = first_difference(before, now)
    assert difference is not None
    assert difference.fields == ("revenueFb",)


def test_an_item_of_another_file_is_named_by_its_place() -> None:
    before = BytesIO(b'{"agencies":[{"code":"A"}],"groups":[{"code":"Smith","name":"x"}]}')
    now = BytesIO(b'{"agencies":[{"code":"A"}],"groups":[{"code":"Smith","name":"y"}]}')
    assert first_difference(before, now) == Difference(place="groups[0]", fields=("name",))


def test_an_item_that_is_missing_is_named_by_its_place() -> None:
    before = BytesIO(b'{"agencies":[{"code":"A"},{"code":"B"}],"groups":[{"code":"C"}]}')
    now = BytesIO(b'{"agencies":[{"code":"A"}],"groups":[{"code":"C"}]}')
    assert first_difference(before, now) == Difference(place="agencies[1]")


@pytest.mark.parametrize("other", [b"", b"{", b'{"a":1}', b"[\n{broken\n]\n", b"\xff\xfe"])
def test_another_form_is_a_difference_too(other: bytes) -> None:
    assert first_difference(nights(night(1)), BytesIO(other)) is not None
    assert first_difference(BytesIO(other), nights(night(1))) is not None
