"""What is there of each hotel in the end, and whether it belongs together."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kills.hotels import Hotels
from kills.places import Place, head_of, phase_of

Night = Mapping[str, Any]
Table = dict[tuple[str, str], Night]


@dataclass(kw_only=True)
class Verdict:
    """What was found wrong: lost, duplicated, or otherwise different. Empty lists are what is wanted.

    `runs` were closed, `nights` compared.
    """

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    runs: int = 0
    nights: int = 0

    @property
    def faults(self) -> list[str]:
        """All of it."""
        return [*self.lost, *self.duplicated, *self.different]

    def add(self, other: "Verdict") -> None:
        """Both together."""
        self.lost += other.lost
        self.duplicated += other.duplicated
        self.different += other.different
        self.runs += other.runs
        self.nights += other.nights


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A hotel's closed runs in order, as their manifests tell them, and its files as they are stored."""

    hotel: str
    manifests: list[dict[str, Any]]
    files: Mapping[str, bytes]

    def table(self) -> Table:
        """The nights as they stand after all runs: the last record of each."""
        return {_key(night): night for file in self._of("reservation") for night in json.loads(file)}

    def last(self, file_type: str) -> Any:
        """The last run's file of a type; None where no run published."""
        *_, last = (None, *self._of(file_type))
        return None if last is None else json.loads(last)

    def _of(self, file_type: str) -> Iterator[bytes]:
        for manifest in self.manifests:
            for file in manifest["files"]:
                if file["fileType"] == file_type:
                    yield self.files[file["fileKey"]]


def _key(night: Night) -> tuple[str, str]:
    return night["reservationIdExternal"], night["calendarDate"]


def ended(place: Place, hotel: str) -> Ended:
    """What is there of one hotel; a file that is missing counts as an empty list."""
    bodies = [
        place.read(place.raw_configs, key) for key in place.keys(place.raw_configs, f"{hotel}/_state/runs/")
    ]
    manifests = [json.loads(body) for body in bodies if body is not None]
    files = [file for manifest in manifests for file in manifest["files"]]
    return Ended(
        hotel=hotel,
        manifests=manifests,
        files={file["fileKey"]: place.read(file["bucket"], file["fileKey"]) or b"[]" for file in files},
    )


def check_books(hotels: Hotels, cut_off: Iterable[tuple[str, str]]) -> Verdict:
    """Every run is closed, all that it names is there and was told once, and the watermark came last.

    `cut_off` are hotels and timestamps of runs that were cut off: those were closed as well (S3).
    """
    found = Verdict()
    triggers = Counter(
        (message["hotelCode"], message["timestamp"], json.dumps(message["files"]))
        for message in hotels.place.messages()
    )
    registrations = [registration.body for registration in hotels.simulator.esb.registrations]
    told = Counter(json.dumps(body, sort_keys=True) for body in registrations)
    found.duplicated += _told_by_two_names(hotels)
    for hotel in hotels.codes:
        books = ended(hotels.place, hotel)
        found.runs += len(books.manifests)
        _check_head(hotels, hotel, found)
        for manifest in books.manifests:
            _check_answers(hotels, manifest, found)
            _check_files(books, manifest, told, found)
            _check_trigger(manifest, triggers, found)
        _check_watermarks(hotels, books, found)
        closed = {_timestamp(manifest) for manifest in books.manifests}
        left = {timestamp for code, timestamp in cut_off if code == hotel} - closed
        found.lost += [f"{hotel}/{timestamp} was never closed" for timestamp in sorted(left)]
    found.duplicated += [f"a trigger too many: {trigger}" for trigger in triggers.elements()]
    found.different += [f"no run names this registration: {body}" for body in told.elements()]
    return found


def _told_by_two_names(hotels: Hotels) -> list[str]:
    """Files that were registered with several idempotency keys, all but one of which were answered 409."""
    bodies = hotels.simulator.esb.bodies_by_key.values()
    urls = Counter(body["fileUrl"] for body in bodies if "fileUrl" in body)
    return [f"{url} was registered by {count} names" for url, count in urls.items() if count > 1]


def _timestamp(manifest: Mapping[str, Any]) -> str:
    started: str = manifest["started"]
    return started.replace("-", "").replace(":", "")


def _check_head(hotels: Hotels, hotel: str, found: Verdict) -> None:
    head = head_of(hotels.place, hotel)
    if head is None or head.lease.held or phase_of(head) is not None:
        found.different.append(f"{hotel} is not at rest")


def _check_answers(hotels: Hotels, manifest: Mapping[str, Any], found: Verdict) -> None:
    """S5: the list of the run's raw answers, and each of them, with their SHA-256."""
    name, answers = f"{manifest['hotelCode']}/{_timestamp(manifest)}", manifest["answers"]
    if manifest["outcome"] not in {"published", "unchanged"} or answers is None:
        found.lost.append(f"{name} is {manifest['outcome']}: {manifest['reason']}")
        return
    place = hotels.place
    body = place.read(place.raw_configs, answers["key"]) or b'{"answers": []}'
    if hashlib.sha256(body).hexdigest() != answers["sha256"]:
        found.different.append(f"{name}: its list of answers is another")
    for raw in json.loads(body)["answers"]:
        stored = place.read(raw["bucket"], raw["key"])
        if stored is None:
            found.lost.append(f"{raw['key']} is gone")
        elif hashlib.sha256(stored).hexdigest() != raw["sha256"]:
            found.different.append(f"{raw['key']} has other bytes than were recorded")


def _check_files(books: Ended, manifest: Mapping[str, Any], told: Counter[str], found: Verdict) -> None:
    """Each file is stored with its SHA-256 and count, and was registered once with that."""
    nights: Counter[tuple[str, str]] = Counter()
    for file in manifest["files"]:
        key, body = file["fileKey"], books.files[file["fileKey"]]
        if hashlib.sha256(body).hexdigest() != file["sha256"]:
            found.different.append(f"{key} has other bytes than its manifest names")
            continue
        content = json.loads(body)
        if _records(file["fileType"], content) != file["recordCount"]:
            found.different.append(f"{key} does not have {file['recordCount']} records")
        if file["fileType"] == "reservation":
            nights.update(map(_key, content))
        registration = json.dumps(_registration(manifest, file), sort_keys=True)
        if not told[registration]:
            found.lost.append(f"{key} was not registered as it is")
        told[registration] -= 1
    found.duplicated += [
        f"{night} stands {count} times in one run" for night, count in nights.items() if count > 1
    ]


def _records(file_type: str, content: Any) -> int:
    if file_type == "config":
        return len(content["roomInventory"])
    return len(content) if file_type == "reservation" else sum(map(len, content.values()))


def _registration(manifest: Mapping[str, Any], file: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "hotelCode": manifest["hotelCode"],
        "fileType": file["fileType"],
        "fileUrl": f"s3://{file['bucket']}/{file['fileKey']}",
        "fileKey": file["fileKey"],
        "recordCount": file["recordCount"],
        "complete": manifest["window"]["complete"],
        "recordDate": manifest["started"],
    }


def _check_trigger(
    manifest: Mapping[str, Any], triggers: Counter[tuple[str, str, str]], found: Verdict
) -> None:
    """One message for a run that published, none for one that did not."""
    if not manifest["files"]:
        return
    names = ("fileType", "bucket", "fileKey", "recordCount")
    files = [{name: file[name] for name in names} for file in manifest["files"]]
    trigger = (manifest["hotelCode"], _timestamp(manifest), json.dumps(files))
    if not triggers[trigger]:
        found.lost.append(f"there is no trigger for {trigger[:2]}")
    triggers[trigger] -= 1


def _check_watermarks(hotels: Hotels, books: Ended, found: Verdict) -> None:
    """When the ESB took a watermark, it knew all files of the run that reached it."""
    urls = [registration.body["fileUrl"] for registration in hotels.simulator.esb.registrations]
    for moved in (moved for moved in hotels.moved if moved.hotel == books.hotel):
        reached = (run for run in books.manifests if run["cursors"]["reservations"] == moved.watermark)
        files = next((run["files"] for run in reached), None)
        known = set(urls[: moved.registered])
        if files is None or any(f"s3://{file['bucket']}/{file['fileKey']}" not in known for file in files):
            found.different.append(f"{books.hotel}: the watermark {moved.watermark} was ahead of its files")
