"""The benchmarks run, and what in them is no matter of time holds on every machine."""

from benchmarks import measured


def test_a_cold_start_loads_nothing_that_only_some_calls_need() -> None:
    assert measured("start", "1")["heavy"] == []


def test_the_command_ends_as_documented_each_way() -> None:
    told = measured("shutdown", "5")
    assert (told["faults"], told["ratio"]) == ([], 1.0)


def test_a_night_of_a_hotel_takes_few_calls() -> None:
    told = measured("fleet", "1", "2")
    # 13 windows of the grid, the configuration, and a page or two of each list; revenue perhaps twice (S10).
    assert 16 <= told["calls a hotel"] <= 20


def test_no_page_of_two_long_lists_is_read_twice_and_the_limit_is_kept() -> None:
    told = measured("paging", "300")
    assert told["limited"]["refused"] == 0
    assert told["limited"]["pages"] == told["unlimited"]["pages"] > 5


def test_processes_that_share_a_key_keep_its_limit_while_the_table_is_there_and_while_it_is_not() -> None:
    told = measured("rate_budget", "3", "2", "20")
    for name in ("steady", "outage"):
        assert 0 < told[name]["most in a minute"] <= told["limit"]
        assert told[name]["used"] > 0.4
    assert (told["steady"]["warned"], told["outage"]["warned"]) == (0, 3)


def test_a_run_that_is_gone_on_with_reads_what_it_kept_and_reads_it_ahead() -> None:
    told = measured("resume", "2000")
    assert told["pages"] > 40
    assert 1 < told["reads at once"] <= 8 + 1  # the hotel's own thread does not wait for one of the eight


def test_the_transform_is_far_faster_than_the_usual_way_and_not_far_from_mere_decoding() -> None:
    """Ratios within one run, with room for other work on the machine; small hotels do worse."""
    told = measured("transform", "2", "1500")
    assert told["baseline"]["ratio"] >= 2.0
    assert told["floor"]["ratio"] <= 7.0
    assert told["baseline where amounts differ"]["ratio"] >= 1.5
    assert told["floor where amounts differ"]["ratio"] <= 10.0


def test_a_first_import_of_four_times_the_nights_takes_little_more_memory() -> None:
    """Were all that is read held in memory, the longer one would take 1.7 times that of the shorter."""
    assert measured("memory", "15000", "60000")["memory"]["ratio"] <= 1.5
