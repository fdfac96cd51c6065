"""Log lines: their shape, who may read what, and what is masked."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest

from host_pms.config.logging import LogFormat, configure_logging, log_event, mask, warn_of_unknown
from host_pms.events import Event, EventName

SECRETS = ("sesame", "sesame-open", "abc")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("host_pms")
    before = (root.handlers, root.level, own.level)
    yield
    root.handlers, level, own_level = before
    root.setLevel(level)
    own.setLevel(own_level)


def configured(level: str = "INFO", log_format: LogFormat = "json") -> io.StringIO:
    stream = io.StringIO()
    configure_logging(level=level, log_format=log_format, secrets=SECRETS, stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


EXTRACTED = Event(
    name=EventName.RESERVATIONS_EXTRACTED,
    source="host_pms.services.extraction",
    message="Successfully extracted 150 reservations",
    hotel_code="HOTEL001",
    timestamp="20240115T103045Z",
    context={"count": 150},
)


def test_an_event_is_one_json_line() -> None:
    stream = configured()
    log_event(EXTRACTED)
    assert stream.getvalue().count("\n") == 1
    (line,) = lines(stream)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert list(line.items()) == [
        ("level", "INFO"),
        ("logger", "host_pms.services.extraction"),
        ("message", "Successfully extracted 150 reservations"),
        ("event", "reservations_extracted"),
        ("count", 150),
        ("hotel_code", "HOTEL001"),
        ("run", "20240115T103045Z"),
    ]


def test_an_event_of_no_hotel_names_none() -> None:
    stream = configured()
    log_event(Event(name=EventName.COMMAND_FAILED, source="host_pms.cli", message="The ESB is down."))
    (line,) = lines(stream)
    assert set(line) == {"timestamp", "level", "logger", "message", "event"}


@pytest.mark.parametrize("name", EventName)
def test_every_event_says_its_name_at_its_level(name: EventName) -> None:
    stream = configured("DEBUG")
    log_event(Event(name=name, source="host_pms.services.sync", message="It happened."))
    (line,) = lines(stream)
    levels = {
        **dict.fromkeys(["parameters_read", "config_read", "page_read"], "DEBUG"),
        **dict.fromkeys(["hotel_failed", "command_failed"], "ERROR"),
        "rate_budget_unreachable": "WARNING",
    }
    assert (line["event"], line["level"]) == (name.value, levels.get(name.value, "INFO"))


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("DEBUG", ["page_read", "run_opened", "hotel_failed"]),
        ("INFO", ["run_opened", "hotel_failed"]),
        ("WARNING", ["hotel_failed"]),
        ("ERROR", ["hotel_failed"]),
    ],
)
def test_what_is_below_the_level_is_not_told(level: str, told: list[str]) -> None:
    stream = configured(level)
    for name in (EventName.PAGE_READ, EventName.RUN_OPENED, EventName.HOTEL_FAILED):
        log_event(Event(name=name, source="host_pms.services.sync", message="It happened."))
    assert [line["event"] for line in lines(stream)] == told


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_secrets_are_masked_the_longest_first(log_format: LogFormat) -> None:
    stream = configured(log_format=log_format)
    context: dict[str, Any] = {"key": "sesame-open"}
    log_event(
        Event(
            name=EventName.HOTEL_FAILED,
            source="host_pms.cli",
            message="?key=sesame-open&k=sesame",
            context=context,
        )
    )
    assert "sesame" not in stream.getvalue()
    assert "?key=***&k=***" in stream.getvalue()


def test_a_text_too_short_to_be_a_secret_stays() -> None:
    stream = configured()
    log_event(Event(name=EventName.RUN_OPENED, source="host_pms.cli", message="the abc of it"))
    assert lines(stream)[0]["message"] == "the abc of it"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_tracebacks_are_masked_too(log_format: LogFormat) -> None:
    stream = configured(log_format=log_format)
    try:
        int("sesame-open")
    except ValueError:
        logging.getLogger("host_pms.cli").exception("It failed.")
    assert "ValueError" in stream.getvalue()
    assert "sesame" not in stream.getvalue()


def test_other_libraries_lines_have_the_same_shape_and_masks() -> None:
    stream = configured("DEBUG")
    logging.getLogger("botocore").debug("Too much of it")
    logging.getLogger("botocore").warning("Retrying with %s", "sesame-open")
    (line,) = lines(stream)
    assert list(line)[:4] == ["timestamp", "level", "logger", "message"]
    assert (line["level"], line["logger"], line["message"]) == ("WARNING", "botocore", "Retrying with ***")


def test_a_line_for_a_person_shows_its_context_without_colours() -> None:
    stream = configured(log_format="console")
    log_event(EXTRACTED)
    assert "Successfully extracted 150 reservations" in stream.getvalue()
    assert "count=150" in stream.getvalue()
    assert "reservations_extracted" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_each_unknown_variable_is_warned_of() -> None:
    stream = configured()
    warn_of_unknown(["ESB_KEY", "HOST_URL"])
    assert [(line["level"], line["variable"]) for line in lines(stream)] == [
        ("WARNING", "ESB_KEY"),
        ("WARNING", "HOST_URL"),
    ]
    assert lines(stream)[0]["message"] == "ESB_KEY is no setting; is it misspelt?"


def test_to_configure_again_replaces_what_was() -> None:
    first, second = configured(), configured()
    log_event(EXTRACTED)
    assert (first.getvalue(), len(lines(second))) == ("", 1)


def test_what_is_learned_later_is_masked_too_and_stays_masked_when_logging_is_configured_again() -> None:
    first = configured()
    mask(["swordfish", "key"])
    logging.getLogger("host_pms.test").info("swordfish-open and a key")
    second = configured()
    logging.getLogger("host_pms.test").info("swordfish and sesame")
    assert [line["message"] for line in (*lines(first), *lines(second))] == [
        "***-open and a key",
        "*** and ***",
    ]
