"""What the transform is measured against must do the same work: the baseline passes the worked examples."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from golden_cases import NAMES, exact_json, load

FILE = Path(__file__).parents[2] / "benchmarks" / "baseline.py"


@pytest.fixture(scope="module")
def baseline() -> ModuleType:
    spec = importlib.util.spec_from_file_location("baseline", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for their annotations
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_the_baseline_comes_to_the_same_records(baseline: ModuleType, name: str) -> None:
    case = load(name)
    found = baseline.reservations_file(
        case.body("config"),
        [case.body("reservations")],
        [case.body("revenue")],
        first_import=case.first_import,
    )
    assert exact_json(found) == case.expected("reservations")
