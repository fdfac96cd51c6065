"""The documentation says what the product does: every command, setting, event and exit code."""

import re
from pathlib import Path

import pytest
import typer.main

from host_pms.cli import app
from host_pms.config.settings import Settings
from host_pms.events import EventName
from host_pms.services.fleet import SOME_FAILED, Outcome

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text()
DOCUMENTS = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md")])


def commands() -> set[str]:
    return set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def options(command: str = "sync") -> set[str]:
    found = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    return {name for parameter in found.params for name in parameter.opts if name.startswith("--")}


def test_every_command_is_in_the_readme() -> None:
    assert commands() == set(re.findall(r"^\| `host-pms (\w+)`", README, re.MULTILINE))


@pytest.mark.parametrize("command", ["sync", "runs", "show", "replay", "drop"])
def test_every_option_of_daily_use_is_in_the_readme(command: str) -> None:
    assert options(command) - {"--version", "--help"} <= set(re.findall(r"--[a-z-]+", README))


def test_every_option_that_the_documents_name_exists() -> None:
    known = {name for command in commands() for name in options(command)} | {"--help", "--strict"}
    for document in DOCUMENTS:
        ours = re.sub(r"^ +(aws|docker) .*$", "", document.read_text(), flags=re.MULTILINE)
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours)) <= known, document.name


def test_every_setting_is_documented_and_in_the_example() -> None:
    fields = {name.upper() for name in Settings.model_fields}
    table = (PROJECT / "docs" / "settings.md").read_text()
    rows = {name for line in table.splitlines() if line.startswith("| `") for name in first_cell(line)}
    assert rows == fields
    example = (PROJECT / ".env.example").read_text()
    assert set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE)) == fields


def first_cell(line: str) -> list[str]:
    return re.findall(r"`([A-Z0-9_]+)`", line.split("|")[1])


def test_every_event_is_documented() -> None:
    table = (PROJECT / "docs" / "logs.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [event.value for event in EventName]


def test_every_exit_code_is_documented() -> None:
    codes = {outcome.value for outcome in Outcome} | {SOME_FAILED}
    assert {int(code) for code in re.findall(r"^\| (\d) \|", README, re.MULTILINE)} == codes


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_every_rule_is_named_where_it_is_applied() -> None:
    source = "\n".join(path.read_text() for path in (PROJECT / "src" / "host_pms").rglob("*.py"))
    named = set(re.findall(r"\bR(\d+)\b", source))
    assert {str(number) for number in range(1, 20)} <= named


def test_the_tests_that_show_what_is_promised_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)`", (PROJECT / "docs" / "delivery.md").read_text())
    assert len(set(named)) > 10
    assert [name for name in named if not (PROJECT / name).is_file()] == []
