"""Metrics: one line a hotel at its end, in CloudWatch's Embedded Metric Format, on standard output.

docs/metrics.md lists them. CloudWatch makes metrics of such lines in a log by itself: without a call, a right
or an agent. What a metric costs goes by the combinations of its dimensions, so of each hotel there is one
alone, the age of its watermark; the others are of all hotels together.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any

from host_pms.events import Event, EventName, Notify

NAMESPACE = "HostPmsConnector"

_ALL_HOTELS = ["Environment"]
_EACH_HOTEL = ["Environment", "HotelCode"]
_AGE = "WatermarkAgeHours"
_UNITS = {"Seconds": "Seconds", "RejectedShare": "None", _AGE: "None"}
"""The others are counts. CloudWatch has no hours."""

_ENDS = frozenset({EventName.HOTEL_DONE, EventName.HOTEL_FAILED})
_NO_FAILURE = frozenset({"done", "busy", "continue"})


def emf(event: Event, *, environment: str, calls: Mapping[str, int], now: datetime) -> dict[str, Any] | None:
    """The line for a hotel's end; None for any other event.

    `calls` are the run's to Host: `calls`, `retries` and `throttles` (429). What is not known of a run that
    failed has no value, rather than a 0.
    """
    if event.name not in _ENDS:
        return None
    outcome = event.context.get("outcome", "done")
    values = {**_of_end(str(outcome)), **_of_calls(calls), **_of_run(event)}
    directives = [_directive(_ALL_HOTELS, values)]
    if _AGE in values:
        directives.append(_directive(_EACH_HOTEL, [_AGE]))
    return {
        "_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": directives},
        "Environment": environment,
        "HotelCode": event.hotel_code,
        "Run": event.timestamp or "",
        "Outcome": outcome,
        **values,
    }


def _directive(dimensions: list[str], names: Iterable[str]) -> dict[str, Any]:
    metrics = [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in names]
    return {"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics}


def _of_end(outcome: str) -> dict[str, Any]:
    return {
        "HotelDone": int(outcome == "done"),
        "HotelBusy": int(outcome == "busy"),
        "HotelFailed": int(outcome not in _NO_FAILURE),
    }


def _of_calls(calls: Mapping[str, int]) -> dict[str, Any]:
    return {"Calls": calls["calls"], "Retries": calls["retries"], "Throttled": calls["throttles"]}


def _of_run(event: Event) -> dict[str, Any]:
    context = event.context
    values: dict[str, Any] = {"Seconds": context["seconds"]}
    if event.name is EventName.HOTEL_DONE:
        values["Rows"] = int(context["rows"]) + int(context["postings"])
        values["Nights"] = context["count"]
        values["Rejected"] = context["rejected"]
        values["RejectedShare"] = context["rejected_share"]
        values["Orphans"] = context["orphans"]
    if "watermark_age_hours" in context:
        values[_AGE] = context["watermark_age_hours"]
    return values


def with_metrics(
    notify: Notify,
    *,
    environment: str,
    calls: Callable[[str], Mapping[str, int]],
    now: Callable[[], datetime],
) -> Notify:
    """`notify`, and a line on standard output for each hotel's end.

    `calls` tells a hotel's calls since the process began; a line has those since the hotel's last one.
    """
    counted: dict[str, Mapping[str, int]] = {}
    one_at_a_time = Lock()

    def tell(event: Event) -> None:
        notify(event)
        if event.name not in _ENDS or event.hotel_code is None:
            return
        with one_at_a_time:
            before = counted.get(event.hotel_code, {})
            until_now = counted[event.hotel_code] = calls(event.hotel_code)
            since = {name: number - before.get(name, 0) for name, number in until_now.items()}
            line = emf(event, environment=environment, calls=since, now=now())
            sys.stdout.write(f"{json.dumps(line)}\n")
            sys.stdout.flush()

    return tell
