"""What every queue promises, whatever carries the messages."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from fakes import SentMessage

from host_pms.ports import Queue

Received = Callable[[], list[SentMessage]]


def test_a_message_arrives_with_all_it_carries(queue: Queue, received: Received) -> None:
    attributes = {"hotelCode": "H1", "importType": "full ção"}
    queue.send('{"ção": "é"}', group="H1", deduplication_id="a" * 64, attributes=attributes)
    (message,) = received()
    assert message.body == '{"ção": "é"}'
    assert message.group == "H1"
    assert message.deduplication_id == "a" * 64
    assert message.attributes == attributes


def test_a_message_may_have_no_attributes(queue: Queue, received: Received) -> None:
    queue.send("{}", group="H1", deduplication_id="1", attributes={})
    assert [message.attributes for message in received()] == [{}]


def test_a_groups_messages_arrive_in_the_order_sent(queue: Queue, received: Received) -> None:
    for number in range(12):
        queue.send(str(number), group=f"H{number % 2}", deduplication_id=f"id-{number}", attributes={})
    messages = received()
    assert [message.body for message in messages if message.group == "H0"] == ["0", "2", "4", "6", "8", "10"]
    assert [message.body for message in messages if message.group == "H1"] == ["1", "3", "5", "7", "9", "11"]


@pytest.mark.parametrize("group", ["H1", "H2"])
def test_a_repeat_of_an_id_is_dropped_whatever_it_says(queue: Queue, received: Received, group: str) -> None:
    queue.send("first", group="H1", deduplication_id="same", attributes={})
    queue.send("between", group="H1", deduplication_id="other", attributes={})
    queue.send("again", group=group, deduplication_id="same", attributes={"x": "y"})
    assert [message.body for message in received()] == ["first", "between"]


def test_of_eight_threads_with_one_id_exactly_one_sends(queue: Queue, received: Received) -> None:
    together = Barrier(8)

    def race(number: int) -> None:
        together.wait()
        queue.send(str(number), group="H1", deduplication_id="same", attributes={})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(race, range(8)))
    assert len(received()) == 1


def test_eight_threads_with_ids_of_their_own_lose_nothing(queue: Queue, received: Received) -> None:
    together = Barrier(8)

    def race(number: int) -> None:
        together.wait()
        queue.send(str(number), group=f"H{number}", deduplication_id=str(number), attributes={})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(race, range(8)))
    assert {message.body for message in received()} == {str(number) for number in range(8)}
