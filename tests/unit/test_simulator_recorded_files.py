"""Files of bookings that cannot be read, and what is told of them."""

from pathlib import Path

import pytest
from recorded_lines import file_of

from host_pms.simulator.recorded import BookingsFileError, read_recording


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"adr": "free"}, "adr 'free' is no amount"),
        ({"adr": "NaN"}, "adr 'NaN' is no amount"),
        ({"adr": "1.23456"}, "adr '1.23456' is no amount in thousandths"),
        ({"adults": "-1"}, "adults '-1' is no number"),
        ({"adults": "NA"}, "adults 'NA' is no number"),
        ({"lead_time": ""}, "lead_time '' is no number"),
        ({"lead_time": "99999999999"}, ""),
        ({"lead_time": "999999"}, ""),
        ({"stays_in_week_nights": "1.5"}, "stays_in_week_nights '1.5' is no number"),
        ({"stays_in_week_nights": "1001"}, "a stay of 1002 nights is too long"),
        ({"arrival_date_month": "Mars"}, "arrival_date_month 'Mars' is no month"),
        ({"arrival_date_day_of_month": "32"}, "day is out of range for month"),
        ({"arrival_date_year": "MMXVI"}, "invalid literal"),
        ({"reservation_status": "Gone"}, "reservation_status 'Gone' is none of Check-Out, Canceled, No-Show"),
        ({"reservation_status_date": "03/23/2016"}, "Invalid isoformat string"),
        ({"hotel": "Sea Hotel,too many"}, "not as many fields as the header"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_by_its_number(
    tmp_path: Path, wrong: dict[str, str], told: str
) -> None:
    path = file_of(tmp_path, {}, {}, wrong, {})
    with pytest.raises(BookingsFileError, match=r"^bookings\.csv line 4: ") as error:
        read_recording(path)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_line_that_breaks_off_is_told_by_its_number(tmp_path: Path) -> None:
    path = file_of(tmp_path, {})
    path.write_text(f"{path.read_text()}Sea Hotel,0,10\n")
    with pytest.raises(BookingsFileError, match=r"^bookings\.csv line 3: not as many fields"):
        read_recording(path)


def test_quotes_that_do_not_end_are_told(tmp_path: Path) -> None:
    path = file_of(tmp_path, {}, {"meal": '"BB'})
    with pytest.raises(BookingsFileError, match=r"^bookings\.csv line 3: "):
        read_recording(path)


def test_a_file_without_the_columns_is_told_which(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    for text in ("hotel,adr,Name\n", ""):
        path.write_text(text)
        with pytest.raises(BookingsFileError, match=r"^other\.csv line 1: the header lacks .*babies"):
            read_recording(path)


@pytest.mark.parametrize("hotel_name", [None, "Sky Hotel"])
def test_a_hotel_must_be_named_where_there_are_several(tmp_path: Path, hotel_name: str | None) -> None:
    path = file_of(tmp_path, {}, {"hotel": "City Hotel"})
    with pytest.raises(BookingsFileError, match="'Sea Hotel', 'City Hotel'"):
        read_recording(path, hotel_name=hotel_name)


def test_a_file_without_bookings_is_told(tmp_path: Path) -> None:
    with pytest.raises(BookingsFileError, match="none"):
        read_recording(file_of(tmp_path))


def test_what_is_no_such_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BookingsFileError, match="cannot be read: No such file"):
        read_recording(tmp_path / "missing.csv")
    packed = file_of(tmp_path, *[{} for _ in range(500)], name="cut.csv.gz")
    packed.write_bytes(packed.read_bytes()[:-30])
    with pytest.raises(BookingsFileError, match=r"^cut\.csv\.gz line \d+: Compressed file ended"):
        read_recording(packed)
    packed.write_text("hotel\n")
    with pytest.raises(BookingsFileError, match="Not a gzipped file"):
        read_recording(packed)
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BookingsFileError, match=r"^binary\.csv line 1: "):
        read_recording(binary)
