"""The benchmarks run, and what in them is no matter of time holds on every machine."""

from benchmarks import measured


def test_a_cold_start_loads_nothing_that_only_some_calls_need() -> None:
    assert measured("start", "1")["heavy"] == []
