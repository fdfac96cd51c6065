"""Numbers, each of which is new once."""

from hypothesis import given
from hypothesis import strategies as st

from host_pms.transformers.numbers import Numbers

numbers = st.integers(0, 2**64 - 1) | st.integers(0, 40).map(lambda number: number * 4096)


@given(st.lists(numbers))
def test_a_number_is_new_once(given_numbers: list[int]) -> None:
    found, known = Numbers(), set[int]()
    for number in given_numbers:
        assert found.add(number) is (number not in known)
        known.add(number)
