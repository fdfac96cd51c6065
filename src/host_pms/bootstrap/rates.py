"""How fast a key is called as `settings` say: by this process alone, or by several that share its limit."""

from host_pms.bootstrap.storage import aws
from host_pms.clients.budget import Budget
from host_pms.clients.ledger import Terms
from host_pms.config.settings import Settings
from host_pms.errors import ConnectorError
from host_pms.events import Event, EventName, Notify
from host_pms.ports import Clock

_SECONDS_BETWEEN_WARNINGS = 300.0


def calls_per_minute(settings: Settings) -> int:
    """A key's limit where a table shares it out, else this process's share of it; 0 for none."""
    terms = _terms(settings)
    return terms.limit if settings.rate_budget_table or not terms.limit else terms.share


def shared_budget(settings: Settings, *, name: str, clock: Clock, notify: Notify) -> Budget | None:
    """What shares a key's limit with other processes; None where there is no table for that."""
    if settings.rate_budget_table is None:
        return None
    from host_pms.aws.budget import DynamoRates  # noqa: PLC0415 - only what is used is loaded

    place = aws(settings)
    table = DynamoRates(
        settings.rate_budget_table, region=place["region"], endpoint_url=place["endpoint_url"]
    )
    share = _terms(settings).share
    told: list[float] = []

    def warn(fault: ConnectorError) -> None:
        if not told or clock.monotonic() - told[-1] >= _SECONDS_BETWEEN_WARNINGS:
            told.append(clock.monotonic())
            notify(_unreachable(fault, share))

    return Budget(table=table, clock=clock, processes=settings.rate_budget_processes, name=name, warn=warn)


def _terms(settings: Settings) -> Terms:
    return Terms(limit=settings.host_api_rate_limit, processes=settings.rate_budget_processes)


def _unreachable(fault: ConnectorError, share: int) -> Event:
    return Event(
        name=EventName.RATE_BUDGET_UNREACHABLE,
        source=__name__,
        message=f"{fault} This process keeps to its share of the rate limit.",
        context={"calls_per_minute": share},
    )
