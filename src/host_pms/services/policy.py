"""How runs are made, as the settings say."""

from dataclasses import dataclass, field
from datetime import timedelta

from host_pms.models.run import Buckets
from host_pms.services.temporary import Temporary
from host_pms.transformers.reservation import IdFormat


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What holds for every run: where files go, how far is read, what is tolerated.

    `reject_limit` is a share of a dataset's rows (R18). Of a list, so many pages are fetched ahead of the
    one that is asked for; 0 means one after the other.
    """

    buckets: Buckets
    lookback: timedelta
    inventory_horizon: timedelta
    records_per_file: int
    reject_limit: float
    id_format: IdFormat
    lease_ttl: timedelta
    temporary: Temporary = field(default_factory=Temporary)
