"""Whether processes that share a key keep its limit and use it; one JSON line.

Eight processes of sixteen that there may be call with one key: 200 calls a minute for three windows
of 61 s, `steady`; and the same while nobody reaches the table in the middle, `outage`. The Host API is the
simulator, whose gateway counts and refuses what is over its limit; moto's server stands in for DynamoDB.

    python benchmarks/rate_budget.py [processes] [windows] [faster]
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from subprocess import PIPE, Popen
from threading import Lock, Thread, Timer
from typing import Any, TextIO, cast

from machine import machine
from pydantic import SecretStr
from simulated import Options, simulated

from host_pms.bootstrap import application
from host_pms.clock import Stop, SystemClock
from host_pms.config.settings import given_settings
from host_pms.errors import StoppedError
from host_pms.events import Event, EventName

LIMIT = 200
WINDOW = 61.0
MINUTE = 60.0
HOTEL = "HOTEL001"
TABLES = count(1)
REGION = "eu-west-1"
DAWN = datetime(2024, 1, 15, tzinfo=UTC)
LEAST_USED = 0.85


class FastClock(SystemClock):
    """The machine's clock, whose seconds are shorter; it remembers what it told last."""

    faster = 1.0
    told = 0.0

    def now(self) -> datetime:
        """As the monotonic one, from a day on."""
        return DAWN + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Seconds since the machine's start."""
        FastClock.told = super().monotonic() * FastClock.faster
        return FastClock.told

    def sleep(self, seconds: float) -> None:
        """Wait."""
        super().sleep(seconds / FastClock.faster)


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a process is told to do."""

    host_url: str
    host_key: str
    table_url: str
    table: str
    processes: int
    seconds: float
    faster: float


def call(task: Task) -> None:
    """Call as often as may be, for so long; say when each call was let through, on the common clock."""
    FastClock.faster = task.faster
    stop, events, times = Stop(), [], []
    settings = given_settings(
        aws_region=REGION,
        aws_endpoint_url=task.table_url,
        esb_api_key=SecretStr("unused"),
        host_api_base_url=task.host_url,
        host_api_subscription_key=SecretStr(task.host_key),
        host_api_rate_limit=LIMIT,
        rate_budget_table=task.table,
        rate_budget_processes=task.processes,
    )
    with application(settings, stop, events.append, dry_run=True, clock=FastClock(stop)) as wired:
        wired.world.pms.config(HOTEL)
        times.append(FastClock.told)
        print("ready", flush=True)
        sys.stdin.readline()
        Timer(task.seconds / task.faster, stop.asked.set).start()
        try:
            while True:
                wired.world.pms.config(HOTEL)
                times.append(FastClock.told)
        except StoppedError:
            pass
    print(json.dumps({"times": times, "warned": sum(map(_warns, events))}))


def _warns(event: Event) -> bool:
    return event.name is EventName.RATE_BUDGET_UNREACHABLE


class Table:
    """moto's server with the table, which answers one request after the other, or none while it `is_out`."""

    def __init__(self) -> None:
        """Listen."""
        from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 - the processes that call do without
            DomainDispatcherApplication,
            create_backend_app,
        )
        from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: PLC0415 - likewise

        class Quiet(WSGIRequestHandler):
            def log_request(self, *_: object) -> None:
                pass

        self.name = f"rate-budget-{next(TABLES)}"  # moto remembers them all
        self.is_out = False
        self._backend = DomainDispatcherApplication(create_backend_app)
        self._alone = Lock()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if self.is_out:
            start("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        with self._alone:  # DynamoDB's conditional put is one step, and moto's is not
            return list(self._backend(environ, start))

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve while this lasts, with an empty table."""
        from boto3.session import Session  # noqa: PLC0415 - likewise

        thread = Thread(target=self._server.serve_forever)
        thread.start()
        try:
            session = Session(aws_access_key_id="nobody", aws_secret_access_key="nothing")  # noqa: S106
            session.client("dynamodb", endpoint_url=self.url, region_name=REGION).create_table(
                TableName=self.name,
                KeySchema=[{"AttributeName": "rate_key", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "rate_key", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
            yield
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


def run(processes: int, windows: int, faster: float, *, outage: bool) -> dict[str, Any]:
    """Let them call, and count."""
    options = Options(hotels=1, bookings=1, latency=0.0, limited_calls=LIMIT, limited_seconds=MINUTE / faster)
    table, seconds = Table(), windows * WINDOW
    with ExitStack() as stack:
        server = stack.enter_context(simulated(options))
        stack.enter_context(table.serving())
        task = Task(
            host_url=server.told["host_url"],
            host_key=server.told["host_key"],
            table_url=table.url,
            table=table.name,
            processes=2 * processes,
            seconds=seconds,
            faster=faster,
        )
        callers = [stack.enter_context(started(task)) for _ in range(processes)]
        for caller in callers:
            cast("TextIO", caller.stdout).readline()
        began = time.monotonic() * faster
        for caller in callers:
            print("go", file=caller.stdin, flush=True)
        if outage:
            time.sleep(seconds / faster / 3)
            table.is_out = True
            time.sleep(seconds / faster / 3)
            table.is_out = False
        told = [json.loads(caller.communicate()[0]) for caller in callers]
    times = sorted(time for caller in told for time in caller["times"])
    return {
        "calls": len(times),
        "most in a minute": most_in_a_minute(times),
        "used": round(sum(began <= time < began + seconds for time in times) / (LIMIT * windows), 3),
        "refused by the gateway": server.refused,
        "warned": sum(caller["warned"] for caller in told),
    }


@contextmanager
def started(task: Task) -> Iterator[Popen[str]]:
    """A process that calls; one that has not ended by itself is killed."""
    command = [sys.executable, __file__, json.dumps(asdict(task))]
    environment = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing"}
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True, env=environment) as process:  # noqa: S603 - this file
        try:
            yield process
        finally:
            process.kill()


def most_in_a_minute(times: list[float]) -> int:
    """The most calls in the 60 s up to any of them."""
    first, most = 0, 0
    for last, moment in enumerate(times):
        while times[first] <= moment - MINUTE:
            first += 1
        most = max(most, last - first + 1)
    return most


def report(processes: int = 8, windows: int = 3, faster: float = 1.0) -> dict[str, object]:
    """Both runs."""
    runs = {name: run(processes, windows, faster, outage=name == "outage") for name in ("steady", "outage")}
    kept = all(figures["most in a minute"] <= LIMIT for figures in runs.values())
    return {
        "benchmark": "rate budget",
        "goal": f"at most {LIMIT} in any minute, and >= {LEAST_USED} of it used",
        "limit": LIMIT,
        "processes": processes,
        "kept": kept and runs["steady"]["used"] >= LEAST_USED,
        **runs,
        "machine": machine(),
    }


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1].startswith("{"):
        call(Task(**json.loads(sys.argv[1])))
    else:
        given = [float(argument) for argument in sys.argv[1:]]
        print(json.dumps(report(*(int(number) for number in given[:2]), *given[2:])))
