"""What is asked about past runs, and given to whoever gives one up: the stores, without Host and the ESB."""

from collections.abc import Callable
from dataclasses import dataclass

from host_pms.events import Notify
from host_pms.ports import Clock, HeadStore, ObjectStore


@dataclass(frozen=True, kw_only=True)
class Archive:
    """The hotels' state and raw answers, and who holds a hotel.

    `new_owner` and `is_gone` are those of `Neighbours`.
    """

    store: ObjectStore
    heads: HeadStore
    clock: Clock
    notify: Notify
    new_owner: Callable[[], str]
    is_gone: Callable[[str], bool]
