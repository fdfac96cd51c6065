"""R14: the numbers that reservations were given, to find two that have the same one."""

from array import array
from bisect import bisect_left

_LISTS = 4096


class Numbers:
    """Numbers of up to 64 bits that are spread evenly: 10 bytes each, where a set takes 85.

    Sorted lists, one for each remainder: of 330,000 numbers each holds 80, where one is found and put in a
    microsecond.
    """

    def __init__(self) -> None:
        self._lists = [array("Q") for _ in range(_LISTS)]

    def add(self, number: int) -> bool:
        """Whether it is new."""
        listed = self._lists[number % _LISTS]
        place = bisect_left(listed, number)
        if place < len(listed) and listed[place] == number:
            return False
        listed.insert(place, number)
        return True
