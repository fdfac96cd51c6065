"""R14: the numbers that reservations were given, to find two that have the same one."""

from array import array
from bisect import bisect_left
from collections import defaultdict

_LISTS = 4096


class Numbers:
    """Numbers of up to 64 bits that are spread evenly: 10 bytes each, where a set takes 85.

    Sorted lists, one for each remainder: of 330,000 numbers each holds 80, where one is found and put in a
    microsecond.
    """

    def __init__(self) -> None:
        # Made when needed: an ordinary night has a few hundred numbers, and 4096 lists take a millisecond.
        self._lists: defaultdict[int, array[int]] = defaultdict(lambda: array("Q"))

    def add(self, number: int) -> bool:
        """Whether it is new."""
        listed = self._lists[number % _LISTS]
        place = bisect_left(listed, number)
        if place < len(listed) and listed[place] == number:
            return False
        listed.insert(place, number)
        return True
