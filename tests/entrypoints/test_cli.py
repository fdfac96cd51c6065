"""`host-pms` as a user runs it: exit codes, what is printed where, and what is left behind."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from commands import PATIENCE, SCRIPTS, files_below, host_pms, log_lines, started, variables

from host_pms import __version__
from host_pms.simulator.server import Simulator

HOTELS = ["HOTEL001", "HOTEL002", "HOTEL003"]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(hotels=3, bookings=20) as running:
        yield running


def has_no_traces(simulator: Simulator, folder: Path) -> bool:
    """Nothing was written, and the ESB was told nothing."""
    reads_only = all(call.method == "GET" for call in simulator.calls)
    return reads_only and not simulator.esb.registrations and not list(folder.iterdir())


# --- settings and usage: before any call ---


def test_without_settings_it_names_all_that_are_missing_and_nothing_else(tmp_path: Path) -> None:
    done = host_pms("sync", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.findall(r"^ +([A-Z_]+): (.+)$", done.stderr, re.MULTILINE) == [
        ("ESB_API_KEY", "is missing, and ESB_API_KEY_SECRET names no secret that holds it"),
        (
            "HOST_API_SUBSCRIPTION_KEY",
            "is missing, no hotel has a key of its own, and HOST_API_KEYS_SECRET names no secret",
        ),
    ]
    assert len(done.stderr.splitlines()) < 10


def test_faults_of_settings_are_told_all_at_once_and_without_their_values(
    simulator: Simulator, tmp_path: Path
) -> None:
    wrong = {
        "ESB_API_KEY": "",
        "HOST_API_SUBSCRIPTION_KEYS": '{"HOTEL001": "sesame-1"',
        "HOST_API_RATE_LIMIT": "sesame-2",
        "IMPORT_LOOKBACK": "9" * 30 + "d",
        "LEASE_TTL": "1s",
        "LOG_LEVEL": "sesame-3",
        "REJECT_LIMIT": "nan",
        "ESB_BASE_URL": "sesame-4",
    }
    done = host_pms("sync", cwd=tmp_path, given=variables(simulator, **wrong))
    assert done.returncode == 2
    assert set(re.findall(r"^ +([A-Z_]+): ", done.stderr, re.MULTILINE)) == set(wrong)
    assert "sesame" not in done.stderr
    assert "Traceback" not in done.stderr
    assert simulator.calls == []


@dataclass(frozen=True)
class Refusal:
    """Arguments that are refused before any call, and what is said."""

    arguments: tuple[str, ...]
    says: str


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(("sync", "--full", "--since", "2024-01-15"), "--full and --since exclude each other"),
        Refusal(("sync", "--since", "yesterday"), "--since"),
        Refusal(("sync", "--since", "2024-13-01"), "--since"),
        Refusal(("sync", "--hotel", "../x"), "'../x' is no hotel code"),
        Refusal(("sync", "--hotel", "HOTEL001", "--hotel", ""), "'' is no hotel code"),
        Refusal(("sync", "--json", "missing/report.json"), "cannot be written"),
        Refusal(("sync", "--env-file", "missing.env"), "There is no file missing.env"),
        Refusal(("sync", "--everything"), "--everything"),
        Refusal(("synchronise",), "synchronise"),
    ],
    ids=lambda refusal: " ".join(refusal.arguments),
)
def test_usage_that_makes_no_sense_is_refused_before_any_call(
    simulator: Simulator, tmp_path: Path, refusal: Refusal
) -> None:
    done = host_pms(*refusal.arguments, cwd=tmp_path, given=variables(simulator))
    assert (done.returncode, done.stdout) == (2, "")
    assert refusal.says in done.stderr
    assert "Traceback" not in done.stderr
    assert simulator.calls == []
    assert has_no_traces(simulator, tmp_path)


def test_a_hotel_that_the_esb_does_not_have_is_refused_in_one_line(
    simulator: Simulator, tmp_path: Path
) -> None:
    given = variables(simulator)
    done = host_pms("sync", "--hotel", "HOTEL001", "--hotel", "NOWHERE", cwd=tmp_path, given=given)
    (line,) = log_lines(done.stderr)
    assert (done.returncode, done.stdout, line["event"]) == (2, "", "command_failed")
    assert "NOWHERE" in line["message"]
    assert has_no_traces(simulator, tmp_path)


def test_this_machine_is_not_asked_for_through_a_proxy(simulator: Simulator, tmp_path: Path) -> None:
    closed = "http://127.0.0.1:9"
    given = variables(simulator, HTTP_PROXY=closed, http_proxy=closed, ALL_PROXY=closed)
    done = host_pms("hotels", cwd=tmp_path, given=given)
    assert (done.returncode, done.stdout.split()[0]) == (0, "HOTEL001"), done.stderr


def test_an_inactive_hotel_is_refused_too(simulator: Simulator, tmp_path: Path) -> None:
    done = host_pms("sync", "--hotel", "HOTEL000", cwd=tmp_path, given=variables(simulator))
    assert done.returncode == 2
    assert has_no_traces(simulator, tmp_path)


def test_a_file_of_settings_is_read_but_the_environment_counts_first(
    simulator: Simulator, tmp_path: Path
) -> None:
    given = variables(simulator)
    lines = [f"{name}={value}" for name, value in given.items()]
    (tmp_path / "my.env").write_text("\n".join([*lines, "HOST_API_RATE_LIMITS=1"]))
    named = host_pms("hotels", "--env-file", "my.env", cwd=tmp_path)
    assert (named.returncode, named.stdout.split()) == (0, HOTELS)
    (warning,) = log_lines(named.stderr)
    assert (warning["level"], warning["variable"]) == ("WARNING", "HOST_API_RATE_LIMITS")

    (tmp_path / ".env").write_text("\n".join(lines))
    found = host_pms("hotels", cwd=tmp_path, given={"ESB_API_KEY": "another-key"})
    assert found.returncode == 6


def test_a_file_of_settings_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"ESB_API_KEY=\xff\xfe")
    done = host_pms("hotels", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert ".env cannot be read" in done.stderr


# --- failures ---


def test_a_wrong_key_of_the_esb_needs_a_person(simulator: Simulator, tmp_path: Path) -> None:
    done = host_pms("sync", cwd=tmp_path, given=variables(simulator, ESB_API_KEY="sesame-open"))
    (line,) = log_lines(done.stderr)
    assert (done.returncode, line["event"]) == (6, "command_failed")
    assert "refused the key (401)" in line["message"]
    assert "sesame" not in done.stdout + done.stderr
    assert has_no_traces(simulator, tmp_path)


def test_a_wrong_key_of_host_needs_a_person(simulator: Simulator, tmp_path: Path) -> None:
    given = variables(simulator, HOST_API_SUBSCRIPTION_KEY="sesame-open")
    done = host_pms("sync", cwd=tmp_path, given=given)
    lines = log_lines(done.stderr)
    assert done.returncode == 6
    assert sorted((line["hotel_code"], line["outcome"]) for line in lines) == [
        (code, "needs_person") for code in HOTELS
    ]
    assert done.stdout.count("needs person") == 3
    assert "sesame" not in done.stdout + done.stderr
    assert files_below(tmp_path / "data") == {}  # but for the hotels' state
    assert all(call.method == "GET" for call in simulator.calls)


def test_one_hotels_failure_leaves_the_others_complete(simulator: Simulator, tmp_path: Path) -> None:
    given = variables(simulator, HOST_API_SUBSCRIPTION_KEYS='{"HOTEL002": "sesame-open"}')
    done = host_pms("sync", "--json", "report.json", cwd=tmp_path, given=given)
    assert done.returncode == 3
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert {hotel["hotelCode"]: hotel["outcome"] for hotel in report["hotels"]} == {
        "HOTEL001": "done",
        "HOTEL002": "needs_person",
        "HOTEL003": "done",
    }
    assert set(simulator.esb.watermarks) == {"HOTEL001", "HOTEL003"}
    registered = [registration.body["hotelCode"] for registration in simulator.esb.registrations]
    assert sorted(registered) == ["HOTEL001"] * 3 + ["HOTEL003"] * 3
    assert not [name for name in files_below(tmp_path / "data") if "HOTEL002" in name]
    assert "sesame" not in done.stdout + done.stderr + json.dumps(report)


def test_a_server_that_is_down_is_for_the_next_run(tmp_path: Path) -> None:
    with Simulator(hotels=1, bookings=1) as gone:
        pass
    done = host_pms("sync", cwd=tmp_path, given=variables(gone))
    (line,) = log_lines(done.stderr)
    assert (done.returncode, line["event"], list(tmp_path.iterdir())) == (4, "command_failed", [])


# --- a sync that succeeds ---


@dataclass(frozen=True, kw_only=True)
class Synced:
    """A first import of three hotels, and all that it left."""

    done: CompletedProcess[str]
    report: Mapping[str, Any]
    files: Mapping[str, bytes]
    simulator: Simulator


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Synced:
    folder = tmp_path_factory.mktemp("synced")
    with Simulator(hotels=3, bookings=20) as running:
        done = host_pms("sync", "--json", "report.json", cwd=folder, given=variables(running))
    return Synced(
        done=done,
        report=json.loads((folder / "report.json").read_bytes()),
        files=files_below(folder / "data"),
        simulator=running,
    )


def test_a_sync_shows_a_line_a_hotel(synced: Synced) -> None:
    assert synced.done.returncode == 0
    lines = [line.split() for line in synced.done.stdout.splitlines() if line.startswith("HOTEL")]
    assert [line[:2] for line in lines] == [[code, "done"] for code in HOTELS]


def test_the_report_tells_what_was_published(synced: Synced) -> None:
    published = {
        f"{file['bucket']}/{file['fileKey']}": file["recordCount"]
        for hotel in synced.report["hotels"]
        for file in hotel["files"]
    }
    registered = {
        registration.body["fileUrl"].removeprefix("s3://"): registration.body["recordCount"]
        for registration in synced.simulator.esb.registrations
    }
    assert published == registered
    assert len(published) == 9
    assert set(published) <= set(synced.files)
    nights = [name for name in published if "dev-pms-reservations/" in name]
    assert [len(json.loads(synced.files[name])) for name in nights] == [published[name] for name in nights]


def test_there_is_one_trigger_a_hotel(synced: Synced) -> None:
    messages = [json.loads(body) for name, body in synced.files.items() if name.startswith("queues/")]
    assert sorted(message["group"] for message in messages) == HOTELS


def test_the_log_is_json_lines_that_say_which_hotel_and_run(synced: Synced) -> None:
    lines = log_lines(synced.done.stderr)
    for line in lines:
        assert list(line)[:5] == ["timestamp", "level", "logger", "message", "event"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["timestamp"])
        assert line["logger"].startswith("host_pms.")
        assert "dry_run" not in line
    of_hotel = [line for line in lines if line["hotel_code"] == "HOTEL002"]
    assert [line["event"] for line in of_hotel] == [
        "run_opened",
        "reservations_extracted",
        "revenue_extracted",
        "inventory_extracted",
        "files_stored",
        "files_registered",
        "watermark_moved",
        "trigger_sent",
        "hotel_done",
    ]
    report = synced.report["hotels"][1]
    assert {line["run"] for line in of_hotel} == {report["timestamp"]}
    extracted = of_hotel[1]
    assert extracted["count"] == report["counts"]["reservationRows"]
    assert extracted["message"] == f"Successfully extracted {extracted['count']} reservations"


def test_guests_are_in_the_raw_reservations_and_nowhere_else(synced: Synced) -> None:
    reservations = {name: body for name, body in synced.files.items() if b"guest" in body}
    guest = re.compile(rb"guest\d+@example\.org")
    holding = {name.split("/")[0] for name, body in reservations.items() if guest.search(body)}
    assert holding == {"dev-pms-raw-reservations"}
    outside = [body for name, body in synced.files.items() if "-raw-" not in name]
    told = [synced.done.stdout, synced.done.stderr, json.dumps(synced.report)]
    for text in (*outside, *(text.encode() for text in told)):
        assert b"example.org" not in text


def test_no_secret_is_written_or_told_anywhere(synced: Synced) -> None:
    told = [synced.done.stdout.encode(), synced.done.stderr.encode(), json.dumps(synced.report).encode()]
    for secret in (synced.simulator.host_key, synced.simulator.esb_key):
        assert not [text for text in (*told, *synced.files.values()) if secret.encode() in text]


def test_no_secret_and_no_guest_is_told_even_with_tracebacks(simulator: Simulator, tmp_path: Path) -> None:
    given = variables(simulator, DEBUG="True", HOST_API_SUBSCRIPTION_KEYS='{"HOTEL002": "sesame-open"}')
    done = host_pms("sync", cwd=tmp_path, given=given)
    assert "Traceback (most recent call last)" in done.stderr
    assert '"event": "page_read"' in done.stderr
    for private in (simulator.host_key, simulator.esb_key, "sesame", "example.org"):
        assert private not in done.stdout + done.stderr


def test_a_dry_run_names_the_files_and_leaves_no_trace(simulator: Simulator, tmp_path: Path) -> None:
    done = host_pms("sync", "--dry-run", cwd=tmp_path, given=variables(simulator))
    assert done.returncode == 0
    named = re.findall(r"s3://dev-pms-([a-z-]+)/(HOTEL\d+)/(\w+)-\d{8}T\d{6}Z\.json", done.stdout)
    assert named == [
        (bucket, code, file_type)
        for code in HOTELS
        for bucket, file_type in (
            ("hotel-configs", "config"),
            ("segments", "segments"),
            ("reservations", "reservation"),
        )
    ]
    assert "Nothing was written, registered or sent." in done.stdout
    assert all(line["dry_run"] is True for line in log_lines(done.stderr))
    assert has_no_traces(simulator, tmp_path)
    assert simulator.esb.watermarks == {}


def test_a_report_on_standard_output_is_all_that_is_there(simulator: Simulator, tmp_path: Path) -> None:
    done = host_pms(
        "sync", "--hotel", "HOTEL003", "--dry-run", "--json", "-", cwd=tmp_path, given=variables(simulator)
    )
    report = json.loads(done.stdout)
    assert (done.returncode, report["dryRun"]) == (0, True)
    assert [hotel["hotelCode"] for hotel in report["hotels"]] == ["HOTEL003"]


def test_metrics_are_lines_on_standard_output_where_they_are_asked_for(
    simulator: Simulator, tmp_path: Path
) -> None:
    given = variables(
        simulator,
        METRICS="emf",
        ENVIRONMENT="staging",
        HOST_API_SUBSCRIPTION_KEYS='{"HOTEL002": "sesame-open"}',
    )
    done = host_pms("sync", cwd=tmp_path, given=given)
    metrics = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert {(line["HotelCode"], line["Outcome"]) for line in metrics} == {
        ("HOTEL001", "done"),
        ("HOTEL002", "needs_person"),
        ("HOTEL003", "done"),
    }
    assert {line["Environment"] for line in metrics} == {"staging"}
    assert "Result" in done.stdout
    for private in (simulator.host_key, simulator.esb_key, "sesame", "example.org"):
        assert private not in done.stdout


def test_a_dry_run_writes_no_metrics(simulator: Simulator, tmp_path: Path) -> None:
    done = host_pms("sync", "--dry-run", cwd=tmp_path, given=variables(simulator, METRICS="emf"))
    assert done.returncode == 0
    assert "_aws" not in done.stdout


def test_metrics_and_a_report_do_not_share_standard_output(simulator: Simulator, tmp_path: Path) -> None:
    done = host_pms("sync", "--json", "-", cwd=tmp_path, given=variables(simulator, METRICS="emf"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "METRICS=emf and --json - both write to standard output. Name a file." in done.stderr
    assert simulator.calls == []


def test_since_then_full_read_what_they_say(simulator: Simulator, tmp_path: Path) -> None:
    simulator.esb.watermarks["HOTEL001"] = "2024-01-15T09:00:00"
    for arguments, update_from, complete in (
        ((), "2024-01-15T07:00:00", False),
        (("--since", "2024-01-10T06:30:00"), "2024-01-10T06:30:00", False),
        (("--full",), "1900-01-01T00:00:00", True),
    ):
        done = host_pms(
            *("sync", "--hotel", "HOTEL001", "--dry-run", "--json", "-", *arguments),
            cwd=tmp_path,
            given=variables(simulator),
        )
        (hotel,) = json.loads(done.stdout)["hotels"]
        assert (hotel["updateFrom"], hotel["complete"]) == (update_from, complete)


def test_quiet_prints_nothing_when_all_is_well_and_errors_when_not(
    simulator: Simulator, tmp_path: Path
) -> None:
    given = variables(simulator)
    done = host_pms("sync", "--quiet", cwd=tmp_path, given=given)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(simulator.esb.registrations) == 9

    done = host_pms("sync", "-q", cwd=tmp_path, given={**given, "HOST_API_SUBSCRIPTION_KEY": "wrong-key"})
    assert (done.returncode, done.stdout) == (6, "")
    assert {line["level"] for line in log_lines(done.stderr)} == {"ERROR"}


def test_logs_for_a_person_are_plain_lines(simulator: Simulator, tmp_path: Path) -> None:
    done = host_pms("sync", cwd=tmp_path, given=variables(simulator, LOG_FORMAT="console"))
    assert done.returncode == 0
    assert re.search(r"Successfully extracted \d+ reservations.*hotel_code=HOTEL001", done.stderr)
    assert "{" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


# --- the other commands ---


def test_hotels_lists_the_active_ones(simulator: Simulator, tmp_path: Path) -> None:
    done = host_pms("hotels", cwd=tmp_path, given=variables(simulator))
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, HOTELS, "")
    assert has_no_traces(simulator, tmp_path)


@pytest.mark.parametrize(
    "arguments", [("--version",), ("sync", "--version"), ("sync", "--full", "--version")]
)
def test_the_version_needs_no_settings(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = host_pms(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"host-pms {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "shows"),
    [
        (("--help",), ["sync", "hotels", "simulate", "demo"]),
        ((), ["sync", "hotels", "simulate", "demo"]),
        (("sync", "--help"), ["host-pms sync --hotel LISBOA --dry-run", "Exit codes", "--since"]),
        (("simulate", "-h"), ["host-pms simulate --port 8080"]),
        (("demo", "--help"), ["--into"]),
    ],
)
def test_help_needs_no_settings_and_shows_examples(
    tmp_path: Path, arguments: tuple[str, ...], shows: list[str]
) -> None:
    done = host_pms(*arguments, cwd=tmp_path)
    assert done.returncode == (0 if arguments else 2)
    text = done.stdout + done.stderr
    assert [part for part in shows if part not in text] == []


def test_help_shows_no_value_after_a_flag(tmp_path: Path) -> None:
    text = host_pms("sync", "--help", cwd=tmp_path).stdout
    flags = [line for line in text.splitlines() if re.search(r"--(full|dry-run|quiet|version) ", line)]
    assert len(flags) == 5
    assert not [line for line in flags if "<" in line]


def test_the_demo_fills_a_folder_and_empties_only_its_own(tmp_path: Path) -> None:
    # What is set for the user's real hotels must not reach the demo's.
    given = {"LOG_LEVEL": "loud", "HOST_API_SUBSCRIPTION_KEYS": '{"HOTEL001": "of-another-hotel"}'}
    (tmp_path / "here").mkdir()
    done = host_pms("demo", "--into", ".", cwd=tmp_path / "here", given=given)
    assert (done.returncode, done.stdout.count(" done ")) == (0, 6), done.stderr
    files = files_below(tmp_path / "here")
    assert len([name for name in files if name.startswith("dev-pms-reservations/")]) == 6
    assert len([name for name in files if name.startswith("queues/")]) == 6

    again = host_pms("demo", "--into", "here", cwd=tmp_path)
    assert again.returncode == 0
    assert len([name for name in files_below(tmp_path / "here") if name.startswith("queues/")]) == 6


def test_the_demo_refuses_what_it_did_not_write(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    for into in ("mine", "mine/thesis.txt"):
        done = host_pms("demo", "--into", into, cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert files_below(tmp_path) == {"mine/thesis.txt": b"years of work"}


def test_the_simulator_serves_until_ctrl_c_and_says_how_to_use_it(tmp_path: Path) -> None:
    with started("simulate", "--port", "0", "--hotels", "2", "--seed", "7", cwd=tmp_path) as process:
        assert process.stdout is not None
        said = list(takewhile(lambda line: "curl" not in line, process.stdout))
        assert re.match(r"Serving 2 hotels \(HOTEL001, HOTEL002\) at http://127\.0\.0\.1:\d+ ", said[0])
        script = "".join(line for line in said if line.startswith("  "))
        done = subprocess.run(
            ["sh", "-ec", script],
            cwd=tmp_path,
            env={"PATH": f"{SCRIPTS}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=PATIENCE)
    assert (done.returncode, done.stdout.count(" done ")) == (0, 2), done.stderr
    assert (process.returncode, error) == (0, "Stopped.\n")


def test_a_port_that_is_taken_is_refused_in_one_line(simulator: Simulator, tmp_path: Path) -> None:
    done = host_pms("simulate", "--port", str(simulator.port), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert f"Port {simulator.port} cannot be used" in done.stderr
