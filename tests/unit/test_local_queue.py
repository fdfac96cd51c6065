"""What only the folder's queue has: its files, the five minutes, processes, crashes."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from fakes import FakeClock

from host_pms.errors import NeedsPersonError
from host_pms.local.queue import DiskQueue


def send(queue: DiskQueue, number: int) -> None:
    queue.send(str(number), group="H1", deduplication_id=str(number), attributes={})


def names(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "queues/pms.fifo").glob("*.json"))


def test_a_message_is_a_file_that_says_all_of_it(tmp_path: Path) -> None:
    queue = DiskQueue(tmp_path, "pms.fifo", FakeClock())
    queue.send("{}", group="H1", deduplication_id="1", attributes={"hotelCode": "H1"})
    assert msgspec.json.decode((tmp_path / "queues/pms.fifo/000000000001.json").read_bytes()) == {
        "body": "{}",
        "group": "H1",
        "deduplication_id": "1",
        "attributes": {"hotelCode": "H1"},
        "sent_at": "2024-01-15T10:30:45Z",
    }


def test_names_sort_as_sent(tmp_path: Path) -> None:
    queue = DiskQueue(tmp_path, "pms.fifo", FakeClock())
    for number in range(11):
        send(queue, number)
    bodies = [
        msgspec.json.decode((tmp_path / "queues/pms.fifo" / name).read_bytes())["body"]
        for name in names(tmp_path)
    ]
    assert bodies == [str(number) for number in range(11)]


@pytest.mark.parametrize(
    ("later", "sent"),
    [
        (timedelta(0), 2),
        (timedelta(minutes=4, seconds=59), 2),
        (timedelta(minutes=5), 3),
        (timedelta(days=1), 3),
    ],
)
def test_an_id_is_remembered_for_five_minutes(tmp_path: Path, later: timedelta, sent: int) -> None:
    clock = FakeClock()
    send(DiskQueue(tmp_path, "pms.fifo", clock), 1)
    send(DiskQueue(tmp_path, "pms.fifo", clock), 2)
    clock.sleep(later.total_seconds())
    send(DiskQueue(tmp_path, "pms.fifo", clock), 1)
    assert len(names(tmp_path)) == sent


def test_a_dropped_repeat_does_not_start_the_five_minutes_again(tmp_path: Path) -> None:
    clock = FakeClock()
    queue = DiskQueue(tmp_path, "pms.fifo", clock)
    for _ in range(3):
        send(queue, 1)
        clock.sleep(180)
    assert len(names(tmp_path)) == 2


def test_two_queues_know_nothing_of_each_other(tmp_path: Path) -> None:
    send(DiskQueue(tmp_path, "pms.fifo", FakeClock()), 1)
    send(DiskQueue(tmp_path, "other.fifo", FakeClock()), 1)
    assert names(tmp_path) == ["000000000001.json"]
    assert (tmp_path / "queues/other.fifo/000000000001.json").is_file()


def send_both(root: Path, number: int) -> None:
    queue = DiskQueue(root, "pms.fifo", FakeClock())
    send(queue, 0)
    send(queue, number)


def test_processes_share_ids_and_numbers(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as processes:
        list(processes.map(send_both, [tmp_path] * 8, range(1, 9)))
    assert names(tmp_path) == [f"{number:012}.json" for number in range(1, 10)]


def test_a_file_that_is_no_message_asks_a_person(tmp_path: Path) -> None:
    queue = DiskQueue(tmp_path, "pms.fifo", FakeClock())
    send(queue, 1)
    (tmp_path / "queues/pms.fifo/000000000002.json").write_bytes(b"{}")
    with pytest.raises(NeedsPersonError, match=r"000000000002\.json"):
        send(queue, 2)


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "queues/pms.fifo").mkdir(parents=True)
    (tmp_path / "queues/pms.fifo/notes.txt").write_text("mine")
    send(DiskQueue(tmp_path, "pms.fifo", FakeClock()), 1)
    assert names(tmp_path) == ["000000000001.json"]


@pytest.mark.parametrize("name", ["", "..", "a/b", "/"])
def test_a_queue_is_one_folder_of_its_own(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="part of a path"):
        DiskQueue(tmp_path, name, FakeClock())


def test_a_message_that_was_taken_away_is_forgotten_though_another_has_its_name(tmp_path: Path) -> None:
    queue = DiskQueue(tmp_path, "pms.fifo", FakeClock())
    send(queue, 1)
    send(queue, 1)
    (tmp_path / "queues/pms.fifo/000000000001.json").unlink()
    send(queue, 2)
    assert names(tmp_path) == ["000000000001.json"]
    send(queue, 2)
    assert names(tmp_path) == ["000000000001.json"]
    send(queue, 1)
    assert names(tmp_path) == ["000000000001.json", "000000000002.json"]
