"""Publications of the same hotels, made at other times and elsewhere, so that they can be compared."""

import re
from collections.abc import Mapping

Publications = Mapping[str, bytes]

_STAMP = re.compile(r"\d{8}T\d{6}Z")


def named_alike(objects: Publications) -> dict[str, bytes]:
    """`bucket/hotel/kind-0.json` and so on: a hotel's runs by their order, where the name has their time."""
    stamps: dict[str, set[str]] = {}
    for name in objects:
        stamps.setdefault(_hotel(name), set()).add(_stamp(name))
    return {
        name.replace(_stamp(name), str(sorted(stamps[_hotel(name)]).index(_stamp(name)))): body
        for name, body in objects.items()
    }


def of_published(objects: Publications) -> dict[str, bytes]:
    """Those in the processed buckets."""
    return {name: body for name, body in objects.items() if not name.startswith(("dev-pms-raw-", "queues/"))}


def _hotel(name: str) -> str:
    return name.split("/")[1]


def _stamp(name: str) -> str:
    (stamp,) = _STAMP.findall(name)
    return str(stamp)
