"""The options of `host-pms simulate`; the simulator itself is an extra, which only the call needs."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

SIMULATE_EPILOG = (
    r"Faults: KIND\[=VALUE]\[@CONDITION,…], for instance status=503@call=7 or reset@path=register,p=0.1."
    "\n\n"
    "Kinds: status, throttle, quota, inner-status, html, empty, gzip-bomb, delay, drip, drip-headers, "
    "no-answer, reset, truncate, bad-gzip, duplicate-page, shifted-page, page-cap, no-total-rows, "
    "total-rows, clock-skew, hotel-code.\n\n"
    "Conditions: path=TEXT, hotel=CODE, call=N, call=N-M, call=N-, p=SHARE.\n\n"
    "Examples:\n\n"
    "host-pms simulate --port 8080 --hotels 5 --seed 7\n\n"
    "host-pms simulate --rate-limit 200 --latency 50ms --churn 2 --fault truncate@call=9"
)


def simulate(  # noqa: PLR0917 - typer's options; nobody calls a command by position
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where to listen, on 127.0.0.1; 0: any free port.")
    ] = 8080,
    hotels: Annotated[
        int | None, typer.Option(min=1, max=1000, help="How many invented hotels; 3 unless given.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Other seeds, other hotels; the same seed, the same ones.")] = 1,
    bookings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Serve a real hotel's bookings: a .csv or .csv.gz file."),
    ] = None,
    hotel_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which hotel of the file, if there are several.")
    ] = None,
    now: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S"],
            metavar="DATETIME",
            help="Where the hotels' clock stands; invented bookings lie around it.",
        ),
    ] = None,
    order: Annotated[
        Literal["id", "last_update", "newest"], typer.Option(help="How rows are ordered.")
    ] = "id",
    churn: Annotated[
        int, typer.Option(min=0, help="Change so many bookings before each page of a list.")
    ] = 0,
    rate_limit: Annotated[int, typer.Option(min=0, help="Calls a minute and key; 0: no limit.")] = 0,
    retry_after: Annotated[
        Literal["seconds", "date", "none", "maximum", "mixed"],
        typer.Option(
            help="How a 429 tells the wait: in its header, only in its text, not at all, or in turn."
        ),
    ] = "seconds",
    quota: Annotated[int, typer.Option(min=0, help="Calls a day and key; 0: no quota.")] = 0,
    latency: Annotated[str, typer.Option(metavar="DURATION", help="Answer so much later: 50ms, 2s.")] = "0ms",
    jitter: Annotated[
        str, typer.Option(metavar="DURATION", help="And up to so much more, by chance.")
    ] = "0ms",
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="SPEC", help="Make a fault, see below; may be given several times."),
    ] = None,
) -> None:
    """Serve hotels, invented or real: a Host PMS API and a Climber ESB on this machine, until Ctrl-C."""
    from host_pms import demo  # noqa: PLC0415 - needs the simulator, which is an extra

    demo.simulate(
        demo.SimulatorOptions(
            port=port,
            hotels=hotels,
            seed=seed,
            bookings=bookings,
            hotel_name=hotel_name,
            now=now,
            order=order,
            churn=churn,
            rate_limit=rate_limit,
            retry_after=retry_after,
            quota=quota,
            latency=latency,
            jitter=jitter,
            faults=fault or (),
        )
    )
