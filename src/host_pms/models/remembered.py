"""What was made of a key is remembered, for as long as keys come again and again."""

from collections.abc import Callable
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(dict[Key, Value]):
    """What `make` gives for a key, made once: `remembered[key]` takes half the time of an `lru_cache`.

    It is emptied when it holds `at_most`; what comes again and again is soon back. Keys of one instance must
    be of one type, since True is found under 1. What `make` raises is raised, and not remembered.
    """

    def __init__(self, make: Callable[[Key], Value], *, at_most: int = 8192) -> None:
        super().__init__()
        self._make = make
        self._at_most = at_most

    def __missing__(self, key: Key) -> Value:
        if len(self) >= self._at_most:
            self.clear()
        value = self[key] = self._make(key)
        return value
