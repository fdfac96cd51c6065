"""`host-pms runs`, `show`, `replay` and `drop` as a user runs them, with the storage's settings alone."""

import json
import os
import pty
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from subprocess import PIPE, Popen

import pytest
from commands import BARE, PATIENCE, SCRIPTS, files_below, host_pms, log_lines, started, variables

from host_pms.simulator.server import Simulator

HOTELS = ["HOTEL001", "HOTEL002"]
STORAGE = {"STORAGE": "local", "LOCAL_ROOT": "data"}
REGISTERED = "register"


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a closed run of two hotels, whose neighbours are gone."""
    folder = tmp_path_factory.mktemp("synced")
    with Simulator(hotels=2, bookings=20) as running:
        assert host_pms("sync", "--quiet", cwd=folder, given=variables(running)).returncode == 0
    return folder


@pytest.fixture(scope="module")
def left_open(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an open run of one hotel: the ESB took its first file and refuses the second."""
    folder = tmp_path_factory.mktemp("open")
    with Simulator(hotels=1, bookings=20, faults=["status=400@path=register,call=2-"]) as running:
        assert host_pms("sync", "--quiet", cwd=folder, given=variables(running)).returncode == 6
    return folder


@pytest.fixture
def folder(left_open: Path, tmp_path: Path) -> Path:
    """The open run's folder, for one test to change."""
    copytree(left_open, tmp_path / "here")
    return tmp_path / "here"


def everything(folder: Path) -> dict[str, bytes]:
    """Every file with its bytes, the hotels' state too."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def timestamp(folder: Path) -> str:
    """That of HOTEL001's one run, by its raw answer."""
    (config,) = folder.glob("data/dev-pms-raw-hotel-configs/HOTEL001/config-*.json")
    return config.stem.removeprefix("config-")


# --- runs ---


def test_runs_lists_every_hotel_without_any_key(synced: Path) -> None:
    before = everything(synced)
    done = host_pms("runs", cwd=synced, given=STORAGE)
    assert (done.returncode, done.stderr) == (0, "")
    header, *lines = done.stdout.splitlines()
    assert header.split() == ["hotel", "timestamp", "phase", "rows", "nights", "files", "rejected", "age"]
    assert [line.split()[0] for line in lines] == HOTELS
    assert {line.split()[2] for line in lines} == {"published"}
    assert everything(synced) == before


def test_runs_of_named_hotels_are_told_as_json_too(synced: Path) -> None:
    arguments = ("--hotel", "HOTEL002", "--hotel", "NOWHERE", "--hotel", "HOTEL002", "--json")
    done = host_pms("runs", *arguments, cwd=synced, given=STORAGE)
    known, unknown = json.loads(done.stdout)["hotels"]
    assert (done.returncode, done.stderr) == (0, "")
    assert unknown == {"hotelCode": "NOWHERE", "heldBy": None, "runs": [], "olderRuns": 0, "faults": []}
    ((name, body),) = (
        (name, body)
        for name, body in everything(synced).items()
        if "/HOTEL002/_state/runs/" in name and name.endswith(f"{known['runs'][0]['timestamp']}.json")
    )
    manifest = json.loads(body)
    (line,) = known["runs"]
    assert line["nights"] == manifest["counts"]["nights"] > 0
    assert (line["phase"], line["open"], line["files"], line["registered"]) == ("published", False, 3, 3)
    assert line["answers"] == manifest["progress"]["pages"]
    assert name.startswith(str(synced))


def test_runs_left_out_are_counted(synced: Path) -> None:
    done = host_pms("runs", "--last", "0", "--hotel", "HOTEL001", cwd=synced, given=STORAGE)
    assert done.stdout.splitlines() == ["No run is known.", "HOTEL001 has 1 older runs; --last shows more."]


def test_an_empty_storage_has_no_runs_and_gets_no_folder(tmp_path: Path) -> None:
    done = host_pms("runs", cwd=tmp_path, given=STORAGE)
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (0, "No run is known.\n", [])


def test_an_open_run_is_told_with_what_it_has_kept(left_open: Path) -> None:
    done = host_pms("runs", cwd=left_open, given=STORAGE)
    assert re.search(r"^HOTEL001 \d{8}T\d{6}Z open: register ", done.stdout, re.MULTILINE)
    assert re.search(r"^HOTEL001 \S+ has kept answers: config 1, reservation 1, ", done.stdout, re.MULTILINE)


def test_a_state_that_is_damaged_needs_a_person_and_hides_no_other_hotel(
    synced: Path, tmp_path: Path
) -> None:
    copytree(synced / "data", tmp_path / "data")
    head = tmp_path / "data/dev-pms-raw-hotel-configs/HOTEL001/_state/head.json"
    head.write_bytes(head.read_bytes()[:-10])
    done = host_pms("runs", cwd=tmp_path, given=STORAGE)
    assert done.returncode == 3
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == HOTELS
    assert done.stderr.startswith("HOTEL001: The state dev-pms-raw-hotel-configs/HOTEL001/_state/head.json ")
    assert host_pms("runs", "--hotel", "HOTEL001", cwd=tmp_path, given=STORAGE).returncode == 6


# --- show ---


def test_show_tells_all_that_is_known(synced: Path) -> None:
    done = host_pms("show", "HOTEL001", timestamp(synced), cwd=synced, given=STORAGE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"HOTEL001 {timestamp(synced)}: closed, published\n")
    for name in ("window", "watermark", "answers", "Files: 3 of 3 registered", "Counts", "Books"):
        assert name in done.stdout
    assert "example.org" not in done.stdout


def test_show_tells_the_manifest_as_json(synced: Path) -> None:
    stamp = timestamp(synced)
    done = host_pms("show", "HOTEL001", stamp, "--json", cwd=synced, given=STORAGE)
    shown = json.loads(done.stdout)
    path = synced / f"data/dev-pms-raw-hotel-configs/HOTEL001/_state/runs/{stamp}.json"
    kept = json.loads(path.read_bytes())
    assert shown["phase"] == kept.pop("outcome")
    assert {name: shown[name] for name in kept} == kept
    assert set(shown) - set(kept) == {"timestamp", "open", "phase"}


# --- replay ---


def test_replay_says_that_a_run_comes_out_the_same_and_writes_nothing(synced: Path) -> None:
    before = everything(synced)
    done = host_pms("replay", "HOTEL001", timestamp(synced), cwd=synced, given=STORAGE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "equal. Every file is byte for byte the same." in done.stdout
    assert everything(synced) == before


def test_replay_writes_the_files_to_a_new_folder_only(synced: Path, tmp_path: Path) -> None:
    stamp, out = timestamp(synced), tmp_path / "again"
    arguments = ("replay", "HOTEL001", stamp, "--out", str(out))
    done = host_pms(*arguments, cwd=synced, given=STORAGE)
    assert done.returncode == 0
    published = files_below(synced / "data")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        Path(name).name: body
        for name, body in published.items()
        if stamp in name and "HOTEL001" in name and "-raw-" not in name and "queues" not in name
    }
    again = host_pms(*arguments, cwd=synced, given=STORAGE)
    assert (again.returncode, again.stdout, again.stderr.count("\n")) == (2, "", 1)
    assert "is no empty folder" in again.stderr
    (tmp_path / "file").write_text("mine")
    refused = host_pms(*arguments[:-1], str(tmp_path / "file" / "below"), cwd=synced, given=STORAGE)
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
    assert (tmp_path / "file").read_text() == "mine"


def test_replay_of_a_damaged_answer_needs_a_person(synced: Path, tmp_path: Path) -> None:
    copytree(synced / "data", tmp_path / "data")
    stamp = timestamp(tmp_path)
    name = f"dev-pms-raw-reservations/HOTEL001/reservation-{stamp}-00001.json"
    damaged = tmp_path / "data" / name
    damaged.write_bytes(damaged.read_bytes().replace(b"guest", b"ghost", 1))
    done = host_pms("replay", "HOTEL001", stamp, "--json", cwd=tmp_path, given=STORAGE)
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"]) == (6, "damaged")
    assert [f"{one['bucket']}/{one['key']} {one['fault']}" for one in report["damaged"]] == [
        f"{name} has other bytes"
    ]
    assert "example.org" not in done.stdout + done.stderr
    quiet = host_pms("replay", "HOTEL001", stamp, "--quiet", cwd=tmp_path, given=STORAGE)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (6, "", "")


def test_replay_with_other_settings_names_the_first_difference(synced: Path) -> None:
    given = {**STORAGE, "RESERVATION_ID_FORMAT": "numeric"}
    done = host_pms("replay", "HOTEL001", timestamp(synced), "--json", cwd=synced, given=given)
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"]) == (6, "different")
    assert [file["equal"] for file in report["files"]] == [True, True, False]
    assert report["files"][2]["firstDifference"]["fields"] == ["reservationIdExternal"]


# --- drop ---


def test_drop_asks_nobody_where_nobody_can_answer(folder: Path) -> None:
    stamp, before = timestamp(folder), everything(folder)
    refused = host_pms("drop", "HOTEL001", stamp, cwd=folder, given=STORAGE)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--yes" in refused.stderr
    assert everything(folder) == before

    done = host_pms("drop", "HOTEL001", stamp, "--yes", cwd=folder, given=STORAGE)
    assert (done.returncode, done.stdout) == (
        0,
        f"Dropped HOTEL001 {stamp}; the next run reads anew.\n",
    )
    assert [line["event"] for line in log_lines(done.stderr)] == ["run_abandoned"]
    shown = json.loads(host_pms("show", "HOTEL001", stamp, "--json", cwd=folder, given=STORAGE).stdout)
    assert (shown["phase"], shown["reason"]) == ("abandoned", "Dropped by an operator")

    again = host_pms("drop", "HOTEL001", stamp, "--yes", cwd=folder, given=STORAGE)
    assert (again.returncode, again.stdout) == (2, "")
    assert "is closed (abandoned)" in again.stderr


def test_drop_of_a_hotel_that_is_held_is_busy(folder: Path) -> None:
    stamp = timestamp(folder)
    with Simulator(hotels=1, faults=["no-answer@path=parameters"]) as slow:
        given = variables(slow, LOG_FORMAT="json")
        with started("sync", "--hotel", "HOTEL001", cwd=folder, given=given) as worker:
            assert worker.stderr is not None
            until_resumed = next(line for line in worker.stderr if "run_resumed" in line)
            assert stamp in until_resumed
            done = host_pms("drop", "HOTEL001", stamp, "--yes", cwd=folder, given=STORAGE)
            held = host_pms("runs", cwd=folder, given=STORAGE)
    assert (done.returncode, done.stdout) == (5, "")
    assert "Another worker holds HOTEL001." in done.stderr
    assert "HOTEL001 is held by " in held.stdout


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal: what the person has, and what the command has."""
    person, command = pty.openpty()
    yield person, command
    os.close(person)
    os.close(command)


def at_terminal(folder: Path, stamp: str, command: int) -> Popen[str]:
    return Popen(
        [SCRIPTS / "host-pms", "drop", "HOTEL001", stamp],
        cwd=folder,
        env={**BARE, **STORAGE},
        stdin=command,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    )


def asked(process: Popen[str]) -> str:
    """What is said up to the question, which has no end of line."""
    assert process.stderr is not None
    said = ""
    while "[y/N]" not in said:
        letter = process.stderr.read(1)
        assert letter, said
        said += letter
    return said


@pytest.mark.parametrize(
    ("answer", "phase"), [(b"y\n", "abandoned"), (b"n\n", REGISTERED), (b"\n", REGISTERED)]
)
def test_drop_asks_a_person_and_does_as_told(
    folder: Path, terminal: tuple[int, int], answer: bytes, phase: str
) -> None:
    stamp = timestamp(folder)
    with at_terminal(folder, stamp, terminal[1]) as process:
        question = asked(process)
        os.write(terminal[0], answer)
        output, _ = process.communicate(timeout=PATIENCE)
    assert question.startswith(
        f"HOTEL001 {stamp}: open, register. Files: 1 of 3 registered.\nNothing is lost"
    )
    assert process.returncode == 0
    assert output.strip().startswith("Dropped" if phase == "abandoned" else "Nothing was changed.")
    shown = json.loads(host_pms("show", "HOTEL001", stamp, "--json", cwd=folder, given=STORAGE).stdout)
    assert shown["phase"] == phase


def test_ctrl_c_at_the_question_changes_nothing(folder: Path, terminal: tuple[int, int]) -> None:
    stamp, before = timestamp(folder), everything(folder)
    with at_terminal(folder, stamp, terminal[1]) as process:
        asked(process)
        process.send_signal(signal.SIGINT)
        output, error = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output.strip()) == (130, "")
    assert "Nothing was changed." in error
    assert "Traceback" not in error
    assert everything(folder) == before


# --- usage ---


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "HOTEL001", "yesterday"), "'yesterday' is no timestamp of a run"),
        (("replay", "HOTEL001", "20200101T000000Z"), "`host-pms runs --hotel HOTEL001` lists those that are"),
        (("drop", "NOWHERE", "20200101T000000Z", "--yes"), "No run 20200101T000000Z of NOWHERE is known"),
        (("runs", "--hotel", "../x"), "'../x' is no hotel code"),
    ],
    ids=["show", "replay", "drop", "runs"],
)
def test_a_run_that_cannot_be_is_refused_in_one_line(
    synced: Path, arguments: tuple[str, ...], says: str
) -> None:
    before = everything(synced)
    done = host_pms(*arguments, cwd=synced, given=STORAGE)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr
    assert everything(synced) == before


@pytest.mark.parametrize(
    ("command", "example"),
    [
        ("runs", "host-pms runs --json | jq '.hotels[].runs[] | select(.open)'"),
        ("show", "host-pms show LISBOA 20240115T103045Z"),
        ("replay", "host-pms replay LISBOA 20240115T103045Z --out again"),
        ("drop", "host-pms drop LISBOA 20240115T103045Z --yes"),
    ],
)
def test_help_shows_examples_and_needs_no_settings(tmp_path: Path, command: str, example: str) -> None:
    done = host_pms(command, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert example in done.stdout


def test_settings_come_from_a_file_too_and_their_faults_are_told(synced: Path, tmp_path: Path) -> None:
    settings = tmp_path / "my.env"
    settings.write_text(f"STORAGE=local\nLOCAL_ROOT={synced / 'data'}\nESB_API_KEY=<of .env.example>\n")
    done = host_pms("runs", "--env-file", str(settings), cwd=tmp_path)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 3)
    wrong = host_pms("runs", cwd=tmp_path, given={**STORAGE, "STORAGE": "cloud", "LEASE_TTL": "1s"})
    assert wrong.returncode == 2
    assert re.findall(r"^ +([A-Z_]+): ", wrong.stderr, re.MULTILINE) == ["LEASE_TTL", "STORAGE"]
