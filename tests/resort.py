"""Finds the real bookings that some tests run on; they are no part of this repository."""

import os
from pathlib import Path

import pytest

NAME = "resort_bookings.csv.gz"
VARIABLE = "HOST_PMS_BOOKINGS"
BESIDE = Path(__file__).parents[2]


def bookings_file() -> Path:
    """Where the file lies; the test that asks is skipped where it is not there."""
    named = os.environ.get(VARIABLE)
    found = [Path(named)] if named else sorted(BESIDE.glob(f"*/data/{NAME}"))
    if not found or not found[0].is_file():
        pytest.skip(f"{NAME} is not there; {VARIABLE} may say where it is")
    return found[0]
