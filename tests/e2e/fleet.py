"""60 hotels through the stack as `make deploy` deploys it, on MiniStack; stops at the first fault.

    make e2e

One hotel's key is wrong; one hotel's first import takes many calls of the function, one of which is killed.
The publications must be those of one local `host-pms sync` of the same hotels.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from commands import files_below, host_pms, variables
from ministack import Account, ministack
from published import named_alike, of_published
from stack import ARTIFACTS, Stack, create_artifacts, create_secrets, stack_of

from host_pms.simulator.hotels import BookedHotel, synthetic_hotels
from host_pms.simulator.server import Simulator

PROJECT = Path(__file__).parents[2]
HOTELS, DENIED, LONG = 60, "HOTEL007", "HOTEL060"
DAY = timedelta(days=1)
AT_ONCE = 6
FUNCTION_SECONDS = 50
"""45 of them are kept in reserve, so a call reads for 5 at most."""
LEAST_HOPS = 5
WAIT_SCALE = 0.1
PATIENCE = 1200.0
BEGAN = time.monotonic()


def main() -> None:
    """Go through it all, from an empty account."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        with serving() as simulator, ministack(_made(here / "ministack"), wait_scale=WAIT_SCALE) as account:
            secrets = create_secrets(account, simulator, {"*": simulator.host_key})
            create_artifacts(account)
            parameters = {
                **secrets,
                "EsbBaseUrl": simulator.esb_url,
                "HostApiBaseUrl": simulator.host_url,
                "HostApiRateLimit": "60000",
                "ScheduleState": "DISABLED",
                "FunctionTimeout": str(FUNCTION_SECONDS),
            }
            make_deploy(account, parameters)
            stack = stack_of(account)
            first_imports(stack, simulator)
            compare(stack, simulator, _made(here / "local"))
            too_many_fail(stack, simulator, parameters)
            schedule_starts(stack, parameters)
    say("all of it holds")


def serving() -> Simulator:
    """60 hotels; one of them with a history, which answers slowly, one with a key that nobody was told."""
    small: Sequence[BookedHotel] = synthetic_hotels(HOTELS - 1, seed=1, bookings=10)
    large = synthetic_hotels(HOTELS, seed=1, bookings=1500)[-1:]
    faults = [f"delay=1500ms@hotel={LONG}"]
    return Simulator(hotels=[*small, *large], host_keys={DENIED: "its-own-key"}, faults=faults)


def make_deploy(account: Account, parameters: Mapping[str, str]) -> None:
    """`make deploy` as a user does it, but for what the guided way would ask."""
    overrides = " ".join(f"{name}={value}" for name, value in parameters.items())
    options = (
        f"--no-confirm-changeset --no-progressbar --s3-bucket {ARTIFACTS} --parameter-overrides {overrides}"
    )
    done = subprocess.run(
        ["make", "deploy", f"ARGS={options}"],
        cwd=PROJECT,
        env={**os.environ, **account.variables},
        capture_output=True,
        text=True,
        check=False,
    )
    check(done.returncode == 0, f"make deploy failed:\n{done.stdout}{done.stderr}")
    say(next(line for line in done.stdout.splitlines() if line.startswith("Successfully")))


def first_imports(stack: Stack, simulator: Simulator) -> None:
    """All at first: one key is refused, one import needs many calls, and one of these is killed."""
    stack.configure(LEASE_TTL="5s")
    stack.at_once(AT_ONCE)
    execution = stack.start()
    stack.wait_until(lambda: len(simulator.esb.watermarks) == HOTELS - 2, patience=PATIENCE)
    say(f"{HOTELS - 2} hotels are done; {LONG} goes on")
    reading = len(simulator.calls) + 10
    stack.wait_until(lambda: len(simulator.calls) > reading, patience=PATIENCE)
    say(f"killed the functions' processes: {stack.account.kill_functions()}")
    ended = stack.ended(execution, patience=PATIENCE)
    say(f"{ended.status}: {json.dumps(ended.output)}")
    check(ended.status == "SUCCEEDED", "the execution failed")
    counts = {name: ended.output[name] for name in ("hotels", "done", "failed")}
    check(counts == {"hotels": HOTELS, "done": HOTELS - 1, "failed": 1}, "not all but one are done")
    check([failure["hotelCode"] for failure in ended.output["failures"]] == [DENIED], "not named")
    check(LONG in simulator.esb.watermarks, f"{LONG} is not done")
    outcomes = [line["Outcome"] for line in stack.lines(LONG)]
    say(f"{LONG}: {len(outcomes)} calls left lines in the log: {', '.join(outcomes)}")
    check(outcomes.count("continue") >= LEAST_HOPS - 1, f"fewer than {LEAST_HOPS} hops")


def compare(stack: Stack, simulator: Simulator, folder: Path) -> None:
    """What is published, registered and triggered is what one local `host-pms sync` does."""
    with serving() as other:
        other.faults.clear()
        done = host_pms("sync", "--quiet", cwd=folder, given=variables(other), patience=PATIENCE)
        check(done.returncode == 3, f"the local sync ended with {done.returncode}")
        mine, theirs = stack.objects(), of_published(files_below(folder / "data"))
        check(named_alike(mine) == named_alike(theirs), "other publications than the local sync's")
        check(simulator.esb.watermarks == other.esb.watermarks, "other watermarks than the local sync's")
        registered = [len(each.esb.registrations) for each in (simulator, other)]
        check(registered[0] == registered[1], f"registrations: {registered}")
    triggers = sorted(trigger["hotelCode"] for trigger in stack.triggers())
    check(triggers == sorted(simulator.esb.watermarks), "not one trigger a hotel")
    size = sum(len(body) for body in mine.values())
    say(f"{len(mine)} objects, {size:,} bytes, are those of one local sync; {len(triggers)} triggers")


def too_many_fail(stack: Stack, simulator: Simulator, parameters: Mapping[str, str]) -> None:
    """The stack is updated to tolerate nothing; the next day's run fails, and its cause names the hotel."""
    make_deploy(stack.account, {**parameters, "ToleratedFailurePercent": "0", "FunctionTimeout": "120"})
    stack.at_once(AT_ONCE)
    simulator.faults.clear()
    simulator.clock.advance(DAY)
    ended = stack.ended(stack.start(), patience=PATIENCE)
    say(f"{ended.status}: {ended.cause}")
    check(ended.status == "FAILED", "it should have failed")
    check(ended.cause.startswith(f"1 of {HOTELS} hotels failed. {DENIED}: "), "the cause names no hotel")


def schedule_starts(stack: Stack, parameters: Mapping[str, str]) -> None:
    """EventBridge Scheduler starts the state machine."""
    before = stack.executions()
    make_deploy(stack.account, {**parameters, "ScheduleState": "ENABLED", "Schedule": "'\"rate(1 minute)\"'"})
    stack.wait_until(lambda: stack.executions() > before, patience=180)
    say("the schedule has started an execution")


def check(holds: bool, fault: str) -> None:
    """Stop with the fault unless it holds."""
    if not holds:
        sys.exit(f"FAULT: {fault}")


def say(text: str) -> None:
    """A line of the protocol, with the seconds since the beginning."""
    print(f"{time.monotonic() - BEGAN:6.1f} s  {text}", flush=True)  # noqa: T201 -- a command's answer


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
