"""S7 and S8: lists that change, shrink, lie and break off while they are read."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from fake_pms import page, posting, reservation

from host_pms.errors import TransientError
from host_pms.models.host.reservation import RESERVATIONS, HostReservation
from host_pms.models.host.revenue import POSTINGS, HostPosting
from host_pms.services.paging import Scan

Rows = list[dict[str, Any]]
Change = Callable[[Rows, int], None]


def rows_of(count: int) -> Rows:
    return [reservation(ResId=number) for number in range(count)]


def read(
    rows: Rows,
    *,
    change: Change = lambda _rows, _call: None,
    page_rows: int = 100,
    answers: Sequence[bytes] = (),
) -> tuple[list[Any], int]:
    """The ids handed on, in order, and the number of calls; `answers` come first, whatever was asked."""
    scan: Scan[HostReservation] = Scan("reservations", RESERVATIONS, rows_have_ids=True)
    ids: list[Any] = []
    calls = 0
    while not scan.done:
        change(rows, calls)
        body = answers[calls] if calls < len(answers) else page("Reservations", rows, scan.start, page_rows)
        calls += 1
        batch = scan.take(body)
        if batch.restarted:
            ids.clear()
        ids += [row.res_id for _, row in batch.rows if isinstance(row, HostReservation)]
    return ids, calls


def read_postings(rows: Rows, *, change: Change = lambda _rows, _call: None) -> list[Any]:
    scan: Scan[HostPosting] = Scan("postings", POSTINGS, rows_have_ids=False)
    found: list[Any] = []
    calls = 0
    while not scan.done:
        change(rows, calls)
        calls += 1
        batch = scan.take(page("Revenue", rows, scan.start))
        if batch.restarted:
            found.clear()
        found += [row.res_id for _, row in batch.rows if isinstance(row, HostPosting)]
    return found


@pytest.mark.parametrize(
    ("count", "calls"), [(0, 1), (1, 1), (99, 1), (100, 1), (101, 2), (199, 2), (200, 3), (1000, 11)]
)
def test_every_row_comes_once_in_as_few_calls_as_the_overlap_allows(count: int, calls: int) -> None:
    assert read(rows_of(count)) == (list(range(count)), calls)


@pytest.mark.parametrize(("count", "cap"), [(500, 99), (500, 50), (500, 40), (139, 10), (5000, 10), (500, 2)])
def test_a_page_cap_below_the_limit_is_followed(count: int, cap: int) -> None:
    assert read(rows_of(count), page_rows=cap) == (list(range(count)), math.ceil((count - 1) / (cap - 1)))


def test_pages_of_one_row_lead_nowhere_and_are_given_up() -> None:
    with pytest.raises(TransientError, match="too many calls"):
        read(rows_of(500), page_rows=1)


@pytest.mark.parametrize(("page_rows", "most"), [(100, 3 * 1000 / 99 + 10), (10, 3 * 1000 / 9 + 10)])
def test_a_list_may_take_three_times_its_pages_and_ten_calls(page_rows: int, most: float) -> None:
    """Its first row goes whenever a page was read, so that each second page steps back."""
    calls = 0

    def drop_the_first(rows: Rows, call: int) -> None:
        nonlocal calls
        calls = call + 1
        if call:
            rows[:] = [*rows[1:], reservation(ResId=f"new {call}")]

    with pytest.raises(TransientError, match="too many calls"):
        read(rows_of(1000), change=drop_the_first, page_rows=page_rows)
    assert calls == math.floor(most) + 1


def test_a_seam_is_looked_for_a_page_further_back_however_long_pages_are() -> None:
    def drop_an_early_row(rows: Rows, call: int) -> None:
        if call == 20:
            del rows[3]

    # 56 pages of 9 new rows; the seam after the 20th is found one page further back, which is read again.
    ids, calls = read(rows_of(500), change=drop_an_early_row, page_rows=10)
    assert (ids, calls) == (list(range(500)), 56 + 2)


def test_rows_that_moved_forward_are_found_by_stepping_back() -> None:
    def drop_an_early_row(rows: Rows, call: int) -> None:
        if call == 2:
            del rows[3]

    ids, _ = read(rows_of(400), change=drop_an_early_row)
    assert ids == list(range(400))


def test_rows_that_moved_back_are_not_handed_on_twice() -> None:
    def put_a_row_in_front(rows: Rows, call: int) -> None:
        if call == 1:
            rows.insert(0, reservation(ResId="new"))

    ids, _ = read(rows_of(400), change=put_a_row_in_front)
    assert ids == list(range(400))


@pytest.mark.parametrize("seed", range(200))
def test_no_unchanged_row_is_lost_while_others_come_change_and_go(seed: int) -> None:
    chance = random.Random(seed)
    touched: set[Any] = set()

    def shuffle_some(rows: Rows, call: int) -> None:
        for number in range(chance.choice([0, 0, 1, 2])):
            victim = rows.pop(chance.randrange(len(rows)))
            touched.add(victim["ResId"])
            kind = chance.choice(["gone", "to the end", "to the front"])
            changed = {**victim, "LastUpdate": f"2024-01-15T09:{call % 60:02}:{number:02}"}
            if kind != "gone":
                rows.insert(0 if kind == "to the front" else len(rows), changed)

    ids, _ = read(rows_of(450), change=shuffle_some)
    assert set(range(450)) - touched <= set(ids)


def test_plain_offset_paging_would_lose_rows() -> None:
    """The double that the test above would catch."""
    rows = rows_of(450)
    ids: list[Any] = []
    for start in range(0, 450, 100):
        ids += [row["ResId"] for row in rows[start : start + 100]]
        del rows[0]
    assert set(range(450)) - set(ids) - {0, 1, 2, 3} != set()


def test_a_page_that_repeats_an_earlier_one_does_not_end_the_list() -> None:
    rows = rows_of(150)
    first = page("Reservations", rows, 0)
    ids, _ = read(rows, answers=[first, first])
    assert ids == list(range(150))


def test_a_page_that_answers_from_further_back_does_not_end_the_list() -> None:
    rows = rows_of(180)
    ids, _ = read(rows, answers=[page("Reservations", rows, 0), page("Reservations", rows, 49)])
    assert ids == list(range(180))


def test_a_page_that_answers_from_further_on_loses_nothing() -> None:
    rows = rows_of(400)
    ids, _ = read(rows, answers=[page("Reservations", rows, 0), page("Reservations", rows, 120)])
    assert ids == list(range(400))


def test_an_empty_page_before_the_end_is_read_once_more_and_then_an_error() -> None:
    rows = rows_of(250)
    first, empty = page("Reservations", rows, 0), b'{"Reservations": []}'
    assert read(rows, answers=[first, empty])[0] == list(range(250))
    with pytest.raises(TransientError, match="empty"):
        read(rows, answers=[first, empty, first, empty])


def test_rows_without_total_rows_are_read_once_more_and_then_an_error() -> None:
    body = page("Reservations", rows_of(2), 0).replace(b"TotalRows", b"Total")
    assert read(rows_of(2), answers=[body])[0] == [0, 1]
    with pytest.raises(TransientError, match="TotalRows"):
        read(rows_of(2), answers=[body, body])


def test_a_total_that_promises_more_than_comes_is_an_error() -> None:
    rows = rows_of(120)
    lying = [
        page("Reservations", rows, start).replace(b'"TotalRows":120', b'"TotalRows":900') for start in (0, 99)
    ]
    alone = page("Reservations", rows, 119).replace(b'"TotalRows":120', b'"TotalRows":900')
    with pytest.raises(TransientError):
        read(rows, answers=[*lying, *[alone] * 60])


def test_a_list_that_grows_at_its_end_is_read_to_its_new_end() -> None:
    def append(rows: Rows, call: int) -> None:
        if call == 1:
            rows.append(reservation(ResId="late"))

    assert read(rows_of(150), change=append)[0] == [*range(150), "late"]


def test_a_page_that_was_answered_before_the_one_in_front_of_it_is_only_read_again() -> None:
    """It was fetched ahead: a row came in front of it, and only then the page before it was answered."""
    rows = rows_of(400)
    older = page("Reservations", rows, 198)
    new = [reservation(ResId="new"), *rows]
    answers = [page("Reservations", rows, 0), page("Reservations", new, 99), older]
    ids, calls = read(new, answers=answers)
    assert ids == list(range(400))
    # Five pages; the older one again, after the one in front of it; the last one, as the new row is missed.
    assert calls == 5 + 2 + 1


def charges(count: int) -> Rows:
    return [posting(ResId=f"C{number}") for number in range(count)]


def test_postings_are_read_again_from_the_start_where_a_seam_does_not_match() -> None:
    def drop_the_first(rows: Rows, call: int) -> None:
        if call == 1:
            del rows[0]

    assert read_postings(charges(250), change=drop_the_first) == [f"C{number}" for number in range(1, 250)]


def test_equal_postings_side_by_side_do_not_hide_that_one_moved() -> None:
    def drop_the_first(rows: Rows, call: int) -> None:
        if call == 1:
            del rows[0]

    rows = [*charges(99), *([posting(ResId="SAME")] * 40)]
    assert read_postings(rows, change=drop_the_first).count("SAME") == 40


def test_postings_that_never_hold_still_are_incomplete() -> None:
    def drop_the_first(rows: Rows, call: int) -> None:
        if call % 2 == 1:
            del rows[0]

    with pytest.raises(TransientError, match="moved"):
        read_postings(charges(250), change=drop_the_first)


def test_a_list_that_grows_for_ever_is_given_up() -> None:
    def grow(rows: Rows, call: int) -> None:
        rows += [reservation(ResId=f"{call}-{number}") for number in range(150)]

    with pytest.raises(TransientError, match="too many calls"):
        read(rows_of(150), change=grow)


def test_a_list_that_turns_empty_is_an_error_and_not_no_rows() -> None:
    rows = rows_of(250)
    first, empty = page("Reservations", rows, 0), b'{"Reservations": []}'
    with pytest.raises(TransientError, match="empty"):
        read(rows, answers=[first, empty, empty])


@pytest.mark.parametrize("count", [150, 199, 250, 298, 299])
def test_a_server_that_ignores_where_to_start_is_found_out(count: int) -> None:
    rows = rows_of(count)
    with pytest.raises(TransientError):
        read(rows, answers=[page("Reservations", rows, 0)] * 40)


def test_a_last_page_that_is_always_another_ones_is_found_out() -> None:
    rows = rows_of(298)
    first, second = (page("Reservations", rows, start) for start in (0, 99))
    with pytest.raises(TransientError, match="another one"):
        read(rows, answers=[first, second, first, first, first, second, first, first, first])


def test_a_posting_that_comes_in_beside_equal_ones_is_not_counted_twice() -> None:
    def insert(rows: Rows, call: int) -> None:
        if call == 1:
            rows.insert(0, posting(ResId="NEW"))

    rows = [*charges(98), posting(ResId="SAME"), posting(ResId="SAME"), *charges(50)]
    assert read_postings(rows, change=insert).count("SAME") == 2
