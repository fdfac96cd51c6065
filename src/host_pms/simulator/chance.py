"""Chance that repeats itself: everything invented is drawn from a seed."""

from random import Random


def seeded(seed: int, name: str) -> Random:
    """A source of its own for each name, so that one hotel's draws do not shift another's."""
    return Random(f"{seed}/{name}")  # noqa: S311 -- invented bookings hold no secret, and must repeat


def one_in(rng: Random, times: int) -> bool:
    """True once in so many times."""
    return not rng.randrange(times)
